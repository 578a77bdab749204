package eventnode

import (
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	pb "github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"github.com/google/uuid"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// numbers turns lines of readStream into the revisions in them.
func numbers(lines []string) string {
	var out []string
	for _, l := range lines {
		out = append(out, strings.Split(l, "/")[1])
	}
	return strings.Join(out, " ")
}

func TestReadingAStream(t *testing.T) {
	s := start(t, Options{})
	c := s.client(t)
	mustAppend(t, c, "before", esdb.NoStream{}, some("x", 3)...)
	for range 2 { // so that the stream is not in one piece
		mustAppend(t, c, "s", esdb.Any{}, some("e", 3)...)
		mustAppend(t, c, "after", esdb.Any{}, some("y", 3)...)
	}
	for _, tt := range []struct {
		name  string
		from  esdb.StreamPosition
		dir   esdb.Direction
		count uint64
		want  string
	}{
		{"all of it", esdb.Start{}, esdb.Forwards, 100, "0 1 2 3 4 5"},
		{"the first", esdb.Start{}, esdb.Forwards, 2, "0 1"},
		{"from a revision, which is included", esdb.Revision(4), esdb.Forwards, 100, "4 5"},
		{"from behind the end", esdb.Revision(6), esdb.Forwards, 100, ""},
		{"from far behind the end", esdb.Revision(math.MaxUint64), esdb.Forwards, 100, ""},
		{"from the end", esdb.End{}, esdb.Forwards, 100, ""},
		{"backwards", esdb.End{}, esdb.Backwards, 100, "5 4 3 2 1 0"},
		{"the last", esdb.End{}, esdb.Backwards, 1, "5"},
		{"backwards from a revision, which is included", esdb.Revision(2), esdb.Backwards, 2, "2 1"},
		{"backwards from behind the end", esdb.Revision(99), esdb.Backwards, 2, "5 4"},
		{"backwards from the start", esdb.Start{}, esdb.Backwards, 100, "0"},
		{"none", esdb.Start{}, esdb.Forwards, 0, ""},
	} {
		r, err := c.ReadStream(testContext(t), "s", esdb.ReadStreamOptions{From: tt.from, Direction: tt.dir}, tt.count)
		if err != nil {
			t.Fatalf("%s: %v", tt.name, err)
		}
		lines, err := drain(r)
		if got := numbers(lines); err != nil || got != tt.want {
			t.Errorf("%s: got %q, %v, want %q", tt.name, got, err, tt.want)
		}
	}
}

func TestReadingAStreamThatIsNotThere(t *testing.T) {
	s := start(t, Options{})
	c := s.client(t)
	if _, err := readStream(t, c, "missing", esdb.ReadStreamOptions{From: esdb.Start{}}); code(t, err) != esdb.ErrorCodeResourceNotFound {
		t.Errorf("missing stream: %v", err)
	}
	var m esdb.StreamMetadata
	m.SetMaxCount(1)
	if _, err := c.SetStreamMetadata(testContext(t), "missing", esdb.AppendToStreamOptions{ExpectedRevision: esdb.NoStream{}}, m); err != nil {
		t.Fatal(err)
	}
	if _, err := readStream(t, c, "missing", esdb.ReadStreamOptions{From: esdb.End{}, Direction: esdb.Backwards}); code(t, err) != esdb.ErrorCodeResourceNotFound {
		t.Errorf("stream with metadata only: %v", err)
	}
}

func TestReadingAll(t *testing.T) {
	s := start(t, Options{})
	c := s.client(t)
	equalLines(t, "an empty log", readAll(t, c, esdb.ReadAllOptions{From: esdb.Start{}}))
	var at []esdb.Position
	for i := range 5 {
		w := mustAppend(t, c, fmt.Sprintf("s%d", i), esdb.NoStream{}, some("e", 1)...)
		at = append(at, esdb.Position{Commit: w.CommitPosition, Prepare: w.PreparePosition})
	}
	off := func(p esdb.Position, by int) esdb.Position {
		v := uint64(int64(p.Commit) + int64(by))
		return esdb.Position{Commit: v, Prepare: v}
	}
	for _, tt := range []struct {
		name  string
		from  esdb.AllPosition
		dir   esdb.Direction
		count uint64
		want  string
	}{
		{"everything", esdb.Start{}, esdb.Forwards, 100, "s0 s1 s2 s3 s4"},
		{"the first", esdb.Start{}, esdb.Forwards, 2, "s0 s1"},
		{"from a position, which is included", at[3], esdb.Forwards, 100, "s3 s4"},
		{"from between two events", off(at[3], 1), esdb.Forwards, 100, "s4"},
		{"from behind the end", off(at[4], 1), esdb.Forwards, 100, ""},
		{"from the end", esdb.End{}, esdb.Forwards, 100, ""},
		{"backwards", esdb.End{}, esdb.Backwards, 100, "s4 s3 s2 s1 s0"},
		{"the last", esdb.End{}, esdb.Backwards, 1, "s4"},
		{"backwards from a position, which is not included", at[2], esdb.Backwards, 100, "s1 s0"},
		{"backwards from behind the end", off(at[4], 99), esdb.Backwards, 2, "s4 s3"},
		{"backwards from the start", esdb.Start{}, esdb.Backwards, 100, ""},
		{"none", esdb.Start{}, esdb.Forwards, 0, ""},
	} {
		r, err := c.ReadAll(testContext(t), esdb.ReadAllOptions{From: tt.from, Direction: tt.dir}, tt.count)
		if err != nil {
			t.Fatalf("%s: %v", tt.name, err)
		}
		lines, err := drain(r)
		var got []string
		for _, l := range lines {
			got = append(got, strings.Split(l, "/")[0])
		}
		if strings.Join(got, " ") != tt.want || err != nil {
			t.Errorf("%s: got %q, %v, want %q", tt.name, got, err, tt.want)
		}
	}
}

func TestReadsLongerThanAChunkAreWhole(t *testing.T) {
	s := start(t, Options{})
	c := s.client(t)
	const n = 40
	for i := range n {
		events := some("e", 1)
		events[0].Data = fmt.Appendf(nil, `"%d %s"`, i, strings.Repeat("x", 30_000))
		mustAppend(t, c, "s", esdb.Any{}, events...)
	}
	check := func(what string, lines []string, first, step int) {
		t.Helper()
		if len(lines) != n {
			t.Fatalf("%s: %d events, want %d", what, len(lines), n)
		}
		for i, l := range lines {
			if want := fmt.Sprintf(`s/%d/test.e/"%[1]d x`, first+i*step); !strings.HasPrefix(l, want) {
				t.Fatalf("%s, event %d: got %.40s, want %s…", what, i, l, want)
			}
		}
	}
	for _, tt := range []struct {
		dir         esdb.Direction
		from        any
		first, step int
	}{{esdb.Forwards, esdb.Start{}, 0, 1}, {esdb.Backwards, esdb.End{}, n - 1, -1}} {
		check("$all", readAll(t, c, esdb.ReadAllOptions{Direction: tt.dir, From: tt.from.(esdb.AllPosition)}), tt.first, tt.step)
		lines, err := readStream(t, c, "s", esdb.ReadStreamOptions{Direction: tt.dir, From: tt.from.(esdb.StreamPosition)})
		if err != nil {
			t.Fatal(err)
		}
		check("stream", lines, tt.first, tt.step)
	}
}

func TestRecordedTimesDoNotGoBack(t *testing.T) {
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	s := start(t, Options{Now: func() time.Time { return at }})
	c := s.client(t)
	mustAppend(t, c, "s", esdb.Any{}, some("e", 1)...)
	first := at
	at = at.Add(-time.Hour)
	mustAppend(t, c, "s", esdb.Any{}, some("e", 1)...)
	s = s.reopen(t)
	c = s.client(t)
	mustAppend(t, c, "s", esdb.Any{}, some("e", 1)...)
	at = first.Add(time.Second)
	mustAppend(t, c, "s", esdb.Any{}, some("e", 1)...)
	r, err := c.ReadStream(testContext(t), "s", esdb.ReadStreamOptions{From: esdb.Start{}}, 10)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for i, want := range []time.Time{first, first, first, at} {
		e, err := r.Recv()
		if err != nil {
			t.Fatal(err)
		}
		if got := e.OriginalEvent().CreatedDate; !got.Equal(want) {
			t.Errorf("event %d: recorded at %v, want %v", i, got, want)
		}
	}
}

// rawRead sends a read as it goes over the wire and returns all answers.
func rawRead(t *testing.T, client pb.StreamsClient, o *pb.ReadReq_Options) ([]*pb.ReadResp, error) {
	t.Helper()
	call, err := client.Read(testContext(t), &pb.ReadReq{Options: o})
	if err != nil {
		t.Fatal(err)
	}
	var out []*pb.ReadResp
	for {
		resp, err := call.Recv()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return out, err
		}
		out = append(out, resp)
	}
}

