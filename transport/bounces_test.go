package transport

import (
	"net/http"
	"strings"
	"testing"

	"github.com/hirelog/hirelog/domain/access"
)

// S1-50, S1-35, S2-49, S2-50: a mail about documents or an interview that comes back is
// no message that belongs to nobody: the effect that sent it says so, the timeline too,
// and it is a task of the recruitment managers or of the interview's organiser, until
// somebody takes care of it or another one is sent. H2, H7
func TestNoticesComeBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vacancy("Engineer")
	w.selfTracking(true)
	id := w.apply(v, "Grace", "Hopper")
	a := "/v1/applications/" + id
	w.carryOut()
	ask := func() {
		w.post(v.manager, a+"/document-requests", map[string]any{"title": "Diploma", "category": "certificate"}).made()
	}
	back := func(token, path string) (all []map[string]any) {
		t.Helper()
		for _, task := range w.get(token, path).want(http.StatusOK).items("items") {
			if task["kind"] == "notice_bounced" {
				all = append(all, task)
			}
		}
		return all
	}
	open := func(what string, want int) {
		t.Helper()
		if mine, all := back(v.manager, "/v1/me/tasks"), back(w.admin, a+"/tasks"); len(mine) != want || len(all) != want {
			t.Errorf("%s: the manager has %v, the application %v, want %d", what, mine, all, want)
		}
	}
	sent := func(n int) reply {
		t.Helper()
		w.until("a mail is sent", func() bool {
			done := 0
			for _, e := range w.get(v.manager, a+"/effects").want(http.StatusOK).items("items") {
				if e["kind"] == "send_notice" && e["state"] == "done" {
					done++
				}
			}
			return done == n && len(w.notices(id)) == n
		})
		return w.notices(id)[0]
	}
	ask()
	mail := sent(1)
	report := deliveryReport("grace.hopper@mail.example", mail.text("content.message_id"))
	forged := deliveryReport("grace.hopper@mail.example", strings.Replace(mail.text("content.message_id"), ".1.", ".2.", 1))
	w.mailIn(v.manager, report).problem(http.StatusForbidden, "denied")
	w.mailIn(w.admin, forged).want(http.StatusOK)
	if got := w.get(w.admin, "/v1/unassigned-messages").items("items"); len(got) != 1 {
		t.Errorf("a forged report: %v", got)
	}
	open("nothing came back", 0)
	first := w.mailIn(w.admin, report).want(http.StatusOK).text("id")
	before := w.events()
	if again := w.mailIn(w.admin, report).want(http.StatusOK).text("id"); again != first || w.events() != before {
		t.Errorf("it came back twice: %s, %s", first, again)
	}
	if got := w.get(w.admin, "/v1/unassigned-messages").items("items"); len(got) != 1 {
		t.Errorf("it belongs to nobody: %v", got)
	}
	open("it came back", 1)
	task := back(v.manager, "/v1/me/tasks")[0]
	if task["told"] != "candidate" || task["application_id"] != id || task["interview_id"] != nil || task["yours"] != true || back(w.admin, a+"/tasks")[0]["yours"] != false {
		t.Errorf("%v", task)
	}
	e, _ := w.effect(v.manager, id, "send_notice")
	if bounced, _ := e["bounced"].(map[string]any); bounced["status"] != "5.1.1" || bounced["at"] != task["since"] {
		t.Errorf("%v", e)
	}
	if got := w.get(v.manager, a+"/timeline"); got.text("items.0.kind") != "notice_bounced" || got.text("items.0.told") != "candidate" {
		t.Errorf("%s", got.body)
	}
	if page := w.get(v.manager, a+"/candidate-view").want(http.StatusOK); strings.Contains(string(page.body), "bounced") {
		t.Errorf("the candidate is told: %s", page.body)
	}
	// H2, H7: not for who may not view messages, nor by another application.
	member, token := w.member("Viewer", "recruiting")
	closing := "/notices/" + task["notice_id"].(string) + "/close"
	w.post(token, a+closing, nil).problem(http.StatusNotFound, "unknown_application")
	w.post(v.manager, a+"/grants", map[string]any{"member_id": member, "recruiting_role_id": w.role("Sees the list", map[access.Area]string{access.Application: "view"})}).made()
	if seen := back(token, a+"/tasks"); len(seen) != 0 {
		t.Errorf("who may not view messages sees %v", seen)
	}
	w.post(token, a+closing, nil).problem(http.StatusForbidden, "denied")
	w.post(v.manager, "/v1/applications/"+w.apply(v, "Ada", "King")+closing, nil).problem(http.StatusNotFound, "unknown_notice")
	w.post(v.manager, a+closing, nil).want(http.StatusOK)
	w.post(v.manager, a+closing, nil).want(http.StatusOK)
	open("somebody took care of it", 0)
	ask()
	w.mailIn(w.admin, deliveryReport("grace.hopper@mail.example", sent(2).text("content.message_id"))).want(http.StatusOK)
	open("the next came back", 1)
	ask()
	sent(3)
	open("another is sent", 0)

	// About an interview it is the organiser's, while that is planned.
	interview := w.post(w.admin, a+"/interviews", with(meeting(v, 1), map[string]any{"invite_candidate": true})).made()
	w.mailIn(w.admin, deliveryReport("grace.hopper@mail.example", sent(4).text("content.message_id"))).want(http.StatusOK)
	if mine := back(w.admin, "/v1/me/tasks"); len(mine) != 1 || mine[0]["interview_id"] != interview || mine[0]["told"] != "candidate" || len(back(v.manager, "/v1/me/tasks")) != 0 {
		t.Errorf("the organiser has %v", mine)
	}
	if got := w.get(v.manager, a+"/timeline"); got.text("items.0.kind") != "invitation_bounced" || got.text("items.0.interview.id") != interview {
		t.Errorf("%s", got.body)
	}
	w.post(v.manager, a+"/interviews/"+interview+"/cancel", map[string]any{}).want(http.StatusOK)
	if mine := back(w.admin, "/v1/me/tasks"); len(mine) != 0 {
		t.Errorf("it is called off: %v", mine)
	}
}
