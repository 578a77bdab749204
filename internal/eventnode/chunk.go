package eventnode

import (
	"encoding/binary"
	"errors"
	"fmt"
	"sort"

	"github.com/cockroachdb/pebble/v2"
)

const (
	// chunkBytes is how much is read before it is sent. No iterator is open
	// while a slow client is sent to, so none holds back Pebble's clean-up.
	chunkBytes = 256 << 10
	slabStart  = 4 << 10
)

// chunk is a run of events copied out of the store.
type chunk struct {
	events []event
	slab   []byte // where the values are; what was sent may still be in use, so it is never reused
	bytes  int
	next   int // size of the next slab
}

// clear empties c for the next run.
func (c *chunk) clear() { c.events, c.bytes = c.events[:0], 0 }

// hold returns a copy of b that stays as it is.
func (c *chunk) hold(b []byte) []byte {
	if cap(c.slab)-len(c.slab) < len(b) {
		c.next = min(max(2*c.next, slabStart), chunkBytes)
		c.slab = make([]byte, 0, max(c.next, len(b)))
	}
	at := len(c.slab)
	c.slab = append(c.slab, b...)
	return c.slab[at:len(c.slab):len(c.slab)]
}

// add decodes the value stored at pos and appends the event.
func (c *chunk) add(pos uint64, value []byte) error {
	e, err := decodeEvent(pos, c.hold(value))
	if err != nil {
		return err
	}
	c.events = append(c.events, e)
	c.bytes += e.size
	return nil
}

func (c *chunk) full(limit uint64) bool {
	return c.bytes >= chunkBytes || uint64(len(c.events)) >= limit
}

// readLog fills c with at most limit events at positions from lower to upper,
// both included; the last ones, newest first, if backwards. Fewer than limit
// and less than chunkBytes means there are no more.
func (n *Node) readLog(c *chunk, lower, upper uint64, backwards bool, limit uint64) error {
	c.clear()
	it, err := n.db.NewIter(&pebble.IterOptions{LowerBound: eventKey(lower), UpperBound: append(eventKey(upper), 0)})
	if err != nil {
		return fmt.Errorf("read the log: %w", err)
	}
	first, step := it.First, it.Next
	if backwards {
		first, step = it.Last, it.Prev
	}
	for ok := first(); ok && err == nil && !c.full(limit); ok = step() {
		var pos uint64
		if pos, err = eventPosition(it.Key()); err == nil {
			err = c.add(pos, it.Value())
		}
	}
	return it.end(err)
}

// errRemoved: a scavenge has removed an event that was there when the reading
// began.
var errRemoved = errors.New("event was removed")

// readStream fills c with at most limit events of a stream at revisions from
// lower to upper, both included; newest first if backwards. All of them must
// exist, or else a scavenge must have removed them meanwhile: then the error is
// errRemoved, and c has those before.
func (n *Node) readStream(c *chunk, st streamState, lower, upper int64, backwards bool, limit uint64) error {
	c.clear()
	stream := st.id
	if lower > upper || n.tail.readStream(c, stream, lower, upper, backwards, limit) {
		return nil
	}
	at, err := n.db.NewIter(&pebble.IterOptions{LowerBound: indexKey(stream, lower), UpperBound: append(indexKey(stream, upper), 0)})
	if err != nil {
		return fmt.Errorf("read the index: %w", err)
	}
	values, err := n.db.NewIter(&pebble.IterOptions{LowerBound: []byte{eventSpace}, UpperBound: spaceEnd(eventSpace)})
	if err != nil {
		return at.end(fmt.Errorf("read the log: %w", err))
	}
	first, step, rev, dir := at.First, at.Next, lower, int64(1)
	if backwards {
		first, step, rev, dir = at.Last, at.Prev, upper, -1
	}
	for ok := first(); err == nil && rev >= lower && rev <= upper && !c.full(limit); ok = step() {
		if !ok {
			err = corrupt("event %d of stream number %d is not in the index", rev, stream)
			break
		}
		if err = c.addIndexed(at, values, stream, rev); err == nil {
			rev += dir
		}
	}
	if errors.Is(err, ErrCorrupt) && st.gone(rev) {
		err = errRemoved
	}
	return at.end(values.end(err))
}

// addIndexed appends the event the index iterator stands on, which is to be
// event rev of stream.
func (c *chunk) addIndexed(at, values iterator, stream uint64, rev int64) error {
	key := at.Key()
	if len(key) != 17 || int64(binary.BigEndian.Uint64(key[9:])) != rev {
		return corrupt("event %d of stream number %d is not in the index", rev, stream)
	}
	entry, err := decodeIndexEntry(key, at.Value())
	if err != nil {
		return err
	}
	if !values.SeekGE(eventKey(entry.pos)) || binary.BigEndian.Uint64(values.Key()[1:]) != entry.pos {
		return corrupt("event %d of stream number %d is not at %d, where the index says", rev, stream, entry.pos)
	}
	if err := c.add(entry.pos, values.Value()); err != nil {
		return err
	}
	if e := &c.events[len(c.events)-1]; e.stream != stream || e.revision != rev {
		return corrupt("index says event %d of stream number %d is at %d; there is %d of %d", rev, stream, entry.pos, e.revision, e.stream)
	}
	return nil
}

// lastBeforeTombstone returns the revision of the last event before a stream's
// tombstone that is still stored, or -1.
func (n *Node) lastBeforeTombstone(st streamState) (int64, error) {
	it, err := n.db.NewIter(&pebble.IterOptions{LowerBound: indexKey(st.id, 0), UpperBound: indexKey(st.id, tombstoneRevision)})
	if err != nil {
		return 0, fmt.Errorf("read the index: %w", err)
	}
	rev := int64(-1)
	if it.Last() && len(it.Key()) == 17 {
		rev = int64(binary.BigEndian.Uint64(it.Key()[9:]))
	}
	return rev, it.end(nil)
}

// readEvent returns event rev of a stream, or errRemoved.
func (n *Node) readEvent(st streamState, rev int64) (event, error) {
	e, err := readRevision(n.db, st.id, rev)
	if errors.Is(err, ErrCorrupt) && st.gone(rev) {
		err = errRemoved
	}
	return e, err
}

// firstVisible returns the first revision of a stream that its metadata leave
// visible; one more than the last if none is.
func (n *Node) firstVisible(st streamState) (int64, error) {
	first := st.firstByNumber()
	if st.meta.maxAge == 0 || first > st.last {
		return min(first, st.last+1), nil
	}
	// Events are recorded in order of time, so the young ones are the last ones.
	oldest := ticks(n.o.Now()) - st.meta.maxAge
	var err error
	k := sort.Search(int(st.last-first+1), func(i int) bool {
		if err != nil {
			return true
		}
		var e event
		e, err = n.readEvent(st, first+int64(i))
		if errors.Is(err, errRemoved) {
			err = nil // it was too old
			return false
		}
		return e.created >= oldest
	})
	return first + int64(k), err
}
