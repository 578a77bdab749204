package commands

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/candidate"
	"github.com/hirelog/hirelog/domain/job"
	"github.com/hirelog/hirelog/domain/personal"
	"github.com/hirelog/hirelog/internal/eventlog"
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

	form *submission // that it came by
}

// Receive takes in cmd. Its id is the application's. Whoever has edit on the
// application area of the job may. It touches several streams; each step is
// idempotent, and what a crash leaves half done is undone by FinishArrivals.
// Given again with the same id after that, it begins anew.
// Errors: job.ErrUnknown, job.ErrNotOpen, application.ErrDuplicate, ErrDenied,
// domain.ErrInvalid.
func (c *Commands) Receive(ctx context.Context, caller Caller, cmd Receive) (Answer, error) {
	if _, err := c.mayOnJobsApplications(caller, cmd.Job); err != nil {
		return Answer{}, err
	}
	for attempt := 1; ; attempt++ {
		id, answer, err := c.arrivalID(ctx, caller)
		if err != nil || answer.Repeated {
			answer.ID = id
			return answer, err
		}
		if caller.IfMatch != nil { // of what does not exist yet
			return Answer{}, &StaleError{Stream: "application-" + id, Expected: *caller.IfMatch, Actual: eventlog.NoStream}
		}
		j := c.directory.Job(cmd.Job)
		if j.Status != job.Open {
			return Answer{}, job.ErrNotOpen
		}
		// Everything the domain could refuse is refused before anything is written.
		if err := c.wouldReceive(caller, cmd); err != nil {
			return Answer{}, err
		}
		answer, undone, err := c.arriving(ctx, ops.Arrival{Application: id, Job: cmd.Job}, func() (Answer, error) { return c.arrive(ctx, caller, cmd, id, j) })
		if !undone || attempt == maxArrivals {
			return answer, err
		}
	}
}

// maxArrivals is how often one Receive begins anew when somebody else undid what
// it had begun.
const maxArrivals = 3

// arrivalID returns the id the application of a Receive gets: the first of its
// ids that was not undone. If it was received already, answer is that of the
// first time.
func (c *Commands) arrivalID(ctx context.Context, caller Caller) (id string, answer Answer, err error) {
	for n := 0; ; n++ {
		id := caller.newID("application")
		if n > 0 {
			id = caller.newID("application/" + strconv.Itoa(n))
		}
		f, err := c.applications.read(ctx, c.log, id)
		switch {
		case err != nil:
			return "", Answer{}, err
		case f.state.Outcome != "": // its id tells that this very command received it
			got, ok := f.answer(caller.CommandID)
			stream := "application-" + id
			if !ok {
				got, _, err = c.applications.search(ctx, c.log, stream, caller.CommandID)
			}
			return id, Answer{Stream: stream, Revision: got.revision, Position: got.position, Repeated: true}, err
		case !f.state.ClaimLost:
			return id, Answer{}, nil
		}
	}
}

// arriving lets arrive receive an application, and undoes what a refusal leaves.
// undone is true when the application was fenced off or erased on its way: by who
// found it interrupted, or by another application of the same person. Trying again
// shows which.
func (c *Commands) arriving(ctx context.Context, in ops.Arrival, arrive func() (Answer, error)) (answer Answer, undone bool, err error) {
	if err := c.arrivals.Begin(ctx, in); err != nil {
		return Answer{}, false, err
	}
	answer, err = arrive()
	erased := errors.Is(err, vault.ErrErased)
	if erased || refused(err) {
		if undo := c.undoArrival(ctx, in); undo != nil {
			c.logger.Warn("a refused application will be undone later", "application", in.Application, "error", undo)
		}
		return Answer{}, erased || errors.Is(err, errFenced), err
	}
	if err != nil {
		return Answer{}, false, err
	}
	if err := c.arrivals.End(ctx, in.Application); err != nil {
		c.logger.Warn("a received application is still noted as arriving", "application", in.Application, "error", err)
	}
	answer.ID = in.Application
	return answer, false, nil
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
	events, err := application.Application{}.Receive(application.Arrival{Source: cmd.Source}, s)
	if err == nil && cmd.form != nil {
		_, err = cmd.form.on(application.Application{}.Fold(events...), "", kept{}, s)
	}
	return err
}

