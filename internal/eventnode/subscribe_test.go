package eventnode

import (
	"fmt"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"testing"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	pb "github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"github.com/google/uuid"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// follow starts a subscription to $all and closes it with the test.
func follow(t *testing.T, c *esdb.Client, o esdb.SubscribeToAllOptions) *esdb.Subscription {
	t.Helper()
	sub, err := c.SubscribeToAll(t.Context(), o)
	if err != nil {
		t.Fatalf("subscribe to $all: %v", err)
	}
	t.Cleanup(func() { _ = sub.Close() })
	return sub
}

func followStream(t *testing.T, c *esdb.Client, name string, o esdb.SubscribeToStreamOptions) *esdb.Subscription {
	t.Helper()
	sub, err := c.SubscribeToStream(t.Context(), name, o)
	if err != nil {
		t.Fatalf("subscribe to %s: %v", name, err)
	}
	t.Cleanup(func() { _ = sub.Close() })
	return sub
}

// heard is one thing a subscription said.
func heard(e *esdb.SubscriptionEvent) string {
	switch {
	case e.EventAppeared != nil:
		o := e.EventAppeared.OriginalEvent()
		return fmt.Sprintf("%s/%d", o.StreamID, int64(o.EventNumber))
	case e.CheckPointReached != nil:
		return "checkpoint"
	case e.CaughtUp != nil:
		return "caught up"
	case e.SubscriptionDropped != nil:
		return "dropped"
	}
	return "?"
}

// hear returns what sub says next, n things, separated by commas.
func hear(sub *esdb.Subscription, n int) string {
	var out []string
	for range n {
		out = append(out, heard(sub.Recv()))
	}
	return strings.Join(out, ", ")
}

func wantHeard(t *testing.T, what string, sub *esdb.Subscription, want string) {
	t.Helper()
	if got := hear(sub, len(strings.Split(want, ", "))); got != want {
		t.Errorf("%s: heard %q, want %q", what, got, want)
	}
}

func TestSubscribingToAll(t *testing.T) {
	s := start(t, Options{})
	c := s.client(t)
	empty := follow(t, c, esdb.SubscribeToAllOptions{From: esdb.Start{}})
	wantHeard(t, "empty log", empty, "caught up")
	mustAppend(t, c, "a", esdb.NoStream{}, some("e", 2)...)
	w := mustAppend(t, c, "b", esdb.NoStream{}, some("e", 1)...)
	wantHeard(t, "empty log", empty, "a/0, a/1, b/0")

	start := follow(t, c, esdb.SubscribeToAllOptions{From: esdb.Start{}})
	end := follow(t, c, esdb.SubscribeToAllOptions{From: esdb.End{}})
	last := follow(t, c, esdb.SubscribeToAllOptions{From: esdb.Position{Commit: w.CommitPosition, Prepare: w.PreparePosition}})
	first := readAllEvents(t, c)[0].Position
	second := follow(t, c, esdb.SubscribeToAllOptions{From: first})
	wantHeard(t, "from the start", start, "a/0, a/1, b/0, caught up")
	wantHeard(t, "from the end", end, "caught up")
	wantHeard(t, "from the last event", last, "caught up")
	wantHeard(t, "from the first event, which is not included", second, "a/1, b/0, caught up")
	mustAppend(t, c, "a", esdb.Any{}, some("e", 1)...)
	for what, sub := range map[string]*esdb.Subscription{"start": start, "end": end, "last": last, "second": second} {
		wantHeard(t, "live, from "+what, sub, "a/2")
	}
}

func readAllEvents(t *testing.T, c *esdb.Client) []*esdb.RecordedEvent {
	t.Helper()
	r, err := c.ReadAll(testContext(t), esdb.ReadAllOptions{From: esdb.Start{}}, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var out []*esdb.RecordedEvent
	for {
		e, err := r.Recv()
		if err != nil {
			return out
		}
		out = append(out, e.OriginalEvent())
	}
}

func TestSubscribingToAStream(t *testing.T) {
	s := start(t, Options{})
	c := s.client(t)
	missing := followStream(t, c, "s", esdb.SubscribeToStreamOptions{From: esdb.Start{}})
	wantHeard(t, "missing stream", missing, "caught up")
	mustAppend(t, c, "s", esdb.NoStream{}, some("e", 3)...)
	mustAppend(t, c, "other", esdb.NoStream{}, some("e", 3)...)
	wantHeard(t, "missing stream", missing, "s/0, s/1, s/2")

	start := followStream(t, c, "s", esdb.SubscribeToStreamOptions{From: esdb.Start{}})
	end := followStream(t, c, "s", esdb.SubscribeToStreamOptions{From: esdb.End{}})
	second := followStream(t, c, "s", esdb.SubscribeToStreamOptions{From: esdb.Revision(0)})
	ahead := followStream(t, c, "s", esdb.SubscribeToStreamOptions{From: esdb.Revision(3)})
	wantHeard(t, "from the start", start, "s/0, s/1, s/2, caught up")
	wantHeard(t, "from the end", end, "caught up")
	wantHeard(t, "from revision 0, which is not included", second, "s/1, s/2, caught up")
	wantHeard(t, "from revision 3", ahead, "caught up")
	mustAppend(t, c, "s", esdb.Any{}, some("e", 2)...)
	mustAppend(t, c, "other", esdb.Any{}, some("e", 1)...)
	for what, sub := range map[string]*esdb.Subscription{"start": start, "end": end, "second": second} {
		wantHeard(t, "live, from "+what, sub, "s/3, s/4")
	}
	wantHeard(t, "live, from revision 3", ahead, "s/4")
	if got := s.Stats().Subscriptions; got != 5 {
		t.Errorf("%d subscriptions are counted, want 5", got)
	}

	if _, err := c.TombstoneStream(testContext(t), "s", esdb.TombstoneStreamOptions{ExpectedRevision: esdb.Any{}}); err != nil {
		t.Fatal(err)
	}
	wantHeard(t, "tombstoned", start, "s/9223372036854775807")
	dropped := start.Recv().SubscriptionDropped
	if dropped == nil || status.Code(dropped.Error) != codes.FailedPrecondition {
		t.Errorf("after the tombstone: %v", dropped)
	}
}

func TestASubscriptionSeesWhatMetadataLeave(t *testing.T) {
	s := start(t, Options{})
	c := s.client(t)
	mustAppend(t, c, "s", esdb.NoStream{}, some("e", 5)...)
	var m esdb.StreamMetadata
	m.SetMaxCount(2)
	if _, err := c.SetStreamMetadata(testContext(t), "s", esdb.AppendToStreamOptions{ExpectedRevision: esdb.Any{}}, m); err != nil {
		t.Fatal(err)
	}
	sub := followStream(t, c, "s", esdb.SubscribeToStreamOptions{From: esdb.Start{}})
	wantHeard(t, "$maxCount 2", sub, "s/3, s/4, caught up")
}

func TestFilters(t *testing.T) {
	s := start(t, Options{})
	c := s.client(t)
	append1 := func(stream, typ string) {
		e := some("e", 1)
		e[0].EventType = typ
		mustAppend(t, c, stream, esdb.Any{}, e...)
	}
	write := func() {
		append1("app-1", "app.received")
		append1("job-1", "job.opened")
		append1("application-1", "note.added")
		append1("$sys", "$settings")
	}
	write()
	for _, tt := range []struct {
		name   string
		filter esdb.SubscriptionFilter
		want   []string // streams
	}{
		{"stream prefix", esdb.SubscriptionFilter{Type: esdb.StreamFilterType, Prefixes: []string{"app-"}}, []string{"app-1"}},
		{"stream prefixes", esdb.SubscriptionFilter{Type: esdb.StreamFilterType, Prefixes: []string{"job-", "appl"}}, []string{"job-1", "application-1"}},
		{"stream regex, unanchored", esdb.SubscriptionFilter{Type: esdb.StreamFilterType, Regex: "-1"}, []string{"app-1", "job-1", "application-1"}},
		{"stream regex", esdb.SubscriptionFilter{Type: esdb.StreamFilterType, Regex: "^app"}, []string{"app-1", "application-1"}},
		{"type prefix", esdb.SubscriptionFilter{Type: esdb.EventFilterType, Prefixes: []string{"job."}}, []string{"job-1"}},
		{"type regex", esdb.SubscriptionFilter{Type: esdb.EventFilterType, Regex: `\.(opened|added)$`}, []string{"job-1", "application-1"}},
		{"no system events", *esdb.ExcludeSystemEventsFilter(), []string{"app-1", "job-1", "application-1"}},
	} {
		sub := follow(t, c, esdb.SubscribeToAllOptions{From: esdb.Start{}, Filter: &tt.filter})
		for i, want := range tt.want {
			if got := heard(sub.Recv()); !strings.HasPrefix(got, want+"/") {
				t.Errorf("%s, event %d: got %s, want one of %s", tt.name, i, got, want)
			}
		}
		wantHeard(t, tt.name, sub, "checkpoint, caught up")
		write()
		for i, want := range tt.want {
			if got := heard(sub.Recv()); !strings.HasPrefix(got, want+"/") {
				t.Errorf("%s, live event %d: got %s, want one of %s", tt.name, i, got, want)
			}
		}
		_ = sub.Close()
		// The next case begins with a log of its own.
		c = start(t, Options{}).client(t)
		write()
	}
}

func TestCheckpointsAreOfEventsLookedAt(t *testing.T) {
	s := start(t, Options{})
	c := s.client(t)
	var at []uint64
	put := func(stream string) {
		at = append(at, mustAppend(t, c, stream, esdb.Any{}, some("e", 1)...).CommitPosition)
	}
	for _, name := range []string{"x", "x", "x", "x", "x", "y", "x"} {
		put(name)
	}
	sub := follow(t, c, esdb.SubscribeToAllOptions{
		From:               esdb.Start{},
		Filter:             &esdb.SubscriptionFilter{Type: esdb.StreamFilterType, Prefixes: []string{"y"}},
		MaxSearchWindow:    3,
		CheckpointInterval: 1,
	})
	checkpoint := func(want int) {
		t.Helper()
		e := sub.Recv()
		if e.CheckPointReached == nil || e.CheckPointReached.Commit != at[want] || e.CheckPointReached.Prepare != at[want] {
			t.Fatalf("got %s %v, want a checkpoint at event %d (%d)", heard(e), e.CheckPointReached, want, at[want])
		}
	}
	checkpoint(2)
	wantHeard(t, "catching up", sub, "y/0")
	checkpoint(5) // falls on the event just sent
	checkpoint(6) // the end, although the window is not full
	wantHeard(t, "end", sub, "caught up")
	for _, name := range []string{"x", "y", "x", "x"} {
		put(name)
	}
	wantHeard(t, "live", sub, "y/1")
	checkpoint(9)

	// One that begins where nothing has happened since has nothing to say.
	again := follow(t, c, esdb.SubscribeToAllOptions{
		From:   esdb.Position{Commit: at[10], Prepare: at[10]},
		Filter: &esdb.SubscriptionFilter{Type: esdb.StreamFilterType, Prefixes: []string{"y"}},
	})
	wantHeard(t, "from the last", again, "caught up")
}

func TestTheWindowTimesTheMultiplierIsTheInterval(t *testing.T) {
	s := start(t, Options{})
	c := s.client(t)
	mustAppend(t, c, "x", esdb.Any{}, some("e", 13)...)
	sub := follow(t, c, esdb.SubscribeToAllOptions{
		From:               esdb.Start{},
		Filter:             &esdb.SubscriptionFilter{Type: esdb.StreamFilterType, Prefixes: []string{"y"}},
		MaxSearchWindow:    2,
		CheckpointInterval: 3,
	})
	wantHeard(t, "13 events, a checkpoint every 6 and at the end", sub, "checkpoint, checkpoint, checkpoint, caught up")
}

// TestSubscribersLoseAndRepeatNothing lets subscribers begin at any moment
// while writers are at work, on a node that keeps so little in memory that they
// fall behind again and again.
func TestSubscribersLoseAndRepeatNothing(t *testing.T) {
	for _, tail := range []int{1, 20_000, 32 << 20} {
		t.Run(fmt.Sprintf("tail of %d bytes", tail), func(t *testing.T) {
			s := start(t, Options{TailBytes: tail})
			writers := s.client(t)
			const streams, appends = 8, 60
			var wg sync.WaitGroup
			for w := range streams {
				wg.Go(func() {
					for range appends {
						_, err := writers.AppendToStream(t.Context(), fmt.Sprintf("s-%d", w), esdb.AppendToStreamOptions{ExpectedRevision: esdb.Any{}}, some("e", 1+rand.IntN(5))...)
						if err != nil {
							t.Errorf("append: %v", err)
							return
						}
					}
					_, err := writers.AppendToStream(t.Context(), fmt.Sprintf("s-%d", w), esdb.AppendToStreamOptions{ExpectedRevision: esdb.Any{}}, some("last", 1)...)
					if err != nil {
						t.Errorf("append: %v", err)
					}
				})
			}
			var subs sync.WaitGroup
			got := make([][]string, 6)
			for i := range got {
				c := s.client(t)
				subs.Go(func() { got[i] = collect(t, c, i, streams) })
			}
			wg.Wait()
			subs.Wait()
			var everything []string
			for _, e := range readAllEvents(t, s.client(t)) {
				everything = append(everything, fmt.Sprintf("%s/%d@%d", e.StreamID, e.EventNumber, e.Position.Commit))
			}
			for i, events := range got {
				if i%2 == 1 {
					continue // a stream's, checked where they were collected
				}
				if g, w := strings.Join(events, "\n"), strings.Join(everything, "\n"); g != w {
					t.Errorf("subscriber %d heard %d events, not the %d of $all in order", i, len(events), len(everything))
				}
			}
		})
	}
}

// collect subscribes to $all, or to one stream if i is odd, until it has heard
// the last event of each.
func collect(t *testing.T, c *esdb.Client, i, streams int) []string {
	var sub *esdb.Subscription
	var err error
	if i%2 == 1 {
		streams = 1
		sub, err = c.SubscribeToStream(t.Context(), fmt.Sprintf("s-%d", i), esdb.SubscribeToStreamOptions{From: esdb.Start{}})
	} else {
		sub, err = c.SubscribeToAll(t.Context(), esdb.SubscribeToAllOptions{From: esdb.Start{}})
	}
	if err != nil {
		t.Errorf("subscribe: %v", err)
		return nil
	}
	defer func() { _ = sub.Close() }()
	var events []string
	next := map[string]uint64{}
	for ended := 0; ended < streams; {
		got := sub.Recv()
		if got.SubscriptionDropped != nil {
			t.Errorf("subscriber %d was dropped: %v", i, got.SubscriptionDropped.Error)
			return events
		}
		if got.EventAppeared == nil {
			continue
		}
		e := got.EventAppeared.OriginalEvent()
		if e.EventNumber != next[e.StreamID] {
			t.Errorf("subscriber %d heard %s/%d, want number %d", i, e.StreamID, e.EventNumber, next[e.StreamID])
			return events
		}
		next[e.StreamID]++
		events = append(events, fmt.Sprintf("%s/%d@%d", e.StreamID, e.EventNumber, e.Position.Commit))
		if e.EventType == "test.last" {
			ended++
		}
	}
	return events
}

// TestAFilteredSubscriberResumesAtItsCheckpoints stops after each checkpoint
// and goes on from there.
func TestAFilteredSubscriberResumesAtItsCheckpoints(t *testing.T) {
	s := start(t, Options{})
	c := s.client(t)
	want := 0
	for i := range 200 {
		name := "x"
		if i%7 == 0 {
			name = "y"
			want++
		}
		mustAppend(t, c, name, esdb.Any{}, some("e", 1)...)
	}
	var from esdb.AllPosition = esdb.Start{}
	for got := 0; got < want; {
		sub := follow(t, c, esdb.SubscribeToAllOptions{
			From: from, MaxSearchWindow: 5, CheckpointInterval: 1,
			Filter: &esdb.SubscriptionFilter{Type: esdb.StreamFilterType, Prefixes: []string{"y"}},
		})
		for {
			e := sub.Recv()
			if e.CheckPointReached != nil {
				from = *e.CheckPointReached
				break
			}
			if e.EventAppeared == nil {
				t.Fatalf("heard %s before all events: %d of %d", heard(e), got, want)
			}
			if n := e.EventAppeared.OriginalEvent().EventNumber; n != uint64(got) {
				t.Fatalf("heard y/%d, want y/%d", n, got)
			}
			got++
		}
		_ = sub.Close()
	}
}

func TestASubscriberThatFellBehindIsToldWhenItHasCaughtUpAgain(t *testing.T) {
	s := start(t, Options{TailBytes: 1})
	client, _ := s.raw(t)
	o := readAllOptions()
	o.CountOption = &pb.ReadReq_Options_Subscription{Subscription: &pb.ReadReq_Options_SubscriptionOptions{}}
	call, err := client.Read(testContext(t), &pb.ReadReq{Options: o})
	if err != nil {
		t.Fatal(err)
	}
	recv := func() *pb.ReadResp {
		t.Helper()
		r, err := call.Recv()
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	if recv().GetConfirmation() == nil || recv().GetCaughtUp() == nil {
		t.Fatal("want confirmation, then caught up")
	}
	// More than the connection's buffers hold, so that sending has to wait.
	c := s.client(t)
	const n = 40
	for range n {
		mustAppend(t, c, "s", esdb.Any{}, big(1, 200_000)...)
	}
	events, caughtUp := 0, 0
	for events < n || caughtUp == 0 {
		switch r := recv(); {
		case r.GetEvent() != nil:
			if got := r.GetEvent().GetEvent().GetStreamRevision(); got != uint64(events) {
				t.Fatalf("got event %d, want %d", got, events)
			}
			events++
			caughtUp = 0
		case r.GetCaughtUp() != nil:
			caughtUp++
		}
	}
}

// TestASubscriberThatFellBehindGetsWhatWasBeforeATombstone: it reads from disk
// when the stream is ended.
func TestASubscriberThatFellBehindGetsWhatWasBeforeATombstone(t *testing.T) {
	const n = 40 // more than the connection's buffers hold, so that sending has to wait
	for name, metadata := range map[string]string{"all": "", "what metadata leave": `{"$maxCount":5}`} {
		t.Run(name, func(t *testing.T) {
			s := start(t, Options{TailBytes: 1})
			client, _ := s.raw(t)
			c := s.client(t)
			for range n {
				mustAppend(t, c, "s", esdb.Any{}, big(1, 200_000)...)
			}
			o := readAllOptions()
			o.StreamOption = &pb.ReadReq_Options_Stream{Stream: &pb.ReadReq_Options_StreamOptions{
				StreamIdentifier: &shared.StreamIdentifier{StreamName: []byte("s")},
				RevisionOption:   &pb.ReadReq_Options_StreamOptions_Start{Start: &shared.Empty{}},
			}}
			o.CountOption = &pb.ReadReq_Options_Subscription{Subscription: &pb.ReadReq_Options_SubscriptionOptions{}}
			call, err := client.Read(testContext(t), &pb.ReadReq{Options: o})
			if err != nil {
				t.Fatal(err)
			}
			if r, err := call.Recv(); err != nil || r.GetConfirmation() == nil {
				t.Fatalf("want a confirmation, got %v, %v", r, err)
			}
			if metadata != "" {
				setMetadata(t, c, "s", metadata)
			}
			for range n {
				mustAppend(t, c, "s", esdb.Any{}, big(1, 200_000)...)
			}
			if _, err := c.TombstoneStream(testContext(t), "s", esdb.TombstoneStreamOptions{ExpectedRevision: esdb.Any{}}); err != nil {
				t.Fatal(err)
			}
			var got []uint64
			for {
				r, err := call.Recv()
				if err != nil {
					if exception := call.Trailer().Get("exception"); len(exception) != 1 || exception[0] != "stream-deleted" {
						t.Errorf("it ended with %v, %v", err, exception)
					}
					break
				}
				if e := r.GetEvent(); e != nil {
					got = append(got, e.GetEvent().GetStreamRevision())
				}
			}
			if len(got) == 0 || got[len(got)-1] != uint64(tombstoneRevision) {
				t.Fatalf("the tombstone is not the last of %v", got)
			}
			got = got[:len(got)-1]
			if metadata == "" && len(got) != 2*n {
				t.Errorf("got %d events, want %d: %v", len(got), 2*n, got)
			}
			for i, rev := range got[max(0, len(got)-5):] {
				if rev != uint64(2*n-5+i) {
					t.Errorf("the last events are %v", got)
				}
			}
		})
	}
}

func TestClosingEndsSubscriptionsFirst(t *testing.T) {
	s := startUnchecked(t, Options{})
	sub := follow(t, s.client(t), esdb.SubscribeToAllOptions{From: esdb.Start{}})
	wantHeard(t, "before", sub, "caught up")
	s.stop(t)
	dropped := sub.Recv().SubscriptionDropped
	if dropped == nil || status.Code(dropped.Error) != codes.Unavailable {
		t.Errorf("got %v, want Unavailable", dropped)
	}
	mustCheck(t, s.o)
}

func TestClosingAnswersWhatWasAccepted(t *testing.T) {
	s := startUnchecked(t, Options{})
	acknowledged := make(map[uuid.UUID]bool)
	var mu sync.Mutex
	var wg sync.WaitGroup
	begun := make(chan struct{}, 100)
	for w := range 8 {
		c := s.client(t)
		wg.Go(func() {
			for {
				e := some("e", 2)
				if _, err := c.AppendToStream(t.Context(), fmt.Sprint(w), esdb.AppendToStreamOptions{ExpectedRevision: esdb.Any{}}, e...); err != nil {
					return
				}
				mu.Lock()
				acknowledged[e[0].EventID], acknowledged[e[1].EventID] = true, true
				mu.Unlock()
				select {
				case begun <- struct{}{}:
				default:
				}
			}
		})
	}
	for range 50 {
		<-begun
	}
	s.stop(t)
	wg.Wait()
	n := start(t, s.o)
	for _, e := range readAllEvents(t, n.client(t)) {
		delete(acknowledged, e.EventID)
	}
	if len(acknowledged) > 0 {
		t.Errorf("%d acknowledged events are not there", len(acknowledged))
	}
	if err := s.Close(); err != nil {
		t.Errorf("closing again: %v", err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Serve(ln); err != nil {
		t.Errorf("serving after Close: %v", err)
	}
}
