package transport

import (
	"net/http"
	"strings"
	"testing"

	ics "github.com/arran4/golang-ical"

	"github.com/hirelog/hirelog/commands"
)

// invitation is the calendar part of a mail.
type invitation struct {
	mail                               reply
	method, uid, sequence, status      string
	organiser, attendee, summary, role string
}

// invited reads the calendar part of a mail that was captured.
func (w *world) invited(m reply) invitation {
	w.t.Helper()
	c, err := ics.ParseCalendar(strings.NewReader(m.text("content.calendar.object")))
	if err != nil || len(c.Events()) != 1 || len(c.Events()[0].Attendees()) != 1 {
		w.t.Fatalf("%v: %s", err, m.body)
	}
	e := c.Events()[0]
	value := func(p ics.ComponentProperty) string {
		if found := e.GetProperty(p); found != nil {
			return found.Value
		}
		return ""
	}
	i := invitation{
		mail: m, uid: e.Id(), sequence: value(ics.ComponentPropertySequence), status: value(ics.ComponentPropertyStatus),
		organiser: value(ics.ComponentPropertyOrganizer), attendee: e.Attendees()[0].Email(), summary: value(ics.ComponentPropertySummary),
		role: string(e.Attendees()[0].ParticipationStatus()),
	}
	for _, p := range c.CalendarProperties {
		if p.IANAToken == string(ics.PropertyMethod) {
			i.method = p.Value
		}
	}
	if want := "text/calendar; method=" + i.method + "; charset=utf-8"; m.text("content.calendar.type") != want {
		w.t.Errorf("the part is %s, want %s", m.text("content.calendar.type"), want)
	}
	return i
}

// invitations are those that were mailed to somebody about an application, the
// newest first.
func (w *world) invitations(id, to string) (all []invitation) {
	w.t.Helper()
	for _, m := range w.notices(id) {
		if m.text("content.to.0") == to {
			all = append(all, w.invited(m))
		}
	}
	return all
}

// S1-35, H15: the candidate is invited by an act of its own, with a calendar file;
// after it they are told of changes and of the cancellation, at once and without
// a reason, whatever they do not know yet of the outcome (S1-16). H2, H7
func TestCandidatesAreInvitedToInterviews(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.carryOut()
	v := w.vacancy("Engineer")
	id := w.apply(v, "Grace", "Hopper")
	a := "/v1/applications/" + id
	interview := w.post(v.manager, a+"/interviews", meeting(v, 1)).made()
	i := a + "/interviews/" + interview
	w.until("nobody is told of what they were not invited to", func() bool {
		e, ok := w.effect(v.manager, id, "notice_interview")
		return ok && e["state"] == "cancelled" && e["reason"] == "nothing_to_tell"
	})
	ina, _ := w.colleague(v, "Ina Interviewer", "Interviewer")
	w.post(ina, i+"/invitation", nil).problem(http.StatusForbidden, "denied")
	w.post(w.vacancy("Writer").manager, i+"/invitation", nil).problem(http.StatusNotFound, "unknown_application")
	w.post(v.manager, "/v1/applications/"+w.apply(v, "Ada", "King")+"/interviews/"+interview+"/invitation", nil).problem(http.StatusNotFound, "unknown_interview")
	hidden := w.post(v.manager, a+"/interviews", with(meeting(v, 1), map[string]any{"candidate_visible": false})).made()
	w.post(v.manager, a+"/interviews/"+hidden+"/invitation", nil).problem(http.StatusConflict, "interview_hidden")

	w.post(v.manager, i+"/invitation", nil).want(http.StatusOK)
	w.post(v.manager, i+"/invitation", nil).want(http.StatusOK) // again is nothing
	mailed := func(n int) invitation {
		t.Helper()
		w.until("a mail is captured", func() bool { return len(w.notices(id)) == n })
		return w.invited(w.notices(id)[0])
	}
	first := mailed(1)
	if first.method != "REQUEST" || first.uid != interview+"@hirelog" || first.sequence != "0" || first.status != "CONFIRMED" || first.summary != "Technical interview" ||
		first.attendee != "grace.hopper@mail.example" || first.organiser != "mailto:"+first.mail.text("content.reply_to") || first.role != "NEEDS-ACTION" {
		t.Errorf("%+v", first)
	}
	text := first.mail.text("content.text")
	for _, says := range []string{"you are invited", "as Engineer at Example Company", "Technical interview\n", "(UTC)\n", "Room 7\n", "https://meet.example/7\n", "Bring a laptop\n"} {
		if !strings.Contains(text, says) {
			t.Errorf("%q is not in %q", says, text)
		}
	}
	got := w.get(v.manager, i).want(http.StatusOK)
	if got.text("invitation.by.member_id") != v.member || got.text("calendar_id") != interview {
		t.Errorf("%s", got.body)
	}
	w.until("it can be asked whether it was sent", func() bool {
		e, ok := w.effect(v.manager, id, "send_notice")
		return ok && e["state"] == "done" && e["reason"] == nil && e["calendar_id"] == interview && e["told"] == "candidate" && e["purpose"] == "send"
	})
	if got := w.get(v.manager, a+"/timeline").want(http.StatusOK); got.text("items.0.kind") != "interview_invited" || got.text("items.0.interview.id") != interview {
		t.Errorf("timeline %s", got.body)
	}
	w.put(v.manager, i, map[string]any{"title": "Talk", "participant_ids": []string{v.member}, "candidate_visible": false}).problem(http.StatusConflict, "interview_invited")

	w.post(v.manager, i+"/reschedule", map[string]any{"start": wall(1), "zone": "Etc/UTC", "minutes": 45, "place": "Room 9"}).want(http.StatusOK)
	moved := mailed(2)
	if moved.method != "REQUEST" || moved.uid != first.uid || moved.sequence != "1" || moved.organiser != first.organiser || !strings.Contains(moved.mail.text("content.text"), "has changed") {
		t.Errorf("%+v", moved)
	}
	w.post(v.manager, a+"/disqualify", map[string]any{"kind": "rejected", "reason_id": commands.FirstReason("Not enough experience")}).want(http.StatusOK)
	w.post(v.manager, i+"/cancel", map[string]any{"reason": "We reject her"}).want(http.StatusOK)
	off := mailed(3)
	says := off.mail.text("content.text") + off.mail.text("content.subject") + off.mail.text("content.calendar.object")
	if off.method != "CANCEL" || off.uid != first.uid || off.sequence != "2" || off.status != "CANCELLED" || off.organiser != first.organiser || strings.Contains(strings.ToLower(says), "reject") {
		t.Errorf("%+v %s", off, says)
	}
	var found int
	if err := w.pool.QueryRow(t.Context(), `SELECT count(*) FROM ops.river_job WHERE args::text ~* 'grace|mail\.example|technical'`).Scan(&found); err != nil || found != 0 {
		t.Errorf("%d jobs hold personal data, %v", found, err)
	}
	w.post(w.admin, a+"/anonymise", nil).want(http.StatusOK)
	for _, m := range w.notices(id) {
		if m.at("content") != nil {
			t.Errorf("%s", m.body)
		}
	}
}

