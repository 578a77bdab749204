package calendar_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	ics "github.com/arran4/golang-ical"

	"github.com/hirelog/hirelog/internal/calendar"
)

// calendarWith is a calendar of one event with lines.
func calendarWith(lines ...string) string {
	return "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n" + strings.Join(lines, "\r\n") + "\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
}

// H1: what would take long by more than its length is refused before it is read, and
// what people's programs write is not.
func TestParse(t *testing.T) {
	t.Parallel()
	for name, object := range map[string]string{
		"many parameters":          calendarWith("X" + strings.Repeat(";A=", 20_000) + ":1"),
		"many values of one":       calendarWith("X;A=" + strings.Repeat("b,", 20_000) + "b:1"),
		"many in folded lines":     calendarWith("X" + strings.Repeat(";A=b\r\n ;A=c\n\t", 100) + ":1"),
		"behind quotation marks":   calendarWith(`X;A=":";B="\";C="` + strings.Repeat(";A=", 100) + ":1"),
		"behind what is quoted":    calendarWith(`X;A=\:` + strings.Repeat(";A=", 100) + ":1"),
		"behind characters":        calendarWith("::;X;::A=b" + strings.Repeat(";A=", 100) + ":1"),
		"a long parameter":         calendarWith("X;A=" + strings.Repeat("b", 5_000) + ":1"),
		"components in components": calendarWith(strings.Repeat("BEGIN:A\n", 5_000) + strings.Repeat("END:A\n", 5_000)),
		"many lines":               calendarWith(strings.Repeat("X:1\n", calendar.MaxLines)),
		"no calendar":              "Hello",
	} {
		if c, err := calendar.Parse(t.Context(), object); err == nil {
			t.Errorf("%s: it is read as %d components", name, len(c.Components))
		}
	}
	for name, object := range map[string]string{
		"some parameters":      calendarWith(`ATTENDEE;CUTYPE=INDIVIDUAL;ROLE=REQ-PARTICIPANT;CN="Ada: King; Countess, of";MEMBER="mailto:a@b.example","mailto:c@d.example";PARTSTAT=ACCEPTED:mailto:a@b.example`),
		"a long value":         calendarWith("DESCRIPTION:" + strings.Repeat("a\\;b\\,c:d", 20_000)),
		"long, folded":         calendarWith("DESCRIPTION:" + strings.Repeat(strings.Repeat("x", 70)+"\r\n ", 1_000)),
		"an alarm of an event": calendarWith("BEGIN:VALARM", "TRIGGER:-PT5M", "END:VALARM"),
		"many components":      "BEGIN:VCALENDAR\n" + strings.Repeat("BEGIN:VEVENT\nBEGIN:VALARM\nEND:VALARM\nEND:VEVENT\n", 100) + "END:VCALENDAR",
		"a mark at the start":  "\ufeff" + calendarWith("UID:1"),
	} {
		if _, err := calendar.Parse(t.Context(), object); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	over, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := calendar.Parse(over, calendarWith("UID:1")); !errors.Is(err, context.Canceled) {
		t.Errorf("read on when nobody waits: %v", err)
	}
}

// What passes has no line that the library finds more parameters in than are read.
func FuzzParse(f *testing.F) {
	for _, object := range []string{"", reply(), calendarWith("X" + strings.Repeat(";A=", 20_000) + ":1"), calendarWith(`X;A=":";B=\",c:1`), strings.Repeat("BEGIN:A\n", 5_000)} {
		f.Add(object)
	}
	f.Fuzz(func(t *testing.T, object string) {
		c, err := calendar.Parse(t.Context(), object)
		if err != nil {
			return
		}
		var lines []ics.BaseProperty
		for _, p := range c.CalendarProperties {
			lines = append(lines, p.BaseProperty)
		}
		for _, component := range c.Components {
			for _, p := range component.UnknownPropertiesIANAProperties() {
				lines = append(lines, p.BaseProperty)
			}
		}
		for _, line := range lines {
			values := 0
			for _, v := range line.ICalParameters {
				values += len(v)
			}
			if values > 50 {
				t.Errorf("%s has %d values", line.IANAToken, values)
			}
		}
	})
}
