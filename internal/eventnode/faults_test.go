package eventnode

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
	"github.com/google/uuid"
)

// ledger notes what was sent and what was acknowledged.
type ledger struct {
	mu           sync.Mutex
	sent         map[uuid.UUID]string   // "stream/number within the writer's appends"
	acknowledged map[string][]uuid.UUID // by stream, in order
}

func newLedger() *ledger {
	return &ledger{sent: map[uuid.UUID]string{}, acknowledged: map[string][]uuid.UUID{}}
}

// write appends to stream until it fails or stop is set, and returns the error.
func (l *ledger) write(t *testing.T, c *esdb.Client, stream string, size int, stop *atomic.Bool) error {
	for n := 0; !stop.Load(); n++ {
		events := some("e", 1+rand.IntN(4))
		l.mu.Lock()
		for i := range events {
			events[i].Data = fmt.Appendf(nil, `"%s"`, strings.Repeat("x", size))
			l.sent[events[i].EventID] = fmt.Sprintf("%s/%d", stream, n)
		}
		l.mu.Unlock()
		if _, err := c.AppendToStream(t.Context(), stream, esdb.AppendToStreamOptions{ExpectedRevision: esdb.Any{}}, events...); err != nil {
			return err
		}
		l.mu.Lock()
		for _, e := range events {
			l.acknowledged[stream] = append(l.acknowledged[stream], e.EventID)
		}
		l.mu.Unlock()
	}
	return nil
}

func (l *ledger) snapshot() *ledger {
	l.mu.Lock()
	defer l.mu.Unlock()
	c := newLedger()
	for k, v := range l.sent {
		c.sent[k] = v
	}
	for k, v := range l.acknowledged {
		c.acknowledged[k] = append([]uuid.UUID(nil), v...)
	}
	return c
}

// verify reads everything and compares: each acknowledged event is there, in
// order; each append is there whole and in one piece, or not at all; nothing is
// there that was not sent before later was taken.
func (l *ledger) verify(t *testing.T, c *esdb.Client, later *ledger) {
	t.Helper()
	streams := map[string][]uuid.UUID{}
	sizes := map[string]int{} // of appends, as sent
	for _, a := range later.sent {
		sizes[a]++
	}
	current, left := "", 0
	for _, e := range readAllEvents(t, c) {
		streams[e.StreamID] = append(streams[e.StreamID], e.EventID)
		a, known := later.sent[e.EventID]
		if !known {
			t.Errorf("event %s of %s was never sent", e.EventID, e.StreamID)
			continue
		}
		if a != current {
			if left != 0 {
				t.Errorf("append %s is not whole, or not in one piece", current)
			}
			current, left = a, sizes[a]
		}
		left--
	}
	if left != 0 {
		t.Errorf("append %s is not whole", current)
	}
	for name, want := range l.acknowledged {
		got := streams[name]
		if len(got) < len(want) {
			t.Errorf("stream %s has %d events, %d were acknowledged", name, len(got), len(want))
			continue
		}
		for i := range want {
			if got[i] != want[i] {
				t.Errorf("stream %s: event %d is not the one acknowledged", name, i)
				break
			}
		}
	}
}

// TestAcknowledgedAppendsSurviveACrash takes the power away at random moments
// while writers are at work. Of what was not synced, a random part is on disk.
func TestAcknowledgedAppendsSurviveACrash(t *testing.T) {
	const rounds = 12
	fs := vfs.NewCrashableMem()
	s := startUnchecked(t, Options{FS: fs, TailBytes: 1 << 16, MemTableBytes: 1 << 20})
	l := newLedger()
	var stop atomic.Bool
	var wg sync.WaitGroup
	for w := range 6 {
		c := s.client(t)
		size := []int{10, 100, 20_000}[w%3]
		wg.Go(func() {
			if err := l.write(t, c, fmt.Sprintf("s-%d", w), size, &stop); err != nil {
				t.Errorf("append: %v", err)
			}
		})
	}
	type crash struct {
		acknowledged *ledger
		fs           *vfs.MemFS
		unsynced     int
	}
	clock := s.client(t)
	var crashes []crash
	for i := range rounds {
		for before := s.Stats().Appends; s.Stats().Appends < before+uint64(20+rand.IntN(100)); {
			mustAppend(t, clock, "clock", esdb.Any{}) // writes nothing, takes a moment
		}
		k := crash{unsynced: []int{0, 20, 50, 100}[i%4]}
		k.acknowledged = l.snapshot() // before the crash: all of this must survive
		k.fs = fs.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: k.unsynced, RNG: rand.New(rand.NewPCG(1, uint64(i)))})
		crashes = append(crashes, k)
	}
	stop.Store(true)
	wg.Wait()
	sent := l.snapshot()
	for i, k := range crashes {
		t.Run(fmt.Sprintf("crash %d, %d%% of what was not synced", i, k.unsynced), func(t *testing.T) {
			after := start(t, Options{FS: k.fs})
			c := after.client(t)
			k.acknowledged.verify(t, c, sent)
			// It goes on, and what is written now survives as well.
			mustAppend(t, c, "after", esdb.NoStream{}, some("e", 1)...)
		})
	}
	s.stop(t)
	mustCheck(t, s.o)
}

