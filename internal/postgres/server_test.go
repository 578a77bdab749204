package postgres_test

import (
	"context"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/hirelog/hirelog/internal/postgres"
)

func TestAnEmptyFolderBecomesADurableServer(t *testing.T) {
	t.Parallel()
	s := startWith(t, postgres.ServerOptions{Dir: filepath.Join(reachable(t), "a", "b")})
	for setting, want := range map[string]string{
		"data_checksums": "on", "server_encoding": "UTF8", "lc_collate": "C.UTF-8", "fsync": "on",
		"synchronous_commit": "on", "listen_addresses": "", "jit": "off", "TimeZone": "UTC", "shared_buffers": "256MB",
	} {
		if got := ask(t, s, "SELECT current_setting('"+setting+"')"); got != want {
			t.Errorf("%s = %q, want %q", setting, got, want)
		}
	}
	info, err := os.Stat(s.Dir())
	if err != nil {
		t.Fatal(err)
	}
	if got := info.Mode().Perm(); got != 0o700 {
		t.Errorf("folder has mode %o, want 700", got)
	}
}

func TestSettingsGoBeforeOurs(t *testing.T) {
	t.Parallel()
	s := startWith(t, postgres.ServerOptions{
		Dir: reachable(t), Test: true,
		Settings: map[string]string{"max_connections": "17", "listen_addresses": "*"},
	})
	if got := ask(t, s, "SHOW max_connections"); got != "17" {
		t.Errorf("max_connections = %s", got)
	}
	if got := ask(t, s, "SHOW listen_addresses"); got != "" {
		t.Errorf("the server listens on %q", got)
	}
}

func TestStoppedServersFolderStartsAgainWithItsData(t *testing.T) {
	t.Parallel()
	dir := reachable(t)
	s := start(t, dir)
	do(t, s, "CREATE TABLE kept AS SELECT 42 AS answer")
	stop(t, s)
	stop(t, s) // twice is not an error
	select {
	case <-s.Done():
	default:
		t.Error("a stopped server is not done")
	}
	if err := s.Err(); err != nil {
		t.Errorf("stopped server's error: %v", err)
	}
	if got := ask(t, start(t, dir), "SELECT answer::text FROM kept"); got != "42" {
		t.Errorf("answer = %s", got)
	}
}

func TestKilledServerSaysSoAndRecovers(t *testing.T) {
	t.Parallel()
	o := postgres.ServerOptions{Dir: reachable(t)} // durable
	s := startWith(t, o)
	do(t, s, "CREATE TABLE kept AS SELECT 42 AS answer")
	if err := syscall.Kill(s.PID(), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	<-s.Done()
	if err := s.Err(); err == nil || !strings.Contains(err.Error(), "killed") || !strings.Contains(err.Error(), s.Dir()) {
		t.Errorf("killed server's error: %v", err)
	}
	if got := ask(t, startWith(t, o), "SELECT answer::text FROM kept"); got != "42" {
		t.Errorf("answer = %s", got)
	}
}

func TestServerEndsWithTheProgramThatStartedIt(t *testing.T) {
	t.Parallel()
	// Its path is too long for a socket, so it has a temporary folder that the
	// killed program does not remove.
	dir := filepath.Join(reachable(t), strings.Repeat("long", 25))
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	program, line := holder(t, self, dir, nil)
	if _, err := strconv.Atoi(line); err != nil {
		t.Fatal(line)
	}
	left, err := os.Readlink(filepath.Join(dir, "socket"))
	if err != nil {
		t.Fatal(err)
	}
	if err := program.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	start(t, dir) // waits for the other server to end
	if _, err := os.Stat(left); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%s is still there: %v", left, err)
	}
}

func TestFolderIsUsedByOneProgramAtATime(t *testing.T) {
	t.Parallel()
	dir := reachable(t)
	s := start(t, dir)
	_, err := postgres.Start(t.Context(), postgres.ServerOptions{Dir: dir, Test: true})
	if !errors.Is(err, postgres.ErrRunning) {
		t.Fatalf("got %v, want ErrRunning", err)
	}
	isOneLine(t, err, dir, "pid "+strconv.Itoa(os.Getpid()))
	if got := ask(t, s, "SELECT 'well'"); got != "well" {
		t.Errorf("the first server says %q", got)
	}
}

func TestSomeoneElsesServerInTheFolderIsNotTouched(t *testing.T) {
	t.Parallel()
	dir := reachable(t)
	s := start(t, dir)
	// Without the lock, only the server itself tells that it is there.
	if err := os.Remove(filepath.Join(dir, "lock")); err != nil {
		t.Fatal(err)
	}
	_, err := postgres.Start(t.Context(), postgres.ServerOptions{Dir: dir, Test: true}) // has its patience
	if !errors.Is(err, postgres.ErrRunning) {
		t.Fatalf("got %v, want ErrRunning", err)
	}
	isOneLine(t, err, dir, "pid "+strconv.Itoa(s.PID()))
}

