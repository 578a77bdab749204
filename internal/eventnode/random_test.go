package eventnode

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/uuid"

	"github.com/hirelog/hirelog/internal/eventlog"
)

// TestTheNodeAnswersAsTheOracleDoes runs random operations, the same on a node
// through the official client and on the oracle, and compares each answer. Of
// streams whose names begin with "log-", which see only what eventlog.Log has,
// the log in memory must answer the same as well.
func TestTheNodeAnswersAsTheOracleDoes(t *testing.T) {
	const operations = 3000
	r := &randomRun{t: t, rng: newRNG(t, seedOf(t)), fs: vfs.NewCrashableMem(), dir: "/node", counts: map[string]int{}, parted: map[string]bool{}}
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	r.o = newOracle(start)
	r.clock.Store(start.UnixNano())
	r.open()
	for i := range operations * times(t) {
		if r.step(); t.Failed() {
			t.Fatalf("operation %d: %s", i, r.doing)
		}
	}
	r.close()
	for _, kind := range []string{
		"append " + answerOK, "append " + answerWrong, "append " + answerDeleted,
		"delete " + answerOK, "delete " + answerWrong, "delete " + answerDeleted,
		"tombstone " + answerOK, "tombstone " + answerWrong, "tombstone " + answerDeleted,
		"read " + answerOK, "read " + answerNotFound, "read " + answerDeleted,
		"repeat " + answerOK, "repeat " + answerWrong, "scavenge", "reopen", "restore",
	} {
		if r.counts[kind] == 0 {
			t.Errorf("it never came to: %s", kind)
		}
	}
}

type randomRun struct {
	t      *testing.T
	rng    *rand.Rand
	fs     *vfs.MemFS
	dir    string
	s      *server
	c      *esdb.Client
	o      *oracle
	memory eventlog.Memory
	clock  atomic.Int64
	born   int // streams tombstoned so far: each gets a successor
	sent   []sentAppend
	doing  string
	counts map[string]int
	parted map[string]bool
}

type sentAppend struct {
	stream   string
	expected int64
	events   []esdb.EventData
}

func (r *randomRun) open() {
	r.s = startUnchecked(r.t, Options{
		FS: r.fs, Dir: r.dir, MemTableBytes: 1 << 20, TailBytes: 1 << 14,
		Now: func() time.Time { return time.Unix(0, r.clock.Load()).UTC() },
	})
	r.c = r.s.client(r.t)
}

func (r *randomRun) close() {
	_ = r.c.Close()
	r.s.stop(r.t)
	mustCheck(r.t, r.s.o)
}

func (r *randomRun) name() string {
	k := r.rng.IntN(10)
	if k < 3 {
		return fmt.Sprintf("log-%d-%d", k, r.born/7)
	}
	return fmt.Sprintf("s-%d-%d", k, r.born/7)
}

func inMemory(stream string) bool { return strings.HasPrefix(stream, "log-") }

// asMemory reports whether the log in memory is to answer as well: until a
// stream has seen what that log does not have.
func (r *randomRun) asMemory(stream string, has bool) bool {
	if !has {
		r.parted[stream] = true
	}
	return inMemory(stream) && !r.parted[stream]
}

// expected returns an expected revision for stream, mostly the right one.
func (r *randomRun) expected(stream string) int64 {
	last := int64(-1)
	if s := r.o.streams[stream]; s != nil && !s.isEnded {
		last = s.last
	}
	k := r.rng.IntN(12)
	if inMemory(stream) && k < 4 {
		k += 4
	}
	switch k {
	case 0, 1:
		return expectAny
	case 2:
		return expectExists
	case 3, 4:
		return expectNoStream
	case 5:
		return last + 1 + r.rng.Int64N(3)
	case 6:
		return max(-1, last-1-r.rng.Int64N(4))
	}
	return last
}

func asExpected(rev int64) esdb.ExpectedRevision {
	switch rev {
	case expectAny:
		return esdb.Any{}
	case expectExists:
		return esdb.StreamExists{}
	case expectNoStream:
		return esdb.NoStream{}
	}
	return esdb.Revision(uint64(rev))
}

func (r *randomRun) step() {
	switch k := r.rng.IntN(1000); {
	case k < 360:
		r.appendNew()
	case k < 440:
		r.appendAgain()
	case k < 500:
		r.metadata()
	case k < 560:
		r.remove("delete")
	case k < 575:
		r.remove("tombstone")
	case k < 800:
		r.readStream()
	case k < 940:
		r.readAll()
	case k < 965:
		r.pass()
	case k < 985:
		r.scavenge()
	case k < 995:
		r.reopen()
	default:
		r.restore()
	}
}

