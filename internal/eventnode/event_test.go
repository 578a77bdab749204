package eventnode

import (
	"bytes"
	"encoding/hex"
	"errors"
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	pb "github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"github.com/google/uuid"
	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"
)

// asMessage is what readers are to receive of an event.
func asMessage(pos uint64, name string, rev, created int64, p *proposed) *pb.ReadResp {
	content := contentBytes
	if p.json {
		content = contentJSON
	}
	most, least := halves(p.id)
	return &pb.ReadResp{Content: &pb.ReadResp_Event{Event: &pb.ReadResp_ReadEvent{
		Event: &pb.ReadResp_ReadEvent_RecordedEvent{
			Id: &shared.UUID{Value: &shared.UUID_Structured_{Structured: &shared.UUID_Structured{
				MostSignificantBits: int64(most), LeastSignificantBits: int64(least),
			}}},
			StreamIdentifier: &shared.StreamIdentifier{StreamName: []byte(name)},
			StreamRevision:   uint64(rev),
			PreparePosition:  pos,
			CommitPosition:   pos,
			Metadata:         map[string]string{"type": p.typ, "content-type": content, "created": strconv.FormatInt(created, 10)},
			CustomMetadata:   p.custom,
			Data:             p.data,
		},
		Position: &pb.ReadResp_ReadEvent_CommitPosition{CommitPosition: pos},
	}}}
}

func TestStoredEventsAreTheMessagesTheyStandFor(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := proposed{
			typ:    rapid.StringN(1, 300, 1000).Draw(t, "type"),
			json:   rapid.Bool().Draw(t, "json"),
			data:   rapid.SliceOfN(rapid.Byte(), 0, 400).Draw(t, "data"),
			custom: rapid.SliceOfN(rapid.Byte(), 0, 200).Draw(t, "custom"),
		}
		copy(p.id[:], rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "id"))
		name := rapid.StringN(1, 300, maxName).Draw(t, "name")
		pos := rapid.Uint64Min(1).Draw(t, "pos")
		rev := rapid.Int64Min(0).Draw(t, "rev")
		created := rapid.Int64().Draw(t, "created")
		value, e := encodeEvent(pos, name, 7, rev, created, &p)
		if cap(value) != len(value) {
			t.Errorf("%d bytes were reserved, %d needed", cap(value), len(value))
		}
		var got pb.ReadResp
		if err := proto.Unmarshal(e.wire, &got); err != nil {
			t.Fatalf("does not decode: %v", err)
		}
		if want := asMessage(pos, name, rev, created, &p); !proto.Equal(&got, want) {
			t.Fatalf("got  %v\nwant %v", &got, want)
		}
		back, err := decodeEvent(pos, value)
		if err != nil {
			t.Fatal(err)
		}
		if !sameEvent(&back, &e) || string(e.name) != name || string(e.typ) != p.typ || e.size != len(value) || e.id != p.id ||
			e.revision != rev || e.created != created || e.pos != pos || e.stream != 7 {
			t.Fatalf("got %+v, want %+v", back, e)
		}
		if err := checkWire(&back); err != nil {
			t.Error(err)
		}
	})
}

func sameEvent(a, b *event) bool {
	return a.pos == b.pos && a.stream == b.stream && a.revision == b.revision && a.created == b.created && a.id == b.id &&
		a.flags == b.flags && a.size == b.size && bytes.Equal(a.name, b.name) && bytes.Equal(a.typ, b.typ) && bytes.Equal(a.wire, b.wire)
}

// TestEveryBitOfAStoredEventCounts is why damage cannot be taken for content.
func TestEveryBitOfAStoredEventCounts(t *testing.T) {
	value, _ := encodeEvent(1000, "stream", 3, 4, 5, &proposed{id: uuid.New(), typ: "t", data: []byte("data")})
	if _, err := decodeEvent(1001, value); !errors.Is(err, ErrCorrupt) {
		t.Errorf("at another position: %v", err)
	}
	for i := range value {
		for bit := range 8 {
			v := bytes.Clone(value)
			v[i] ^= 1 << bit
			if _, err := decodeEvent(1000, v); !errors.Is(err, ErrCorrupt) {
				t.Errorf("bit %d of byte %d: %v", bit, i, err)
			}
		}
	}
	for n := range value {
		if _, err := decodeEvent(1000, value[:n]); !errors.Is(err, ErrCorrupt) {
			t.Errorf("first %d bytes: %v", n, err)
		}
	}
}

