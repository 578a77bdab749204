package eventnode

import (
	"encoding/binary"
	"hash/crc32"
	"math"
	"strconv"
	"time"

	"github.com/google/uuid"
	"google.golang.org/protobuf/encoding/protowire"
)

const (
	eventVersion   = 1
	eventHeaderLen = 58

	firstPosition = 64
	// tombstoneRevision is the revision of the event that ends a stream for good.
	tombstoneRevision = int64(math.MaxInt64)

	typeMetadata  = "$metadata"
	typeTombstone = "$streamDeleted"
	typeLink      = "$>"

	contentJSON  = "application/json"
	contentBytes = "application/octet-stream"
)

// The flags of a stored event.
const (
	flagNotInAll = 1 << iota
	flagLink
)

// event is a stored event. Its byte slices point into one stored value and are
// never written to.
type event struct {
	pos      uint64
	stream   uint64
	revision int64
	created  int64 // ticks
	id       uuid.UUID
	flags    byte
	name     []byte // of the stream
	typ      []byte
	wire     []byte // an encoded streams.ReadResp
	size     int    // of the stored value
}

// proposed is an event on its way into the log.
type proposed struct {
	id     uuid.UUID
	typ    string
	json   bool
	data   []byte
	custom []byte // custom metadata
}

func ticks(t time.Time) int64 { return t.UnixNano() / 100 }

// encodeEvent returns the stored value of p as event rev of stream name, at
// position pos, and the event that lies in it.
func encodeEvent(pos uint64, name string, stream uint64, rev, created int64, p *proposed) ([]byte, event) {
	var text [20]byte
	at := strconv.AppendInt(text[:0], created, 10)
	content := contentBytes
	if p.json {
		content = contentJSON
	}
	e := event{pos: pos, stream: stream, revision: rev, created: created, id: p.id, flags: flagsOf(name, p.typ)}

	idLen := structuredLen(p.id)
	nameLen := field(len(name))
	typeLen := entryLen("type", len(p.typ))
	recorded := field(field(idLen)) + field(nameLen) +
		varintLen(uint64(rev)) + 2*varintLen(pos) +
		field(typeLen) + field(entryLen("content-type", len(content))) + field(entryLen("created", len(at))) +
		bytesLen(p.custom) + bytesLen(p.data)
	readEvent := field(recorded) + protowire.SizeTag(3) + protowire.SizeVarint(pos)

	v := make([]byte, eventHeaderLen, eventHeaderLen+field(readEvent))
	v = tagLen(v, 1, readEvent) // ReadResp.event
	v = tagLen(v, 1, recorded)  // ReadEvent.event
	v = tagLen(v, 1, field(idLen))
	v = tagLen(v, 1, idLen)
	v = appendStructured(v, p.id)
	v = tagLen(v, 2, nameLen)
	v = tagLen(v, 3, len(name))
	nameAt := len(v) - eventHeaderLen
	v = append(v, name...)
	v = appendVarint(v, 3, uint64(rev))
	v = appendVarint(v, 4, pos)
	v = appendVarint(v, 5, pos)
	v = tagLen(v, 6, typeLen)
	v = appendEntryKey(v, "type", len(p.typ))
	typeAt := len(v) - eventHeaderLen
	v = append(v, p.typ...)
	v = tagLen(v, 6, entryLen("content-type", len(content)))
	v = append(appendEntryKey(v, "content-type", len(content)), content...)
	v = tagLen(v, 6, entryLen("created", len(at)))
	v = append(appendEntryKey(v, "created", len(at)), at...)
	v = appendBytes(v, 7, p.custom)
	v = appendBytes(v, 8, p.data)
	v = protowire.AppendTag(v, 3, protowire.VarintType) // ReadEvent.commit_position
	v = protowire.AppendVarint(v, pos)

	v[0] = eventVersion
	v[5] = e.flags
	binary.BigEndian.PutUint64(v[6:], stream)
	binary.BigEndian.PutUint64(v[14:], uint64(rev))
	binary.BigEndian.PutUint64(v[22:], uint64(created))
	copy(v[30:], p.id[:])
	binary.BigEndian.PutUint32(v[46:], uint32(nameAt))
	binary.BigEndian.PutUint16(v[50:], uint16(len(name)))
	binary.BigEndian.PutUint32(v[52:], uint32(typeAt))
	binary.BigEndian.PutUint16(v[56:], uint16(len(p.typ)))
	binary.BigEndian.PutUint32(v[1:], eventSum(pos, v))

	e.wire = v[eventHeaderLen:]
	e.name = e.wire[nameAt : nameAt+len(name)]
	e.typ = e.wire[typeAt : typeAt+len(p.typ)]
	e.size = len(v)
	return v, e
}

