package eventnode

import (
	"sort"
	"sync/atomic"
	"time"

	ps "github.com/EventStore/EventStore-Client-Go/v4/protos/persistent"
	"github.com/google/uuid"
)

// subscriber is one client of a group. All of it but out and dropped belongs to
// the group's goroutine.
type subscriber struct {
	id, name, from, user string
	pin                  uint64
	slots                int // how many messages it may have at a time

	out     chan delivery // never full when something is put in
	dropped chan error    // why the group has let it go

	messages map[*message]struct{} // it has
	bytes    int                   // of messages
	queued   atomic.Int64          // bytes of what is in out; whoever receives from it takes them off
	total    int64
	asked    time.Time // when it was last asked for its rate
	last     int64     // total then
	took     latencies
}

// delivery is a message on its way to a client.
type delivery struct {
	event   event
	retries int32
	parked  bool
}

func newSubscriber(slots int) *subscriber {
	s := &subscriber{
		id: uuid.NewString(), slots: slots, asked: time.Now(),
		out: make(chan delivery, min(2*slots, maxQueued)), dropped: make(chan error, 1), messages: map[*message]struct{}{},
	}
	s.pin = hash(s.id)
	return s
}

// free reports whether s may be given a message. Messages that were taken away
// from a slow client are still on their way to it.
func (s *subscriber) free() bool {
	return s != nil && len(s.messages) < s.slots && s.bytes < maxHeldBytes &&
		len(s.out) < cap(s.out) && s.queued.Load() < maxHeldBytes
}

func (s *subscriber) take(m *message) {
	s.messages[m] = struct{}{}
	s.bytes += m.size
	s.queued.Add(int64(m.size))
	s.total++
	s.out <- delivery{event: m.event, retries: m.retries, parked: m.parked >= 0}
}

// sent notes that d is not queued any more, and reports whether there is room
// where there was none.
func (s *subscriber) sent(d *delivery) bool {
	size := int64(d.event.size)
	left := s.queued.Add(-size)
	return len(s.out) == cap(s.out)-1 || left < maxHeldBytes && left+size >= maxHeldBytes
}

func (s *subscriber) release(m *message) {
	delete(s.messages, m)
	s.bytes -= m.size
}

// drop ends the client's call.
func (s *subscriber) drop(why error) {
	select {
	case s.dropped <- why:
	default: // it was told already
	}
}

// connect adds a subscriber, unless there are too many.
func (g *group) connect(s *subscriber) (err error) {
	running := g.do(func() {
		switch most := int(g.cfg.MaxSubscribers); {
		case g.failure != nil:
			err = g.failure
		case most > 0 && len(g.subscribers) >= most:
			err = tooManySubscribers(g.cfg.key(), most)
		default:
			g.subscribers = append(g.subscribers, s)
		}
	})
	if !running {
		return droppedSubscription(g.cfg.key())
	}
	return err
}

// leave removes a subscriber. What it has not acknowledged goes to others, and
// counts as delivered once more, but nothing is parked because a client is gone:
// it says nothing of the events. That the node or the group stops says less.
func (g *group) leave(s *subscriber) {
	for i, other := range g.subscribers {
		if other == s {
			g.subscribers = append(g.subscribers[:i:i], g.subscribers[i+1:]...)
			break
		}
	}
	for _, m := range s.held() {
		g.giveBack(m)
		if !g.stopping && g.n.closing.Err() == nil {
			m.retries++
		}
		g.waiting.put(m)
	}
}

// held returns what s has, in order.
func (s *subscriber) held() []*message {
	list := make([]*message, 0, len(s.messages))
	for m := range s.messages {
		list = append(list, m)
	}
	sort.Slice(list, func(i, k int) bool {
		return list[i].order < list[k].order || list[i].order == list[k].order && list[i].parked < list[k].parked
	})
	return list
}

// acknowledge settles messages s has. Others it does not have any more, and
// they are with somebody else.
func (g *group) acknowledge(s *subscriber, ids []uuid.UUID) {
	for _, id := range ids {
		if m := g.inFlight[id]; m != nil && m.to == s {
			s.took.add(time.Since(m.sent))
			g.giveBack(m)
			g.settle(m)
		}
	}
}

// refuse deals with messages s could not process.
func (g *group) refuse(s *subscriber, ids []uuid.UUID, action ps.ReadReq_Nack_Action, why string) {
	if action == ps.ReadReq_Nack_Stop {
		s.slots = 0 // what it gives back is for others
	}
	for _, id := range ids {
		m := g.inFlight[id]
		if m == nil || m.to != s {
			continue
		}
		g.giveBack(m)
		switch action {
		case ps.ReadReq_Nack_Park:
			g.park(m, why)
		case ps.ReadReq_Nack_Skip:
			g.settle(m)
		case ps.ReadReq_Nack_Stop:
			g.waiting.put(m)
		default:
			g.retry(m, why)
		}
	}
	if action == ps.ReadReq_Nack_Stop {
		s.drop(droppedSubscription(g.cfg.key()))
	}
}

// latencies are the last times from delivery to acknowledgement.
type latencies struct {
	ring [256]time.Duration
	n    int // how many there were
}

func (l *latencies) add(d time.Duration) {
	l.ring[l.n%len(l.ring)] = d
	l.n++
}

// measurements are what extra statistics tell of l, in milliseconds.
func (l *latencies) measurements() []*ps.SubscriptionInfo_Measurement {
	all := append([]time.Duration(nil), l.ring[:min(l.n, len(l.ring))]...)
	if len(all) == 0 {
		return nil
	}
	sort.Slice(all, func(i, k int) bool { return all[i] < all[k] })
	var sum time.Duration
	for _, d := range all {
		sum += d
	}
	at := func(share float64) time.Duration { return all[int(share*float64(len(all)-1))] }
	var out []*ps.SubscriptionInfo_Measurement
	for _, m := range []struct {
		key string
		d   time.Duration
	}{
		{"Mean", sum / time.Duration(len(all))},
		{"Median", at(0.5)},
		{"Fastest", all[0]},
		{"Quintile 1", at(0.2)},
		{"Quintile 2", at(0.4)},
		{"Quintile 3", at(0.6)},
		{"Quintile 4", at(0.8)},
		{"Quintile 5", at(1)},
		{"90%", at(0.9)},
		{"95%", at(0.95)},
		{"99%", at(0.99)},
		{"99.5%", at(0.995)},
		{"99.9%", at(0.999)},
		{"Highest", all[len(all)-1]},
	} {
		out = append(out, &ps.SubscriptionInfo_Measurement{Key: m.key, Value: m.d.Milliseconds()})
	}
	return out
}
