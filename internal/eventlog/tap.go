package eventlog

import (
	"context"
	"errors"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
)

// received is one thing a read or subscription of the library said.
type received struct {
	event      *esdb.RecordedEvent
	checkpoint *esdb.Position
	caughtUp   bool
	opened     bool // the server took the subscription
	err        error
}

// source begins to receive from the library. It returns what receives next, to
// be called until it gives an error, and what frees the library's resources.
type source func(ctx context.Context, raw *esdb.Client) (next func() received, free func(), err error)

// pour sends what the library says to items until it gives an error or ctx ends.
func (from source) pour(ctx context.Context, raw *esdb.Client, items chan<- received) {
	next, free, err := from(ctx, raw)
	if err != nil {
		put(ctx, items, received{err: err})
		return
	}
	defer free()
	for {
		r := next()
		if !put(ctx, items, r) || r.err != nil {
			return
		}
	}
}

// put sends r unless ctx ends first.
func put(ctx context.Context, items chan<- received, r received) bool {
	select {
	case items <- r:
		return true
	case <-ctx.Done():
		return false
	}
}

// tap receives ahead of its consumer, in a goroutine of its own: so the consumer
// can leave whatever the library does, and a panic of the library is an error.
type tap struct {
	g      *generation
	ctx    context.Context
	cancel context.CancelFunc
	items  <-chan received // closed when the library has returned
	timer  *time.Timer     // of next; nil until it had to wait
}

// tapAhead is how many items a tap receives before its consumer takes them.
const tapAhead = 64

// tap starts to receive on g, which was acquired for it. close ends it, and so
// does the end of ctx or of the client.
func (g *generation) tap(ctx context.Context, from source) *tap {
	ctx, cancel := context.WithCancel(ctx)
	unhook := context.AfterFunc(g.lane.life, cancel)
	items := make(chan received, tapAhead)
	go func() {
		defer close(items)
		in := &entry{Context: ctx, g: g}
		defer func() {
			p := recover()
			in.entered()
			g.release()
			if p != nil {
				put(ctx, items, received{err: &panicked{p}})
			}
		}()
		from.pour(in, g.raw, items)
	}()
	end := func() {
		unhook()
		cancel()
	}
	return &tap{g: g, ctx: ctx, cancel: end, items: items}
}

// errOver means that a read has come to its end.
var errOver = errors.New("no more events")

// errSilent means that the server did not answer in time.
var errSilent = errors.New("the event store does not answer")

// next returns what was received next. It waits no longer than patience; 0 means
// for ever. An item with an error is the last.
func (t *tap) next(patience time.Duration) received {
	if err := t.ctx.Err(); err != nil {
		return received{err: err}
	}
	select {
	case r, open := <-t.items:
		return t.taken(r, open)
	default:
	}
	var timeout <-chan time.Time
	if patience > 0 {
		if t.timer == nil {
			t.timer = time.NewTimer(patience)
		} else {
			t.timer.Reset(patience)
		}
		timeout = t.timer.C
	}
	began, err := time.Now(), errSilent
	select {
	case r, open := <-t.items:
		return t.taken(r, open)
	case <-t.ctx.Done():
		err = t.ctx.Err()
	case <-timeout:
	}
	if patience > 0 {
		t.g.unanswered(began, err)
	}
	return received{err: err}
}

func (t *tap) taken(r received, open bool) received {
	if !open {
		return received{err: context.Canceled} // ctx has ended since it was looked at
	}
	return r
}

// close ends the tap. If the library does not return soon it is left to itself.
func (t *tap) close() {
	t.cancel()
	if t.timer != nil {
		t.timer.Stop()
	}
	late := time.NewTimer(grace)
	defer late.Stop()
	for {
		select {
		case _, open := <-t.items:
			if !open {
				return
			}
		case <-late.C:
			t.g.lane.abandon(t.g, func() {
				for range t.items { // until it is closed
				}
			})
			return
		}
	}
}
