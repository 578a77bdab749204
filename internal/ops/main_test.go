package ops_test

import (
	"context"
	"errors"
	"net"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/hirelog/hirelog/internal/postgres/postgrestest"
)

func TestMain(m *testing.M) { os.Exit(postgrestest.Main(m)) }

// link is a way to Postgres that a test can cut.
type link struct {
	*pgxpool.Pool
	way atomic.Int32
}

// The states of a link.
const (
	up      = iota
	refused // nobody listens
	silent  // connections are taken and never answered
)

// linked returns a pool to a database of its own, over a link that is up.
func linked(t *testing.T) *link {
	t.Helper()
	config, err := pgxpool.ParseConfig(postgrestest.ConnString(t))
	if err != nil {
		t.Fatal(err)
	}
	config.MaxConns = 8
	l := new(link)
	dial := config.ConnConfig.DialFunc
	config.ConnConfig.DialFunc = func(ctx context.Context, network, addr string) (net.Conn, error) {
		switch l.way.Load() {
		case refused:
			return nil, &net.OpError{Op: "dial", Net: network, Err: errors.New("connection refused")}
		case silent:
			ours, theirs := net.Pipe()
			t.Cleanup(func() { _ = theirs.Close() })
			return ours, nil
		}
		return dial(ctx, network, addr)
	}
	if l.Pool, err = pgxpool.NewWithConfig(t.Context(), config); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	return l
}

// set changes the state of the link for connections that exist, too.
func (l *link) set(state int32) {
	l.way.Store(state)
	l.Reset()
}

// clock is a time that only a test moves.
type clock struct{ at atomic.Int64 }

func newClock() *clock {
	c := new(clock)
	c.at.Store(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC).UnixMicro())
	return c
}

func (c *clock) now() time.Time          { return time.UnixMicro(c.at.Load()).UTC() }
func (c *clock) advance(d time.Duration) { c.at.Add(d.Microseconds()) }
