package freebusy

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// day is a week in March in which clocks are put forward.
var (
	from = time.Date(2026, 3, 23, 0, 0, 0, 0, time.UTC)
	to   = time.Date(2026, 4, 6, 0, 0, 0, 0, time.UTC)
)

func calendarOf(lines ...string) string {
	return "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Test//EN\r\n" + strings.Join(lines, "\r\n") + "\r\nEND:VCALENDAR\r\n"
}

func eventOf(uid string, lines ...string) string {
	return "BEGIN:VEVENT\r\nUID:" + uid + "\r\nDTSTAMP:20260101T000000Z\r\nSUMMARY:Secret\r\n" + strings.Join(lines, "\r\n") + "\r\nEND:VEVENT"
}

// S2-40: of a calendar it is read when somebody is busy.
func TestParse(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, calendar string
		want           string // starts and ends in UTC
	}{
		{"an event", calendarOf(eventOf("a", "DTSTART:20260324T090000Z", "DTEND:20260324T100000Z")), "24 09:00-24 10:00"},
		{"by the clocks of a zone", calendarOf(eventOf("a", "DTSTART;TZID=Europe/Berlin:20260324T090000", "DURATION:PT1H30M")), "24 08:00-24 09:30"},
		{"by the clocks of the calendar", calendarOf("X-WR-TIMEZONE:Asia/Tokyo", eventOf("a", "DTSTART:20260324T090000", "DTEND:20260324T100000")), "24 00:00-24 01:00"},
		{"a whole day", calendarOf(eventOf("a", "DTSTART;VALUE=DATE:20260324")), "24 00:00-25 00:00"},
		{"free", calendarOf(eventOf("a", "DTSTART:20260324T090000Z", "DTEND:20260324T100000Z", "TRANSP:TRANSPARENT")), ""},
		{"cancelled", calendarOf(eventOf("a", "DTSTART:20260324T090000Z", "DTEND:20260324T100000Z", "STATUS:CANCELLED")), ""},
		{"tentative", calendarOf(eventOf("a", "DTSTART:20260324T090000Z", "DTEND:20260324T100000Z", "STATUS:TENTATIVE")), "24 09:00-24 10:00"},
		{"without end", calendarOf(eventOf("a", "DTSTART:20260324T090000Z")), ""},
		{"overlapping", calendarOf(
			eventOf("a", "DTSTART:20260324T090000Z", "DTEND:20260324T110000Z"), eventOf("b", "DTSTART:20260324T100000Z", "DTEND:20260324T103000Z"),
			eventOf("c", "DTSTART:20260324T110000Z", "DTEND:20260324T120000Z"),
		), "24 09:00-24 12:00"},
		{"over the edges", calendarOf(eventOf("a", "DTSTART:20260322T230000Z", "DTEND:20260323T010000Z"), eventOf("b", "DTSTART:20260405T230000Z", "DTEND:20260406T010000Z")), "23 00:00-23 01:00, 05 23:00-06 00:00"},
		{
			"every week, by clocks that are put forward",
			calendarOf(eventOf("a", "DTSTART;TZID=Europe/Berlin:20250106T090000", "DTEND;TZID=Europe/Berlin:20250106T100000", "RRULE:FREQ=WEEKLY;BYDAY=MO")),
			"23 08:00-23 09:00, 30 07:00-30 08:00",
		},
		{"over and over, three times", calendarOf(eventOf("a", "DTSTART:20260322T090000Z", "DTEND:20260322T100000Z", "RRULE:FREQ=DAILY;COUNT=3")), "23 09:00-23 10:00, 24 09:00-24 10:00"},
		{
			"all but some, one of which was moved",
			calendarOf(
				eventOf("a", "DTSTART:20260323T090000Z", "DTEND:20260323T100000Z", "RRULE:FREQ=DAILY;UNTIL=20260326T090000Z", "EXDATE:20260324T090000Z"),
				eventOf("a", "RECURRENCE-ID:20260325T090000Z", "DTSTART:20260325T140000Z", "DTEND:20260325T150000Z"),
			), "23 09:00-23 10:00, 25 14:00-25 15:00, 26 09:00-26 10:00",
		},
		{"on some days", calendarOf(eventOf("a", "DTSTART:20260301T090000Z", "DTEND:20260301T100000Z", "RDATE:20260324T090000Z,20260325T090000Z")), "24 09:00-24 10:00, 25 09:00-25 10:00"},
		{
			"free-busy times",
			calendarOf("BEGIN:VFREEBUSY", "UID:f", "DTSTAMP:20260101T000000Z", "FREEBUSY:20260324T090000Z/20260324T100000Z,20260325T090000Z/PT30M",
				"FREEBUSY;FBTYPE=FREE:20260326T090000Z/PT1H", "FREEBUSY;FBTYPE=BUSY-TENTATIVE:20260327T090000Z/PT1H", "END:VFREEBUSY"),
			"24 09:00-24 10:00, 25 09:00-25 09:30, 27 09:00-27 10:00",
		},
		{"nothing", calendarOf(), ""},
	} {
		busy, err := parse(t.Context(), tt.calendar, from, to)
		var got []string
		for _, i := range Merged(busy, from, to) {
			got = append(got, i.StartsAt.Format("02 15:04")+"-"+i.EndsAt.Format("02 15:04"))
		}
		if all := strings.Join(got, ", "); err != nil || all != tt.want {
			t.Errorf("%s: %q, %v; want %q", tt.name, all, err, tt.want)
		}
	}
	for name, calendar := range map[string]string{
		"no calendar":             "<html>",
		"a zone nobody knows":     calendarOf(eventOf("a", "DTSTART;TZID=Customized Time Zone:20260324T090000", "DURATION:PT1H")),
		"every second":            calendarOf(eventOf("a", "DTSTART:20200101T090000Z", "DURATION:PT1S", "RRULE:FREQ=SECONDLY")),
		"a recurrence of no rule": calendarOf(eventOf("a", "DTSTART:20200101T090000Z", "DURATION:PT1S", "RRULE:FREQ=OFTEN")),
		"a time that is none":     calendarOf(eventOf("a", "DTSTART:tomorrow", "DURATION:PT1S")),
		"before the calendar":     calendarOf(eventOf("a", "DTSTART:00000101T000000", "DURATION:PT1S", "RRULE:FREQ=WEEKLY")),
		"a duration that is none": calendarOf(eventOf("a", "DTSTART:20260324T090000Z", "DURATION:long")),
		"many parameters":         calendarOf(eventOf("a", "X"+strings.Repeat(";A=", 40_000)+":1", "DTSTART:20260324T090000Z")),
		"a period that is none":   calendarOf("BEGIN:VFREEBUSY", "UID:f", "FREEBUSY:20260324T090000Z", "END:VFREEBUSY"),
	} {
		if busy, err := parse(t.Context(), calendar, from, to); err == nil {
			t.Errorf("%s: %v", name, busy)
		}
	}
	over, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := parse(over, calendarOf(), from, to); !errors.Is(err, context.Canceled) {
		t.Errorf("read on when nobody waits: %v", err)
	}
}

