package projections_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/hirelog/hirelog/internal/eventlog"
	"github.com/hirelog/hirelog/internal/postgres/postgrestest"
	"github.com/hirelog/hirelog/projections"
	"github.com/hirelog/hirelog/projections/projectionstest"
)

// rebuild rebuilds the toy group.
func rebuild(t *testing.T, pool *pgxpool.Pool, log eventlog.Log, o projections.RebuildOptions) projections.GroupReport {
	t.Helper()
	r, err := projections.Rebuild(t.Context(), pool, log, []projections.Group{toyGroup()}, o)
	if err != nil {
		t.Fatal(err)
	}
	return r.Groups[0]
}

// schemas are the toy's schemas, in order.
func schemas(t *testing.T, pool *pgxpool.Pool) string {
	t.Helper()
	rows, err := pool.Query(t.Context(), "SELECT nspname::text FROM pg_namespace WHERE nspname LIKE 'rm\\_%' ORDER BY 1")
	if err != nil {
		t.Fatal(err)
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(names, " ")
}

// statuses are the toy's generations with their status, in order.
func statuses(t *testing.T, pool *pgxpool.Pool) string {
	t.Helper()
	rows, err := pool.Query(t.Context(), "SELECT generation || ' ' || status FROM rm.generations WHERE group_name = 'toy' AND status <> 'dropped' ORDER BY generation")
	if err != nil {
		t.Fatal(err)
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(names, ", ")
}

// dumpSchema is what the tables of a generation of the toy hold.
func dumpSchema(t *testing.T, pool *pgxpool.Pool, generation int) string {
	t.Helper()
	var b strings.Builder
	for _, table := range []string{"claims", "tallies"} {
		fmt.Fprintf(&b, "# %s\n", table)
		rows, err := pool.Query(t.Context(), fmt.Sprintf("SELECT to_jsonb(r)::text FROM rm_toy_%d.%s r ORDER BY 1", generation, table))
		if err != nil {
			t.Fatal(err)
		}
		lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			t.Fatal(err)
		}
		b.WriteString(strings.Join(append(lines, ""), "\n"))
	}
	return b.String()
}

func TestRebuiltIsWhatWasProjectedEventByEvent(t *testing.T) {
	t.Parallel()
	for seed := range uint64(4) {
		log, pool := history(t, 150, 100+seed), postgrestest.New(t)
		projectionstest.Project(t, pool, log, toyGroup(), projectionstest.How{BatchSize: 1})
		want := projectionstest.Dump(t, pool, toyGroup())
		o := projections.RebuildOptions{}
		if seed%2 == 1 {
			o.Memory = 1 // every row goes to the file, and comes back when it is needed
		}
		r := rebuild(t, pool, log, o.InChunks(5))
		if !r.Switched || r.Comparison.Against != 1 || r.Comparison.Different() || r.Generation != 2 || r.Replaced != 1 {
			t.Errorf("seed %d: %+v, want a switch from 1 to 2 after comparing", seed, r)
		}
		if got := projectionstest.Dump(t, pool, toyGroup()); got != want {
			t.Errorf("seed %d: tables hold\n%s\nwant\n%s", seed, got, want)
		}
		if got := statuses(t, pool); got != "1 retired, 2 live" {
			t.Errorf("seed %d: generations are %s", seed, got)
		}
	}
}

func TestRebuildWithoutALiveGeneration(t *testing.T) {
	t.Parallel()
	log, pool := history(t, 40, 110), postgrestest.New(t)
	raw(t, log, "other-1", "other", `{}`) // of another program
	if _, err := projections.Verify(t.Context(), pool, log, []projections.Group{toyGroup()}, projections.RebuildOptions{}); !errors.Is(err, projections.ErrNotCompared) {
		t.Errorf("verify: %v, want ErrNotCompared", err)
	}
	r := rebuild(t, pool, log, projections.RebuildOptions{})
	if !r.Switched || !strings.Contains(r.Comparison.String(), "there was no live generation") {
		t.Errorf("%+v, want a switch without comparison that says so", r)
	}
	if got, want := projectionstest.Dump(t, pool, toyGroup()), clean(t, postgrestest.New(t), log); got != want {
		t.Errorf("tables hold\n%s\nwant\n%s", got, want)
	}
	if s := status(t, pool, log); s.Behind || s.Generation != r.Generation {
		t.Errorf("%+v, want generation %d at the end", s, r.Generation)
	}
	if next := rebuild(t, pool, log, projections.RebuildOptions{}); !next.Switched || next.Comparison.Against != r.Generation || next.Comparison.Different() {
		t.Errorf("%+v, want a switch after comparing", next)
	}
}
