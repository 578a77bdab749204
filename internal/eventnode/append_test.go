package eventnode

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	pb "github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"github.com/google/uuid"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// rawAppend is an append as it goes over the wire; what the client hides shows here.
type rawAppend struct {
	stream   string
	expected any // uint64, or one of the words below
	events   []*pb.AppendReq_ProposedMessage
}

const (
	anyRevision = "any"
	noStream    = "no_stream"
	exists      = "stream_exists"
)

// rawEvents returns one event for each character of ids: the same character is
// the same event id.
func rawEvents(ids string) []*pb.AppendReq_ProposedMessage {
	var out []*pb.AppendReq_ProposedMessage
	for _, r := range ids {
		out = append(out, rawEvent(uuid.NewSHA1(uuid.NameSpaceOID, []byte(string(r)))))
	}
	return out
}

func rawEvent(id uuid.UUID) *pb.AppendReq_ProposedMessage {
	return &pb.AppendReq_ProposedMessage{
		Id:       &shared.UUID{Value: &shared.UUID_String_{String_: id.String()}},
		Metadata: map[string]string{"type": "t", "content-type": "application/json"},
		Data:     []byte(`{}`),
	}
}

func (a rawAppend) send(t *testing.T, client pb.StreamsClient) (*pb.AppendResp, metadata.MD, error) {
	t.Helper()
	var trailer metadata.MD
	call, err := client.Append(testContext(t), grpc.Trailer(&trailer))
	if err != nil {
		t.Fatal(err)
	}
	o := &pb.AppendReq_Options{StreamIdentifier: &shared.StreamIdentifier{StreamName: []byte(a.stream)}}
	switch v := a.expected.(type) {
	case int:
		o.ExpectedStreamRevision = &pb.AppendReq_Options_Revision{Revision: uint64(v)}
	case uint64:
		o.ExpectedStreamRevision = &pb.AppendReq_Options_Revision{Revision: v}
	case string:
		switch v {
		case anyRevision:
			o.ExpectedStreamRevision = &pb.AppendReq_Options_Any{Any: &shared.Empty{}}
		case noStream:
			o.ExpectedStreamRevision = &pb.AppendReq_Options_NoStream{NoStream: &shared.Empty{}}
		case exists:
			o.ExpectedStreamRevision = &pb.AppendReq_Options_StreamExists{StreamExists: &shared.Empty{}}
		}
	}
	if err := call.Send(&pb.AppendReq{Content: &pb.AppendReq_Options_{Options: o}}); err != nil {
		t.Fatalf("send options: %v", err)
	}
	for _, e := range a.events {
		if err := call.Send(&pb.AppendReq{Content: &pb.AppendReq_ProposedMessage_{ProposedMessage: e}}); err != nil {
			t.Fatalf("send event: %v", err)
		}
	}
	resp, err := call.CloseAndRecv()
	return resp, trailer, err
}

// outcomeOf says in one word and number how an append ended.
func outcomeOf(resp *pb.AppendResp, trailer metadata.MD, err error) string {
	switch {
	case err != nil && len(trailer.Get("exception")) > 0:
		return trailer.Get("exception")[0]
	case err != nil:
		return status.Code(err).String()
	case resp.GetWrongExpectedVersion() != nil:
		w := resp.GetWrongExpectedVersion()
		if w.GetCurrentNoStream() != nil {
			return "wrong: at none"
		}
		return "wrong: at " + esdbRevision(w.GetCurrentRevision())
	case resp.GetSuccess().GetNoStream() != nil:
		return "ok: none"
	}
	return "ok: " + esdbRevision(resp.GetSuccess().GetCurrentRevision())
}

func esdbRevision(v uint64) string { return string(rune('0' + v)) }

