package eventnode

import (
	"encoding/binary"
	"fmt"
	"runtime"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/google/uuid"
)

// maxUnsynced is how many batches may be on their way to the disk. While one
// waits, the next is put together.
const maxUnsynced = 16

// requestKind is what a request asks for.
type requestKind uint8

const (
	kindAppend requestKind = iota
	kindDelete
	kindTombstone
	kindSweep
)

// The expected revisions that are not numbers.
const (
	expectNoStream = int64(-1)
	expectAny      = int64(-2)
	expectExists   = int64(-4)
)

// request is a change somebody asked for.
type request struct {
	kind     requestKind
	stream   string
	expected int64
	events   []proposed
	sweep    *sweep // of a kindSweep, which has nothing else but a stream

	outcome outcome       // to be read once done is closed
	done    chan struct{} // closed when the outcome is durable
}

// verdict is how a request ended.
type verdict uint8

const (
	written verdict = iota // now or, the same, earlier
	wrongRevision
	streamDeleted
	faulty // see outcome.err
)

type outcome struct {
	verdict verdict
	last    int64  // revision of the request's last event; of the stream's if it had none; -1
	pos     uint64 // of the request's last event, 0 if not known
	current int64  // of a wrongRevision: where the stream is
	err     error
}

// unit is one commit and the requests it answers.
type unit struct {
	batch    *pebble.Batch
	changes  bool // batch is not empty
	began    time.Time
	requests []*request
	appends  int
	events   []event
	bytes    int
	touched  []*stream // whose state changed, in no order, each once
	states   []streamState
}

// writer decides requests one after the other and commits what they write. It
// is ahead of the disk: its view of the streams includes what is not yet
// durable, which is right because answers are given in order, and none is given
// after a failure.
type writer struct {
	n           *Node
	lastPos     uint64
	nextPos     uint64
	lastCreated int64
	recent      *recentIDs
	key         []byte // scratch
	value       []byte // scratch
}

// run serves requests until there are no more.
func (w *writer) run() {
	defer w.n.workers.Done()
	defer close(w.n.units)
	for r := range w.n.requests {
		u := &unit{batch: w.n.db.NewBatch()}
		w.decide(u, r)
		w.fill(u)
		w.commit(u)
	}
}

// fill adds the requests that are waiting, but waits for none.
func (w *writer) fill(u *unit) {
	yielded := false
	for len(u.requests) < w.n.o.MaxBatch && u.bytes < w.n.o.MaxBatchBytes {
		select {
		case r, ok := <-w.n.requests:
			if !ok {
				return
			}
			w.decide(u, r)
		default:
			if yielded {
				return
			}
			// Those just answered are about to send again.
			yielded = true
			runtime.Gosched()
		}
	}
}

// commit sends u on its way to the disk.
func (w *writer) commit(u *unit) {
	u.states = make([]streamState, len(u.touched))
	for i, s := range u.touched {
		u.states[i] = s.state()
		s.touchedBy = nil
		if s.id != 0 {
			w.key = append(append(w.key[:0], streamSpace), s.name...)
			w.value = appendStreamRecord(w.value[:0], w.key, streamRecord{id: s.id, last: s.last})
			w.must(u.batch.Set(w.key, w.value, nil))
		}
	}
	u.began = time.Now()
	if u.changes = !u.batch.Empty(); u.changes && w.n.fs.err() == nil {
		w.must(w.n.db.ApplyNoSyncWait(u.batch, pebble.Sync))
	}
	w.n.units <- u
}

// must stops the node if err is one. Pebble's in-memory operations do not fail.
func (w *writer) must(err error) {
	if err != nil {
		w.n.fs.fail(fmt.Errorf("commit: %w", err))
	}
}

