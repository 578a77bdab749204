package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/hirelog/hirelog/internal/eventlog"
	"github.com/hirelog/hirelog/internal/postgres"
	"github.com/hirelog/hirelog/internal/vault"
	"github.com/hirelog/hirelog/projections"
	"github.com/hirelog/hirelog/readmodels"
)

// fresh is the database that read models are projected into once more.
const fresh = "soak_fresh"

// levelOf waits until the read models in pool show the end of the log.
func levelOf(ctx context.Context, log eventlog.Log, pool *pgxpool.Pool, within time.Duration) (eventlog.Position, error) {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	for {
		all, err := projections.ReadStatus(ctx, pool, func(ctx context.Context) (eventlog.Position, error) {
			return projections.Head(ctx, log)
		})
		if err != nil {
			return eventlog.Start, err
		}
		for _, s := range all {
			switch {
			case s.Group != projections.CoreGroup:
			case s.Stopped != nil:
				return eventlog.Start, fmt.Errorf("the read models are stopped: %s", s.Stopped)
			case s.Parked > 0:
				return eventlog.Start, fmt.Errorf("%d events are parked", s.Parked)
			case !s.Behind:
				return s.Checkpoint.Position, nil
			}
		}
		if err := sleep(ctx, lookEvery); err != nil {
			return eventlog.Start, fmt.Errorf("the read models do not reach the end of the log: %w: %+v", err, all)
		}
	}
}

// compareRebuild projects the log once more from its beginning into another
// database, and compares all rows.
func (in *installation) compareRebuild(ctx context.Context) (err error) {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	live, err := in.poolOf(ctx, in.database())
	if err != nil {
		return err
	}
	defer live.Close()
	if _, err := live.Exec(ctx, "CREATE DATABASE "+fresh); err != nil {
		return fmt.Errorf("database of the rebuild: %w", err)
	}
	address := in.postgres().ConnString(fresh)
	if err := postgres.Migrate(ctx, address); err != nil {
		return err
	}
	again, err := in.poolOf(ctx, address)
	if err != nil {
		return err
	}
	defer again.Close()
	keys, err := vault.Open(ctx, live, in.keyset(), vault.Options{})
	if err != nil {
		return err
	}
	log, err := eventlog.Connect(eventlog.ClientOptions{ConnectionString: "esdb://" + in.nodeAt + "?tls=false"})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, log.Close()) }()
	group := projections.Group{Name: projections.CoreGroup, Models: projections.Core(keys)}
	if err := projections.Ensure(ctx, again, group); err != nil {
		return err
	}
	projector, err := projections.NewProjector(again, log, group, projections.Options{})
	if err != nil {
		return err
	}
	running, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- projector.Run(running) }()
	_, err = levelOf(ctx, log, again, within)
	stop()
	if err := errors.Join(err, <-ended); err != nil {
		return fmt.Errorf("rebuild: %w", err)
	}
	return in.compare(ctx, group, live, again)
}

// compare compares all rows of the live generations in two databases.
func (in *installation) compare(ctx context.Context, g projections.Group, live, again *pgxpool.Pool) error {
	var errs []error
	for _, m := range g.Models {
		for _, table := range m.Tables() {
			a, err := rowsOf(ctx, live, g.Name, table.Name())
			if err != nil {
				return err
			}
			b, err := rowsOf(ctx, again, g.Name, table.Name())
			if err != nil {
				return err
			}
			in.report.count("rows compared", len(a))
			if !slices.Equal(a, b) {
				errs = append(errs, fmt.Errorf("%s: %s", table.Name(), differences(a, b)))
			}
		}
	}
	return errors.Join(errs...)
}

// rowsOf returns the rows of a table as text, in the order of that text.
func rowsOf(ctx context.Context, pool *pgxpool.Pool, group, table string) ([]string, error) {
	schema, err := readmodels.NewGenerations(pool).Schema(ctx, group)
	if err != nil {
		return nil, err
	}
	rows, err := pool.Query(ctx, "SELECT to_jsonb(r)::text FROM "+schema.Table(table)+` r ORDER BY to_jsonb(r)::text COLLATE "C"`)
	if err != nil {
		return nil, fmt.Errorf("rows of %s: %w", table, err)
	}
	all, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("rows of %s: %w", table, err)
	}
	return all, nil
}

// differences describes the first rows that only one side has.
func differences(live, again []string) string {
	only := func(a, b []string) (some []string, n int) {
		has := make(map[string]bool, len(b))
		for _, row := range b {
			has[row] = true
		}
		for _, row := range a {
			if has[row] {
				continue
			}
			if n++; n <= 2 {
				some = append(some, row)
			}
		}
		return some, n
	}
	a, n := only(live, again)
	b, m := only(again, live)
	return fmt.Sprintf("%d rows are live only, such as %v; %d are rebuilt only, such as %v", n, a, m, b)
}
