package transport

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/hirelog/hirelog/commands"
	"github.com/hirelog/hirelog/domain/access"
)

func (w *world) patchCandidate(token, a string, body map[string]any) reply {
	w.t.Helper()
	return w.do(call{method: http.MethodPatch, path: a + "/candidate", token: token, body: body})
}

// S2-17..20: values of the organisation's own attributes are typed, shown in the
// admin's order, changed one by one, and seen and edited by the area of each.
func TestCustomAttributes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vacancy("Engineer")
	a := "/v1/applications/" + w.apply(v, "Grace", "Hopper")
	define := func(body map[string]any) string { return w.post(w.admin, "/v1/organization/attributes", body).made() }
	size := define(map[string]any{"label": "Shoe size", "type": "number"})
	licence := define(map[string]any{"label": "Driving licence", "type": "boolean", "area": "sensitive"})
	shift := define(map[string]any{"label": "Shifts", "type": "multi_choice", "choices": []map[string]string{{"label": "Day"}, {"label": "Night"}}})
	w.put(w.admin, "/v1/organization/attribute-order", map[string]any{"attributes": []string{shift, size, licence}}).want(http.StatusOK)
	day := w.directory.Organization().Attributes[shift].Choices[0].ID

	w.patchCandidate(w.admin, a, map[string]any{"more_information": map[string]any{size: 42, licence: true, shift: []string{day}}}).want(http.StatusOK)
	w.patchCandidate(w.admin, a, map[string]any{"location": "Arlington", "more_information": map[string]any{size: 43}}).want(http.StatusOK)
	got := w.get(w.admin, a).want(http.StatusOK)
	if got.text("candidate.more_information.0.label") != "Shifts" || got.text("candidate.more_information.0.value.0") != day || got.at("candidate.more_information.1.value") != 43.0 ||
		got.at("candidate.more_information.2.value") != true || got.text("candidate.location") != "Arlington" {
		t.Errorf("known are %s", got.body)
	}
	for name, value := range map[string]any{size: "big", shift: []string{"somewhere"}, licence: 1} {
		w.patchCandidate(w.admin, a, map[string]any{"more_information": map[string]any{name: value}}).problem(http.StatusUnprocessableEntity, "invalid")
	}
	w.patchCandidate(w.admin, a, map[string]any{"more_information": map[string]any{v.id: 1}}).problem(http.StatusNotFound, "unknown_entry")
	before := w.events()
	w.patchCandidate(w.admin, a, map[string]any{"more_information": map[string]any{size: 43}}).want(http.StatusOK)
	if after := w.events(); after != before {
		t.Errorf("what was so already wrote %d events", after-before)
	}
	w.patchCandidate(w.admin, a, map[string]any{"more_information": map[string]any{size: nil}}).want(http.StatusOK)
	if got := w.get(w.admin, a); got.at("candidate.more_information.1.value") != nil || got.at("candidate.more_information.2.value") != true {
		t.Errorf("after one was removed %s", got.body)
	}

	// By area, in reading and writing. H8
	role := w.role("Profile alone", map[access.Area]string{access.Application: "view", access.Profile: "edit"})
	_, only := w.member("Pia Profile", "recruiting")
	w.post(w.admin, a+"/grants", map[string]any{"member_id": w.get(only, "/v1/me").text("id"), "recruiting_role_id": role}).made()
	if got := w.get(only, a).want(http.StatusOK); len(got.at("candidate.more_information").([]any)) != 2 {
		t.Errorf("without area sensitive: %s", got.body)
	}
	w.patchCandidate(only, a, map[string]any{"more_information": map[string]any{licence: false}}).problem(http.StatusForbidden, "denied")
	w.patchCandidate(only, a, map[string]any{"more_information": map[string]any{size: 44}}).want(http.StatusOK)

	w.post(w.admin, "/v1/organization/attributes/"+size+"/retire", nil).want(http.StatusOK)
	w.patchCandidate(w.admin, a, map[string]any{"more_information": map[string]any{size: 45}}).problem(http.StatusConflict, "retired")
	w.patchCandidate(w.admin, a, map[string]any{"more_information": map[string]any{size: nil}}).want(http.StatusOK)
}

