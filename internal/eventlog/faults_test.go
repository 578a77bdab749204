package eventlog_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/hirelog/hirelog/internal/eventlog"
)

// What every call must keep to, whatever the server does.
const (
	overrun  = 10 * time.Second // past its context
	recovery = 30 * time.Second // from the server's return until calls succeed
)

// faulty is a client behind a proxy, and one that reaches the same node
// directly, to see what is true.
type faulty struct {
	*testing.T
	proxy  *proxy
	client *eventlog.Client
	truth  *eventlog.Client
}

// newFaulty returns a client that gives nothing up for a minute, unless o says
// otherwise: how long faults last depends on the machine.
func newFaulty(t *testing.T, o eventlog.ClientOptions) *faulty {
	t.Helper()
	t.Parallel()
	backend := serve(t, "tcp")
	f := &faulty{T: t, proxy: intercept(t, backend)}
	f.truth = connect(t, eventlog.ClientOptions{Address: backend})
	o.Address = f.proxy.address
	for _, unset := range []*time.Duration{&o.CallTimeout, &o.AttemptTimeout, &o.AwayAfter} {
		if *unset == 0 {
			*unset = time.Minute
		}
	}
	f.client = connect(t, o)
	f.mustAppend(t.Context(), "warm-up", eventlog.NoStream, event("{}"))
	return f
}

func event(data string) eventlog.NewEvent {
	return eventlog.NewEvent{ID: uuid.New(), Type: "thing.happened.v1", Data: []byte(data)}
}

// mustAppend appends through the proxy and fails the test if that fails.
func (f *faulty) mustAppend(
	ctx context.Context, stream string, expected eventlog.Revision, events ...eventlog.NewEvent,
) eventlog.Appended {
	f.Helper()
	got, err := f.client.Append(ctx, stream, expected, events)
	if err != nil {
		f.Fatalf("append to %s: %v", stream, err)
	}
	return got
}

// holds fails the test unless the stream holds exactly the events.
func (f *faulty) holds(stream string, want ...eventlog.NewEvent) {
	f.Helper()
	var got []eventlog.Event
	for e, err := range f.truth.ReadStream(f.Context(), stream, 0, eventlog.Forwards) {
		if err != nil {
			f.Fatal(err)
		}
		got = append(got, e)
	}
	if len(got) != len(want) {
		f.Fatalf("%s holds %d events, want %d", stream, len(got), len(want))
	}
	for i := range want {
		if got[i].ID != want[i].ID {
			f.Errorf("%s holds %s at %d, want %s", stream, got[i].ID, i, want[i].ID)
		}
	}
}

// written waits until the node holds n events of the stream.
func (f *faulty) written(stream string, n int) {
	ctx, cancel := context.WithTimeout(f.Context(), recovery)
	defer cancel()
	o := eventlog.SubscribeOptions{Filter: eventlog.Filter{StreamPrefixes: []string{stream}}}
	for d, err := range f.truth.Subscribe(ctx, o) {
		if err != nil {
			f.Errorf("%s does not hold %d events: %v", stream, n, err)
			return
		}
		if d.Event != nil && d.Event.Revision == eventlog.Revision(n)-1 {
			return
		}
	}
}

// recovers fails the test unless a call succeeds within the promised time.
func (f *faulty) recovers() {
	f.Helper()
	ctx, cancel := context.WithTimeout(f.Context(), recovery)
	defer cancel()
	f.mustAppend(ctx, "recovered-"+uuid.NewString(), eventlog.NoStream, event("{}"))
}

func TestAnAppendRidesOutAnOutage(t *testing.T) {
	f := newFaulty(t, eventlog.ClientOptions{})
	f.proxy.refuse()
	time.AfterFunc(time.Second, f.proxy.restore)
	e := event(`{"during":"outage"}`)
	f.mustAppend(f.Context(), "outage", eventlog.NoStream, e)
	f.holds("outage", e)
	f.recovers()
}

