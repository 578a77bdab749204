package eventnode

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/uuid"
)

// Longer runs, for a night or a doubt: how much more, and with which seed.
//
//	EVENTNODE_TEST_TIMES=50 EVENTNODE_TEST_SEED=7 go test -run 'Crash|Oracle' ./internal/eventnode
func times(t testing.TB) int { return fromEnvironment(t, "EVENTNODE_TEST_TIMES", 1) }

func seedOf(t testing.TB) uint64 { return uint64(fromEnvironment(t, "EVENTNODE_TEST_SEED", 1)) }

func fromEnvironment(t testing.TB, name string, otherwise int) int {
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}

// crashWriter is the only writer of its streams, so it knows what must be in
// them. It asks the node without a client: a test of many crashes needs speed.
type crashWriter struct {
	n       *Node
	name    string
	rng     *rand.Rand
	mu      sync.Mutex
	streams map[string]*crashStream
	stop    *atomic.Bool
}

// crashStream is a stream as its writer knows it.
type crashStream struct {
	ids     []uuid.UUID // of all that was sent, by revision
	sizes   []int       // of the appends they were sent in
	acked   int         // of ids
	tb      int         // what metadata hide, for certain
	hiding  int         // what metadata under way hide
	ended   bool        // tombstone acknowledged
	ending  bool        // tombstone sent
	deleted bool
}

func (s *crashStream) clone() *crashStream {
	c := *s
	c.ids, c.sizes = append([]uuid.UUID(nil), s.ids...), append([]int(nil), s.sizes...)
	return &c
}

// snapshot is what the writer knows now.
func (w *crashWriter) snapshot() map[string]*crashStream {
	w.mu.Lock()
	defer w.mu.Unlock()
	all := map[string]*crashStream{}
	for name, s := range w.streams {
		all[name] = s.clone()
	}
	return all
}

func (w *crashWriter) ask(r *request) error {
	r.done = make(chan struct{})
	if err := w.n.submit(context.Background(), r); err != nil {
		return err
	}
	if r.outcome.verdict != written {
		return fmt.Errorf("%v of %s: verdict %d, is at %d", r.kind, r.stream, r.outcome.verdict, r.outcome.current)
	}
	return nil
}

