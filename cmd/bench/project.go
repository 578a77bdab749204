package main

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/hirelog/hirelog/projections"
	"github.com/hirelog/hirelog/readmodels"
)

func (c *corpus) group() projections.Group {
	return projections.Group{Name: projections.CoreGroup, Models: projections.Core(c.vault)}
}

// benchProject measures the projector from the beginning of the log against
// writing the rows it ends in, a thousand to a statement.
func benchProject(ctx context.Context, s settings, _ string) (err error) {
	c, err := openCorpus(ctx, s)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	tables, err := c.tables()
	if err != nil {
		return err
	}
	var rounds []figure
	for range s.rounds {
		// The rows come from what the projector has made, so it goes first.
		followed, err := measured(c.meter(), func() (int, error) { return c.project(ctx) })
		if err != nil {
			return fmt.Errorf("project: %w", err)
		}
		written, err := c.upsert(ctx, tables)
		if err != nil {
			return fmt.Errorf("write the rows: %w", err)
		}
		s.say("projected in %v, rows written in %v", followed.took.Round(time.Second), written.took.Round(time.Second))
		rounds = append(rounds, figure{
			written.took.Seconds() / followed.took.Seconds(),
			fmt.Sprintf("projected %d events in %v, %v", followed.n, followed.took.Round(time.Millisecond), followed),
			fmt.Sprintf("wrote %d rows in %v, %v", written.n, written.took.Round(time.Millisecond), written),
		})
	}
	s.report("live_catch_up_per_upsert_of_rows", rounds, atLeast(0.5))
	return nil
}

// project projects the whole log into a new generation, in the batches of a
// running program.
func (c *corpus) project(ctx context.Context) (int, error) {
	if err := c.forget(ctx); err != nil {
		return 0, err
	}
	if err := projections.Ensure(ctx, c.pool, c.group()); err != nil {
		return 0, err
	}
	life, end := context.WithCancel(ctx)
	defer end()
	var seen atomic.Int64
	var fault atomic.Pointer[string]
	p, err := projections.NewProjector(c.pool, c.log, c.group(), projections.Options{Observer: projections.Observer{
		Batch: func(_ string, events int, _ time.Duration) {
			if seen.Add(int64(events)) >= int64(c.made.Events) {
				end()
			}
		},
		State: func(_ string, state projections.State) {
			if state == projections.Stopped {
				why := "the projection stopped"
				fault.Store(&why)
				end()
			}
		},
	}})
	if err != nil {
		return 0, err
	}
	if err := p.Run(life); err != nil && life.Err() == nil {
		return 0, err
	}
	if why := fault.Load(); why != nil {
		return 0, fmt.Errorf("%s: %s", *why, p.Condition().Reason)
	}
	return int(seen.Load()), ctx.Err()
}

// forget removes all generations, so that the next one begins with the log.
func (c *corpus) forget(ctx context.Context) error {
	rows, err := c.pool.Query(ctx, "DELETE FROM rm.generations WHERE group_name = $1 RETURNING schema_name", projections.CoreGroup)
	if err != nil {
		return err
	}
	schemas, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err
	}
	for _, schema := range schemas {
		if _, err := c.pool.Exec(ctx, "DROP SCHEMA IF EXISTS "+schema+" CASCADE"); err != nil {
			return err
		}
	}
	return nil
}

// anyTable is a table of the read models, whatever its rows.
type anyTable interface {
	name() string
	// upsert writes all rows of schema from into the same table of schema to, a
	// thousand to a statement, in the order in which from was written. Only
	// writing is timed.
	upsert(ctx context.Context, c *corpus, from, to string) (pace, error)
	// copyAll copies all rows of schema from, by way of a file, into the table of
	// schema to, which it makes anew. Only copying in and indexing are timed.
	copyAll(ctx context.Context, c *corpus, from, to, path string) (pace, error)
}

type tableOf[R any] struct{ readmodels.Table[R] }

func (t tableOf[R]) name() string { return t.Name }

func of[R any](t readmodels.Table[R]) anyTable { return tableOf[R]{t} }

