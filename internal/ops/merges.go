package ops

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Merge is a command on its way that merges two candidates, or takes that back.
type Merge struct {
	Command uuid.UUID
	Into    string
	Other   string // who is merged into it
}

// Merges remembers the commands that merge candidates or take that back, so that
// one that was interrupted can be finished.
type Merges struct {
	pool *pgxpool.Pool
	now  func() time.Time
}

// Merges returns the merges kept where the arrivals are; nil for none.
func (a *Arrivals) Merges() *Merges {
	if a == nil {
		return nil
	}
	return &Merges{pool: a.pool, now: a.now}
}

// Begin notes a merge, durably. Errors: ErrUnavailable.
func (m *Merges) Begin(ctx context.Context, in Merge) error {
	const q = `INSERT INTO ops.merges (command_id, into_id, other_id, started_at) VALUES ($1, $2, $3, $4)
		ON CONFLICT (command_id) DO UPDATE SET into_id = excluded.into_id, other_id = excluded.other_id, started_at = excluded.started_at`
	if _, err := m.pool.Exec(ctx, q, in.Command, in.Into, in.Other, m.now().UTC()); err != nil {
		return fmt.Errorf("begin merge: %w: %w", ErrUnavailable, err)
	}
	return nil
}

// End forgets a merge that is complete or undone. Errors: ErrUnavailable.
func (m *Merges) End(ctx context.Context, command uuid.UUID) error {
	if _, err := m.pool.Exec(ctx, `DELETE FROM ops.merges WHERE command_id = $1`, command); err != nil {
		return fmt.Errorf("end merge: %w: %w", ErrUnavailable, err)
	}
	return nil
}

// Begun returns the merge that a command began and did not end.
// Errors: ErrUnavailable.
func (m *Merges) Begun(ctx context.Context, command uuid.UUID) (in Merge, ok bool, err error) {
	in.Command = command
	const q = `SELECT into_id::text, other_id::text FROM ops.merges WHERE command_id = $1`
	switch err := m.pool.QueryRow(ctx, q, command).Scan(&in.Into, &in.Other); {
	case errors.Is(err, pgx.ErrNoRows):
		return in, false, nil
	case err != nil:
		return in, false, fmt.Errorf("merge begun: %w: %w", ErrUnavailable, err)
	}
	return in, true, nil
}

// Interrupted returns at most 100 merges that began longer ago than age.
// Errors: ErrUnavailable.
func (m *Merges) Interrupted(ctx context.Context, age time.Duration) ([]Merge, error) {
	const q = `SELECT command_id, into_id::text, other_id::text FROM ops.merges WHERE started_at < $1 ORDER BY started_at LIMIT 100`
	rows, err := m.pool.Query(ctx, q, m.now().Add(-age).UTC())
	if err != nil {
		return nil, fmt.Errorf("interrupted merges: %w: %w", ErrUnavailable, err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Merge])
	if err != nil {
		return nil, fmt.Errorf("interrupted merges: %w: %w", ErrUnavailable, err)
	}
	return found, nil
}
