package projections_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/hirelog/hirelog/internal/eventlog"
	"github.com/hirelog/hirelog/internal/postgres/postgrestest"
	"github.com/hirelog/hirelog/projections"
	"github.com/hirelog/hirelog/projections/projectionstest"
)

// raw appends an event as it is to the end of a new stream.
func raw(t *testing.T, log eventlog.Log, stream, typ, data string) {
	t.Helper()
	e := eventlog.NewEvent{ID: uuid.New(), Type: typ, Data: []byte(data), Metadata: []byte(`{}`)}
	if _, err := log.Append(t.Context(), stream, eventlog.NoStream, []eventlog.NewEvent{e}); err != nil {
		t.Fatal(err)
	}
}

// notes is a log's text that is safe to read while it is written.
type notes struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (n *notes) Write(p []byte) (int, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.b.Write(p)
}

func (n *notes) String() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.b.String()
}

func TestProjectionStopsAtAnEventThatCannotBeApplied(t *testing.T) {
	t.Parallel()
	const stream = "claim-7e1ab9a4-0c43-4b7f-9a39-000000000001"
	for _, c := range []struct {
		name string
		add  func(t *testing.T, log eventlog.Log)
		want string // in the failure's text
	}{
		{"refused by the model", func(t *testing.T, log eventlog.Log) {
			projectionstest.Append(t, log, stream, taken(1, poison))
		}, "model toy: apply: it is poison"},
		{"makes the model panic", func(t *testing.T, log eventlog.Log) {
			projectionstest.Append(t, log, stream, taken(1, panics))
		}, "model toy: panic: string"},
		{"does not fit the column", func(t *testing.T, log eventlog.Log) {
			projectionstest.Append(t, log, stream, taken(1, tooWide))
		}, "SQLSTATE 22"},
		{"of another model's row", func(t *testing.T, log eventlog.Log) {
			projectionstest.Append(t, log, stream, taken(1, forgets))
		}, "table claims: row read that was not needed"},
		{"of an unknown type", func(t *testing.T, log eventlog.Log) {
			raw(t, log, stream, "claim.stolen.v1", `{"thief":"Jane Doe"}`)
		}, `unknown event "claim.stolen.v1"`},
		{"that cannot be decoded", func(t *testing.T, log eventlog.Log) {
			raw(t, log, stream, "claim.taken.v1", `{"holder":7, "name":"Jane Doe"}`)
		}, "a field takes string, not number"},
		{"with a strange actor", func(t *testing.T, log eventlog.Log) {
			raw(t, log, stream, "claim.taken.v1", `{"by":"Jane Doe"}`)
		}, "decode: data is not of its type's form"},
		{"whose id is none", func(t *testing.T, log eventlog.Log) {
			projectionstest.Append(t, log, "claim-Jane Doe", taken(1, "ann"))
		}, "SQLSTATE 22P02"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			log := history(t, 10, 7)
			before := clean(t, postgrestest.New(t), log)
			c.add(t, log)
			bad := lastEvent(t, log)
			projectionstest.Append(t, log, claimStream(1), taken(2, "ann"))

			var said notes
			pool, o := postgrestest.New(t), quick()
			o.Logger = slog.New(slog.NewTextHandler(&said, &slog.HandlerOptions{Level: slog.LevelDebug}))
			r := start(t, pool, log, toyGroup(), o)
			r.until(projections.Stopped)

			s := status(t, pool, log)
			want := projections.Failure{Stream: bad.Stream, Revision: bad.Revision, EventID: bad.ID, Type: bad.Type, Position: bad.Position.String()}
			if s.Stopped == nil {
				t.Fatal("the database does not know that it is stopped")
			}
			if got := *s.Stopped; !strings.Contains(got.Error, c.want) {
				t.Errorf("error %q, want %q in it", got.Error, c.want)
			} else if want.Error = got.Error; got != want {
				t.Errorf("failure %+v, want %+v", got, want)
			}
			if got := projectionstest.Dump(t, pool, toyGroup()); got != before {
				t.Errorf("tables hold\n%s\nwant what was before the event\n%s", got, before)
			}
			if !s.Behind || s.Lag < 0 {
				t.Errorf("behind %t, want true", s.Behind)
			}
			for where, text := range map[string]string{"status": s.Stopped.String(), "condition": r.Condition().Reason, "log": said.String()} {
				if strings.Contains(strings.ReplaceAll(text, bad.Stream, ""), "Jane Doe") || strings.Contains(text, "nul") || strings.Contains(text, "secret") {
					t.Errorf("%s shows what the event holds: %s", where, text)
				}
			}
		})
	}
}

