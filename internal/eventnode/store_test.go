package eventnode

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

func TestAFolderIsOpenOnce(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "not", "there", "yet")
	for name, o := range map[string]Options{
		"on disk":   {Dir: dir, FS: vfs.Default},
		"in memory": {Dir: "/a/b/c", FS: vfs.NewCrashableMem()},
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t, o)
			mustAppend(t, s.client(t), "s", esdb.NoStream{}, some("e", 1)...)
			if n, err := Open(o); !errors.Is(err, ErrLocked) {
				t.Errorf("Open: %v, %v, want ErrLocked", n, err)
			} else if strings.Contains(err.Error(), "\n") || !strings.Contains(err.Error(), o.Dir) {
				t.Errorf("not one line that names the folder: %q", err)
			}
			if _, err := Check(o); !errors.Is(err, ErrLocked) {
				t.Errorf("Check: %v, want ErrLocked", err)
			}
			s = s.reopen(t)
			if got := len(readAll(t, s.client(t), esdb.ReadAllOptions{From: esdb.Start{}})); got != 1 {
				t.Errorf("%d events after reopening, want 1", got)
			}
		})
	}
}

// TestMain runs this in a process of its own when asked; see node_test.go.
func openAndReport(dir string) {
	n, err := Open(Options{Dir: dir})
	switch {
	case errors.Is(err, ErrLocked):
		os.Stdout.WriteString("locked")
	case err != nil:
		os.Stdout.WriteString(err.Error())
	default:
		os.Stdout.WriteString("opened")
		_ = n.Close()
	}
}

func TestAnotherProcessCannotOpenAFolder(t *testing.T) {
	dir := t.TempDir()
	s := start(t, Options{Dir: dir, FS: vfs.Default})
	other := func() string {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), "EVENTNODE_TEST_OPEN="+dir)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("other process: %v\n%s", err, out)
		}
		return string(out)
	}
	if got := other(); got != "locked" {
		t.Errorf("while open: %s", got)
	}
	s.stop(t)
	if got := other(); got != "opened" {
		t.Errorf("when closed: %s", got)
	}
}

func TestFoldersOfUnknownFormatAreRefused(t *testing.T) {
	writeFormat := func(text string) func(t *testing.T, fs vfs.FS) {
		return func(t *testing.T, fs vfs.FS) {
			if err := writeFileDurably(fs, "/node", formatFile, text); err != nil {
				t.Fatal(err)
			}
		}
	}
	for name, prepare := range map[string]func(t *testing.T, fs vfs.FS){
		"a newer version": writeFormat(formatPrefix + "3\n"),
		"something else":  writeFormat("photos\n"),
		"nothing":         writeFormat(""),
		"no number":       writeFormat(formatPrefix + "0\n"),
		"a store without a format": func(t *testing.T, fs vfs.FS) {
			if err := fs.Remove("/node/" + formatFile); err != nil {
				t.Fatal(err)
			}
		},
		"a newer Pebble": func(t *testing.T, fs vfs.FS) {
			db, err := pebble.Open("/node/store", &pebble.Options{FS: fs, FormatMajorVersion: pebbleFormatOf(latestFormat) + 1, Logger: pebbleLogger{quiet()}})
			if err != nil {
				t.Fatal(err)
			}
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			fs := vfs.NewCrashableMem()
			o := Options{FS: fs, Dir: "/node"}
			s := startUnchecked(t, o)
			mustAppend(t, s.client(t), "s", esdb.NoStream{}, some("e", 1)...)
			s.stop(t)
			prepare(t, fs)
			if n, err := Open(o); !errors.Is(err, ErrFormat) {
				t.Errorf("Open: %v, %v, want ErrFormat", n, err)
			} else if strings.Contains(err.Error(), "\n") {
				t.Errorf("more than one line: %q", err)
			}
			if _, err := Check(o); !errors.Is(err, ErrFormat) {
				t.Errorf("Check: %v, want ErrFormat", err)
			}
		})
	}
}

func TestAFolderHalfMadeIsFinished(t *testing.T) {
	fs := vfs.NewCrashableMem()
	if err := makeFolder(fs, "/node/store"); err != nil {
		t.Fatal(err)
	}
	lock, err := pebble.LockDirectory("/node/store", fs)
	if err != nil {
		t.Fatal(err)
	}
	if err := lock.Close(); err != nil {
		t.Fatal(err)
	}
	s := start(t, Options{FS: fs})
	mustAppend(t, s.client(t), "s", esdb.NoStream{}, some("e", 1)...)
}

func TestCheckOfWhatIsNotThere(t *testing.T) {
	if _, err := Check(Options{Dir: filepath.Join(t.TempDir(), "missing")}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v, want not exist", err)
	}
	if _, err := Open(Options{}); err == nil {
		t.Error("Open without a folder worked")
	}
}

// damage changes the store of a closed node behind its back.
func damage(t *testing.T, o Options, change func(db *pebble.DB) error) {
	t.Helper()
	db, err := pebble.Open("/node/store", &pebble.Options{FS: o.FS, FormatMajorVersion: pebbleFormatOf(latestFormat), Logger: pebbleLogger{quiet()}})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(change(db), db.Close()); err != nil {
		t.Fatal(err)
	}
}

