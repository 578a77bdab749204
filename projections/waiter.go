package projections

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/hirelog/hirelog/internal/eventlog"
	"github.com/hirelog/hirelog/readmodels"
)

// ErrBehind means that a group of read models did not reach a position in time.
var ErrBehind = errors.New("read models are behind")

// WaiterOptions says how a Waiter works. The zero value is usable.
type WaiterOptions struct {
	// Generations says which generation of a group is waited for, default the
	// live one, and is refreshed when another one becomes live.
	Generations *readmodels.Generations
	// Reread is how often the checkpoints are read besides being notified of,
	// which also finds out that the connection is dead; ten times as often while
	// a group lags. Default 2 s.
	Reread time.Duration
	// MinBackoff and MaxBackoff bound the jittered wait before the next attempt
	// to connect, which doubles each time. Default 50 ms and 5 s.
	MinBackoff, MaxBackoff time.Duration
	// Logger is told when the connection is lost and found. Default: nobody.
	Logger *slog.Logger
}

// Waiter knows how far each group of read models is, in any process that
// reaches the database, and lets queries wait for a position. It is safe for
// concurrent use. It works while Run does.
type Waiter struct {
	config *pgx.ConnConfig
	o      WaiterOptions
	live   map[string]int // live generation of each group, as Run read it last

	mu     sync.Mutex
	groups map[string]standing
	news   chan struct{} // closed and replaced when groups changed
}

// standing is how far the generation of a group that is served is known to be.
type standing struct {
	generation int
	position   eventlog.Position
	lag        time.Duration
	readAt     time.Time // when lag was read
}

// NewWaiter returns a waiter that connects as pool does, outside of it.
func NewWaiter(pool *pgxpool.Pool, o WaiterOptions) *Waiter {
	o.Reread = cmp.Or(o.Reread, 2*time.Second)
	o.MinBackoff = cmp.Or(o.MinBackoff, 50*time.Millisecond)
	o.MaxBackoff = cmp.Or(o.MaxBackoff, 5*time.Second)
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return &Waiter{config: pool.Config().ConnConfig, o: o, groups: make(map[string]standing), news: make(chan struct{})}
}

// Wait returns when the live generation of a group has reached a position: what
// is read then shows every event up to it. Start is reached at once by a group
// that exists.
// Errors: ErrBehind (wrapped) when ctx's deadline passes first.
func (w *Waiter) Wait(ctx context.Context, group string, position eventlog.Position) error {
	for {
		w.mu.Lock()
		s, known := w.groups[group]
		news := w.news
		w.mu.Unlock()
		if known && !position.After(s.position) {
			return nil
		}
		select {
		case <-news:
		case <-ctx.Done():
			if !errors.Is(ctx.Err(), context.DeadlineExceeded) {
				return ctx.Err()
			}
			return fmt.Errorf("group %s is at %s, not at %s: %w", group, s.position, position, ErrBehind)
		}
	}
}

// Position returns how far a group is known to be; ok is false if the group, or
// how far it is, is not known yet.
func (w *Waiter) Position(group string) (position eventlog.Position, ok bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	s, ok := w.groups[group]
	return s.position, ok
}

// Lag returns how long the log has been seen to hold events that a group does
// not show, or how long nobody has looked. It grows while the database is out
// of reach, and is ok=false for a group that is not known yet.
func (w *Waiter) Lag(group string) (lag time.Duration, ok bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	s, ok := w.groups[group]
	if unread := time.Since(s.readAt); ok && (s.lag > 0 || unread > 2*w.o.Reread) {
		return s.lag + unread, true
	}
	return s.lag, ok
}

// Run listens until ctx ends, and connects anew when the connection is lost.
func (w *Waiter) Run(ctx context.Context) {
	lost := false
	for failures := 0; ctx.Err() == nil; failures++ {
		err := w.listen(ctx, func() {
			if lost {
				w.o.Logger.Info("positions of read models are known again")
			}
			lost, failures = false, 0
		})
		if ctx.Err() != nil {
			return
		}
		if !lost {
			w.o.Logger.Warn("positions of read models are not known", "reason", reason(err))
		}
		lost = true
		wait := min(w.o.MaxBackoff, w.o.MinBackoff<<min(failures, 20))
		t := time.NewTimer(wait/2 + rand.N(wait/2+1))
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
		}
	}
}

