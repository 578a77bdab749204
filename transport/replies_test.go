package transport

import (
	"cmp"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/hirelog/hirelog/commands"
	"github.com/hirelog/hirelog/domain/access"
)

// replyMail is what a calendar program mails to an invitation: the attendee's answer
// to the event as it was at a sequence.
func replyMail(from, to, id, attendee, uid, sequence, answer string, more ...string) string {
	return fmt.Sprintf(`From: %s
To: %s
Subject: %s: Interview
Message-ID: <%s>
MIME-Version: 1.0
Content-Type: multipart/alternative; boundary=b

--b
Content-Type: text/plain; charset=utf-8

%s has %s your event invitation.
--b
Content-Type: text/calendar; method=REPLY; charset=utf-8

BEGIN:VCALENDAR
PRODID:-//Some//Program//EN
VERSION:2.0
METHOD:REPLY
BEGIN:VEVENT
UID:%s
SEQUENCE:%s
DTSTAMP:20200302T090000Z
ATTENDEE;PARTSTAT=%s:mailto:%s
%sEND:VEVENT
END:VCALENDAR
--b--
`, from, to, answer, id, strings.Split(from, " <")[0], strings.Replace(answer, "tentative", "tentatively accepted", 1), uid, sequence, strings.ToUpper(answer), attendee, strings.Join(more, ""))
}

// replies mail answers to one invitation in turn, each a mail of its own.
type replies struct {
	*world
	invitation
	of map[string]string // the organiser's address that others are told, by who they are
	n  int
}

func (r *replies) from(from, attendee, sequence, answer string, more ...string) reply {
	r.t.Helper()
	r.n++
	return r.mailIn(r.admin, r.raw(from, attendee, sequence, answer, more...)).want(http.StatusOK)
}

func (r *replies) raw(from, attendee, sequence, answer string, more ...string) string {
	return replyMail(from, strings.TrimPrefix(cmp.Or(r.of[attendee], r.organiser), "mailto:"), fmt.Sprint(r.n, "@mail.example"), attendee, r.uid, sequence, answer, more...)
}

// answersOf are the answers to an interview: of the candidate, and by participant.
func (w *world) answersOf(token, interview string) string {
	w.t.Helper()
	got := w.get(token, interview).want(http.StatusOK)
	all := []string{"-"}
	if got.at("candidate_answer") != nil {
		all[0] = got.text("candidate_answer.answer")
	}
	for _, p := range got.at("participants").([]any) {
		a, _ := p.(map[string]any)["answer"].(map[string]any)
		if a == nil {
			a = map[string]any{"answer": "-"}
		}
		all = append(all, a["answer"].(string))
	}
	return strings.Join(all, " ")
}

