package eventnode

import (
	"strings"
	"testing"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/google/uuid"
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
