package commands

import (
	"context"
	"errors"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/claim"
	"github.com/hirelog/hirelog/domain/personal"
	"github.com/hirelog/hirelog/internal/eventlog"
)

// A person has one live application for a job, and so has whom they are merged
// into: an application of a merged candidate holds two claims.

// takeLive gives the claim of a person for a job to an application of theirs. One
// that holds it and does not count as the person's any more lets go of it.
// Errors: application.ErrDuplicate.
func (c *Commands) takeLive(ctx context.Context, caller Caller, jobID, person, holder string, anew bool) error {
	err := c.takeClaim(ctx, caller, c.liveClaim(jobID, person), holder, anew)
	if !errors.Is(err, application.ErrDuplicate) {
		return err
	}
	if dropped, dropErr := c.dropStale(ctx, caller, jobID, person); dropErr != nil || !dropped {
		return errors.Join(dropErr, err)
	}
	return c.takeClaim(ctx, caller, c.liveClaim(jobID, person), holder, anew)
}

// takeNew does what takeLive does for a person and an application that were not
// heard of before: nobody can have taken the claim, so nobody looks first.
func (c *Commands) takeNew(ctx context.Context, caller Caller, jobID, person, holder string) error {
	if id := c.liveClaim(jobID, person); c.claims.expectNone(id) {
		step := claiming(caller, "claim", eventlog.NoStream)
		step.MayBeRepeated = false
		_, err := transact(ctx, c, c.claims, id, step, decision[claim.Claim, claim.Event]{
			decide: func(cl claim.Claim, s domain.Stamp) ([]claim.Event, error) {
				return cl.Take(personal.New(keyOf(holder), personal.Plain(holder)), personal.Text{}, s)
			},
		})
		if !errors.Is(err, claim.ErrTaken) {
			return err
		}
	}
	return c.takeLive(ctx, caller, jobID, person, holder, false)
}

// claimAs takes, for an application of a candidate, also the claim of whom they
// are merged into. Errors: application.ErrDuplicate.
func (c *Commands) claimAs(ctx context.Context, caller Caller, jobID, person, holder string, anew bool) error {
	f, err := c.candidates.read(ctx, c.log, person)
	if err != nil || f.state.Into == "" {
		return err
	}
	return c.takeLive(ctx, caller, jobID, f.state.Into, holder, anew)
}

// claimFor takes, for each live application of a candidate, the claim of whom
// they are merged into: together they have one live application for a job. One
// that is on its way, and perhaps does not know of the merge, begins anew. anew
// takes what they hold already again, so that a release on its way leaves it
// alone. Errors: ErrMergeLive.
func (c *Commands) claimFor(ctx context.Context, caller Caller, into, other string, anew bool) error {
	theirs, err := c.applicationsOf(ctx, other)
	if err != nil {
		return err
	}
	for id, a := range theirs {
		if a.Outcome == "" {
			err := c.fence(ctx, caller, id)
			if err == nil {
				continue
			}
			if !errors.Is(err, application.ErrDuplicate) { // it was received meanwhile
				return err
			}
			f, err := c.applications.read(ctx, c.log, id)
			if err != nil {
				return err
			}
			a = f.state
		}
		if !a.Live() {
			continue
		}
		switch err := c.takeLive(ctx, caller, a.Job, into, id, anew); {
		case errors.Is(err, application.ErrDuplicate):
			return ErrMergeLive
		case err != nil:
			return err
		}
	}
	return nil
}

// bothLive refuses to merge two who have a live application each for one job.
func (c *Commands) bothLive(ctx context.Context, into, other string) error {
	theirs, err := c.applicationsOf(ctx, other)
	if err != nil {
		return err
	}
	for id, a := range theirs {
		if !a.Live() {
			continue
		}
		if live, err := c.liveUnder(ctx, a.Job, into); err != nil {
			return err
		} else if live != "" && live != id {
			return ErrMergeLive
		}
	}
	return nil
}

// retakeClaim takes the claims of an application that is to be live again: its
// own, and that of whom the candidate is merged into.
// Errors: application.ErrDuplicate.
func (c *Commands) retakeClaim(ctx context.Context, caller Caller, id string, a application.Application) error {
	claimID, err := c.reveal(ctx, a.Claim)
	if err != nil {
		return err
	}
	if err := c.takeClaim(ctx, caller, claimID, id, true); err != nil {
		return err
	}
	person, err := c.reveal(ctx, a.Candidate)
	if err != nil || person == "" {
		return err
	}
	return c.claimAs(ctx, caller, a.Job, person, id, true)
}

// heldClaim is a claim of an application, and the revision it is at while the
// application is live.
type heldClaim struct {
	id string
	at eventlog.Revision
}

