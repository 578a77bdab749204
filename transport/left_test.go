package transport

import (
	"net/http"
	"testing"
	"time"

	"github.com/hirelog/hirelog/commands"
	"github.com/hirelog/hirelog/domain/access"
)

// E3: taking a disqualification back finds the message sent that told of it, says
// which and when to those who may view messages, and where to write a correction. H7
func TestTakenBackDisqualificationsSayWhatHadLeft(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.carryOut()
	w.selfTracking(true)
	v := w.vacancy("Engineer")
	app := w.apply(v, "Grace", "Hopper")
	a := "/v1/applications/" + app
	out := func(letter map[string]any) {
		t.Helper()
		w.post(v.manager, a+"/disqualify", map[string]any{"kind": "rejected", "reason_id": commands.FirstReason("Not enough experience"), "message": letter}).want(http.StatusOK)
	}
	list := func(token string) reply { return w.get(token, a+"/disqualifications").want(http.StatusOK) }
	if got := list(v.manager); len(got.at("items").([]any)) != 0 {
		t.Errorf("nothing happened yet: %s", got.body)
	}
	// What has not left is cancelled, and did not leave.
	out(map[string]any{"subject": "No", "text": "Sorry", "send_at": time.Now().Add(time.Hour).UTC().Truncate(time.Second)})
	w.post(v.manager, a+"/requalify", map[string]string{"reason": "A second look"}).want(http.StatusOK)
	if got := list(v.manager); got.at("items.0.undone_at") == nil || len(got.at("items.0.left").([]any)) != 0 {
		t.Errorf("nothing left: %s", got.body)
	}
	out(map[string]any{"subject": "No", "text": "Sorry"})
	w.until("it is sent and disclosed", func() bool { return len(list(v.manager).at("items.0.left").([]any)) == 2 })
	sent := w.threads(v.manager, app).text("items.0.id")
	w.post(v.manager, a+"/requalify", map[string]string{"reason": "A place was found"}).want(http.StatusOK)
	got := list(v.manager)
	if len(got.at("items").([]any)) != 2 || got.text("items.0.outcome") != "rejected" || got.text("items.0.by.member_id") != v.member || got.text("items.0.undone_by.member_id") != v.member {
		t.Errorf("taken back: %s", got.body)
	}
	if got.text("items.0.left.0.kind") != "message_sent" || got.text("items.0.left.0.message_id") != sent || got.text("items.0.left.1.kind") != "shown_to_candidate" {
		t.Errorf("left: %s", got.body)
	}
	w.post(v.manager, got.text("items.0.left.0.correct"), map[string]any{"text": "We were too quick", "in_reply_to": sent}).made()
	if threads := w.threads(v.manager, app); len(threads.at("items.0.messages").([]any)) != 2 {
		t.Errorf("the correction is elsewhere: %s", threads.body)
	}

	member, looking := w.member("Viewer", "recruiting")
	w.post(v.manager, a+"/grants", map[string]any{"member_id": member, "recruiting_role_id": w.role("Looks on", map[access.Area]string{access.Application: "view"})}).made()
	if got := list(looking); got.text("items.0.left.0.kind") != "shown_to_candidate" || len(got.at("items.0.left").([]any)) != 1 {
		t.Errorf("who may not view messages sees %s", got.body)
	}
	w.get(w.vacancy("Baker").manager, a+"/disqualifications").problem(http.StatusNotFound, "not_found")
}
