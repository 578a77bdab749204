package projections_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/hirelog/hirelog/internal/eventlog"
	"github.com/hirelog/hirelog/internal/postgres/postgrestest"
	"github.com/hirelog/hirelog/projections"
	"github.com/hirelog/hirelog/projections/projectionstest"
	"github.com/hirelog/hirelog/readmodels"
)

// keep runs a keeper until the test ends.
func keep(t *testing.T, pool *pgxpool.Pool, log eventlog.Log, o projections.KeeperOptions) {
	t.Helper()
	o.Every = 2 * time.Millisecond
	k := projections.NewKeeper(pool, log, []projections.Group{toyGroup()}, o)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); _ = k.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
}

func rollback(t *testing.T, pool *pgxpool.Pool, log eventlog.Log) projections.GroupReport {
	t.Helper()
	r, err := projections.Rollback(t.Context(), pool, log, toyGroup(), projections.RebuildOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// sameAll fails the test unless generations hold the same, which it returns.
func sameAll(t *testing.T, pool *pgxpool.Pool, generations ...int) string {
	t.Helper()
	first := dumpSchema(t, pool, generations[0])
	for _, g := range generations[1:] {
		if got := dumpSchema(t, pool, g); got != first {
			t.Errorf("generation %d holds\n%s\ngeneration %d\n%s", generations[0], first, g, got)
		}
	}
	return first
}

func TestRollBackAndForwardAgain(t *testing.T) {
	t.Parallel()
	log, pool := history(t, 30, 130), postgrestest.New(t)
	r := start(t, pool, log, toyGroup(), quick())
	keep(t, pool, log, projections.KeeperOptions{})
	atEnd(t, pool, log)
	if _, err := projections.Rollback(t.Context(), pool, log, toyGroup(), projections.RebuildOptions{}); !errors.Is(err, projections.ErrNoRollback) || !strings.Contains(err.Error(), "no retired") {
		t.Fatalf("Rollback = %v, want ErrNoRollback", err)
	}
	rebuild(t, pool, log, projections.RebuildOptions{})
	for i, want := range []string{"1 live, 2 retired", "1 retired, 2 live", "1 live, 2 retired"} {
		projectionstest.Append(t, log, claimStream(i), taken(i, "ann"), taken(i, celebrate))
		rollback(t, pool, log)
		if got := statuses(t, pool); got != want {
			t.Fatalf("generations are %s, want %s", got, want)
		}
		projectionstest.Append(t, log, claimStream(i), released(i))
		atEnd(t, pool, log)
	}
	// The retired one is followed too.
	head, err := projections.Head(t.Context(), log)
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, func() bool {
		all, err := projections.ReadGenerations(t.Context(), pool, nil)
		return err == nil && all[0].Checkpoint.Event == head && all[1].Checkpoint == all[0].Checkpoint
	}, func() any { return statuses(t, pool) })
	r.stop()
	if got, want := sameAll(t, pool, 1, 2), clean(t, postgrestest.New(t), log); got != want {
		t.Errorf("tables hold\n%s\nwant\n%s", got, want)
	}
}

func TestRollbackRefusesWhatCannotBeServed(t *testing.T) {
	t.Parallel()
	log, pool := history(t, 10, 131), postgrestest.New(t)
	clean(t, pool, log)
	rebuild(t, pool, log, projections.RebuildOptions{})
	refused := func(g projections.Group, word string) {
		t.Helper()
		if _, err := projections.Rollback(t.Context(), pool, log, g, projections.RebuildOptions{}); !errors.Is(err, projections.ErrNoRollback) || !strings.Contains(err.Error(), word) {
			t.Errorf("Rollback = %v, want that it is %q", err, word)
		}
		if got := statuses(t, pool); got != "1 retired, 2 live" {
			t.Errorf("generations are %s", got)
		}
	}
	refused(reshaped(), "cannot read")
	if _, err := pool.Exec(t.Context(), `UPDATE rm.checkpoints SET state = 'stopped', failure = '{"error": "why"}' WHERE generation = 1`); err != nil {
		t.Fatal(err)
	}
	refused(toyGroup(), "stopped")
}

// A build with new tables builds them while the one before serves on with its
// own, which it goes on following also after the switch.
func TestTheBuildBeforeServesItsOwnTables(t *testing.T) {
	t.Parallel()
	log, pool := history(t, 30, 132), postgrestest.New(t)
	serving := func(g projections.Group) *readmodels.Generations {
		generations := readmodels.NewGenerations(pool)
		generations.Serve("toy", g.Shape())
		return generations
	}
	old := start(t, pool, log, toyGroup(), quick())
	generations := serving(toyGroup())
	w := listen(t, pool, projections.WaiterOptions{Generations: generations})
	atEnd(t, pool, log)
	if _, err := serving(reshaped()).Schema(t.Context(), "toy"); !errors.Is(err, readmodels.ErrNoGeneration) || !errors.Is(err, projections.ErrShape) {
		t.Errorf("the new build's schema before it is built: %v, want ErrNoGeneration and ErrShape", err)
	}
	r, err := projections.Rebuild(t.Context(), pool, log, []projections.Group{reshaped()}, projections.RebuildOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if c := r.Groups[0].Comparison; !c.KeysOnly || c.Different() || !strings.Contains(c.String(), "has the keys") {
		t.Errorf("comparison %+v, want keys alone", c)
	}
	for i := range 5 {
		at := projectionstest.Append(t, log, claimStream(i), taken(i, "ann")).Position
		wait(t, w, at)
		if schema, err := generations.Schema(t.Context(), "toy"); err != nil || schema != "rm_toy_1" {
			t.Fatalf("the build before reads %s, %v, want its own tables", schema, err)
		}
	}
	old.until(projections.Running)
	old.stop()
	renewed := start(t, pool, log, reshaped(), quick())
	atEnd(t, pool, log)
	renewed.stop()
	if schema, err := serving(reshaped()).Schema(t.Context(), "toy"); err != nil || schema != "rm_toy_2" {
		t.Errorf("the new build reads %s, %v", schema, err)
	}
	if got, want := sameAll(t, pool, 1, 2), clean(t, postgrestest.New(t), log); got != want {
		t.Errorf("tables hold\n%s\nwant\n%s", got, want)
	}
	// The build before can switch back to its own.
	rollback(t, pool, log)
	if got := statuses(t, pool); got != "1 live, 2 retired" {
		t.Errorf("generations are %s", got)
	}
}

// Readers see one generation each, never fail, and never see less than the
// position they asked for, nor less than they saw before, while writing goes on
// and generations are switched back and forth.
func TestReadersDoNotNoticeASwitch(t *testing.T) {
	t.Parallel()
	log, pool := history(t, 50, 133), postgrestest.New(t)
	start(t, pool, log, toyGroup(), quick())
	keep(t, pool, log, projections.KeeperOptions{})
	generations := readmodels.NewGenerations(pool)
	generations.Serve("toy", toyGroup().Shape())
	w := listen(t, pool, projections.WaiterOptions{Generations: generations})
	atEnd(t, pool, log)

	// The writer takes one claim again and again: its count says how old a read is.
	const counter = "the writer"
	stream := claimStream(1000)
	var newest atomic.Pointer[written]
	newest.Store(&written{})
	ctx, cancel := context.WithCancel(t.Context())
	var working sync.WaitGroup
	working.Go(func() {
		for n := int64(1); ctx.Err() == nil; n++ {
			at := projectionstest.Append(t, log, stream, taken(int(n%50), counter)).Position
			newest.Store(&written{n, at})
			time.Sleep(time.Millisecond) // the pace of the writer, nothing is waited for
		}
	})
	var reads atomic.Int64
	seen := make(map[string]bool)
	var mu sync.Mutex
	for range 6 {
		working.Go(func() {
			last := int64(0)
			for ctx.Err() == nil {
				want := *newest.Load()
				if err := w.Wait(ctx, "toy", want.at); err != nil {
					if ctx.Err() == nil {
						t.Errorf("wait: %v", err)
					}
					return
				}
				schema, claims, tallies, err := readBoth(ctx, pool, generations, counter)
				if ctx.Err() != nil {
					return
				}
				switch {
				case err != nil:
					t.Errorf("read: %v", err)
					return
				case claims != tallies:
					t.Errorf("%s: one table says %d, the other %d", schema, claims, tallies)
				case claims < want.n:
					t.Errorf("%s: %d was read, %d was asked for", schema, claims, want.n)
				case claims < last:
					t.Errorf("%s: %d was read after %d", schema, claims, last)
				}
				last = claims
				reads.Add(1)
				mu.Lock()
				seen[schema] = true
				mu.Unlock()
			}
		})
	}
	for round := range 4 {
		before := reads.Load()
		eventually(t, func() bool { return reads.Load() > before+20 || t.Failed() }, func() any { return reads.Load() })
		if round%2 == 0 {
			rebuild(t, pool, log, projections.RebuildOptions{})
		} else {
			rollback(t, pool, log)
		}
	}
	before := reads.Load()
	eventually(t, func() bool { return reads.Load() > before+20 || t.Failed() }, func() any { return reads.Load() })
	cancel()
	working.Wait()
	if len(seen) < 3 {
		t.Errorf("readers saw %v, want all three generations", seen)
	}
	atEnd(t, pool, log)
}

// written is the writer's count and where in the log it is.
type written struct {
	n  int64
	at eventlog.Position
}

// readBoth reads the writer's count from two tables, as a request does: one
// schema, two statements, one snapshot.
func readBoth(ctx context.Context, pool *pgxpool.Pool, g *readmodels.Generations, holder string) (schema string, claims, tallies int64, err error) {
	s, err := g.Schema(ctx, "toy")
	if err != nil {
		return "", 0, 0, err
	}
	err = pgx.BeginTxFunc(ctx, pool, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		if err := tx.QueryRow(ctx, fmt.Sprintf("SELECT coalesce(sum(taken), 0)::bigint FROM %s WHERE holder = $1", s.Table("claims")), holder).Scan(&claims); err != nil {
			return err
		}
		return tx.QueryRow(ctx, fmt.Sprintf("SELECT coalesce(sum(taken), 0)::bigint FROM %s WHERE holder = $1", s.Table("tallies")), holder).Scan(&tallies)
	})
	return string(s), claims, tallies, err
}
