package commands

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/claim"
	"github.com/hirelog/hirelog/domain/personal"
	"github.com/hirelog/hirelog/internal/eventlog"
)

// liveClaim returns the id of the claim "one live application of this person
// for this job". Nobody can compute it without the vault's keyset.
func (c *Commands) liveClaim(jobID, candidateID string) string {
	return c.vault.DeriveID("live_application", jobID, candidateID).String()
}

// takeClaim gives a claim to the application holder. An application that has it
// but was never received, or is closed, is fenced off first. anew takes it again
// even from holder itself, so that a release on its way, decided when holder was
// closed, finds the claim changed and leaves it alone.
// Errors: application.ErrDuplicate.
func (c *Commands) takeClaim(ctx context.Context, caller Caller, claimID, holder string, anew bool) error {
	caller = caller.withoutMatch()
	for range maxAttempts {
		f, err := c.claims.read(ctx, c.log, claimID)
		if err != nil {
			return err
		}
		switch other, err := c.reveal(ctx, f.state.Holder); {
		case err != nil:
			return err
		case other == holder && !anew:
			return nil
		case other != "" && other != holder:
			if err := c.fence(ctx, caller, other); err != nil {
				return err
			}
		}
		// Each taking is a command of its own: a claim may be taken again by the
		// same application after it was released.
		step := claiming(caller, "claim", f.revision)
		_, err = transact(ctx, c, c.claims, claimID, step, decision[claim.Claim, claim.Event]{
			decide: func(cl claim.Claim, s domain.Stamp) ([]claim.Event, error) {
				return cl.Take(personal.New(keyOf(holder), personal.Plain(holder)), f.state.Holder, s)
			},
		})
		if !errors.Is(err, claim.ErrTaken) {
			return err
		}
	}
	return application.ErrDuplicate
}

// claiming returns the caller for a step on a claim that is at revision rev. It
// says nothing of the request: a claim is not to be found by what led to it.
func claiming(caller Caller, what string, rev eventlog.Revision) Caller {
	step := caller.withoutMatch()
	step.CommandID = uuid.NewSHA1(caller.CommandID, []byte(fmt.Sprintf("%s/%d", what, rev)))
	step.CorrelationID, step.CausationID = "", ""
	return step
}

// reveal opens a sealed reference: "" if it is absent or its key is gone.
func (c *Commands) reveal(ctx context.Context, ref personal.Text) (string, error) {
	if ref.IsZero() {
		return "", nil
	}
	opened, err := c.vault.Open(ctx, ref.Bytes())
	if err != nil {
		return "", err
	}
	return string(opened[0].Text), nil
}

// fence makes sure that application id cannot become live under the claim any
// more: a Receive or Requalify on its way meets a conflict and decides again.
// Errors: application.ErrDuplicate when it is live.
func (c *Commands) fence(ctx context.Context, caller Caller, id string) error {
	_, err := transact(ctx, c, c.applications, id, fencing(caller, id), decision[application.Application, application.Event]{
		decide: func(a application.Application, s domain.Stamp) ([]application.Event, error) {
			return a.LoseClaim(s)
		},
	})
	return err
}

// fencing returns the caller for fencing off an application, which is the
// system's doing.
func fencing(caller Caller, id string) Caller {
	step := caller.as(domain.System)
	step.CommandID = uuid.NewSHA1(caller.CommandID, []byte("fence/"+id))
	return step
}

// releaseClaim gives the claim of a closed or undone application back. at, if
// set, is the revision of the claim when the application was still live: if it
// has moved since, the claim may hold for the same application again and is left
// alone. What fails here is made good by whoever claims next.
func (c *Commands) releaseClaim(ctx context.Context, caller Caller, claimID, holder string, at *eventlog.Revision) error {
	f, err := c.claims.read(ctx, c.log, claimID)
	if err != nil {
		return err
	}
	switch has, err := c.reveal(ctx, f.state.Holder); {
	case err != nil:
		return err
	case has != holder && (has != "" || f.state.Holder.IsZero()):
		return nil // a holder that is erased is nobody, and may be let go, too
	}
	step := claiming(caller, "release", f.revision)
	step.IfMatch = at
	_, err = transact(ctx, c, c.claims, claimID, step, decision[claim.Claim, claim.Event]{
		decide: func(cl claim.Claim, s domain.Stamp) ([]claim.Event, error) { return cl.Release(f.state.Holder, s), nil },
	})
	var moved *StaleError
	if errors.As(err, &moved) {
		return nil
	}
	return err
}
