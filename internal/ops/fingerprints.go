package ops

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// FingerprintsKept is how long it is remembered what was asked under an
// idempotency key.
const FingerprintsKept = 7 * 24 * time.Hour

// ErrKeyReused means that an idempotency key was used before for another
// request.
var ErrKeyReused = errors.New("idempotency key was used for another request")

// maxWaiting is the most requests that wait to be remembered together.
const maxWaiting = 512

// Fingerprints remembers what was asked under which command id. Requests that
// arrive together are remembered by one statement. Losing the last ones in a
// crash costs only the refusal of a reused key, so the statement does not wait
// for the disk. It is safe for concurrent use.
type Fingerprints struct {
	pool   *pgxpool.Pool
	now    func() time.Time
	logger *slog.Logger
	asks   chan *ask
	done   chan struct{}
}

type ask struct {
	command     uuid.UUID
	fingerprint [32]byte
	seen        bool
	err         error
	answered    chan struct{}
}

// NewFingerprints returns fingerprints kept in pool and starts the goroutine
// that writes them, which ends with ctx. Wait for it with Wait.
func NewFingerprints(ctx context.Context, pool *pgxpool.Pool, now func() time.Time, logger *slog.Logger) *Fingerprints {
	if now == nil {
		now = time.Now
	}
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	f := &Fingerprints{pool: pool, now: now, logger: logger, asks: make(chan *ask, maxWaiting), done: make(chan struct{})}
	go f.run(ctx)
	return f
}

// Wait returns when the writing goroutine has ended.
func (f *Fingerprints) Wait() { <-f.done }

// Remember notes that command asks for what fingerprint is of. seen is true
// when it asked for the same before. Errors: ErrKeyReused; ErrUnavailable; ctx's.
func (f *Fingerprints) Remember(ctx context.Context, command uuid.UUID, fingerprint [32]byte) (seen bool, err error) {
	a := &ask{command: command, fingerprint: fingerprint, answered: make(chan struct{})}
	select {
	case f.asks <- a:
	case <-f.done:
		return false, ErrUnavailable
	case <-ctx.Done():
		return false, fmt.Errorf("fingerprint: %w", ctx.Err())
	}
	select {
	case <-a.answered:
		return a.seen, a.err
	case <-f.done:
		return false, ErrUnavailable
	case <-ctx.Done():
		return false, fmt.Errorf("fingerprint: %w", ctx.Err())
	}
}

func (f *Fingerprints) run(ctx context.Context) {
	defer close(f.done)
	tidy := time.NewTicker(time.Hour)
	defer tidy.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tidy.C:
			f.tidy(ctx)
		case a := <-f.asks:
			f.answer(ctx, f.together(a))
		}
	}
}

// together returns a with everybody else who waits by now.
func (f *Fingerprints) together(a *ask) []*ask {
	batch := []*ask{a}
	for len(batch) < maxWaiting {
		select {
		case more := <-f.asks:
			batch = append(batch, more)
		default:
			return batch
		}
	}
	return batch
}

// answer remembers a batch and tells everybody in it.
func (f *Fingerprints) answer(ctx context.Context, batch []*ask) {
	known, err := f.write(ctx, batch)
	for _, a := range batch {
		switch have, ok := known[a.command]; {
		case err != nil:
			a.err = fmt.Errorf("fingerprints: %w: %w", ErrUnavailable, err)
		case !ok:
			known[a.command] = a.fingerprint // the first of this batch
		case have != a.fingerprint:
			a.err = ErrKeyReused
		default:
			a.seen = true
		}
		close(a.answered)
	}
}

// write stores what is new of batch and returns what was there before.
func (f *Fingerprints) write(ctx context.Context, batch []*ask) (map[uuid.UUID][32]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	commands, prints := make([]uuid.UUID, len(batch)), make([][]byte, len(batch))
	for i, a := range batch {
		commands[i], prints[i] = a.command, a.fingerprint[:]
	}
	const q = `
		WITH asked AS (
			SELECT DISTINCT ON (command_id) command_id, fingerprint
			FROM unnest($1::uuid[], $2::bytea[]) AS a (command_id, fingerprint)
			ORDER BY command_id
		), stored AS (
			INSERT INTO ops.fingerprints (command_id, fingerprint, asked_at)
			SELECT command_id, fingerprint, $3 FROM asked
			ON CONFLICT (command_id) DO NOTHING
		)
		SELECT f.command_id, f.fingerprint FROM ops.fingerprints f WHERE f.command_id = ANY ($1)`
	known := map[uuid.UUID][32]byte{}
	err := pgx.BeginFunc(ctx, f.pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `SET LOCAL synchronous_commit = off`); err != nil {
			return err
		}
		rows, err := tx.Query(ctx, q, commands, prints, f.now().UTC())
		if err != nil {
			return err
		}
		var id uuid.UUID
		var print []byte
		_, err = pgx.ForEachRow(rows, []any{&id, &print}, func() error {
			known[id] = [32]byte(print)
			return nil
		})
		return err
	})
	return known, err
}

// tidy forgets what is older than FingerprintsKept.
func (f *Fingerprints) tidy(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	if _, err := f.pool.Exec(ctx, `DELETE FROM ops.fingerprints WHERE asked_at < $1`, f.now().Add(-FingerprintsKept).UTC()); err != nil {
		f.logger.Warn("old fingerprints were not forgotten", "error", err)
	}
}
