package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"path/filepath"
	"time"

	"github.com/hirelog/hirelog/internal/eventnode"
)

const (
	// nodeFolder is where "hirelog node" has its events if nobody says otherwise,
	// and where the commands that look after them look.
	nodeFolder = "./node"
	whichNode  = "`folder` of the node; the one of \"hirelog serve\" is node in its data folder"
)

// nodeCommands are the commands on a node's folder.
func nodeCommands() map[string]command {
	return map[string]command{
		"check": nodeCheck, "user": nodeUser, "scavenge": nodeScavenge, "backup": nodeBackup, "restore": nodeRestore,
	}
}

// nodeScavenge removes what no reader sees any more, by the process that runs
// the node if there is one.
func nodeScavenge(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("hirelog node scavenge", flag.ContinueOnError)
	dir := flags.String("data", nodeFolder, whichNode)
	if err := parse(flags, args, 0, stderr); err != nil {
		return err
	}
	show := newProgress(stdout)
	var report eventnode.ScavengeReport
	err := withNode(*dir, stderr, func(n *eventnode.Node) (err error) {
		report, err = n.Scavenge(ctx, eventnode.ScavengeOptions{Hurry: true, Progress: show.step})
		return err
	}, func() (err error) {
		report, err = eventnode.AskScavenge(ctx, *dir, show.step)
		return err
	})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(stdout, "%d events of %d streams removed in %s; %d bytes before, %d after\n",
		report.Events, report.Streams, report.Ended.Sub(report.Started).Round(time.Millisecond), report.Before, report.After)
	return err
}

// nodeBackup copies the node's log into an empty folder.
func nodeBackup(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("hirelog node backup", flag.ContinueOnError)
	dir := flags.String("data", nodeFolder, whichNode+"; the folder of the backup, empty or missing, is the argument")
	if err := parse(flags, args, 1, stderr); err != nil {
		return err
	}
	to, err := filepath.Abs(flags.Arg(0))
	if err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	show := newProgress(stdout)
	var m eventnode.Manifest
	err = withNode(*dir, stderr, func(n *eventnode.Node) (err error) {
		m, err = n.Backup(ctx, to, show.step)
		return err
	}, func() (err error) {
		m, err = eventnode.AskBackup(ctx, *dir, to, show.step)
		return err
	})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(stdout, m)
	return err
}

// nodeRestore makes a node's folder of a backup.
func nodeRestore(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("hirelog node restore", flag.ContinueOnError)
	dir := flags.String("data", nodeFolder, "`folder` to make, empty or missing; the folder of the backup is the argument")
	if err := parse(flags, args, 1, stderr); err != nil {
		return err
	}
	m, report, err := eventnode.Restore(ctx, flags.Arg(0), eventnode.Options{Dir: *dir}, newProgress(stdout).step)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(stdout, "%srestored up to position %d, as of %s\n", report, m.Position, m.Ended.Format(time.RFC3339))
	return err
}

// withNode opens the node in dir for offline, or calls online if a process has
// it open.
func withNode(dir string, stderr io.Writer, offline func(*eventnode.Node) error, online func() error) error {
	// Checking looks whether there is a node at all: opening would make one.
	if _, err := eventnode.FormatOf(dir); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("there is no event node in %s", dir)
		}
		return err
	}
	n, err := eventnode.Open(eventnode.Options{Dir: dir, Logger: slog.New(slog.NewTextHandler(stderr, nil))})
	if errors.Is(err, eventnode.ErrLocked) {
		return online()
	}
	if err != nil {
		return err
	}
	return errors.Join(offline(n), n.Close())
}

// progress prints how far an operation is, now and then.
type progress struct {
	out     io.Writer
	step0   string    // the step under way
	began   time.Time // when it began
	printed time.Time
}

func newProgress(out io.Writer) *progress { return &progress{out: out} }

// step prints p if a second has passed since the last line.
func (s *progress) step(p eventnode.Progress) {
	now := time.Now()
	if p.Step != s.step0 {
		s.step0, s.began = p.Step, now
	}
	if now.Sub(s.printed) < time.Second {
		return
	}
	s.printed = now
	of := ""
	if p.Total > 0 {
		of = fmt.Sprintf(" of %d", p.Total)
	}
	rate := ""
	if took := now.Sub(s.began).Seconds(); took > 0 {
		rate = fmt.Sprintf(", %.0f/s", float64(p.Done)/took)
	}
	_, _ = fmt.Fprintf(s.out, "%s: %d%s %s%s\n", p.Step, p.Done, of, p.Unit, rate)
}