func TestAReadRidesOutAnOutage(t *testing.T) {
	f := newFaulty(t, eventlog.ClientOptions{})
	f.proxy.refuse()
	time.AfterFunc(time.Second, f.proxy.restore)
	n := 0
	for _, err := range f.client.ReadStream(f.Context(), "warm-up", 0, eventlog.Forwards) {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	if n != 1 {
		t.Errorf("%d events, want 1", n)
	}
}

func TestAnAppendCutOffBeforeTheServerHasItIsWrittenOnce(t *testing.T) {
	f := newFaulty(t, eventlog.ClientOptions{})
	e := event(`{"cut":"before"}`)
	cut := f.proxy.set(`{"cut":"before"}`, false, nil)
	got := f.mustAppend(f.Context(), "before", eventlog.NoStream, e)
	<-cut
	f.holds("before", e)
	if got.Revision != 0 || f.client.Stats().Retries == 0 {
		t.Errorf("revision %d after %d retries, want 0 after some", got.Revision, f.client.Stats().Retries)
	}
}

func TestAnAppendCutOffBeforeItIsAnsweredIsWrittenOnce(t *testing.T) {
	f := newFaulty(t, eventlog.ClientOptions{})
	events := []eventlog.NewEvent{event(`{}`), event(`{"cut":"after"}`)}
	cut := f.proxy.set(`{"cut":"after"}`, true, func() { f.written("after", 2) })
	got := f.mustAppend(f.Context(), "after", eventlog.NoStream, events...)
	<-cut
	f.holds("after", events...)
	if got.Revision != 1 || got.Position == eventlog.Start {
		t.Errorf("append answered %+v, want revision 1 and a position", got)
	}
}

func TestAnAppendWrittenUnansweredIsNoConflictWhenOthersWroteSince(t *testing.T) {
	f := newFaulty(t, eventlog.ClientOptions{})
	mine, theirs := event(`{"whose":"mine"}`), event(`{"whose":"theirs"}`)
	cut := f.proxy.set(`{"whose":"mine"}`, true, func() {
		f.written("since", 1)
		if _, err := f.truth.Append(f.Context(), "since", 0, []eventlog.NewEvent{theirs}); err != nil {
			t.Error(err)
		}
	})
	if got := f.mustAppend(f.Context(), "since", eventlog.NoStream, mine); got.Revision != 0 {
		t.Errorf("revision %d, want 0", got.Revision)
	}
	<-cut
	f.holds("since", mine, theirs)
}

func TestAnAppendNeverWrittenIsAConflictWhenOthersWroteSince(t *testing.T) {
	f := newFaulty(t, eventlog.ClientOptions{})
	mine, theirs := event(`{"lost":"mine"}`), event(`{"lost":"theirs"}`)
	cut := f.proxy.set(`{"lost":"mine"}`, false, func() {
		if _, err := f.truth.Append(f.Context(), "lost", eventlog.NoStream, []eventlog.NewEvent{theirs}); err != nil {
			t.Error(err)
		}
	})
	_, err := f.client.Append(f.Context(), "lost", eventlog.NoStream, []eventlog.NewEvent{mine})
	<-cut
	var conflict *eventlog.ConflictError
	if !errors.As(err, &conflict) || conflict.Actual != 0 {
		t.Errorf("error is %v, want a conflict with revision 0", err)
	}
	f.holds("lost", theirs)
}

func TestADeletedStreamBegunAgainUnansweredIsNoConflict(t *testing.T) {
	f := newFaulty(t, eventlog.ClientOptions{})
	f.mustAppend(f.Context(), "reborn", eventlog.NoStream, event(`{}`))
	if err := f.client.DeleteStream(f.Context(), "reborn", 0); err != nil {
		t.Fatal(err)
	}
	e := event(`{"born":"again"}`)
	cut := f.proxy.set(`{"born":"again"}`, true, func() { f.written("reborn", 2) })
	if got := f.mustAppend(f.Context(), "reborn", eventlog.NoStream, e); got.Revision != 1 {
		t.Errorf("revision %d, want 1", got.Revision)
	}
	<-cut
	f.holds("reborn", e)
}

func TestADeletionUnansweredIsDoneOnce(t *testing.T) {
	for name, remove := range map[string]func(*eventlog.Client, context.Context, string, eventlog.Revision) error{
		"soft-unanswered": (*eventlog.Client).DeleteStream,
		"hard-unanswered": (*eventlog.Client).Tombstone,
	} {
		t.Run(name, func(t *testing.T) {
			f := newFaulty(t, eventlog.ClientOptions{})
			f.mustAppend(f.Context(), name, eventlog.NoStream, event(`{}`))
			cut := f.proxy.set(name, true, func() { f.gone(name) })
			if err := remove(f.client, f.Context(), name, 0); err != nil {
				t.Errorf("delete: %v", err)
			}
			<-cut
		})
	}
}

// gone waits until the stream cannot be read any more.
func (f *faulty) gone(stream string) {
	for f.Context().Err() == nil {
		left := 0
		for _, err := range f.truth.ReadStream(f.Context(), stream, 0, eventlog.Forwards) {
			if err == nil {
				left++
			}
		}
		if left == 0 {
			return
		}
	}
}

func TestCallsDuringAnOutageEndWithTheirContext(t *testing.T) {
	f := newFaulty(t, eventlog.ClientOptions{})
	f.proxy.refuse()
	const calls = 200
	events := make([]eventlog.NewEvent, calls)
	var wait sync.WaitGroup
	for i := range calls {
		events[i] = event(`{}`)
		wait.Go(func() {
			ctx, cancel := context.WithTimeout(f.Context(), time.Second)
			defer cancel()
			began := time.Now()
			err := f.call(ctx, i, events[i])
			if took := time.Since(began); took > time.Second+overrun {
				t.Errorf("call %d took %v", i, took)
			}
			if !errors.Is(err, eventlog.ErrUnavailable) || !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("call %d: error is %v, want ErrUnavailable and context.DeadlineExceeded", i, err)
			}
		})
	}
	wait.Wait()
	f.until(func(s eventlog.ClientStats) bool { return s.FailedConnects > 0 })
	f.proxy.restore()
	f.recovers()
	for i := range calls { // the same appends again: whatever became of them, they are written once
		stream := fmt.Sprintf("during-%d", i)
		f.mustAppend(f.Context(), stream, eventlog.NoStream, events[i])
		f.holds(stream, events[i])
	}
	if s := f.client.Stats(); s.Stuck != 0 || s.InFlight != 0 || s.Reconnects == 0 {
		t.Errorf("afterwards %+v", s)
	}
}