// TestExpectedRevisions holds the server's rules for expected revisions and for
// what counts as the same append again. Each step is sent to the same stream.
func TestExpectedRevisions(t *testing.T) {
	type step struct {
		expected any
		ids      string // of the events
		do       string // instead of appending: delete, tombstone, metadata, reopen
		want     string
	}
	for _, tt := range []struct {
		name  string
		steps []step
	}{
		{"a new stream", []step{
			{expected: noStream, ids: "ab", want: "ok: 1"},
			{expected: 1, ids: "c", want: "ok: 2"},
			{expected: anyRevision, ids: "d", want: "ok: 3"},
			{expected: exists, ids: "e", want: "ok: 4"},
		}},
		{"a revision the stream is not at", []step{
			{expected: 0, ids: "a", want: "wrong: at none"},
			{expected: noStream, ids: "ab", want: "ok: 1"},
			{expected: 5, ids: "c", want: "wrong: at 1"},
			{expected: 0, ids: "c", want: "wrong: at 1"},
			{expected: noStream, ids: "c", want: "wrong: at 1"},
		}},
		{"stream_exists of a stream that was never written", []step{
			{expected: exists, ids: "a", want: "wrong: at none"},
		}},
		{"stream_exists of a stream that only has metadata", []step{
			{do: "metadata"},
			{expected: exists, ids: "a", want: "ok: 0"},
		}},
		{"the same append again, exactly", []step{
			{expected: noStream, ids: "ab", want: "ok: 1"},
			{expected: 1, ids: "cd", want: "ok: 3"},
			{expected: noStream, ids: "ab", want: "ok: 1"},
			{expected: 1, ids: "cd", want: "ok: 3"},
			{expected: 0, ids: "bcd", want: "ok: 3"},
			{expected: noStream, ids: "a", want: "ok: 0"},
			{do: "reopen"},
			{expected: 1, ids: "cd", want: "ok: 3"},
			{expected: noStream, ids: "abcd", want: "ok: 3"},
		}},
		{"not quite the same append again", []step{
			{expected: noStream, ids: "abc", want: "ok: 2"},
			{expected: noStream, ids: "ax", want: "wrong: at 2"},
			{expected: noStream, ids: "xb", want: "wrong: at 2"},
			{expected: noStream, ids: "abcd", want: "wrong: at 2"},
			{expected: 0, ids: "ac", want: "wrong: at 2"},
		}},
		{"the same append again, expecting any revision", []step{
			{expected: anyRevision, ids: "abc", want: "ok: 2"},
			{expected: anyRevision, ids: "abc", want: "ok: 2"},
			{expected: anyRevision, ids: "b", want: "ok: 1"},
			{expected: exists, ids: "bc", want: "ok: 2"},
			{expected: anyRevision, ids: "cx", want: "wrong: at 2"},
			{expected: anyRevision, ids: "xc", want: "ok: 4"},
		}},
		{"ids expecting any revision are forgotten on restart", []step{
			{expected: anyRevision, ids: "a", want: "ok: 0"},
			{do: "reopen"},
			{expected: anyRevision, ids: "a", want: "ok: 1"},
		}},
		{"no events", []step{
			{expected: noStream, want: "ok: none"},
			{expected: anyRevision, want: "ok: none"},
			{expected: 0, want: "wrong: at none"},
			{expected: noStream, ids: "ab", want: "ok: 1"},
			{expected: 1, want: "ok: 1"},
			{expected: anyRevision, want: "ok: 1"},
			{expected: 0, want: "wrong: at 1"},
			{expected: noStream, want: "wrong: at 1"},
		}},
		{"a deleted stream", []step{
			{expected: noStream, ids: "ab", want: "ok: 1"},
			{do: "delete"},
			{expected: exists, ids: "c", want: "stream-deleted"},
			{expected: 0, ids: "c", want: "wrong: at 1"},
			{expected: noStream, ids: "ab", want: "ok: 1"}, // again, not anew
			{expected: noStream, ids: "cd", want: "ok: 3"}, // its numbers go on
			{expected: exists, ids: "e", want: "ok: 4"},
			{do: "delete"},
			{expected: anyRevision, ids: "f", want: "ok: 5"},
			{do: "delete"},
			{expected: 5, ids: "g", want: "ok: 6"},
		}},
		{"a tombstoned stream", []step{
			{expected: noStream, ids: "a", want: "ok: 0"},
			{do: "tombstone"},
			{expected: anyRevision, ids: "b", want: "stream-deleted"},
			{expected: 0, ids: "b", want: "stream-deleted"},
			{expected: noStream, ids: "a", want: "stream-deleted"},
			{do: "reopen"},
			{expected: exists, ids: "b", want: "stream-deleted"},
		}},
		{"a revision that is none", []step{
			{expected: uint64(math.MaxUint64), ids: "a", want: "InvalidArgument"},
			{expected: nil, ids: "a", want: "InvalidArgument"},
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := start(t, Options{})
			c := s.client(t)
			client, _ := s.raw(t)
			for i, step := range tt.steps {
				var err error
				switch step.do {
				case "delete":
					_, err = c.DeleteStream(testContext(t), "s", esdb.DeleteStreamOptions{ExpectedRevision: esdb.Any{}})
				case "tombstone":
					_, err = c.TombstoneStream(testContext(t), "s", esdb.TombstoneStreamOptions{ExpectedRevision: esdb.Any{}})
				case "metadata":
					var m esdb.StreamMetadata
					m.SetMaxCount(10)
					_, err = c.SetStreamMetadata(testContext(t), "s", esdb.AppendToStreamOptions{ExpectedRevision: esdb.Any{}}, m)
				case "reopen":
					s = s.reopen(t)
					c = s.client(t)
					client, _ = s.raw(t)
				default:
					got := outcomeOf(rawAppend{"s", step.expected, rawEvents(step.ids)}.send(t, client))
					if got != step.want {
						t.Errorf("step %d, expecting %v, events %q: got %s, want %s", i, step.expected, step.ids, got, step.want)
					}
				}
				if err != nil {
					t.Fatalf("step %d, %s: %v", i, step.do, err)
				}
			}
		})
	}
}

