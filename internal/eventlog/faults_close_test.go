package eventlog_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/hirelog/hirelog/internal/eventlog"
)

// until waits for the client to be in a state.
func (f *faulty) until(is func(eventlog.ClientStats) bool) {
	f.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for until := time.Now().Add(recovery); !is(f.client.Stats()); <-tick.C {
		if time.Now().After(until) {
			f.Fatalf("the client stays at %+v", f.client.Stats())
		}
	}
}

func TestCloseEndsCallsInFlight(t *testing.T) {
	const most = 30 * time.Second // calls would last a minute
	f := newFaulty(t, eventlog.ClientOptions{CloseTimeout: most})
	var wait sync.WaitGroup
	subscribed := make(chan struct{})
	wait.Go(func() {
		var last error
		for d, err := range f.client.Subscribe(f.Context(), eventlog.SubscribeOptions{}) {
			if last = err; d.CaughtUp {
				close(subscribed)
			}
		}
		if !errors.Is(last, eventlog.ErrClosed) {
			t.Errorf("the subscription ended with %v, want ErrClosed", last)
		}
	})
	<-subscribed
	f.proxy.hold()
	for i := range 100 {
		wait.Go(func() {
			if err := f.call(f.Context(), i, event(`{}`)); !errors.Is(err, eventlog.ErrClosed) || !errors.Is(err, eventlog.ErrUnavailable) {
				t.Errorf("call %d: error is %v, want ErrClosed", i, err)
			}
		})
	}
	f.until(func(s eventlog.ClientStats) bool { return s.InFlight == 101 })
	began := time.Now()
	if err := f.client.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
	wait.Wait()
	if took := time.Since(began); took > most {
		t.Errorf("closing took %v", took)
	}
	if s := f.client.Stats(); s.InFlight != 0 || s.Stuck != 0 {
		t.Errorf("afterwards %+v", s)
	}
	for i := range 4 {
		if err := f.call(f.Context(), i, event(`{}`)); !errors.Is(err, eventlog.ErrClosed) {
			t.Errorf("call %d after closing: error is %v, want ErrClosed", i, err)
		}
	}
}

func TestCloseDuringAnOutage(t *testing.T) {
	f := newFaulty(t, eventlog.ClientOptions{})
	f.proxy.refuse()
	var wait sync.WaitGroup
	for i := range 50 {
		wait.Go(func() {
			if err := f.call(f.Context(), i, event(`{}`)); !errors.Is(err, eventlog.ErrClosed) {
				t.Errorf("call %d: error is %v, want ErrClosed", i, err)
			}
		})
	}
	f.until(func(s eventlog.ClientStats) bool { return s.FailedConnects > 0 })
	if err := f.client.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
	wait.Wait()
}
