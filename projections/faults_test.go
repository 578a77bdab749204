package projections_test

import (
	"context"
	"io"
	"net"
	"sync/atomic"
	"testing"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/hirelog/hirelog/internal/eventlog"
	"github.com/hirelog/hirelog/internal/postgres/postgrestest"
	"github.com/hirelog/hirelog/projections"
	"github.com/hirelog/hirelog/projections/projectionstest"
)

// saboteur sees every statement a pool begins to send, counted from 1, and does
// something at one of them.
type saboteur struct {
	n  atomic.Int64
	do func(n int64, sql string, conn *pgx.Conn)
}

func (s *saboteur) TraceQueryStart(ctx context.Context, conn *pgx.Conn, d pgx.TraceQueryStartData) context.Context {
	s.do(s.n.Add(1), d.SQL, conn)
	return ctx
}

func (s *saboteur) TraceBatchStart(ctx context.Context, conn *pgx.Conn, d pgx.TraceBatchStartData) context.Context {
	s.do(s.n.Add(1), d.Batch.QueuedQueries[0].SQL, conn)
	return ctx
}

func (*saboteur) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}
func (*saboteur) TraceBatchQuery(context.Context, *pgx.Conn, pgx.TraceBatchQueryData) {
}
func (*saboteur) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData) {}

// sabotaged is another pool to the same database whose statements are seen.
func sabotaged(t *testing.T, pool *pgxpool.Pool, do func(n int64, sql string, conn *pgx.Conn)) *pgxpool.Pool {
	t.Helper()
	config := pool.Config()
	config.ConnConfig.Tracer = &saboteur{do: do}
	dial := config.ConnConfig.DialFunc
	config.ConnConfig.DialFunc = func(ctx context.Context, network, addr string) (net.Conn, error) {
		c, err := dial(ctx, network, addr)
		return &deafConn{Conn: c}, err
	}
	other, err := pgxpool.NewWithConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(other.Close)
	return other
}

// deafConn can lose the next answer: it breaks after the server has sent it.
type deafConn struct {
	net.Conn
	deaf atomic.Bool
}

func (c *deafConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if err == nil && c.deaf.Load() {
		_ = c.Conn.Close()
		return 0, io.ErrUnexpectedEOF
	}
	return n, err
}

func TestNothingIsLostOrDoubledWhenAConnectionDiesAtAnyStep(t *testing.T) {
	t.Parallel()
	log := history(t, 12, 2)
	want := clean(t, postgrestest.New(t), log)
	pool := postgrestest.New(t)
	for step := int64(1); ; step++ {
		projectionstest.Forget(t, pool, toyGroup())
		var killed atomic.Bool
		other := sabotaged(t, pool, func(n int64, _ string, conn *pgx.Conn) {
			if n != step {
				return
			}
			killed.Store(true)
			// It waits until the backend is gone.
			if _, err := pool.Exec(context.Background(), "SELECT pg_terminate_backend($1, 5000)", int64(conn.PgConn().PID())); err != nil {
				t.Error(err)
			}
		})
		o := quick()
		o.Subscriber.MaxEvents = 5
		r := start(t, other, log, toyGroup(), o)
		atEnd(t, pool, log)
		// Until then nobody has anything to do but give signs of life.
		r.stop()
		if got := projectionstest.Dump(t, pool, toyGroup()); got != want {
			t.Fatalf("connection killed at step %d:\n%s\nwant\n%s", step, got, want)
		}
		other.Close()
		if !killed.Load() {
			t.Logf("%d steps", step-1)
			if step < 15 {
				t.Errorf("only %d steps were seen", step-1)
			}
			return
		}
	}
}

func TestNothingIsDoubledWhenTheAnswerToACommitIsLost(t *testing.T) {
	t.Parallel()
	log := history(t, 30, 3)
	want := clean(t, postgrestest.New(t), log)
	pool := postgrestest.New(t)
	var commits, lost atomic.Int64
	other := sabotaged(t, pool, func(_ int64, sql string, conn *pgx.Conn) {
		if sql == "commit" && commits.Add(1)%2 == 1 {
			c, ok := conn.PgConn().Conn().(*deafConn)
			if !ok {
				t.Errorf("connection is a %T", conn.PgConn().Conn())
				return
			}
			lost.Add(1)
			c.deaf.Store(true)
		}
	})
	o := quick()
	o.Subscriber.MaxEvents = 4
	r := start(t, other, log, toyGroup(), o)
	atEnd(t, pool, log)
	r.stop()
	if got := projectionstest.Dump(t, pool, toyGroup()); got != want {
		t.Errorf("after lost answers:\n%s\nwant\n%s", got, want)
	}
	if lost.Load() < 4 {
		t.Errorf("only %d answers were lost", lost.Load())
	}
}

