package postgres

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// cluster is a folder this process holds the lock of, ready to be served.
type cluster struct {
	dir     string // as the package's comment says; the rest is below it
	data    string
	logs    string
	socket  string // the folder of the socket: dir, or a temporary one
	bin     binaries
	account account
	lock    *os.File
}

// openCluster locks the folder, decides who serves it with what, and makes the
// cluster if there is none. The caller closes it.
func openCluster(ctx context.Context, o ServerOptions) (*cluster, error) {
	dir, err := makeFolder(o.Dir)
	if err != nil {
		return nil, err
	}
	c := &cluster{dir: dir, data: filepath.Join(dir, "cluster"), logs: filepath.Join(dir, "log"), socket: dir}
	if c.lock, err = lockFolder(ctx, dir); err != nil {
		return nil, err
	}
	if err := c.prepare(ctx, o); err != nil {
		c.close()
		return nil, err
	}
	return c, nil
}

// prepare is openCluster under the lock.
func (c *cluster) prepare(ctx context.Context, o ServerOptions) error {
	major, existing, err := c.existing()
	if err != nil {
		return err
	}
	if c.bin, err = findBinaries(o.BinDir, major); err != nil {
		return err
	}
	if existing != nil && major != c.bin.major {
		return fmt.Errorf("postgres cluster %s %w: it is of version %s, the binaries in %s are of %s: install version %s, or set HIRELOG_POSTGRES_BIN to its folder",
			c.data, ErrVersion, major, filepath.Dir(c.bin.postgres), c.bin.version, major)
	}
	if c.account, err = chooseAccount(ctx, c.bin, c.dir, existing); err != nil {
		if ctx.Err() != nil { // then nothing was found out
			return fmt.Errorf("postgres in %s: %w", c.dir, ctx.Err())
		}
		return err
	}
	if err := c.makeLogs(); err != nil {
		return err
	}
	if existing == nil {
		err = c.initialize(ctx, o)
	} else {
		err = c.awaitPredecessor(ctx)
	}
	if err != nil {
		return err
	}
	return c.chooseSocket(ctx)
}

// makeFolder creates dir if it is absent and returns its real path.
func makeFolder(dir string) (string, error) {
	if dir == "" {
		return "", errors.New("postgres data folder: no name given")
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", fmt.Errorf("postgres data folder: %w", err)
	}
	// What is above it may be passed by anyone, if the caller has not made it.
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return "", folderError(dir, err)
	}
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", folderError(dir, err)
	}
	if dir, err = filepath.EvalSymlinks(dir); err != nil {
		return "", folderError(dir, err)
	}
	info, err := os.Stat(dir)
	if err != nil {
		return "", folderError(dir, err)
	}
	if uid, _ := ownerOf(info); os.Geteuid() != 0 && uid != os.Geteuid() {
		return "", fmt.Errorf("postgres data folder %s %w: it is uid %d's, this is uid %d: run as its owner, or chown -R it",
			dir, ErrOwner, uid, os.Geteuid())
	}
	return dir, onlyOurs(dir)
}

// onlyOurs refuses a folder that holds something else, before its owner and
// mode are changed: it may be somebody's home.
func onlyOurs(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return folderError(dir, err)
	}
	ours := []string{"cluster", "cluster.new", "log", "lock", "socket", ".s.PGSQL." + socketPort, ".s.PGSQL." + socketPort + ".lock", "lost+found"}
	for _, entry := range entries {
		if !slices.Contains(ours, entry.Name()) {
			return fmt.Errorf("postgres data folder %s %w: it holds %s: choose an empty folder", dir, ErrNotACluster, entry.Name())
		}
	}
	return nil
}

// folderError says what is wrong with the folder dir.
func folderError(dir string, err error) error {
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return fmt.Errorf("postgres data folder %s %w: make room: %w", dir, ErrDiskFull, err)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("postgres data folder %s %w: %w: choose one this user may write", dir, ErrUnreachable, err)
	default:
		return fmt.Errorf("postgres data folder %s: %w", dir, err)
	}
}

