package transport

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/hirelog/hirelog/domain/access"
)

// S2-101, E1: an auditor reads every event of a message, not what it says; who may
// not view messages is told that something was recorded, and when. What is not of
// the application is unknown (H2, H7), and what was erased says so.
func TestMessagesHaveAHistory(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.carryOut()
	v, other := w.vacancy("Engineer"), w.vacancy("Baker")
	app, theirs := w.apply(v, "Grace", "Hopper"), w.apply(other, "Mary", "Shelley")
	a := "/v1/applications/" + app
	id := w.post(v.manager, a+"/messages", map[string]any{"subject": "Hello", "text": "Are you free on Monday?"}).made()
	w.until("it is sent", func() bool { return w.threads(v.manager, app).text("items.0.messages.0.status") == "sent" })
	path := a + "/messages/" + id + "/history"
	types := func(r reply) (all []string) {
		for _, e := range r.at("events").([]any) {
			all = append(all, e.(map[string]any)["type"].(string))
		}
		return all
	}
	want := []string{"message.written.v1", "message.sending.v1", "message.sent.v1"}
	got := w.get(w.admin, path).want(http.StatusOK)
	if !slices.Equal(types(got), want) || got.text("events.0.data.text") != "Are you free on Monday?" || got.text("events.0.by") != "member:"+v.member {
		t.Errorf("an admin sees %s", got.body)
	}
	auditor := w.tokenOf(w.post(w.admin, "/v1/members", map[string]any{"name": "Audrey", "role": "auditor"}).made())
	masked := w.get(auditor, path).want(http.StatusOK)
	if !slices.Equal(types(masked), want) || masked.at("masked") != true || masked.at("events.0.data.text") != nil || strings.Contains(string(masked.body), "grace.hopper") {
		t.Errorf("an auditor sees %s", masked.body)
	}
	member, reader := w.member("Reader", "recruiting")
	w.post(w.admin, a+"/grants", map[string]any{"member_id": member, "recruiting_role_id": w.role("Reads histories", map[access.Area]string{access.Application: "view", access.History: "view"})}).made()
	if bare := w.get(reader, path).want(http.StatusOK); !slices.Equal(types(bare), want) || len(bare.at("events.0.data").(map[string]any)) != 0 {
		t.Errorf("who may not view messages sees %s", bare.body)
	}
	w.get(other.manager, path).want(http.StatusNotFound)
	w.get(w.admin, "/v1/applications/"+theirs+"/messages/"+id+"/history").problem(http.StatusNotFound, "unknown_message")
	w.get(w.admin, a+"/messages/"+theirs+"/history").problem(http.StatusNotFound, "unknown_message")

	w.erase(v, app)
	if gone := w.get(w.admin, path).want(http.StatusOK); gone.at("events.0.data.text") != nil || !strings.Contains(string(gone.body), `"erased":["`) {
		t.Errorf("of an erased one %s", gone.body)
	}
}
