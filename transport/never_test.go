package transport

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/hirelog/hirelog/commands"
	"github.com/hirelog/hirelog/domain/access"
)

// What must never happen, attempted. The names are those of the defects.

func TestH2AnotherPersonsObjectIsNotReachableByID(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	mine, theirs := w.vacancy("Mine"), w.vacancy("Theirs")
	own, other := "/v1/applications/"+w.apply(mine, "Grace", "Hopper"), "/v1/applications/"+w.apply(theirs, "Ada", "Lovelace")
	note := w.post(theirs.manager, other+"/notes", map[string]string{"text": "Theirs"}).made()
	document := w.post(theirs.manager, other+"/documents", newForm("cv").file("cv.txt", "theirs")).made()
	file := w.get(theirs.manager, other+"/documents").text("items.0.versions.0.files.0.id")
	for _, path := range []string{"", "/timeline", "/documents", "/notes", "/comments", "/access", "/history", "/candidate-view", "/documents/" + document + "/files/" + file} {
		w.get(mine.manager, other+path).want(http.StatusNotFound)
	}
	// Nor through another application of whoever may see both.
	w.get(theirs.manager, "/v1/applications/"+w.apply(theirs, "Jane", "Austen")+"/documents/"+document+"/files/"+file).problem(http.StatusNotFound, "not_found")
	before := w.events()
	// Nor through an application of one's own.
	w.get(mine.manager, own+"/documents/"+document+"/files/"+file).want(http.StatusNotFound)
	w.delete(mine.manager, own+"/notes/"+note).problem(http.StatusNotFound, "unknown_note")
	w.put(mine.manager, own+"/notes/"+note+"/visibility", map[string]bool{"candidate_can_view": true}).problem(http.StatusNotFound, "unknown_note")
	w.post(mine.manager, own+"/documents/"+document+"/versions", newForm("").file("cv.txt", "mine")).problem(http.StatusNotFound, "unknown_document")
	w.post(mine.manager, own+"/documents/"+document+"/approve", map[string]int{"version": 1}).problem(http.StatusNotFound, "unknown_document")
	if got := w.events(); got != before {
		t.Errorf("%d events were written", got-before)
	}
}

func TestH3NoFieldOfTheServersIsTakenFromTheClient(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vacancy("Engineer")
	id := w.apply(v, "Grace", "Hopper")
	a := "/v1/applications/" + id
	before := w.events()
	for field, value := range map[string]any{
		"status": "hired", "outcome": "hired", "owner": uuid.NewString(), "owner_id": uuid.NewString(), "by": "system", "actor": "system",
		"at": "2020-01-01T00:00:00Z", "id": uuid.NewString(), "application": uuid.NewString(), "Application": uuid.NewString(), "revision": 0, "origin": "import",
	} {
		for _, c := range []call{
			{method: "POST", path: a + "/move", body: map[string]any{"to": v.stages[1]}},
			{method: "PUT", path: a + "/priority", body: map[string]any{"priority": true}},
			{method: "POST", path: a + "/notes", body: map[string]any{"text": "x"}},
			{method: "POST", path: "/v1/applications", body: application(v, "Ada", "Lovelace")},
		} {
			c.token, c.body = v.manager, with(c.body.(map[string]any), map[string]any{field: value})
			w.do(c).problem(http.StatusUnprocessableEntity, "invalid")
		}
	}
	if got := w.events(); got != before {
		t.Errorf("%d events were written", got-before)
	}
}

func TestH4AFileIsJudgedByItsContent(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vacancy("Engineer")
	docs := "/v1/applications/" + w.apply(v, "Grace", "Hopper") + "/documents"
	w.post(v.manager, docs, newForm("cv").file("cv.pdf", "<!DOCTYPE html><script>alert(1)</script>")).made()
	list := w.get(v.manager, docs).want(http.StatusOK)
	if got := list.text("items.0.versions.0.files.0.type"); got != "text/html" {
		t.Errorf("a page called cv.pdf is of type %q", got)
	}
	got := w.get(v.manager, docs+"/"+list.text("items.0.id")+"/files/"+list.text("items.0.versions.0.files.0.id")).want(http.StatusOK)
	if !strings.HasPrefix(got.header.Get("Content-Disposition"), "attachment") || !strings.Contains(got.header.Get("Content-Security-Policy"), "sandbox") {
		t.Errorf("the page would be shown: %v", got.header)
	}
}