// S2-107: what the calendar programs of participants and of the candidate answer by
// mail is their answer, once; nobody answers for somebody else, to an old time, or
// where they are not invited (H2, H7), and what is no answer is a message as before.
func TestAnswersByMail(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vacancy("Engineer")
	id := w.apply(v, "Grace", "Hopper")
	a := "/v1/applications/" + id
	_, ina := w.colleague(v, "Ina Interviewer", "Interviewer")
	const grace, inas = "grace.hopper@mail.example", "ina@example.com"
	for member, email := range map[string]string{v.member: "manager@example.com", ina: inas} {
		w.do(call{method: http.MethodPatch, path: "/v1/members/" + member, token: w.admin, body: map[string]any{"email": email}}).want(http.StatusOK)
	}
	w.settings(map[string]any{"interview_mail_participants": true})
	i := a + "/interviews/" + w.post(v.manager, a+"/interviews", with(meeting(v, 1), map[string]any{"invite_candidate": true, "participant_ids": []string{v.member, ina}})).made()
	w.carryOut()
	w.until("they are invited", func() bool { return len(w.invitations(id, grace)) == 1 && len(w.invitations(id, inas)) == 1 })
	for _, to := range []string{grace, inas} {
		if object := w.invitations(id, to)[0].mail.text("content.calendar.object"); !strings.Contains(strings.ReplaceAll(object, "\r\n ", ""), "RSVP=true") {
			t.Errorf("%s is not asked: %s", to, object)
		}
	}
	r := replies{world: w, invitation: w.invitations(id, inas)[0], of: map[string]string{grace: w.invitations(id, grace)[0].organiser}}
	if local, _, _ := strings.Cut(strings.TrimPrefix(r.organiser, "mailto:"), "@"); r.of[grace] == r.organiser || len(local) > 64 {
		t.Errorf("Ina answers to %s, Grace to %s", r.organiser, r.of[grace])
	}
	answers := func(want string) {
		t.Helper()
		if got := w.answersOf(v.manager, i); got != want {
			t.Errorf("answers %s, want %s", got, want)
		}
	}
	unassigned := func(want int) {
		t.Helper()
		if got := len(w.get(w.admin, "/v1/unassigned-messages").items("items")); got != want {
			t.Errorf("%d messages belong to nobody, want %d", got, want)
		}
	}

	got := r.from("Ina <Ina@Example.com>", inas, "0", "accepted")
	if got.text("id") != strings.TrimPrefix(i, a+"/interviews/") {
		t.Errorf("it is about %s", got.body)
	}
	answers("- - accepted")
	unassigned(0)
	if by := w.get(v.manager, i); by.text("participants.1.answer.by.kind") != "system" {
		t.Errorf("%s", by.body)
	}
	before := w.events()
	w.mailIn(w.admin, r.raw(inas, inas, "0", "accepted")).want(http.StatusOK) // the same mail
	r.from(inas, inas, "0", "accepted")                                       // the same answer
	if after := w.events(); after != before {
		t.Errorf("%d events were written", after-before)
	}
	r.from(inas, inas, "0", "tentative", "COMMENT:My train is late\n")
	answers("- - tentative")
	unassigned(1) // what she says beside is not lost
	if said := w.get(w.admin, "/v1/unassigned-messages"); said.text("items.0.suggestion.application_id") != id {
		t.Errorf("%s", said.body)
	}

	// What she answered before that came later.
	r.n++
	w.mailIn(w.admin, strings.Replace(r.raw(inas, inas, "0", "declined"), "T090000Z", "T080000Z", 1)).want(http.StatusOK)
	answers("- - tentative")
	unassigned(2)

	// The candidate's answer is in the conversation, and nobody needs to take care of it.
	r.from("Grace <"+grace+">", grace, "0", "declined")
	answers("declined - tentative")
	unassigned(2)
	if said := w.threads(v.manager, id); said.at("items.0.open") != false || said.text("items.0.messages.0.text") != "Grace has declined your event invitation." {
		t.Errorf("%s", said.body)
	}
	r.from(grace, grace, "0", "accepted", "COMMENT:May I bring a friend?\n")
	answers("accepted - tentative")
	if said := w.threads(v.manager, id); said.at("items.0.open") != true {
		t.Errorf("%s", said.body)
	}

	// H7: neither for somebody else, nor as somebody else, nor elsewhere: also not where
	// others answer to, whoever the mail says that it is from.
	r.from(grace, inas, "0", "declined")
	r.from(inas, grace, "0", "declined")
	r.from("eve@mail.example", "eve@mail.example", "0", "declined")
	other := w.apply(v, "Ada", "King")
	w.post(v.manager, "/v1/applications/"+other+"/messages", map[string]any{"subject": "x", "text": "x"}).made()
	w.until("somebody else has a reply address", func() bool { return w.threads(v.manager, other).text("items.0.messages.0.status") == "sent" })
	for n, to := range []string{"jobs@acme.example", strings.TrimPrefix(r.of[grace], "mailto:"), r.organiser[len("mailto:"):len(r.organiser)-20] + "a@hirelog.invalid", w.captured().text("content.reply_to")} {
		w.mailIn(w.admin, replyMail(inas, to, fmt.Sprint("elsewhere", n, "@mail.example"), inas, r.uid, "0", "declined")).want(http.StatusOK)
	}
	r.from(inas, inas, "1", "declined") // a time there never was
	r.uid = "5c1a3f0e-0000-4000-8000-000000000000@hirelog"
	r.from(inas, inas, "0", "declined")
	r.uid = r.world.invitations(id, inas)[0].uid
	answers("accepted - tentative")
	unassigned(10) // but for that of Grace, which is her message

	// An answer to the old time is none to the new one; one to a change of it is.
	w.post(v.manager, i+"/reschedule", map[string]any{"start": wall(3), "zone": "UTC", "minutes": 45}).want(http.StatusOK)
	w.put(v.manager, i, map[string]any{"title": "Talk", "participant_ids": []string{v.member, ina}, "candidate_visible": true}).want(http.StatusOK)
	r.from(inas, inas, "0", "accepted")
	answers("- - -")
	unassigned(11)
	r.from(inas, inas, "1", "declined")
	r.from(grace, grace, "2", "accepted")
	answers("accepted - declined")
	// Who takes part no more does not answer, and nor does anybody once it is called off.
	w.put(v.manager, i, map[string]any{"title": "Talk", "participant_ids": []string{v.member}, "candidate_visible": true}).want(http.StatusOK)
	r.from(inas, inas, "3", "accepted")
	// Nor does what Grace mailed before somebody noted otherwise.
	w.post(v.manager, i+"/answer", map[string]any{"answer": "tentative"}).want(http.StatusOK)
	r.from(grace, grace, "3", "declined")
	answers("tentative -")
	w.post(v.manager, i+"/cancel", map[string]any{}).want(http.StatusOK)
	r.from(grace, grace, "4", "declined")
	answers("tentative -")
	unassigned(12)
}