// S2-34..41, S1-35: participants are told by mail where the setting says so, who
// joins and who leaves too, if they may view the interview and want to be told;
// each mail names nobody else. What was called off before it left is not told of.
func TestParticipantsAreInvitedByMail(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vacancy("Engineer")
	id := w.apply(v, "Grace", "Hopper")
	a := "/v1/applications/" + id
	_, ina := w.colleague(v, "Ina Interviewer", "Interviewer")
	tokenOfQuinn, quinn := w.colleague(v, "Quinn Quiet", "Interviewer")
	guest := w.post(w.admin, "/v1/members", map[string]string{"name": "Gus Guest", "role": "recruiting"}).made()
	for member, email := range map[string]string{v.member: "manager@example.com", ina: "ina@example.com", guest: "gus@example.com", quinn: "quinn@example.com"} {
		w.do(call{method: http.MethodPatch, path: "/v1/members/" + member, token: w.admin, body: map[string]any{"email": email}}).want(http.StatusOK)
	}
	w.settings(map[string]any{"interview_mail_participants": true})
	w.put(tokenOfQuinn, "/v1/me/notifications", map[string]any{"on": []string{}, "off": []string{"interview_changed"}}).want(http.StatusOK)
	nothing := w.post(v.manager, a+"/interviews", with(meeting(v, 30), map[string]any{"invite_candidate": true})).made()
	w.post(v.manager, a+"/interviews/"+nothing+"/cancel", map[string]any{}).want(http.StatusOK)
	past := with(meeting(v, -5), map[string]any{"recorded_afterwards": true})
	w.post(v.manager, a+"/interviews", with(past, map[string]any{"invite_candidate": true})).problem(http.StatusConflict, "interview_begun")
	w.post(v.manager, a+"/interviews", past).made()
	w.post(v.manager, a+"/interviews", with(meeting(v, 1), map[string]any{"invite_candidate": true, "candidate_visible": false})).problem(http.StatusConflict, "interview_hidden")
	i := a + "/interviews/" + w.post(v.manager, a+"/interviews", with(meeting(v, 1), map[string]any{"invite_candidate": true, "participant_ids": []string{v.member, guest, quinn}})).made()
	w.carryOut()
	const grace = "grace.hopper@mail.example"
	w.until("who may be told is", func() bool {
		return len(w.invitations(id, grace)) == 1 && len(w.invitations(id, "manager@example.com")) == 1
	})
	for _, to := range []string{grace, "manager@example.com"} {
		m := w.invitations(id, to)[0]
		if m.method != "REQUEST" || m.attendee != to || m.sequence != "0" || m.organiser == "" {
			t.Errorf("%+v", m)
		}
		for _, other := range []string{grace, "manager@example.com", "gus@example.com", "Grace", "Hopper"} {
			if other != to && strings.Contains(string(m.mail.body), other) {
				t.Errorf("%s is told of %s: %s", to, other, m.mail.body)
			}
		}
	}
	w.put(v.manager, i, map[string]any{"title": "Longer talk", "description": "Who takes part brings a plan.", "participant_ids": []string{ina, guest, quinn}, "candidate_visible": true}).want(http.StatusOK)
	w.until("who joins, who leaves and the candidate are told", func() bool {
		return len(w.invitations(id, grace)) == 2 && len(w.invitations(id, "manager@example.com")) == 2 && len(w.invitations(id, "ina@example.com")) == 1
	})
	left, joined := w.invitations(id, "manager@example.com")[0], w.invitations(id, "ina@example.com")[0]
	if left.method != "CANCEL" || left.sequence != "1" || !strings.Contains(left.mail.text("content.text"), "do not take part") || strings.Contains(string(left.mail.body), "brings a plan") {
		t.Errorf("%+v", left)
	}
	if joined.method != "REQUEST" || joined.sequence != "1" || joined.uid != left.uid || joined.summary != "Longer talk" {
		t.Errorf("%+v", joined)
	}
	w.settings(map[string]any{"interview_mail_participants": false})
	w.post(v.manager, i+"/cancel", map[string]any{}).want(http.StatusOK)
	w.until("the candidate is told", func() bool { return len(w.invitations(id, grace)) == 3 })
	w.until("everything was looked at", func() bool {
		for _, e := range w.get(v.manager, a+"/effects").want(http.StatusOK).items("items") {
			if e["state"] == "planned" && e["kind"] != "watch_stage" {
				return false
			}
		}
		return true
	})
	if all := w.notices(id); len(all) != 6 {
		t.Errorf("%d mails were sent", len(all))
	}
	for _, to := range []string{"gus@example.com", "quinn@example.com"} {
		if told := w.invitations(id, to); len(told) != 0 {
			t.Errorf("%s was told: %+v", to, told)
		}
	}
}

