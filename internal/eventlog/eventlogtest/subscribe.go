package eventlogtest

import (
	"context"
	"errors"
	"iter"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/hirelog/hirelog/internal/eventlog"
)

var subscribeRules = []rule{
	{"a subscription delivers what there is, says it has caught up, and goes on live", subscribeLive},
	{"a subscription starts behind a position: at the start, in the middle, at the end", subscribeFrom},
	{"a subscription delivers the streams its prefixes name", subscribePrefixes},
	{"a subscription without prefixes delivers every stream but the server's", subscribeEverything},
	{"a subscription that matches nothing still reports progress", subscribeProgress},
	{"a subscription goes on behind the event its checkpoint names", subscribeAfterID},
	{"a checkpoint of another log is refused", subscribeForeign},
	{"a subscription ends with its context", subscribeEnds},
	{"a consumer may stop at any delivery", subscribeStops},
	{"two subscriptions do not disturb each other", subscribeTwice},
}

// subscription pulls deliveries one by one and checks what holds for each.
type subscription struct {
	s    *suite
	next func() (eventlog.Delivery, error, bool)
	stop func()
	at   eventlog.Position // of the last delivery
	last eventlog.Position // of the last event
}

// subscribe starts a subscription that ends with the test.
func (s *suite) subscribe(o eventlog.SubscribeOptions) *subscription {
	s.Helper()
	next, stop := iter.Pull2(s.log.Subscribe(s.ctx, o))
	s.Cleanup(stop)
	return &subscription{s: s, next: next, stop: stop, at: o.After, last: o.After}
}

func (sub *subscription) close() { sub.stop() }

// delivery waits for the next delivery of any kind.
func (sub *subscription) delivery() eventlog.Delivery {
	sub.s.Helper()
	d, err, ok := sub.next()
	switch {
	case !ok || err != nil:
		sub.s.Fatalf("subscription ended: %v", err)
	case sub.at.After(d.Position):
		sub.s.Fatalf("position went back from %s to %s", sub.at, d.Position)
	case d.CaughtUp && d.Event != nil:
		sub.s.Fatal("a delivery is an event and says caught up")
	}
	sub.at = d.Position
	if e := d.Event; e != nil {
		switch {
		case e.Position != d.Position:
			sub.s.Fatalf("an event at %s was delivered at %s", e.Position, d.Position)
		case !e.Position.After(sub.last):
			sub.s.Fatalf("an event at %s came behind %s", e.Position, sub.last)
		case strings.HasPrefix(e.Stream, "$") || strings.HasPrefix(e.Type, "$"):
			sub.s.Fatalf("the server's own event %s of stream %s was delivered", e.Type, e.Stream)
		}
		sub.last = e.Position
	}
	return d
}

// event waits for the next event.
func (sub *subscription) event() *eventlog.Event {
	sub.s.Helper()
	for {
		if d := sub.delivery(); d.Event != nil {
			return d.Event
		}
	}
}

// take waits for the given events, and nothing else, in order.
func (sub *subscription) take(want []eventlog.Event) {
	sub.s.Helper()
	for i, w := range want {
		got := sub.event()
		if got.ID != w.ID || got.Position != w.Position {
			sub.s.Fatalf("event %d is %s of %s at %s, want %s of %s at %s",
				i, got.ID, got.Stream, got.Position, w.ID, w.Stream, w.Position)
		}
	}
}

// caughtUp waits until the subscription has caught up, taking events on the way.
func (sub *subscription) caughtUp() eventlog.Delivery {
	sub.s.Helper()
	for {
		if d := sub.delivery(); d.CaughtUp {
			return d
		}
	}
}

// only filters by one prefix.
func only(prefix string) eventlog.Filter {
	return eventlog.Filter{StreamPrefixes: []string{prefix}}
}

func subscribeLive(s *suite) {
	stream := s.stream("live")
	stored := s.fill(stream, 70)
	sub := s.subscribe(eventlog.SubscribeOptions{Filter: only(stream)})
	sub.take(stored)
	if d := sub.caughtUp(); stored[69].Position.After(d.Position) {
		s.Errorf("caught up at %s, the last event is at %s", d.Position, stored[69].Position)
	}
	for n := 70; n < 90; n++ {
		s.append(stream, eventlog.Revision(n)-1, events(1))
		if got := sub.event().Revision; got != eventlog.Revision(n) {
			s.Fatalf("revision %d, want %d", got, n)
		}
	}
}

func subscribeFrom(s *suite) {
	stream := s.stream("from")
	stored := s.fill(stream, 40)
	for _, first := range []int{1, 2, 20, 39, 40} {
		sub := s.subscribe(eventlog.SubscribeOptions{After: stored[first-1].Position, Filter: only(stream)})
		sub.take(stored[first:])
		sub.caughtUp()
		sub.close()
	}
	sub := s.subscribe(eventlog.SubscribeOptions{After: stored[39].Position})
	sub.caughtUp()
	next := s.append(stream, 39, events(1))
	for e := sub.event(); e.Position != next.Position; e = sub.event() {
		if e.Stream == stream {
			s.Fatalf("revision %d again", e.Revision)
		}
	}
}

func subscribePrefixes(s *suite) {
	prefix := s.stream("prefixes")
	var want []eventlog.Event
	for i, name := range []string{"-a-1", "-b-1", "-c-1", "-a-2", "-ab", "-c-2", "-b-2"} {
		stored := s.fill(prefix+name, 3+i)
		if !strings.HasPrefix(name, "-c") {
			want = append(want, stored...)
		}
	}
	sub := s.subscribe(eventlog.SubscribeOptions{
		Filter: eventlog.Filter{StreamPrefixes: []string{prefix + "-a", prefix + "-b"}},
	})
	sub.take(want)
	sub.caughtUp()
	s.fill(prefix+"-c-3", 5)
	sub.take(s.fill(prefix+"-a-3", 5))
}

