package projections

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/hirelog/hirelog/internal/eventlog"
)

// fold folds facts into the rows of a schema, within a transaction: it asks the
// models what they need, reads that in one round trip, applies the facts in
// memory and writes what changed, with the events put aside, in another.
// Errors: *inapplicable if the facts or rows are to blame.
func (g Group) fold(ctx context.Context, tx pgx.Tx, p place, facts []Fact, aside []parkedEvent) error {
	tables := g.tables()
	for _, t := range tables {
		t.begin()
	}
	if err := g.prepare(ctx, facts); err != nil {
		return err
	}
	b := &pgx.Batch{}
	for _, t := range tables {
		t.load(b, p.schema)
	}
	if err := send(ctx, tx, b); err != nil {
		return inDatabase("read rows", err, tx.Conn().IsClosed())
	}
	if err := g.apply(ctx, facts); err != nil {
		return err
	}
	b = &pgx.Batch{}
	for _, t := range tables {
		t.write(b, p.schema)
	}
	p.park(b, aside)
	if err := send(ctx, tx, b); err != nil {
		return inDatabase("write rows", err, tx.Conn().IsClosed())
	}
	return nil
}

// prepare lets the models look at the facts and say which rows they need.
func (g Group) prepare(ctx context.Context, facts []Fact) error {
	for _, m := range g.Models {
		err := guarded(m, "prepare", func() error {
			if m, ok := m.(Preparer); ok {
				if err := m.Prepare(ctx, facts); err != nil {
					return err
				}
			}
			for _, f := range facts {
				m.Need(f)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// apply folds the facts into the rows in memory, one model after the other.
func (g Group) apply(ctx context.Context, facts []Fact) error {
	for _, m := range g.Models {
		err := guarded(m, "apply", func() error {
			for _, f := range facts {
				if err := m.Apply(ctx, f); err != nil {
					return err
				}
			}
			for _, t := range m.Tables() {
				if err := t.fault(); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return ctx.Err()
}

// guarded runs a model's code: an error is sorted out, a panic is one.
func guarded(m Model, doing string, do func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = panicked(m.Name(), v)
		}
	}()
	if err := do(); err != nil {
		return inModel(m.Name(), doing, err)
	}
	return nil
}

func send(ctx context.Context, tx pgx.Tx, b *pgx.Batch) error {
	if b.Len() == 0 {
		return nil
	}
	return tx.SendBatch(ctx, b).Close()
}

// inTransaction runs do in a transaction.
// Errors: those of do; errUnsure if it is not known whether it was committed.
func (p *Projector) inTransaction(ctx context.Context, do func(tx pgx.Tx) error) error {
	// A process that is paused in the middle would hold the checkpoint for as
	// long: then the database ends the transaction, and another projector goes on.
	begin := fmt.Sprintf("begin; set local idle_in_transaction_session_timeout = %d", p.o.Idle.Milliseconds())
	tx, err := p.pool.BeginTx(ctx, pgx.TxOptions{BeginQuery: begin})
	if err != nil {
		return fmt.Errorf("begin transaction: %w", err)
	}
	if err := do(tx); err != nil {
		// If it fails the connection is closed, which rolls back as well.
		_ = tx.Rollback(ctx)
		return err
	}
	if err := tx.Commit(ctx); err != nil {
		_ = tx.Rollback(ctx)
		return fmt.Errorf("%w: %w", errUnsure, err)
	}
	return nil
}

// errUnsure means that a commit was sent and not answered: the checkpoint tells.
var errUnsure = errors.New("commit was not confirmed")

// errStopped means that an event cannot be applied and the policy is Stop.
var errStopped = errors.New("projection is stopped")

// bulk projects a batch at once.
func (p *Projector) bulk(ctx context.Context, b *Batch) error {
	facts, aside, err := p.sort(b)
	if err != nil {
		return err
	}
	return p.inTransaction(ctx, func(tx pgx.Tx) error {
		if err := p.here.move(ctx, tx, b.To, p.id); err != nil {
			return err
		}
		return p.group.fold(ctx, tx, p.here, facts, aside)
	})
}

// sort returns the facts of a batch's events, except those of parked streams,
// which go aside whatever they are.
func (p *Projector) sort(b *Batch) (facts []Fact, aside []parkedEvent, err error) {
	facts = make([]Fact, 0, len(b.Events))
	for i, e := range b.Events {
		switch d := b.decoded[i]; {
		case p.here.parked[e.Stream]:
			aside = append(aside, parkedEvent{Event: e})
		case d.err != nil:
			return nil, nil, undecodable(d.err)
		case d.ours:
			facts = append(facts, d.fact)
		}
	}
	return facts, aside, nil
}

// isolate projects a batch that failed, event by event, each behind a savepoint,
// to find the ones to blame. What comes before them is kept.
// Errors: errStopped, after the reason was stored.
func (p *Projector) isolate(ctx context.Context, b *Batch) error {
	to, parked := p.here.at, make(map[string]bool)
	var failure *Failure
	err := p.inTransaction(ctx, func(tx pgx.Tx) error {
		if err := p.here.claim(ctx, tx); err != nil {
			return err
		}
		for i, e := range b.Events {
			err := p.one(ctx, tx, e, b.decoded[i], parked)
			var bad *inapplicable
			switch {
			case err == nil:
			case !errors.As(err, &bad):
				return err
			case (p.group.OnFailure == Park || p.led[e.Stream]) && !p.group.keeps(e.Stream):
				parked[e.Stream] = true
				if err := p.setAside(ctx, tx, parkedEvent{e, bad.Error()}); err != nil {
					return err
				}
			default:
				f := failureOf(e, bad)
				failure = &f
			}
			if failure != nil {
				break
			}
			to = to.after(&e, b.decoded[i])
		}
		if failure == nil {
			to = b.To
		}
		if to != p.here.at {
			if err := p.here.move(ctx, tx, to, p.id); err != nil {
				return err
			}
		}
		if failure != nil {
			return p.here.stop(ctx, tx, *failure)
		}
		return nil
	})
	if err != nil {
		return err
	}
	p.here.at = to
	for stream := range parked {
		p.here.parked[stream] = true
	}
	if failure != nil {
		p.halt(*failure)
		return errStopped
	}
	return nil
}

// one projects an event, or puts it aside behind another of its stream. If it
// cannot be applied, the transaction is as it was before.
func (p *Projector) one(ctx context.Context, tx pgx.Tx, e eventlog.Event, d decoded, parked map[string]bool) error {
	if parked[e.Stream] || p.here.parked[e.Stream] {
		return p.setAside(ctx, tx, parkedEvent{Event: e})
	}
	if d.err != nil {
		return undecodable(d.err)
	}
	if !d.ours {
		return nil
	}
	return p.group.alone(ctx, tx, p.here, d.fact)
}

// alone folds one fact behind a savepoint. If it cannot be applied, the
// transaction is as it was before.
// Errors: *inapplicable.
func (g Group) alone(ctx context.Context, tx pgx.Tx, p place, f Fact) error {
	inner, err := tx.Begin(ctx)
	if err != nil {
		return fmt.Errorf("savepoint: %w", err)
	}
	if err := g.fold(ctx, inner, p, []Fact{f}, nil); err != nil {
		if back := inner.Rollback(ctx); back != nil {
			return fmt.Errorf("roll back to savepoint: %w", back)
		}
		return err
	}
	if err := inner.Commit(ctx); err != nil {
		return fmt.Errorf("release savepoint: %w", err)
	}
	return nil
}

func (p *Projector) setAside(ctx context.Context, tx pgx.Tx, e parkedEvent) error {
	b := &pgx.Batch{}
	p.here.park(b, []parkedEvent{e})
	if err := send(ctx, tx, b); err != nil {
		return fmt.Errorf("park event %s: %w", e.ID, err)
	}
	return nil
}
