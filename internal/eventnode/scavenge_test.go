package eventnode

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

func mustScavenge(t testing.TB, n *Node) ScavengeReport {
	t.Helper()
	r, err := n.Scavenge(t.Context(), ScavengeOptions{Hurry: true})
	if err != nil {
		t.Fatalf("Scavenge: %v", err)
	}
	return r
}

func changeMetadata(t *testing.T, c *esdb.Client, stream string, change func(m *esdb.StreamMetadata)) {
	t.Helper()
	var m esdb.StreamMetadata
	change(&m)
	if _, err := c.SetStreamMetadata(testContext(t), stream, esdb.AppendToStreamOptions{ExpectedRevision: esdb.Any{}}, m); err != nil {
		t.Fatalf("metadata of %s: %v", stream, err)
	}
}

func mustDelete(t *testing.T, c *esdb.Client, stream string) {
	t.Helper()
	if _, err := c.DeleteStream(testContext(t), stream, esdb.DeleteStreamOptions{ExpectedRevision: esdb.Any{}}); err != nil {
		t.Fatalf("delete %s: %v", stream, err)
	}
}

func mustTombstone(t *testing.T, c *esdb.Client, stream string) {
	t.Helper()
	if _, err := c.TombstoneStream(testContext(t), stream, esdb.TombstoneStreamOptions{ExpectedRevision: esdb.Any{}}); err != nil {
		t.Fatalf("tombstone %s: %v", stream, err)
	}
}

