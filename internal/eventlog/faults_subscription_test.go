package eventlog_test

import (
	"context"
	"errors"
	"net"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/hirelog/hirelog/internal/eventlog"
	"github.com/hirelog/hirelog/internal/eventnode"
	"github.com/hirelog/hirelog/internal/faultproxy"
)

func TestASubscriptionOutlivesOutages(t *testing.T) {
	f := newFaulty(t, eventlog.ClientOptions{})
	const n = 400
	ctx, cancel := context.WithTimeout(f.Context(), 2*time.Minute)
	defer cancel()
	// Nothing is on its way when a connection is cut, so that each cut is met.
	upTo := make(chan eventlog.Revision, 5)
	go func() {
		written := eventlog.Revision(0)
		for most := range upTo {
			for ; written < most; written++ {
				if _, err := f.truth.Append(ctx, "watched", written-1, []eventlog.NewEvent{event(`{}`)}); err != nil {
					t.Errorf("append: %v", err)
					return
				}
			}
		}
		time.Sleep(time.Second)
		f.proxy.restore() // no event comes after it has caught up once more
	}()
	next, caughtUp := eventlog.Revision(0), 0
	at := eventlog.Start
	for d, err := range f.client.Subscribe(ctx, eventlog.SubscribeOptions{}) {
		if err != nil {
			t.Fatalf("behind revision %d: %v", next-1, err)
		}
		if at.After(d.Position) {
			t.Fatalf("position went back from %s to %s", at, d.Position)
		}
		at = d.Position
		if d.CaughtUp {
			if caughtUp++; caughtUp == 1 {
				upTo <- 60
			}
		}
		if d.Event != nil && d.Event.Stream == "watched" {
			if d.Event.Revision != next {
				t.Fatalf("revision %d came, want %d", d.Event.Revision, next)
			}
			next++
			switch next {
			case 60, 120, 180:
				f.proxy.cut()
				upTo <- next + 60
			case 240:
				f.proxy.refuse()
				upTo <- n
				close(upTo)
			}
		}
		if next == n && d.CaughtUp {
			break
		}
	}
	if s := f.client.Stats(); s.Resubscribed < 4 || caughtUp < 2 {
		t.Errorf("resumed %d times, caught up %d times", s.Resubscribed, caughtUp)
	}
}

func TestASubscriptionWaitsForAServerThatIsAway(t *testing.T) {
	f := newFaulty(t, eventlog.ClientOptions{})
	first := f.mustAppend(f.Context(), "away", eventlog.NoStream, event(`{}`))
	e := event(`{}`)
	f.mustAppend(f.Context(), "away", 0, e)
	var firstID uuid.UUID
	for e, err := range f.client.ReadStream(f.Context(), "away", 0, eventlog.Forwards) {
		if err != nil {
			t.Fatal(err)
		}
		firstID = e.ID
		break
	}
	f.proxy.refuse()
	time.AfterFunc(time.Second, f.proxy.restore)
	ctx, cancel := context.WithTimeout(f.Context(), time.Second+recovery)
	defer cancel()
	for d, err := range f.client.Subscribe(ctx, eventlog.SubscribeOptions{After: first.Position, AfterID: firstID}) {
		if err != nil {
			t.Fatal(err)
		}
		if d.Event != nil {
			if d.Event.ID != e.ID {
				t.Errorf("event %s, want %s", d.Event.ID, e.ID)
			}
			break
		}
	}
}

func TestASubscriptionDuringAnOutageEndsWithItsContext(t *testing.T) {
	f := newFaulty(t, eventlog.ClientOptions{})
	f.proxy.refuse()
	for _, id := range []uuid.UUID{uuid.Nil, uuid.New()} {
		ctx, cancel := context.WithTimeout(f.Context(), 700*time.Millisecond)
		began := time.Now()
		var last error
		o := eventlog.SubscribeOptions{After: eventlog.Position{Commit: 1, Prepare: 1}, AfterID: id}
		for _, err := range f.client.Subscribe(ctx, o) {
			last = err
		}
		cancel()
		if took := time.Since(began); !errors.Is(last, context.DeadlineExceeded) || took > 700*time.Millisecond+overrun {
			t.Errorf("it ended after %v with %v", took, last)
		}
	}
	f.proxy.restore()
}

func TestANodeRestartedIsTheSameLog(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	address := faultproxy.QuietAddress()
	start := func() *eventnode.Node {
		ln, err := net.Listen("tcp", address)
		if err != nil {
			t.Error(err)
			return nil
		}
		node, err := eventnode.Open(eventnode.Options{Dir: dir, CloseTimeout: 100 * time.Millisecond})
		if err != nil {
			t.Error(err)
			return nil
		}
		go func() { _ = node.Serve(ln) }()
		return node
	}
	node := start()
	c := connect(t, eventlog.ClientOptions{Address: address, AwayAfter: time.Minute})
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	const n = 30
	restarted, written := make(chan *eventnode.Node, 1), make(chan struct{})
	go func() {
		defer close(written)
		for i := range n {
			if i == n/2 {
				_ = node.Close()
				time.AfterFunc(3*time.Second, func() { restarted <- start() })
			}
			if _, err := c.Append(ctx, "lasting", eventlog.Revision(i)-1, []eventlog.NewEvent{event(`{}`)}); err != nil {
				t.Errorf("append %d: %v", i, err)
			}
		}
	}()
	next := eventlog.Revision(0)
	for d, err := range c.Subscribe(ctx, eventlog.SubscribeOptions{}) {
		if err != nil {
			t.Fatalf("behind revision %d: %v", next-1, err)
		}
		if d.Event == nil {
			continue
		}
		if d.Event.Revision != next {
			t.Fatalf("revision %d came, want %d", d.Event.Revision, next)
		}
		if next++; next == n {
			break
		}
	}
	<-written
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	if err := (<-restarted).Close(); err != nil {
		t.Error(err)
	}
}
