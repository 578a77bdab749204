package application_test

import (
	"testing"
	"time"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/domaintest"
)

// remindable is a review that its reviewer is to be reminded of from the beginning.
var remindable application.Event = application.ReviewRequested{Stamp: by, Review: "n1", Reviewer: "m2", RemindAt: &by.At}

// TestReviews holds S2-63..67.
func TestReviews(t *testing.T) {
	tomorrow, later := by.At.Add(24*time.Hour), by.At.Add(48*time.Hour)
	ask := func(change func(*application.Asked)) when {
		r := application.Asked{Reviewer: "m2", Message: text("please"), DueAt: &later, RemindAt: &tomorrow, Role: "r1"}
		change(&r)
		return func(a application.Application) ([]application.Event, error) { return a.RequestReview("w1", r, by) }
	}
	as := ask(func(*application.Asked) {})
	cancel := func(a application.Application) ([]application.Event, error) { return a.CancelReview("w1", by) }
	remind := func(at time.Time) when {
		return func(a application.Application) ([]application.Event, error) {
			return a.RemindOfReview("w1", domain.Stamp{At: at, By: domain.System})
		}
	}
	reminder := application.ReviewReminderDue{Stamp: domain.Stamp{At: tomorrow, By: domain.System}, Review: "w1", Reviewer: "m2"}
	m2 := domaintest.By(domain.Member("m2"))
	submit := func(s domain.Stamp) when {
		return func(a application.Application) ([]application.Event, error) { return a.SubmitReviews("c1", s), nil }
	}
	asked := application.ReviewRequested{Stamp: by, Review: "w1", Reviewer: "m2", Message: text("please"), DueAt: &later, RemindAt: &tomorrow, Role: "r1"}
	done, cancelled := application.ReviewSubmitted{Stamp: m2, Review: "w1", Comment: "c1"}, application.ReviewWithdrawn{Stamp: by, Review: "w1"}
	domaintest.Run(t, application.Application.Fold, append(append(guarded("ask", as), guarded("cancel", cancel)...), []row{
		{Name: "asked", Given: events{received}, When: as, Want: events{asked}},
		{Name: "again", Given: events{received, asked}, When: as},
		{Name: "of nobody", Given: events{received}, When: ask(func(r *application.Asked) { r.Reviewer = "" }), Err: domain.ErrInvalid},
		{Name: "due in the past", Given: events{received}, When: ask(func(r *application.Asked) { r.DueAt = &by.At }), Err: domain.ErrInvalid, Says: "in the future"},
		{Name: "reminded of too late", Given: events{received}, When: ask(func(r *application.Asked) { r.DueAt, r.RemindAt = &tomorrow, &later }), Err: domain.ErrInvalid, Says: "before it is due"},
		{Name: "the reviewer says something", Given: events{received, asked}, When: submit(m2), Want: events{done}},
		{Name: "somebody else says something", Given: events{received, asked}, When: submit(by)},
		{Name: "the reviewer says more", Given: events{received, asked, done}, When: submit(m2)},
		{Name: "cancelled", Given: events{received, asked}, When: cancel, Want: events{cancelled}},
		{Name: "cancelled when it is done", Given: events{received, asked, done}, When: cancel, Err: application.ErrReviewDone},
		{Name: "the reviewer of a cancelled one says something", Given: events{received, asked, cancelled}, When: submit(m2)},
		{Name: "one that is not there", Given: events{received}, When: cancel, Err: application.ErrUnknownReview},
		{Name: "reminded", Given: events{received, asked}, When: remind(tomorrow), Want: events{reminder}},
		{Name: "reminded again", Given: events{received, asked, reminder}, When: remind(later)},
		{Name: "reminded too early", Given: events{received, asked}, When: remind(by.At)},
		{Name: "reminded when it is done", Given: events{received, asked, done}, When: remind(tomorrow)},
		{Name: "reminded after closing", Given: events{received, asked, rejected}, When: remind(tomorrow)},
		{Name: "reminded of one that is not there", Given: events{received}, When: remind(tomorrow), Err: application.ErrUnknownReview},
	}...)...)
}