// lockFolder takes the folder for this process. The kernel gives it back when
// the process ends, however it ends; that of one just killed is waited for.
func lockFolder(ctx context.Context, dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, folderError(dir, err)
	}
	giveUp := time.Now().Add(500 * time.Millisecond)
	err = flock(f)
	for errors.Is(err, syscall.EWOULDBLOCK) && time.Now().Before(giveUp) && ctx.Err() == nil {
		pause(ctx, 20*time.Millisecond)
		err = flock(f)
	}
	switch {
	case errors.Is(err, syscall.EWOULDBLOCK):
		holder := make([]byte, 20)
		n, _ := f.ReadAt(holder, 0) // it may not have been written yet
		err = fmt.Errorf("postgres data folder %s %w (pid %s): stop that one, or choose another folder",
			dir, ErrRunning, strings.TrimSpace(string(holder[:n])))
	case err != nil:
		err = folderError(dir, fmt.Errorf("lock: %w", err))
	default:
		if err = f.Truncate(0); err == nil {
			_, err = f.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
		}
		if err == nil {
			return f, nil
		}
		err = folderError(dir, err)
	}
	_ = f.Close() // nothing was written that matters
	return nil, err
}

func flock(f *os.File) error { return syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) }

// existing returns the major version and the directory of the cluster, or nil
// if there is none.
func (c *cluster) existing() (major string, info fs.FileInfo, err error) {
	info, err = os.Stat(c.data)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil, nil
	}
	if err != nil {
		return "", nil, folderError(c.dir, err)
	}
	version, err := os.ReadFile(filepath.Join(c.data, "PG_VERSION"))
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil, fmt.Errorf("%s %w: it has no PG_VERSION: move it away, or choose another folder", c.data, ErrNotACluster)
	}
	if err != nil {
		return "", nil, folderError(c.dir, err)
	}
	return strings.TrimSpace(string(version)), info, nil
}

// makeLogs makes the folder the account's alone, and creates that of the logs.
func (c *cluster) makeLogs() error {
	if err := c.account.give(c.dir); err != nil {
		return folderError(c.dir, err)
	}
	if err := os.Chmod(c.dir, 0o700); err != nil {
		return folderError(c.dir, err)
	}
	if err := os.Mkdir(c.logs, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return folderError(c.dir, err)
	}
	if err := c.account.give(c.logs); err != nil {
		return folderError(c.dir, err)
	}
	return nil
}

// initialize makes a new cluster. It appears under its name only when it is
// whole, so that one cut short is begun again.
func (c *cluster) initialize(ctx context.Context, o ServerOptions) error {
	unfinished := c.data + ".new"
	if err := os.RemoveAll(unfinished); err != nil {
		return folderError(c.dir, err)
	}
	args := []string{
		"-D", unfinished, "-U", superuser, "--encoding=UTF8", "--locale=C.UTF-8", "--data-checksums",
		"--auth-local=trust", "--auth-host=reject", // the folder's permissions are the guard
	}
	if o.Test {
		args = append(args, "--no-sync")
	}
	cmd := exec.CommandContext(ctx, c.bin.initdb, args...)
	cmd.Dir = c.dir
	cmd.Env = environment()
	cmd.SysProcAttr = c.account.attributes(syscall.SIGKILL)
	if out, err := runChild(cmd); err != nil {
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		return c.blame(out, fmt.Errorf("make a postgres cluster in %s: %w", c.dir, err))
	}
	if err := os.Rename(unfinished, c.data); err != nil {
		return folderError(c.dir, err)
	}
	return nil
}

