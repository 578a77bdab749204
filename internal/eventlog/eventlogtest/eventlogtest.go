// Package eventlogtest holds the one suite every eventlog.Log must pass. It does
// not assume to be alone: streams have names of their own, and what else is in
// the log is passed over.
package eventlogtest

import (
	"bytes"
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/hirelog/hirelog/internal/eventlog"
)

// patience is how long one rule may take before it counts as broken.
const patience = 3 * time.Minute

// Run tests that the logs open returns keep every promise of eventlog.Log. It
// calls open once for each rule; open registers its own cleanup. Several logs
// may share one store.
func Run(t *testing.T, open func(t *testing.T) eventlog.Log) {
	t.Helper()
	for _, rules := range [][]rule{appendRules, readRules, deleteRules, subscribeRules, concurrentRules} {
		for _, r := range rules {
			t.Run(r.says, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), patience)
				defer cancel()
				r.test(&suite{T: t, ctx: ctx, log: open(t)})
			})
		}
	}
}

// rule is one promise and its test.
type rule struct {
	says string
	test func(s *suite)
}

// suite is what a rule's test works with.
type suite struct {
	*testing.T
	ctx context.Context
	log eventlog.Log
}

// stream returns a name nobody else uses, beginning with prefix.
func (s *suite) stream(prefix string) string { return prefix + "-" + uuid.NewString() }

// events returns n new events, each with data of its own.
func events(n int) []eventlog.NewEvent {
	list := make([]eventlog.NewEvent, n)
	for i := range list {
		list[i] = eventlog.NewEvent{
			ID: uuid.New(), Type: "thing.happened.v1",
			Data:     fmt.Appendf(nil, `{"n":%d}`, i),
			Metadata: []byte(`{"by":"suite"}`),
		}
	}
	return list
}

// append writes events and stops the test if the log does not take them.
func (s *suite) append(stream string, expected eventlog.Revision, events []eventlog.NewEvent) eventlog.Appended {
	s.Helper()
	got, err := s.log.Append(s.ctx, stream, expected, events)
	if err != nil {
		s.Fatalf("append %d events behind %d: %v", len(events), expected, err)
	}
	if want := expected + eventlog.Revision(len(events)); got.Revision != want {
		s.Fatalf("appended up to revision %d, want %d", got.Revision, want)
	}
	return got
}

// fill writes n events to a new stream, one append for each, and returns them as
// they are stored.
func (s *suite) fill(stream string, n int) []eventlog.Event {
	s.Helper()
	for i, e := range events(n) {
		s.append(stream, eventlog.Revision(i)-1, []eventlog.NewEvent{e})
	}
	return s.read(stream, 0, eventlog.Forwards)
}

// read returns what reading a stream yields.
func (s *suite) read(stream string, from eventlog.Revision, dir eventlog.Direction) []eventlog.Event {
	s.Helper()
	var got []eventlog.Event
	for e, err := range s.log.ReadStream(s.ctx, stream, from, dir) {
		if err != nil {
			s.Fatalf("read stream: %v", err)
		}
		got = append(got, e)
	}
	return got
}

// revisions are the revisions of events, for comparing.
func revisions(events []eventlog.Event) string {
	list := make([]eventlog.Revision, len(events))
	for i, e := range events {
		list[i] = e.Revision
	}
	return fmt.Sprint(list)
}

// sameIDs fails the test unless got holds exactly the events of want, in order.
func (s *suite) sameIDs(got []eventlog.Event, want []eventlog.NewEvent) {
	s.Helper()
	if len(got) != len(want) {
		s.Fatalf("%d events, want %d", len(got), len(want))
	}
	for i := range want {
		if got[i].ID != want[i].ID {
			s.Fatalf("event %d is %s, want %s", i, got[i].ID, want[i].ID)
		}
	}
}

// stored fails the test unless got is event sent, stored in stream at revision.
func (s *suite) stored(got eventlog.Event, sent eventlog.NewEvent, stream string, revision eventlog.Revision) {
	s.Helper()
	if got.ID != sent.ID || got.Stream != stream || got.Revision != revision || got.Type != sent.Type {
		s.Errorf("stored %s %s@%d %s, want %s %s@%d %s",
			got.ID, got.Stream, got.Revision, got.Type, sent.ID, stream, revision, sent.Type)
	}
	if !bytes.Equal(got.Data, sent.Data) || !bytes.Equal(got.Metadata, sent.Metadata) {
		s.Errorf("stored %q %q, want %q %q", got.Data, got.Metadata, sent.Data, sent.Metadata)
	}
	if !got.Position.After(eventlog.Start) {
		s.Errorf("position %s is not behind the start", got.Position)
	}
}
