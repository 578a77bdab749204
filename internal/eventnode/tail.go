package eventnode

import (
	"math"
	"sync"
	"sync/atomic"
)

// tail is the newest part of the log in memory, for subscribers that are up to
// date: a chain of batches, each as it was made durable. Following the chain
// takes no lock. A batch that falls off the old end loses its link, so a slow
// subscriber that still stands on it keeps that one batch in memory, not the
// chain, and finds out that it has to go back to the disk.
//
// It also finds events by their streams: who appends to a stream has often read
// it a moment before, and who reads one often reads what was just appended.
type tail struct {
	maxBytes int

	mu             sync.Mutex
	oldest, newest *tailBatch          // guarded by mu
	bytes          int                 // guarded by mu
	streams        map[uint64][]*event // guarded by mu; without gaps, in order, by number of the stream
}

// tailBatch is a link of the chain.
type tailBatch struct {
	events []event
	after  uint64 // position of the last event before the batch
	last   uint64 // position of its last event
	bytes  int

	linked  chan struct{} // closed when next is set
	next    atomic.Pointer[tailBatch]
	evicted atomic.Bool // set before next is taken away
}

// newTail returns a tail that holds nothing of a log whose last event is at last.
func newTail(last uint64, maxBytes int) *tail {
	b := &tailBatch{after: last, last: last, linked: make(chan struct{})}
	return &tail{maxBytes: maxBytes, oldest: b, newest: b, streams: make(map[uint64][]*event)}
}

// push adds durable events, in order. It keeps the newest batch whatever its size.
func (t *tail) push(events []event) {
	b := &tailBatch{events: events, last: events[len(events)-1].pos, linked: make(chan struct{})}
	for i := range events {
		b.bytes += events[i].size
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	b.after = t.newest.last
	t.newest.next.Store(b)
	close(t.newest.linked)
	t.newest = b
	t.bytes += b.bytes
	for i := range events {
		t.remember(&events[i])
	}
	for t.bytes > t.maxBytes && t.oldest != t.newest {
		o := t.oldest
		t.oldest = o.next.Load()
		t.bytes -= o.bytes
		o.evicted.Store(true)
		o.next.Store(nil)
		for i := range o.events {
			t.forget(&o.events[i])
		}
	}
}

// remember makes an event one that is found by its stream; mu is held. Behind a
// gap, which a tombstone leaves, only what comes after it is found.
func (t *tail) remember(e *event) {
	of := t.streams[e.stream]
	if n := len(of); n > 0 && of[n-1].revision != e.revision-1 {
		of = nil
	}
	t.streams[e.stream] = append(of, e)
}

// forget is the opposite, for the oldest event that is remembered, if it still is.
func (t *tail) forget(e *event) {
	switch of := t.streams[e.stream]; {
	case len(of) == 0 || of[0] != e:
	case len(of) == 1:
		delete(t.streams, e.stream)
	default:
		of[0] = nil
		t.streams[e.stream] = of[1:]
	}
}

// readStream is Node.readStream for events of which all that are asked for are in
// memory; if they are not it reports false, and c is empty.
func (t *tail) readStream(c *chunk, stream uint64, lower, upper int64, backwards bool, limit uint64) bool {
	c.clear()
	span := int64(min(limit, math.MaxInt64)) - 1 // of revisions asked for, less one
	if backwards && upper-lower > span {
		lower = upper - span
	} else if upper-lower > span {
		upper = lower + span
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	of := t.streams[stream]
	if len(of) == 0 || lower < of[0].revision || upper > of[len(of)-1].revision {
		return false
	}
	first := of[0].revision
	for !c.full(limit) && lower <= upper {
		rev := lower
		if backwards {
			rev = upper
			upper--
		} else {
			lower++
		}
		e := of[rev-first]
		c.events = append(c.events, *e)
		c.bytes += e.size
	}
	return true
}

// enter returns the batch from which on all events behind pos are to be found,
// or nil if the tail begins later.
func (t *tail) enter(pos uint64) *tailBatch {
	t.mu.Lock()
	defer t.mu.Unlock()
	if pos < t.oldest.after {
		return nil
	}
	if pos >= t.newest.after {
		return t.newest
	}
	b := t.oldest
	for b.last <= pos {
		b = b.next.Load()
	}
	return b
}

// following returns the batch behind b; or, if there is none yet, a channel
// that is closed when there is; or lost, when b fell off the tail.
func (b *tailBatch) following() (next *tailBatch, wait <-chan struct{}, lost bool) {
	if next = b.next.Load(); next != nil {
		return next, nil, false
	}
	// A link is taken away only after evicted is set, so a missing link of a
	// batch that is not evicted was never there.
	if b.evicted.Load() {
		return nil, nil, true
	}
	return nil, b.linked, false
}
