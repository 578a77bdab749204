package projections

import (
	"context"
	"sync"
)

// ring holds what was read ahead of the batches, bounded by number and by
// weight. One goroutine pushes, one takes.
type ring struct {
	maxLen, maxBytes int

	more chan struct{} // holds a token when something was pushed or the end came
	room chan struct{} // holds a token when something was taken

	mu    sync.Mutex
	queue []arrival
	bytes int
	ended error // why nothing more comes
}

func newRing(maxLen, maxBytes int) *ring {
	return &ring{maxLen: maxLen, maxBytes: maxBytes, more: make(chan struct{}, 1), room: make(chan struct{}, 1)}
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// push waits for room and appends d. Progress takes the place of progress that
// was not taken yet, so it never fills the ring.
func (r *ring) push(ctx context.Context, d arrival) error {
	for !r.tryPush(d) {
		select {
		case <-r.room:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	signal(r.more)
	return nil
}

func (r *ring) tryPush(d arrival) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if n := len(r.queue); n > 0 && d.Event == nil && r.queue[n-1].Event == nil {
		d.CaughtUp = d.CaughtUp || r.queue[n-1].CaughtUp
		r.queue[n-1] = d
		return true
	}
	// An event heavier than all the room comes in alone.
	if len(r.queue) > 0 && (len(r.queue) >= r.maxLen || r.bytes+d.weight() > r.maxBytes) {
		return false
	}
	r.queue = append(r.queue, d)
	r.bytes += d.weight()
	return true
}

// end says that nothing more comes, and why.
func (r *ring) end(err error) {
	r.mu.Lock()
	r.ended = err
	r.mu.Unlock()
	signal(r.more)
}

// take moves deliveries into b until it has maxEvents, or the next event would
// take it over maxBytes, or nothing is left. full is true in the first two
// cases. The error is the one the ring ended with, once it is empty.
func (r *ring) take(b *Batch, maxEvents, maxBytes int) (full bool, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := 0
	for _, d := range r.queue {
		if d.Event != nil && len(b.Events) > 0 && (len(b.Events) >= maxEvents || b.bytes+d.weight() > maxBytes) {
			full = true
			break
		}
		b.add(d)
		r.bytes -= d.weight()
		n++
	}
	if n > 0 {
		clear(r.queue[:n])
		r.queue = r.queue[n:]
		signal(r.room)
	}
	if len(r.queue) == 0 {
		r.queue = nil
		err = r.ended
	}
	return full || len(b.Events) >= maxEvents, err
}
