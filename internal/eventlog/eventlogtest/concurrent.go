package eventlogtest

import (
	"errors"
	"fmt"
	"sync"

	"github.com/google/uuid"

	"github.com/hirelog/hirelog/internal/eventlog"
)

var concurrentRules = []rule{
	{"of concurrent appends at one revision exactly one wins", oneWins},
	{"a subscriber sees concurrent streams once and in log order", seesOnce},
}

// oneWins lets writers race for every revision of one stream while a subscriber
// watches.
func oneWins(s *suite) {
	const writers, total = 8, 60
	stream := s.stream("race")
	sub := s.subscribe(eventlog.SubscribeOptions{Filter: only(stream)})
	var mu sync.Mutex
	winners := make(map[eventlog.Revision]uuid.UUID)
	var wait sync.WaitGroup
	for w := range writers {
		wait.Go(func() {
			for at := eventlog.NoStream; at < total-1; {
				e := eventlog.NewEvent{ID: uuid.New(), Type: "race.won.v1", Data: fmt.Appendf(nil, `{"by":%d}`, w)}
				got, err := s.log.Append(s.ctx, stream, at, []eventlog.NewEvent{e})
				var conflict *eventlog.ConflictError
				switch {
				case errors.As(err, &conflict):
					if conflict.Actual <= at {
						s.Errorf("conflict at %d says the stream is at %d", at, conflict.Actual)
						return
					}
					at = conflict.Actual
				case err != nil:
					s.Errorf("append: %v", err)
					return
				default:
					mu.Lock()
					if _, taken := winners[got.Revision]; taken || got.Revision != at+1 {
						s.Errorf("revision %d was won twice or out of turn", got.Revision)
					}
					winners[got.Revision] = e.ID
					mu.Unlock()
					at = got.Revision
				}
			}
		})
	}
	wait.Wait()
	if len(winners) != total {
		s.Fatalf("%d revisions were won, want %d", len(winners), total)
	}
	stored := s.read(stream, 0, eventlog.Forwards)
	for i, e := range stored {
		if e.Revision != eventlog.Revision(i) || e.ID != winners[e.Revision] {
			s.Errorf("revision %d holds %s, won by %s", e.Revision, e.ID, winners[e.Revision])
		}
	}
	sub.take(stored)
}

// seesOnce writes several streams at once and compares what a live subscriber,
// a late one and a reader of the whole log see.
func seesOnce(s *suite) {
	const streams, each = 10, 20
	prefix := s.stream("many")
	before := s.append(prefix+"-first", eventlog.NoStream, events(1)).Position
	live := s.subscribe(eventlog.SubscribeOptions{After: before, Filter: only(prefix)})
	var wait sync.WaitGroup
	for i := range streams {
		stream := fmt.Sprintf("%s-%d", prefix, i)
		wait.Go(func() {
			for n := range each {
				if _, err := s.log.Append(s.ctx, stream, eventlog.Revision(2*n)-1, events(2)); err != nil {
					s.Errorf("append: %v", err)
					return
				}
			}
		})
	}
	next := make(map[string]eventlog.Revision)
	var seen []eventlog.Event
	for range streams * each * 2 {
		e := live.event()
		if e.Revision != next[e.Stream] {
			s.Fatalf("revision %d of %s, want %d", e.Revision, e.Stream, next[e.Stream])
		}
		next[e.Stream]++
		seen = append(seen, *e)
	}
	wait.Wait()
	s.subscribe(eventlog.SubscribeOptions{After: before, Filter: only(prefix)}).take(seen)
	i := 0
	for e, err := range s.log.ReadAll(s.ctx, before, eventlog.Forwards) {
		if err != nil {
			s.Fatal(err)
		}
		if i < len(seen) && e.ID == seen[i].ID {
			i++
		}
	}
	if i != len(seen) {
		s.Errorf("the log shows %d of %d events in the subscriber's order", i, len(seen))
	}
}
