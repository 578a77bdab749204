package projections_test

import (
	"bytes"
	"context"
	"math/rand/v2"
	"net"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/hirelog/hirelog/internal/eventlog"
	"github.com/hirelog/hirelog/internal/faultproxy"
	"github.com/hirelog/hirelog/internal/postgres/postgrestest"
	"github.com/hirelog/hirelog/projections/projectionstest"
)

// behindProxy is another pool to the same database whose connections pass a
// proxy.
func behindProxy(t *testing.T, pool *pgxpool.Pool) (*pgxpool.Pool, *faultproxy.Proxy) {
	t.Helper()
	config := pool.Config()
	network, address := pgconn.NetworkAddress(config.ConnConfig.Host, config.ConnConfig.Port)
	proxy, err := faultproxy.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(proxy.Close)
	config.ConnConfig.DialFunc = func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "tcp", proxy.Address())
	}
	other, err := pgxpool.NewWithConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(other.Close)
	return other, proxy
}

// Whether a transaction was committed is not known to a projector whose
// connection ends at the word: before it reaches the server, behind it, or
// after it was done and before it is said. Whichever it was, no event is lost
// and none counts twice.
func TestACommitOfUnknownOutcomeLosesAndDoublesNothing(t *testing.T) {
	t.Parallel()
	commit := []byte("Q\x00\x00\x00\x0bcommit\x00") // a query in Postgres' protocol
	log := history(t, 40, 7)
	want := clean(t, postgrestest.New(t), log)
	for name, action := range map[string]faultproxy.Action{
		"never asked": faultproxy.Drop, "asked, answer not waited for": faultproxy.Deafened, "done, answer lost": faultproxy.Deafen,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pool := postgrestest.New(t)
			other, proxy := behindProxy(t, pool)
			var commits, cut atomic.Int64
			proxy.Intercept(func(b []byte) faultproxy.Action {
				if !bytes.Contains(b, commit) {
					return faultproxy.Pass
				}
				// Some are let through, so that there is an end.
				if n := commits.Add(1); n > 4 && rand.New(rand.NewPCG(1, uint64(n))).IntN(3) == 0 {
					return faultproxy.Pass
				}
				cut.Add(1)
				return action
			})
			o := quick()
			o.Subscriber.MaxEvents = 3
			r := start(t, other, log, toyGroup(), o)
			atEnd(t, pool, log)
			proxy.Intercept(nil)
			r.stop()
			if got := projectionstest.Dump(t, pool, toyGroup()); got != want {
				t.Errorf("after commits of unknown outcome:\n%s\nwant\n%s", got, want)
			}
			if cut.Load() < 4 {
				t.Errorf("only %d commits were cut", cut.Load())
			}
		})
	}
}

// The same with the end of the server's log in one large batch, and another
// projector that takes over in between.
func TestACommitOfUnknownOutcomeIsFollowedByAnotherProjector(t *testing.T) {
	t.Parallel()
	commit := []byte("Q\x00\x00\x00\x0bcommit\x00")
	log := &eventlog.Memory{}
	for n := range 60 {
		projectionstest.Append(t, log, claimStream(n%7), taken(n%60, "ann"))
	}
	want := clean(t, postgrestest.New(t), log)
	pool := postgrestest.New(t)
	other, proxy := behindProxy(t, pool)
	lost := make(chan struct{})
	var once atomic.Bool
	proxy.Intercept(func(b []byte) faultproxy.Action {
		switch {
		case !bytes.Contains(b, commit):
			return faultproxy.Pass
		case once.CompareAndSwap(false, true):
			close(lost)
			return faultproxy.Deafen
		}
		return faultproxy.Drop // it never gets another batch done
	})
	o := quick()
	o.Subscriber.MaxEvents = 25
	o.Standby = 1
	unsure := start(t, other, log, toyGroup(), o)
	<-lost
	successor := start(t, pool, log, toyGroup(), o)
	atEnd(t, pool, log)
	successor.stop()
	proxy.Intercept(nil)
	unsure.stop()
	if got := projectionstest.Dump(t, pool, toyGroup()); got != want {
		t.Errorf("after the other took over:\n%s\nwant\n%s", got, want)
	}
	eventually(t, func() bool { return successor.processed() > 0 }, func() any { return "the successor had nothing to do" })
}
