package transport

import (
	"net/http"
	"testing"

	"github.com/hirelog/hirelog/commands"
	"github.com/hirelog/hirelog/domain/access"
)

// done waits until an action on many applications has the state, and returns it.
func (w *world) done(token, id, state string) reply {
	w.t.Helper()
	var got reply
	w.until("the action is "+state, func() bool {
		got = w.get(token, "/v1/bulk-actions/"+id).want(http.StatusOK)
		return got.text("state") == state
	})
	return got
}

// number returns the whole number that stands at a path.
func (r reply) number(path string) int {
	r.t.Helper()
	n, ok := r.at(path).(float64)
	if !ok {
		r.t.Fatalf("%s is no number in %s", path, r.body)
	}
	return int(n)
}

// E14: an action on many applications is previewed, started once under its key,
// decided for each of them by the rights of who started it, and says how it went
// with each. E3: one undo takes back what it changed and nobody changed since.
func TestBulk(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.carryOut()
	v, other := w.vacancy("Engineer"), w.vacancy("Baker")
	a, b, c := w.apply(v, "Grace", "Hopper"), w.apply(v, "Ada", "Lovelace"), w.apply(v, "Jane", "Austen")
	theirs := w.apply(other, "Mary", "Shelley")
	w.post(v.manager, "/v1/applications/"+c+"/move", map[string]string{"to": v.stages[1]}).want(http.StatusOK)
	move := map[string]any{"move": map[string]string{"to": v.stages[1], "comment": "All of them together"}}
	body := map[string]any{"action": move, "application_ids": []string{a, b, c, theirs}}

	before := w.events()
	for _, bad := range []map[string]any{
		{"action": move, "application_ids": []string{"nobody"}},
		{"action": map[string]any{"disqualify": map[string]any{"kind": "rejected", "reason_id": v.id, "message": map[string]any{"subject": "No", "text": "No.", "file_ids": []string{v.id}}}}, "application_ids": []string{a}},
	} {
		w.post(v.manager, "/v1/bulk-actions", bad).problem(http.StatusUnprocessableEntity, "invalid")
		w.post(v.manager, "/v1/bulk-actions/preview", bad).problem(http.StatusUnprocessableEntity, "invalid")
	}
	preview := w.post(v.manager, "/v1/bulk-actions/preview", body).want(http.StatusOK)
	if preview.number("total") != 4 || preview.number("changed") != 2 || preview.number("unchanged") != 1 ||
		preview.text("refused.0.code") != "unknown_application" || preview.text("refused.0.application_ids.0") != theirs {
		t.Errorf("preview: %s", preview.body)
	}
	if got := w.events(); got != before {
		t.Errorf("the preview wrote %d events", got-before)
	}
	start := call{method: http.MethodPost, path: "/v1/bulk-actions", token: v.manager, body: body, header: map[string]string{"Idempotency-Key": "once"}}
	id := w.do(start).made()
	if again := w.do(start).made(); again != id {
		t.Errorf("given again it is another: %s, %s", again, id)
	}
	got := w.done(v.manager, id, "done")
	if got.number("total") != 4 || got.number("changed") != 2 || got.number("unchanged") != 1 || got.number("refused") != 1 ||
		got.text("action.kind") != "move" || got.text("action.stage_id") != v.stages[1] || got.text("by.member_id") != v.member {
		t.Errorf("done: %s", got.body)
	}
	if page := w.get(v.manager, "/v1/bulk-actions/"+id+"/items?result=refused").want(http.StatusOK); page.text("items.0.application_id") != theirs || page.text("items.0.code") != "unknown_application" {
		t.Errorf("refused: %s", page.body)
	}
	page := w.get(v.manager, "/v1/bulk-actions/"+id+"/items?limit=3").want(http.StatusOK)
	next := w.get(v.manager, "/v1/bulk-actions/"+id+"/items?limit=3&cursor="+page.text("next_cursor")).want(http.StatusOK)
	if len(page.at("items").([]any)) != 3 || len(next.at("items").([]any)) != 1 || next.number("items.0.place") != 3 {
		t.Errorf("pages: %s, %s", page.body, next.body)
	}
	timeline := w.get(v.manager, "/v1/applications/"+a+"/timeline").want(http.StatusOK)
	if timeline.text("items.0.kind") != "stage_moved" || timeline.text("items.0.text") != "All of them together" || timeline.text("items.0.by.member_id") != v.member {
		t.Errorf("timeline: %s", timeline.body)
	}
	if list := w.get(other.manager, "/v1/bulk-actions").want(http.StatusOK); len(list.at("items").([]any)) != 0 {
		t.Errorf("others see it: %s", list.body)
	}
	if list := w.get(w.admin, "/v1/bulk-actions").want(http.StatusOK); list.text("items.0.id") != id {
		t.Errorf("admins do not see it: %s", list.body)
	}

	// One is moved on; the undo leaves it there, and says so.
	w.post(v.manager, "/v1/applications/"+b+"/move", map[string]string{"to": v.stages[2]}).want(http.StatusOK)
	w.post(v.manager, "/v1/applications/"+a+"/notes", map[string]string{"text": "Not about the stage"}).made()
	undo := "/v1/bulk-actions/" + id + "/undo"
	w.post(other.manager, undo, map[string]string{"reason": "x"}).problem(http.StatusNotFound, "unknown_bulk_action")
	w.post(v.manager, undo, map[string]string{"reason": "Wrong stage"}).want(http.StatusOK)
	got = w.done(v.manager, id, "undone")
	if got.number("undo.undone") != 1 || got.number("undo.not_undone") != 1 {
		t.Errorf("undone: %s", got.body)
	}
	if left := w.get(v.manager, "/v1/bulk-actions/"+id+"/items?not_undone=true").want(http.StatusOK); left.text("items.0.application_id") != b || left.text("items.0.undo_code") != "changed_since" {
		t.Errorf("left: %s", left.body)
	}
	for app, stage := range map[string]string{a: v.stages[0], b: v.stages[2], c: v.stages[1]} {
		if got := w.get(v.manager, "/v1/applications/"+app).text("stage.id"); got != stage {
			t.Errorf("%s is in %s, want %s", app, got, stage)
		}
	}
	w.post(v.manager, undo, map[string]string{"reason": "Again"}).want(http.StatusOK)
	if again := w.get(v.manager, "/v1/bulk-actions/"+id); again.number("undo.undone") != 1 {
		t.Errorf("undone twice: %s", again.body)
	}
}

