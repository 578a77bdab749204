package projections

import (
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"slices"
)

// packedRows are rows as a binary COPY takes them, each with its length before
// it. What they hold of people is sealed. They lie in blocks, in memory or in a
// file. The file has no name, so it is gone with the process.
type packedRows struct {
	dir    string               // where the file is to be
	at     map[string]packedRow // by key
	blocks []block
	stored int         // of blocks, the first ones, that are in the file
	dead   []packedRow // rows that others took the place of
	file   *os.File    // nil until there is something in it
	size   int64       // of the file
}

// packedRow says where a row is: the number of its block, and where in it.
type packedRow struct{ block, begin uint32 }

func (p packedRow) compare(q packedRow) int {
	return cmp.Or(cmp.Compare(p.block, q.block), cmp.Compare(p.begin, q.begin))
}

// block is rows one behind the other.
type block struct {
	bytes  []byte // nil if it is in the file
	at     int64  // in the file
	length int    // there
}

// blockBytes is how large a block becomes, unless one row is larger.
const blockBytes = 1 << 20

func newPackedRows(dir string) *packedRows {
	return &packedRows{dir: dir, at: make(map[string]packedRow)}
}

// put adds a row, in the place of the one with its key.
func (p *packedRows) put(key string, row []byte) {
	p.remove(key)
	need := 4 + len(row)
	last := len(p.blocks) - 1
	if last < p.stored || cap(p.blocks[last].bytes)-len(p.blocks[last].bytes) < need {
		p.blocks = append(p.blocks, block{bytes: make([]byte, 0, max(need, blockBytes))})
		last++
	}
	b := &p.blocks[last]
	p.at[key] = packedRow{uint32(last), uint32(len(b.bytes))}          //nolint:gosec // neither is that large
	b.bytes = binary.BigEndian.AppendUint32(b.bytes, uint32(len(row))) //nolint:gosec // an event is below 1 MiB
	b.bytes = append(b.bytes, row...)
}

// remove removes the row of a key, if there is one.
func (p *packedRows) remove(key string) {
	if at, there := p.at[key]; there {
		p.dead = append(p.dead, at)
		delete(p.at, key)
	}
}

// read returns the row of a key. It is not to be changed, or kept.
func (p *packedRows) read(key string) (row []byte, there bool, err error) {
	at, there := p.at[key]
	if !there {
		return nil, false, nil
	}
	b := &p.blocks[at.block]
	if b.bytes != nil {
		return rowAt(b.bytes, at.begin), true, nil
	}
	var first [1024]byte // most rows fit
	some := first[:min(len(first), b.length-int(at.begin))]
	if _, err := p.file.ReadAt(some, b.at+int64(at.begin)); err != nil {
		return nil, false, fmt.Errorf("read file for rows: %w", err)
	}
	if n := int(binary.BigEndian.Uint32(some)); 4+n > len(some) {
		all := make([]byte, 4+n)
		if _, err := p.file.ReadAt(all, b.at+int64(at.begin)); err != nil {
			return nil, false, fmt.Errorf("read file for rows: %w", err)
		}
		some = all
	}
	return rowAt(some, 0), true, nil
}

// rowAt is the row of a block that begins there.
func rowAt(block []byte, begin uint32) []byte {
	n := binary.BigEndian.Uint32(block[begin:])
	return block[begin+4:][:n]
}

// weight is what is in memory of the blocks, in bytes.
func (p *packedRows) weight() (bytes int) {
	for _, b := range p.blocks[p.stored:] {
		bytes += cap(b.bytes)
	}
	return bytes
}

// spill writes the older half of the blocks in memory to the file.
func (p *packedRows) spill() error {
	if p.file == nil {
		f, err := os.CreateTemp(p.dir, ".hirelog-rebuild-*")
		if err != nil {
			return fmt.Errorf("file for rows: %w", err)
		}
		p.file = f
		if err := os.Remove(f.Name()); err != nil {
			return fmt.Errorf("file for rows: %w", err)
		}
	}
	for range (len(p.blocks) - p.stored + 1) / 2 {
		b := &p.blocks[p.stored]
		n, err := p.file.WriteAt(b.bytes, p.size)
		if err != nil {
			return fmt.Errorf("write file for rows: %w", err)
		}
		*b = block{at: p.size, length: n}
		p.size += int64(n)
		p.stored++
	}
	return nil
}

// copyTo writes the rows, in the order in which they came.
func (p *packedRows) copyTo(ctx context.Context, w io.Writer) error {
	slices.SortFunc(p.dead, packedRow.compare)
	dead := p.dead
	var read []byte
	for i, b := range p.blocks {
		rows := b.bytes
		if rows == nil {
			read = slices.Grow(read[:0], b.length)[:b.length]
			if _, err := p.file.ReadAt(read, b.at); err != nil {
				return fmt.Errorf("read file for rows: %w", err)
			}
			rows = read
		}
		for begin := 0; begin < len(rows); {
			row := rowAt(rows, uint32(begin))                                                //nolint:gosec // a block is not that large
			if at := (packedRow{uint32(i), uint32(begin)}); len(dead) > 0 && dead[0] == at { //nolint:gosec // as before
				dead = dead[1:]
			} else if _, err := w.Write(row); err != nil {
				return err
			}
			begin += 4 + len(row)
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	return nil
}

func (p *packedRows) close() error {
	if p.file == nil {
		return nil
	}
	return p.file.Close()
}
