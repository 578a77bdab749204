package eventlog

import (
	"bytes"
	"context"
	"fmt"
	"iter"
	"math"
	"sync"
	"time"
)

// Memory is a Log for tests: it keeps the promises of Log except durability.
// The zero value is ready to use and must not be copied.
type Memory struct {
	// Now gives the time events are recorded at; nil means time.Now. It is set
	// before the first append.
	Now func() time.Time

	mu      sync.Mutex
	log     []Event // every event in log order; grows only, so a prefix read under mu stays true
	streams map[string]*memoryStream
	grown   chan struct{} // closed and forgotten when log grows
	end     uint64        // position of the last event
}

// memoryStream is one stream: which events of the log are its own, and what is
// left of it.
type memoryStream struct {
	events     []int    // indices into Memory.log; index i is revision i
	first      Revision // events before it were deleted
	tombstoned bool
}

// softDeleted is the first visible revision of a stream that was deleted and not
// written since.
const softDeleted Revision = math.MaxInt64

var _ Log = (*Memory)(nil)

func (s *memoryStream) last() Revision { return Revision(len(s.events)) - 1 }

// Append implements Log.
func (m *Memory) Append(ctx context.Context, stream string, expected Revision, events []NewEvent) (Appended, error) {
	if err := admit(stream, expected, events); err != nil {
		return Appended{}, err
	}
	if ctx.Err() != nil {
		return Appended{}, outOfReach(ctx, nil, "append to %s", stream)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.stream(stream)
	if s.tombstoned {
		return Appended{}, fmt.Errorf("append to %s: %w", stream, ErrStreamDeleted)
	}
	if expected < s.last() {
		repeated := m.repeated(s, expected, events)
		switch {
		case repeated == len(events):
			last := m.log[s.events[int(expected)+repeated]]
			return Appended{Revision: last.Revision, Position: last.Position}, nil
		case repeated > 0 || expected != NoStream || s.first != softDeleted:
			return Appended{}, &ConflictError{Stream: stream, Expected: expected, Actual: s.last()}
		}
		expected = s.last() // a deleted stream may be begun again as if it were new
	}
	if expected > s.last() {
		return Appended{}, &ConflictError{Stream: stream, Expected: expected, Actual: s.last()}
	}
	if s.first == softDeleted {
		s.first = s.last() + 1
	}
	return m.write(stream, s, events), nil
}

// repeated counts how many of events, from the first on, the stream holds behind
// expected already.
func (m *Memory) repeated(s *memoryStream, expected Revision, events []NewEvent) int {
	for i, e := range events {
		at := int(expected) + 1 + i
		if at >= len(s.events) || m.log[s.events[at]].ID != e.ID {
			return i
		}
	}
	return len(events)
}

// write puts events at the end of the log and of s and wakes who waits for them.
func (m *Memory) write(stream string, s *memoryStream, events []NewEvent) Appended {
	now := time.Now
	if m.Now != nil {
		now = m.Now
	}
	at := now().UTC().Truncate(100 * time.Nanosecond)
	for _, e := range events {
		m.end += uint64(64 + weigh(e)) // like a file's offsets: never dense, never zero
		s.events = append(s.events, len(m.log))
		m.log = append(m.log, Event{
			ID: e.ID, Stream: stream, Revision: s.last(), Type: e.Type, RecordedAt: at,
			Position: Position{Commit: m.end, Prepare: m.end},
			Data:     bytes.Clone(e.Data), Metadata: bytes.Clone(e.Metadata),
		})
	}
	if m.grown != nil {
		close(m.grown)
		m.grown = nil
	}
	return Appended{Revision: s.last(), Position: Position{Commit: m.end, Prepare: m.end}}
}

// stream returns the state of a stream, which may be empty. mu is held.
func (m *Memory) stream(name string) *memoryStream {
	s, ok := m.streams[name]
	if !ok {
		if m.streams == nil {
			m.streams = make(map[string]*memoryStream)
		}
		s = &memoryStream{}
		m.streams[name] = s
	}
	return s
}

// copied is e with bytes of its own, so that a reader cannot change the log.
func copied(e Event) Event {
	e.Data, e.Metadata = bytes.Clone(e.Data), bytes.Clone(e.Metadata)
	return e
}

// ReadStream implements Log.
func (m *Memory) ReadStream(ctx context.Context, stream string, from Revision, dir Direction) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		events, err := m.visible(stream, from, dir)
		if err != nil {
			yield(Event{}, err)
			return
		}
		m.yieldAll(ctx, "read "+stream, len(events), dir, func(i int) Event { return events[i] }, yield)
	}
}

