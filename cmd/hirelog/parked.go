package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/hirelog/hirelog/internal/vault"
	"github.com/hirelog/hirelog/projections"
)

// coreGroup is the group of read models everybody looks at. Whose rights and
// erasures are not known must not be shown, so what says them is never put aside.
func coreGroup(v *vault.Vault) projections.Group {
	return projections.Group{
		Name: projections.CoreGroup, Models: projections.Core(v),
		Kept: []string{"organization", "member", "job", "erasure"},
	}
}

// groupOf returns the group of a name.
func groupOf(s *stores, name string) (projections.Group, error) {
	if name != projections.CoreGroup {
		return projections.Group{}, fmt.Errorf("there is no group %q of read models; there is %s", name, projections.CoreGroup)
	}
	return coreGroup(s.vault), nil
}

// projectionsPark puts the stream aside whose event stopped a group.
func projectionsPark(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("hirelog projections park", flag.ContinueOnError)
	where := operatorFlags(flags)
	flags.Usage = func() {
		_, _ = fmt.Fprintln(stderr, "usage: hirelog projections park [flags] GROUP\n\n"+
			"The event that stopped the group and all later ones of its stream are put aside; the other streams go on.\n"+
			"What the stream is about is shown as it was before, until \"hirelog projections replay\".")
		flags.PrintDefaults()
	}
	if err := parse(flags, args, 1, stderr); err != nil {
		return err
	}
	return withStores(ctx, where, func(s *stores) error {
		g, err := groupOf(s, flags.Arg(0))
		if err != nil {
			return err
		}
		f, err := projections.ParkStopped(ctx, s.pool, g)
		switch {
		case errors.Is(err, projections.ErrNotStopped):
			return fmt.Errorf("group %s is not stopped at an event; see \"hirelog projections status\"", g.Name)
		case errors.Is(err, projections.ErrKept):
			return fmt.Errorf("stream %s says who may see what, or who was erased: nothing is shown without it. "+
				"Mend what is named by \"hirelog projections status\" and run \"hirelog projections resume %s\"", f.Stream, g.Name)
		case err != nil:
			return err
		}
		_, err = fmt.Fprintf(stdout, "Put aside: %s\n"+
			"Once it can be applied: hirelog projections replay %s\n", f, f.Stream)
		return err
	})
}

// projectionsParked lists what is put aside.
func projectionsParked(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("hirelog projections parked", flag.ContinueOnError)
	where := operatorFlags(flags)
	stream := flags.String("stream", "", "show the events of one `stream`")
	group := flags.String("group", projections.CoreGroup, "`group` of read models")
	if err := parse(flags, args, 0, stderr); err != nil {
		return err
	}
	return withStores(ctx, where, func(s *stores) error {
		g, err := groupOf(s, *group)
		if err != nil {
			return err
		}
		events, err := projections.ReadParked(ctx, s.pool, g, *stream)
		if err != nil {
			return err
		}
		if len(events) == 0 {
			_, err := fmt.Fprintln(stdout, "Nothing is put aside.")
			return err
		}
		if *stream != "" {
			return printParkedEvents(stdout, events)
		}
		return printParkedStreams(stdout, events)
	})
}

func printParkedEvents(w io.Writer, events []projections.ParkedEvent) error {
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	_, _ = fmt.Fprintln(t, "REVISION\tPOSITION\tTYPE\tEVENT\tPARKED (UTC)\tWHY")
	for _, e := range events {
		why := e.Error
		if why == "" {
			why = "waits for the one before"
		}
		_, _ = fmt.Fprintf(t, "%d\t%s\t%s\t%s\t%s\t%s\n", e.Revision, e.Position, e.Type, e.EventID, e.ParkedAt.UTC().Format(time.DateTime), why)
	}
	return t.Flush()
}

// printParkedStreams prints a line for each stream, in the order of their first
// events.
func printParkedStreams(w io.Writer, events []projections.ParkedEvent) error {
	first, count := make([]projections.ParkedEvent, 0), make(map[string]int)
	for _, e := range events {
		if count[e.Stream]++; count[e.Stream] == 1 {
			first = append(first, e)
		}
	}
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	_, _ = fmt.Fprintln(t, "STREAM\tEVENTS\tFROM REVISION\tPARKED (UTC)\tWHY")
	for _, e := range first {
		_, _ = fmt.Fprintf(t, "%s\t%d\t%d\t%s\t%s\n", e.Stream, count[e.Stream], e.Revision, e.ParkedAt.UTC().Format(time.DateTime), e.Error)
	}
	return t.Flush()
}

// projectionsReplay applies the events of one parked stream, or of all.
func projectionsReplay(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("hirelog projections replay", flag.ContinueOnError)
	where := operatorFlags(flags)
	group := flags.String("group", projections.CoreGroup, "`group` of read models")
	all := flags.Bool("all", false, "replay all streams that are put aside")
	flags.Usage = func() {
		_, _ = fmt.Fprintln(stderr, "usage: hirelog projections replay [flags] STREAM\n       hirelog projections replay [flags] --all")
		flags.PrintDefaults()
	}
	want := 1
	for _, a := range args {
		if a == "--all" || a == "-all" {
			want = 0
		}
	}
	if err := parse(flags, args, want, stderr); err != nil {
		return err
	}
	return withStores(ctx, where, func(s *stores) error {
		g, err := groupOf(s, *group)
		if err != nil {
			return err
		}
		streams := flags.Args()
		if *all {
			if streams, err = parkedStreams(ctx, s, g); err != nil {
				return err
			}
		}
		return replayStreams(ctx, s, g, streams, stdout)
	})
}

// parkedStreams are the streams put aside, in the order of their first events.
func parkedStreams(ctx context.Context, s *stores, g projections.Group) ([]string, error) {
	events, err := projections.ReadParked(ctx, s.pool, g, "")
	if err != nil {
		return nil, err
	}
	var streams []string
	seen := make(map[string]bool)
	for _, e := range events {
		if !seen[e.Stream] {
			seen[e.Stream] = true
			streams = append(streams, e.Stream)
		}
	}
	return streams, nil
}

// replayStreams replays streams and says how each ended. A stream that cannot
// be applied still does not keep the others back.
func replayStreams(ctx context.Context, s *stores, g projections.Group, streams []string, stdout io.Writer) error {
	var failed int
	for _, stream := range streams {
		done, err := projections.Replay(ctx, s.pool, s.log, g, stream)
		if err != nil {
			return err
		}
		said := fmt.Sprintf("%s: %d events applied", stream, done.Applied)
		if done.Applied+done.Gone+done.Left == 0 {
			said = stream + ": nothing of it is put aside"
		}
		if done.Gone > 0 {
			said += fmt.Sprintf(", %d not in the log any more", done.Gone)
		}
		if done.Failure != nil {
			failed++
			said += fmt.Sprintf(", %d left; stopped at %s", done.Left, done.Failure)
		}
		if _, err := fmt.Fprintln(stdout, said); err != nil {
			return err
		}
	}
	switch {
	case failed > 0:
		return fmt.Errorf("%d of %d streams cannot be applied still; replay them with a program that can, or see \"hirelog projections parked\"", failed, len(streams))
	case len(streams) == 0:
		_, err := fmt.Fprintln(stdout, "Nothing is put aside.")
		return err
	}
	return nil
}