func readStreamOptions(name string) *pb.ReadReq_Options {
	return &pb.ReadReq_Options{
		StreamOption: &pb.ReadReq_Options_Stream{Stream: &pb.ReadReq_Options_StreamOptions{
			StreamIdentifier: &shared.StreamIdentifier{StreamName: []byte(name)},
			RevisionOption:   &pb.ReadReq_Options_StreamOptions_Start{Start: &shared.Empty{}},
		}},
		CountOption:  &pb.ReadReq_Options_Count{Count: 100},
		FilterOption: &pb.ReadReq_Options_NoFilter{NoFilter: &shared.Empty{}},
		UuidOption:   &pb.ReadReq_Options_UUIDOption{Content: &pb.ReadReq_Options_UUIDOption_Structured{Structured: &shared.Empty{}}},
	}
}

func readAllOptions() *pb.ReadReq_Options {
	o := readStreamOptions("")
	o.StreamOption = &pb.ReadReq_Options_All{All: &pb.ReadReq_Options_AllOptions{
		AllOption: &pb.ReadReq_Options_AllOptions_Start{Start: &shared.Empty{}},
	}}
	return o
}

func TestIDsAreSpelledAsAsked(t *testing.T) {
	s := start(t, Options{})
	id := uuid.New()
	e := some("e", 1)
	e[0].EventID = id
	mustAppend(t, s.client(t), "s", esdb.NoStream{}, e...)
	client, _ := s.raw(t)
	o := readStreamOptions("s")
	o.UuidOption = &pb.ReadReq_Options_UUIDOption{Content: &pb.ReadReq_Options_UUIDOption_String_{String_: &shared.Empty{}}}
	got, err := rawRead(t, client, o)
	if err != nil || len(got) != 1 || got[0].GetEvent().GetEvent().GetId().GetString_() != id.String() {
		t.Errorf("got %v, %v, want id %s", got, err, id)
	}
}