func subscribeEverything(s *suite) {
	first := s.append(s.stream("first"), eventlog.NoStream, events(1))
	sub := s.subscribe(eventlog.SubscribeOptions{After: first.Position})
	for _, prefix := range []string{"one", "Zwei", "三", "a$b", "_", "0"} {
		stream := s.stream(prefix)
		for _, want := range s.fill(stream, 3) {
			got := sub.event()
			for got.Stream != stream {
				got = sub.event()
			}
			if got.ID != want.ID || got.Revision != want.Revision {
				s.Fatalf("revision %d of %s, want %d", got.Revision, stream, want.Revision)
			}
			s.stored(*got, asNew(want), stream, want.Revision)
		}
	}
}

func subscribeProgress(s *suite) {
	stream := s.stream("progress")
	first := s.append(stream, eventlog.NoStream, events(1))
	other := s.stream("other")
	history := s.fill(other, 100)
	sub := s.subscribe(eventlog.SubscribeOptions{After: first.Position, Filter: only(stream)})
	until := func(p eventlog.Position) {
		s.Helper()
		for p.After(sub.at) {
			if d := sub.delivery(); d.Event != nil {
				s.Fatalf("an event of %s was delivered", d.Event.Stream)
			}
		}
	}
	until(history[99].Position) // the whole history has been looked through at the latest when it has caught up
	for n := 100; n < 200; n++ {
		s.append(other, eventlog.Revision(n)-1, events(1))
	}
	live := s.read(other, 100, eventlog.Forwards)
	until(live[len(live)-1-64].Position) // live it may be two windows of 32 behind
	s.append(stream, 0, events(1))
	if got := sub.event(); got.Stream != stream || got.Revision != 1 {
		s.Errorf("%s@%d, want %s@1", got.Stream, got.Revision, stream)
	}
}

func subscribeAfterID(s *suite) {
	stream := s.stream("checkpoint")
	stored := s.fill(stream, 5)
	for i := range stored {
		sub := s.subscribe(eventlog.SubscribeOptions{
			After: stored[i].Position, AfterID: stored[i].ID, Filter: only(stream),
		})
		sub.take(stored[i+1:])
		sub.caughtUp()
		sub.close()
	}
}

func subscribeForeign(s *suite) {
	stream := s.stream("foreign")
	stored := s.fill(stream, 3)
	shifted := func(p eventlog.Position, by uint64) eventlog.Position {
		return eventlog.Position{Commit: p.Commit + by, Prepare: p.Prepare + by}
	}
	for name, o := range map[string]eventlog.SubscribeOptions{
		"another event is there": {After: stored[1].Position, AfterID: uuid.New()},
		"the neighbour's id":     {After: stored[1].Position, AfterID: stored[0].ID},
		"no event is there":      {After: shifted(stored[1].Position, 1), AfterID: stored[1].ID},
		"behind the end":         {After: shifted(stored[2].Position, 1<<40), AfterID: stored[2].ID},
	} {
		o.Filter = only(stream)
		n := 0
		for _, err := range s.log.Subscribe(s.ctx, o) {
			if n++; !errors.Is(err, eventlog.ErrForeignPosition) {
				s.Errorf("%s: error is %v, want ErrForeignPosition", name, err)
				break
			}
		}
		if n != 1 {
			s.Errorf("%s: %d deliveries, want the error alone", name, n)
		}
	}
}

func subscribeEnds(s *suite) {
	stream := s.stream("ends")
	s.fill(stream, 3)
	ctx, cancel := context.WithCancel(s.ctx)
	defer cancel()
	var ended time.Time
	var last error
	for d, err := range s.log.Subscribe(ctx, eventlog.SubscribeOptions{Filter: only(stream)}) {
		if last = err; d.CaughtUp {
			time.AfterFunc(20*time.Millisecond, cancel) // while it waits for more
			ended = time.Now()
		}
	}
	if took := time.Since(ended); took > 30*time.Second {
		s.Errorf("the subscription outlived its context by %v", took)
	}
	if !errors.Is(last, context.Canceled) {
		s.Errorf("the subscription ended with %v, want context.Canceled", last)
	}
	ctx, cancel = context.WithCancel(s.ctx)
	cancel()
	for _, err := range s.log.Subscribe(ctx, eventlog.SubscribeOptions{}) {
		if !errors.Is(err, context.Canceled) {
			s.Fatalf("error is %v, want context.Canceled", err)
		}
	}
}

func subscribeStops(s *suite) {
	stream := s.stream("stops")
	stored := s.fill(stream, 50)
	for stopAt := 1; stopAt <= 50; stopAt += 7 {
		n := 0
		for d, err := range s.log.Subscribe(s.ctx, eventlog.SubscribeOptions{Filter: only(stream)}) {
			if err != nil {
				s.Fatal(err)
			}
			if d.Event == nil {
				continue
			}
			if d.Event.ID != stored[n].ID {
				s.Fatalf("event %d is revision %d", n, d.Event.Revision)
			}
			if n++; n == stopAt {
				break
			}
		}
	}
}

func subscribeTwice(s *suite) {
	stream := s.stream("twice")
	stored := s.fill(stream, 40)
	o := eventlog.SubscribeOptions{Filter: only(stream)}
	slow, fast := s.subscribe(o), s.subscribe(o)
	slow.take(stored[:1])
	fast.take(stored)
	more := s.stream(stream)
	live := s.fill(more, 40)
	fast.take(live)
	fast.close()
	slow.take(stored[1:])
	slow.take(live)
}
