package transport

import (
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/hirelog/hirelog/commands"
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

// A category of the organisation's own is a right of its own (S2-21, S2-31):
// documents of it are filed, asked for, seen and, once it is retired, still seen.
func TestDocumentCategoriesOfOnesOwn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.do(call{method: http.MethodPatch, path: organizationPath + "/settings", token: w.admin, body: map[string]any{"self_tracking": true}}).want(http.StatusOK)
	v := w.vacancy("Driver")
	docs := "/v1/applications/" + w.apply(v, "Grace", "Hopper") + "/documents"
	categories := organizationPath + "/document-categories"
	licence := w.post(w.admin, categories, map[string]string{"label": "Licence"}).made()
	w.post(v.manager, categories, map[string]string{"label": "Permit"}).problem(http.StatusForbidden, "denied")
	w.put(w.admin, categories+"/"+licence, map[string]string{"label": "Driving licence"}).want(http.StatusOK)

	filed := w.post(w.admin, docs, newForm(licence).file("licence.txt", "B, C")).made()
	w.post(v.manager, docs, newForm(licence).file("licence.txt", "B, C")).problem(http.StatusForbidden, "denied")
	if got := w.get(v.manager, docs).want(http.StatusOK); strings.Contains(string(got.body), filed) {
		t.Errorf("without a right on the category: %s", got.body)
	}
	if got := w.get(w.admin, docs).want(http.StatusOK); got.text("items.0.category") != licence {
		t.Errorf("documents %s", got.body)
	}
	roles := w.get(w.admin, organizationPath+"/recruiting-roles").want(http.StatusOK)
	for i := range 3 {
		at := "items." + strconv.Itoa(i)
		if roles.text(at+".name") != "Recruiter" {
			continue
		}
		documents := roles.at(at + ".documents").(map[string]any)
		documents[licence] = "edit"
		w.put(w.admin, organizationPath+"/recruiting-roles/"+roles.text(at+".id"), map[string]any{
			"name": "Recruiter", "areas": roles.at(at + ".areas"), "documents": documents, "notify": []string{"new_message", "mentioned"},
		}).want(http.StatusOK)
	}
	if got := w.get(w.admin, organizationPath+"/recruiting-roles"); !strings.Contains(string(got.body), `"notify":["mentioned","new_message"]`) {
		t.Errorf("roles %s", got.body)
	}
	if got := w.get(v.manager, docs).want(http.StatusOK); got.text("items.0.id") != filed {
		t.Errorf("with a right on the category: %s", got.body)
	}
	asked := map[string]any{"title": "Your licence", "category": licence}
	w.post(v.manager, strings.TrimSuffix(docs, "s")+"-requests", asked).made()

	w.post(w.admin, categories+"/"+licence+"/retire", nil).want(http.StatusOK)
	w.post(v.manager, strings.TrimSuffix(docs, "s")+"-requests", asked).problem(http.StatusConflict, "retired")
	w.post(v.manager, docs, newForm(licence).file("licence.txt", "B, C")).problem(http.StatusConflict, "retired")
	w.post(w.admin, docs, newForm(v.member).file("licence.txt", "B, C")).problem(http.StatusUnprocessableEntity, "document_category")
	if got := w.get(v.manager, docs).want(http.StatusOK); !strings.Contains(string(got.body), filed) {
		t.Errorf("a document of a retired category is gone: %s", got.body)
	}
	if got := w.get(v.manager, categories).want(http.StatusOK); got.text("items.0.id") != "cv" || strings.Contains(string(got.body), licence) {
		t.Errorf("categories %s", got.body)
	}
	if got := w.get(v.manager, categories+"?retired=true").want(http.StatusOK); !strings.Contains(string(got.body), "Driving licence") {
		t.Errorf("retired categories %s", got.body)
	}
}