func lastEvent(t *testing.T, log eventlog.Log) eventlog.Event {
	t.Helper()
	for e, err := range log.ReadAll(t.Context(), eventlog.Start, eventlog.Backwards) {
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
	t.Fatal("log is empty")
	return eventlog.Event{}
}

// mended is the toy group after somebody taught it what the poison was.
func mended() projections.Group {
	return projections.Group{Name: "toy", Models: []projections.Model{&mendedToy{newToy()}}}
}

type mendedToy struct{ *toy }

func (m *mendedToy) Apply(ctx context.Context, f projections.Fact) error {
	if err := m.toy.Apply(ctx, f); err != nil && err != errPoison { //nolint:errorlint // the model's own, unwrapped
		return err
	}
	return nil
}

func TestStoppedProjectionIsResumed(t *testing.T) {
	t.Parallel()
	log, pool := history(t, 5, 8), postgrestest.New(t)
	projectionstest.Append(t, log, claimStream(1), taken(1, poison), taken(2, "ann"))
	r := start(t, pool, log, toyGroup(), quick())
	r.until(projections.Stopped)
	stopped := status(t, pool, log)

	// Tried again, it stops again, at the same event.
	if was, err := projections.Resume(t.Context(), pool, toyGroup()); err != nil || !was {
		t.Fatalf("Resume = %t, %v; want true", was, err)
	}
	eventually(t, func() bool { return r.was(projections.Running) && status(t, pool, log).Stopped != nil }, func() any { return r.Condition() })
	if s := status(t, pool, log); s.Checkpoint != stopped.Checkpoint || *s.Stopped != *stopped.Stopped {
		t.Errorf("stopped at %+v, before at %+v", s, stopped)
	}
	r.stop()

	// A build that can apply it goes on by itself.
	r = start(t, pool, log, mended(), quick())
	atEnd(t, pool, log)
	r.until(projections.Running)
	if s := status(t, pool, log); s.Stopped != nil {
		t.Errorf("after the event: %+v", s.Stopped)
	}
	if was, err := projections.Resume(t.Context(), pool, toyGroup()); err != nil || was {
		t.Errorf("Resume of a running group = %t, %v; want false", was, err)
	}
}

func TestParkingPutsAStreamAsideAndGoesOn(t *testing.T) {
	t.Parallel()
	log := &eventlog.Memory{}
	good := &eventlog.Memory{} // the same without the events that are parked
	both := func(n int, holder string) {
		projectionstest.Append(t, log, claimStream(n), taken(n, holder))
		projectionstest.Append(t, good, claimStream(n), taken(n, holder))
	}
	both(1, "ann")
	both(2, "ann")
	projectionstest.Append(t, log, claimStream(1), taken(3, poison), taken(4, "cy,{}"))
	both(3, "cy,{}")
	raw(t, log, claimStream(4), "claim.stolen.v1", `{}`)
	for _, size := range []int{1, 2, 1000} {
		t.Run(fmt.Sprintf("batches of %d", size), func(t *testing.T) {
			pool, g, o := postgrestest.New(t), toyGroup(), quick()
			g.OnFailure = projections.Park
			o.Subscriber.MaxEvents = size
			r := start(t, pool, log, g, o)
			atEnd(t, pool, log)
			r.stop()
			// The next projector knows what is parked.
			r = start(t, pool, log, g, o)
			at := projectionstest.Append(t, log, claimStream(1), taken(5, "ann"))
			eventually(t, func() bool { return !status(t, pool, log).Behind }, func() any { return status(t, pool, log) })
			r.stop()

			if got, want := projectionstest.Dump(t, pool, g), clean(t, postgrestest.New(t), good); got != want {
				t.Errorf("tables hold\n%s\nwant\n%s", got, want)
			}
			got := parked(t, pool)
			want := []string{
				claimStream(1) + "@1 claim.taken.v1: model toy: apply: it is poison",
				claimStream(1) + "@2 claim.taken.v1: ",
				claimStream(4) + `@0 claim.stolen.v1: decode: unknown event "claim.stolen.v1"`,
			}
			for revision := eventlog.Revision(3); revision <= at.Revision; revision++ {
				want = append(want, fmt.Sprintf("%s@%d claim.taken.v1: ", claimStream(1), revision))
			}
			if strings.Join(got, "\n") != strings.Join(want, "\n") {
				t.Errorf("parked\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
			if s := status(t, pool, log); s.Parked != len(want) || s.Stopped != nil {
				t.Errorf("status says %d parked, stopped %v; want %d, nil", s.Parked, s.Stopped, len(want))
			}
		})
	}
}

// parked are the events put aside, in order.
func parked(t *testing.T, pool *pgxpool.Pool) []string {
	t.Helper()
	rows, err := pool.Query(t.Context(), `
SELECT format('%s@%s %s: %s', stream, revision, event_type, error) FROM rm.parked ORDER BY commit_position, prepare_position`)
	if err != nil {
		t.Fatal(err)
	}
	got, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestWhatPassesByItselfIsTriedAgain(t *testing.T) {
	t.Parallel()
	log, pool := history(t, 5, 9), postgrestest.New(t)
	projectionstest.Append(t, log, claimStream(1), taken(1, waits))
	m := newToy()
	m.broken.Store(true)
	g := projections.Group{Name: "toy", Models: []projections.Model{m}, OnFailure: projections.Park}
	r := start(t, pool, log, g, quick())
	r.until(projections.Retrying)
	if got := r.Condition().Reason; !strings.Contains(got, "somebody is away") {
		t.Errorf("reason %q, want the model's", got)
	}
	m.broken.Store(false)
	atEnd(t, pool, log)
	r.until(projections.Running)
	if s := status(t, pool, log); s.Parked != 0 {
		t.Errorf("%d events were parked", s.Parked)
	}
	r.stop()
	if got, want := projectionstest.Dump(t, pool, g), clean(t, postgrestest.New(t), log); got != want {
		t.Errorf("tables hold\n%s\nwant\n%s", got, want)
	}
}