func TestARepeatedAppendIsAnsweredWithThePositionItHad(t *testing.T) {
	s := start(t, Options{})
	client, _ := s.raw(t)
	for _, expected := range []any{noStream, anyRevision} {
		a := rawAppend{"s-" + expected.(string), expected, rawEvents("abc")}
		first, _, err := a.send(t, client)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := (rawAppend{"other", anyRevision, []*pb.AppendReq_ProposedMessage{rawEvent(uuid.New())}}).send(t, client); err != nil {
			t.Fatal(err)
		}
		again, _, err := a.send(t, client)
		if err != nil {
			t.Fatal(err)
		}
		got, want := again.GetSuccess().GetPosition(), first.GetSuccess().GetPosition()
		if got.GetCommitPosition() != want.GetCommitPosition() || got.GetCommitPosition() == 0 || got.GetCommitPosition() != got.GetPreparePosition() {
			t.Errorf("expecting %v: position %v, then %v", expected, want, got)
		}
	}
	if got := s.Stats().Events; got != 8 {
		t.Errorf("%d events were written, want 8", got)
	}
}

func TestTheSameIDInAnotherStreamIsAnotherEvent(t *testing.T) {
	s := start(t, Options{})
	client, _ := s.raw(t)
	for _, name := range []string{"a", "b"} {
		if got := outcomeOf(rawAppend{name, anyRevision, rawEvents("x")}.send(t, client)); got != "ok: 0" {
			t.Errorf("stream %s: %s", name, got)
		}
	}
	if got := len(readAll(t, s.client(t), esdb.ReadAllOptions{From: esdb.Start{}})); got != 2 {
		t.Errorf("%d events, want 2", got)
	}
}

func TestWrongExpectedVersionIsSaidInOldAndNewFields(t *testing.T) {
	s := start(t, Options{})
	client, _ := s.raw(t)
	if _, _, err := (rawAppend{"s", noStream, rawEvents("ab")}).send(t, client); err != nil {
		t.Fatal(err)
	}
	resp, _, err := rawAppend{"s", noStream, rawEvents("xy")}.send(t, client)
	if err != nil {
		t.Fatal(err)
	}
	w := resp.GetWrongExpectedVersion()
	if w.GetCurrentRevision() != 1 || w.GetCurrentRevision_20_6_0() != 1 {
		t.Errorf("current: %v", w)
	}
	if w.GetExpectedNoStream() == nil || w.GetExpectedRevision_20_6_0() != math.MaxUint64 {
		t.Errorf("expected: %v", w)
	}
	resp, _, err = rawAppend{"s", 7, rawEvents("x")}.send(t, client)
	if err != nil {
		t.Fatal(err)
	}
	if w := resp.GetWrongExpectedVersion(); w.GetExpectedRevision() != 7 || w.GetExpectedRevision_20_6_0() != 7 {
		t.Errorf("expected: %v", w)
	}
}

func TestAnAppendOverTheLimitIsRefusedWhole(t *testing.T) {
	s := start(t, Options{})
	client, _ := s.raw(t)
	events := make([]*pb.AppendReq_ProposedMessage, 500)
	for i := range events {
		events[i] = rawEvent(uuid.New())
		events[i].Data = bytes.Repeat([]byte("x"), 3000)
	}
	for range 5 { // an answer given early shows only sometimes
		_, trailer, err := rawAppend{"s", noStream, events}.send(t, client)
		if status.Code(err) != codes.InvalidArgument {
			t.Fatalf("got %v, want InvalidArgument", err)
		}
		if got := trailer.Get("exception"); len(got) != 1 || got[0] != "maximum-append-size-exceeded" {
			t.Errorf("exception trailer: %v", got)
		}
		if got := trailer.Get("maximum-append-size"); len(got) != 1 || got[0] != "1048576" {
			t.Errorf("maximum-append-size trailer: %v", got)
		}
	}
	// Through the official client, which reports a broken stream as io.EOF.
	_, err := s.client(t).AppendToStream(testContext(t), "s", esdb.AppendToStreamOptions{ExpectedRevision: esdb.NoStream{}}, big(500, 3000)...)
	if err == nil || errors.Is(err, io.EOF) || !strings.Contains(err.Error(), "Maximum Append Size of 1048576 Exceeded") {
		t.Errorf("client got %v", err)
	}
	if got := s.Stats().Events; got != 0 {
		t.Errorf("%d events were written", got)
	}
}

