// Package postgrestest gives each test a migrated PostgreSQL database of its own.
//
// A test binary that uses it says
//
//	func TestMain(m *testing.M) { os.Exit(postgrestest.Main(m)) }
//
// and its tests postgrestest.New(t). The first call starts one server for the
// whole binary; each test gets a copy of one migrated template. If
// HIRELOG_TEST_DATABASE holds the URL of a server whose user may create
// databases, that server is used instead.
package postgrestest

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"go.uber.org/goleak"

	"github.com/hirelog/hirelog/internal/postgres"
)

// External is the environment variable that names a server to use instead of
// starting one, as a postgres:// URL.
const External = "HIRELOG_TEST_DATABASE"

// patience bounds each step: far more than a loaded machine needs.
const patience = 2 * time.Minute

// binary is the server all tests of this binary share. A test has no other
// way to reach what TestMain ends.
var binary shared

// Main runs the tests, stops the server they shared, and fails if they left
// goroutines behind that options do not excuse. It returns the exit code. A
// binary that is killed first takes its server along all the same.
func Main(m *testing.M, options ...goleak.Option) int {
	code := m.Run()
	if err := binary.stop(); err != nil {
		fmt.Fprintln(os.Stderr, "postgrestest:", err)
		code = max(code, 1)
	}
	if code == 0 {
		if err := goleak.Find(options...); err != nil {
			fmt.Fprintln(os.Stderr, "postgrestest:", err)
			code = 1
		}
	}
	return code
}

// New returns a pool of at most 8 connections to a new, migrated database. The
// pool is closed and the database dropped when t ends. Tests may be parallel.
func New(t testing.TB) *pgxpool.Pool {
	t.Helper()
	return open(t, ConnString(t))
}

// ConnString returns the URL of a new, migrated database, which is dropped when
// t ends, whoever is connected to it.
func ConnString(t testing.TB) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := binary.start(ctx); err != nil {
		t.Fatalf("test database: %v", err)
	}
	name := "test_" + rand.Text()[:16]
	if err := binary.exec(ctx, "CREATE DATABASE "+quote(name)+" TEMPLATE "+quote(templateName())); err != nil {
		t.Fatalf("create test database: %v", err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience) // t's own is over
		defer cancel()
		if err := binary.exec(ctx, "DROP DATABASE "+quote(name)+" WITH (FORCE)"); err != nil {
			t.Errorf("drop test database: %v", err)
		}
	})
	return binary.connString(name)
}

// open returns a pool that is closed when t ends.
func open(t testing.TB, connString string) *pgxpool.Pool {
	t.Helper()
	pool, err := postgres.OpenPool(t.Context(), connString, postgres.PoolOptions{Name: "test", MaxConns: 8})
	if err != nil {
		t.Fatalf("test database: %v", err)
	}
	t.Cleanup(func() {
		closed := make(chan struct{})
		go func() { pool.Close(); close(closed) }()
		select {
		case <-closed:
		case <-time.After(patience):
			t.Errorf("%d connections were not returned to the pool", pool.Stat().AcquiredConns())
		}
	})
	return pool
}

func quote(name string) string { return pgx.Identifier{name}.Sanitize() }