// TestAScavengeRemovesWhatNoReaderSees has each reason for an event to be
// invisible in one log.
func TestAScavengeRemovesWhatNoReaderSees(t *testing.T) {
	now := atomic.Int64{}
	now.Store(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).UnixNano())
	s := start(t, Options{Now: func() time.Time { return time.Unix(0, now.Load()) }})
	c := s.client(t)
	mustAppend(t, c, "kept", esdb.NoStream{}, some("kept", 2)...)
	for _, name := range []string{"deleted", "again", "cut", "counted", "old", "ended"} {
		mustAppend(t, c, name, esdb.NoStream{}, some(name, 3)...)
	}
	changeMetadata(t, c, "cut", func(m *esdb.StreamMetadata) { m.SetTruncateBefore(1) })
	changeMetadata(t, c, "cut", func(m *esdb.StreamMetadata) { m.SetTruncateBefore(2) })
	changeMetadata(t, c, "counted", func(m *esdb.StreamMetadata) { m.SetMaxCount(1) })
	changeMetadata(t, c, "old", func(m *esdb.StreamMetadata) { m.SetMaxAge(time.Minute) })
	mustDelete(t, c, "deleted")
	mustDelete(t, c, "again")
	mustAppend(t, c, "again", esdb.NoStream{}, some("back", 1)...)
	mustTombstone(t, c, "ended")
	mustTombstone(t, c, "never")
	now.Add(int64(time.Hour))
	mustAppend(t, c, "old", esdb.Revision(2), some("young", 1)...)

	r := mustScavenge(t, s.Node)
	if r.Events != 3+3+2+2+3+3+2 || r.Streams != 8 || r.Number != 1 || r.Ended.IsZero() {
		t.Errorf("report: %+v", r)
	}
	want := []string{
		`kept/0/test.kept/"kept-0"`, `kept/1/test.kept/"kept-1"`,
		`cut/2/test.cut/"cut-2"`, `counted/2/test.counted/"counted-2"`,
		`$$cut/1/$metadata/{"$tb":2}`, `$$counted/0/$metadata/{"$maxCount":1}`, `$$old/0/$metadata/{"$maxAge":60}`,
		`$$deleted/0/$metadata/{"$tb":9223372036854775807}`,
		`again/3/test.back/"back-0"`, `$$again/1/$metadata/{"$tb":3}`,
		`ended/9223372036854775807/$streamDeleted/`, `never/9223372036854775807/$streamDeleted/`,
		`old/3/test.young/"young-0"`,
	}
	equalLines(t, "$all", readAll(t, c, esdb.ReadAllOptions{From: esdb.Start{}}), want...)
	if again := mustScavenge(t, s.Node); again.Events != 0 || again.Number != 0 {
		t.Errorf("a second scavenge: %+v", again)
	}
	s = s.reopen(t)
	c = s.client(t)
	equalLines(t, "$all after reopening", readAll(t, c, esdb.ReadAllOptions{From: esdb.Start{}}), want...)
	all, err := s.Scavenges()
	if err != nil || len(all) != 1 || all[0].Events != r.Events || !all[0].Ended.Equal(r.Ended) {
		t.Errorf("Scavenges: %+v, %v", all, err)
	}
	for name, kept := range map[string]int64{"kept": 0, "deleted": 3, "again": 3, "cut": 2, "ended": tombstoneRevision, "never": 0, "unknown": 0} {
		if got, number, err := s.Removed(name); got != kept || err != nil || number != min(1, uint64(kept)) {
			t.Errorf("Removed(%s) = %d, %d, %v, want %d", name, got, number, err, kept)
		}
	}
	// What is left behaves as before, and numbers go on.
	if _, err := readStream(t, c, "deleted", esdb.ReadStreamOptions{From: esdb.Start{}}); code(t, err) != esdb.ErrorCodeResourceNotFound {
		t.Errorf("deleted: %v", err)
	}
	if r := mustAppend(t, c, "deleted", esdb.NoStream{}, some("new", 1)...); r.NextExpectedVersion != 3 {
		t.Errorf("a deleted stream goes on with %d, want 3", r.NextExpectedVersion)
	}
	if _, err := c.AppendToStream(testContext(t), "ended", esdb.AppendToStreamOptions{ExpectedRevision: esdb.Any{}}, some("e", 1)...); code(t, err) != esdb.ErrorCodeStreamDeleted {
		t.Errorf("ended: %v", err)
	}
	for _, back := range []esdb.Direction{esdb.Forwards, esdb.Backwards} {
		var from esdb.StreamPosition = esdb.Start{}
		if back == esdb.Backwards {
			from = esdb.End{}
		}
		got, err := readStream(t, c, "cut", esdb.ReadStreamOptions{From: from, Direction: back})
		if err != nil {
			t.Fatal(err)
		}
		equalLines(t, "cut", got, `cut/2/test.cut/"cut-2"`)
	}
	// Metadata that would show more do not bring back what is gone.
	changeMetadata(t, c, "cut", func(m *esdb.StreamMetadata) { m.SetMaxCount(10) })
	got, err := readStream(t, c, "cut", esdb.ReadStreamOptions{From: esdb.Revision(0)})
	if err != nil {
		t.Fatal(err)
	}
	equalLines(t, "cut, with other metadata", got, `cut/2/test.cut/"cut-2"`)
}

// TestPositionsAreNotGivenTwice removes the last event of the log.
func TestPositionsAreNotGivenTwice(t *testing.T) {
	s := start(t, Options{})
	c := s.client(t)
	mustAppend(t, c, "s", esdb.NoStream{}, some("e", 1)...)
	changeMetadata(t, c, "s", func(m *esdb.StreamMetadata) { m.SetTruncateBefore(100) })
	last := mustAppend(t, c, "s", esdb.Revision(0), some("e", 3)...)
	if r := mustScavenge(t, s.Node); r.Events != 4 {
		t.Errorf("%d events removed, want 4", r.Events)
	}
	s = s.reopen(t)
	c = s.client(t)
	// The last event is a checkpoint of somebody's.
	sub := follow(t, c, esdb.SubscribeToAllOptions{From: esdb.Position{Commit: last.CommitPosition, Prepare: last.PreparePosition}})
	wantHeard(t, "subscription", sub, "caught up")
	next := mustAppend(t, c, "s", esdb.Revision(3), some("e", 1)...)
	if next.CommitPosition <= last.CommitPosition || next.NextExpectedVersion != 4 {
		t.Errorf("after the last event at %d comes %d, as number %d", last.CommitPosition, next.CommitPosition, next.NextExpectedVersion)
	}
	wantHeard(t, "subscription", sub, "s/4")
	_ = sub.Close()
	if r := mustScavenge(t, s.Node); r.Number != 2 || r.Events != 1 {
		t.Errorf("the second scavenge that removes something: %+v", r)
	}
}

