package projections_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/google/uuid"

	"github.com/hirelog/hirelog/internal/eventlog"
	"github.com/hirelog/hirelog/projections"
)

// fill appends n events of size bytes to a stream of an empty log.
func fill(t *testing.T, log eventlog.Log, stream string, n, size int) {
	t.Helper()
	for i := range n {
		appendOne(t, log, stream, eventlog.Revision(i-1), size)
	}
}

func appendOne(t *testing.T, log eventlog.Log, stream string, behind eventlog.Revision, size int) {
	t.Helper()
	e := eventlog.NewEvent{ID: uuid.New(), Type: "t", Data: fmt.Appendf(nil, `"%s"`, strings.Repeat("x", size)), Metadata: []byte(`{}`)}
	if _, err := log.Append(t.Context(), stream, behind, []eventlog.NewEvent{e}); err != nil {
		t.Fatal(err)
	}
}

// subscribe starts a subscription from the beginning that is closed with the
// test.
func subscribe(t *testing.T, log eventlog.Log, topic string, o projections.SubscriberOptions) (*projections.Subscriber, <-chan *message.Message) {
	t.Helper()
	if o.Start == nil {
		o.Start = func(context.Context) (projections.Checkpoint, error) { return projections.Checkpoint{}, nil }
	}
	s := projections.NewSubscriber(log, o)
	messages, err := s.Subscribe(t.Context(), topic)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() }) // it has no error to return
	return s, messages
}

// receive returns the next batch with its message.
func receive(t *testing.T, messages <-chan *message.Message) (*projections.Batch, *message.Message) {
	t.Helper()
	select {
	case m, open := <-messages:
		if !open {
			t.Fatal("channel is closed")
		}
		return projections.BatchOf(m.Context()), m
	case <-time.After(time.Minute):
		t.Fatal("no batch")
	}
	return nil, nil
}

// none fails the test if a batch comes before everything has come to rest.
func none(t *testing.T, messages <-chan *message.Message) {
	t.Helper()
	synctest.Wait()
	select {
	case m := <-messages:
		t.Fatalf("batch %s came too early", m.Payload)
	default:
	}
}

func revisions(b *projections.Batch) []int {
	got := make([]int, len(b.Events))
	for i, e := range b.Events {
		got[i] = int(e.Revision)
	}
	return got
}

func TestABatchTakesTheBacklogThatWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &eventlog.Memory{}
		fill(t, log, "claim-1", 9000, 1)
		_, messages := subscribe(t, log, projections.AllStreams, projections.SubscriberOptions{})
		first, m := receive(t, messages)
		if n := len(first.Events); n < 1000 || n > 4000 {
			t.Errorf("first batch of %d, want what was read by then, 1,000 to 4,000", n)
		}
		synctest.Wait() // as much as there is room for is read ahead
		m.Ack()
		second, m := receive(t, messages)
		if len(second.Events) != 4000 || second.From != first.To {
			t.Errorf("batch of %d behind %v, want 4,000 behind %v", len(second.Events), second.From, first.To)
		}
		m.Ack()
		third, m := receive(t, messages)
		if got, want := len(third.Events), 9000-len(first.Events)-4000; got != want {
			t.Errorf("last batch of %d, want %d", got, want)
		}
		m.Ack()
		none(t, messages)
	})
}

func TestBatchesAreFullWhileBehindAndInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &eventlog.Memory{}
		fill(t, log, "claim-1", 2500, 1)
		_, messages := subscribe(t, log, projections.AllStreams, projections.SubscriberOptions{MaxEvents: 1000})
		var at projections.Checkpoint
		next := 0
		for _, want := range []int{1000, 1000, 500} {
			b, m := receive(t, messages)
			if len(b.Events) != want || b.From != at {
				t.Fatalf("batch of %d behind %v, want %d behind %v", len(b.Events), b.From, want, at)
			}
			for _, e := range b.Events {
				if int(e.Revision) != next {
					t.Fatalf("revision %d, want %d", e.Revision, next)
				}
				next++
			}
			last := b.Events[want-1]
			if at = b.To; at != (projections.Checkpoint{Position: last.Position, Event: last.Position, EventID: last.ID}) {
				t.Fatalf("checkpoint %v is not the last event's", at)
			}
			if got, want := string(m.Payload), fmt.Sprintf(`{"after":%q,"to":%q,"count":%d}`, b.From.Position, b.To.Position, want); got != want {
				t.Errorf("payload %s, want %s", got, want)
			}
			none(t, messages)
			m.Ack()
		}
		none(t, messages)
	})
}

