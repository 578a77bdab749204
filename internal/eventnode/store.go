package eventnode

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

const storeFolder = "store"

// The errors that say why a folder cannot be opened.
var (
	// ErrLocked: the folder is open already, here or in another process.
	ErrLocked = errors.New("event node: folder is in use by another process")
	// ErrFormat: the folder was written by a newer version, or is something else.
	ErrFormat = errors.New("event node: folder is of a format this program does not know")
	// ErrCorrupt: what is stored is not what was written.
	ErrCorrupt = errors.New("event node: stored data is damaged")
)

// folder is a node's folder, locked.
type folder struct {
	fs     vfs.FS
	dir    string
	store  string
	format int
	lock   *pebble.Lock
}

// lockFolder locks folder dir and reads its format. If it does not exist it is
// made when create is set, and else is an error.
func lockFolder(fs vfs.FS, dir string, create bool) (*folder, error) {
	f := &folder{fs: fs, dir: dir, store: fs.PathJoin(dir, storeFolder)}
	if create {
		if err := makeFolder(fs, f.store); err != nil {
			return nil, fmt.Errorf("event node: make folder %s: %w", f.store, err)
		}
	} else if _, err := fs.Stat(f.store); err != nil {
		return nil, fmt.Errorf("event node: %w", err)
	}
	lock, err := pebble.LockDirectory(f.store, fs)
	if err != nil {
		// A lock file that cannot be made is a path error; all else means that
		// somebody has it.
		var path *os.PathError
		if errors.As(err, &path) {
			return nil, fmt.Errorf("event node: lock folder %s: %w", dir, err)
		}
		return nil, fmt.Errorf("%w: %s", ErrLocked, dir)
	}
	f.lock = lock
	if err := f.readFormat(create); err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	return f, nil
}

// open opens the store: through faults, or to be read only if that is nil. The
// caller closes it before it unlocks the folder.
func (f *folder) open(o Options, faults *faultFS) (db database, err error) {
	cache := pebble.NewCache(o.CacheBytes)
	defer cache.Unref()
	po := &pebble.Options{
		FS:                          markerFS{f.fs},
		Lock:                        f.lock,
		ReadOnly:                    faults == nil,
		ErrorIfNotExists:            faults == nil,
		Cache:                       cache,
		FormatMajorVersion:          pebbleFormatOf(f.format),
		MemTableSize:                o.MemTableBytes,
		MemTableStopWritesThreshold: 4,
		L0CompactionThreshold:       4,
		L0StopWritesThreshold:       64,
		BytesPerSync:                1 << 20,
		DisableTableStats:           true,
		DisableAutomaticCompactions: o.noCompactions,
		Logger:                      pebbleLogger{o.Logger},
		// Without DataCorruption one damaged block would end the process.
		EventListener: &pebble.EventListener{BackgroundError: func(error) {}, DataCorruption: damageLogger(o.Logger)},
	}
	if faults != nil {
		po.FS = markerFS{faults}
		po.EventListener.BackgroundError = faults.background
		po.Experimental.CompactionScheduler = newCompactions(faults)
	}
	// Pebble's own failures while opening come as panics out of Fatalf.
	defer func() {
		if r := recover(); r != nil {
			fatal, ok := r.(fatalError)
			if !ok {
				panic(r)
			}
			db, err = database{}, fmt.Errorf("event node: open %s: %w", f.store, fatal)
		}
	}()
	if desc, err := pebble.Peek(f.store, f.fs); err != nil {
		return db, fmt.Errorf("%w: %s: %w", ErrFormat, f.store, err)
	} else if desc.Exists && desc.FormatMajorVersion > pebbleFormatOf(f.format) {
		return db, fmt.Errorf("%w: %s has Pebble format %d, this program knows %d", ErrFormat, f.store, desc.FormatMajorVersion, pebbleFormatOf(f.format))
	}
	if db.DB, err = pebble.Open(f.store, po); err != nil {
		return db, fmt.Errorf("event node: open %s: %w", f.store, damaged(err))
	}
	return db, nil
}

// pebbleLogger passes on what Pebble says. Its information is of no use here.
type pebbleLogger struct{ log *slog.Logger }

type fatalError string

func (e fatalError) Error() string { return string(e) }

func (pebbleLogger) Infof(string, ...any) {}

func (l pebbleLogger) Errorf(format string, args ...any) {
	l.log.Error("event node: Pebble reports an error", "detail", fmt.Sprintf(format, args...))
}

// Fatalf must not return: Pebble's state makes no sense any more. While the node
// runs neither a failing disk leads here (see faultFS) nor a damaged file (see
// folder.open), but broken invariants do.
func (l pebbleLogger) Fatalf(format string, args ...any) {
	panic(fatalError(fmt.Sprintf(format, args...)))
}

// makeFolder makes dir and those above it and puts their names on disk.
func makeFolder(fs vfs.FS, dir string) error {
	var missing []string
	for d := dir; ; d = fs.PathDir(d) {
		if _, err := fs.Stat(d); err == nil {
			break
		} else if !errors.Is(err, os.ErrNotExist) {
			return err
		}
		missing = append(missing, d)
		if fs.PathDir(d) == d {
			break
		}
	}
	if err := fs.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	for _, d := range missing {
		if err := syncFolder(fs, fs.PathDir(d)); err != nil {
			return err
		}
	}
	return nil
}

func syncFolder(fs vfs.FS, dir string) error {
	d, err := fs.OpenDir(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

func readFile(fs vfs.FS, name string) (string, error) {
	f, err := fs.Open(name)
	if err != nil {
		return "", err
	}
	b, err := io.ReadAll(io.LimitReader(f, 1024))
	return string(b), errors.Join(err, f.Close())
}

// writeFileDurably makes file name of dir, whole or not at all.
func writeFileDurably(fs vfs.FS, dir, name, text string) error {
	part := fs.PathJoin(dir, name+".part")
	f, err := fs.Create(part, vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	_, err = f.Write([]byte(text))
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := fs.Rename(part, fs.PathJoin(dir, name)); err != nil {
		return err
	}
	return syncFolder(fs, dir)
}
