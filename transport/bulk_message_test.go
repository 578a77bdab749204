package transport

import (
	"net/http"
	"testing"
	"time"

	"github.com/hirelog/hirelog/commands"
	"github.com/hirelog/hirelog/domain/access"
)

// E14: a message to many is counted first, written once to each by the rights of
// who started it, leaves out who had one from the template, and is taken back
// where it has not left. H2, H7
func TestBulkMessages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.carryOut()
	v, other := w.vacancy("Engineer"), w.vacancy("Baker")
	a, b, c := w.apply(v, "Grace", "Hopper"), w.apply(v, "Ada", "Lovelace"), w.apply(v, "Jane", "Austen")
	theirs := w.apply(other, "Mary", "Shelley")
	nameless := w.post(v.manager, "/v1/applications", map[string]any{"job_id": v.id, "source": "fair", "candidate": map[string]string{"first_name": "No", "last_name": "Address"}}).made()
	template := w.post(w.admin, "/v1/organization/message-templates", map[string]any{
		"name": "News", "kind": "message", "subject": "Your application as {{job.title}}", "body": "Dear {{candidate.first_name}}",
	}).made()
	w.post(v.manager, "/v1/applications/"+c+"/messages", map[string]any{"template_id": template}).made()
	later := time.Now().Add(time.Hour).UTC().Truncate(time.Second)
	message := func(m map[string]any) map[string]any {
		return map[string]any{"action": map[string]any{"message": m}, "application_ids": []string{a, b, c, theirs, nameless}}
	}
	for _, bad := range []map[string]any{
		{"subject": "No text"}, {"subject": "x", "text": "x", "leave_out_told": true}, {"subject": "x", "text": "x", "file_ids": []string{v.id}},
	} {
		w.post(v.manager, "/v1/bulk-actions", message(bad)).problem(http.StatusUnprocessableEntity, "invalid")
		w.post(v.manager, "/v1/bulk-actions/preview", message(bad)).problem(http.StatusUnprocessableEntity, "invalid")
	}
	unknown := message(map[string]any{"template_id": v.id})
	w.post(v.manager, "/v1/bulk-actions", unknown).problem(http.StatusNotFound, "unknown_entry")
	w.post(v.manager, "/v1/bulk-actions/preview", unknown).problem(http.StatusNotFound, "unknown_entry")

	body := message(map[string]any{"template_id": template, "send_at": later, "leave_out_told": true})
	preview := w.post(v.manager, "/v1/bulk-actions/preview", body).want(http.StatusOK)
	if preview.number("changed") != 2 || preview.number("unchanged") != 1 || preview.text("refused.0.code") != "message_no_address" || preview.text("refused.1.code") != "unknown_application" {
		t.Errorf("preview: %s", preview.body)
	}
	start := call{method: http.MethodPost, path: "/v1/bulk-actions", token: v.manager, body: body, header: map[string]string{"Idempotency-Key": "news"}}
	id := w.do(start).made()
	if again := w.do(start).made(); again != id {
		t.Errorf("given again it is another: %s, %s", again, id)
	}
	got := w.done(v.manager, id, "done")
	if got.number("changed") != 2 || got.number("unchanged") != 1 || got.number("refused") != 2 || got.text("action.kind") != "message" || got.text("action.template_id") != template {
		t.Errorf("done: %s", got.body)
	}
	items := w.get(v.manager, "/v1/bulk-actions/"+id+"/items").want(http.StatusOK)
	for i, want := range []string{"changed", "changed", "unchanged", "refused", "refused"} {
		if got := items.text("items." + string(rune('0'+i)) + ".result"); got != want {
			t.Errorf("item %d: %s, want %s: %s", i, got, want, items.body)
		}
	}
	for app, name := range map[string]string{a: "Grace", b: "Ada"} {
		if got := w.threads(v.manager, app); len(got.at("items").([]any)) != 1 || got.text("items.0.messages.0.text") != "Dear "+name || got.text("items.0.messages.0.status") != "scheduled" {
			t.Errorf("%s has %s", name, got.body)
		}
	}
	// It counts as had: all but those who may not have it are left out.
	if again := w.post(v.manager, "/v1/bulk-actions/preview", body).want(http.StatusOK); again.number("changed") != 0 || again.number("unchanged") != 3 {
		t.Errorf("preview once more: %s", again.body)
	}

	// One is changed by hand; the undo leaves it, and says so.
	w.put(v.manager, "/v1/applications/"+b+"/messages/"+w.threads(v.manager, b).text("items.0.id"), map[string]any{"subject": "By hand", "text": "By hand"}).want(http.StatusOK)
	w.post(v.manager, "/v1/bulk-actions/"+id+"/undo", map[string]string{"reason": "Not yet"}).want(http.StatusOK)
	if got := w.done(v.manager, id, "undone"); got.number("undo.undone") != 1 || got.number("undo.not_undone") != 1 {
		t.Errorf("undone: %s", got.body)
	}
	if left := w.get(v.manager, "/v1/bulk-actions/"+id+"/items?not_undone=true"); left.text("items.0.application_id") != b || left.text("items.0.undo_code") != "changed_since" {
		t.Errorf("left: %s", left.body)
	}
	for app, want := range map[string]string{a: "cancelled", b: "scheduled"} {
		if got := w.threads(v.manager, app).text("items.0.messages.0.status"); got != want {
			t.Errorf("after the undo it is %s, want %s", got, want)
		}
	}

	// What has left stays, and who may not write is refused.
	now := w.post(v.manager, "/v1/bulk-actions", map[string]any{"action": map[string]any{"message": map[string]any{"subject": "Hello", "text": "Now"}}, "application_ids": []string{a}}).made()
	w.done(v.manager, now, "done")
	w.until("it is sent", func() bool { return w.threads(v.manager, a).text("items.0.messages.0.status") == "sent" })
	w.post(v.manager, "/v1/bulk-actions/"+now+"/undo", map[string]string{"reason": "Too late"}).want(http.StatusOK)
	w.done(v.manager, now, "undone")
	if left := w.get(v.manager, "/v1/bulk-actions/"+now+"/items?not_undone=true"); left.text("items.0.undo_code") != "message_left" {
		t.Errorf("left: %s", left.body)
	}
	member, token := w.member("Viewer", "recruiting")
	look := w.role("Looks on", map[access.Area]string{access.Application: "view", access.Messages: "view"})
	w.post(v.manager, "/v1/applications/"+a+"/grants", map[string]any{"member_id": member, "recruiting_role_id": look}).made()
	if got := w.post(token, "/v1/bulk-actions/preview", body).want(http.StatusOK); got.number("changed") != 0 || got.number("unchanged") != 0 {
		t.Errorf("who looks on: %s", got.body)
	}
}

