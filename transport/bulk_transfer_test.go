package transport

import (
	"net/http"
	"testing"

	"github.com/hirelog/hirelog/commands"
)

// E14, S2-93: many are assigned to another job, each as if alone: by the rights of
// who started it on it (H7), unless its person has a live application there or it is
// closed. E3: one undo assigns back, in the stage it had, what nobody went on from.
func TestBulkTransfer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.carryOut()
	v, to := w.vacancy("Engineer"), w.vacancy("Writer")
	w.put(to.manager, "/v1/jobs/"+to.id+"/hiring-team", map[string]any{"hiring_team": []map[string]any{
		{"member_id": to.member, "recruiting_role_id": commands.FirstRole("Recruiter"), "recruitment_manager": true},
		{"member_id": v.member, "recruiting_role_id": commands.FirstRole("Recruiter")},
	}}).want(http.StatusOK)
	third := w.vacancy("Baker")
	a, b, twice, closed := w.apply(v, "Grace", "Hopper"), w.apply(v, "Ada", "Lovelace"), w.apply(v, "Jane", "Austen"), w.apply(v, "Mary", "Shelley")
	theirs, there := w.apply(third, "Emily", "Bronte"), w.apply(to, "Jane", "Austen")
	w.post(v.manager, "/v1/applications/"+closed+"/disqualify", map[string]string{"kind": "rejected", "reason_id": commands.FirstReason("Position filled")}).want(http.StatusOK)
	w.post(v.manager, "/v1/applications/"+a+"/move", map[string]string{"to": v.stages[1]}).want(http.StatusOK)
	body := func(of ...string) map[string]any {
		return map[string]any{"action": map[string]any{"transfer": map[string]string{"job_id": to.id, "reason": "They write well"}}, "application_ids": of}
	}
	all := body(a, b, twice, closed, theirs, there)
	before := w.events()
	preview := w.post(v.manager, "/v1/bulk-actions/preview", all).want(http.StatusOK)
	if preview.number("changed") != 3 || len(preview.at("refused").([]any)) != 3 || w.events() != before {
		t.Errorf("preview: %s", preview.body)
	}
	id := w.post(v.manager, "/v1/bulk-actions", all).made()
	if got := w.done(v.manager, id, "done"); got.number("changed") != 2 || got.number("refused") != 4 || got.text("action.kind") != "transfer" || got.text("action.job_id") != to.id {
		t.Errorf("done: %s", got.body)
	}
	items := w.get(v.manager, "/v1/bulk-actions/"+id+"/items").want(http.StatusOK)
	for i, code := range []string{"", "", "duplicate_application", "application_closed", "unknown_application", "same_job"} {
		if got, _ := items.at("items." + string(rune('0'+i)) + ".code").(string); got != code {
			t.Errorf("item %d: %q, want %q: %s", i, got, code, items.body)
		}
	}
	wentOn := map[string]string{}
	for _, app := range []string{a, b} {
		was := w.get(v.manager, "/v1/applications/"+app).want(http.StatusOK)
		wentOn[app] = was.text("went_on_as.id")
		if now := w.get(to.manager, "/v1/applications/"+wentOn[app]).want(http.StatusOK); was.text("outcome") != "transferred" || now.text("goes_on_from.id") != app || now.text("outcome") != "in_progress" {
			t.Errorf("%s went on as %s", was.body, now.body)
		}
	}
	// Who may on the one job alone is refused each.
	other := w.post(third.manager, "/v1/bulk-actions/preview", body(theirs)).want(http.StatusOK)
	if other.text("refused.0.code") != "unknown_job" {
		t.Errorf("by the manager of another job: %s", other.body)
	}

	// One is moved on there, the other noted something of.
	w.post(to.manager, "/v1/applications/"+wentOn[b]+"/move", map[string]string{"to": to.stages[1]}).want(http.StatusOK)
	w.post(to.manager, "/v1/applications/"+wentOn[a]+"/comments", map[string]string{"text": "Rather an engineer"}).made()
	w.post(v.manager, "/v1/bulk-actions/"+id+"/undo", map[string]string{"reason": "The wrong job"}).want(http.StatusOK)
	if got := w.done(v.manager, id, "undone"); got.number("undo.undone") != 1 || got.number("undo.not_undone") != 1 {
		t.Errorf("undone: %s: %s", got.body, w.get(v.manager, "/v1/bulk-actions/"+id+"/items").body)
	}
	if left := w.get(v.manager, "/v1/bulk-actions/"+id+"/items?not_undone=true"); left.text("items.0.application_id") != b || left.text("items.0.undo_code") != "changed_since" {
		t.Errorf("left: %s", left.body)
	}
	back := w.get(to.manager, "/v1/applications/"+wentOn[a]).want(http.StatusOK).text("went_on_as.id")
	now := w.get(v.manager, "/v1/applications/"+back).want(http.StatusOK)
	if now.text("outcome") != "in_progress" || now.text("stage.id") != v.stages[1] || now.text("job.id") != v.id || now.text("comments.0.text") != "Rather an engineer" {
		t.Errorf("back is %s", now.body)
	}
}

// E14, S2-94: many are anonymised, each by the rights on it, and only what is
// closed; that is not taken back.
func TestBulkAnonymise(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.carryOut()
	v, other := w.vacancy("Engineer"), w.vacancy("Baker")
	a, live, theirs := w.apply(v, "Grace", "Hopper"), w.apply(v, "Ada", "Lovelace"), w.apply(other, "Mary", "Shelley")
	w.post(v.manager, "/v1/applications/"+a+"/disqualify", map[string]string{"kind": "withdrawn", "reason_id": commands.FirstReason("Accepted another offer")}).want(http.StatusOK)
	body := map[string]any{"action": map[string]any{"anonymise": map[string]any{}}, "application_ids": []string{a, live, theirs}}
	if preview := w.post(v.manager, "/v1/bulk-actions/preview", body).want(http.StatusOK); preview.number("changed") != 1 || len(preview.at("refused").([]any)) != 2 {
		t.Errorf("preview: %s", preview.body)
	}
	if got := w.get(v.manager, "/v1/applications/"+a).text("first_name"); got != "Grace" {
		t.Errorf("the preview erased %q", got)
	}
	id := w.post(v.manager, "/v1/bulk-actions", body).made()
	if got := w.done(v.manager, id, "done"); got.number("changed") != 1 || got.number("refused") != 2 {
		t.Errorf("done: %s", got.body)
	}
	items := w.get(v.manager, "/v1/bulk-actions/"+id+"/items?result=refused")
	if items.text("items.0.code") != "application_not_closed" || items.text("items.1.code") != "unknown_application" {
		t.Errorf("refused: %s", items.body)
	}
	if got := w.get(v.manager, "/v1/applications/"+a).want(http.StatusOK); got.at("anonymised") != true || got.at("first_name") != nil {
		t.Errorf("it is %s", got.body)
	}
	w.post(v.manager, "/v1/bulk-actions/"+id+"/undo", map[string]string{"reason": "x"}).problem(http.StatusConflict, "cannot_be_undone")
}
