package transport

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/hirelog/hirelog/commands"
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

	w.attachmentsInHistory(v, app)

	w.erase(v, app)
	if gone := w.get(w.admin, path).want(http.StatusOK); gone.at("events.0.data.text") != nil || !strings.Contains(string(gone.body), `"erased":["`) {
		t.Errorf("of an erased one %s", gone.body)
	}
}

// attachmentsInHistory sends a file, and looks for it in the history with and
// without the right to its category (S2-31), and for where a message was before it
// came to be here (S2-51).
func (w *world) attachmentsInHistory(v vacancy, app string) {
	w.t.Helper()
	a := "/v1/applications/" + app
	file := w.filed(v.manager, app, "cv", "life.txt", "a life")
	file = file[strings.LastIndex(file, "/")+1:]
	id := w.post(v.manager, a+"/messages", map[string]any{"subject": "Yours", "text": "As you sent it", "file_ids": []string{file}}).made()
	member, reader := w.member("Mail reader", "recruiting")
	w.post(w.admin, a+"/grants", map[string]any{"member_id": member, "recruiting_role_id": w.role("Reads mails and histories", map[access.Area]string{
		access.Application: "view", access.History: "view", access.Messages: "view",
	})}).made()
	path := "/messages/" + id + "/history"
	if got := w.get(v.manager, a+path).want(http.StatusOK); got.text("events.0.data.attachments.0.file") != file || got.text("events.0.data.attachments.0.name") != "life.txt" {
		w.t.Errorf("who may view the file sees %s", got.body)
	}
	got := w.get(reader, a+path).want(http.StatusOK)
	if got.text("events.0.data.text") != "As you sent it" || strings.Contains(string(got.body), file) || strings.Contains(string(got.body), "life.txt") {
		w.t.Errorf("who may not view the file sees %s", got.body)
	}
	secret := w.vacancy("Secret")
	from := w.apply(secret, "Grace", "Kelly")
	moved := w.post(secret.manager, "/v1/applications/"+from+"/messages", map[string]any{"subject": "Wrong", "text": "one"}).made()
	w.until("it is sent", func() bool { return w.threads(secret.manager, from).text("items.0.messages.0.status") == "sent" })
	w.post(w.admin, "/v1/applications/"+from+"/messages/"+moved+"/reassign", map[string]any{"application_id": app}).want(http.StatusOK)
	path = a + "/messages/" + moved + "/history"
	if got := w.get(w.admin, path).want(http.StatusOK); !strings.Contains(string(got.body), from) {
		w.t.Errorf("an admin sees %s", got.body)
	}
	if got := w.get(reader, path).want(http.StatusOK); strings.Contains(string(got.body), from) || strings.Contains(string(got.body), secret.id) {
		w.t.Errorf("who may not view the other application sees %s", got.body)
	}
}

// S2-101, H2, H17: the history of a message names the applications where it was
// before, or may have belonged, to who may view those alone, and what came along to
// who may view the documents that it became.
func TestTheHistoryOfAMessageTellsOfNothingElse(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.carryOut()
	v, other := w.vacancy("Engineer"), w.vacancy("Baker")
	before, now := w.apply(v, "Grace", "Hopper"), w.apply(other, "Ada", "King")
	moved := w.mailIn(w.admin, mailOf("Somebody <s@new.example>", "jobs@acme.example", "1@new.example", "It is me")).want(http.StatusOK).text("id")
	w.post(w.admin, "/v1/unassigned-messages/"+moved+"/assign", map[string]any{"application_id": before}).want(http.StatusOK)
	w.post(w.admin, "/v1/applications/"+before+"/messages/"+moved+"/reassign", map[string]any{"application_id": now}).want(http.StatusOK)
	// The only application of the sender's is over, so it is merely suggested.
	w.post(v.manager, "/v1/applications/"+before+"/disqualify", map[string]any{"kind": "withdrawn", "reason_id": commands.FirstReason("Lost interest")}).want(http.StatusOK)
	suggested := w.mailIn(w.admin, mailOf("grace.hopper@mail.example", "jobs@acme.example", "2@mail.example", "Me again")).want(http.StatusOK).text("id")
	w.post(w.admin, "/v1/unassigned-messages/"+suggested+"/assign", map[string]any{"application_id": now}).want(http.StatusOK)

	a := "/v1/applications/" + now
	member, reader := w.member("Reader", "recruiting")
	w.post(w.admin, a+"/grants", map[string]any{"member_id": member, "recruiting_role_id": w.role("Reads messages", map[access.Area]string{access.Application: "view", access.History: "view", access.Messages: "view"})}).made()
	for id, at := range map[string]struct{ elsewhere, here string }{
		moved:     {"events.2.data.from", "events.2.data.to"},
		suggested: {"events.0.data.suggested", "events.1.data.application"},
	} {
		path := a + "/messages/" + id + "/history"
		if got := w.get(w.admin, path).want(http.StatusOK); got.text(at.elsewhere) != before || got.text(at.elsewhere+"_job") != v.id || got.text(at.here) != now {
			t.Errorf("an admin sees %s", got.body)
		}
		file := w.get(w.admin, path).text("events.0.data.attachments.0.file")
		for who, c := range map[string]struct {
			token string
			sees  bool
		}{"the manager": {other.manager, true}, "who may not view documents": {reader, false}} {
			got := w.get(c.token, path).want(http.StatusOK)
			if said := string(got.body); strings.Contains(said, before) || strings.Contains(said, v.id) || got.text(at.here) != now || got.at("events.0.data.subject") == nil {
				t.Errorf("%s sees %s", who, said)
			}
			if said := string(got.body); strings.Contains(said, file) != c.sees || strings.Contains(said, "zeugnis") != c.sees {
				t.Errorf("of the file %s sees %s", who, said)
			}
		}
	}
}