// tables are those of all read models.
func (c *corpus) tables() ([]anyTable, error) {
	all := []anyTable{
		of(readmodels.Jobs()), of(readmodels.Reasons()), of(readmodels.Tags()), of(readmodels.SettingsTable()),
		of(readmodels.Members()), of(readmodels.RecruitingRoles()), of(readmodels.Team()), of(readmodels.Grants()),
		of(readmodels.People()), of(readmodels.Applications()), of(readmodels.Timeline()), of(readmodels.Timelines()),
		of(readmodels.Notes()), of(readmodels.Comments()), of(readmodels.Documents()), of(readmodels.DocumentVersions()),
		of(readmodels.DocumentFiles()), of(readmodels.DocumentReviews()), of(readmodels.KeptValues()), of(readmodels.Withheld()),
		of(readmodels.EarlierTexts()), of(readmodels.CommentReads()), of(readmodels.Ratings()), of(readmodels.Interviews()), of(readmodels.ReviewRequests()),
		of(readmodels.Offers()), of(readmodels.DataRequests()), of(readmodels.Undelivered()),
		of(readmodels.Submissions()), of(readmodels.Evaluations()), of(readmodels.EvaluationContents()), of(readmodels.EvaluationForms()), of(readmodels.FormVersions()),
		of(readmodels.Attributes()), of(readmodels.AttributeOrder()), of(readmodels.CustomCategories()), of(readmodels.RetiredTable()), of(readmodels.Templates()),
		of(readmodels.Notices()), of(readmodels.Inboxes()), of(readmodels.Audiences()), of(readmodels.Requesters()), of(readmodels.Notify()),
		of(readmodels.Views()), of(readmodels.Messages()), of(readmodels.BulkActions()), of(readmodels.BulkItems()), of(readmodels.BusyAddresses()), of(readmodels.StaffTable()),
		of(readmodels.Hires()), of(readmodels.Employees()), of(readmodels.EmployeeDocuments()),
	}
	known := make(map[string]bool)
	for _, t := range all {
		known[t.name()] = true
	}
	for _, m := range c.group().Models {
		for _, t := range m.Tables() {
			if !known[t.Name()] {
				return nil, fmt.Errorf("table %s of %s is not measured", t.Name(), m.Name())
			}
		}
	}
	return all, nil
}

// upsert writes the rows of the live generation into tables like it.
func (c *corpus) upsert(ctx context.Context, tables []anyTable) (pace, error) {
	live, err := c.liveSchema(ctx)
	if err != nil {
		return pace{}, err
	}
	const to = "bench_upsert"
	if err := c.create(ctx, to); err != nil {
		return pace{}, err
	}
	var sum pace
	for _, t := range tables {
		p, err := t.upsert(ctx, c, live, to)
		if err != nil {
			return sum, fmt.Errorf("table %s: %w", t.name(), err)
		}
		sum.n, sum.took, sum.cost = sum.n+p.n, sum.took+p.took, sum.cost+p.cost
	}
	return sum, nil
}

func (c *corpus) liveSchema(ctx context.Context) (live string, err error) {
	err = c.pool.QueryRow(ctx, `SELECT schema_name FROM rm.generations WHERE group_name = $1 AND status = 'live'`, projections.CoreGroup).Scan(&live)
	return live, err
}

// create creates all tables with their indexes, empty.
func (c *corpus) create(ctx context.Context, schema string) error {
	sql := "DROP SCHEMA IF EXISTS " + schema + " CASCADE; CREATE SCHEMA " + schema + ";"
	for _, m := range c.group().Models {
		for _, t := range m.Tables() {
			sql += t.Create(schema)
		}
	}
	_, err := c.pool.Exec(ctx, sql)
	return err
}

func (t tableOf[R]) upsert(ctx context.Context, c *corpus, from, to string) (sum pace, err error) {
	const atOnce = 1000
	rows, err := c.pool.Query(ctx, "SELECT "+t.ColumnList()+" FROM "+from+"."+t.Name+" ORDER BY ctid")
	if err != nil {
		return sum, err
	}
	defer rows.Close()
	sql := t.UpsertSQL(to)
	for more := true; more; {
		var batch []R
		for len(batch) < 50*atOnce {
			if more = rows.Next(); !more {
				break
			}
			row, err := t.Scan(rows)
			if err != nil {
				return sum, err
			}
			batch = append(batch, row)
		}
		p, err := measured(c.meter(), func() (int, error) {
			for i := 0; i < len(batch); i += atOnce {
				if _, err := c.pool.Exec(ctx, sql, t.UpsertArgs(batch[i:min(i+atOnce, len(batch))])...); err != nil {
					return 0, err
				}
			}
			return len(batch), nil
		})
		if err != nil {
			return sum, err
		}
		sum.n, sum.took, sum.cost = sum.n+p.n, sum.took+p.took, sum.cost+p.cost
	}
	return sum, rows.Err()
}
