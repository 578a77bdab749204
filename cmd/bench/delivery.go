package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/google/uuid"
)

// benchDelivery measures, at a steady rate of appends, how long after the call
// a subscriber to $all has the event, against how long after it the call is
// answered: both of the same appends.
func benchDelivery(ctx context.Context, s settings, dir string) (err error) {
	node, err := openNode(filepath.Join(dir, "node"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, node.Close()) }()
	sample, err := sampleEvent()
	if err != nil {
		return err
	}
	var rounds []figure
	for range s.rounds {
		got, acked, err := deliver(ctx, node.client, sample, s.rate, int(s.phase.Seconds()*float64(s.rate)))
		if err != nil {
			return err
		}
		a, b := quantile(got, 0.99), quantile(acked, 0.99)
		rounds = append(rounds, figure{
			float64(a) / float64(b),
			fmt.Sprintf("received p50 %v p99 %v", quantile(got, 0.5), a),
			fmt.Sprintf("acknowledged p50 %v p99 %v, at %d/s", quantile(acked, 0.5), b, s.rate),
		})
	}
	s.report("append_to_subscriber_p99_per_acknowledgement_p99", rounds, atMost(1.5))
	return nil
}

// deliver appends n events at a rate and returns how long after the call each was
// received, and acknowledged, both sorted.
func deliver(ctx context.Context, client *esdb.Client, sample esdb.EventData, rate, n int) (got, acked []time.Duration, err error) {
	sub, err := client.SubscribeToAll(ctx, esdb.SubscribeToAllOptions{From: esdb.End{}})
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, sub.Close()) }()
	ids := make(map[uuid.UUID]int, n)
	events := make([]esdb.EventData, n)
	for i := range events {
		events[i] = sample
		events[i].EventID = uuid.New()
		ids[events[i].EventID] = i
	}
	received := make([]time.Time, n)
	dropped := make(chan error, 1)
	go func() { dropped <- receive(sub, ids, received) }()

	began, answered, errs := make([]time.Time, n), make([]time.Time, n), make([]error, n)
	stream := "application-" + uuid.NewString()
	var calls sync.WaitGroup
	tick := time.NewTicker(time.Second / time.Duration(rate))
	defer tick.Stop()
	for i := range n {
		<-tick.C
		calls.Go(func() {
			options := esdb.AppendToStreamOptions{ExpectedRevision: esdb.NoStream{}}
			began[i] = time.Now()
			_, errs[i] = client.AppendToStream(ctx, fmt.Sprintf("%s-%d", stream, i), options, events[i])
			answered[i] = time.Now()
		})
	}
	calls.Wait()
	if err := errors.Join(errs...); err != nil {
		return nil, nil, err
	}
	if err := <-dropped; err != nil {
		return nil, nil, err
	}
	for i := range n {
		got, acked = append(got, received[i].Sub(began[i])), append(acked, answered[i].Sub(began[i]))
	}
	slices.Sort(got)
	slices.Sort(acked)
	return got, acked, nil
}

// receive notes when each of the events came, until all have.
func receive(sub *esdb.Subscription, ids map[uuid.UUID]int, at []time.Time) error {
	for left := len(ids); left > 0; {
		e := sub.Recv()
		if e.SubscriptionDropped != nil {
			return fmt.Errorf("subscription dropped: %w", e.SubscriptionDropped.Error)
		}
		if e.EventAppeared == nil {
			continue
		}
		if i, ours := ids[e.EventAppeared.OriginalEvent().EventID]; ours {
			at[i] = time.Now()
			left--
		}
	}
	return nil
}
