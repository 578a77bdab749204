package application_test

import (
	"testing"

	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/domaintest"
	"github.com/hirelog/hirelog/domain/organization"
	"github.com/hirelog/hirelog/domain/personal"
)

var (
	hired  application.Event = application.Hired{Stamp: by, Hire: "h1", Reason: text("at once"), Job: "j1"}
	unhire application.Event = application.HireUndone{Stamp: by, Hire: "h1", Reason: text("the wrong one"), Job: "j1", Stage: "s2"}
	linked application.Event = application.EmployeeLinked{Stamp: by, Hire: "h1", Employee: "e1"}
)

// TestTakeOn holds S2-74, S2-77 and H10: one outcome at a time.
func TestTakeOn(t *testing.T) {
	hire := func(reason personal.Text) when {
		return func(a application.Application) ([]application.Event, error) { return a.TakeOn("h1", reason, by) }
	}
	anew := func(a application.Application) ([]application.Event, error) {
		return a.TakeOn("h2", text("at once"), by)
	}
	disqualify := func(a application.Application) ([]application.Event, error) {
		return a.Disqualify(application.Rejected, "r1", organization.We, none, 0, by)
	}
	requalify := func(a application.Application) ([]application.Event, error) {
		return a.Requalify(text("second look"), by)
	}
	move := func(a application.Application) ([]application.Event, error) { return a.Move("", "s2", none, by) }
	domaintest.Run(t, application.Application.Fold, append(guarded("hire", hire(text("at once"))), []row{
		{Name: "with a reason", Given: events{received}, When: hire(text("at once")), Want: events{hired}},
		{Name: "without a reason", Given: events{received}, When: hire(none), Err: application.ErrReasonRequired},
		{Name: "again", Given: events{received, hired}, When: hire(none)},
		{
			Name: "anew after it was undone", Given: events{received, hired, unhire}, When: anew,
			Want: events{application.Hired{Stamp: by, Hire: "h2", Reason: text("at once"), Job: "j1"}},
		},
		{Name: "the hire that was undone", Given: events{received, hired, unhire}, When: hire(text("at once"))},
		{Name: "rejected", Given: events{received, rejected}, When: hire(text("at once")), Err: application.ErrClosed},
		{Name: "a hired one is not rejected", Given: events{received, hired}, When: disqualify, Err: application.ErrHired},
		{Name: "a hired one is not requalified", Given: events{received, hired}, When: requalify, Err: application.ErrHired},
		{Name: "a hired one stays in its stage", Given: events{received, hired}, When: move, Err: application.ErrClosed},
	}...)...)
}

// TestUndoHire holds S2-78.
func TestUndoHire(t *testing.T) {
	undo := func(reason personal.Text) when {
		return func(a application.Application) ([]application.Event, error) { return a.UndoHire(reason, by) }
	}
	domaintest.Run(t, application.Application.Fold, append(guarded("undo", undo(text("why"))), []row{
		{Name: "a wrong hire", Given: events{received, inInterview, hired, linked}, When: undo(text("the wrong one")), Want: events{unhire}},
		{Name: "again", Given: events{received, hired, unhire}, When: undo(text("the wrong one"))},
		{Name: "without a reason", Given: events{received, hired}, When: undo(none), Err: application.ErrReasonRequired},
		{Name: "nobody was hired", Given: events{received}, When: undo(text("why")), Err: application.ErrNotHired},
		{Name: "rejected", Given: events{received, rejected}, When: undo(text("why")), Err: application.ErrNotHired},
		{Name: "applied again since", Given: events{received, hired, claimLost}, When: undo(text("why")), Err: application.ErrSuperseded},
	}...)...)
	if a := (application.Application{}).Fold(received, inInterview, hired, linked, unhire); a.Stage != "s2" || !a.Live() {
		t.Errorf("it goes on in %s as %s", a.Stage, a.Outcome)
	}
}

func TestLinkEmployee(t *testing.T) {
	link := func(hire, employee string) when {
		return func(a application.Application) ([]application.Event, error) {
			return a.LinkEmployee(hire, employee, by), nil
		}
	}
	domaintest.Run(t, application.Application.Fold, []row{
		{Name: "the profile of a hire", Given: events{received, hired}, When: link("h1", "e1"), Want: events{linked}},
		{Name: "only one", Given: events{received, hired, linked}, When: link("h1", "e2")},
		{Name: "of another hire", Given: events{received, hired}, When: link("h2", "e1")},
		{Name: "undone before", Given: events{received, hired, unhire}, When: link("h1", "e1")},
		{Name: "anonymised before", Given: events{received, hired, anonymised}, When: link("h1", "e1")},
		{Name: "nobody was hired", When: link("", "e1")},
	}...)
	if a := (application.Application{}).Fold(received, hired, linked, anonymised); a.Hire.Employee != "" || a.Outcome != application.OutcomeHired {
		t.Error("anonymising leaves the outcome and not the person")
	}
}
