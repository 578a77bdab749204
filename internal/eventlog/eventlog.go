// Package eventlog says what the rest of the program needs of an event log, and
// provides it twice: over the wire by EventStoreDB's official client under
// supervision (Client), and in memory for tests (Memory). One suite,
// eventlogtest.Run, is passed by both.
package eventlog

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
)

// MaxAppendBytes is the most one append may weigh: the sum over its events of
// data, metadata and two bytes for each UTF-16 unit of the type. It is the
// server's own default; larger appends are refused before they are sent.
const MaxAppendBytes = 1 << 20

// Revision is the number of an event in its stream, counted from 0.
type Revision int64

// NoStream is the revision of a stream that has no events.
const NoStream Revision = -1

// Position is the place of an event in the whole log. Positions grow strictly
// in log order and are not dense. The zero value stands before every event.
type Position struct {
	Commit  uint64
	Prepare uint64
}

// Start is the position before the first event of the log.
var Start = Position{}

// After reports whether p is later in the log than q.
func (p Position) After(q Position) bool {
	if p.Commit != q.Commit {
		return p.Commit > q.Commit
	}
	return p.Prepare > q.Prepare
}

// String returns "commit/prepare".
func (p Position) String() string {
	return strconv.FormatUint(p.Commit, 10) + "/" + strconv.FormatUint(p.Prepare, 10)
}

// ParsePosition reads what Position.String wrote.
func ParsePosition(s string) (Position, error) {
	commit, prepare, ok := strings.Cut(s, "/")
	c, err1 := strconv.ParseUint(commit, 10, 64)
	p, err2 := strconv.ParseUint(prepare, 10, 64)
	if !ok || err1 != nil || err2 != nil {
		return Position{}, fmt.Errorf("position %q is not commit/prepare", s)
	}
	return Position{Commit: c, Prepare: p}, nil
}

// NewEvent is an event on its way into the log. ID must be set and must be the
// same when the same append is tried again: it is what the log recognises a
// repeated append by.
type NewEvent struct {
	ID       uuid.UUID
	Type     string
	Data     []byte // JSON
	Metadata []byte // JSON
}

// Event is a stored event.
type Event struct {
	ID         uuid.UUID
	Stream     string
	Revision   Revision
	Position   Position
	Type       string
	Data       []byte
	Metadata   []byte
	RecordedAt time.Time // the server's clock, UTC, 100 ns resolution
}

// Appended says where an append ended up.
type Appended struct {
	Revision Revision // of the last event written
	Position Position // of the last event written; zero if the server could not say
}

// ConflictError says that a stream was not at the revision an append expected.
// Reading again and deciding again is safe. It matches ErrConflict.
type ConflictError struct {
	Stream   string
	Expected Revision
	Actual   Revision // NoStream also when the server did not say
}

func (e *ConflictError) Error() string {
	return fmt.Sprintf("stream %s: expected revision %d, is at %d", e.Stream, e.Expected, e.Actual)
}

// Is reports whether target is ErrConflict.
func (e *ConflictError) Is(target error) bool { return target == ErrConflict }

// The errors a Log tells apart. Compare with errors.Is; everything else is a
// fault that says what was being done.
var (
	// ErrConflict: see ConflictError.
	ErrConflict = errors.New("stream has newer events")
	// ErrTooLarge: the append weighs more than MaxAppendBytes. Nothing was written.
	ErrTooLarge = errors.New("append is larger than the log accepts")
	// ErrStreamDeleted: the stream was tombstoned and takes no more events.
	ErrStreamDeleted = errors.New("stream is deleted")
	// ErrUnavailable: the log could not be reached, or did not answer in time. An
	// append that ends so may or may not have been written; repeating it with
	// the same event ids and the same expected revision is safe.
	ErrUnavailable = errors.New("event store is out of reach")
)

// Direction is the order events are read in.
type Direction int

// The two directions.
const (
	Forwards Direction = iota
	Backwards
)

// Filter chooses events of the whole log by the beginnings of their streams'
// names. No prefixes means every event that is not the server's own (whose
// stream begins with "$").
type Filter struct {
	StreamPrefixes []string
}

// SubscribeOptions says what a subscription delivers.
type SubscribeOptions struct {
	// After is exclusive: the first event delivered is the first one behind it.
	After Position
	// AfterID is the id of the event found at After when it was processed, or
	// uuid.Nil if unknown or After is Start. If the log holds another event
	// there, Subscribe's iterator ends with ErrForeignPosition: this is not the
	// log the checkpoint was taken from.
	AfterID uuid.UUID
	Filter  Filter
}

// ErrForeignPosition means that a checkpoint does not belong to this log.
var ErrForeignPosition = errors.New("position is not of this log")

// Delivery is one thing a subscription says.
type Delivery struct {
	// Event is nil for a delivery that only reports progress.
	Event *Event
	// Position is how far the log has been looked through. It never goes back
	// within one call of Subscribe.
	Position Position
	// CaughtUp is true when everything the log held at that moment has been
	// delivered. It comes again after each time the subscription fell behind
	// or was resumed; it carries no event.
	CaughtUp bool
}

// Log is an append-only log of streams. Implementations are safe for
// concurrent use. No call outlives its context by more than two seconds,
// whatever the server does.
type Log interface {
	// Append writes events after revision expected of stream, all or none, and
	// is durable when it returns. Appending again with the same ids at the same
	// expected revision answers as the first time and writes nothing.
	// Errors: *ConflictError, ErrTooLarge, ErrStreamDeleted, ErrUnavailable.
	Append(ctx context.Context, stream string, expected Revision, events []NewEvent) (Appended, error)

	// ReadStream yields the events of stream in the direction, starting at
	// revision from (inclusive); backwards, a negative from means the end. A
	// stream that does not exist yields nothing. After an error it yields
	// nothing more. Errors: ErrStreamDeleted, ErrUnavailable.
	ReadStream(ctx context.Context, stream string, from Revision, dir Direction) iter.Seq2[Event, error]

	// ReadAll yields the events of the whole log that are not the server's own.
	// Forwards it starts with the first event behind from (exclusive, so Start
	// reads everything); backwards with the last event of the log, whatever
	// from is. After an error it yields nothing more. Errors: ErrUnavailable.
	ReadAll(ctx context.Context, from Position, dir Direction) iter.Seq2[Event, error]

	// Subscribe yields the events of the whole log in order, for ever: when the
	// server drops the subscription it is resumed behind the last delivery the
	// consumer took, with jittered back-off, and no event is left out or
	// delivered twice within one call. It ends when ctx ends (with ctx's error),
	// when the consumer stops, or with ErrForeignPosition.
	Subscribe(ctx context.Context, o SubscribeOptions) iter.Seq2[Delivery, error]

	// DeleteStream soft-deletes stream at revision expected: it reads as absent,
	// and its numbering goes on if it is written again.
	// Errors: *ConflictError, ErrStreamDeleted, ErrUnavailable.
	DeleteStream(ctx context.Context, stream string, expected Revision) error

	// Tombstone deletes stream at revision expected for good.
	// Errors: *ConflictError, ErrStreamDeleted, ErrUnavailable.
	Tombstone(ctx context.Context, stream string, expected Revision) error
}