// Attributes of candidates have a type for good, choices that are not forgotten,
// and the admin's order (S2-17..20); templates leave open only what can be
// filled in (S2-42).
func TestAttributesAndTemplates(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	attributes := organizationPath + "/attributes"
	shift := w.post(w.admin, attributes, map[string]any{"label": "Shift", "type": "multi_choice", "keep_for_reports": true, "choices": []map[string]string{{"label": "Day"}, {"label": "Night"}}}).made()
	height := w.post(w.admin, attributes, map[string]any{"label": "Height", "type": "number"}).made()
	w.put(w.admin, organizationPath+"/attribute-order", map[string]any{"attributes": []string{height}}).want(http.StatusOK)
	w.put(w.admin, attributes+"/"+height, map[string]any{"label": "Height", "type": "text"}).problem(http.StatusUnprocessableEntity, "invalid")
	w.put(w.admin, attributes+"/"+shift, map[string]any{"label": "Shift", "type": "multi_choice", "choices": []map[string]string{{"label": "Night"}}}).want(http.StatusOK)
	got := w.get(w.admin, attributes).want(http.StatusOK)
	if got.text("items.0.id") != height || got.text("items.1.choices.0.label") != "Night" || got.text("items.1.former_choices.0.label") != "Day" || got.at("revision") == nil {
		t.Errorf("attributes %s", got.body)
	}
	w.post(w.admin, attributes+"/"+height+"/retire", nil).want(http.StatusOK)
	if got := w.get(w.admin, attributes).want(http.StatusOK); got.text("items.0.id") != shift {
		t.Errorf("attributes in use %s", got.body)
	}
	stale := call{method: http.MethodPut, path: attributes + "/" + height, token: w.admin, body: map[string]any{"label": "Tallness", "type": "number"}}
	stale.header = map[string]string{"If-Match": `"` + strconv.Itoa(int(got.at("revision").(float64))) + `"`}
	w.do(stale).want(http.StatusPreconditionFailed)

	templates := organizationPath + "/message-templates"
	w.post(w.admin, templates, map[string]any{"name": "Offer", "kind": "message", "body": "You get {{offer.salary}}"}).problem(http.StatusUnprocessableEntity, "invalid")
	offer := w.post(w.admin, templates, map[string]any{"name": "Offer", "kind": "offer_contract", "subject": "Contract", "body": "You get {{offer.salary}}"}).made()
	if got := w.get(w.admin, templates).want(http.StatusOK); got.text("items.0.id") != offer || got.text("items.0.placeholders.0") != "candidate.first_name" {
		t.Errorf("templates %s", got.body)
	}
	w.post(w.admin, templates+"/"+offer+"/retire", nil).want(http.StatusOK)
	w.put(w.admin, templates+"/"+offer, map[string]any{"name": "Offer", "kind": "offer_contract", "body": "Nothing"}).want(http.StatusOK)
	if got := w.get(w.admin, templates+"?retired=true").want(http.StatusOK); got.text("items.0.body") != "Nothing" || got.at("items.0.retired") != true {
		t.Errorf("retired templates %s", got.body)
	}
}

// Members are corrected, hand over when they leave, and lose their name for
// good if asked; nobody but an admin does that to others (S2-104, H8).
func TestMembersLeave(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	invite := func(name string) (string, string) {
		id := w.post(w.admin, "/v1/members", map[string]string{"name": name, "email": "someone@company.example", "role": "recruiting"}).made()
		return "/v1/members/" + id, w.tokenOf(id)
	}
	rita, token := invite("Rita Recruiter")
	otto, other := invite("Otto Other")
	patch := func(token, path string, body any) reply {
		return w.do(call{method: http.MethodPatch, path: path, token: token, body: body})
	}
	patch(token, rita, map[string]string{"name": "Rita Rich"}).want(http.StatusOK)
	patch(other, rita, map[string]string{"name": "Rita Poor"}).problem(http.StatusForbidden, "denied")
	patch(token, rita, map[string]string{}).problem(http.StatusUnprocessableEntity, "invalid")
	if me := w.get(token, "/v1/me").want(http.StatusOK); me.text("name") != "Rita Rich" || me.text("email") != "someone@company.example" {
		t.Errorf("me %s", me.body)
	}

	id := func(path string) string { return strings.TrimPrefix(path, "/v1/members/") }
	w.post(w.admin, rita+"/erase", nil).problem(http.StatusConflict, "member_active")
	w.post(w.admin, rita+"/deactivate", map[string]string{"successor_id": id(rita)}).problem(http.StatusUnprocessableEntity, "invalid")
	w.post(other, rita+"/deactivate", nil).problem(http.StatusForbidden, "denied")
	w.post(w.admin, rita+"/deactivate", map[string]string{"successor_id": id(otto)}).want(http.StatusOK)
	w.get(token, "/v1/me").problem(http.StatusUnauthorized, "invalid_token")
	w.post(w.admin, otto+"/deactivate", map[string]string{"successor_id": id(rita)}).problem(http.StatusUnprocessableEntity, "invalid")

	w.post(other, rita+"/erase", nil).problem(http.StatusForbidden, "denied")
	w.post(w.admin, rita+"/erase", nil).want(http.StatusOK)
	w.post(w.admin, rita+"/erase", nil).want(http.StatusOK)
	w.post(w.admin, rita+"/reactivate", nil).problem(http.StatusConflict, "member_erased")
	got := w.get(w.admin, "/v1/members").want(http.StatusOK)
	if strings.Contains(string(got.body), "Rita") || got.at("items.0.erased") != true || got.at("items.0.name") != nil || got.text("items.0.id") != id(rita) {
		t.Errorf("members %s", got.body)
	}
	history := w.get(w.admin, rita+"/history").want(http.StatusOK)
	if strings.Contains(string(history.body), "Rita") || history.text("events.2.type") != "member.token_issued.v1" && history.text("events.1.type") != "member.token_issued.v1" {
		t.Errorf("history %s", history.body)
	}
	if history.at("events.0.data.name") != nil || history.text("events.0.erased.0") == "" || !strings.Contains(string(history.body), `"handed_to":"`+id(otto)+`"`) {
		t.Errorf("history %s", history.body)
	}
}

