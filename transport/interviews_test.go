package transport

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	ics "github.com/arran4/golang-ical"

	"github.com/hirelog/hirelog/commands"
	"github.com/hirelog/hirelog/domain/access"
)

// wall is the wall time in UTC some hours from now.
func wall(hours int) string {
	return time.Now().UTC().Add(time.Duration(hours) * time.Hour).Format("2006-01-02T15:04")
}

func meeting(v vacancy, hours int) map[string]any {
	return map[string]any{
		"title": "Technical interview", "description": "Bring a laptop", "place": "Room 7", "link": "https://meet.example/7",
		"start": wall(hours), "zone": "UTC", "minutes": 60, "participant_ids": []string{v.member},
	}
}

// S1-24..36, S2-34..38: what is scheduled, changed, cancelled, completed and
// missed, as members and the candidate see it.
func TestInterviews(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vacancy("Engineer")
	a := "/v1/applications/" + w.apply(v, "Grace", "Hopper")
	w.settings(map[string]any{"self_tracking": true})
	later := a + "/interviews/" + w.post(v.manager, a+"/interviews", meeting(v, 200)).made()
	sooner := a + "/interviews/" + w.post(v.manager, a+"/interviews", with(meeting(v, 100), map[string]any{"title": "Coffee"})).made()
	hidden := w.post(v.manager, a+"/interviews", with(meeting(v, 150), map[string]any{"candidate_visible": false, "title": "Between us"})).made()
	past := a + "/interviews/" + w.post(v.manager, a+"/interviews", with(meeting(v, -50), map[string]any{"recorded_afterwards": true, "title": "Phone"})).made()
	w.post(v.manager, a+"/interviews", meeting(v, -1)).problem(http.StatusUnprocessableEntity, "invalid")
	w.post(v.manager, a+"/interviews", with(meeting(v, 1), map[string]any{"minutes": 0})).problem(http.StatusUnprocessableEntity, "invalid")
	w.post(v.manager, a+"/interviews", with(meeting(v, 1), map[string]any{"organiser": v.member})).problem(http.StatusUnprocessableEntity, "invalid") // H3
	w.post(v.manager, a+"/interviews", with(meeting(v, 1), map[string]any{"start": "2031-03-30T02:30", "zone": "Europe/Berlin"})).problem(http.StatusUnprocessableEntity, "no_such_time")

	titles := func(path, field string) string {
		t.Helper()
		var all []string
		got := w.get(v.manager, path).want(http.StatusOK)
		for _, i := range got.at(field).([]any) {
			item := i.(map[string]any)
			all = append(all, item["title"].(string)+" "+item["status"].(string))
		}
		return strings.Join(all, ", ")
	}
	if got, want := titles(a+"/interviews", "items"), "Coffee upcoming, Between us upcoming, Technical interview upcoming, Phone expired"; got != want {
		t.Errorf("interviews: %s, want %s", got, want)
	}
	if got, want := titles(a+"/candidate-view", "interviews"), "Coffee upcoming, Technical interview upcoming, Phone expired"; got != want {
		t.Errorf("the candidate's page: %s, want %s", got, want)
	}
	page := w.get(v.manager, a+"/candidate-view")
	if page.text("interviews.0.place") != "Room 7" || page.text("interviews.0.interviewers.0") != "Manager of Engineer" || page.at("interviews.0.minutes") != 60.0 {
		t.Errorf("the candidate's page %s", page.body)
	}

	w.post(v.manager, sooner+"/complete", nil).problem(http.StatusConflict, "interview_not_started")
	w.post(v.manager, past+"/complete", nil).want(http.StatusOK)
	w.post(v.manager, past+"/complete", nil).want(http.StatusOK)
	w.post(v.manager, past+"/no-show", nil).want(http.StatusOK)
	w.post(v.manager, later+"/reschedule", map[string]any{"start": wall(90), "zone": "Europe/Berlin", "minutes": 45, "link": "https://meet.example/8"}).want(http.StatusOK)
	w.put(v.manager, later, map[string]any{"title": "Longer talk", "participant_ids": []string{v.member}, "candidate_visible": true}).want(http.StatusOK)
	w.post(v.manager, sooner+"/cancel", map[string]string{"reason": "She is ill"}).want(http.StatusOK)
	w.post(v.manager, sooner+"/cancel", map[string]string{"reason": "again"}).want(http.StatusOK)
	w.post(v.manager, sooner+"/reschedule", map[string]any{"start": wall(90), "zone": "UTC", "minutes": 45}).problem(http.StatusConflict, "interview_settled")
	if got, want := titles(a+"/candidate-view", "interviews"), "Longer talk upcoming, Coffee cancelled, Phone no_show"; got != want {
		t.Errorf("the candidate's page: %s, want %s", got, want)
	}
	if page := w.get(v.manager, a+"/candidate-view"); strings.Contains(string(page.body), "She is ill") || strings.Contains(string(page.body), "Between us") {
		t.Errorf("the candidate's page says too much: %s", page.body)
	}
	if got := w.get(v.manager, later).want(http.StatusOK); got.text("zone") != "Europe/Berlin" || got.at("place") != nil || got.text("link") != "https://meet.example/8" || got.at("minutes") != 45.0 {
		t.Errorf("interview %s", got.body)
	}
	if got := w.get(v.manager, a+"/timeline").want(http.StatusOK); got.text("items.0.kind") != "interview_cancelled" || got.text("items.0.interview.id") != sooner[len(a)+len("/interviews/"):] {
		t.Errorf("timeline %s", got.body)
	}

	// H2, H7: not through another application, and not from another job.
	other := "/v1/applications/" + w.apply(v, "Ada", "Lovelace")
	w.post(v.manager, other+"/interviews/"+hidden+"/cancel", map[string]string{}).problem(http.StatusNotFound, "unknown_interview")
	w.get(v.manager, other+"/interviews/"+hidden).problem(http.StatusNotFound, "not_found")
	outsider := w.vacancy("Writer").manager
	w.post(outsider, a+"/interviews", meeting(v, 5)).problem(http.StatusNotFound, "unknown_application")
	w.get(outsider, a+"/interviews").problem(http.StatusNotFound, "not_found")
	w.get(outsider, later+"/calendar").problem(http.StatusNotFound, "not_found")

	reason := commands.FirstReason("Position filled")
	w.post(v.manager, a+"/disqualify", map[string]string{"kind": "rejected", "reason_id": reason}).want(http.StatusOK)
	w.post(v.manager, a+"/interviews", meeting(v, 5)).problem(http.StatusConflict, "application_closed")
	w.post(v.manager, a+"/anonymise", nil).want(http.StatusOK)
	got := w.get(v.manager, a+"/interviews").want(http.StatusOK)
	for _, gone := range []string{"Coffee", "Longer", "laptop", "Room 7", "meet.example", "She is ill"} {
		if strings.Contains(string(got.body), gone) {
			t.Errorf("after erasure it says %q: %s", gone, got.body)
		}
	}
	if len(got.at("items").([]any)) != 4 || got.at("items.0.minutes") == nil {
		t.Errorf("times did not stay: %s", got.body)
	}
}

