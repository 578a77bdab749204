package readmodels

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/personal"
)

// OwnOffer is an offer as the candidate sees it whom it was made.
type OwnOffer struct {
	ID string `json:"id" format:"uuid"`
	// Application is the one it is answered on.
	Application string          `json:"application_id" format:"uuid"`
	Job         string          `json:"job" doc:"Title of the job"`
	Status      OfferStatus     `json:"status" enum:"sent,accepted,declined,withdrawn,expired" doc:"sent: it is open for your answer, as far as you are told"`
	Salary      *OfferSalary    `json:"salary"`
	StartDate   *personal.Plain `json:"start_date" doc:"When the work begins"`
	Text        *personal.Plain `json:"terms" doc:"What else is offered; null if nothing is"`
	Contract    *OfferContract  `json:"contract" doc:"You accept by signing it; null if there is none"`
	Signature   *personal.Plain `json:"signature" doc:"Your name, as you signed"`
	SentAt      time.Time       `json:"sent_at"`
	ExpiresAt   *time.Time      `json:"expires_at" doc:"Until when you can answer; null is without end"`
	EndedAt     *time.Time      `json:"ended_at" doc:"When it was answered or withdrawn, or recorded to have expired"`
}

// OwnOffers returns the offers that were sent to the page of a candidate, as they
// see them at now, the newest of each application first, whether self-tracking is
// on or not.
func (c *Core) OwnOffers(ctx context.Context, candidateID string, now time.Time) ([]OwnOffer, error) {
	list := []OwnOffer{}
	if !isID(candidateID) || candidateID == nobody {
		return list, nil
	}
	err := c.snapshot(ctx, "own offers", func(tx pgx.Tx, s Schema) error {
		o, err := settings(ctx, tx, s)
		if errors.Is(err, ErrNotFound) {
			return nil
		}
		var all []ApplicationRow
		b := new(pgx.Batch)
		queueRows(b, s, Applications(), &all, "candidate_id = $1 AND EXISTS (SELECT FROM "+s.Table("offers")+" o WHERE o.application_id = applications.application_id AND o.on_page) ORDER BY received_at DESC, application_id", candidateID)
		if err == nil {
			err = send(ctx, tx, b)
		}
		for _, a := range all {
			if err == nil && a.ownedBy(candidateID, o, now) == nil {
				list, err = c.ownOffers(ctx, tx, s, list, a, now)
			}
		}
		return err
	})
	return list, err
}

// ownOffers adds to list what a candidate was offered on an application.
func (c *Core) ownOffers(ctx context.Context, tx pgx.Tx, s Schema, list []OwnOffer, a ApplicationRow, now time.Time) ([]OwnOffer, error) {
	job, err := one(ctx, tx, s, Jobs(), "job_id", a.Job)
	if err != nil {
		return list, err
	}
	rows, t, err := c.offerRows(ctx, tx, s, false, "application_id = $1 AND on_page", a.ID)
	if err != nil {
		return list, err
	}
	var ends map[string]OwnEntry
	if slices.ContainsFunc(rows, func(r OfferRow) bool { return r.Closed }) {
		if ends, err = lapses(ctx, tx, s, a, now); err != nil {
			return list, err
		}
	}
	for _, r := range rows {
		if r.Closed {
			r = r.told(ends)
		}
		list = append(list, OwnOffer{
			ID: r.ID, Application: a.ID, Job: job.Title, Status: r.status(now), Salary: r.salary(t), StartDate: t.text(r.StartDate), Text: t.text(r.Text),
			Contract: r.contract(t, true), Signature: t.text(r.Signature),
			SentAt: *r.SentAt, ExpiresAt: r.ExpiresAt, EndedAt: r.EndedAt,
		})
	}
	return list, t.err
}

// told is an offer that was withdrawn because its application was closed, as the
// candidate is told of that: before they are told of a rejection, nothing became of
// the offer. ends are those of lapses.
func (r OfferRow) told(ends map[string]OwnEntry) OfferRow {
	end, told := ends[r.ID]
	switch {
	case !told:
		r.State, r.EndedAt = application.OfferIsSent, nil
	case end.Kind == EntryOfferExpired:
		r.State, r.EndedAt = application.OfferIsExpired, &end.At
	default:
		r.EndedAt = &end.At
	}
	return r
}

// OwnContract returns the file of the contract that was sent to the page of a
// candidate, at now, whether self-tracking is on or not. Errors: ErrNotFound.
func (c *Core) OwnContract(ctx context.Context, candidateID, offerID, fileID string, now time.Time) (StoredFile, error) {
	if !isID(candidateID, offerID) {
		return StoredFile{}, ErrNotFound
	}
	return c.file(ctx, fileID, func(tx pgx.Tx, s Schema, f FileRow, _ DocumentRow) error {
		r, err := one(ctx, tx, s, Offers(), "offer_id", offerID)
		switch {
		case err != nil:
			return err
		case !r.OnPage, r.File == nil || *r.File != f.ID:
			return ErrNotFound
		}
		a, err := applicationRow(ctx, tx, s, r.Application)
		if err != nil {
			return err
		}
		o, err := settings(ctx, tx, s)
		if err != nil {
			return err
		}
		return a.ownedBy(candidateID, o, now)
	})
}
