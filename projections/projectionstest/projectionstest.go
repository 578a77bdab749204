// Package projectionstest runs read models over histories with the real engine
// on a real database, and compares the tables that come out. Its users run
// their tests by postgrestest.Main.
package projectionstest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/internal/eventlog"
	"github.com/hirelog/hirelog/internal/postgres/postgrestest"
	"github.com/hirelog/hirelog/projections"
	"github.com/hirelog/hirelog/readmodels"
)

// patience bounds one projection: far more than a loaded machine needs.
const patience = 3 * time.Minute

// Append appends facts to the end of a stream, one event each, with ids that
// only depend on the stream and the place in it, and returns where the last one
// is. Personal texts in them are sealed already.
func Append(t testing.TB, log eventlog.Log, stream string, facts ...domain.Fact) eventlog.Appended {
	t.Helper()
	last := eventlog.NoStream
	for e, err := range log.ReadStream(t.Context(), stream, -1, eventlog.Backwards) {
		if err != nil {
			t.Fatalf("append to %s: %v", stream, err)
		}
		last = e.Revision
		break
	}
	events := make([]eventlog.NewEvent, len(facts))
	for i, f := range facts {
		data, err := json.Marshal(f)
		if err != nil {
			t.Fatalf("append to %s: %v", stream, err)
		}
		id := uuid.NewSHA1(uuid.NameSpaceOID, fmt.Appendf(nil, "%s@%d", stream, int(last)+1+i))
		events[i] = eventlog.NewEvent{ID: id, Type: f.EventName(), Data: data, Metadata: []byte(`{}`)}
	}
	appended, err := log.Append(t.Context(), stream, last, events)
	if err != nil {
		t.Fatalf("append to %s: %v", stream, err)
	}
	return appended
}

// How says how the events reach the projector. The zero value cuts batches as
// in production.
type How struct {
	// BatchSize is the most events in a batch. Default 1,000.
	BatchSize int
	// Redeliver has each batch delivered once more after it was committed, as
	// if the confirmation had been lost.
	Redeliver bool
	// Interrupt has another projector take over after each batch.
	Interrupt bool
	// Batch, if not nil, is called after each batch, before Project returns.
	Batch func()
}

func (h How) String() string {
	s := fmt.Sprintf("batches of %d", h.BatchSize)
	if h.BatchSize == 0 {
		s = "batches as they come"
	}
	if h.Redeliver {
		s += ", redelivered"
	}
	if h.Interrupt {
		s += ", interrupted"
	}
	return s
}

// Project brings a group's live generation up to the end of the log, from where
// it is. It stops the test if the projection stops.
func Project(t testing.TB, pool *pgxpool.Pool, log eventlog.Log, g projections.Group, how How) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := projections.Ensure(ctx, pool, g); err != nil {
		t.Fatal(err)
	}
	for {
		done, err := run(ctx, pool, log, g, how)
		if err != nil {
			t.Fatalf("project group %s, %s: %v", g.Name, how, err)
		}
		if done {
			return
		}
	}
}

// Forget removes all generations of a group, as if it had never been projected.
func Forget(t testing.TB, pool *pgxpool.Pool, g projections.Group) {
	t.Helper()
	rows, err := pool.Query(t.Context(), "DELETE FROM rm.generations WHERE group_name = $1 RETURNING schema_name", g.Name)
	if err != nil {
		t.Fatal(err)
	}
	schemas, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range schemas {
		if _, err := pool.Exec(t.Context(), "DROP SCHEMA IF EXISTS "+s+" CASCADE"); err != nil {
			t.Fatal(err)
		}
	}
}

// errAgain is what a message is nacked with though its batch was committed.
var errAgain = errors.New("delivered again on purpose")

