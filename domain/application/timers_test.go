package application_test

import (
	"testing"
	"time"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/domaintest"
)

// dueSoon is a request that somebody is to be reminded of in an hour.
var dueSoon application.Event = application.DocumentRequested{
	Stamp: by, Document: "x", Title: text("certificate"), Category: access.Certificate, MaxBytes: 5 << 20, MaxFiles: 2, DueAt: &soon,
}

var soon = domaintest.At.Add(application.RemindBefore + time.Hour)

// later is the system's stamp some time after everything else.
func later(d time.Duration) domain.Stamp { return domain.Stamp{At: by.At.Add(d), By: domain.System} }

// S1-16: what the candidate is told waits for disclose_at, and ends with requalifying.
func TestDiscloseOutcome(t *testing.T) {
	disclose := func(after time.Duration) when {
		return func(a application.Application) ([]application.Event, error) {
			return a.DiscloseOutcome(later(after))
		}
	}
	day := 24 * time.Hour
	disclosed := application.OutcomeDisclosed{Stamp: later(day), Outcome: application.Rejected}
	again := application.Disqualified{Stamp: by, Kind: application.Rejected, Reason: "r1", DiscloseAt: by.At.Add(3 * day)}
	domaintest.Run(t, application.Application.Fold, append(guarded("disclose", disclose(day)), []row{
		{Name: "when its time has come", Given: events{received, rejected}, When: disclose(day), Want: events{disclosed}},
		{Name: "a moment before", Given: events{received, rejected}, When: disclose(day - time.Microsecond)},
		{Name: "again", Given: events{received, rejected, disclosed}, When: disclose(2 * day)},
		{Name: "of one that goes on", Given: events{received}, When: disclose(day)},
		{Name: "of one that was taken back", Given: events{received, rejected, requalified}, When: disclose(day)},
		{Name: "of a withdrawal, which was seen at once", Given: events{received, withdrawn}, When: disclose(day)},
		{Name: "of one rejected again, whose time is later", Given: events{received, rejected, requalified, again}, When: disclose(day)},
		{Name: "of one rejected again, in its time", Given: events{received, rejected, disclosed, requalified, again}, When: disclose(3 * day), Want: events{application.OutcomeDisclosed{Stamp: later(3 * day), Outcome: application.Rejected}}},
	}...)...)
}

// S1-37: a reminder two days before the due date, while the document is wanted.
func TestRemindOfDocument(t *testing.T) {
	remind := func(before time.Duration) when {
		return func(a application.Application) ([]application.Event, error) {
			return a.RemindOfDocument("d1", domain.Stamp{At: due.Add(-before), By: domain.System})
		}
	}
	two := application.RemindBefore
	reminded := func(before time.Duration) application.Event {
		return application.DocumentReminderDue{Stamp: domain.Stamp{At: due.Add(-before), By: domain.System}, Document: "d1", DueAt: due}
	}
	long := disqualified(application.Rejected, 30*24*time.Hour)
	domaintest.Run(t, application.Application.Fold, append(guarded("remind", remind(two)), []row{
		{Name: "two days before", Given: events{received, requested}, When: remind(two), Want: events{reminded(two)}},
		{Name: "an hour before, when nobody was there in time", Given: events{received, requested}, When: remind(time.Hour), Want: events{reminded(time.Hour)}},
		{Name: "too early", Given: events{received, requested}, When: remind(two + time.Second)},
		{Name: "too late", Given: events{received, requested}, When: remind(0)},
		{Name: "again", Given: events{received, requested, reminded(two)}, When: remind(time.Hour)},
		{Name: "of one that came", Given: events{received, requested, uploaded(1)}, When: remind(two)},
		{Name: "of one that was approved", Given: events{received, requested, uploaded(1), approved}, When: remind(two)},
		{Name: "of one that was rejected", Given: events{received, requested, uploaded(1), blurred}, When: remind(two), Want: events{reminded(two)}},
		{Name: "of one nobody asked for", Given: events{received}, When: remind(two), Err: application.ErrUnknownDocument},
		{Name: "of one without due date", Given: events{received, application.DocumentRequested{Stamp: by, Document: "d1"}}, When: remind(two)},
		{Name: "who withdrew", Given: events{received, requested, withdrawn}, When: remind(two)},
		{Name: "who knows of the rejection", Given: events{received, requested, rejected}, When: remind(two)},
		{Name: "who does not know of the rejection", Given: events{received, requested, long}, When: remind(two), Want: events{reminded(two)}},
	}...)...)
}