// call makes one call of several kinds.
func (f *faulty) call(ctx context.Context, i int, e eventlog.NewEvent) (err error) {
	switch i % 4 {
	case 0:
		for _, err = range f.client.ReadStream(ctx, "warm-up", 0, eventlog.Forwards) {
		}
	case 1:
		for _, err = range f.client.ReadAll(ctx, eventlog.Start, eventlog.Backwards) {
		}
	default:
		_, err = f.client.Append(ctx, fmt.Sprintf("during-%d", i), eventlog.NoStream, []eventlog.NewEvent{e})
	}
	return err
}

func TestCallsToASilentServerEndWithTheirContext(t *testing.T) {
	f := newFaulty(t, eventlog.ClientOptions{})
	f.proxy.hold()
	var wait sync.WaitGroup
	for i := range 40 {
		wait.Go(func() {
			ctx, cancel := context.WithTimeout(f.Context(), time.Second)
			defer cancel()
			began := time.Now()
			err := f.call(ctx, i, event(`{}`))
			if took := time.Since(began); took > time.Second+overrun {
				t.Errorf("call %d took %v", i, took)
			}
			if !errors.Is(err, eventlog.ErrUnavailable) {
				t.Errorf("call %d: error is %v, want ErrUnavailable", i, err)
			}
		})
	}
	wait.Wait()
	f.proxy.release()
	f.recovers()
}

