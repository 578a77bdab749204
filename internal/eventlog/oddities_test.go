package eventlog_test

import (
	"errors"
	"io"
	"math"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"

	"github.com/hirelog/hirelog/internal/eventlog"
)

// What servers were seen to send to subscriptions though they should not: each
// alone, between events that must come once each and in order.
func TestOdditiesOfSubscriptions(t *testing.T) {
	storm := []*streams.ReadResp{at("a", 1)}
	for range 200 {
		storm = append(storm, fellBehind(), caughtUp())
	}
	storm = append(storm, at("a", 2))
	for name, tt := range map[string]struct {
		script []*streams.ReadResp
		want   string
	}{
		"a checkpoint at the end of the log without its prepare position": {
			[]*streams.ReadResp{at("a", 1), checkpoint(500, 0), at("a", 2)}, "e10 e20",
		},
		"a checkpoint at the end of all numbers": {
			[]*streams.ReadResp{checkpoint(math.MaxUint64, math.MaxUint64), at("a", 1)}, "e10",
		},
		"a checkpoint at the end of all numbers without its prepare position": {
			[]*streams.ReadResp{checkpoint(math.MaxUint64, 0), at("a", 1)}, "e10",
		},
		"a stale checkpoint, repeated": {
			[]*streams.ReadResp{at("a", 3), checkpoint(20, 20), checkpoint(20, 20), checkpoint(10, 10), at("a", 4)}, "e30 e40",
		},
		"the same checkpoint, repeated": {
			[]*streams.ReadResp{at("a", 1), checkpoint(15, 15), checkpoint(15, 15), at("a", 2)}, "e10 p15 e20",
		},
		"one more checkpoint when going live": {
			[]*streams.ReadResp{at("a", 1), checkpoint(10, 10), caughtUp(), checkpoint(10, 10), at("a", 2)}, "e10 c10 e20",
		},
		"a checkpoint before the first event": {
			[]*streams.ReadResp{checkpoint(0, 0), at("a", 1)}, "e10",
		},
		"caught up twice": {
			[]*streams.ReadResp{at("a", 1), caughtUp(), caughtUp(), at("a", 2)}, "e10 c10 c10 e20",
		},
		"fallen behind though never caught up": {
			[]*streams.ReadResp{fellBehind(), at("a", 1), fellBehind(), at("a", 2)}, "e10 e20",
		},
		"a storm of falling behind and catching up": {storm, "e10 " + strings.Repeat("c10 ", 200) + "e20"},
		"an event twice": {
			[]*streams.ReadResp{at("a", 1), at("a", 1), at("a", 2)}, "e10 e20",
		},
		"a page twice": {
			[]*streams.ReadResp{at("a", 1), at("a", 2), caughtUp(), at("a", 1), at("a", 2), at("a", 3)}, "e10 e20 c20 e30",
		},
		"a second confirmation": {
			[]*streams.ReadResp{at("a", 1), confirmed(), at("a", 2)}, "e10 e20",
		},
	} {
		t.Run(strings.ReplaceAll(name, " ", "_"), func(t *testing.T) {
			s := &scripted{subscribe: func(n int, _ *streams.ReadReq_Options, call streams.Streams_ReadServer) error {
				if n > 0 {
					t.Errorf("subscribed again: what came ended the subscription")
				}
				if err := send(call, append([]*streams.ReadResp{confirmed()}, tt.script...)...); err != nil {
					return err
				}
				<-call.Context().Done()
				return call.Context().Err()
			}}
			c := s.play(t, eventlog.ClientOptions{})
			n := strings.Count(strings.TrimSpace(tt.want), " ") + 1
			if got := positions(t, c, n, eventlog.SubscribeOptions{}); got != tt.want {
				t.Errorf("delivered %s, want %s", got, tt.want)
			}
		})
	}
}

// What a server took for its progress before it went away it may say again, or
// nothing of it.
func TestAStaleCheckpointAfterAnInterruptionIsNoProgress(t *testing.T) {
	s := &scripted{subscribe: func(n int, _ *streams.ReadReq_Options, call streams.Streams_ReadServer) error {
		if n == 0 {
			return send(call, confirmed(), at("a", 1), at("a", 2), checkpoint(30, 30))
		}
		return send(call, confirmed(), checkpoint(10, 10), caughtUp(), at("a", 2), checkpoint(30, 30), at("a", 4))
	}}
	c := s.play(t, eventlog.ClientOptions{})
	if got, want := positions(t, c, 5, eventlog.SubscribeOptions{}), "e10 e20 p30 c30 e40"; got != want {
		t.Errorf("delivered %s, want %s", got, want)
	}
}

// A page that takes longer than a try of a call may is waited for: a
// subscription is silent while nothing happens.
func TestSlowPagesAreWaitedFor(t *testing.T) {
	s := &scripted{subscribe: func(n int, _ *streams.ReadReq_Options, call streams.Streams_ReadServer) error {
		for i := range uint64(2) {
			if err := send(call, confirmed(), at("a", 2*uint64(n)+i+1)); err != nil {
				return err
			}
			time.Sleep(3 * time.Second)
		}
		return nil
	}}
	c := s.play(t, eventlog.ClientOptions{AttemptTimeout: 2 * time.Second}) // in which it can connect
	if got, want := positions(t, c, 2, eventlog.SubscribeOptions{}), "e10 e20"; got != want {
		t.Errorf("delivered %s, want %s", got, want)
	}
	if n := s.subscriptions.Load(); n != 1 {
		t.Errorf("subscribed %d times, want once", n)
	}
}

