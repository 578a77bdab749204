package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/hirelog/hirelog/internal/faultproxy"
	"github.com/hirelog/hirelog/internal/postgres"
)

// installation is an event node, a Postgres, and processes on them: the node
// behind a proxy.
type installation struct {
	o      options
	rng    *rand.Rand // of the faults; used by one goroutine
	report *report

	node     *process
	nodeAt   string // its own address, behind the proxy
	nodeDir  string
	nodeDisk bool  // nodeDir is a disk of its own
	noDisk   error // why it is not
	proxy    *faultproxy.Proxy
	commands []*process
	queries  []*process
	projects []*process

	mu sync.Mutex
	pg *postgres.Server // replaced when it was killed
}

// nodeDiskSize is how much the node may write when it has a disk of its own.
const nodeDiskSize = 768 << 20

// install starts everything. What it returns is to be closed, also with an
// error.
func install(ctx context.Context, o options) (*installation, error) {
	in := &installation{o: o, rng: rand.New(rand.NewPCG(o.seed, 1)), report: newReport()}
	if err := os.MkdirAll(o.dir, 0o755); err != nil {
		return in, err
	}
	if err := in.startPostgres(ctx); err != nil {
		return in, err
	}
	in.nodeDir = filepath.Join(o.dir, "node")
	if err := os.MkdirAll(in.nodeDir, 0o700); err != nil {
		return in, err
	}
	in.noDisk = mountSmall(in.nodeDir, nodeDiskSize)
	in.nodeDisk = in.noDisk == nil
	in.nodeAt = faultproxy.QuietAddress()
	in.node = newProcess(o.binary, o.dir, "node", "node", "--data", filepath.Join(in.nodeDir, "data"), "--listen", in.nodeAt)
	if err := in.startNode(ctx); err != nil {
		return in, err
	}
	var err error
	if in.proxy, err = faultproxy.Listen("tcp", in.nodeAt); err != nil {
		return in, err
	}
	for n := range 2 {
		in.commands = append(in.commands, in.server("commands", n))
		in.queries = append(in.queries, in.server("queries", n))
		in.projects = append(in.projects, in.server("projections", n))
	}
	for _, p := range in.servers() {
		if err := p.start(ctx, nil); err != nil {
			return in, err
		}
	}
	if in.commands[0].token == "" {
		return in, errors.New("the first command process did not tell the admin's token")
	}
	return in, nil
}

// server is the n-th process that serves a part.
func (in *installation) server(part string, n int) *process {
	name := fmt.Sprintf("%s-%d", part, n+1)
	return newProcess(in.o.binary, in.o.dir, name, "serve", "--serve", part, "--no-demo", "--listen", "127.0.0.1:0", "--log-level", "warn",
		"--data", filepath.Join(in.o.dir, name), "--keyset", in.keyset(), "--files", filepath.Join(in.o.dir, "files"),
		"--eventstore", "esdb://"+in.proxy.Address()+"?tls=false", "--database", in.database())
}

func (in *installation) keyset() string { return filepath.Join(in.o.dir, "secret", "keyset.json") }

// servers are all processes but the node.
func (in *installation) servers() []*process {
	all := append([]*process(nil), in.commands...)
	all = append(all, in.queries...)
	return append(all, in.projects...)
}

// startNode starts the event node and waits until it can be reached.
func (in *installation) startNode(ctx context.Context) error {
	return in.node.start(ctx, func() bool {
		c, err := net.Dial("tcp", in.nodeAt)
		if err == nil {
			_ = c.Close()
		}
		return err == nil
	})
}

func (in *installation) startPostgres(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startWithin)
	defer cancel()
	pg, err := postgres.Start(ctx, postgres.ServerOptions{
		Dir: filepath.Join(in.o.dir, "postgres"), Test: true,
		Settings: map[string]string{"max_connections": "250", "synchronous_commit": "on"},
	})
	if err != nil {
		return err
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	in.pg = pg
	return nil
}

func (in *installation) postgres() *postgres.Server {
	in.mu.Lock()
	defer in.mu.Unlock()
	return in.pg
}

func (in *installation) database() string { return in.postgres().ConnString(postgres.Database) }

// close ends everything that runs still. Processes must go in peace.
func (in *installation) close() error {
	var errs []error
	for _, p := range in.servers() {
		_ = p.signal(syscall.SIGCONT) // it may have ended
		errs = append(errs, p.stop())
	}
	if in.node != nil {
		errs = append(errs, in.node.stop())
	}
	if in.proxy != nil {
		in.proxy.Close()
	}
	if pg := in.postgres(); pg != nil {
		ctx, cancel := context.WithTimeout(context.Background(), startWithin)
		defer cancel()
		errs = append(errs, pg.Stop(ctx))
	}
	if in.nodeDisk {
		errs = append(errs, unmount(in.nodeDir))
	}
	return errors.Join(errs...)
}

// eventually waits for something that nobody announces.
func eventually(ctx context.Context, within time.Duration, what string, holds func() bool) error {
	giveUp := time.Now().Add(within)
	for !holds() {
		if time.Now().After(giveUp) {
			return fmt.Errorf("%s: not within %v", what, within)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(10 * time.Millisecond):
		}
	}
	return nil
}
