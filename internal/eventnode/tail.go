package eventnode

import (
	"sync"
	"sync/atomic"
)

// tail is the newest part of the log in memory, for subscribers that are up to
// date: a chain of batches, each as it was made durable. Following the chain
// takes no lock. A batch that falls off the old end loses its link, so a slow
// subscriber that still stands on it keeps that one batch in memory, not the
// chain, and finds out that it has to go back to the disk.
type tail struct {
	maxBytes int

	mu             sync.Mutex
	oldest, newest *tailBatch // guarded by mu
	bytes          int        // guarded by mu
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
	return &tail{maxBytes: maxBytes, oldest: b, newest: b}
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
	for t.bytes > t.maxBytes && t.oldest != t.newest {
		o := t.oldest
		t.oldest = o.next.Load()
		t.bytes -= o.bytes
		o.evicted.Store(true)
		o.next.Store(nil)
	}
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
