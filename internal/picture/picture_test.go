package picture

import (
	"bytes"
	"encoding/binary"
	"errors"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"testing"
)

// half is a picture whose left half is red and right half blue.
func half(w, h int) image.Image {
	p := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			c := color.RGBA{R: 255, A: 255}
			if x >= w/2 {
				c = color.RGBA{B: 255, A: 255}
			}
			p.SetRGBA(x, y, c)
		}
	}
	return p
}

func asPNG(t testing.TB, p image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, p); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// withExif is a JPEG that says how it is to be turned, and who took it.
func withExif(t testing.TB, p image.Image, orientation uint16) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, p, nil); err != nil {
		t.Fatal(err)
	}
	tiff := []byte("MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00\x00\x00\x00secret place")
	binary.BigEndian.PutUint16(tiff[18:], orientation)
	exif := append([]byte("Exif\x00\x00"), tiff...)
	segment := append([]byte{0xff, 0xe1, 0, byte(len(exif) + 2)}, exif...)
	return append(append(bytes.Clone(b.Bytes()[:2]), segment...), b.Bytes()[2:]...)
}

func decoded(t *testing.T, data []byte) image.Image {
	t.Helper()
	p, format, err := image.Decode(bytes.NewReader(data))
	if err != nil || format != "jpeg" {
		t.Fatalf("%s, %v", format, err)
	}
	return p
}

func red(p image.Image, x, y int) bool {
	r, _, b, _ := p.At(x, y).RGBA()
	return r > b
}

// S1-11, S1-12: what is kept is bounded, upright and says nothing of itself.
func TestClean(t *testing.T) {
	t.Parallel()
	clean, err := Clean(bytes.NewReader(asPNG(t, half(1600, 400))))
	if err != nil {
		t.Fatal(err)
	}
	if p := decoded(t, clean); p.Bounds().Dx() != Side || p.Bounds().Dy() != Side/4 || !red(p, 10, 10) || red(p, Side-10, 10) {
		t.Errorf("%v", p.Bounds())
	}
	for orientation, want := range map[uint16]struct {
		w, h, x, y int // where red is
	}{1: {40, 20, 2, 10}, 2: {40, 20, 37, 10}, 3: {40, 20, 37, 10}, 4: {40, 20, 2, 10}, 5: {20, 40, 10, 2}, 6: {20, 40, 10, 2}, 7: {20, 40, 10, 37}, 8: {20, 40, 10, 37}, 9: {40, 20, 2, 10}} {
		clean, err := Clean(bytes.NewReader(withExif(t, half(40, 20), orientation)))
		if err != nil {
			t.Fatal(err)
		}
		p := decoded(t, clean)
		if p.Bounds().Dx() != want.w || p.Bounds().Dy() != want.h || !red(p, want.x, want.y) || red(p, want.w-1-want.x, want.h-1-want.y) {
			t.Errorf("orientation %d: %v", orientation, p.Bounds())
		}
		if bytes.Contains(clean, []byte("secret")) || bytes.Contains(clean, []byte("Exif")) {
			t.Errorf("orientation %d: metadata is kept", orientation)
		}
	}
}

// H4: what is no picture is refused, whatever it is called, and so is what would
// fill the memory.
func TestCleanRefuses(t *testing.T) {
	t.Parallel()
	bomb := asPNG(t, half(1, 1))
	binary.BigEndian.PutUint32(bomb[16:], 1<<20) // of its header, with the sum of it
	binary.BigEndian.PutUint32(bomb[20:], 1<<20)
	binary.BigEndian.PutUint32(bomb[29:], crc(bomb[12:29]))
	for name, c := range map[string]struct {
		data []byte
		want error
	}{
		"text":      {[]byte("\x89PNG is what this says"), ErrFormat},
		"gif":       {[]byte("GIF89a\x01\x00\x01\x00\x00\x00\x00;"), ErrFormat},
		"nothing":   {nil, ErrFormat},
		"cut off":   {asPNG(t, half(100, 100))[:60], ErrFormat},
		"too long":  {make([]byte, MaxBytes+1), ErrTooLarge},
		"enormous":  {bomb, ErrTooLarge},
		"exif only": {[]byte("\xff\xd8\xff\xe1\x00\x08Exif\x00\x00"), ErrFormat},
	} {
		if _, err := Clean(bytes.NewReader(c.data)); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func crc(data []byte) uint32 {
	sum := ^uint32(0)
	for _, b := range data {
		sum ^= uint32(b)
		for range 8 {
			if sum&1 != 0 {
				sum = sum>>1 ^ 0xedb88320
			} else {
				sum >>= 1
			}
		}
	}
	return ^sum
}

func FuzzClean(f *testing.F) {
	f.Add(withExif(f, half(4, 2), 6))
	f.Add(asPNG(f, half(4, 2)))
	f.Fuzz(func(t *testing.T, data []byte) {
		clean, err := Clean(bytes.NewReader(data))
		if err != nil {
			return
		}
		if p := decoded(t, clean); p.Bounds().Dx() > Side || p.Bounds().Dy() > Side {
			t.Errorf("%v", p.Bounds())
		}
	})
}
