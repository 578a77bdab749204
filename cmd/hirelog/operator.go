package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/hirelog/hirelog/commands"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/internal/history"
	"github.com/hirelog/hirelog/internal/ops"
	"github.com/hirelog/hirelog/projections"
)

// operatorFlags adds the flags of commands that work on the stores of an
// installation, whether or not a server runs on them.
func operatorFlags(flags *flag.FlagSet) *storage {
	s := &storage{}
	flags.StringVar(&s.dir, "data", "./data", "`folder` of the installation; a server may be running on it")
	flags.StringVar(&s.eventStore, "eventstore", os.Getenv("HIRELOG_EVENTSTORE"), "connection string of an EventStoreDB, if not the folder's node (HIRELOG_EVENTSTORE)")
	flags.StringVar(&s.database, "database", os.Getenv("HIRELOG_DATABASE"), "connection string of a PostgreSQL, if not the folder's (HIRELOG_DATABASE)")
	s.sharedFlags(flags)
	return s
}

// withStores runs do on the stores of an installation.
func withStores(ctx context.Context, where *storage, do func(*stores) error) error {
	s, err := attachStores(ctx, *where, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	return errors.Join(do(s), s.Close())
}

// token prints a new token of the first admin.
func token(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("hirelog token", flag.ContinueOnError)
	where := operatorFlags(flags)
	if err := parse(flags, args, 0, stderr); err != nil {
		return err
	}
	return withStores(ctx, where, func(s *stores) error {
		p := &process{stores: s}
		p.commands = commands.New(commands.Options{
			Log: s.log, Vault: s.vault, Directory: commands.NewDirectory(s.log, nil, nil), Tokens: ops.NewTokens(s.pool, nil),
		})
		secret, err := p.adminToken(ctx, uuid.Must(uuid.NewV7()))
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(stdout, secret)
		return err
	})
}

// auditReplay prints the history of an application.
func auditReplay(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("hirelog audit replay", flag.ContinueOnError)
	where := operatorFlags(flags)
	asJSON := flags.Bool("json", false, "print JSON, as the API answers")
	at := flags.String("at", "", "`moment` to stop at: a time (2026-03-01T09:00:00Z), a position (commit/prepare), or a revision (12)")
	flags.Usage = func() {
		_, _ = fmt.Fprintln(stderr, "usage: hirelog audit replay [flags] ID")
		flags.PrintDefaults()
	}
	if err := parse(flags, args, 1, stderr); err != nil {
		return err
	}
	asOf, _, err := history.ParseAsOf(*at)
	if err != nil {
		return fmt.Errorf("--at %q: %w", *at, err)
	}
	return withStores(ctx, where, func(s *stores) error {
		r := history.Replayer{Log: s.log, Opener: s.vault}
		h, err := r.ReplayAll(ctx, flags.Arg(0), asOf)
		if errors.Is(err, application.ErrUnknown) {
			return fmt.Errorf("there is no application %s", flags.Arg(0))
		}
		if err != nil {
			return err
		}
		if *asJSON {
			e := json.NewEncoder(stdout)
			e.SetIndent("", "  ")
			return e.Encode(h)
		}
		return printHistory(stdout, h)
	})
}

// printHistory prints a history for a terminal: a line for each event, and what
// it says below.
func printHistory(w io.Writer, h history.History) error {
	var b strings.Builder
	fmt.Fprintf(&b, "application %s\n%d events, up to revision %d at position %s; times are UTC\n", h.Application, len(h.Events), h.Revision, h.Position)
	for _, e := range h.Events {
		fmt.Fprintf(&b, "\n%4d  %s  %s\n", e.Revision, e.At.Format(time.DateTime), strings.TrimPrefix(e.Type, "application."))
		fmt.Fprintf(&b, "      by %s", *e.By)
		if e.OnBehalfOf != nil {
			fmt.Fprintf(&b, " for %s", *e.OnBehalfOf)
		}
		fmt.Fprintf(&b, ", %s, recorded %s at %s\n      command %s", e.Origin, e.RecordedAt.Format(time.DateTime), e.Position, *e.CommandID)
		if e.CausationID != "" {
			fmt.Fprintf(&b, ", caused by %s", e.CausationID)
		}
		b.WriteString("\n")
		data, err := json.Marshal(e.Data)
		if err != nil {
			return err
		}
		fmt.Fprintf(&b, "      %s\n", data)
		if len(e.Erased) > 0 {
			fmt.Fprintf(&b, "      erased since: %s\n", strings.Join(e.Erased, ", "))
		}
	}
	for _, n := range h.Notices {
		to := ""
		if n.To != nil {
			to = *n.To
		}
		fmt.Fprintf(&b, "\nnotice %s\n      to %s, %s since %s", n.ID, to, n.Status, n.StatusAt.Format(time.DateTime))
		if n.Reason != nil {
			fmt.Fprintf(&b, ": %s", *n.Reason)
		}
		b.WriteString("\n")
		for _, told := range n.Told {
			fmt.Fprintf(&b, "      %s %s, of event %s\n", told.Kind, told.Subject, told.Cause)
		}
	}
	if h.Profile != nil {
		profile, err := json.MarshalIndent(h.Profile, "", "  ")
		if err != nil {
			return err
		}
		fmt.Fprintf(&b, "\nprofile then:\n%s\n", profile)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// projectionsResume has a stopped group tried again.
func projectionsResume(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("hirelog projections resume", flag.ContinueOnError)
	where := operatorFlags(flags)
	if err := parse(flags, args, 1, stderr); err != nil {
		return err
	}
	return withStores(ctx, where, func(s *stores) error {
		g, err := groupOf(s, flags.Arg(0))
		if err != nil {
			return err
		}
		was, err := projections.Resume(ctx, s.pool, g)
		if err != nil {
			return err
		}
		said := "The group was not stopped."
		if was {
			said = "The event is tried again by the server that runs, or by the next."
		}
		_, err = fmt.Fprintln(stdout, said)
		return err
	})
}
