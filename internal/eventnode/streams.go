package eventnode

import (
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"
)

// stream is a stream the node knows: one that has events or metadata.
type stream struct {
	name string

	// Touched by the writer alone; ahead of what is durable.
	id        uint64 // 0 until it has an event
	last      int64  // revision of the last event, -1 if none
	meta      streamMeta
	rawMeta   []byte // what meta was read from, kept only while it is deleted
	touchedBy *unit  // the one that changed it and is still being filled

	// removed is the first revision a scavenge has left, or is about to: only
	// the writer changes it, before the events go. It only grows.
	removed atomic.Int64

	// What readers see: durable. Nil until then.
	published atomic.Pointer[streamState]
}

// streamState is a stream as of one moment. It is never changed.
type streamState struct {
	id   uint64
	last int64
	meta streamMeta
	kept int64 // first revision a scavenge has left

	removed *atomic.Int64 // what kept is by now; nil for a stream nobody knows
}

// gone reports whether a scavenge has removed event rev by now.
func (s streamState) gone(rev int64) bool { return s.removed != nil && rev < s.removed.Load() }

func (s streamState) tombstoned() bool { return s.last == tombstoneRevision }

// absent reports whether the stream reads as not found.
func (s streamState) absent() bool { return s.last < 0 || s.meta.deleted() }

// firstByNumber is the first revision $maxCount, $tb and scavenges leave visible.
func (s streamState) firstByNumber() int64 {
	first := max(s.meta.truncateBefore, s.kept)
	if n := s.meta.maxCount; n > 0 {
		first = max(first, s.last-n+1)
	}
	return first
}

// streamTable holds all streams by name. The writer is the only one that adds.
type streamTable struct {
	mu     sync.RWMutex
	byName map[string]*stream // guarded by mu for everyone but the writer's own reading
	lastID uint64             // writer only
}

// state returns what readers see of stream name.
func (t *streamTable) state(name string) streamState {
	t.mu.RLock()
	s := t.byName[name]
	t.mu.RUnlock()
	if s != nil {
		if st := s.published.Load(); st != nil {
			visible := visibleState(name, *st)
			visible.kept, visible.removed = s.removed.Load(), &s.removed
			return visible
		}
	}
	return streamState{last: -1}
}

// visibleState gives metadata streams the metadata they always have.
func visibleState(name string, st streamState) streamState {
	if _, isMeta := metaOf(name); isMeta {
		st.meta = streamMeta{maxCount: 1}
	}
	return st
}

func (t *streamTable) len() int {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return len(t.byName)
}

// names returns the names of all streams.
func (t *streamTable) names() []string {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return slices.Collect(maps.Keys(t.byName))
}

// get returns stream name, or nil. Writer only.
func (t *streamTable) get(name string) *stream { return t.byName[name] }

// add returns stream name, new if need be. Writer only.
func (t *streamTable) add(name string) *stream {
	if s := t.byName[name]; s != nil {
		return s
	}
	s := &stream{name: name, last: -1}
	t.mu.Lock()
	t.byName[name] = s
	t.mu.Unlock()
	return s
}

// nextID gives a stream its number. Writer only.
func (t *streamTable) nextID() uint64 {
	t.lastID++
	return t.lastID
}

// loadStreams reads all stream records, and the metadata of the streams that
// have any.
func loadStreams(db database) (*streamTable, error) {
	t := &streamTable{byName: map[string]*stream{}}
	it, err := db.NewIter(&pebble.IterOptions{LowerBound: []byte{streamSpace}, UpperBound: spaceEnd(streamSpace)})
	if err != nil {
		return nil, fmt.Errorf("read the streams: %w", err)
	}
	for it.First(); it.Valid(); it.Next() {
		r, err := decodeStreamRecord(it.Key(), it.Value())
		if err != nil {
			return nil, it.end(err)
		}
		s := &stream{name: string(it.Key()[1:]), id: r.id, last: r.last}
		t.byName[s.name] = s
		t.lastID = max(t.lastID, r.id)
	}
	if err := it.end(nil); err != nil {
		return nil, fmt.Errorf("read the streams: %w", err)
	}
	if err := t.loadRemovals(db); err != nil {
		return nil, err
	}
	if err := t.loadMetadata(db); err != nil {
		return nil, err
	}
	for _, s := range t.byName {
		s.publish(s.state())
	}
	return t, nil
}

func (t *streamTable) loadMetadata(db database) error {
	var holders []*stream
	for name, s := range t.byName {
		if _, isMeta := metaOf(name); isMeta && s.last != tombstoneRevision {
			holders = append(holders, s)
		}
	}
	for _, holder := range holders {
		e, err := readRevision(db, holder.id, holder.last)
		if err != nil {
			return fmt.Errorf("read metadata %q: %w", holder.name, err)
		}
		isJSON, data, err := payload(&e)
		if err != nil {
			return fmt.Errorf("read metadata %q: %w", holder.name, err)
		}
		of, _ := metaOf(holder.name)
		t.add(of).setMetadata(isJSON, data)
	}
	return nil
}

func (s *stream) setMetadata(isJSON bool, data []byte) {
	s.meta, s.rawMeta = parseMetadata(isJSON, data), nil
	if s.meta.deleted() {
		s.rawMeta = data
	}
}

func (s *stream) state() streamState { return streamState{id: s.id, last: s.last, meta: s.meta} }

func (s *stream) publish(st streamState) { s.published.Store(&st) }
