package eventlogtest

import (
	"slices"
	"strings"

	"github.com/hirelog/hirelog/internal/eventlog"
)

var readRules = []rule{
	{"a stream is read in both directions from any revision", readBothWays},
	{"a stream that does not exist yields nothing", readAbsent},
	{"a long stream is read whole", readLong},
	{"a reader may stop early", readStopsEarly},
	{"an iterator can be used again and sees what came since", readTwice},
	{"the whole log is read forwards from behind a position", readAllForwards},
	{"the whole log is read backwards from its end", readAllBackwards},
	{"the log begins behind Start and grows strictly", readAllFromStart},
	{"an append is contiguous in the log", contiguous},
	{"a position survives being written down", positionRoundTrip},
}

func readBothWays(s *suite) {
	stream := s.stream("ways")
	s.fill(stream, 5)
	for _, c := range []struct {
		from eventlog.Revision
		dir  eventlog.Direction
		want string
	}{
		{0, eventlog.Forwards, "[0 1 2 3 4]"},
		{-1, eventlog.Forwards, "[0 1 2 3 4]"},
		{2, eventlog.Forwards, "[2 3 4]"},
		{4, eventlog.Forwards, "[4]"},
		{5, eventlog.Forwards, "[]"},
		{1000, eventlog.Forwards, "[]"},
		{-1, eventlog.Backwards, "[4 3 2 1 0]"},
		{-7, eventlog.Backwards, "[4 3 2 1 0]"},
		{4, eventlog.Backwards, "[4 3 2 1 0]"},
		{1000, eventlog.Backwards, "[4 3 2 1 0]"},
		{2, eventlog.Backwards, "[2 1 0]"},
		{0, eventlog.Backwards, "[0]"},
	} {
		if got := revisions(s.read(stream, c.from, c.dir)); got != c.want {
			s.Errorf("from %d, direction %d: revisions %s, want %s", c.from, c.dir, got, c.want)
		}
	}
}

func readAbsent(s *suite) {
	stream := s.stream("absent")
	for _, dir := range []eventlog.Direction{eventlog.Forwards, eventlog.Backwards} {
		for _, from := range []eventlog.Revision{-1, 0, 7} {
			if got := s.read(stream, from, dir); len(got) != 0 {
				s.Errorf("from %d, direction %d: %d events", from, dir, len(got))
			}
		}
	}
}

func readLong(s *suite) {
	stream, sent := s.stream("long"), events(300)
	s.append(stream, eventlog.NoStream, sent[:250])
	s.append(stream, 249, sent[250:])
	s.sameIDs(s.read(stream, 0, eventlog.Forwards), sent)
	slices.Reverse(sent)
	s.sameIDs(s.read(stream, -1, eventlog.Backwards), sent)
}

func readStopsEarly(s *suite) {
	stream := s.stream("early")
	stored := s.fill(stream, 100)
	for range 20 {
		for e, err := range s.log.ReadStream(s.ctx, stream, 0, eventlog.Forwards) {
			if err != nil || e.Revision > 1 {
				s.Fatalf("revision %d, error %v", e.Revision, err)
			}
			if e.Revision == 1 {
				break
			}
		}
		for _, err := range s.log.ReadAll(s.ctx, stored[0].Position, eventlog.Forwards) {
			if err != nil {
				s.Fatal(err)
			}
			break
		}
	}
}

func readTwice(s *suite) {
	stream := s.stream("twice")
	s.fill(stream, 2)
	seq := s.log.ReadStream(s.ctx, stream, 0, eventlog.Forwards)
	for want := 2; want <= 3; want++ {
		n := 0
		for _, err := range seq {
			if err != nil {
				s.Fatal(err)
			}
			n++
		}
		if n != want {
			s.Errorf("%d events, want %d", n, want)
		}
		s.append(stream, eventlog.Revision(want)-1, events(1))
	}
}

