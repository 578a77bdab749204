// Package calendar writes iCalendar objects (RFC 5545) of interviews: what a
// calendar program is shown, and what somebody is invited by (RFC 5546); and reads
// what they answer. Times are instants in UTC, which every calendar shows by its
// own clocks.
package calendar

import (
	"strings"
	"time"

	ics "github.com/arran4/golang-ical"

	"github.com/hirelog/hirelog/domain/personal"
)

// Method says what an object is for.
type Method string

// The methods of objects that are mailed.
const (
	Request Method = "REQUEST" // it takes place, as it says
	Cancel  Method = "CANCEL"  // it does not, or not with who is told
)

const (
	product = "-//Hirelog//Interviews//EN"
	uidHost = "@hirelog"
)

// Event is an interview in a calendar.
type Event struct {
	ID          string // stays whatever changes
	Sequence    int    // of the changes; rises
	Starts      time.Time
	Ends        time.Time
	Title       personal.Plain
	Description personal.Plain
	Place       personal.Plain
	Link        personal.Plain
	Cancelled   bool
}

// Person is somebody by their e-mail address, with a name if it is to be shown.
type Person struct {
	Name  string
	Email personal.Plain
}

// Attendee is who is invited, with what they answered.
type Attendee struct {
	Email  personal.Plain
	Answer Answer // "" = nothing yet
}

// Answer is what somebody answers to an invitation: accepted, tentative or declined.
type Answer string

// Published returns events as an object for a calendar program to read at now. Of
// two that are the same event, the one with the higher sequence is in it: while an
// application goes on as another one, its interviews are there twice.
func Published(now time.Time, events ...Event) string {
	c := newCalendar(ics.MethodPublish)
	newest := map[string]int{}
	for _, e := range events {
		if known, ok := newest[e.ID]; !ok || e.Sequence > known {
			newest[e.ID] = e.Sequence
		}
	}
	for _, e := range events {
		if sequence, ok := newest[e.ID]; ok && sequence == e.Sequence {
			delete(newest, e.ID)
			e.addTo(c, now)
		}
	}
	return serialized(c)
}

// Mailed returns the object that invites somebody to an event, asking for an answer
// by mail, or calls it off. Nobody else who takes part is named in it.
func Mailed(now time.Time, method Method, e Event, organiser Person, attendee Attendee) personal.Plain {
	c := newCalendar(ics.Method(method))
	e.Cancelled = method == Cancel
	event := e.addTo(c, now)
	event.SetOrganizer(mailto(organiser.Email), ics.WithCN(plainName(organiser.Name)))
	status := ics.ParticipationStatusNeedsAction
	if attendee.Answer != "" {
		status = ics.ParticipationStatus(strings.ToUpper(string(attendee.Answer)))
	}
	event.AddAttendee(mailto(attendee.Email), ics.CalendarUserTypeIndividual, ics.ParticipationRoleReqParticipant, status, ics.WithRSVP(method == Request))
	return personal.Plain(serialized(c))
}

// serialized is the object as it is sent: lines end with CRLF, whatever the system.
func serialized(c *ics.Calendar) string { return c.Serialize(ics.WithNewLineWindows) }

func newCalendar(method ics.Method) *ics.Calendar {
	c := ics.NewCalendar()
	c.SetProductId(product)
	c.SetMethod(method)
	return c
}

func (e Event) addTo(c *ics.Calendar, now time.Time) *ics.VEvent {
	event := c.AddEvent(e.ID + uidHost)
	event.SetDtStampTime(now.UTC())
	event.SetSequence(e.Sequence)
	event.SetStartAt(e.Starts)
	event.SetEndAt(e.Ends)
	event.SetSummary(string(e.Title))
	if e.Description != "" {
		event.SetDescription(string(e.Description))
	}
	if place := strings.TrimSpace(string(e.Place + " " + e.Link)); place != "" {
		event.SetLocation(place)
	}
	event.SetStatus(ics.ObjectStatusConfirmed)
	if e.Cancelled {
		event.SetStatus(ics.ObjectStatusCancelled)
	}
	return event
}

func mailto(address personal.Plain) string { return "mailto:" + string(address) }

// plainName is a name without the signs that parameters of properties do not hold
// unless they are quoted.
func plainName(name string) string {
	return strings.Join(strings.FieldsFunc(name, func(r rune) bool { return strings.ContainsRune(" \",;:\\^", r) || r < ' ' }), " ")
}
