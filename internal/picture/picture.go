// Package picture makes a portrait of what somebody hands in: upright, of a
// bounded size, and without anything that the file said of itself.
package picture

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	_ "image/png" // a format that is taken
	"io"
	"sync"
)

const (
	// MaxBytes is the largest file that is taken.
	MaxBytes = 5 << 20
	// MaxPixels is the most a file may decode to: up to eight bytes of memory each,
	// and four of a copy.
	MaxPixels = 25_000_000
	// Side is the longest side of what is kept.
	Side = 640
	// Type is the media type of what is kept.
	Type = "image/jpeg"
)

// The reasons to refuse a file.
var (
	ErrTooLarge = errors.New("picture is too large")
	ErrFormat   = errors.New("not a JPEG or PNG picture")
)

// decoding is held by who decodes: one at a time, since each may take 300 MB.
var decoding sync.Mutex

// Clean reads a JPEG or PNG picture and returns it as a JPEG of at most Side by
// Side pixels, turned upright, without metadata. What a file is its content says.
// Errors: ErrTooLarge, ErrFormat; those of r.
func Clean(r io.Reader) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, MaxBytes+1))
	if err != nil {
		return nil, fmt.Errorf("read picture: %w", err)
	}
	if len(data) > MaxBytes {
		return nil, fmt.Errorf("%w: more than %d bytes", ErrTooLarge, MaxBytes)
	}
	// Its size first: a small file may say that it is enormous.
	config, format, err := image.DecodeConfig(bytes.NewReader(data))
	switch {
	case err != nil, format != "jpeg" && format != "png", config.Width < 1, config.Height < 1:
		return nil, ErrFormat
	case config.Width > MaxPixels/config.Height:
		return nil, fmt.Errorf("%w: more than %d pixels", ErrTooLarge, MaxPixels)
	}
	decoding.Lock()
	defer decoding.Unlock()
	decoded, _, err := image.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, ErrFormat
	}
	var out bytes.Buffer
	if err := jpeg.Encode(&out, turned(shrunk(decoded), orientation(data)), &jpeg.Options{Quality: 85}); err != nil {
		return nil, fmt.Errorf("write picture: %w", err)
	}
	return out.Bytes(), nil
}

// shrunk returns a picture of at most Side by Side pixels, each the mean of those
// in its place, on white.
func shrunk(from image.Image) *image.RGBA {
	b := from.Bounds()
	whole := image.NewRGBA(image.Rect(0, 0, b.Dx(), b.Dy()))
	draw.Draw(whole, whole.Rect, image.White, image.Point{}, draw.Src)
	draw.Draw(whole, whole.Rect, from, b.Min, draw.Over)
	w, h := b.Dx(), b.Dy()
	if w <= Side && h <= Side {
		return whole
	}
	if w >= h {
		w, h = Side, max(1, h*Side/w)
	} else {
		w, h = max(1, w*Side/h), Side
	}
	small := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		top, bottom := y*b.Dy()/h, max((y+1)*b.Dy()/h, y*b.Dy()/h+1)
		for x := range w {
			left, right := x*b.Dx()/w, max((x+1)*b.Dx()/w, x*b.Dx()/w+1)
			small.SetRGBA(x, y, mean(whole, left, top, right, bottom))
		}
	}
	return small
}

func mean(of *image.RGBA, left, top, right, bottom int) color.RGBA {
	var r, g, b, n int
	for y := top; y < bottom; y++ {
		row := of.Pix[y*of.Stride+4*left : y*of.Stride+4*right]
		for i := 0; i < len(row); i += 4 {
			r, g, b, n = r+int(row[i]), g+int(row[i+1]), b+int(row[i+2]), n+1
		}
	}
	return color.RGBA{R: uint8(r / n), G: uint8(g / n), B: uint8(b / n), A: 255} //nolint:gosec // a mean of bytes is one
}

// turned returns a picture as it is to be looked at (Exif 2.32, tag 0x0112).
func turned(p *image.RGBA, orientation int) *image.RGBA {
	w, h := p.Rect.Dx(), p.Rect.Dy()
	var at func(x, y int) (int, int) // where a pixel of the result comes from
	switch orientation {
	case 2:
		at = func(x, y int) (int, int) { return w - 1 - x, y }
	case 3:
		at = func(x, y int) (int, int) { return w - 1 - x, h - 1 - y }
	case 4:
		at = func(x, y int) (int, int) { return x, h - 1 - y }
	case 5:
		at = func(x, y int) (int, int) { return y, x }
	case 6:
		at = func(x, y int) (int, int) { return y, h - 1 - x }
	case 7:
		at = func(x, y int) (int, int) { return w - 1 - y, h - 1 - x }
	case 8:
		at = func(x, y int) (int, int) { return w - 1 - y, x }
	default:
		return p
	}
	out := image.NewRGBA(image.Rect(0, 0, w, h))
	if orientation > 4 {
		out = image.NewRGBA(image.Rect(0, 0, h, w))
	}
	for y := range out.Rect.Dy() {
		for x := range out.Rect.Dx() {
			fromX, fromY := at(x, y)
			out.SetRGBA(x, y, p.RGBAAt(fromX, fromY))
		}
	}
	return out
}

// orientation returns what a JPEG says of how it is to be turned, 1 if nothing.
func orientation(data []byte) int {
	for data = data[min(2, len(data)):]; len(data) > 4 && data[0] == 0xff && data[1] != 0xda; {
		length := int(binary.BigEndian.Uint16(data[2:]))
		if length < 2 || 2+length > len(data) {
			break
		}
		if exif, ok := bytes.CutPrefix(data[4:2+length], []byte("Exif\x00\x00")); ok && data[1] == 0xe1 {
			return exifOrientation(exif)
		}
		data = data[2+length:]
	}
	return 1
}

func exifOrientation(tiff []byte) int {
	var order binary.ByteOrder = binary.BigEndian
	if bytes.HasPrefix(tiff, []byte("II")) {
		order = binary.LittleEndian
	}
	if len(tiff) < 8 {
		return 1
	}
	at := int64(order.Uint32(tiff[4:]))
	if at+2 > int64(len(tiff)) {
		return 1
	}
	entries := int64(order.Uint16(tiff[at:]))
	for i := range entries {
		entry := at + 2 + 12*i
		if entry+12 > int64(len(tiff)) {
			break
		}
		if order.Uint16(tiff[entry:]) == 0x0112 {
			return int(order.Uint16(tiff[entry+8:]))
		}
	}
	return 1
}
