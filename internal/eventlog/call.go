package eventlog

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
)

// grace is how long a call is given to return after its context has ended,
// before it is abandoned.
const grace = 500 * time.Millisecond

// The pauses between two attempts of a call. The connection has pauses of its
// own, so these are short.
const (
	retryMinPause = 10 * time.Millisecond
	retryMaxPause = 500 * time.Millisecond
)

// attempt makes one call of the library on a connection of the lane, in a
// goroutine of its own, and returns when the call does, soon after ctx ends, or
// after the attempt's timeout. A panic of the library is an error.
func attempt[T any](
	ctx context.Context, l *lane, timeout time.Duration, call func(context.Context, *esdb.Client) (T, error),
) (T, error) {
	var zero T
	g, err := l.acquire(ctx)
	if err != nil {
		return zero, err
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	began := time.Now()
	type result struct {
		value T
		err   error
	}
	done := make(chan result, 1)
	go func() {
		var r result
		in := &entry{Context: ctx, g: g}
		defer func() {
			if p := recover(); p != nil {
				r.err = &panicked{p}
			}
			in.entered()
			g.release()
			done <- r
		}()
		r.value, r.err = call(in, g.raw)
	}()
	r, returned := result{}, false
	select {
	case r = <-done:
		returned = true
	case <-ctx.Done():
	case <-l.life.Done():
		cancel()
	}
	if !returned {
		late := time.NewTimer(grace)
		defer late.Stop()
		select {
		case r = <-done:
		case <-late.C:
			l.abandon(g, func() { <-done })
			return zero, errStuck
		}
	}
	if r.err == nil || ctx.Err() == nil {
		g.observe(r.err)
	} else {
		g.unanswered(began, r.err)
	}
	return r.value, r.err
}

// errStuck means that the library did not return though its context had ended.
var errStuck = errors.New("the event store's client is stuck")

// abandon leaves a generation with a call that is stuck, and counts the call as
// such until returned returns.
func (l *lane) abandon(g *generation, returned func()) {
	l.retire(g, "a call is stuck", errStuck)
	l.mu.Lock()
	l.counts.abandoned++
	l.counts.stuck++
	l.mu.Unlock()
	go func() {
		returned()
		l.mu.Lock()
		l.counts.stuck--
		l.mu.Unlock()
	}()
}

// observe learns from how a call ended.
func (g *generation) observe(err error) {
	if v := judge(err); v.dead {
		g.lane.retire(g, "it broke", err)
		return
	}
	g.answer()
}

// panicked is a panic of the library.
type panicked struct{ value any }

func (p *panicked) Error() string {
	return fmt.Sprintf("the event store's client panicked: %v", p.value)
}

// bounded returns ctx with a deadline: its own or the default one.
func (c *Client) bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	if _, has := ctx.Deadline(); has {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, c.options.CallTimeout)
}

// persist calls try until it succeeds, fails for good, ctx ends or the client is
// closed. Its error says what was being done.
func (c *Client) persist(ctx context.Context, doing string, try func(ctx context.Context) error) error {
	for n := 0; ; n++ {
		err := try(ctx)
		if err == nil {
			return nil
		}
		if final := c.final(ctx, doing, err); final != nil {
			return final
		}
		c.retries.Add(1)
		if !c.pause(ctx, backoff(n, retryMinPause, retryMaxPause)) {
			return c.final(ctx, doing, err)
		}
	}
}

// final returns the error a call that failed with err ends with, or nil if it
// should be tried again.
func (c *Client) final(ctx context.Context, doing string, err error) error {
	v := judge(err)
	switch {
	case !v.retry:
		return fmt.Errorf("%s: %w", doing, v.err)
	case c.life.Err() != nil:
		return fmt.Errorf("%s: %w", doing, ErrClosed)
	case ctx.Err() != nil && errors.Is(err, ctx.Err()):
		return outOfReach(ctx, err, "%s", doing)
	case ctx.Err() != nil:
		return outOfReach(ctx, fmt.Errorf("%w: %w", err, ctx.Err()), "%s", doing)
	}
	return nil
}

// backoff is how long to wait after attempt n, counted from 0: it doubles from
// least to most, and half of it is chance.
func backoff(n int, least, most time.Duration) time.Duration {
	d := most
	if n < 20 {
		d = min(least<<n, most)
	}
	return d/2 + rand.N(d/2+1)
}

// pause waits and reports whether it waited to the end rather than to ctx's.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// pause waits and reports whether neither ctx nor the client ended meanwhile.
func (c *Client) pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
	case <-c.life.Done():
	}
	return false
}