// E14: a disqualification of many may tell them, once each; taking it back
// cancels what has not left.
func TestBulkRejectionByMessage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.carryOut()
	v := w.vacancy("Engineer")
	a, b := w.apply(v, "Grace", "Hopper"), w.apply(v, "Ada", "Lovelace")
	nameless := w.post(v.manager, "/v1/applications", map[string]any{"job_id": v.id, "source": "fair", "candidate": map[string]string{"first_name": "No", "last_name": "Address"}}).made()
	later := time.Now().Add(time.Hour).UTC().Truncate(time.Second)
	body := map[string]any{"application_ids": []string{a, b, nameless}, "action": map[string]any{"disqualify": map[string]any{
		"kind": "rejected", "reason_id": commands.FirstReason("Not enough experience"), "message": map[string]any{"subject": "No", "text": "Sorry, {{candidate.first_name}}", "send_at": later},
	}}}
	if preview := w.post(v.manager, "/v1/bulk-actions/preview", body).want(http.StatusOK); preview.number("changed") != 2 || preview.text("refused.0.code") != "message_no_address" {
		t.Errorf("preview: %s", preview.body)
	}
	id := w.post(v.manager, "/v1/bulk-actions", body).made()
	if got := w.done(v.manager, id, "done"); got.number("changed") != 2 || got.number("refused") != 1 {
		t.Errorf("done: %s", got.body)
	}
	if got := w.threads(v.manager, a); got.text("items.0.messages.0.text") != "Sorry, Grace" || got.text("items.0.messages.0.status") != "scheduled" {
		t.Errorf("told: %s", got.body)
	}
	w.post(v.manager, "/v1/bulk-actions/"+id+"/undo", map[string]string{"reason": "Not these"}).want(http.StatusOK)
	if got := w.done(v.manager, id, "undone"); got.number("undo.undone") != 2 {
		t.Errorf("undone: %s", got.body)
	}
	for _, app := range []string{a, b} {
		w.until("it is cancelled", func() bool { return w.threads(v.manager, app).text("items.0.messages.0.status") == "cancelled" })
		if got := w.get(v.manager, "/v1/applications/"+app).text("outcome"); got != "in_progress" {
			t.Errorf("it is %s", got)
		}
	}
}
