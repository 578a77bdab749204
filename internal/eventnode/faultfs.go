package eventnode

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// faultFS stands between Pebble and the disk and makes the first failed write
// the last: when an operation that changes the store fails, or an fsync does, it
// tells the node, and from then on nothing changes on disk.
//
// Pebble cannot be left to do this. It panics, or takes the whole process down,
// when a write to its log or manifest fails; it tries a failed flush again,
// although after a failed fsync nobody knows what earlier writes left on disk.
// So the operation that failed, and each later one, does not return an error:
// it waits. Pebble goes on serving what it has, its background work stands
// still. When the node is closed the waiting operations are let go: those on
// tables fail, which Pebble knows to bear, all others pretend to have worked,
// so that it can be closed in order. None of them reaches the disk.
type faultFS struct {
	vfs.FS
	dir  string            // the store; operations elsewhere pass through
	told func(cause error) // called once, before the failed operation waits

	armed    atomic.Bool // before, errors are returned as they are
	once     sync.Once
	failed   atomic.Bool
	cause    error         // set before failed
	released chan struct{} // closed when waiting operations are to return

	syncs atomic.Uint64 // fsyncs of Pebble's log

	reuse   sync.RWMutex // held for reading while a log is reused
	noReuse bool         // guarded by reuse
}

func newFaultFS(fs vfs.FS, dir string, told func(error)) *faultFS {
	return &faultFS{FS: fs, dir: dir + "/", told: told, released: make(chan struct{})}
}

// stopReuse makes new logs new files from now on, until the returned function
// is called. Pebble keeps old logs to write over them, and with them their
// content.
func (f *faultFS) stopReuse() (again func()) {
	f.setReuse(true)
	return func() { f.setReuse(false) }
}

func (f *faultFS) setReuse(no bool) {
	f.reuse.Lock()
	f.noReuse = no
	f.reuse.Unlock()
}

// fail makes the file system stand still. Only the first cause counts.
func (f *faultFS) fail(cause error) {
	f.once.Do(func() {
		f.cause = cause
		f.failed.Store(true)
		f.told(cause)
	})
}

// background is told what went wrong in Pebble's own work, such as damage to
// tables it was to compact. It would try again for ever.
func (f *faultFS) background(err error) {
	if f.armed.Load() {
		f.fail(fmt.Errorf("background work on the store: %w", damaged(err)))
	}
}

// release lets waiting operations return. It is called once, before Pebble is closed.
func (f *faultFS) release() { close(f.released) }

// err returns what made the file system stand still.
func (f *faultFS) err() error {
	if !f.failed.Load() {
		return nil
	}
	return f.cause
}

// inside reports whether name is the store or in it.
func (f *faultFS) inside(name string) bool {
	return strings.HasPrefix(name, f.dir) || name == f.dir[:len(f.dir)-1]
}

// do runs one operation that changes file name.
func (f *faultFS) do(op, name string, change func() error) error {
	if !f.armed.Load() || !f.inside(name) {
		return change()
	}
	if !f.failed.Load() {
		err := change()
		if err == nil {
			return nil
		}
		f.fail(fmt.Errorf("%s %s: %w", op, name, err))
	}
	<-f.released
	if strings.HasSuffix(name, ".sst") || strings.HasSuffix(name, ".blob") {
		return f.cause
	}
	return nil
}

// file runs one operation that opens file name for writing.
func (f *faultFS) file(op, name string, open func() (vfs.File, error)) (vfs.File, error) {
	var file vfs.File
	err := f.do(op, name, func() (err error) {
		file, err = open()
		return err
	})
	if err != nil {
		return nil, err
	}
	if file == nil { // the operation only pretends to have worked
		if file, err = vfs.NewMem().Create("lost", vfs.WriteCategoryUnspecified); err != nil {
			return nil, err
		}
	}
	return &faultFile{File: file, name: name, fs: f, log: strings.HasSuffix(name, ".log")}, nil
}

// Create implements vfs.FS.
func (f *faultFS) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	return f.file("create", name, func() (vfs.File, error) { return f.FS.Create(name, c) })
}