// awaitPredecessor waits for the server of a program that was just killed, and
// removes what is left of one whose process id is by now someone else's.
func (c *cluster) awaitPredecessor(ctx context.Context) error {
	pidFile := filepath.Join(c.data, "postmaster.pid")
	giveUp := time.Now().Add(patience)
	for {
		text, err := os.ReadFile(pidFile)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return folderError(c.dir, err)
		}
		first, _, _ := strings.Cut(string(text), "\n")
		pid, err := strconv.Atoi(strings.TrimSpace(first))
		if err != nil || !isServerOf(pid, c.data) {
			// PostgreSQL would take any living process for its predecessor.
			// It still refuses if one holds the cluster's shared memory.
			if err := os.Remove(pidFile); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return folderError(c.dir, err)
			}
			return nil
		}
		if ctx.Err() != nil || time.Now().After(giveUp) {
			return fmt.Errorf("postgres data folder %s %w (a server with pid %d): stop that one, or choose another folder",
				c.dir, ErrRunning, pid)
		}
		pause(ctx, 20*time.Millisecond)
	}
}

// serve starts a server and waits until it answers.
func (c *cluster) serve(ctx context.Context, o ServerOptions) (*child, error) {
	log, err := os.OpenFile(c.startupLog(), os.O_WRONLY|os.O_CREATE|os.O_TRUNC|os.O_APPEND, 0o600)
	if err != nil {
		return nil, folderError(c.dir, err)
	}
	defer func() { _ = log.Close() }() // the child has its own descriptor
	cmd := exec.Command(c.bin.postgres, append([]string{"-D", c.data}, arguments(c.settings(o))...)...)
	cmd.Dir = c.data
	cmd.Env = environment()
	cmd.Stdout, cmd.Stderr = log, log
	// SIGQUIT is an immediate shutdown: the server takes its children along.
	cmd.SysProcAttr = c.account.attributes(syscall.SIGQUIT)
	server, err := startChild(cmd)
	if err != nil {
		return nil, fmt.Errorf("start %s in %s: %w", c.bin.postgres, c.dir, err)
	}
	err = c.awaitAnswer(ctx, server)
	if err == nil {
		return server, nil
	}
	err = fmt.Errorf("start postgres in %s: %w", c.dir, err)
	select {
	case <-server.exited:
		text, _ := os.ReadFile(c.startupLog()) // without it the error says less
		return nil, c.blame(string(text), err)
	default:
		now, cancel := context.WithCancel(context.WithoutCancel(ctx))
		cancel()
		_ = server.stop(now) // err already says that it went wrong
		return nil, err
	}
}

// awaitAnswer returns when the server answers and holds Database.
func (c *cluster) awaitAnswer(ctx context.Context, server *child) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	watched := make(chan struct{})
	defer func() { <-watched }()
	defer cancel(nil)
	go func() {
		defer close(watched)
		select {
		case <-server.exited:
			cancel(errors.New(server.how))
		case <-ctx.Done():
		}
	}()
	for {
		err := c.createDatabase(ctx)
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		// "The database system is starting up", or nobody there yet.
		var refused *pgconn.PgError
		if errors.As(err, &refused) && refused.Code != "57P03" {
			return err
		}
		pause(ctx, 10*time.Millisecond)
	}
}

// createDatabase makes Database unless it is there.
func (c *cluster) createDatabase(ctx context.Context) (err error) {
	conn, err := pgx.Connect(ctx, c.connString("postgres"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close(context.WithoutCancel(ctx))) }()
	var exists bool
	if err := conn.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", Database).Scan(&exists); err != nil || exists {
		return err
	}
	_, err = conn.Exec(ctx, "CREATE DATABASE "+pgx.Identifier{Database}.Sanitize())
	return err
}

// close gives the folder back.
func (c *cluster) close() {
	if c.socket != c.dir {
		_ = os.RemoveAll(c.socket)
		_ = os.Remove(c.socketLink())
	}
	// A child that is being forked at this moment has the descriptor too, so
	// closing ours would not be enough.
	_ = syscall.Flock(int(c.lock.Fd()), syscall.LOCK_UN)
	_ = c.lock.Close()
}