// grep returns the files under dir that hold text.
func grep(t *testing.T, dir, text string) []string {
	t.Helper()
	var in []string
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		b, err := os.ReadFile(path)
		if errors.Is(err, os.ErrNotExist) {
			return nil // an old log
		}
		if bytes.Contains(b, []byte(text)) {
			in = append(in, path)
		}
		return err
	})
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	return in
}

// TestNoByteOfARemovedEventIsInAnyFile looks into all files while the node runs
// and appends go on. The words cannot be compressed away: each is in the log
// once, in an event of its own.
func TestNoByteOfARemovedEventIsInAnyFile(t *testing.T) {
	dir := t.TempDir()
	s := start(t, Options{Dir: dir, FS: vfs.Default, MemTableBytes: 1 << 20, noCompactions: true})
	c := s.client(t)
	canary := func(i int) esdb.EventData {
		e := some("e", 1)[0]
		e.Data = fmt.Appendf(nil, `"secret-canary-%d-%x"`, i, i*7919)
		return e
	}
	const canaries = 50
	fill := payloadOf(2000)
	for i := range canaries {
		mustAppend(t, c, fmt.Sprintf("person-%d", i), esdb.NoStream{}, canary(i))
		fill.EventID = some("e", 1)[0].EventID
		mustAppend(t, c, "filler", esdb.Any{}, fill)
		switch {
		case i == canaries/3:
			if err := s.db.Flush(); err != nil {
				t.Fatal(err)
			}
		case i == canaries/2:
			if err := s.db.Compact(t.Context(), []byte{0}, []byte{0xff}, false); err != nil {
				t.Fatal(err)
			}
		}
	}
	before := strings.Join(grep(t, dir, "secret-canary-"), " ")
	if !strings.Contains(before, ".sst") || !strings.Contains(before, ".log") {
		t.Fatalf("before they are removed the canaries are in %q only", before)
	}
	var stop atomic.Bool
	var wg sync.WaitGroup
	wg.Go(func() {
		c, fill := s.client(t), payloadOf(10) // too little for compactions of its own
		for !stop.Load() {
			fill.EventID = some("e", 1)[0].EventID
			mustAppend(t, c, "load", esdb.Any{}, fill)
		}
	})
	for i := range canaries {
		name := fmt.Sprintf("person-%d", i)
		if i%2 == 0 {
			mustDelete(t, c, name)
		} else {
			mustTombstone(t, c, name)
		}
	}
	r := mustScavenge(t, s.Node)
	if in := grep(t, dir, "secret-canary-"); len(in) > 0 {
		t.Errorf("after a scavenge of %d events the canaries are in %v", r.Events, in)
	}
	stop.Store(true)
	wg.Wait()
	if in := grep(t, dir, "secret-canary-"); len(in) > 0 {
		t.Errorf("later the canaries are in %v", in)
	}
}

