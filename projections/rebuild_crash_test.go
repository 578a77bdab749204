package projections_test

import (
	"context"
	"errors"
	"iter"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/hirelog/hirelog/internal/eventlog"
	"github.com/hirelog/hirelog/internal/postgres/postgrestest"
	"github.com/hirelog/hirelog/projections"
	"github.com/hirelog/hirelog/projections/projectionstest"
)

// stepsOf returns the steps of a rebuild.
func stepsOf(t *testing.T, log eventlog.Log) []string {
	t.Helper()
	pool := postgrestest.New(t)
	projectionstest.Project(t, pool, log, toyGroup(), projectionstest.How{})
	var steps []string
	rebuild(t, pool, log, projections.RebuildOptions{}.At(func(step string) {
		if !slices.Contains(steps, step) && !strings.HasPrefix(step, "table 1") { // tables are copied at once
			steps = append(steps, step)
		}
	}))
	if len(steps) < 9 {
		t.Fatalf("steps are %v, want more", steps)
	}
	return steps
}

func TestARebuildKilledAtAnyStepLeavesWhatTheNextOneMends(t *testing.T) {
	t.Parallel()
	log := history(t, 40, 120)
	want := clean(t, postgrestest.New(t), log)
	for _, step := range stepsOf(t, log) {
		pool := postgrestest.New(t)
		clean(t, pool, log)
		_, err := projections.Rebuild(t.Context(), pool, log, []projections.Group{toyGroup()}, projections.RebuildOptions{}.CrashAt(step))
		if err == nil || !strings.Contains(err.Error(), "crash before "+step) {
			t.Fatalf("%s: Rebuild = %v, want the crash", step, err)
		}
		live := 1
		if step == "switched" {
			live = 2
		}
		if got := status(t, pool, log); got.Generation != live || got.Stopped != nil {
			t.Fatalf("%s: %+v, want generation %d live", step, got, live)
		}
		if got := dumpSchema(t, pool, 1); got != want {
			t.Fatalf("%s: the generation that was live holds\n%s", step, got)
		}
		r := rebuild(t, pool, log, projections.RebuildOptions{})
		if got := projectionstest.Dump(t, pool, toyGroup()); got != want {
			t.Errorf("%s: then tables hold\n%s\nwant\n%s", step, got, want)
		}
		// What is filled is gone on with, what is not is dropped.
		resumes := slices.Contains([]string{"filled", "following", "verifying", "verified", "switching", "switched, uncommitted"}, step)
		if r.Resumed != resumes {
			t.Errorf("%s: gone on with: %v, want %v", step, r.Resumed, resumes)
		}
		schemas, generations := strings.Fields(schemas(t, pool)), strings.Split(statuses(t, pool), ", ")
		if len(schemas) != len(generations) || strings.Contains(strings.Join(generations, " "), "ing") {
			t.Errorf("%s: left are %v and %v", step, schemas, generations)
		}
	}
}

func TestARebuildWhoseConnectionsDieEndsAndTheNextOneMendsIt(t *testing.T) {
	t.Parallel()
	log := history(t, 40, 121)
	want := clean(t, postgrestest.New(t), log)
	pool := postgrestest.New(t)
	clean(t, pool, log)
	for kill := int64(3); ; kill += 3 {
		var killed atomic.Bool
		other := sabotaged(t, pool, func(n int64, _ string, conn *pgx.Conn) {
			if n != kill {
				return
			}
			killed.Store(true)
			if _, err := pool.Exec(context.Background(), "SELECT pg_terminate_backend($1, 5000)", int64(conn.PgConn().PID())); err != nil {
				t.Error(err)
			}
		})
		_, err := projections.Rebuild(t.Context(), other, log, []projections.Group{toyGroup()}, projections.RebuildOptions{})
		other.Close()
		if got := projectionstest.Dump(t, pool, toyGroup()); got != want {
			t.Fatalf("connection killed at statement %d (%v): tables hold\n%s\nwant\n%s", kill, err, got, want)
		}
		if !killed.Load() {
			if err != nil {
				t.Errorf("a rebuild that nobody disturbed: %v", err)
			}
			if kill < 15 {
				t.Errorf("only %d statements were seen", kill)
			}
			break
		}
	}
	if got := statuses(t, pool); strings.Contains(got, "building") || strings.Contains(got, "verified") {
		t.Errorf("generations are %s", got)
	}
}

// away is a log that is out of reach after so many events.
type away struct {
	eventlog.Log
	after int
}

func (a away) ReadAll(ctx context.Context, from eventlog.Position, dir eventlog.Direction) iter.Seq2[eventlog.Event, error] {
	return func(yield func(eventlog.Event, error) bool) {
		n := 0
		for e, err := range a.Log.ReadAll(ctx, from, dir) {
			if n++; n > a.after {
				yield(eventlog.Event{}, eventlog.ErrUnavailable)
				return
			}
			if !yield(e, err) {
				return
			}
		}
	}
}

