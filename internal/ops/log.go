package ops

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// ErrForeignLog means that the database belongs to another event log.
var ErrForeignLog = errors.New("the database belongs to another event log")

// TieLog ties the database to a log, once and for all, or compares: keys, tokens
// and read models of one log mean nothing to another.
// Errors: ErrForeignLog, ErrUnavailable.
func TieLog(ctx context.Context, pool *pgxpool.Pool, log uuid.UUID) error {
	if _, err := pool.Exec(ctx, `INSERT INTO ops.log (log_id) VALUES ($1) ON CONFLICT DO NOTHING`, log); err != nil {
		return fmt.Errorf("tie the database to the log: %w: %w", ErrUnavailable, err)
	}
	var tied uuid.UUID
	if err := pool.QueryRow(ctx, `SELECT log_id FROM ops.log`).Scan(&tied); err != nil {
		return fmt.Errorf("tie the database to the log: %w: %w", ErrUnavailable, err)
	}
	if tied != log {
		return fmt.Errorf("%w: the event store holds log %s, the database wants %s; give the addresses that belong together", ErrForeignLog, log, tied)
	}
	return nil
}

// TiedLog returns the log the database is tied to, uuid.Nil if it is to none.
// Errors: ErrUnavailable.
func TiedLog(ctx context.Context, pool *pgxpool.Pool) (uuid.UUID, error) {
	var tied uuid.UUID
	err := pool.QueryRow(ctx, `SELECT log_id FROM ops.log`).Scan(&tied)
	if errors.Is(err, pgx.ErrNoRows) {
		return uuid.Nil, nil
	}
	if err != nil {
		return uuid.Nil, fmt.Errorf("read which log the database is tied to: %w: %w", ErrUnavailable, err)
	}
	return tied, nil
}