// limited passes connections on to backend and cuts the n-th one off after
// limits[n] bytes of answers, in the middle of whatever is being said.
func limited(t *testing.T, backend string, limits []int64) (address string) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wait sync.WaitGroup
	wait.Go(func() {
		for n := 0; ; n++ {
			client, err := ln.Accept()
			if err != nil {
				return
			}
			limit := int64(math.MaxInt64)
			if n < len(limits) {
				limit = limits[n]
			}
			wait.Go(func() {
				server, err := net.Dial("tcp", backend)
				if err != nil {
					_ = client.Close()
					return
				}
				over := func() { _ = client.Close(); _ = server.Close() }
				wait.Go(func() { defer over(); _, _ = io.Copy(server, client) })
				defer over()
				_, _ = io.CopyN(client, server, limit)
			})
		}
	})
	t.Cleanup(func() { _ = ln.Close(); wait.Wait() })
	return ln.Addr().String()
}

func TestASubscriptionCutOffInTheMiddleOfAnEventGoesOn(t *testing.T) {
	const events = 50
	s := &scripted{subscribe: func(_ int, o *streams.ReadReq_Options, call streams.Streams_ReadServer) error {
		messages := []*streams.ReadResp{confirmed()}
		for n := o.GetAll().GetPosition().GetCommitPosition()/10 + 1; n <= events; n++ {
			e := at("a", n)
			e.GetEvent().Event.Data = []byte(strings.Repeat("x", 1000))
			messages = append(messages, e)
		}
		if err := send(call, messages...); err != nil {
			return err
		}
		<-call.Context().Done()
		return call.Context().Err()
	}}
	backend := s.serve(t)
	t.Parallel()
	var limits []int64
	for n := int64(400); n < 30_000; n += 1777 { // anywhere in a frame, its header, an event
		limits = append(limits, n)
	}
	c := connect(t, eventlog.ClientOptions{Address: limited(t, backend, limits)})
	var got []eventlog.Revision
	for d, err := range c.Subscribe(t.Context(), eventlog.SubscribeOptions{}) {
		if err != nil {
			t.Fatal(err)
		}
		if d.Event != nil {
			if len(d.Event.Data) != 1000 {
				t.Errorf("event %d came with %d bytes", d.Event.Revision, len(d.Event.Data))
			}
			if got = append(got, d.Event.Revision); d.Event.Revision == events {
				break
			}
		}
	}
	want := make([]eventlog.Revision, events)
	for i := range want {
		want[i] = eventlog.Revision(i + 1)
	}
	if !slices.Equal(got, want) {
		t.Errorf("delivered %v, want 1 to %d", got, events)
	}
	if c.Stats().Resubscribed < 3 {
		t.Errorf("%+v: it was hardly cut off", c.Stats())
	}
}

// Once the event store is known to be away nobody waits for it, until it is
// back; what subscribes waits on.
func TestCallsToAStoreThatIsAwayEndAtOnce(t *testing.T) {
	f := newFaulty(t, eventlog.ClientOptions{AwayAfter: 300 * time.Millisecond, CallTimeout: time.Hour})
	events := make(chan eventlog.Event, 10)
	go func() {
		for d, err := range f.client.Subscribe(f.Context(), eventlog.SubscribeOptions{Filter: eventlog.Filter{StreamPrefixes: []string{"back"}}}) {
			if err != nil {
				return // the test is over
			}
			if d.Event != nil {
				events <- *d.Event
			}
		}
	}()
	if err := f.client.Away(); err != nil {
		t.Errorf("away before anything happened: %v", err)
	}
	f.proxy.refuse()
	for i := range 20 {
		if err := f.call(f.Context(), i, event(`{}`)); !errors.Is(err, eventlog.ErrAway) || !errors.Is(err, eventlog.ErrUnavailable) {
			t.Errorf("call %d: error is %v, want ErrAway", i, err)
		}
	}
	if n := f.client.Stats().Retries; n > 5 {
		t.Errorf("%d retries: calls were tried though the store was known to be away", n)
	}
	if err := f.client.Away(); !errors.Is(err, eventlog.ErrAway) {
		t.Errorf("away: %v", err)
	}
	f.proxy.restore()
	e := event(`{}`)
	for began := time.Now(); ; {
		_, err := f.client.Append(f.Context(), "back", eventlog.NoStream, []eventlog.NewEvent{e})
		if err == nil {
			break
		}
		if !errors.Is(err, eventlog.ErrAway) || time.Since(began) > 3*recovery {
			t.Fatalf("after %v: %v", time.Since(began), err)
		}
		time.Sleep(10 * time.Millisecond)
	}
	if err := f.client.Away(); err != nil {
		t.Errorf("away when it is back: %v", err)
	}
	f.holds("back", e)
	select {
	case got := <-events:
		if got.ID != e.ID {
			t.Errorf("event %s, want %s", got.ID, e.ID)
		}
	case <-time.After(3 * recovery):
		t.Error("the subscription did not go on")
	}
}

// An outage that is over before it counts as one is only waited for, by calls
// that began before it, in it, and by those that have found it.
func TestAnOutageOfASecondIsWaitedOutByAll(t *testing.T) {
	f := newFaulty(t, eventlog.ClientOptions{})
	f.proxy.refuse()
	time.AfterFunc(time.Second, f.proxy.restore)
	var wait sync.WaitGroup
	for i := range 40 {
		wait.Go(func() {
			if err := f.call(f.Context(), i, event(`{}`)); err != nil {
				t.Errorf("call %d: %v", i, err)
			}
		})
	}
	wait.Wait()
}
