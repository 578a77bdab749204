package transport

import (
	"net/http"
	"strings"
	"testing"
)

const organizationPath = "/v1/organization"

// Evaluation forms are defined in versions, and every version stays readable
// (S2-57); no one but an admin defines them (H8).
func TestEvaluationForms(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	forms := organizationPath + "/evaluation-forms"
	form := map[string]any{"name": "First interview", "hidden_until_own": true, "elements": []map[string]any{
		{"kind": "heading", "label": "Skills"},
		{"kind": "scale", "label": "Go", "weight": 0.5, "required": true},
		{"kind": "choice", "label": "Level", "choices": []map[string]string{{"label": "Junior"}, {"label": "Senior"}}},
	}}
	id := w.post(w.admin, forms, form).made()
	first := w.get(w.admin, forms+"/"+id).want(http.StatusOK)
	if first.at("version") != 1.0 || first.at("hidden_until_own") != true || first.text("elements.2.choices.1.label") != "Senior" || first.text("elements.1.id") == "" {
		t.Fatalf("form %s", first.body)
	}
	unchanged := w.put(w.admin, forms+"/"+id, form).want(http.StatusOK)
	form["elements"] = []map[string]any{{"id": first.text("elements.1.id"), "kind": "scale", "label": "Go and its tools", "weight": 1}}
	changed := w.put(w.admin, forms+"/"+id, form).want(http.StatusOK)
	if changed.at("revision").(float64) != unchanged.at("revision").(float64)+1 {
		t.Errorf("revisions %v and %v", unchanged.at("revision"), changed.at("revision"))
	}
	list := w.get(w.admin, forms).want(http.StatusOK)
	if list.at("items.0.version") != 2.0 || list.text("items.0.elements.0.id") != first.text("elements.1.id") || list.at("revision") != changed.at("revision") {
		t.Errorf("forms %s", list.body)
	}
	if old := w.get(w.admin, forms+"/"+id+"?version=1").want(http.StatusOK); old.text("elements.0.label") != "Skills" {
		t.Errorf("version 1: %s", old.body)
	}
	w.get(w.admin, forms+"/"+id+"?version=3").problem(http.StatusNotFound, "not_found")

	member := w.post(w.admin, "/v1/members", map[string]string{"name": "Rita", "role": "recruiting"}).made()
	token := w.tokenOf(member)
	w.post(token, forms, form).problem(http.StatusForbidden, "denied")
	w.post(token, forms+"/"+id+"/retire", nil).problem(http.StatusForbidden, "denied")
	w.get(token, forms+"/"+id).want(http.StatusOK)

	form["elements"] = []map[string]any{{"kind": "scale", "label": "Go", "weight": 2}}
	w.put(w.admin, forms+"/"+id, form).problem(http.StatusUnprocessableEntity, "invalid")
	w.put(w.admin, forms+"/"+member, map[string]any{"name": "Of nobody", "elements": []map[string]any{{"kind": "text", "label": "Why?"}}}).problem(http.StatusNotFound, "unknown_entry")

	w.post(w.admin, forms+"/"+id+"/retire", nil).want(http.StatusOK)
	if got := w.get(w.admin, forms).want(http.StatusOK); strings.Contains(string(got.body), id) {
		t.Errorf("a retired form is listed: %s", got.body)
	}
	if got := w.get(w.admin, forms+"?retired=true").want(http.StatusOK); got.at("items.0.retired") != true {
		t.Errorf("retired forms %s", got.body)
	}
	if got := w.get(w.admin, forms+"/"+id+"?version=1").want(http.StatusOK); got.at("retired") != true {
		t.Errorf("a retired form %s", got.body)
	}
	w.post(w.admin, forms+"/"+id+"/restore", nil).want(http.StatusOK)
	if got := w.get(w.admin, forms).want(http.StatusOK); got.at("items.0.retired") != false {
		t.Errorf("restored forms %s", got.body)
	}
}

// Tags are unique case-folded, renamed wherever they are, and not put on
// applications any more once retired (S2-83); reasons are retired likewise
// (S2-90).
func TestTagsAndReasonsAreRetired(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vacancy("Engineer")
	a := "/v1/applications/" + w.apply(v, "Grace", "Hopper")
	tags := organizationPath + "/tags"
	tag := w.post(v.manager, a+"/tags", map[string]string{"label": "remote"}).made()
	if again := w.post(w.admin, tags, map[string]string{"label": "REMOTE"}).made(); again != tag {
		t.Errorf("the tag is %s and %s", tag, again)
	}
	w.put(w.admin, tags+"/"+tag, map[string]string{"label": "Works from home"}).want(http.StatusOK)
	if got := w.get(v.manager, a).want(http.StatusOK); got.text("tags.0.label") != "Works from home" {
		t.Errorf("tags %s", got.body)
	}
	other := w.post(w.admin, tags, map[string]string{"label": "Senior"}).made()
	w.put(w.admin, tags+"/"+other, map[string]string{"label": "works FROM home"}).problem(http.StatusUnprocessableEntity, "invalid")
	w.put(v.manager, tags+"/"+other, map[string]string{"label": "Junior"}).problem(http.StatusForbidden, "denied")
	w.post(w.admin, tags+"/"+other+"/retire", nil).want(http.StatusOK)
	w.post(v.manager, a+"/tags", map[string]string{"label": "senior"}).problem(http.StatusConflict, "retired")
	w.post(w.admin, tags, map[string]string{"label": "senior"}).problem(http.StatusConflict, "retired")
	w.post(w.admin, tags+"/"+tag+"/retire", nil).want(http.StatusOK)
	if got := w.get(v.manager, a).want(http.StatusOK); got.text("tags.0.label") != "Works from home" {
		t.Errorf("a retired tag is gone from where it was: %s", got.body)
	}
	if got := w.get(v.manager, tags).want(http.StatusOK); !strings.Contains(string(got.body), `"items":[]`) {
		t.Errorf("retired tags are listed: %s", got.body)
	}
	if got := w.get(v.manager, tags+"?retired=true").want(http.StatusOK); got.text("items.0.label") != "Senior" || got.at("items.1.retired") != true {
		t.Errorf("retired tags %s", got.body)
	}

	reasons := organizationPath + "/disqualification-reasons"
	reason := w.post(w.admin, reasons, map[string]string{"label": "Moon phase", "kind": "we"}).made()
	w.post(w.admin, reasons+"/"+reason+"/retire", nil).want(http.StatusOK)
	w.post(v.manager, a+"/disqualify", map[string]any{"kind": "rejected", "reason_id": reason}).problem(http.StatusConflict, "retired")
	w.post(w.admin, reasons+"/"+reason+"/restore", nil).want(http.StatusOK)
	w.post(v.manager, a+"/disqualify", map[string]any{"kind": "rejected", "reason_id": reason}).want(http.StatusOK)
	w.post(w.admin, reasons+"/"+reason+"/retire", nil).want(http.StatusOK)
	if got := w.get(v.manager, a).want(http.StatusOK); got.text("reason.label") != "Moon phase" {
		t.Errorf("reason %s", got.body)
	}
}
