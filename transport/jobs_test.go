package transport

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/hirelog/hirelog/commands"
)

// S2-87..89, S2-99: what a plan can become, and how an application finds its way
// out of a removed stage.
func TestStagesOfAJob(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vacancy("Engineer")
	job := "/v1/jobs/" + v.id
	a := "/v1/applications/" + w.apply(v, "Grace", "Hopper")
	trial := w.post(v.manager, job+"/stages", map[string]any{"name": "Trial day", "public_name": "Meeting you", "limit_days": 5, "place": 1}).made()
	w.do(call{method: http.MethodPatch, path: job + "/stages/" + trial, token: v.manager, body: map[string]any{"name": "Trial", "limit_days": 3}}).want(http.StatusOK)
	w.put(v.manager, job+"/stages", map[string]any{"stage_ids": []string{v.stages[0], v.stages[1], trial, v.stages[2]}}).want(http.StatusOK)
	w.put(v.manager, job+"/stages", map[string]any{"stage_ids": []string{v.stages[0]}}).problem(http.StatusUnprocessableEntity, "invalid")
	w.post(v.manager, a+"/move", map[string]string{"to": trial}).want(http.StatusOK)
	remove := job + "/stages/" + trial + "/remove"
	w.post(v.manager, remove, map[string]string{}).problem(http.StatusUnprocessableEntity, "target_stage_required")
	w.post(v.manager, remove, map[string]string{"target_stage_id": v.stages[2]}).want(http.StatusOK)
	other := "/v1/applications/" + w.apply(v, "Ada", "Lovelace")
	w.post(v.manager, other+"/move", map[string]string{"to": trial}).problem(http.StatusConflict, "stage_removed")
	w.do(call{method: http.MethodPatch, path: job + "/stages/" + trial, token: v.manager, body: map[string]any{"name": "x"}}).problem(http.StatusConflict, "stage_removed")
	if _, err := w.commands.FinishJobs(t.Context()); err != nil {
		t.Fatal(err)
	}
	profile := w.get(v.manager, a).want(http.StatusOK)
	if profile.text("stage.id") != v.stages[2] {
		t.Errorf("profile %s", profile.body)
	}
	// H9: it is in the history, as the system's doing, and names the stage that is gone.
	timeline := w.get(v.manager, a+"/timeline").want(http.StatusOK)
	if timeline.text("items.0.kind") != "stage_moved" || timeline.text("items.0.by.kind") != "system" || timeline.text("items.0.from_stage.name") != "Trial" {
		t.Errorf("timeline %s", timeline.body)
	}
	got := w.get(v.manager, job).want(http.StatusOK)
	if got.text("removed_stages.0.name") != "Trial" || len(got.at("stages").([]any)) != 3 {
		t.Errorf("job %s", got.body)
	}
}

