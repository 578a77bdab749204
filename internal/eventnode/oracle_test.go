package eventnode

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
)

// oracle is the node as its documentation describes it, written without regard
// to speed or disks: a list of events and what each stream's metadata say.
type oracle struct {
	log     []*oracleEvent
	streams map[string]*oracleStream
	now     time.Time
	created time.Time
	recent  map[string]int64 // revision by stream and id, since the node was opened
}

type oracleEvent struct {
	stream  string
	rev     int64
	id      uuid.UUID
	typ     string
	data    string
	created time.Time
	pos     uint64 // as the node told it
}

func (e *oracleEvent) line() string {
	return fmt.Sprintf("%s/%d/%s/%s", e.stream, e.rev, e.typ, e.data)
}

type oracleStream struct {
	name     string
	events   []*oracleEvent // not removed
	last     int64
	removed  int64 // events before it
	rawMeta  string
	isEnded  bool
	maxCount int64
	maxAge   time.Duration
	tb       int64
}

func newOracle(now time.Time) *oracle {
	return &oracle{streams: map[string]*oracleStream{}, recent: map[string]int64{}, now: now}
}

func (o *oracle) stream(name string) *oracleStream {
	if s := o.streams[name]; s != nil {
		return s
	}
	s := &oracleStream{name: name, last: -1}
	if strings.HasPrefix(name, "$$") {
		s.maxCount = 1
	}
	o.streams[name] = s
	return s
}

func (s *oracleStream) deleted() bool { return s.tb == math.MaxInt64 }

// The kinds of answers.
const (
	answerOK       = "ok"
	answerWrong    = "wrong expected revision"
	answerDeleted  = "stream deleted"
	answerNotFound = "stream not found"
)

// expect decides on an expected revision: proceed, or an answer and, of a
// repeated append, the revision it had.
func (o *oracle) expect(s *oracleStream, expected int64, ids []uuid.UUID) (answer string, rev int64) {
	if s.isEnded {
		return answerDeleted, 0
	}
	hasMeta := o.stream("$$"+s.name).last >= 0
	if expected == expectExists {
		if s.deleted() {
			return answerDeleted, 0
		}
		if s.last < 0 && !hasMeta {
			return answerWrong, 0
		}
	}
	if expected == expectAny || expected == expectExists {
		for i, id := range ids {
			r, known := o.recent[s.name+id.String()]
			if !known {
				if i == 0 {
					return "", 0
				}
				return answerWrong, 0
			}
			rev = r
		}
		if len(ids) == 0 {
			return "", 0
		}
		return answerOK, rev
	}
	if expected > s.last {
		return answerWrong, 0
	}
	if expected == s.last {
		return "", 0
	}
	again := expected == expectNoStream && s.deleted()
	if len(ids) == 0 {
		if again {
			return "", 0
		}
		return answerWrong, 0
	}
	for i, id := range ids {
		rev = expected + 1 + int64(i)
		at := slices.IndexFunc(s.events, func(e *oracleEvent) bool { return e.rev == rev })
		if at < 0 || s.events[at].id != id {
			if i == 0 && again {
				return "", 0
			}
			return answerWrong, 0
		}
	}
	return answerOK, rev
}

func (o *oracle) put(s *oracleStream, rev int64, id uuid.UUID, typ, data string) {
	if o.now.After(o.created) {
		o.created = o.now
	}
	e := &oracleEvent{stream: s.name, rev: rev, id: id, typ: typ, data: data, created: o.created}
	o.log = append(o.log, e)
	s.events = append(s.events, e)
	s.last = rev
	o.recent[s.name+id.String()] = rev
	if of, ok := strings.CutPrefix(s.name, "$$"); ok {
		o.stream(of).setMeta(data)
	}
}

func (s *oracleStream) setMeta(data string) {
	if strings.HasPrefix(s.name, "$$") {
		return
	}
	var m struct {
		Count int64 `json:"$maxCount"`
		Age   int64 `json:"$maxAge"`
		TB    int64 `json:"$tb"`
	}
	if err := json.Unmarshal([]byte(data), &m); err != nil {
		panic(err)
	}
	s.rawMeta = data
	s.maxCount, s.maxAge, s.tb = m.Count, time.Duration(m.Age)*time.Second, m.TB
}

