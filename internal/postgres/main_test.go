package postgres_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/jackc/pgx/v5"

	"github.com/hirelog/hirelog/internal/postgres"
)

// holdVariable makes this binary a program that runs a server in the folder it
// names, until it is killed.
const holdVariable = "HIRELOG_TEST_HOLD"

func TestMain(m *testing.M) {
	if dir := os.Getenv(holdVariable); dir != "" {
		hold(dir)
	}
	code := m.Run()
	if err := goleak.Find(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = max(code, 1)
	}
	os.Exit(code)
}

// hold is that program. It prints one line: the server's process id, or an error.
func hold(dir string) {
	s, err := postgres.Start(context.Background(), postgres.ServerOptions{Dir: dir, Test: true})
	if err != nil {
		_, _ = fmt.Fprintln(os.Stdout, "error:", err)
		os.Exit(1)
	}
	_, _ = fmt.Fprintln(os.Stdout, s.PID())
	<-s.Done()
	os.Exit(1)
}

// holder runs hold in a process and returns it with the line it printed.
func holder(t *testing.T, binary, dir string, attr *syscall.SysProcAttr) (*exec.Cmd, string) {
	t.Helper()
	cmd := exec.Command(binary)
	cmd.Env = append(os.Environ(), holdVariable+"="+dir)
	cmd.Dir = "/"
	cmd.SysProcAttr = attr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it may be gone
		_ = cmd.Wait()         // its error is the kill's
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return cmd, strings.TrimSpace(line)
}

// reachable returns an empty folder every user can get to, unlike t.TempDir.
func reachable(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "hirelog-postgres-test-") // t.TempDir is closed to others
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

// start starts a server that is stopped when t ends. It is not durable.
func start(t *testing.T, dir string) *postgres.Server {
	t.Helper()
	return startWith(t, postgres.ServerOptions{Dir: dir, Test: true})
}

func startWith(t *testing.T, o postgres.ServerOptions) *postgres.Server {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	s, err := postgres.Start(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, s) })
	return s
}

func stop(t *testing.T, s *postgres.Server) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := s.Stop(ctx); err != nil {
		t.Error(err)
	}
}

// ask returns what one statement answers in the first column of its first row.
func ask(t *testing.T, s *postgres.Server, sql string) string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), s.ConnString(postgres.Database))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := conn.Close(context.Background()); err != nil {
			t.Error(err)
		}
	}()
	var answer string
	if err := conn.QueryRow(t.Context(), sql).Scan(&answer); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return answer
}

// do runs statements that answer nothing.
func do(t *testing.T, s *postgres.Server, sql string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), s.ConnString(postgres.Database))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Exec(t.Context(), sql); err != nil {
		t.Error(err)
	}
	if err := conn.Close(context.Background()); err != nil {
		t.Error(err)
	}
}

// uidOf returns whom a file belongs to.
func uidOf(t *testing.T, path ...string) int {
	t.Helper()
	info, err := os.Stat(filepath.Join(path...))
	if err != nil {
		t.Fatal(err)
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		t.Fatalf("%s has no owner", info.Name())
	}
	return int(st.Uid)
}
