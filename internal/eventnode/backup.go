package eventnode

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

const (
	manifestFile   = "BACKUP"
	manifestPrefix = "hirelog event node backup 1, sha256 "
)

// ErrBackup says that a folder is no backup, is an incomplete one, or was
// changed since.
var ErrBackup = errors.New("event node: not a complete backup")

// Manifest says what a backup holds. It is written last, so a backup without
// one is incomplete.
type Manifest struct {
	Started  time.Time `json:"started"`
	Ended    time.Time `json:"ended"`
	Position uint64    `json:"position"` // of the last event in it
	Bytes    int64     `json:"bytes"`
	// Files are all files but the manifest, in order of their names.
	Files []ManifestFile `json:"files"`
}

// ManifestFile is one file of a backup.
type ManifestFile struct {
	Name   string `json:"name"` // with slashes, from the backup's folder
	Size   int64  `json:"size"` // in bytes
	SHA256 string `json:"sha256"`
}

// String is the manifest in one line for a terminal.
func (m Manifest) String() string {
	return fmt.Sprintf("backup of %s: %d bytes in %d files, last position %d",
		m.Started.Format(time.RFC3339), m.Bytes, len(m.Files), m.Position)
}

// Backup copies the log to folder to, which must be empty or missing and not in
// the node's own, while the node works. Nobody but its owner may read it then. Everything acknowledged before the call
// is in it, and it is durable when Backup returns. On the same file system
// tables are hard links, so they cost nothing until they are compacted away.
// Progress may be nil.
//
// A backup that failed leaves what it wrote, without a manifest: Restore
// refuses it. Errors: ErrBusy, fs.ErrExist, ErrCorrupt, what stopped the node, ctx,
// or what the disk said.
func (n *Node) Backup(ctx context.Context, to string, progress func(Progress)) (Manifest, error) {
	b := &backup{fs: n.o.FS, to: to, progress: progress, now: n.o.Now}
	if b.progress == nil {
		b.progress = func(Progress) {}
	}
	err := n.operate(ctx, "backup to "+to, func(ctx context.Context) error { return b.run(ctx, n) })
	if err != nil {
		return Manifest{}, err
	}
	return b.manifest, nil
}

type backup struct {
	fs       vfs.FS
	to       string
	progress func(Progress)
	now      func() time.Time
	manifest Manifest
}

func (b *backup) run(ctx context.Context, n *Node) error {
	b.manifest.Started = b.now().UTC()
	if within, err := inside(b.fs, b.to, n.folder.dir); err != nil {
		return err
	} else if within {
		return fmt.Errorf("%s is in the folder that is to be backed up", b.to)
	}
	if err := makeEmptyFolder(b.fs, b.to); err != nil {
		return err
	}
	if err := keepPrivate(b.fs, b.to, 0o700); err != nil {
		return err
	}
	b.progress(Progress{Step: "copying", Unit: "bytes"})
	store := b.fs.PathJoin(b.to, storeFolder)
	if err := checkpoint(n.db, store); err != nil {
		return fmt.Errorf("copy the store: %w", err)
	}
	if err := n.fs.err(); err != nil { // what was copied since is not known to be on disk
		return err
	}
	if err := writeFileDurably(b.fs, b.to, formatFile, formatLine(n.folder.format)); err != nil {
		return err
	}
	var err error
	if b.manifest.Position, err = copiedEnd(n.o, b.to, n.folder.format); err != nil {
		return err
	}
	if err := keepPrivate(b.fs, store, 0o700); err != nil {
		return err
	}
	names, err := treeOf(b.fs, b.to)
	if err != nil {
		return err
	}
	for _, name := range names {
		path := b.fs.PathJoin(b.to, filepath.FromSlash(name))
		if err := keepPrivate(b.fs, path, 0o600); err != nil {
			return err
		}
		f, err := digest(ctx, b.fs, path)
		if err != nil {
			return err
		}
		if strings.HasSuffix(name, ".sst") {
			if err := verifyTable(ctx, b.fs, path); err != nil {
				return err
			}
		}
		f.Name = name
		b.manifest.Files = append(b.manifest.Files, f)
		b.manifest.Bytes += f.Size
		b.progress(Progress{Step: "hashing", Done: b.manifest.Bytes, Unit: "bytes"})
	}
	b.manifest.Ended = b.now().UTC()
	if err := syncFolder(b.fs, store); err != nil {
		return err
	}
	if err := b.manifest.write(b.fs, b.to); err != nil {
		return err
	}
	return keepPrivate(b.fs, b.fs.PathJoin(b.to, manifestFile), 0o600)
}

// keepPrivate takes a file or folder on the disk from everybody but its owner.
func keepPrivate(fs vfs.FS, name string, mode os.FileMode) error {
	if fs != vfs.Default {
		return nil
	}
	if err := os.Chmod(name, mode); err != nil {
		return fmt.Errorf("keep it from others: %w", err)
	}
	return nil
}

// checkpoint copies the store. Pebble panics when some of what it writes cannot
// be put on disk. Here that is the backup's disk, which is no reason to end.
func checkpoint(db database, to string) (err error) {
	defer func() {
		if r := recover(); r != nil {
			failed, ok := r.(error)
			if bug := runtime.Error(nil); !ok || errors.As(failed, &bug) {
				panic(r)
			}
			err = failed
		}
	}()
	return db.Checkpoint(to, pebble.WithFlushedWAL())
}

