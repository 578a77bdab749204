package transport

import (
	"net/http"
	"strings"
	"testing"

	"github.com/hirelog/hirelog/commands"
)

// notices are the mails of notices that were captured about an application,
// newest first.
func (w *world) notices(id string) (mails []reply) {
	w.t.Helper()
	for _, m := range w.get(w.admin, "/v1/mails?kind=notice").want(http.StatusOK).items("items") {
		if m["application_id"] == id {
			mails = append(mails, w.get(w.admin, "/v1/mails/"+m["id"].(string)).want(http.StatusOK))
		}
	}
	return mails
}

// S1-50, E4: a candidate is told by mail of requests, cancellations, approvals,
// rejections and deletions; what comes within a while is one mail, without what
// anybody wrote, and that it was sent can be asked for. H2
func TestCandidatesAreToldByMail(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vacancy("Engineer")
	w.selfTracking(true)
	id := w.apply(v, "Grace", "Hopper")
	a := "/v1/applications/" + id
	ask := func(title string) string {
		return w.post(v.manager, a+"/document-requests", map[string]any{"title": title, "category": "certificate", "description": "confidential words"}).made()
	}
	grace := w.signIn("grace.hopper@mail.example")
	upload := func(document string) {
		grace.ask("POST", "/applications/"+id+"/documents/"+document+"/versions", newForm("").file("x.txt", "x")).made()
	}
	kept, other, mistake, approved, deleted := ask("Diploma"), ask("Passport"), ask("Mistake"), ask("Permit"), ask("Letter")
	for _, d := range []string{kept, approved, deleted} {
		upload(d)
	}
	w.post(v.manager, a+"/documents/"+mistake+"/cancel", nil).want(http.StatusOK)
	w.post(v.manager, a+"/documents/"+kept+"/reject", map[string]any{"version": 1, "reason": "secret reason"}).want(http.StatusOK)
	w.post(v.manager, a+"/documents/"+approved+"/approve", map[string]any{"version": 1}).want(http.StatusOK)
	w.delete(v.manager, a+"/documents/"+deleted+"/versions/1").want(http.StatusOK)
	// What members file and review for themselves is nothing to her.
	internal := w.post(v.manager, a+"/documents", newForm("certificate").file("reference.txt", "x")).made()
	w.post(v.manager, a+"/documents/"+internal+"/approve", map[string]any{"version": 1}).want(http.StatusOK)
	w.post(v.manager, a+"/documents/"+internal+"/reject", map[string]any{"version": 1, "reason": "of somebody else"}).want(http.StatusOK)
	w.carryOut()
	sent := func() bool { e, ok := w.effect(v.manager, id, "send_notice"); return ok && e["state"] == "done" }
	w.until("the candidate is told", sent)
	e, _ := w.effect(v.manager, id, "send_notice")
	if e["reason"] != nil || e["position"] == nil {
		t.Errorf("sent: %v", e)
	}
	mails := w.notices(id)
	if len(mails) != 1 {
		t.Fatalf("%d mails were sent", len(mails))
	}
	text := mails[0].text("content.text")
	if mails[0].text("content.to.0") != "grace.hopper@mail.example" || mails[0].text("content.subject") != "News about your application at Example Company" ||
		!strings.HasPrefix(mails[0].text("content.reply_to"), "reply-") || !strings.HasSuffix(text, "You find it on your page: https://jobs.example.com/me\n") {
		t.Errorf("%s", mails[0].body)
	}
	for _, line := range []string{"as Engineer at", "- A document of yours was not accepted; please upload it again.\n", "- You are asked for a document.\n", "- A document of yours was accepted.\n", "- A document of yours was deleted; please upload it again.\n"} {
		if !strings.Contains(text, line) {
			t.Errorf("%q is not in %q", line, text)
		}
	}
	if n := strings.Count(text, "accepted"); n != 2 {
		t.Errorf("%d documents were reviewed: %q", n, text)
	}
	for _, not := range []string{"secret", "confidential", "Diploma", "any more"} {
		if strings.Contains(text, not) {
			t.Errorf("%q is in %q", not, text)
		}
	}
	// Nothing by name in what is kept of jobs and effects.
	var found int
	if err := w.pool.QueryRow(t.Context(), `SELECT count(*) FROM ops.river_job WHERE args::text ~* 'grace|mail\.example|diploma'`).Scan(&found); err != nil || found != 0 {
		t.Errorf("%d jobs hold personal data, %v", found, err)
	}
	// While candidates have no page, nothing is told, and nothing was asked for.
	w.selfTracking(false)
	w.post(v.manager, a+"/documents/"+other+"/cancel", nil).want(http.StatusOK)
	w.until("the reason is known", func() bool {
		e, _ := w.effect(v.manager, id, "notice_candidate")
		return e["state"] == "cancelled" && e["reason"] == "self_tracking_off"
	})
	if n := len(w.notices(id)); n != 1 {
		t.Errorf("%d mails were sent", n)
	}
	// What they were told of goes with them.
	w.erase(v, id)
	if mails = w.notices(id); mails[0].at("content") != nil {
		t.Errorf("%s", mails[0].body)
	}
}

