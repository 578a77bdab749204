package commands

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/candidate"
	"github.com/hirelog/hirelog/domain/claim"
	"github.com/hirelog/hirelog/domain/job"
	"github.com/hirelog/hirelog/domain/personal"
	"github.com/hirelog/hirelog/internal/ops"
	"github.com/hirelog/hirelog/internal/vault"
)

// Receive takes in an application that somebody entered for a candidate. The
// person is recognised by the e-mail address; what is known of them already is
// never changed by it.
type Receive struct {
	Job       string            `json:"job_id" format:"uuid" doc:"Job applied for; it must be open"`
	Candidate candidate.Details `json:"candidate" doc:"The person; recognised by the e-mail address"`
	Source    string            `json:"source" minLength:"1" maxLength:"50" doc:"Channel the application came by, such as referral"`
}

// Receive takes in cmd. Its id is the application's. Whoever has edit on the
// application area of the job may. It touches several streams; each step is
// idempotent, and what a crash leaves half done is undone by FinishArrivals.
// Errors: job.ErrUnknown, job.ErrNotOpen, application.ErrDuplicate, ErrDenied,
// domain.ErrInvalid.
func (c *Commands) Receive(ctx context.Context, caller Caller, cmd Receive) (Answer, error) {
	id := caller.newID("application")
	if _, err := c.mayOnJobsApplications(caller, cmd.Job); err != nil {
		return Answer{}, err
	}
	if done, err := c.applications.read(ctx, c.log, id); err != nil {
		return Answer{}, err
	} else if got, ok := done.answer(caller.CommandID); ok {
		return Answer{ID: id, Stream: "application-" + id, Revision: got.revision, Position: got.position, Repeated: true}, nil
	}
	j := c.directory.Job(cmd.Job)
	if j.Status != job.Open {
		return Answer{}, job.ErrNotOpen
	}
	// Everything the domain could refuse is refused before anything is written.
	if err := c.wouldReceive(caller, cmd); err != nil {
		return Answer{}, err
	}
	if err := c.arrivals.Begin(ctx, ops.Arrival{Application: id, Job: cmd.Job}); err != nil {
		return Answer{}, err
	}
	answer, err := c.arrive(ctx, caller, cmd, id, j)
	var refused *domain.Refusal
	if errors.As(err, &refused) {
		if undo := c.undoArrival(ctx, ops.Arrival{Application: id, Job: cmd.Job}); undo != nil {
			c.logger.Warn("a refused application will be undone later", "application", id, "error", undo)
		}
		return Answer{}, err
	}
	if err != nil {
		return Answer{}, err
	}
	if err := c.arrivals.End(ctx, id); err != nil {
		c.logger.Warn("a received application is still noted as arriving", "application", id, "error", err)
	}
	answer.ID = id
	return answer, nil
}

// mayOnJobsApplications returns the caller's rights on a job's applications, or
// refuses who may not enter one.
func (c *Commands) mayOnJobsApplications(caller Caller, jobID string) (access.Rights, error) {
	held, err := c.rights(caller, jobID)
	switch {
	case err != nil:
		return held, err
	case c.directory.Job(jobID).Status == "", held.Area(access.Application) < access.View:
		return held, job.ErrUnknown
	case held.Area(access.Application) < access.Edit:
		return held, ErrDenied
	}
	return held, nil
}

// wouldReceive decides the whole command on streams that do not exist yet.
func (c *Commands) wouldReceive(caller Caller, cmd Receive) error {
	s := c.stamp(caller, time.Time{})
	if _, err := (candidate.Candidate{}).Register(cmd.Candidate, personal.Key{}, s); err != nil {
		return err
	}
	_, err := application.Application{}.Receive(application.Arrival{Source: cmd.Source}, s)
	return err
}

// arrive recognises or registers the person, takes the claim, and records the
// application.
func (c *Commands) arrive(ctx context.Context, caller Caller, cmd Receive, id string, j job.Job) (Answer, error) {
	person := caller.newID("candidate")
	if cmd.Candidate.Email != "" {
		known, _, err := c.vault.Recognise(ctx, cmd.Candidate.Email, person, id)
		if err != nil {
			return Answer{}, err
		}
		person = known
	}
	claimID := c.liveClaim(cmd.Job, person)
	if err := c.takeClaim(ctx, caller, claimID, id); err != nil {
		return Answer{}, err
	}
	_, err := transact(ctx, c, c.candidates, person, caller.withoutMatch(), decision[candidate.Candidate, candidate.Event]{
		decide: func(p candidate.Candidate, s domain.Stamp) ([]candidate.Event, error) {
			return p.Register(cmd.Candidate, personal.Key{ID: person, Owner: id}, s)
		},
	})
	if err != nil {
		return Answer{}, err
	}
	return transact(ctx, c, c.applications, id, caller, decision[application.Application, application.Event]{
		decide: func(a application.Application, s domain.Stamp) ([]application.Event, error) {
			return a.Receive(application.Arrival{
				Job: cmd.Job, Stage: j.Stages[0].ID, Claim: claimID, Source: cmd.Source, Owner: j.FirstManager(),
				Candidate: personal.New(personal.Key{ID: id, Owner: id}, personal.Plain(person)),
			}, s)
		},
	})
}

