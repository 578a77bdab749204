package eventlog

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/google/uuid"
)

// serverPrefix begins the names of the server's own streams and event types.
const serverPrefix = "$"

// checkpointEvery is how many events a filtered subscription looks through
// before it reports progress without an event.
const checkpointEvery = 32

// admit says whether an append can be sent at all. What it finds is a mistake of
// the caller's, except ErrTooLarge; nothing was written then.
func admit(stream string, expected Revision, events []NewEvent) error {
	if err := admitStream(stream, expected); err != nil {
		return err
	}
	if len(events) == 0 {
		return fmt.Errorf("append to %s: no events", stream)
	}
	weight := 0
	for i, e := range events {
		switch {
		case e.ID == uuid.Nil:
			return fmt.Errorf("append to %s: event %d has no id", stream, i)
		case e.Type == "" || strings.HasPrefix(e.Type, serverPrefix) || !utf8.ValidString(e.Type):
			return fmt.Errorf("append to %s: event %d cannot be of type %q", stream, i, e.Type)
		}
		weight += weigh(e)
	}
	if weight > MaxAppendBytes {
		return fmt.Errorf("append to %s: %d bytes of %d: %w", stream, weight, MaxAppendBytes, ErrTooLarge)
	}
	return nil
}

// admitStream refuses names and revisions no stream of ours can have.
func admitStream(stream string, expected Revision) error {
	switch {
	case stream == "" || strings.HasPrefix(stream, serverPrefix) || !utf8.ValidString(stream):
		return fmt.Errorf("no stream can be named %q", stream)
	case expected < NoStream:
		return fmt.Errorf("stream %s cannot be at revision %d", stream, expected)
	}
	return nil
}

// weigh is what e counts towards MaxAppendBytes.
func weigh(e NewEvent) int {
	units := 0
	for _, r := range e.Type {
		units += utf16.RuneLen(r)
	}
	return len(e.Data) + len(e.Metadata) + 2*units
}

// ours reports whether an event of the log is the program's and not one the
// server wrote: a tombstone has a server's type in a stream of ours.
func ours(stream, eventType string) bool {
	return !strings.HasPrefix(stream, serverPrefix) && !strings.HasPrefix(eventType, serverPrefix)
}

// admits reports whether f lets the events of stream through, which must be
// ours.
func (f Filter) admits(stream string) bool {
	for _, prefix := range f.StreamPrefixes {
		if strings.HasPrefix(stream, prefix) {
			return true
		}
	}
	return len(f.StreamPrefixes) == 0
}

// outOfReach wraps cause so that it matches ErrUnavailable and whatever cause
// matches. A nil cause is ctx's error.
func outOfReach(ctx context.Context, cause error, format string, args ...any) error {
	doing := fmt.Sprintf(format, args...)
	if cause == nil {
		cause = ctx.Err()
	}
	if errors.Is(cause, ErrUnavailable) {
		return fmt.Errorf("%s: %w", doing, cause)
	}
	return fmt.Errorf("%s: %w: %w", doing, ErrUnavailable, cause)
}
