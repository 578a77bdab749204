package eventnode

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/sstable"
	"github.com/cockroachdb/pebble/v2/sstable/block"
	"github.com/cockroachdb/pebble/v2/sstable/block/blockkind"
	"github.com/cockroachdb/pebble/v2/sstable/colblk"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// database is the store. What it says of files that are damaged matches
// ErrCorrupt, in one line that names the file.
type database struct{ *pebble.DB }

// NewIter is pebble.DB's.
func (d database) NewIter(o *pebble.IterOptions) (iterator, error) {
	it, err := d.DB.NewIter(o)
	return iterator{it}, damaged(err)
}

// Get is pebble.DB's.
func (d database) Get(key []byte) ([]byte, io.Closer, error) {
	v, c, err := d.DB.Get(key)
	return v, c, damaged(err)
}

// Compact is pebble.DB's.
func (d database) Compact(ctx context.Context, start, end []byte, parallelize bool) error {
	return damaged(d.DB.Compact(ctx, start, end, parallelize))
}

// iterator is one over a database.
type iterator struct{ *pebble.Iterator }

// end closes the iterator and returns what went wrong: what the store says, or
// else err. One that met damage looks as if there were no more keys, so what was
// made of that means nothing.
func (it iterator) end(err error) error {
	if stopped := damaged(it.Close()); stopped != nil {
		return stopped
	}
	return err
}

// damaged returns err, as an ErrCorrupt if Pebble says that a file is damaged.
func damaged(err error) error {
	if !pebble.IsCorruptionError(err) {
		return err
	}
	if info := pebble.ExtractDataCorruptionInfo(err); info != nil {
		return corrupt("%s: %v", info.Path, info.Details)
	}
	return corrupt("%v", err)
}

// damageLogger says in the log that a file is damaged, once for each. Who needs
// what is in it gets an error.
func damageLogger(log *slog.Logger) func(pebble.DataCorruptionInfo) {
	var said sync.Map
	return func(i pebble.DataCorruptionInfo) {
		if _, before := said.LoadOrStore(i.Path, true); !before {
			log.Error("event node: a file is damaged", "file", i.Path, "detail", i.Details)
		}
	}
}

// table is one of the store's, from its first key to its last.
type table struct {
	name     string
	from, to []byte
}

// tables returns the tables in use.
func (f *folder) tables(db database) ([]table, error) {
	levels, err := db.SSTables()
	if err != nil {
		return nil, fmt.Errorf("list tables: %w", err)
	}
	var all []table
	for _, level := range levels {
		for _, t := range level {
			name := f.fs.PathJoin(f.store, fmt.Sprintf("%06d.sst", t.BackingSSTNum))
			all = append(all, table{name, t.Smallest.UserKey, t.Largest.UserKey})
		}
	}
	return all, nil
}

// openTable opens a table file. The caller closes it.
func openTable(ctx context.Context, fs vfs.FS, name string) (*sstable.Reader, error) {
	f, err := fs.Open(name, vfs.SequentialReadsOption)
	if err != nil {
		return nil, err
	}
	in, err := sstable.NewSimpleReadable(f)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	r, err := sstable.NewReader(ctx, in, sstable.ReaderOptions{})
	if err != nil {
		return nil, errors.Join(damagedTable(name, err), in.Close())
	}
	return r, nil
}

func damagedTable(name string, err error) error {
	if pebble.IsCorruptionError(err) {
		// The reader was not told the number the file's name has.
		return corrupt("%s: %s", name, strings.TrimPrefix(err.Error(), "pebble: file 000000: "))
	}
	return fmt.Errorf("read %s: %w", name, err)
}

// verifyTable reads a whole table file and compares its checksums.
func verifyTable(ctx context.Context, fs vfs.FS, name string) error {
	r, err := openTable(ctx, fs, name)
	if err != nil {
		return err
	}
	if err := r.ValidateBlockChecksums(); err != nil {
		return errors.Join(damagedTable(name, err), r.Close())
	}
	return r.Close()
}

// damagedSpan is a range of keys, both ends included, that cannot be read.
type damagedSpan struct {
	from, to []byte
	why      error
}

// damagedSpans returns what cannot be read of a table: what is in damaged blocks,
// or all of it if it is not known what is where.
func damagedSpans(ctx context.Context, fs vfs.FS, t table) (spans []damagedSpan, err error) {
	r, err := openTable(ctx, fs, t.name)
	if err == nil {
		spans, err = damagedBlocks(ctx, r, t)
		err = errors.Join(err, r.Close())
	}
	if errors.Is(err, ErrCorrupt) {
		return []damagedSpan{{t.from, t.to, err}}, nil
	}
	return spans, err
}

// damagedBlocks reads the index of a table, which tells the last key of each
// block, or one between it and the next block's first, and the blocks.
func damagedBlocks(ctx context.Context, r *sstable.Reader, t table) ([]damagedSpan, error) {
	layout, err := r.Layout()
	if err != nil {
		return nil, damagedTable(t.name, err)
	}
	read := func(h block.Handle) (block.BufferHandle, error) {
		b, err := r.BlockReader().Read(ctx, block.NoReadEnv, nil, h, blockkind.Unknown, func(*block.Metadata, []byte) error { return nil })
		if err != nil {
			return b, damagedTable(t.name, err)
		}
		return b, nil
	}
	var spans []damagedSpan
	from := t.from
	for _, h := range layout.Index {
		index, err := read(h)
		if err != nil {
			return nil, err
		}
		defer index.Release()
		var it colblk.IndexIter
		if err := it.Init(pebble.DefaultComparer, index.BlockData(), block.NoTransforms); err != nil {
			return nil, damagedTable(t.name, err)
		}
		for ok := it.First(); ok; ok = it.Next() {
			h, err := it.BlockHandleWithProperties()
			if err != nil {
				return nil, damagedTable(t.name, err)
			}
			to := bytes.Clone(it.Separator())
			b, err := read(h.Handle)
			switch {
			case err == nil:
				b.Release()
			case errors.Is(err, ErrCorrupt):
				spans = append(spans, damagedSpan{from, to, err})
			default:
				return nil, err
			}
			from = to
		}
	}
	return spans, nil
}