// visible returns the events of a stream a read from a revision sees, in stream
// order.
func (m *Memory) visible(stream string, from Revision, dir Direction) ([]Event, error) {
	if err := admitStream(stream, NoStream); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.stream(stream)
	if s.tombstoned {
		return nil, fmt.Errorf("read %s: %w", stream, ErrStreamDeleted)
	}
	low, high := s.first, s.last()
	switch {
	case dir == Forwards:
		low = max(low, from)
	case from >= 0:
		high = min(high, from)
	}
	var events []Event
	for r := low; r <= high; r++ {
		events = append(events, m.log[s.events[r]])
	}
	return events, nil
}

// ReadAll implements Log.
func (m *Memory) ReadAll(ctx context.Context, from Position, dir Direction) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		log, _ := m.snapshot()
		skip := 0
		if dir == Forwards {
			skip = behind(log, from)
		}
		m.yieldAll(ctx, "read the log", len(log)-skip, dir, func(i int) Event { return log[skip+i] }, yield)
	}
}

// yieldAll yields n events in a direction until ctx ends or the consumer stops.
func (m *Memory) yieldAll(
	ctx context.Context, doing string, n int, dir Direction, at func(int) Event, yield func(Event, error) bool,
) {
	for i := range n {
		if ctx.Err() != nil {
			break
		}
		if dir == Backwards {
			i = n - 1 - i
		}
		if !yield(copied(at(i)), nil) {
			return
		}
	}
	if ctx.Err() != nil {
		yield(Event{}, outOfReach(ctx, nil, "%s", doing))
	}
}

// snapshot returns the log as it is and a channel closed when it grows.
func (m *Memory) snapshot() ([]Event, <-chan struct{}) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.grown == nil {
		m.grown = make(chan struct{})
	}
	return m.log, m.grown
}

// behind returns the index of the first event of log behind p.
func behind(log []Event, p Position) int {
	low, high := 0, len(log)
	for low < high {
		mid := (low + high) / 2
		if log[mid].Position.After(p) {
			high = mid
		} else {
			low = mid + 1
		}
	}
	return low
}

// DeleteStream implements Log.
func (m *Memory) DeleteStream(ctx context.Context, stream string, expected Revision) error {
	return m.remove(ctx, stream, expected, func(s *memoryStream) error {
		if s.last() == NoStream {
			return &ConflictError{Stream: stream, Expected: expected, Actual: NoStream}
		}
		s.first = softDeleted
		return nil
	})
}

// Tombstone implements Log.
func (m *Memory) Tombstone(ctx context.Context, stream string, expected Revision) error {
	return m.remove(ctx, stream, expected, func(s *memoryStream) error {
		s.tombstoned = true
		return nil
	})
}

// remove lets mark delete a stream that is at revision expected.
func (m *Memory) remove(ctx context.Context, stream string, expected Revision, mark func(*memoryStream) error) error {
	if err := admitStream(stream, expected); err != nil {
		return err
	}
	if ctx.Err() != nil {
		return outOfReach(ctx, nil, "delete %s", stream)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.stream(stream)
	switch {
	case s.tombstoned:
		return fmt.Errorf("delete %s: %w", stream, ErrStreamDeleted)
	case expected != s.last():
		return &ConflictError{Stream: stream, Expected: expected, Actual: s.last()}
	}
	return mark(s)
}