// noKeepAlive is for tests of silence, which keep-alives would notice in the end.
const noKeepAlive = "esdb://localhost:2113?tls=false&keepAliveInterval=-1"

func TestAConnectionThatStaysSilentIsLeft(t *testing.T) {
	f := newFaulty(t, eventlog.ClientOptions{ConnectionString: noKeepAlive, AttemptTimeout: 2500 * time.Millisecond})
	f.proxy.hold()
	time.AfterFunc(time.Second, f.proxy.renew) // a new connection works, the old one never again
	e := event(`{}`)
	f.recovers()
	f.mustAppend(f.Context(), "left", eventlog.NoStream, e)
	f.holds("left", e)
	if s := f.client.Stats(); s.Reconnects == 0 {
		t.Errorf("afterwards %+v, want another connection", s)
	}
}

func TestAConnectionThatStaysSilentIsLeftThoughNoCallWaitsLong(t *testing.T) {
	f := newFaulty(t, eventlog.ClientOptions{ConnectionString: noKeepAlive})
	f.proxy.hold()
	f.proxy.renew()
	for began := time.Now(); ; {
		ctx, cancel := context.WithTimeout(f.Context(), time.Second)
		err := f.call(ctx, 2, event(`{}`))
		cancel()
		if err == nil {
			break
		}
		if !errors.Is(err, eventlog.ErrUnavailable) || time.Since(began) > recovery {
			t.Fatalf("after %v: %v", time.Since(began), err)
		}
	}
}

func TestASlowNetworkIsNoOutage(t *testing.T) {
	f := newFaulty(t, eventlog.ClientOptions{AttemptTimeout: eventlog.DefaultAttemptTimeout})
	f.proxy.slow(60 * time.Millisecond)
	before := f.client.Stats()
	e := event(`{}`)
	f.mustAppend(f.Context(), "slow", eventlog.NoStream, e)
	f.holds("slow", e)
	if after := f.client.Stats(); after.Generations != before.Generations || after.Retries != before.Retries {
		t.Errorf("afterwards %+v, before %+v", after, before)
	}
}

func TestAReadCutOffGoesOnWhereItWas(t *testing.T) {
	f := newFaulty(t, eventlog.ClientOptions{})
	const n = 600
	pad := strings.Repeat("x", 4000) // more in all than waits in any buffer on the way
	var sent []eventlog.NewEvent
	for i := range n {
		sent = append(sent, event(fmt.Sprintf(`{"n":%d,"pad":%q}`, i, pad)))
	}
	for i := 0; i < n; i += 100 {
		f.mustAppend(f.Context(), "long", eventlog.Revision(i)-1, sent[i:i+100]...)
	}
	for _, dir := range []eventlog.Direction{eventlog.Forwards, eventlog.Backwards} {
		for name, events := range map[string]func(func(eventlog.Event, error) bool){
			"stream": f.client.ReadStream(f.Context(), "long", -1, dir),
			"log":    f.client.ReadAll(f.Context(), eventlog.Start, dir),
		} {
			seen := 0
			for e, err := range events {
				if err != nil {
					t.Fatalf("%s in direction %d after %d events: %v", name, dir, seen, err)
				}
				if e.Stream != "long" {
					continue
				}
				want := sent[seen].ID
				if dir == eventlog.Backwards {
					want = sent[n-1-seen].ID
				}
				if e.ID != want {
					t.Fatalf("%s in direction %d: revision %d came as number %d", name, dir, e.Revision, seen)
				}
				if seen++; seen%150 == 0 {
					f.proxy.cut()
				}
			}
			if seen != n {
				t.Errorf("%s in direction %d: %d events, want %d", name, dir, seen, n)
			}
		}
	}
}
