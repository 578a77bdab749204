package commands

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/internal/eventlog"
)

// What is remembered of events that were read, in whatever portions, is what is
// remembered of events that were appended one by one.
func TestAnswersReadAreAnswersGiven(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var events []eventlog.Event
		for range rapid.IntRange(0, 3*remembered).Draw(t, "commands") {
			command := uuid.New()
			meta, err := json.Marshal(eventlog.Metadata{Actor: domain.System, CommandID: command, Origin: eventlog.Live})
			if err != nil {
				t.Fatal(err)
			}
			for range rapid.IntRange(1, 3).Draw(t, "events") {
				n := uint64(len(events))
				events = append(events, eventlog.Event{Revision: eventlog.Revision(n), Position: eventlog.Position{Commit: n, Prepare: n}, Metadata: meta})
			}
		}
		var given, read folded[int]
		for _, e := range events {
			meta, err := e.Meta()
			if err != nil {
				t.Fatal(err)
			}
			given = given.with(0, meta.CommandID, e.Revision, e.Position, time.Time{})
		}
		for rest := events; len(rest) > 0; {
			n := rapid.IntRange(1, len(rest)).Draw(t, "portion")
			var err error
			if read, err = read.answering(rest[:n]); err != nil {
				t.Fatal(err)
			}
			rest = rest[n:]
		}
		if !slices.Equal(read.answers, given.answers) || read.forgot != given.forgot {
			t.Fatalf("of %d events read: %d answers, forgot %t; given: %d, %t", len(events), len(read.answers), read.forgot, len(given.answers), given.forgot)
		}
	})
}