func readAllForwards(s *suite) {
	stream := s.stream("forwards")
	stored := s.fill(stream, 6)
	s.fill(s.stream("between"), 3)
	for i := range stored {
		if got, want := s.ofStream(stored[i].Position, stream), stored[i+1:]; revisions(got) != revisions(want) {
			s.Errorf("behind revision %d: revisions %s, want %s", i, revisions(got), revisions(want))
		}
	}
	last := s.ofStream(stored[4].Position, stream)[0]
	s.stored(last, asNew(stored[5]), stream, 5)
	if last.Position != stored[5].Position || !last.RecordedAt.Equal(stored[5].RecordedAt) {
		s.Errorf("the log says %s %v, the stream %s %v", last.Position, last.RecordedAt, stored[5].Position, stored[5].RecordedAt)
	}
}

// asNew is e as it was sent.
func asNew(e eventlog.Event) eventlog.NewEvent {
	return eventlog.NewEvent{ID: e.ID, Type: e.Type, Data: e.Data, Metadata: e.Metadata}
}

// ofStream returns the events of a stream that reading the whole log behind from
// yields; it fails the test if the log is out of order or shows what is the
// server's own.
func (s *suite) ofStream(from eventlog.Position, stream string) []eventlog.Event {
	s.Helper()
	var got []eventlog.Event
	for e, err := range s.log.ReadAll(s.ctx, from, eventlog.Forwards) {
		if err != nil {
			s.Fatal(err)
		}
		if !e.Position.After(from) {
			s.Fatalf("%s came behind %s", e.Position, from)
		}
		if strings.HasPrefix(e.Stream, "$") || strings.HasPrefix(e.Type, "$") {
			s.Fatalf("the server's own event %s of stream %s was shown", e.Type, e.Stream)
		}
		from = e.Position
		if e.Stream == stream {
			got = append(got, e)
		}
	}
	return got
}

func readAllBackwards(s *suite) {
	stream := s.stream("backwards")
	stored := s.fill(stream, 4)
	for _, from := range []eventlog.Position{eventlog.Start, stored[0].Position, stored[3].Position} {
		var got []eventlog.Event
		var before eventlog.Position
		seen := 0
		for e, err := range s.log.ReadAll(s.ctx, from, eventlog.Backwards) {
			if err != nil {
				s.Fatal(err)
			}
			if seen++; seen > 1 && !before.After(e.Position) {
				s.Fatalf("%s came before %s", before, e.Position)
			}
			before = e.Position
			if e.Stream == stream {
				got = append(got, e)
			}
			if len(got) == len(stored) {
				break
			}
		}
		if revisions(got) != "[3 2 1 0]" {
			s.Errorf("from %s: revisions %s", from, revisions(got))
		}
	}
}

func readAllFromStart(s *suite) {
	s.fill(s.stream("start"), 3)
	at, seen := eventlog.Start, 0
	for e, err := range s.log.ReadAll(s.ctx, eventlog.Start, eventlog.Forwards) {
		if err != nil {
			s.Fatal(err)
		}
		if !e.Position.After(at) {
			s.Fatalf("%s came behind %s", e.Position, at)
		}
		at = e.Position
		if seen++; seen == 500 { // the log may be another's, and long
			break
		}
	}
	if seen < 3 {
		s.Errorf("%d events, want at least 3", seen)
	}
}

func contiguous(s *suite) {
	stream := s.stream("contiguous")
	before := s.append(stream, eventlog.NoStream, events(1)).Position
	s.append(stream, 0, events(50))
	next := eventlog.Revision(1)
	for e, err := range s.log.ReadAll(s.ctx, before, eventlog.Forwards) {
		if err != nil {
			s.Fatal(err)
		}
		if e.Stream != stream && next > 1 && next <= 50 {
			s.Fatalf("an event of %s came between revisions %d and %d", e.Stream, next-1, next)
		}
		if e.Stream == stream {
			next++
		}
	}
	if next != 51 {
		s.Errorf("%d revisions seen, want 51", next)
	}
}

func positionRoundTrip(s *suite) {
	want := s.append(s.stream("written"), eventlog.NoStream, events(1)).Position
	if got, err := eventlog.ParsePosition(want.String()); err != nil || got != want {
		s.Errorf("position %s was read as %s, %v", want, got, err)
	}
}
