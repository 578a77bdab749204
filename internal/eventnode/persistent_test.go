package eventnode

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	ps "github.com/EventStore/EventStore-Client-Go/v4/protos/persistent"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// groupSettings are the client's defaults, changed.
func groupSettings(change func(s *esdb.PersistentSubscriptionSettings)) *esdb.PersistentSubscriptionSettings {
	s := esdb.SubscriptionSettingsDefault()
	if change != nil {
		change(&s)
	}
	return &s
}

// atOnce stores each step.
func atOnce(s *esdb.PersistentSubscriptionSettings) {
	s.CheckpointLowerBound, s.CheckpointUpperBound = 1, 1
}

func mustCreate(t *testing.T, c *esdb.Client, stream string, from esdb.StreamPosition, change func(s *esdb.PersistentSubscriptionSettings)) {
	t.Helper()
	err := c.CreatePersistentSubscription(testContext(t), stream, "g", esdb.PersistentStreamSubscriptionOptions{StartFrom: from, Settings: groupSettings(change)})
	if err != nil {
		t.Fatalf("create a group on %s: %v", stream, err)
	}
}

// join connects to group "g" of a stream, or of $all.
func join(t *testing.T, c *esdb.Client, stream string, buffer uint32) *esdb.PersistentSubscription {
	t.Helper()
	sub, err := tryJoin(t, c, stream, buffer)
	if err != nil {
		t.Fatalf("join the group on %s: %v", stream, err)
	}
	return sub
}

func tryJoin(t *testing.T, c *esdb.Client, stream string, buffer uint32) (sub *esdb.PersistentSubscription, err error) {
	t.Helper()
	o := esdb.SubscribeToPersistentSubscriptionOptions{BufferSize: buffer}
	ctx, cancel := context.WithCancel(t.Context()) // of the whole call, so it has no deadline
	t.Cleanup(cancel)
	give := time.AfterFunc(patience, cancel)
	defer give.Stop()
	if stream == allName {
		sub, err = c.SubscribeToPersistentSubscriptionToAll(ctx, "g", o)
	} else {
		sub, err = c.SubscribeToPersistentSubscription(ctx, stream, "g", o)
	}
	if err == nil {
		t.Cleanup(func() { _ = sub.Close() })
	}
	return sub, err
}

// patience is how long a test waits for one event.
const patience = 60 * time.Second

// received is the next that sub says.
func received(sub *esdb.PersistentSubscription) *esdb.PersistentSubscriptionEvent {
	give := time.AfterFunc(patience, func() { _ = sub.Close() })
	defer give.Stop()
	return sub.Recv()
}

// got receives the next event of sub.
func got(t *testing.T, sub *esdb.PersistentSubscription) *esdb.EventAppeared {
	t.Helper()
	e := received(sub)
	if e.EventAppeared == nil {
		t.Fatalf("the subscription ended: %v", e.SubscriptionDropped.Error)
	}
	return e.EventAppeared
}

// wantGot receives events and compares "stream/revision" of each, with the
// number of retries behind a + if there were any.
func wantGot(t *testing.T, sub *esdb.PersistentSubscription, want ...string) []*esdb.ResolvedEvent {
	t.Helper()
	var events []*esdb.ResolvedEvent
	var names []string
	for range want {
		e := got(t, sub)
		if e.Event.Event == nil {
			t.Fatalf("got a link alone, want %v", want)
		}
		name := fmt.Sprintf("%s/%d", e.Event.Event.StreamID, e.Event.Event.EventNumber)
		if e.RetryCount > 0 {
			name += fmt.Sprintf("+%d", e.RetryCount)
		}
		events, names = append(events, e.Event), append(names, name)
	}
	if !slices.Equal(names, want) {
		t.Errorf("got %v, want %v", names, want)
	}
	return events
}

// wantDropped receives what ends a subscription.
func wantDropped(t *testing.T, sub *esdb.PersistentSubscription, want codes.Code) {
	t.Helper()
	for {
		e := received(sub)
		if e.SubscriptionDropped == nil {
			continue
		}
		if got := status.Code(deepest(e.SubscriptionDropped.Error)); got != want {
			t.Errorf("dropped with %v, want %v", e.SubscriptionDropped.Error, want)
		}
		return
	}
}