// S2-08, S2-05, S2-06, E3, E15: two candidates are merged, count as one person,
// and are two again. S1-07: each address opens its own applications alone.
func TestMergeAndUnmerge(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v, other := w.vacancy("Engineer"), w.vacancy("Writer")
	first, second := w.apply(v, "Grace", "Hopper"), w.apply(other, "G", "Murray")
	a, b := "/v1/applications/"+first, "/v1/applications/"+second
	w.post(other.manager, b+"/comments", map[string]string{"text": "Is this Grace?"}).made()
	merge := map[string]string{"application_id": second}

	// H7: only who may edit the profile of both.
	w.post(v.manager, a+"/merge", merge).problem(http.StatusNotFound, "unknown_application")
	w.post(other.manager, b+"/merge", map[string]string{"application_id": first}).problem(http.StatusNotFound, "unknown_application")
	was := w.get(w.admin, a)
	if was.at("candidate.merged_into_id") != nil || len(was.at("other_applications").([]any)) != 0 {
		t.Fatalf("before it is %s", was.body)
	}
	w.post(w.admin, a+"/merge", merge).want(http.StatusOK)
	before := w.events()
	w.post(w.admin, a+"/merge", merge).want(http.StatusOK)
	w.post(w.admin, b+"/merge", map[string]string{"application_id": first}).want(http.StatusOK)
	if after := w.events(); after != before {
		t.Errorf("given again it wrote %d events", after-before)
	}
	one, two := w.get(w.admin, a), w.get(w.admin, b)
	if two.text("candidate.merged_into_id") != one.text("candidate.id") || one.text("candidate.merged_with.0") != two.text("candidate.id") || two.text("candidate.merged_by.name") != "Ada Admin" ||
		one.text("other_applications.0.id") != second || two.text("other_applications.0.id") != first || two.text("first_name") != "G" {
		t.Errorf("merged they are %s and %s", one.body, two.body)
	}
	if got := w.get(v.manager, a); len(got.at("other_applications").([]any)) != 0 || got.at("other_applications_hidden") != true {
		t.Errorf("who sees one of them reads %s", got.body)
	}
	if line := w.get(w.admin, a+"/timeline?of=person").want(http.StatusOK); !strings.Contains(string(line.body), "Is this Grace?") || !strings.Contains(string(line.body), first) {
		t.Errorf("their timeline is %s", line.body)
	}
	if line := w.get(v.manager, a+"/timeline?of=person").want(http.StatusOK); strings.Contains(string(line.body), second) {
		t.Errorf("who sees one of them reads %s", line.body)
	}
	if list := w.get(w.admin, "/v1/applications?job_id="+v.id); list.at("items.0.another_application") != true {
		t.Errorf("the list has %s", list.body)
	}

	// S2-13: the timeline of each says so, with the right to the profile, and names nobody.
	merges := func(token, path string) (kinds []string) {
		for _, e := range w.get(token, path+"/timeline").want(http.StatusOK).at("items").([]any) {
			if kind := e.(map[string]any)["kind"].(string); strings.HasPrefix(kind, "candidates_") {
				kinds = append(kinds, kind)
			}
		}
		return kinds
	}
	for _, path := range []string{a, b} {
		if got := merges(w.admin, path); !slices.Equal(got, []string{"candidates_merged"}) {
			t.Errorf("the timeline of %s says %v", path, got)
		}
	}
	if line := w.get(v.manager, a+"/timeline"); strings.Contains(string(line.body), second) || strings.Contains(string(line.body), two.text("candidate.id")) {
		t.Errorf("who sees one of them reads who the other is: %s", line.body)
	}
	plain, _ := w.holding(a, "Paul", map[access.Area]string{access.Application: "view"})
	_, auditor := w.member("Otto Auditor", "auditor")
	for _, token := range []string{plain, auditor} {
		if got := merges(token, a); len(got) > 0 {
			t.Errorf("who may not view the profile is told of %v", got)
		}
	}
	once := 0
	for _, e := range w.get(w.admin, a+"/timeline?of=person").at("items").([]any) {
		if e.(map[string]any)["kind"] == "candidates_merged" {
			once++
		}
	}
	if once != 1 {
		t.Errorf("the person's timeline says it %d times", once)
	}

	// Together they have one live application for a job, by either address.
	w.post(w.admin, "/v1/applications", application(v, "G", "Murray")).problem(http.StatusConflict, "duplicate_application")
	w.post(w.admin, "/v1/applications", application(other, "Grace", "Hopper")).problem(http.StatusConflict, "duplicate_application")

	unmerge := map[string]string{"application_id": second}
	w.post(v.manager, a+"/unmerge", unmerge).problem(http.StatusNotFound, "unknown_application")
	w.post(w.admin, a+"/unmerge", unmerge).want(http.StatusOK)
	w.post(w.admin, a+"/unmerge", unmerge).want(http.StatusOK)
	for _, path := range []string{a, b} {
		if got := merges(w.admin, path); !slices.Equal(got, []string{"candidates_unmerged", "candidates_merged"}) {
			t.Errorf("after that the timeline of %s says %v", path, got)
		}
	}
	now, then := w.get(w.admin, a).at("candidate").(map[string]any), was.at("candidate").(map[string]any)
	for _, field := range []string{"id", "email", "merged_into_id", "first_name"} {
		if now[field] != then[field] {
			t.Errorf("%s is %v, was %v", field, now[field], then[field])
		}
	}
	if got := w.get(w.admin, b); got.at("candidate.merged_into_id") != nil || len(got.at("other_applications").([]any)) != 0 {
		t.Errorf("after that the other is %s", got.body)
	}
	third := w.apply(v, "G", "Murray")
	w.apply(other, "Grace", "Hopper")

	// Both are live for one job by now.
	w.post(w.admin, a+"/merge", map[string]string{"application_id": third}).problem(http.StatusConflict, "merge_live_twice")
	erased := w.apply(w.vacancy("Cook"), "Somebody", "Else")
	w.post(w.admin, "/v1/applications/"+erased+"/disqualify", map[string]string{"kind": "withdrawn", "reason_id": commands.FirstReason("Lost interest")}).want(http.StatusOK)
	w.post(w.admin, "/v1/applications/"+erased+"/anonymise", nil).want(http.StatusOK)
	w.post(w.admin, a+"/merge", map[string]string{"application_id": erased}).problem(http.StatusConflict, "application_anonymised")
}

