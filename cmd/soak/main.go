// Command soak runs Hirelog as several processes under mixed load, does to them
// what fails in practice, and checks afterwards that nothing acknowledged is
// lost, doubled or answered otherwise, and that the read models are what the
// log says. It prints counts and ends with status 1 if anything is wrong.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"
)

// options say what a run does.
type options struct {
	binary  string // of hirelog
	dir     string // where everything is kept; empty = a temporary folder, removed if all is well
	kills   int    // how often a process is killed
	workers int    // who give commands at once
	seed    uint64 // of what is killed and done when
	out     io.Writer
}

// long reports whether the run is long enough for faults that take a minute.
func (o options) long() bool { return o.kills >= 100 }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := command(ctx, os.Args[1:], os.Stdout); err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "soak:", err)
		os.Exit(1)
	}
}

func command(ctx context.Context, args []string, out io.Writer) error {
	o := options{out: out}
	flags := flag.NewFlagSet("soak", flag.ExitOnError)
	flags.StringVar(&o.binary, "hirelog", "", "`program` to run; empty builds it")
	flags.StringVar(&o.dir, "dir", "", "`folder` to keep everything in; empty is a temporary one, removed if all is well")
	flags.IntVar(&o.kills, "kills", 200, "how `often` a process is killed; from 100 on, faults of a minute are done too")
	flags.IntVar(&o.workers, "workers", 10, "`number` of clients that give commands at once")
	flags.Uint64Var(&o.seed, "seed", 0, "`number` that decides what is done when; 0 takes one from the clock")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if o.seed == 0 {
		o.seed = uint64(time.Now().UnixNano()) //nolint:gosec // any number will do
	}
	return soak(ctx, o)
}

// soak does a whole run. Its error is the first thing that is wrong.
func soak(ctx context.Context, o options) (err error) {
	say := func(format string, args ...any) { _, _ = fmt.Fprintf(o.out, format+"\n", args...) }
	say("soak: %d kills, seed %d (again with -seed %d)", o.kills, o.seed, o.seed)
	if o.dir == "" {
		if o.dir, err = os.MkdirTemp("", "hirelog-soak-"); err != nil {
			return err
		}
		defer func() {
			if err != nil {
				say("everything is kept in %s", o.dir)
				return
			}
			err = os.RemoveAll(o.dir)
		}()
	}
	if o.binary == "" {
		o.binary = filepath.Join(o.dir, "hirelog")
		build := exec.CommandContext(ctx, "go", "build", "-o", o.binary, "github.com/hirelog/hirelog/cmd/hirelog")
		if said, err := build.CombinedOutput(); err != nil {
			return fmt.Errorf("build: %w: %s", err, said)
		}
	}
	began := time.Now()
	in, err := install(ctx, o)
	if err != nil {
		return errors.Join(err, in.close())
	}
	found := in.run(ctx)
	found = errors.Join(found, in.close())
	in.report.print(o.out, time.Since(began))
	return found
}

// run puts load on the installation, does all faults, and checks.
func (in *installation) run(ctx context.Context) error {
	l, err := in.load(ctx)
	if err != nil {
		return err
	}
	err = in.faults(ctx, l)
	if ended := l.stop(); err == nil {
		err = ended
	}
	if err != nil {
		return err
	}
	return in.check(ctx, l)
}
