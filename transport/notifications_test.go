package transport

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/hirelog/hirelog/domain/access"
)

// notifying is a recruiting role with all areas at edit, that tells of kinds.
func (w *world) notifying(name string, kinds ...string) string {
	w.t.Helper()
	areas := map[access.Area]string{}
	for _, a := range access.Areas() {
		areas[a] = "edit"
	}
	return w.post(w.admin, "/v1/organization/recruiting-roles", map[string]any{"name": name, "areas": areas, "notify": kinds}).made()
}

// S2-45..46, S2-60..62, S2-57, S2-63: who is told is decided by the role's
// settings and the member's own choice when it happens; nobody chooses for
// another (H8), and of evaluations that are hidden nobody is told before their own
// is in.
func TestWhoIsToldOfWhat(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vacancy("Engineer")
	role := w.notifying("Is told", "new_application", "new_comment", "evaluation_submitted")
	told := w.post(w.admin, "/v1/members", map[string]any{"name": "Tess Told", "role": "recruiting"}).made()
	quiet := w.post(w.admin, "/v1/members", map[string]any{"name": "Quentin Quiet", "role": "recruiting"}).made()
	w.put(v.manager, "/v1/jobs/"+v.id+"/hiring-team", map[string]any{"hiring_team": []map[string]any{
		{"member_id": v.member, "recruiting_role_id": w.notifying("Is told nothing"), "recruitment_manager": true},
		{"member_id": told, "recruiting_role_id": role},
		{"member_id": quiet, "recruiting_role_id": role},
	}}).want(http.StatusOK)
	tess, quentin := w.tokenOf(told), w.tokenOf(quiet)
	want := func(token string, kinds ...any) {
		t.Helper()
		if got := w.get(token, "/v1/me/inbox").kinds("kind"); !slices.Equal(got, kinds) {
			t.Errorf("told of %v, want %v", got, kinds)
		}
	}
	w.put("", "/v1/me/notifications", map[string]any{"on": []string{}, "off": []string{}}).problem(http.StatusUnauthorized, "unauthenticated")
	w.put(quentin, "/v1/me/notifications", map[string]any{"on": []string{"gossip"}, "off": []string{}}).problem(http.StatusUnprocessableEntity, "invalid")
	w.put(quentin, "/v1/me/notifications", map[string]any{"on": []string{}, "off": []string{"new_comment", "mentioned", "new_application"}, "member_id": told}).problem(http.StatusUnprocessableEntity, "invalid") // H3
	w.put(quentin, "/v1/me/notifications", map[string]any{"on": []string{}, "off": []string{"new_comment", "mentioned", "new_application"}}).want(http.StatusOK)
	w.put(v.manager, "/v1/me/notifications", map[string]any{"on": []string{"new_comment"}, "off": []string{}}).want(http.StatusOK)
	if got := w.get(quentin, "/v1/me/notifications").want(http.StatusOK); len(got.at("off").([]any)) != 3 || len(got.at("on").([]any)) != 0 || len(got.at("known").([]any)) < 10 {
		t.Errorf("his choice: %s", got.body)
	}
	if got := w.get(tess, "/v1/me/notifications").want(http.StatusOK); len(got.at("off").([]any)) != 0 {
		t.Errorf("hers: %s", got.body)
	}

	a := "/v1/applications/" + w.apply(v, "Grace", "Hopper")
	want(tess, "new_application")
	want(quentin)
	want(v.manager) // who entered it
	w.post(w.admin, a+"/comments", map[string]any{"text": "Look", "mentions": []string{told, quiet}}).made()
	want(tess, "mentioned", "new_application") // once, as who was mentioned
	want(quentin)
	want(v.manager, "new_comment")
	w.put(v.manager, "/v1/me/notifications", map[string]any{"on": []string{}, "off": []string{}}).want(http.StatusOK)
	w.post(w.admin, a+"/comments", map[string]any{"text": "Again"}).made()
	want(tess, "new_comment", "mentioned", "new_application")
	want(v.manager, "new_comment") // of the first, as it was then

	form, elements, _ := w.form("Interview", true)
	w.put(v.manager, a+"/evaluations/own", evaluation(form, elements, 4, nil)).want(http.StatusOK)
	w.put(v.manager, a+"/evaluations/own", evaluation(form, elements, 5, nil)).want(http.StatusOK)
	want(quentin)
	w.put(quentin, a+"/evaluations/own", evaluation(form, elements, 3, nil)).want(http.StatusOK)
	want(quentin, "evaluation_submitted") // once, though it was changed, and not of his own
	id := w.get(quentin, "/v1/me/inbox").text("items.0.evaluation_id")
	w.delete(v.manager, a+"/evaluations/"+id).want(http.StatusOK)
	want(quentin)
	review := w.post(v.manager, a+"/reviews", map[string]any{"reviewer_id": quiet}).made()
	if got := w.get(quentin, "/v1/me/inbox"); got.text("items.0.kind") != "review_requested" || got.text("items.0.review_id") != review {
		t.Errorf("asked: %s", got.body)
	}
	w.post(v.manager, a+"/reviews/"+review+"/cancel", nil).want(http.StatusOK)
	want(quentin)
}