// rawInfo asks for a group's description.
func (s *server) rawInfo(t *testing.T, stream string) *ps.SubscriptionInfo {
	t.Helper()
	g := s.persistent.groups[groupKey{stream, "g"}]
	if g == nil {
		t.Fatalf("there is no group on %s", stream)
	}
	return g.info()
}

func (s *server) untilCheckpoint(t *testing.T, stream, want string) {
	t.Helper()
	until(t, "checkpoint "+want, func() bool { return s.rawInfo(t, stream).GetLastCheckpointedEventPosition() == want })
}

func ack(t *testing.T, sub *esdb.PersistentSubscription, events ...*esdb.ResolvedEvent) {
	t.Helper()
	if err := sub.Ack(events...); err != nil {
		t.Fatalf("acknowledge: %v", err)
	}
}

func nack(t *testing.T, sub *esdb.PersistentSubscription, action esdb.NackAction, events ...*esdb.ResolvedEvent) {
	t.Helper()
	if err := sub.Nack("not now", action, events...); err != nil {
		t.Fatalf("refuse: %v", err)
	}
}

func TestAGroupGoesOnWhereItWas(t *testing.T) {
	s := start(t, Options{})
	c := s.client(t)
	mustAppend(t, c, "s", esdb.NoStream{}, some("e", 6)...)
	mustCreate(t, c, "s", esdb.Start{}, atOnce)
	sub := join(t, c, "s", 10)
	events := wantGot(t, sub, "s/0", "s/1", "s/2", "s/3", "s/4", "s/5")
	ack(t, sub, events[0], events[1], events[3]) // but for 2
	s.untilCheckpoint(t, "s", "1")
	s = s.reopen(t)
	sub = join(t, s.client(t), "s", 10)
	events = wantGot(t, sub, "s/2", "s/3", "s/4", "s/5") // 3 again: all behind the first that is missing
	ack(t, sub, events...)
	s.untilCheckpoint(t, "s", "5")
	s = s.reopen(t)
	c = s.client(t)
	sub = join(t, c, "s", 10)
	mustAppend(t, c, "s", esdb.Any{}, some("e", 1)...)
	wantGot(t, sub, "s/6")
}

// TestWhereAGroupBegins creates groups at each kind of beginning, and reopens the
// node before anything is settled.
func TestWhereAGroupBegins(t *testing.T) {
	s := start(t, Options{})
	c := s.client(t)
	mustAppend(t, c, "s", esdb.NoStream{}, some("e", 3)...)
	third := readAllEvents(t, c)[2].Position
	mustCreate(t, c, "s", esdb.Revision(1), nil)
	mustAppend(t, c, "end", esdb.NoStream{}, some("e", 2)...)
	mustCreate(t, c, "end", esdb.End{}, nil)
	mustCreate(t, c, "later", esdb.End{}, nil)
	err := c.CreatePersistentSubscriptionToAll(testContext(t), "g", esdb.PersistentAllSubscriptionOptions{StartFrom: third, Filter: esdb.ExcludeSystemEventsFilter()})
	if err != nil {
		t.Fatal(err)
	}
	s = s.reopen(t)
	c = s.client(t)
	mustAppend(t, c, "end", esdb.Any{}, some("e", 1)...)
	mustAppend(t, c, "later", esdb.NoStream{}, some("e", 1)...)
	s = s.reopen(t)
	c = s.client(t)
	wantGot(t, join(t, c, "s", 5), "s/1", "s/2")
	wantGot(t, join(t, c, "end", 5), "end/2")
	wantGot(t, join(t, c, "later", 5), "later/0")
	all := join(t, c, allName, 3)
	// The events between them are the configuration's.
	wantGot(t, all, "s/2", "end/0", "end/1")
	for stream, want := range map[string]string{"s": "1", "end": "-1", "later": "-1", allName: fmt.Sprintf("C:%d/P:%d", third.Commit, third.Commit)} {
		if got := s.rawInfo(t, stream).GetStartFrom(); got != want {
			t.Errorf("%s is said to begin at %s, want %s", stream, got, want)
		}
	}
}

