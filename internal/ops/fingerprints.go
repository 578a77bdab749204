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
	done   chan struct{} // closed when nothing is answered any more
	tidied chan struct{} // closed when nothing is forgotten any more
}

type ask struct {
	command     uuid.UUID
	fingerprint [32]byte
	seen        bool
	err         error
	answered    chan struct{}
}

// NewFingerprints returns fingerprints kept in pool and starts the goroutines
// that write them and forget old ones, which end with ctx. Wait for them with
// Wait. now is time.Now if nil; a nil logger discards.
func NewFingerprints(ctx context.Context, pool *pgxpool.Pool, now func() time.Time, logger *slog.Logger) *Fingerprints {
	if now == nil {
		now = time.Now
	}
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	f := &Fingerprints{
		pool: pool, now: now, logger: logger,
		asks: make(chan *ask, maxWaiting), done: make(chan struct{}), tidied: make(chan struct{}),
	}
	go f.run(ctx)
	go f.keepTidy(ctx)
	return f
}

// Wait returns when the goroutines have ended.
func (f *Fingerprints) Wait() { <-f.done; <-f.tidied }

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

// Keep notes, durably, what a command answered that was remembered before. It
// is for one that changed nothing: the log recognises the others.
// Errors: ErrUnavailable.
func (f *Fingerprints) Keep(ctx context.Context, command uuid.UUID, answer []byte) error {
	tag, err := f.pool.Exec(ctx, `UPDATE ops.fingerprints SET answer = $2 WHERE command_id = $1`, command, answer)
	switch {
	case err != nil:
		return fmt.Errorf("keep answer: %w: %w", ErrUnavailable, err)
	case tag.RowsAffected() == 0:
		return fmt.Errorf("keep answer: %w: the request was not remembered", ErrUnavailable)
	}
	return nil
}

// Kept returns what Keep noted, or nil if it noted nothing.
// Errors: ErrUnavailable.
func (f *Fingerprints) Kept(ctx context.Context, command uuid.UUID) (answer []byte, err error) {
	err = f.pool.QueryRow(ctx, `SELECT answer FROM ops.fingerprints WHERE command_id = $1`, command).Scan(&answer)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return nil, fmt.Errorf("kept answer: %w: %w", ErrUnavailable, err)
	}
	return answer, nil
}

func (f *Fingerprints) run(ctx context.Context) {
	defer close(f.done)
	for {
		select {
		case <-ctx.Done():
			return
		case a := <-f.asks:
			f.answer(ctx, f.together(a))
		}
	}
}

// keepTidy forgets old fingerprints soon after the start, then every hour.
func (f *Fingerprints) keepTidy(ctx context.Context) {
	defer close(f.tidied)
	next := time.NewTimer(time.Minute)
	defer next.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-next.C:
			f.tidy(ctx)
			next.Reset(time.Hour)
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
	first := make(map[uuid.UUID]*ask, len(batch)) // of the batch, by command
	for _, a := range batch {
		if first[a.command] == nil {
			first[a.command] = a
		}
	}
	known, err := f.write(ctx, first)
	for _, a := range batch {
		have, before := known[a.command]
		if !before {
			have = first[a.command].fingerprint
		}
		switch {
		case err != nil:
			a.err = fmt.Errorf("fingerprints: %w: %w", ErrUnavailable, err)
		case have != a.fingerprint:
			a.err = ErrKeyReused
		default:
			a.seen = before || first[a.command] != a
		}
		close(a.answered)
	}
}

// write stores the asks that are new and returns what the others asked before.
func (f *Fingerprints) write(ctx context.Context, asks map[uuid.UUID]*ask) (map[uuid.UUID][32]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	commands, prints := make([]uuid.UUID, 0, len(asks)), make([][]byte, 0, len(asks))
	for _, a := range asks {
		commands, prints = append(commands, a.command), append(prints, a.fingerprint[:])
	}
	// In one order, so that two processes with the same commands wait for each
	// other and never both at once.
	const store = `
		INSERT INTO ops.fingerprints (command_id, fingerprint, asked_at)
		SELECT command_id, fingerprint, $3 FROM unnest($1::uuid[], $2::bytea[]) AS a (command_id, fingerprint) ORDER BY command_id
		ON CONFLICT (command_id) DO NOTHING
		RETURNING command_id`
	const read = `SELECT command_id, fingerprint FROM ops.fingerprints WHERE command_id = ANY ($1) AND NOT command_id = ANY ($2)`
	known := map[uuid.UUID][32]byte{}
	// One round trip: what a batch holds is one transaction, whose commit does not
	// wait for the disk.
	var stored []uuid.UUID
	b := &pgx.Batch{}
	b.Queue(`SELECT set_config('synchronous_commit', 'off', true)`)
	b.Queue(store, commands, prints, f.now().UTC()).Query(func(rows pgx.Rows) (err error) {
		stored, err = pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
		return err
	})
	if err := f.pool.SendBatch(ctx, b).Close(); err != nil || len(stored) == len(commands) {
		return known, err
	}
	// A statement of its own: it sees the rows that were waited for.
	rows, err := f.pool.Query(ctx, read, commands, stored)
	if err != nil {
		return known, err
	}
	var id uuid.UUID
	var print []byte
	_, err = pgx.ForEachRow(rows, []any{&id, &print}, func() error {
		known[id] = [32]byte(print)
		return nil
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