// S1-29..32, S2-34..41, S2-63: reviews that were asked for, evaluations of
// interviews and interviews nobody settled are tasks, which close by themselves;
// an evaluation says that an interview took place.
func TestReviewsAndInterviewsAreTasks(t *testing.T) {
	t.Parallel()
	now := time.Now()
	w := newWorld(t, func(o *Options) { o.Queries.Now = func() time.Time { return now } })
	v := w.vacancy("Engineer")
	a := "/v1/applications/" + w.apply(v, "Grace", "Hopper")
	ina, inaID := w.colleague(v, "Ina Interviewer", "Interviewer")
	form, elements, _ := w.form("Interview", false)
	want := func(token, path string, kinds ...any) {
		t.Helper()
		if got := w.get(token, path).kinds("kind"); !slices.Equal(got, kinds) {
			t.Errorf("%s: tasks %v, want %v", path, got, kinds)
		}
	}
	review := w.post(v.manager, a+"/reviews", map[string]any{"reviewer_id": inaID, "form_id": form}).made()
	want(ina, "/v1/me/tasks", "review_requested")
	want(v.manager, "/v1/me/tasks")
	if got := w.get(v.manager, a+"/tasks"); got.text("items.0.review_id") != review || got.at("items.0.yours") != false || got.text("items.0.form_id") != form {
		t.Errorf("tasks %s", got.body)
	}
	w.put(ina, a+"/evaluations/own", evaluation(form, elements, 4, nil)).want(http.StatusOK)
	want(ina, "/v1/me/tasks")

	// One that was an hour ago, of which nobody has said that it took place.
	start := now.Add(-time.Hour).UTC()
	meeting := map[string]any{
		"title": "Technical", "start": start.Format("2006-01-02T15:04"), "zone": "UTC", "minutes": 30, "participant_ids": []string{inaID, v.member},
		"recorded_afterwards": true, "form_id": v.id,
	}
	w.post(v.manager, a+"/interviews", meeting).problem(http.StatusNotFound, "unknown_entry")
	interview := w.post(v.manager, a+"/interviews", with(meeting, map[string]any{"form_id": form})).made()
	want(ina, "/v1/me/tasks", "evaluation_due")
	want(v.manager, "/v1/me/tasks", "evaluation_due", "interview_over")
	earlier := now
	now = start.Add(-time.Minute)
	want(ina, "/v1/me/tasks")
	now = earlier
	of := evaluation(form, elements, 5, map[string]any{"interview_id": interview})
	w.put(w.admin, a+"/evaluations/own", of).problem(http.StatusUnprocessableEntity, "not_a_participant")
	w.put(ina, a+"/evaluations/own", of).want(http.StatusOK)
	want(ina, "/v1/me/tasks")
	want(v.manager, "/v1/me/tasks", "evaluation_due") // and nothing to settle any more
	if got := w.get(v.manager, a+"/interviews/"+interview).want(http.StatusOK); got.text("status") != "completed" || got.text("form_id") != form || got.at("settled_at") != nil {
		t.Errorf("interview %s", got.body)
	}
	w.post(v.manager, a+"/interviews/"+interview+"/cancel", map[string]any{}).problem(http.StatusConflict, "interview_settled")
	if got := w.get(v.manager, a+"/evaluations").want(http.StatusOK); len(got.at("items").([]any)) != 2 || got.text("items.0.interview_id") != interview {
		t.Errorf("evaluations %s", got.body)
	}
	w.delete(ina, a+"/evaluations/"+w.get(v.manager, a+"/evaluations").text("items.0.id")).want(http.StatusOK)
	if got := w.get(v.manager, a+"/interviews/"+interview).want(http.StatusOK); got.text("status") == "completed" {
		t.Errorf("without the evaluation: %s", got.body)
	}
}

