package transport

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/hirelog/hirelog/commands"
	"github.com/hirelog/hirelog/domain/personal"
	"github.com/hirelog/hirelog/internal/mail"
)

// Captured mail is for admins to read; who does is in the read log; what it says
// goes with the application.
func TestCapturedMails(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vacancy("Engineer")
	app := w.apply(v, "Cleo", "Candidate")
	var ids []string
	for _, kind := range []mail.Kind{mail.Message, mail.SignInCode, mail.SignInCode} {
		m := mail.Mail{
			ID: uuid.New(), Kind: kind, Key: personal.Key{ID: app, Owner: app}, FromName: "Example Company", To: []personal.Plain{"cleo@mail.example"},
			Subject: "Your application", Text: "Dear Cleo,\nthank you.", Attachments: []mail.Attachment{{Name: "offer.pdf", Type: "application/pdf", Size: 12}},
		}
		for range 2 { // again is the same mail
			if err := w.mails.Send(t.Context(), m); err != nil {
				t.Fatal(err)
			}
		}
		ids = append(ids, m.ID.String())
	}
	page := w.get(w.admin, "/v1/mails?kind=sign_in_code&limit=1").want(http.StatusOK)
	if page.text("items.0.id") != ids[2] || page.at("has_more") != true {
		t.Errorf("%s", page.body)
	}
	page = w.get(w.admin, "/v1/mails?kind=sign_in_code&limit=1&cursor="+page.text("next_cursor")).want(http.StatusOK)
	if page.text("items.0.id") != ids[1] || page.at("has_more") != false {
		t.Errorf("%s", page.body)
	}
	one := w.get(w.admin, "/v1/mails/"+ids[0]).want(http.StatusOK)
	if one.text("content.text") != "Dear Cleo,\nthank you." || one.text("content.to.0") != "cleo@mail.example" || one.text("content.attachments.0.name") != "offer.pdf" {
		t.Errorf("%s", one.body)
	}
	_, auditor := w.member("Otto", "auditor")
	if log := w.get(auditor, "/v1/read-log?application_id="+app); log.text("items.0.kind") != "mail" || log.text("items.0.object_id") != ids[0] {
		t.Errorf("%s", log.body)
	}
	for _, path := range []string{"/v1/mails", "/v1/mails/" + ids[0]} {
		w.get(v.manager, path).problem(http.StatusForbidden, "denied")
		w.get(auditor, path).problem(http.StatusForbidden, "denied")
	}
	w.get(w.admin, "/v1/mails/"+uuid.NewString()).problem(http.StatusNotFound, "unknown_mail")
	w.get(w.admin, "/v1/mails?cursor=x").problem(http.StatusUnprocessableEntity, "cursor")

	w.post(v.manager, "/v1/applications/"+app+"/disqualify", map[string]any{"kind": "withdrawn", "reason_id": commands.FirstReason("Lost interest")}).want(http.StatusOK)
	w.post(w.admin, "/v1/applications/"+app+"/anonymise", nil).want(http.StatusOK)
	if gone := w.get(w.admin, "/v1/mails/"+ids[0]).want(http.StatusOK); gone.at("content") != nil {
		t.Errorf("%s", gone.body)
	}
	if _, err := w.pool.Exec(t.Context(), `UPDATE ops.mails SET captured_at = captured_at - $1::interval`, mail.KeptFor+time.Hour); err != nil {
		t.Fatal(err)
	}
	if n, err := w.mails.Forget(t.Context()); err != nil || n != 3 {
		t.Errorf("%d forgotten, %v", n, err)
	}
}
