package postgres

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

const (
	defaultMaxConns         = 16
	defaultStatementTimeout = 30 * time.Second
	connectTimeout          = 5 * time.Second
	// A transaction nobody goes on with holds back vacuum for everyone.
	idleInTransaction = time.Minute
)

// PoolOptions says how a pool uses its server. The zero value is usable.
type PoolOptions struct {
	// Name tells the pool from others in pg_stat_activity. Default "hirelog".
	Name string
	// MaxConns is the most connections held at once. Default 16.
	MaxConns int
	// StatementTimeout bounds each statement on the server's side. It backs up
	// the caller's context, which ends the statement earlier. Default 30 s;
	// negative means none (rebuilds).
	StatementTimeout time.Duration
	// LockTimeout bounds each wait for a lock. Default none.
	LockTimeout time.Duration
	// Settings are server parameters of each connection, such as
	// plan_cache_mode.
	Settings map[string]string
}

// OpenPool connects to the database at connString, a URL or libpq's key=value
// form, and returns when it has answered once. Parameters that connString names
// itself (application_name, pool_max_conns, statement_timeout ...) go before o.
// The caller closes the pool. No error shows connString's password.
func OpenPool(ctx context.Context, connString string, o PoolOptions) (*pgxpool.Pool, error) {
	config, err := poolConfig(connString, o)
	if err != nil {
		return nil, fmt.Errorf("database address: %w", err)
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("database: %w", err)
	}
	if err := pool.Ping(ctx); err != nil {
		pool.Close()
		return nil, fmt.Errorf("database: %w", err)
	}
	return pool, nil
}

func poolConfig(connString string, o PoolOptions) (*pgxpool.Config, error) {
	config, err := pgxpool.ParseConfig(connString)
	if err != nil {
		return nil, err
	}
	// Parsed as a connection's, the pool's own parameters are still there.
	given, err := pgx.ParseConfig(connString)
	if err != nil {
		return nil, err
	}
	named := func(name string) bool { return given.RuntimeParams[name] != "" }
	if !named("pool_max_conns") {
		config.MaxConns = int32(cmp.Or(o.MaxConns, defaultMaxConns))
	}
	if !named("pool_max_conn_lifetime_jitter") {
		// Connections opened together must not all be opened anew together.
		config.MaxConnLifetimeJitter = config.MaxConnLifetime / 10
	}
	if given.ConnectTimeout == 0 {
		config.ConnConfig.ConnectTimeout = connectTimeout
	}
	params := map[string]string{
		"application_name":                    cmp.Or(o.Name, "hirelog"),
		"timezone":                            "UTC",
		"statement_timeout":                   milliseconds(cmp.Or(o.StatementTimeout, defaultStatementTimeout)),
		"lock_timeout":                        milliseconds(o.LockTimeout),
		"idle_in_transaction_session_timeout": milliseconds(idleInTransaction),
	}
	maps.Copy(params, o.Settings)
	for name, value := range params {
		if !named(name) {
			config.ConnConfig.RuntimeParams[name] = value
		}
	}
	return config, nil
}

// milliseconds writes d as a server's timeout, where 0 means none.
func milliseconds(d time.Duration) string {
	return strconv.FormatInt(max(0, d.Milliseconds()), 10)
}
