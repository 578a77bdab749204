package transport

import (
	"bytes"
	"net/http"
	"testing"

	"github.com/hirelog/hirelog/commands"
	"github.com/hirelog/hirelog/domain/access"
)

// form defines an evaluation form and returns its id and those of its elements:
// a scale, a choice with its first answer, a text.
func (w *world) form(name string, hidden bool) (id string, elements []string, choice string) {
	w.t.Helper()
	id = w.post(w.admin, "/v1/organization/evaluation-forms", map[string]any{"name": name, "hidden_until_own": hidden, "elements": []map[string]any{
		{"kind": "scale", "label": "Knows the trade", "required": true, "weight": 1},
		{"kind": "scale", "label": "Explains well", "weight": 0.5},
		{"kind": "choice", "label": "Team", "choices": []map[string]string{{"label": "Small"}, {"label": "Large"}}},
		{"kind": "text", "label": "Why?"},
	}}).made()
	form := w.get(w.admin, "/v1/organization/evaluation-forms/"+id).want(http.StatusOK)
	for _, e := range form.at("elements").([]any) {
		elements = append(elements, e.(map[string]any)["id"].(string))
	}
	return id, elements, form.text("elements.2.choices.0.id")
}

func evaluation(form string, elements []string, scale int, more map[string]any) map[string]any {
	return with(map[string]any{
		"form_id": form, "recommendation": "yes", "key_takeaways": "Sails close to the wind",
		"answers": []map[string]any{{"element_id": elements[0], "scale": scale}, {"element_id": elements[3], "text": "She asked why"}},
	}, more)
}

