package eventnode

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/cockroachdb/pebble/v2"
	"github.com/google/uuid"
	"google.golang.org/grpc/codes"
)

// linkTo is an event that is a link.
func linkTo(target string) esdb.EventData {
	return esdb.EventData{EventID: uuid.New(), EventType: typeLink, ContentType: esdb.ContentTypeBinary, Data: []byte(target)}
}

func resolving(set *esdb.PersistentSubscriptionSettings) { set.ResolveLinkTos = true }

// wantLinkAlone receives a link that comes without its event.
func wantLinkAlone(t *testing.T, sub *esdb.PersistentSubscription, stream string) *esdb.ResolvedEvent {
	t.Helper()
	e := got(t, sub).Event
	if e.Event != nil {
		t.Fatalf("got %s/%d %q, want the link alone", e.Event.StreamID, e.Event.EventNumber, e.Event.Data)
	}
	if e.Link == nil || e.Link.StreamID != stream {
		t.Fatalf("link %+v, want one in %s", e.Link, stream)
	}
	return e
}

// TestALinkInAGroupShowsOnlyWhatTheSubscriberMayRead has a user link to a stream
// it may not read from one it may write, as it comes first and after it was
// parked.
func TestALinkInAGroupShowsOnlyWhatTheSubscriberMayRead(t *testing.T) {
	s := startSecured(t, Options{})
	admin, ops, alice := s.as(t, "admin", "admin"), s.as(t, "ops", "ops"), s.as(t, "alice", "alice")
	mustAppend(t, admin, "$secret", esdb.NoStream{}, some("e", 1)...)
	mustAppend(t, alice, "open", esdb.NoStream{}, some("e", 1)...)
	mustCreate(t, ops, "inbox", esdb.Start{}, resolving)
	for who, c := range map[string]*esdb.Client{"alice": alice, "ops": ops} {
		mustAppend(t, alice, "inbox", esdb.Any{}, linkTo("0@$secret"), linkTo("0@open"))
		sub := join(t, c, "inbox", 2)
		secret := wantLinkAlone(t, sub, "inbox")
		nack(t, sub, esdb.NackActionPark, secret)
		open := wantGot(t, sub, "open/0")
		nack(t, sub, esdb.NackActionPark, open...)
		until(t, "parked events", func() bool { return s.rawInfo(t, "inbox").GetParkedMessageCount() == 2 })
		if err := ops.ReplayParkedMessages(testContext(t), "inbox", "g", esdb.ReplayParkedMessagesOptions{}); err != nil {
			t.Fatal(err)
		}
		parked := groupKey{"inbox", "g"}.parked()
		again := wantLinkAlone(t, sub, parked)
		ack(t, sub, wantGot(t, sub, "open/0")...)
		// It is not used up by one who may not see it.
		until(t, "only the forbidden one to be in flight", func() bool { return s.rawInfo(t, "inbox").GetTotalInFlightMessages() == 1 })
		ack(t, sub, again)
		until(t, "all to be settled", func() bool { return s.rawInfo(t, "inbox").GetTotalInFlightMessages() == 0 })
		if t.Failed() {
			t.Fatalf("as %s", who)
		}
		_ = sub.Close()
		until(t, "nobody to be there", func() bool { return len(s.rawInfo(t, "inbox").GetConnections()) == 0 })
	}
	mustAppend(t, alice, "inbox", esdb.Any{}, linkTo("0@$secret"))
	sub := join(t, admin, "inbox", 1)
	ack(t, sub, wantGot(t, sub, "$secret/0")...)
}

// TestParkedEventsOfTheSourceAreDelivered has a subscriber read again what the
// node itself has linked, from a stream it may read by its access list.
func TestParkedEventsOfTheSourceAreDelivered(t *testing.T) {
	s := startSecured(t, Options{})
	admin, bob := s.as(t, "admin", "admin"), s.as(t, "bob", "bob")
	mustAppend(t, admin, "$s", esdb.NoStream{}, some("e", 1)...)
	setMetadata(t, admin, "$all", `{"$acl":{"$r":["hiring"]}}`)
	err := admin.CreatePersistentSubscriptionToAll(testContext(t), "g", esdb.PersistentAllSubscriptionOptions{
		StartFrom: esdb.Start{}, Filter: &esdb.SubscriptionFilter{Type: esdb.EventFilterType, Prefixes: []string{"test."}},
	})
	if err != nil {
		t.Fatal(err)
	}
	sub := join(t, bob, allName, 1)
	nack(t, sub, esdb.NackActionPark, wantGot(t, sub, "$s/0")...)
	until(t, "a parked event", func() bool { return s.rawInfo(t, allName).GetParkedMessageCount() == 1 })
	if err := admin.ReplayParkedMessagesToAll(testContext(t), "g", esdb.ReplayParkedMessagesOptions{}); err != nil {
		t.Fatal(err)
	}
	ack(t, sub, wantGot(t, sub, "$s/0")...)
}

