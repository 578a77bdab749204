package eventlog

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
)

// lane hands out the current generation and replaces it. Whatever it does or
// waits for is over when life ends.
type lane struct {
	name     string
	config   esdb.Configuration
	log      *slog.Logger
	life     context.Context
	maxStuck int
	epoch    time.Time // what generation.answered counts from
	// awayAfter is how long connecting may fail before calls no longer wait for
	// it; 0 means that they wait for ever.
	awayAfter time.Duration

	mu         sync.Mutex
	current    *generation   // takes new calls; nil if none is connected
	connecting bool          // a goroutine is at it
	waiting    int           // calls that need current
	changed    chan struct{} // closed when current or away is set or the lane shut
	failure    error         // why connecting failed last
	since      time.Time     // when the goroutine at it began
	away       bool          // it has been at it for awayAfter; it goes on until it succeeds
	closed     bool
	open       int           // generations not closed
	empty      chan struct{} // closed when the lane is shut and open is 0
	counts     laneStats
}

type laneStats struct {
	made, failed, abandoned uint64
	stuck, inFlight         int
}

// generation is one client of EventStoreDB's library with its connection. What
// is guarded is guarded by its lane's mu.
type generation struct {
	lane     *lane
	raw      *esdb.Client
	answered atomic.Int64 // when the server last answered a call, since lane.epoch
	silent   atomic.Int64 // when the first call began that it has not answered since; 0 if none

	calls    int           // calls that may still touch raw
	entering int           // of them, those that may still ask raw for its connection
	retired  bool          // takes no new calls
	settled  chan struct{} // closed when retired and entering is 0
}

func newLane(life context.Context, name string, config esdb.Configuration, o ClientOptions) *lane {
	return &lane{
		name: name, config: config, life: life, maxStuck: o.MaxStuckCalls,
		log:     o.Logger.With("lane", name),
		epoch:   time.Now(),
		changed: make(chan struct{}),
		empty:   make(chan struct{}),
	}
}

func (l *lane) stats() laneStats {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.counts
}

// acquire returns a connected generation and counts a call on it, which must be
// released. It waits until there is one, or ctx ends, or the event store is away.
func (l *lane) acquire(ctx context.Context) (*generation, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for {
		switch {
		case l.closed:
			return nil, ErrClosed
		case l.counts.stuck >= l.maxStuck:
			return nil, fmt.Errorf("%d calls are stuck: %w", l.counts.stuck, ErrUnavailable)
		case l.current != nil:
			g := l.current
			g.calls++
			g.entering++
			l.counts.inFlight++
			return g, nil
		case l.away:
			return nil, fmt.Errorf("connect: %w: %w", ErrAway, l.failure)
		case !l.connecting:
			l.connecting, l.since = true, time.Now()
			go l.connect()
		}
		if err := l.await(ctx); err != nil {
			return nil, err
		}
	}
}

// await waits for a change of the lane; mu is held before and after, not
// meanwhile.
func (l *lane) await(ctx context.Context) error {
	changed := l.changed
	l.waiting++
	l.mu.Unlock()
	defer func() {
		l.mu.Lock()
		l.waiting--
	}()
	select {
	case <-changed:
		return nil
	case <-ctx.Done():
		l.mu.Lock()
		defer l.mu.Unlock()
		if l.failure != nil {
			return fmt.Errorf("connect: %w: %w", l.failure, ctx.Err())
		}
		return fmt.Errorf("connect: %w", ctx.Err())
	}
}

// connect makes connections until one stands, the lane is shut, or nobody waits
// for one any more. Once the event store is away nobody does: then it goes on,
// so that somebody knows when it is back.
func (l *lane) connect() {
	for attempt := 0; ; attempt++ {
		g, err := l.dial()
		if l.connected(g, err) {
			return
		}
		pause(l.life, l.untilNext(attempt))
	}
}

// untilNext is how long to wait after an attempt to connect. There is one at the
// moment it is decided whether the event store is away.
func (l *lane) untilNext(attempt int) time.Duration {
	d := backoff(attempt, connectMinPause, connectMaxPause)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.awayAfter > 0 && !l.away {
		d = min(d, max(0, time.Until(l.since.Add(l.awayAfter))))
	}
	return d
}