// S2-57..59, H2, H3, H18: a draft is its author's alone; what is submitted is
// changed by submitting again, and sums up; others' are hidden until one's own is
// in, in the list, its sums, the timeline and the history.
func TestEvaluations(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vacancy("Engineer")
	a := "/v1/applications/" + w.apply(v, "Grace", "Hopper")
	ina, inaID := w.colleague(v, "Ina Interviewer", "Interviewer")
	form, elements, choice := w.form("Interview", true)
	own, list := a+"/evaluations/own", a+"/evaluations"
	says := evaluation(form, elements, 4, nil)

	w.put(ina, own+"/draft", map[string]any{"form_id": form, "key_takeaways": "Not sure yet"}).want(http.StatusOK)
	if got := w.get(ina, list).want(http.StatusOK); got.text("items.0.draft.key_takeaways") != "Not sure yet" || got.at("items.0.submitted") != nil || len(got.at("forms").([]any)) != 0 {
		t.Errorf("a draft: %s", got.body)
	}
	for who, token := range map[string]string{"manager": v.manager, "admin": w.admin} {
		for _, path := range []string{list, a + "/timeline"} {
			if got := w.get(token, path).want(http.StatusOK); bytes.Contains(got.body, []byte("Not sure")) || bytes.Contains(got.body, []byte(form)) {
				t.Errorf("%s to %s shows a draft: %s", path, who, got.body)
			}
		}
	}
	if got := w.get(w.admin, a+"/history").want(http.StatusOK); bytes.Contains(got.body, []byte("Not sure")) || bytes.Contains(got.body, []byte(form)) {
		t.Errorf("the history shows a draft: %s", got.body)
	}

	w.put(ina, own, with(says, map[string]any{"answers": []any{}})).problem(http.StatusUnprocessableEntity, "evaluation_incomplete")
	w.put(ina, own, with(says, map[string]any{"answers": []map[string]any{{"element_id": elements[0], "scale": 6}}})).problem(http.StatusUnprocessableEntity, "invalid")
	w.put(ina, own, with(says, map[string]any{"answers": []map[string]any{{"element_id": elements[2], "scale": 3}}})).problem(http.StatusUnprocessableEntity, "evaluation_answer")
	w.put(ina, own, with(says, map[string]any{"author_id": v.member})).problem(http.StatusUnprocessableEntity, "invalid") // H3
	w.put(ina, own, with(says, map[string]any{"form_version": 9})).problem(http.StatusUnprocessableEntity, "invalid")
	w.put(ina, own, says).want(http.StatusOK)
	w.put(ina, own, evaluation(form, elements, 2, map[string]any{"answers": []map[string]any{
		{"element_id": elements[0], "scale": 2}, {"element_id": elements[1], "scale": 5}, {"element_id": elements[2], "choice_id": choice},
	}})).want(http.StatusOK)
	got := w.get(ina, list).want(http.StatusOK)
	if got.at("items.0.submitted.result") != 3.0 || got.at("items.0.earlier.0.answers.0.scale") != 4.0 || got.text("items.0.earlier.0.answers.1.text") != "She asked why" ||
		got.text("items.0.submitted.answers.2.choice.label") != "Small" || got.text("items.0.author.id") != inaID || got.at("items.0.draft") != nil || len(got.at("items").([]any)) != 1 {
		t.Errorf("hers: %s", got.body)
	}
	hers := got.text("items.0.id")

	// Hidden, and not only from the page.
	hidden := func(path string) {
		t.Helper()
		for _, token := range []string{v.manager, w.admin} {
			got := w.get(token, path).want(http.StatusOK)
			for _, told := range []string{hers, "strong", "Sails", "evaluation_submitted", "evaluation_drafted", inaID, form} {
				if bytes.Contains(got.body, []byte(told)) {
					t.Errorf("%s tells %s before theirs is in: %s", path, told, got.body)
				}
			}
		}
	}
	hidden(list)
	hidden(a + "/timeline")
	hidden(a + "/history")
	hidden(a + "/history?as_of=99")
	hiddenEntry := w.get(v.manager, a+"/history").want(http.StatusOK).at("events.2").(map[string]any)
	if by, command := hiddenEntry["by"], hiddenEntry["command_id"]; hiddenEntry["type"] != "hidden" || by != nil || command != nil || hiddenEntry["correlation_id"] != "" {
		t.Errorf("a hidden entry: %v", hiddenEntry)
	}
	w.get(v.manager, list+"/"+hers).problem(http.StatusNotFound, "not_found")
	w.delete(v.manager, list+"/"+hers).problem(http.StatusNotFound, "unknown_evaluation")

	w.put(v.manager, own, evaluation(form, elements, 4, map[string]any{"recommendation": "strong_yes"})).want(http.StatusOK)
	got = w.get(v.manager, list).want(http.StatusOK)
	if len(got.at("items").([]any)) != 2 || got.at("forms.0.count") != 2.0 || got.at("forms.0.mean_result") != 3.5 || got.at("forms.0.questions.0.mean") != 3.0 ||
		got.at("forms.0.recommendations.strong_yes") != 1.0 || got.at("forms.0.recommendations.yes") != 1.0 || got.at("forms.0.questions.2.choices.0.count") != 1.0 {
		t.Errorf("all: %s", got.body)
	}
	if got := w.get(v.manager, a+"/timeline").want(http.StatusOK); got.text("items.0.kind") != "evaluation_submitted" || got.text("items.1.evaluation.author.name") != "Ina Interviewer" || got.text("items.1.evaluation.form.label") != "Interview" {
		t.Errorf("timeline: %s", got.body)
	}
	if got := w.get(v.manager, a+"/history?as_of=99").want(http.StatusOK); !bytes.Contains(got.body, []byte("Sails")) || got.at("profile.evaluations.0.result") != 3.0 {
		t.Errorf("history: %s", got.body)
	}

	// Only its author and managers erase it, and its number goes with it.
	w.delete(ina, list+"/"+w.get(v.manager, list).text("items.0.id")).problem(http.StatusForbidden, "not_your_evaluation")
	w.delete(v.manager, list+"/"+hers).want(http.StatusOK)
	w.delete(v.manager, list+"/"+hers).want(http.StatusOK)
	got = w.get(v.manager, list).want(http.StatusOK)
	if got.at("items.1.deleted") != true || got.at("items.1.submitted") != nil || got.at("forms.0.mean_result") != 4.0 {
		t.Errorf("after it was erased: %s", got.body)
	}
	if got := w.get(w.admin, a+"/history").want(http.StatusOK); bytes.Contains(got.body, []byte("She asked why\"}],\"takeaways\":\"Sails")) {
		t.Errorf("history: %s", got.body)
	}
	// Hers is gone, so she sees no other's until she submits another.
	if got := w.get(ina, list).want(http.StatusOK); len(got.at("items").([]any)) != 1 {
		t.Errorf("to Ina: %s", got.body)
	}
	w.put(ina, own, says).want(http.StatusOK)
	other := "/v1/applications/" + w.apply(v, "Ada", "Lovelace")
	w.delete(ina, other+"/evaluations/"+w.get(ina, list).text("items.0.id")).problem(http.StatusNotFound, "unknown_evaluation") // H2
	w.delete(w.admin, "/v1/organization/evaluation-forms/"+form).problem(http.StatusMethodNotAllowed, "method_not_allowed")
}

