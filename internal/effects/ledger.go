package effects

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/hirelog/hirelog/internal/eventlog"
)

// State is what became of an effect.
type State string

// The states. All but Planned are final, except that an operator may have a
// failed one tried again.
const (
	Planned   State = "planned"
	Done      State = "done"      // it was recorded, at Result
	Cancelled State = "cancelled" // when its time had come there was no reason any more
	Refused   State = "refused"   // a rule said no; Reason is the refusal's code
	Failed    State = "failed"    // it could not be done, for as long as it was tried
)

// Entry is an effect in the ledger.
type Entry struct {
	ID         uuid.UUID
	Event      uuid.UUID // it follows from
	Stream     string    // of that event
	Revision   eventlog.Revision
	Purpose    string
	Kind       Kind
	Subject    string
	Object     string // empty if it is about the whole
	PlannedAt  time.Time
	PlannedFor time.Time
	State      State
	Attempts   int    // that failed
	Reason     string // of the last failure, or of the refusal; a code, no values
	FinishedAt *time.Time
	// Result is where it was recorded that it was done, if it was.
	Result *eventlog.Position
}

const entryColumns = `effect_id, event_id, event_stream, event_revision, purpose, kind, subject_id::text, coalesce(object_id::text, ''),
	planned_at, planned_for, state, attempts, coalesce(reason, ''), finished_at, result_commit, result_prepare`

func scanEntry(row pgx.CollectableRow) (Entry, error) {
	var e Entry
	var commit, prepare *int64
	err := row.Scan(&e.ID, &e.Event, &e.Stream, &e.Revision, &e.Purpose, &e.Kind, &e.Subject, &e.Object,
		&e.PlannedAt, &e.PlannedFor, &e.State, &e.Attempts, &e.Reason, &e.FinishedAt, &commit, &prepare)
	if commit != nil && prepare != nil {
		e.Result = &eventlog.Position{Commit: uint64(*commit), Prepare: uint64(*prepare)} //nolint:gosec // it was one
	}
	return e, err
}

// Ledger knows what was planned and what became of it. It is safe for concurrent
// use.
type Ledger struct{ pool *pgxpool.Pool }

// NewLedger returns the ledger kept in pool.
func NewLedger(pool *pgxpool.Pool) *Ledger { return &Ledger{pool: pool} }

// Of returns the effects that are about an aggregate, in the order of when they
// are planned for.
func (l *Ledger) Of(ctx context.Context, subject string) ([]Entry, error) {
	rows, err := l.pool.Query(ctx, `SELECT `+entryColumns+` FROM ops.effects WHERE subject_id = $1 ORDER BY planned_for, effect_id`, subject)
	if err != nil {
		return nil, fmt.Errorf("effects of %s: %w", subject, err)
	}
	entries, err := pgx.CollectRows(rows, scanEntry)
	if err != nil {
		return nil, fmt.Errorf("effects of %s: %w", subject, err)
	}
	return entries, nil
}

// errNoEffect means that the ledger does not hold an effect: its job is of a
// database that was copied, or somebody deleted a row.
var errNoEffect = errors.New("the ledger does not know the effect")

func (l *Ledger) get(ctx context.Context, id uuid.UUID) (Entry, error) {
	rows, err := l.pool.Query(ctx, `SELECT `+entryColumns+` FROM ops.effects WHERE effect_id = $1`, id)
	if err != nil {
		return Entry{}, fmt.Errorf("effect %s: %w", id, err)
	}
	e, err := pgx.CollectExactlyOneRow(rows, scanEntry)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return e, fmt.Errorf("effect %s: %w", id, errNoEffect)
	case err != nil:
		return e, fmt.Errorf("effect %s: %w", id, err)
	}
	return e, nil
}

// finish writes down what became of an effect, unless that was done before.
func (l *Ledger) finish(ctx context.Context, id uuid.UUID, o Outcome) error {
	var stream *string
	var revision, commit, prepare *int64
	if o.State == Done {
		r, c, p := int64(o.Revision), int64(o.Position.Commit), int64(o.Position.Prepare) //nolint:gosec // positions are file offsets
		stream, revision, commit, prepare = &o.Stream, &r, &c, &p
	}
	_, err := l.pool.Exec(ctx, `
UPDATE ops.effects SET state = $2, reason = NULLIF($3, ''), finished_at = clock_timestamp(),
	result_stream = $4, result_revision = $5, result_commit = $6, result_prepare = $7
WHERE effect_id = $1 AND state = 'planned'`, id, o.State, o.Reason, stream, revision, commit, prepare)
	if err != nil {
		return fmt.Errorf("effect %s is %s: %w", id, o.State, err)
	}
	return nil
}

// missed counts an attempt that failed.
func (l *Ledger) missed(ctx context.Context, id uuid.UUID, reason string) (attempts int, err error) {
	err = l.pool.QueryRow(ctx, `UPDATE ops.effects SET attempts = attempts + 1, reason = $2 WHERE effect_id = $1 RETURNING attempts`, id, reason).Scan(&attempts)
	if err != nil {
		return 0, fmt.Errorf("effect %s failed for now: %w", id, err)
	}
	return attempts, nil
}

// Overdue counts the effects that should have been carried out longer ago than
// age.
func (l *Ledger) Overdue(ctx context.Context, age time.Duration) (n int, err error) {
	err = l.pool.QueryRow(ctx, `SELECT count(*) FROM ops.effects WHERE state = 'planned' AND planned_for < clock_timestamp() - $1::interval
		AND planned_at < clock_timestamp() - $1::interval`, age).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("overdue effects: %w", err)
	}
	return n, nil
}

// Failed returns the effects nobody tries any more, at most a hundred.
func (l *Ledger) Failed(ctx context.Context) ([]Entry, error) {
	rows, err := l.pool.Query(ctx, `SELECT `+entryColumns+` FROM ops.effects WHERE state = 'failed' ORDER BY finished_at DESC, effect_id LIMIT 100`)
	if err != nil {
		return nil, fmt.Errorf("failed effects: %w", err)
	}
	entries, err := pgx.CollectRows(rows, scanEntry)
	if err != nil {
		return nil, fmt.Errorf("failed effects: %w", err)
	}
	return entries, nil
}

// CountFailed counts the effects nobody tries any more.
func (l *Ledger) CountFailed(ctx context.Context) (n int, err error) {
	if err = l.pool.QueryRow(ctx, `SELECT count(*) FROM ops.effects WHERE state = 'failed'`).Scan(&n); err != nil {
		return 0, fmt.Errorf("failed effects: %w", err)
	}
	return n, nil
}

// Through returns up to where effects were decided: those of later events are
// not in the ledger yet. It is eventlog.Start if a reactor has not begun.
func (l *Ledger) Through(ctx context.Context) (eventlog.Position, error) {
	c, _, err := At(ctx, l.pool, Recruiting())
	if errors.Is(err, ErrNoStart) {
		return eventlog.Start, nil
	}
	return c.Event, err
}