// S2-107: that a participant or the candidate declined is a task of the organiser's,
// until the interview is moved or called off, who declined is replaced or thinks
// better of it, or the application ends. Who may not see the interview has none (H2).
func TestDeclinesAreTasks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.settings(map[string]any{"self_tracking": true})
	v := w.vacancy("Engineer")
	id := w.apply(v, "Grace", "Hopper")
	a := "/v1/applications/" + id
	token, ina := w.colleague(v, "Ina Interviewer", "Interviewer")
	quinn, outsider := w.member("Quinn", "recruiting")
	interview := w.post(v.manager, a+"/interviews", with(meeting(v, 100), map[string]any{"participant_ids": []string{v.member, ina}})).made()
	i := a + "/interviews/" + interview
	declines := func(token, path string) (all []map[string]any) {
		t.Helper()
		for _, task := range w.get(token, path).want(http.StatusOK).items("items") {
			if task["kind"] == "interview_declined" {
				all = append(all, task)
			}
		}
		return all
	}
	open := func(what string, want int) {
		t.Helper()
		if mine, all := declines(v.manager, "/v1/me/tasks"), declines(token, a+"/tasks"); len(mine) != want || len(all) != want {
			t.Errorf("%s: the organiser has %v, the application %v, want %d", what, mine, all, want)
		}
		if others := declines(token, "/v1/me/tasks"); len(others) != 0 {
			t.Errorf("%s: it is a task of others: %v", what, others)
		}
	}
	answer := func(participant, says string) {
		t.Helper()
		body := map[string]any{"answer": says}
		if participant != "" {
			body["participant_id"] = participant
		}
		w.post(v.manager, i+"/answer", body).want(http.StatusOK)
	}
	open("nobody declined", 0)
	w.post(token, i+"/answer", map[string]any{"answer": "declined", "participant_id": ina}).want(http.StatusOK)
	open("a participant declined", 1)
	task := declines(v.manager, "/v1/me/tasks")[0]
	if task["interview_id"] != interview || task["application_id"] != id || task["participant_id"] != ina || task["yours"] != true || task["since"] != w.get(v.manager, i).text("participants.1.answer.at") {
		t.Errorf("%v", task)
	}
	if theirs := declines(token, a+"/tasks")[0]; theirs["yours"] != false {
		t.Errorf("%v", theirs)
	}
	w.signIn("grace.hopper@mail.example").ask(http.MethodPost, "/applications/"+id+"/interviews/"+interview+"/answer", map[string]any{"answer": "declined"}).want(http.StatusOK)
	open("the candidate declined, too", 2)
	if task := declines(v.manager, "/v1/me/tasks")[1]; task["participant_id"] != nil {
		t.Errorf("%v", task)
	}
	// H2: not who may not see the application, and not who sees it without its interviews.
	w.get(outsider, a+"/tasks").problem(http.StatusNotFound, "not_found")
	w.post(v.manager, a+"/grants", map[string]any{"member_id": quinn, "recruiting_role_id": w.role("Sees the list", map[access.Area]string{access.Application: "view"})}).made()
	if seen := declines(outsider, a+"/tasks"); len(seen) != 0 {
		t.Errorf("who may not view interviews sees %v", seen)
	}

	answer("", "accepted")
	open("the candidate comes after all", 1)
	// S1-36: when and where it is is no move, and another place alone is nothing that anybody answered to.
	is := w.get(v.manager, i)
	there := map[string]any{"start": is.text("start"), "zone": "UTC", "minutes": 60, "place": "Room 7", "link": "https://meet.example/7"}
	before := w.events()
	w.post(v.manager, i+"/reschedule", there).want(http.StatusOK)
	if after := w.events(); after != before {
		t.Errorf("moving it to where it is wrote %d events", after-before)
	}
	w.post(v.manager, i+"/reschedule", with(there, map[string]any{"place": "Room 8"})).want(http.StatusOK)
	open("it is in another room", 1)
	if got := w.get(v.manager, i); got.text("place") != "Room 8" || got.text("participants.1.answer.answer") != "declined" || got.text("candidate_answer.answer") != "accepted" {
		t.Errorf("in another room it is %s", got.body)
	}
	w.put(v.manager, i, map[string]any{"title": "Talk", "participant_ids": []string{v.member}, "candidate_visible": true}).want(http.StatusOK)
	open("who declined is replaced", 0)
	answer("", "declined")
	open("the candidate declines again", 1)
	w.post(v.manager, i+"/reschedule", map[string]any{"start": wall(200), "zone": "UTC", "minutes": 45}).want(http.StatusOK)
	open("it is moved", 0)
	answer("", "declined")
	w.post(v.manager, i+"/cancel", map[string]any{}).want(http.StatusOK)
	open("it is called off", 0)
	i = a + "/interviews/" + w.post(v.manager, a+"/interviews", with(meeting(v, 100), map[string]any{"participant_ids": []string{v.member, ina}})).made()
	answer("", "declined")
	open("another one", 1)
	w.post(v.manager, a+"/disqualify", map[string]any{"kind": "rejected", "reason_id": commands.FirstReason("Not enough experience")}).want(http.StatusOK)
	open("the application ended", 0)
}
