package transport

import (
	"net/http"
	"testing"
	"time"

	"github.com/hirelog/hirelog/commands"
	"github.com/hirelog/hirelog/domain/access"
)

// S2-100, S2-89, S1-55: stages in order with counts and cards, each column with
// a cursor of its own, filtered as the list is.
func TestThePipelineOfAJob(t *testing.T) {
	t.Parallel()
	later := time.Now().AddDate(0, 0, 8)
	w := newWorld(t, func(o *Options) { o.Queries.Now = func() time.Time { return later } })
	v, other := w.vacancy("Engineer"), w.vacancy("Other")
	job := "/v1/jobs/" + v.id
	w.do(call{method: http.MethodPatch, path: job + "/stages/" + v.stages[1], token: v.manager, body: map[string]int{"limit_days": 7}}).want(http.StatusOK)
	grace, ada, jane := w.apply(v, "Grace", "Hopper"), w.apply(v, "Ada", "Lovelace"), w.apply(v, "Jane", "Austen")
	gone := w.apply(v, "Mary", "Shelley")
	w.apply(other, "Emily", "Bronte")
	a := "/v1/applications/" + grace
	w.post(v.manager, a+"/move", map[string]string{"to": v.stages[1]}).want(http.StatusOK)
	w.put(v.manager, a+"/priority", map[string]bool{"priority": true}).want(http.StatusOK)
	for _, text := range []string{"first", "second", "third"} {
		w.post(v.manager, a+"/notes", map[string]string{"text": text}).made()
	}
	w.post(v.manager, "/v1/applications/"+gone+"/disqualify", map[string]string{"kind": "withdrawn", "reason_id": commands.FirstReason("Lost interest")}).want(http.StatusOK)
	got := w.get(v.manager, job+"/pipeline?limit=1").want(http.StatusOK)
	for path, want := range map[string]any{
		"columns.0.stage.id": v.stages[0], "columns.0.total": 2.0, "columns.0.has_more": true, "columns.0.items.0.id": jane,
		"columns.0.items.0.overdue": false, "columns.0.items.0.due_at": nil,
		"columns.1.stage.id": v.stages[1], "columns.1.total": 1.0, "columns.1.has_more": false, "columns.1.items.0.id": grace,
		"columns.1.items.0.first_name": "Grace", "columns.1.items.0.priority": true, "columns.1.items.0.overdue": true,
		"columns.1.items.0.notes.0.text": "third", "columns.1.items.0.notes.1.text": "second", "columns.1.items.0.notes.0.visible": false,
		"columns.1.items.0.notes.0.by.member_id": v.member, "columns.1.items.0.owner.id": v.member,
		"columns.2.stage.id": v.stages[2], "columns.2.total": 0.0,
	} {
		if have := got.at(path); have != want {
			t.Errorf("%s = %v, want %v", path, have, want)
		}
	}
	if len(got.at("columns.1.items.0.notes").([]any)) != 2 || len(got.at("columns").([]any)) != 3 {
		t.Errorf("pipeline %s", got.body)
	}
	next := job + "/pipeline?limit=1&stage_id=" + v.stages[0] + "&cursor=" + got.text("columns.0.next_cursor")
	rest := w.get(v.manager, next).want(http.StatusOK)
	if len(rest.at("columns").([]any)) != 1 || rest.text("columns.0.items.0.id") != ada || rest.at("columns.0.has_more") != false || rest.at("columns.0.total") != 2.0 {
		t.Errorf("rest %s", rest.body)
	}
	filtered := w.get(v.manager, job+"/pipeline?priority=true").want(http.StatusOK)
	if filtered.at("columns.0.total") != 0.0 || filtered.at("columns.1.total") != 1.0 {
		t.Errorf("filtered %s", filtered.body)
	}
	if found := w.get(v.manager, job+"/pipeline?q=lovelace"); found.at("columns.0.total") != 1.0 || found.text("columns.0.items.0.id") != ada {
		t.Errorf("searched %s", found.body)
	}
	w.get(v.manager, job+"/pipeline?cursor="+got.text("columns.0.next_cursor")).problem(http.StatusUnprocessableEntity, "query")
	w.get(v.manager, job+"/pipeline?limit=51").problem(http.StatusUnprocessableEntity, "invalid")
	// E3: a mis-move leaves the time in the stage as it was.
	w.post(v.manager, a+"/move", map[string]string{"to": v.stages[0]}).want(http.StatusOK)
	w.post(v.manager, a+"/move/undo", map[string]string{"from": v.stages[0], "reason": "A slip"}).want(http.StatusOK)
	if back := w.get(v.manager, job+"/pipeline"); back.at("columns.1.items.0.stage_since") != got.at("columns.1.items.0.stage_since") {
		t.Errorf("it is there since %v, was since %v", back.at("columns.1.items.0.stage_since"), got.at("columns.1.items.0.stage_since"))
	}
	timeline := w.get(v.manager, a+"/timeline")
	if timeline.text("items.0.kind") != "move_undone" || timeline.text("items.0.text") != "A slip" || timeline.at("items.1.undone") != true || timeline.at("items.0.undone") != false {
		t.Errorf("timeline %s", timeline.body)
	}
	w.post(v.manager, "/v1/applications/"+ada+"/move/undo", map[string]string{}).problem(http.StatusConflict, "no_move")
}

// The pipeline shows what the list shows (S2-31, H7): nothing without a right to
// it, no notes without the right to notes, nobody to an auditor.
func TestThePipelineKeepsToRights(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v, other := w.vacancy("Engineer"), w.vacancy("Other")
	id := w.apply(v, "Grace", "Hopper")
	w.post(v.manager, "/v1/applications/"+id+"/notes", map[string]string{"text": "Call back"}).made()
	reader := w.post(w.admin, "/v1/members", map[string]string{"name": "Rea Der", "role": "recruiting"}).made()
	w.put(v.manager, "/v1/jobs/"+v.id+"/hiring-team", map[string]any{"hiring_team": []map[string]any{
		{"member_id": v.member, "recruiting_role_id": commands.FirstRole("Recruiter"), "recruitment_manager": true},
		{"member_id": reader, "recruiting_role_id": w.role("List", map[access.Area]string{access.Application: "view"})},
	}}).want(http.StatusOK)
	auditor := w.tokenOf(w.post(w.admin, "/v1/members", map[string]string{"name": "Aud Itor", "role": "auditor"}).made())
	reporter := w.tokenOf(w.post(w.admin, "/v1/members", map[string]string{"name": "Rep Orter", "role": "reporting"}).made())
	path := "/v1/jobs/" + v.id + "/pipeline"
	if got := w.get(v.manager, path); got.text("columns.0.items.0.notes.0.text") != "Call back" {
		t.Errorf("manager: %s", got.body)
	}
	if got := w.get(w.tokenOf(reader), path); got.text("columns.0.items.0.last_name") != "Hopper" || got.at("columns.0.items.0.notes") != nil || got.at("columns.0.items.0.tags") != nil {
		t.Errorf("reader: %s", got.body)
	}
	if got := w.get(auditor, path); got.at("columns.0.items.0.last_name") != nil || got.at("columns.0.items.0.notes") != nil || got.at("columns.0.total") != 1.0 {
		t.Errorf("auditor: %s", got.body)
	}
	if got := w.get(other.manager, path).want(http.StatusOK); got.at("columns.0.total") != 0.0 || len(got.at("columns.0.items").([]any)) != 0 {
		t.Errorf("another job's manager: %s", got.body)
	}
	w.get(reporter, path).problem(http.StatusNotFound, "not_found")
}
