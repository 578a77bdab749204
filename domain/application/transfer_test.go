package application_test

import (
	"testing"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/domaintest"
)

// S2-93: an application goes on as another one, with what is still to come.
func TestTransfer(t *testing.T) {
	transfer := func(to, job string, begun bool) when {
		return func(a application.Application) ([]application.Event, error) {
			return a.Transfer(to, job, begun, text("fits better"), by)
		}
	}
	gone := application.Transferred{Stamp: by, To: "a2", Job: "j2", Reason: text("fits better")}
	withPending := gone
	withPending.Documents = []string{"d1"}
	domaintest.Run(t, application.Application.Fold, append(guarded("transfer", transfer("a2", "j2", false)), []row{
		{Name: "to another job", Given: events{received}, When: transfer("a2", "j2", false), Want: events{gone}},
		{Name: "with a document that is wanted", Given: events{received, requested}, When: transfer("a2", "j2", false), Want: events{withPending}},
		{Name: "again", Given: events{received, gone}, When: transfer("a2", "j2", false)},
		{Name: "elsewhere, when it is gone", Given: events{received, gone}, When: transfer("a3", "j3", false), Err: application.ErrTransferred},
		{Name: "to the job it is for", Given: events{received}, When: transfer("a2", "j1", false), Err: application.ErrSameJob},
		{Name: "a closed one", Given: events{received, rejected}, When: transfer("a2", "j2", false), Err: application.ErrClosed},
		{Name: "one that was closed while it was on its way", Given: events{received, rejected}, When: transfer("a2", "j2", true), Want: events{gone}},
		{
			Name: "it is not taken up again", Given: events{received, gone}, Err: application.ErrTransferred,
			When: func(a application.Application) ([]application.Event, error) { return a.Requalify(text("why"), by) },
		},
		{
			Name: "it goes with the other one", Given: events{received, gone}, Err: application.ErrTransferred,
			When: func(a application.Application) ([]application.Event, error) { return nil, a.Erasable() },
		},
	}...)...)
}

// What was asked for there is asked for here.
func TestGoOn(t *testing.T) {
	wanted, ok := requested.(application.DocumentRequested)
	if !ok {
		t.Fatal("requested is no request")
	}
	asked := application.ReviewRequested{Stamp: by, Review: "v1", Reviewer: "m2"}
	planned := application.InterviewScheduled{Stamp: by, Interview: "i1", Title: text("coffee"), Participants: []string{"m2"}, Organiser: "m1", Form: "f1"}
	answered := application.InterviewAnswered{Stamp: by, Interview: "i1", Answer: application.AnswerAccepted}
	goOn := func(a application.Application) ([]application.Event, error) {
		return a.GoOn(
			application.Arrival{Job: "j1", Stage: "s1", Candidate: text("c1"), Claim: text("k1"), Source: "referral", Owner: "m1", From: "a0"},
			application.Carried{
				Documents: []application.DocumentRequested{wanted}, Interviews: []application.InterviewScheduled{planned}, Answers: []application.InterviewAnswered{answered},
				Reviews: []application.ReviewRequested{asked}, Tags: []string{"t1"}, Priority: true,
			}, by)
	}
	from := application.Received{Stamp: by, Job: "j1", Stage: "s1", Candidate: text("c1"), Claim: text("k1"), Source: "referral", Owner: "m1", From: "a0"}
	domaintest.Run(t, application.Application.Fold, []row{
		{
			Name: "with everything", When: goOn,
			Want: events{from, application.TagAdded{Stamp: by, Tag: "t1"}, application.PrioritySet{Stamp: by, Priority: true}, wanted, planned, answered, asked},
		},
		{Name: "again", Given: events{from}, When: goOn},
		{Name: "fenced off", Given: events{claimLost}, When: goOn, Err: application.ErrDuplicate},
	}...)
}

// What was done there meanwhile is done here, but what was done here stays.
func TestTakeAlong(t *testing.T) {
	at := func(start string) application.InterviewTime {
		return application.InterviewTime{Start: start, Zone: "Europe/Berlin", Minutes: 30}
	}
	here := application.InterviewScheduled{Stamp: by, Interview: "i1", Title: text("coffee"), Participants: []string{"m2"}, Organiser: "m1", InterviewTime: at("2026-01-08T10:00"), Sequence: 1}
	there := here
	there.Stamp, there.InterviewTime = domain.Stamp{}, at("2026-01-09T10:00")
	movedThere := application.InterviewRescheduled{Stamp: by, Interview: "i1", Change: "c1", InterviewTime: there.InterviewTime, Participants: []string{"m2"}, Job: "j1"}
	movedHere := application.InterviewRescheduled{Stamp: by, Interview: "i1", Change: "c0", InterviewTime: at("2026-01-10T10:00"), Participants: []string{"m2"}, Job: "j1"}
	answered := application.InterviewAnswered{Stamp: by, Interview: "i1", Member: "m2", Answer: application.AnswerAccepted}
	renamed := here
	renamed.Title, renamed.Sequence = text("tea"), 2
	others := here
	others.Participants = []string{"m2", "m3"}
	take := func(c application.Carried) when {
		return func(a application.Application) ([]application.Event, error) { return a.TakeAlong(c, by), nil }
	}
	carried := func(i application.InterviewScheduled) application.Carried {
		return application.Carried{Interviews: []application.InterviewScheduled{i}, Answers: []application.InterviewAnswered{answered}, Change: "c1"}
	}
	changed := application.InterviewChanged{Stamp: by, Interview: "i1", Change: "c1", Title: text("tea"), Participants: []string{"m2"}, Was: []string{"m2"}, Job: "j1"}
	joined := application.InterviewChanged{Stamp: by, Interview: "i1", Change: "c1", Title: text("coffee"), Participants: []string{"m2", "m3"}, Was: []string{"m2"}, Job: "j1"}
	invited := here
	invited.Invited = true
	over := application.Carried{Over: application.Pending{Documents: []string{"d1", "d7"}, Interviews: []string{"i1", "i7"}, Reviews: []string{"v1", "v7"}}}
	asked := application.ReviewRequested{Stamp: by, Review: "v1", Reviewer: "m2"}
	domaintest.Run(t, application.Application.Fold, []row{
		{Name: "moved there, and answered", Given: events{received, here}, When: take(carried(there)), Want: events{movedThere, answered}},
		{Name: "moved here, so that what was answered there is to another time", Given: events{received, here, movedHere}, When: take(carried(there))},
		{Name: "renamed there", Given: events{received, here, answered}, When: take(carried(renamed)), Want: events{changed}},
		{Name: "with somebody more", Given: events{received, here, answered}, When: take(carried(others)), Want: events{joined}},
		{Name: "to which the candidate was invited", Given: events{received, here, answered}, When: take(carried(invited)), Want: events{application.InterviewInvited{Stamp: by, Interview: "i1"}}},
		{
			Name: "taken back there", Given: events{received, here, requested, asked}, When: take(over),
			Want: events{application.DocumentCancelled{Stamp: by, Document: "d1"}, application.InterviewCancelled{Stamp: by, Interview: "i1"}, application.ReviewWithdrawn{Stamp: by, Review: "v1"}},
		},
		{Name: "closed here", Given: events{received, here, rejected}, When: take(carried(there))},
	}...)
}
