package projections

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/hirelog/hirelog/internal/eventlog"
	"github.com/hirelog/hirelog/readmodels"
)

// parkedEvent is an event put aside; why is empty for one that only waits for an
// earlier one of its stream.
type parkedEvent struct {
	eventlog.Event
	why string
}

// park queues the putting aside of events; one that an operator has parked is
// there already.
func (p place) park(b *pgx.Batch, events []parkedEvent) {
	for _, e := range events {
		var why *string
		if e.why != "" {
			why = &e.why
		}
		b.Queue(`
INSERT INTO rm.parked (group_name, generation, commit_position, prepare_position, stream, revision, event_id, event_type, error)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT DO NOTHING`,
			p.group, p.number, signed(e.Position.Commit), signed(e.Position.Prepare), e.Stream, int64(e.Revision), e.ID, e.Type, why)
	}
}

// ParkedEvent is an event put aside in the generation of a group that this build
// serves.
type ParkedEvent struct {
	Stream   string
	Revision eventlog.Revision
	Position eventlog.Position
	EventID  uuid.UUID
	Type     string
	// Error is why it could not be applied, without personal data; empty for an
	// event that only waits for an earlier one of its stream.
	Error    string
	ParkedAt time.Time
}

// ReadParked returns the events put aside in the generation of a group that this
// build serves, in the order of the log: those of one stream, or of all if it is
// empty.
func ReadParked(ctx context.Context, pool *pgxpool.Pool, g Group, stream string) ([]ParkedEvent, error) {
	served, err := servedGeneration(ctx, pool, g)
	if errors.Is(err, readmodels.ErrNoGeneration) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return readParked(ctx, pool, place{group: g.Name, generation: served}, stream, 0)
}

// readParked returns at most limit events, all if it is 0.
func readParked(ctx context.Context, db querier, p place, stream string, limit int) ([]ParkedEvent, error) {
	rows, err := db.Query(ctx, `
SELECT stream, revision, commit_position, prepare_position, event_id, event_type, coalesce(error, ''), parked_at
FROM rm.parked WHERE group_name = $1 AND generation = $2 AND ($3 = '' OR stream = $3)
ORDER BY commit_position, prepare_position LIMIT nullif($4, 0)`, p.group, p.number, stream, limit)
	if err != nil {
		return nil, fmt.Errorf("read parked events of %s: %w", p.schema, err)
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[parkedRow])
	if err != nil {
		return nil, fmt.Errorf("read parked events of %s: %w", p.schema, err)
	}
	events := make([]ParkedEvent, len(all))
	for i, r := range all {
		events[i] = ParkedEvent{
			Stream: r.Stream, Revision: r.Revision, Position: eventlog.Position{Commit: r.Commit, Prepare: r.Prepare},
			EventID: r.EventID, Type: r.Type, Error: r.Error, ParkedAt: r.ParkedAt,
		}
	}
	return events, nil
}

// CountParked returns how many events are put aside in the live generations of
// all groups.
func CountParked(ctx context.Context, pool *pgxpool.Pool) (n int, err error) {
	err = pool.QueryRow(ctx, `
SELECT count(*) FROM rm.parked JOIN rm.generations USING (group_name, generation) WHERE status = 'live'`).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("count parked events: %w", err)
	}
	return n, nil
}

type parkedRow struct {
	Stream          string
	Revision        eventlog.Revision
	Commit, Prepare uint64
	EventID         uuid.UUID
	Type, Error     string
	ParkedAt        time.Time
}

// The reasons why there is nothing to park.
var (
	// ErrNotStopped: the group follows the log.
	ErrNotStopped = errors.New("the group is not stopped at an event")
	// ErrKept: the event's stream is one of Group.Kept.
	ErrKept = errors.New("others must not be shown without this stream")
)

// ParkStopped puts the event at which a group is stopped aside, and with it all later
// ones of its stream, in order; the projector at work, or the next one, goes on
// with the other streams. Replay applies them once they can be. It returns the
// event.
// Errors: ErrNotStopped, ErrKept.
func ParkStopped(ctx context.Context, pool *pgxpool.Pool, g Group) (Failure, error) {
	var f Failure
	err := pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
		live, err := servedGeneration(ctx, tx, g)
		if errors.Is(err, readmodels.ErrNoGeneration) {
			return ErrNotStopped
		}
		if err != nil {
			return err
		}
		err = tx.QueryRow(ctx, `
SELECT failure FROM rm.checkpoints
WHERE group_name = $1 AND generation = $2 AND state = 'stopped' AND failure->>'stream' <> '' FOR UPDATE`,
			g.Name, live.number).Scan(&f)
		switch {
		case errors.Is(err, pgx.ErrNoRows):
			return ErrNotStopped
		case err != nil:
			return err
		case g.keeps(f.Stream):
			return fmt.Errorf("%w: %s", ErrKept, f.Stream)
		}
		at, err := eventlog.ParsePosition(f.Position)
		if err != nil {
			return err
		}
		b := &pgx.Batch{}
		p := place{group: g.Name, generation: live}
		p.park(b, []parkedEvent{{eventlog.Event{
			ID: f.EventID, Stream: f.Stream, Revision: f.Revision, Position: at, Type: f.Type,
		}, f.Error}})
		b.Queue(`
UPDATE rm.checkpoints SET state = 'running', failure = NULL, parked_version = parked_version + 1
WHERE group_name = $1 AND generation = $2`, g.Name, live.number)
		return tx.SendBatch(ctx, b).Close()
	})
	if err != nil {
		return f, fmt.Errorf("park in group %s: %w", g.Name, err)
	}
	return f, nil
}
