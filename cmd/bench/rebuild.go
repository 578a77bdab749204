package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/hirelog/hirelog/projections"
)

// benchRebuild measures building all read models anew from the log against
// copying the rows they end in into tables of their own, indexes last.
func benchRebuild(ctx context.Context, s settings, dir string) (err error) {
	c, err := openCorpus(ctx, s)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	tables, err := c.tables()
	if err != nil {
		return err
	}
	// As "hirelog projections rebuild" sets it, which is a process of its own.
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(768 << 20))
	defer debug.SetGCPercent(debug.SetGCPercent(50))
	var ratios, speeds, memory []figure
	for range s.rounds {
		if err := c.dropGenerations(ctx); err != nil {
			return err
		}
		peak := watchPeak()
		var report projections.Report
		rebuilt, err := measured(c.meter(), func() (n int, err error) {
			report, err = projections.Rebuild(ctx, c.pool, c.log, []projections.Group{c.group()}, projections.RebuildOptions{Dir: dir})
			return c.made.Events, err
		})
		if err != nil {
			return fmt.Errorf("rebuild: %w", err)
		}
		resident := peak()
		copied, err := c.copyRows(ctx, tables, dir)
		if err != nil {
			return fmt.Errorf("copy the rows: %w", err)
		}
		s.say("rebuilt in %v, rows copied in %v", rebuilt.took.Round(time.Second), copied.took.Round(time.Second))
		a := fmt.Sprintf("rebuilt from %d events in %v (read %v, copied %v), %v", rebuilt.n, rebuilt.took.Round(time.Millisecond),
			report.Reading.Round(time.Millisecond), report.Copying.Round(time.Millisecond), rebuilt)
		b := fmt.Sprintf("copied %d rows in %v, %v", copied.n, copied.took.Round(time.Millisecond), copied)
		ratios = append(ratios, figure{copied.took.Seconds() / rebuilt.took.Seconds(), a, b})
		speeds = append(speeds, figure{rebuilt.perSecond(), a, "a second"})
		memory = append(memory, figure{float64(resident) / (1 << 30), fmt.Sprintf("%d MiB resident, node and client with it", resident>>20), "1 GiB"})
	}
	s.report("rebuild_per_copy_of_rows", ratios, atLeast(0.5))
	s.report("rebuild_events_per_second", speeds, atLeast(25_000))
	s.report("rebuild_resident_gib", memory, atMost(1))
	return nil
}

// dropGenerations removes all read models, so that nothing is compared.
func (c *corpus) dropGenerations(ctx context.Context) error {
	_, err := c.pool.Exec(ctx, `DO $$
		DECLARE s text;
		BEGIN
			FOR s IN SELECT nspname FROM pg_namespace WHERE nspname ~ '^(rm_|bench_)' LOOP
				EXECUTE format('DROP SCHEMA %I CASCADE', s);
			END LOOP;
			DELETE FROM rm.checkpoints;
			DELETE FROM rm.generations;
		END $$`)
	return err
}

// watchPeak begins to watch how much memory of this process is resident. The
// function it returns says what it was at most, in bytes; 0 where that is not
// known.
func watchPeak() func() int64 {
	_ = os.WriteFile("/proc/self/clear_refs", []byte("5"), 0) // not everywhere; then it is the most ever
	return func() int64 {
		data, err := os.ReadFile("/proc/self/status")
		if err != nil {
			return 0
		}
		for line := range strings.Lines(string(data)) {
			if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
				kib, _ := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
				return kib << 10
			}
		}
		return 0
	}
}

// copyRows copies the rows of the live generation into tables like it: COPY into
// tables without any index, then primary keys and indexes. Getting the rows out
// is not timed.
func (c *corpus) copyRows(ctx context.Context, tables []anyTable, dir string) (sum pace, err error) {
	live, err := c.liveSchema(ctx)
	if err != nil {
		return sum, err
	}
	const to = "bench_copy"
	if err := c.create(ctx, to); err != nil {
		return sum, err
	}
	for _, t := range tables {
		p, err := t.copyAll(ctx, c, live, to, filepath.Join(dir, t.name()))
		if err != nil {
			return sum, fmt.Errorf("table %s: %w", t.name(), err)
		}
		sum.n, sum.took, sum.cost = sum.n+p.n, sum.took+p.took, sum.cost+p.cost
	}
	return sum, nil
}

func (t tableOf[R]) copyAll(ctx context.Context, c *corpus, from, to, path string) (p pace, err error) {
	f, err := os.Create(path)
	if err != nil {
		return p, err
	}
	defer func() { err = errors.Join(err, f.Close(), os.Remove(path)) }()
	conn, err := c.pool.Acquire(ctx)
	if err != nil {
		return p, err
	}
	defer conn.Release()
	if _, err := conn.Conn().PgConn().CopyTo(ctx, f, "COPY "+from+"."+t.Name+" ("+t.ColumnList()+") TO STDOUT WITH (FORMAT binary)"); err != nil {
		return p, err
	}
	if _, err := f.Seek(0, 0); err != nil {
		return p, err
	}
	return measured(c.meter(), func() (int, error) {
		tx, err := conn.Begin(ctx)
		if err != nil {
			return 0, err
		}
		defer func() { _ = tx.Rollback(ctx) }() // of what is committed it is none
		bare := "DROP TABLE " + to + "." + t.Name + ";" + strings.Replace(t.CreateTable(to), " PRIMARY KEY", " NOT NULL", 1)
		if _, err := tx.Exec(ctx, bare); err != nil {
			return 0, err
		}
		got, err := conn.Conn().PgConn().CopyFrom(ctx, f, "COPY "+to+"."+t.Name+" ("+t.ColumnList()+") FROM STDIN WITH (FORMAT binary, FREEZE)")
		if err != nil {
			return 0, err
		}
		key := "ALTER TABLE " + to + "." + t.Name + " ADD PRIMARY KEY (" + t.Columns[0].Name() + ");"
		if _, err := tx.Exec(ctx, key+t.CreateIndexes(to)); err != nil {
			return 0, err
		}
		return int(got.RowsAffected()), tx.Commit(ctx)
	})
}
