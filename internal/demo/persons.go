package demo

import (
	"bytes"
	"context"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"strconv"
	"time"

	"github.com/hirelog/hirelog/commands"
	"github.com/hirelog/hirelog/domain"
)

// picture is a picture of nobody: a square of one colour.
func picture(shade uint8) ([]byte, error) {
	square := image.NewRGBA(image.Rect(0, 0, 64, 64))
	draw.Draw(square, square.Bounds(), image.NewUniform(color.RGBA{R: shade, G: 120, B: 160, A: 255}), image.Point{}, draw.Src)
	var out bytes.Buffer
	err := png.Encode(&out, square)
	return out.Bytes(), err
}

// identities gives some people pictures, of whom one does not like theirs, says of
// an address that a family uses it, and takes it back that two are one person.
func (l *loader) identities(ctx context.Context) error {
	middle, at := l.middle(), l.Anchor.Add(-4*time.Hour)
	if len(middle) < 4 {
		return nil
	}
	admin := domain.Member(commands.FirstAdmin())
	for i, n := range middle[:4] {
		data, err := picture(uint8(60 * i))
		if err != nil {
			return err
		}
		if _, err := l.to.SetPicture(ctx, l.caller("picture/"+strconv.Itoa(n), admin, at), l.live[n], bytes.NewReader(data)); err != nil {
			return err
		}
	}
	first, second := l.live[middle[2]], l.live[middle[3]]
	err := inOrder(
		func() (commands.Answer, error) {
			return l.to.RemovePicture(ctx, l.caller("picture/no more", admin, at.Add(time.Hour)), first)
		},
		func() (commands.Answer, error) {
			return l.to.ShareAddress(ctx, l.caller("family", admin, at.Add(time.Hour)), commands.ShareAddress{Application: second, Shared: true})
		},
	)
	if err != nil || middle[2]%len(l.jobs) == middle[3]%len(l.jobs) { // nobody applies twice for one job
		return err
	}
	return inOrder(
		func() (commands.Answer, error) {
			return l.to.MergeCandidates(ctx, l.caller("one person", admin, at.Add(time.Hour)), commands.MergeCandidates{Application: first, Other: second})
		},
		func() (commands.Answer, error) {
			return l.to.UnmergeCandidates(ctx, l.caller("two persons", admin, at.Add(2*time.Hour)), commands.UnmergeCandidates{Application: first, Other: second})
		},
	)
}
