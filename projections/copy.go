package projections

import (
	"bufio"
	"context"
	"io"

	"github.com/hirelog/hirelog/readmodels"
)

// stagedRows are rows on their way to be packed.
type stagedRows struct {
	bytes []byte
	rows  []stagedRow
}

// stagedRow is where a row is in the bytes; a key that was deleted has none.
type stagedRow struct {
	key        string
	begin, end int
}

// beginWhole implements bulkTable.
func (r *Rows[R]) beginWhole(dir string) {
	r.begin()
	r.whole, r.packed, r.undone = true, newPackedRows(dir), nil
}

// end implements bulkTable.
func (r *Rows[R]) end() (err error) {
	if r.packed != nil {
		err = r.packed.close()
		r.packed = nil
	}
	r.begin()
	return err
}

// broken has the batch fail for a reason that is not the model's.
func (r *Rows[R]) broken(err error) { r.fail("%w: %w", ErrTransient, err) }

// mark implements bulkTable.
func (r *Rows[R]) mark() {
	clear(r.undone)
	r.undone, r.marked = r.undone[:0], true
}

// undo implements bulkTable.
func (r *Rows[R]) undo() {
	for i := len(r.undone) - 1; i >= 0; i-- {
		c := r.undone[i]
		r.set(c.key, r.rows[c.key], c.before)
		if !c.dirty {
			delete(r.dirty, c.key)
		}
	}
	r.mark()
	r.err = nil
}

// stage implements bulkTable.
// Errors: a value that does not fit its column.
func (r *Rows[R]) stage() (err error) {
	s := &r.staged
	s.bytes, s.rows = s.bytes[:0], s.rows[:0]
	for key := range r.dirty {
		begin := len(s.bytes)
		if row := r.rows[key]; row != nil {
			if s.bytes, err = r.table.AppendBinary(s.bytes, row); err != nil {
				return err
			}
		}
		s.rows = append(s.rows, stagedRow{key, begin, len(s.bytes)})
	}
	return nil
}

// pack implements bulkTable.
func (r *Rows[R]) pack() {
	for _, row := range r.staged.rows {
		if row.begin == row.end {
			r.packed.remove(row.key)
		} else {
			r.packed.put(row.key, r.staged.bytes[row.begin:row.end])
		}
	}
	clear(r.staged.rows)
	clear(r.rows)
	clear(r.dirty)
	r.mark()
}

func (r *Rows[R]) weight() int  { return r.packed.weight() }
func (r *Rows[R]) spill() error { return r.packed.spill() }
func (r *Rows[R]) size() int    { return len(r.packed.at) }

// copyTo implements bulkTable.
func (r *Rows[R]) copyTo(ctx context.Context, w io.Writer) error {
	out := bufio.NewWriterSize(w, 1<<16)
	// A bufio.Writer keeps its first error.
	_, _ = out.Write(readmodels.CopyHeader())
	if err := r.packed.copyTo(ctx, out); err != nil {
		return err
	}
	_, _ = out.Write(readmodels.CopyTrailer())
	return out.Flush()
}

func (r *Rows[R]) create(schema string) string  { return r.table.CreateBare(schema) }
func (r *Rows[R]) copySQL(schema string) string { return r.table.CopySQL(schema) }
func (r *Rows[R]) createIndexes(schema string) string {
	return r.table.CreateKey(schema) + r.table.CreateIndexes(schema)
}
func (r *Rows[R]) key() string { return r.table.Columns[0].Name() }
