package vault_test

import (
	"context"
	"errors"
	"net"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
)

// cutPool is a pool whose network can be cut.
type cutPool struct {
	pool *pgxpool.Pool

	mu    sync.Mutex
	down  bool       // guarded by mu
	conns []net.Conn // guarded by mu
}

func newCutPool(t *testing.T, like *pgxpool.Pool) *cutPool {
	t.Helper()
	c := new(cutPool)
	config := like.Config()
	dial := config.ConnConfig.DialFunc
	config.ConnConfig.DialFunc = func(ctx context.Context, network, addr string) (net.Conn, error) {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.down {
			return nil, &net.OpError{Op: "dial", Net: network, Err: errors.New("cut")}
		}
		conn, err := dial(ctx, network, addr)
		if err == nil {
			c.conns = append(c.conns, conn)
		}
		return conn, err
	}
	var err error
	if c.pool, err = pgxpool.NewWithConfig(t.Context(), config); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.pool.Close)
	return c
}

func (c *cutPool) cut() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.down = true
	for _, conn := range c.conns {
		_ = conn.Close()
	}
	c.conns = nil
}

func (c *cutPool) mend() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.down = false
}
