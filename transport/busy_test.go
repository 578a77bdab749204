package transport

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/hirelog/hirelog/internal/freebusy"
)

// S2-34..41, S2-40: when participants are busy is read from the calendars they
// name, a file or a CalDAV collection, and shown before an interview is planned,
// which it never forbids. Nobody is shown with what somebody is busy, nor where
// their calendar is. H2
func TestBusyTimes(t *testing.T) {
	t.Parallel()
	soon := time.Now().UTC().AddDate(0, 0, 5).Truncate(24 * time.Hour)
	at := func(hour int) time.Time { return soon.Add(time.Duration(hour) * time.Hour) }
	const form = "20060102T150405Z"
	calendars := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		switch {
		case r.Method == http.MethodGet && r.URL.Path == "/secret.ics":
			_, _ = io.WriteString(w, "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VEVENT\r\nUID:a\r\nSUMMARY:Dentist\r\nDTSTART:"+at(-24*7+9).Format(form)+
				"\r\nDURATION:PT1H\r\nRRULE:FREQ=WEEKLY\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n")
		case r.Method == "REPORT" && user == "rita" && password == "pass word":
			_, _ = io.WriteString(w, "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VFREEBUSY\r\nUID:f\r\nFREEBUSY:"+at(11).Format(form)+"/PT2H\r\nEND:VFREEBUSY\r\nEND:VCALENDAR\r\n")
		default:
			w.WriteHeader(http.StatusUnauthorized)
		}
	}))
	defer calendars.Close()
	w := newWorld(t, func(o *Options) {
		o.Queries.Calendars = freebusy.New(freebusy.Options{Private: true, Roots: calendars.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs})
	})
	v, other := w.vacancy("Engineer"), w.vacancy("Nurse")
	rita := w.post(w.admin, "/v1/members", map[string]any{"name": "Rita", "role": "recruiting"}).made()
	mine := w.tokenOf(rita)
	own := func(token string, body map[string]any) reply { return w.put(token, "/v1/me/busy-address", body) }
	for _, wrong := range []string{"http://calendar.example/a", "https://a:b@calendar.example/a", "https:///a", "file:///etc/passwd", "calendar.example"} {
		own(mine, map[string]any{"kind": "calendar", "address": wrong}).want(http.StatusUnprocessableEntity)
	}
	own(v.manager, map[string]any{"kind": "calendar", "address": calendars.URL + "/secret.ics"}).want(http.StatusOK)
	own(mine, map[string]any{"kind": "caldav", "address": calendars.URL + "/dav/", "user": "rita", "password": "wrong"}).want(http.StatusOK)
	times := func(token string, from, to time.Time) []any {
		q := url.Values{"participant_id": {v.member, rita, other.member}, "from": {from.Format(time.RFC3339)}, "to": {to.Format(time.RFC3339)}}
		got := w.get(token, "/v1/busy-times?"+q.Encode()).want(http.StatusOK)
		if strings.Contains(string(got.body), "Dentist") || strings.Contains(string(got.body), calendars.URL) {
			t.Errorf("it says too much: %s", got.body)
		}
		return got.at("items").([]any)
	}
	of := func(items []any, member string) (known bool, busy []any) {
		for _, i := range items {
			if i := i.(map[string]any); i["member_id"] == member {
				return i["calendar_known"].(bool), i["busy"].([]any)
			}
		}
		t.Fatalf("nothing of %s", member)
		return false, nil
	}
	begins := func(busy []any) string {
		var all []string
		for _, b := range busy {
			all = append(all, strings.TrimSuffix(b.(map[string]any)["starts_at"].(string)[11:], ":00Z"))
		}
		return strings.Join(all, " ")
	}
	items := times(v.manager, at(0), at(24))
	if known, busy := of(items, v.member); !known || begins(busy) != "09:00" {
		t.Errorf("a file: %v", items)
	}
	if known, busy := of(items, rita); known || len(busy) != 0 {
		t.Errorf("by a wrong password: %v", items)
	}
	if known, _ := of(items, other.member); known {
		t.Errorf("without calendar: %v", items)
	}
	own(mine, map[string]any{"kind": "caldav", "address": calendars.URL + "/dav/", "user": "rita", "password": "pass word"}).want(http.StatusOK)
	if known, busy := of(times(v.manager, at(0), at(24)), rita); !known || begins(busy) != "11:00" {
		t.Errorf("a collection: %v", busy)
	}
	if got := w.get(mine, "/v1/me/busy-address").want(http.StatusOK); got.text("user") != "rita" || got.text("address") != calendars.URL+"/dav/" || strings.Contains(string(got.body), "pass word") {
		t.Errorf("one's own: %s", got.body)
	}
	if got := w.get(v.manager, "/v1/members/"+rita).body; strings.Contains(string(got), calendars.URL) {
		t.Errorf("others are shown the address: %s", got)
	}

	// What is planned in Hirelog counts too; its title is for who may view it.
	a := "/v1/applications/" + w.apply(v, "Grace", "Hopper")
	meeting := map[string]any{"title": "Trial day", "start": at(9).Format("2006-01-02T15:04"), "zone": "UTC", "minutes": 60, "participant_ids": []string{v.member, rita}}
	w.post(v.manager, a+"/interviews", meeting).made() // a clash forbids nothing
	if _, busy := of(times(v.manager, at(0), at(24)), rita); begins(busy) != "09:00 11:00" {
		t.Errorf("with an interview: %v", busy)
	}
	clashes := func(token string, hour int) string {
		q := url.Values{"participant_id": {v.member, rita}, "start": {at(hour).Format("2006-01-02T15:04")}, "zone": {"UTC"}, "minutes": {"30"}}
		var all []string
		for _, c := range w.get(token, "/v1/interview-clashes?"+q.Encode()).want(http.StatusOK).at("items").([]any) {
			c := c.(map[string]any)
			kind := "calendar"
			if c["interview_id"] != nil {
				kind = "interview"
			}
			if c["title"] != nil {
				kind = c["title"].(string)
			}
			all = append(all, kind)
		}
		return strings.Join(all, ", ")
	}
	if got := clashes(v.manager, 11); got != "calendar" {
		t.Errorf("at eleven: %q", got)
	}
	if got := clashes(v.manager, 9); strings.Count(got, "Trial day") != 2 || strings.Count(got, "calendar") != 1 {
		t.Errorf("at nine: %q", got)
	}
	if got := clashes(other.manager, 9); strings.Count(got, "interview") != 2 || strings.Contains(got, "Trial") {
		t.Errorf("at nine, to who may not view it: %q", got)
	}
	if got := clashes(v.manager, 15); got != "" {
		t.Errorf("at three: %q", got)
	}

	// Taken away, it is unknown again.
	w.delete(mine, "/v1/me/busy-address").want(http.StatusOK)
	if known, _ := of(times(v.manager, at(0), at(24)), rita); known {
		t.Error("read after it was taken away")
	}
	if got := w.get(mine, "/v1/me/busy-address").want(http.StatusOK); got.at("address") != nil {
		t.Errorf("taken away: %s", got.body)
	}
	q := url.Values{"participant_id": {rita}, "from": {at(0).Format(time.RFC3339)}, "to": {at(24 * 32).Format(time.RFC3339)}}
	w.get(v.manager, "/v1/busy-times?"+q.Encode()).problem(http.StatusUnprocessableEntity, "invalid")
	w.get("", "/v1/busy-times?"+q.Encode()).want(http.StatusUnauthorized)
}