// breakable is an errorfs in which a file that is reused can fail as well.
type breakable struct{ *errorfs.FS }

func (b breakable) ReuseForWrite(from, to string, c vfs.DiskWriteCategory) (vfs.File, error) {
	if err := b.Remove(from); err != nil {
		return nil, err
	}
	return b.Create(to, c)
}

// TestAFailedWriteStopsTheNode makes writes to the log, to tables or to the
// manifest fail, in each way they can. Whatever fails: nothing is acknowledged
// that is not on disk, what was acknowledged stays readable, the node closes,
// and the next one finds everything.
func TestAFailedWriteStopsTheNode(t *testing.T) {
	type fault struct {
		name string
		hits func(op errorfs.Op) bool
	}
	file := func(op errorfs.Op, suffix string) bool { return strings.HasSuffix(op.Path, suffix) }
	manifest := func(op errorfs.Op) bool { return strings.Contains(op.Path, "MANIFEST") }
	synced := func(k errorfs.OpKind) bool {
		return k == errorfs.OpFileSync || k == errorfs.OpFileSyncData || k == errorfs.OpFileSyncTo
	}
	for _, f := range []fault{
		{"log write", func(op errorfs.Op) bool { return op.Kind == errorfs.OpFileWrite && file(op, ".log") }},
		{"log sync", func(op errorfs.Op) bool { return synced(op.Kind) && file(op, ".log") }},
		{"new log", func(op errorfs.Op) bool {
			return op.Kind == errorfs.OpCreate && file(op, ".log")
		}},
		{"table write", func(op errorfs.Op) bool { return op.Kind == errorfs.OpFileWrite && file(op, ".sst") }},
		{"table sync", func(op errorfs.Op) bool { return synced(op.Kind) && file(op, ".sst") }},
		{"new table", func(op errorfs.Op) bool { return op.Kind == errorfs.OpCreate && file(op, ".sst") }},
		{"manifest write", func(op errorfs.Op) bool { return op.Kind == errorfs.OpFileWrite && manifest(op) }},
		{"manifest sync", func(op errorfs.Op) bool { return synced(op.Kind) && manifest(op) }},
		{"everything", func(op errorfs.Op) bool {
			return op.Kind.ReadOrWrite() == errorfs.OpIsWrite && op.Kind != errorfs.OpFileClose
		}},
	} {
		t.Run(f.name, func(t *testing.T) {
			var broken atomic.Bool
			mem := vfs.NewCrashableMem()
			fs := breakable{errorfs.Wrap(mem, errorfs.InjectorFunc(func(op errorfs.Op) error {
				if broken.Load() && f.hits(op) {
					return syscall.ENOSPC
				}
				return nil
			}))}
			s := startUnchecked(t, Options{FS: fs, MemTableBytes: 1 << 20})
			l := newLedger()
			clock := s.client(t)
			mustAppend(t, clock, "early", esdb.NoStream{}, some("e", 3)...)
			var stop atomic.Bool
			var wg sync.WaitGroup
			for w := range 4 {
				c := s.client(t)
				wg.Go(func() {
					// Large enough that memtables fill and tables are written.
					err := l.write(t, c, fmt.Sprintf("s-%d", w), 20_000, &stop)
					if err == nil || code(t, err) != esdb.ErrorUnavailable {
						t.Errorf("append on a broken disk: %v, want unavailable", err)
					}
				})
			}
			for s.Stats().Appends < 50 {
				mustAppend(t, clock, "clock", esdb.Any{})
			}
			broken.Store(true)
			wg.Wait()
			s.stillReads(t, l)
			if err := s.Stats().Fault; !errors.Is(err, syscall.ENOSPC) {
				t.Errorf("fault: %v, want ENOSPC", err)
			}
			crashed := mem.CrashClone(vfs.CrashCloneCfg{})
			s.stop(t)
			broken.Store(false)
			for name, o := range map[string]Options{"after closing": {FS: mem}, "after a crash": {FS: crashed}} {
				t.Run(name, func(t *testing.T) {
					after := start(t, o)
					c := after.client(t)
					sent := l.snapshot()
					for _, e := range readAllEvents(t, c)[:3] {
						sent.sent[e.EventID] = "early"
					}
					l.verify(t, c, sent)
					mustAppend(t, c, "after", esdb.NoStream{}, some("e", 1)...)
				})
			}
		})
	}
}

// stillReads reads everything a node whose disk fails has acknowledged.
func (s *server) stillReads(t *testing.T, l *ledger) {
	t.Helper()
	c := s.client(t)
	if got := readAll(t, c, esdb.ReadAllOptions{From: esdb.Start{}}); len(got) < 3 {
		t.Errorf("$all: %d events", len(got))
	}
	for name, want := range l.snapshot().acknowledged {
		lines, err := readStream(t, c, name, esdb.ReadStreamOptions{From: esdb.Start{}})
		if err != nil || len(lines) < len(want) {
			t.Errorf("stream %s: %d events, %v, want the %d acknowledged", name, len(lines), err, len(want))
		}
	}
	sub := follow(t, c, esdb.SubscribeToAllOptions{From: esdb.Start{}})
	wantHeard(t, "subscription", sub, "early/0, early/1, early/2")
	_ = sub.Close()
}