func TestPIDOfAKilledServerMayBeSomeoneElsesByNow(t *testing.T) {
	t.Parallel()
	dir := reachable(t)
	s := start(t, dir)
	stop(t, s)
	pidFile := filepath.Join(dir, "cluster", "postmaster.pid")
	// The parent of this process lives and is no server.
	if err := os.WriteFile(pidFile, []byte(strconv.Itoa(os.Getppid())+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(pidFile, uidOf(t, dir, "cluster"), -1); err != nil {
		t.Fatal(err)
	}
	start(t, dir)
}

func TestLongPathsHaveTheirSocketElsewhere(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(reachable(t), strings.Repeat("long", 25))
	s := start(t, dir)
	u, err := url.Parse(s.ConnString("x"))
	if err != nil {
		t.Fatal(err)
	}
	socket := u.Query().Get("host")
	if len(socket) > 60 {
		t.Errorf("socket is in %s", socket)
	}
	info, err := os.Stat(socket)
	if err != nil {
		t.Fatal(err)
	}
	if got := info.Mode().Perm(); got != 0o700 || uidOf(t, socket) != uidOf(t, dir) {
		t.Errorf("socket's folder has mode %o and owner %d", got, uidOf(t, socket))
	}
	if got := ask(t, s, "SELECT 'well'"); got != "well" {
		t.Errorf("got %q", got)
	}
	stop(t, s)
	if _, err := os.Stat(socket); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%s is still there: %v", socket, err)
	}
}

func TestCtrlCReachesThisProcessOnly(t *testing.T) {
	t.Parallel()
	s := start(t, reachable(t))
	group, err := syscall.Getpgid(s.PID())
	if err != nil {
		t.Fatal(err)
	}
	if group == syscall.Getpgrp() {
		t.Error("the server is in our process group")
	}
}

func TestStopWithoutPatienceEndsTheServerAllTheSame(t *testing.T) {
	t.Parallel()
	o := postgres.ServerOptions{Dir: reachable(t)} // durable
	s := startWith(t, o)
	do(t, s, "CREATE TABLE kept AS SELECT 42 AS answer")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Stop(ctx); err != nil && !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	<-s.Done()
	if got := ask(t, startWith(t, o), "SELECT answer::text FROM kept"); got != "42" {
		t.Errorf("answer = %s", got)
	}
}

func TestStartGivenUpLeavesNothing(t *testing.T) {
	t.Parallel()
	dir := reachable(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := postgres.Start(ctx, postgres.ServerOptions{Dir: dir, Test: true}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want it canceled", err)
	}
	start(t, dir)
}

func TestServersLogHoldsNothingOfStatements(t *testing.T) {
	t.Parallel()
	s := startWith(t, postgres.ServerOptions{Dir: reachable(t)}) // as in production
	conn, err := pgx.Connect(t.Context(), s.ConnString(postgres.Database))
	if err != nil {
		t.Fatal(err)
	}
	const secret = "Ada.Lovelace"
	if _, err := conn.Exec(t.Context(), "CREATE TABLE people (name text PRIMARY KEY, age int CHECK (age > 0))"); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{
		"INSERT INTO people VALUES ($1, 1), ($1, 2)", // the detail names the key
		"INSERT INTO people VALUES ($1, -1)",         // the detail names the row
		"SELECT $1::text::int",                       // the message names the value
		"DO $$ BEGIN RAISE WARNING '" + secret + "'; RAISE EXCEPTION '" + secret + "'; END $$",
		"SELEC '" + secret + "'",
		"SELECT pg_terminate_backend(pg_backend_pid()) /* " + secret + " */",
	} {
		var args []any
		if strings.Contains(bad, "$1") {
			args = append(args, secret)
		}
		_, err := conn.Exec(t.Context(), bad, args...)
		var refused *pgconn.PgError
		if !errors.As(err, &refused) {
			t.Fatalf("%s: got %v, want an error of the server", bad, err)
		}
	}
	_ = conn.Close(context.Background()) // the server closed it
	stop(t, s)
	var logged strings.Builder
	for _, pattern := range []string{"startup.log", "postgres-?.log"} {
		paths, err := filepath.Glob(filepath.Join(s.Dir(), "log", pattern))
		if err != nil || len(paths) == 0 {
			t.Fatalf("no log %s: %v", pattern, err)
		}
		for _, path := range paths {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			logged.Write(text)
		}
	}
	if !strings.Contains(logged.String(), "database system is ready") || !strings.Contains(logged.String(), "terminating connection") {
		t.Errorf("the log does not tell the server's own life:\n%s", &logged)
	}
	if strings.Contains(logged.String(), secret) {
		t.Errorf("the log tells of people:\n%s", &logged)
	}
}

// isOneLine checks that an error is for a person at a terminal.
func isOneLine(t *testing.T, err error, words ...string) {
	t.Helper()
	if strings.Contains(err.Error(), "\n") {
		t.Errorf("error has several lines: %v", err)
	}
	for _, word := range words {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("error does not say %q: %v", word, err)
		}
	}
}
