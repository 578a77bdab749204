package transport

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// S2-53, S2-54, S2-55: a message that belongs to nobody is told to admins and
// recruiting, until it is assigned; then to the managers of where it belongs. Others hear
// nothing (H2), and who does not want to be told neither.
func TestUnassignedMessagesAreTold(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vacancy("Engineer")
	id := w.apply(v, "Grace", "Hopper")
	_, other := w.member("Rita", "recruiting")
	_, quiet := w.member("Quinn", "recruiting")
	_, auditor := w.member("Otto", "auditor")
	gone, left := w.member("Gustav", "recruiting")
	w.put(quiet, "/v1/me/notifications", map[string]any{"on": []string{}, "off": []string{"new_message"}}).want(http.StatusOK)
	w.post(w.admin, "/v1/members/"+gone+"/deactivate", map[string]any{}).want(http.StatusOK)
	w.get(left, "/v1/me/inbox").problem(http.StatusUnauthorized, "invalid_token")
	message := w.mailIn(w.admin, mailOf("Grace <grace@new.example>", "jobs@acme.example", "1@new.example", "It is me")).want(http.StatusOK).text("id")
	hears := func(token string) (told bool) {
		t.Helper()
		for _, n := range w.get(token, "/v1/me/inbox?kind=unassigned_message").want(http.StatusOK).items("items") {
			told = told || n["message_id"] == message && n["application_id"] == nil && n["job"] == nil && n["unread"] == true
		}
		return told
	}
	for name, c := range map[string]struct {
		token string
		told  bool
	}{"an admin": {w.admin, true}, "recruiting": {other, true}, "the manager": {v.manager, true}, "who wants no news": {quiet, false}, "an auditor": {auditor, false}} {
		if got := hears(c.token); got != c.told {
			t.Errorf("%s is told: %v", name, got)
		}
	}
	w.post(w.admin, "/v1/unassigned-messages/"+message+"/assign", map[string]any{"application_id": id}).want(http.StatusOK)
	if hears(other) || hears(v.manager) {
		t.Error("it is told of as unassigned still")
	}
	if got := w.get(v.manager, "/v1/me/inbox?kind=new_message").want(http.StatusOK); got.text("items.0.message_id") != message || got.text("items.0.application_id") != id {
		t.Errorf("%s", got.body)
	}
}

// S2-21, S2-45: of files that came along and were not kept the message says which,
// and why; the others are kept.
func TestMailSaysWhatWasLeftOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vacancy("Engineer")
	id := w.apply(v, "Grace", "Hopper")
	var parts strings.Builder
	for i := range 23 {
		content := fmt.Sprintf("file %d", i)
		fmt.Fprintf(&parts, "--b\nContent-Type: text/plain\nContent-Disposition: attachment; filename=\"%d.txt\"\nContent-Transfer-Encoding: base64\n\n%s\n", i, base64.StdEncoding.EncodeToString([]byte(content)))
	}
	w.mailIn(w.admin, "From: grace.hopper@mail.example\nTo: jobs@acme.example\nSubject: Files\nMessage-ID: <1@mail.example>\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n"+parts.String()+"--b--\n").want(http.StatusOK)
	m := w.threads(v.manager, id)
	if n := len(m.at("items.0.messages.0.attachments").([]any)); n != 20 {
		t.Errorf("%d files were kept", n)
	}
	var left []string
	for _, f := range m.items("items.0.messages.0.left_out") {
		left = append(left, fmt.Sprint(f["name"], " ", f["reason"]))
	}
	if got := strings.Join(left, ", "); got != "20.txt too_many, 21.txt too_many, 22.txt too_many" {
		t.Errorf("left out: %s", got)
	}
	w.erase(v, id)
	if m := w.threads(w.admin, id); m.at("items.0.messages.0.left_out.0.name") != nil || m.text("items.0.messages.0.left_out.0.reason") != "too_many" {
		t.Errorf("%s", m.body)
	}
}

// S2-102, H7: who reads the history of a message that belonged to nobody is noted: with
// the application that it belongs to by now.
func TestHistoriesOfUnassignedMessagesAreNoted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vacancy("Engineer")
	id := w.apply(v, "Grace", "Hopper")
	_, auditor := w.member("Otto", "auditor")
	_, outsider := w.member("Rita", "reporting")
	message := w.mailIn(w.admin, mailOf("Grace <grace@new.example>", "jobs@acme.example", "1@new.example", "It is me")).want(http.StatusOK).text("id")
	history := "/v1/unassigned-messages/" + message + "/history"
	noted := func(query, want string) {
		t.Helper()
		var got []string
		for _, r := range w.get(auditor, "/v1/read-log?"+query).want(http.StatusOK).items("items") {
			if r["kind"] == "message_history" && r["object_id"] == message {
				got = append(got, fmt.Sprint(r["application_id"]))
			}
		}
		if got := strings.Join(got, ", "); got != want {
			t.Errorf("%s: noted with %s, want %s", query, got, want)
		}
	}
	w.get(outsider, history).problem(http.StatusForbidden, "denied")
	noted("limit=200", "")
	w.get(v.manager, history).want(http.StatusOK)
	noted("limit=200", "<nil>")
	w.post(w.admin, "/v1/unassigned-messages/"+message+"/assign", map[string]any{"application_id": id}).want(http.StatusOK)
	w.get(v.manager, history).problem(http.StatusNotFound, "unknown_message")
	if got := w.get(w.admin, history).want(http.StatusOK); !strings.Contains(string(got.body), "It is me") {
		t.Errorf("%s", got.body)
	}
	noted("application_id="+id, id)
	w.get(auditor, history).want(http.StatusOK)
	noted("limit=200", id+", "+id+", <nil>")
}
