package application_test

import (
	"testing"

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
