package application_test

import (
	"testing"
	"time"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/domaintest"
)

var invited application.Event = application.InterviewInvited{Stamp: by, Interview: "i1"}

// S1-35: the candidate is invited by an act of its own, once, to what they may see.
func TestInviteToInterview(t *testing.T) {
	invite := func(id string, after time.Duration) when {
		return func(a application.Application) ([]application.Event, error) {
			return a.InviteToInterview(id, domain.Stamp{At: by.At.Add(after), By: by.By})
		}
	}
	change := func(hidden bool) when {
		return func(a application.Application) ([]application.Event, error) {
			return a.ChangeInterview("i1", "c1", application.Meeting{Title: text("Other"), Participants: []string{"m2"}, Hidden: hidden}, by)
		}
	}
	hidden := interviewed.(application.InterviewScheduled)
	hidden.Hidden = true
	cancelled := application.InterviewCancelled{Stamp: by, Interview: "i1", Participants: []string{"m1", "m2"}, Job: "j1"}
	changed := application.InterviewChanged{Stamp: by, Interview: "i1", Change: "c1", Title: text("Other"), Participants: []string{"m2"}, Was: []string{"m1", "m2"}, Job: "j1"}
	plan := events{received, interviewed}
	domaintest.Run(t, application.Application.Fold, append(guarded("invite", invite("i1", 0)), []row{
		{Name: "invited", Given: plan, When: invite("i1", 0), Want: events{invited}},
		{Name: "once", Given: append(plan, invited), When: invite("i1", 0)},
		{Name: "to nothing", Given: plan, When: invite("i9", 0), Err: application.ErrUnknownInterview},
		{Name: "to what they do not see", Given: events{received, hidden}, When: invite("i1", 0), Err: application.ErrInterviewHidden},
		{Name: "to what has begun", Given: plan, When: invite("i1", 72*time.Hour), Err: application.ErrInterviewBegun},
		{Name: "to what was cancelled", Given: append(plan, cancelled), When: invite("i1", 0), Err: application.ErrInterviewSettled},
		{Name: "after it is over", Given: append(plan, rejected), When: invite("i1", 0), Err: application.ErrClosed},
		{Name: "and it is hidden then", Given: append(plan, invited), When: change(true), Err: application.ErrInterviewInvited},
		{Name: "and it is changed then", Given: append(plan, invited), When: change(false), Want: events{changed}},
	}...)...)
}

// S1-35: what calendars know an interview by stays, and every change has another
// number; an answer to an older time can be told.
func TestInterviewsInCalendars(t *testing.T) {
	moved := application.InterviewRescheduled{Stamp: by, Interview: "i1", Change: "c1", InterviewTime: berlin, Participants: []string{"m1", "m2"}, Job: "j1"}
	changed := application.InterviewChanged{Stamp: by, Interview: "i1", Change: "c2", Title: text("Other"), Participants: []string{"m2"}, Job: "j1"}
	picked := application.InterviewAnswered{Stamp: by, Interview: "i1", Answer: application.AnswerAccepted, Slot: "2026-03-04T10:00"}
	said := application.InterviewAnswered{Stamp: by, Interview: "i1", Answer: application.AnswerAccepted}
	off := application.InterviewCancelled{Stamp: by, Interview: "i1", Participants: []string{"m1", "m2"}, Job: "j1"}
	carried := interviewed.(application.InterviewScheduled)
	carried.First, carried.Sequence, carried.Since, carried.Invited = "i0", 4, 2, true
	for _, c := range []struct {
		name            string
		given           events
		origin          string
		sequence, since int
	}{
		{"planned", events{received, interviewed}, "i1", 0, 0},
		{"invited and answered", events{received, interviewed, invited, said}, "i1", 0, 0},
		{"moved", events{received, interviewed, moved}, "i1", 1, 1},
		{"moved and changed", events{received, interviewed, moved, changed}, "i1", 2, 1},
		{"another start was picked", events{received, interviewed, changed, picked}, "i1", 2, 2},
		{"cancelled", events{received, interviewed, off}, "i1", 1, 0},
		{"it went on from elsewhere", events{received, carried}, "i0", 4, 2},
		{"it went on from elsewhere, and was moved", events{received, carried, moved}, "i0", 5, 5},
	} {
		id, i, ok := application.Application{}.Fold(c.given...).InterviewKnownAs(c.origin)
		if !ok || id != "i1" || i.Sequence != c.sequence || i.Since != c.since {
			t.Errorf("%s: %q, %d since %d, want %d since %d", c.name, id, i.Sequence, i.Since, c.sequence, c.since)
		}
		for _, answered := range []int{c.since - 1, c.since, c.sequence, c.sequence + 1} {
			if want := answered >= c.since && answered <= c.sequence; i.AsItIs(answered) != want {
				t.Errorf("%s: an answer at %d counts: %v", c.name, answered, !want)
			}
		}
	}
	if _, _, ok := (application.Application{}).Fold(received, interviewed).InterviewKnownAs("i2"); ok {
		t.Error("an interview is known as another")
	}
}
