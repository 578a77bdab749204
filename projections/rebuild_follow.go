package projections

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/hirelog/hirelog/internal/eventlog"
)

// follower returns a projector of a generation that is moved by hand.
func (b *builder) follower(ctx context.Context, g Group, which generation) (*Projector, error) {
	p, err := NewProjector(b.pool, b.log, g, Options{Logger: b.o.Logger})
	if err != nil {
		return nil, err
	}
	p.here, err = readPlace(ctx, b.pool, g.Name, which)
	return p, err
}

// follow brings a generation to a checkpoint further on, by ordinary batches. It
// does nothing if it is there already, or beyond.
// Errors: errMoved; errStopped; eventlog.ErrForeignPosition if the log does not
// hold the checkpoint's event.
func (p *Projector) follow(ctx context.Context, until Checkpoint) error {
	if !until.Event.After(p.here.at.Event) {
		return p.idle(ctx, until)
	}
	so := NewSubscriber(p.log, SubscriberOptions{}).o // its defaults
	b := &Batch{From: p.here.at, To: p.here.at}
	for e, err := range p.log.ReadAll(ctx, p.here.at.Event, eventlog.Forwards) {
		if err != nil {
			return fmt.Errorf("read the log: %w", err)
		}
		if e.Position.After(until.Event) {
			break
		}
		b.add(arrivalOf(eventlog.Delivery{Event: &e, Position: e.Position}))
		if len(b.Events) >= so.MaxEvents || b.bytes >= so.MaxBytes {
			if err := p.take(ctx, b); err != nil {
				return err
			}
			b = &Batch{From: p.here.at, To: p.here.at}
		}
		if e.Position == until.Event {
			break
		}
	}
	if len(b.Events) > 0 {
		if err := p.take(ctx, b); err != nil {
			return err
		}
	}
	if p.here.at.Event != until.Event || p.here.at.EventID != until.EventID {
		return fmt.Errorf("the log does not hold event %s at %s: %w", until.EventID, until.Event, eventlog.ErrForeignPosition)
	}
	return p.idle(ctx, until)
}

// meetings bounds how often in a row somebody else moves a checkpoint first.
const meetings = 20

// overtake is follow beside somebody who moves the same checkpoint: a Keeper,
// or whoever lost the answer to a commit.
func (p *Projector) overtake(ctx context.Context, until Checkpoint) (err error) {
	for range meetings {
		if err = p.follow(ctx, until); !errors.Is(err, errMoved) && !errors.Is(err, errUnsure) {
			return err
		}
		var again error
		if p.here, again = readPlace(ctx, p.pool, p.group.Name, p.here.generation); again != nil {
			return again
		}
	}
	return err
}

// idle takes over how far the log was looked through behind the last event.
func (p *Projector) idle(ctx context.Context, until Checkpoint) error {
	if p.here.at.Event != until.Event || !until.Position.After(p.here.at.Position) {
		return nil
	}
	b := &Batch{From: p.here.at, To: until}
	return p.take(ctx, b)
}

// take projects a batch.
func (p *Projector) take(ctx context.Context, b *Batch) error {
	err := p.bulk(ctx, b)
	var bad *inapplicable
	switch {
	case err == nil:
		p.here.at = b.To
	case errors.As(err, &bad):
		err = p.isolate(ctx, b)
	}
	return err
}

// alignments bounds how often a generation is brought near the live one before
// that is held for the last stretch.
const alignments = 100

// lastStretch is how long the live generation is held at most.
const lastStretch = 5 * time.Second

// align brings a generation to exactly where the live one is and calls do while
// both are held there, in the transaction that holds the live one; that is not
// for long, a few events at most.
func (b *builder) align(ctx context.Context, bd *build, do func(ctx context.Context, tx pgx.Tx) error) error {
	for failures := 0; ; failures++ {
		if err := b.approach(ctx, bd); err != nil {
			return bd.followed(err)
		}
		err := b.hold(ctx, bd, do)
		if err == nil || ctx.Err() != nil || failures == 3 || !errors.Is(err, errAway) {
			return bd.followed(err)
		}
	}
}

// approach follows the log until the live generation is not further on.
func (b *builder) approach(ctx context.Context, bd *build) error {
	p := bd.projector
	for range alignments {
		live, err := readPlace(ctx, b.pool, bd.group.Name, bd.live.generation)
		if err != nil {
			return err
		}
		if !live.at.Event.After(p.here.at.Event) {
			return nil
		}
		b.o.Progress(Progress{Phase: Following, Group: bd.group.Name, At: p.here.at.Position, Until: live.at.Position})
		p.led = live.parked
		if err := p.overtake(ctx, live.at); err != nil {
			return err
		}
	}
	return nil
}

// errAway means that the last stretch took too long.
var errAway = errors.New("the live generation could not be held for so long")

// hold does the last stretch of align.
func (b *builder) hold(ctx context.Context, bd *build, do func(ctx context.Context, tx pgx.Tx) error) error {
	ctx, cancel := context.WithTimeoutCause(ctx, lastStretch, errAway)
	defer cancel()
	err := inLock(ctx, b.pool, bd.group, func(tx pgx.Tx) error {
		live, err := liveGeneration(ctx, tx, bd.group.Name)
		if err != nil {
			return err
		}
		if live.number != bd.live.number {
			return fmt.Errorf("generation %d is live now, not %d: %w", live.number, bd.live.number, errTaken)
		}
		if err := yields(ctx, tx); err != nil {
			return err
		}
		if err := bd.live.lock(ctx, tx); err != nil {
			return err
		}
		held, err := readPlace(ctx, tx, bd.group.Name, live)
		if err != nil {
			return err
		}
		bd.projector.led = held.parked
		if err := bd.projector.overtake(ctx, held.at); err != nil {
			return err
		}
		return do(ctx, tx)
	})
	if err != nil && context.Cause(ctx) == errAway { //nolint:errorlint // it is the very value
		return fmt.Errorf("%w: %w", errAway, err)
	}
	return err
}

// followed says what an error of following means for a build.
func (bd *build) followed(err error) error {
	if errors.Is(err, errStopped) {
		return &InapplicableError{Group: bd.group.Name, Failure: bd.projector.why}
	}
	return err
}
