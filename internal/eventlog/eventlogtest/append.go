package eventlogtest

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/hirelog/hirelog/internal/eventlog"
)

var appendRules = []rule{
	{"what is appended is read back as it was", appendedIsRead},
	{"an append answers where its last event is", answersWhere},
	{"an append at another revision is a conflict that says where the stream is", conflicts},
	{"the same append again answers as the first time and writes nothing", repeats},
	{"an append that repeats only in part is a conflict", repeatsInPart},
	{"the same event may be in two streams", sameEventTwoStreams},
	{"names, types and data are kept in any script", anyScript},
	{"an append of exactly the size limit is taken, one byte more is not", sizeLimit},
	{"what no log could store is refused and not written", inadmissible},
	{"an append does not keep the caller's bytes", bytesOfItsOwn},
	{"a call whose context has ended says so and does nothing", endedContext},
}

func appendedIsRead(s *suite) {
	stream, sent := s.stream("appended"), events(3)
	before := time.Now()
	s.append(stream, eventlog.NoStream, sent)
	got := s.read(stream, 0, eventlog.Forwards)
	s.sameIDs(got, sent)
	for i := range sent {
		s.stored(got[i], sent[i], stream, eventlog.Revision(i))
		at := got[i].RecordedAt
		if at.Location() != time.UTC || at.Nanosecond()%100 != 0 {
			s.Errorf("recorded at %v, want UTC in steps of 100 ns", at)
		}
		if d := at.Sub(before).Abs(); d > 10*time.Minute {
			s.Errorf("recorded %v away from this clock", d)
		}
	}
}

func answersWhere(s *suite) {
	stream := s.stream("where")
	for _, n := range []int{1, 4, 2} {
		at := eventlog.Revision(len(s.read(stream, 0, eventlog.Forwards))) - 1
		got := s.append(stream, at, events(n))
		last := s.read(stream, -1, eventlog.Backwards)[0]
		if got.Revision != last.Revision || got.Position != last.Position {
			s.Errorf("append answered %+v, the last event is %d at %s", got, last.Revision, last.Position)
		}
	}
}

func conflicts(s *suite) {
	stream := s.stream("conflict")
	stored := s.fill(stream, 3)
	for _, c := range []struct {
		stream           string
		expected, actual eventlog.Revision
	}{
		{stream, eventlog.NoStream, 2},
		{stream, 0, 2},
		{stream, 1, 2},
		{stream, 3, 2},
		{stream, 1000, 2},
		{s.stream("absent"), 0, eventlog.NoStream},
	} {
		_, err := s.log.Append(s.ctx, c.stream, c.expected, events(2))
		s.wantConflict(err, c.stream, c.expected, c.actual)
	}
	if got := s.read(stream, 0, eventlog.Forwards); len(got) != len(stored) {
		s.Errorf("%d events after conflicts, want %d", len(got), len(stored))
	}
}

// wantConflict fails the test unless err is the conflict described.
func (s *suite) wantConflict(err error, stream string, expected, actual eventlog.Revision) {
	s.Helper()
	var conflict *eventlog.ConflictError
	if !errors.As(err, &conflict) || !errors.Is(err, eventlog.ErrConflict) {
		s.Errorf("error is %v, want a conflict", err)
		return
	}
	if want := (eventlog.ConflictError{Stream: stream, Expected: expected, Actual: actual}); *conflict != want {
		s.Errorf("conflict is %+v, want %+v", *conflict, want)
	}
}

func repeats(s *suite) {
	stream, first, second := s.stream("repeat"), events(2), events(3)
	wantFirst := s.append(stream, eventlog.NoStream, first)
	wantSecond := s.append(stream, 1, second)
	for range 2 {
		if got := s.append(stream, eventlog.NoStream, first); got != wantFirst {
			s.Errorf("first append again answers %+v, want %+v", got, wantFirst)
		}
		if got := s.append(stream, 1, second); got != wantSecond {
			s.Errorf("second append again answers %+v, want %+v", got, wantSecond)
		}
	}
	all := append(append([]eventlog.NewEvent{}, first...), second...)
	s.sameIDs(s.read(stream, 0, eventlog.Forwards), all)
}

