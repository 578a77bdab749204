package projections

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"
)

// fill reads the log and copies the rows, for the builds that are not filled
// yet.
func (b *builder) fill(ctx context.Context, builds []*build, r *Report) (err error) {
	var empty []*build
	for _, bd := range builds {
		if !bd.filled {
			empty = append(empty, bd)
		}
	}
	if len(empty) == 0 {
		return nil
	}
	for _, bd := range empty {
		for _, t := range bd.group.tables() {
			t.beginWhole(b.o.Dir)
		}
	}
	defer func() {
		for _, bd := range empty {
			for _, t := range bd.group.tables() {
				err = errors.Join(err, t.end())
			}
		}
	}()
	began := time.Now()
	r.Events, err = b.read(ctx, empty)
	r.Reading = time.Since(began)
	if err != nil {
		return err
	}
	if err := b.o.step("read"); err != nil {
		return err
	}
	began = time.Now()
	for _, bd := range empty {
		if err := b.copy(ctx, bd); err != nil {
			return err
		}
	}
	r.Copying = time.Since(began)
	return b.o.step("filled")
}

// copy writes the rows of a build, several tables at once, the largest first,
// and makes the generation one that others can go on with.
func (b *builder) copy(ctx context.Context, bd *build) error {
	tables := bd.group.tables()
	slices.SortStableFunc(tables, func(x, y AnyTable) int { return cmp.Compare(y.size(), x.size()) })
	began, all := time.Now(), 0
	for _, t := range tables {
		all += t.size()
	}
	var mu sync.Mutex
	tell := func(rows int) {
		mu.Lock()
		defer mu.Unlock()
		bd.rows += rows
		b.o.Progress(Progress{Phase: Copying, Group: bd.group.Name, Rows: all, RowsDone: bd.rows, Elapsed: time.Since(began)})
	}
	tell(0)
	working, ctx := errgroup.WithContext(ctx)
	working.SetLimit(min(4, max(2, runtime.GOMAXPROCS(0))))
	for i, t := range tables {
		working.Go(func() error {
			if err := b.o.step(fmt.Sprintf("table %d", i)); err != nil {
				return err
			}
			if err := b.copyTable(ctx, bd.next.schema, t); err != nil {
				return fmt.Errorf("table %s.%s: %w", bd.next.schema, t.Name(), err)
			}
			tell(t.size())
			return nil
		})
	}
	if err := working.Wait(); err != nil {
		return err
	}
	return b.filled(context.WithoutCancel(ctx), bd)
}

// copyTable creates a table with its rows, then its indexes. All of it is one
// transaction: rows that came with their table need no freezing later, and no
// index is kept up meanwhile.
func (b *builder) copyTable(ctx context.Context, schema string, t AnyTable) error {
	return pgx.BeginFunc(ctx, b.pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, unhurried+"SET LOCAL maintenance_work_mem = '256MB'; SET LOCAL synchronous_commit = off;\n"+t.create(schema)); err != nil {
			return fmt.Errorf("create: %w", err)
		}
		in, out := io.Pipe()
		var writing sync.WaitGroup
		writing.Go(func() { out.CloseWithError(t.copyTo(ctx, out)) })
		_, err := tx.Conn().PgConn().CopyFrom(ctx, in, t.copySQL(schema))
		_ = in.CloseWithError(io.ErrClosedPipe) // ends the writing, if it has not ended
		writing.Wait()
		if err != nil {
			return fmt.Errorf("copy: %w", err)
		}
		if _, err := tx.Exec(ctx, t.createIndexes(schema)+"ANALYZE "+schema+"."+t.Name()); err != nil {
			return fmt.Errorf("index: %w", err)
		}
		return nil
	})
}

// unhurried lifts, for a transaction, the limits that are meant for statements
// of people who wait.
const unhurried = "SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0;\n"

// filled enters that the rows of a generation are copied, and up to where.
func (b *builder) filled(ctx context.Context, bd *build) error {
	err := pgx.BeginFunc(ctx, b.pool, func(tx pgx.Tx) error {
		p := place{group: bd.group.Name, generation: bd.next}
		batch := &pgx.Batch{}
		p.park(batch, bd.aside)
		batch.Queue(`
UPDATE rm.checkpoints SET event_commit = $3, event_prepare = $4, event_id = $5, commit_position = $6, prepare_position = $7,
	moved_at = clock_timestamp(), alive_at = clock_timestamp()
WHERE group_name = $1 AND generation = $2`,
			bd.group.Name, bd.next.number, signed(bd.at.Event.Commit), signed(bd.at.Event.Prepare), bd.at.EventID,
			signed(bd.at.Position.Commit), signed(bd.at.Position.Prepare))
		if err := tx.SendBatch(ctx, batch).Close(); err != nil {
			return err
		}
		tag, err := tx.Exec(ctx, "UPDATE rm.generations SET filled = true, changed_at = now() WHERE group_name = $1 AND generation = $2 AND builder = $3 AND status IN ('building', 'scratch')",
			bd.group.Name, bd.next.number, b.id)
		if err == nil && tag.RowsAffected() == 0 {
			err = errTaken
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("enter that %s is filled: %w", bd.next.schema, err)
	}
	bd.filled = true
	return nil
}