// TestOnlyTheBeginningOfAReasonIsStored refuses events with a reason of 1 MiB,
// which is cut within a letter.
func TestOnlyTheBeginningOfAReasonIsStored(t *testing.T) {
	s := start(t, Options{})
	c := s.client(t)
	mustAppend(t, c, "s", esdb.NoStream{}, some("e", 10)...)
	mustCreate(t, c, "s", esdb.Start{}, nil)
	sub := join(t, c, "s", 10)
	var events []*esdb.ResolvedEvent
	for range 10 {
		events = append(events, got(t, sub).Event)
	}
	before := s.Stats().Bytes
	if err := sub.Nack("x"+strings.Repeat("ä", 1<<19), esdb.NackActionPark, events...); err != nil {
		t.Fatal(err)
	}
	until(t, "parked events", func() bool { return s.rawInfo(t, "s").GetParkedMessageCount() == 10 })
	if stored := s.Stats().Bytes - before; stored > 10*(maxReason+1024) {
		t.Errorf("10 events parked for a reason of 1 MiB take %d bytes", stored)
	}
	r, err := c.ReadStream(testContext(t), groupKey{"s", "g"}.parked(), esdb.ReadStreamOptions{From: esdb.Start{}}, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	e, err := r.Recv()
	if err != nil {
		t.Fatal(err)
	}
	if want := `"reason":"x` + strings.Repeat("ä", 511) + `"`; !strings.Contains(string(e.Event.UserMetadata), want) {
		t.Errorf("the parked event says %q", e.Event.UserMetadata)
	}
}

// TestAnAnswerNamesNoMoreThanASubscriberCanHave sends one that is too long.
func TestAnAnswerNamesNoMoreThanASubscriberCanHave(t *testing.T) {
	if _, err := messageIDs(make([]*shared.UUID, maxSlots+1)); err == nil {
		t.Errorf("an answer to %d events is taken", maxSlots+1)
	}
}

// group returns the running group "g" of a stream.
func (s *server) group(t *testing.T, stream string) *group {
	t.Helper()
	g, err := s.persistent.group(groupKey{stream, "g"})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// heavy returns n events of size bytes.
func heavy(n, size int) []esdb.EventData {
	events := some("big", n)
	for i := range events {
		events[i].ContentType, events[i].Data = esdb.ContentTypeBinary, make([]byte, size)
	}
	return events
}

// TestSettledEventsAreLetGo has one event wait for ever while all behind it are
// settled.
func TestSettledEventsAreLetGo(t *testing.T) {
	s := start(t, Options{})
	c := s.client(t)
	mustCreate(t, c, "s", esdb.Start{}, func(set *esdb.PersistentSubscriptionSettings) {
		set.ConsumerStrategyName = esdb.ConsumerStrategyRoundRobin
		atOnce(set)
	})
	idle := join(t, c, "s", 1)
	mustAppend(t, c, "s", esdb.NoStream{}, some("e", 1)...)
	first := wantGot(t, idle, "s/0")
	busy := join(t, c, "s", 100)
	const n = 500
	mustAppend(t, c, "s", esdb.Any{}, heavy(n, 1<<10)...)
	for range n {
		ack(t, busy, got(t, busy).Event)
	}
	until(t, "all but the first to be settled", func() bool { return s.rawInfo(t, "s").GetTotalInFlightMessages() == 1 })
	g := s.group(t, "s")
	var kept, deadlines, size int
	g.do(func() {
		kept, deadlines = g.events.list.Len(), g.deadlines.list.Len()
		for e := g.events.list.Front(); e != nil; e = e.Next() {
			size += len(e.Value.(*message).wire)
		}
	})
	if kept != 2 || deadlines != 1 || size > 1<<10 {
		t.Errorf("%d messages with %d bytes and %d deadlines are kept for one that waits", kept, size, deadlines)
	}
	ack(t, idle, first...)
	s.untilCheckpoint(t, "s", fmt.Sprint(n))
}

// TestTheOrderIsKeptWithoutWhatIsSettled settles in a random order and compares
// with a plain list.
func TestTheOrderIsKeptWithoutWhatIsSettled(t *testing.T) {
	var l sequence
	var all []*message
	var settled []bool
	front, count := 0, 0
	for len(all) < 500 || front < len(all) {
		if len(all) < 500 && rand.IntN(2) == 0 {
			m := &message{order: int64(len(all))}
			l.add(m)
			all, settled = append(all, m), append(settled, false)
			continue
		}
		i := rand.IntN(max(1, len(all)))
		if i >= len(all) || settled[i] {
			continue
		}
		settled[i] = true
		l.settle(all[i])
		for front < len(all) && settled[front] {
			front++
		}
		if last, n := l.settled(); last != nil {
			count += n
			if int(last.order) != front-1 {
				t.Fatalf("settled up to %d, want %d", last.order, front-1)
			}
		}
		open := 0
		for _, done := range settled {
			if !done {
				open++
			}
		}
		if count != front || l.list.Len() > 2*open+1 {
			t.Fatalf("%d counted, want %d; %d kept for %d not settled", count, front, l.list.Len(), open)
		}
	}
}

// TestASubscriberHoldsSoManyBytes has one with room for many events read none of
// them, and then all.
func TestASubscriberHoldsSoManyBytes(t *testing.T) {
	s := start(t, Options{})
	c := s.client(t)
	mustCreate(t, c, "s", esdb.Start{}, nil)
	const n, size = 40, 1000 << 10
	for range n {
		mustAppend(t, c, "s", esdb.Any{}, heavy(1, size)...)
	}
	sub := newSubscriber(maxSlots)
	g := s.group(t, "s")
	if err := g.connect(sub); err != nil {
		t.Fatal(err)
	}
	const most = maxHeldBytes/size + 1
	until(t, "as many as may be held", func() bool { return s.rawInfo(t, "s").GetTotalInFlightMessages() == most })
	until(t, "more to wait", func() bool {
		return s.rawInfo(t, "s").GetLiveBufferCount()+int64(s.rawInfo(t, "s").GetReadBufferCount()) > 0
	})
	if got := s.rawInfo(t, "s").GetTotalInFlightMessages(); got != most {
		t.Errorf("%d events of %d bytes are held, want %d", got, size, most)
	}
	g.do(func() { g.leave(sub) })
	reader := join(t, c, "s", n)
	for range n {
		ack(t, reader, got(t, reader).Event)
	}
}

// TestReplayStopsAtDamage damages the second of five parked events: those behind
// it stay parked, and come when it is whole again.
func TestReplayStopsAtDamage(t *testing.T) {
	s := startUnchecked(t, Options{TailBytes: 1}) // only the newest batch is read from memory
	c := s.client(t)
	mustAppend(t, c, "s", esdb.NoStream{}, some("e", 5)...)
	mustCreate(t, c, "s", esdb.Start{}, atOnce)
	sub := join(t, c, "s", 5)
	nack(t, sub, esdb.NackActionPark, wantGot(t, sub, "s/0", "s/1", "s/2", "s/3", "s/4")...)
	until(t, "parked events", func() bool { return s.rawInfo(t, "s").GetParkedMessageCount() == 5 })
	mustAppend(t, c, "another", esdb.NoStream{}, some("e", 1)...)
	parked := groupKey{"s", "g"}.parked()
	at, err := readIndex(s.db, s.streams.state(parked).id, 1)
	if err != nil {
		t.Fatal(err)
	}
	stored, closer, err := s.db.Get(eventKey(at.pos))
	if err != nil {
		t.Fatal(err)
	}
	good := bytes.Clone(stored)
	if err := closer.Close(); err != nil {
		t.Fatal(err)
	}
	bad := bytes.Clone(good)
	bad[len(bad)-1] ^= 1
	write := func(value []byte) {
		if err := s.db.Set(eventKey(at.pos), value, pebble.Sync); err != nil {
			t.Fatal(err)
		}
	}
	replay := func() {
		if err := c.ReplayParkedMessages(testContext(t), "s", "g", esdb.ReplayParkedMessagesOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	write(bad)
	replay()
	ack(t, sub, wantGot(t, sub, "s/0")...)
	until(t, "the first to be forgotten", func() bool { return s.streams.state(parked).meta.truncateBefore == 1 })
	replay() // which comes no further
	g := s.group(t, "s")
	until(t, "the end of the replay", func() (ended bool) {
		g.do(func() { ended = !g.replay.running && g.replay.next == g.replay.until })
		return ended
	})
	if got := s.rawInfo(t, "s").GetParkedMessageCount(); got != 4 {
		t.Errorf("%d events are parked behind the damage, want 4", got)
	}
	write(good)
	replay()
	ack(t, sub, wantGot(t, sub, "s/1", "s/2", "s/3", "s/4")...)
	until(t, "nothing to be parked", func() bool { return s.streams.state(parked).meta.truncateBefore == 5 })
}

// TestAReplayThatTheNodeEndsLosesNothing ends the node before it has read all
// that is parked.
func TestAReplayThatTheNodeEndsLosesNothing(t *testing.T) {
	s := start(t, Options{})
	c := s.client(t)
	const n = 2000
	for range n / 100 {
		mustAppend(t, c, "s", esdb.Any{}, some("e", 100)...)
	}
	mustCreate(t, c, "s", esdb.Start{}, nil)
	g := s.group(t, "s")
	sub := newSubscriber(100)
	if err := g.connect(sub); err != nil {
		t.Fatal(err)
	}
	answer := func(do func(*message)) {
		d := <-sub.out
		sub.sent(&d)
		g.do(func() { m := g.inFlight[d.event.id]; g.giveBack(m); do(m) })
	}
	for range n {
		answer(func(m *message) { g.park(m, "later") })
	}
	until(t, "parked events", func() bool { return s.rawInfo(t, "s").GetParkedMessageCount() == n })
	s.end() // what Close begins with
	g.do(func() { g.startReplay(tombstoneRevision) })
	settled := int64(0)
	until(t, "the replay to end", func() (ended bool) {
		for len(sub.out) > 0 {
			answer(g.settle)
			settled++
		}
		g.do(func() { ended = !g.replay.running && g.replay.events.list.Len() == 0 })
		return ended
	})
	var done int64
	g.do(func() { done = g.replay.done })
	if done != settled || settled == 0 || settled == n {
		t.Errorf("%d of %d were settled, %d count as dealt with", settled, n, done)
	}
}

// TestOnlyRefusalsAndTimeParkEvents has clients go, groups change and the node
// stop where no delivery may fail.
func TestOnlyRefusalsAndTimeParkEvents(t *testing.T) {
	s := start(t, Options{})
	c := s.client(t)
	ctx := testContext(t)
	none := func(set *esdb.PersistentSubscriptionSettings) { set.MaxRetryCount = 0; atOnce(set) }
	mustAppend(t, c, "s", esdb.NoStream{}, some("e", 3)...)
	mustCreate(t, c, "s", esdb.Start{}, none)
	sub := join(t, c, "s", 3)
	wantGot(t, sub, "s/0", "s/1", "s/2")
	if err := c.UpdatePersistentSubscription(ctx, "s", "g", esdb.PersistentStreamSubscriptionOptions{StartFrom: esdb.Start{}, Settings: groupSettings(none)}); err != nil {
		t.Fatal(err)
	}
	wantDropped(t, sub, codes.Canceled)
	sub = join(t, c, "s", 3)
	wantGot(t, sub, "s/0", "s/1", "s/2")
	if err := c.RestartPersistentSubscriptionSubsystem(ctx, esdb.RestartPersistentSubscriptionSubsystemOptions{}); err != nil {
		t.Fatal(err)
	}
	wantDropped(t, sub, codes.Canceled)
	sub = join(t, c, "s", 3)
	wantGot(t, sub, "s/0", "s/1", "s/2")
	_ = sub.Close()
	until(t, "nobody to be there", func() bool { return len(s.rawInfo(t, "s").GetConnections()) == 0 })
	wantGot(t, join(t, c, "s", 3), "s/0+1", "s/1+1", "s/2+1")
	s = s.reopen(t)
	if got := s.rawInfo(t, "s"); got.GetParkedMessageCount() != 0 || got.GetLastCheckpointedEventPosition() != "" {
		t.Errorf("%d events are parked, and the checkpoint is %q", got.GetParkedMessageCount(), got.GetLastCheckpointedEventPosition())
	}
	sub = join(t, s.client(t), "s", 3)
	nack(t, sub, esdb.NackActionRetry, wantGot(t, sub, "s/0", "s/1", "s/2")[0])
	until(t, "a parked event", func() bool { return s.rawInfo(t, "s").GetParkedMessageCount() == 1 })
}

// TestATombstonedParkedStreamHasNothingToReplay deletes it for good under a
// group.
func TestATombstonedParkedStreamHasNothingToReplay(t *testing.T) {
	s := start(t, Options{})
	c := s.client(t)
	mustAppend(t, c, "s", esdb.NoStream{}, some("e", 2)...)
	mustCreate(t, c, "s", esdb.Start{}, atOnce)
	sub := join(t, c, "s", 1)
	nack(t, sub, esdb.NackActionPark, wantGot(t, sub, "s/0")...)
	until(t, "a parked event", func() bool { return s.rawInfo(t, "s").GetParkedMessageCount() == 1 })
	if _, err := c.TombstoneStream(testContext(t), groupKey{"s", "g"}.parked(), esdb.TombstoneStreamOptions{ExpectedRevision: esdb.Any{}}); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := c.ReplayParkedMessages(testContext(t), "s", "g", esdb.ReplayParkedMessagesOptions{}); err != nil {
			t.Fatal(err)
		}
		g := s.group(t, "s")
		g.do(func() {
			if g.replay.running || g.replay.next < 0 || g.replay.done < 0 || g.replay.next < g.replay.until {
				t.Errorf("the replay is %+v", g.replay)
			}
		})
		s = s.reopen(t)
		c = s.client(t)
	}
	wantGot(t, join(t, c, "s", 1), "s/1")
}
