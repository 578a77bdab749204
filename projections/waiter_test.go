package projections_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/hirelog/hirelog/internal/eventlog"
	"github.com/hirelog/hirelog/internal/postgres/postgrestest"
	"github.com/hirelog/hirelog/projections"
	"github.com/hirelog/hirelog/projections/projectionstest"
	"github.com/hirelog/hirelog/readmodels"
)

// listen runs a waiter until the test ends.
func listen(t *testing.T, pool *pgxpool.Pool, o projections.WaiterOptions) *projections.Waiter {
	t.Helper()
	o.MinBackoff, o.MaxBackoff = time.Millisecond, 4*time.Millisecond
	w := projections.NewWaiter(pool, o)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); w.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
	return w
}

// wait waits for a position, and fails the test if it is not reached.
func wait(t *testing.T, w *projections.Waiter, p eventlog.Position) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := w.Wait(ctx, "toy", p); err != nil {
		t.Fatal(err)
	}
}

// behind fails the test unless waiting for a position ends with ErrBehind.
func behind(t *testing.T, w *projections.Waiter, p eventlog.Position) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := w.Wait(ctx, "toy", p); !errors.Is(err, projections.ErrBehind) {
		t.Fatalf("Wait = %v, want ErrBehind", err)
	}
}

// count is how many rows a query in the live generation finds.
func count(t *testing.T, pool *pgxpool.Pool, g *readmodels.Generations) int {
	t.Helper()
	schema, err := g.Schema(t.Context(), "toy")
	if err != nil {
		t.Fatal(err)
	}
	var n int
	if err := pool.QueryRow(t.Context(), "SELECT count(*) FROM "+schema.Table("claims")).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestQueriesWaitUntilAPositionIsShown(t *testing.T) {
	t.Parallel()
	log, pool := &eventlog.Memory{}, postgrestest.New(t)
	generations := readmodels.NewGenerations(pool)
	// Only notifications can be in time: rereading is too rare.
	w := listen(t, pool, projections.WaiterOptions{Generations: generations, Reread: time.Hour})
	behind(t, w, eventlog.Start) // there is no such group yet
	start(t, pool, log, toyGroup(), quick())
	wait(t, w, eventlog.Start)
	for n := range 10 {
		at := projectionstest.Append(t, log, claimStream(n), taken(n, "ann")).Position
		wait(t, w, at)
		if got := count(t, pool, generations); got != n+1 {
			t.Fatalf("%d rows at %s, want %d", got, at, n+1)
		}
		if got, ok := w.Position("toy"); !ok || got != at {
			t.Errorf("position %s, %t; want %s", got, ok, at)
		}
	}
	head, _ := w.Position("toy")
	behind(t, w, eventlog.Position{Commit: head.Commit + 1, Prepare: head.Prepare + 1})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := w.Wait(ctx, "nobody", head); !errors.Is(err, context.Canceled) || errors.Is(err, projections.ErrBehind) {
		t.Errorf("Wait with a cancelled context = %v, want context.Canceled", err)
	}
}

func TestWaiterKnowsWhereAGroupAlreadyIs(t *testing.T) {
	t.Parallel()
	log, pool := history(t, 20, 16), postgrestest.New(t)
	clean(t, pool, log)
	head, err := projections.Head(t.Context(), log)
	if err != nil {
		t.Fatal(err)
	}
	// No projector is at work.
	wait(t, listen(t, pool, projections.WaiterOptions{Reread: time.Hour}), head)
}

func TestWaiterCatchesUpAfterItsConnectionWasLost(t *testing.T) {
	t.Parallel()
	log, pool := history(t, 5, 17), postgrestest.New(t)
	w := listen(t, pool, projections.WaiterOptions{Reread: time.Hour})
	start(t, pool, log, toyGroup(), quick())
	for n := range 5 {
		// Both at once: the notification may come before, between or after.
		if _, err := pool.Exec(t.Context(), `
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND application_name = 'hirelog listen'`); err != nil {
			t.Fatal(err)
		}
		wait(t, w, projectionstest.Append(t, log, claimStream(n), taken(n, "ann")).Position)
	}
}

func TestWaiterRereadsOnALivingConnection(t *testing.T) {
	t.Parallel()
	log, pool := history(t, 5, 18), postgrestest.New(t)
	clean(t, pool, log)
	w := listen(t, pool, projections.WaiterOptions{Reread: 5 * time.Millisecond})
	wait(t, w, eventlog.Start)
	// A move nobody is notified of, as by an operator.
	if _, err := pool.Exec(t.Context(), "UPDATE rm.checkpoints SET commit_position = 1000000, prepare_position = 1000000"); err != nil {
		t.Fatal(err)
	}
	wait(t, w, eventlog.Position{Commit: 1000000, Prepare: 1000000})
}

func TestWaiterFollowsARebuiltGroup(t *testing.T) {
	t.Parallel()
	log, pool := history(t, 30, 19), postgrestest.New(t)
	generations := readmodels.NewGenerations(pool)
	w := listen(t, pool, projections.WaiterOptions{Generations: generations, Reread: time.Hour})
	o := quick()
	o.Subscriber.MaxEvents = 1
	start(t, pool, log, toyGroup(), o)
	head, err := projections.Head(t.Context(), log)
	if err != nil {
		t.Fatal(err)
	}
	wait(t, w, head)
	want := count(t, pool, generations)
	for generation := 2; generation <= 4; generation++ {
		rebuild(t, pool, log, projections.RebuildOptions{})
		eventually(t, func() bool {
			schema, err := generations.Schema(t.Context(), "toy")
			return err == nil && schema == readmodels.Schema(fmt.Sprintf("rm_toy_%d", generation))
		}, func() any { return generation })
		eventually(t, func() bool {
			p, _ := w.Position("toy")
			return p == head && count(t, pool, generations) == want
		}, func() any { return count(t, pool, generations) })
	}
}

func TestLagIsHowLongTheLogHasHeldMore(t *testing.T) {
	t.Parallel()
	log, pool := history(t, 5, 20), postgrestest.New(t)
	projectionstest.Append(t, log, claimStream(1), taken(1, "ann"))
	// What was not read again for twice as long counts as lagging.
	w := listen(t, pool, projections.WaiterOptions{Reread: 500 * time.Millisecond})
	if _, ok := w.Lag("toy"); ok {
		t.Error("the lag of a group that does not exist is known")
	}
	m := newToy()
	g := projections.Group{Name: "toy", Models: []projections.Model{m}}
	o := quick()
	o.AliveEvery = 500 * time.Millisecond
	r := start(t, pool, log, g, o)
	atEnd(t, pool, log)
	lags := func() []time.Duration { // as each of those who tell says
		waited, _ := w.Lag("toy")
		return []time.Duration{waited, status(t, pool, log).Lag, r.toldLag()}
	}
	none := func() bool { return slices.Max(lags()) == 0 }
	some := func() bool { return slices.Min(lags()) > 100*time.Millisecond }
	eventually(t, none, func() any { return lags() })
	m.broken.Store(true)
	projectionstest.Append(t, log, claimStream(2), taken(1, waits))
	eventually(t, some, func() any { return lags() })
	m.broken.Store(false)
	eventually(t, none, func() any { return lags() })
}

func TestStatusIsReadWithoutTheLog(t *testing.T) {
	t.Parallel()
	log, pool := history(t, 5, 22), postgrestest.New(t)
	clean(t, pool, log)
	want := status(t, pool, log)
	got, err := projections.ReadStatus(t.Context(), pool, nil)
	if err != nil || len(got) != 1 || got[0].Checkpoint != want.Checkpoint || got[0].Behind {
		t.Errorf("status %+v, %v; want %+v", got, err, want)
	}
}

func TestLagGrowsWhenNoProjectorGivesASignOfLife(t *testing.T) {
	t.Parallel()
	log, pool := history(t, 5, 21), postgrestest.New(t)
	clean(t, pool, log)
	w := listen(t, pool, projections.WaiterOptions{Reread: 5 * time.Millisecond})
	if _, err := pool.Exec(t.Context(), "UPDATE rm.checkpoints SET alive_at = now() - interval '1 hour', behind_since = NULL"); err != nil {
		t.Fatal(err)
	}
	eventually(t, func() bool { lag, _ := w.Lag("toy"); return lag >= time.Hour && status(t, pool, log).Lag >= time.Hour },
		func() any { return status(t, pool, log) })
}