func TestEventsAreDeliveredAtOnceWhenCaughtUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &eventlog.Memory{}
		fill(t, log, "claim-1", 1, 1)
		_, messages := subscribe(t, log, projections.AllStreams, projections.SubscriberOptions{MaxDelay: time.Hour})
		_, m := receive(t, messages)
		m.Ack()
		for i := range 3 {
			began := time.Now()
			appendOne(t, log, "claim-1", eventlog.Revision(i), 1)
			b, m := receive(t, messages)
			if len(b.Events) != 1 || time.Since(began) != 0 {
				t.Fatalf("%d events after %s, want one at once", len(b.Events), time.Since(began))
			}
			m.Ack()
		}
		// What comes during a batch is the next one.
		appendOne(t, log, "claim-1", 3, 1)
		_, m = receive(t, messages)
		for i := range 5 {
			appendOne(t, log, "claim-1", eventlog.Revision(4+i), 1)
		}
		none(t, messages)
		m.Ack()
		if b, _ := receive(t, messages); !slices.Equal(revisions(b), []int{5, 6, 7, 8, 9}) {
			t.Errorf("revisions %v, want 5 to 9", revisions(b))
		}
	})
}

func TestBatchesAreBoundByWeight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &eventlog.Memory{}
		for i, size := range []int{400, 400, 400, 3000, 10, 10} {
			appendOne(t, log, "claim-1", eventlog.Revision(i-1), size)
		}
		_, messages := subscribe(t, log, projections.AllStreams, projections.SubscriberOptions{MaxBytes: 1000})
		for _, want := range [][]int{{0, 1}, {2}, {3}, {4, 5}} {
			b, m := receive(t, messages)
			if !slices.Equal(revisions(b), want) {
				t.Errorf("batch %v, want %v", revisions(b), want)
			}
			m.Ack()
		}
	})
}

// scripted is a log whose subscriptions say what a function says.
type scripted struct {
	eventlog.Log
	subscribe func(ctx context.Context, o eventlog.SubscribeOptions, yield func(eventlog.Delivery, error) bool)
}

func (s scripted) Subscribe(ctx context.Context, o eventlog.SubscribeOptions) iter.Seq2[eventlog.Delivery, error] {
	return func(yield func(eventlog.Delivery, error) bool) { s.subscribe(ctx, o, yield) }
}

// at is a delivery of an event at a position.
func at(n uint64) eventlog.Delivery {
	p := eventlog.Position{Commit: n, Prepare: n}
	return eventlog.Delivery{Event: &eventlog.Event{ID: uuid.New(), Stream: "claim-1", Revision: eventlog.Revision(n), Position: p}, Position: p}
}

func TestBatchWaitsForMoreOnlySoLongWhileBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := scripted{subscribe: func(ctx context.Context, _ eventlog.SubscribeOptions, yield func(eventlog.Delivery, error) bool) {
			yield(at(1), nil)
			time.Sleep(15 * time.Millisecond)
			yield(at(2), nil)
			<-ctx.Done()
			yield(eventlog.Delivery{}, ctx.Err())
		}}
		began := time.Now()
		_, messages := subscribe(t, log, projections.AllStreams, projections.SubscriberOptions{})
		b, _ := receive(t, messages)
		if got := time.Since(began); len(b.Events) != 2 || got != 20*time.Millisecond {
			t.Errorf("%d events after %s, want 2 after 20 ms", len(b.Events), got)
		}
	})
}

func TestNackedBatchComesAgainAndNothingElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &eventlog.Memory{}
		fill(t, log, "claim-1", 5, 1)
		_, messages := subscribe(t, log, projections.AllStreams, projections.SubscriberOptions{MaxEvents: 2})
		first, m := receive(t, messages)
		began, waits := time.Now(), []time.Duration(nil)
		for range 10 {
			m.Nack()
			again, copied := receive(t, messages)
			if again != first || copied == m || copied.UUID != m.UUID {
				t.Fatalf("after a nack came %v, want a copy of %v", revisions(again), revisions(first))
			}
			if m.Context().Err() == nil {
				t.Error("context of the nacked message goes on")
			}
			m = copied
			waits, began = append(waits, time.Since(began)), time.Now()
		}
		if waits[0] > 50*time.Millisecond || waits[9] < 5*time.Second || waits[9] > 10*time.Second {
			t.Errorf("waits %v, want from 50 ms to 10 s", waits)
		}
		m.Ack()
		second, m := receive(t, messages)
		if !slices.Equal(revisions(second), []int{2, 3}) {
			t.Errorf("then came %v, want 2 and 3", revisions(second))
		}
		began = time.Now()
		m.Nack()
		receive(t, messages)
		if wait := time.Since(began); wait > 50*time.Millisecond {
			t.Errorf("first wait after an ack is %s, want at most 50 ms", wait)
		}
	})
}

func TestReadingStopsWhenHandlersAreSlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var read atomic.Int64
		log := scripted{subscribe: func(ctx context.Context, _ eventlog.SubscribeOptions, yield func(eventlog.Delivery, error) bool) {
			for n := uint64(1); yield(at(n), ctx.Err()) && ctx.Err() == nil; n++ {
				read.Add(1)
			}
		}}
		_, messages := subscribe(t, log, projections.AllStreams, projections.SubscriberOptions{MaxEvents: 10, ReadAhead: 30})
		_, m := receive(t, messages)
		synctest.Wait()
		if got := read.Load(); got != 40 {
			t.Errorf("%d events were read with a batch of 10 unanswered, want 30 more", got)
		}
		m.Ack()
		receive(t, messages)
		synctest.Wait()
		if got := read.Load(); got != 50 {
			t.Errorf("%d events were read after the first batch, want 50", got)
		}
	})
}

func TestCloseLetsTheBatchFinish(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &eventlog.Memory{}
		fill(t, log, "claim-1", 5, 1)
		s, messages := subscribe(t, log, projections.AllStreams, projections.SubscriberOptions{MaxEvents: 2})
		_, m := receive(t, messages)
		closed := make(chan struct{})
		go func() { _ = s.Close(); close(closed) }()
		time.Sleep(9 * time.Second)
		select {
		case <-closed:
			t.Fatal("closed before the batch was answered")
		default:
		}
		if err := m.Context().Err(); err != nil {
			t.Fatalf("context of the batch ended: %v", err)
		}
		m.Ack()
		<-closed
		if _, open := <-messages; open {
			t.Error("another batch came after Close")
		}
		if _, err := s.Subscribe(t.Context(), projections.AllStreams); err == nil {
			t.Error("Subscribe after Close gives no error")
		}
	})
}

func TestCloseEndsABatchThatOutlivesTheGrace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &eventlog.Memory{}
		fill(t, log, "claim-1", 5, 1)
		s, messages := subscribe(t, log, projections.AllStreams, projections.SubscriberOptions{Grace: 2 * time.Second})
		_, m := receive(t, messages)
		began := time.Now()
		_ = s.Close()
		if got := time.Since(began); got != 2*time.Second || m.Context().Err() == nil {
			t.Errorf("closed after %s, context %v; want after 2 s, ended", got, m.Context().Err())
		}
	})
}

func TestProgressWithoutEventsIsDelivered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &eventlog.Memory{}
		fill(t, log, "other-1", 3, 1)
		head, err := projections.Head(t.Context(), log)
		if err != nil {
			t.Fatal(err)
		}
		_, messages := subscribe(t, log, "claim-", projections.SubscriberOptions{})
		b, m := receive(t, messages)
		if len(b.Events) != 0 || b.To != (projections.Checkpoint{Position: head}) {
			t.Errorf("%d events up to %v, want none up to %s", len(b.Events), b.To, head)
		}
		m.Ack()
		none(t, messages) // nothing new, nothing said
	})
}