func TestARebuildWithTheLogAwayChangesNothing(t *testing.T) {
	t.Parallel()
	log, pool := history(t, 40, 122), postgrestest.New(t)
	want := clean(t, pool, log)
	_, err := projections.Rebuild(t.Context(), pool, away{log, 20}, []projections.Group{toyGroup()}, projections.RebuildOptions{})
	if !errors.Is(err, eventlog.ErrUnavailable) {
		t.Fatalf("Rebuild = %v, want that the log is away", err)
	}
	if got := projectionstest.Dump(t, pool, toyGroup()); got != want || schemas(t, pool) != "rm_toy_1" {
		t.Errorf("schemas are %s, tables hold\n%s", schemas(t, pool), got)
	}
}

func TestASecondRebuildIsRefusedWhileTheFirstIsAtWork(t *testing.T) {
	t.Parallel()
	log, pool := history(t, 20, 123), postgrestest.New(t)
	clean(t, pool, log)
	refusals := 0
	rebuild(t, pool, log, projections.RebuildOptions{}.At(func(step string) {
		if step != "read" && step != "switching" {
			return
		}
		for name, try := range map[string]func() error{
			"rebuild": func() error {
				_, err := projections.Rebuild(t.Context(), pool, log, []projections.Group{toyGroup()}, projections.RebuildOptions{})
				return err
			},
			"verify": func() error {
				_, err := projections.Verify(t.Context(), pool, log, []projections.Group{toyGroup()}, projections.RebuildOptions{})
				return err
			},
			"rollback": func() error {
				_, err := projections.Rollback(t.Context(), pool, log, toyGroup(), projections.RebuildOptions{})
				return err
			},
		} {
			if err := try(); !errors.Is(err, projections.ErrBuilding) {
				t.Errorf("%s at %s: %v, want ErrBuilding", name, step, err)
			}
			refusals++
		}
		all, err := projections.ReadGenerations(t.Context(), pool, nil)
		if err != nil || len(all) != 2 || !all[1].Busy || all[1].Generation != 2 {
			t.Errorf("at %s: %+v, %v, want a busy second generation", step, all, err)
		}
	}))
	if refusals != 6 {
		t.Errorf("%d attempts, want 6", refusals)
	}
	if got := statuses(t, pool); got != "1 retired, 2 live" {
		t.Errorf("generations are %s", got)
	}
	if all, err := projections.ReadGenerations(t.Context(), pool, nil); err != nil || all[1].Busy || all[1].Bytes == 0 {
		t.Errorf("%+v, %v, want nobody busy and a size", all, err)
	}
}

func TestAKeeperDropsWhatIsOld(t *testing.T) {
	t.Parallel()
	log, pool := history(t, 20, 124), postgrestest.New(t)
	clean(t, pool, log)
	rebuild(t, pool, log, projections.RebuildOptions{})
	if _, err := projections.Rebuild(t.Context(), pool, log, []projections.Group{toyGroup()}, projections.RebuildOptions{}.CrashAt("read")); err == nil {
		t.Fatal("the crash did not happen")
	}
	if got := statuses(t, pool); got != "1 retired, 2 live, 3 building" {
		t.Fatalf("generations are %s", got)
	}
	keep(t, pool, log, projections.KeeperOptions{})
	// A retired one of eight days, and one whose building was given up two days ago.
	if _, err := pool.Exec(t.Context(), "UPDATE rm.generations SET changed_at = now() - CASE status WHEN 'retired' THEN interval '8 days' WHEN 'building' THEN interval '2 days' ELSE interval '1 year' END"); err != nil {
		t.Fatal(err)
	}
	keep(t, pool, log, projections.KeeperOptions{TidyEvery: time.Millisecond})
	eventually(t, func() bool { return statuses(t, pool) == "2 live" }, func() any { return statuses(t, pool) })
	if got := schemas(t, pool); got != "rm_toy_2" {
		t.Errorf("schemas are %s", got)
	}
}

// Of the retired ones a rollback goes to the one that was live last.
func TestAKeeperDropsWhatNoRollbackReaches(t *testing.T) {
	t.Parallel()
	log, pool := history(t, 20, 125), postgrestest.New(t)
	clean(t, pool, log)
	rebuild(t, pool, log, projections.RebuildOptions{})
	rebuild(t, pool, log, projections.RebuildOptions{})
	if got := statuses(t, pool); got != "1 retired, 2 retired, 3 live" {
		t.Fatalf("generations are %s", got)
	}
	if _, err := pool.Exec(t.Context(), "UPDATE rm.generations SET changed_at = now() - interval '11 minutes'"); err != nil {
		t.Fatal(err)
	}
	if _, err := pool.Exec(t.Context(), "UPDATE rm.generations SET changed_at = now() - interval '1 minute' WHERE generation = 2"); err != nil {
		t.Fatal(err)
	}
	keep(t, pool, log, projections.KeeperOptions{TidyEvery: time.Millisecond})
	eventually(t, func() bool { return statuses(t, pool) == "2 retired, 3 live" }, func() any { return statuses(t, pool) })
}