// decodeEvent reads the value stored at pos. The event points into v. It checks
// the checksum and that every part lies within v, not what wire says.
func decodeEvent(pos uint64, v []byte) (event, error) {
	if len(v) < eventHeaderLen {
		return event{}, corrupt("event at %d is %d bytes long", pos, len(v))
	}
	if v[0] != eventVersion {
		return event{}, corrupt("event at %d has version %d, this program knows %d", pos, v[0], eventVersion)
	}
	if binary.BigEndian.Uint32(v[1:]) != eventSum(pos, v) {
		return event{}, corrupt("checksum of the event at %d does not match", pos)
	}
	e := event{
		pos:      pos,
		flags:    v[5],
		stream:   binary.BigEndian.Uint64(v[6:]),
		revision: int64(binary.BigEndian.Uint64(v[14:])),
		created:  int64(binary.BigEndian.Uint64(v[22:])),
		id:       uuid.UUID(v[30:46]),
		wire:     v[eventHeaderLen:],
		size:     len(v),
	}
	var ok1, ok2 bool
	e.name, ok1 = part(e.wire, binary.BigEndian.Uint32(v[46:]), binary.BigEndian.Uint16(v[50:]))
	e.typ, ok2 = part(e.wire, binary.BigEndian.Uint32(v[52:]), binary.BigEndian.Uint16(v[56:]))
	if !ok1 || !ok2 || e.revision < 0 || e.stream == 0 {
		return event{}, corrupt("header of the event at %d makes no sense", pos)
	}
	return e, nil
}

func part(wire []byte, at uint32, n uint16) ([]byte, bool) {
	end := uint64(at) + uint64(n)
	if end > uint64(len(wire)) {
		return nil, false
	}
	return wire[at:end], true
}

// eventSum is the checksum of a stored event. The position is part of it, so
// that a value under another key is noticed.
func eventSum(pos uint64, v []byte) uint32 {
	var key [8]byte
	binary.BigEndian.PutUint64(key[:], pos)
	return crc32.Update(crc32.Checksum(key[:], checksums), checksums, v[5:])
}

// The rest is protobuf by hand: it is twice as fast as the generated code, and
// only so the offsets of name and type are known.

// field is the length of a length-delimited field with a number below 16.
func field(n int) int { return 1 + protowire.SizeBytes(n) }

func tagLen(b []byte, num protowire.Number, n int) []byte {
	return protowire.AppendVarint(protowire.AppendTag(b, num, protowire.BytesType), uint64(n))
}

// varintLen and appendVarint leave out zero, as proto3 does.
func varintLen(v uint64) int {
	if v == 0 {
		return 0
	}
	return 1 + protowire.SizeVarint(v)
}

func appendVarint(b []byte, num protowire.Number, v uint64) []byte {
	if v == 0 {
		return b
	}
	return protowire.AppendVarint(protowire.AppendTag(b, num, protowire.VarintType), v)
}

// bytesLen and appendBytes leave out nothing, as proto3 does.
func bytesLen(v []byte) int {
	if len(v) == 0 {
		return 0
	}
	return field(len(v))
}

func appendBytes(b []byte, num protowire.Number, v []byte) []byte {
	if len(v) == 0 {
		return b
	}
	return append(tagLen(b, num, len(v)), v...)
}

func halves(id uuid.UUID) (most, least uint64) {
	return binary.BigEndian.Uint64(id[:8]), binary.BigEndian.Uint64(id[8:])
}

func putHalves(id *uuid.UUID, most, least uint64) {
	binary.BigEndian.PutUint64(id[:8], most)
	binary.BigEndian.PutUint64(id[8:], least)
}

func structuredLen(id uuid.UUID) int {
	most, least := halves(id)
	return varintLen(most) + varintLen(least)
}

func appendStructured(b []byte, id uuid.UUID) []byte {
	most, least := halves(id)
	return appendVarint(appendVarint(b, 1, most), 2, least)
}

// entryLen is the length of a map entry with a value of n bytes.
func entryLen(key string, n int) int { return field(len(key)) + field(n) }

func appendEntryKey(b []byte, key string, n int) []byte {
	b = append(tagLen(b, 1, len(key)), key...)
	return tagLen(b, 2, n)
}
