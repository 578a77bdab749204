package projections_test

import (
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/hirelog/hirelog/internal/eventlog"
	"github.com/hirelog/hirelog/internal/postgres/postgrestest"
	"github.com/hirelog/hirelog/projections"
	"github.com/hirelog/hirelog/projections/projectionstest"
	"github.com/hirelog/hirelog/readmodels"
)

func TestProcessesThatStartAtOnceShareOneGeneration(t *testing.T) {
	t.Parallel()
	pool := postgrestest.New(t)
	if _, err := readmodels.NewGenerations(pool).Schema(t.Context(), "toy"); !errors.Is(err, readmodels.ErrNoGeneration) {
		t.Errorf("schema before there is one: %v, want ErrNoGeneration", err)
	}
	var starting sync.WaitGroup
	for range 6 {
		starting.Go(func() {
			if err := projections.Ensure(t.Context(), pool, toyGroup()); err != nil {
				t.Error(err)
			}
		})
	}
	starting.Wait()
	if s := status(t, pool, &eventlog.Memory{}); s.Generation != 1 || s.Schema != "rm_toy_1" || s.Checkpoint != (projections.Checkpoint{}) {
		t.Errorf("%+v, want generation 1 at the start", s)
	}
}

// reshaped is the toy group of a build whose tables have one index more.
func reshaped() projections.Group {
	table := claimsTable()
	table.Indexes = append(table.Indexes, "CREATE INDEX {name}_at ON {table} (at)")
	m := newToy()
	m.claims = projections.NewRows(table)
	return projections.Group{Name: "toy", Models: []projections.Model{m}}
}

func TestTablesOfAnotherShapeAreRefused(t *testing.T) {
	t.Parallel()
	log, pool := history(t, 5, 10), postgrestest.New(t)
	before := clean(t, pool, log)
	err := projections.Ensure(t.Context(), pool, reshaped())
	if !errors.Is(err, projections.ErrShape) || !strings.Contains(err.Error(), "hirelog projections rebuild toy") {
		t.Fatalf("Ensure = %v, want ErrShape with what to do", err)
	}
	projectionstest.Append(t, log, claimStream(1), taken(9, "ann"))
	r := start(t, pool, log, reshaped(), quick())
	r.until(projections.Stopped)
	if got := projectionstest.Dump(t, pool, toyGroup()); got != before {
		t.Errorf("tables were written:\n%s", got)
	}
	// Built anew, it goes on by itself.
	if _, err := projections.Rebuild(t.Context(), pool, log, []projections.Group{reshaped()}, projections.RebuildOptions{}); err != nil {
		t.Fatal(err)
	}
	atEnd(t, pool, log)
	r.stop()
	if got, want := projectionstest.Dump(t, pool, reshaped()), clean(t, postgrestest.New(t), log); got != want {
		t.Errorf("tables hold\n%s\nwant\n%s", got, want)
	}
}

func TestProjectorMovesOverToARebuiltGroup(t *testing.T) {
	t.Parallel()
	log, pool := history(t, 20, 11), postgrestest.New(t)
	r := start(t, pool, log, toyGroup(), quick())
	atEnd(t, pool, log)
	want := projectionstest.Dump(t, pool, toyGroup())
	for generation := 2; generation <= 4; generation++ {
		// Nothing happens in the log: the projector sees it all the same.
		rebuild(t, pool, log, projections.RebuildOptions{})
		atEnd(t, pool, log)
		if s := status(t, pool, log); s.Generation != generation {
			t.Errorf("generation %d, want %d", s.Generation, generation)
		}
		if got := projectionstest.Dump(t, pool, toyGroup()); got != want {
			t.Fatalf("tables hold\n%s\nwant\n%s", got, want)
		}
	}
	projectionstest.Append(t, log, claimStream(1), taken(1, "ann"))
	atEnd(t, pool, log)
	r.stop()
	if got, want := projectionstest.Dump(t, pool, toyGroup()), clean(t, postgrestest.New(t), log); got != want {
		t.Errorf("tables hold\n%s\nwant\n%s", got, want)
	}
	if got := schemas(t, pool); got != "rm_toy_1 rm_toy_2 rm_toy_3 rm_toy_4" {
		t.Errorf("schemas are %s, want the live one and those before it", got)
	}
}

func TestRebuildDuringTrafficLosesNothing(t *testing.T) {
	t.Parallel()
	log, pool, o := history(t, 20, 12), postgrestest.New(t), quick()
	o.Subscriber.MaxEvents = 3
	r := start(t, pool, log, toyGroup(), o)
	for i := range 5 {
		eventually(t, func() bool { return status(t, pool, log).Checkpoint.EventID != [16]byte{} }, func() any { return r.Condition() })
		for range 5 {
			projectionstest.Append(t, log, claimStream(i), taken(i, "ann"))
		}
		rebuild(t, pool, log, projections.RebuildOptions{})
	}
	atEnd(t, pool, log)
	r.stop()
	if got, want := projectionstest.Dump(t, pool, toyGroup()), clean(t, postgrestest.New(t), log); got != want {
		t.Errorf("tables hold\n%s\nwant\n%s", got, want)
	}
}

func TestProjectorGoesOnBehindItsCheckpoint(t *testing.T) {
	t.Parallel()
	log, pool := history(t, 20, 13), postgrestest.New(t)
	clean(t, pool, log)
	projectionstest.Append(t, log, claimStream(1), taken(1, "ann"), taken(2, "ann"), taken(3, "ann"))
	r := start(t, pool, log, toyGroup(), quick())
	atEnd(t, pool, log)
	r.stop()
	if got := r.processed(); got != 3 {
		t.Errorf("%d events were processed, want the 3 new ones", got)
	}
}

func TestAnotherLogIsRefused(t *testing.T) {
	t.Parallel()
	log, pool := history(t, 20, 14), postgrestest.New(t)
	before := clean(t, pool, log)
	other := history(t, 40, 15)
	r := start(t, pool, other, toyGroup(), quick())
	r.until(projections.Stopped)
	s := status(t, pool, log)
	if s.Stopped == nil || s.Stopped.Stream != "" || !strings.Contains(s.Stopped.Error, "hirelog projections rebuild toy") {
		t.Errorf("stopped by %v, want what to do", s.Stopped)
	}
	if got := projectionstest.Dump(t, pool, toyGroup()); got != before {
		t.Errorf("tables were written:\n%s", got)
	}
	if got := rebuild(t, pool, other, projections.RebuildOptions{}); !strings.Contains(got.Comparison.String(), "another log") {
		t.Errorf("%v, want that the live generation is of another log", got.Comparison)
	}
	atEnd(t, pool, other)
	r.stop()
	if got, want := projectionstest.Dump(t, pool, toyGroup()), clean(t, postgrestest.New(t), other); got != want {
		t.Errorf("tables hold\n%s\nwant\n%s", got, want)
	}
}

func TestGroupsThatContradictThemselvesAreRefused(t *testing.T) {
	m := newToy()
	for name, g := range map[string]projections.Group{
		"name that is no schema's": {Name: "Toy-1", Models: []projections.Model{m}},
		"no models":                {Name: "toy"},
		"the same model twice":     {Name: "toy", Models: []projections.Model{m, m}},
		"the same table twice":     {Name: "toy", Models: []projections.Model{m, renamed{m}}},
	} {
		if _, err := projections.NewProjector(nil, nil, g, projections.Options{}); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

type renamed struct{ *toy }

func (renamed) Name() string { return "other" }
