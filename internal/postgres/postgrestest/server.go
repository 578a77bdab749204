package postgrestest

import (
	"context"
	"maps"
	"os"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/hirelog/hirelog/internal/postgres"
)

// Server is a server of one test, which may kill it. Its methods fail the test
// and are not safe for concurrent use; the pools of the server are.
type Server struct {
	t       testing.TB
	options postgres.ServerOptions
	*postgres.Server
}

// NewServer starts a server that only t uses, with a migrated database. What
// was committed survives Kill. It always starts one, whatever External says,
// and takes about a second.
func NewServer(t testing.TB) *Server {
	t.Helper()
	return NewServerWith(t, nil)
}

// NewServerWith is NewServer with PostgreSQL parameters of the test's choice.
func NewServerWith(t testing.TB, settings map[string]string) *Server {
	t.Helper()
	sweep()
	dir, err := os.MkdirTemp("", folderName) //nolint:usetesting // t.TempDir is closed to the user root's server runs as
	if err != nil {
		t.Fatalf("test server: %v", err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Errorf("test server: %v", err)
		}
	})
	all := map[string]string{"synchronous_commit": "on", "max_connections": "50"}
	maps.Copy(all, settings)
	s := &Server{t: t, options: postgres.ServerOptions{Dir: dir, Test: true, Settings: all}}
	s.start()
	t.Cleanup(s.Stop)
	if err := postgres.Migrate(t.Context(), s.ConnString()); err != nil {
		t.Fatalf("test server: %v", err)
	}
	return s
}

// ConnString is the URL of the migrated database. It stays the same.
func (s *Server) ConnString() string { return s.Server.ConnString(postgres.Database) }

// Pool returns a pool of at most 8 connections, closed when the test ends. It
// connects anew by itself after the server was away.
func (s *Server) Pool() *pgxpool.Pool {
	s.t.Helper()
	return open(s.t, s.ConnString())
}

// Kill ends the server as kill -9 does, and returns when it is gone.
func (s *Server) Kill() {
	s.t.Helper()
	if err := syscall.Kill(s.PID(), syscall.SIGKILL); err != nil {
		s.t.Fatalf("kill test server: %v", err)
	}
	<-s.Done()
}

// Stop ends the server in order. It may have ended already.
func (s *Server) Stop() {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := s.Server.Stop(ctx); err != nil {
		s.t.Errorf("test server: %v", err)
	}
}

// Restart starts the server again, after Stop if it is running still, and
// returns when it answers.
func (s *Server) Restart() {
	s.t.Helper()
	s.Stop()
	s.start()
}

func (s *Server) start() {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), patience)
	defer cancel()
	server, err := postgres.Start(ctx, s.options)
	if err != nil {
		s.t.Fatalf("test server: %v", err)
	}
	s.Server = server
}
