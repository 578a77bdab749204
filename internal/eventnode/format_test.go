package eventnode

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// newRNG returns random numbers that are the same for the same seed, and says
// the seed if the test fails.
func newRNG(t testing.TB, seed uint64) *rand.Rand {
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("seed %d", seed)
		}
	})
	return rand.New(rand.NewPCG(seed, seed^0x9E3779B97F4A7C15))
}

// golden returns a file system with /node as a program of that format left it.
func golden(t *testing.T, format int) *vfs.MemFS {
	t.Helper()
	f, err := os.Open(filepath.Join("testdata", fmt.Sprintf("format%d.tar.gz", format)))
	must(t, err)
	defer func() { must(t, f.Close()) }()
	unzipped, err := gzip.NewReader(f)
	must(t, err)
	fs := vfs.NewCrashableMem()
	for in := tar.NewReader(unzipped); ; {
		h, err := in.Next()
		if errors.Is(err, io.EOF) {
			return fs
		}
		must(t, err)
		_, inside, _ := strings.Cut(h.Name, "/")
		name := fs.PathJoin("/node", inside)
		if h.Typeflag == tar.TypeDir {
			must(t, makeFolder(fs, name))
			continue
		}
		out, err := fs.Create(name, vfs.WriteCategoryUnspecified)
		must(t, err)
		_, err = io.Copy(out, in)
		must(t, err, out.Sync(), out.Close(), syncFolder(fs, fs.PathDir(name)))
	}
}

// goldenLines is $all of the golden nodes.
func goldenLines() []string {
	return []string{
		`kept/0/test.kept/"kept-0"`, `kept/1/test.kept/"kept-1"`, `kept/2/test.kept/"kept-2"`,
		`deleted/0/test.deleted/"deleted-0"`, `deleted/1/test.deleted/"deleted-1"`,
		`again/0/test.again/"again-0"`, `again/1/test.again/"again-1"`,
		`tombstoned/0/test.tombstoned/"tombstoned-0"`, `tombstoned/1/test.tombstoned/"tombstoned-1"`,
		`counted/0/test.counted/"counted-0"`, `counted/1/test.counted/"counted-1"`, `counted/2/test.counted/"counted-2"`,
		`counted/3/test.counted/"counted-3"`, `counted/4/test.counted/"counted-4"`,
		`$$counted/0/$metadata/{"$maxCount":2}`,
		`$$deleted/0/$metadata/{"$tb":9223372036854775807}`, `$$again/0/$metadata/{"$tb":9223372036854775807}`,
		`tombstoned/9223372036854775807/$streamDeleted/`,
		`again/2/test.later/"later-0"`, `$$again/1/$metadata/{"$tb":2}`,
		`kept/3/test.last/"last-0"`,
	}
}

func formatOf(t *testing.T, fs vfs.FS) (ours int, pebbles pebble.FormatMajorVersion) {
	t.Helper()
	text, err := readFile(fs, "/node/FORMAT")
	must(t, err)
	ours, err = parseFormat("/node", text)
	must(t, err)
	desc, err := pebble.Peek("/node/store", fs)
	must(t, err)
	return ours, desc.FormatMajorVersion
}

// TestFormat1 opens what the first format's program wrote: it is checked
// without a change, read whole, upgraded, and takes what the new format has.
func TestFormat1(t *testing.T) {
	fs := golden(t, 1)
	o := Options{FS: fs, Dir: "/node"}
	for range 2 {
		r := mustCheck(t, o)
		if r.Format != 1 || r.Events != len(goldenLines()) || !strings.Contains(r.String(), "the next opening makes it 2") {
			t.Errorf("Check: %s", r)
		}
	}
	if ours, pebbles := formatOf(t, fs); ours != 1 || pebbles != pebble.FormatWALSyncChunks {
		t.Errorf("checking made it format %d, Pebble's %d", ours, pebbles)
	}
	s := start(t, o)
	c := s.client(t)
	equalLines(t, "$all", readAll(t, c, esdb.ReadAllOptions{From: esdb.Start{}}), goldenLines()...)
	if ours, pebbles := formatOf(t, fs); ours != latestFormat || pebbles != pebbleFormatOf(latestFormat) {
		t.Errorf("opening made it format %d, Pebble's %d", ours, pebbles)
	}
	mustAppend(t, c, "kept", esdb.Revision(3), some("new", 1)...)
	if r := mustScavenge(t, s.Node); r.Events != 2+2+2+3+1 {
		t.Errorf("scavenge: %s", r)
	}
	s = s.reopen(t)
	if got := len(readAll(t, s.client(t), esdb.ReadAllOptions{From: esdb.Start{}})); got != len(goldenLines())+1-10 {
		t.Errorf("%d events after a scavenge", got)
	}
}

// TestAnUpgradeSurvivesACrash takes the power away at each operation that
// changes the disk while the golden store is opened.
func TestAnUpgradeSurvivesACrash(t *testing.T) {
	for round, percent := range []int{0, 100, 25, 50, 75, 25, 50, 75} {
		fs := golden(t, 1)
		rng := newRNG(t, uint64(round))
		var mu sync.Mutex // Pebble has goroutines of its own
		var clones []*vfs.MemFS
		s := startUnchecked(t, Options{FS: watchedFS{fs, func() {
			mu.Lock()
			defer mu.Unlock()
			clones = append(clones, fs.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: percent, RNG: rng}))
		}}})
		s.stop(t)
		if len(clones) < 10 {
			t.Fatalf("%d operations only", len(clones))
		}
		seen := map[int]bool{}
		for i, clone := range clones {
			format, _ := formatOf(t, clone)
			seen[format] = true
			o := Options{FS: clone, Dir: "/node"}
			mustCheck(t, o)
			after := start(t, o)
			if got := readAll(t, after.client(t), esdb.ReadAllOptions{From: esdb.Start{}}); len(got) != len(goldenLines()) {
				t.Errorf("after operation %d: %d events", i, len(got))
			}
		}
		if !seen[1] || !seen[2] {
			t.Errorf("crashes left formats %v, want both", seen)
		}
	}
}

// watchedFS calls before each operation that changes something.
type watchedFS struct {
	vfs.FS
	before func()
}

func (w watchedFS) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	w.before()
	return w.FS.Create(name, c)
}

func (w watchedFS) Rename(from, to string) error {
	w.before()
	return w.FS.Rename(from, to)
}

func (w watchedFS) Remove(name string) error {
	w.before()
	return w.FS.Remove(name)
}

func (w watchedFS) OpenDir(name string) (vfs.File, error) {
	w.before()
	return w.FS.OpenDir(name)
}
