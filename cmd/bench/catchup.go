package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	pb "github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"github.com/google/uuid"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

func plainText() grpc.DialOption { return grpc.WithTransportCredentials(insecure.NewCredentials()) }

// benchCatchUp measures a subscription to $all from the beginning against the
// same client that is fed the very same bytes from memory.
func benchCatchUp(ctx context.Context, s settings, dir string) (err error) {
	node, err := openNode(filepath.Join(dir, "node"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, node.Close()) }()
	if err := fill(ctx, node.client, s.catchUp); err != nil {
		return err
	}
	// The confirmation, and then the events.
	prepared, err := record(ctx, node.address, &pb.ReadReq{Options: &pb.ReadReq_Options{
		StreamOption: &pb.ReadReq_Options_All{All: &pb.ReadReq_Options_AllOptions{
			AllOption: &pb.ReadReq_Options_AllOptions_Start{Start: &shared.Empty{}},
		}},
		ReadDirection: pb.ReadReq_Options_Forwards,
		CountOption:   &pb.ReadReq_Options_Subscription{Subscription: &pb.ReadReq_Options_SubscriptionOptions{}},
		FilterOption:  &pb.ReadReq_Options_NoFilter{NoFilter: &shared.Empty{}},
		UuidOption:    &pb.ReadReq_Options_UUIDOption{Content: &pb.ReadReq_Options_UUIDOption_Structured{Structured: &shared.Empty{}}},
	}}, s.catchUp+1)
	if err != nil {
		return fmt.Errorf("record: %w", err)
	}
	fed, err := openHollow(filepath.Join(dir, "fed"), prepared)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, fed.Close()) }()
	var rounds []figure
	for n := range s.rounds {
		var a, b pace
		err := inTurns(n, func() (err error) {
			a, err = measured(meter{}, func() (int, error) { return follow(ctx, node.client, s.catchUp) })
			return err
		}, func() (err error) {
			b, err = measured(meter{}, func() (int, error) { return follow(ctx, fed.client, s.catchUp) })
			return err
		})
		if err != nil {
			return err
		}
		rounds = append(rounds, figure{a.perSecond() / b.perSecond(), "from the node " + a.String(), "prepared bytes " + b.String()})
	}
	s.report("all_catch_up_per_prepared_bytes", rounds, atLeast(0.95))
	return nil
}

// fill appends n events, ten to a stream.
func fill(ctx context.Context, client *esdb.Client, n int) error {
	sample, err := sampleEvent()
	if err != nil {
		return err
	}
	const atOnce, workers = 10, 16
	return split(workers, n, func(from, to int) error {
		for ; from < to; from += atOnce {
			events := make([]esdb.EventData, min(to-from, atOnce))
			for i := range events {
				events[i] = sample
				events[i].EventID = uuid.New()
			}
			options := esdb.AppendToStreamOptions{ExpectedRevision: esdb.NoStream{}}
			if _, err := client.AppendToStream(ctx, "application-"+uuid.NewString(), options, events...); err != nil {
				return fmt.Errorf("fill: %w", err)
			}
		}
		return nil
	})
}

// follow subscribes to $all from the beginning until n events have come.
func follow(ctx context.Context, client *esdb.Client, n int) (int, error) {
	sub, err := client.SubscribeToAll(ctx, esdb.SubscribeToAllOptions{From: esdb.Start{}})
	if err != nil {
		return 0, err
	}
	for heard := 0; heard < n; {
		e := sub.Recv()
		if e.SubscriptionDropped != nil {
			return heard, fmt.Errorf("subscription dropped after %d events: %w", heard, e.SubscriptionDropped.Error)
		}
		if e.EventAppeared != nil {
			heard++
		}
	}
	return n, sub.Close()
}