// append returns the answer and the revision of the last event.
func (o *oracle) append(name string, expected int64, ids []uuid.UUID, typ string, data []string) (string, int64) {
	s := o.stream(name)
	if answer, rev := o.expect(s, expected, ids); answer != "" {
		return answer, rev
	}
	first := s.last + 1
	var comesBack *oracleStream
	if of, ok := strings.CutPrefix(name, "$$"); ok {
		if original := o.stream(of); !original.isEnded && original.deleted() {
			comesBack = original
		}
	}
	for i, id := range ids {
		o.put(s, s.last+1, id, typ, data[i])
	}
	last := s.last
	if s.deleted() {
		o.showFrom(s, s.rawMeta, first)
	}
	if comesBack != nil {
		o.showFrom(comesBack, data[len(data)-1], comesBack.last+1)
	}
	return answerOK, last
}

func (o *oracle) showFrom(s *oracleStream, meta string, first int64) {
	var m map[string]json.RawMessage
	if err := json.Unmarshal([]byte(meta), &m); err != nil {
		panic(err)
	}
	m["$tb"] = json.RawMessage(fmt.Sprint(first))
	data, err := json.Marshal(m)
	if err != nil {
		panic(err)
	}
	holder := o.stream("$$" + s.name)
	o.put(holder, holder.last+1, uuid.New(), "$metadata", string(data))
}

func (o *oracle) delete(name string, expected int64) string {
	s := o.stream(name)
	if answer, _ := o.expect(s, expected, nil); answer != "" {
		return answer
	}
	holder := o.stream("$$" + name)
	if s.last < 0 && holder.last < 0 {
		return answerWrong
	}
	o.put(holder, holder.last+1, uuid.New(), "$metadata", `{"$tb":9223372036854775807}`)
	return answerOK
}

func (o *oracle) tombstone(name string, expected int64) string {
	s := o.stream(name)
	if answer, _ := o.expect(s, expected, nil); answer != "" {
		return answer
	}
	o.put(s, math.MaxInt64, uuid.New(), "$streamDeleted", "")
	s.isEnded = true
	return answerOK
}

// first is the first revision a reader sees.
func (o *oracle) first(s *oracleStream) int64 {
	first := max(s.removed, s.tb)
	if s.maxCount > 0 {
		first = max(first, s.last-s.maxCount+1)
	}
	if first = min(first, s.last+1); s.maxAge > 0 {
		for first <= s.last && o.event(s, first).created.Before(o.now.Add(-s.maxAge)) {
			first++
		}
	}
	return first
}

func (o *oracle) event(s *oracleStream, rev int64) *oracleEvent {
	for _, e := range s.events {
		if e.rev == rev {
			return e
		}
	}
	panic(fmt.Sprintf("%s/%d is gone", s.name, rev))
}

// read returns what a reader gets who begins at revision from: -1 is the start,
// math.MaxInt64 the end.
func (o *oracle) read(name string, from int64, back bool, count int) (string, []string) {
	s := o.streams[name]
	switch {
	case s == nil:
		return answerNotFound, nil
	case s.isEnded:
		return answerDeleted, nil
	case s.last < 0 || s.deleted():
		return answerNotFound, nil
	}
	lower, upper := o.first(s), s.last
	if back {
		upper = min(upper, max(from, 0))
	} else {
		lower = max(lower, from)
	}
	var lines []string
	for rev := lower; rev <= upper; rev++ {
		lines = append(lines, o.event(s, rev).line())
	}
	if back {
		slices.Reverse(lines)
	}
	return answerOK, lines[:min(len(lines), count)]
}

// readAll returns what a reader of $all gets who begins at pos.
func (o *oracle) readAll(pos uint64, back bool, count int) []string {
	var lines []string
	for _, e := range o.log {
		if back && e.pos < pos || !back && e.pos >= pos {
			lines = append(lines, e.line())
		}
	}
	if back {
		slices.Reverse(lines)
	}
	return lines[:min(len(lines), count)]
}

// scavenge removes what nobody sees and returns how many events that were.
func (o *oracle) scavenge() (removed int) {
	gone := map[*oracleEvent]bool{}
	for _, s := range o.streams {
		first := int64(math.MaxInt64)
		if !s.isEnded {
			first = o.first(s)
		}
		s.events = slices.DeleteFunc(s.events, func(e *oracleEvent) bool {
			if e.rev < first {
				gone[e] = true
			}
			return e.rev < first
		})
		s.removed = max(s.removed, first)
	}
	o.log = slices.DeleteFunc(o.log, func(e *oracleEvent) bool { return gone[e] })
	return len(gone)
}

// reopen forgets what the node does not know any more once it was closed.
func (o *oracle) reopen() { clear(o.recent) }
