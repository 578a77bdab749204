package effects

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/hirelog/hirelog/internal/eventlog"
)

// follower has one reactor look at the log. It is used by one goroutine.
type follower struct {
	*Effects
	reactor Reactor

	at      Checkpoint // as Postgres has it
	seen    Checkpoint // how far the log was looked at: at, or behind it with nothing planned between
	written time.Time  // when at was moved last
	tried   bool       // what stopped it was tried again by this process
	met     bool       // another process moved the checkpoint

	behind time.Time // since when the log was seen to hold more than seen; zero = it does not
}

var (
	// errMoved means that another process, or an operator, moved the checkpoint.
	errMoved = errors.New("the checkpoint was moved by somebody else")
	// errStandby means that another process is at work.
	errStandby = errors.New("another process is at work")
	// errHalted means that the reactor is stopped until somebody does something.
	errHalted = errors.New("stopped")
)

// run follows the log until ctx ends. Nothing else ends it.
func (f *follower) run(ctx context.Context) {
	failures := 0
	for ctx.Err() == nil {
		began := time.Now()
		err := f.follow(ctx)
		if ctx.Err() != nil {
			break
		}
		if time.Since(began) > 10*time.Second {
			failures = 0
		}
		wait := f.o.Poll
		switch {
		case errors.Is(err, ErrNoStart):
			f.turn(f.reactor.Name, Stopped, ErrNoStart.Error())
		case errors.Is(err, errHalted):
			f.turn(f.reactor.Name, Stopped, err.Error())
		case errors.Is(err, errStandby):
			f.turn(f.reactor.Name, Standby, errStandby.Error())
		case errors.Is(err, errMoved):
			f.met = true
			wait = 0
		default:
			f.turn(f.reactor.Name, Retrying, err.Error())
			failures++
			wait = min(50*time.Millisecond<<min(failures, 10), 10*time.Second)
		}
		f.pause(ctx, wait/2+rand.N(wait/2+1))
	}
	f.leave()
}

func (*follower) pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// take makes this process the one at work and reads the checkpoint.
// Errors: ErrNoStart, errHalted, errStandby.
func (f *follower) take(ctx context.Context) error {
	at, failure, err := At(ctx, f.o.Pool, f.reactor)
	switch {
	case err != nil:
		return err
	case failure != nil && f.tried:
		return fmt.Errorf("%w: %s", errHalted, failure)
	}
	// Whoever has met another waits for its silence; the first try need not: the
	// checkpoint itself keeps two apart.
	tag, err := f.o.Pool.Exec(ctx, `
UPDATE ops.reactors SET holder = $2, alive_at = clock_timestamp()
WHERE name = $1 AND (NOT $3 OR holder IS NULL OR holder = $2 OR alive_at < clock_timestamp() - $4::interval)`,
		f.reactor.Name, f.id, f.met, f.o.Standby)
	switch {
	case err != nil:
		return fmt.Errorf("take over: %w", err)
	case tag.RowsAffected() == 0:
		return errStandby
	}
	f.tried, f.met = true, false
	f.at, f.seen, f.written, f.behind = at, at, time.Now(), time.Time{}
	return nil
}

// follow reacts to what is behind the checkpoint. It returns why it cannot go on.
func (f *follower) follow(ctx context.Context) error {
	if err := f.take(ctx); err != nil {
		return err
	}
	f.turn(f.reactor.Name, Running, "")
	ctx, cancel := context.WithCancel(ctx)
	deliveries, ended := make(chan eventlog.Event, batchEvents), make(chan error, 1)
	go func() { ended <- f.deliver(ctx, deliveries) }()
	defer func() { cancel(); <-ended }() //nolint:errcheck // why it ended is known, or of no interest
	tick := time.NewTicker(f.o.AliveEvery)
	defer tick.Stop()
	for {
		select {
		case e := <-deliveries:
			if err := f.react(ctx, gather(e, deliveries)); err != nil {
				return err
			}
		case <-tick.C:
			if err := f.alive(ctx); err != nil {
				return err
			}
		case err := <-ended:
			ended <- err // for the deferred wait
			if errors.Is(err, eventlog.ErrForeignPosition) {
				return f.halt(ctx, Failure{Error: eventlog.ErrForeignPosition.Error() + ": the checkpoint was taken from another one, or a newer one; give that log back, or see `hirelog effects start`"})
			}
			return err
		}
	}
}