// TestAnAppendIsBoundedByWhatItStores sends many small events to a stream with a
// long name, which is stored with each of them.
func TestAnAppendIsBoundedByWhatItStores(t *testing.T) {
	s := start(t, Options{})
	client, _ := s.raw(t)
	name := strings.Repeat("n", maxName)
	events := make([]*pb.AppendReq_ProposedMessage, maxAppendStored/maxName)
	for i := range events {
		events[i] = rawEvent(uuid.New())
		events[i].Metadata["type"] = "t"
	}
	_, trailer, err := rawAppend{name, noStream, events}.send(t, client)
	if got := outcomeOf(nil, trailer, err); got != "maximum-append-size-exceeded" {
		t.Errorf("got %s (%v)", got, err)
	}
	if got := s.Stats().Bytes; got != 0 {
		t.Errorf("%d bytes were stored", got)
	}
	// Half of it is within both limits, and stores no more than is counted.
	if _, _, err := (rawAppend{name, noStream, events[:len(events)/2]}).send(t, client); err != nil {
		t.Error(err)
	}
	if got := s.Stats().Bytes; got == 0 || got > uint64(len(events)/2*(storedOverhead+maxName+1)) {
		t.Errorf("%d bytes were stored", got)
	}
}

func big(n, size int) []esdb.EventData {
	events := some("big", n)
	for i := range events {
		events[i].Data = bytes.Repeat([]byte("x"), size)
		events[i].ContentType = esdb.ContentTypeBinary
	}
	return events
}

func TestTheLimitCountsAsTheServerDoes(t *testing.T) {
	const limit = 1000
	s := start(t, Options{MaxAppendBytes: limit})
	client, _ := s.raw(t)
	// "a😀" is three UTF-16 units, five bytes: 6 count.
	for _, tt := range []struct {
		data, custom int
		want         codes.Code
	}{
		{limit - 6, 0, codes.OK},
		{limit - 5, 0, codes.InvalidArgument},
		{limit - 106, 100, codes.OK},
		{limit - 106, 101, codes.InvalidArgument},
	} {
		e := rawEvent(uuid.New())
		e.Metadata["type"], e.Data, e.CustomMetadata = "a😀", make([]byte, tt.data), make([]byte, tt.custom)
		_, _, err := rawAppend{"s", anyRevision, []*pb.AppendReq_ProposedMessage{e}}.send(t, client)
		if status.Code(err) != tt.want {
			t.Errorf("data %d, custom metadata %d: got %v, want %v", tt.data, tt.custom, err, tt.want)
		}
	}
}

