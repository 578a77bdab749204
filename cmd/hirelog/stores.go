package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/hirelog/hirelog/commands"
	"github.com/hirelog/hirelog/internal/clamd"
	"github.com/hirelog/hirelog/internal/datafolder"
	"github.com/hirelog/hirelog/internal/eventlog"
	"github.com/hirelog/hirelog/internal/eventnode"
	"github.com/hirelog/hirelog/internal/files"
	"github.com/hirelog/hirelog/internal/postgres"
	"github.com/hirelog/hirelog/internal/vault"
)

// storage says where the stores are. Empty addresses mean the data folder's own.
type storage struct {
	dir        string
	eventStore string // EventStoreDB connection string
	database   string // Postgres connection string
	keyset     string // file of the master keyset
	files      string // folder of sealed documents
	clamd      string // address of a malware scanner; empty = none
}

// sharedFlags adds the flags that say where the keyset and the documents are.
// Processes that work together name the same ones.
func (w *storage) sharedFlags(flags *flag.FlagSet) {
	flags.StringVar(&w.keyset, "keyset", os.Getenv("HIRELOG_KEYSET"), "`file` of the master keyset; empty means keyset.json in the data folder (HIRELOG_KEYSET)")
	flags.StringVar(&w.files, "files", os.Getenv("HIRELOG_FILES"), "`folder` of the sealed documents; empty means files in the data folder (HIRELOG_FILES)")
}

// scannerFlag adds the flag of processes that take files in.
func (w *storage) scannerFlag(flags *flag.FlagSet) {
	flags.StringVar(&w.clamd, "clamd", os.Getenv("HIRELOG_CLAMD"), "`address` of ClamAV's daemon, tcp://host:3310 or unix:///path, which every file is scanned by; empty means that files are not scanned (HIRELOG_CLAMD)")
}

// scanner returns the malware scanner, nil if there is none.
func (w storage) scanner() (commands.Scanner, error) {
	if w.clamd == "" {
		return nil, nil
	}
	return clamd.New(w.clamd)
}

// located returns w with absolute paths in the place of empty ones and of those
// relative to where the program was started.
func (w storage) located() (storage, error) {
	var err error
	if w.keyset, err = filepath.Abs(cmp.Or(w.keyset, filepath.Join(w.dir, "keyset.json"))); err == nil {
		w.files, err = filepath.Abs(cmp.Or(w.files, filepath.Join(w.dir, "files")))
	}
	if err != nil {
		return w, fmt.Errorf("keyset and files: %w", err)
	}
	return w, nil
}

// stores are the stores of a process: the event log, Postgres, the vault and
// the files. Close gives everything back in order.
type stores struct {
	folder *datafolder.Folder
	node   *eventnode.Node // nil when the event store is elsewhere
	disk   *nodeMetrics    // of node
	log    *eventlog.Client
	pool   *pgxpool.Pool // of the process, for everything but queries
	vault  *vault.Vault
	files  *files.Store
	scan   commands.Scanner // nil = files are not scanned
	spool  string           // folder for uploads under way
	alone  bool             // no other process can be at work on the database

	closers []func() error // in the order of opening
}

// openStores takes the data folder and opens the stores. With create unset it
// refuses a folder that was never served from. held, if set, is called when the
// folder is taken and nothing is opened; its error ends the start.
func openStores(ctx context.Context, where storage, create bool, logger *slog.Logger, held func() error) (_ *stores, err error) {
	s := &stores{}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	if where, err = where.located(); err != nil {
		return nil, err
	}
	if s.folder, err = datafolder.Open(where.dir, create, time.Now()); err != nil {
		return nil, err
	}
	s.onClose(s.folder.Close)
	if held != nil {
		if err := held(); err != nil {
			return nil, err
		}
	}
	database := where.database
	if database == "" {
		if database, err = s.startPostgres(ctx, logger); err != nil {
			return nil, err
		}
	}
	if err := postgres.Migrate(ctx, database); err != nil {
		return nil, err
	}
	client := eventlog.ClientOptions{ConnectionString: where.eventStore, Logger: logger.With("part", "event store client")}
	if where.eventStore == "" {
		if client.Address, err = s.startNode(logger); err != nil {
			return nil, err
		}
		client.ConnectionString = embeddedNode
	}
	s.alone = where.database == ""
	if err := s.connect(ctx, where, database, client); err != nil {
		return nil, err
	}
	return s, s.folder.Announce(datafolder.Running{
		PID: os.Getpid(), Node: client.Address, EventStore: client.ConnectionString, Database: database,
		Keyset: where.keyset, Files: where.files,
	})
}

// embeddedNode is the connection string of a node whose address is given apart.
const embeddedNode = "esdb://localhost:2113?tls=false"