// What the organisation decided for itself, and what became of members, admins
// and auditors see: who, when and what; auditors without names (S2-101). Nobody
// else does (H16).
func TestHistoriesOfTheOrganisation(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.do(call{method: http.MethodPatch, path: organizationPath + "/settings", token: w.admin, body: map[string]any{"read_log_days": 400}}).want(http.StatusOK)
	auditor := w.post(w.admin, "/v1/members", map[string]string{"name": "Audrey Auditor", "role": "auditor"}).made()
	recruiter := w.post(w.admin, "/v1/members", map[string]string{"name": "Rita Recruiter", "role": "recruiting"}).made()
	audit, recruit := w.tokenOf(auditor), w.tokenOf(recruiter)
	for _, path := range []string{organizationPath + "/history", "/v1/members/" + recruiter + "/history"} {
		w.get(recruit, path).problem(http.StatusForbidden, "denied")
	}
	got := w.get(audit, organizationPath+"/history").want(http.StatusOK)
	events := got.at("events").([]any)
	last := events[len(events)-1].(map[string]any)
	if last["type"] != "organization.settings_changed.v1" || last["data"].(map[string]any)["read_log_days"] != 400.0 || last["by"] != "member:"+commands.FirstAdmin() {
		t.Errorf("the last event is %v", last)
	}
	if got.text("events.0.type") != "organization.founded.v1" || got.at("revision") != float64(len(events)-1) {
		t.Errorf("the first event is %v of %v", got.at("events.0"), got.at("revision"))
	}
	masked := w.get(audit, "/v1/members/"+recruiter+"/history").want(http.StatusOK)
	if masked.at("masked") != true || masked.at("events.0.data.name") != nil || masked.text("events.0.data.role") != "recruiting" {
		t.Errorf("an auditor sees %s", masked.body)
	}
	if open := w.get(w.admin, "/v1/members/"+recruiter+"/history").want(http.StatusOK); open.text("events.0.data.name") != "Rita Recruiter" {
		t.Errorf("an admin sees %s", open.body)
	}
	w.get(w.admin, "/v1/members/"+strings.Replace(recruiter, recruiter[:4], "ffff", 1)+"/history").problem(http.StatusNotFound, "unknown_member")
}

// A read token gives no command, not even to make itself another (S2-104, H3),
// and a token rotates: the secret before counts until the overlap ends.
func TestTokensReadAndRotate(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	me := "/v1/members/" + w.post(w.admin, "/v1/members", map[string]string{"name": "Ann Admin", "role": "admin"}).made()
	other := "/v1/members/" + w.post(w.admin, "/v1/members", map[string]string{"name": "Otto", "role": "recruiting"}).made()
	reading := w.post(w.admin, me+"/tokens", map[string]string{"name": "reports", "access": "read"})
	reader := reading.text("secret")
	w.get(reader, "/v1/applications").want(http.StatusOK)
	w.get(reader, organizationPath+"/history").want(http.StatusOK)
	before := w.events()
	for _, r := range w.handler.edge.Routes() {
		if r.Method == http.MethodGet || strings.Contains(r.Who.String(), "anyone") || r.Who.Rule().Candidate {
			continue
		}
		path := strings.NewReplacer("{", "", "}", "").Replace(r.Path)
		w.do(call{method: r.Method, path: path, token: reader, body: map[string]any{}}).problem(http.StatusForbidden, "read_only_token")
	}
	if after := w.events(); after != before {
		t.Errorf("%d events were written by a read token", after-before)
	}

	issued := w.post(w.admin, me+"/tokens", map[string]string{"name": "laptop"})
	rotate := me + "/tokens/" + issued.made() + "/rotate"
	w.post(w.tokenOf(strings.TrimPrefix(other, "/v1/members/")), rotate, nil).problem(http.StatusForbidden, "denied")
	first := issued.text("secret")
	second := w.post(first, rotate, map[string]int{"overlap_minutes": 5}).want(http.StatusOK).text("secret")
	for _, secret := range []string{first, second} {
		w.get(secret, "/v1/me").want(http.StatusOK)
	}
	third := w.post(second, rotate, map[string]int{"overlap_minutes": 0}).want(http.StatusOK).text("secret")
	for _, secret := range []string{first, second} {
		w.get(secret, "/v1/me").problem(http.StatusUnauthorized, "invalid_token")
	}
	w.get(third, "/v1/me").want(http.StatusOK)
	w.post(third, rotate, map[string]int{"overlap_minutes": 10081}).problem(http.StatusUnprocessableEntity, "invalid")
	again := call{method: http.MethodPost, path: rotate, token: third, header: map[string]string{"Idempotency-Key": "rotate-1"}}
	lost := w.do(again).want(http.StatusOK).text("secret")
	received := w.do(again).want(http.StatusOK).text("secret")
	w.get(lost, "/v1/me").problem(http.StatusUnauthorized, "invalid_token")
	w.get(received, "/v1/me").want(http.StatusOK)
	w.post(received, rotate, nil).want(http.StatusOK)
	again.token = received
	w.do(again).problem(http.StatusConflict, "token_rotated_since")
}
