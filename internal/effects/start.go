package effects

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/hirelog/hirelog/internal/eventlog"
)

// ErrNoStart means that a reactor has no checkpoint on a log that has a history:
// looking at it all might do again what was done long ago, and passing over it
// might leave undone what is wanted. Somebody decides: see StartAt.
var ErrNoStart = errors.New("it was never said where to begin on a log that has a history: see `hirelog effects start`")

// Begin lets reactors begin at the beginning of a log that nobody has written to
// yet. On any other it does nothing. Whoever writes to a new log calls it first.
func Begin(ctx context.Context, pool *pgxpool.Pool, log eventlog.Log, reactors ...Reactor) error {
	for e, err := range log.ReadAll(ctx, eventlog.Start, eventlog.Forwards) {
		if err != nil {
			return fmt.Errorf("begin with effects: %w", err)
		}
		if !eventlog.NamesTheLog(e) {
			return nil
		}
	}
	for _, r := range reactors {
		_, err := pool.Exec(ctx, `INSERT INTO ops.reactors (name, event_commit, event_prepare, event_id) VALUES ($1, 0, 0, $2) ON CONFLICT DO NOTHING`, r.Name, uuid.Nil)
		if err != nil {
			return fmt.Errorf("begin with effects: %w", err)
		}
	}
	return nil
}

// Checkpoint is how far a reactor has looked at the log: the last event looked
// at.
type Checkpoint struct {
	Event eventlog.Position
	ID    uuid.UUID
}

// StartAt has a reactor go on behind the event at a position, wherever it was
// before; eventlog.Start is the beginning. What it has planned stays planned, and
// is not planned again. It begins with nothing that was recorded up to there.
// Errors: errors that say what there is instead, when no event is at the position.
func StartAt(ctx context.Context, pool *pgxpool.Pool, log eventlog.Log, r Reactor, at eventlog.Position) error {
	c := Checkpoint{Event: at}
	if at != eventlog.Start {
		found := false
		for e, err := range log.ReadAll(ctx, before(at), eventlog.Forwards) {
			if err != nil {
				return fmt.Errorf("start effects at %s: %w", at, err)
			}
			if found = e.Position == at; found {
				c.ID = e.ID
			}
			break
		}
		if !found {
			return fmt.Errorf("there is no event at position %s", at)
		}
	}
	return place(ctx, pool, r, c)
}

// before is the greatest position before p.
func before(p eventlog.Position) eventlog.Position {
	if p.Prepare > 0 {
		return eventlog.Position{Commit: p.Commit, Prepare: p.Prepare - 1}
	}
	return eventlog.Position{Commit: p.Commit - 1, Prepare: p.Commit - 1}
}

// StartNow has a reactor go on behind everything the log holds. It returns the
// position of the last event.
// Errors: those of the log.
func StartNow(ctx context.Context, pool *pgxpool.Pool, log eventlog.Log, r Reactor) (eventlog.Position, error) {
	var c Checkpoint
	for e, err := range log.ReadAll(ctx, eventlog.Start, eventlog.Backwards) {
		if err != nil {
			return eventlog.Start, fmt.Errorf("start effects now: %w", err)
		}
		c = Checkpoint{Event: e.Position, ID: e.ID}
		break
	}
	return c.Event, place(ctx, pool, r, c)
}

func place(ctx context.Context, pool *pgxpool.Pool, r Reactor, c Checkpoint) error {
	_, err := pool.Exec(ctx, `
INSERT INTO ops.reactors (name, event_commit, event_prepare, event_id) VALUES ($1, $2, $3, $4)
ON CONFLICT (name) DO UPDATE SET event_commit = $2, event_prepare = $3, event_id = $4, started_at = clock_timestamp(), moved_at = clock_timestamp(), failure = NULL`,
		r.Name, int64(c.Event.Commit), int64(c.Event.Prepare), c.ID) //nolint:gosec // positions are file offsets
	if err != nil {
		return fmt.Errorf("start effects: %w", err)
	}
	return nil
}

// At returns how far a reactor has looked, and why it is stopped, if it is.
// Errors: ErrNoStart.
func At(ctx context.Context, pool *pgxpool.Pool, r Reactor) (Checkpoint, *Failure, error) {
	var c Checkpoint
	var f *Failure
	err := pool.QueryRow(ctx, `SELECT event_commit, event_prepare, event_id, failure FROM ops.reactors WHERE name = $1`, r.Name).
		Scan(&c.Event.Commit, &c.Event.Prepare, &c.ID, &f)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return c, nil, ErrNoStart
	case err != nil:
		return c, nil, fmt.Errorf("checkpoint of %s: %w", r.Name, err)
	}
	return c, f, nil
}

// Failure says at which event a reactor is stopped, and why. It holds ids and
// kinds, no values.
type Failure struct {
	Stream   string            `json:"stream,omitempty"` // empty when it is no event's fault
	Revision eventlog.Revision `json:"revision,omitempty"`
	EventID  uuid.UUID         `json:"event_id,omitzero"`
	Type     string            `json:"type,omitempty"`
	Error    string            `json:"error"`
}

func (f Failure) String() string {
	if f.Stream == "" {
		return f.Error
	}
	return fmt.Sprintf("event %s, %s, revision %d of %s: %s", f.EventID, f.Type, f.Revision, f.Stream, f.Error)
}