// liveClaim returns the id of the claim "one live application of this person
// for this job". Nobody can compute it without the vault's keyset.
func (c *Commands) liveClaim(jobID, candidateID string) string {
	return c.vault.DeriveID("live_application", jobID, candidateID).String()
}

// takeClaim gives a claim to the application holder. An application that has it
// but was never received, or is closed, is fenced off first.
// Errors: application.ErrDuplicate.
func (c *Commands) takeClaim(ctx context.Context, caller Caller, claimID, holder string) error {
	caller = caller.withoutMatch()
	for range maxAttempts {
		f, err := c.claims.read(ctx, c.log, claimID)
		if err != nil {
			return err
		}
		displaced := ""
		if other := f.state.Holder; other != "" && other != holder {
			if err := c.fence(ctx, caller, other, claimID); err != nil {
				return err
			}
			displaced = other
		}
		// Each taking is a command of its own: a claim may be taken again by the
		// same application after it was released.
		step := caller
		step.CommandID = uuid.NewSHA1(caller.CommandID, []byte(fmt.Sprintf("claim/%d", f.revision)))
		_, err = transact(ctx, c, c.claims, claimID, step, decision[claim.Claim, claim.Event]{
			decide: func(cl claim.Claim, s domain.Stamp) ([]claim.Event, error) { return cl.Take(holder, displaced, s) },
		})
		if !errors.Is(err, claim.ErrTaken) {
			return err
		}
	}
	return application.ErrDuplicate
}

// fence makes sure that application id cannot become live under the claim any
// more: a Receive or Requalify on its way meets a conflict and decides again.
// Errors: application.ErrDuplicate when it is live.
func (c *Commands) fence(ctx context.Context, caller Caller, id, claimID string) error {
	step := caller.as(domain.System)
	step.CommandID = uuid.NewSHA1(caller.CommandID, []byte("fence/"+id))
	_, err := transact(ctx, c, c.applications, id, step, decision[application.Application, application.Event]{
		decide: func(a application.Application, s domain.Stamp) ([]application.Event, error) {
			return a.LoseClaim(claimID, s)
		},
	})
	return err
}

// releaseClaim gives the claim of a closed application back. What fails here is
// made good by whoever claims next.
func (c *Commands) releaseClaim(ctx context.Context, caller Caller, claimID, holder string) error {
	f, err := c.claims.read(ctx, c.log, claimID)
	if err != nil {
		return err
	}
	step := caller.withoutMatch()
	step.CommandID = uuid.NewSHA1(caller.CommandID, []byte(fmt.Sprintf("release/%d", f.revision)))
	_, err = transact(ctx, c, c.claims, claimID, step, decision[claim.Claim, claim.Event]{
		decide: func(cl claim.Claim, s domain.Stamp) ([]claim.Event, error) { return cl.Release(holder, s), nil },
	})
	return err
}

// FinishArrivals undoes or completes what crashes left of applications on their
// way in that began longer ago than age. It returns how many it dealt with.
func (c *Commands) FinishArrivals(ctx context.Context, age time.Duration) (int, error) {
	left, err := c.arrivals.Interrupted(ctx, age)
	if err != nil {
		return 0, err
	}
	for i, in := range left {
		if err := c.undoArrival(ctx, in); err != nil {
			return i, fmt.Errorf("arrival %s: %w", in.Application, err)
		}
	}
	return len(left), nil
}

// undoArrival takes back what was done for an application that was not
// received: its claim, and the keys wrapped for it. One that was received after
// all only needs to be forgotten as arriving.
func (c *Commands) undoArrival(ctx context.Context, in ops.Arrival) error {
	caller := Caller{Actor: domain.System, CommandID: uuid.NewSHA1(commandNamespace, []byte("undo/"+in.Application)), MayBeRepeated: true, Origin: "live"}
	f, err := c.applications.read(ctx, c.log, in.Application)
	if err != nil {
		return err
	}
	if f.state.Outcome == "" {
		switch err := c.fence(ctx, caller, in.Application, ""); {
		case errors.Is(err, application.ErrDuplicate): // received just now
			return c.arrivals.End(ctx, in.Application)
		case err != nil:
			return err
		}
		keys, err := c.vault.KeysOf(ctx, in.Application)
		if err != nil {
			return err
		}
		for _, key := range keys {
			if key == in.Application {
				continue
			}
			if err := c.releaseClaim(ctx, caller, c.liveClaim(in.Job, key), in.Application); err != nil {
				return err
			}
		}
		e := vault.Erasure{
			ID: uuid.NewSHA1(caller.CommandID, []byte("erasure")), Kind: kindArrival, Subject: in.Application,
			Stream: "application-" + in.Application, Actor: string(domain.System), CommandID: caller.CommandID, At: c.now().UTC(),
			Owner: in.Application,
		}
		if err := c.erase(ctx, caller, e, nil); err != nil {
			return err
		}
	}
	return c.arrivals.End(ctx, in.Application)
}