// TestReadersDuringAScavenge has readers of streams that are removed under
// their hands. Each sees a whole stream, the beginning of it, or nothing any
// more; a subscriber to $all sees every event that is kept, in order.
func TestReadersDuringAScavenge(t *testing.T) {
	const streams, events = 12, 1500 // more than two sweeps each, and several chunks
	s := start(t, Options{TailBytes: 1 << 16})
	c := s.client(t)
	name := func(i int) string { return fmt.Sprintf("s-%d", i) }
	for i := range streams {
		for range events / 500 {
			batch := some("e", 500)
			for k := range batch {
				batch[k].Data = fmt.Appendf(nil, `"%s"`, strings.Repeat("x", 500))
			}
			mustAppend(t, c, name(i), esdb.Any{}, batch...)
		}
	}
	var stop atomic.Bool
	var wg sync.WaitGroup
	for w := range 3 {
		c := s.client(t)
		wg.Go(func() {
			for i := w; !stop.Load(); i = (i + 1) % streams {
				readWhileScavenged(t, c, name(i), events)
			}
		})
	}
	wg.Go(func() {
		c := s.client(t)
		for !stop.Load() {
			last := map[string]uint64{}
			for _, e := range readAllEvents(t, c) {
				if before, ok := last[e.StreamID]; ok && e.EventNumber <= before {
					t.Errorf("$all: %s/%d after %d", e.StreamID, e.EventNumber, before)
				}
				last[e.StreamID] = e.EventNumber
			}
		}
	})
	for i := range streams {
		switch i % 3 {
		case 0:
			mustDelete(t, c, name(i))
		case 1:
			changeMetadata(t, c, name(i), func(m *esdb.StreamMetadata) { m.SetTruncateBefore(events - 10) })
		case 2:
			changeMetadata(t, c, name(i), func(m *esdb.StreamMetadata) { m.SetMaxCount(700) })
		}
	}
	if r := mustScavenge(t, s.Node); r.Events == 0 {
		t.Error("nothing was removed")
	}
	stop.Store(true)
	wg.Wait()
}

// readWhileScavenged reads a stream both ways and as a subscriber.
func readWhileScavenged(t *testing.T, c *esdb.Client, name string, events int) {
	for _, dir := range []esdb.Direction{esdb.Forwards, esdb.Backwards} {
		var from esdb.StreamPosition = esdb.Start{}
		step := 1
		if dir == esdb.Backwards {
			from, step = esdb.End{}, -1
		}
		r, err := c.ReadStream(testContext(t), name, esdb.ReadStreamOptions{From: from, Direction: dir}, 1<<20)
		if err != nil {
			t.Errorf("read %s: %v", name, err)
			return
		}
		before := -1
		for {
			e, err := r.Recv()
			if err != nil {
				var es *esdb.Error
				if !strings.Contains(err.Error(), "EOF") && (!errors.As(err, &es) || es.Code() != esdb.ErrorCodeResourceNotFound) {
					t.Errorf("read %s: %v", name, err)
				}
				break
			}
			number := int(e.OriginalEvent().EventNumber)
			if before >= 0 && number != before+step {
				t.Errorf("read %s: event %d after %d", name, number, before)
			}
			before = number
		}
		r.Close()
		if dir == esdb.Backwards && before > events {
			t.Errorf("read %s backwards ended with %d", name, before)
		}
	}
}

// TestASubscriberGoesOnBehindWhatIsRemoved holds a subscriber to a stream in the
// middle of its catch-up.
func TestASubscriberGoesOnBehindWhatIsRemoved(t *testing.T) {
	s := start(t, Options{TailBytes: 1 << 10})
	c := s.client(t)
	const events = 4000
	big := strings.Repeat("x", 5000)
	for range events / 100 {
		batch := some("e", 100)
		for k := range batch {
			batch[k].Data = []byte(`"` + big + `"`)
		}
		mustAppend(t, c, "s", esdb.Any{}, batch...)
	}
	sub := followStream(t, c, "s", esdb.SubscribeToStreamOptions{From: esdb.Start{}})
	first := sub.Recv()
	if first.EventAppeared == nil || first.EventAppeared.OriginalEvent().EventNumber != 0 {
		t.Fatalf("first: %+v", first)
	}
	// The client takes no more for now; 20 MB do not fit into what is under way.
	changeMetadata(t, c, "s", func(m *esdb.StreamMetadata) { m.SetTruncateBefore(events - 5) })
	mustScavenge(t, s.Node)
	before, gaps := uint64(0), 0
	for before < events-1 {
		e := sub.Recv()
		if e.SubscriptionDropped != nil {
			t.Fatalf("dropped after %d: %v", before, e.SubscriptionDropped.Error)
		}
		if e.EventAppeared == nil {
			continue
		}
		number := e.EventAppeared.OriginalEvent().EventNumber
		if number != before+1 {
			gaps++
			if number < events-5 {
				t.Errorf("event %d after %d", number, before)
			}
		}
		before = number
	}
	if gaps != 1 {
		t.Errorf("%d gaps, want the one", gaps)
	}
	_ = sub.Close()
}

