package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"runtime/debug"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/hirelog/hirelog/internal/eventlog"
	"github.com/hirelog/hirelog/projections"
	"github.com/hirelog/hirelog/readmodels"
)

// groupsOf returns the groups of these names, all if there are none.
func groupsOf(s *stores, names []string) ([]projections.Group, error) {
	if len(names) == 0 {
		names = []string{projections.CoreGroup}
	}
	var groups []projections.Group
	seen := make(map[string]bool)
	for _, name := range names {
		g, err := groupOf(s, name)
		if err != nil {
			return nil, err
		}
		if !seen[name] {
			groups = append(groups, g)
		}
		seen[name] = true
	}
	return groups, nil
}

// buildFlags are the flags of a command that builds generations.
func buildFlags(name, about string, stderr io.Writer) (*flag.FlagSet, *storage) {
	flags := flag.NewFlagSet("hirelog projections "+name, flag.ContinueOnError)
	flags.Usage = func() {
		_, _ = fmt.Fprintf(stderr, "usage: hirelog projections %s [flags] [GROUP…]\n\n%s\n", name, about)
		flags.PrintDefaults()
	}
	return flags, operatorFlags(flags)
}

// projectionsRebuild builds read models anew beside the live ones and switches.
func projectionsRebuild(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags, where := buildFlags("rebuild",
		"Reads the log and fills tables beside the live ones, which go on serving, compares the two and switches.\n"+
			"Without GROUP all groups are built. \"hirelog projections rollback\" switches back.", stderr)
	force := flags.Bool("force", false, "switch even if the new rows differ from the live ones: they may be the cure")
	if err := parseAny(flags, args, stderr); err != nil {
		return err
	}
	return withStores(ctx, where, func(s *stores) error {
		groups, err := groupsOf(s, flags.Args())
		if err != nil {
			return err
		}
		buildLean()
		p := newBuildProgress(stdout)
		r, err := projections.Rebuild(ctx, s.pool, s.log, groups, projections.RebuildOptions{Force: *force, Dir: s.spool, Progress: p.show})
		p.end()
		if err := printBuilt(stdout, r, true); err != nil {
			return err
		}
		return explained(err, "Look at the rows named above; if the new ones are right, run it again with --force")
	})
}

// buildLean has garbage collected sooner than usual while read models are built,
// and more eagerly still above 768 MiB: what knows where a million rows are is
// kept, and garbage is not to take as much again.
func buildLean() {
	debug.SetGCPercent(50)
	debug.SetMemoryLimit(768 << 20)
}

// projectionsVerify compares the live read models with what the log says.
func projectionsVerify(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags, where := buildFlags("verify",
		"Compares the live tables with tables filled from the log, at the same position, and changes nothing.\n"+
			"The exit status is 1 if they differ, or could not be compared.", stderr)
	samples := flags.Int("samples", 10, "most `rows` named of each table that differ")
	if err := parseAny(flags, args, stderr); err != nil {
		return err
	}
	if *samples < 1 {
		_, _ = fmt.Fprintln(stderr, "hirelog projections verify: --samples is at least 1")
		return errUsage
	}
	return withStores(ctx, where, func(s *stores) error {
		groups, err := groupsOf(s, flags.Args())
		if err != nil {
			return err
		}
		buildLean()
		p := newBuildProgress(stdout)
		r, err := projections.Verify(ctx, s.pool, s.log, groups, projections.RebuildOptions{Samples: *samples, Dir: s.spool, Progress: p.show})
		p.end()
		if err := printBuilt(stdout, r, false); err != nil {
			return err
		}
		return explained(err, "\"hirelog projections rebuild --force\" replaces them by what the log says")
	})
}

// projectionsRollback switches back to the generation that was live before.
func projectionsRollback(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags, where := buildFlags("rollback",
		"Makes the generation that was live before the last switch live again, as soon as it is where the live one is.\n"+
			"Without GROUP all groups are switched back. A second rollback goes forward again.", stderr)
	if err := parseAny(flags, args, stderr); err != nil {
		return err
	}
	return withStores(ctx, where, func(s *stores) error {
		groups, err := groupsOf(s, flags.Args())
		if err != nil {
			return err
		}
		for _, g := range groups {
			r, err := projections.Rollback(ctx, s.pool, s.log, g, projections.RebuildOptions{Dir: s.spool})
			if err != nil {
				return err
			}
			if _, err := fmt.Fprintf(stdout, "group %s: generation %d is live, at %s; generation %d is retired\n", r.Group, r.Generation, r.Position, r.Replaced); err != nil {
				return err
			}
		}
		return nil
	})
}

// explained adds to an error what can be done.
func explained(err error, differs string) error {
	switch {
	case errors.Is(err, projections.ErrDiffers):
		return fmt.Errorf("%w. %s", err, differs)
	case errors.Is(err, projections.ErrInapplicable):
		return fmt.Errorf("%w; the live read models are as they were", err)
	}
	return err
}

