package calendar_test

import (
	"strings"
	"testing"
	"time"

	ics "github.com/arran4/golang-ical"

	"github.com/hirelog/hirelog/internal/calendar"
)

var (
	now  = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	talk = calendar.Event{
		ID: "i1", Sequence: 2, Starts: now.Add(24 * time.Hour), Ends: now.Add(25 * time.Hour), Title: "Talk; with, \"signs\"", Description: "one\ntwo", Place: "Room 7", Link: "https://meet.example/7",
	}
)

func parse(t *testing.T, object string) *ics.Calendar {
	t.Helper()
	c, err := ics.ParseCalendar(strings.NewReader(object))
	if err != nil {
		t.Fatalf("%v: %s", err, object)
	}
	return c
}

// S1-35, S2-34: an invitation says what, when and where, who asks and who is
// asked; the cancellation is of the same event. Whatever is written in it stays
// one line of the object.
func TestMailed(t *testing.T) {
	organiser := calendar.Person{Name: "Example, Ltd.; \"Best\"\r\nX-EVIL:1", Email: "reply-x@example.com"}
	for _, c := range []struct {
		method calendar.Method
		answer calendar.Answer
		want   []string
	}{
		{calendar.Request, "", []string{"METHOD:REQUEST", "STATUS:CONFIRMED", "PARTSTAT=NEEDS-ACTION", "RSVP=true"}},
		{calendar.Request, calendar.Tentative, []string{"METHOD:REQUEST", "STATUS:CONFIRMED", "PARTSTAT=TENTATIVE", "RSVP=true"}},
		{calendar.Cancel, calendar.Accepted, []string{"METHOD:CANCEL", "STATUS:CANCELLED", "PARTSTAT=ACCEPTED", "RSVP=false"}},
	} {
		object := string(calendar.Mailed(now, c.method, talk, organiser, calendar.Attendee{Email: "ada@example.com", Answer: c.answer}))
		e := parse(t, object).Events()[0]
		unfolded := strings.ReplaceAll(object, "\r\n ", "")
		for _, says := range append(c.want, "UID:i1@hirelog", "SEQUENCE:2", "mailto:ada@example.com", "ORGANIZER;CN=Example Ltd. Best X-EVIL 1:mailto:reply-x@example.com", "DTSTAMP:20260302T090000Z") {
			if !strings.Contains(unfolded, says) {
				t.Errorf("%q is not in %s", says, unfolded)
			}
		}
		if strings.Contains(object, "\nX-EVIL") {
			t.Errorf("somebody wrote a property: %s", object)
		}
		if from, err := e.GetStartAt(); err != nil || !from.Equal(talk.Starts) {
			t.Errorf("it starts %v, %v", from, err)
		}
		if e.GetProperty(ics.ComponentPropertySummary).Value != string(talk.Title) || e.GetProperty(ics.ComponentPropertyLocation).Value != "Room 7 https://meet.example/7" {
			t.Errorf("%s", object)
		}
	}
}

// S2-41: while an application goes on as another one, what is planned is planned
// there and here; it is one event, that of the other one, which has the higher
// sequence, wherever it stands in the list.
func TestPublished(t *testing.T) {
	here, off := talk, calendar.Event{ID: "i2", Sequence: 1, Starts: now, Ends: now, Cancelled: true}
	here.Sequence, here.Place = talk.Sequence-1, "Room 6"
	for _, listed := range [][]calendar.Event{{here, talk, off}, {talk, here, off}, {off, talk, here}} {
		status := map[string]string{}
		c := parse(t, calendar.Published(now, listed...))
		for _, e := range c.Events() {
			status[e.Id()+" "+e.GetProperty(ics.ComponentPropertySequence).Value] += e.GetProperty(ics.ComponentPropertyStatus).Value
		}
		if len(c.Events()) != 2 || status["i1@hirelog 2"] != "CONFIRMED" || status["i2@hirelog 1"] != "CANCELLED" {
			t.Errorf("%s", c.Serialize())
		}
	}
}