func (r *randomRun) errorf(format string, args ...any) {
	r.t.Helper()
	r.t.Errorf("%s: %s", r.doing, fmt.Sprintf(format, args...))
}

// kindOf is the answer an error of the client stands for.
func (r *randomRun) kindOf(err error) string {
	var e *esdb.Error
	switch {
	case err == nil:
		return answerOK
	case !errors.As(err, &e):
		return err.Error()
	}
	switch e.Code() {
	case esdb.ErrorCodeWrongExpectedVersion:
		return answerWrong
	case esdb.ErrorCodeStreamDeleted:
		return answerDeleted
	case esdb.ErrorCodeResourceNotFound:
		return answerNotFound
	}
	if strings.Contains(err.Error(), "failed: expected revision") {
		return answerWrong // of a delete, which the client does not know
	}
	return err.Error()
}

// count notes an answer and compares it.
func (r *randomRun) same(operation, got, want string) {
	r.t.Helper()
	r.counts[operation+" "+want]++
	if got != want {
		r.errorf("the node says %q, the oracle %q", got, want)
	}
}

func (r *randomRun) appendNew() {
	stream := r.name()
	a := sentAppend{stream: stream, expected: r.expected(stream)}
	for range 1 + r.rng.IntN(4) {
		a.events = append(a.events, esdb.EventData{
			EventID: uuid.New(), EventType: "t", ContentType: esdb.ContentTypeJson,
			Data: fmt.Appendf(nil, `{"n":%d,"x":"%s"}`, r.rng.IntN(1000), strings.Repeat("x", r.rng.IntN(300))),
		})
	}
	r.sent = append(r.sent, a)
	r.append("append", a)
}

// appendAgain repeats an append, sometimes a part of it, or more, or after
// another revision.
func (r *randomRun) appendAgain() {
	if len(r.sent) == 0 {
		return
	}
	a := r.sent[max(0, len(r.sent)-1-r.rng.IntN(30))]
	switch r.rng.IntN(6) {
	case 0:
		a.events = a.events[:1+r.rng.IntN(len(a.events))]
	case 1:
		a.events = append(a.events[:len(a.events):len(a.events)], some("more", 1)...)
		a.events[len(a.events)-1].EventType = "t"
	case 2:
		a.expected = r.expected(a.stream)
	}
	r.append("repeat", a)
}

func (r *randomRun) append(operation string, a sentAppend) {
	r.doing = fmt.Sprintf("%s of %d events to %s at %d", operation, len(a.events), a.stream, a.expected)
	var ids []uuid.UUID
	var data []string
	for _, e := range a.events {
		ids = append(ids, e.EventID)
		data = append(data, string(e.Data))
	}
	before := len(r.o.log)
	removed := r.o.stream(a.stream).removed
	want, rev := r.o.append(a.stream, a.expected, ids, a.events[0].EventType, data)
	got, err := r.c.AppendToStream(testContext(r.t), a.stream, esdb.AppendToStreamOptions{ExpectedRevision: asExpected(a.expected)}, a.events...)
	r.same(operation, r.kindOf(err), want)
	if err == nil && got.NextExpectedVersion != uint64(rev) {
		r.errorf("the node says revision %d, the oracle %d", got.NextExpectedVersion, rev)
	}
	r.learn(before)
	if r.asMemory(a.stream, removed == 0) { // what is removed, memory recognises still
		var events []eventlog.NewEvent
		for _, e := range a.events {
			events = append(events, eventlog.NewEvent{ID: e.EventID, Type: e.EventType, Data: e.Data})
		}
		at, err := r.memory.Append(context.Background(), a.stream, eventlog.Revision(a.expected), events)
		r.same("memory "+operation, kindInMemory(err), want)
		if err == nil && int64(at.Revision) != rev {
			r.errorf("memory says revision %d, the oracle %d", at.Revision, rev)
		}
	}
}

func kindInMemory(err error) string {
	switch {
	case err == nil:
		return answerOK
	case errors.Is(err, eventlog.ErrConflict):
		return answerWrong
	case errors.Is(err, eventlog.ErrStreamDeleted):
		return answerDeleted
	}
	return err.Error()
}

