package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/google/uuid"

	"github.com/hirelog/hirelog/commands"
	"github.com/hirelog/hirelog/internal/eventlog"
)

// check looks at everything when the load has ended.
func (in *installation) check(ctx context.Context, l *load) error {
	if _, err := in.level(ctx); err != nil {
		return err
	}
	events, err := in.readLog(ctx)
	if err != nil {
		return err
	}
	in.report.count("events", len(events))
	err = errors.Join(in.checkIDs(events), in.checkCommands(l, events), in.compareRebuild(ctx))
	// What follows needs the node to rest.
	for _, p := range append(in.servers(), in.node) {
		err = errors.Join(err, p.stop())
	}
	said, checkErr := exec.CommandContext(ctx, in.o.binary, "node", "check", "--data", filepath.Join(in.nodeDir, "data")).CombinedOutput()
	if checkErr != nil || !strings.Contains(string(said), "no problems found") {
		err = errors.Join(err, fmt.Errorf("node check: %w: %s", checkErr, said))
	}
	return err
}

// recorded is what the check needs of an event.
type recorded struct {
	id       uuid.UUID
	stream   string
	command  uuid.UUID
	revision int64
	position string
}

// readLog reads the whole log with EventStoreDB's own client: what is checked
// must not go through what is being checked.
func (in *installation) readLog(ctx context.Context) (all []recorded, err error) {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	config, err := esdb.ParseConnectionString("esdb://" + in.nodeAt + "?tls=false")
	if err != nil {
		return nil, err
	}
	config.Logger = esdb.NoopLogging()
	client, err := esdb.NewClient(config)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, client.Close()) }()
	events, err := client.ReadAll(ctx, esdb.ReadAllOptions{From: esdb.Start{}}, math.MaxInt64)
	if err != nil {
		return nil, fmt.Errorf("read the log: %w", err)
	}
	defer events.Close()
	for {
		got, err := events.Recv()
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read the log: %w", err)
		}
		e := got.OriginalEvent()
		if strings.HasPrefix(e.StreamID, "$") {
			continue
		}
		var meta struct {
			Command uuid.UUID `json:"command_id"`
		}
		if err := json.Unmarshal(e.UserMetadata, &meta); err != nil {
			return nil, fmt.Errorf("metadata of %s at %d: %w", e.StreamID, e.EventNumber, err)
		}
		all = append(all, recorded{
			id: e.EventID, stream: e.StreamID, command: meta.Command, revision: int64(e.EventNumber), //nolint:gosec // far below the bound
			position: eventlog.Position{Commit: e.Position.Commit, Prepare: e.Position.Prepare}.String(),
		})
	}
}

// checkIDs looks for events that are there twice, and for gaps in streams.
func (in *installation) checkIDs(events []recorded) error {
	var errs []error
	seen, next := make(map[uuid.UUID]string, len(events)), map[string]int64{}
	for _, e := range events {
		if at, twice := seen[e.id]; twice {
			in.report.count("duplicates", 1)
			errs = append(errs, fmt.Errorf("event %s is in %s and again in %s at %d", e.id, at, e.stream, e.revision))
		}
		seen[e.id] = e.stream
		if e.revision != next[e.stream] {
			errs = append(errs, fmt.Errorf("%s has revision %d behind %d", e.stream, e.revision, next[e.stream]-1))
		}
		next[e.stream] = e.revision + 1
	}
	return first(errs)
}

// checkCommands holds every command against the log.
func (in *installation) checkCommands(l *load, events []recorded) error {
	type place struct{ stream, command string }
	found := map[place][]recorded{}
	anywhere := map[string]bool{} // in streams of applications
	for _, e := range events {
		at := place{e.stream, e.command.String()}
		found[at] = append(found[at], e)
		if strings.HasPrefix(e.stream, "application-") {
			anywhere[e.command.String()] = true
		}
	}
	var errs []error
	wrong := func(count string, g given, format string, args ...any) {
		in.report.count(count, 1)
		errs = append(errs, fmt.Errorf("%s %s (%s), answered %d %s: %s", g.method, g.path, g.key, g.first.status, g.first.body, fmt.Sprintf(format, args...)))
	}
	for _, g := range l.given {
		id := commands.CommandID(l.member, g.key).String()
		if !g.first.accepted() {
			if anywhere[id] {
				wrong("refused but recorded", g, "it is recorded")
			}
			continue
		}
		made, err := g.first.made()
		if err != nil {
			return err
		}
		stream := g.stream
		if stream == "" {
			stream = "application-" + made.ID
		}
		at := found[place{stream, id}]
		switch {
		case len(at) == 0:
			wrong("lost", g, "it is not in %s", stream)
			continue
		case g.single && len(at) != 1:
			wrong("duplicates", g, "it is %d times in %s", len(at), stream)
			continue
		}
		last := at[len(at)-1]
		commit, _, _ := strings.Cut(last.position, "/")
		if last.revision != made.Revision || !strings.HasSuffix(made.Position, "."+commit+"."+commit) {
			wrong("answers that changed", g, "it is at revision %d and position %s", last.revision, last.position)
		}
	}
	return first(errs)
}

// first returns at most five errors, and how many more there are.
func first(errs []error) error {
	if n := len(errs); n > 5 {
		errs = append(slices.Clone(errs[:5]), fmt.Errorf("and %d more", n-5))
	}
	return errors.Join(errs...)
}

// level waits until the read models show the end of the log, which must stand
// still, and returns it.
func (in *installation) level(ctx context.Context) (eventlog.Position, error) {
	log, err := eventlog.Connect(eventlog.ClientOptions{ConnectionString: "esdb://" + in.nodeAt + "?tls=false"})
	if err != nil {
		return eventlog.Start, err
	}
	defer func() { _ = log.Close() }()
	pool, err := in.poolOf(ctx, in.database())
	if err != nil {
		return eventlog.Start, err
	}
	defer pool.Close()
	return levelOf(ctx, log, pool, within)
}

// lookEvery is the pause between two looks at something that nobody announces.
const lookEvery = 50 * time.Millisecond
