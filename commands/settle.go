package commands

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/job"
	"github.com/hirelog/hirelog/internal/eventlog"
)

// A stage that was removed, and a job that was closed so that its applications
// end, leave something to be done to applications: a chore. Which applications
// these are the log says, and what is done to each is a command of the system,
// whose id follows from the change and the application: it is done once, whoever
// does it and however often it is begun anew.

// settled is how long a chore goes on looking: another process may have decided
// before it knew of the change, which it does MaxLag later at most, and appended
// what it decided when its request was almost over.
const settled = MaxLag + 20*time.Second

// pending is a chore as the directory knows of it.
type pending struct {
	job   string
	stage string // that was removed; empty = closing the job is to end its applications
}

// chore is how far a chore has got. It lives in memory: after a restart it
// begins anew, and finds done what was done.
type chore struct {
	cause uuid.UUID // id of the event it follows from
	by    Caller    // who does it
	after eventlog.Position
	at    eventlog.Position        // how far the log was looked through
	found map[string]*choreSubject // applications it is about
	began time.Time
	done  int
}

type choreSubject struct {
	revision eventlog.Revision // of the event that made it one
	tried    bool
}

// SettleJobs does what changes of jobs leave to be done to applications, until
// ctx ends, whose error it returns. Several processes may.
func (c *Commands) SettleJobs(ctx context.Context) error {
	for {
		changed := c.directory.changes()
		left, err := c.FinishJobs(ctx)
		if err != nil && ctx.Err() == nil {
			c.logger.Warn("what changes of jobs leave to be done is not done yet", "error", err)
		}
		if left == 0 && err == nil {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-changed:
			}
			continue
		}
		pause := time.NewTimer(time.Second)
		select {
		case <-ctx.Done():
			pause.Stop()
			return ctx.Err()
		case <-pause.C:
		}
	}
}

// FinishJobs does what changes of jobs leave to be done to the applications
// there are now. It returns how many changes it has to look at again: each until
// nobody can have missed it. One that it cannot deal with does not keep it from
// the others. One call runs at a time.
func (c *Commands) FinishJobs(ctx context.Context) (left int, err error) {
	c.choring.Lock()
	defer c.choring.Unlock()
	all := c.directory.pending()
	for p := range c.chores {
		if !slices.Contains(all, p) {
			delete(c.chores, p)
		}
	}
	var failed []error
	for _, p := range all {
		done, err := c.finishJob(ctx, p)
		if err != nil {
			failed = append(failed, fmt.Errorf("job %s: %w", p.job, err))
		}
		if !done {
			left++
		}
	}
	return left, errors.Join(failed...)
}

// finishJob does a chore as far as it can be done now.
func (c *Commands) finishJob(ctx context.Context, p pending) (done bool, err error) {
	ch, err := c.choreOf(ctx, p)
	if err != nil || ch == nil {
		return ch == nil, err
	}
	if err := c.look(ctx, p, ch); err != nil {
		return false, err
	}
	again := false
	for _, id := range slices.Sorted(maps.Keys(ch.found)) {
		subject := ch.found[id]
		if subject.tried {
			continue
		}
		answer, err := c.settleOne(ctx, p, ch, id, subject.revision)
		if errors.Is(err, job.ErrStageRemoved) {
			again = true // where it was to go is gone by now, too: next time it goes where that went
			continue
		}
		if err != nil && !refused(err) {
			return false, fmt.Errorf("application %s: %w", id, err)
		}
		subject.tried = true
		if err == nil && !answer.Unchanged {
			ch.done++
		}
	}
	if again || c.now().Sub(ch.began) < settled {
		return false, nil
	}
	by := ch.by
	by.CommandID = uuid.NewSHA1(ch.cause, []byte("settled"))
	_, err = transact(ctx, c, c.jobs, p.job, by, decision[job.Job, job.Event]{
		decide: func(j job.Job, s domain.Stamp) ([]job.Event, error) {
			if p.stage == "" {
				return j.EndApplications(ch.done, s)
			}
			return j.ClearStage(p.stage, ch.done, s)
		},
	})
	if err == nil {
		delete(c.chores, p)
	}
	return err == nil, err
}

// settleOne does to one application what the chore is about.
func (c *Commands) settleOne(ctx context.Context, p pending, ch *chore, id string, seen eventlog.Revision) (Answer, error) {
	by := ch.by
	by.CommandID = uuid.NewSHA1(ch.cause, fmt.Appendf(nil, "%s/%d", id, seen))
	j := c.directory.Job(p.job)
	if p.stage == "" {
		if j.Ending == nil {
			return Answer{Unchanged: true}, nil // it was opened again
		}
		return c.Disqualify(ctx, by, Disqualify{Application: id, Kind: application.Rejected, Reason: j.Ending.DisqualifyReason})
	}
	return c.MoveStage(ctx, by, MoveStage{Application: id, From: p.stage, To: j.Lands(p.stage)})
}