// learn compares what was just written, and takes the positions of it.
func (r *randomRun) learn(before int) {
	r.t.Helper()
	n := len(r.o.log) - before
	if n == 0 || r.t.Failed() {
		return
	}
	read, err := r.c.ReadAll(testContext(r.t), esdb.ReadAllOptions{From: esdb.End{}, Direction: esdb.Backwards}, uint64(n))
	if err != nil {
		r.errorf("read what was written: %v", err)
		return
	}
	defer read.Close()
	for i := len(r.o.log) - 1; i >= before; i-- {
		e, err := read.Recv()
		if err != nil {
			r.errorf("read what was written: %v", err)
			return
		}
		want := r.o.log[i]
		if got := line(e.OriginalEvent()); got != want.line() {
			r.errorf("written was %s, want %s", got, want.line())
		}
		want.pos = e.OriginalEvent().Position.Commit
		if created := e.OriginalEvent().CreatedDate; !created.Equal(want.created) {
			r.errorf("%s was recorded at %v, want %v", want.line(), created, want.created)
		}
	}
	for i := max(before, 1); i < len(r.o.log); i++ {
		if r.o.log[i].pos <= r.o.log[i-1].pos {
			r.errorf("%s is at %d, %s at %d", r.o.log[i-1].line(), r.o.log[i-1].pos, r.o.log[i].line(), r.o.log[i].pos)
		}
	}
}

func (r *randomRun) metadata() {
	stream := r.name()
	if inMemory(stream) {
		return
	}
	if r.rng.IntN(3) == 0 {
		r.getMetadata(stream)
		return
	}
	last := r.o.stream(stream).last
	var parts []string
	if r.rng.IntN(2) == 0 {
		parts = append(parts, fmt.Sprintf(`"$maxCount":%d`, 1+r.rng.IntN(6)))
	}
	if r.rng.IntN(3) == 0 {
		parts = append(parts, fmt.Sprintf(`"$maxAge":%d`, 1+r.rng.IntN(120)))
	}
	if r.rng.IntN(2) == 0 && last < math.MaxInt32 {
		parts = append(parts, fmt.Sprintf(`"$tb":%d`, r.rng.Int64N(last+4)))
	}
	parts = append(parts, fmt.Sprintf(`"own":%d`, r.rng.IntN(100)))
	r.append("metadata", sentAppend{stream: "$$" + stream, expected: r.expected("$$" + stream), events: []esdb.EventData{{
		EventID: uuid.New(), EventType: "$metadata", ContentType: esdb.ContentTypeJson, Data: []byte("{" + strings.Join(parts, ",") + "}"),
	}}})
}

func (r *randomRun) getMetadata(stream string) {
	r.doing = "get metadata of " + stream
	m, err := r.c.GetStreamMetadata(testContext(r.t), stream, esdb.ReadStreamOptions{})
	s := r.o.stream("$$" + stream)
	if s.last < 0 {
		r.same("metadata of nothing", r.kindOf(err), answerNotFound)
		return
	}
	if err != nil {
		r.errorf("%v", err)
		return
	}
	of := r.o.stream(stream)
	var count int64
	if m.MaxCount() != nil {
		count = int64(*m.MaxCount())
	}
	if count != of.maxCount {
		r.errorf("$maxCount is %d, want %d", count, of.maxCount)
	}
}

func (r *randomRun) remove(operation string) {
	stream := r.name()
	expected := r.expected(stream)
	r.doing = fmt.Sprintf("%s of %s at %d", operation, stream, expected)
	before := len(r.o.log)
	var want string
	var err, inMem error
	if operation == "delete" {
		want = r.o.delete(stream, expected)
		_, err = r.c.DeleteStream(testContext(r.t), stream, esdb.DeleteStreamOptions{ExpectedRevision: asExpected(expected)})
	} else {
		if want = r.o.tombstone(stream, expected); want == answerOK {
			r.born++
		}
		_, err = r.c.TombstoneStream(testContext(r.t), stream, esdb.TombstoneStreamOptions{ExpectedRevision: asExpected(expected)})
	}
	r.same(operation, r.kindOf(err), want)
	r.learn(before)
	if !r.asMemory(stream, expected != expectNoStream) {
		return // memory takes "no stream" of a deleted one for a conflict
	}
	if operation == "delete" {
		inMem = r.memory.DeleteStream(context.Background(), stream, eventlog.Revision(expected))
	} else {
		inMem = r.memory.Tombstone(context.Background(), stream, eventlog.Revision(expected))
	}
	r.same("memory "+operation, kindInMemory(inMem), want)
}

