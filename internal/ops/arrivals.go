package ops

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Arrival is an application on its way in.
type Arrival struct {
	Application string
	Job         string
	From        string // application it goes on from; empty = none
}

// Arrivals remembers the applications that are being received, so that one
// that was interrupted can be finished or undone.
type Arrivals struct {
	pool *pgxpool.Pool
	now  func() time.Time
}

// NewArrivals returns the arrivals kept in pool. now is time.Now if nil.
func NewArrivals(pool *pgxpool.Pool, now func() time.Time) *Arrivals {
	if now == nil {
		now = time.Now
	}
	return &Arrivals{pool: pool, now: now}
}

// Begin notes an arrival, durably. Errors: ErrUnavailable.
func (a *Arrivals) Begin(ctx context.Context, in Arrival) error {
	const q = `INSERT INTO ops.arrivals (application_id, job_id, started_at, from_id) VALUES ($1, $2, $3, nullif($4, '')::uuid)
		ON CONFLICT (application_id) DO UPDATE SET started_at = excluded.started_at`
	if _, err := a.pool.Exec(ctx, q, in.Application, in.Job, a.now().UTC(), in.From); err != nil {
		return fmt.Errorf("begin arrival: %w: %w", ErrUnavailable, err)
	}
	return nil
}

// End forgets an arrival that is complete or undone. Errors: ErrUnavailable.
func (a *Arrivals) End(ctx context.Context, application string) error {
	if _, err := a.pool.Exec(ctx, `DELETE FROM ops.arrivals WHERE application_id = $1`, application); err != nil {
		return fmt.Errorf("end arrival: %w: %w", ErrUnavailable, err)
	}
	return nil
}

// BeginAll notes arrivals, durably. Errors: ErrUnavailable.
func (a *Arrivals) BeginAll(ctx context.Context, all []Arrival) error {
	const q = `INSERT INTO ops.arrivals (application_id, job_id, started_at) SELECT DISTINCT ON (a) a, j, $3 FROM unnest($1::uuid[], $2::uuid[]) AS new (a, j) ORDER BY a
		ON CONFLICT (application_id) DO UPDATE SET started_at = excluded.started_at`
	var applications, jobs []string
	for _, in := range all {
		applications, jobs = append(applications, in.Application), append(jobs, in.Job)
	}
	if _, err := a.pool.Exec(ctx, q, applications, jobs, a.now().UTC()); err != nil {
		return fmt.Errorf("begin arrivals: %w: %w", ErrUnavailable, err)
	}
	return nil
}

// EndAll forgets arrivals that are complete or undone. Errors: ErrUnavailable.
func (a *Arrivals) EndAll(ctx context.Context, applications []string) error {
	if _, err := a.pool.Exec(ctx, `DELETE FROM ops.arrivals WHERE application_id = ANY($1::uuid[])`, applications); err != nil {
		return fmt.Errorf("end arrivals: %w: %w", ErrUnavailable, err)
	}
	return nil
}

// Interrupted returns at most 100 arrivals that began longer ago than age.
// Errors: ErrUnavailable.
func (a *Arrivals) Interrupted(ctx context.Context, age time.Duration) ([]Arrival, error) {
	rows, err := a.pool.Query(ctx, `SELECT application_id::text, job_id::text, coalesce(from_id::text, '') FROM ops.arrivals WHERE started_at < $1 ORDER BY started_at LIMIT 100`, a.now().Add(-age).UTC())
	if err != nil {
		return nil, fmt.Errorf("interrupted arrivals: %w: %w", ErrUnavailable, err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Arrival])
	if err != nil {
		return nil, fmt.Errorf("interrupted arrivals: %w: %w", ErrUnavailable, err)
	}
	return found, nil
}