// batchEvents is the most events looked at in one transaction.
const batchEvents = 500

// gather returns e and what else is there already.
func gather(e eventlog.Event, more <-chan eventlog.Event) []eventlog.Event {
	batch := []eventlog.Event{e}
	for len(batch) < batchEvents {
		select {
		case e := <-more:
			batch = append(batch, e)
		default:
			return batch
		}
	}
	return batch
}

// deliver passes on the events behind the checkpoint until ctx ends.
func (f *follower) deliver(ctx context.Context, to chan<- eventlog.Event) error {
	for d, err := range f.o.Log.Subscribe(ctx, eventlog.SubscribeOptions{After: f.at.Event, AfterID: f.at.ID}) {
		if err != nil {
			return err
		}
		if d.Event == nil {
			continue
		}
		select {
		case to <- *d.Event:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return ctx.Err()
}

// planned is a plan of an event.
type planned struct {
	Plan
	id    uuid.UUID
	event eventlog.Event
}

// react plans what follows from events. Where nothing does, the checkpoint may
// stay where it is for a while: looking again costs little.
func (f *follower) react(ctx context.Context, events []eventlog.Event) error {
	var plans []planned
	for _, e := range events {
		of, err := f.plansOf(e)
		if err != nil {
			if moved := f.move(ctx, f.seen, plans); moved != nil {
				return moved
			}
			return f.halt(ctx, Failure{Stream: e.Stream, Revision: e.Revision, EventID: e.ID, Type: e.Type, Error: err.Error()})
		}
		plans = append(plans, of...)
		f.seen = Checkpoint{Event: e.Position, ID: e.ID}
	}
	if len(plans) == 0 && time.Since(f.written) < f.o.AliveEvery {
		return nil
	}
	return f.move(ctx, f.seen, plans)
}

func (f *follower) plansOf(e eventlog.Event) (plans []planned, err error) {
	if eventlog.NamesTheLog(e) {
		return nil, nil
	}
	meta, err := e.Meta()
	if err != nil {
		return nil, errors.New("metadata is not of its form")
	}
	if meta.Origin != eventlog.Live {
		return nil, nil
	}
	defer func() {
		if v := recover(); v != nil { // the value may be anybody's
			plans, err = nil, fmt.Errorf("panic: %T", v)
		}
	}()
	decided, err := f.reactor.Decide(e)
	if err != nil {
		return nil, err
	}
	for _, p := range decided {
		plans = append(plans, planned{Plan: p, id: ID(e.ID, p.Purpose), event: e})
	}
	return plans, nil
}

// move sets the checkpoint and plans effects, both or neither.
// Errors: errMoved, and nothing was done.
func (f *follower) move(ctx context.Context, to Checkpoint, plans []planned) error {
	if to == f.at {
		return nil
	}
	if err := f.step("planned"); err != nil {
		return err
	}
	err := pgx.BeginFunc(ctx, f.o.Pool, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `
UPDATE ops.reactors SET event_commit = $5, event_prepare = $6, event_id = $7, moved_at = clock_timestamp(), holder = $8, alive_at = clock_timestamp(), failure = NULL
WHERE name = $1 AND event_commit = $2 AND event_prepare = $3 AND event_id = $4`,
			f.reactor.Name, signed(f.at.Event.Commit), signed(f.at.Event.Prepare), f.at.ID,
			signed(to.Event.Commit), signed(to.Event.Prepare), to.ID, f.id)
		switch {
		case err != nil:
			return fmt.Errorf("move checkpoint: %w", err)
		case tag.RowsAffected() == 0:
			return errMoved
		}
		return f.plan(ctx, tx, plans)
	})
	if err != nil {
		return err
	}
	f.at, f.written = to, time.Now()
	for _, p := range plans {
		if !p.Wakes {
			f.o.Observer.planned(p.Kind)
		}
	}
	return f.step("committed")
}