func (r *randomRun) readStream() {
	stream := r.name()
	if r.rng.IntN(8) == 0 {
		stream = "$$" + stream
	}
	count := 1 + r.rng.IntN(20)
	o := esdb.ReadStreamOptions{Direction: esdb.Forwards}
	back := r.rng.IntN(2) == 0
	if back {
		o.Direction = esdb.Backwards
	}
	var from int64
	switch r.rng.IntN(4) {
	case 0:
		o.From, from = esdb.Start{}, 0
	case 1:
		o.From, from = esdb.End{}, math.MaxInt64
	default:
		from = r.rng.Int64N(30)
		o.From = esdb.Revision(uint64(from))
	}
	r.doing = fmt.Sprintf("read %d of %s from %d, backwards %v", count, stream, from, back)
	want, lines := r.o.read(stream, from, back, count)
	read, err := r.c.ReadStream(testContext(r.t), stream, o, uint64(count))
	var got []string
	if err == nil {
		got, err = drain(read)
	}
	r.same("read", r.kindOf(err), want)
	equalLines(r.t, r.doing, got, lines...)
	if r.asMemory(stream, true) && from != math.MaxInt64 {
		r.readMemory(stream, from, back, count, want, lines)
	}
}

func (r *randomRun) readMemory(stream string, from int64, back bool, count int, want string, lines []string) {
	dir := eventlog.Forwards
	if back {
		dir = eventlog.Backwards
	}
	var got []string
	var failed error
	for e, err := range r.memory.ReadStream(context.Background(), stream, eventlog.Revision(from), dir) {
		if failed = err; err != nil || len(got) == count {
			break
		}
		got = append(got, fmt.Sprintf("%s/%d/%s/%s", e.Stream, e.Revision, e.Type, e.Data))
	}
	if want == answerNotFound {
		want = answerOK // without events
	}
	r.same("memory read", kindInMemory(failed), want)
	equalLines(r.t, r.doing+" in memory", got, lines...)
}

func (r *randomRun) readAll() {
	count := 1 + r.rng.IntN(60)
	back := r.rng.IntN(2) == 0
	o := esdb.ReadAllOptions{Direction: esdb.Forwards}
	if back {
		o.Direction = esdb.Backwards
	}
	pos := uint64(0)
	switch k := r.rng.IntN(8); {
	case k == 0 || len(r.o.log) == 0:
		o.From = esdb.Start{}
	case k == 1:
		o.From, pos = esdb.End{}, math.MaxUint64
	default:
		pos = r.o.log[r.rng.IntN(len(r.o.log))].pos
		o.From = esdb.Position{Commit: pos, Prepare: pos}
	}
	r.doing = fmt.Sprintf("read %d of $all from %d, backwards %v", count, pos, back)
	read, err := r.c.ReadAll(testContext(r.t), o, uint64(count))
	var got []string
	if err == nil {
		got, err = drain(read)
	}
	if err != nil && !errors.Is(err, io.EOF) {
		r.errorf("%v", err)
	}
	equalLines(r.t, r.doing, got, r.o.readAll(pos, back, count)...)
}

// pass lets time pass.
func (r *randomRun) pass() {
	r.o.now = r.o.now.Add(time.Duration(r.rng.IntN(40)) * time.Second)
	r.clock.Store(r.o.now.UnixNano())
}

func (r *randomRun) scavenge() {
	r.doing = "scavenge"
	r.counts["scavenge"]++
	report, err := r.s.Scavenge(r.t.Context(), ScavengeOptions{Hurry: true})
	if err != nil {
		r.errorf("%v", err)
	}
	if want := r.o.scavenge(); report.Events != uint64(want) {
		r.errorf("%d events removed, want %d", report.Events, want)
	}
	r.whole()
}

func (r *randomRun) reopen() {
	r.doing = "reopen"
	r.counts["reopen"]++
	r.close()
	r.open()
	r.o.reopen()
	r.whole()
}

// restore goes on with a backup of the node, in another folder.
func (r *randomRun) restore() {
	r.doing = "restore"
	r.counts["restore"]++
	n := r.counts["restore"]
	from := fmt.Sprintf("/backup-%d", n)
	if _, err := r.s.Backup(r.t.Context(), from, nil); err != nil {
		r.errorf("backup: %v", err)
	}
	r.close()
	must(r.t, r.fs.RemoveAll(r.dir))
	r.dir = fmt.Sprintf("/node-%d", n)
	if _, _, err := Restore(r.t.Context(), from, Options{FS: r.fs, Dir: r.dir}, nil); err != nil {
		r.t.Fatalf("restore: %v", err)
	}
	must(r.t, r.fs.RemoveAll(from))
	r.open()
	r.o.reopen()
	r.whole()
}

// whole compares the whole log.
func (r *randomRun) whole() {
	equalLines(r.t, "$all after "+r.doing, readAll(r.t, r.c, esdb.ReadAllOptions{From: esdb.Start{}}), r.o.readAll(0, false, math.MaxInt)...)
}