// attachStores opens the stores of the process that runs on the data folder,
// or, if none does, the folder itself.
func attachStores(ctx context.Context, where storage, logger *slog.Logger) (*stores, error) {
	s, err := openStores(ctx, where, false, logger, nil)
	if !errors.Is(err, datafolder.ErrInUse) {
		return s, err
	}
	running, err := datafolder.Find(where.dir)
	if err != nil {
		return nil, err
	}
	s = &stores{}
	client := eventlog.ClientOptions{ConnectionString: running.EventStore, Address: running.Node}
	where.keyset, where.files = cmp.Or(where.keyset, running.Keyset), cmp.Or(where.files, running.Files)
	if where, err = where.located(); err != nil {
		return nil, err
	}
	if err := s.connect(ctx, where, running.Database, client); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// startPostgres starts the private Postgres and returns its connection string.
func (s *stores) startPostgres(ctx context.Context, logger *slog.Logger) (string, error) {
	o := postgres.ServerOptions{Dir: s.folder.Path("postgres"), Logger: logger.With("part", "postgres")}
	server, err := postgres.Start(ctx, o)
	if err != nil {
		return "", err
	}
	life, end := context.WithCancel(context.WithoutCancel(ctx))
	kept := make(chan error, 1)
	go func() { kept <- keepPostgres(life, server, o) }()
	s.onClose(func() error { end(); return <-kept })
	return server.ConnString(postgres.Database), nil
}

// keepPostgres starts the private Postgres again whenever it ends by itself,
// until ctx ends; then it stops it. What was committed is there again; until
// then what needs Postgres is refused.
func keepPostgres(ctx context.Context, server *postgres.Server, o postgres.ServerOptions) error {
	const stopWithin, pause = 30 * time.Second, time.Second
	for {
		select {
		case <-ctx.Done():
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopWithin)
			defer cancel()
			return server.Stop(ctx)
		case <-server.Done():
			o.Logger.Error("postgres ended by itself and is started again", "error", server.Err())
		}
		for {
			again, err := postgres.Start(ctx, o)
			if err == nil {
				server = again
				break
			}
			if ctx.Err() != nil {
				return nil
			}
			o.Logger.Error("postgres does not start", "error", err)
			select {
			case <-ctx.Done():
				return nil
			case <-time.After(pause):
			}
		}
	}
}

// startNode opens the embedded node and serves it on a Unix socket that only
// the folder's owner can reach. It returns the socket's address.
func (s *stores) startNode(logger *slog.Logger) (string, error) {
	s.disk = newNodeMetrics()
	var err error
	s.node, err = eventnode.Open(eventnode.Options{
		Dir: s.folder.Path("node"), Logger: logger.With("part", "event node"), Committed: s.disk.committed,
	})
	if err != nil {
		return "", err
	}
	s.onClose(s.node.Close)
	path := s.folder.Path("node.sock")
	if len(path) > 100 { // longer ones do not fit into a socket's address
		dir, err := os.MkdirTemp("", "hirelog-")
		if err != nil {
			return "", fmt.Errorf("socket of the event node: %w", err)
		}
		s.onClose(func() error { return os.RemoveAll(dir) })
		path = filepath.Join(dir, "node.sock")
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return "", fmt.Errorf("socket of the event node: %w", err)
	}
	ln, err := net.Listen("unix", path)
	if err != nil {
		return "", fmt.Errorf("socket of the event node: %w", err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return "", errors.Join(fmt.Errorf("socket of the event node: %w", err), ln.Close())
	}
	served := make(chan error, 1)
	go func() { served <- s.node.Serve(ln) }()
	s.onClose(func() error { return errors.Join(s.node.Close(), <-served) })
	return "unix:" + path, nil
}

// writable returns the log for commands.
func (s *stores) writable() eventlog.Log {
	if s.node == nil {
		return s.log
	}
	return nodeLog{Log: s.log, node: s.node}
}

// nodeLog is the log of the embedded node. One that has met a fault writes
// nothing until the process starts again, so nobody need wait for it.
type nodeLog struct {
	eventlog.Log
	node *eventnode.Node
}

// Append implements eventlog.Log. Errors: also ErrUnavailable at once.
func (l nodeLog) Append(ctx context.Context, stream string, expected eventlog.Revision, events []eventlog.NewEvent) (eventlog.Appended, error) {
	if fault := l.node.Fault(); fault != nil {
		return eventlog.Appended{}, fmt.Errorf("append to %s: %w: the node writes nothing: %w", stream, eventlog.ErrUnavailable, fault)
	}
	return l.Log.Append(ctx, stream, expected, events)
}

func (s *stores) connect(ctx context.Context, where storage, database string, client eventlog.ClientOptions) (err error) {
	if s.log, err = eventlog.Connect(client); err != nil {
		return err
	}
	s.onClose(s.log.Close)
	if s.pool, err = postgres.OpenPool(ctx, database, postgres.PoolOptions{}); err != nil {
		return err
	}
	s.onClose(func() error { s.pool.Close(); return nil })
	if s.vault, err = vault.Open(ctx, s.pool, where.keyset, vault.Options{}); err != nil {
		return err
	}
	if s.files, err = files.New(where.files, s.vault); err != nil {
		return err
	}
	if s.scan, err = where.scanner(); err != nil {
		return err
	}
	s.spool = filepath.Join(where.dir, "uploads")
	if err := os.MkdirAll(s.spool, 0o700); err != nil {
		return fmt.Errorf("folder of uploads: %w", err)
	}
	return nil
}

func (s *stores) onClose(f func() error) { s.closers = append(s.closers, f) }

// Close closes the stores, the last opened first.
func (s *stores) Close() error {
	var errs []error
	for i := len(s.closers) - 1; i >= 0; i-- {
		errs = append(errs, s.closers[i]())
	}
	s.closers = nil
	return errors.Join(errs...)
}