// S2-06, H11: by an address that is marked as shared nobody becomes anybody, by
// hand nor by the form; the mark is taken off again.
func TestSharedAddress(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v, other := w.vacancy("Engineer"), w.vacancy("Writer")
	agency := func(v vacancy, first string) map[string]any {
		return map[string]any{"job_id": v.id, "source": "agency", "candidate": map[string]string{"first_name": first, "email": "desk@agency.example"}}
	}
	a := "/v1/applications/" + w.post(v.manager, "/v1/applications", agency(v, "Ann")).made()
	person := func(a string) string { return w.get(w.admin, a).want(http.StatusOK).text("candidate.id") }
	mark := func(shared bool) {
		w.put(v.manager, a+"/candidate/shared-address", map[string]bool{"shared": shared}).want(http.StatusOK)
	}
	w.put(other.manager, a+"/candidate/shared-address", map[string]bool{"shared": true}).problem(http.StatusNotFound, "unknown_application") // H7
	mark(true)
	before := w.events()
	mark(true) // H13: it is set to a value
	if w.events() != before || w.get(v.manager, a).at("candidate.address_shared") != true {
		t.Errorf("marked twice it is %s", w.get(v.manager, a).body)
	}
	b := "/v1/applications/" + w.post(v.manager, "/v1/applications", agency(v, "Bob")).made()
	if person(a) == person(b) || w.get(w.admin, b).text("first_name") != "Bob" || w.get(w.admin, b).at("other_applications_hidden") != false {
		t.Error("two people of an agency are one")
	}
	w.do(call{method: http.MethodPost, path: sent(other), body: letter("Cem", "Arslan", "desk@agency.example", answers(t, nil)).cv("cv.txt", "I cook")}).want(http.StatusAccepted)
	came := w.get(w.admin, "/v1/applications?job_id="+other.id)
	if c := "/v1/applications/" + came.text("items.0.id"); came.text("items.0.first_name") != "Cem" || person(c) == person(a) || person(c) == person(b) {
		t.Errorf("by the form came %s", came.body)
	}
	mark(false)
	d := "/v1/applications/" + w.post(w.admin, "/v1/applications", agency(other, "Ann")).made()
	if person(d) != person(a) {
		t.Error("the address is not that of whom it was")
	}
}

// E10: why an application is where it is, and what it followed from: here a job
// that was closed with a choice for its applications.
func TestWhyAnApplicationIsAsItIs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vacancy("Engineer")
	a := "/v1/applications/" + w.apply(v, "Grace", "Hopper")
	w.post(v.manager, a+"/move", map[string]string{"to": v.stages[1]}).want(http.StatusOK)
	w.post(w.admin, "/v1/applications/"+w.apply(v, "Ada", "Lovelace")+"/move", map[string]string{"to": v.stages[2]}).want(http.StatusOK)
	why := func(token, respect string) map[string]any {
		t.Helper()
		for _, b := range w.get(token, a+"/explain").want(http.StatusOK).at("because").([]any) {
			if because := b.(map[string]any); because["respect"] == respect {
				return because
			}
		}
		t.Fatalf("nothing is said of %s", respect)
		return nil
	}
	first := func(because map[string]any) map[string]any { return because["chain"].([]any)[0].(map[string]any) }
	stage := why(v.manager, "stage")
	if stage["value"] != v.stages[1] || stage["changes"] != 1.0 || first(stage)["type"] != "application.stage_moved.v1" || first(stage)["by"] != "member:"+v.member {
		t.Errorf("the stage is explained as %v", stage)
	}
	if owner := why(v.manager, "owner"); owner["value"] != v.member || owner["changes"] != 0.0 || first(owner)["type"] != "application.received.v1" {
		t.Errorf("the owner is explained as %v", owner)
	}
	other := w.vacancy("Writer")
	w.get(other.manager, a+"/explain").problem(http.StatusNotFound, "unknown_application")
	_, auditor := w.member("Agnes Auditor", "auditor")
	if got := w.get(auditor, a+"/explain").want(http.StatusOK); strings.Contains(string(got.body), "Grace") {
		t.Errorf("an auditor reads %s", got.body)
	}
	a = "/v1/applications/" + w.post(w.admin, a+"/transfer", map[string]string{"job_id": other.id}).made()
	if job := why(other.manager, "job"); job["value"] != other.id || first(job)["type"] != "application.received.v1" {
		t.Errorf("the job is explained as %v", job)
	}
}
