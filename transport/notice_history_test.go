package transport

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/hirelog/hirelog/domain/access"
)

// typesOf are the types of the events of a history.
func typesOf(r reply) (types []string) {
	for _, e := range r.items("events") {
		types = append(types, e["type"].(string))
	}
	return types
}

// E1, S2-101, S1-50, H2, H17: whoever replays an application sees who was told of
// which of its events by mail, when, and what became of that, and every event of each
// mail: an auditor all of it without a name, others what they may view.
func TestNoticesAreInTheHistory(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.carryOut()
	w.selfTracking(true)
	v, other := w.vacancy("Engineer"), w.vacancy("Baker")
	app, theirs := w.apply(v, "Grace", "Hopper"), w.apply(other, "Mary", "Shelley")
	a := "/v1/applications/" + app
	document := w.post(v.manager, a+"/document-requests", map[string]any{"title": "Diploma", "category": "certificate"}).made()
	w.until("she is told", func() bool {
		told := w.get(w.admin, a+"/history").want(http.StatusOK).items("notices")
		return len(told) == 1 && told[0]["status"] == "sent"
	})
	_, auditor := w.member("Audrey", "auditor")
	want := []string{"notice.noted.v1", "notice.sending.v1", "notice.sent.v1"}
	var path string
	for who, token := range map[string]string{"the manager": v.manager, "an auditor": auditor} {
		got := w.get(token, a+"/history").want(http.StatusOK)
		if n := got.items("notices"); len(n) != 1 || got.text("notices.0.to") != "candidate" || got.text("notices.0.told.0.kind") != "document_requested" ||
			got.text("notices.0.told.0.subject_id") != document || got.at("notices.0.attempts") != 1.0 || got.text("notices.0.told.0.event_id") != got.text("events.1.event_id") {
			t.Errorf("%s sees %s", who, got.body)
		}
		path = a + "/notices/" + got.text("notices.0.id") + "/history"
		own := w.get(token, path).want(http.StatusOK)
		if !slices.Equal(typesOf(own), want) || own.text("events.0.data.to") != "candidate" || own.text("events.0.data.subject") != document || own.text("events.0.data.application") != app {
			t.Errorf("%s sees of it %s", who, own.body)
		}
		if said := string(got.body) + string(own.body); who == "an auditor" && (strings.Contains(said, "Diploma") || strings.Contains(said, "grace.hopper") || own.at("masked") != true) {
			t.Errorf("an auditor sees %s", said)
		}
	}
	if before := w.get(auditor, a+"/history?as_of=0").want(http.StatusOK); len(before.items("notices")) != 0 {
		t.Errorf("before it was asked for: %s", before.body)
	}
	if then := w.get(auditor, a+"/history?as_of=1").want(http.StatusOK); then.text("notices.0.status") != "sent" {
		t.Errorf("when it was asked for: %s", then.body)
	}

	member, reader := w.member("Reader", "recruiting")
	w.post(w.admin, a+"/grants", map[string]any{"member_id": member, "recruiting_role_id": w.role("Reads histories", map[access.Area]string{access.Application: "view", access.History: "view"})}).made()
	got, own := w.get(reader, a+"/history").want(http.StatusOK), w.get(reader, path).want(http.StatusOK)
	if got.text("notices.0.status") != "sent" || got.at("notices.0.to") != nil || len(got.items("notices.0.told")) != 0 || !slices.Equal(typesOf(own), want) {
		t.Errorf("who may not view the document sees %s, %s", got.body, own.body)
	}
	if strings.Contains(string(own.body)+string(got.body), document) || strings.Contains(string(own.body), "candidate") {
		t.Errorf("who may not view the document sees %s, %s", got.body, own.body)
	}
	blind, _ := w.member("Blind", "recruiting")
	w.post(w.admin, a+"/grants", map[string]any{"member_id": blind, "recruiting_role_id": w.role("Reads applications", map[access.Area]string{access.Application: "view"})}).made()
	w.get(w.tokenOf(blind), path).problem(http.StatusForbidden, "denied")
	w.get(other.manager, path).problem(http.StatusNotFound, "unknown_application")
	elsewhere := strings.Replace(path, app, theirs, 1)
	w.get(w.admin, elsewhere).problem(http.StatusNotFound, "unknown_notice")
	w.get(auditor, elsewhere).problem(http.StatusNotFound, "unknown_notice")
	if mine := w.get(w.admin, "/v1/applications/"+theirs+"/history").want(http.StatusOK); len(mine.items("notices")) != 0 {
		t.Errorf("another application: %s", mine.body)
	}

	w.erase(v, app)
	if gone := w.get(auditor, a+"/history").want(http.StatusOK); gone.text("notices.0.status") != "sent" {
		t.Errorf("of an erased one %s", gone.body)
	}
	w.delete(v.manager, a).want(http.StatusOK)
	if gone := w.get(auditor, a+"/history").want(http.StatusOK); len(gone.items("notices")) != 0 {
		t.Errorf("of a deleted one %s", gone.body)
	}
	w.get(auditor, path).want(http.StatusNotFound)
}

// S2-53, S2-101, H2, E1: a message that belongs to no application has a history: for
// who takes care of it, and for auditors without what it says; who gave it away is
// told to admins and auditors afterwards.
func TestUnassignedMessagesHaveAHistory(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vacancy("Engineer")
	app := w.apply(v, "Grace", "Hopper")
	_, rita := w.member("Rita", "recruiting")
	_, auditor := w.member("Audrey", "auditor")
	_, reporter := w.member("Rob", "reporting")
	id := w.mailIn(w.admin, mailOf("Grace <grace@new.example>", "jobs@acme.example", "1@new.example", "It is me")).want(http.StatusOK).text("id")
	path := "/v1/unassigned-messages/" + id + "/history"
	for _, token := range []string{w.admin, rita} {
		if got := w.get(token, path).want(http.StatusOK); !slices.Equal(typesOf(got), []string{"message.received.v1"}) || got.text("events.0.data.from") != "grace@new.example" {
			t.Errorf("%s", got.body)
		}
	}
	if got := w.get(auditor, path).want(http.StatusOK); !slices.Equal(typesOf(got), []string{"message.received.v1"}) || got.at("masked") != true || strings.Contains(string(got.body), "grace@") || strings.Contains(string(got.body), "It is me") {
		t.Errorf("an auditor sees %s", got.body)
	}
	w.get(reporter, path).problem(http.StatusForbidden, "denied")
	w.post(w.admin, "/v1/unassigned-messages/"+id+"/assign", map[string]any{"application_id": app}).want(http.StatusOK)
	for _, token := range []string{w.admin, auditor} {
		got := w.get(token, path).want(http.StatusOK)
		if types := typesOf(got); len(types) != 2 || types[1] != "message.assigned.v1" || got.text("events.1.data.application") != app || got.at("events.1.by") == nil {
			t.Errorf("after it was assigned: %s", got.body)
		}
	}
	w.get(rita, path).problem(http.StatusNotFound, "unknown_message")
	sent := w.post(v.manager, "/v1/applications/"+app+"/messages", map[string]any{"subject": "Hello", "text": "Hello"}).made()
	w.get(w.admin, "/v1/unassigned-messages/"+sent+"/history").problem(http.StatusNotFound, "unknown_message")
	w.get(w.admin, "/v1/unassigned-messages/"+app+"/history").problem(http.StatusNotFound, "unknown_message")
}
