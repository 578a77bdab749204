package eventnode

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// restoreFolder is where a store is put together. A folder that has it is one
// where a restore was cut off, and is not opened.
const restoreFolder = "store.part"

// Restore makes a node's folder o.Dir, which must be empty or missing, of the
// backup in folder from. Each file is compared with the manifest, and the whole
// is checked before it becomes a node's folder. Of o only Dir, FS, Logger and
// CacheBytes matter. Progress may be nil.
// Errors: ErrBackup, ErrFormat, ErrCorrupt, fs.ErrExist, ctx, or what the disk said.
func Restore(ctx context.Context, from string, o Options, progress func(Progress)) (Manifest, Report, error) {
	o, err := o.withDefaults()
	if err != nil {
		return Manifest{}, Report{}, err
	}
	r := &restore{fs: o.FS, from: from, o: o, progress: progress}
	if r.progress == nil {
		r.progress = func(Progress) {}
	}
	if err := r.run(ctx); err != nil {
		return Manifest{}, r.report, fmt.Errorf("event node: restore %s: %w", from, err)
	}
	return r.manifest, r.report, nil
}

type restore struct {
	fs       vfs.FS
	from     string
	o        Options
	progress func(Progress)
	manifest Manifest
	report   Report
}

func (r *restore) run(ctx context.Context) error {
	var err error
	if r.manifest, err = readManifest(r.fs, r.from); err != nil {
		return err
	}
	text, err := readFile(r.fs, r.fs.PathJoin(r.from, formatFile))
	if err != nil {
		return fmt.Errorf("%w: %w", ErrBackup, err)
	}
	format, err := parseFormat(r.from, text)
	if err != nil {
		return err
	}
	if err := r.compareNames(); err != nil {
		return err
	}
	if err := makeEmptyFolder(r.fs, r.o.Dir); err != nil {
		return err
	}
	if err := keepPrivate(r.fs, r.o.Dir, 0o700); err != nil {
		return err
	}
	part := r.fs.PathJoin(r.o.Dir, restoreFolder)
	if err := makeFolder(r.fs, part); err != nil {
		return err
	}
	if err := r.copy(ctx, part); err != nil {
		return err
	}
	f := &folder{fs: r.fs, dir: r.o.Dir, store: part, format: format}
	if err := r.check(f); err != nil {
		return err
	}
	// FORMAT last: a folder without it is not opened.
	if err := r.fs.Rename(part, r.fs.PathJoin(r.o.Dir, storeFolder)); err != nil {
		return err
	}
	if err := syncFolder(r.fs, r.o.Dir); err != nil {
		return err
	}
	return f.writeFormat()
}

// compareNames looks whether the backup has the files its manifest lists.
func (r *restore) compareNames() error {
	names, err := treeOf(r.fs, r.from)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrBackup, err)
	}
	var listed []string
	for _, f := range r.manifest.Files {
		listed = append(listed, f.Name)
	}
	if !slices.Equal(names, listed) {
		return fmt.Errorf("%w: it has files %v, its manifest lists %v", ErrBackup, names, listed)
	}
	return nil
}

// copy copies the store and compares what it reads back with the manifest.
func (r *restore) copy(ctx context.Context, part string) error {
	done := int64(0)
	for _, want := range r.manifest.Files {
		from := r.fs.PathJoin(r.from, filepath.FromSlash(want.Name))
		to := from
		if want.Name != formatFile {
			to = r.fs.PathJoin(part, r.fs.PathBase(from))
			if err := copyFile(ctx, r.fs, from, to); err != nil {
				return err
			}
		}
		got, err := digest(ctx, r.fs, to)
		if err != nil {
			return err
		}
		if got.Size != want.Size || got.SHA256 != want.SHA256 {
			return fmt.Errorf("%w: %s is not as its manifest says", ErrBackup, want.Name)
		}
		done += got.Size
		r.progress(Progress{Step: "copying", Done: done, Total: r.manifest.Bytes, Unit: "bytes"})
	}
	return syncFolder(r.fs, part)
}

func (r *restore) check(f *folder) (err error) {
	r.progress(Progress{Step: "checking", Unit: "bytes", Total: r.manifest.Bytes})
	if f.lock, err = pebble.LockDirectory(f.store, f.fs); err != nil {
		return fmt.Errorf("lock %s: %w", f.store, err)
	}
	r.report, err = f.check(r.o)
	if err = errors.Join(err, f.lock.Close()); err != nil {
		return err
	}
	if len(r.report.Problems) > 0 {
		return corrupt("%s, and %d more problems", r.report.Problems[0], len(r.report.Problems)-1+r.report.More)
	}
	if r.report.Position != r.manifest.Position {
		return corrupt("the last event is at %d, the manifest says %d", r.report.Position, r.manifest.Position)
	}
	return nil
}

func copyFile(ctx context.Context, fs vfs.FS, from, to string) error {
	in, err := fs.Open(from, vfs.SequentialReadsOption)
	if err != nil {
		return err
	}
	out, err := fs.Create(to, vfs.WriteCategoryUnspecified)
	if err != nil {
		return errors.Join(err, in.Close())
	}
	_, err = io.Copy(out, reading{ctx, in})
	if err := errors.Join(err, out.Sync(), out.Close(), in.Close()); err != nil {
		return fmt.Errorf("copy %s: %w", from, err)
	}
	return nil
}
