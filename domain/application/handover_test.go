package application_test

import (
	"testing"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/domaintest"
)

// S2-104: who takes over gets the reviews and interviews of who left that are not
// over, as far as they may do them.
func TestHandOverWork(t *testing.T) {
	system := domaintest.By(domain.System)
	over := func(able application.Able) when {
		return func(a application.Application) ([]application.Event, error) {
			return a.HandOverWork("m2", "m3", able, system)
		}
	}
	all := application.Able{Comment: true, Evaluate: true, Organise: true}
	asked := application.ReviewRequested{Stamp: by, Review: "w1", Reviewer: "m2"}
	byForm := application.ReviewRequested{Stamp: by, Review: "w2", Reviewer: "m2", Form: "f1"}
	others := application.ReviewRequested{Stamp: by, Review: "w3", Reviewer: "m1"}
	meets := application.InterviewScheduled{Stamp: by, Interview: "i1", Participants: []string{"m1"}, Organiser: "m2"}
	met := application.InterviewScheduled{Stamp: by, Interview: "i2", Participants: []string{"m1"}, Organiser: "m2"}
	given := events{received, asked, byForm, others, meets, met, application.InterviewHeld{Stamp: by, Interview: "i2"}}
	whole := application.WorkHandedOver{Stamp: system, From: "m2", To: "m3", Reviews: []string{"w1", "w2"}, Interviews: []string{"i1"}}
	domaintest.Run(t, application.Application.Fold, append(guarded("hand over", over(all)), []row{
		{Name: "all that is open", Given: given, When: over(all), Want: events{whole}},
		{Name: "once", Given: append(given, whole), When: over(all)},
		{Name: "only comments", Given: given, When: over(application.Able{Comment: true}), Want: events{application.WorkHandedOver{Stamp: system, From: "m2", To: "m3", Reviews: []string{"w1"}}}},
		{Name: "nothing they may do", Given: given, When: over(application.Able{})},
		{Name: "nothing there", Given: events{received, others}, When: over(all)},
	}...)...)
	m3 := domaintest.By(domain.Member("m3"))
	after := application.Application{}.Fold(append(given, whole)...)
	if said := after.SubmitReviews("c1", m3); len(said) != 1 {
		t.Errorf("who took over submits %v", said)
	}
}
