package readmodels

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/candidate"
	"github.com/hirelog/hirelog/domain/personal"
)

// Myself is what a candidate sees of what is known of them.
type Myself struct {
	FirstName         *personal.Plain `json:"first_name"`
	LastName          *personal.Plain `json:"last_name"`
	Email             *personal.Plain `json:"email"`
	Phone             *personal.Plain `json:"phone"`
	Location          *personal.Plain `json:"location"`
	Links             *personal.Plain `json:"links"`
	AvailableFrom     *personal.Plain `json:"available_from"`
	SalaryExpectation *personal.Plain `json:"salary_expectation"`
	Gender            *personal.Plain `json:"gender"`
	Birthday          *personal.Plain `json:"birthday"`
	PictureID         *string         `json:"picture_id" format:"uuid" doc:"Another one is another picture; null if there is none"`
}

// Myself returns what is known of a candidate, for themselves.
// Errors: ErrNotFound while self-tracking is off, and for who has no application that
// they may still look at, at now.
func (c *Core) Myself(ctx context.Context, candidateID string, now time.Time) (Myself, error) {
	var me Myself
	if !isID(candidateID) || candidateID == nobody {
		return me, ErrNotFound
	}
	err := c.snapshot(ctx, "candidate's own", func(tx pgx.Tx, s Schema) error {
		through, err := followed(ctx, tx, s, candidateID, now)
		if err != nil {
			return err
		}
		var people []PersonRow
		b := new(pgx.Batch)
		queueRows(b, s, People(), &people, "candidate_id = $1 AND NOT anonymised", candidateID)
		if err := send(ctx, tx, b); err != nil {
			return err
		}
		if len(people) == 0 {
			return ErrNotFound
		}
		p, t := people[0], newTexts(c.vault, through, false)
		t.want(p.FirstName, p.LastName, p.Email, p.Phone)
		for _, sealed := range p.More.V {
			t.want(sealed)
		}
		if err := t.loadNow(ctx, tx, s); err != nil {
			return err
		}
		more := func(a candidate.Attribute) *personal.Plain { return t.text(p.More.V[a]) }
		me = Myself{
			FirstName: t.text(p.FirstName), LastName: t.text(p.LastName), Email: t.text(p.Email), Phone: t.text(p.Phone),
			Location: more(candidate.Location), Links: more(candidate.Links), AvailableFrom: more(candidate.AvailableFrom),
			SalaryExpectation: more(candidate.SalaryExpectation), Gender: more(candidate.Gender), Birthday: more(candidate.Birthday),
			PictureID: p.Picture,
		}
		return t.err
	})
	return me, err
}

// followed returns the newest application that a candidate may still look at, at
// now: with it goes what is known of them. Errors: ErrNotFound, also while
// self-tracking is off.
func followed(ctx context.Context, tx pgx.Tx, s Schema, candidateID string, now time.Time) (string, error) {
	o, err := selfTracking(ctx, tx, s)
	if err != nil {
		return "", err
	}
	var applications []ApplicationRow
	b := new(pgx.Batch)
	queueRows(b, s, Applications(), &applications, "candidate_id = $1 AND NOT anonymised AND outcome <> 'transferred' ORDER BY received_at DESC, application_id", candidateID)
	if err := send(ctx, tx, b); err != nil {
		return "", err
	}
	for _, a := range applications {
		if a.ownedBy(candidateID, o, now) == nil {
			return a.ID, nil
		}
	}
	return "", ErrNotFound
}

// Picture returns the file that is the picture of an application's person, for
// who may view the profile at now. Errors: ErrNotFound, also if there is none;
// ErrDenied.
func (c *Core) Picture(ctx context.Context, member, applicationID string, now time.Time) (file string, err error) {
	err = c.snapshot(ctx, "picture", func(tx pgx.Tx, s Schema) error {
		v, err := c.open(ctx, tx, s, member, applicationID, now)
		if err != nil {
			return err
		}
		if v.rights.Masked || v.rights.Area(access.Profile) < access.View {
			return ErrDenied
		}
		file, err = pictureOf(ctx, tx, s, v.application.Candidate)
		return err
	})
	return file, err
}

// OwnPicture returns the file that is a candidate's own picture.
// Errors: ErrNotFound, also if there is none, while self-tracking is off, and for who
// has no application that they may still look at, at now.
func (c *Core) OwnPicture(ctx context.Context, candidateID string, now time.Time) (file string, err error) {
	if !isID(candidateID) || candidateID == nobody {
		return "", ErrNotFound
	}
	err = c.snapshot(ctx, "own picture", func(tx pgx.Tx, s Schema) error {
		if _, err := followed(ctx, tx, s, candidateID, now); err != nil {
			return err
		}
		file, err = pictureOf(ctx, tx, s, candidateID)
		return err
	})
	return file, err
}

func pictureOf(ctx context.Context, tx pgx.Tx, s Schema, candidateID string) (string, error) {
	p, err := one(ctx, tx, s, People(), "candidate_id", candidateID)
	switch {
	case err != nil:
		return "", err
	case p.Picture == nil:
		return "", ErrNotFound
	}
	return *p.Picture, nil
}
