package transport

import (
	"net/http"
	"testing"
	"time"

	"github.com/hirelog/hirelog/commands"
)

// S2-63..67, S2-81: a colleague is asked, gets access, sees what they were asked
// for, and their comment submits it.
func TestReviewRequests(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vacancy("Engineer")
	a := "/v1/applications/" + w.apply(v, "Grace", "Hopper")
	guest := w.post(w.admin, "/v1/members", map[string]string{"name": "Gus Guest", "role": "recruiting"}).made()
	token := w.tokenOf(guest)
	w.settings(map[string]any{"access_after_days": 0})
	ask := map[string]any{"reviewer_id": guest, "message": "Look at her compiler", "due_at": time.Now().Add(48 * time.Hour)}
	w.post(v.manager, a+"/reviews", ask).problem(http.StatusUnprocessableEntity, "reviewer_without_access")
	w.post(v.manager, a+"/reviews", with(ask, map[string]any{"due_at": "2020-01-01T00:00:00Z", "reviewer_id": v.member})).problem(http.StatusUnprocessableEntity, "invalid")
	w.post(v.manager, a+"/reviews", with(ask, map[string]any{"state": "done"})).problem(http.StatusUnprocessableEntity, "invalid") // H3
	ask["recruiting_role_id"] = commands.FirstRole("Interviewer")
	review := w.post(v.manager, a+"/reviews", ask).made()
	w.get(token, a).want(http.StatusOK)
	w.post(token, a+"/reviews", ask).problem(http.StatusForbidden, "denied")
	mine := w.get(token, "/v1/me/reviews").want(http.StatusOK)
	if mine.text("items.0.id") != review || mine.text("items.0.state") != "open" || mine.text("items.0.message") != "Look at her compiler" || mine.at("items.0.overdue") != false {
		t.Errorf("mine %s", mine.body)
	}
	if got := w.get(v.manager, "/v1/me/reviews").want(http.StatusOK); len(got.at("items").([]any)) != 0 {
		t.Errorf("the manager's %s", got.body)
	}
	w.post(v.manager, a+"/comments", map[string]string{"text": "Mine is not the one asked for"}).made()
	comment := w.post(token, a+"/comments", map[string]string{"text": "It compiles"}).made()
	got := w.get(v.manager, a+"/reviews").want(http.StatusOK)
	if got.text("items.0.state") != "done" || got.text("items.0.comment_id") != comment || got.text("items.0.reviewer.name") != "Gus Guest" {
		t.Errorf("reviews %s", got.body)
	}
	w.get(token, a).problem(http.StatusNotFound, "not_found") // access ended with it
	w.post(v.manager, a+"/reviews/"+review+"/cancel", nil).problem(http.StatusConflict, "review_done")
	if got := w.get(v.manager, a+"/timeline").want(http.StatusOK); got.text("items.1.kind") != "review_submitted" && got.text("items.0.kind") != "review_submitted" {
		t.Errorf("timeline %s", got.body)
	}

	second := w.post(v.manager, a+"/reviews", with(ask, map[string]any{"reviewer_id": v.member})).made()
	w.post(v.manager, a+"/reviews/"+second+"/cancel", nil).want(http.StatusOK)
	w.post(v.manager, a+"/reviews/"+second+"/cancel", nil).want(http.StatusOK)
	if got := w.get(v.manager, a+"/reviews").want(http.StatusOK); got.text("items.0.state") != "cancelled" {
		t.Errorf("reviews %s", got.body)
	}
	other := "/v1/applications/" + w.apply(v, "Ada", "Lovelace")
	w.post(v.manager, other+"/reviews/"+second+"/cancel", nil).problem(http.StatusNotFound, "unknown_review") // H2
}
