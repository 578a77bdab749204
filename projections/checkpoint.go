package projections

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/hirelog/hirelog/internal/eventlog"
)

// CheckpointChannel is the notification channel that says, by its payload
// "group:generation:commit:prepare", how far a generation is.
const CheckpointChannel = "hirelog_checkpoint"

// place is a generation and how far it is.
type place struct {
	group string
	generation
	at     Checkpoint
	parked map[string]bool // streams with events put aside
	// parkedVersion is of parked: who changes them besides the projector counts.
	parkedVersion int
}

// errMoved means that the checkpoint is not where it was: another projector
// moved it, an operator parked or replayed a stream, or the generation is no
// more. Nothing was written.
var errMoved = errors.New("checkpoint was moved by somebody else")

// readPlace reads how far a generation is.
func readPlace(ctx context.Context, db querier, group string, g generation) (place, error) {
	p := place{group: group, generation: g, parked: make(map[string]bool)}
	err := db.QueryRow(ctx, `
SELECT event_commit, event_prepare, event_id, commit_position, prepare_position, parked_version
FROM rm.checkpoints WHERE group_name = $1 AND generation = $2`, group, g.number).
		Scan(&p.at.Event.Commit, &p.at.Event.Prepare, &p.at.EventID, &p.at.Position.Commit, &p.at.Position.Prepare, &p.parkedVersion)
	if err != nil {
		return p, fmt.Errorf("read checkpoint of %s: %w", g.schema, err)
	}
	rows, err := db.Query(ctx, "SELECT DISTINCT stream FROM rm.parked WHERE group_name = $1 AND generation = $2", group, g.number)
	if err != nil {
		return p, fmt.Errorf("read parked streams of %s: %w", g.schema, err)
	}
	var stream string
	if _, err := pgx.ForEachRow(rows, []any{&stream}, func() error { p.parked[stream] = true; return nil }); err != nil {
		return p, fmt.Errorf("read parked streams of %s: %w", g.schema, err)
	}
	return p, nil
}

// claim locks the checkpoint for the transaction, if it is where p says.
// Errors: errMoved.
func (p place) claim(ctx context.Context, tx pgx.Tx) error {
	var one int
	err := tx.QueryRow(ctx, `
SELECT 1 FROM rm.checkpoints
WHERE group_name = $1 AND generation = $2 AND event_commit = $3 AND event_prepare = $4 AND event_id = $5 AND parked_version = $6
FOR UPDATE`,
		p.group, p.number, signed(p.at.Event.Commit), signed(p.at.Event.Prepare), p.at.EventID, p.parkedVersion).Scan(&one)
	if errors.Is(err, pgx.ErrNoRows) {
		return errMoved
	}
	if err != nil {
		return fmt.Errorf("lock checkpoint: %w", err)
	}
	return nil
}

// yields has the database end the transaction when this process is paused in
// it, so that nobody waits for what it holds for longer than that.
func yields(ctx context.Context, tx pgx.Tx) error {
	if _, err := tx.Exec(ctx, "SET LOCAL idle_in_transaction_session_timeout = '5s'"); err != nil {
		return fmt.Errorf("bound the transaction: %w", err)
	}
	return nil
}

// move sets the checkpoint, if it is where p says, and tells who waits; both are
// true when the transaction is.
// Errors: errMoved.
func (p place) move(ctx context.Context, tx pgx.Tx, to Checkpoint, holder uuid.UUID) error {
	if to.Position.Commit > math.MaxInt64 || to.Position.Prepare > math.MaxInt64 {
		return fmt.Errorf("position %s is beyond what can be stored", to.Position)
	}
	tag, err := tx.Exec(ctx, `
WITH moved AS (
	UPDATE rm.checkpoints SET
		event_commit = $6, event_prepare = $7, event_id = $8, commit_position = $9, prepare_position = $10,
		moved_at = clock_timestamp(), holder = $11, alive_at = clock_timestamp(), state = 'running', failure = NULL
	WHERE group_name = $1 AND generation = $2 AND event_commit = $3 AND event_prepare = $4 AND event_id = $5 AND parked_version = $14
	RETURNING 1
)
SELECT pg_notify($12, $13) FROM moved`,
		p.group, p.number, signed(p.at.Event.Commit), signed(p.at.Event.Prepare), p.at.EventID,
		signed(to.Event.Commit), signed(to.Event.Prepare), to.EventID, signed(to.Position.Commit), signed(to.Position.Prepare),
		holder, CheckpointChannel, moved{p.group, p.number, to.Position}.String(), p.parkedVersion)
	if err != nil {
		return fmt.Errorf("move checkpoint: %w", err)
	}
	if tag.RowsAffected() == 0 {
		return errMoved
	}
	return nil
}

// signed is a position as it is stored; the log's are file offsets, far below
// the bound.
func signed(position uint64) int64 { return int64(min(position, math.MaxInt64)) } //nolint:gosec // bounded

// moved is what a notification on CheckpointChannel says.
type moved struct {
	group      string
	generation int
	to         eventlog.Position
}

func (m moved) String() string {
	return fmt.Sprintf("%s:%d:%d:%d", m.group, m.generation, m.to.Commit, m.to.Prepare)
}

// stop stores that the generation is stopped and why.
func (p place) stop(ctx context.Context, db execer, f Failure) error {
	_, err := db.Exec(ctx, "UPDATE rm.checkpoints SET state = 'stopped', failure = $3 WHERE group_name = $1 AND generation = $2",
		p.group, p.number, f)
	if err != nil {
		return fmt.Errorf("store that %s is stopped: %w", p.schema, err)
	}
	return nil
}

// execer is a pool or a transaction.
type execer interface {
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
}
