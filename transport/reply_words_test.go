package transport

import (
	"net/http"
	"strings"
	"testing"
)

// unassigned is the message that belongs to nobody with a text.
func (w *world) unassigned(text string) map[string]any {
	w.t.Helper()
	all := w.get(w.admin, "/v1/unassigned-messages").want(http.StatusOK)
	for _, m := range all.items("items") {
		if m["text"] == text {
			return m
		}
	}
	w.t.Errorf("no message says %q: %s", text, all.body)
	return nil
}

// enclosed are the names of the files of a message.
func enclosed(m map[string]any) string {
	var names []string
	files, _ := m["attachments"].([]any)
	for _, f := range files {
		names = append(names, f.(map[string]any)["name"].(string))
	}
	return strings.Join(names, " ")
}

// S2-107: what people write along with an answer by mail is read by somebody, however
// their calendar program sends it, and so is the time they propose; who takes part
// does not write as the candidate that they are elsewhere (H2).
func TestWordsAlongWithAnswers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vacancy("Engineer")
	id := w.apply(v, "Grace", "Hopper")
	a := "/v1/applications/" + id
	_, ina := w.colleague(v, "Ina Interviewer", "Interviewer")
	const grace, inas = "grace.hopper@mail.example", "ina.interviewer@mail.example"
	w.do(call{method: http.MethodPatch, path: "/v1/members/" + ina, token: w.admin, body: map[string]any{"email": inas}}).want(http.StatusOK)
	theirs := w.apply(w.vacancy("Manager"), "Ina", "Interviewer") // the same address
	w.settings(map[string]any{"interview_mail_participants": true})
	i := a + "/interviews/" + w.post(v.manager, a+"/interviews", with(meeting(v, 1), map[string]any{"invite_candidate": true, "participant_ids": []string{v.member, ina}})).made()
	w.carryOut()
	w.until("they are invited", func() bool { return len(w.invitations(id, grace)) == 1 && len(w.invitations(id, inas)) == 1 })
	r := replies{world: w, invitation: w.invitations(id, inas)[0], of: map[string]string{grace: w.invitations(id, grace)[0].organiser}}
	// send mails an answer, with changes of it.
	send := func(from, answer string, exchange ...string) {
		t.Helper()
		r.n++
		w.mailIn(w.admin, strings.NewReplacer(exchange...).Replace(r.raw(from, from, "0", answer))).want(http.StatusOK)
	}
	sentence := func(from, answer string) string { return from + " has " + answer + " your event invitation." }
	note := func(text string) string { return `ATTENDEE;X-NUM-GUESTS=0;X-RESPONSE-COMMENT="` + text + `"` }

	send(inas, "accepted")
	if got := w.get(w.admin, "/v1/unassigned-messages").items("items"); len(got) != 0 {
		t.Errorf("an answer alone is a message: %v", got)
	}
	send(inas, "declined", "ATTENDEE", note("I am ill, sorry"))
	send(inas, "accepted", "END:VEVENT", "COMMENT:I am\nCOMMENT:back again\nEND:VEVENT")
	send(inas, "tentative", inas+" has tentatively accepted your event invitation.", "My train is late.")
	if got := w.answersOf(v.manager, i); got != "- - tentative" {
		t.Errorf("answers %s", got)
	}
	for _, text := range []string{sentence(inas, "declined") + "\n\nI am ill, sorry", sentence(inas, "accepted") + "\n\nI am\nback again", "My train is late."} {
		// L7: about the interview's application, though Ina has one of their own.
		if m := w.unassigned(text); m != nil && (m["suggestion"].(map[string]any)["application_id"] != id || enclosed(m) != "") {
			t.Errorf("%v", m)
		}
	}
	if said := w.threads(w.admin, theirs).items("items"); len(said) != 0 {
		t.Errorf("it is in their own conversation: %v", said)
	}

	// What was not recorded is a file, and so is the time that somebody proposes.
	send(inas, "declined", "SEQUENCE:0", "SEQUENCE:7", "has declined", "has long ago declined")
	send("eve@mail.example", "declined")
	send("eve@mail.example", "accepted", "METHOD:REPLY", "METHOD:COUNTER", "method=REPLY", "method=COUNTER")
	for _, answer := range []string{"declined", "accepted"} {
		if m := w.unassigned(sentence("eve@mail.example", answer)); m != nil && enclosed(m) != "calendar.ics" {
			t.Errorf("the object is lost: %v", m)
		}
	}

	// said is a message of the candidate's, and whether its thread is open.
	said := func(text string) (open bool, files string) {
		t.Helper()
		all := w.threads(v.manager, id)
		for _, thread := range all.items("items") {
			for _, m := range thread["messages"].([]any) {
				if m := m.(map[string]any); m["text"] == text {
					return thread["open"] == true, enclosed(m)
				}
			}
		}
		t.Errorf("Grace does not say %q: %s", text, all.body)
		return false, ""
	}
	send(grace, "accepted")
	if open, files := said(sentence(grace, "accepted")); open || files != "" {
		t.Errorf("an answer alone is open %v, with %q", open, files)
	}
	send(grace, "declined", "ATTENDEE", note("May I bring a friend?"))
	if open, files := said(sentence(grace, "declined") + "\n\nMay I bring a friend?"); !open || files != "" {
		t.Errorf("a note is open %v, with %q", open, files)
	}
	send(grace, "accepted", sentence(grace, "accepted"), "See you there, is there a lift?")
	if open, files := said("See you there, is there a lift?"); !open || files != "" {
		t.Errorf("a text is open %v, with %q", open, files)
	}
	send(grace, "tentative", "METHOD:REPLY", "METHOD:COUNTER", "has tentatively accepted your event invitation.", "proposes Tuesday")
	if open, files := said(grace + " proposes Tuesday"); !open || files != "calendar.ics" {
		t.Errorf("another time is open %v, with %q", open, files)
	}
	if got := w.answersOf(v.manager, i); got != "accepted - tentative" {
		t.Errorf("answers %s", got)
	}
}
