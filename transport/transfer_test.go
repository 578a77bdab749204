package transport

import (
	"bytes"
	"net/http"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	ics "github.com/arran4/golang-ical"

	"github.com/hirelog/hirelog/commands"
)

// S2-93, S2-86: an application is assigned to another job, goes on there with all
// that was still to come, and shows what was before. S1-16..20: the candidate
// sees one application, the one that goes on.
func TestAssignToAnotherJob(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.settings(map[string]any{"self_tracking": true})
	v, other := w.vacancy("Engineer"), w.vacancy("Writer")
	old := w.apply(v, "Grace", "Hopper")
	a := "/v1/applications/" + old
	w.post(v.manager, a+"/tags", map[string]string{"label": "Senior"}).made()
	w.put(v.manager, a+"/priority", map[string]bool{"priority": true}).want(http.StatusOK)
	w.post(v.manager, a+"/notes", map[string]any{"text": "Knows compilers", "candidate_can_view": true}).made()
	w.post(v.manager, a+"/comments", map[string]any{"text": "Better as a writer"}).made()
	cv := w.post(v.manager, a+"/documents", newForm("cv").file("cv.txt", "My whole life")).made()
	w.post(v.manager, a+"/document-requests", map[string]any{"title": "Diploma", "category": "certificate"}).made()
	form, _, _ := w.form("Talks", false)
	talk := a + "/interviews/" + w.post(v.manager, a+"/interviews", meeting(v, 100)).made()
	w.put(v.manager, talk, map[string]any{"title": "Technical interview", "participant_ids": []string{v.member, commands.FirstAdmin()}, "candidate_visible": true, "form_id": form}).want(http.StatusOK)
	w.post(v.manager, talk+"/invitation", nil).want(http.StatusOK)
	w.post(v.manager, talk+"/answer", map[string]string{"answer": "accepted"}).want(http.StatusOK)
	later := time.Now().Add(48 * time.Hour).UTC().Truncate(time.Second)
	waits := w.post(v.manager, a+"/messages", map[string]any{"subject": "Before we meet", "text": "Bring your laptop", "send_at": later}).made()
	var file string
	for _, d := range w.get(v.manager, a+"/documents").at("items").([]any) {
		if document := d.(map[string]any); document["id"] == cv {
			version := document["versions"].([]any)[0].(map[string]any)
			file = a + "/documents/" + cv + "/files/" + version["files"].([]any)[0].(map[string]any)["id"].(string)
		}
	}

	feed := w.post(w.admin, "/v1/members/"+commands.FirstAdmin()+"/tokens", map[string]any{"name": "Phone", "access": "calendar"}).want(http.StatusCreated).text("secret")
	listed := func(of string) []string { // in a calendar: what, which change of it, and how it stands
		t.Helper()
		w.settle()
		c, err := ics.ParseCalendar(bytes.NewReader(w.get(w.admin, of).want(http.StatusOK).body))
		if err != nil {
			t.Fatal(err)
		}
		var all []string
		for _, e := range c.Events() {
			all = append(all, strings.Join([]string{e.Id(), e.GetProperty(ics.ComponentPropertySequence).Value, e.GetProperty(ics.ComponentPropertyStatus).Value}, " "))
		}
		return all
	}
	uid := path.Base(talk) + "@hirelog"
	if got := listed("/v1/calendar/" + feed); !slices.Equal(got, []string{uid + " 1 CONFIRMED"}) {
		t.Errorf("the calendar has %v", got)
	}

	// H7: not by somebody who may only do so on one of the two jobs.
	body := map[string]string{"job_id": other.id, "reason": "She writes well"}
	w.post(v.manager, a+"/transfer", body).problem(http.StatusNotFound, "unknown_job")
	w.post(other.manager, a+"/transfer", body).problem(http.StatusNotFound, "unknown_application")
	w.post(w.admin, a+"/transfer", map[string]string{"job_id": v.id}).problem(http.StatusConflict, "same_job")

	once := call{method: http.MethodPost, path: a + "/transfer", token: w.admin, body: body, header: map[string]string{"Idempotency-Key": "one"}}
	next := w.do(once).made()
	if again := w.do(once).made(); again != next {
		t.Errorf("given again it is %s, was %s", again, next)
	}
	w.post(w.admin, a+"/transfer", body).problem(http.StatusConflict, "application_transferred")
	w.post(w.admin, a+"/requalify", map[string]string{"reason": "x"}).problem(http.StatusConflict, "application_transferred")
	w.post(w.admin, a+"/anonymise", nil).problem(http.StatusConflict, "application_transferred")

	was := w.get(v.manager, a).want(http.StatusOK)
	if was.text("outcome") != "transferred" || was.text("went_on_as.id") != next || was.text("went_on_as.url") != "/v1/applications/"+next || was.text("url") != a {
		t.Errorf("the old one is %s", was.body)
	}
	// The person's timeline has each event once, page by page.
	seen, cursor := map[string]bool{}, ""
	for pages := 0; pages == 0 || cursor != ""; pages++ {
		page := w.get(w.admin, a+"/timeline?of=person&limit=5&cursor="+cursor).want(http.StatusOK)
		for _, e := range page.at("items").([]any) {
			if id := e.(map[string]any)["id"].(string); seen[id] {
				t.Errorf("%s is there twice", id)
			} else {
				seen[id] = true
			}
		}
		cursor, _ = page.at("next_cursor").(string)
	}
	if whole := w.get(w.admin, a+"/timeline").at("items").([]any); len(seen) <= len(whole) {
		t.Errorf("%d entries of the person, %d of the old application", len(seen), len(whole))
	}
	b := "/v1/applications/" + next
	now := w.get(other.manager, b).want(http.StatusOK)
	if now.text("outcome") != "in_progress" || now.text("first_name") != "Grace" || now.text("goes_on_from.id") != old || now.text("source") != "referral" ||
		now.at("priority") != true || now.text("tags.0.label") != "Senior" || now.text("notes.0.text") != "Knows compilers" ||
		now.text("comments.0.text") != "Better as a writer" || now.at("unread_comments") != 0.0 || len(now.at("other_applications").([]any)) != 0 {
		t.Errorf("the new one is %s", now.body)
	}
	documents := map[string]string{}
	for _, d := range now.at("documents").([]any) {
		document := d.(map[string]any)
		documents[document["application_id"].(string)+" "+document["category"].(string)] = document["status"].(string)
	}
	for what, status := range map[string]string{next + " certificate": "requested", old + " certificate": "cancelled", old + " cv": "uploaded"} {
		if documents[what] != status {
			t.Errorf("documents are %v, want %s %s", documents, what, status)
		}
	}
	if got := w.get(other.manager, file).want(http.StatusOK); string(got.body) != "My whole life" {
		t.Errorf("the file says %s", got.body)
	}
	interviews := w.get(other.manager, b+"/interviews").want(http.StatusOK)
	if interviews.text("items.0.status") != "upcoming" || interviews.text("items.0.title") != "Technical interview" || interviews.text("items.1.status") != "cancelled" {
		t.Errorf("interviews are %s", interviews.body)
	}
	if interviews.text("items.0.form_id") != form || interviews.text("items.0.candidate_answer.answer") != "accepted" {
		t.Errorf("the interview was planned anew without its form or the candidate's answer: %s", interviews.body)
	}
	// S1-35: to calendars it is the same, and the candidate need not be invited again.
	if interviews.text("items.0.calendar_id") != interviews.text("items.1.id") || interviews.number("items.0.sequence") != 2 || interviews.at("items.0.invitation") == nil ||
		interviews.at("items.0.went_on") != false || interviews.at("items.1.went_on") != true {
		t.Errorf("to calendars the interview is another one: %s", interviews.body)
	}
	// In calendars it is once, as that of the application that goes on.
	for _, of := range []string{"/v1/calendar/" + feed, b + "/interviews/" + interviews.text("items.0.id") + "/calendar"} {
		if got := listed(of); !slices.Equal(got, []string{uid + " 2 CONFIRMED"}) {
			t.Errorf("%s has %v", of, got)
		}
	}
	for _, of := range []string{talk, b + "/interviews/" + interviews.text("items.1.id")} {
		w.get(w.admin, of+"/calendar").problem(http.StatusNotFound, "not_found")
	}
	if mine := w.get(w.admin, "/v1/me/interviews").want(http.StatusOK).items("items"); len(mine) != 1 || mine[0]["application_id"] != next {
		t.Errorf("theirs are %v", mine)
	}
	if got := w.threads(other.manager, next); got.text("items.0.messages.0.id") != waits || got.text("items.0.messages.0.status") != "scheduled" || got.text("items.0.messages.0.send_at") != later.Format(time.RFC3339) {
		t.Errorf("what waits to leave is %s", got.body)
	}
	w.post(other.manager, b+"/messages/"+waits+"/cancel", nil).want(http.StatusOK)
	if line := w.get(other.manager, b+"/timeline").want(http.StatusOK); !strings.Contains(string(line.body), `"comment_added"`) || !strings.Contains(string(line.body), "She writes well") {
		t.Errorf("its timeline is %s", line.body)
	}
	var all []string
	for path := b + "/timeline?limit=3"; path != ""; {
		page := w.get(other.manager, path).want(http.StatusOK)
		for _, e := range page.at("items").([]any) {
			all = append(all, e.(map[string]any)["kind"].(string))
		}
		path = ""
		if next, more := page.at("next_cursor").(string); more {
			path = b + "/timeline?limit=3&cursor=" + next
		}
	}
	if whole := len(w.get(other.manager, b+"/timeline?limit=200").at("items").([]any)); len(all) != whole || all[len(all)-1] != "received" {
		t.Errorf("page by page it is %v, at once %d", all, whole)
	}
	w.get(other.manager, a).problem(http.StatusNotFound, "not_found") // S2-86: opening the link takes rights there

	page := w.get(other.manager, b+"/candidate-view").want(http.StatusOK)
	if page.text("job") != "Writer" || page.text("notes.0.text") != "Knows compilers" || strings.Contains(string(page.body), "transferred") || strings.Contains(string(page.body), `"cancelled"`) {
		t.Errorf("the candidate sees %s", page.body)
	}
	rows := w.get(w.admin, "/v1/applications?outcome=transferred").want(http.StatusOK)
	if rows.text("items.0.id") != old || rows.text("items.0.url") != a || rows.at("items.0.another_application") != true {
		t.Errorf("the list has %s", rows.body)
	}
	if column := w.get(other.manager, "/v1/jobs/"+other.id+"/pipeline").want(http.StatusOK); column.text("columns.0.items.0.url") != b || column.at("columns.0.items.0.another_application") != false {
		t.Errorf("the pipeline has %s", column.body)
	}
	// The claim on the first job is free, the one on the second is taken.
	w.apply(v, "Grace", "Hopper")
	w.post(other.manager, "/v1/applications", application(other, "Grace", "Hopper")).problem(http.StatusConflict, "duplicate_application")

	// It is erased with what it goes on from.
	w.post(other.manager, b+"/disqualify", map[string]string{"kind": "rejected", "reason_id": commands.FirstReason("Position filled")}).want(http.StatusOK)
	w.post(other.manager, b+"/anonymise", nil).want(http.StatusOK)
	for _, path := range []string{a, b, a + "/timeline", b + "/timeline"} {
		got := w.get(w.admin, path).want(http.StatusOK)
		if strings.Contains(string(got.body), "Knows compilers") || strings.Contains(string(got.body), "She writes") || got.at("anonymised") != true {
			t.Errorf("%s says %s", path, got.body)
		}
	}
	w.get(w.admin, file).problem(http.StatusGone, "erased")
}
