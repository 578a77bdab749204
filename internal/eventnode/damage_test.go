package eventnode

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/uuid"
)

// inTables returns a file system with a stopped node in /node whose events are in
// tables, one for each flush, and the tables' names, the oldest first. Each has
// streams s-<flush>-0 to 19 of ten events.
func inTables(t *testing.T, flushes int) (*vfs.MemFS, []string) {
	t.Helper()
	fs := vfs.NewCrashableMem()
	n, err := Open(Options{FS: fs, Dir: "/node", noCompactions: true})
	must(t, err)
	for i := range flushes {
		for k := range 20 {
			r := &request{stream: fmt.Sprintf("s-%d-%d", i, k), expected: expectNoStream, done: make(chan struct{})}
			for range 10 {
				r.events = append(r.events, proposed{id: uuid.New(), typ: "test", json: true, data: []byte(`{}`)})
			}
			must(t, n.submit(t.Context(), r))
		}
		must(t, n.db.Flush())
	}
	must(t, n.Close())
	files, err := fs.List("/node/store")
	must(t, err)
	files = slices.DeleteFunc(files, func(name string) bool { return !strings.HasSuffix(name, ".sst") })
	slices.Sort(files)
	if len(files) != flushes {
		t.Fatalf("%d flushes made tables %v", flushes, files)
	}
	return fs, files
}

func flipIn(t *testing.T, fs vfs.FS, name string, at func(size int) int) {
	t.Helper()
	rewrite(t, fs, "/node/store/"+name, func(b []byte) []byte { return flip(at(len(b)))(b) })
}

// saysDamaged holds err to be one line that says that the table is damaged.
func saysDamaged(t *testing.T, what string, err error, table string) {
	t.Helper()
	if !errors.Is(err, ErrCorrupt) {
		t.Errorf("%s: %v, want ErrCorrupt", what, err)
	} else if text := err.Error(); strings.Contains(text, "\n") || !strings.Contains(text, table) {
		t.Errorf("%s: not one line that names %s: %q", what, table, text)
	}
}

// TestAFlippedBitOfATable flips one bit at a time, all over a table. Check,
// backup and a reader say so; the node goes on with what is sound, or is not
// opened at all.
func TestAFlippedBitOfATable(t *testing.T) {
	whole, tables := inTables(t, 1)
	table := tables[0]
	size := func() int {
		info, err := whole.Stat("/node/store/" + table)
		must(t, err)
		return int(info.Size())
	}()
	opened := 0
	for i := range 12 * times(t) {
		at := i * size / (12 * times(t))
		if i%4 == 3 { // of the index and what else is behind the events
			at = size - 1 - i*31%2000
		}
		t.Run(fmt.Sprintf("at %d of %d", at, size), func(t *testing.T) {
			fs := whole.CrashClone(vfs.CrashCloneCfg{})
			flipIn(t, fs, table, func(int) int { return at })
			o := Options{FS: fs, Dir: "/node", CacheBytes: 1 << 20, MemTableBytes: 1 << 20, noCompactions: true}
			r, err := Check(o)
			if err != nil {
				saysDamaged(t, "Check", err, table)
			} else if len(r.Problems) == 0 || !strings.Contains(r.Problems[0], table+": ") || strings.Contains(r.Problems[0], "\n") {
				t.Errorf("Check found\n%s", r)
			}
			n, err := Open(o)
			if err != nil {
				saysDamaged(t, "Open", err, table)
				return
			}
			must(t, n.Close())
			opened++
			s := startUnchecked(t, o)
			c := s.client(t)
			unread := 0
			for k := range 20 {
				lines, err := readStream(t, c, fmt.Sprintf("s-0-%d", k), esdb.ReadStreamOptions{From: esdb.Start{}})
				if err != nil {
					unread++
					if code(t, err) != esdb.ErrorCodeUnknown || !strings.Contains(err.Error(), "DataLoss") || !strings.Contains(err.Error(), table) {
						t.Errorf("read: %v, want DataLoss", err)
					}
				} else if len(lines) != 10 {
					t.Errorf("stream %d has %d events", k, len(lines))
				}
			}
			all, err := c.ReadAll(testContext(t), esdb.ReadAllOptions{From: esdb.Start{}}, 1000)
			must(t, err)
			if lines, err := drain(all); err == nil && len(lines) != 200 || err != nil && unread == 0 {
				t.Errorf("$all: %d events, %v, and %d streams cannot be read", len(lines), err, unread)
			}
			mustAppend(t, c, "new", esdb.NoStream{}, some("e", 1)...)
			if s.Fault() != nil {
				t.Errorf("fault: %v", s.Fault())
			}
			_, err = s.Backup(t.Context(), "/backup", nil)
			saysDamaged(t, "Backup", err, table)
			if _, err := readManifest(fs, "/backup"); !errors.Is(err, ErrBackup) {
				t.Errorf("it has a manifest: %v", err)
			}
			s.stop(t)
		})
	}
	if opened == 0 {
		t.Error("none could be opened")
	}
}