func reading(server *httptest.Server, private bool) *Reader {
	return New(Options{Private: private, Roots: server.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs})
}

// A file is fetched, a collection is asked (RFC 4791, 7.10), with the password,
// which is not sent on to others; an answer counts for a while.
// A small calendar cannot have the reader count seconds, nor go on for ever.
func TestCalendarsThatGoOnTooLong(t *testing.T) {
	t.Parallel()
	list := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, "%d,", i)
		}
		return strings.TrimSuffix(b.String(), ",")
	}
	every := "RRULE:FREQ=DAILY;BYHOUR=" + list(24) + ";BYMINUTE=" + list(60)
	var events []string
	for i := range 1000 {
		events = append(events, eventOf(fmt.Sprint(i), "DTSTART:20200101T000000Z", "DURATION:PT1M", "RRULE:FREQ=DAILY;BYHOUR="+list(24)))
	}
	for name, calendar := range map[string]string{
		"every minute": calendarOf(eventOf("a", "DTSTART:20260101T000000Z", "DURATION:PT1M", every)),
		"every second": calendarOf(eventOf("a", "DTSTART:20260101T000000Z", "DURATION:PT1M", every+";BYSECOND="+list(60))),
		"many events":  calendarOf(events...),
	} {
		if got, err := parse(t.Context(), calendar, time.Date(2026, 3, 23, 0, 0, 0, 0, time.UTC), time.Date(2026, 3, 30, 0, 0, 0, 0, time.UTC)); err == nil {
			t.Errorf("%s: %d intervals", name, len(got))
		}
	}
}