func TestWhatIsNoAppendIsRefused(t *testing.T) {
	s := start(t, Options{})
	client, _ := s.raw(t)
	change := func(f func(e *pb.AppendReq_ProposedMessage)) []*pb.AppendReq_ProposedMessage {
		events := rawEvents("abc")
		f(events[1])
		return events
	}
	for _, tt := range []struct {
		name   string
		append rawAppend
		want   string
	}{
		{"no type", rawAppend{"s", anyRevision, change(func(e *pb.AppendReq_ProposedMessage) { delete(e.Metadata, "type") })}, "missing-required-metadata-property"},
		{"no content type", rawAppend{"s", anyRevision, change(func(e *pb.AppendReq_ProposedMessage) { delete(e.Metadata, "content-type") })}, "missing-required-metadata-property"},
		{"empty type", rawAppend{"s", anyRevision, change(func(e *pb.AppendReq_ProposedMessage) { e.Metadata["type"] = "" })}, "InvalidArgument"},
		{"long type", rawAppend{"s", anyRevision, change(func(e *pb.AppendReq_ProposedMessage) { e.Metadata["type"] = strings.Repeat("x", 1<<16) })}, "InvalidArgument"},
		{"no id", rawAppend{"s", anyRevision, change(func(e *pb.AppendReq_ProposedMessage) { e.Id = nil })}, "InvalidArgument"},
		{"empty id", rawAppend{"s", anyRevision, change(func(e *pb.AppendReq_ProposedMessage) { e.Id = rawEvent(uuid.Nil).Id })}, "InvalidArgument"},
		{"no stream", rawAppend{"", anyRevision, rawEvents("a")}, "InvalidArgument"},
		{"metadata of no stream", rawAppend{"$$", anyRevision, rawEvents("a")}, "InvalidArgument"},
		{"a long name", rawAppend{strings.Repeat("n", 4097), anyRevision, rawEvents("a")}, "InvalidArgument"},
		{"$all", rawAppend{"$all", anyRevision, rawEvents("a")}, "access-denied"},
	} {
		if got := outcomeOf(tt.append.send(t, client)); got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.name, got, tt.want)
		}
	}
	call, err := client.Append(testContext(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := call.Send(&pb.AppendReq{Content: &pb.AppendReq_ProposedMessage_{ProposedMessage: rawEvents("a")[0]}}); err != nil {
		t.Fatal(err)
	}
	if _, err := call.CloseAndRecv(); status.Code(err) != codes.InvalidArgument {
		t.Errorf("append without options: %v", err)
	}
	if got := s.Stats().Events; got != 0 {
		t.Errorf("%d events were written", got)
	}
}

func TestEventsComeBackAsTheyWereSent(t *testing.T) {
	s := start(t, Options{})
	c := s.client(t)
	sent := []esdb.EventData{
		{EventID: uuid.New(), EventType: "json", ContentType: esdb.ContentTypeJson, Data: []byte(`{"ä":1}`), Metadata: []byte(`{"m":2}`)},
		{EventID: uuid.New(), EventType: "bytes", ContentType: esdb.ContentTypeBinary, Data: []byte{0, 255, 1}},
		{EventID: uuid.New(), EventType: "émpty", ContentType: esdb.ContentTypeJson},
	}
	before := ticks(time.Now())
	w := mustAppend(t, c, "größe/x", esdb.NoStream{}, sent...)
	r, err := c.ReadStream(testContext(t), "größe/x", esdb.ReadStreamOptions{From: esdb.Start{}}, 10)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for i, want := range sent {
		resolved, err := r.Recv()
		if err != nil {
			t.Fatal(err)
		}
		got := resolved.OriginalEvent()
		wantType := "application/octet-stream"
		if want.ContentType == esdb.ContentTypeJson {
			wantType = "application/json"
		}
		if got.EventID != want.EventID || got.EventType != want.EventType || got.ContentType != wantType ||
			!bytes.Equal(got.Data, want.Data) || !bytes.Equal(got.UserMetadata, want.Metadata) ||
			got.StreamID != "größe/x" || got.EventNumber != uint64(i) {
			t.Errorf("event %d: got %+v, want %+v", i, got, want)
		}
		if at := ticks(got.CreatedDate); at < before || at > ticks(time.Now()) {
			t.Errorf("event %d was created at %v", i, got.CreatedDate)
		}
		if got.Position.Commit != got.Position.Prepare || (i == len(sent)-1) != (got.Position.Commit == w.CommitPosition) {
			t.Errorf("event %d is at %v, the append ended at %d", i, got.Position, w.CommitPosition)
		}
		if p := resolved.Commit; p == nil || *p != got.Position.Commit {
			t.Errorf("event %d: commit position %v", i, p)
		}
	}
}

func TestACallThatIsGivenUpLeavesNothingBehind(t *testing.T) {
	s := start(t, Options{})
	client, _ := s.raw(t)
	ctx, cancel := context.WithCancel(testContext(t))
	call, err := client.Append(ctx)
	if err != nil {
		t.Fatal(err)
	}
	o := &pb.AppendReq_Options{
		StreamIdentifier:       &shared.StreamIdentifier{StreamName: []byte("s")},
		ExpectedStreamRevision: &pb.AppendReq_Options_Any{Any: &shared.Empty{}},
	}
	for _, m := range []*pb.AppendReq{
		{Content: &pb.AppendReq_Options_{Options: o}},
		{Content: &pb.AppendReq_ProposedMessage_{ProposedMessage: rawEvents("a")[0]}},
	} {
		if err := call.Send(m); err != nil {
			t.Fatal(err)
		}
	}
	cancel()
	if err := call.RecvMsg(&pb.AppendResp{}); status.Code(err) != codes.Canceled {
		t.Errorf("got %v, want Canceled", err)
	}
	s.stop(t)
	if got := mustCheck(t, s.o).Events; got != 0 {
		t.Errorf("%d events were written", got)
	}
}
