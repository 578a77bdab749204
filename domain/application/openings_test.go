package application_test

import (
	"testing"
	"time"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/domaintest"
)

// S2-101
func TestOpeningsForAuditors(t *testing.T) {
	end := by.At.Add(time.Hour)
	opened := func(id string) application.Event {
		return application.AuditOpened{Stamp: by, Opening: id, Auditor: "m2", Reason: text("a complaint"), Until: end}
	}
	closed := application.AuditClosed{Stamp: by, Opening: "o1"}
	open := func(id string, until time.Time) when {
		return func(a application.Application) ([]application.Event, error) {
			return a.OpenForAudit(id, "m2", text("a complaint"), until, by)
		}
	}
	stop := func(a application.Application) ([]application.Event, error) { return a.CloseForAudit("o1", by) }
	domaintest.Run(t, application.Application.Fold, append(guarded("open", open("o1", end)), []row{
		{Name: "opens", Given: events{received}, When: open("o1", end), Want: events{opened("o1")}},
		{Name: "opens once", Given: events{received, opened("o1")}, When: open("o1", end)},
		{Name: "opens for another time", Given: events{received, opened("o1")}, When: open("o2", end), Want: events{closed, opened("o2")}},
		{Name: "opens in the past", Given: events{received}, When: open("o1", by.At), Err: domain.ErrInvalid},
		{Name: "opens for too long", Given: events{received}, When: open("o1", by.At.Add(application.MaxOpening+time.Second)), Err: domain.ErrInvalid, Says: "30 days"},
		{
			Name: "opens without a reason", Given: events{received}, Err: application.ErrReasonRequired,
			When: func(a application.Application) ([]application.Event, error) {
				return a.OpenForAudit("o1", "m2", none, end, by)
			},
		},
		{Name: "closes", Given: events{received, opened("o1")}, When: stop, Want: events{closed}},
		{Name: "closes once", Given: events{received, opened("o1"), closed}, When: stop},
		{Name: "closes nothing", Given: events{received}, When: stop, Err: application.ErrUnknownOpening},
	}...)...)
	a := application.Application{}.Fold(received, opened("o1"))
	if !a.OpenTo("m2", by.At) || a.OpenTo("m2", end) || a.OpenTo("m1", by.At) {
		t.Error("it is not open to its auditor until its end")
	}
}
