package eventnode

import (
	"unicode/utf8"

	pb "github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"github.com/google/uuid"
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
)

// appendMessage is one message of an append. Events are most of what a node
// decodes, so the usual shape of one is decoded by hand, at a third of the cost;
// everything else by the generated code.
type appendMessage struct {
	isEvent bool
	event   proposedMessage
	options *pb.AppendReq_Options // nil if it has none
}

// proposedMessage is an event as it was sent, not yet found to be right. Data
// and custom metadata point into the message.
type proposedMessage struct {
	id                  uuid.UUID
	idErr               error
	typ, content        string
	hasType, hasContent bool
	data, custom        []byte
}

// unmarshal decodes what a client sent.
func (m *appendMessage) unmarshal(data mem.BufferSlice) error {
	b := data.Materialize()
	*m = appendMessage{}
	if m.event.decode(b) {
		m.isEvent = true
		return nil
	}
	q := &pb.AppendReq{}
	if err := proto.Unmarshal(b, q); err != nil {
		return err
	}
	m.options = q.GetOptions()
	if p := q.GetProposedMessage(); p != nil {
		m.isEvent = true
		m.event = proposedMessage{data: p.GetData(), custom: p.GetCustomMetadata()}
		m.event.id, m.event.idErr = eventID(p.GetId())
		m.event.typ, m.event.hasType = p.GetMetadata()["type"]
		m.event.content, m.event.hasContent = p.GetMetadata()["content-type"]
	}
	return nil
}

// decode decodes b if it is an AppendReq with a proposed message, a structured
// id in it, and nothing that is not known. Otherwise p is of no use.
func (p *proposedMessage) decode(b []byte) bool {
	*p = proposedMessage{}
	num, b, rest, ok := nextBytes(b)
	if !ok || num != 2 || len(rest) > 0 {
		return false
	}
	hasID := false
	for len(b) > 0 {
		var v []byte
		if num, v, b, ok = nextBytes(b); !ok {
			return false
		}
		switch num {
		case 1:
			if hasID || !p.decodeID(v) {
				return false
			}
			hasID = true
		case 2:
			if !p.decodeMetadata(v) {
				return false
			}
		case 3:
			p.custom = v
		case 4:
			p.data = v
		default:
			return false
		}
	}
	return hasID
}

func (p *proposedMessage) decodeID(b []byte) bool {
	num, b, rest, ok := nextBytes(b)
	if !ok || num != 1 || len(rest) > 0 {
		return false
	}
	var halves [2]uint64
	for len(b) > 0 {
		num, typ, n := protowire.ConsumeTag(b)
		if n < 0 || typ != protowire.VarintType || num > 2 {
			return false
		}
		v, k := protowire.ConsumeVarint(b[n:])
		if k < 0 {
			return false
		}
		halves[num-1] = v
		b = b[n+k:]
	}
	putHalves(&p.id, halves[0], halves[1])
	if p.id == uuid.Nil {
		p.idErr = invalid("event has an empty id")
	}
	return true
}

// decodeMetadata takes one entry of the metadata.
func (p *proposedMessage) decodeMetadata(b []byte) bool {
	num, key, rest, ok := nextBytes(b)
	if !ok || num != 1 {
		return false
	}
	num, value, rest, ok := nextBytes(rest)
	if !ok || num != 2 || len(rest) > 0 || !utf8.Valid(key) || !utf8.Valid(value) {
		return false
	}
	switch string(key) {
	case "type":
		p.typ, p.hasType = string(value), true
	case "content-type":
		p.content, p.hasContent = known(value), true
	}
	return true
}

// known is string(b), without a copy of what is always the same.
func known(b []byte) string {
	switch string(b) {
	case contentJSON:
		return contentJSON
	case contentBytes:
		return contentBytes
	}
	return string(b)
}

// nextBytes returns the first field of b, if it is a length-delimited one.
func nextBytes(b []byte) (num protowire.Number, v, rest []byte, ok bool) {
	num, typ, n := protowire.ConsumeTag(b)
	if n < 0 || typ != protowire.BytesType {
		return 0, nil, nil, false
	}
	v, k := protowire.ConsumeBytes(b[n:])
	if k < 0 {
		return 0, nil, nil, false
	}
	return num, v, b[n+k:], true
}
