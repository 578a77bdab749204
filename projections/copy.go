package projections

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"unsafe"

	"github.com/hirelog/hirelog/readmodels"
)

// spillFile holds rows that are not in memory, each as a binary COPY takes it,
// with its length before it. What they hold of people is sealed. The file has
// no name, so it is gone with the process.
type spillFile struct {
	file *os.File
	at   map[string]int64   // where each key's row begins
	dead map[int64]struct{} // rows that were taken back
	tail []byte             // not written yet
	size int64              // of the file, without tail
}

func newSpillFile(dir string) (*spillFile, error) {
	f, err := os.CreateTemp(dir, ".hirelog-rebuild-*")
	if err != nil {
		return nil, fmt.Errorf("file for rows: %w", err)
	}
	if err := os.Remove(f.Name()); err != nil {
		return nil, errors.Join(fmt.Errorf("file for rows: %w", err), f.Close())
	}
	return &spillFile{file: f, at: make(map[string]int64), dead: make(map[int64]struct{})}, nil
}

// spillBuffer is how much is written at once.
const spillBuffer = 1 << 20

// put adds a row, which write appends to the buffer it is given.
func (s *spillFile) put(key string, write func([]byte) ([]byte, error)) error {
	begin := len(s.tail)
	tail, err := write(append(s.tail, 0, 0, 0, 0))
	if err != nil {
		return err
	}
	binary.BigEndian.PutUint32(tail[begin:], uint32(len(tail)-begin-4)) //nolint:gosec // an event is below 1 MiB
	s.at[key] = s.size + int64(begin)
	s.tail = tail
	if len(s.tail) >= spillBuffer {
		return s.flush()
	}
	return nil
}

func (s *spillFile) flush() error {
	n, err := s.file.WriteAt(s.tail, s.size)
	if err != nil {
		return fmt.Errorf("write file for rows: %w", err)
	}
	s.size += int64(n)
	s.tail = s.tail[:0]
	return nil
}

// take removes the row of a key and returns it.
func (s *spillFile) take(key string) (data []byte, there bool, err error) {
	at, there := s.at[key]
	if !there {
		return nil, false, nil
	}
	if at >= s.size {
		data = s.tail[at-s.size:]
		n := binary.BigEndian.Uint32(data)
		data = append([]byte{}, data[4:4+n]...)
	} else if data, err = s.read(at); err != nil {
		return nil, false, fmt.Errorf("read file for rows: %w", err)
	}
	delete(s.at, key)
	s.dead[at] = struct{}{}
	return data, true, nil
}

func (s *spillFile) read(at int64) ([]byte, error) {
	var first [1024]byte // most rows fit
	got, err := s.file.ReadAt(first[:], at)
	if err != nil && (!errors.Is(err, io.EOF) || got < 4) {
		return nil, err
	}
	n := int(binary.BigEndian.Uint32(first[:]))
	if 4+n <= got {
		return append([]byte{}, first[4:4+n]...), nil
	}
	data := make([]byte, n)
	_, err = s.file.ReadAt(data, at+4)
	return data, err
}

// copyTo writes the rows, in the order in which they came.
func (s *spillFile) copyTo(ctx context.Context, w io.Writer) error {
	if err := s.flush(); err != nil {
		return err
	}
	in := bufio.NewReaderSize(io.NewSectionReader(s.file, 0, s.size), spillBuffer)
	var head [4]byte
	for at := int64(0); at < s.size && ctx.Err() == nil; {
		if _, err := io.ReadFull(in, head[:]); err != nil {
			return fmt.Errorf("read file for rows: %w", err)
		}
		n := int64(binary.BigEndian.Uint32(head[:]))
		into := w
		if _, dead := s.dead[at]; dead {
			into = io.Discard
		}
		if _, err := io.CopyN(into, in, n); err != nil {
			return fmt.Errorf("rows from file: %w", err)
		}
		at += 4 + n
	}
	return ctx.Err()
}

// weigher knows roughly what a table's rows take in memory.
type weigher struct {
	bytes, rows int // of all that were put, to take the mean of
	scratch     []byte
}

// overhead of a row is what maps and allocations take besides, in bytes.
const overhead = 160

// weigh takes notice of a row's weight.
// Errors: a value that does not fit its column.
func (r *Rows[R]) weigh(row *R) error {
	buf, err := r.table.AppendBinary(r.weigher.scratch[:0], row)
	if err != nil {
		return err
	}
	r.weigher.scratch = buf
	r.weigher.bytes += len(buf)
	r.weigher.rows++
	return nil
}

func (r *Rows[R]) weight() int {
	var row R
	each := int(unsafe.Sizeof(row)) + overhead + r.weigher.bytes/max(1, r.weigher.rows) //nolint:gosec // its size alone
	return each * len(r.rows)
}

func (r *Rows[R]) size() int {
	n := len(r.rows)
	if r.disk != nil {
		n += len(r.disk.at)
	}
	return n
}

// beginWhole implements bulkTable.
func (r *Rows[R]) beginWhole(dir string) {
	r.begin()
	r.whole, r.weighs, r.dir, r.weigher, r.undone = true, true, dir, weigher{}, nil
}

// end implements bulkTable.
func (r *Rows[R]) end() (err error) {
	if r.disk != nil {
		err = r.disk.file.Close()
		r.disk = nil
	}
	r.begin()
	return err
}

// broken has the batch fail for a reason that is not the model's.
func (r *Rows[R]) broken(err error) { r.fail("%w: %w", ErrTransient, err) }

// spill implements bulkTable.
func (r *Rows[R]) spill(least bool) error {
	if r.disk == nil {
		var err error
		if r.disk, err = newSpillFile(r.dir); err != nil {
			return err
		}
	}
	for key, row := range r.rows {
		if least && row.recent {
			row.recent = false
			continue
		}
		err := r.disk.put(key, func(buf []byte) ([]byte, error) { return r.table.AppendBinary(buf, &row.row) })
		if err != nil {
			return err
		}
		delete(r.rows, key)
	}
	return nil
}

// mark implements bulkTable.
func (r *Rows[R]) mark() {
	clear(r.undone)
	r.undone, r.marked = r.undone[:0], true
}

// undo implements bulkTable.
func (r *Rows[R]) undo() {
	for i := len(r.undone) - 1; i >= 0; i-- {
		c := r.undone[i]
		now, _ := r.find(c.key)
		r.set(c.key, now, c.before)
	}
	r.mark()
	r.err = nil
}

// copyTo implements bulkTable.
func (r *Rows[R]) copyTo(ctx context.Context, w io.Writer) error {
	out := bufio.NewWriterSize(w, 1<<16)
	// A bufio.Writer keeps its first error.
	_, _ = out.Write(readmodels.CopyHeader())
	if r.disk != nil {
		if err := r.disk.copyTo(ctx, out); err != nil {
			return err
		}
	}
	var buf []byte
	for _, row := range r.rows {
		var err error
		if buf, err = r.table.AppendBinary(buf[:0], &row.row); err != nil {
			return err
		}
		if _, err := out.Write(buf); err != nil {
			return err
		}
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