// The pauses between two attempts to connect.
const (
	connectMinPause = 20 * time.Millisecond
	connectMaxPause = time.Second
)

// dial makes a generation and lets it connect, while it has no other caller: one
// that fails to connect would never answer those who wait behind.
func (l *lane) dial() (*generation, error) {
	g := &generation{lane: l, settled: make(chan struct{})}
	config := l.config
	config.Logger = g.hear
	raw, err := esdb.NewClient(&config)
	if err != nil {
		return nil, err
	}
	g.raw = raw
	if _, err := raw.GetServerVersion(); err != nil {
		_ = raw.Close() // it returns nil always
		return nil, err
	}
	return g, nil
}

// connected takes the outcome of dial and reports whether to stop connecting.
func (l *lane) connected(g *generation, err error) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err != nil {
		l.counts.failed++
		l.failure = err
		if l.awayAfter > 0 && !l.away && time.Since(l.since) >= l.awayAfter && !l.closed {
			l.log.Warn("event store is away", "error", err)
			l.away = true
			l.tell()
		}
		if l.closed || l.waiting == 0 && !l.away {
			l.connecting = false
			return true
		}
		l.log.Debug("event store cannot be reached", "error", err)
		return false
	}
	l.connecting = false
	if l.closed {
		_ = g.raw.Close()
		return true
	}
	if l.away {
		l.log.Info("event store is back", "after", time.Since(l.since).Round(time.Millisecond))
	}
	l.failure, l.away = nil, false
	l.counts.made++
	l.open++
	l.current = g
	l.log.Debug("connected to event store", "generation", l.counts.made)
	l.tell()
	return true
}

// tell wakes whoever waits for a change; mu is held.
func (l *lane) tell() {
	close(l.changed)
	l.changed = make(chan struct{})
}

// shut lets no more calls in and closes each generation when it is drained. The
// channel it returns is closed when all are.
func (l *lane) shut() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	close(l.changed)
	if l.current != nil {
		l.leave(l.current)
	}
	l.checkEmpty()
	return l.empty
}

func (l *lane) checkEmpty() {
	if l.closed && l.open == 0 {
		select {
		case <-l.empty:
		default:
			close(l.empty)
		}
	}
}

// retire makes the lane use another generation from now on.
func (l *lane) retire(g *generation, why string, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !g.retired {
		l.log.Info("leaving a connection to the event store", "because", why, "error", err)
		l.leave(g)
	}
}

// leave retires g; mu is held.
func (l *lane) leave(g *generation) {
	g.retired = true
	if l.current == g {
		l.current = nil
	}
	g.settle()
	g.closeIfDrained()
}

// closeIfDrained closes a retired generation that has no calls; with calls under
// way the library's Close would make them panic. mu is held.
func (g *generation) closeIfDrained() {
	if !g.retired || g.calls > 0 {
		return
	}
	_ = g.raw.Close() // closes a channel; the library's goroutine does the rest
	g.lane.open--
	g.lane.checkEmpty()
}

// release ends a call that acquire began. The call no longer touches raw.
func (g *generation) release() {
	g.lane.mu.Lock()
	defer g.lane.mu.Unlock()
	g.calls--
	g.lane.counts.inFlight--
	g.closeIfDrained()
}

// answer notes that the server has just answered.
func (g *generation) answer() {
	g.answered.Store(int64(time.Since(g.lane.epoch)))
	g.silent.Store(0)
}

// unanswered notes that a call gave up which had waited since began, and leaves
// the generation if the server has long been silent on it.
func (g *generation) unanswered(began time.Time, err error) {
	at := int64(began.Sub(g.lane.epoch))
	if g.answered.Load() >= at {
		return
	}
	g.silent.CompareAndSwap(0, at)
	if since := g.silent.Load(); since != 0 && int64(time.Since(g.lane.epoch))-since >= int64(silence) {
		g.lane.retire(g, "it is silent", err)
	}
}

// silence is how long a connection may answer nothing at all, while calls wait
// for it in vain, before it counts as dead.
const silence = 2 * time.Second
