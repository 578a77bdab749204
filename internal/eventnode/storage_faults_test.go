package eventnode

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
	"github.com/google/uuid"
)

// diskFault makes the n-th operation of some kind fail, and each later one.
type diskFault struct {
	hits  func(op errorfs.Op) bool
	err   error
	n     atomic.Int64 // operations to go; never for a run that only counts
	seen  atomic.Int64
	first atomic.Pointer[string] // path of what failed first
	armed atomic.Bool
}

// MaybeError implements errorfs.Injector.
func (d *diskFault) MaybeError(op errorfs.Op) error {
	if !d.armed.Load() || !d.hits(op) {
		return nil
	}
	d.seen.Add(1)
	if d.n.Add(-1) > 0 {
		return nil
	}
	d.first.CompareAndSwap(nil, &op.Path)
	return d.err
}

// String implements errorfs.Injector.
func (d *diskFault) String() string { return "disk fault" }

// TestAFailingDiskDuringScavengeAndBackup makes operations fail at many moments
// of a run of appends, scavenges and backups. The call that needed the operation
// fails and none hangs; if it was the store's, the node stops writing and says
// so; the next opening, on a good disk, finds all that was acknowledged, and the
// next scavenge finishes.
func TestAFailingDiskDuringScavengeAndBackup(t *testing.T) {
	for name, f := range map[string]func() *diskFault{
		"full": func() *diskFault {
			return &diskFault{err: syscall.ENOSPC, hits: func(op errorfs.Op) bool {
				return op.Kind == errorfs.OpFileWrite || op.Kind == errorfs.OpCreate || op.Kind == errorfs.OpLink
			}}
		},
		"not synced": func() *diskFault {
			return &diskFault{err: syscall.EIO, hits: func(op errorfs.Op) bool {
				return op.Kind == errorfs.OpFileSync || op.Kind == errorfs.OpFileSyncData || op.Kind == errorfs.OpFileSyncTo
			}}
		},
		"not renamed": func() *diskFault {
			return &diskFault{err: syscall.EIO, hits: func(op errorfs.Op) bool {
				return op.Kind == errorfs.OpRename || op.Kind == errorfs.OpReuseForWrite || op.Kind == errorfs.OpMkdirAll
			}}
		},
		"not read": func() *diskFault {
			return &diskFault{err: syscall.EIO, hits: func(op errorfs.Op) bool {
				return op.Kind == errorfs.OpFileRead || op.Kind == errorfs.OpFileReadAt || op.Kind == errorfs.OpOpen || op.Kind == errorfs.OpList
			}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			count := f()
			count.n.Store(1 << 40)
			failingRun(t, count)
			total := count.seen.Load()
			if total == 0 {
				t.Fatal("there are no such operations")
			}
			runs := int64(12 * times(t))
			for i := range min(runs, total) {
				d := f()
				d.n.Store(1 + i*total/min(runs, total))
				at := d.n.Load()
				t.Run(fmt.Sprintf("operation %d of about %d", at, total), func(t *testing.T) { failingRun(t, d) })
			}
		})
	}
}