func TestH5DeletingAnswersAndStaysDeleted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vacancy("Engineer")
	a := "/v1/applications/" + w.apply(v, "Grace", "Hopper")
	note := a + "/notes/" + w.post(v.manager, a+"/notes", map[string]string{"text": "x"}).made()
	w.delete(v.manager, note).want(http.StatusOK)
	w.delete(v.manager, note).want(http.StatusOK) // once more is no event and no error
	tag := a + "/tags/" + w.post(v.manager, a+"/tags", map[string]string{"label": "x"}).made()
	w.delete(v.manager, tag).want(http.StatusOK)
	w.delete(v.manager, tag).want(http.StatusOK)
}

func TestH7AManagerOfOneJobCannotActOnAnother(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	mine, theirs := w.vacancy("Mine"), w.vacancy("Theirs")
	a := "/v1/applications/" + w.apply(theirs, "Ada", "Lovelace")
	before := w.events()
	id := uuid.NewString()
	for _, c := range []call{
		{method: "POST", path: a + "/move", body: map[string]string{"to": theirs.stages[1]}},
		{method: "POST", path: a + "/disqualify", body: map[string]string{"kind": "rejected", "reason_id": commands.FirstReason("Position filled")}},
		{method: "POST", path: a + "/requalify", body: map[string]string{"reason": "x"}},
		{method: "POST", path: a + "/anonymise"},
		{method: "DELETE", path: a},
		{method: "PUT", path: a + "/priority", body: map[string]bool{"priority": true}},
		{method: "POST", path: a + "/tags", body: map[string]string{"label": "x"}},
		{method: "DELETE", path: a + "/tags/" + id},
		{method: "POST", path: a + "/comments", body: map[string]string{"text": "x"}},
		{method: "POST", path: a + "/notes", body: map[string]string{"text": "x"}},
		{method: "POST", path: a + "/interviews", body: meeting(theirs, 5)},
		{method: "POST", path: a + "/interviews/" + id + "/cancel", body: map[string]string{}},
		{method: "POST", path: a + "/interviews/" + id + "/answer", body: map[string]string{"answer": "accepted"}},
		{method: "POST", path: a + "/interviews/" + id + "/complete"},
		{method: "POST", path: a + "/reviews", body: map[string]string{"reviewer_id": mine.member}},
		{method: "POST", path: a + "/reviews/" + id + "/cancel"},
		{method: "PUT", path: a + "/rating", body: map[string]int{"rating": 5}},
		{method: "PUT", path: a + "/comments/" + id, body: map[string]string{"text": "x"}},
		{method: "DELETE", path: a + "/comments/" + id},
		{method: "POST", path: a + "/comments/read", body: map[string]string{"through": id}},
		{method: "PUT", path: a + "/notes/" + id, body: map[string]string{"text": "x"}},
		{method: "DELETE", path: a + "/notes/" + id},
		{method: "PUT", path: a + "/notes/" + id + "/visibility", body: map[string]bool{"candidate_can_view": true}},
		{method: "POST", path: a + "/document-requests", body: map[string]string{"title": "x", "category": "cv"}},
		{method: "POST", path: a + "/documents", body: newForm("cv").file("cv.txt", "x")},
		{method: "POST", path: a + "/documents/" + id + "/approve", body: map[string]int{"version": 1}},
		{method: "POST", path: a + "/documents/" + id + "/reject", body: map[string]any{"version": 1, "reason": "x"}},
	} {
		c.token = mine.manager
		w.do(c).problem(http.StatusNotFound, "unknown_application")
	}
	w.post(mine.manager, "/v1/applications", application(theirs, "Jane", "Austen")).problem(http.StatusNotFound, "unknown_job")
	w.post(mine.manager, "/v1/jobs/"+theirs.id+"/close", map[string]string{}).problem(http.StatusForbidden, "denied")
	w.put(mine.manager, "/v1/jobs/"+theirs.id+"/hiring-team", map[string]any{"hiring_team": []map[string]any{
		{"member_id": mine.member, "recruiting_role_id": commands.FirstRole("Recruiter"), "recruitment_manager": true},
	}}).problem(http.StatusForbidden, "denied")
	if got := w.events(); got != before {
		t.Errorf("%d events were written", got-before)
	}
	if list := w.get(mine.manager, "/v1/applications").want(http.StatusOK); list.at("total") != 0.0 {
		t.Errorf("list %s", list.body)
	}
}