func TestWhatIsNotAcknowledgedComesAgain(t *testing.T) {
	s := start(t, Options{})
	c := s.client(t)
	mustAppend(t, c, "s", esdb.NoStream{}, some("e", 3)...)
	mustCreate(t, c, "s", esdb.Start{}, func(set *esdb.PersistentSubscriptionSettings) {
		set.MessageTimeout, set.MaxRetryCount = 50, 1000
	})
	sub := join(t, c, "s", 1)
	wantGot(t, sub, "s/0", "s/0+1")
	// It comes once more if this machine is too slow to acknowledge it in time.
	for retries := 2; ; retries++ {
		e := got(t, sub)
		if n := e.Event.Event.EventNumber; n == 1 && retries > 2 {
			return
		} else if n != 0 || e.RetryCount != retries {
			t.Fatalf("got s/%d+%d, want s/0+%d", n, e.RetryCount, retries)
		}
		ack(t, sub, e.Event)
	}
}

func TestWhoLeavesLeavesItsEventsToOthers(t *testing.T) {
	s := start(t, Options{})
	c := s.client(t)
	mustAppend(t, c, "s", esdb.NoStream{}, some("e", 3)...)
	mustCreate(t, c, "s", esdb.Start{}, nil)
	first := join(t, c, "s", 10)
	ack(t, first, wantGot(t, first, "s/0", "s/1", "s/2")[1])
	until(t, "the acknowledgement", func() bool { return s.rawInfo(t, "s").GetTotalInFlightMessages() == 2 })
	_ = first.Close()
	wantGot(t, join(t, c, "s", 10), "s/0+1", "s/2+1")
}

func TestRefusingAnEvent(t *testing.T) {
	s := start(t, Options{})
	c := s.client(t)
	mustAppend(t, c, "s", esdb.NoStream{}, some("e", 6)...)
	mustCreate(t, c, "s", esdb.Start{}, func(set *esdb.PersistentSubscriptionSettings) { set.MaxRetryCount = 2; atOnce(set) })
	sub := join(t, c, "s", 1)
	nack(t, sub, esdb.NackActionRetry, wantGot(t, sub, "s/0")...)
	nack(t, sub, esdb.NackActionUnknown, wantGot(t, sub, "s/0+1")...)
	nack(t, sub, esdb.NackActionRetry, wantGot(t, sub, "s/0+2")...) // parked: two retries
	nack(t, sub, esdb.NackActionSkip, wantGot(t, sub, "s/1")...)
	nack(t, sub, esdb.NackActionPark, wantGot(t, sub, "s/2")...)
	ack(t, sub, wantGot(t, sub, "s/3")...)
	s.untilCheckpoint(t, "s", "3")
	nack(t, sub, esdb.NackActionStop, wantGot(t, sub, "s/4")...)
	wantDropped(t, sub, codes.Canceled)
	wantGot(t, join(t, c, "s", 1), "s/4") // not counted as a retry
	got, err := readStream(t, c, "$persistentsubscription-s::g-parked", esdb.ReadStreamOptions{From: esdb.Start{}})
	if err != nil {
		t.Fatal(err)
	}
	equalLines(t, "parked", got, "$persistentsubscription-s::g-parked/0/$>/0@s", "$persistentsubscription-s::g-parked/1/$>/2@s")
	if got := s.rawInfo(t, "s").GetParkedMessageCount(); got != 2 {
		t.Errorf("%d events are parked, want 2", got)
	}
}