func repeatsInPart(s *suite) {
	stream, sent := s.stream("part"), events(3)
	s.append(stream, eventlog.NoStream, sent)
	other := events(1)[0]
	for name, c := range map[string]struct {
		expected eventlog.Revision
		events   []eventlog.NewEvent
	}{
		"another event in the middle": {eventlog.NoStream, []eventlog.NewEvent{sent[0], other, sent[2]}},
		"another event at the end":    {eventlog.NoStream, []eventlog.NewEvent{sent[0], sent[1], other}},
		"another event at the start":  {eventlog.NoStream, []eventlog.NewEvent{other, sent[1], sent[2]}},
		"more than was written":       {0, []eventlog.NewEvent{sent[1], sent[2], other}},
		"at another revision":         {eventlog.NoStream, []eventlog.NewEvent{sent[1], sent[2]}},
		"in another order":            {eventlog.NoStream, []eventlog.NewEvent{sent[1], sent[0]}},
	} {
		_, err := s.log.Append(s.ctx, stream, c.expected, c.events)
		if !errors.Is(err, eventlog.ErrConflict) {
			s.Errorf("%s: error is %v, want a conflict", name, err)
		}
	}
	s.sameIDs(s.read(stream, 0, eventlog.Forwards), sent)
}

func sameEventTwoStreams(s *suite) {
	sent := events(2)
	for _, stream := range []string{s.stream("one"), s.stream("two")} {
		s.append(stream, eventlog.NoStream, sent)
		s.sameIDs(s.read(stream, 0, eventlog.Forwards), sent)
	}
}

func anyScript(s *suite) {
	for _, name := range []string{
		"bewerbung-übergröße", "応募", "заявка", "with space/and:slash?and=more&%20", "emoji-🧑‍💼", "a$b", "x" + strings.Repeat("y", 500),
	} {
		stream := s.stream(name)
		sent := []eventlog.NewEvent{
			{ID: uuid.New(), Type: "тип.v1", Data: []byte(`{"name":"Ægir 🧑‍💼"}`), Metadata: []byte(`{"ü":"ß"}`)},
			{ID: uuid.New(), Type: "type🧑‍💼.v1"},
			{ID: uuid.New(), Type: "large.v1", Data: []byte(`"` + strings.Repeat("ä", 100_000) + `"`)},
		}
		s.append(stream, eventlog.NoStream, sent)
		got := s.read(stream, 0, eventlog.Forwards)
		s.sameIDs(got, sent)
		for i := range sent {
			s.stored(got[i], sent[i], stream, eventlog.Revision(i))
		}
	}
}

func sizeLimit(s *suite) {
	const typ = "größe🧑.v1" // 10 UTF-16 units
	weighing := func(n int) eventlog.NewEvent {
		meta := []byte(`{"m":1}`)
		data := bytes.Repeat([]byte("7"), n-len(meta)-2*10)
		return eventlog.NewEvent{ID: uuid.New(), Type: typ, Data: data, Metadata: meta}
	}
	const limit = eventlog.MaxAppendBytes
	for name, fits := range map[string][]eventlog.NewEvent{
		"one event":   {weighing(limit)},
		"many events": {weighing(limit / 2), weighing(limit / 4), weighing(limit / 4)},
	} {
		stream := s.stream("fits")
		s.append(stream, eventlog.NoStream, fits)
		got := s.read(stream, 0, eventlog.Forwards)
		s.sameIDs(got, fits)
		if !bytes.Equal(got[0].Data, fits[0].Data) {
			s.Errorf("%s: the data changed", name)
		}
	}
	for name, large := range map[string][]eventlog.NewEvent{
		"one event":   {weighing(limit + 1)},
		"many events": {weighing(limit / 2), weighing(limit / 4), weighing(limit/4 + 1)},
		"far above":   {weighing(3 * limit)},
	} {
		stream := s.stream("large")
		_, err := s.log.Append(s.ctx, stream, eventlog.NoStream, large)
		if !errors.Is(err, eventlog.ErrTooLarge) {
			s.Errorf("%s: error is %v, want ErrTooLarge", name, err)
		}
		if got := s.read(stream, 0, eventlog.Forwards); len(got) != 0 {
			s.Errorf("%s: %d events written", name, len(got))
		}
	}
}

