package application_test

import (
	"slices"
	"testing"
	"time"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/domaintest"
)

var (
	// berlin is the day after tests happen.
	berlin = application.InterviewTime{Start: "2026-03-03T14:00", Zone: "Europe/Berlin", Minutes: 60}

	interviewed application.Event = application.InterviewScheduled{
		Stamp: by, Interview: "i1", InterviewTime: berlin, Title: text("Technical"), Participants: []string{"m1", "m2"}, Organiser: "m1",
		Slots: []string{"2026-03-04T10:00"}, Job: "j1",
	}
	metBefore application.Event = application.InterviewScheduled{
		Stamp: by, Interview: "i2", InterviewTime: application.InterviewTime{Start: "2026-03-01T10:00", Zone: "UTC", Minutes: 30}, Title: text("Met before"), Participants: []string{"m1"}, Organiser: "m1", Recorded: true, Job: "j1",
	}
)

func planned() application.Meeting {
	return application.Meeting{
		InterviewTime: berlin, Title: text("Technical"), Participants: []string{"m1", "m2"}, Organiser: "m1", Slots: []string{"2026-03-04T10:00"},
	}
}

// TestScheduleInterview holds S1-34 and S2-34.
func TestScheduleInterview(t *testing.T) {
	schedule := func(change func(*application.Meeting)) when {
		m := planned()
		change(&m)
		return func(a application.Application) ([]application.Event, error) { return a.ScheduleInterview("i1", m, by) }
	}
	as := schedule(func(*application.Meeting) {})
	past := func(m *application.Meeting) { m.Start, m.Slots, m.Recorded = "2026-03-01T10:00", nil, true }
	recorded := interviewed.(application.InterviewScheduled)
	recorded.Start, recorded.Slots, recorded.Recorded = "2026-03-01T10:00", nil, true
	domaintest.Run(t, application.Application.Fold, append(guarded("schedule", as), []row{
		{Name: "in the future", Given: events{received}, When: as, Want: events{interviewed}},
		{Name: "again", Given: events{received, interviewed}, When: as},
		{Name: "closed", Given: events{received, rejected}, When: as, Err: application.ErrClosed},
		{Name: "recorded afterwards", Given: events{received}, When: schedule(past), Want: events{recorded}},
		{Name: "recorded afterwards, after closing", Given: events{received, rejected}, When: schedule(past), Want: events{recorded}},
		{Name: "recorded before", Given: events{received}, When: schedule(func(m *application.Meeting) { m.Slots, m.Recorded = nil, true }), Err: domain.ErrInvalid, Says: "has started"},
		{Name: "in the past", Given: events{received}, When: schedule(func(m *application.Meeting) { m.Start = "2026-03-02T10:30" }), Err: domain.ErrInvalid, Says: "in the future"},
		{Name: "a slot in the past", Given: events{received}, When: schedule(func(m *application.Meeting) { m.Slots = []string{"2026-03-01T10:00"} }), Err: domain.ErrInvalid},
		{Name: "no minute long", Given: events{received}, When: schedule(func(m *application.Meeting) { m.Minutes = 0 }), Err: domain.ErrInvalid, Says: "1 to 1440"},
		{Name: "where clocks are put forward", Given: events{received}, When: schedule(func(m *application.Meeting) { m.Start = "2026-03-29T02:30" }), Err: application.ErrNoSuchTime},
		{Name: "nowhere", Given: events{received}, When: schedule(func(m *application.Meeting) { m.Zone = "Mars" }), Err: domain.ErrInvalid, Says: "zone"},
		{Name: "with nobody", Given: events{received}, When: schedule(func(m *application.Meeting) { m.Participants = nil }), Err: domain.ErrInvalid, Says: "participants"},
		{Name: "with one twice", Given: events{received}, When: schedule(func(m *application.Meeting) { m.Participants = []string{"m1", "m1"} }), Err: domain.ErrInvalid, Says: "twice"},
		{Name: "about nothing", Given: events{received}, When: schedule(func(m *application.Meeting) { m.Title = none }), Err: domain.ErrInvalid, Says: "title"},
	}...)...)
}