// TestReplayingParkedEvents parks many, replays some, and stops the node while
// they are out.
func TestReplayingParkedEvents(t *testing.T) {
	s := start(t, Options{})
	c := s.client(t)
	const n = 250 // more than one append parks
	mustAppend(t, c, "s", esdb.NoStream{}, some("e", n)...)
	mustCreate(t, c, "s", esdb.Start{}, nil)
	sub := join(t, c, "s", n)
	for range n {
		nack(t, sub, esdb.NackActionPark, got(t, sub).Event)
	}
	parked := func(want int64) {
		t.Helper()
		until(t, fmt.Sprintf("%d parked events", want), func() bool { return s.rawInfo(t, "s").GetParkedMessageCount() == want })
	}
	parked(n)
	if err := c.ReplayParkedMessages(testContext(t), "s", "g", esdb.ReplayParkedMessagesOptions{StopAt: 3}); err != nil {
		t.Fatal(err)
	}
	again := wantGot(t, sub, "s/0", "s/1", "s/2")
	if again[0].Link == nil || again[0].Link.StreamID != "$persistentsubscription-s::g-parked" {
		t.Errorf("a replayed event comes with link %v", again[0].Link)
	}
	parked(n - 3)
	ack(t, sub, again[0], again[2])
	until(t, "the acknowledgements", func() bool { return s.rawInfo(t, "s").GetTotalInFlightMessages() == 1 })

	s = s.reopen(t) // 1 was not acknowledged
	c = s.client(t)
	parked(n - 1)
	sub = join(t, c, "s", n)
	if err := c.ReplayParkedMessages(testContext(t), "s", "g", esdb.ReplayParkedMessagesOptions{}); err != nil {
		t.Fatal(err)
	}
	wanted := make([]string, 0, n)
	for i := 1; i < n; i++ {
		wanted = append(wanted, fmt.Sprintf("s/%d", i))
	}
	again = wantGot(t, sub, wanted...)
	nack(t, sub, esdb.NackActionPark, again[7])
	ack(t, sub, append(again[:7:7], again[8:]...)...)
	parked(1)
	until(t, "the others", func() bool { return s.rawInfo(t, "s").GetTotalInFlightMessages() == 0 })

	s = s.reopen(t)
	c = s.client(t)
	parked(1)
	if err := c.ReplayParkedMessages(testContext(t), "s", "g", esdb.ReplayParkedMessagesOptions{}); err != nil {
		t.Fatal(err)
	}
	sub = join(t, c, "s", 1)
	ack(t, sub, wantGot(t, sub, "s/8")...)
	parked(0)
}

// TestParkedEventsThatAreGoneAreLeftOut replays an event that was deleted
// meanwhile.
func TestParkedEventsThatAreGoneAreLeftOut(t *testing.T) {
	s := start(t, Options{})
	c := s.client(t)
	mustAppend(t, c, "s", esdb.NoStream{}, some("e", 2)...)
	mustCreate(t, c, "s", esdb.Start{}, nil)
	sub := join(t, c, "s", 2)
	nack(t, sub, esdb.NackActionPark, wantGot(t, sub, "s/0", "s/1")...)
	until(t, "parked events", func() bool { return s.rawInfo(t, "s").GetParkedMessageCount() == 2 })
	setMetadata(t, c, "s", `{"$tb":1}`)
	if err := c.ReplayParkedMessages(testContext(t), "s", "g", esdb.ReplayParkedMessagesOptions{}); err != nil {
		t.Fatal(err)
	}
	ack(t, sub, wantGot(t, sub, "s/1")...)
	until(t, "nothing to be in flight", func() bool { return s.rawInfo(t, "s").GetTotalInFlightMessages() == 0 })
}

func TestLinksInAGroup(t *testing.T) {
	s := start(t, Options{})
	c := s.client(t)
	mustAppend(t, c, "s", esdb.NoStream{}, some("e", 3)...)
	for _, to := range []string{"0@s", "1@s", "9@s", "2@s"} {
		e := some("l", 1)
		e[0].EventType, e[0].Data, e[0].ContentType = "$>", []byte(to), esdb.ContentTypeBinary
		mustAppend(t, c, "links", esdb.Any{}, e...)
	}
	setMetadata(t, c, "s", `{"$tb":1}`)
	mustCreate(t, c, "links", esdb.Start{}, func(set *esdb.PersistentSubscriptionSettings) { set.ResolveLinkTos = true; atOnce(set) })
	sub := join(t, c, "links", 1)
	e := wantGot(t, sub, "s/1") // the first is gone
	if e[0].Link == nil || e[0].Link.StreamID != "links" || e[0].Link.EventNumber != 1 {
		t.Errorf("link %+v", e[0].Link)
	}
	nack(t, sub, esdb.NackActionPark, e...)
	ack(t, sub, wantGot(t, sub, "s/2")...)
	s.untilCheckpoint(t, "links", "3")
	if err := c.ReplayParkedMessages(testContext(t), "links", "g", esdb.ReplayParkedMessagesOptions{}); err != nil {
		t.Fatal(err)
	}
	wantGot(t, sub, "s/1") // through two links
}

