package eventnode

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"

	"github.com/google/uuid"
)

// The key spaces of the store; see the package comment.
const (
	eventSpace    = 'e'
	removalSpace  = 'k'
	endSpace      = 'l'
	streamSpace   = 'n'
	scavengeSpace = 'r'
	indexSpace    = 's'
)

// checksums uses the polynomial processors have an instruction for.
var checksums = crc32.MakeTable(crc32.Castagnoli)

func eventKey(pos uint64) []byte {
	return binary.BigEndian.AppendUint64([]byte{eventSpace}, pos)
}

func indexKey(stream uint64, rev int64) []byte {
	b := make([]byte, 1, 17)
	b[0] = indexSpace
	b = binary.BigEndian.AppendUint64(b, stream)
	return binary.BigEndian.AppendUint64(b, uint64(rev))
}

func streamKey(name string) []byte { return append([]byte{streamSpace}, name...) }

// spaceEnd is the first key behind a key space.
func spaceEnd(space byte) []byte { return []byte{space + 1} }

// indexEntry says where an event of a stream is, and which.
type indexEntry struct {
	pos uint64
	id  uuid.UUID
}

const indexEntryLen = 8 + 16 + 4

func appendIndexEntry(dst, key []byte, e indexEntry) []byte {
	at := len(dst)
	dst = binary.BigEndian.AppendUint64(dst, e.pos)
	dst = append(dst, e.id[:]...)
	return binary.BigEndian.AppendUint32(dst, sum(key, dst[at:]))
}

func decodeIndexEntry(key, value []byte) (indexEntry, error) {
	if len(value) != indexEntryLen {
		return indexEntry{}, corrupt("index entry %x is %d bytes long, not %d", key, len(value), indexEntryLen)
	}
	body := value[:indexEntryLen-4]
	if binary.BigEndian.Uint32(value[len(body):]) != sum(key, body) {
		return indexEntry{}, corrupt("checksum of index entry %x does not match", key)
	}
	return indexEntry{pos: binary.BigEndian.Uint64(body), id: uuid.UUID(body[8:])}, nil
}

// streamRecord is what is stored of a stream itself.
type streamRecord struct {
	id   uint64
	last int64
}

const streamRecordLen = 8 + 8 + 4

func appendStreamRecord(dst, key []byte, r streamRecord) []byte {
	at := len(dst)
	dst = binary.BigEndian.AppendUint64(dst, r.id)
	dst = binary.BigEndian.AppendUint64(dst, uint64(r.last))
	return binary.BigEndian.AppendUint32(dst, sum(key, dst[at:]))
}

func decodeStreamRecord(key, value []byte) (streamRecord, error) {
	if len(value) != streamRecordLen {
		return streamRecord{}, corrupt("record of stream %q is %d bytes long, not %d", key[1:], len(value), streamRecordLen)
	}
	body := value[:streamRecordLen-4]
	if binary.BigEndian.Uint32(value[len(body):]) != sum(key, body) {
		return streamRecord{}, corrupt("checksum of the record of stream %q does not match", key[1:])
	}
	r := streamRecord{id: binary.BigEndian.Uint64(body), last: int64(binary.BigEndian.Uint64(body[8:]))}
	if r.id == 0 || r.last < 0 {
		return streamRecord{}, corrupt("record of stream %q says number %d, last revision %d", key[1:], r.id, r.last)
	}
	return r, nil
}

func sum(key, body []byte) uint32 {
	return crc32.Update(crc32.Checksum(key, checksums), checksums, body)
}

// corrupt returns an error that matches ErrCorrupt.
func corrupt(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrCorrupt, fmt.Sprintf(format, args...))
}
