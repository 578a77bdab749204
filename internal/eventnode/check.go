package eventnode

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"

	"github.com/cockroachdb/pebble/v2"
)

// Report is what Check found.
type Report struct {
	Events   int
	Streams  int
	Bytes    int64  // of stored events
	Position uint64 // of the last event
	// Problems are what is wrong, in words; empty means the folder is sound.
	// At most maxProblems are listed.
	Problems []string
	// More is how many problems were found beyond those listed.
	More int
}

const maxProblems = 100

// String is the report for a terminal.
func (r Report) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d events in %d streams, %d bytes, last position %d\n", r.Events, r.Streams, r.Bytes, r.Position)
	for _, p := range r.Problems {
		fmt.Fprintf(&b, "PROBLEM: %s\n", p)
	}
	switch {
	case r.More > 0:
		fmt.Fprintf(&b, "and %d more problems\n", r.More)
	case len(r.Problems) == 0:
		b.WriteString("no problems found\n")
	}
	return b.String()
}

// Check reads everything in a folder no node has open, and changes nothing. It
// verifies all checksums, that events, index and streams say the same, that
// revisions are dense, that positions and times grow, and that what readers are
// sent decodes. Of o only Dir, FS, Logger and CacheBytes matter. It needs
// memory for each stream, as a node does.
// Errors: ErrLocked, ErrFormat, or what the disk said; damage is in the report.
func Check(o Options) (report Report, err error) {
	o, err = o.withDefaults()
	if err != nil {
		return report, err
	}
	f, err := lockFolder(o.FS, o.Dir, false)
	if err != nil {
		return report, err
	}
	defer func() { err = errors.Join(err, f.lock.Close()) }()
	db, err := f.open(o.FS, o, true, func(error) {})
	if err != nil {
		return report, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	c := &checker{db: db, streams: map[uint64]*checkedStream{}}
	for _, pass := range []func() error{c.streamRecords, c.events, c.index, c.compare, c.strangers} {
		if err := pass(); err != nil {
			return c.report, fmt.Errorf("event node: check %s: %w", o.Dir, err)
		}
	}
	return c.report, nil
}

type checker struct {
	db      *pebble.DB
	report  Report
	streams map[uint64]*checkedStream
}

// checkedStream is one stream as each of the three key spaces tells it.
type checkedStream struct {
	name     string
	recorded int64 // last revision in the stream's record
	last     int64 // last revision among the events; -1 none
	events   int
	indexed  int
	// Sums over event and index of what both say of each event: equal if they
	// agree, whatever the order.
	eventSum, indexSum uint64
}

func (c *checker) problem(format string, args ...any) {
	if len(c.report.Problems) == maxProblems {
		c.report.More++
		return
	}
	c.report.Problems = append(c.report.Problems, fmt.Sprintf(format, args...))
}

// each calls f for every key of a key space.
func (c *checker) each(lower, upper []byte, f func(key, value []byte)) error {
	it, err := c.db.NewIter(&pebble.IterOptions{LowerBound: lower, UpperBound: upper})
	if err != nil {
		return err
	}
	for it.First(); it.Valid(); it.Next() {
		f(it.Key(), it.Value())
	}
	return it.Close()
}

func (c *checker) streamRecords() error {
	return c.each([]byte{streamSpace}, spaceEnd(streamSpace), func(key, value []byte) {
		r, err := decodeStreamRecord(key, value)
		if err != nil {
			c.problem("%v", err)
			return
		}
		if other := c.streams[r.id]; other != nil {
			c.problem("streams %q and %q have the same number %d", other.name, key[1:], r.id)
			return
		}
		c.streams[r.id] = &checkedStream{name: string(key[1:]), recorded: r.last, last: -1}
		c.report.Streams++
	})
}

func (c *checker) events() error {
	end, created := uint64(0), int64(0)
	return c.each([]byte{eventSpace}, spaceEnd(eventSpace), func(key, value []byte) {
		pos, err := eventPosition(key)
		if err != nil {
			c.problem("%v", err)
			return
		}
		c.report.Events++
		c.report.Bytes += int64(len(value))
		c.report.Position = pos
		if pos < max(end, firstPosition) {
			c.problem("event at %d lies within the one before, which ends at %d", pos, end)
		}
		end = pos + uint64(len(value))
		e, err := decodeEvent(pos, value)
		if err != nil {
			c.problem("%v", err)
			return
		}
		if e.created < created {
			c.problem("event at %d was recorded earlier than the one before it", pos)
		}
		created = max(created, e.created)
		c.event(&e)
	})
}

// event compares e with its stream and with what readers are sent.
func (c *checker) event(e *event) {
	s := c.streams[e.stream]
	if s == nil {
		c.problem("event at %d is of stream number %d (%q), which has no record", e.pos, e.stream, e.name)
		s = &checkedStream{name: string(e.name), recorded: -1, last: -1}
		c.streams[e.stream] = s
	}
	if s.name != string(e.name) {
		c.problem("event at %d says its stream is %q; number %d is %q", e.pos, e.name, e.stream, s.name)
	}
	if e.revision != s.last+1 && (e.revision != tombstoneRevision || s.last == tombstoneRevision) {
		c.problem("event at %d is number %d of stream %q, after number %d", e.pos, e.revision, s.name, s.last)
	}
	s.last = e.revision
	s.events++
	s.eventSum += agreement(e.revision, indexEntry{pos: e.pos, id: e.id})
	if err := checkWire(e); err != nil {
		c.problem("%v", err)
	}
}

// checkWire compares what readers are sent with the header beside it.
func checkWire(e *event) error {
	resp, err := unpack(e)
	if err != nil {
		return err
	}
	r := resp.GetEvent().GetEvent()
	var id [16]byte
	if s := r.GetId().GetStructured(); s != nil {
		binary.BigEndian.PutUint64(id[:8], uint64(s.GetMostSignificantBits()))
		binary.BigEndian.PutUint64(id[8:], uint64(s.GetLeastSignificantBits()))
	}
	same := id == e.id &&
		string(r.GetStreamIdentifier().GetStreamName()) == string(e.name) &&
		r.GetStreamRevision() == uint64(e.revision) &&
		r.GetMetadata()["type"] == string(e.typ) &&
		r.GetMetadata()["created"] == fmt.Sprint(e.created) &&
		r.GetCommitPosition() == e.pos && r.GetPreparePosition() == e.pos &&
		resp.GetEvent().GetCommitPosition() == e.pos
	if !same {
		return corrupt("event at %d is not the one its header describes", e.pos)
	}
	return nil
}

func (c *checker) index() error {
	return c.each([]byte{indexSpace}, spaceEnd(indexSpace), func(key, value []byte) {
		if len(key) != 17 {
			c.problem("key %x is not one of the index", key)
			return
		}
		e, err := decodeIndexEntry(key, value)
		if err != nil {
			c.problem("%v", err)
			return
		}
		id := binary.BigEndian.Uint64(key[1:])
		s := c.streams[id]
		if s == nil {
			c.problem("index has stream number %d, which has neither record nor events", id)
			return
		}
		s.indexed++
		s.indexSum += agreement(int64(binary.BigEndian.Uint64(key[9:])), e)
	})
}

// agreement is a number that depends on everything events and index both say
// of an event.
func agreement(rev int64, e indexEntry) uint64 {
	most, least := halves(e.id)
	h := uint64(rev)
	for _, v := range []uint64{e.pos, most, least} {
		h = (h ^ v) * 0x9E3779B97F4A7C15
		h ^= h >> 29
	}
	return h
}

func (c *checker) compare() error {
	for id, s := range c.streams {
		switch {
		case s.events == 0:
			c.problem("stream %q (number %d) has a record but no events", s.name, id)
		case s.recorded != s.last && s.recorded >= 0:
			c.problem("record of stream %q says its last event is %d; it is %d", s.name, s.recorded, s.last)
		}
		if s.events != s.indexed || s.eventSum != s.indexSum {
			c.problem("index of stream %q does not match its events: %d entries, %d events", s.name, s.indexed, s.events)
		}
	}
	return nil
}

// strangers looks for keys that do not belong to a node.
func (c *checker) strangers() error {
	report := func(key, _ []byte) { c.problem("key %x does not belong here", key) }
	var lower []byte
	for _, space := range []byte{eventSpace, streamSpace, indexSpace} { // ascending
		if err := c.each(lower, []byte{space}, report); err != nil {
			return err
		}
		lower = spaceEnd(space)
	}
	return c.each(lower, nil, report)
}