func failingRun(t *testing.T, d *diskFault) {
	mem := vfs.NewCrashableMem()
	o := Options{FS: breakable{errorfs.Wrap(mem, d)}, Dir: "/node", MemTableBytes: 1 << 20}
	n, err := Open(o)
	must(t, err)
	d.armed.Store(true)
	acked := map[string]int{} // events, by stream
	failed, scavenged, backedUp := false, 0, 0
	for i := 0; i < 6 && !failed; i++ {
		stream := fmt.Sprintf("s-%d", i)
		for range 4 {
			r := &request{stream: stream, expected: int64(acked[stream]) - 1, done: make(chan struct{})}
			for range 3 {
				r.events = append(r.events, proposed{id: uuid.New(), typ: "t", data: []byte(strings.Repeat("x", 20_000))})
			}
			if n.submit(context.Background(), r) == nil {
				acked[stream] += 3
			} else {
				failed = true
			}
		}
		if i%2 == 0 {
			r := &request{kind: kindTombstone, stream: stream, expected: expectAny, done: make(chan struct{})}
			failed = n.submit(context.Background(), r) != nil || failed
			acked[stream] = -1 // removed, perhaps
		}
		if _, err := n.Scavenge(context.Background(), ScavengeOptions{Hurry: true}); err == nil {
			scavenged++
		} else if failed = true; !errors.Is(err, d.err) && n.Fault() == nil {
			t.Errorf("scavenge: %v, want %v", err, d.err)
		}
		if _, err := n.Backup(context.Background(), fmt.Sprintf("/backup-%d", i), nil); err == nil {
			backedUp++
		} else if failed = true; !errors.Is(err, d.err) && n.Fault() == nil {
			t.Errorf("backup: %v, want %v", err, d.err)
		}
	}
	if path := d.first.Load(); path != nil {
		inStore := strings.HasPrefix(*path, "/node/store")
		if fault := n.Fault(); fault != nil && !inStore && !errors.Is(fault, d.err) {
			t.Errorf("%s failed and stopped the node: %v", *path, fault)
		}
		if fault := n.Fault(); fault == nil && !failed && inStore {
			t.Logf("%s failed, which nobody needed", *path)
		}
	} else if failed {
		t.Errorf("something failed with %d scavenges, %d backups done, but not the disk", scavenged, backedUp)
	}
	crashed := mem.CrashClone(vfs.CrashCloneCfg{})
	must(t, n.Close())
	d.armed.Store(false)
	for name, fs := range map[string]vfs.FS{"after closing": mem, "after a crash": crashed} {
		o := Options{FS: fs, Dir: "/node"}
		mustCheck(t, o)
		n, err := Open(o)
		must(t, err)
		for stream, want := range acked {
			st := n.streams.state(stream)
			if want < 0 {
				continue // its tombstone was perhaps not acknowledged
			}
			if st.last < int64(want)-1 {
				t.Errorf("%s: %s has %d events, %d were acknowledged", name, stream, st.last+1, want)
			}
			for rev := range int64(want) {
				if _, err := n.readEvent(st, rev); err != nil {
					t.Errorf("%s: %s/%d: %v", name, stream, rev, err)
				}
			}
		}
		mustScavenge(t, n)
		for i := range backedUp {
			to := fmt.Sprintf("/restored-%d", i)
			if _, _, err := Restore(t.Context(), fmt.Sprintf("/backup-%d", i), Options{FS: fs, Dir: to}, nil); err != nil {
				t.Errorf("%s: restore %d: %v", name, i, err)
			}
		}
		must(t, n.Close())
		mustCheck(t, o)
	}
}

// TestABackupsDiskThatFailsDoesNotStopTheNode makes each operation on the
// backup's disk fail, one after the other.
func TestABackupsDiskThatFailsDoesNotStopTheNode(t *testing.T) {
	mem := vfs.NewCrashableMem()
	d := &diskFault{err: syscall.EIO, hits: func(op errorfs.Op) bool {
		return strings.HasPrefix(op.Path, "/backup") && op.Kind != errorfs.OpFileClose
	}}
	s := start(t, Options{FS: breakable{errorfs.Wrap(mem, d)}})
	c := s.client(t)
	mustAppend(t, c, "s", esdb.NoStream{}, some("e", 3)...)
	must(t, s.db.Flush())
	failed, done := 0, false
	for at := int64(1); !done; at++ {
		mustAppend(t, c, "s", esdb.Any{}, some("e", 1)...)
		to := fmt.Sprintf("/backup-%d", at)
		d.first.Store(nil)
		d.n.Store(at)
		d.armed.Store(true)
		_, err := s.Backup(t.Context(), to, nil)
		d.armed.Store(false)
		done = d.first.Load() == nil
		if err == nil {
			_, _, err := Restore(t.Context(), to, Options{FS: mem, Dir: fmt.Sprintf("/restored-%d", at)}, nil)
			must(t, err)
			continue
		}
		failed++
		if !errors.Is(err, d.err) {
			t.Errorf("operation %d: %v, want %v", at, err, d.err)
		}
		if s.Fault() != nil {
			t.Fatalf("operation %d, on %s, stopped the node: %v", at, *d.first.Load(), s.Fault())
		}
		// What came to its manifest is whole, even if that is perhaps not on disk.
		_, unread := readManifest(mem, to)
		_, _, err = Restore(t.Context(), to, Options{FS: mem, Dir: fmt.Sprintf("/restored-%d", at)}, nil)
		if unread == nil && err != nil || unread != nil && !errors.Is(err, ErrBackup) {
			t.Errorf("operation %d: restore: %v; manifest: %v", at, err, unread)
		}
	}
	if failed < 20 {
		t.Errorf("%d operations failed only", failed)
	}
}