func TestH8SignedInIsNotEnough(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vacancy("Engineer")
	a := "/v1/applications/" + w.apply(v, "Grace", "Hopper")
	reporter := w.tokenOf(w.post(w.admin, "/v1/members", map[string]string{"name": "Rep Orter", "role": "reporting"}).made())
	before := w.events()
	w.post(reporter, a+"/document-requests", map[string]string{"title": "x", "category": "cv"}).problem(http.StatusNotFound, "unknown_application")
	w.do(call{method: "PATCH", path: "/v1/jobs/" + v.id, token: reporter, body: map[string]string{"title": "Renamed"}}).problem(http.StatusForbidden, "denied")
	for _, c := range []call{
		{method: "PATCH", path: "/v1/organization/settings", body: map[string]bool{"self_tracking": true}},
		{method: "POST", path: "/v1/organization/recruiting-roles", body: map[string]string{"name": "x"}},
		{method: "PUT", path: "/v1/organization/recruiting-roles/" + commands.FirstRole("Recruiter"), body: map[string]any{"name": "x", "areas": map[access.Area]string{}}},
		{method: "POST", path: "/v1/organization/disqualification-reasons", body: map[string]string{"label": "x", "kind": "we"}},
		{method: "POST", path: "/v1/members", body: map[string]string{"name": "x", "role": "admin"}},
		{method: "PUT", path: "/v1/members/" + v.member + "/role", body: map[string]string{"role": "admin"}},
		{method: "POST", path: "/v1/members/" + v.member + "/deactivate"},
		{method: "POST", path: "/v1/members/" + v.member + "/tokens", body: map[string]string{"name": "x"}},
		{method: "POST", path: "/v1/jobs", body: map[string]any{"title": "x", "stages": []map[string]string{{"name": "x"}}, "hiring_team": []map[string]any{
			{"member_id": v.member, "recruiting_role_id": commands.FirstRole("Recruiter"), "recruitment_manager": true},
		}}},
	} {
		c.token = reporter
		w.do(c).problem(http.StatusForbidden, "denied")
	}
	if got := w.events(); got != before {
		t.Errorf("%d events were written", got-before)
	}
}

func TestH9EveryStageChangeIsInTheHistory(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vacancy("Engineer")
	a := "/v1/applications/" + w.apply(v, "Grace", "Hopper")
	for _, stage := range []int{1, 2, 0} {
		w.post(v.manager, a+"/move", map[string]string{"to": v.stages[stage]}).want(http.StatusOK)
	}
	got := w.get(v.manager, a+"/timeline").want(http.StatusOK)
	for i, stage := range []int{0, 2, 1} {
		path := "items." + string(rune('0'+i))
		if got.text(path+".kind") != "stage_moved" || got.text(path+".to_stage.id") != v.stages[stage] {
			t.Errorf("timeline %s", got.body)
		}
	}
	// No other request sets a stage.
	w.do(call{method: "PATCH", path: a, token: v.manager, body: map[string]string{"stage": v.stages[1]}}).problem(http.StatusMethodNotAllowed, "method_not_allowed")
	w.do(call{method: "PUT", path: a + "/stage", token: v.manager, body: map[string]string{"stage": v.stages[1]}}).problem(http.StatusNotFound, "not_found")
}