// claimsHeld returns the claims of an application that is live: its own, and that
// of whom the candidate is merged into.
func (c *Commands) claimsHeld(ctx context.Context, a application.Application) ([]heldClaim, error) {
	own, err := c.reveal(ctx, a.Claim)
	if err != nil || own == "" {
		return nil, err
	}
	person, err := c.reveal(ctx, a.Candidate)
	if err != nil {
		return nil, err
	}
	return c.claimsOf(ctx, own, a.Job, person)
}

func (c *Commands) claimsOf(ctx context.Context, own, jobID, person string) ([]heldClaim, error) {
	ids := []string{own}
	if person != "" {
		f, err := c.candidates.read(ctx, c.log, person)
		if err != nil {
			return nil, err
		}
		if f.state.Into != "" {
			ids = append(ids, c.liveClaim(jobID, f.state.Into))
		}
	}
	held := make([]heldClaim, len(ids))
	for i, id := range ids {
		f, err := c.claims.read(ctx, c.log, id)
		if err != nil {
			return nil, err
		}
		held[i] = heldClaim{id, f.revision}
	}
	return held, nil
}

// giveBack releases the claims of an application that was closed.
func (c *Commands) giveBack(ctx context.Context, caller Caller, held []heldClaim, holder string) error {
	for _, h := range held {
		if err := c.releaseClaim(ctx, caller, h.id, holder, &h.at); err != nil {
			return err
		}
	}
	return nil
}

// dropStale releases the claim of a person for a job from an application that
// does not count as theirs any more, because a merge was taken back. It reports
// whether there was one.
func (c *Commands) dropStale(ctx context.Context, caller Caller, jobID, person string) (bool, error) {
	claimID := c.liveClaim(jobID, person)
	held, err := c.claims.read(ctx, c.log, claimID)
	if err != nil {
		return false, err
	}
	holder, err := c.reveal(ctx, held.state.Holder)
	if err != nil || holder == "" {
		return false, err
	}
	if is, err := c.isTheirs(ctx, holder, person); err != nil || is {
		return false, err
	}
	// A merge takes the claim after its fact, and anew: it is not released then.
	return true, c.releaseClaim(ctx, caller, claimID, holder, &held.revision)
}

// isTheirs reports whether an application counts as a person's. One that was not
// received, or whose candidate is not known any more, does.
func (c *Commands) isTheirs(ctx context.Context, id, person string) (bool, error) {
	f, err := c.applications.read(ctx, c.log, id)
	if err != nil || f.state.Outcome == "" {
		return true, err
	}
	whose, err := c.reveal(ctx, f.state.Candidate)
	if err != nil || whose == "" || whose == person {
		return true, err
	}
	p, err := c.candidates.read(ctx, c.log, whose)
	return p.state.Into == person, err
}

// liveOf returns the live application of the person with an address for a job,
// "" if there is none.
func (c *Commands) liveOf(ctx context.Context, jobID string, address personal.Plain) (string, error) {
	person, known, err := c.vault.LookUp(ctx, address)
	if err != nil || !known {
		return "", err
	}
	if live, err := c.liveUnder(ctx, jobID, person); err != nil || live != "" {
		return live, err
	}
	p, err := c.candidates.read(ctx, c.log, person)
	if err != nil || p.state.Into == "" {
		return "", err
	}
	return c.liveUnder(ctx, jobID, p.state.Into)
}

// liveUnder returns the live application that holds the claim of a person for a
// job and counts as theirs, "" if there is none.
func (c *Commands) liveUnder(ctx context.Context, jobID, person string) (string, error) {
	held, err := c.claims.read(ctx, c.log, c.liveClaim(jobID, person))
	if err != nil {
		return "", err
	}
	holder, err := c.reveal(ctx, held.state.Holder)
	if err != nil || holder == "" {
		return "", err
	}
	f, err := c.applications.read(ctx, c.log, holder)
	if err != nil || !f.state.Live() {
		return "", err
	}
	if is, err := c.isTheirs(ctx, holder, person); err != nil || !is {
		return "", err
	}
	return holder, nil
}

// applicationsOf returns the applications of a candidate: those that were
// received, and those that are perhaps on their way, which have no outcome.
func (c *Commands) applicationsOf(ctx context.Context, person string) (map[string]application.Application, error) {
	owners, err := c.vault.Owners(ctx, person)
	if err != nil {
		return nil, err
	}
	found := map[string]application.Application{}
	for _, id := range owners {
		f, err := c.applications.read(ctx, c.log, id)
		if err != nil {
			return nil, err
		}
		if !f.state.Anonymised {
			found[id] = f.state
		}
	}
	return found, nil
}