func TestProgressIsDeliveredRarelyWhileLookingThroughALog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := scripted{subscribe: func(ctx context.Context, _ eventlog.SubscribeOptions, yield func(eventlog.Delivery, error) bool) {
			for n := uint64(1); yield(eventlog.Delivery{Position: eventlog.Position{Commit: n, Prepare: n}}, ctx.Err()) && ctx.Err() == nil; n++ {
				time.Sleep(100 * time.Millisecond)
			}
		}}
		_, messages := subscribe(t, log, projections.AllStreams, projections.SubscriberOptions{})
		for range 3 {
			began := time.Now()
			b, m := receive(t, messages)
			if got := time.Since(began); got != 3*time.Second || len(b.Events) != 0 {
				t.Errorf("progress after %s, want after 3 s", got)
			}
			m.Ack()
		}
	})
}

func TestErrorsOfTheLogAreReportedAndNeverCloseTheChannel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		memory := &eventlog.Memory{}
		fill(t, memory, "claim-1", 3, 1)
		var starts, refusals int
		var refused error
		o := projections.SubscriberOptions{
			Start: func(context.Context) (projections.Checkpoint, error) {
				starts++
				switch starts {
				case 1:
					return projections.Checkpoint{}, errors.New("database is away")
				case 2:
					p := eventlog.Position{Commit: 1, Prepare: 1}
					return projections.Checkpoint{Position: p, Event: p, EventID: uuid.New()}, nil
				}
				return projections.Checkpoint{}, nil
			},
			Refused: func(_ context.Context, err error) { refusals++; refused = err },
		}
		_, messages := subscribe(t, memory, projections.AllStreams, o)
		b, _ := receive(t, messages)
		if len(b.Events) != 3 || starts != 3 || refusals != 1 || !errors.Is(refused, eventlog.ErrForeignPosition) {
			t.Errorf("%d events after %d starts and %d refusals (%v), want 3 after 3 and 1", len(b.Events), starts, refusals, refused)
		}
	})
}

func TestRestartBeginsAtTheCheckpointAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &eventlog.Memory{}
		fill(t, log, "claim-1", 6, 1)
		var from projections.Checkpoint
		o := projections.SubscriberOptions{MaxEvents: 2, Start: func(context.Context) (projections.Checkpoint, error) { return from, nil }}
		s, messages := subscribe(t, log, projections.AllStreams, o)
		b, m := receive(t, messages)
		m.Ack()
		after := b.To
		b, m = receive(t, messages)
		from = after
		b.Restart()
		m.Nack()
		if b, m = receive(t, messages); b.From != after || !slices.Equal(revisions(b), []int{2, 3}) {
			t.Errorf("after a restart came %v behind %v, want 2 and 3 behind %v", revisions(b), b.From, after)
		}
		m.Ack()
		b, m = receive(t, messages)
		m.Ack()
		none(t, messages)
		from = b.From
		s.Restart()
		if b, _ = receive(t, messages); !slices.Equal(revisions(b), []int{4, 5}) {
			t.Errorf("after a restart while idle came %v, want 4 and 5", revisions(b))
		}
	})
}

// TestACheckpointNamesNoEventOfOthers: their streams may be deleted, and what a
// checkpoint names must be there when the log is followed again.
func TestACheckpointNamesNoEventOfOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &eventlog.Memory{}
		fill(t, log, "claim-1", 2, 1)
		fill(t, log, "other-1", 3, 1)
		_, messages := subscribe(t, log, projections.AllStreams, projections.SubscriberOptions{})
		b, _ := receive(t, messages)
		if len(b.Events) != 5 {
			t.Fatalf("%d events, want 5", len(b.Events))
		}
		if last, named := b.Events[4], b.Events[1]; b.To != (projections.Checkpoint{Position: last.Position, Event: named.Position, EventID: named.ID}) {
			t.Errorf("checkpoint %v, want the position of the last event and the id of the second", b.To)
		}
	})
}
