package eventlog

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"math"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/google/uuid"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// The pauses before a subscription is resumed.
const (
	resumeMinPause = 50 * time.Millisecond
	resumeMaxPause = 2 * time.Second
)

// refusals is how often the server must refuse a position before it is looked
// into.
const refusals = 3

// Subscribe implements Log. It also ends when the client is closed, with
// ErrClosed. Progress is reported at the latest after every SearchWindow events
// the server looked through. A connection that dies without a word is noticed
// after keepAliveInterval and keepAliveTimeout, 20 s unless set otherwise.
//
// A checkpoint whose event is no longer in the log, because its stream was
// deleted and the log scavenged, counts as foreign.
func (c *Client) Subscribe(ctx context.Context, o SubscribeOptions) iter.Seq2[Delivery, error] {
	return func(yield func(Delivery, error) bool) {
		s := &subscription{c: c, filter: o.Filter, began: o.After, last: o.After, reported: o.After, yield: yield}
		err := s.verify(ctx, o.AfterID)
		for n := 0; err == nil; n++ {
			var delivered bool
			if delivered, err = s.run(ctx); err == nil {
				return // the consumer stopped
			}
			if delivered {
				n = 0
			}
			err = s.interrupted(ctx, n, err)
		}
		yield(Delivery{}, err)
	}
}

// subscription is how far one call of Subscribe is.
type subscription struct {
	c        *Client
	filter   Filter
	began    Position // where it started
	last     Position // of the last event delivered; nothing up to it comes again
	hint     Position // up to which the server says there is nothing more for us
	reported Position // what the consumer was told last
	yield    func(Delivery, error) bool
}

// ended returns the error the subscription is over with, if it is.
func (s *subscription) ended(ctx context.Context) error {
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case s.c.life.Err() != nil:
		return ErrClosed
	}
	return nil
}

// verify finds out whether the event at the subscription's start is the one it
// should be. It waits for a server that is away.
func (s *subscription) verify(ctx context.Context, id uuid.UUID) error {
	if id == uuid.Nil || s.began == Start {
		return s.ended(ctx)
	}
	foreign := fmt.Errorf("subscribe behind %s: %w", s.began, ErrForeignPosition)
	first := time.Now()
	for n := 0; ; n++ {
		e, found, err := s.c.peek(ctx, s.began)
		switch {
		case s.ended(ctx) != nil:
			return s.ended(ctx)
		case err == nil && found && e.Position == s.began && e.ID == id:
			return nil
		case err == nil && (found || !s.c.cluster || time.Since(first) > lag):
			return foreign
		case err != nil && n >= refusals && s.refused(ctx, err):
			return foreign
		}
		s.c.pause(ctx, backoff(n, resumeMinPause, resumeMaxPause))
	}
}

// lag is how far a cluster's node may be behind another without anybody
// doubting that it holds the same log.
const lag = 3 * time.Second

// refused reports whether err says that the server reads its log, but not from
// the subscription's start.
func (s *subscription) refused(ctx context.Context, err error) bool {
	switch status.Code(err) {
	case codes.InvalidArgument, codes.OutOfRange, codes.Unknown:
	default:
		return false
	}
	if errors.Is(err, ErrUnavailable) || s.began == Start {
		return false
	}
	_, found, err := s.c.peek(ctx, Start)
	return found && err == nil
}

// interrupted decides how the subscription goes on after it was dropped with
// err for the n-th time without a delivery between. It waits, or returns the
// error to end with.
func (s *subscription) interrupted(ctx context.Context, n int, err error) error {
	if err := s.ended(ctx); err != nil {
		return err
	}
	s.c.options.Logger.Info("subscription dropped, resuming", "behind", s.resumeAt().String(), "error", err)
	if n >= refusals && !judge(err).retry {
		if s.hint != Start {
			s.hint = Start // the server may not take back what it told as a position
		} else if s.last == s.began {
			if _, _, err := s.c.peek(ctx, s.began); err != nil && s.refused(ctx, err) {
				return fmt.Errorf("subscribe behind %s: %w", s.began, ErrForeignPosition)
			}
		}
	}
	s.c.resubscribed.Add(1)
	s.c.pause(ctx, backoff(n, resumeMinPause, resumeMaxPause))
	return s.ended(ctx)
}

// resumeAt is the position nothing up to which is of interest any more.
func (s *subscription) resumeAt() Position {
	if s.hint.After(s.last) {
		return s.hint
	}
	return s.last
}