// copiedEnd returns the position of the last event in the copy in folder dir.
func copiedEnd(o Options, dir string, format int) (pos uint64, err error) {
	f := &folder{fs: o.FS, dir: dir, store: o.FS.PathJoin(dir, storeFolder), format: format}
	if f.lock, err = pebble.LockDirectory(f.store, f.fs); err != nil {
		return 0, fmt.Errorf("lock the copy: %w", err)
	}
	defer func() {
		err = errors.Join(err, f.lock.Close(), f.fs.Remove(f.fs.PathJoin(f.store, lockFile)))
	}()
	db, err := f.open(o, nil)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	last, _, err := lastEvent(db)
	if err != nil {
		return 0, err
	}
	end, err := readLogEnd(db)
	return max(last.pos, end.last), err
}

// lockFile is the name Pebble gives to the file it locks a store by.
const lockFile = "LOCK"

func (m *Manifest) write(fs vfs.FS, dir string) error {
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return fmt.Errorf("encode the manifest: %w", err)
	}
	of := sha256.Sum256(text)
	return writeFileDurably(fs, dir, manifestFile, manifestPrefix+hex.EncodeToString(of[:])+"\n"+string(text))
}

// ReadManifest reads what the backup in folder dir on the disk says of itself.
// The files are not read. Errors: ErrBackup.
func ReadManifest(dir string) (Manifest, error) { return readManifest(vfs.Default, dir) }

func readManifest(fs vfs.FS, dir string) (Manifest, error) {
	var m Manifest
	f, err := fs.Open(fs.PathJoin(dir, manifestFile))
	if errors.Is(err, os.ErrNotExist) {
		return m, fmt.Errorf("%w: %s has no file %s", ErrBackup, dir, manifestFile)
	}
	if err != nil {
		return m, fmt.Errorf("event node: %w", err)
	}
	all, err := io.ReadAll(f)
	if err = errors.Join(err, f.Close()); err != nil {
		return m, fmt.Errorf("event node: read the manifest of %s: %w", dir, err)
	}
	head, text, _ := strings.Cut(string(all), "\n")
	want, ours := strings.CutPrefix(head, manifestPrefix)
	if !ours {
		return m, fmt.Errorf("%w: %s in %s does not begin with %q", ErrBackup, manifestFile, dir, manifestPrefix)
	}
	if got := sha256.Sum256([]byte(text)); hex.EncodeToString(got[:]) != want {
		return m, fmt.Errorf("%w: the manifest of %s was changed", ErrBackup, dir)
	}
	if err := json.Unmarshal([]byte(text), &m); err != nil {
		return m, fmt.Errorf("%w: the manifest of %s: %w", ErrBackup, dir, err)
	}
	return m, nil
}

// digest reads a whole file and puts it on disk.
func digest(ctx context.Context, fs vfs.FS, name string) (ManifestFile, error) {
	f, err := fs.Open(name, vfs.SequentialReadsOption)
	if err != nil {
		return ManifestFile{}, err
	}
	h := sha256.New()
	size, err := io.Copy(h, reading{ctx, f})
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return ManifestFile{}, fmt.Errorf("read %s: %w", name, err)
	}
	return ManifestFile{Size: size, SHA256: hex.EncodeToString(h.Sum(nil))}, nil
}

// reading is a reader that ends with its context.
type reading struct {
	ctx context.Context
	io.Reader
}

// Read implements io.Reader.
func (r reading) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.Reader.Read(p)
}

// treeOf returns the files of a backup or a node's folder, in order of name.
func treeOf(fs vfs.FS, dir string) ([]string, error) {
	names := []string{formatFile}
	store, err := fs.List(fs.PathJoin(dir, storeFolder))
	if err != nil {
		return nil, fmt.Errorf("list %s: %w", dir, err)
	}
	for _, name := range store {
		if name != lockFile { // somebody checked it
			names = append(names, storeFolder+"/"+name)
		}
	}
	slices.Sort(names)
	return names, nil
}

// makeEmptyFolder makes dir, or takes it if it is empty.
func makeEmptyFolder(fs vfs.FS, dir string) error {
	names, err := fs.List(dir)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return makeFolder(fs, dir)
	case err != nil:
		return err
	case len(names) > 0:
		return fmt.Errorf("folder %s is not empty: %w", dir, os.ErrExist)
	}
	return nil
}

// inside reports whether path, which need not exist, is dir or in it. On the disk
// symbolic links are followed.
func inside(fs vfs.FS, path, dir string) (bool, error) {
	p, err1 := filepath.Abs(path)
	d, err2 := filepath.Abs(dir)
	if err := errors.Join(err1, err2); err != nil {
		return false, err
	}
	if fs == vfs.Default {
		p, err1 = realPath(p)
		d, err2 = realPath(d)
		if err := errors.Join(err1, err2); err != nil {
			return false, err
		}
	}
	rel, err := filepath.Rel(d, p)
	return err == nil && filepath.IsLocal(rel), nil
}

// realPath follows the symbolic links in as much of path as exists.
func realPath(path string) (string, error) {
	real, err := filepath.EvalSymlinks(path)
	parent := filepath.Dir(path)
	if !errors.Is(err, os.ErrNotExist) || parent == path {
		return real, err
	}
	if parent, err = realPath(parent); err != nil {
		return "", err
	}
	return filepath.Join(parent, filepath.Base(path)), nil
}