func TestAGroupOnAll(t *testing.T) {
	s := start(t, Options{})
	c := s.client(t)
	o := esdb.PersistentAllSubscriptionOptions{
		StartFrom: esdb.Start{}, Settings: groupSettings(atOnce), MaxSearchWindow: 1,
		Filter: &esdb.SubscriptionFilter{Type: esdb.StreamFilterType, Prefixes: []string{"a", "$persistent"}},
	}
	if err := c.CreatePersistentSubscriptionToAll(testContext(t), "g", o); err != nil {
		t.Fatal(err)
	}
	sub := join(t, c, allName, 10)
	config := wantGot(t, sub, configStream+"/0") // its own
	mustAppend(t, c, "a", esdb.NoStream{}, some("e", 2)...)
	mustAppend(t, c, "b", esdb.NoStream{}, some("e", 2)...)
	ack(t, sub, append(config, wantGot(t, sub, "a/0", "a/1")...)...)
	// Events it does not want move it on, too; those that say so do not.
	last := mustAppend(t, c, "b", esdb.Any{}, some("e", 1)...)
	until(t, "a checkpoint behind what does not match", func() bool {
		at, err := parsePlace(allName, s.rawInfo(t, allName).GetLastCheckpointedEventPosition())
		return err == nil && uint64(at) >= last.CommitPosition
	})
	s = s.reopen(t)
	c = s.client(t)
	sub = join(t, c, allName, 10)
	mustAppend(t, c, "a", esdb.Any{}, some("e", 1)...)
	nack(t, sub, esdb.NackActionPark, wantGot(t, sub, "a/2")...)
	until(t, "a parked event", func() bool { return s.rawInfo(t, allName).GetParkedMessageCount() == 1 })
	if err := c.ReplayParkedMessagesToAll(testContext(t), "g", esdb.ReplayParkedMessagesOptions{}); err != nil {
		t.Fatal(err)
	}
	wantGot(t, sub, "a/2")
	for _, line := range readAll(t, c, esdb.ReadAllOptions{From: esdb.Start{}}) {
		if strings.HasPrefix(line, "$persistentsubscription-$all::g-") {
			t.Errorf("$all holds %s", line)
		}
	}
}

func TestHowEventsAreSharedOut(t *testing.T) {
	for strategy, want := range map[esdb.ConsumerStrategy]string{
		esdb.ConsumerStrategyRoundRobin:       "0 2 4 / 1 3 5",
		esdb.ConsumerStrategyDispatchToSingle: "0 1 2 3 / 4 5",
	} {
		t.Run(string(strategy), func(t *testing.T) {
			s := start(t, Options{})
			c := s.client(t)
			mustCreate(t, c, "s", esdb.Start{}, func(set *esdb.PersistentSubscriptionSettings) { set.ConsumerStrategyName = strategy })
			one, two := join(t, c, "s", 4), join(t, c, "s", 4)
			mustAppend(t, c, "s", esdb.NoStream{}, some("e", 6)...)
			a, b, _ := strings.Cut(want, " / ")
			var lists []string
			for i, sub := range []*esdb.PersistentSubscription{one, two} {
				var list []string
				for range strings.Fields([]string{a, b}[i]) {
					list = append(list, fmt.Sprint(got(t, sub).Event.Event.EventNumber))
				}
				lists = append(lists, strings.Join(list, " "))
			}
			if got := strings.Join(lists, " / "); got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		})
	}
}