// run lets one projector work until the end of the log, or for one batch.
func run(ctx context.Context, pool *pgxpool.Pool, log eventlog.Log, g projections.Group, how How) (done bool, err error) {
	progress := make(chan struct{}, 1)
	tell := func() {
		select {
		case progress <- struct{}{}:
		default:
		}
	}
	o := projections.Options{
		Subscriber: projections.SubscriberOptions{
			MaxEvents: how.BatchSize, MinBackoff: time.Millisecond, MaxBackoff: 4 * time.Millisecond,
		},
		Poll: 5 * time.Millisecond, Standby: 5 * time.Millisecond,
		Observer: projections.Observer{
			Batch: func(string, int, time.Duration) {
				if how.Batch != nil {
					how.Batch()
				}
				tell()
			},
			State: func(string, projections.State) { tell() },
		},
	}
	if how.Redeliver {
		o.Middleware = append(o.Middleware, func(next message.HandlerFunc) message.HandlerFunc {
			return func(msg *message.Message) ([]*message.Message, error) {
				if out, err := next(msg); err != nil {
					return out, err
				}
				return nil, errAgain
			}
		})
	}
	p, err := projections.NewProjector(pool, log, g, o)
	if err != nil {
		return false, err
	}
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- p.Run(ctx) }()
	defer func() {
		cancel()
		err = errors.Join(err, <-ended)
	}()
	for {
		if done, err := reached(ctx, pool, log, g.Name); done || err != nil {
			return done, err
		}
		select {
		case <-progress:
			if c := p.Condition(); how.Interrupt && c.State == projections.Running {
				return false, nil
			}
		case <-ctx.Done():
			return false, fmt.Errorf("%w while %v", ctx.Err(), p.Condition())
		}
	}
}

// reached reports whether a group is at the end of the log.
// Errors: the reason it is stopped.
func reached(ctx context.Context, pool *pgxpool.Pool, log eventlog.Log, group string) (bool, error) {
	all, err := projections.ReadStatus(ctx, pool, func(ctx context.Context) (eventlog.Position, error) {
		return projections.Head(ctx, log)
	})
	if err != nil {
		return false, err
	}
	for _, s := range all {
		if s.Group == group {
			if s.Stopped != nil {
				return false, errors.New(s.Stopped.String())
			}
			return !s.Behind, nil
		}
	}
	return false, fmt.Errorf("group %s: %w", group, readmodels.ErrNoGeneration)
}

// Dump returns all rows of a group's live generation as text: for each table
// its name and its rows, in the order of their keys.
func Dump(t testing.TB, pool *pgxpool.Pool, g projections.Group) string {
	t.Helper()
	schema, err := readmodels.NewGenerations(pool).Schema(t.Context(), g.Name)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, m := range g.Models {
		for _, table := range m.Tables() {
			fmt.Fprintf(&b, "# %s\n", table.Name())
			rows, err := pool.Query(t.Context(), "SELECT to_jsonb(r)::text FROM "+schema.Table(table.Name())+" r ORDER BY 1")
			if err != nil {
				t.Fatalf("dump %s: %v", table.Name(), err)
			}
			lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
			if err != nil {
				t.Fatalf("dump %s: %v", table.Name(), err)
			}
			for _, line := range lines {
				b.WriteString(line + "\n")
			}
		}
	}
	return b.String()
}

// SameHoweverDelivered projects a log from its beginning in several ways, each
// in a database of its own and with models of their own, and fails the test
// unless the tables are the same each time. It returns a pool of the last one,
// and its tables' dump.
func SameHoweverDelivered(t testing.TB, log eventlog.Log, group func() projections.Group) (*pgxpool.Pool, string) {
	t.Helper()
	var pool *pgxpool.Pool
	var first string
	for i, how := range []How{
		{},
		{BatchSize: 1},
		{BatchSize: 3, Interrupt: true},
		{BatchSize: 7, Redeliver: true},
	} {
		pool = postgrestest.New(t)
		g := group()
		Project(t, pool, log, g, how)
		switch got := Dump(t, pool, g); {
		case i == 0:
			first = got
		case got != first:
			t.Fatalf("%s gives other tables than batches as they come:\n%s", how, difference(first, got))
		}
	}
	return pool, first
}

// difference shows the first lines in which two dumps differ.
func difference(a, b string) string {
	as, bs := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i := range max(len(as), len(bs)) {
		var l, r string
		if i < len(as) {
			l = as[i]
		}
		if i < len(bs) {
			r = bs[i]
		}
		if l != r {
			return fmt.Sprintf("line %d\n- %s\n+ %s", i+1, l, r)
		}
	}
	return "none"
}
