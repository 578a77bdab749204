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
	settled bool
	pin     uint64 // of the pinning strategies; 0 until asked for

	// While it is in flight:
	to      *subscriber
	attempt int // counts deliveries, so that an old deadline is known as such
	sent    time.Time
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

// sequence remembers the order of messages and which are settled.
type sequence struct{ list list.List } // of *message

func (l *sequence) add(m *message) { l.list.PushBack(m) }

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
		n++
	}
	return last, n
}

// deadline is when a delivery is given up.
type deadline struct {
	at      time.Time
	m       *message
	attempt int
}

// deadlines are all of a group's, in order, since each has the same time.
type deadlines struct{ list list.List } // of deadline

func (d *deadlines) add(m *message, at time.Time) {
	d.list.PushBack(deadline{at: at, m: m, attempt: m.attempt})
}

// next returns the first delivery that still waits, and when it is given up.
func (d *deadlines) next() (m *message, at time.Time) {
	for e := d.list.Front(); e != nil; e = d.list.Front() {
		first := e.Value.(deadline) //nolint:errcheck // only deadlines are in it
		if first.m.to != nil && first.m.attempt == first.attempt {
			return first.m, first.at
		}
		d.list.Remove(e)
	}
	return nil, time.Time{}
}