func TestTheLastPositionIsSentToThoseWhoUnderstandIt(t *testing.T) {
	s := start(t, Options{})
	mustAppend(t, s.client(t), "s", esdb.NoStream{}, some("e", 2)...)
	client, _ := s.raw(t)
	o := readStreamOptions("s")
	got, err := rawRead(t, client, o)
	if err != nil || len(got) != 2 {
		t.Errorf("without: %d answers, %v", len(got), err)
	}
	o.ControlOption = &pb.ReadReq_Options_ControlOption{Compatibility: 1}
	got, err = rawRead(t, client, o)
	if err != nil || len(got) != 3 {
		t.Fatalf("with: %d answers, %v", len(got), err)
	}
	if last, ok := got[2].GetContent().(*pb.ReadResp_LastStreamPosition); !ok || last.LastStreamPosition != 1 {
		t.Errorf("got %v, want last position 1", got[2])
	}
}

func TestLinksAreFollowedWhenAsked(t *testing.T) {
	s := start(t, Options{})
	c := s.client(t)
	mustAppend(t, c, "s", esdb.NoStream{}, some("e", 2)...)
	mustAppend(t, c, "gone", esdb.NoStream{}, some("e", 1)...)
	if _, err := c.TombstoneStream(testContext(t), "gone", esdb.TombstoneStreamOptions{ExpectedRevision: esdb.Any{}}); err != nil {
		t.Fatal(err)
	}
	for _, target := range []string{"1@s", "0@gone", "7@s", "0@never", "nonsense"} {
		link := some("l", 1)
		link[0].EventType, link[0].Data, link[0].ContentType = "$>", []byte(target), esdb.ContentTypeBinary
		mustAppend(t, c, "links", esdb.Any{}, link...)
	}
	r, err := c.ReadStream(testContext(t), "links", esdb.ReadStreamOptions{From: esdb.Start{}, ResolveLinkTos: true}, 10)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for i, want := range []string{`s/1/test.e/"e-1"`, "", "", "", ""} {
		e, err := r.Recv()
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if e.Event != nil {
			got = line(e.Event)
		}
		if got != want || e.Link == nil || e.Link.EventNumber != uint64(i) || e.Link.EventType != "$>" {
			t.Errorf("link %d: got %q through %v, want %q", i, got, e.Link, want)
		}
	}
	lines, err := readStream(t, c, "links", esdb.ReadStreamOptions{From: esdb.Start{}})
	if err != nil || len(lines) != 5 || lines[0] != "links/0/$>/1@s" {
		t.Errorf("not followed: %v, %v", lines, err)
	}
}

