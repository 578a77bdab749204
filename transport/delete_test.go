package transport

import (
	"net/http"
	"strings"
	"testing"

	"github.com/hirelog/hirelog/commands"
)

// An application that is deleted is gone from the profile, the list, the pipeline
// and the person's other applications, also as anonymised; its history says who
// deleted it, and nothing else. It holds S2-95, H7.
func TestADeletedApplicationIsGone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v, other := w.vacancy("Engineer"), w.vacancy("Other")
	glancer := w.tokenOf(w.post(w.admin, "/v1/members", map[string]any{"name": "Glen", "role": "recruiting"}).made())
	auditor := w.tokenOf(w.post(w.admin, "/v1/members", map[string]any{"name": "Audrey", "role": "auditor"}).made())
	id, stays := w.apply(v, "Grace", "Hopper"), w.apply(v, "Ada", "Lovelace")
	a := "/v1/applications/" + id
	file := a + "/documents/" + w.post(v.manager, a+"/documents", newForm("cv").file("cv.txt", "Cobol")).made()
	file += "/files/" + w.get(v.manager, a+"/documents").text("items.0.versions.0.files.0.id")
	w.post(v.manager, a+"/notes", map[string]string{"text": "Wrote a compiler"}).made()
	w.put(v.manager, a+"/rating", map[string]int{"rating": 4}).want(http.StatusOK)
	w.delete(v.manager, a).problem(http.StatusConflict, "application_not_closed")
	w.post(v.manager, a+"/disqualify", map[string]string{"kind": "rejected", "reason_id": commands.FirstReason("Position filled")}).want(http.StatusOK)

	before := w.events()
	w.delete(other.manager, a).problem(http.StatusNotFound, "unknown_application")
	w.delete(glancer, a).problem(http.StatusNotFound, "unknown_application")
	if w.events() != before {
		t.Error("a refused deletion wrote something")
	}
	w.delete(v.manager, a).want(http.StatusOK)
	again := w.events()
	w.delete(v.manager, a).want(http.StatusOK)
	if w.events() != again {
		t.Error("it was deleted twice")
	}

	for _, path := range []string{a, a + "/timeline", a + "/notes", a + "/documents", file, a + "/messages", a + "/hires", a + "/explain"} {
		w.get(v.manager, path).want(http.StatusNotFound)
		w.get(w.admin, path).want(http.StatusNotFound)
	}
	w.post(v.manager, a+"/anonymise", nil).problem(http.StatusNotFound, "unknown_application")
	w.post(v.manager, a+"/notes", map[string]string{"text": "x"}).problem(http.StatusNotFound, "unknown_application")
	for _, path := range []string{"/v1/applications", "/v1/jobs/" + v.id + "/pipeline", "/v1/me/tasks", "/v1/me/inbox"} {
		got := w.get(v.manager, path).want(http.StatusOK)
		if strings.Contains(string(got.body), id) || strings.Contains(string(got.body), "Hopper") {
			t.Errorf("%s still shows it: %s", path, got.body)
		}
	}
	if got := w.get(v.manager, "/v1/applications").want(http.StatusOK); got.text("items.0.id") != stays {
		t.Errorf("the other application: %s", got.body)
	}

	for _, viewer := range []string{w.admin, v.manager, auditor} {
		got := w.get(viewer, a+"/history").want(http.StatusOK)
		if got.text("events.0.type") != "application.deleted.v1" || got.text("events.0.by") != "member:"+v.member || strings.Count(string(got.body), `"event_id"`) != 1 {
			t.Errorf("its history: %s", got.body)
		}
	}
	w.get(glancer, a+"/history").want(http.StatusNotFound)
	w.get(other.manager, a+"/history").want(http.StatusNotFound)

	// One that was anonymised before goes as well.
	b := "/v1/applications/" + stays
	w.post(v.manager, b+"/disqualify", map[string]string{"kind": "rejected", "reason_id": commands.FirstReason("Position filled")}).want(http.StatusOK)
	w.post(v.manager, b+"/anonymise", nil).want(http.StatusOK)
	w.get(v.manager, b).want(http.StatusOK)
	w.delete(v.manager, b).want(http.StatusOK)
	w.get(v.manager, b).want(http.StatusNotFound)
}