// run subscribes on one connection and delivers until it breaks, which is an
// error, or the consumer stops.
func (s *subscription) run(ctx context.Context) (delivered bool, err error) {
	connecting, cancel := context.WithTimeout(ctx, s.c.options.AttemptTimeout)
	defer cancel()
	g, err := s.c.subscriptions.acquire(connecting)
	if err != nil {
		return false, err
	}
	t := g.tap(ctx, s.subscribeTo())
	defer t.close()
	patience := s.c.options.AttemptTimeout
	for {
		r := t.next(patience)
		switch {
		case r.err != nil:
			if s.ended(ctx) == nil && breaks(r.err) {
				g.lane.retire(g, "a subscription was dropped", r.err)
			}
			return delivered, r.err
		case r.opened:
			g.answer()
			patience = 0 // from here on the server is silent while nothing happens
			continue
		}
		delivered = true
		if !s.deliver(r) {
			return true, nil
		}
	}
}

// breaks reports whether err means that the connection is not worth trying
// again.
func breaks(err error) bool {
	return judge(err).dead || errors.Is(err, io.EOF) || errors.Is(err, errSilent) || status.Code(err) == codes.Internal
}

// deliver passes on what the consumer wants to know of r and reports whether it
// wants more.
func (s *subscription) deliver(r received) bool {
	switch {
	case r.event != nil:
		return s.deliverEvent(storedEvent(r.event))
	case r.caughtUp:
		return s.yield(Delivery{Position: s.reported, CaughtUp: true}, nil)
	case r.checkpoint != nil:
		return s.deliverProgress(Position{Commit: r.checkpoint.Commit, Prepare: r.checkpoint.Prepare})
	}
	return true
}

func (s *subscription) deliverEvent(e Event) bool {
	if !e.Position.After(s.last) {
		return true // delivered before the subscription was resumed
	}
	s.last = e.Position
	if !s.hint.After(s.last) {
		s.hint = Start
	} else if ours(e.Stream, e.Type) {
		s.c.options.Logger.Warn("the event store reported a checkpoint too far ahead",
			"checkpoint", s.hint.String(), "event", e.Position.String())
		s.hint = Start
	}
	if e.Position.After(s.reported) {
		s.reported = e.Position
	}
	d := Delivery{Position: s.reported}
	if ours(e.Stream, e.Type) && s.filter.admits(e.Stream) {
		d.Event = &e
	}
	return s.yield(d, nil)
}

// deliverProgress passes a checkpoint of the server's on, unless it is one of
// those that servers are known to make up: behind what was said before, at the
// end of all numbers, or with only one of its two numbers right. It is a hint:
// what was delivered is judged by the positions of events alone.
func (s *subscription) deliverProgress(p Position) bool {
	if p.Commit != p.Prepare || p.Commit == math.MaxUint64 || !p.After(s.reported) {
		return true
	}
	s.hint, s.reported = p, p
	return s.yield(Delivery{Position: p}, nil)
}

// subscribeTo is the source of the subscription from where it is now.
func (s *subscription) subscribeTo() source {
	options := esdb.SubscribeToAllOptions{
		From:               wirePosition(s.resumeAt()),
		MaxSearchWindow:    s.c.options.SearchWindow,
		CheckpointInterval: 1,
		Filter:             &esdb.SubscriptionFilter{Type: esdb.StreamFilterType, Prefixes: s.filter.StreamPrefixes},
	}
	if len(s.filter.StreamPrefixes) == 0 {
		options.Filter.Regex = `^[^\$].*`
	}
	return func(ctx context.Context, raw *esdb.Client) (func() received, func(), error) {
		events, err := raw.SubscribeToAll(ctx, options)
		if err != nil {
			return nil, nil, err
		}
		opened := false
		return func() received {
			if !opened {
				opened = true
				return received{opened: true}
			}
			return receivedFrom(events)
		}, func() { _ = events.Close() }, nil // Close returns nil always
	}
}

// receivedFrom waits for the next thing a subscription of the library says that
// matters.
func receivedFrom(events *esdb.Subscription) received {
	for {
		switch said := events.Recv(); {
		case said.EventAppeared != nil:
			return receivedEvent(said.EventAppeared)
		case said.CheckPointReached != nil:
			return received{checkpoint: said.CheckPointReached}
		case said.CaughtUp != nil:
			return received{caughtUp: true}
		case said.SubscriptionDropped != nil:
			return received{err: said.SubscriptionDropped.Error}
		}
	}
}
