package candidate

import "github.com/hirelog/hirelog/domain"

// PictureSet records the picture of the person, in the place of one they had. Its
// bytes are sealed elsewhere, under the person's key.
type PictureSet struct {
	domain.Stamp
	Picture string `json:"picture"` // file
	Size    int64  `json:"size"`    // bytes
}

// EventName implements domain.Fact.
func (PictureSet) EventName() string { return "candidate.picture_set.v1" }

func (e PictureSet) evolve(c Candidate) Candidate { c.Picture = e.Picture; return c }

// SetPicture gives the person a picture. The one they have is no event.
// Errors: ErrUnknown, ErrAnonymised, domain.ErrInvalid.
func (c Candidate) SetPicture(picture string, size int64, s domain.Stamp) ([]Event, error) {
	if err := c.exists(); err != nil {
		return nil, err
	}
	switch {
	case picture == "" || size <= 0:
		return nil, domain.ErrInvalid.Because("A picture is a file.")
	case picture == c.Picture:
		return nil, nil
	}
	return []Event{PictureSet{Stamp: s, Picture: picture, Size: size}}, nil
}

// PictureRemoved records that the person has no picture any more.
type PictureRemoved struct {
	domain.Stamp
}

// EventName implements domain.Fact.
func (PictureRemoved) EventName() string { return "candidate.picture_removed.v1" }

func (PictureRemoved) evolve(c Candidate) Candidate { c.Picture = ""; return c }

// RemovePicture takes the picture away; none is no event.
// Errors: ErrUnknown, ErrAnonymised.
func (c Candidate) RemovePicture(s domain.Stamp) ([]Event, error) {
	if err := c.exists(); err != nil {
		return nil, err
	}
	if c.Picture == "" {
		return nil, nil
	}
	return []Event{PictureRemoved{Stamp: s}}, nil
}