// TestInterviewsAreSettledOnce holds S1-33 and S2-35..38.
func TestInterviewsAreSettledOnce(t *testing.T) {
	later := by
	later.At = later.At.Add(48 * time.Hour)
	moved := application.InterviewTime{Start: "2026-03-05T09:00", Zone: "Europe/London", Minutes: 30}
	reschedule := func(a application.Application) ([]application.Event, error) {
		return a.RescheduleInterview("i1", "c1", application.Meeting{InterviewTime: moved, Place: text("Room 2")}, by)
	}
	change := func(a application.Application) ([]application.Event, error) {
		return a.ChangeInterview("i1", "c1", application.Meeting{Title: text("Other"), Participants: []string{"m2"}}, by)
	}
	cancel := func(a application.Application) ([]application.Event, error) {
		return a.CancelInterview("i1", text("ill"), by)
	}
	complete := func(s domain.Stamp) when {
		return func(a application.Application) ([]application.Event, error) { return a.CompleteInterview("i1", s) }
	}
	miss := func(a application.Application) ([]application.Event, error) { return a.MissInterview("i1", later) }
	rescheduled := application.InterviewRescheduled{Stamp: by, Interview: "i1", Change: "c1", InterviewTime: moved, Place: text("Room 2"), Participants: []string{"m1", "m2"}, Job: "j1"}
	cancelled := application.InterviewCancelled{Stamp: by, Interview: "i1", Reason: text("ill"), Participants: []string{"m1", "m2"}, Job: "j1"}
	held, missed := application.InterviewHeld{Stamp: later, Interview: "i1"}, application.InterviewMissed{Stamp: later, Interview: "i1"}
	plan := events{received, interviewed}
	rows := append(guarded("reschedule", reschedule), append(guarded("cancel", cancel), guarded("complete", complete(later))...)...)
	domaintest.Run(t, application.Application.Fold, append(rows, []row{
		{Name: "rescheduled", Given: plan, When: reschedule, Want: events{rescheduled}},
		{Name: "rescheduled after closing", Given: append(plan, rejected), When: reschedule, Err: application.ErrClosed},
		{Name: "one that is not there", Given: events{received}, When: reschedule, Err: application.ErrUnknownInterview},
		{Name: "changed", Given: plan, When: change, Want: events{application.InterviewChanged{Stamp: by, Interview: "i1", Change: "c1", Title: text("Other"), Participants: []string{"m2"}, Was: []string{"m1", "m2"}, Job: "j1"}}},
		{Name: "cancelled", Given: plan, When: cancel, Want: events{cancelled}},
		{Name: "cancelled after closing", Given: append(plan, rejected), When: cancel, Want: events{cancelled}},
		{Name: "rescheduled after it was cancelled", Given: append(plan, cancelled), When: reschedule, Err: application.ErrInterviewSettled},
		{Name: "completed after it was cancelled", Given: append(plan, cancelled), When: complete(later), Err: application.ErrInterviewSettled},
		{Name: "completed before it started", Given: plan, When: complete(by), Err: application.ErrInterviewNotStarted},
		{Name: "completed", Given: plan, When: complete(later), Want: events{held}},
		{Name: "cancelled after it was completed", Given: append(plan, held), When: cancel, Err: application.ErrInterviewSettled},
		{Name: "missed", Given: plan, When: miss, Want: events{missed}},
		{Name: "not completed, but missed", Given: append(plan, held), When: miss, Want: events{missed}},
		{Name: "not missed, but completed", Given: append(plan, missed), When: complete(later), Want: events{held}},
	}...)...)
}