// choreOf returns how far a chore has got, nil if there is nothing to do any
// more.
func (c *Commands) choreOf(ctx context.Context, p pending) (*chore, error) {
	var state job.Job
	var first, cause eventlog.Event
	for rec, err := range c.log.ReadStream(ctx, "job-"+p.job, 0, eventlog.Forwards) {
		if err != nil {
			return nil, fmt.Errorf("read it: %w", err)
		}
		e, err := job.Codec.Decode(rec.Type, rec.Data)
		if err != nil {
			return nil, fmt.Errorf("at %d: %w", rec.Revision, err)
		}
		state = state.Fold(e)
		if rec.Revision == 0 {
			first = rec
		}
		switch e := e.(type) { //nolint:gochecksumtype // what a chore follows from
		case job.StageRemoved:
			if e.Stage == p.stage {
				cause = rec
			}
		case job.WasClosed:
			if p.stage == "" {
				cause = rec
			}
		}
	}
	if !left(state, p.stage) || cause.ID == uuid.Nil {
		delete(c.chores, p)
		return nil, nil
	}
	if ch := c.chores[p]; ch != nil && ch.cause == cause.ID {
		return ch, nil
	}
	meta, err := cause.Meta()
	if err != nil {
		return nil, err
	}
	ch := &chore{
		cause: cause.ID, after: cause.Position, at: first.Position, found: map[string]*choreSubject{}, began: c.now(),
		by: Caller{
			Actor: domain.System, OnBehalfOf: meta.Actor, MayBeRepeated: true, Origin: meta.Origin,
			CorrelationID: meta.CorrelationID, CausationID: cause.ID.String(),
		},
	}
	c.chores[p] = ch
	return ch, nil
}

// look looks through what the log holds behind where it was looked through last.
func (c *Commands) look(ctx context.Context, p pending, ch *chore) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	filter := eventlog.Filter{StreamPrefixes: []string{"application-"}}
	for got, err := range c.log.Subscribe(ctx, eventlog.SubscribeOptions{After: ch.at, Filter: filter}) {
		if err != nil {
			return fmt.Errorf("look for applications: %w", err)
		}
		if got.Event != nil {
			if err := ch.see(p, *got.Event); err != nil {
				return err
			}
		}
		if got.Position.After(ch.at) {
			ch.at = got.Position
		}
		if got.CaughtUp {
			return nil
		}
	}
	return ctx.Err()
}

// see notes whether an event makes an application a subject of the chore, or one
// no more. What it leaves out of account the command refuses.
func (ch *chore) see(p pending, rec eventlog.Event) error {
	switch rec.Type {
	case application.Received{}.EventName(), application.StageMoved{}.EventName(), application.MoveUndone{}.EventName(), application.Disqualified{}.EventName(), application.Requalified{}.EventName():
	default:
		return nil
	}
	e, err := application.Codec.Decode(rec.Type, rec.Data)
	if err != nil {
		return fmt.Errorf("%s at %d: %w", rec.Stream, rec.Revision, err)
	}
	_, id := eventlog.SplitStream(rec.Stream)
	subject, known := ch.found[id]
	is := func(yes bool) {
		if yes {
			ch.found[id] = &choreSubject{revision: rec.Revision}
		} else {
			delete(ch.found, id)
		}
	}
	switch e := e.(type) { //nolint:gochecksumtype // the others were not decoded
	case application.Received:
		is(e.Job == p.job && (p.stage == "" || e.Stage == p.stage))
	case application.StageMoved:
		if p.stage != "" {
			is(e.To == p.stage)
		}
	case application.MoveUndone:
		if p.stage != "" {
			is(e.To == p.stage)
		}
	case application.Disqualified:
		if known && p.stage == "" {
			subject.tried = true
		}
	case application.Requalified:
		// Who takes it up again after the job was closed wants it live.
		if known && (p.stage != "" || !rec.Position.After(ch.after)) {
			is(true)
		}
	}
	return nil
}

// left reports whether a job still has the chore.
func left(j job.Job, stage string) bool {
	if stage == "" {
		return j.Ending != nil
	}
	return slices.ContainsFunc(j.Removed, func(r job.RemovedStage) bool { return r.ID == stage && !r.Cleared })
}
