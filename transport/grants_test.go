package transport

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/hirelog/hirelog/commands"
)

// member invites somebody and returns their id and token.
func (w *world) member(name, role string) (id, token string) {
	w.t.Helper()
	id = w.post(w.admin, "/v1/members", map[string]any{"name": name, "role": role}).made()
	return id, w.tokenOf(id)
}

// A grant opens one application to a member, as far as its role goes, in every
// read and command, and ends. S2-81, S2-82
func TestGrantsOnOneApplication(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vacancy("Engineer")
	a, other := "/v1/applications/"+w.apply(v, "Grace", "Hopper"), "/v1/applications/"+w.apply(v, "Ada", "Lovelace")
	helper, token := w.member("Helen Helper", "reporting")
	w.get(token, a).problem(http.StatusNotFound, "not_found")
	grant := map[string]any{"member_id": helper, "recruiting_role_id": commands.FirstRole("Interviewer")}
	id := w.post(v.manager, a+"/grants", grant).made()
	if again := w.post(v.manager, a+"/grants", grant).made(); again != id {
		t.Errorf("granted again it is %s, not %s", again, id)
	}

	for path, status := range map[string]int{
		a: 200, a + "/timeline": 200, a + "/comments": 200, a + "/documents": 200, a + "/notes": 403, a + "/history": 403,
		other: 404, other + "/timeline": 404, other + "/history": 404,
	} {
		w.get(token, path).want(status)
	}
	if list := w.get(token, "/v1/applications").want(http.StatusOK); list.at("total") != 1.0 || !strings.HasSuffix(a, list.text("items.0.id")) {
		t.Errorf("list %s", list.body)
	}
	w.post(token, a+"/comments", map[string]string{"text": "x"}).made()
	w.post(token, a+"/move", map[string]string{"to": v.stages[1]}).problem(http.StatusForbidden, "denied")
	w.post(token, other+"/comments", map[string]string{"text": "x"}).problem(http.StatusNotFound, "unknown_application")
	timeline := w.get(v.manager, a+"/timeline").want(http.StatusOK)
	if timeline.text("items.1.kind") != "access_granted" || timeline.text("items.1.grant.member.name") != "Helen Helper" || timeline.text("items.1.grant.cause") != "by_hand" {
		t.Errorf("timeline %s", timeline.body)
	}

	for range 2 {
		w.delete(v.manager, a+"/grants/"+id).want(http.StatusOK)
	}
	w.get(token, a).problem(http.StatusNotFound, "not_found")
	w.post(token, a+"/comments", map[string]string{"text": "x"}).problem(http.StatusNotFound, "unknown_application")
	if list := w.get(token, "/v1/applications").want(http.StatusOK); list.at("total") != 0.0 {
		t.Errorf("list %s", list.body)
	}
	if timeline := w.get(v.manager, a+"/timeline").want(http.StatusOK); timeline.text("items.0.kind") != "access_ends" || timeline.at("items.0.grant.until") == nil {
		t.Errorf("timeline %s", timeline.body)
	}
}

// H7, H8: grants are no way to more than one has, nor to another's application.
func TestGrantsAreNoWayUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	mine, theirs := w.vacancy("Mine"), w.vacancy("Theirs")
	own, other := "/v1/applications/"+w.apply(mine, "Grace", "Hopper"), "/v1/applications/"+w.apply(theirs, "Ada", "Lovelace")
	helper, token := w.member("Helen Helper", "recruiting")
	role := func(name string) map[string]any {
		return map[string]any{"member_id": helper, "recruiting_role_id": commands.FirstRole(name)}
	}
	id := w.post(theirs.manager, other+"/grants", role("Interviewer")).made()
	before := w.events()
	w.post(mine.manager, other+"/grants", role("Interviewer")).problem(http.StatusNotFound, "unknown_application")
	w.delete(mine.manager, other+"/grants/"+id).problem(http.StatusNotFound, "unknown_application")
	w.delete(mine.manager, own+"/grants/"+id).problem(http.StatusNotFound, "unknown_grant")
	w.post(token, other+"/grants", role("Interviewer")).problem(http.StatusForbidden, "denied")
	w.post(token, own+"/grants", role("Interviewer")).problem(http.StatusNotFound, "unknown_application")
	w.post(theirs.manager, other+"/grants", with(role("Interviewer"), map[string]any{"until": time.Now().Add(-time.Minute)})).problem(http.StatusUnprocessableEntity, "invalid")
	if got := w.events(); got != before {
		t.Errorf("%d events were written", got-before)
	}
	// Whoever may give access gives no more than they have themselves.
	w.post(theirs.manager, other+"/grants", role("Hiring manager")).made()
	w.post(token, other+"/grants", role("Recruiter")).problem(http.StatusForbidden, "role_exceeds_own")
	w.post(token, other+"/grants", role("Interviewer")).made()
}
