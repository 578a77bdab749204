package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"strings"

	"golang.org/x/term"

	"github.com/hirelog/hirelog/internal/eventnode"
)

// node runs an event node alone, for several processes on one log.
func node(ctx context.Context, args []string, stdout, stderr io.Writer) (err error) {
	flags := flag.NewFlagSet("hirelog node", flag.ContinueOnError)
	dir := flags.String("data", nodeFolder, "`folder` the node keeps its events in")
	listen := flags.String("listen", "127.0.0.1:2113", "`host:port` to serve EventStoreDB's protocol on")
	o := eventnode.Options{Logger: slog.New(slog.NewTextHandler(stderr, nil))}
	flags.StringVar(&o.CertFile, "tls-cert", "", "PEM `file` with the certificate to serve TLS with, and those between it and its authority; read again when it changes")
	flags.StringVar(&o.KeyFile, "tls-key", "", "PEM `file` with the certificate's key")
	flags.StringVar(&o.UsersFile, "users", "", "`file` that names who may connect, see \"hirelog node user\"; needs TLS; read again when it changes")
	insecure := flags.Bool("insecure", false, "serve without TLS on an address others reach: whoever reaches it may read, write and delete everything")
	flags.StringVar(&o.Advertise, "advertise", "", "`host:port` clients that discover the node are told to reach it at (default: the address they asked at)")
	metrics := flags.String("metrics", "", "`host:port` to serve /metrics and /healthz on, by plain HTTP (default nowhere)")
	if err := parse(flags, args, 0, stderr); err != nil {
		return err
	}
	o.Dir = *dir
	if err := errors.Join(checkServing(o, *listen, *insecure), checkMetrics(*metrics)); err != nil {
		return err
	}
	disk := newNodeMetrics()
	o.Committed = disk.committed
	n, err := eventnode.Open(o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, n.Close()) }()
	served := make(chan error, 2)
	if *metrics != "" {
		at, stop, err := watchNode(*metrics, nodeHandler(n, disk), served)
		if err != nil {
			return err
		}
		defer stop()
		_, _ = fmt.Fprintf(stdout, "metrics on http://%s/metrics\n", at)
	}
	ln, err := net.Listen("tcp", *listen)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	go func() { served <- n.Serve(ln) }()
	_, _ = fmt.Fprintf(stdout, "event node on %s\n", connectionString(o, ln.Addr().String()))
	select {
	case err := <-served:
		return err
	case <-ctx.Done():
	}
	return nil
}

// checkServing says in the words of the flags what the node could not do.
func checkServing(o eventnode.Options, listen string, insecure bool) error {
	switch {
	case (o.CertFile == "") != (o.KeyFile == ""):
		return errors.New("--tls-cert and --tls-key are needed together")
	case o.UsersFile != "" && o.CertFile == "":
		return errors.New("--users needs --tls-cert and --tls-key: clients do not send passwords without TLS")
	}
	host, _, err := net.SplitHostPort(listen)
	if err != nil {
		return fmt.Errorf("--listen %s: must be host:port", listen)
	}
	if o.CertFile == "" && !insecure && !loopback(host) {
		return fmt.Errorf("--listen %s without TLS lets whoever reaches it read, write and delete everything: give --tls-cert, --tls-key and --users, listen on 127.0.0.1, or say --insecure", listen)
	}
	return nil
}

// loopback reports whether host is reached from this machine alone.
func loopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

// connectionString is what clients connect with.
func connectionString(o eventnode.Options, address string) string {
	if o.Advertise != "" {
		address = o.Advertise
	}
	switch {
	case o.CertFile == "":
		return "esdb://" + address + "?tls=false"
	case o.UsersFile == "":
		return "esdb://" + address
	}
	return "esdb://NAME:PASSWORD@" + address
}

// nodeUser prints the line of a users file for a new user or a new password.
func nodeUser(_ context.Context, args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("hirelog node user", flag.ContinueOnError)
	admin := flags.Bool("admin", false, "the user may do everything (group $admins)")
	groups := flags.String("groups", "", "further groups of the user, separated by `commas`: $ops, or what access lists of streams name")
	flags.Usage = func() {
		_, _ = fmt.Fprintln(stderr, "usage: hirelog node user [flags] NAME >> FILE\n\nPrints a line for the file of --users. The password is asked for, or read from\nthe first line of standard input.")
		flags.PrintDefaults()
	}
	if err := parse(flags, args, 1, stderr); err != nil {
		return err
	}
	var list []string
	if *admin {
		list = append(list, "$admins")
	}
	if *groups != "" {
		list = append(list, strings.Split(*groups, ",")...)
	}
	password, err := readPassword(os.Stdin, stderr)
	if err != nil {
		return err
	}
	line, err := eventnode.UserLine(flags.Arg(0), password, list)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(stdout, line)
	return err
}

// readPassword asks for a password twice on a terminal, without showing it, or
// reads a line from something else.
func readPassword(in *os.File, stderr io.Writer) (string, error) {
	if !term.IsTerminal(int(in.Fd())) {
		line, err := bufio.NewReader(in).ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return "", fmt.Errorf("read the password: %w", err)
		}
		return strings.TrimRight(line, "\r\n"), nil
	}
	var typed [2]string
	for i, ask := range []string{"password: ", "again: "} {
		_, _ = fmt.Fprint(stderr, ask)
		b, err := term.ReadPassword(int(in.Fd()))
		_, _ = fmt.Fprintln(stderr)
		if err != nil {
			return "", fmt.Errorf("read the password: %w", err)
		}
		typed[i] = string(b)
	}
	if typed[0] != typed[1] {
		return "", errors.New("the two passwords differ")
	}
	return typed[0], nil
}

// nodeCheck looks for damage in the data of a node that does not run.
func nodeCheck(_ context.Context, args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("hirelog node check", flag.ContinueOnError)
	dir := flags.String("data", nodeFolder, whichNode)
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
	if n := len(report.Problems) + report.More; n > 0 {
		return fmt.Errorf("%d problems found in %s", n, *dir)
	}
	return nil
}