// awaitSyncs waits for each unit to be durable, shows it to readers and answers.
func (n *Node) awaitSyncs() {
	defer n.workers.Done()
	for u := range n.units {
		if n.fs.err() == nil && u.changes {
			if err := u.batch.SyncWait(); err != nil {
				n.fs.fail(fmt.Errorf("commit: %w", err))
			}
		}
		if n.fs.err() != nil {
			continue // the requests have been told by n.failed
		}
		_ = u.batch.Close() // returns it to Pebble's pool; cannot fail
		if len(u.events) > 0 {
			n.show(u)
		}
		for _, r := range u.requests {
			close(r.done)
		}
	}
}

// show makes a durable unit visible. Stream states come first: who has seen
// that an event is durable finds it in its stream.
func (n *Node) show(u *unit) {
	for i, s := range u.touched {
		s.publish(u.states[i])
	}
	n.tail.push(u.events)
	n.durable.Store(u.events[len(u.events)-1].pos)
	n.count.appends.Add(uint64(u.appends))
	n.count.events.Add(uint64(len(u.events)))
	n.count.bytes.Add(uint64(u.bytes))
	n.count.batches.Add(1)
	if n.o.Committed != nil {
		n.o.Committed(u.appends, len(u.events), time.Since(u.began))
	}
}

// put writes p as event rev of stream s and returns its position.
func (w *writer) put(u *unit, s *stream, rev int64, p *proposed) uint64 {
	if s.id == 0 {
		s.id = w.n.streams.nextID()
	}
	w.lastCreated = max(w.lastCreated, ticks(w.n.o.Now()))
	value, e := encodeEvent(w.nextPos, s.name, s.id, rev, w.lastCreated, p)
	w.lastPos = w.nextPos
	w.nextPos += uint64(len(value))

	w.key = binary.BigEndian.AppendUint64(append(w.key[:0], eventSpace), e.pos)
	w.must(u.batch.Set(w.key, value, nil))
	w.key = binary.BigEndian.AppendUint64(append(w.key[:0], indexSpace), s.id)
	w.key = binary.BigEndian.AppendUint64(w.key, uint64(rev))
	w.value = appendIndexEntry(w.value[:0], w.key, indexEntry{pos: e.pos, id: p.id})
	w.must(u.batch.Set(w.key, w.value, nil))

	s.last = rev
	u.touch(s)
	u.events = append(u.events, e)
	u.bytes += len(value)
	w.recent.add(s.id, p.id, rev, e.pos)
	if of, isMeta := metaOf(s.name); isMeta {
		about := w.n.streams.add(of)
		if rev == tombstoneRevision {
			about.setMetadata(false, nil)
		} else {
			about.setMetadata(p.json, p.data)
		}
		u.touch(about)
	}
	return e.pos
}

func (u *unit) touch(s *stream) {
	if s.touchedBy != u {
		s.touchedBy = u
		u.touched = append(u.touched, s)
	}
}

// recentKey is an event id in a stream.
type recentKey struct {
	stream uint64
	id     uuid.UUID
}

type recentEvent struct {
	rev int64
	pos uint64
}

// recentIDs remembers the last events by id.
type recentIDs struct {
	byID map[recentKey]recentEvent
	ring []recentKey
	at   int
}

func newRecentIDs(n int) *recentIDs {
	return &recentIDs{byID: make(map[recentKey]recentEvent), ring: make([]recentKey, 0, n)}
}

func (r *recentIDs) add(stream uint64, id uuid.UUID, rev int64, pos uint64) {
	k := recentKey{stream, id}
	if len(r.ring) < cap(r.ring) {
		r.ring = append(r.ring, k)
	} else {
		delete(r.byID, r.ring[r.at])
		r.ring[r.at] = k
		r.at = (r.at + 1) % len(r.ring)
	}
	r.byID[k] = recentEvent{rev, pos}
}

func (r *recentIDs) find(stream uint64, id uuid.UUID) (recentEvent, bool) {
	e, ok := r.byID[recentKey{stream, id}]
	return e, ok
}