// S2-59, S2-63..67: a colleague without access is asked for an evaluation by a
// form, gets access, and submitting it closes the request and, later, the access.
func TestReviewRequestsForEvaluations(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vacancy("Engineer")
	a := "/v1/applications/" + w.apply(v, "Grace", "Hopper")
	guest := w.post(w.admin, "/v1/members", map[string]string{"name": "Gus Guest", "role": "recruiting"}).made()
	token := w.tokenOf(guest)
	w.settings(map[string]any{"access_after_days": 0})
	form, elements, _ := w.form("Telephone call", false)
	ask := map[string]any{"reviewer_id": guest, "form_id": form, "recruiting_role_id": commands.FirstRole("Interviewer")}
	w.post(v.manager, a+"/reviews", with(ask, map[string]any{"form_id": v.id})).problem(http.StatusNotFound, "unknown_entry")
	review := w.post(v.manager, a+"/reviews", ask).made()
	mine := w.get(token, "/v1/me/reviews").want(http.StatusOK)
	if mine.text("items.0.kind") != "evaluation" || mine.text("items.0.form_id") != form || mine.text("items.0.state") != "open" {
		t.Errorf("mine %s", mine.body)
	}
	w.post(token, a+"/comments", map[string]string{"text": "That is not what was asked for"}).made()
	w.post(w.admin, "/v1/organization/evaluation-forms/"+form+"/retire", nil).want(http.StatusOK)
	w.put(v.manager, a+"/evaluations/own", evaluation(form, elements, 3, nil)).problem(http.StatusConflict, "retired")
	w.put(token, a+"/evaluations/own", evaluation(form, elements, 5, nil)).want(http.StatusOK) // it was asked for
	got := w.get(v.manager, a+"/reviews").want(http.StatusOK)
	if got.text("items.0.id") != review || got.text("items.0.state") != "done" || got.text("items.0.evaluation_id") == "" || got.at("items.0.comment_id") != nil {
		t.Errorf("reviews %s", got.body)
	}
	w.get(token, a).problem(http.StatusNotFound, "not_found") // access ended with it
	if got := w.get(v.manager, a+"/evaluations").want(http.StatusOK); got.text("items.0.author.name") != "Gus Guest" || got.at("items.0.submitted.result") != 5.0 {
		t.Errorf("evaluations %s", got.body)
	}
}

// S2-59, H18: that a review was submitted names no evaluation that is hidden
// until one's own is in.
func TestReviewsNameNoHiddenEvaluation(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vacancy("Engineer")
	a := "/v1/applications/" + w.apply(v, "Grace", "Hopper")
	ina, inaID := w.colleague(v, "Ina Interviewer", "Interviewer")
	form, elements, _ := w.form("Interview", true)
	w.post(v.manager, a+"/reviews", map[string]any{"reviewer_id": inaID, "form_id": form}).made()
	w.put(ina, a+"/evaluations/own", evaluation(form, elements, 4, nil)).want(http.StatusOK)
	hers := w.get(ina, a+"/evaluations").want(http.StatusOK).text("items.0.id")
	told := func(token string) bool {
		return bytes.Contains(w.get(token, a+"/timeline").want(http.StatusOK).body, []byte(`"review_submitted"`))
	}
	if told(v.manager) || !told(ina) {
		t.Error("the timeline tells of a hidden evaluation, or hides it from its author")
	}
	for _, path := range []string{"/reviews", "/history"} {
		if got := w.get(v.manager, a+path).want(http.StatusOK); bytes.Contains(got.body, []byte(hers)) {
			t.Errorf("%s names it: %s", path, got.body)
		}
	}
	if got := w.get(ina, a+"/reviews").want(http.StatusOK); got.text("items.0.state") != "done" || got.text("items.0.evaluation_id") != hers {
		t.Errorf("to its author: %s", got.body)
	}
	w.put(v.manager, a+"/evaluations/own", evaluation(form, elements, 3, nil)).want(http.StatusOK)
	for _, path := range []string{"/reviews", "/history"} {
		if got := w.get(v.manager, a+path).want(http.StatusOK); !bytes.Contains(got.body, []byte(hers)) {
			t.Errorf("%s does not name it: %s", path, got.body)
		}
	}
	if !told(v.manager) {
		t.Error("the timeline does not tell of it")
	}

	// Who may view comments and no evaluations is not told of any of it.
	reader := w.post(w.admin, "/v1/members", map[string]any{"name": "Reader", "role": "reporting"}).made()
	role := w.role("Reader of comments", map[access.Area]string{access.Application: "view", access.Comments: "view"})
	w.post(v.manager, a+"/grants", map[string]any{"member_id": reader, "recruiting_role_id": role}).made()
	if got := w.get(w.tokenOf(reader), a+"/timeline").want(http.StatusOK); bytes.Contains(got.body, []byte(`"review_`)) {
		t.Errorf("a reader of comments: %s", got.body)
	}
}