// FuzzDecodeEvent gives the decoder any bytes, also with a checksum that is
// right: it must not panic, and what it accepts lies within the value.
func FuzzDecodeEvent(f *testing.F) {
	for _, p := range []proposed{
		{id: uuid.UUID{1}, typ: "t", json: true, data: []byte(`{"a":1}`), custom: []byte(`{}`)},
		{id: uuid.UUID{2}, typ: typeLink, data: []byte("0@s")},
	} {
		value, _ := encodeEvent(99, "stream", 1, 0, 17_000_000_000_000_000, &p)
		f.Add(uint64(99), value, true)
		f.Add(uint64(98), value, false)
		f.Add(uint64(99), value[:eventHeaderLen], true)
	}
	f.Add(uint64(0), []byte{}, false)
	f.Fuzz(func(t *testing.T, pos uint64, value []byte, sound bool) {
		if sound && len(value) >= eventHeaderLen {
			value = bytes.Clone(value)
			value[0] = eventVersion
			putSum(value, eventSum(pos, value))
		}
		e, err := decodeEvent(pos, value)
		if err != nil {
			if !errors.Is(err, ErrCorrupt) {
				t.Fatalf("%v is not ErrCorrupt", err)
			}
			return
		}
		if e.size != len(value) || len(e.wire)+eventHeaderLen != len(value) || len(e.name) > len(e.wire) || len(e.typ) > len(e.wire) ||
			e.revision < 0 || e.stream == 0 {
			t.Fatalf("accepted %+v", e)
		}
		if checkWire(&e) == nil {
			// Readers can be sent it as it is, or with the id spelled out.
			resp, err := unpack(&e)
			if err != nil {
				t.Fatal(err)
			}
			spellID(resp.GetEvent().GetEvent(), &e)
		}
	})
}

func putSum(v []byte, sum uint32) {
	v[1], v[2], v[3], v[4] = byte(sum>>24), byte(sum>>16), byte(sum>>8), byte(sum)
}

// TestStoredFormat pins the bytes. When it fails, the format has changed, and
// formatNumber has to.
func TestStoredFormat(t *testing.T) {
	id := uuid.MustParse("01234567-89ab-cdef-fedc-ba9876543210")
	value, _ := encodeEvent(64, "s", 1, 2, 3, &proposed{id: id, typ: "t", json: true, data: []byte("{}"), custom: []byte("[]")})
	key := indexKey(1, 2)
	name := streamKey("s")
	for what, tt := range map[string]struct {
		got  []byte
		want string // hexadecimal
	}{
		"event's key": {eventKey(64), "65 0000000000000040"},
		"event": {value, "01 cd57b5eb 00 0000000000000001 0000000000000002 0000000000000003 0123456789abcdeffedcba9876543210 00000021 0001 00000032 0001 " +
			"0a6b 0a67 0a170a1508ef9bafcdf8acd191011090e4d0b287d3aeeefe01 12031a0173 1802 2040 2840 " +
			"32090a0474797065120174 32200a0c636f6e74656e742d7479706512106170706c69636174696f6e2f6a736f6e 320c0a0763726561746564120133 " +
			"3a025b5d 42027b7d 1840"},
		"index's key":     {key, "73 0000000000000001 0000000000000002"},
		"index entry":     {appendIndexEntry(nil, key, indexEntry{pos: 64, id: id}), "0000000000000040 0123456789abcdeffedcba9876543210 692a9562"},
		"stream's key":    {name, "6e 73"},
		"stream's record": {appendStreamRecord(nil, name, streamRecord{id: 1, last: 2}), "0000000000000001 0000000000000002 d722c723"},
	} {
		if got, want := hex.EncodeToString(tt.got), strings.ReplaceAll(tt.want, " ", ""); got != want {
			t.Errorf("%s:\ngot  %s\nwant %s", what, got, want)
		}
	}
}

func TestMetadataAreRead(t *testing.T) {
	for text, want := range map[string]streamMeta{
		`{"$maxCount":5,"$maxAge":2,"$tb":7}`:  {maxCount: 5, maxAge: 2 * ticksPerSecond, truncateBefore: 7},
		`{"$tb":9223372036854775807}`:          {truncateBefore: math.MaxInt64},
		`{"$maxAge":9223372036854775807}`:      {maxAge: math.MaxInt64 / ticksPerSecond * ticksPerSecond},
		`{"$maxCount":99999999999999999999}`:   {},
		`{"$maxCount":1.5,"$tb":-3,"other":1}`: {},
		`[]`:                                   {},
		`null`:                                 {},
		``:                                     {},
	} {
		if got := parseMetadata(true, []byte(text)); got != want {
			t.Errorf("%s: got %+v, want %+v", text, got, want)
		}
	}
	if got := parseMetadata(false, []byte(`{"$maxCount":5}`)); got != (streamMeta{}) {
		t.Errorf("bytes that look like JSON: %+v", got)
	}
}
