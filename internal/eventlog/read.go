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
)

// ReadStream implements Log. A read that is interrupted goes on behind the last
// event yielded.
func (c *Client) ReadStream(ctx context.Context, stream string, from Revision, dir Direction) iter.Seq2[Event, error] {
	return c.readStream(ctx, stream, from, dir, math.MaxInt64)
}

// readStream is ReadStream with a limit on how many events are asked for at a
// time.
func (c *Client) readStream(
	ctx context.Context, stream string, from Revision, dir Direction, count uint64,
) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		if err := admitStream(stream, NoStream); err != nil {
			yield(Event{}, err)
			return
		}
		options := esdb.ReadStreamOptions{Direction: wireDirection(dir), From: wireFrom(from, dir)}
		over := false
		err := c.read(ctx, "read "+stream, func(ctx context.Context, raw *esdb.Client) (*esdb.ReadStream, error) {
			if over {
				return nil, errOver
			}
			return raw.ReadStream(ctx, stream, options, count)
		}, func(e Event) bool {
			if dir == Forwards {
				options.From = wireFrom(e.Revision+1, dir)
			} else {
				over = e.Revision == 0
				options.From = wireFrom(e.Revision-1, dir)
			}
			return yield(e, nil)
		})
		if err != nil {
			yield(Event{}, err)
		}
	}
}

// ReadAll implements Log. A read that is interrupted goes on behind the last
// event yielded.
func (c *Client) ReadAll(ctx context.Context, from Position, dir Direction) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		options := esdb.ReadAllOptions{Direction: wireDirection(dir), From: esdb.End{}}
		if dir == Forwards {
			options.From = wirePosition(from)
		}
		err := c.read(ctx, "read the log", func(ctx context.Context, raw *esdb.Client) (*esdb.ReadStream, error) {
			return raw.ReadAll(ctx, options, math.MaxInt64)
		}, func(e Event) bool {
			if dir == Forwards && !e.Position.After(from) {
				return true // the server includes the event at the position
			}
			from = e.Position
			options.From = wirePosition(from)
			return !ours(e.Stream, e.Type) || yield(e, nil)
		})
		if err != nil {
			yield(Event{}, err)
		}
	}
}

// read receives events until there are no more or each returns false. After an
// interruption it opens again; open knows from where.
func (c *Client) read(
	ctx context.Context, doing string,
	open func(context.Context, *esdb.Client) (*esdb.ReadStream, error), each func(Event) bool,
) error {
	_, hasDeadline := ctx.Deadline()
	progress := time.Now()
	for n := 0; ; n++ {
		patience := c.options.AttemptTimeout
		if !hasDeadline {
			patience = min(patience, c.options.CallTimeout-time.Since(progress))
		}
		received, err := c.readOnce(ctx, patience, open, each)
		if err == nil {
			return nil
		}
		if final := c.final(ctx, doing, err); final != nil {
			return final
		}
		if received {
			n, progress = 0, time.Now()
		} else if !hasDeadline && time.Since(progress) >= c.options.CallTimeout {
			return outOfReach(ctx, err, "%s", doing)
		}
		c.retries.Add(1)
		if !c.pause(ctx, backoff(n, retryMinPause, retryMaxPause)) {
			return c.final(ctx, doing, err)
		}
	}
}

// readOnce reads on one connection. It reports whether it received anything,
// and no error when the read is over. No wait for the server is longer than
// patience.
func (c *Client) readOnce(
	ctx context.Context, patience time.Duration,
	open func(context.Context, *esdb.Client) (*esdb.ReadStream, error), each func(Event) bool,
) (received bool, err error) {
	connecting, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	g, err := c.calls.acquire(connecting)
	if err != nil {
		return false, err
	}
	t := g.tap(ctx, readFrom(open))
	defer t.close()
	for {
		r := t.next(patience)
		switch {
		case errors.Is(r.err, errOver), isNoStream(r.err):
			g.answer()
			return received, nil
		case r.err != nil:
			if ctx.Err() == nil {
				g.observe(r.err)
			}
			return received, r.err
		}
		if !received {
			g.answer()
			received = true
		}
		if !each(storedEvent(r.event)) {
			return received, nil
		}
	}
}

// readFrom is the source of a read. Its end is errOver.
func readFrom(open func(context.Context, *esdb.Client) (*esdb.ReadStream, error)) source {
	return func(ctx context.Context, raw *esdb.Client) (func() received, func(), error) {
		events, err := open(ctx, raw)
		if err != nil {
			return nil, nil, err
		}
		return func() received {
			resolved, err := events.Recv()
			switch {
			case errors.Is(err, io.EOF):
				return received{err: errOver}
			case err != nil:
				return received{err: err}
			}
			return receivedEvent(resolved)
		}, events.Close, nil
	}
}

// receivedEvent takes the event out of the library's wrapping, which can be
// empty when the server is not what it should be.
func receivedEvent(resolved *esdb.ResolvedEvent) received {
	if e := resolved.OriginalEvent(); e != nil {
		return received{event: e}
	}
	return received{err: errors.New("the event store sent an event without content")}
}

// storedEvent is an event as the library tells it.
func storedEvent(e *esdb.RecordedEvent) Event {
	return Event{
		ID: e.EventID, Stream: e.StreamID, Revision: Revision(e.EventNumber), Type: e.EventType,
		Position: Position{Commit: e.Position.Commit, Prepare: e.Position.Prepare},
		Data:     e.Data, Metadata: e.UserMetadata, RecordedAt: e.CreatedDate,
	}
}

func wireDirection(dir Direction) esdb.Direction {
	if dir == Backwards {
		return esdb.Backwards
	}
	return esdb.Forwards
}

// wireFrom is where a read of a stream starts; negative means the far end.
func wireFrom(from Revision, dir Direction) esdb.StreamPosition {
	switch {
	case from >= 0:
		return esdb.Revision(uint64(from))
	case dir == Backwards:
		return esdb.End{}
	}
	return esdb.Start{}
}

func wirePosition(p Position) esdb.AllPosition {
	if p == Start {
		return esdb.Start{}
	}
	return esdb.Position{Commit: p.Commit, Prepare: p.Prepare}
}

// peek returns the first event of the log at or behind p, the server's own ones
// included, and whether there is one.
func (c *Client) peek(ctx context.Context, p Position) (first Event, found bool, err error) {
	options := esdb.ReadAllOptions{From: wirePosition(p)}
	err = c.read(ctx, fmt.Sprintf("look at %s", p), func(ctx context.Context, raw *esdb.Client) (*esdb.ReadStream, error) {
		return raw.ReadAll(ctx, options, 1)
	}, func(e Event) bool {
		first, found = e, true
		return false
	})
	return first, found, err
}
