package postgres_test

import (
	"errors"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/hirelog/hirelog/internal/postgres"
)

func TestMissingBinariesSayWhatToInstall(t *testing.T) {
	empty := t.TempDir()
	_, err := postgres.Start(t.Context(), postgres.ServerOptions{Dir: reachable(t), BinDir: empty})
	if !errors.Is(err, postgres.ErrNoBinaries) {
		t.Fatalf("got %v, want ErrNoBinaries", err)
	}
	isOneLine(t, err, empty, "apt-get install postgresql", "HIRELOG_POSTGRES_BIN")

	t.Setenv("HIRELOG_POSTGRES_BIN", empty)
	if _, err := postgres.Start(t.Context(), postgres.ServerOptions{Dir: reachable(t)}); !errors.Is(err, postgres.ErrNoBinaries) {
		t.Errorf("got %v, want ErrNoBinaries", err)
	}
}

func TestClusterOfAnotherMajorVersionIsRefused(t *testing.T) {
	t.Parallel()
	dir := reachable(t)
	stop(t, start(t, dir))
	file := filepath.Join(dir, "cluster", "PG_VERSION")
	if err := os.WriteFile(file, []byte("9.6\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := postgres.Start(t.Context(), postgres.ServerOptions{Dir: dir, Test: true})
	if !errors.Is(err, postgres.ErrVersion) {
		t.Fatalf("got %v, want ErrVersion", err)
	}
	isOneLine(t, err, dir, "version 9.6", "HIRELOG_POSTGRES_BIN")
}

func TestFolderOfSomethingElseIsRefused(t *testing.T) {
	t.Parallel()
	dir := reachable(t)
	treasure := filepath.Join(dir, "cluster", "treasure")
	if err := os.MkdirAll(treasure, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{dir, filepath.Dir(treasure)} {
		_, err := postgres.Start(t.Context(), postgres.ServerOptions{Dir: dir, Test: true})
		if !errors.Is(err, postgres.ErrNotACluster) {
			t.Fatalf("got %v, want ErrNotACluster", err)
		}
		isOneLine(t, err, dir)
		info, err := os.Stat(dir)
		if err != nil {
			t.Fatal(err)
		}
		if uidOf(t, dir) != os.Geteuid() || info.Mode().Perm() != 0o755 {
			t.Errorf("%s is now uid %d's, mode %o", dir, uidOf(t, dir), info.Mode().Perm())
		}
	}
}

func TestInitdbCutShortIsBegunAgain(t *testing.T) {
	t.Parallel()
	dir := reachable(t)
	if err := os.MkdirAll(filepath.Join(dir, "cluster.new", "base"), 0o700); err != nil {
		t.Fatal(err)
	}
	start(t, dir)
}

func TestAnotherUsersFolderIsRefused(t *testing.T) {
	t.Parallel()
	var err error
	if os.Geteuid() != 0 {
		_, err = postgres.Start(t.Context(), postgres.ServerOptions{Dir: "/usr"})
		if !errors.Is(err, postgres.ErrOwner) {
			t.Errorf("got %v, want ErrOwner", err)
		}
		return
	}
	// Root is refused nothing, so a plain user tries. It needs a program it can reach.
	dir := reachable(t)
	self, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(dir, "program")
	if err := os.WriteFile(program, self, 0o755); err != nil {
		t.Fatal(err)
	}
	_, line := holder(t, program, dir, &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}})
	for _, want := range []string{dir, postgres.ErrOwner.Error(), "chown"} {
		if !strings.Contains(line, want) {
			t.Errorf("%q does not say %q", line, want)
		}
	}
}

func TestRootsServerRunsAsAPlainUser(t *testing.T) {
	t.Parallel()
	onlyRoot(t)
	plain, err := user.Lookup("postgres")
	if err != nil {
		plain, err = user.Lookup("nobody")
	}
	if err != nil {
		t.Fatal(err)
	}
	s := start(t, filepath.Join(reachable(t), "server"))
	if got := strconv.Itoa(uidOf(t, s.Dir(), "cluster", "PG_VERSION")); got != plain.Uid {
		t.Errorf("cluster is uid %s's, want %s's", got, plain.Username)
	}
	if got := strconv.Itoa(uidOf(t, "/proc", strconv.Itoa(s.PID()))); got != plain.Uid {
		t.Errorf("server runs as uid %s, want %s", got, plain.Uid)
	}
}

func TestRootsServerBelowALockedFolderRunsInANamespace(t *testing.T) {
	t.Parallel()
	onlyRoot(t)
	locked := reachable(t)
	if err := os.Chmod(locked, 0o700); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(locked, "server")
	s := start(t, dir)
	do(t, s, "CREATE TABLE kept AS SELECT 42 AS answer")
	if uid := uidOf(t, dir, "cluster", "PG_VERSION"); uid != 0 {
		t.Errorf("cluster is uid %d's, want root's", uid)
	}
	ours, err1 := os.Readlink("/proc/self/ns/user")
	its, err2 := os.Readlink("/proc/" + strconv.Itoa(s.PID()) + "/ns/user")
	if err1 != nil || err2 != nil || ours == its {
		t.Errorf("user namespaces: ours %s (%v), the server's %s (%v)", ours, err1, its, err2)
	}
	// A cluster keeps the way its files demand, when the way is free too.
	stop(t, s)
	if err := os.Chmod(locked, 0o755); err != nil {
		t.Fatal(err)
	}
	if got := ask(t, start(t, dir), "SELECT answer::text FROM kept"); got != "42" {
		t.Errorf("answer = %s", got)
	}
	if uid := uidOf(t, dir, "cluster"); uid != 0 {
		t.Errorf("cluster is now uid %d's", uid)
	}
}

func TestRootsServerBelowALockedFolderEndsWithItsProgram(t *testing.T) {
	t.Parallel()
	onlyRoot(t)
	locked := reachable(t)
	if err := os.Chmod(locked, 0o700); err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	program, line := holder(t, self, filepath.Join(locked, "server"), nil)
	if _, err := strconv.Atoi(line); err != nil {
		t.Fatal(line)
	}
	if err := program.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	start(t, filepath.Join(locked, "server"))
}

func TestClusterWhoseOwnerCannotReachItIsRefused(t *testing.T) {
	t.Parallel()
	onlyRoot(t)
	parent := reachable(t)
	dir := filepath.Join(parent, "server")
	stop(t, start(t, dir))
	if err := os.Chmod(parent, 0o700); err != nil {
		t.Fatal(err)
	}
	_, err := postgres.Start(t.Context(), postgres.ServerOptions{Dir: dir, Test: true})
	if !errors.Is(err, postgres.ErrUnreachable) {
		t.Fatalf("got %v, want ErrUnreachable", err)
	}
	isOneLine(t, err, dir)
}

func onlyRoot(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skipf("only root's server runs as someone else; this is uid %d", os.Geteuid())
	}
}