// TestPinnedEventsStayTogether has three subscribers share twenty streams, or
// twenty correlations, of which each must go to one of them; and when one
// leaves, only what it had goes elsewhere.
func TestPinnedEventsStayTogether(t *testing.T) {
	for _, strategy := range []string{strategyPinned, strategyByCorrelation} {
		t.Run(strategy, func(t *testing.T) {
			s := start(t, Options{})
			c := s.client(t)
			_, conn := s.raw(t)
			settings := &ps.CreateReq_Settings{MaxRetryCount: 10, ConsumerStrategy: strategy, LiveBufferSize: 500, HistoryBufferSize: 500, ReadBatchSize: 20}
			_, err := ps.NewPersistentSubscriptionsClient(conn).Create(testContext(t), &ps.CreateReq{Options: &ps.CreateReq_Options{
				GroupName: "g", Settings: settings,
				StreamOption: &ps.CreateReq_Options_All{All: &ps.CreateReq_AllOptions{
					AllOption: &ps.CreateReq_AllOptions_Start{},
					FilterOption: &ps.CreateReq_AllOptions_Filter{Filter: &ps.CreateReq_AllOptions_FilterOptions{
						Filter: &ps.CreateReq_AllOptions_FilterOptions_EventType{EventType: &ps.CreateReq_AllOptions_FilterOptions_Expression{Prefix: []string{"test."}}},
					}},
				}},
			}})
			if err != nil {
				t.Fatal(err)
			}
			subs := []*esdb.PersistentSubscription{join(t, c, allName, 1000), join(t, c, allName, 1000), join(t, c, allName, 1000)}
			const keys = 20
			round := func() {
				for i := range keys {
					e := some("e", 1)
					stream := fmt.Sprintf("s-%d", i)
					if strategy == strategyByCorrelation {
						stream = fmt.Sprintf("s-%d", rand.IntN(1000))
						e[0].Metadata = fmt.Appendf(nil, `{"$correlationId":"%d"}`, i)
					}
					mustAppend(t, c, stream, esdb.Any{}, e...)
				}
			}
			key := func(e *esdb.EventAppeared) string {
				if strategy == strategyByCorrelation {
					return string(e.Event.Event.UserMetadata)
				}
				return e.Event.Event.StreamID
			}
			var mu sync.Mutex
			owners := map[string]map[int]int{}
			count := 0
			var readers sync.WaitGroup
			for i, sub := range subs {
				readers.Go(func() {
					for {
						e := sub.Recv()
						if e.EventAppeared == nil {
							return
						}
						_ = sub.Ack(e.EventAppeared.Event)
						mu.Lock()
						k := key(e.EventAppeared)
						if owners[k] == nil {
							owners[k] = map[int]int{}
						}
						owners[k][i]++
						count++
						mu.Unlock()
					}
				})
			}
			seen := func(n int) func() bool {
				return func() bool {
					mu.Lock()
					defer mu.Unlock()
					return count >= n
				}
			}
			round()
			round()
			round()
			until(t, "three rounds", seen(3*keys))
			until(t, "all acknowledgements", func() bool { return s.rawInfo(t, allName).GetTotalInFlightMessages() == 0 })
			_ = subs[0].Close()
			until(t, "two subscribers", func() bool { return len(s.rawInfo(t, allName).GetConnections()) == 2 })
			round()
			until(t, "the fourth round", seen(4*keys))
			used, moved := map[int]bool{}, 0
			for k, by := range owners {
				for i := range by {
					used[i] = true
				}
				if len(by) > 1 {
					moved++
				}
				if len(by) > 2 || len(by) == 2 && by[0] == 0 {
					t.Errorf("events of %s went to %v", k, by)
				}
			}
			if len(used) < 2 || len(owners) != keys || moved == keys {
				t.Errorf("%d keys, %d subscribers used, %d moved", len(owners), len(used), moved)
			}
			_ = subs[1].Close()
			_ = subs[2].Close()
			readers.Wait()
		})
	}
}