// listen follows the notifications on one connection. It reads the checkpoints
// after it began to listen, so that none falls between.
func (w *Waiter) listen(ctx context.Context, connected func()) error {
	config := w.config.Copy()
	config.RuntimeParams["application_name"] = "hirelog listen"
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	defer func() {
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		_ = conn.Close(closing) // nothing is lost with it
	}()
	if _, err := conn.Exec(ctx, "LISTEN "+CheckpointChannel+"; LISTEN "+readmodels.GenerationChannel); err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	for first := true; ; first = false {
		if err := w.reread(ctx, conn); err != nil {
			return err
		}
		if first {
			connected()
		}
		if err := w.notified(ctx, conn); err != nil {
			return err
		}
	}
}

// notified takes notifications until the checkpoints are to be read again.
func (w *Waiter) notified(ctx context.Context, conn *pgx.Conn) error {
	until, cancel := context.WithTimeout(ctx, w.pause())
	defer cancel()
	for {
		n, err := conn.WaitForNotification(until)
		switch {
		case err != nil && until.Err() != nil && !conn.IsClosed():
			return ctx.Err()
		case err != nil:
			return fmt.Errorf("wait for notification: %w", err)
		}
		m, ok := parseMoved(n.Payload)
		if n.Channel != CheckpointChannel || !ok || !w.advance(m) {
			return nil // another generation: what is true now is in the table
		}
	}
}

// pause is how long the checkpoints are not read again: less while a group lags,
// whose notifications do not say that it lags no more.
func (w *Waiter) pause() time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, s := range w.groups {
		if s.lag > 0 {
			return w.o.Reread / 10
		}
	}
	return w.o.Reread
}

// parseMoved reads what moved.String wrote.
func parseMoved(payload string) (m moved, ok bool) {
	part := strings.Split(payload, ":")
	if len(part) != 4 {
		return m, false
	}
	generation, err1 := strconv.Atoi(part[1])
	commit, err2 := strconv.ParseUint(part[2], 10, 64)
	prepare, err3 := strconv.ParseUint(part[3], 10, 64)
	return moved{part[0], generation, eventlog.Position{Commit: commit, Prepare: prepare}}, errors.Join(err1, err2, err3) == nil
}

// advance takes in a notification. It returns false for a generation that was
// not known to be live.
func (w *Waiter) advance(m moved) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	s, known := w.groups[m.group]
	if !known || s.generation != m.generation {
		return false
	}
	if m.to.After(s.position) {
		s.position = m.to
		w.groups[m.group] = s
		w.tell()
	}
	return true
}

// tell wakes who waits. mu is held.
func (w *Waiter) tell() {
	close(w.news)
	w.news = make(chan struct{})
}

// reread reads the checkpoints of the generations that are served. Another
// generation may be further back.
func (w *Waiter) reread(ctx context.Context, conn *pgx.Conn) error {
	rows, err := conn.Query(ctx, `
SELECT group_name, generation, status = 'live', commit_position, prepare_position, `+lagSQL+`
FROM rm.generations JOIN rm.checkpoints USING (group_name, generation) WHERE status IN ('live', 'retired', 'verified')`)
	if err != nil {
		return fmt.Errorf("read checkpoints: %w", err)
	}
	type key struct {
		group      string
		generation int
	}
	read, live := make(map[key]standing), make(map[string]int)
	var group string
	var isLive bool
	var s standing
	_, err = pgx.ForEachRow(rows, []any{&group, &s.generation, &isLive, &s.position.Commit, &s.position.Prepare, &s.lag}, func() error {
		s.readAt = time.Now()
		read[key{group, s.generation}] = s
		if isLive {
			live[group] = s.generation
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("read checkpoints: %w", err)
	}
	if w.o.Generations != nil && !maps.Equal(live, w.live) {
		// Before anybody is told of another generation's position, queries read it.
		if err := w.o.Generations.Refresh(ctx); err != nil {
			return err
		}
	}
	w.live = live
	groups := make(map[string]standing)
	for group, generation := range live {
		if w.o.Generations != nil {
			generation = cmp.Or(w.o.Generations.Number(group), generation)
		}
		if s, ok := read[key{group, generation}]; ok {
			groups[group] = s
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.groups = groups
	w.tell()
	return nil
}