// OpenReadWrite implements vfs.FS.
func (f *faultFS) OpenReadWrite(name string, c vfs.DiskWriteCategory, opts ...vfs.OpenOption) (vfs.File, error) {
	return f.file("open", name, func() (vfs.File, error) { return f.FS.OpenReadWrite(name, c, opts...) })
}

// ReuseForWrite implements vfs.FS.
func (f *faultFS) ReuseForWrite(from, to string, c vfs.DiskWriteCategory) (vfs.File, error) {
	return f.file("reuse", to, func() (vfs.File, error) {
		f.reuse.RLock()
		defer f.reuse.RUnlock()
		if !f.noReuse {
			return f.FS.ReuseForWrite(from, to, c)
		}
		file, err := f.FS.Create(to, c)
		if err != nil {
			return nil, err
		}
		return file, f.FS.Remove(from)
	})
}

// OpenDir implements vfs.FS.
func (f *faultFS) OpenDir(name string) (vfs.File, error) {
	dir, err := f.FS.OpenDir(name)
	if err != nil {
		return nil, err
	}
	return &faultFile{File: dir, name: name, fs: f}, nil
}

// Link implements vfs.FS.
func (f *faultFS) Link(from, to string) error {
	return f.do("link", to, func() error { return f.FS.Link(from, to) })
}

// Remove implements vfs.FS. A file that stays is no harm, so failing is not
// the end; but nothing is removed once the file system stands still.
func (f *faultFS) Remove(name string) error {
	if !f.failed.Load() || !f.inside(name) {
		return f.FS.Remove(name)
	}
	return f.do("remove", name, nil)
}

// RemoveAll implements vfs.FS.
func (f *faultFS) RemoveAll(name string) error {
	return f.do("remove", name, func() error { return f.FS.RemoveAll(name) })
}

// Rename implements vfs.FS.
func (f *faultFS) Rename(from, to string) error {
	return f.do("rename", to, func() error { return f.FS.Rename(from, to) })
}

// MkdirAll implements vfs.FS.
func (f *faultFS) MkdirAll(dir string, perm os.FileMode) error {
	return f.do("make folder", dir, func() error { return f.FS.MkdirAll(dir, perm) })
}

// Unwrap implements vfs.FS.
func (f *faultFS) Unwrap() vfs.FS { return f.FS }

// faultFile is a file of a faultFS that is written to.
type faultFile struct {
	vfs.File
	name string
	fs   *faultFS
	log  bool // it is Pebble's write-ahead log
}

// Write implements vfs.File.
func (f *faultFile) Write(p []byte) (int, error) {
	n := len(p)
	err := f.fs.do("write", f.name, func() (err error) {
		n, err = f.File.Write(p)
		return err
	})
	if err == nil {
		n = len(p)
	}
	return n, err
}

// WriteAt implements vfs.File.
func (f *faultFile) WriteAt(p []byte, at int64) (int, error) {
	n := len(p)
	err := f.fs.do("write", f.name, func() (err error) {
		n, err = f.File.WriteAt(p, at)
		return err
	})
	if err == nil {
		n = len(p)
	}
	return n, err
}

// Preallocate implements vfs.File. It is a hint, which may fail.
func (f *faultFile) Preallocate(offset, length int64) error {
	if f.fs.failed.Load() {
		return nil
	}
	return f.File.Preallocate(offset, length)
}

// Sync implements vfs.File.
func (f *faultFile) Sync() error {
	f.countSync()
	return f.fs.do("sync", f.name, f.File.Sync)
}

// SyncData implements vfs.File.
func (f *faultFile) SyncData() error {
	f.countSync()
	return f.fs.do("sync", f.name, f.File.SyncData)
}

// SyncTo implements vfs.File.
func (f *faultFile) SyncTo(length int64) (full bool, err error) {
	err = f.fs.do("sync", f.name, func() (err error) {
		full, err = f.File.SyncTo(length)
		return err
	})
	return full, err
}

func (f *faultFile) countSync() {
	if f.log {
		f.fs.syncs.Add(1)
	}
}
