package calendar

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	ics "github.com/arran4/golang-ical"

	"github.com/hirelog/hirelog/domain/personal"
)

// The answers.
const (
	Accepted  Answer = "accepted"
	Tentative Answer = "tentative"
	Declined  Answer = "declined"
)

// Reply is what somebody answers to an invitation of ours: METHOD:REPLY of RFC 5546.
// Nothing in it is true because it says so.
type Reply struct {
	ID       string         // of the event
	Sequence int            // of the event as it was answered to
	Attendee personal.Plain // address of who answers
	Answer   Answer
	Stamped  time.Time      // when it was given, by their clock; zero if it does not say
	Comment  personal.Plain // that they wrote along, all of it; as it came
}

// MaxReply is the most bytes of an object that is looked at for a reply.
const MaxReply = 64 << 10

// ReadReply reads an object that somebody's calendar program sent. ok is false for
// one that is no answer of one person to one event of ours: a proposal of another
// time, a request, or nothing that can be read.
func ReadReply(object []byte) (r Reply, ok bool) {
	if len(object) > MaxReply {
		return r, false
	}
	c, err := Parse(context.Background(), string(object)) // which is short
	if err != nil || !replies(c) || len(c.Events()) != 1 {
		return r, false
	}
	e := c.Events()[0]
	attendees := e.Attendees()
	id, ours := strings.CutSuffix(e.Id(), uidHost)
	if !ours || id == "" || len(attendees) != 1 || e.GetProperty(ics.ComponentPropertyRecurrenceId) != nil {
		return r, false
	}
	r.ID = id
	if r.Attendee, ok = addressOf(attendees[0].Value); !ok {
		return r, false
	}
	switch answer := Answer(strings.ToLower(string(attendees[0].ParticipationStatus()))); answer {
	case Accepted, Tentative, Declined:
		r.Answer = answer
	default: // not answered yet, or by somebody else
		return r, false
	}
	if sequence := e.GetProperty(ics.ComponentPropertySequence); sequence != nil {
		if r.Sequence, err = strconv.Atoi(strings.TrimSpace(sequence.Value)); err != nil || r.Sequence < 0 {
			return r, false
		}
	}
	if stamped := e.GetProperty(ics.ComponentPropertyDtstamp); stamped != nil {
		if at, err := time.Parse("20060102T150405Z", strings.TrimSpace(stamped.Value)); err == nil {
			r.Stamped = at
		}
	}
	r.Comment = comments(e, attendees[0])
	return r, true
}

// escapes are those of RFC 6868, in the values of parameters.
var escapes = strings.NewReplacer("^n", "\n", "^'", `"`, "^^", "^")

// comments are what was written along with an answer: all comments of the event, and
// that of the attendee, which is how Google Calendar has it. What is in one already
// is not said again.
func comments(e *ics.VEvent, attendee *ics.Attendee) personal.Plain {
	var all []string
	add := func(comment string) {
		comment = strings.TrimSpace(comment)
		if comment != "" && !slices.Contains(all, comment) {
			all = append(all, comment)
		}
	}
	for _, p := range e.GetProperties(ics.ComponentPropertyComment) {
		add(p.Value)
	}
	add(escapes.Replace(strings.Join(attendee.ICalParameters["X-RESPONSE-COMMENT"], ",")))
	return personal.Plain(strings.Join(all, "\n"))
}

// replies reports whether an object is an answer.
func replies(c *ics.Calendar) bool {
	method := ""
	for _, p := range c.CalendarProperties {
		if p.IANAToken == string(ics.PropertyMethod) {
			method = p.Value
		}
	}
	return strings.EqualFold(strings.TrimSpace(method), string(ics.MethodReply))
}

// addressOf is the address of a mailto URI, however the scheme is written.
func addressOf(uri string) (personal.Plain, bool) {
	const scheme = "mailto:"
	uri = strings.TrimSpace(uri)
	if len(uri) <= len(scheme) || !strings.EqualFold(uri[:len(scheme)], scheme) {
		return "", false
	}
	return personal.Plain(uri[len(scheme):]), true
}