// S1-36: whoever may only view interviews changes nothing but their own answer.
// S2-107: answers and offered times.
func TestAnswersToInterviews(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vacancy("Engineer")
	a := "/v1/applications/" + w.apply(v, "Grace", "Hopper")
	ina, id := w.colleague(v, "Ina Interviewer", "Interviewer")
	slot := wall(130)
	i := a + "/interviews/" + w.post(v.manager, a+"/interviews", with(meeting(v, 100), map[string]any{"participant_ids": []string{v.member, id}, "slots": []string{slot}})).made()
	w.post(ina, a+"/interviews", meeting(v, 100)).problem(http.StatusForbidden, "denied")
	w.post(ina, i+"/cancel", map[string]string{}).problem(http.StatusForbidden, "denied")
	w.post(ina, i+"/answer", map[string]string{"answer": "accepted"}).problem(http.StatusForbidden, "denied") // the candidate's
	w.post(ina, i+"/answer", map[string]string{"answer": "accepted", "participant_id": v.member}).problem(http.StatusForbidden, "denied")
	w.post(ina, i+"/answer", map[string]string{"answer": "tentative", "participant_id": id}).want(http.StatusOK)
	got := w.get(ina, i).want(http.StatusOK)
	if got.text("participants.1.answer.answer") != "tentative" || got.at("candidate_answer") != nil || got.text("slots.0") != slot {
		t.Errorf("interview %s", got.body)
	}
	w.post(v.manager, i+"/answer", map[string]string{"answer": "accepted", "slot": wall(131)}).problem(http.StatusUnprocessableEntity, "unknown_slot")
	w.post(v.manager, i+"/answer", map[string]string{"answer": "accepted", "slot": slot}).want(http.StatusOK)
	got = w.get(ina, i).want(http.StatusOK)
	if got.text("start") != slot || got.text("candidate_answer.answer") != "accepted" || got.at("participants.1.answer") != nil || len(got.at("slots").([]any)) != 0 {
		t.Errorf("interview %s", got.body)
	}
	w.post(v.manager, i+"/answer", map[string]string{"answer": "perhaps"}).problem(http.StatusUnprocessableEntity, "invalid")
}