// printBuilt prints what was built and what became of comparing it.
func printBuilt(w io.Writer, r projections.Report, switching bool) error {
	var b strings.Builder
	if r.Events > 0 {
		fmt.Fprintf(&b, "%d events read in %s, %.0f events/s in all\n", r.Events, r.Reading.Round(time.Millisecond), float64(r.Events)/r.Took.Seconds())
	}
	for _, g := range r.Groups {
		fmt.Fprintf(&b, "group %s: ", g.Group)
		if g.Resumed {
			fmt.Fprintf(&b, "generation %d of an interrupted rebuild was gone on with; ", g.Generation)
		}
		fmt.Fprintf(&b, "%s\n", g.Comparison)
		if g.Comparison.Parked != g.Comparison.LiveParked {
			fmt.Fprintf(&b, "  %d events are put aside, %d in the live generation\n", g.Comparison.Parked, g.Comparison.LiveParked)
		}
		printTables(&b, g.Comparison)
		switch {
		case g.Switched:
			fmt.Fprintf(&b, "  generation %d is live, at %s", g.Generation, g.Position)
			if g.Replaced > 0 && g.Comparison.Skipped == "" {
				fmt.Fprintf(&b, "; generation %d is kept for \"hirelog projections rollback\" for 7 days", g.Replaced)
			}
			b.WriteString("\n")
		case switching:
			fmt.Fprintf(&b, "  nothing was switched: generation %d is live still\n", g.Replaced)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// printTables prints the tables of a comparison and the rows that differ, by
// their ids and the names of columns.
func printTables(b *strings.Builder, c projections.Comparison) {
	t := tabwriter.NewWriter(b, 0, 8, 2, ' ', 0)
	for _, of := range c.Tables {
		verdict := "equal"
		if c.KeysOnly {
			verdict = "keys equal"
		}
		if of.Different > 0 {
			verdict = fmt.Sprintf("%d different", of.Different)
		}
		_, _ = fmt.Fprintf(t, "  %s\t%d rows\t%d live\t%s\n", of.Table, of.Rows, of.LiveRows, verdict)
	}
	_ = t.Flush() // into memory
	for _, of := range c.Tables {
		for _, d := range of.Samples {
			switch {
			case d.Missing:
				fmt.Fprintf(b, "  %s %s: missing in the live table\n", of.Table, d.Key)
			case d.Extra:
				fmt.Fprintf(b, "  %s %s: only in the live table\n", of.Table, d.Key)
			case c.KeysOnly:
				fmt.Fprintf(b, "  %s %s: differs\n", of.Table, d.Key)
			default:
				fmt.Fprintf(b, "  %s %s: differs in %s\n", of.Table, d.Key, strings.Join(d.Columns, ", "))
			}
		}
		if more := of.Different - int64(len(of.Samples)); more > 0 {
			fmt.Fprintf(b, "  %s: %d more\n", of.Table, more)
		}
	}
}

// projectionsStatus prints how far the read models are.
func projectionsStatus(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("hirelog projections status", flag.ContinueOnError)
	where := operatorFlags(flags)
	if err := parse(flags, args, 0, stderr); err != nil {
		return err
	}
	return withStores(ctx, where, func(s *stores) error {
		all, err := projections.ReadGenerations(ctx, s.pool, func(ctx context.Context) (eventlog.Position, error) {
			return projections.Head(ctx, s.log)
		})
		if err != nil {
			return err
		}
		shapes := map[string]readmodels.Shape{projections.CoreGroup: coreGroup(s.vault).Shape()}
		t := tabwriter.NewWriter(stdout, 0, 8, 2, ' ', 0)
		_, _ = fmt.Fprintln(t, "GROUP\tGENERATION\tSTATUS\tPOSITION\tSINCE (UTC)\tLAG\tPARKED\tSIZE\tSTATE")
		stopped, groups := 0, make(map[string]bool)
		for _, g := range all {
			groups[g.Group] = true
			if g.Status == "live" && g.Stopped != nil {
				stopped++
			}
			_, _ = fmt.Fprintf(t, "%s\t%d (%s)\t%s\t%s\t%s\t%s\t%d\t%s\t%s\n", g.Group, g.Generation, g.Schema, g.Status, g.Checkpoint.Position,
				g.ChangedAt.UTC().Format(time.DateTime), g.Lag.Round(time.Millisecond), g.Parked, size(g.Bytes), stateOf(g, shapes[g.Group]))
		}
		if err := t.Flush(); err != nil {
			return err
		}
		if stopped > 0 {
			return fmt.Errorf("%d of %d groups are stopped: mend what is named and run \"hirelog projections resume\", or rebuild", stopped, len(groups))
		}
		return nil
	})
}

// stateOf says in words how a generation is.
func stateOf(g projections.GenerationStatus, shape readmodels.Shape) string {
	foreign := g.Shape != shape
	switch {
	case g.Status == "building" || g.Status == "verified" || g.Status == "scratch":
		switch {
		case g.Busy:
			return "under construction"
		case g.Filled && g.Status != "scratch" && !foreign && g.Stopped == nil:
			return "its construction was interrupted; the next rebuild goes on with it"
		}
		return "its construction was interrupted; the next rebuild drops it"
	case g.Stopped != nil:
		return "stopped: " + g.Stopped.String()
	case foreign && g.Status == "live":
		return "has other tables than this build's: run \"hirelog projections rebuild " + g.Group + "\""
	case foreign:
		return "not followed by this build, whose tables are others"
	case g.Behind:
		return "behind"
	}
	return "up to date"
}

// size is a number of bytes for people.
func size(bytes int64) string {
	switch {
	case bytes >= 1<<30:
		return fmt.Sprintf("%.1f GiB", float64(bytes)/(1<<30))
	case bytes >= 1<<20:
		return fmt.Sprintf("%.1f MiB", float64(bytes)/(1<<20))
	}
	return fmt.Sprintf("%d KiB", bytes>>10)
}
