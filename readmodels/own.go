package readmodels

import (
	"context"

	"github.com/jackc/pgx/v5"

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
}

// Myself returns what is known of a candidate, for themselves.
// Errors: ErrNotFound while self-tracking is off, and for who has no application.
func (c *Core) Myself(ctx context.Context, candidateID string) (Myself, error) {
	var me Myself
	if !isID(candidateID) || candidateID == nobody {
		return me, ErrNotFound
	}
	err := c.snapshot(ctx, "candidate's own", func(tx pgx.Tx, s Schema) error {
		if _, err := selfTracking(ctx, tx, s); err != nil {
			return err
		}
		var people []PersonRow
		var applications []ApplicationRow
		b := new(pgx.Batch)
		queueRows(b, s, People(), &people, "candidate_id = $1 AND NOT anonymised", candidateID)
		queueRows(b, s, Applications(), &applications, "candidate_id = $1 AND NOT anonymised ORDER BY received_at DESC, application_id LIMIT 1", candidateID)
		if err := send(ctx, tx, b); err != nil {
			return err
		}
		if len(people) == 0 || len(applications) == 0 {
			return ErrNotFound
		}
		p, t := people[0], newTexts(c.vault, applications[0].ID, false)
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
		}
		return t.err
	})
	return me, err
}
