package projections

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/hirelog/hirelog/internal/eventlog"
)

// Replayed is what Replay did to one stream.
type Replayed struct {
	Applied int // events applied, in order
	Gone    int // events the log does not hold any more, let go of
	Left    int // events still parked
	// Failure is the event that cannot be applied still; nil if all could.
	Failure *Failure
}

// replayAtOnce is how many events are replayed in one transaction, in which the
// projector waits.
const replayAtOnce = 200

// Replay applies the parked events of a stream to the live generation, in
// order, up to the first that still cannot be applied. It may be called while a
// projector is at work, which waits during each transaction; events it puts
// aside meanwhile are replayed too. When none is left, the stream is followed
// again. What was applied stays applied when Replay fails, and each event is
// applied once, however often Replay is called or cut off.
// Errors: ErrShape, those of the log and of the database.
func Replay(ctx context.Context, pool *pgxpool.Pool, log eventlog.Log, g Group, stream string) (Replayed, error) {
	var done Replayed
	live, err := ensure(ctx, pool, g)
	if err != nil {
		return done, err
	}
	p := place{group: g.Name, generation: live}
	for {
		parked, err := readParked(ctx, pool, p, stream, replayAtOnce)
		if err != nil {
			return done, err
		}
		if len(parked) == 0 {
			return done, nil
		}
		events, err := bodies(ctx, log, stream, parked)
		if err != nil {
			return done, err
		}
		some, err := g.replay(ctx, pool, p, stream, parked, events)
		if err != nil {
			return done, fmt.Errorf("replay %s: %w", stream, err)
		}
		done.Applied, done.Gone = done.Applied+some.Applied, done.Gone+some.Gone
		if some.Failure != nil {
			done.Failure, done.Left = some.Failure, some.Left
			return done, nil
		}
	}
}

// bodies reads parked events from the log. Those it does not hold any more are
// absent.
func bodies(ctx context.Context, log eventlog.Log, stream string, parked []ParkedEvent) (map[eventlog.Revision]eventlog.Event, error) {
	events := make(map[eventlog.Revision]eventlog.Event, len(parked))
	last := parked[len(parked)-1].Revision
	for e, err := range log.ReadStream(ctx, stream, parked[0].Revision, eventlog.Forwards) {
		if errors.Is(err, eventlog.ErrStreamDeleted) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("read parked events: %w", err)
		}
		if e.Revision > last {
			break
		}
		events[e.Revision] = e
	}
	return events, nil
}

// replay applies the first parked events of a stream in one transaction. It does
// nothing if they are not the first ones any more.
func (g Group) replay(ctx context.Context, pool *pgxpool.Pool, p place, stream string, parked []ParkedEvent, events map[eventlog.Revision]eventlog.Event) (done Replayed, err error) {
	err = pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
		done = Replayed{}
		if err := yields(ctx, tx); err != nil {
			return err
		}
		if err := p.lock(ctx, tx); err != nil {
			return err
		}
		now, err := readParked(ctx, tx, p, stream, len(parked))
		if err != nil || !slices.Equal(now, parked) {
			return err
		}
		for _, e := range parked {
			body, there := events[e.Revision]
			if !there || body.ID != e.EventID {
				done.Gone++
				continue
			}
			err := g.again(ctx, tx, p, body)
			var bad *inapplicable
			if errors.As(err, &bad) {
				f := failureOf(body, bad)
				done.Failure = &f
				break
			}
			if err != nil {
				return err
			}
			done.Applied++
		}
		done.Left, err = p.unpark(ctx, tx, stream, parked[:done.Applied+done.Gone], done.Failure)
		return err
	})
	return done, err
}

// again applies a parked event.
// Errors: *inapplicable.
func (g Group) again(ctx context.Context, tx pgx.Tx, p place, e eventlog.Event) error {
	f, ok, err := Decode(e)
	if err != nil {
		return undecodable(err)
	}
	if !ok {
		return nil
	}
	return g.alone(ctx, tx, p, f)
}

// lock has the projector wait before its next transaction.
func (p place) lock(ctx context.Context, tx pgx.Tx) error {
	tag, err := tx.Exec(ctx, "SELECT FROM rm.checkpoints WHERE group_name = $1 AND generation = $2 FOR UPDATE", p.group, p.number)
	if err != nil {
		return fmt.Errorf("lock checkpoint: %w", err)
	}
	if tag.RowsAffected() == 0 {
		return fmt.Errorf("%s was dropped meanwhile", p.schema)
	}
	return nil
}

// unpark removes events from those put aside, says of the next why it cannot be
// applied, and returns how many are left. With the last one gone the projector
// is told to look again.
func (p place) unpark(ctx context.Context, tx pgx.Tx, stream string, done []ParkedEvent, failure *Failure) (left int, err error) {
	ids := make([]string, len(done))
	for i, e := range done {
		ids[i] = e.EventID.String()
	}
	b := &pgx.Batch{}
	b.Queue("DELETE FROM rm.parked WHERE group_name = $1 AND generation = $2 AND stream = $3 AND event_id = ANY($4::uuid[])",
		p.group, p.number, stream, ids)
	if failure != nil {
		b.Queue("UPDATE rm.parked SET error = $4 WHERE group_name = $1 AND generation = $2 AND event_id = $3",
			p.group, p.number, failure.EventID, failure.Error)
	}
	b.Queue("SELECT count(*) FROM rm.parked WHERE group_name = $1 AND generation = $2 AND stream = $3", p.group, p.number, stream).
		QueryRow(func(row pgx.Row) error { return row.Scan(&left) })
	b.Queue(`
UPDATE rm.checkpoints SET parked_version = parked_version + 1
WHERE group_name = $1 AND generation = $2
	AND NOT EXISTS (SELECT FROM rm.parked WHERE group_name = $1 AND generation = $2 AND stream = $3)`, p.group, p.number, stream)
	if err := tx.SendBatch(ctx, b).Close(); err != nil {
		return 0, fmt.Errorf("take events from those put aside: %w", err)
	}
	return left, nil
}