// S2-39, S2-81: participation gives the role that was named, and ends after the
// interview; nobody gives more than they have.
func TestParticipationGivesAccess(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vacancy("Engineer")
	a := "/v1/applications/" + w.apply(v, "Grace", "Hopper")
	guest := w.post(w.admin, "/v1/members", map[string]string{"name": "Gus Guest", "role": "recruiting"}).made()
	token := w.tokenOf(guest)
	w.get(token, a).problem(http.StatusNotFound, "not_found")
	role := commands.FirstRole("Interviewer")
	body := with(meeting(v, 100), map[string]any{"participant_ids": []string{guest}, "recruiting_role_id": role})
	plain := w.role("Scheduler", map[access.Area]string{access.Application: "view", access.Interviews: "edit"})
	scheduler := w.post(w.admin, "/v1/members", map[string]string{"name": "Sam Scheduler", "role": "recruiting"}).made()
	team := w.directory.Job(v.id).Team
	w.put(w.admin, "/v1/jobs/"+v.id+"/hiring-team", map[string]any{"hiring_team": []map[string]any{
		{"member_id": team[0].Member, "recruiting_role_id": team[0].Role, "recruitment_manager": true}, {"member_id": scheduler, "recruiting_role_id": plain},
	}}).want(http.StatusOK)
	w.post(w.tokenOf(scheduler), a+"/interviews", body).problem(http.StatusForbidden, "denied")
	i := a + "/interviews/" + w.post(v.manager, a+"/interviews", body).made()
	w.get(token, a).want(http.StatusOK)
	if mine := w.get(token, "/v1/me/interviews").want(http.StatusOK); mine.text("items.0.title") != "Technical interview" {
		t.Errorf("mine %s", mine.body)
	}
	w.settings(map[string]any{"access_after_days": 0})
	w.post(v.manager, i+"/cancel", map[string]string{}).want(http.StatusOK)
	w.get(token, a).problem(http.StatusNotFound, "not_found")
	if mine := w.get(token, "/v1/me/interviews").want(http.StatusOK); len(mine.at("items").([]any)) != 0 {
		t.Errorf("mine %s", mine.body)
	}
	w.settings(map[string]any{"access_after_days": 14})
	// Of a closed application nothing that happens later would end it.
	closed := "/v1/applications/" + w.apply(v, "Ada", "Lovelace")
	w.post(v.manager, closed+"/disqualify", map[string]string{"kind": "rejected", "reason_id": commands.FirstReason("Position filled")}).want(http.StatusOK)
	w.post(v.manager, closed+"/interviews", with(body, map[string]any{"recorded_afterwards": true, "start": "2026-01-05T10:00"})).made()
	if got := w.get(v.manager, closed+"/access").want(http.StatusOK); !strings.Contains(string(got.body), `"until":"20`) {
		t.Errorf("access by an interview of a closed application %s", got.body)
	}
}

// S2-40: clashes before scheduling. S2-41: an interview as a file for calendars.
func TestCalendars(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vacancy("Engineer")
	a := "/v1/applications/" + w.apply(v, "Grace", "Hopper")
	_, other := w.colleague(v, "Ina Interviewer", "Interviewer")
	i := w.post(v.manager, a+"/interviews", with(meeting(v, 100), map[string]any{"title": "Talk; with, signs", "description": "one\ntwo"})).made()
	clashes := func(start, zone string) []any {
		t.Helper()
		q := url.Values{"start": {start}, "zone": {zone}, "minutes": {"30"}, "participant_id": {v.member, other}}
		return w.get(v.manager, "/v1/interview-clashes?"+q.Encode()).want(http.StatusOK).at("items").([]any)
	}
	starts, err := time.Parse("2006-01-02T15:04", w.get(v.manager, a+"/interviews/"+i).text("start"))
	if err != nil {
		t.Fatal(err)
	}
	at := func(minutes int) string {
		return starts.Add(time.Duration(minutes) * time.Minute).Format("2006-01-02T15:04")
	}
	for start, want := range map[string]int{at(-30): 0, at(-29): 1, at(59): 1, at(60): 0} {
		if got := clashes(start, "UTC"); len(got) != want || want > 0 && (got[0].(map[string]any)["member_id"] != v.member || got[0].(map[string]any)["title"] != "Talk; with, signs") {
			t.Errorf("at %s: %v, want %d", start, got, want)
		}
	}
	if got := clashes(at(9*60), "Asia/Tokyo"); len(got) != 1 { // the same instant there
		t.Errorf("in another zone: %v", got)
	}
	w.get(v.manager, "/v1/interview-clashes?zone=UTC&minutes=30").want(http.StatusUnprocessableEntity)

	file := w.get(v.manager, a+"/interviews/"+i+"/calendar").want(http.StatusOK)
	if file.header.Get("Content-Type") != "text/calendar; charset=utf-8" || !strings.HasPrefix(file.header.Get("Content-Disposition"), "attachment") {
		t.Errorf("headers %v", file.header)
	}
	c, err := ics.ParseCalendar(strings.NewReader(string(file.body)))
	if err != nil || len(c.Events()) != 1 {
		t.Fatalf("calendar %s: %v", file.body, err)
	}
	e := c.Events()[0]
	if from, err := e.GetStartAt(); err != nil || !from.Equal(starts) {
		t.Errorf("starts %v, %v; want %v", from, err, starts)
	}
	if got := e.GetProperty(ics.ComponentPropertySummary).Value; got != "Talk; with, signs" || e.Id() != i+"@hirelog" {
		t.Errorf("event %s: %q", e.Id(), got)
	}
	w.post(v.manager, a+"/interviews/"+i+"/cancel", map[string]string{}).want(http.StatusOK)
	if got := clashes(at(0), "UTC"); len(got) != 0 {
		t.Errorf("a cancelled interview clashes: %v", got)
	}
	if file := w.get(v.manager, a+"/interviews/"+i+"/calendar"); !strings.Contains(string(file.body), "STATUS:CANCELLED") {
		t.Errorf("calendar %s", file.body)
	}
}
