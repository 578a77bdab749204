package eventlog_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"github.com/hirelog/hirelog/internal/eventlog"
	"github.com/hirelog/hirelog/internal/eventlog/eventlogtest"
)

func TestMemoryKeepsThePromisesOfALog(t *testing.T) {
	eventlogtest.Run(t, func(*testing.T) eventlog.Log { return new(eventlog.Memory) })
}

func TestMemoryKeepsThemInASharedLog(t *testing.T) {
	shared := new(eventlog.Memory)
	eventlogtest.Run(t, func(*testing.T) eventlog.Log { return shared })
}

func TestMemoryRecordsTheTimeItIsGiven(t *testing.T) {
	at := time.Date(2031, 5, 4, 3, 2, 1, 123_456_789, time.FixedZone("", 3600))
	m := &eventlog.Memory{Now: func() time.Time { return at }}
	write(t, m, "clock", eventlog.NoStream)
	for e, err := range m.ReadStream(t.Context(), "clock", 0, eventlog.Forwards) {
		if want := at.UTC().Truncate(100 * time.Nanosecond); err != nil || e.RecordedAt != want {
			t.Errorf("recorded at %v, %v; want %v", e.RecordedAt, err, want)
		}
	}
}

func TestMemorySubscriberThatFallsBehindCatchesUpAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		m := new(eventlog.Memory)
		caughtUp, events := 0, 0
		go func() {
			for d, err := range m.Subscribe(ctx, eventlog.SubscribeOptions{}) {
				switch {
				case err != nil:
					return
				case d.CaughtUp:
					caughtUp++
				case events == 0:
					time.Sleep(time.Hour) // meanwhile the log grows
					fallthrough
				default:
					events++
				}
			}
		}()
		synctest.Wait()
		write(t, m, "busy", eventlog.NoStream)
		synctest.Wait() // it has the first event, and is asleep over it
		for i := range 99 {
			write(t, m, "busy", eventlog.Revision(i))
		}
		time.Sleep(2 * time.Hour)
		synctest.Wait()
		if caughtUp != 2 || events != 100 {
			t.Errorf("caught up %d times with %d events, want 2 times with 100", caughtUp, events)
		}
	})
}

// write appends one event.
func write(t *testing.T, l eventlog.Log, stream string, expected eventlog.Revision) {
	t.Helper()
	e := eventlog.NewEvent{ID: uuid.New(), Type: "thing.happened.v1", Data: []byte(`{}`)}
	if _, err := l.Append(t.Context(), stream, expected, []eventlog.NewEvent{e}); err != nil {
		t.Fatal(err)
	}
}