// edit returns a change of the value under key.
func edit(key []byte, f func(v []byte) []byte) func(db *pebble.DB) error {
	return func(db *pebble.DB) error {
		v, closer, err := db.Get(key)
		if err != nil {
			return err
		}
		v = f(append([]byte(nil), v...))
		return errors.Join(closer.Close(), db.Set(key, v, pebble.Sync))
	}
}

func flip(at int) func(v []byte) []byte {
	return func(v []byte) []byte { v[at] ^= 0x10; return v }
}

// TestDamageIsNoticed damages one thing at a time. Check names it; readers of
// what is damaged get an error, and nobody gets something wrong.
func TestDamageIsNoticed(t *testing.T) {
	const pos = firstPosition // of s/0, whose stream has number 1
	for _, tt := range []struct {
		name   string
		change func(db *pebble.DB) error
		check  string // part of the first problem
		open   bool   // whether it can still be opened
		all    bool   // whether $all can still be read
	}{
		{"a bit of an event's data", edit(eventKey(pos), flip(100)), "checksum of the event at 64 does not match", true, false},
		{"a bit of an event's header", edit(eventKey(pos), flip(20)), "checksum of the event at 64", true, false},
		{"the version of an event", edit(eventKey(pos), flip(0)), "has version", true, false},
		{"a short event", edit(eventKey(pos), func(v []byte) []byte { return v[:30] }), "is 30 bytes long", true, false},
		{"a missing event", func(db *pebble.DB) error { return db.Delete(eventKey(pos), pebble.Sync) }, "after number -1", true, true},
		{"an event under another key", func(db *pebble.DB) error {
			v, closer, err := db.Get(eventKey(pos))
			if err != nil {
				return err
			}
			return errors.Join(db.Set(eventKey(pos+1), v, nil), db.Delete(eventKey(pos), pebble.Sync), closer.Close())
		}, "checksum of the event at 65", true, false},
		{"a bit of an index entry", edit(indexKey(1, 0), flip(3)), "checksum of index entry", true, true},
		{"a missing index entry", func(db *pebble.DB) error { return db.Delete(indexKey(1, 0), pebble.Sync) }, `index of stream "s" does not match its events: 1 entries, 2 events`, true, true},
		{"an index entry that leads elsewhere", func(db *pebble.DB) error {
			key := indexKey(1, 0)
			return db.Set(key, appendIndexEntry(nil, key, indexEntry{pos: pos + 7}), pebble.Sync)
		}, `index of stream "s" does not match`, true, true},
		{"a bit of a stream's record", edit(streamKey("s"), flip(15)), `checksum of the record of stream "s"`, false, false},
		{"a record that says another revision", func(db *pebble.DB) error {
			key := streamKey("s")
			return db.Set(key, appendStreamRecord(nil, key, streamRecord{id: 1, last: 5}), pebble.Sync)
		}, `says its last event is 5; it is 1`, true, true},
		{"a key of something else", func(db *pebble.DB) error { return db.Set([]byte("x"), nil, pebble.Sync) }, "key 78 does not belong here", true, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := startUnchecked(t, Options{})
			mustAppend(t, s.client(t), "s", esdb.NoStream{}, some("e", 2)...)
			mustAppend(t, s.client(t), "other", esdb.NoStream{}, some("e", 1)...)
			s.stop(t)
			damage(t, s.o, tt.change)
			r, err := Check(s.o)
			if err != nil || len(r.Problems) == 0 {
				t.Fatalf("Check: %v\n%s", err, r)
			}
			if !strings.Contains(r.Problems[0], tt.check) {
				t.Errorf("Check found\n%s\nwant %q first", r, tt.check)
			}
			n, err := Open(s.o)
			if !tt.open {
				if !errors.Is(err, ErrCorrupt) {
					t.Errorf("Open: %v, want ErrCorrupt", err)
				}
				return
			}
			if err != nil {
				t.Fatalf("Open: %v", err)
			}
			if err := n.Close(); err != nil {
				t.Fatal(err)
			}
			s = startUnchecked(t, s.o)
			c := s.client(t)
			got, err := c.ReadAll(testContext(t), esdb.ReadAllOptions{From: esdb.Start{}}, 100)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := drain(got); (err == nil) != tt.all {
				t.Errorf("$all: %v", err)
			}
			if lines, err := readStream(t, c, "s", esdb.ReadStreamOptions{From: esdb.Start{}}); err == nil && tt.name != "a key of something else" {
				t.Errorf("stream reads as %v", lines)
			}
			if lines, err := readStream(t, c, "other", esdb.ReadStreamOptions{From: esdb.Start{}}); err != nil || len(lines) != 1 {
				t.Errorf("another stream: %v, %v", lines, err)
			}
			s.stop(t)
		})
	}
}

func TestReportIsReadable(t *testing.T) {
	s := start(t, Options{})
	mustAppend(t, s.client(t), "s", esdb.NoStream{}, some("e", 2)...)
	s.stop(t)
	r := mustCheck(t, s.o)
	if got := r.String(); !strings.HasPrefix(got, "2 events in 1 streams, ") || !strings.HasSuffix(got, "no problems found\n") {
		t.Errorf("got %q", got)
	}
	r.Problems, r.More = []string{"a"}, 3
	if got := r.String(); !strings.HasSuffix(got, "PROBLEM: a\nand 3 more problems\n") {
		t.Errorf("got %q", got)
	}
}