// plan writes effects into the ledger, and a job for each that is new there.
func (f *follower) plan(ctx context.Context, tx pgx.Tx, plans []planned) error {
	now := f.o.Now()
	for _, p := range plans {
		if p.Wakes {
			if err := wake(ctx, f.queue, tx, p.Kind, p.Object); err != nil {
				return err
			}
			continue
		}
		var object *string
		if p.Object != "" {
			object = &p.Object
		}
		tag, err := tx.Exec(ctx, `
INSERT INTO ops.effects (effect_id, event_id, event_stream, event_revision, reactor, purpose, kind, subject_id, object_id, planned_for)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (effect_id) DO NOTHING`,
			p.id, p.event.ID, p.event.Stream, int64(p.event.Revision), f.reactor.Name, p.Purpose, p.Kind, p.Subject, object, stored(p.At))
		if err != nil {
			return fmt.Errorf("plan effect %s of event %s: %w", p.Purpose, p.event.ID, err)
		}
		if tag.RowsAffected() == 0 {
			continue // planned before
		}
		if err := enqueue(ctx, f.queue, tx, p.id, p.At, now); err != nil {
			return err
		}
	}
	return nil
}

// halt stores why the reactor is stopped, if it still is where it was.
// Errors: errHalted, or why that could not be stored.
func (f *follower) halt(ctx context.Context, why Failure) error {
	tag, err := f.o.Pool.Exec(ctx, `
UPDATE ops.reactors SET failure = $5 WHERE name = $1 AND event_commit = $2 AND event_prepare = $3 AND event_id = $4`,
		f.reactor.Name, signed(f.at.Event.Commit), signed(f.at.Event.Prepare), f.at.ID, why)
	switch {
	case err != nil:
		return fmt.Errorf("store that it is stopped: %w", err)
	case tag.RowsAffected() == 0:
		return errMoved
	}
	return fmt.Errorf("%w: %s", errHalted, why)
}

// alive moves the checkpoint to what was looked at, gives a sign of life, and
// measures how far the log is ahead.
func (f *follower) alive(ctx context.Context) error {
	if f.seen != f.at {
		if err := f.move(ctx, f.seen, nil); err != nil {
			return err
		}
	} else {
		tag, err := f.o.Pool.Exec(ctx, `
UPDATE ops.reactors SET alive_at = clock_timestamp()
WHERE name = $1 AND holder = $2 AND event_commit = $3 AND event_prepare = $4 AND event_id = $5`,
			f.reactor.Name, f.id, signed(f.at.Event.Commit), signed(f.at.Event.Prepare), f.at.ID)
		switch {
		case err != nil:
			return fmt.Errorf("sign of life: %w", err)
		case tag.RowsAffected() == 0:
			return errMoved
		}
	}
	asking, cancel := context.WithTimeout(ctx, f.o.AliveEvery/2)
	defer cancel()
	for e, err := range f.o.Log.ReadAll(asking, eventlog.Start, eventlog.Backwards) {
		switch {
		case err != nil: // there is no more that anybody knows of
		case !e.Position.After(f.seen.Event):
			f.behind = time.Time{}
		case f.behind.IsZero():
			f.behind = time.Now()
		}
		break
	}
	lag := time.Duration(0)
	if !f.behind.IsZero() {
		lag = time.Since(f.behind)
	}
	f.o.Observer.lag(f.reactor.Name, lag)
	return nil
}

// leave tells a successor that it need not wait.
func (f *follower) leave() {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second) // the caller's is over
	defer cancel()
	// If it fails the successor waits a little.
	_, _ = f.o.Pool.Exec(ctx, `UPDATE ops.reactors SET holder = NULL WHERE name = $1 AND holder = $2`, f.reactor.Name, f.id)
}

// signed is a position as it is stored; the log's are file offsets, far below
// the bound.
func signed(position uint64) int64 { return int64(position) } //nolint:gosec // see above
