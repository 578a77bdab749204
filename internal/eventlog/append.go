package eventlog

import (
	"context"
	"errors"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Append implements Log. Until ctx ends it tries again with the same ids and
// revision whenever the outcome is unknown; what an earlier try has written
// counts as written, never as a conflict.
func (c *Client) Append(ctx context.Context, stream string, expected Revision, events []NewEvent) (Appended, error) {
	if err := admit(stream, expected, events); err != nil {
		return Appended{}, err
	}
	ctx, cancel := c.bounded(ctx)
	defer cancel()
	doing := "append to " + stream
	options := esdb.AppendToStreamOptions{ExpectedRevision: wireRevision(expected)}
	data := wireEvents(events)
	var written *esdb.WriteResult
	acted := false
	err := c.persist(ctx, doing, func(ctx context.Context) (err error) {
		written, err = attempt(ctx, c.calls, c.options.AttemptTimeout,
			func(ctx context.Context, raw *esdb.Client) (*esdb.WriteResult, error) {
				return raw.AppendToStream(ctx, stream, options, data...)
			})
		acted = acted || judge(err).acted
		return err
	})
	switch {
	case err == nil:
		return Appended{
			Revision: Revision(written.NextExpectedVersion),
			Position: Position{Commit: written.CommitPosition, Prepare: written.PreparePosition},
		}, nil
	case !errors.Is(err, ErrConflict):
		return Appended{}, err
	}
	if acted {
		if found, err := c.findAppended(ctx, stream, expected, events); err != nil || found.Revision != NoStream {
			return found, err
		}
	}
	actual, told := actualRevision(err)
	if !told {
		if actual, err = c.lastRevision(ctx, stream); err != nil {
			return Appended{}, err
		}
	}
	return Appended{}, &ConflictError{Stream: stream, Expected: expected, Actual: actual}
}

// findAppended looks for events that an earlier try may have written. The
// server recognises them at the revision they were expected at, but not where a
// deleted stream was begun again. It returns revision NoStream if they are not
// there.
func (c *Client) findAppended(
	ctx context.Context, stream string, expected Revision, events []NewEvent,
) (Appended, error) {
	n := 0
	for e, err := range c.readStream(ctx, stream, expected+1, Forwards, uint64(len(events))) {
		if err != nil {
			return Appended{Revision: NoStream}, err
		}
		if e.ID != events[n].ID {
			break
		}
		if n++; n == len(events) {
			return Appended{Revision: e.Revision, Position: e.Position}, nil
		}
	}
	return Appended{Revision: NoStream}, nil
}

// lastRevision reads where a stream is; NoStream if it cannot be seen.
func (c *Client) lastRevision(ctx context.Context, stream string) (Revision, error) {
	last := NoStream
	for e, err := range c.readStream(ctx, stream, -1, Backwards, 1) {
		if err != nil {
			return NoStream, err
		}
		last = e.Revision
	}
	return last, nil
}

// DeleteStream implements Log.
func (c *Client) DeleteStream(ctx context.Context, stream string, expected Revision) error {
	options := esdb.DeleteStreamOptions{ExpectedRevision: wireRevision(expected)}
	gone := func(ctx context.Context) (bool, error) {
		last, err := c.lastRevision(ctx, stream)
		return last == NoStream && err == nil, err
	}
	return c.remove(ctx, stream, expected, gone, func(ctx context.Context, raw *esdb.Client) (*esdb.DeleteResult, error) {
		return raw.DeleteStream(ctx, stream, options)
	})
}

// Tombstone implements Log.
func (c *Client) Tombstone(ctx context.Context, stream string, expected Revision) error {
	options := esdb.TombstoneStreamOptions{ExpectedRevision: wireRevision(expected)}
	gone := func(ctx context.Context) (bool, error) {
		_, err := c.lastRevision(ctx, stream)
		if errors.Is(err, ErrStreamDeleted) {
			return true, nil
		}
		return false, err
	}
	return c.remove(ctx, stream, expected, gone, func(ctx context.Context, raw *esdb.Client) (*esdb.DeleteResult, error) {
		return raw.TombstoneStream(ctx, stream, options)
	})
}

// remove makes a deletion. When the outcome of a try is unknown it looks whether
// the stream is gone before it tries again: the second try would not be told
// apart from another's.
func (c *Client) remove(
	ctx context.Context, stream string, expected Revision,
	gone func(context.Context) (bool, error),
	call func(context.Context, *esdb.Client) (*esdb.DeleteResult, error),
) error {
	if err := admitStream(stream, expected); err != nil {
		return err
	}
	ctx, cancel := c.bounded(ctx)
	defer cancel()
	acted := false
	err := c.persist(ctx, "delete "+stream, func(ctx context.Context) error {
		if acted {
			if done, err := gone(ctx); done || err != nil {
				return err
			}
		}
		_, err := attempt(ctx, c.calls, c.options.AttemptTimeout, call)
		acted = acted || judge(err).acted
		if status.Code(err) == codes.FailedPrecondition && !errors.Is(judge(err).err, ErrStreamDeleted) {
			return errors.Join(ErrConflict, err) // the library knows the revision's conflict of appends only
		}
		return err
	})
	if !errors.Is(err, ErrConflict) {
		return err
	}
	actual, err := c.lastRevision(ctx, stream)
	if err != nil {
		return err
	}
	return &ConflictError{Stream: stream, Expected: expected, Actual: actual}
}

// wireRevision is how the library names an expected revision.
func wireRevision(r Revision) esdb.ExpectedRevision {
	if r == NoStream {
		return esdb.NoStream{}
	}
	return esdb.Revision(uint64(r))
}

func wireEvents(events []NewEvent) []esdb.EventData {
	data := make([]esdb.EventData, len(events))
	for i, e := range events {
		data[i] = esdb.EventData{
			EventID: e.ID, EventType: e.Type, ContentType: esdb.ContentTypeJson, Data: e.Data, Metadata: e.Metadata,
		}
	}
	return data
}