func TestWhatSubscriptionsKeepOfThemselvesIsNotInAll(t *testing.T) {
	s := start(t, Options{})
	c := s.client(t)
	for _, name := range []string{"$persistentsubscription-$all::g-checkpoint", "$persistentsubscription-$all::g-parked", "$persistentsubscription-s::g-parked"} {
		mustAppend(t, c, name, esdb.NoStream{}, some("e", 1)...)
	}
	equalLines(t, "$all", readAll(t, c, esdb.ReadAllOptions{From: esdb.Start{}}), `$persistentsubscription-s::g-parked/0/test.e/"e-0"`)
	lines, err := readStream(t, c, "$persistentsubscription-$all::g-parked", esdb.ReadStreamOptions{From: esdb.Start{}})
	if err != nil || len(lines) != 1 {
		t.Errorf("the stream itself: %v, %v", lines, err)
	}
}

func TestReadsOfAllCanBeFiltered(t *testing.T) {
	s := start(t, Options{})
	c := s.client(t)
	for i := range 6 {
		mustAppend(t, c, fmt.Sprintf("s%d", i%2), esdb.Any{}, some("e", 1)...)
	}
	client, _ := s.raw(t)
	o := readAllOptions()
	o.CountOption = &pb.ReadReq_Options_Count{Count: 2}
	o.FilterOption = &pb.ReadReq_Options_Filter{Filter: &pb.ReadReq_Options_FilterOptions{
		Filter: &pb.ReadReq_Options_FilterOptions_StreamIdentifier{StreamIdentifier: &pb.ReadReq_Options_FilterOptions_Expression{Prefix: []string{"s1"}}},
	}}
	got, err := rawRead(t, client, o)
	if err != nil || len(got) != 2 {
		t.Fatalf("%d answers, %v, want the 2 asked for", len(got), err)
	}
	for i, r := range got {
		if e := r.GetEvent().GetEvent(); string(e.GetStreamIdentifier().GetStreamName()) != "s1" || e.GetStreamRevision() != uint64(i) {
			t.Errorf("event %d: %v", i, e)
		}
	}
}

func TestReadsThatMakeNoSenseAreRefused(t *testing.T) {
	s := start(t, Options{})
	client, _ := s.raw(t)
	sub := &pb.ReadReq_Options_Subscription{Subscription: &pb.ReadReq_Options_SubscriptionOptions{}}
	filter := func(e *pb.ReadReq_Options_FilterOptions_Expression, multiplier uint32) *pb.ReadReq_Options_Filter {
		return &pb.ReadReq_Options_Filter{Filter: &pb.ReadReq_Options_FilterOptions{
			Filter:                       &pb.ReadReq_Options_FilterOptions_EventType{EventType: e},
			CheckpointIntervalMultiplier: multiplier,
		}}
	}
	prefix := &pb.ReadReq_Options_FilterOptions_Expression{Prefix: []string{"a"}}
	for name, change := range map[string]func(o *pb.ReadReq_Options){
		"nothing":                func(o *pb.ReadReq_Options) { o.StreamOption = nil },
		"no name":                func(o *pb.ReadReq_Options) { o.GetStream().StreamIdentifier.StreamName = nil },
		"no place to begin":      func(o *pb.ReadReq_Options) { o.GetStream().RevisionOption = nil },
		"no count":               func(o *pb.ReadReq_Options) { o.CountOption = nil },
		"no spelling of ids":     func(o *pb.ReadReq_Options) { o.UuidOption = nil },
		"a filtered stream":      func(o *pb.ReadReq_Options) { o.FilterOption = filter(prefix, 1) },
		"backwards subscription": func(o *pb.ReadReq_Options) { o.CountOption, o.ReadDirection = sub, pb.ReadReq_Options_Backwards },
		"look-ahead": func(o *pb.ReadReq_Options) {
			*o = *readAllOptions()
			o.FilterOption = filter(&pb.ReadReq_Options_FilterOptions_Expression{Regex: `^(?!\$).*`}, 1)
		},
		"a filter without filter": func(o *pb.ReadReq_Options) { *o = *readAllOptions(); o.FilterOption = filter(nil, 1) },
		"no checkpoints": func(o *pb.ReadReq_Options) {
			*o = *readAllOptions()
			o.CountOption, o.FilterOption = sub, filter(prefix, 0)
		},
		"behind the end": func(o *pb.ReadReq_Options) {
			*o = *readAllOptions()
			o.CountOption = sub
			o.GetAll().AllOption = &pb.ReadReq_Options_AllOptions_Position{Position: &pb.ReadReq_Options_Position{CommitPosition: 1000, PreparePosition: 1000}}
		},
	} {
		o := readStreamOptions("s")
		change(o)
		if _, err := rawRead(t, client, o); status.Code(err) != codes.InvalidArgument {
			t.Errorf("%s: got %v, want InvalidArgument", name, err)
		}
	}
	if _, err := rawRead(t, client, nil); status.Code(err) != codes.InvalidArgument {
		t.Errorf("no options: %v", err)
	}
}
