package eventnode

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/cockroachdb/pebble/v2"
)

const (
	// sweepEvents is how many events are removed in one step; appends that come
	// in meanwhile share its commit or are in the next.
	sweepEvents = 512
	// maxPause is the longest a scavenge rests between two steps.
	maxPause = 250 * time.Millisecond
)

// ErrBusy says that a scavenge or a backup is under way already.
var ErrBusy = errors.New("event node: another scavenge or backup is under way")

// ScavengeOptions say how a scavenge works.
type ScavengeOptions struct {
	// Hurry leaves out the rests that leave the disk to others: as long as the
	// step before took, at most 250 ms.
	Hurry bool
	// Progress, if not nil, is called after each step, never concurrently.
	Progress func(Progress)
}

// Progress says how far a long operation is.
type Progress struct {
	Step  string // what is being done, in a word or two
	Done  int64
	Total int64  // 0: not known
	Unit  string // of both
}

// Scavenge removes from the disk, while the node works, what no reader of a
// stream sees any more: events before $tb, beyond $maxCount and $maxAge, those
// of deleted and tombstoned streams, and all but the last metadata of a stream.
// Tombstones stay, and so do the numbers: no revision and no position is given
// twice. When it returns without an error, no file of the store holds a byte of
// what was removed; backups taken before do.
//
// A reader that is under way gets a whole stream or, if its events are removed
// meanwhile, the beginning of it; a subscriber goes on behind what is gone.
//
// It may be cut off at any time, also by a crash; the next one finishes what it
// left. Errors: ErrBusy, ErrCorrupt, what stopped the node from writing, ctx.
func (n *Node) Scavenge(ctx context.Context, o ScavengeOptions) (ScavengeReport, error) {
	s := &scavenger{n: n, o: o, touched: map[uint64]bool{}}
	err := n.operate(ctx, "scavenge", s.run)
	if err != nil {
		return ScavengeReport{}, err
	}
	return s.report, nil
}

// Scavenges returns the reports of all scavenges that removed something, the
// oldest first.
func (n *Node) Scavenges() ([]ScavengeReport, error) { return readScavenges(n.db) }

// Removed returns the first revision of stream that scavenges have left, and
// the number of the one that removed the event before it; 0, 0 if none did.
// (The first revision of a tombstoned stream is 2^63-1, the tombstone.)
// Errors: ErrCorrupt, or what the disk said.
func (n *Node) Removed(stream string) (kept int64, scavenge uint64, err error) {
	key := removalKey(n.streams.state(stream).id)
	v, closer, err := n.db.Get(key)
	if errors.Is(err, pebble.ErrNotFound) {
		return 0, 0, nil
	}
	if err != nil {
		return 0, 0, fmt.Errorf("event node: read what was removed of %s: %w", stream, err)
	}
	_, r, err := decodeRemoval(key, v)
	return r.kept, r.scavenge, errors.Join(err, closer.Close())
}

// operate runs one long operation at a time. It returns when the operation has
// ended, or at once when the disk fails: then what work waits for never comes,
// and the operation ends when the node is closed.
func (n *Node) operate(ctx context.Context, what string, work func(context.Context) error) error {
	if !n.operating.TryLock() {
		return ErrBusy
	}
	if n.closing.Err() != nil || n.fs.err() != nil {
		defer n.operating.Unlock()
		if err := n.fs.err(); err != nil {
			return fmt.Errorf("event node: %s: %w", what, err)
		}
		return errStopping
	}
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(n.closing, cancel)
	ended := make(chan error, 1)
	n.operations.Go(func() {
		err := work(ctx)
		stop()
		cancel()
		n.operating.Unlock() // before the caller hears of it: it may begin the next one
		ended <- err
	})
	var err error
	select {
	case err = <-ended:
	case <-n.failed:
		err = n.fs.err()
	}
	if err != nil {
		return fmt.Errorf("event node: %s: %w", what, err)
	}
	return nil
}

// scavenger is one scavenge under way.
type scavenger struct {
	n       *Node
	o       ScavengeOptions
	report  ScavengeReport
	earlier []ScavengeReport // that were cut off
	touched map[uint64]bool  // parts of the log from which events went; see cell
	streams [2]uint64        // lowest and highest number of those swept
	looked  int64            // streams looked at
	ctx     context.Context
}

func (s *scavenger) run(ctx context.Context) error {
	s.ctx = ctx
	past, err := readScavenges(s.n.db)
	if err != nil {
		return err
	}
	for _, r := range past {
		s.report.Number = max(s.report.Number, r.Number)
		if r.Ended.IsZero() {
			s.earlier = append(s.earlier, r)
		}
	}
	s.report.Number++
	s.report.Started = s.n.o.Now().UTC()
	s.report.Position = s.n.durable.Load()
	if s.report.Before, err = s.n.folder.size(); err != nil {
		return err
	}
	names := s.n.streams.names()
	for _, name := range names {
		if err := s.sweepStream(name); err != nil {
			return err
		}
		if s.looked++; s.looked%1024 == 0 {
			s.progress(Progress{Step: "streams", Done: s.looked, Total: int64(len(names)), Unit: "streams"})
		}
	}
	s.progress(Progress{Step: "streams", Done: s.looked, Total: int64(len(names)), Unit: "streams"})
	if s.report.Events > 0 || len(s.earlier) > 0 {
		if err := s.purge(); err != nil {
			return err
		}
	}
	return s.finish()
}

func (s *scavenger) progress(p Progress) {
	if s.o.Progress != nil {
		s.o.Progress(p)
	}
}

// rest leaves disk and processor to others for as long as the step took that
// began at start.
func (s *scavenger) rest(start time.Time) error {
	if s.o.Hurry {
		return s.ctx.Err()
	}
	return pause(s.ctx, min(time.Since(start), maxPause))
}

