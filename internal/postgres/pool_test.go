package postgres_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/hirelog/hirelog/internal/postgres"
)

func openPool(t *testing.T, address string, o postgres.PoolOptions) *pgxpool.Pool {
	t.Helper()
	pool, err := postgres.OpenPool(t.Context(), address, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool
}

func show(t *testing.T, pool *pgxpool.Pool, setting string) (value string) {
	t.Helper()
	if err := pool.QueryRow(t.Context(), "SELECT current_setting($1)", setting).Scan(&value); err != nil {
		t.Fatal(err)
	}
	return value
}

func TestPoolSaysWhoItIsAndBoundsItsStatements(t *testing.T) {
	t.Parallel()
	s := start(t, reachable(t))
	address := s.ConnString(postgres.Database)
	usual := openPool(t, address, postgres.PoolOptions{})
	own := openPool(t, address, postgres.PoolOptions{
		Name: "rebuild", MaxConns: 3, StatementTimeout: -1, LockTimeout: time.Second,
		Settings: map[string]string{"plan_cache_mode": "force_custom_plan"},
	})
	named := openPool(t, address+"&application_name=mine&pool_max_conns=2&statement_timeout=1000", postgres.PoolOptions{Name: "rebuild", MaxConns: 3})
	for _, c := range []struct {
		pool          *pgxpool.Pool
		setting, want string
	}{
		{usual, "application_name", "hirelog"},
		{usual, "statement_timeout", "30s"},
		{usual, "lock_timeout", "0"},
		{usual, "TimeZone", "UTC"},
		{own, "application_name", "rebuild"},
		{own, "statement_timeout", "0"},
		{own, "lock_timeout", "1s"},
		{own, "plan_cache_mode", "force_custom_plan"},
		{named, "application_name", "mine"},
		{named, "statement_timeout", "1s"},
	} {
		if got := show(t, c.pool, c.setting); got != c.want {
			t.Errorf("%s = %q, want %q", c.setting, got, c.want)
		}
	}
	for _, c := range []struct {
		pool *pgxpool.Pool
		want int32
	}{{usual, 16}, {own, 3}, {named, 2}} {
		if got := c.pool.Stat().MaxConns(); got != c.want {
			t.Errorf("pool has %d connections, want %d", got, c.want)
		}
	}
	var refused *pgconn.PgError
	if _, err := named.Exec(t.Context(), "SELECT pg_sleep(60)"); !errors.As(err, &refused) || refused.Code != "57014" {
		t.Errorf("endless statement: %v, want it canceled", err)
	}
}

func TestPoolCarriesUUIDs(t *testing.T) {
	t.Parallel()
	pool := openPool(t, start(t, reachable(t)).ConnString(postgres.Database), postgres.PoolOptions{})
	want := []uuid.UUID{uuid.New(), uuid.New()}
	var one uuid.UUID
	var all []uuid.UUID
	err := pool.QueryRow(t.Context(), "SELECT $1::uuid, array(SELECT unnest($2::uuid[]))", want[0], want).Scan(&one, &all)
	if err != nil {
		t.Fatal(err)
	}
	if one != want[0] || len(all) != 2 || all[0] != want[0] || all[1] != want[1] {
		t.Errorf("got %v and %v, want %v", one, all, want)
	}
}

func TestNoErrorShowsThePassword(t *testing.T) {
	t.Parallel()
	for _, address := range []string{
		"postgres://ada:s3cret@127.0.0.1:1/x",
		"postgres://ada:s3cret@127.0.0.1:1/x?pool_max_conns=none",
		"host=127.0.0.1 port=none password=s3cret",
	} {
		_, err := postgres.OpenPool(t.Context(), address, postgres.PoolOptions{})
		if err == nil || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("open %q: %v", address, err)
		}
		if err := postgres.Migrate(t.Context(), address); err == nil || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("migrate %q: %v", address, err)
		}
	}
}