// S1-50, S1-16: a rejection that is not disclosed changes nothing of what a
// candidate is told; one that is ends it. Who asked for a document, and the
// managers, are told of uploads by mail only where the setting says so.
func TestNoticesKeepWhatIsNotDisclosed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.carryOut()
	v := w.vacancy("Engineer")
	w.settings(map[string]any{"self_tracking": true, "upload_mail_members": true})
	id := w.apply(v, "Grace", "Hopper")
	a := "/v1/applications/" + id
	asks, asker := w.colleague(v, "Rita Requester", "Recruiter")
	w.do(call{method: http.MethodPatch, path: "/v1/members/" + asker, token: w.admin, body: map[string]any{"email": "rita@example.com"}}).want(http.StatusOK)
	document := w.post(asks, a+"/document-requests", map[string]any{"title": "Diploma", "category": "certificate"}).made()
	w.post(v.manager, a+"/disqualify", map[string]any{"kind": "rejected", "reason_id": commands.FirstReason("Not enough experience")}).want(http.StatusOK)
	grace := w.signIn("grace.hopper@mail.example")
	grace.ask("POST", "/applications/"+id+"/documents/"+document+"/versions", newForm("").file("x.txt", "x")).made()
	w.until("candidate and requester are told", func() bool { return len(w.notices(id)) == 2 })
	for _, m := range w.notices(id) {
		text := m.text("content.text")
		switch to := m.text("content.to.0"); to {
		case "grace.hopper@mail.example":
			if !strings.Contains(text, "You are asked for a document.") || strings.Contains(text, "reject") {
				t.Errorf("%s", text)
			}
		case "rita@example.com":
			if !strings.Contains(text, "The candidate uploaded a document.") || strings.Contains(text, "Grace") || m.text("content.reply_to") != "" {
				t.Errorf("%s", m.body)
			}
		default:
			t.Errorf("%s was told", to)
		}
	}
	w.settings(map[string]any{"disclose_after_hours": 0})
	w.post(v.manager, a+"/requalify", map[string]any{"reason": "A mistake"}).want(http.StatusOK)
	w.post(v.manager, a+"/disqualify", map[string]any{"kind": "rejected", "reason_id": commands.FirstReason("Not enough experience")}).want(http.StatusOK)
	w.post(v.manager, a+"/documents/"+document+"/approve", map[string]any{"version": 1}).want(http.StatusOK)
	w.until("nobody is told any more", func() bool {
		e, _ := w.effect(v.manager, id, "notice_candidate")
		return e["state"] == "cancelled" && e["reason"] == "application_closed"
	})
}