func TestProjectorOutlivesTheServer(t *testing.T) {
	t.Parallel()
	log := history(t, 10, 4)
	server := postgrestest.NewServer(t)
	pool := server.Pool()
	r := start(t, pool, log, toyGroup(), quick())
	atEnd(t, pool, log)
	server.Kill()
	projectionstest.Append(t, log, claimStream(1), taken(50, "ann"))
	r.until(projections.Retrying)
	server.Restart()
	atEnd(t, pool, log)
	r.until(projections.Running)
	r.stop()
	if got, want := projectionstest.Dump(t, pool, toyGroup()), clean(t, postgrestest.New(t), log); got != want {
		t.Errorf("after the server was killed:\n%s\nwant\n%s", got, want)
	}
}

func TestTwoProjectorsDoubleNothing(t *testing.T) {
	t.Parallel()
	log := history(t, 20, 5)
	pool := postgrestest.New(t)
	o := quick()
	o.Subscriber.MaxEvents = 2
	o.Standby = 1 // they never wait for each other
	var refused atomic.Int64
	o.Middleware = []message.HandlerMiddleware{func(next message.HandlerFunc) message.HandlerFunc {
		return func(msg *message.Message) ([]*message.Message, error) {
			out, err := next(msg)
			if err != nil {
				refused.Add(1)
			}
			return out, err
		}
	}}
	a, b := start(t, pool, log, toyGroup(), o), start(t, pool, log, toyGroup(), o)
	appended := 21
	eventually(t, func() bool { // until they have met several times
		projectionstest.Append(t, log, claimStream(appended%5), taken(appended, "ann"), taken(appended, "cy,{}"))
		appended += 2
		return refused.Load() >= 5 && a.processed() > 0 && b.processed() > 0
	}, func() any { return []int{int(refused.Load()), a.processed(), b.processed()} })
	atEnd(t, pool, log)
	a.stop()
	b.stop()
	if got, want := projectionstest.Dump(t, pool, toyGroup()), clean(t, postgrestest.New(t), log); got != want {
		t.Errorf("two projectors:\n%s\nwant\n%s", got, want)
	}
	if got := a.processed() + b.processed(); got != appended {
		t.Errorf("%d events were processed, want %d", got, appended)
	}
}

func TestASecondProjectorStandsByAndSucceeds(t *testing.T) {
	t.Parallel()
	log := history(t, 5, 6)
	pool := postgrestest.New(t)
	o := quick()
	o.Standby = patience
	a := start(t, pool, log, toyGroup(), o)
	atEnd(t, pool, log)
	b := start(t, pool, log, toyGroup(), o)
	b.until(projections.Running)
	// A batch that both have shows to one of them that it is not alone.
	meeting := 200
	eventually(t, func() bool {
		projectionstest.Append(t, log, claimStream(1), taken(meeting, "ann"))
		meeting++
		return a.Condition().State == projections.Standby || b.Condition().State == projections.Standby
	}, func() any { return []any{a.Condition(), b.Condition()} })
	first, second := a, b
	if a.Condition().State == projections.Standby {
		first, second = b, a
	}
	before := second.processed()
	for i := range 10 {
		projectionstest.Append(t, log, claimStream(1), taken(51+i, "ann"))
		atEnd(t, pool, log)
	}
	if got := second.processed(); got != before {
		t.Errorf("the one standing by processed %d events", got-before)
	}
	first.stop()
	second.until(projections.Running) // at once, for the other has said goodbye
	projectionstest.Append(t, log, claimStream(1), taken(99, "ann"))
	atEnd(t, pool, log)
	eventually(t, func() bool { return second.processed() > before }, func() any { return "the successor processed nothing" })
}

// slow is a toy that waits within a batch until it is told to go on.
type slow struct {
	*toy
	reached, goOn chan struct{}
}

func (m slow) Apply(ctx context.Context, f projections.Fact) error {
	m.reached <- struct{}{}
	<-m.goOn
	return m.toy.Apply(ctx, f)
}

func TestATransactionUnderWayIsFinishedOnTheWayOut(t *testing.T) {
	t.Parallel()
	log, pool := &eventlog.Memory{}, postgrestest.New(t)
	projectionstest.Append(t, log, claimStream(1), taken(1, "ann"))
	m := slow{newToy(), make(chan struct{}), make(chan struct{})}
	r := start(t, pool, log, projections.Group{Name: "toy", Models: []projections.Model{m}}, quick())
	<-m.reached
	stopped := make(chan struct{})
	go func() { r.stop(); close(stopped) }()
	close(m.goOn)
	<-stopped
	if s := status(t, pool, log); s.Behind {
		t.Errorf("the batch was not committed: %+v", s)
	}
}