func inadmissible(s *suite) {
	stream := s.stream("inadmissible")
	good := events(1)[0]
	without := func(change func(*eventlog.NewEvent)) []eventlog.NewEvent {
		e := good
		change(&e)
		return []eventlog.NewEvent{good, e}
	}
	for name, c := range map[string]struct {
		stream   string
		expected eventlog.Revision
		events   []eventlog.NewEvent
	}{
		"no events":        {stream, eventlog.NoStream, nil},
		"no id":            {stream, eventlog.NoStream, without(func(e *eventlog.NewEvent) { e.ID = uuid.Nil })},
		"no type":          {stream, eventlog.NoStream, without(func(e *eventlog.NewEvent) { e.Type = "" })},
		"a server's type":  {stream, eventlog.NoStream, without(func(e *eventlog.NewEvent) { e.Type = "$>" })},
		"a broken type":    {stream, eventlog.NoStream, without(func(e *eventlog.NewEvent) { e.Type = "a\xff" })},
		"no name":          {"", eventlog.NoStream, events(1)},
		"a server's name":  {"$" + stream, eventlog.NoStream, events(1)},
		"a metadata name":  {"$$" + stream, eventlog.NoStream, events(1)},
		"a broken name":    {stream + "\xff", eventlog.NoStream, events(1)},
		"an odd revision":  {stream, -2, events(1)},
		"a lower revision": {stream, -1 << 62, events(1)},
	} {
		_, err := s.log.Append(s.ctx, c.stream, c.expected, c.events)
		switch {
		case err == nil:
			s.Errorf("%s: was accepted", name)
		case errors.Is(err, eventlog.ErrConflict), errors.Is(err, eventlog.ErrUnavailable), errors.Is(err, eventlog.ErrTooLarge):
			s.Errorf("%s: error is %v, want a fault", name, err)
		}
	}
	if got := s.read(stream, 0, eventlog.Forwards); len(got) != 0 {
		s.Errorf("%d events written", len(got))
	}
}

func bytesOfItsOwn(s *suite) {
	stream, sent := s.stream("bytes"), events(1)
	want := bytes.Clone(sent[0].Data)
	s.append(stream, eventlog.NoStream, sent)
	clear(sent[0].Data)
	got := s.read(stream, 0, eventlog.Forwards)
	clear(got[0].Metadata)
	got = s.read(stream, 0, eventlog.Forwards)
	if !bytes.Equal(got[0].Data, want) || got[0].Metadata[0] != '{' {
		s.Errorf("stored %q %q changed with the caller's bytes", got[0].Data, got[0].Metadata)
	}
}

func endedContext(s *suite) {
	stream := s.stream("ended")
	s.fill(stream, 2)
	ctx, cancel := context.WithCancel(s.ctx)
	cancel()
	_, appending := s.log.Append(ctx, stream, 1, events(1))
	calls := map[string]error{
		"Append":       appending,
		"DeleteStream": s.log.DeleteStream(ctx, stream, 1),
		"Tombstone":    s.log.Tombstone(ctx, stream, 1),
	}
	for _, err := range s.log.ReadStream(ctx, stream, 0, eventlog.Forwards) {
		calls["ReadStream"] = err
	}
	for _, err := range s.log.ReadAll(ctx, eventlog.Start, eventlog.Forwards) {
		calls["ReadAll"] = err
	}
	for _, call := range []string{"Append", "DeleteStream", "Tombstone", "ReadStream", "ReadAll"} {
		if err := calls[call]; !errors.Is(err, eventlog.ErrUnavailable) || !errors.Is(err, context.Canceled) {
			s.Errorf("%s: error is %v, want ErrUnavailable and context.Canceled", call, err)
		}
	}
	if got := s.read(stream, 0, eventlog.Forwards); len(got) != 2 {
		s.Errorf("%d events, want 2", len(got))
	}
}
