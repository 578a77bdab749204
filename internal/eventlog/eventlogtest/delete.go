package eventlogtest

import (
	"errors"

	"github.com/hirelog/hirelog/internal/eventlog"
)

var deleteRules = []rule{
	{"a deleted stream reads as absent and its numbering goes on", deletedGoesOn},
	{"a deleted stream can be begun again as if it were new", deletedBegunAgain},
	{"a deleted stream still knows a repeated append", deletedKnowsRepeats},
	{"deleting at another revision is a conflict", deleteConflicts},
	{"events of a deleted stream stay in the log", deletedStaysInLog},
	{"a tombstoned stream takes and gives nothing more", tombstoned},
	{"a stream can be tombstoned before it is written", tombstonedUnwritten},
	{"the server's own events are not shown", serversOwn},
}

func deletedGoesOn(s *suite) {
	stream := s.stream("deleted")
	s.fill(stream, 3)
	s.remove(s.log.DeleteStream(s.ctx, stream, 2))
	for _, dir := range []eventlog.Direction{eventlog.Forwards, eventlog.Backwards} {
		if got := s.read(stream, -1, dir); len(got) != 0 {
			s.Errorf("direction %d: %d events of a deleted stream", dir, len(got))
		}
	}
	s.append(stream, 2, events(2))
	if got := revisions(s.read(stream, 0, eventlog.Forwards)); got != "[3 4]" {
		s.Errorf("revisions %s, want [3 4]", got)
	}
	if got := revisions(s.read(stream, -1, eventlog.Backwards)); got != "[4 3]" {
		s.Errorf("backwards revisions %s, want [4 3]", got)
	}
}

// remove stops the test if a deletion failed.
func (s *suite) remove(err error) {
	s.Helper()
	if err != nil {
		s.Fatalf("delete: %v", err)
	}
}

func deletedBegunAgain(s *suite) {
	stream := s.stream("again")
	s.fill(stream, 3)
	s.remove(s.log.DeleteStream(s.ctx, stream, 2))
	got, err := s.log.Append(s.ctx, stream, eventlog.NoStream, events(1))
	if err != nil || got.Revision != 3 {
		s.Fatalf("append to a deleted stream as a new one: %+v, %v; want revision 3", got, err)
	}
	if got := revisions(s.read(stream, 0, eventlog.Forwards)); got != "[3]" {
		s.Errorf("revisions %s, want [3]", got)
	}
	_, err = s.log.Append(s.ctx, stream, 0, events(1))
	s.wantConflict(err, stream, 0, 3)
}

func deletedKnowsRepeats(s *suite) {
	stream, sent := s.stream("knows"), events(3)
	want := s.append(stream, eventlog.NoStream, sent)
	s.remove(s.log.DeleteStream(s.ctx, stream, 2))
	if got := s.append(stream, eventlog.NoStream, sent); got.Revision != want.Revision {
		s.Errorf("repeated append answers %+v, want %+v", got, want)
	}
	if got := s.read(stream, 0, eventlog.Forwards); len(got) != 0 {
		s.Errorf("%d events written by a repeated append", len(got))
	}
}

func deleteConflicts(s *suite) {
	stream := s.stream("stays")
	s.fill(stream, 3)
	for name, remove := range map[string]func(string, eventlog.Revision) error{
		"DeleteStream": func(n string, r eventlog.Revision) error { return s.log.DeleteStream(s.ctx, n, r) },
		"Tombstone":    func(n string, r eventlog.Revision) error { return s.log.Tombstone(s.ctx, n, r) },
	} {
		for _, expected := range []eventlog.Revision{eventlog.NoStream, 0, 1, 3} {
			s.wantConflict(remove(stream, expected), stream, expected, 2)
		}
		absent := s.stream("absent")
		s.wantConflict(remove(absent, 0), absent, 0, eventlog.NoStream)
		if err := remove("$"+stream, 2); err == nil || errors.Is(err, eventlog.ErrConflict) {
			s.Errorf("%s of a server's stream: error is %v, want a fault", name, err)
		}
	}
	absent := s.stream("absent")
	s.wantConflict(s.log.DeleteStream(s.ctx, absent, eventlog.NoStream), absent, eventlog.NoStream, eventlog.NoStream)
	if got := revisions(s.read(stream, 0, eventlog.Forwards)); got != "[0 1 2]" {
		s.Errorf("revisions %s, want [0 1 2]", got)
	}
}