func TestH10ThereIsOneOutcome(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vacancy("Engineer")
	a := "/v1/applications/" + w.apply(v, "Grace", "Hopper")
	w.post(v.manager, a+"/disqualify", map[string]string{"kind": "hired", "reason_id": commands.FirstReason("Position filled")}).problem(http.StatusUnprocessableEntity, "invalid")
	w.post(v.manager, a+"/disqualify", map[string]string{"kind": "rejected", "reason_id": commands.FirstReason("Position filled")}).want(http.StatusOK)
	w.post(v.manager, a+"/disqualify", map[string]string{"kind": "withdrawn", "reason_id": commands.FirstReason("Lost interest")}).problem(http.StatusConflict, "application_closed")
	if got := w.get(v.manager, a).text("outcome"); got != "rejected" {
		t.Errorf("outcome = %q", got)
	}
}

func TestH12NothingChangesByGet(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vacancy("Engineer")
	id := w.apply(v, "Grace", "Hopper")
	before := w.events()
	for _, r := range w.handler.edge.Routes() {
		path := strings.NewReplacer("{id}", id, "{tag}", id, "{note}", id, "{comment}", id, "{document}", id, "{token}", id, "{file}", id).Replace(r.Path)
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			got := w.do(call{method: method, path: path, token: w.admin, header: map[string]string{"X-HTTP-Method-Override": r.Method}})
			if r.Method != http.MethodGet && got.status < 300 {
				// It may be a read of the same path; that changes nothing either.
				if _, reads := readable(w, r.Path); !reads {
					t.Errorf("%s %s: %d", method, r.Path, got.status)
				}
			}
		}
	}
	if got := w.events(); got != before {
		t.Errorf("%d events were written", got-before)
	}
}

// readable reports whether a path has a read of its own.
func readable(w *world, path string) (string, bool) {
	for _, r := range w.handler.edge.Routes() {
		if r.Path == path && r.Method == http.MethodGet {
			return r.Path, true
		}
	}
	return "", false
}

func TestH13SwitchesAreSetToAValue(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vacancy("Engineer")
	a := "/v1/applications/" + w.apply(v, "Grace", "Hopper")
	note := w.post(v.manager, a+"/notes", map[string]string{"text": "x"}).made()
	for path, body := range map[string]map[string]bool{
		a + "/priority":                      {"priority": true},
		a + "/notes/" + note + "/visibility": {"candidate_can_view": true},
	} {
		w.put(v.manager, path, map[string]bool{}).problem(http.StatusUnprocessableEntity, "invalid")
		first := w.put(v.manager, path, body).want(http.StatusOK)
		before := w.events()
		if again := w.put(v.manager, path, body).want(http.StatusOK); string(again.body) != string(first.body) || w.events() != before {
			t.Errorf("setting %s twice: %s, then %s", path, first.body, again.body)
		}
	}
	if got := w.get(v.manager, a); got.at("priority") != true || got.at("notes.0.visible") != true {
		t.Errorf("profile %s", got.body)
	}
}

func TestH17NothingMovesToAnotherOwnerByAField(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vacancy("Engineer")
	first, second := w.apply(v, "Grace", "Hopper"), w.apply(v, "Ada", "Lovelace")
	a := "/v1/applications/" + first
	note := w.post(v.manager, a+"/notes", map[string]string{"text": "Grace's"}).made()
	before := w.events()
	w.put(v.manager, a+"/notes/"+note+"/visibility", map[string]any{"candidate_can_view": true, "application_id": second}).problem(http.StatusUnprocessableEntity, "invalid")
	w.post(v.manager, a+"/notes", map[string]any{"text": "x", "application_id": second}).problem(http.StatusUnprocessableEntity, "invalid")
	w.do(call{method: "PATCH", path: "/v1/jobs/" + v.id, token: v.manager, body: map[string]any{"job_id": uuid.NewString()}}).problem(http.StatusUnprocessableEntity, "invalid")
	moved := newForm("cv")
	_ = moved.w.WriteField("application_id", second)
	w.post(v.manager, a+"/documents", moved.file("cv.txt", "x")).problem(http.StatusUnprocessableEntity, "invalid")
	w.put(v.manager, "/v1/applications/"+second+"/notes/"+note+"/visibility", map[string]bool{"candidate_can_view": true}).problem(http.StatusNotFound, "unknown_note")
	if got := w.events(); got != before {
		t.Errorf("%d events were written", got-before)
	}
}
