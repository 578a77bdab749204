package eventnode

import (
	"container/list"
	"time"
)

// message is an event on its way through a group.
type message struct {
	event
	order   int64 // in which events came; 0 for one replayed from the parked ones
	place   place // the group's, once this message and all before it are settled
	parked  int64 // its revision among the parked events, or -1
	retries int32
	settled bool   // and then it has no event any more
	pin     uint64 // of the pinning strategies; 0 until asked for

	at   *list.Element // in the sequence
	span int           // how many settled ones, one behind the other, it stands for

	attempt int // counts deliveries
	// While it is in flight:
	to    *subscriber
	sent  time.Time
	due   time.Time     // when the delivery is given up
	awake *list.Element // in the deadlines; nil if there is none
}

// pending are the messages nobody has, in the order they are to be delivered:
// replayed ones first, then as they came. A message delivered again takes its
// old place.
type pending struct {
	list  list.List // of *message
	bytes int
}

func (p *pending) put(m *message) {
	p.bytes += m.size
	// Mostly it is a new one, or one to be retried, which is older than most.
	if back := p.list.Back(); back == nil || back.Value.(*message).order <= m.order { //nolint:errcheck // only messages are in it
		p.list.PushBack(m)
		return
	}
	for e := p.list.Front(); e != nil; e = e.Next() {
		if e.Value.(*message).order > m.order { //nolint:errcheck // only messages are in it
			p.list.InsertBefore(m, e)
			return
		}
	}
}

func (p *pending) take(e *list.Element) *message {
	m := p.list.Remove(e).(*message) //nolint:errcheck // only messages are in it
	p.bytes -= m.size
	return m
}

// sequence remembers the order of messages and which are settled. Settled ones
// that are neighbours become one, so it is never longer than twice what is not
// settled, and one more.
type sequence struct{ list list.List } // of *message

func (l *sequence) add(m *message) { m.at, m.span = l.list.PushBack(m), 1 }

// settle notes that m, which is in l, is dealt with, and lets its event go.
func (l *sequence) settle(m *message) {
	m.settled, m.event = true, event{}
	if before := m.at.Prev(); before != nil {
		if other := before.Value.(*message); other.settled { //nolint:errcheck // only messages are in it
			m.span += other.span
			l.list.Remove(before)
		}
	}
	if behind := m.at.Next(); behind != nil {
		if other := behind.Value.(*message); other.settled { //nolint:errcheck // only messages are in it
			other.span += m.span
			l.list.Remove(m.at)
		}
	}
}

// settled removes the messages at the front that are settled and returns the
// last of them, or nil, and how many they were.
func (l *sequence) settled() (last *message, n int) {
	for e := l.list.Front(); e != nil; e = l.list.Front() {
		m := e.Value.(*message) //nolint:errcheck // only messages are in it
		if !m.settled {
			break
		}
		l.list.Remove(e)
		last = m
		n += m.span
	}
	return last, n
}

// deadlines are the messages in flight that are to be given up, in order, since
// each delivery of a group has the same time.
type deadlines struct{ list list.List } // of *message

func (d *deadlines) add(m *message, at time.Time) { m.due, m.awake = at, d.list.PushBack(m) }

func (d *deadlines) remove(m *message) {
	if m.awake != nil {
		d.list.Remove(m.awake)
		m.awake = nil
	}
}

// next returns the first delivery that is to be given up, or nil.
func (d *deadlines) next() *message {
	if e := d.list.Front(); e != nil {
		return e.Value.(*message) //nolint:errcheck // only messages are in it
	}
	return nil
}