func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// sweepStream removes what is to be removed of stream name.
func (s *scavenger) sweepStream(name string) error {
	before := s.report.Events
	for {
		if err := s.ctx.Err(); err != nil {
			return err
		}
		start := time.Now()
		st := s.n.streams.state(name)
		to := tombstoneRevision
		if !st.tombstoned() {
			if st.last < 0 {
				return nil
			}
			var err error
			if to, err = s.n.firstVisible(st); err != nil {
				return err
			}
		}
		if to <= st.kept {
			return nil
		}
		w := &sweep{meta: st.meta, from: st.kept, to: to}
		if err := w.collect(s.n.db, st.id); err != nil {
			return err
		}
		if len(w.positions) == 0 {
			return nil // a tombstone only
		}
		next := s.report
		next.Events += uint64(len(w.positions))
		if s.report.Events == before {
			next.Streams++
		}
		w.report = &next
		r := &request{kind: kindSweep, stream: name, sweep: w, done: make(chan struct{})}
		if err := s.n.submit(s.ctx, r); err != nil {
			return err
		}
		if r.outcome.verdict == wrongRevision {
			continue // the metadata are others now
		}
		s.report = next
		s.noteTouched(st.id, w.positions)
		s.progress(Progress{Step: "events", Done: int64(s.report.Events), Unit: "events removed"})
		if err := s.rest(start); err != nil {
			return err
		}
	}
}

func (s *scavenger) noteTouched(stream uint64, positions []uint64) {
	for _, pos := range positions {
		s.touched[pos/cellBytes] = true
	}
	if s.streams[0] == 0 || stream < s.streams[0] {
		s.streams[0] = stream
	}
	s.streams[1] = max(s.streams[1], stream)
}

// finish writes down that everything is off the disk.
func (s *scavenger) finish() error {
	var err error
	if s.report.After, err = s.n.folder.size(); err != nil {
		return err
	}
	s.report.Ended = s.n.o.Now().UTC()
	var reports []*ScavengeReport
	for i := range s.earlier {
		s.earlier[i].Ended = s.report.Ended
		reports = append(reports, &s.earlier[i])
	}
	if s.report.Events > 0 {
		reports = append(reports, &s.report)
	} else {
		s.report.Number = 0 // nothing removed, nothing to report
	}
	for _, report := range reports {
		r := &request{kind: kindSweep, sweep: &sweep{report: report}, done: make(chan struct{})}
		if err := s.n.submit(s.ctx, r); err != nil {
			return err
		}
	}
	return nil
}

// sweep is one step of a scavenge, as the writer carries it out: remove events
// of one stream, and write down how far the scavenge is.
type sweep struct {
	meta      streamMeta // on which to was decided
	from, to  int64      // revisions; to is not removed
	positions []uint64   // of the events from on
	report    *ScavengeReport
}

// collect looks up the events to remove, and lowers to when they are too many.
func (w *sweep) collect(db database, stream uint64) error {
	it, err := db.NewIter(&pebble.IterOptions{LowerBound: indexKey(stream, w.from), UpperBound: indexKey(stream, w.to)})
	if err != nil {
		return fmt.Errorf("read the index: %w", err)
	}
	rev := w.from
	for ok := it.First(); ok && err == nil; ok = it.Next() {
		if len(w.positions) == sweepEvents {
			w.to = rev
			break
		}
		if len(it.Key()) != 17 || int64(binary.BigEndian.Uint64(it.Key()[9:])) != rev {
			err = corrupt("event %d of stream number %d is not in the index", rev, stream)
			break
		}
		var e indexEntry
		e, err = decodeIndexEntry(it.Key(), it.Value())
		w.positions = append(w.positions, e.pos)
		rev++
	}
	if err == nil && rev < w.to && w.to != tombstoneRevision {
		err = corrupt("event %d of stream number %d is not in the index", rev, stream)
	}
	return it.end(err)
}

// sweep removes what r says, if that is still right.
func (w *writer) sweep(u *unit, r *request) outcome {
	q := r.sweep
	if len(q.positions) > 0 {
		s := w.n.streams.get(r.stream)
		if s.removed.Load() != q.from || !w.maySweep(s, q) {
			return outcome{verdict: wrongRevision}
		}
		// Readers that miss an event look here to see whether that is damage.
		s.removed.Store(q.to)
		for i, pos := range q.positions {
			w.must(u.batch.Delete(eventKey(pos), nil))
			w.must(u.batch.Delete(indexKey(s.id, q.from+int64(i)), nil))
		}
		key := removalKey(s.id)
		w.must(u.batch.Set(key, appendRemoval(nil, key, removal{kept: q.to, scavenge: q.report.Number}), nil))
		w.must(u.batch.Set(endKey, appendLogEnd(nil, logEnd{last: w.lastPos, next: w.nextPos, created: w.lastCreated}), nil))
	}
	key := scavengeKey(q.report.Number)
	value, err := appendScavengeReport(nil, key, q.report)
	w.must(err)
	w.must(u.batch.Set(key, value, nil))
	return outcome{}
}

// maySweep reports whether no reader is to see the events of s before q.to, as
// the stream is now.
func (w *writer) maySweep(s *stream, q *sweep) bool {
	now := visibleState(s.name, s.state())
	now.kept = s.removed.Load()
	switch {
	case now.tombstoned():
		return true
	case q.to == tombstoneRevision:
		return false
	case now.meta.maxAge > 0 && now.meta == q.meta:
		return q.to <= now.last+1 // what was too old stays so
	}
	return q.to <= min(now.firstByNumber(), now.last+1)
}
