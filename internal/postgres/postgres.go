// Package postgres runs the program's private PostgreSQL server, opens pools to
// it or to any other, and brings their schemas up to date.
//
// A private server lives in one folder and speaks only through a Unix socket
// that only its owner can reach; there is no port and no password. In the folder:
//
//	cluster/   PostgreSQL's own data directory, with page checksums
//	log/       startup.log of the last start, postgres-1..7.log by day of the week
//	lock       held while a program runs the server; says its process id
//	socket     only if the folder's path is too long for a socket: where it is
//
// The server is a child of this process and ends with it, even when this process
// is killed. PostgreSQL refuses to run as root, so root's server runs as the user
// postgres (or nobody), or, in a folder they cannot reach, in a user namespace
// where root's files seem to belong to one of them.
package postgres

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"
)

// Database is the database a private server is started with.
const Database = "hirelog"

// superuser owns everything in a private server.
const superuser = "hirelog"

// The reasons a server does not start that a person can do something about. The
// error that wraps one is a single line that names the path and says what to do.
var (
	// ErrNoBinaries: PostgreSQL is not installed.
	ErrNoBinaries = errors.New("PostgreSQL's server binaries were not found")
	// ErrOwner: the folder belongs to a user we are not.
	ErrOwner = errors.New("belongs to another user")
	// ErrVersion: the cluster was made by another major version.
	ErrVersion = errors.New("was made by another major version of PostgreSQL")
	// ErrRunning: another process runs a server in the folder.
	ErrRunning = errors.New("is in use by another process")
	// ErrUnreachable: the user the server runs as cannot get to the folder.
	ErrUnreachable = errors.New("cannot be reached")
	// ErrDiskFull: there is no space left.
	ErrDiskFull = errors.New("has no space left on its disk")
	// ErrNotACluster: the folder holds something else.
	ErrNotACluster = errors.New("is not a PostgreSQL cluster")
)

// ServerOptions says how to run a private server. Only Dir is needed.
type ServerOptions struct {
	// Dir is the folder the server lives in. It is created if absent, and
	// belongs to the server alone.
	Dir string
	// BinDir holds the programs postgres and initdb. Default: the folder in
	// HIRELOG_POSTGRES_BIN; else that of postgres on PATH; else the highest
	// version in /usr/lib/postgresql, or the one an existing cluster needs.
	BinDir string
	// Logger hears of starts and stops. Default: nobody does.
	Logger *slog.Logger
	// Test trades durability for speed: what was committed may be lost when
	// the server is killed. See testSettings.
	Test bool
	// Settings are PostgreSQL parameters by name that go before ours (see
	// productionSettings). Those that say where the server is cannot be set.
	Settings map[string]string
}

// Server is a running private server. It is safe for concurrent use.
type Server struct {
	cluster  *cluster
	child    *child
	logger   *slog.Logger
	stopping atomic.Bool
	done     chan struct{}
	err      error // set before done is closed
}

// patience is how long the remains of a killed server are waited for, and how
// long a server may take to end when told to end at once.
const patience = 10 * time.Second

// Start starts the server in o.Dir, making a new cluster in an empty folder
// (about a second), and returns when it answers and holds Database. A server
// that was killed recovers first, which takes as long as ctx allows. ctx bounds
// the start only. The caller ends the server with Stop.
// Errors: those above, ctx's, or a fault.
func Start(ctx context.Context, o ServerOptions) (*Server, error) {
	s := &Server{logger: o.Logger, done: make(chan struct{})}
	if s.logger == nil {
		s.logger = slog.New(slog.DiscardHandler)
	}
	began := time.Now()
	var err error
	if s.cluster, err = openCluster(ctx, o); err != nil {
		return nil, err
	}
	giveUp := time.Now().Add(patience)
	s.child, err = s.cluster.serve(ctx, o)
	for errors.Is(err, errOrphans) && time.Now().Before(giveUp) {
		// Children of a killed server still hold its shared memory. They go by
		// themselves as soon as they notice.
		pause(ctx, 50*time.Millisecond)
		s.child, err = s.cluster.serve(ctx, o)
	}
	if err != nil {
		s.cluster.close()
		return nil, err
	}
	go s.watch()
	s.logger.InfoContext(ctx, "postgres is running", "dir", s.cluster.dir, "version", s.cluster.bin.version,
		"account", s.cluster.account.String(), "pid", s.PID(), "took", time.Since(began))
	return s, nil
}

// watch sees the child end.
func (s *Server) watch() {
	<-s.child.exited
	if !s.stopping.Load() {
		s.err = fmt.Errorf("postgres in %s ended by itself: %s", s.cluster.dir, s.child.how)
		if line := s.cluster.lastProblem(); line != "" {
			s.err = fmt.Errorf("%w: %s", s.err, line)
		}
	}
	s.cluster.close()
	close(s.done)
}

// ConnString returns the address of a database of this server. It holds no
// secret: who may use the server is decided by who may enter its folder.
func (s *Server) ConnString(database string) string { return s.cluster.connString(database) }

// Dir is the folder the server lives in, absolute and without symbolic links.
func (s *Server) Dir() string { return s.cluster.dir }

// PID is the process id of the server's first process.
func (s *Server) PID() int { return s.child.process.Pid }

// Done is closed when the server has ended, by Stop or by itself.
func (s *Server) Done() <-chan struct{} { return s.done }

// Err says why the server ended by itself. It is nil while it runs and when it
// was stopped.
func (s *Server) Err() error {
	select {
	case <-s.done:
		return s.err
	default:
		return nil
	}
}

// Stop disconnects everyone, writes a checkpoint and ends the server. If ctx
// ends first the server is ended at once: nothing committed is lost, the next
// start recovers. Stopping a server that has ended does nothing.
func (s *Server) Stop(ctx context.Context) error {
	s.stopping.Store(true)
	began := time.Now()
	err := s.child.stop(ctx)
	<-s.done
	if err != nil {
		return fmt.Errorf("stop postgres in %s: %w", s.cluster.dir, err)
	}
	s.logger.InfoContext(ctx, "postgres has stopped", "dir", s.cluster.dir, "took", time.Since(began))
	return nil
}

// pause waits for d or until ctx ends.
func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}