// TestARepeatedAppendOfWhatIsGoneIsRefused: nobody can tell any more whether it
// repeats what was there.
func TestARepeatedAppendOfWhatIsGoneIsRefused(t *testing.T) {
	s := start(t, Options{})
	c := s.client(t)
	events := some("e", 3)
	mustAppend(t, c, "s", esdb.NoStream{}, events...)
	changeMetadata(t, c, "s", func(m *esdb.StreamMetadata) { m.SetTruncateBefore(2) })
	mustScavenge(t, s.Node)
	if _, err := c.AppendToStream(testContext(t), "s", esdb.AppendToStreamOptions{ExpectedRevision: esdb.NoStream{}}, events...); code(t, err) != esdb.ErrorCodeWrongExpectedVersion {
		t.Errorf("got %v, want wrong expected version", err)
	}
	if r := mustAppend(t, c, "s", esdb.Revision(1), events[2]); r.NextExpectedVersion != 2 {
		t.Errorf("what is still there is recognised: %+v", r)
	}
}

// TestASweepDecidedOnOldMetadataRemovesNothing: between a scavenge's look at a
// stream and its turn with the writer the metadata may have changed.
func TestASweepDecidedOnOldMetadataRemovesNothing(t *testing.T) {
	s := start(t, Options{})
	c := s.client(t)
	mustAppend(t, c, "s", esdb.NoStream{}, some("e", 4)...)
	for what, hide := range map[string]func(m *esdb.StreamMetadata){
		"$tb":     func(m *esdb.StreamMetadata) { m.SetTruncateBefore(3) },
		"$maxAge": func(m *esdb.StreamMetadata) { m.SetMaxAge(time.Hour) },
	} {
		changeMetadata(t, c, "s", hide)
		st := s.streams.state("s")
		w := &sweep{meta: st.meta, from: 0, to: 3, report: &ScavengeReport{Number: 1}}
		must(t, w.collect(s.db, st.id))
		changeMetadata(t, c, "s", func(m *esdb.StreamMetadata) { m.SetTruncateBefore(2) })
		r := &request{kind: kindSweep, stream: "s", sweep: w, done: make(chan struct{})}
		must(t, s.submit(t.Context(), r))
		if r.outcome.verdict != wrongRevision {
			t.Errorf("%s: verdict %d", what, r.outcome.verdict)
		}
		if got, err := readStream(t, c, "s", esdb.ReadStreamOptions{From: esdb.Start{}}); err != nil || len(got) != 2 {
			t.Errorf("%s: %v, %v", what, got, err)
		}
	}
}

