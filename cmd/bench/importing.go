package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/hirelog/hirelog/commands"
	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/internal/eventlog"
	"github.com/hirelog/hirelog/internal/imports"
	"github.com/hirelog/hirelog/internal/vault"
)

// importWriters is how many append the same events raw at once: as many as an
// import works on.
const importWriters = 64

// benchImport measures an import, each time of as many applications under another
// name, against the bare appends of the events it wrote: the same bytes to
// streams of the same lengths, in the same number of appends, to a node of their
// own by the same client.
func benchImport(ctx context.Context, s settings, dir string) (err error) {
	in, err := openInstallation(ctx, dir, vault.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	node, err := openNode(dir + "-raw")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, node.Close()) }()
	raw, err := eventlog.Connect(eventlog.ClientOptions{ConnectionString: connectionString, Address: node.address})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, raw.Close()) }()
	var rounds []figure
	for n := range s.rounds {
		folder := filepath.Join(dir, fmt.Sprintf("rows-%d", n))
		if err := importRows(folder, n, s.imported); err != nil {
			return err
		}
		from, err := headOf(ctx, in.log)
		if err != nil {
			return err
		}
		var written int
		imported, err := measured(in.database.meter(), func() (int, error) {
			run := imports.Import{Name: fmt.Sprintf("bench-%d", n), Paths: []string{folder}, By: domain.Member(commands.FirstAdmin()), Manager: commands.FirstAdmin(), Now: time.Now()}
			sum, err := run.Run(ctx, in.Commands)
			if err == nil && len(sum.Refused) > 0 {
				err = errors.New(sum.Refused[0].String())
			}
			written = sum.Events
			return written, err
		})
		if err != nil {
			return err
		}
		appends, all, err := since(ctx, in.log, from)
		if err != nil {
			return err
		}
		bare, err := measured(meter{}, func() (int, error) {
			return all, split(importWriters, len(appends), func(from, to int) error {
				for _, events := range appends[from:to] {
					if _, err := raw.Append(ctx, "raw-"+uuid.NewString(), eventlog.NoStream, events); err != nil {
						return err
					}
				}
				return nil
			})
		})
		if err != nil {
			return err
		}
		// Both per event that is in the log: claims and people count, too.
		imported.n = all
		rounds = append(rounds, figure{imported.perSecond() / bare.perSecond(), "imported " + imported.String(), "appended " + bare.String()})
	}
	s.report("import_per_raw_append", rounds, atLeast(0.5))
	return nil
}

// importRows writes a folder of one job and n applications, each with four moves,
// a note and, half of them, an outcome.
func importRows(dir string, round, n int) error {
	var applications, stages, notes, outcomes strings.Builder
	applications.WriteString("id,job,received_at,first_name,last_name,email\n")
	stages.WriteString("application,stage,entered_at,comment\n")
	notes.WriteString("id,application,text,at\n")
	outcomes.WriteString("application,outcome,reason,at\n")
	for i := range n {
		fmt.Fprintf(&applications, "A%d,J,2025-02-01,Bench,Person %d,p%d-%d@bench.example\n", i, i, round, i)
		for k, stage := range []string{"Screening", "Telephone", "Interview", "Team"} {
			fmt.Fprintf(&stages, "A%d,%s,2025-02-%02d,Looks good so far.\n", i, stage, 2+k)
		}
		fmt.Fprintf(&notes, "N%d,A%d,Asks the right questions and knows our market well.,2025-02-03\n", i, i)
		if i%2 == 0 {
			fmt.Fprintf(&outcomes, "A%d,rejected,Other,2025-03-01\n", i)
		}
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	for name, text := range map[string]string{
		"jobs.csv":         "id,title,stages,opened_at\nJ,Bench,Applied|Screening|Telephone|Interview|Team,2025-01-01\n",
		"applications.csv": applications.String(), "stages.csv": stages.String(), "notes.csv": notes.String(), "outcomes.csv": outcomes.String(),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// headOf returns the position of the last event.
func headOf(ctx context.Context, log eventlog.Log) (eventlog.Position, error) {
	for rec, err := range log.ReadAll(ctx, eventlog.Start, eventlog.Backwards) {
		return rec.Position, err
	}
	return eventlog.Start, nil
}

// since returns the events behind a position as the appends they came in: what
// one import writes to one stream is one.
func since(ctx context.Context, log eventlog.Log, from eventlog.Position) (appends [][]eventlog.NewEvent, all int, err error) {
	of := map[string]int{}
	for rec, err := range log.ReadAll(ctx, from, eventlog.Forwards) {
		if err != nil {
			return nil, 0, err
		}
		if !rec.Position.After(from) || strings.HasPrefix(rec.Stream, "$") {
			continue
		}
		k, ok := of[rec.Stream]
		if !ok {
			k = len(appends)
			of[rec.Stream], appends = k, append(appends, nil)
		}
		appends[k] = append(appends[k], eventlog.NewEvent{ID: uuid.New(), Type: rec.Type, Data: rec.Data, Metadata: rec.Metadata})
		all++
	}
	return appends, all, nil
}
