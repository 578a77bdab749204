package eventnode

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// TestABackupHoldsWhatWasAcknowledged makes backups while writers are at work
// and the store changes its files, and restores each.
func TestABackupHoldsWhatWasAcknowledged(t *testing.T) {
	fs := vfs.NewCrashableMem()
	s := startUnchecked(t, Options{FS: fs, MemTableBytes: 1 << 20, TailBytes: 1 << 16})
	l := newLedger()
	var stop atomic.Bool
	var wg sync.WaitGroup
	for w := range 4 {
		c := s.client(t)
		wg.Go(func() {
			if err := l.write(t, c, fmt.Sprintf("s-%d", w), []int{10, 5000}[w%2], &stop); err != nil {
				t.Errorf("append: %v", err)
			}
		})
	}
	clock := s.client(t)
	var before []*ledger
	const backups = 5
	for i := range backups {
		for n := s.Stats().Appends; s.Stats().Appends < n+100; {
			mustAppend(t, clock, "clock", esdb.Any{})
		}
		before = append(before, l.snapshot())
		at := s.Stats().Position
		m, err := s.Backup(t.Context(), fmt.Sprintf("/backups/%d", i), nil)
		if err != nil {
			t.Fatalf("backup %d: %v", i, err)
		}
		if m.Position < at || m.Bytes == 0 || m.Ended.Before(m.Started) {
			t.Errorf("backup %d, begun at %d: %+v", i, at, m)
		}
	}
	stop.Store(true)
	wg.Wait()
	sent := l.snapshot()
	s.stop(t)
	mustCheck(t, s.o)
	// A backup is durable when the call returns.
	fs = fs.CrashClone(vfs.CrashCloneCfg{})
	for i := range backups {
		from, to := fmt.Sprintf("/backups/%d", i), fmt.Sprintf("/restored/%d", i)
		mustCheck(t, Options{FS: fs, Dir: from})
		m, report, err := Restore(t.Context(), from, Options{FS: fs, Dir: to}, nil)
		if err != nil {
			t.Fatalf("restore %d: %v", i, err)
		}
		if report.Position != m.Position || len(report.Problems) > 0 {
			t.Errorf("restored %d: %s", i, report)
		}
		after := start(t, Options{FS: fs.CrashClone(vfs.CrashCloneCfg{}), Dir: to})
		c := after.client(t)
		before[i].verify(t, c, sent)
		if got := after.Stats().Position; got != m.Position {
			t.Errorf("restored %d ends at %d, its manifest says %d", i, got, m.Position)
		}
		mustAppend(t, c, "after", esdb.NoStream{}, some("e", 1)...)
	}
}

// backedUp returns a file system with a node in /node and its backup in /backup.
func backedUp(t *testing.T) (*vfs.MemFS, Manifest) {
	t.Helper()
	fs := vfs.NewCrashableMem()
	s := startUnchecked(t, Options{FS: fs})
	mustAppend(t, s.client(t), "s", esdb.NoStream{}, some("e", 3)...)
	m, err := s.Backup(t.Context(), "/backup", nil)
	if err != nil {
		t.Fatal(err)
	}
	s.stop(t)
	return fs, m
}

