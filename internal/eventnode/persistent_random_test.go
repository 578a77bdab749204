package eventnode

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
)

// TestNothingIsLostAmongManySubscribers has subscribers come, refuse, forget and
// go at random, and the node stop in between: each event must be acknowledged
// at least once, and nothing may be left over.
func TestNothingIsLostAmongManySubscribers(t *testing.T) {
	const events = 400
	s := start(t, Options{})
	c := s.client(t)
	mustCreate(t, c, "s", esdb.Start{}, func(set *esdb.PersistentSubscriptionSettings) {
		set.MessageTimeout, set.MaxRetryCount, set.HistoryBufferSize, set.LiveBufferSize = 200, 1000, 20, 20
		set.CheckpointAfter, set.CheckpointLowerBound = 10, 1
	})
	acknowledged := make([]bool, events)
	var mu sync.Mutex
	left := func() int {
		mu.Lock()
		defer mu.Unlock()
		n := 0
		for _, done := range acknowledged {
			if !done {
				n++
			}
		}
		return n
	}
	appended := 0
	for round := 0; left() > 0; round++ {
		if round > 0 {
			s = s.reopen(t)
			c = s.client(t)
		}
		if appended < events {
			mustAppend(t, c, "s", esdb.Any{}, some("e", events/4)...)
			appended += events / 4
		}
		before, stop := left(), make(chan struct{})
		var workers sync.WaitGroup
		for range 4 {
			workers.Go(func() {
				for {
					err := work(t.Context(), c, 1+rand.IntN(20), func(n uint64) {
						mu.Lock()
						defer mu.Unlock()
						acknowledged[n] = true
					})
					if err != nil {
						t.Errorf("join: %v", err)
						return
					}
					select {
					case <-stop:
						return
					default:
					}
					if left() <= events-appended {
						return
					}
				}
			})
		}
		until(t, "progress", func() bool { n := left(); return n <= events-appended || before-n > events/8 })
		close(stop)
		workers.Wait()
	}
	// Acknowledgements that went down with their subscriber come again.
	sub := join(t, c, "s", 10)
	var last sync.WaitGroup
	last.Go(func() {
		for e := sub.Recv(); e.EventAppeared != nil; e = sub.Recv() {
			_ = sub.Ack(e.EventAppeared.Event)
		}
	})
	s.untilCheckpoint(t, "s", fmt.Sprint(events-1))
	_ = sub.Close()
	last.Wait()
}

// work joins the group, receives some events or stops when none come, and
// answers at random.
func work(ctx context.Context, c *esdb.Client, n int, done func(uint64)) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	sub, err := c.SubscribeToPersistentSubscription(ctx, "s", "g", esdb.SubscribeToPersistentSubscriptionOptions{BufferSize: uint32(1 + rand.IntN(5))})
	if err != nil {
		return err
	}
	// Not Close: the client cannot be closed and answered through at a time.
	give := time.AfterFunc(100*time.Millisecond, cancel)
	defer give.Stop()
	for range n {
		e := sub.Recv()
		if e.EventAppeared == nil {
			break
		}
		ev := e.EventAppeared.Event
		switch rand.IntN(10) {
		case 0:
			_ = sub.Nack("again", esdb.NackActionRetry, ev)
		case 1: // forgotten
		default:
			if sub.Ack(ev) == nil {
				done(ev.Event.EventNumber)
			}
		}
	}
	return sub.Close()
}