// TestACheckGoesOnBehindDamage damages one block of events: all others are
// looked at, and the streams that have events in it are named.
func TestACheckGoesOnBehindDamage(t *testing.T) {
	fs, tables := inTables(t, 1)
	o := Options{FS: fs, Dir: "/node"}
	sound := mustCheck(t, o)
	flipIn(t, fs, tables[0], func(size int) int { return size / 3 })
	r, err := Check(o)
	must(t, err)
	if lost := sound.Events - r.Events; lost < 1 || lost > 40 || r.Streams != sound.Streams || r.Position != sound.Position {
		t.Errorf("sound: %sdamaged: %s", sound, r)
	}
	for i, want := range []string{tables[0] + ": ", `stream "s-0-`, "index of stream"} {
		if !slices.ContainsFunc(r.Problems, func(p string) bool { return strings.Contains(p, want) }) || i == 0 && !strings.Contains(r.Problems[0], want) {
			t.Errorf("no %q in\n%s", want, r)
		}
	}
	for i, p := range r.Problems[1:] {
		if strings.Contains(p, tables[0]) {
			t.Errorf("problem %d: the table again: %s", i+1, p)
		}
	}
}

// TestDamageMetByACompaction ends writing, as a disk fault does: reads of what is
// sound go on, and Pebble does not try again and again.
func TestDamageMetByACompaction(t *testing.T) {
	fs, tables := inTables(t, 3)
	flipIn(t, fs, tables[0], func(int) int { return 10 }) // so that it fails at once
	s := startUnchecked(t, Options{FS: fs})
	<-s.failed
	saysDamaged(t, "fault", s.Fault(), tables[0])
	if _, err := s.client(t).AppendToStream(testContext(t), "s-2-19", esdb.AppendToStreamOptions{ExpectedRevision: esdb.Any{}}, some("e", 1)...); code(t, err) != esdb.ErrorUnavailable {
		t.Errorf("append: %v", err)
	}
	if _, err := s.Scavenge(t.Context(), ScavengeOptions{}); !errors.Is(err, ErrCorrupt) {
		t.Errorf("scavenge: %v", err)
	}
	if lines, err := readStream(t, s.client(t), "s-2-19", esdb.ReadStreamOptions{From: esdb.Start{}}); err != nil || len(lines) != 10 {
		t.Errorf("a sound stream: %v, %v", lines, err)
	}
	for s.db.Metrics().Compact.NumInProgress > 0 {
		time.Sleep(time.Millisecond)
	}
	failed := s.db.Metrics().Compact.FailedCount
	time.Sleep(50 * time.Millisecond) // it failed once a millisecond
	if again := s.db.Metrics().Compact.FailedCount - failed; again > 0 {
		t.Errorf("%d compactions more have failed", again)
	}
	s.stop(t)
}

// TestAScavengeOfWhatIsDamaged fails and says so.
func TestAScavengeOfWhatIsDamaged(t *testing.T) {
	fs, tables := inTables(t, 1)
	flipIn(t, fs, tables[0], func(int) int { return 10 })
	s := startUnchecked(t, Options{FS: fs, noCompactions: true})
	mustTombstone(t, s.client(t), "s-0-0")
	_, err := s.Scavenge(t.Context(), ScavengeOptions{Hurry: true})
	saysDamaged(t, "scavenge", err, tables[0])
	s.stop(t)
}

// TestARestoreOfDamage has a backup as one was made that did not verify tables.
func TestARestoreOfDamage(t *testing.T) {
	fs, tables := inTables(t, 1)
	o := Options{FS: fs, Dir: "/node"}
	n, err := Open(o)
	must(t, err)
	m, err := n.Backup(t.Context(), "/backup", nil)
	must(t, err, n.Close())
	name := "/backup/store/" + tables[0]
	rewrite(t, fs, name, flip(2000))
	_, _, err = Restore(t.Context(), "/backup", Options{FS: fs, Dir: "/changed"}, nil)
	if !errors.Is(err, ErrBackup) {
		t.Errorf("restore of what was changed: %v", err)
	}
	now, err := digest(t.Context(), fs, name)
	must(t, err)
	for i := range m.Files {
		if m.Files[i].Name == "store/"+tables[0] {
			m.Files[i].SHA256 = now.SHA256
		}
	}
	must(t, m.write(fs, "/backup"))
	_, _, err = Restore(t.Context(), "/backup", Options{FS: fs, Dir: "/restored"}, nil)
	saysDamaged(t, "restore", err, tables[0])
	if _, err := Open(Options{FS: fs, Dir: "/restored"}); !errors.Is(err, ErrFormat) {
		t.Errorf("it is opened: %v", err)
	}
}

// TestAStoreThatCannotBeOpened says why in one line.
func TestAStoreThatCannotBeOpened(t *testing.T) {
	whole, tables := inTables(t, 1)
	for name, change := range map[string]func(fs vfs.FS) error{
		"a table is gone": func(fs vfs.FS) error { return fs.Remove("/node/store/" + tables[0]) },
		"a table is cut off": func(fs vfs.FS) error {
			rewrite(t, fs, "/node/store/"+tables[0], func(b []byte) []byte { return b[:len(b)/2] })
			return nil
		},
		"the manifest": func(fs vfs.FS) error {
			desc, err := pebble.Peek("/node/store", fs)
			rewrite(t, fs, desc.ManifestFilename, flip(10))
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			fs := whole.CrashClone(vfs.CrashCloneCfg{})
			must(t, change(fs))
			o := Options{FS: fs, Dir: "/node"}
			for what, err := range map[string]error{
				"Check": func() error { _, err := Check(o); return err }(),
				"Open":  func() error { _, err := Open(o); return err }(),
			} {
				if err == nil || strings.Contains(err.Error(), "\n") || !strings.Contains(err.Error(), "/node/store") {
					t.Errorf("%s: not one line that names the store: %v", what, err)
				}
			}
		})
	}
}