func TestWhatIsNoCompleteBackupIsRefused(t *testing.T) {
	write := func(name, text string) func(*testing.T, vfs.FS, Manifest) {
		return func(t *testing.T, fs vfs.FS, _ Manifest) {
			if err := writeFileDurably(fs, fs.PathDir(name), fs.PathBase(name), text); err != nil {
				t.Fatal(err)
			}
		}
	}
	remove := func(name string) func(*testing.T, vfs.FS, Manifest) {
		return func(t *testing.T, fs vfs.FS, _ Manifest) {
			if err := fs.Remove(name); err != nil {
				t.Fatal(err)
			}
		}
	}
	largest := func(m Manifest) string {
		at := 0
		for i, f := range m.Files {
			if f.Size > m.Files[at].Size {
				at = i
			}
		}
		return "/backup/" + m.Files[at].Name
	}
	for name, tt := range map[string]struct {
		change func(t *testing.T, fs vfs.FS, m Manifest)
		want   error
	}{
		"no manifest":        {remove("/backup/BACKUP"), ErrBackup},
		"another manifest":   {write("/backup/BACKUP", "{}"), ErrBackup},
		"a changed manifest": {write("/backup/BACKUP", manifestPrefix+strings.Repeat("0", 64)+"\n{}"), ErrBackup},
		"no format":          {remove("/backup/FORMAT"), ErrBackup},
		"a newer format":     {write("/backup/FORMAT", formatLine(latestFormat+1)), ErrFormat},
		"another format":     {write("/backup/FORMAT", formatLine(1)), ErrBackup},
		"one file more":      {write("/backup/store/000999.sst", "x"), ErrBackup},
		"the node's folder": {func(t *testing.T, fs vfs.FS, _ Manifest) {
			must(t, fs.RemoveAll("/backup"), fs.Rename("/node", "/backup"))
		}, ErrBackup},
		"a missing file": {func(t *testing.T, fs vfs.FS, m Manifest) { must(t, fs.Remove(largest(m))) }, ErrBackup},
		"a file cut short": {func(t *testing.T, fs vfs.FS, m Manifest) {
			rewrite(t, fs, largest(m), func(b []byte) []byte { return b[:len(b)-1] })
		}, ErrBackup},
		"a bit of a file":     {func(t *testing.T, fs vfs.FS, m Manifest) { rewrite(t, fs, largest(m), flip(100)) }, ErrBackup},
		"a folder in its way": {write("/restored", "x"), nil},
	} {
		t.Run(name, func(t *testing.T) {
			fs, m := backedUp(t)
			tt.change(t, fs, m)
			_, _, err := Restore(t.Context(), "/backup", Options{FS: fs, Dir: "/restored"}, nil)
			if err == nil || tt.want != nil && !errors.Is(err, tt.want) {
				t.Fatalf("Restore: %v, want %v", err, tt.want)
			}
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("more than one line: %q", err)
			}
			// Nothing is left that would be taken for a node.
			if n, err := Open(Options{FS: fs, Dir: "/restored"}); err == nil {
				if n.Stats().Position != 0 {
					t.Error("what was not restored can be opened")
				}
				must(t, n.Close())
			} else if tt.want != nil && !errors.Is(err, ErrFormat) {
				t.Errorf("Open: %v", err)
			}
		})
	}
}

func must(t *testing.T, errs ...error) {
	t.Helper()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

func rewrite(t *testing.T, fs vfs.FS, name string, change func([]byte) []byte) {
	t.Helper()
	f, err := fs.Open(name)
	must(t, err)
	b, err := io.ReadAll(f)
	must(t, err, f.Close())
	w, err := fs.Create(name, vfs.WriteCategoryUnspecified)
	must(t, err)
	_, err = w.Write(change(b))
	must(t, err, w.Close())
}

func TestFoldersInUseAreNotWrittenTo(t *testing.T) {
	fs, _ := backedUp(t)
	if _, _, err := Restore(t.Context(), "/backup", Options{FS: fs, Dir: "/node"}, nil); !errors.Is(err, os.ErrExist) {
		t.Errorf("restore into a node's folder: %v, want exists", err)
	}
	s := start(t, Options{FS: fs})
	for _, to := range []string{"/backup", "/"} {
		if _, err := s.Backup(t.Context(), to, nil); !errors.Is(err, os.ErrExist) {
			t.Errorf("backup into %s: %v, want exists", to, err)
		}
	}
	for _, to := range []string{"/node", "/node/backup", "/node/store/backup"} {
		if _, err := s.Backup(t.Context(), to, nil); err == nil {
			t.Errorf("backup into %s worked", to)
		}
	}
	// Beside the store's folder is not in it.
	if _, err := s.Backup(t.Context(), "/node-backup", nil); err != nil {
		t.Errorf("backup: %v", err)
	}
}

// TestABackupIsItsOwnersAlone backs up into a folder everybody may read.
func TestABackupIsItsOwnersAlone(t *testing.T) {
	base := t.TempDir()
	s := start(t, Options{FS: vfs.Default, Dir: filepath.Join(base, "node")})
	mustAppend(t, s.client(t), "s", esdb.NoStream{}, some("e", 3)...)
	open := func(name string) string {
		t.Helper()
		dir := filepath.Join(base, name)
		must(t, os.Mkdir(dir, 0o755), os.Chmod(dir, 0o755))
		return dir
	}
	private := func(dir string, files bool) {
		t.Helper()
		seen := 0
		must(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			info, err := d.Info()
			if err != nil {
				return err
			}
			if !d.IsDir() {
				seen++
			}
			if info.Mode().Perm()&0o077 != 0 && (d.IsDir() || files) {
				t.Errorf("%s has mode %v", path, info.Mode())
			}
			return nil
		}))
		if seen == 0 {
			t.Errorf("%s has no files", dir)
		}
	}
	backup, restored := open("backup"), open("restored")
	if _, err := s.Backup(t.Context(), backup, nil); err != nil {
		t.Fatal(err)
	}
	private(backup, true)
	if _, _, err := Restore(t.Context(), backup, Options{Dir: restored}, nil); err != nil {
		t.Fatal(err)
	}
	private(restored, false) // its folders keep others out
}