// S1-35, S2-36: what nobody's calendar shows changes nothing for calendars, and a
// change of nothing is none. Who joins or leaves is told, and of other texts all are.
func TestChangesThatCalendarsShow(t *testing.T) {
	change := func(same, hidden bool, form string, members ...string) when {
		return func(a application.Application) ([]application.Event, error) {
			return a.ChangeInterview("i1", "c1", application.Meeting{Title: text("Technical"), Participants: members, Form: form, Hidden: hidden, SameTexts: same}, by)
		}
	}
	changed := func(same bool, form string, members ...string) application.InterviewChanged {
		return application.InterviewChanged{
			Stamp: by, Interview: "i1", Change: "c1", Title: text("Technical"), Participants: members, Form: form, Was: []string{"m1", "m2"}, SameTexts: same, Job: "j1",
		}
	}
	plan := events{received, interviewed}
	domaintest.Run(t, application.Application.Fold, []row{
		{Name: "nothing", Given: plan, When: change(true, false, "", "m1", "m2")},
		{Name: "the form", Given: plan, When: change(true, false, "f1", "m1", "m2"), Want: events{changed(true, "f1", "m1", "m2")}},
		{Name: "who takes part", Given: plan, When: change(true, false, "", "m2", "m3"), Want: events{changed(true, "", "m2", "m3")}},
		{Name: "other texts", Given: plan, When: change(false, false, "", "m1", "m2"), Want: events{changed(false, "", "m1", "m2")}},
	}...)
	for _, c := range []struct {
		change   application.InterviewChanged
		tells    []string
		internal bool
	}{
		{changed(true, "f1", "m2", "m1"), []string{}, true},
		{changed(true, "", "m2", "m3"), []string{"m3", "m1"}, false},
		{changed(false, "", "m2", "m3"), []string{"m2", "m3", "m1"}, false},
		{changed(false, "", "m1", "m2"), []string{"m1", "m2"}, false},
	} {
		if got := c.change.Tells(c.change.Participants); !slices.Equal(got, c.tells) || c.change.Internal() != c.internal {
			t.Errorf("%+v tells %v, %t", c.change, got, c.change.Internal())
		}
		i, _ := application.Application{}.Fold(append(plan, c.change)...).Interviews.Get("i1")
		if i.Sequence > 0 == c.internal {
			t.Errorf("%+v leaves the sequence at %d", c.change, i.Sequence)
		}
	}
}

// S1-36, S2-107: moving an interview to when and where it is changes nothing; to
// another place alone, what was answered counts on, and to what time that was.
func TestMovesToTheSameTime(t *testing.T) {
	move := func(to application.InterviewTime, same bool) when {
		return func(a application.Application) ([]application.Event, error) {
			return a.RescheduleInterview("i1", "c1", application.Meeting{InterviewTime: to, Place: text("Room 2"), SameTexts: same}, by)
		}
	}
	later := berlin
	later.Minutes++
	moved := func(to application.InterviewTime, same bool) application.InterviewRescheduled {
		return application.InterviewRescheduled{Stamp: by, Interview: "i1", Change: "c1", InterviewTime: to, Place: text("Room 2"), SameTime: same, Participants: []string{"m1", "m2"}, Job: "j1"}
	}
	plan := events{received, interviewed, application.InterviewAnswered{Stamp: by, Interview: "i1", Member: "m1", Answer: application.AnswerAccepted}}
	domaintest.Run(t, application.Application.Fold, []row{
		{Name: "nothing", Given: plan, When: move(berlin, true)},
		{Name: "the place", Given: plan, When: move(berlin, false), Want: events{moved(berlin, true)}},
		{Name: "how long it lasts", Given: plan, When: move(later, true), Want: events{moved(later, false)}},
	}...)
	i, _ := application.Application{}.Fold(append(plan, moved(berlin, true))...).Interviews.Get("i1")
	if i.Sequence != 1 || i.Since != 0 || i.Answers["m1"] != application.AnswerAccepted || len(i.Slots) != 1 {
		t.Errorf("with another place it is %+v", i)
	}
	if i, _ = (application.Application{}).Fold(append(plan, moved(later, false))...).Interviews.Get("i1"); i.Since != 1 || len(i.Answers)+len(i.Slots) > 0 {
		t.Errorf("at another time it is %+v", i)
	}
}

