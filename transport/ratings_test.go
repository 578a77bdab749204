package transport

import (
	"net/http"
	"testing"

	"github.com/google/uuid"

	"github.com/hirelog/hirelog/commands"
)

// colleague puts another member with a first recruiting role into the team of a
// job, and returns their token and id.
func (w *world) colleague(v vacancy, name, role string) (token, id string) {
	w.t.Helper()
	id = w.post(w.admin, "/v1/members", map[string]string{"name": name, "role": "recruiting"}).made()
	team := []map[string]any{}
	for _, m := range w.directory.Job(v.id).Team {
		team = append(team, map[string]any{"member_id": m.Member, "recruiting_role_id": m.Role, "recruitment_manager": m.Manager})
	}
	team = append(team, map[string]any{"member_id": id, "recruiting_role_id": commands.FirstRole(role)})
	w.put(w.admin, "/v1/jobs/"+v.id+"/hiring-team", map[string]any{"hiring_team": team}).want(http.StatusOK)
	return w.tokenOf(id), id
}

func (w *world) settings(to map[string]any) {
	w.t.Helper()
	w.do(call{method: http.MethodPatch, path: "/v1/organization/settings", token: w.admin, body: to}).want(http.StatusOK)
}

// S1-03, S1-22..23, H18: one rating for each member, changed by the next; the candidate
// sees the rounded mean when the settings say so and enough have rated.
func TestH18ASecondRatingReplacesTheFirstAndStaysInRange(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vacancy("Engineer")
	a := "/v1/applications/" + w.apply(v, "Grace", "Hopper")
	interviewer, _ := w.colleague(v, "Ina Interviewer", "Interviewer")
	w.settings(map[string]any{"self_tracking": true})
	if got := w.get(v.manager, a).want(http.StatusOK); got.at("rating.mean") != nil || got.at("rating.own") != nil || got.at("rating.count") != 0.0 {
		t.Errorf("not rated yet: %s", got.body)
	}
	w.put(v.manager, a+"/rating", map[string]int{"rating": 2}).want(http.StatusOK)
	before := w.events()
	for _, bad := range []any{6, -1, 2.5, "3", nil} {
		w.put(v.manager, a+"/rating", map[string]any{"rating": bad}).problem(http.StatusUnprocessableEntity, "invalid")
	}
	w.put(v.manager, a+"/rating", map[string]any{}).problem(http.StatusUnprocessableEntity, "invalid")
	w.put(v.manager, a+"/rating", map[string]any{"rating": 5, "member_id": uuid.NewString()}).problem(http.StatusUnprocessableEntity, "invalid") // H3
	w.put(v.manager, a+"/rating", map[string]int{"rating": 2}).want(http.StatusOK)
	if got := w.events(); got != before {
		t.Errorf("%d events were written", got-before)
	}
	w.put(v.manager, a+"/rating", map[string]int{"rating": 3}).want(http.StatusOK)
	w.put(interviewer, a+"/rating", map[string]int{"rating": 4}).want(http.StatusOK)
	if got := w.get(interviewer, a).want(http.StatusOK); got.at("rating.mean") != 3.5 || got.at("rating.own") != 4.0 || got.at("rating.count") != 2.0 {
		t.Errorf("rating %s", got.body)
	}
	view := func(shown bool, rating any) {
		t.Helper()
		if got := w.get(v.manager, a+"/candidate-view").want(http.StatusOK); got.at("rating_shown") != shown || got.at("rating") != rating {
			t.Errorf("candidate's page: %v, %v; want %v, %v", got.at("rating_shown"), got.at("rating"), shown, rating)
		}
	}
	view(false, nil)
	w.settings(map[string]any{"rating_visibility": true, "rating_min_raters": 3})
	view(true, nil)
	w.settings(map[string]any{"rating_min_raters": 2})
	view(true, 4.0)
	if got := w.get(v.manager, a+"/timeline").want(http.StatusOK); got.text("items.0.kind") != "rated" || got.at("items.0.rating") != 4.0 {
		t.Errorf("timeline %s", got.body)
	}
	outsider := w.vacancy("Writer").manager
	w.put(outsider, a+"/rating", map[string]int{"rating": 0}).problem(http.StatusNotFound, "unknown_application")
}
