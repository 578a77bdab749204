package projections_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/hirelog/hirelog/internal/eventlog"
	"github.com/hirelog/hirelog/projections"
	"github.com/hirelog/hirelog/projections/projectionstest"
)

const patience = 3 * time.Minute

// quick are options for tests: everything that waits waits for milliseconds. A
// sign of life may take AliveEvery.
func quick() projections.Options {
	return projections.Options{
		Subscriber: projections.SubscriberOptions{MinBackoff: time.Millisecond, MaxBackoff: 4 * time.Millisecond, Grace: 5 * time.Second},
		AliveEvery: 100 * time.Millisecond, Standby: 5 * time.Millisecond, Poll: 5 * time.Millisecond,
	}
}

// running is a projector at work, and what it did.
type running struct {
	*projections.Projector
	t    *testing.T
	stop func()

	mu     sync.Mutex
	events int                 // in committed batches
	states []projections.State // in order
	lag    time.Duration       // as told last
}

// start runs a projector that is stopped with the test at the latest.
func start(t *testing.T, pool *pgxpool.Pool, log eventlog.Log, g projections.Group, o projections.Options) *running {
	t.Helper()
	r := &running{t: t}
	o.Observer.Batch = func(_ string, events int, _ time.Duration) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.events += events
	}
	o.Observer.State = func(_ string, s projections.State) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.states = append(r.states, s)
	}
	o.Observer.Lag = func(_ string, lag time.Duration, _ int) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.lag = lag
	}
	p, err := projections.NewProjector(pool, log, g, o)
	if err != nil {
		t.Fatal(err)
	}
	r.Projector = p
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- p.Run(ctx) }()
	r.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	t.Cleanup(r.stop)
	return r
}

// processed is how many events the projector committed.
func (r *running) processed() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.events
}

// toldLag is the lag the observer was told last.
func (r *running) toldLag() time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.lag
}

// was reports whether the projector has been in a state.
func (r *running) was(s projections.State) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Contains(r.states, s)
}

// until waits for a state.
func (r *running) until(s projections.State) {
	r.t.Helper()
	eventually(r.t, func() bool { return r.Condition().State == s }, func() any { return r.Condition() })
}

// eventually waits until a condition holds; state is shown if it never does.
func eventually(t *testing.T, holds func() bool, state func() any) {
	t.Helper()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(patience); !holds(); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain: %+v", state())
		}
	}
}

// status returns the toy group's status, the zero value if there is none yet.
func status(t *testing.T, pool *pgxpool.Pool, log eventlog.Log) projections.Status {
	t.Helper()
	all, err := projections.ReadStatus(t.Context(), pool, func(ctx context.Context) (eventlog.Position, error) {
		return projections.Head(ctx, log)
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range all {
		if s.Group == "toy" {
			return s
		}
	}
	return projections.Status{}
}

// atEnd waits until the group is at the end of the log.
func atEnd(t *testing.T, pool *pgxpool.Pool, log eventlog.Log) {
	t.Helper()
	var s projections.Status
	eventually(t, func() bool { s = status(t, pool, log); return !s.Behind && s.Checkpoint.EventID != [16]byte{} }, func() any { return s })
}

// clean is what the toy's tables hold after a log, in a database of their own.
func clean(t *testing.T, pool *pgxpool.Pool, log eventlog.Log) string {
	t.Helper()
	g := toyGroup()
	projectionstest.Project(t, pool, log, g, projectionstest.How{})
	return projectionstest.Dump(t, pool, g)
}
