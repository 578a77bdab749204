package transport

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/hirelog/hirelog/domain/access"
)

// S1-33, S2-37: an interview that was called off stays on the candidate's page, also once
// the application went on to another job; one that went on is there once.
func TestCancelledInterviewsStayOnTheCandidatesPage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v, other := w.vacancy("Engineer"), w.vacancy("Writer")
	a := "/v1/applications/" + w.apply(v, "Grace", "Hopper")
	w.selfTracking(true)
	off := w.post(v.manager, a+"/interviews", with(meeting(v, 100), map[string]any{"title": "Coffee"})).made()
	w.post(v.manager, a+"/interviews/"+off+"/cancel", map[string]string{"reason": "She is ill"}).want(http.StatusOK)
	w.post(v.manager, a+"/interviews", meeting(v, 200)).made()
	shown := func(page reply) string {
		t.Helper()
		var all []string
		for _, i := range page.items("interviews") {
			all = append(all, fmt.Sprint(i["title"], " ", i["status"]))
		}
		return strings.Join(all, ", ")
	}
	before := shown(w.get(v.manager, a+"/candidate-view").want(http.StatusOK))
	if before != "Technical interview upcoming, Coffee cancelled" {
		t.Fatalf("the page has %s", before)
	}
	b := "/v1/applications/" + w.post(w.admin, a+"/transfer", map[string]string{"job_id": other.id, "reason": "She writes well"}).made()
	page := w.get(other.manager, b+"/candidate-view").want(http.StatusOK)
	if got := shown(page); got != before {
		t.Errorf("after it went on the page has %s, had %s", got, before)
	}
	if strings.Contains(string(page.body), "She is ill") {
		t.Errorf("the page says why: %s", page.body)
	}
}

// S1-57, S2-86: who looks at the candidate's page gets at all notes that are on it, with
// the right to view notes. H7
func TestThePreviewHasAllNotes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vacancy("Engineer")
	a := "/v1/applications/" + w.apply(v, "Grace", "Hopper")
	w.selfTracking(true)
	const written = 22
	for i := range written {
		w.post(v.manager, a+"/notes", map[string]any{"text": fmt.Sprint("Visible ", i), "candidate_can_view": true}).made()
	}
	w.post(v.manager, a+"/notes", map[string]any{"text": "Between us"}).made()
	notes := a + "/candidate-view/notes"
	page := w.get(v.manager, a+"/candidate-view").want(http.StatusOK)
	rest := w.get(v.manager, notes+"?cursor="+page.text("notes_next_cursor")).want(http.StatusOK)
	if len(page.items("notes")) != 20 || len(rest.items("items")) != written-20 || rest.text("items.1.text") != "Visible 0" || rest.at("next_cursor") != nil || rest.number("total") != written {
		t.Errorf("behind the page: %s", rest.body)
	}
	if all := w.get(v.manager, notes+"?limit=200").want(http.StatusOK); len(all.items("items")) != written || strings.Contains(string(all.body), "Between us") {
		t.Errorf("all: %s", all.body)
	}
	_, auditor := w.member("Otto", "auditor")
	if log := w.get(auditor, "/v1/read-log?limit=1").want(http.StatusOK); log.text("items.0.kind") != "candidate_view" {
		t.Errorf("the read log has %s", log.body)
	}

	w.get(w.vacancy("Baker").manager, notes).problem(http.StatusNotFound, "not_found")
	blind := w.reading(a, "Reader", map[access.Area]string{access.Application: "view"})
	w.get(blind, notes).problem(http.StatusForbidden, "denied")
	if page := w.get(blind, a+"/candidate-view").want(http.StatusOK); page.at("notes_next_cursor") != nil {
		t.Errorf("without the right to view notes: %s", page.body)
	}
	w.get(v.manager, notes+"?cursor=x").problem(http.StatusUnprocessableEntity, "cursor")
	w.selfTracking(false)
	w.get(v.manager, notes).problem(http.StatusNotFound, "not_found")
}
