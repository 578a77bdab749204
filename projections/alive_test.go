package projections_test

import (
	"context"
	"iter"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hirelog/hirelog/internal/eventlog"
	"github.com/hirelog/hirelog/internal/postgres/postgrestest"
	"github.com/hirelog/hirelog/projections"
	"github.com/hirelog/hirelog/projections/projectionstest"
)

// silentLog is a log that does not answer who asks for its end until they give
// up, as one does that is out of reach.
type silentLog struct {
	*eventlog.Memory
	silent atomic.Bool
}

func (l *silentLog) ReadAll(ctx context.Context, from eventlog.Position, d eventlog.Direction) iter.Seq2[eventlog.Event, error] {
	if !l.silent.Load() {
		return l.Memory.ReadAll(ctx, from, d)
	}
	return func(yield func(eventlog.Event, error) bool) {
		<-ctx.Done()
		yield(eventlog.Event{}, ctx.Err())
	}
}

// A projector that has shown all it knows of is not behind because the log is
// away: who reads goes on reading.
func TestAliveWhileTheLogIsAway(t *testing.T) {
	t.Parallel()
	pool := postgrestest.New(t)
	log := &silentLog{Memory: history(t, 5, 1)}
	g := toyGroup()
	if err := projections.Ensure(t.Context(), pool, g); err != nil {
		t.Fatal(err)
	}
	o := quick()
	o.AliveEvery = 500 * time.Millisecond
	r := start(t, pool, log, g, o)
	eventually(t, func() bool { return r.processed() > 0 }, func() any { return r.Condition() })
	log.silent.Store(true)
	signs := func() (at time.Time) {
		if err := pool.QueryRow(t.Context(), "SELECT alive_at FROM rm.checkpoints").Scan(&at); err != nil {
			t.Fatal(err)
		}
		return at
	}
	began := signs()
	eventually(t, func() bool { return signs().Sub(began) > 3*o.AliveEvery }, func() any { return signs() })
}

// What was behind when the log went away is not behind any more once it has
// caught up on all that was seen.
func TestCatchingUpWhileTheLogIsAway(t *testing.T) {
	t.Parallel()
	pool := postgrestest.New(t)
	log := &silentLog{Memory: history(t, 5, 2)}
	m := newToy()
	o := quick()
	o.AliveEvery = 500 * time.Millisecond // of which the log may take half
	r := start(t, pool, log, projections.Group{Name: "toy", Models: []projections.Model{m}}, o)
	atEnd(t, pool, log.Memory)
	m.broken.Store(true)
	projectionstest.Append(t, log.Memory, claimStream(2), taken(1, waits))
	eventually(t, func() bool { return r.toldLag() > 0 }, func() any { return r.toldLag() })
	log.silent.Store(true)
	m.broken.Store(false)
	eventually(t, func() bool { return r.toldLag() == 0 }, func() any { return r.toldLag() })
}

// While whoever was at work gives no sign of life, who stands by says how long.
func TestTheLagOfWhoIsSilent(t *testing.T) {
	t.Parallel()
	pool, log := postgrestest.New(t), history(t, 5, 3)
	o := quick()
	o.AliveEvery = 500 * time.Millisecond
	r := start(t, pool, log, toyGroup(), o)
	atEnd(t, pool, log)
	const silence = 30 * time.Second
	told := func() time.Duration {
		r.mu.Lock()
		defer r.mu.Unlock()
		return r.lag
	}
	eventually(t, func() bool {
		// A projector that begins anew meanwhile takes over from who is silent.
		if _, err := pool.Exec(t.Context(), "UPDATE rm.checkpoints SET holder = gen_random_uuid(), alive_at = clock_timestamp() - $1::interval", silence); err != nil {
			t.Fatal(err)
		}
		return told() >= silence
	}, func() any { return told() })
}
