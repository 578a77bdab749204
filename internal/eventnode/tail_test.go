package eventnode

import (
	"slices"
	"sync"
	"testing"
)

func batchOf(positions ...uint64) []event {
	events := make([]event, len(positions))
	for i, p := range positions {
		events[i] = event{pos: p, size: 10}
	}
	return events
}

func TestWhereTheTailIsEntered(t *testing.T) {
	l := newTail(100, 40) // four events
	if b := l.enter(100); b == nil || len(b.events) != 0 {
		t.Fatal("an empty tail has no place for who knows everything")
	}
	if l.enter(99) != nil {
		t.Error("an empty tail claims to hold an event")
	}
	l.push(batchOf(110, 120))
	l.push(batchOf(130))
	l.push(batchOf(140))
	for pos, want := range map[uint64]uint64{100: 120, 109: 120, 110: 120, 119: 120, 120: 130, 130: 140, 135: 140, 140: 140} {
		if b := l.enter(pos); b == nil || b.last != want {
			t.Errorf("from %d: got %+v, want the batch up to %d", pos, b, want)
		}
	}
	l.push(batchOf(150)) // the first two fall off
	for pos, want := range map[uint64]uint64{120: 130, 150: 150} {
		if b := l.enter(pos); b == nil || b.last != want {
			t.Errorf("from %d: got %+v, want the batch up to %d", pos, b, want)
		}
	}
	for _, pos := range []uint64{100, 110, 119} {
		if b := l.enter(pos); b != nil {
			t.Errorf("from %d: got the batch up to %d, which is too late", pos, b.last)
		}
	}
	l.push(batchOf(160, 170, 180, 190, 200)) // larger than the tail may be
	if b := l.enter(150); b == nil || len(b.events) != 5 {
		t.Error("the newest batch is not there")
	}
}

func TestWhoStandsOnALostBatchIsTold(t *testing.T) {
	l := newTail(0, 10)
	at := l.enter(0)
	if _, wait, lost := at.following(); lost || wait == nil {
		t.Fatal("want something to wait for")
	}
	l.push(batchOf(1))
	next, _, lost := at.following()
	if lost || next == nil || next.last != 1 {
		// The batch before the first falls off at once only when over the limit.
		t.Fatalf("got %v, %v", next, lost)
	}
	l.push(batchOf(2))
	l.push(batchOf(3))
	if n, wait, lost := next.following(); !lost || n != nil || wait != nil {
		t.Errorf("got %v, %v, %v, want lost", n, wait, lost)
	}
}

// TestFollowingTheTailIsGapless has readers walk the chain while it grows and
// is cut, going back to the start of the tail when they are lost.
func TestFollowingTheTailIsGapless(t *testing.T) {
	l := newTail(0, 200)
	const n = 20_000
	var wg sync.WaitGroup
	for range 4 {
		b := l.enter(0)
		wg.Go(func() {
			pos := uint64(0)
			for {
				for i := range b.events {
					e := b.events[i]
					if e.pos <= pos {
						continue
					}
					if e.pos != pos+1 {
						t.Errorf("after %d comes %d", pos, e.pos)
						return
					}
					pos = e.pos
				}
				if pos == n {
					return
				}
				next, wait, lost := b.following()
				switch {
				case lost:
					// What a follower reads from disk meanwhile.
					b = l.newestBatch()
					pos = b.after
				case next != nil:
					b = next
				default:
					<-wait
				}
			}
		})
	}
	for pos := uint64(1); pos <= n; pos += 2 {
		l.push(batchOf(pos, pos+1))
	}
	wg.Wait()
}

func (t *tail) newestBatch() *tailBatch {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.newest
}

// TestStreamsInTheTail finds events by their stream: all that are asked for, or
// none.
func TestStreamsInTheTail(t *testing.T) {
	l := newTail(0, 100) // ten events
	pos := uint64(0)
	push := func(stream uint64, revisions ...int64) {
		events := make([]event, len(revisions))
		for i, rev := range revisions {
			pos++
			events[i] = event{pos: pos, stream: stream, revision: rev, size: 10}
		}
		l.push(events)
	}
	read := func(stream uint64, lower, upper int64, backwards bool, limit uint64, want ...int64) {
		t.Helper()
		var c chunk
		there := l.readStream(&c, stream, lower, upper, backwards, limit)
		var got []int64
		for _, e := range c.events {
			if e.stream != stream {
				t.Errorf("found an event of stream %d", e.stream)
			}
			got = append(got, e.revision)
		}
		if there != (want != nil) || !slices.Equal(got, want) {
			t.Errorf("%d to %d of stream %d, backwards %t, limit %d: got %v (%t), want %v", lower, upper, stream, backwards, limit, got, there, want)
		}
	}
	push(1, 4, 5, 6)
	push(2, 0)
	push(1, 7)
	read(1, 4, 7, false, noLimit, 4, 5, 6, 7)
	read(1, 4, 7, true, noLimit, 7, 6, 5, 4)
	read(1, 5, 7, false, 2, 5, 6)
	read(1, 0, 7, true, 3, 7, 6, 5)
	read(1, 3, 7, false, noLimit)
	read(1, 0, 7, false, 4)
	read(1, 6, 8, false, noLimit)
	read(3, 0, 0, false, noLimit)
	push(2, 1, 2, 3, 4, 5, 6, 7) // what was pushed first falls off
	read(1, 4, 7, false, noLimit)
	read(1, 7, 7, true, 1, 7)
	read(2, 0, 7, false, 2, 0, 1)
	push(2, tombstoneRevision) // takes the batch with revision 0 with it
	read(2, 1, 7, false, noLimit)
	read(2, tombstoneRevision, tombstoneRevision, true, 1, tombstoneRevision)
	push(3, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11)
	if len(l.streams) != 1 {
		t.Errorf("%d streams are remembered, want only the one whose events are there", len(l.streams))
	}
}