func deletedStaysInLog(s *suite) {
	before := s.append(s.stream("before"), eventlog.NoStream, events(1)).Position
	soft, hard := s.stream("soft"), s.stream("hard")
	s.fill(soft, 2)
	s.fill(hard, 2)
	s.remove(s.log.DeleteStream(s.ctx, soft, 1))
	s.remove(s.log.Tombstone(s.ctx, hard, 1))
	for _, stream := range []string{soft, hard} {
		if got := revisions(s.ofStream(before, stream)); got != "[0 1]" {
			s.Errorf("the log holds revisions %s of a deleted stream, want [0 1]", got)
		}
	}
}

func tombstoned(s *suite) {
	stream, sent := s.stream("tombstoned"), events(2)
	s.append(stream, eventlog.NoStream, sent)
	s.remove(s.log.Tombstone(s.ctx, stream, 1))
	_, appending := s.log.Append(s.ctx, stream, 1, events(1))
	_, repeating := s.log.Append(s.ctx, stream, eventlog.NoStream, sent)
	calls := map[string]error{
		"Append":          appending,
		"repeated Append": repeating,
		"DeleteStream":    s.log.DeleteStream(s.ctx, stream, 1),
		"Tombstone":       s.log.Tombstone(s.ctx, stream, 1),
	}
	for name, dir := range map[string]eventlog.Direction{"forwards": eventlog.Forwards, "backwards": eventlog.Backwards} {
		n := 0
		for _, err := range s.log.ReadStream(s.ctx, stream, -1, dir) {
			calls["ReadStream "+name] = err
			n++
		}
		if n != 1 {
			s.Errorf("reading %s yields %d times, want once", name, n)
		}
	}
	for call, err := range calls {
		if !errors.Is(err, eventlog.ErrStreamDeleted) {
			s.Errorf("%s: error is %v, want ErrStreamDeleted", call, err)
		}
	}
}

func tombstonedUnwritten(s *suite) {
	stream := s.stream("unwritten")
	s.remove(s.log.Tombstone(s.ctx, stream, eventlog.NoStream))
	if _, err := s.log.Append(s.ctx, stream, eventlog.NoStream, events(1)); !errors.Is(err, eventlog.ErrStreamDeleted) {
		s.Errorf("append: error is %v, want ErrStreamDeleted", err)
	}
}

func serversOwn(s *suite) {
	prefix := s.stream("own")
	before := s.append(prefix+"-before", eventlog.NoStream, events(1)).Position
	s.fill(prefix+"-soft", 1)
	s.fill(prefix+"-hard", 1)
	s.remove(s.log.DeleteStream(s.ctx, prefix+"-soft", 0))
	s.remove(s.log.Tombstone(s.ctx, prefix+"-hard", 0))
	s.fill(prefix+"-after", 1)
	s.ofStream(before, "") // looks at every event
	want := []string{prefix + "-soft", prefix + "-hard", prefix + "-after"}
	for name, filter := range map[string]eventlog.Filter{
		"everything": {}, "by prefix": {StreamPrefixes: []string{prefix}},
	} {
		sub := s.subscribe(eventlog.SubscribeOptions{After: before, Filter: filter})
		for _, stream := range want {
			for e := sub.event(); e.Stream != stream; e = sub.event() {
				if filter.StreamPrefixes != nil {
					s.Fatalf("%s: an event %s of stream %s, want one of %s", name, e.Type, e.Stream, stream)
				}
			}
		}
		sub.close()
	}
}