func TestReading(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	file := calendarOf(eventOf("a", "DTSTART:20260324T090000Z", "DTEND:20260324T100000Z"))
	elsewhere := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "" {
			t.Error("the password is sent on to another host")
		}
		_, _ = io.WriteString(w, file)
	}))
	defer elsewhere.Close()
	plain := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("asked without TLS") }))
	defer plain.Close()
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		user, password, _ := r.BasicAuth()
		body, _ := io.ReadAll(r.Body)
		switch r.URL.Path {
		case "/file.ics":
			_, _ = io.WriteString(w, file)
		case "/dav/ana/":
			if user != "ana" || password != "secret" {
				w.WriteHeader(http.StatusUnauthorized)
				return
			}
			if r.Method != "REPORT" || r.Header.Get("Depth") != "1" || !strings.Contains(string(body), `start="20260323T000000Z" end="20260406T000000Z"`) {
				t.Errorf("asked %s %v %s", r.Method, r.Header, body)
			}
			_, _ = io.WriteString(w, calendarOf("BEGIN:VFREEBUSY", "UID:f", "FREEBUSY:20260325T090000Z/PT1H", "END:VFREEBUSY"))
		case "/moved":
			http.Redirect(w, r, elsewhere.URL+"/file.ics", http.StatusFound)
		case "/down":
			http.Redirect(w, r, plain.URL, http.StatusFound)
		case "/round":
			http.Redirect(w, r, "/round", http.StatusFound)
		case "/large":
			_, _ = io.Copy(w, io.LimitReader(zeros{}, MaxBytes+2))
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	defer server.Close()
	r := reading(server, true)
	get := func(a Address) ([]Interval, error) {
		a.ID += a.URL
		a.URL = server.URL + a.URL
		return r.Busy(t.Context(), a, from, to)
	}
	at := func(day int) []Interval {
		return []Interval{{time.Date(2026, 3, day, 9, 0, 0, 0, time.UTC), time.Date(2026, 3, day, 10, 0, 0, 0, time.UTC)}}
	}
	for range 2 {
		if got, err := get(Address{URL: "/file.ics"}); err != nil || !reflect.DeepEqual(got, at(24)) {
			t.Errorf("a file: %v, %v", got, err)
		}
	}
	if n := asked.Load(); n != 1 {
		t.Errorf("asked %d times within a minute", n)
	}
	if got, err := get(Address{URL: "/dav/ana/", CalDAV: true, User: "ana", Password: "secret"}); err != nil || !reflect.DeepEqual(got, at(25)) {
		t.Errorf("a collection: %v, %v", got, err)
	}
	if got, err := get(Address{ID: "2", URL: "/dav/ana/", CalDAV: true, User: "ana", Password: "wrong"}); err == nil {
		t.Errorf("with another password: %v", got)
	}
	if got, err := get(Address{URL: "/moved", User: "ana", Password: "secret"}); err != nil || !reflect.DeepEqual(got, at(24)) {
		t.Errorf("redirected: %v, %v", got, err)
	}
	for _, path := range []string{"/down", "/round", "/large", "/nothing"} {
		got, err := get(Address{URL: path})
		if err == nil || strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v, %v", path, got, err)
		}
	}
	if got, err := r.Busy(t.Context(), Address{URL: plain.URL}, from, to); err == nil {
		t.Errorf("without TLS: %v", got)
	}
	if got, err := r.Busy(t.Context(), Address{URL: server.URL}, from, from.Add(MaxSpan+1)); err == nil {
		t.Errorf("of too long: %v", got)
	}
	ended, end := context.WithCancel(t.Context())
	end()
	if got, err := r.Busy(ended, Address{ID: "e", URL: server.URL + "/file.ics"}, from, to); err == nil {
		t.Errorf("after the end: %v", got)
	}
}

// Nobody's calendar makes this machine ask itself or its neighbours.
func TestAddressesOfOurOwn(t *testing.T) {
	t.Parallel()
	server := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("asked") }))
	defer server.Close()
	for _, host := range []string{"127.0.0.1", "localhost"} {
		if _, err := reading(server, false).Busy(t.Context(), Address{URL: strings.Replace(server.URL, "127.0.0.1", host, 1)}, from, to); err == nil {
			t.Errorf("%s was asked", host)
		}
	}
	for _, own := range []string{
		"127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "0.0.0.0", "0.1.2.3", "100.64.0.1", "224.0.0.1", "255.255.255.255", "198.18.0.1",
		"::1", "::", "fe80::1", "fd00::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "::127.0.0.1", "fec0::1",
	} {
		if err := reachable(fmt.Sprintf("[%s]:443", own), false); err == nil {
			t.Errorf("%s is reachable", own)
		}
	}
	for _, world := range []string{"1.1.1.1:443", "[2606:4700:4700::1111]:443", "8.8.8.8:8443"} {
		if err := reachable(world, false); err != nil {
			t.Errorf("%s: %v", world, err)
		}
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func FuzzParse(f *testing.F) {
	f.Add(calendarOf(eventOf("a", "DTSTART;TZID=Europe/Berlin:20260106T090000", "DURATION:PT1H", "RRULE:FREQ=WEEKLY;BYDAY=MO;COUNT=9", "EXDATE:20260113T090000")))
	f.Add(calendarOf("BEGIN:VFREEBUSY", "FREEBUSY:20260325T090000Z/PT1H", "END:VFREEBUSY"))
	f.Add(calendarOf(eventOf("a", "DTSTART:00000101T000000", "DURATION:PT1S", "RRULE:FREQ=WEEKLY")))
	f.Fuzz(func(t *testing.T, text string) {
		busy, err := parse(t.Context(), text, from, to)
		if err != nil {
			return
		}
		all := Merged(busy, from, to)
		for i, b := range all {
			if !b.StartsAt.Before(b.EndsAt) || b.StartsAt.Before(from) || b.EndsAt.After(to) || i > 0 && !all[i-1].EndsAt.Before(b.StartsAt) {
				t.Errorf("busy %v", all)
			}
		}
	})
}