// TestAnswerInterview holds S2-107.
func TestAnswerInterview(t *testing.T) {
	answer := func(member string, kind application.AnswerKind, slot string) when {
		return func(a application.Application) ([]application.Event, error) {
			return a.AnswerInterview("i1", member, kind, slot, by)
		}
	}
	said := func(member string, kind application.AnswerKind, slot string) application.Event {
		return application.InterviewAnswered{Stamp: by, Interview: "i1", Member: member, Answer: kind, Slot: slot}
	}
	plan := events{received, interviewed}
	picked := said("", application.AnswerAccepted, "2026-03-04T10:00")
	moved := application.InterviewRescheduled{Stamp: by, Interview: "i1", Change: "c1", InterviewTime: berlin, Participants: []string{"m1", "m2"}, Job: "j1"}
	domaintest.Run(t, application.Application.Fold, append(guarded("answer", answer("m1", application.AnswerAccepted, "")), []row{
		{Name: "a participant comes", Given: plan, When: answer("m1", application.AnswerAccepted, ""), Want: events{said("m1", application.AnswerAccepted, "")}},
		{Name: "and does not", Given: append(plan, said("m1", application.AnswerAccepted, "")), When: answer("m1", application.AnswerDeclined, ""), Want: events{said("m1", application.AnswerDeclined, "")}},
		{Name: "somebody else", Given: plan, When: answer("m3", application.AnswerAccepted, ""), Err: application.ErrNotAParticipant},
		{Name: "the candidate picks a slot", Given: plan, When: answer("", application.AnswerAccepted, "2026-03-04T10:00"), Want: events{picked}},
		{Name: "one that was not offered", Given: plan, When: answer("", application.AnswerAccepted, "2026-03-04T11:00"), Err: application.ErrUnknownSlot},
		{Name: "the time it has", Given: plan, When: answer("", application.AnswerAccepted, berlin.Start), Want: events{said("", application.AnswerAccepted, "")}},
		{Name: "another after it was picked", Given: append(plan, picked), When: answer("", application.AnswerAccepted, "2026-03-04T11:00"), Err: application.ErrUnknownSlot},
		{Name: "a participant picks one", Given: plan, When: answer("m1", application.AnswerAccepted, "2026-03-04T10:00"), Err: domain.ErrInvalid},
		{Name: "the candidate does not come at a slot", Given: plan, When: answer("", application.AnswerDeclined, "2026-03-04T10:00"), Err: domain.ErrInvalid},
		{Name: "perhaps", Given: plan, When: answer("", "perhaps", ""), Err: domain.ErrInvalid},
		{Name: "to the time it had before", Given: append(plan, said("m1", application.AnswerAccepted, ""), moved), When: answer("m1", application.AnswerAccepted, ""), Want: events{said("m1", application.AnswerAccepted, "")}},
	}...)...)
}

