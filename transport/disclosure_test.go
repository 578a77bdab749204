package transport

import (
	"net/http"
	"testing"
	"time"

	"github.com/hirelog/hirelog/commands"
)

// S1-16..20, S2-90: when a candidate sees a rejection follows the message that
// tells of it: later when it is to leave later, and as without one when it is
// cancelled; the candidate sees nothing of it before (H5).
func TestDisclosureFollowsTheMessage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.carryOut()
	w.selfTracking(true)
	v := w.vacancy("Engineer")
	at := time.Now().Add(72 * time.Hour).UTC().Truncate(time.Second)
	id := w.apply(v, "Grace", "Hopper")
	a := "/v1/applications/" + id
	w.post(v.manager, a+"/disqualify", map[string]any{
		"kind": "rejected", "reason_id": commands.FirstReason("Not enough experience"),
		"message": map[string]any{"subject": "Your application", "text": "Not this time.", "send_at": at},
	}).want(http.StatusOK)
	decided := w.get(v.manager, a+"/timeline").want(http.StatusOK).text("items.0.at")
	message := w.threads(v.manager, id).text("items.0.messages.0.id")
	shown := func(want time.Time) {
		t.Helper()
		w.until("it is disclosed at "+want.String(), func() bool {
			got, err := time.Parse(time.RFC3339, w.get(v.manager, a).text("disclose_at"))
			return err == nil && got.Equal(want)
		})
		if got := w.get(v.manager, a+"/candidate-view"); got.text("status") != "in_progress" {
			t.Errorf("%s", got.body)
		}
	}
	shown(at.Add(24 * time.Hour))
	later := at.Add(48 * time.Hour)
	w.put(v.manager, a+"/messages/"+message, map[string]any{"subject": "Your application", "text": "Not this time.", "send_at": later}).want(http.StatusOK)
	shown(later.Add(24 * time.Hour))
	if got := w.get(v.manager, a+"/timeline"); got.text("items.0.kind") != "disclosure_moved" || got.text("items.0.by.kind") != "system" || got.text("items.0.disclose_at") != later.Add(24*time.Hour).Format(time.RFC3339) {
		t.Errorf("%s", got.body)
	}
	w.post(v.manager, a+"/messages/"+message+"/cancel", nil).want(http.StatusOK)
	when, err := time.Parse(time.RFC3339, decided)
	if err != nil {
		t.Fatal(err)
	}
	shown(when.Add(24 * time.Hour))
	if e, ok := w.effect(v.manager, id, "move_disclosure"); !ok || e["state"] != "done" || e["message_id"] != message {
		t.Errorf("%v", e)
	}
	grace := w.signIn("grace.hopper@mail.example")
	for _, e := range grace.ask("GET", "/applications/"+id+"/timeline", nil).want(http.StatusOK).items("items") {
		if e["kind"] != "received" {
			t.Errorf("they are told of %v", e)
		}
	}

	// What would have been told long ago is told at once.
	w.settings(map[string]any{"disclose_after_hours": 0})
	other := w.apply(v, "Ada", "King")
	b := "/v1/applications/" + other
	w.post(v.manager, b+"/disqualify", map[string]any{
		"kind": "rejected", "reason_id": commands.FirstReason("Not enough experience"),
		"message": map[string]any{"subject": "Your application", "text": "Not this time.", "send_at": at},
	}).want(http.StatusOK)
	w.post(v.manager, b+"/messages/"+w.threads(v.manager, other).text("items.0.messages.0.id")+"/cancel", nil).want(http.StatusOK)
	w.until("it is disclosed", func() bool { return w.get(v.manager, b+"/candidate-view").text("status") == "rejected" })
	w.until("the time has come", func() bool { return w.get(v.manager, b+"/timeline").text("items.0.kind") == "outcome_disclosed" })
	// Taken back behind it, the candidate was told of both.
	w.post(v.manager, b+"/requalify", map[string]any{"reason": "A mistake"}).want(http.StatusOK)
	ada := w.signIn("ada.king@mail.example")
	told := ada.ask("GET", "/applications/"+other+"/timeline", nil).want(http.StatusOK)
	if got := told.kinds("kind"); len(got) != 3 || got[0] != "requalified" || got[1] != "disqualified" || got[2] != "received" {
		t.Errorf("%s", told.body)
	}
}