// S1-35, S2-36: what is changed and nobody's calendar shows is mailed to nobody; who
// joins is told, and nobody else for it. A change that changes nothing is none.
func TestOnlyWhatIsToldIsMailed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vacancy("Engineer")
	id := w.apply(v, "Grace", "Hopper")
	a := "/v1/applications/" + id
	_, ina := w.colleague(v, "Ina Interviewer", "Interviewer")
	for member, email := range map[string]string{v.member: "manager@example.com", ina: "ina@example.com"} {
		w.do(call{method: http.MethodPatch, path: "/v1/members/" + member, token: w.admin, body: map[string]any{"email": email}}).want(http.StatusOK)
	}
	w.settings(map[string]any{"interview_mail_participants": true})
	i := a + "/interviews/" + w.post(v.manager, a+"/interviews", with(meeting(v, 48), map[string]any{"invite_candidate": true})).made()
	w.carryOut()
	w.until("both are told", func() bool { return len(w.notices(id)) == 2 })
	form, _, _ := w.form("Skills", false)
	change := func(more map[string]any) {
		t.Helper()
		w.put(v.manager, i, with(map[string]any{"title": "Technical interview", "description": "Bring a laptop", "participant_ids": []string{v.member}, "candidate_visible": true}, more)).want(http.StatusOK)
	}
	before := w.events()
	change(nil)
	if n := w.events(); n != before {
		t.Errorf("a change of nothing wrote %d events", n-before)
	}
	change(map[string]any{"form_id": form})
	if got := w.get(v.manager, i).want(http.StatusOK); got.text("form_id") != form || got.number("sequence") != 0 {
		t.Errorf("with a form it is %s", got.body)
	}
	change(map[string]any{"form_id": form, "participant_ids": []string{v.member, ina}})
	w.until("who joins is told", func() bool { return len(w.invitations(id, "ina@example.com")) == 1 })
	w.until("everything was looked at", func() bool {
		for _, e := range w.get(v.manager, a+"/effects").want(http.StatusOK).items("items") {
			if e["state"] == "planned" && e["kind"] != "watch_stage" {
				return false
			}
		}
		return true
	})
	if m := w.invitations(id, "ina@example.com")[0]; m.method != "REQUEST" || m.sequence != "1" || len(w.notices(id)) != 3 {
		t.Errorf("%d mails were sent, %+v", len(w.notices(id)), m)
	}
	change(map[string]any{"form_id": form, "participant_ids": []string{v.member, ina}, "description": "Bring two"})
	w.until("of what it is about all are told", func() bool { return len(w.notices(id)) == 6 })
}