func TestOneScavengeAtATime(t *testing.T) {
	s := start(t, Options{})
	mustAppend(t, s.client(t), "s", esdb.NoStream{}, some("e", 1)...)
	_, err := s.Scavenge(t.Context(), ScavengeOptions{Progress: func(Progress) {
		if _, err := s.Scavenge(t.Context(), ScavengeOptions{}); !errors.Is(err, ErrBusy) {
			t.Errorf("a second one: %v, want ErrBusy", err)
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
}

// TestDamageOfWhatScavengesSayIsNoticed: a hole is sound only where a scavenge
// says it made it.
func TestDamageOfWhatScavengesSayIsNoticed(t *testing.T) {
	set := func(key, value []byte) func(*pebble.DB) error {
		return func(db *pebble.DB) error { return db.Set(key, value, pebble.Sync) }
	}
	key := removalKey(1)
	for _, tt := range []struct {
		name, want string
		change     func(db *pebble.DB) error
	}{
		{"no record of the removal", "event at", func(db *pebble.DB) error { return db.Delete(key, pebble.Sync) }},
		{"a record that says less", "is number 2 of stream \"s\", after number 0", set(key, appendRemoval(nil, key, removal{kept: 1, scavenge: 1}))},
		{"a record that says more", "is number 2 of stream \"s\", after number 2", set(key, appendRemoval(nil, key, removal{kept: 3, scavenge: 1}))},
		{"a record that says too much", "but its last is 3", set(key, appendRemoval(nil, key, removal{kept: 9, scavenge: 1}))},
		{"a record of an unknown scavenge", "no report", set(key, appendRemoval(nil, key, removal{kept: 2, scavenge: 7}))},
		{"a record of an unknown stream", "has no record", set(removalKey(77), appendRemoval(nil, removalKey(77), removal{kept: 2, scavenge: 1}))},
		{"a bit of a removal", "checksum of record", edit(key, flip(2))},
		{"a bit of a report", "checksum of record", edit(scavengeKey(1), flip(2))},
		{"a bit of the log's end", "checksum of record", edit(endKey, flip(2))},
		{"a log's end before its last event", "lies where the log ended", set(endKey, appendLogEnd(nil, logEnd{last: 1, next: 1 << 20}))},
		{"one more event missing", "is number 3 of stream \"s\", after number 1", func(db *pebble.DB) error {
			e, err := readRevision(database{db}, 1, 2)
			if err != nil {
				return err
			}
			return errors.Join(db.Delete(eventKey(e.pos), nil), db.Delete(indexKey(1, 2), pebble.Sync))
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := startUnchecked(t, Options{})
			c := s.client(t)
			mustAppend(t, c, "s", esdb.NoStream{}, some("e", 4)...)
			changeMetadata(t, c, "s", func(m *esdb.StreamMetadata) { m.SetTruncateBefore(2) })
			mustScavenge(t, s.Node)
			s.stop(t)
			mustCheck(t, s.o)
			damage(t, s.o, tt.change)
			r, err := Check(s.o)
			if err != nil || len(r.Problems) == 0 || !strings.Contains(strings.Join(r.Problems, "\n"), tt.want) {
				t.Errorf("Check: %v\n%s\nwant %q", err, r, tt.want)
			}
		})
	}
}

// TestAReportSaysWhatIsKnown leaves out the size after a scavenge that did not end
// by itself.
func TestAReportSaysWhatIsKnown(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	cutOff := ScavengeReport{Number: 1, Started: at, Events: 2, Streams: 1, Before: 300}
	finished, ended := cutOff, cutOff
	finished.Ended = at.Add(time.Hour) // by the next one
	ended.Ended, ended.After = at.Add(time.Minute), 200
	for _, tt := range []struct {
		r    ScavengeReport
		want string
	}{
		{cutOff, "scavenge 1: started 2026-01-02T03:04:05Z, not finished, 2 events of 1 streams removed, 300 bytes before"},
		{finished, "scavenge 1: started 2026-01-02T03:04:05Z, ended 2026-01-02T04:04:05Z, 2 events of 1 streams removed, 300 bytes before"},
		{ended, "scavenge 1: started 2026-01-02T03:04:05Z, ended 2026-01-02T03:05:05Z, 2 events of 1 streams removed, 300 bytes before, 200 after"},
	} {
		if got := tt.r.String(); got != tt.want {
			t.Errorf("got  %s\nwant %s", got, tt.want)
		}
	}
}
