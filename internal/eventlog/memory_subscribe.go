package eventlog

import (
	"context"
	"fmt"
	"iter"

	"github.com/google/uuid"
)

// fellBehind is how many events may wait for a live subscriber before it counts
// as having fallen behind.
const fellBehind = 32

// Subscribe implements Log.
func (m *Memory) Subscribe(ctx context.Context, o SubscribeOptions) iter.Seq2[Delivery, error] {
	return func(yield func(Delivery, error) bool) {
		log, grown := m.snapshot()
		next := behind(log, o.After)
		if o.AfterID != uuid.Nil && o.After != Start &&
			(next == 0 || log[next-1].Position != o.After || log[next-1].ID != o.AfterID) {
			yield(Delivery{}, fmt.Errorf("subscribe behind %s: %w", o.After, ErrForeignPosition))
			return
		}
		s := memorySubscription{filter: o.Filter, at: o.After, yield: yield}
		for catchUp := true; ; catchUp = len(log)-next > fellBehind {
			if !s.deliver(ctx, log[next:], catchUp) {
				return
			}
			next = len(log)
			select {
			case <-ctx.Done():
			case <-grown:
			}
			if ctx.Err() != nil {
				yield(Delivery{}, ctx.Err())
				return
			}
			log, grown = m.snapshot()
		}
	}
}

// memorySubscription is how far one subscriber is.
type memorySubscription struct {
	filter     Filter
	at         Position
	considered int // events left out since the last delivery
	yield      func(Delivery, error) bool
}

// deliver yields those of events the filter admits and reports progress on the
// others. It returns false when the subscription is over.
func (s *memorySubscription) deliver(ctx context.Context, events []Event, catchUp bool) bool {
	for _, e := range events {
		if ctx.Err() != nil {
			s.yield(Delivery{}, ctx.Err())
			return false
		}
		s.at = e.Position
		s.considered++
		d := Delivery{Position: s.at}
		switch {
		case s.filter.admits(e.Stream):
			e = copied(e)
			d.Event = &e
		case s.considered < checkpointEvery:
			continue
		}
		s.considered = 0
		if !s.yield(d, nil) {
			return false
		}
	}
	if ctx.Err() != nil {
		s.yield(Delivery{}, ctx.Err())
		return false
	}
	return !catchUp || s.yield(Delivery{Position: s.at, CaughtUp: true}, nil)
}