// S2-107: an answer by mail counts to the time the interview has, until its end, and
// unless they answered otherwise since, be it by mail or not.
func TestAnswerByMail(t *testing.T) {
	ends := time.Date(2026, 3, 3, 14, 0, 0, 0, time.UTC)
	at := func(s domain.Stamp, t time.Time) domain.Stamp { s.At = t; return s }
	nine := ends.Add(-5 * time.Hour)
	half := nine.Add(500 * time.Millisecond)
	answer := func(who string, kind application.AnswerKind, sequence int, given, now time.Time) when {
		return func(a application.Application) ([]application.Event, error) {
			return a.AnswerByMail("i1", who, kind, application.Mailed{Sequence: sequence, At: given}, at(by, now))
		}
	}
	said := func(who string, kind application.AnswerKind, given *time.Time, now time.Time) application.InterviewAnswered {
		return application.InterviewAnswered{Stamp: at(by, now), Interview: "i1", Member: who, Answer: kind, Given: given}
	}
	const yes, no = application.AnswerAccepted, application.AnswerDeclined
	ten, noon := nine.Add(time.Hour), nine.Add(3*time.Hour)
	plan := events{received, interviewed}
	mailed, noted := append(plan, said("m1", yes, &ten, noon)), append(plan, said("m1", yes, nil, half))
	elsewhere := application.InterviewRescheduled{Stamp: by, Interview: "i1", Change: "c1", InterviewTime: berlin, SameTime: true, Participants: []string{"m1", "m2"}, Job: "j1"}
	domaintest.Run(t, application.Application.Fold, append(guarded("answer by mail", answer("m1", yes, 0, nine, nine)), []row{
		{Name: "it says when", Given: plan, When: answer("m1", yes, 0, nine, ten), Want: events{said("m1", yes, &nine, ten)}},
		{Name: "it does not say when", Given: plan, When: answer("m1", yes, 0, time.Time{}, ten), Want: events{said("m1", yes, nil, ten)}},
		{Name: "it says that it is of tomorrow", Given: plan, When: answer("m1", yes, 0, ends.AddDate(0, 0, 1), ten), Want: events{said("m1", yes, nil, ten)}},
		{Name: "somebody else", Given: plan, When: answer("m3", yes, 0, nine, ten), Err: application.ErrNotAParticipant},
		{Name: "of before", Given: mailed, When: answer("m1", no, 0, nine, noon), Err: application.ErrOldAnswer},
		{Name: "of then", Given: mailed, When: answer("m1", no, 0, ten, noon), Want: events{said("m1", no, &ten, noon)}},
		{Name: "of before, of another person", Given: mailed, When: answer("m2", no, 0, nine, noon), Want: events{said("m2", no, &nine, noon)}},
		{Name: "of before it was noted", Given: noted, When: answer("m1", no, 0, nine.Add(-time.Second), noon), Err: application.ErrOldAnswer},
		{Name: "of the second in which it was noted", Given: noted, When: answer("m1", no, 0, nine, noon), Want: events{said("m1", no, &nine, noon)}},
		{Name: "of before, and it is elsewhere now", Given: append(mailed, elsewhere), When: answer("m1", no, 1, nine, noon), Err: application.ErrOldAnswer},
		{Name: "to no time that it had", Given: plan, When: answer("m1", no, 1, ten, noon), Err: application.ErrOldAnswer},
		{Name: "just before its end", Given: plan, When: answer("m1", no, 0, ten, ends.Add(-time.Second)), Want: events{said("m1", no, &ten, ends.Add(-time.Second))}},
		{Name: "at its end", Given: plan, When: answer("m1", no, 0, ten, ends), Err: application.ErrOldAnswer},
	}...)...)
}

// TestInterviewStatus holds S1-29..32.
func TestInterviewStatus(t *testing.T) {
	night := application.InterviewTime{Start: "2026-03-03T23:30", Zone: "Europe/Berlin", Minutes: 90}
	for _, c := range []struct {
		at    application.InterviewTime
		state application.InterviewState
		atEnd bool
		now   string // UTC; Berlin is an hour ahead
		want  application.InterviewStatus
	}{
		{berlin, application.InterviewPlanned, false, "2026-03-02T22:59", application.StatusUpcoming},
		{berlin, application.InterviewPlanned, false, "2026-03-02T23:00", application.StatusToday}, // midnight in Berlin
		{berlin, application.InterviewPlanned, false, "2026-03-03T22:59", application.StatusToday},
		{berlin, application.InterviewPlanned, false, "2026-03-03T23:00", application.StatusExpired},
		{berlin, application.InterviewPlanned, true, "2026-03-03T13:59", application.StatusToday},
		{berlin, application.InterviewPlanned, true, "2026-03-03T14:00", application.StatusExpired},
		{night, application.InterviewPlanned, false, "2026-03-03T23:30", application.StatusToday},
		{night, application.InterviewPlanned, false, "2026-03-04T00:00", application.StatusExpired}, // its end
		{berlin, application.InterviewIsOver, false, "2026-03-01T00:00", application.StatusCompleted},
		{berlin, application.InterviewWasMissed, false, "2026-03-09T00:00", application.StatusNoShow},
		{berlin, application.InterviewIsOff, false, "2026-03-09T00:00", application.StatusCancelled},
	} {
		now, err := time.Parse(domain.WallLayout, c.now)
		if err != nil {
			t.Fatal(err)
		}
		if got := c.at.Status(c.state, c.atEnd, now); got != c.want {
			t.Errorf("%s %s at %s (at its end: %v): %s, want %s", c.at.Start, c.state, c.now, c.atEnd, got, c.want)
		}
	}
}