// S2-99: draft, open, closed, and what becomes of whoever is left.
func TestTheLifeOfAJob(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vacancy("Engineer")
	draft := w.post(w.admin, "/v1/jobs", map[string]any{
		"title": "Cook", "draft": true, "stages": []map[string]string{{"name": "New"}},
		"hiring_team": []map[string]any{{"member_id": v.member, "recruiting_role_id": commands.FirstRole("Recruiter"), "recruitment_manager": true}},
	}).made()
	cook := vacancy{id: draft}
	w.post(v.manager, "/v1/applications", application(cook, "Too", "Early")).problem(http.StatusConflict, "job_not_open")
	if got := w.get(v.manager, "/v1/jobs/"+draft); got.text("status") != "draft" {
		t.Errorf("draft %s", got.body)
	}
	w.post(v.manager, "/v1/jobs/"+draft+"/publish", nil).want(http.StatusOK)
	id := w.post(v.manager, "/v1/applications", application(cook, "Grace", "Hopper")).made()
	end := "/v1/jobs/" + draft + "/close"
	w.post(v.manager, end, map[string]string{}).problem(http.StatusUnprocessableEntity, "applications_choice")
	w.post(v.manager, end, map[string]string{"applications": "disqualify"}).problem(http.StatusUnprocessableEntity, "applications_choice")
	reason := commands.FirstReason("Position filled")
	w.post(v.manager, end, map[string]string{"applications": "disqualify", "disqualification_reason_id": reason}).want(http.StatusOK)
	if _, err := w.commands.FinishJobs(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := w.get(v.manager, "/v1/applications/"+id); got.text("outcome") != "rejected" || got.text("reason.id") != reason {
		t.Errorf("application %s", got.body)
	}
}

// anyID is an id in the path of a route.
var anyID = regexp.MustCompile(`{\w+}`)

// S2-99: who is not in the hiring team of a confidential job learns nothing of
// it: no route knows of it, no list holds it, no filter or count gives it away.
func TestAConfidentialJobIsUnknownToOutsiders(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	open, v := w.vacancy("Engineer"), w.vacancy("Secret successor")
	w.do(call{method: http.MethodPatch, path: "/v1/jobs/" + v.id, token: v.manager, body: map[string]bool{"confidential": true}}).want(http.StatusOK)
	secret := w.apply(v, "Grace", "Hopper")
	known := w.apply(open, "Grace", "Hopper") // the same person
	note := w.post(v.manager, "/v1/applications/"+secret+"/notes", map[string]string{"text": "x"}).made()
	reporter := w.tokenOf(w.post(w.admin, "/v1/members", map[string]string{"name": "Rep Orter", "role": "reporting"}).made())
	before := w.events()
	bodies := map[string]any{
		"POST /v1/jobs/{id}/close":                 map[string]string{"applications": "leave"},
		"POST /v1/jobs/{id}/hold":                  map[string]string{},
		"PATCH /v1/jobs/{id}":                      map[string]string{"title": "x"},
		"PUT /v1/jobs/{id}/hiring-team":            map[string]any{"hiring_team": []map[string]any{{"member_id": open.member, "recruiting_role_id": commands.FirstRole("Recruiter"), "recruitment_manager": true}}},
		"POST /v1/jobs/{id}/stages":                map[string]string{"name": "x"},
		"PUT /v1/jobs/{id}/stages":                 map[string]any{"stage_ids": v.stages},
		"PATCH /v1/jobs/{id}/stages/{stage}":       map[string]string{"name": "x"},
		"POST /v1/jobs/{id}/stages/{stage}/remove": map[string]string{"target_stage_id": v.stages[0]},
	}
	tried := 0
	for _, r := range w.handler.edge.Routes() {
		if !strings.HasPrefix(r.Path, "/v1/jobs/{id}") && !strings.HasPrefix(r.Path, "/v1/applications/{id}") {
			continue
		}
		if strings.HasSuffix(r.Path, "/open") {
			continue // a signed link, whose path says nothing
		}
		subject := v.id
		if strings.HasPrefix(r.Path, "/v1/applications") {
			subject = secret
		}
		path := strings.NewReplacer("{id}", subject, "{stage}", v.stages[1], "{note}", note).Replace(r.Path)
		path = anyID.ReplaceAllString(path, note)
		for _, outsider := range []string{open.manager, reporter} {
			got := w.do(call{method: r.Method, path: path, token: outsider, body: bodies[r.Method+" "+r.Path]})
			if r.Method != http.MethodGet && bodies[r.Method+" "+r.Path] == nil && (got.status == http.StatusUnprocessableEntity || got.status == http.StatusBadRequest || got.status == http.StatusUnsupportedMediaType) {
				continue // it is not even looked for
			}
			tried++
			if got.status != http.StatusNotFound {
				t.Errorf("%s %s: %d %s", r.Method, r.Path, got.status, got.body)
			}
		}
	}
	if tried < 40 {
		t.Errorf("only %d requests got through to the job", tried)
	}
	w.post(open.manager, "/v1/applications", application(v, "Jane", "Austen")).problem(http.StatusNotFound, "unknown_job")
	for _, path := range []string{
		"/v1/jobs", "/v1/applications", "/v1/applications?job_id=" + v.id, "/v1/applications?stage_id=" + v.stages[0], "/v1/applications?q=hopper",
		"/v1/applications/" + known, "/v1/applications/" + known + "/timeline", "/v1/applications/" + known + "/access",
	} {
		got := w.get(open.manager, path).want(http.StatusOK)
		if text := string(got.body); strings.Contains(text, v.id) || strings.Contains(text, secret) || strings.Contains(text, "Secret") || strings.Contains(text, `"other_applications_hidden":true`) || strings.Contains(text, `"another_application":true`) {
			t.Errorf("%s: %s", path, text)
		}
	}
	for _, filter := range []string{"job_id=" + v.id, "stage_id=" + v.stages[0]} {
		if got := w.get(open.manager, "/v1/applications?"+filter); got.at("total") != 0.0 || got.at("has_more") != false {
			t.Errorf("%s: %s", filter, got.body)
		}
	}
	if got := w.events(); got != before {
		t.Errorf("%d events were written", got-before)
	}
	// The team and admins know of it.
	for _, insider := range []string{v.manager, w.admin} {
		w.get(insider, "/v1/jobs/"+v.id).want(http.StatusOK)
		if !strings.Contains(string(w.get(insider, "/v1/applications?job_id="+v.id).body), secret) {
			t.Error("an insider does not see its application")
		}
	}
}
