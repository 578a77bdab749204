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

// S2-41: what went on from another application is one event, as it is now.
func TestPublished(t *testing.T) {
	was := talk
	was.Cancelled, was.Sequence = true, 1
	c := parse(t, calendar.Published(now, was, talk, calendar.Event{ID: "i2", Starts: now, Ends: now}))
	if len(c.Events()) != 2 || c.Events()[0].GetProperty(ics.ComponentPropertyStatus).Value != "CONFIRMED" {
		t.Errorf("%s", c.Serialize())
	}
}
