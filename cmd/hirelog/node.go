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

	"github.com/hirelog/hirelog/internal/eventnode"
)

// node runs an event node alone, for several processes on one log.
func node(ctx context.Context, args []string, stdout, stderr io.Writer) (err error) {
	flags := flag.NewFlagSet("hirelog node", flag.ContinueOnError)
	dir := flags.String("data", "./node", "`folder` the node keeps its events in")
	listen := flags.String("listen", "127.0.0.1:2113", "`host:port` to serve EventStoreDB's protocol on, without TLS")
	if err := parse(flags, args, 0, stderr); err != nil {
		return err
	}
	n, err := eventnode.Open(eventnode.Options{Dir: *dir, Logger: slog.New(slog.NewTextHandler(stderr, nil))})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, n.Close()) }()
	ln, err := net.Listen("tcp", *listen)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	served := make(chan error, 1)
	go func() { served <- n.Serve(ln) }()
	_, _ = fmt.Fprintf(stdout, "event node on esdb://%s?tls=false\n", ln.Addr())
	select {
	case err := <-served:
		return err
	case <-ctx.Done():
	}
	return nil
}

// nodeCheck looks for damage in the data of a node that does not run.
func nodeCheck(_ context.Context, args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("hirelog node check", flag.ContinueOnError)
	dir := flags.String("data", "./data/node", "`folder` of the node")
	if err := parse(flags, args, 0, stderr); err != nil {
		return err
	}
	report, err := eventnode.Check(eventnode.Options{Dir: *dir})
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("there is no event node in %s", *dir)
	}
	if err != nil {
		return err
	}
	_, _ = fmt.Fprint(stdout, report)
	if len(report.Problems) > 0 {
		return fmt.Errorf("%d problems found in %s", len(report.Problems), *dir)
	}
	return nil
}
