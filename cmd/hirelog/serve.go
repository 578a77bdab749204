package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/hirelog/hirelog/domain/personal"
)

// serveOptions are the flags of "hirelog serve".
type serveOptions struct {
	privateCalendars bool
	storage
	mailing
	listen    string
	readyFile string
	noDemo    bool
	seed      uint64
	parts     parts
	company   string
	proxies   []netip.Prefix
	level     slog.Level
	grace     time.Duration
}

// parts are what a process does.
type parts struct{ commands, queries, projections, effects bool }

// String names them as --serve does.
func (p parts) String() string {
	var names []string
	for name, does := range map[string]bool{"commands": p.commands, "queries": p.queries, "projections": p.projections, "effects": p.effects} {
		if does {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return strings.Join(names, ",")
}

func (p *parts) set(list string) error {
	*p = parts{}
	for _, name := range strings.Split(list, ",") {
		switch strings.TrimSpace(name) {
		case "commands":
			p.commands = true
		case "queries":
			p.queries = true
		case "projections":
			p.projections = true
		case "effects":
			p.effects = true
		default:
			return fmt.Errorf("there is no part %q; name commands, queries, projections, effects", name)
		}
	}
	return nil
}

func serveFlags(args []string, stderr io.Writer) (serveOptions, error) {
	o := serveOptions{parts: parts{commands: true, queries: true, projections: true, effects: true}}
	flags := flag.NewFlagSet("hirelog serve", flag.ContinueOnError)
	flags.StringVar(&o.dir, "data", "./data", "`folder` everything is kept in")
	flags.StringVar(&o.listen, "listen", "127.0.0.1:8080", "`host:port` to serve HTTP on")
	flags.StringVar(&o.readyFile, "ready-file", "", "`file` to write {\"url\", \"admin_token\"} to once requests are accepted; the token only on the first start")
	flags.BoolVar(&o.noDemo, "no-demo", false, "do not load the demo company on the first start")
	flags.Uint64Var(&o.seed, "demo-seed", 1, "`number` the demo company is told by")
	flags.StringVar(&o.company, "company", "Example Company", "`name` of the organisation, on the first start")
	flags.StringVar(&o.eventStore, "eventstore", os.Getenv("HIRELOG_EVENTSTORE"), "connection string of an EventStoreDB; empty starts a node in the data folder (HIRELOG_EVENTSTORE)")
	flags.StringVar(&o.database, "database", os.Getenv("HIRELOG_DATABASE"), "connection string of a PostgreSQL; empty starts one in the data folder (HIRELOG_DATABASE)")
	o.sharedFlags(flags)
	o.scannerFlag(flags)
	flags.BoolVar(&o.privateCalendars, "private-calendars", false, "let the addresses of members' busy times be in this machine's own networks")
	o.mailing.flags(flags)
	flags.Func("serve", "`parts` this process serves: commands,queries,projections,effects (default all)", o.parts.set)
	flags.Func("trusted-proxies", "`ranges` of addresses, such as 10.0.0.0/8, whose X-Forwarded-For is believed (default none)", func(list string) error {
		for _, s := range strings.Split(list, ",") {
			p, err := netip.ParsePrefix(strings.TrimSpace(s))
			if err != nil {
				return err
			}
			o.proxies = append(o.proxies, p)
		}
		return nil
	})
	flags.TextVar(&o.level, "log-level", slog.LevelInfo, "least `level` of what is logged: debug, info, warn, error")
	flags.DurationVar(&o.grace, "grace", 10*time.Second, "how long open requests may take to finish on shutdown")
	if err := parse(flags, args, 0, stderr); err != nil {
		return o, err
	}
	return o, o.mailing.check()
}

// serve runs the server until ctx ends.
func serve(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	o, err := serveFlags(args, stderr)
	if err != nil {
		return err
	}
	logger := slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: o.level, ReplaceAttr: personal.ReplaceAttr}))

	if os.Getenv("GOGC") == "" {
		// What is live is small and what requests leave behind is much: collecting
		// a quarter as often costs a few hundred MiB at most.
		debug.SetGCPercent(400)
	}
	// The port first: a wrong one is said before anything is started.
	ln, err := net.Listen("tcp", o.listen)
	if err != nil {
		return fmt.Errorf("listen on %s: %w; --listen chooses another address", o.listen, cause(err))
	}
	s, err := openStores(ctx, o.storage, true, logger, func() error { return clearReadyFile(o.readyFile) })
	if err != nil {
		return errors.Join(err, ln.Close())
	}
	if o.parts.commands && s.scan == nil {
		logger.Info("files are not scanned for malware; --clamd names a scanner")
	}
	p, err := startProcess(ctx, s, o, logger)
	if err != nil {
		return errors.Join(err, ln.Close(), s.Close())
	}
	err = p.serve(ctx, ln, o, stdout)
	return errors.Join(err, p.stop(), s.Close())
}

// cause is what lies under the layers of a network or file error, which repeat
// the address or path.
func cause(err error) error {
	var op *net.OpError
	var path *fs.PathError
	switch {
	case errors.As(err, &op):
		return op.Err
	case errors.As(err, &path):
		return path.Err
	}
	return err
}

// serve serves HTTP on ln until ctx ends, and introduces the installation.
func (p *process) serve(ctx context.Context, ln net.Listener, o serveOptions, stdout io.Writer) error {
	server := &http.Server{
		Handler:           p.handler(o),
		ReadHeaderTimeout: 5 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		// OPTIONS * is answered as any other request.
		DisableGeneralOptionsHandler: true,
		ErrorLog:                     slog.NewLogLogger(p.logger.Handler(), slog.LevelWarn),
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(ln) }()
	introduced := make(chan error, 1)
	go func() { introduced <- p.introduce(ctx, ln.Addr(), o, stdout) }()
	var err error
	for err == nil && ctx.Err() == nil {
		select {
		case err = <-served:
		case err = <-p.failed:
		case err = <-introduced:
			introduced = nil
		case <-ctx.Done():
		}
	}
	if ctx.Err() != nil {
		err = nil
	}
	if introduced != nil {
		if cut := <-introduced; cut != nil {
			p.logger.Debug("the introduction was cut off", "error", cut)
		}
	}
	shutdown, cancel := context.WithTimeout(context.WithoutCancel(ctx), o.grace)
	defer cancel()
	if stopped := server.Shutdown(shutdown); stopped != nil {
		_ = server.Close()
		p.logger.Warn("requests were cut off", "after", o.grace)
	}
	return err
}
