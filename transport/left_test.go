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

// E3, S1-16: whether the candidate saw a rejection goes by the time from which
// their page shows it, also while nobody carries effects out: before it, it had not
// left; from then on it had, also once it was taken back.
func TestWhatTheCandidateSawHadLeft(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.selfTracking(true)
	v := w.vacancy("Engineer")
	a := "/v1/applications/" + w.apply(v, "Grace", "Hopper")
	out := func(kind, reason string, hours int) {
		t.Helper()
		w.settings(map[string]any{"disclose_after_hours": hours})
		w.post(v.manager, a+"/disqualify", map[string]any{"kind": kind, "reason_id": commands.FirstReason(reason)}).want(http.StatusOK)
	}
	back := func() {
		t.Helper()
		w.post(v.manager, a+"/requalify", map[string]string{"reason": "A second look"}).want(http.StatusOK)
	}
	left := func(item string) []any {
		t.Helper()
		return w.get(v.manager, a+"/disqualifications").want(http.StatusOK).at(item + ".left").([]any)
	}
	out("rejected", "Not enough experience", 24)
	if got := left("items.0"); len(got) != 0 {
		t.Errorf("before its time it has left: %v", got)
	}
	back()
	if got := left("items.0"); len(got) != 0 {
		t.Errorf("taken back before its time it has left: %v", got)
	}
	out("rejected", "Not enough experience", 0)
	shown := func() {
		t.Helper()
		got := w.get(v.manager, a+"/disqualifications").want(http.StatusOK)
		if all := left("items.0"); len(all) != 1 || got.text("items.0.left.0.kind") != "shown_to_candidate" || got.text("items.0.left.0.at") != got.text("items.0.at") {
			t.Errorf("the page shows it: %s", got.body)
		}
	}
	if page := w.get(v.manager, a+"/candidate-view"); page.text("status") != "rejected" {
		t.Fatalf("the page shows %s", page.body)
	}
	shown()
	back()
	shown()
	out("withdrawn", "Lost interest", 24)
	shown()
	if got := left("items.2"); len(got) != 0 {
		t.Errorf("the first never left: %v", got)
	}
	// Once candidates have no page, there is nothing they saw.
	w.selfTracking(false)
	if got := left("items.0"); len(got) != 0 {
		t.Errorf("there is no page: %v", got)
	}
}