// S2-101, S2-45, S1-58: the recruiting roles of a new installation say what those who
// hold them are told of: recruiters of what comes in, interviewers of little.
func TestFirstRolesTell(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vacancy("Engineer")
	recruiter, _ := w.colleague(v, "Rita Recruiter", "Recruiter")
	interviewer, _ := w.colleague(v, "Ina Interviewer", "Interviewer")
	a := "/v1/applications/" + w.apply(v, "Grace", "Hopper")
	w.do(call{method: http.MethodPost, path: a + "/documents", token: v.manager, body: newForm("cv").file("cv.txt", "I flew ships.")}).want(http.StatusCreated)
	if got := w.get(recruiter, "/v1/me/inbox").kinds("kind"); !slices.Equal(got, []any{"document_uploaded", "new_application"}) {
		t.Errorf("a recruiter is told %v", got)
	}
	if got := w.get(interviewer, "/v1/me/inbox").kinds("kind"); len(got) != 0 {
		t.Errorf("an interviewer is told %v", got)
	}
}

// S1-35, S1-58, S2-45..46: who takes part in an interview is told of it and of
// what becomes of it, those of the hiring team whose role says so are, too, and
// approvers of offers that wait for them; whoever wants none of it is not, and who
// did it never is.
func TestInterviewsAndOffersAreTold(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vacancy("Engineer")
	all := w.notifying("Everything", "interview_changed", "offer_changed")
	none := w.notifying("Nothing")
	tokens, ids := map[string]string{}, map[string]string{}
	team := []map[string]any{{"member_id": v.member, "recruiting_role_id": none, "recruitment_manager": true}}
	for name, role := range map[string]string{"Ina": none, "Ivo": none, "Quentin": none, "Tess": all} {
		ids[name], tokens[name] = w.member(name, "recruiting")
		team = append(team, map[string]any{"member_id": ids[name], "recruiting_role_id": role})
	}
	w.put(v.manager, "/v1/jobs/"+v.id+"/hiring-team", map[string]any{"hiring_team": team}).want(http.StatusOK)
	w.put(tokens["Quentin"], "/v1/me/notifications", map[string]any{"on": []string{}, "off": []string{"interview_changed", "offer_changed"}}).want(http.StatusOK)
	want := func(when string, of map[string][]any) {
		t.Helper()
		for name, token := range tokens {
			if got := w.get(token, "/v1/me/inbox").kinds("kind"); !slices.Equal(got, of[name]) {
				t.Errorf("%s: %s is told of %v, want %v", when, name, got, of[name])
			}
		}
		if got := w.get(v.manager, "/v1/me/inbox").kinds("kind"); len(got) != 0 {
			t.Errorf("%s: who did it is told of %v", when, got)
		}
	}
	a := "/v1/applications/" + w.apply(v, "Grace", "Hopper")
	plan := meeting(v, 50)
	plan["participant_ids"] = []string{v.member, ids["Ina"], ids["Quentin"]}
	id := w.post(v.manager, a+"/interviews", plan).made()
	const scheduled, changed, cancelled = "interview_scheduled", "interview_changed", "interview_cancelled"
	want("scheduled", map[string][]any{"Ina": {scheduled}, "Tess": {scheduled}})
	if got := w.get(tokens["Ina"], "/v1/me/inbox"); got.text("items.0.interview_id") != id || got.text("items.0.application_id") != a[len("/v1/applications/"):] {
		t.Errorf("the notice: %s", got.body)
	}
	w.post(v.manager, a+"/interviews/"+id+"/reschedule", map[string]any{"start": wall(60), "zone": "UTC", "minutes": 30}).want(http.StatusOK)
	want("moved", map[string][]any{"Ina": {changed, scheduled}, "Tess": {changed, scheduled}})
	w.put(v.manager, a+"/interviews/"+id, map[string]any{"title": "Trial", "participant_ids": []string{v.member, ids["Ivo"]}, "candidate_visible": true}).want(http.StatusOK)
	want("changed", map[string][]any{"Ina": {cancelled, changed, scheduled}, "Ivo": {scheduled}, "Tess": {changed, changed, scheduled}})
	w.post(v.manager, a+"/interviews/"+id+"/cancel", map[string]any{}).want(http.StatusOK)
	interviews := map[string][]any{"Ina": {cancelled, changed, scheduled}, "Ivo": {cancelled, scheduled}, "Tess": {cancelled, changed, changed, scheduled}}
	want("called off", interviews)

	w.post(v.manager, a+"/offers", offerOf(ids["Ivo"], ids["Quentin"])).made()
	interviews["Ivo"] = append([]any{"offer_to_approve"}, interviews["Ivo"]...)
	want("an offer", interviews)
}
