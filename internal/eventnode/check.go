package eventnode

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Report is what Check found.
type Report struct {
	Events   int
	Streams  int
	Bytes    int64  // of stored events
	Position uint64 // of the last event, also of one that was removed
	Format   int
	// Scavenges are the reports of those that removed something.
	Scavenges []ScavengeReport
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
	fmt.Fprintf(&b, "%d events in %d streams, %d bytes, last position %d, format %d\n", r.Events, r.Streams, r.Bytes, r.Position, r.Format)
	if r.Format < latestFormat {
		fmt.Fprintf(&b, "format %d is older than this program's; the next opening makes it %d\n", r.Format, latestFormat)
	}
	for _, s := range r.Scavenges {
		fmt.Fprintln(&b, s)
	}
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
// revisions are dense but for what scavenges say they removed, that positions and
// times grow, and that what readers are sent decodes. What a damaged block of a
// table held is passed over. Of o only Dir, FS, Logger and CacheBytes matter. It needs
// memory for each stream, as a node does.
// Errors: ErrLocked, ErrFormat, ErrCorrupt if the store cannot be opened at all, or
// what the disk said; other damage is in the report.
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
	return f.check(o)
}

// check is Check of a folder that is locked.
func (f *folder) check(o Options) (report Report, err error) {
	db, err := f.open(o, nil)
	if err != nil {
		return report, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	c := &checker{folder: f, db: db, streams: map[uint64]*checkedStream{}}
	c.report.Format = f.format
	passes := []func() error{c.streamRecords, c.events, c.index, c.compare, c.strangers}
	if f.format > 1 {
		passes = []func() error{c.streamRecords, c.scavenges, c.removals, c.logEnd, c.events, c.index, c.compare, c.strangers}
	}
	for _, pass := range passes {
		if err := pass(); err != nil {
			return c.report, fmt.Errorf("event node: check %s: %w", f.dir, err)
		}
	}
	return c.report, nil
}

type checker struct {
	folder  *folder
	db      database
	report  Report
	streams map[uint64]*checkedStream
	end     logEnd        // as of the last removal
	damage  []damagedSpan // once some was met, in order of where they end
}

// checkedStream is one stream as each of the three key spaces tells it.
type checkedStream struct {
	name     string
	recorded int64 // last revision in the stream's record
	kept     int64 // first revision a scavenge has left
	last     int64 // last revision among the events; one before kept if none
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

// each calls f for every key of a key space that can be read.
func (c *checker) each(lower, upper []byte, f func(key, value []byte)) error {
	for {
		last := bytes.Clone(lower)
		err := eachKey(c.db, lower, upper, func(key, value []byte) error {
			last = append(last[:0], key...)
			f(key, value)
			return nil
		})
		if !errors.Is(err, ErrCorrupt) {
			return err
		}
		if err := c.findDamage(err); err != nil {
			return err
		}
		next := slices.IndexFunc(c.damage, func(s damagedSpan) bool { return bytes.Compare(s.to, last) > 0 })
		if next < 0 || upper != nil && bytes.Compare(c.damage[next].to, upper) >= 0 {
			return nil
		}
		lower = append(bytes.Clone(c.damage[next].to), 0)
	}
}

// findDamage looks for all blocks that are damaged once one is met, as met says.
func (c *checker) findDamage(met error) error {
	if c.damage != nil {
		return nil
	}
	tables, err := c.folder.tables(c.db)
	if err != nil {
		return err
	}
	for _, table := range tables {
		spans, err := damagedSpans(context.Background(), c.folder.fs, table)
		if err != nil {
			return err
		}
		for _, s := range spans {
			c.problem("%v; keys from %x to %x cannot be read", s.why, s.from, s.to)
		}
		c.damage = append(c.damage, spans...)
	}
	if len(c.damage) == 0 {
		return met
	}
	slices.SortFunc(c.damage, func(a, b damagedSpan) int { return bytes.Compare(a.to, b.to) })
	return nil
}

func (c *checker) scavenges() error {
	return c.each([]byte{scavengeSpace}, spaceEnd(scavengeSpace), func(key, value []byte) {
		r, err := decodeScavengeReport(key, value)
		if err != nil {
			c.problem("%v", err)
			return
		}
		c.report.Scavenges = append(c.report.Scavenges, r)
	})
}

// removals takes note of where streams begin. What a scavenge removed it says
// in the same commit, so all else that is missing is damage.
func (c *checker) removals() error {
	return c.each([]byte{removalSpace}, spaceEnd(removalSpace), func(key, value []byte) {
		id, r, err := decodeRemoval(key, value)
		if err != nil {
			c.problem("%v", err)
			return
		}
		s := c.streams[id]
		if s == nil {
			c.problem("events of stream number %d were removed, but it has no record", id)
			return
		}
		if s.recorded != tombstoneRevision && r.kept > s.recorded+1 {
			c.problem("events before %d of stream %q were removed, but its last is %d", r.kept, s.name, s.recorded)
		}
		if !slices.ContainsFunc(c.report.Scavenges, func(of ScavengeReport) bool { return of.Number == r.scavenge }) {
			c.problem("events before %d of stream %q were removed by scavenge %d, of which there is no report", r.kept, s.name, r.scavenge)
		}
		s.kept, s.last = r.kept, r.kept-1
	})
}

func (c *checker) logEnd() error {
	return c.each(endKey, spaceEnd(endSpace), func(key, value []byte) {
		e, err := decodeLogEnd(key, value)
		if err != nil {
			c.problem("%v", err)
			return
		}
		c.end = e
	})
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
	defer func() { c.report.Position = max(c.report.Position, c.end.last) }()
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
		if pos <= c.end.last && end > c.end.next || pos > c.end.last && pos < c.end.next {
			c.problem("event at %d lies where the log ended at %d when a scavenge removed events", pos, c.end.next)
		}
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
		case s.events == 0 && (s.kept == 0 || s.kept <= s.recorded):
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
	spaces := []byte{eventSpace, streamSpace, indexSpace} // ascending
	if c.report.Format > 1 {
		spaces = []byte{eventSpace, removalSpace, endSpace, streamSpace, scavengeSpace, indexSpace}
	}
	var lower []byte
	for _, space := range spaces {
		if err := c.each(lower, []byte{space}, report); err != nil {
			return err
		}
		lower = spaceEnd(space)
	}
	return c.each(lower, nil, report)
}
