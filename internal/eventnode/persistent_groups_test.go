package eventnode

import (
	"slices"
	"strings"
	"testing"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	ps "github.com/EventStore/EventStore-Client-Go/v4/protos/persistent"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// TestCheckpointsAreWrittenWhenDue settles events one by one.
func TestCheckpointsAreWrittenWhenDue(t *testing.T) {
	s := start(t, Options{})
	c := s.client(t)
	mustAppend(t, c, "s", esdb.NoStream{}, some("e", 20)...)
	mustCreate(t, c, "s", esdb.Start{}, func(set *esdb.PersistentSubscriptionSettings) {
		set.CheckpointLowerBound, set.CheckpointUpperBound, set.CheckpointAfter = 3, 5, 1
	})
	sub := join(t, c, "s", 20)
	events := wantGot(t, sub, "s/0", "s/1", "s/2", "s/3", "s/4", "s/5", "s/6", "s/7", "s/8", "s/9")
	ack(t, sub, events[:2]...)
	until(t, "two settled", func() bool { return s.rawInfo(t, "s").GetTotalInFlightMessages() == 18 })
	if got := s.rawInfo(t, "s").GetLastCheckpointedEventPosition(); got != "" {
		t.Errorf("checkpoint %s after less than the lower bound", got)
	}
	ack(t, sub, events[2])
	s.untilCheckpoint(t, "s", "2") // by time
	ack(t, sub, events[3:8]...)
	s.untilCheckpoint(t, "s", "7") // by number
	lines, err := readStream(t, c, "$persistentsubscription-s::g-checkpoint", esdb.ReadStreamOptions{From: esdb.Start{}})
	if err != nil || !strings.HasSuffix(lines[len(lines)-1], `/$SubscriptionCheckpoint/"7"`) {
		t.Errorf("the checkpoints are %v, %v", lines, err)
	}
	ack(t, sub, events[8])
	until(t, "nine settled", func() bool { return s.rawInfo(t, "s").GetTotalInFlightMessages() == 11 })
	s = s.reopen(t) // what is below the bounds is stored when the node ends
	wantGot(t, join(t, s.client(t), "s", 1), "s/9")
	m, err := readStream(t, s.client(t), "$$$persistentsubscription-s::g-checkpoint", esdb.ReadStreamOptions{From: esdb.Start{}})
	if err != nil || !strings.HasSuffix(m[0], `{"$maxCount":2}`) {
		t.Errorf("metadata of the checkpoints: %v, %v", m, err)
	}
}

func TestUpdatingAndRestarting(t *testing.T) {
	s := start(t, Options{})
	c := s.client(t)
	mustAppend(t, c, "s", esdb.NoStream{}, some("e", 4)...)
	mustCreate(t, c, "s", esdb.Start{}, nil)
	sub := join(t, c, "s", 10)
	ack(t, sub, wantGot(t, sub, "s/0", "s/1", "s/2", "s/3")[:2]...)
	until(t, "two settled", func() bool { return s.rawInfo(t, "s").GetTotalInFlightMessages() == 2 })
	err := c.UpdatePersistentSubscription(testContext(t), "s", "g", esdb.PersistentStreamSubscriptionOptions{
		Settings: groupSettings(func(set *esdb.PersistentSubscriptionSettings) {
			set.MaxSubscriberCount, set.ExtraStatistics, set.ConsumerStrategyName = 1, true, esdb.ConsumerStrategyPinned
		}),
	})
	if err != nil {
		t.Fatal(err)
	}
	wantDropped(t, sub, codes.Canceled)
	sub = join(t, c, "s", 10)
	ack(t, sub, wantGot(t, sub, "s/2", "s/3")[0])
	until(t, "one settled", func() bool { return s.rawInfo(t, "s").GetTotalInFlightMessages() == 1 })
	info := s.rawInfo(t, "s")
	if info.GetMaxSubscriberCount() != 1 || info.GetNamedConsumerStrategy() != "Pinned" || len(info.GetConnections()[0].GetObservedMeasurements()) == 0 ||
		info.GetLastKnownEventPosition() != "3" || info.GetTotalItems() != 2 || info.GetConnections()[0].GetAvailableSlots() != 9 {
		t.Errorf("the group is described as %v", info)
	}
	if _, err := tryJoin(t, c, "s", 1); denied(t, err) != codes.FailedPrecondition {
		t.Errorf("a second subscriber: %v", err)
	}
	if err := c.RestartPersistentSubscriptionSubsystem(testContext(t), esdb.RestartPersistentSubscriptionSubsystemOptions{}); err != nil {
		t.Fatal(err)
	}
	wantDropped(t, sub, codes.Canceled)
	wantGot(t, join(t, c, "s", 10), "s/3")
}

func TestADeletedGroupLeavesNothing(t *testing.T) {
	s := start(t, Options{})
	c := s.client(t)
	mustAppend(t, c, "s", esdb.NoStream{}, some("e", 3)...)
	for range 2 {
		mustCreate(t, c, "s", esdb.Start{}, atOnce)
		sub := join(t, c, "s", 10)
		events := wantGot(t, sub, "s/0", "s/1", "s/2")
		nack(t, sub, esdb.NackActionPark, events[0])
		ack(t, sub, events[1:]...)
		s.untilCheckpoint(t, "s", "2")
		if err := c.DeletePersistentSubscription(testContext(t), "s", "g", esdb.DeletePersistentSubscriptionOptions{}); err != nil {
			t.Fatal(err)
		}
		wantDropped(t, sub, codes.Canceled)
		for _, name := range []string{"checkpoint", "parked"} {
			_, err := readStream(t, c, "$persistentsubscription-s::g-"+name, esdb.ReadStreamOptions{From: esdb.Start{}})
			if code(t, err) != esdb.ErrorCodeResourceNotFound {
				t.Errorf("the %s stream: %v", name, err)
			}
		}
		s = s.reopen(t)
		c = s.client(t)
	}
	if _, err := tryJoin(t, c, "s", 1); denied(t, err) != codes.NotFound {
		t.Errorf("a deleted group can be joined: %v", err)
	}
}

// TestRefusalsOfPersistentSubscriptions sees what clients tell errors by.
func TestRefusalsOfPersistentSubscriptions(t *testing.T) {
	s := start(t, Options{})
	mustCreate(t, s.client(t), "s", esdb.Start{}, nil)
	_, conn := s.raw(t)
	c := ps.NewPersistentSubscriptionsClient(conn)
	create := func(stream, group string, set *ps.CreateReq_Settings) *ps.CreateReq {
		return &ps.CreateReq{Options: &ps.CreateReq_Options{GroupName: group, Settings: set, StreamOption: &ps.CreateReq_Options_Stream{
			Stream: &ps.CreateReq_StreamOptions{StreamIdentifier: identifier(stream), RevisionOption: &ps.CreateReq_StreamOptions_Start{}},
		}}}
	}
	regex := create("", "new", nil)
	regex.Options.StreamOption = &ps.CreateReq_Options_All{All: &ps.CreateReq_AllOptions{AllOption: &ps.CreateReq_AllOptions_Start{}, FilterOption: &ps.CreateReq_AllOptions_Filter{
		Filter: &ps.CreateReq_AllOptions_FilterOptions{Filter: &ps.CreateReq_AllOptions_FilterOptions_EventType{EventType: &ps.CreateReq_AllOptions_FilterOptions_Expression{Regex: "("}}},
	}}}
	nowhere := create("s", "new", nil)
	nowhere.Options.GetStream().RevisionOption = nil
	update := &ps.UpdateReq{Options: &ps.UpdateReq_Options{GroupName: "none", Settings: &ps.UpdateReq_Settings{}, StreamOption: &ps.UpdateReq_Options_Stream{
		Stream: &ps.UpdateReq_StreamOptions{StreamIdentifier: identifier("s"), RevisionOption: &ps.UpdateReq_StreamOptions_Start{}},
	}}}
	for what, try := range map[string]struct {
		call      func(o grpc.CallOption) error
		code      codes.Code
		exception string
	}{
		"create again":      {func(o grpc.CallOption) error { _, err := c.Create(t.Context(), create("s", "g", nil), o); return err }, codes.AlreadyExists, "persistent-subscription-exists"},
		"create, no group":  {func(o grpc.CallOption) error { _, err := c.Create(t.Context(), create("s", "", nil), o); return err }, codes.InvalidArgument, ""},
		"create, no stream": {func(o grpc.CallOption) error { _, err := c.Create(t.Context(), create("", "g", nil), o); return err }, codes.InvalidArgument, ""},
		"create, long name": {func(o grpc.CallOption) error {
			_, err := c.Create(t.Context(), create(strings.Repeat("s", 4090), "g", nil), o)
			return err
		}, codes.InvalidArgument, ""},
		"create, no start":   {func(o grpc.CallOption) error { _, err := c.Create(t.Context(), nowhere, o); return err }, codes.InvalidArgument, ""},
		"create, bad filter": {func(o grpc.CallOption) error { _, err := c.Create(t.Context(), regex, o); return err }, codes.InvalidArgument, ""},
		"create, negative": {func(o grpc.CallOption) error {
			_, err := c.Create(t.Context(), create("s", "new", &ps.CreateReq_Settings{MaxRetryCount: -1}), o)
			return err
		}, codes.InvalidArgument, ""},
		"create, strategy": {func(o grpc.CallOption) error {
			_, err := c.Create(t.Context(), create("s", "new", &ps.CreateReq_Settings{ConsumerStrategy: "Mine"}), o)
			return err
		}, codes.InvalidArgument, ""},
		"update, not there": {func(o grpc.CallOption) error { _, err := c.Update(t.Context(), update, o); return err }, codes.NotFound, "persistent-subscription-does-not-exist"},
		"delete, not there": {func(o grpc.CallOption) error {
			_, err := c.Delete(t.Context(), &ps.DeleteReq{Options: &ps.DeleteReq_Options{GroupName: "none", StreamOption: &ps.DeleteReq_Options_All{All: &shared.Empty{}}}}, o)
			return err
		}, codes.NotFound, "persistent-subscription-does-not-exist"},
		"get info, not there": {func(o grpc.CallOption) error {
			_, err := c.GetInfo(t.Context(), &ps.GetInfoReq{Options: &ps.GetInfoReq_Options{GroupName: "none"}}, o)
			return err
		}, codes.NotFound, "persistent-subscription-does-not-exist"},
		"replay, not there": {func(o grpc.CallOption) error {
			_, err := c.ReplayParked(t.Context(), &ps.ReplayParkedReq{Options: &ps.ReplayParkedReq_Options{GroupName: "none"}}, o)
			return err
		}, codes.NotFound, "persistent-subscription-does-not-exist"},
		"list, not there": {func(o grpc.CallOption) error {
			_, err := c.List(t.Context(), &ps.ListReq{Options: &ps.ListReq_Options{ListOption: &ps.ListReq_Options_ListForStream{ListForStream: &ps.ListReq_StreamOption{StreamOption: &ps.ListReq_StreamOption_All{All: &shared.Empty{}}}}}}, o)
			return err
		}, codes.NotFound, "persistent-subscription-does-not-exist"},
		"read without options": {func(o grpc.CallOption) error {
			return firstAnswer(t, c, &ps.ReadReq{Content: &ps.ReadReq_Ack_{Ack: &ps.ReadReq_Ack{}}}, o)
		}, codes.InvalidArgument, ""},
		"read without buffer": {func(o grpc.CallOption) error { return firstAnswer(t, c, readOptions("s", 0), o) }, codes.InvalidArgument, ""},
		"read, not there":     {func(o grpc.CallOption) error { return firstAnswer(t, c, readOptions("none", 1), o) }, codes.NotFound, "persistent-subscription-does-not-exist"},
	} {
		var trailers metadata.MD
		err := try.call(grpc.Trailer(&trailers))
		if status.Code(err) != try.code || strings.Join(trailers.Get("exception"), ",") != try.exception {
			t.Errorf("%s: %v with %v, want %v with %q", what, err, trailers, try.code, try.exception)
		}
		if try.exception != "" && (len(trailers.Get("stream-name")) != 1 || len(trailers.Get("group-name")) != 1) {
			t.Errorf("%s: trailers %v", what, trailers)
		}
	}
}

func identifier(stream string) *shared.StreamIdentifier {
	return &shared.StreamIdentifier{StreamName: []byte(stream)}
}

func readOptions(stream string, buffer int32) *ps.ReadReq {
	return &ps.ReadReq{Content: &ps.ReadReq_Options_{Options: &ps.ReadReq_Options{
		GroupName: "g", BufferSize: buffer, StreamOption: &ps.ReadReq_Options_StreamIdentifier{StreamIdentifier: identifier(stream)},
		UuidOption: &ps.ReadReq_Options_UUIDOption{Content: &ps.ReadReq_Options_UUIDOption_String_{String_: &shared.Empty{}}},
	}}}
}

// firstAnswer begins a subscription and returns how its first answer fails.
func firstAnswer(t *testing.T, c ps.PersistentSubscriptionsClient, first *ps.ReadReq, o grpc.CallOption) error {
	t.Helper()
	call, err := c.Read(testContext(t), o)
	if err != nil {
		t.Fatal(err)
	}
	if err := call.Send(first); err != nil {
		t.Fatal(err)
	}
	_, err = call.Recv()
	return err
}

// TestTheWireOfASubscription sees what the official client does not show.
func TestTheWireOfASubscription(t *testing.T) {
	s := start(t, Options{})
	events := some("e", 1)
	events[0].Metadata = []byte(`{"m":1}`)
	w := mustAppend(t, s.client(t), "s", esdb.NoStream{}, events...)
	mustCreate(t, s.client(t), "s", esdb.Start{}, nil)
	_, conn := s.raw(t)
	for _, spelled := range []bool{true, false} {
		call, err := ps.NewPersistentSubscriptionsClient(conn).Read(testContext(t))
		if err != nil {
			t.Fatal(err)
		}
		q := readOptions("s", 5)
		if !spelled {
			q.GetOptions().UuidOption = nil
		}
		if err := call.Send(q); err != nil {
			t.Fatal(err)
		}
		first, err := call.Recv()
		if err != nil || first.GetSubscriptionConfirmation().GetSubscriptionId() == "" {
			t.Fatalf("first answer %v, %v", first, err)
		}
		next, err := call.Recv()
		if err != nil {
			t.Fatal(err)
		}
		e := next.GetEvent()
		r := e.GetEvent()
		id, err := eventID(r.GetId())
		if err != nil || id != events[0].EventID || (r.GetId().GetString_() != "") != spelled {
			t.Errorf("id %v, %v", r.GetId(), err)
		}
		if _, counted := e.GetCount().(*ps.ReadResp_ReadEvent_RetryCount); !counted || e.GetCommitPosition() != w.CommitPosition || e.GetLink() != nil ||
			string(r.GetData()) != `"e-0"` || string(r.GetCustomMetadata()) != `{"m":1}` || r.GetMetadata()["type"] != "test.e" ||
			r.GetMetadata()["created"] == "" || string(r.GetStreamIdentifier().GetStreamName()) != "s" || r.GetCommitPosition() != w.CommitPosition {
			t.Errorf("got %v", e)
		}
		if err := call.CloseSend(); err != nil { // it leaves, and has acknowledged nothing
			t.Fatal(err)
		}
		if _, err := call.Recv(); err == nil || status.Code(err) == codes.Unknown && err.Error() != "EOF" {
			t.Errorf("the call ends with %v", err)
		}
	}
}

func TestWhoMayUseAGroup(t *testing.T) {
	s := startSecured(t, Options{})
	admin, ops, alice, bob := s.as(t, "admin", "admin"), s.as(t, "ops", "ops"), s.as(t, "alice", "alice"), s.as(t, "bob", "bob")
	mustAppend(t, admin, "s", esdb.NoStream{}, some("e", 1)...)
	setMetadata(t, admin, "s", `{"$acl":{"$r":["hiring"]}}`)
	o := esdb.PersistentStreamSubscriptionOptions{StartFrom: esdb.Start{}}
	ctx := testContext(t)
	if err := alice.CreatePersistentSubscription(ctx, "s", "g", o); denied(t, err) != codes.PermissionDenied {
		t.Errorf("create, by a user: %v", err)
	}
	if err := ops.CreatePersistentSubscription(ctx, "s", "g", o); err != nil {
		t.Fatal(err)
	}
	for what, err := range map[string]error{
		"update":  alice.UpdatePersistentSubscription(ctx, "s", "g", o),
		"delete":  alice.DeletePersistentSubscription(ctx, "s", "g", esdb.DeletePersistentSubscriptionOptions{}),
		"replay":  alice.ReplayParkedMessages(ctx, "s", "g", esdb.ReplayParkedMessagesOptions{}),
		"restart": alice.RestartPersistentSubscriptionSubsystem(ctx, esdb.RestartPersistentSubscriptionSubsystemOptions{}),
	} {
		if denied(t, err) != codes.PermissionDenied {
			t.Errorf("%s, by a user: %v", what, err)
		}
	}
	if _, err := tryJoin(t, alice, "s", 1); denied(t, err) != codes.PermissionDenied {
		t.Errorf("join, by one who may not read the stream: %v", err)
	}
	sub := join(t, bob, "s", 1)
	wantGot(t, sub, "s/0")
	if who := s.rawInfo(t, "s").GetConnections()[0].GetUsername(); who != "bob" {
		t.Errorf("the subscriber is %q", who)
	}
	if _, err := s.as(t, "", "").GetPersistentSubscriptionInfo(ctx, "s", "g", esdb.GetPersistentSubscriptionOptions{}); denied(t, err) != codes.Unauthenticated {
		t.Errorf("describe, by nobody: %v", err)
	}
}

// TestABrokenConfigurationStopsGroupsOnly writes nonsense where groups are kept.
func TestABrokenConfigurationStopsGroupsOnly(t *testing.T) {
	s := start(t, Options{})
	c := s.client(t)
	mustAppend(t, c, "s", esdb.NoStream{}, some("e", 1)...)
	mustCreate(t, c, "s", esdb.Start{}, nil)
	good, err := readStream(t, c, configStream, esdb.ReadStreamOptions{From: esdb.Start{}})
	if err != nil {
		t.Fatal(err)
	}
	write := func(text string) {
		e := some("c", 1)
		e[0].EventType, e[0].Data = typeConfig, []byte(text)
		mustAppend(t, c, configStream, esdb.Any{}, e...)
	}
	write(`{"version":"another"}`)
	s = s.reopen(t)
	c = s.client(t)
	mustAppend(t, c, "s", esdb.Any{}, some("e", 1)...)
	if _, err := tryJoin(t, c, "s", 1); denied(t, err) != codes.Internal || !strings.Contains(err.Error(), "version") {
		t.Errorf("join: %v", err)
	}
	_, text, _ := strings.Cut(good[0], typeConfig+"/")
	write(text)
	if err := c.RestartPersistentSubscriptionSubsystem(testContext(t), esdb.RestartPersistentSubscriptionSubsystemOptions{}); err != nil {
		t.Fatal(err)
	}
	wantGot(t, join(t, c, "s", 2), "s/0", "s/1")
}

// TestNoTwoGroupsShareTheirStreams creates groups whose names are the same once
// they are put together.
func TestNoTwoGroupsShareTheirStreams(t *testing.T) {
	s := start(t, Options{})
	c := s.client(t)
	ctx := testContext(t)
	o := esdb.PersistentStreamSubscriptionOptions{StartFrom: esdb.Start{}, Settings: groupSettings(atOnce)}
	toAll := esdb.PersistentAllSubscriptionOptions{StartFrom: esdb.Start{}, Settings: groupSettings(nil)}
	mustAppend(t, c, "a", esdb.NoStream{}, some("e", 1)...)
	for _, first := range []groupKey{{"a", "b::g"}, {"$all::b", "g"}} {
		if err := c.CreatePersistentSubscription(ctx, first.source, first.group, o); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.CreatePersistentSubscription(ctx, "a::b", "g", o); denied(t, err) != codes.InvalidArgument {
		t.Errorf("group g on a::b beside b::g on a: %v", err)
	}
	if err := c.CreatePersistentSubscriptionToAll(ctx, "b::g", toAll); denied(t, err) != codes.InvalidArgument {
		t.Errorf("group b::g on $all beside g on $all::b: %v", err)
	}
	// The refused ones have not touched the others, which can go on and go.
	sub, err := c.SubscribeToPersistentSubscription(ctx, "a", "b::g", esdb.SubscribeToPersistentSubscriptionOptions{})
	if err != nil {
		t.Fatal(err)
	}
	wantGot(t, sub, "a/0")
	_ = sub.Close()
	if err := c.DeletePersistentSubscription(ctx, "a", "b::g", esdb.DeletePersistentSubscriptionOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := c.CreatePersistentSubscription(ctx, "a::b", "g", o); err != nil {
		t.Errorf("group g on a::b once b::g on a is gone: %v", err)
	}
}

// TestOneBrokenGroupStopsNoOther writes nonsense where one of two groups keeps
// its checkpoint.
func TestOneBrokenGroupStopsNoOther(t *testing.T) {
	s := start(t, Options{})
	c := s.client(t)
	ctx := testContext(t)
	for _, name := range []string{"good", "bad"} {
		mustAppend(t, c, name, esdb.NoStream{}, some("e", 1)...)
		mustCreate(t, c, name, esdb.Start{}, nil)
	}
	nonsense := some("c", 1)
	nonsense[0].Data = []byte(`"here"`)
	mustAppend(t, c, groupKey{"bad", "g"}.checkpoints(), esdb.Any{}, nonsense...)
	s = s.reopen(t)
	c = s.client(t)
	wantGot(t, join(t, c, "good", 1), "good/0")
	if _, err := tryJoin(t, c, "bad", 1); denied(t, err) != codes.Internal || !strings.Contains(err.Error(), "checkpoint") {
		t.Errorf("join the broken group: %v", err)
	}
	// It is not lost by what is done to others.
	mustCreate(t, c, "another", esdb.Start{}, nil)
	s = s.reopen(t)
	c = s.client(t)
	if err := c.CreatePersistentSubscription(ctx, "bad", "g", esdb.PersistentStreamSubscriptionOptions{}); denied(t, err) != codes.AlreadyExists {
		t.Errorf("create the broken group again: %v", err)
	}
	if err := c.DeletePersistentSubscription(ctx, "bad", "g", esdb.DeletePersistentSubscriptionOptions{}); err != nil {
		t.Fatalf("delete the broken group: %v", err)
	}
	mustCreate(t, c, "bad", esdb.Start{}, nil)
	wantGot(t, join(t, c, "bad", 1), "bad/0")
}

// TestWhoMaySeeAGroup has groups on a stream for all, one for a few, and one of
// the system.
func TestWhoMaySeeAGroup(t *testing.T) {
	s := startSecured(t, Options{})
	admin, ops, alice, bob := s.as(t, "admin", "admin"), s.as(t, "ops", "ops"), s.as(t, "alice", "alice"), s.as(t, "bob", "bob")
	ctx := testContext(t)
	setMetadata(t, admin, "few", `{"$acl":{"$r":["hiring"]}}`)
	streams := []string{"$secret", "few", "open"}
	for _, stream := range streams {
		mustCreate(t, ops, stream, esdb.Start{}, nil)
	}
	if err := ops.CreatePersistentSubscriptionToAll(ctx, "g", esdb.PersistentAllSubscriptionOptions{}); err != nil {
		t.Fatal(err)
	}
	for who, try := range map[string]struct {
		c    *esdb.Client
		sees []string
	}{
		"admin": {admin, []string{"$all", "$secret", "few", "open"}},
		"ops":   {ops, []string{"$all", "$secret", "few", "open"}},
		"bob":   {bob, []string{"few", "open"}},
		"alice": {alice, []string{"open"}},
	} {
		list, err := try.c.ListAllPersistentSubscriptions(ctx, esdb.ListPersistentSubscriptionsOptions{})
		if err != nil {
			t.Fatalf("%s: %v", who, err)
		}
		var sees []string
		for i := range list {
			sees = append(sees, list[i].EventSource)
		}
		if !slices.Equal(sees, try.sees) {
			t.Errorf("%s sees groups on %v, want %v", who, sees, try.sees)
		}
		for _, stream := range append(streams, "$nogroup") {
			want := codes.OK
			switch {
			case stream == "$nogroup" && (who == "admin" || who == "ops"):
				want = codes.NotFound
			case !slices.Contains(try.sees, stream):
				want = codes.PermissionDenied
			}
			if _, err := try.c.GetPersistentSubscriptionInfo(ctx, stream, "g", esdb.GetPersistentSubscriptionOptions{}); denied(t, err) != want {
				t.Errorf("%s describes the group on %s: %v, want %v", who, stream, err, want)
			}
			if _, err := try.c.ListPersistentSubscriptionsForStream(ctx, stream, esdb.ListPersistentSubscriptionsOptions{}); denied(t, err) != want {
				t.Errorf("%s lists the groups on %s: %v, want %v", who, stream, err, want)
			}
		}
	}
}