// TestLinksIntoTheNodesFolderAreSeen backs up to places that are in the node's
// folder by another name.
func TestLinksIntoTheNodesFolderAreSeen(t *testing.T) {
	base := t.TempDir()
	node, link := filepath.Join(base, "node"), filepath.Join(base, "link")
	must(t, os.Mkdir(node, 0o700), os.Symlink(node, link)) // a link to nothing cannot be made a folder
	for name, dir := range map[string]string{"opened by its name": node, "opened by the link": link} {
		t.Run(name, func(t *testing.T) {
			s := start(t, Options{FS: vfs.Default, Dir: dir})
			for _, to := range []string{link, filepath.Join(link, "b"), filepath.Join(link, "store", "b", "c"), filepath.Join(node, "b")} {
				if _, err := s.Backup(t.Context(), to, nil); err == nil || !strings.Contains(err.Error(), "is in the folder") {
					t.Errorf("backup into %s: %v", to, err)
				}
			}
			out := filepath.Join(t.TempDir(), "link")
			must(t, os.Symlink(t.TempDir(), out))
			if _, err := s.Backup(t.Context(), filepath.Join(out, "b"), nil); err != nil {
				t.Errorf("backup elsewhere, by a link: %v", err)
			}
			s.stop(t)
		})
	}
}

// TestABackupThatIsCutOffIsIncomplete cuts the power at the end of every step.
func TestABackupThatIsCutOffIsIncomplete(t *testing.T) {
	fs := vfs.NewCrashableMem()
	s := start(t, Options{FS: fs})
	mustAppend(t, s.client(t), "s", esdb.NoStream{}, some("e", 3)...)
	var clones []*vfs.MemFS
	ctx, cancel := context.WithCancel(t.Context())
	_, err := s.Backup(ctx, "/backup", func(p Progress) {
		clones = append(clones, fs.CrashClone(vfs.CrashCloneCfg{}))
		if p.Step == "hashing" && len(clones) == 4 {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Backup: %v, want canceled", err)
	}
	for i, fs := range append(clones, fs) {
		if _, _, err := Restore(t.Context(), "/backup", Options{FS: fs, Dir: "/restored"}, nil); !errors.Is(err, ErrBackup) {
			t.Errorf("restore %d: %v, want ErrBackup", i, err)
		}
	}
}

// TestARestoreThatIsCutOffIsNotOpened cuts the power at the end of every step.
func TestARestoreThatIsCutOffIsNotOpened(t *testing.T) {
	for percent := range 3 {
		fs, _ := backedUp(t)
		var clones []*vfs.MemFS
		rng := newRNG(t, uint64(percent))
		_, _, err := Restore(t.Context(), "/backup", Options{FS: fs, Dir: "/restored"}, func(Progress) {
			clones = append(clones, fs.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: percent * 50, RNG: rng}))
		})
		must(t, err)
		for i, fs := range clones {
			if _, err := Open(Options{FS: fs, Dir: "/restored"}); !errors.Is(err, ErrFormat) {
				t.Errorf("Open after step %d: %v, want ErrFormat", i, err)
			}
		}
		n, err := Open(Options{FS: fs.CrashClone(vfs.CrashCloneCfg{}), Dir: "/restored"})
		must(t, err, n.Close())
	}
}

// TestBackupsAcrossFileSystems backs up to where no hard link can lead.
func TestBackupsAcrossFileSystems(t *testing.T) {
	dir := t.TempDir()
	s := startUnchecked(t, Options{Dir: filepath.Join(dir, "node"), FS: noLinks{vfs.Default}})
	mustAppend(t, s.client(t), "s", esdb.NoStream{}, some("e", 3)...)
	must(t, s.db.Flush())
	_, err := s.Backup(t.Context(), filepath.Join(dir, "backup"), nil)
	must(t, err)
	s.stop(t)
	_, _, err = Restore(t.Context(), filepath.Join(dir, "backup"), Options{Dir: filepath.Join(dir, "restored")}, nil)
	must(t, err)
	after := start(t, Options{Dir: filepath.Join(dir, "restored"), FS: vfs.Default})
	if got := readAll(t, after.client(t), esdb.ReadAllOptions{From: esdb.Start{}}); len(got) != 3 {
		t.Errorf("restored: %v", got)
	}
}

// noLinks is a file system across whose border no link leads.
type noLinks struct{ vfs.FS }

// Link implements vfs.FS.
func (noLinks) Link(from, to string) error {
	return &os.LinkError{Op: "link", Old: from, New: to, Err: errors.New("invalid cross-device link")}
}
