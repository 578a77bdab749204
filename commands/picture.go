package commands

import (
	"bytes"
	"context"
	"errors"
	"io"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/candidate"
	"github.com/hirelog/hirelog/domain/personal"
	"github.com/hirelog/hirelog/internal/files"
	"github.com/hirelog/hirelog/internal/picture"
)

// The pictures that are refused.
var (
	ErrPictureFormat   = &domain.Refusal{Kind: domain.Invalid, Code: "picture_format", Message: "A picture is a JPEG or PNG file."}
	ErrPictureTooLarge = &domain.Refusal{Kind: domain.Invalid, Code: "picture_too_large", Message: "A picture has at most 5 MiB and 25 million pixels."}
)

// SetPicture gives the person of an application a picture. What is kept is made
// of what Content says, small, upright and without metadata. Whoever has edit on
// the profile area may. Its id is the picture's.
// Errors: ErrPictureFormat, ErrPictureTooLarge; those of EditCandidate;
// files.ErrNoSpace.
func (c *Commands) SetPicture(ctx context.Context, caller Caller, applicationID string, content io.Reader) (Answer, error) {
	person, err := c.personToEdit(ctx, caller, applicationID, nil)
	if err != nil {
		return Answer{}, err
	}
	return c.setPicture(ctx, caller, person, applicationID, content)
}

// RemovePicture takes the picture of an application's person away. Whoever has
// edit on the profile area may. Errors: those of EditCandidate.
func (c *Commands) RemovePicture(ctx context.Context, caller Caller, applicationID string) (Answer, error) {
	person, err := c.personToEdit(ctx, caller, applicationID, nil)
	if err != nil {
		return Answer{}, err
	}
	return c.removePicture(ctx, caller, person)
}

// SetOwnPicture is SetPicture for the candidate themselves.
// Errors also: candidate.ErrUnknown.
func (c *Commands) SetOwnPicture(ctx context.Context, caller Caller, content io.Reader) (Answer, error) {
	owner, err := c.ownSelf(ctx, caller)
	if err != nil {
		return Answer{}, err
	}
	return c.setPicture(ctx, caller, caller.Candidate, owner, content)
}

// RemoveOwnPicture is RemovePicture for the candidate themselves.
// Errors also: candidate.ErrUnknown.
func (c *Commands) RemoveOwnPicture(ctx context.Context, caller Caller) (Answer, error) {
	if _, err := c.ownSelf(ctx, caller); err != nil {
		return Answer{}, err
	}
	return c.removePicture(ctx, caller, caller.Candidate)
}

func (c *Commands) setPicture(ctx context.Context, caller Caller, person, owner string, content io.Reader) (Answer, error) {
	clean, err := picture.Clean(content)
	switch {
	case errors.Is(err, picture.ErrFormat):
		return Answer{}, ErrPictureFormat
	case errors.Is(err, picture.ErrTooLarge):
		return Answer{}, ErrPictureTooLarge
	case err != nil:
		return Answer{}, err
	}
	id, before := caller.newID("picture"), ""
	answer, err := transact(ctx, c, c.candidates, person, caller, decision[candidate.Candidate, candidate.Event]{
		decide: func(p candidate.Candidate, s domain.Stamp) ([]candidate.Event, error) {
			before = p.Picture
			return p.SetPicture(id, int64(len(clean)), s)
		},
		// Under the person's key it goes with them.
		prepare: func(ctx context.Context, _ candidate.Candidate) error {
			_, err := c.files.Put(ctx, personal.Key{ID: person, Owner: owner}, id, bytes.NewReader(clean), picture.MaxBytes)
			if errors.Is(err, files.ErrExists) {
				return nil // from an attempt before
			}
			return err
		},
	})
	answer.ID = id
	switch {
	case err == nil && !answer.Repeated && !answer.Unchanged:
		c.discardPicture(before)
	case refused(err):
		c.discardPicture(id)
	}
	return answer, err
}

func (c *Commands) removePicture(ctx context.Context, caller Caller, person string) (Answer, error) {
	before := ""
	answer, err := transact(ctx, c, c.candidates, person, caller, decision[candidate.Candidate, candidate.Event]{
		decide: func(p candidate.Candidate, s domain.Stamp) ([]candidate.Event, error) {
			before = p.Picture
			return p.RemovePicture(s)
		},
	})
	if err == nil && !answer.Repeated {
		c.discardPicture(before)
	}
	return answer, err
}

// discardPicture removes the bytes of a picture that nobody has any more. What
// cannot be removed now is swept later.
func (c *Commands) discardPicture(id string) {
	if id == "" {
		return
	}
	if err := c.files.Delete(id); err != nil {
		c.logger.Warn("the bytes of a picture that nobody has were not removed", "file", id, "error", err)
	}
}