// arrive recognises or registers the person, takes the claim, and records the
// application.
func (c *Commands) arrive(ctx context.Context, caller Caller, cmd Receive, id string, j job.Job) (Answer, error) {
	person := c.newPerson(id)
	if cmd.Candidate.Email != "" {
		known, _, err := c.vault.Recognise(ctx, cmd.Candidate.Email, person, id)
		if err != nil {
			return Answer{}, err
		}
		person = known
	}
	// Before the claim is taken: what is taken and not used yet others fence off.
	stored, err := c.storeForm(ctx, cmd, id)
	if err != nil {
		return Answer{}, err // what is stored goes with the key
	}
	claimID := c.liveClaim(cmd.Job, person)
	if err := c.takeLive(ctx, caller, cmd.Job, person, id, false); err != nil {
		c.discard(stored.files)
		return Answer{}, err
	}
	if err := c.claimAs(ctx, caller, cmd.Job, person, id, false); err != nil {
		c.discard(stored.files)
		return Answer{}, err
	}
	_, err = transact(ctx, c, c.candidates, person, caller.withoutMatch(), decision[candidate.Candidate, candidate.Event]{
		decide: func(p candidate.Candidate, s domain.Stamp) ([]candidate.Event, error) {
			return p.Register(cmd.Candidate, personal.Key{ID: person, Owner: id}, s)
		},
	})
	if err != nil {
		return Answer{}, err
	}
	answer, err := transact(ctx, c, c.applications, id, caller, decision[application.Application, application.Event]{
		decide: func(a application.Application, s domain.Stamp) ([]application.Event, error) {
			if a.ClaimLost {
				return nil, errFenced
			}
			// Storing files takes its time.
			if now := c.directory.Job(cmd.Job); cmd.form != nil && (now.Status != job.Open || now.Details.Confidential) {
				return nil, job.ErrUnknown
			}
			events, err := a.Receive(application.Arrival{
				Job: cmd.Job, Stage: j.Stages[0].ID, Source: cmd.Source, Owner: j.FirstManager(),
				Claim:     personal.New(keyOf(id), personal.Plain(claimID)),
				Candidate: personal.New(keyOf(id), personal.Plain(person)),
			}, s)
			if err != nil || cmd.form == nil || len(events) == 0 {
				return events, err
			}
			sent, err := cmd.form.on(a.Fold(events...), id, stored, s)
			return append(events, sent...), err
		},
	})
	if answer.Repeated {
		c.discard(stored.files)
	}
	return answer, err
}

// errFenced is application.ErrDuplicate for an application that was fenced off
// on its way.
var errFenced = fmt.Errorf("fenced off on its way: %w", application.ErrDuplicate)

// newPerson returns the id of the person an application arrives with, if nobody
// known is recognised: whoever undoes the arrival can tell it, and nobody
// without the vault's keyset.
func (c *Commands) newPerson(applicationID string) string {
	return c.vault.DeriveID("candidate", applicationID).String()
}

// FinishArrivals undoes or completes what crashes left of applications on their
// way in that began longer ago than age. It returns how many it dealt with; one
// that it cannot deal with does not keep it from the others.
func (c *Commands) FinishArrivals(ctx context.Context, age time.Duration) (int, error) {
	left, err := c.arrivals.Interrupted(ctx, age)
	if err != nil {
		return 0, err
	}
	done := 0
	var failed []error
	for _, in := range left {
		if err := c.undoArrival(ctx, in); err != nil {
			failed = append(failed, fmt.Errorf("arrival %s: %w", in.Application, err))
			continue
		}
		done++
	}
	return done, errors.Join(failed...)
}

// undoArrival takes back what was done for an application that was not
// received: its claim, and the keys wrapped for it. One that was received after
// all only needs to be forgotten as arriving.
func (c *Commands) undoArrival(ctx context.Context, in ops.Arrival) error {
	caller := Caller{Actor: domain.System, CommandID: uuid.NewSHA1(commandNamespace, []byte("undo/"+in.Application)), MayBeRepeated: true, Origin: eventlog.Live}
	// A Receive that is still on its way loses from here on.
	_, err := transact(ctx, c, c.applications, in.Application, fencing(caller, in.Application), decision[application.Application, application.Event]{
		decide: func(a application.Application, s domain.Stamp) ([]application.Event, error) {
			if a.Outcome != "" {
				return nil, errReceived
			}
			return a.LoseClaim(s)
		},
	})
	switch {
	case errors.Is(err, errReceived):
		if err := c.finishTransfer(ctx, caller, in.Application); err != nil {
			return err
		}
		return c.arrivals.End(ctx, in.Application)
	case err != nil:
		return err
	}
	people, err := c.vault.KeysOf(ctx, in.Application)
	if err != nil {
		return err
	}
	// The claim was perhaps taken before anything was sealed for a new person.
	for _, person := range append(people, c.newPerson(in.Application)) {
		if err := c.releaseClaim(ctx, caller, c.liveClaim(in.Job, person), in.Application, nil); err != nil {
			return err
		}
		f, err := c.candidates.read(ctx, c.log, person)
		if err == nil && f.state.Into != "" {
			err = c.releaseClaim(ctx, caller, c.liveClaim(in.Job, f.state.Into), in.Application, nil)
		}
		if err != nil {
			return err
		}
	}
	if in.From != "" {
		if err := c.releaseClaim(ctx, caller, c.transferClaim(in.From), in.Application, nil); err != nil {
			return err
		}
	}
	e := vault.Erasure{
		ID: uuid.NewSHA1(caller.CommandID, []byte("erasure")), Kind: kindArrival, Subject: in.Application,
		Stream: "application-" + in.Application, Actor: string(domain.System), CommandID: caller.CommandID, At: c.atOf(caller),
		Owner: in.Application,
	}
	if err := c.erase(ctx, caller, e, nil); err != nil {
		return err
	}
	return c.arrivals.End(ctx, in.Application)
}

// errReceived ends the undoing of an application that was received.
var errReceived = errors.New("the application was received")