// E14: every kind of action is done and taken back; a filter stands for those
// that answer to it, and whom one does not see is not among them (H2, H7).
func TestBulkOfEveryKind(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.carryOut()
	w.do(call{method: http.MethodPatch, path: "/v1/organization/settings", token: w.admin, body: map[string]any{"self_tracking": true}}).want(http.StatusOK)
	v, other := w.vacancy("Engineer"), w.vacancy("Baker")
	a, b := w.apply(v, "Grace", "Hopper"), w.apply(v, "Ada", "Lovelace")
	hidden := w.apply(other, "Mary", "Shelley")
	tag := w.post(v.manager, "/v1/applications/"+a+"/tags", map[string]string{"label": "Go"}).made()
	colleague := w.post(w.admin, "/v1/members", map[string]any{"name": "Colleague", "role": "recruiting"}).made()
	w.put(v.manager, "/v1/jobs/"+v.id+"/hiring-team", map[string]any{"hiring_team": []map[string]any{
		{"member_id": v.member, "recruiting_role_id": commands.FirstRole("Recruiter"), "recruitment_manager": true},
		{"member_id": colleague, "recruiting_role_id": w.role("Looks on", map[access.Area]string{access.Application: "view"})},
	}}).want(http.StatusOK)
	w.settle()
	look := func(app string) reply { return w.get(v.manager, "/v1/applications/"+app).want(http.StatusOK) }
	rejected := map[string]any{"kind": "rejected", "reason_id": commands.FirstReason("Not enough experience"), "note": "Not this time"}
	for _, step := range []struct {
		name   string
		action map[string]any
		done   func(reply) bool
		leave  bool // and do not take back
	}{
		{"tag", map[string]any{"tag": map[string]string{"tag_id": tag}}, func(r reply) bool { return len(r.at("tags").([]any)) == 1 }, true},
		{"untag", map[string]any{"untag": map[string]string{"tag_id": tag}}, func(r reply) bool { return len(r.at("tags").([]any)) == 0 }, false},
		{"owner", map[string]any{"set_owner": map[string]string{"owner_id": colleague}}, func(r reply) bool { return r.text("owner.id") == colleague }, false},
		{"document", map[string]any{"request_document": map[string]any{"title": "Diploma", "category": "certificate"}}, func(r reply) bool { return len(r.at("documents").([]any)) == 1 }, false},
		{"disqualify", map[string]any{"disqualify": rejected}, func(r reply) bool { return r.text("outcome") == "rejected" }, false},
		{"disqualify", map[string]any{"disqualify": rejected}, func(r reply) bool { return r.text("outcome") == "rejected" }, true},
		{"requalify", map[string]any{"requalify": map[string]any{"reason": "A second look"}}, func(r reply) bool { return r.text("outcome") == "in_progress" }, false},
	} {
		body := map[string]any{"action": step.action, "filter": map[string]any{"job_ids": []string{v.id, other.id}}}
		w.settle()
		preview := w.post(v.manager, "/v1/bulk-actions/preview", body).want(http.StatusOK)
		if preview.number("total") != 2 || len(preview.at("refused").([]any)) != 0 {
			t.Errorf("%s: preview: %s", step.name, preview.body)
		}
		id := w.post(v.manager, "/v1/bulk-actions", body).made()
		got := w.done(v.manager, id, "done")
		if got.number("total") != 2 || got.number("refused") != 0 {
			t.Errorf("%s: %s", step.name, got.body)
		}
		if !step.done(look(a)) || !step.done(look(b)) {
			t.Errorf("%s was not done: %s", step.name, look(a).body)
		}
		if step.leave {
			continue
		}
		w.post(v.manager, "/v1/bulk-actions/"+id+"/undo", map[string]string{"reason": "A mistake"}).want(http.StatusOK)
		if got := w.done(v.manager, id, "undone"); got.number("undo.undone") != 2 {
			t.Errorf("%s was not taken back: %s: %s", step.name, got.body, w.get(v.manager, "/v1/bulk-actions/"+id+"/items").body)
		}
		if step.name != "document" && step.done(look(a)) {
			t.Errorf("%s is still so: %s", step.name, look(a).body)
		}
	}
	if got := w.get(other.manager, "/v1/applications/"+hidden).want(http.StatusOK); got.number("revision") != 0 {
		t.Errorf("the hidden one was changed: %s", got.body)
	}
	refuse := func(token string, body map[string]any, status int, code string) {
		t.Helper()
		w.post(token, "/v1/bulk-actions", body).problem(status, code)
		w.post(token, "/v1/bulk-actions/preview", body).problem(status, code)
	}
	of := []string{a}
	refuse(v.manager, map[string]any{"action": map[string]any{}, "application_ids": of}, http.StatusUnprocessableEntity, "invalid")
	refuse(v.manager, map[string]any{"action": map[string]any{"tag": map[string]string{"tag_id": tag}, "untag": map[string]string{"tag_id": tag}}, "application_ids": of}, http.StatusUnprocessableEntity, "invalid")
	refuse(v.manager, map[string]any{"action": map[string]any{"tag": map[string]string{"tag_id": tag}}}, http.StatusUnprocessableEntity, "bulk_action_empty")
	refuse(v.manager, map[string]any{"action": map[string]any{"tag": map[string]string{"tag_id": tag}}, "application_ids": []string{a, a}}, http.StatusUnprocessableEntity, "invalid")
	reporter := w.tokenOf(w.post(w.admin, "/v1/members", map[string]any{"name": "Reporter", "role": "reporting"}).made())
	refuse(reporter, map[string]any{"action": map[string]any{"tag": map[string]string{"tag_id": tag}}, "application_ids": of}, http.StatusForbidden, "denied")
}