// run writes until it is stopped or an append fails.
func (w *crashWriter) run() error {
	for !w.stop.Load() {
		// Scavenges are to get on as well.
		if err := pause(context.Background(), 100*time.Microsecond); err != nil {
			return err
		}
		name := fmt.Sprintf("%s-%d", w.name, w.rng.IntN(6))
		w.mu.Lock()
		s := w.streams[name]
		if s == nil {
			s = &crashStream{}
			w.streams[name] = s
		}
		w.mu.Unlock()
		if s.ended {
			w.mu.Lock()
			delete(w.streams, name) // its name is used up; the next has another
			w.mu.Unlock()
			w.name += "'"
			continue
		}
		var err error
		switch k := w.rng.IntN(40); {
		case k == 0 && s.acked > 0:
			err = w.tombstone(name, s)
		case k < 4 && s.acked > 0:
			err = w.softDelete(name, s)
		case k < 8 && s.acked > 1:
			err = w.truncate(name, s)
		default:
			err = w.append(name, s)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (w *crashWriter) append(name string, s *crashStream) error {
	r := &request{stream: name, expected: int64(s.acked) - 1}
	size := []int{10, 300, 3000}[w.rng.IntN(3)]
	var ids []uuid.UUID
	for range 1 + w.rng.IntN(4) {
		ids = append(ids, uuid.New())
		r.events = append(r.events, proposed{id: ids[len(ids)-1], typ: "t", data: []byte(strings.Repeat("x", size))})
	}
	w.mu.Lock()
	s.ids = append(s.ids, ids...)
	s.sizes = append(s.sizes, len(ids))
	w.mu.Unlock()
	if err := w.ask(r); err != nil {
		return err
	}
	w.mu.Lock()
	s.acked, s.deleted = len(s.ids), false
	w.mu.Unlock()
	return nil
}

func (w *crashWriter) truncate(name string, s *crashStream) error {
	tb := w.rng.IntN(s.acked)
	if s.deleted || tb < s.tb {
		return nil
	}
	return w.hide(s, tb, &request{stream: metaStream(name), expected: expectAny, events: []proposed{
		{id: uuid.New(), typ: typeMetadata, json: true, data: fmt.Appendf(nil, `{"$tb":%d}`, tb)},
	}})
}

func (w *crashWriter) softDelete(name string, s *crashStream) error {
	if s.deleted {
		return nil
	}
	err := w.hide(s, s.acked, &request{kind: kindDelete, stream: name, expected: int64(s.acked) - 1})
	w.mu.Lock()
	s.deleted = true
	w.mu.Unlock()
	return err
}

func (w *crashWriter) hide(s *crashStream, tb int, r *request) error {
	w.mu.Lock()
	s.hiding = tb
	w.mu.Unlock()
	err := w.ask(r)
	w.mu.Lock()
	s.tb = tb
	w.mu.Unlock()
	return err
}

func (w *crashWriter) tombstone(name string, s *crashStream) error {
	w.mu.Lock()
	s.ending = true
	w.mu.Unlock()
	err := w.ask(&request{kind: kindTombstone, stream: name, expected: int64(s.acked) - 1})
	w.mu.Lock()
	s.ended = true
	w.mu.Unlock()
	return err
}

// verifyCrash compares what is in a node with what its writers knew before and
// after the crash: what was acknowledged before and not hidden is there once, in
// its place; each append is there whole or not at all; nothing else is there.
func verifyCrash(t *testing.T, n *Node, before, after map[string]*crashStream) {
	t.Helper()
	for name, b := range before {
		a := after[name]
		if a == nil {
			a = &crashStream{ending: true}
		}
		st := n.streams.state(name)
		if st.tombstoned() {
			if !b.ending && !a.ending {
				t.Errorf("%s is tombstoned; nobody asked", name)
			}
			continue
		}
		if b.ended {
			t.Errorf("%s: the tombstone is gone", name)
			continue
		}
		if len(a.ids) == 0 {
			continue // tombstoned after the crash
		}
		have := int(st.last) + 1
		if have < b.acked || have > len(a.ids) {
			t.Errorf("%s has %d events, %d were acknowledged, %d sent", name, have, b.acked, len(a.ids))
			continue
		}
		whole := 0
		for _, size := range a.sizes {
			if whole < have {
				whole += size
			}
		}
		if whole != have {
			t.Errorf("%s ends with %d, in the middle of an append", name, have)
		}
		hidden := max(b.tb, b.hiding, a.tb, a.hiding)
		for rev := int(st.kept); rev < have; rev++ {
			e, err := n.readEvent(st, int64(rev))
			if err != nil {
				t.Errorf("%s/%d: %v", name, rev, err)
			} else if e.id != a.ids[rev] {
				t.Errorf("%s/%d is another event", name, rev)
			}
		}
		if int(st.kept) > hidden {
			t.Errorf("%s: what is before %d was removed, hidden was only what is before %d", name, st.kept, hidden)
		}
		if first, err := n.firstVisible(st); err != nil || int(first) > max(hidden, 0) && !st.meta.deleted() {
			t.Errorf("%s begins with %d, %v; hidden was only what is before %d", name, first, err, hidden)
		}
	}
}

// TestACrashLosesNothing takes the power away at random moments while writers
// append, delete, tombstone and hide, while scavenges and backups are under way
// and tiny memtables make logs and tables change all the time. Of what was not
// synced a random part is on disk.
func TestACrashLosesNothing(t *testing.T) {
	for round := range 6 * times(t) {
		seed := seedOf(t) + uint64(round)
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) { crashRound(t, seed) })
	}
}

// linking is a file system in memory that can be cloned while a link is made:
// of itself it would wait for ever, since Link takes the clone's lock twice.
type linking struct {
	*vfs.MemFS
	links sync.RWMutex
}

// Link implements vfs.FS.
func (l *linking) Link(from, to string) error {
	l.links.RLock()
	defer l.links.RUnlock()
	return l.MemFS.Link(from, to)
}

func (l *linking) clone(c vfs.CrashCloneCfg) *vfs.MemFS {
	l.links.Lock()
	defer l.links.Unlock()
	return l.CrashClone(c)
}

func crashRound(t *testing.T, seed uint64) {
	rng := newRNG(t, seed)
	fs := &linking{MemFS: vfs.NewCrashableMem()}
	o := Options{FS: fs, Dir: "/node", MemTableBytes: 1 << 20, TailBytes: 1 << 16}
	n, err := Open(o)
	must(t, err)
	var stop atomic.Bool
	var wg sync.WaitGroup
	defer func() {
		stop.Store(true)
		wg.Wait()
		must(t, n.Close())
	}()
	var writers []*crashWriter
	for i := range 4 {
		w := &crashWriter{n: n, name: fmt.Sprintf("w%d", i), rng: rand.New(rand.NewPCG(seed, uint64(i))), streams: map[string]*crashStream{}, stop: &stop}
		writers = append(writers, w)
		wg.Go(func() {
			if err := w.run(); err != nil {
				t.Errorf("writer %s: %v", w.name, err)
			}
		})
	}
	var scavenges, backups atomic.Int64
	wg.Go(func() {
		for i := 0; !stop.Load(); i++ {
			if i%3 < 2 {
				if _, err := n.Scavenge(context.Background(), ScavengeOptions{Hurry: true}); err != nil {
					t.Errorf("scavenge: %v", err)
					return
				}
				scavenges.Add(1)
				continue
			}
			if _, err := n.Backup(context.Background(), fmt.Sprintf("/backup-%d", i), nil); err != nil {
				t.Errorf("backup: %v", err)
				return
			}
			backups.Add(1)
		}
	})
	type crash struct {
		fs       *vfs.MemFS
		before   []map[string]*crashStream
		unsynced int
	}
	snapshot := func() (all []map[string]*crashStream) {
		for _, w := range writers {
			all = append(all, w.snapshot())
		}
		return all
	}
	const perRound = 8
	var crashes []crash
	for len(crashes) < perRound || scavenges.Load() < 3 || backups.Load() < 1 {
		giveUp := time.Now().Add(time.Minute)
		for from, more := n.Stats().Appends, uint64(1+rng.IntN(60)); n.Stats().Appends < from+more; {
			if time.Now().After(giveUp) || t.Failed() {
				t.Fatal("the node stands still")
			}
			_ = pause(t.Context(), time.Millisecond)
		}
		k := crash{before: snapshot(), unsynced: []int{0, 10, 50, 90, 100}[rng.IntN(5)]}
		k.fs = fs.clone(vfs.CrashCloneCfg{UnsyncedDataPercent: k.unsynced, RNG: rng})
		if len(crashes) < perRound {
			crashes = append(crashes, k)
		} else {
			crashes[rng.IntN(perRound)] = k
		}
	}
	stop.Store(true)
	wg.Wait()
	after := snapshot()
	must(t, n.Close())
	mustCheck(t, o)
	for i, k := range crashes {
		t.Run(fmt.Sprintf("crash %d, %d%% of what was not synced", i, k.unsynced), func(t *testing.T) {
			o := Options{FS: k.fs, Dir: "/node"}
			mustCheck(t, o)
			n, err := Open(o)
			must(t, err)
			for w := range writers {
				verifyCrash(t, n, k.before[w], after[w])
			}
			// It goes on: the next scavenge finishes what was cut off.
			mustScavenge(t, n)
			for w := range writers {
				verifyCrash(t, n, k.before[w], after[w])
			}
			must(t, n.Close())
			r := mustCheck(t, o)
			for _, s := range r.Scavenges {
				if s.Ended.IsZero() {
					t.Errorf("not finished: %s", s)
				}
			}
			verifyBackups(t, k.fs, rng)
		})
	}
}

// verifyBackups restores one of the backups of a crashed file system that have
// a manifest. They are complete, whatever the crash took.
func verifyBackups(t *testing.T, fs *vfs.MemFS, rng *rand.Rand) {
	t.Helper()
	names, err := fs.List("/")
	must(t, err)
	rng.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	for _, name := range names {
		if !strings.HasPrefix(name, "backup-") {
			continue
		}
		if _, err := readManifest(fs, "/"+name); err != nil {
			continue // cut off
		}
		if _, _, err := Restore(t.Context(), "/"+name, Options{FS: fs, Dir: "/restored"}, nil); err != nil {
			t.Errorf("restore: %v", err)
		}
		return
	}
}
