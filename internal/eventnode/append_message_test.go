package eventnode

import (
	"bytes"
	"testing"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	pb "github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"github.com/google/uuid"
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/proto"
)

// FuzzAppendMessages compares the decoding by hand with the generated code:
// whatever it accepts, it understands the same way.
func FuzzAppendMessages(f *testing.F) {
	id := uuid.MustParse("5f0c7a52-9d10-4d6e-8f3a-0123456789ab")
	most, least := halves(id)
	structured := &shared.UUID{Value: &shared.UUID_Structured_{Structured: &shared.UUID_Structured{
		MostSignificantBits: int64(most), LeastSignificantBits: int64(least),
	}}}
	for _, p := range []*pb.AppendReq_ProposedMessage{
		{Id: structured, Metadata: map[string]string{"type": "t", "content-type": contentJSON}, Data: []byte("{}"), CustomMetadata: []byte("m")},
		{Id: structured, Metadata: map[string]string{"type": "t", "content-type": contentBytes, "more": "x"}},
		{Id: &shared.UUID{Value: &shared.UUID_String_{String_: id.String()}}, Metadata: map[string]string{"type": ""}},
		{Id: &shared.UUID{Value: &shared.UUID_Structured_{Structured: &shared.UUID_Structured{}}}},
		{},
	} {
		b, err := proto.Marshal(&pb.AppendReq{Content: &pb.AppendReq_ProposedMessage_{ProposedMessage: p}})
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
		f.Add(append(b, b...))
	}
	f.Add([]byte("\x12\x02\x0a\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		var m appendMessage
		err := m.unmarshal(mem.BufferSlice{mem.SliceBuffer(b)})
		var q pb.AppendReq
		want := proto.Unmarshal(b, &q)
		if (err == nil) != (want == nil) {
			t.Fatalf("by hand: %v, generated: %v", err, want)
		}
		if err != nil {
			return
		}
		p := q.GetProposedMessage()
		if m.isEvent != (p != nil) || (m.options != nil) != (q.GetOptions() != nil) {
			t.Fatalf("by hand an event: %v, generated: %v", m.isEvent, p)
		}
		if p == nil {
			return
		}
		wantID, wantErr := eventID(p.GetId())
		typ, hasType := p.GetMetadata()["type"]
		content, hasContent := p.GetMetadata()["content-type"]
		e := &m.event
		if e.id != wantID || (e.idErr == nil) != (wantErr == nil) || e.typ != typ || e.hasType != hasType ||
			e.content != content || e.hasContent != hasContent ||
			!bytes.Equal(e.data, p.GetData()) || !bytes.Equal(e.custom, p.GetCustomMetadata()) {
			t.Errorf("by hand %+v, generated %v", e, p)
		}
	})
}
