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

// S1-16, S2-90: the message that tells of a rejection discloses it when it is
// sent; if it never is, the time comes as it does without one.
func TestDiscloseBy(t *testing.T) {
	told := func(kind application.Outcome) application.Event {
		return application.TellBy(events{disqualified(kind, 24*time.Hour)}, "m1", by.At.Add(time.Hour), 24*time.Hour)[0]
	}
	rejected, withdrawn := told(application.Rejected), told(application.Withdrawn)
	if d := rejected.(application.Disqualified); !d.DiscloseAt.Equal(by.At.Add(25*time.Hour)) || d.Message != "m1" {
		t.Errorf("it says %+v", d)
	}
	by := func(message string) when {
		return func(a application.Application) ([]application.Event, error) {
			return a.DiscloseBy(message, later(time.Hour))
		}
	}
	disclosed := application.OutcomeDisclosed{Stamp: later(time.Hour), Outcome: application.Rejected}
	domaintest.Run(t, application.Application.Fold, append(guarded("disclose by message", by("m1")), []row{
		{Name: "by its message, before the time", Given: events{received, rejected}, When: by("m1"), Want: events{disclosed}},
		{Name: "by another", Given: events{received, rejected}, When: by("m2")},
		{Name: "by none", Given: events{received, disqualified(application.Rejected, time.Hour)}, When: by("")},
		{Name: "again", Given: events{received, rejected, disclosed}, When: by("m1")},
		{Name: "of one that was taken back", Given: events{received, rejected, requalified}, When: by("m1")},
		{Name: "of a withdrawal", Given: events{received, withdrawn}, When: by("m1")},
	}...)...)
	var none application.Application
	if a := none.Fold(received, rejected, disclosed); !a.DiscloseAt.Equal(disclosed.At) {
		t.Errorf("the candidate sees it at %v", a.DiscloseAt)
	}
}

// S1-16: a rejection's disclosure follows the message that tells of it.
func TestMoveDisclosure(t *testing.T) {
	hour := time.Hour
	rejected := application.TellBy(events{disqualified(application.Rejected, 24*hour)}, "m1", by.At.Add(72*hour), 24*hour)[0]
	withdrawn := application.TellBy(events{disqualified(application.Withdrawn, 0)}, "m1", by.At.Add(72*hour), 24*hour)[0]
	move := func(message string, leaves time.Duration, after time.Duration) when {
		return func(a application.Application) ([]application.Event, error) {
			var at *time.Time
			if leaves > 0 {
				t := by.At.Add(leaves)
				at = &t
			}
			return a.MoveDisclosure(message, at, 24*hour, later(after))
		}
	}
	to := func(at, after time.Duration) application.DisclosureMoved {
		return application.DisclosureMoved{Stamp: later(after), DiscloseAt: by.At.Add(at), Message: "m1"}
	}
	domaintest.Run(t, application.Application.Fold, append(guarded("move disclosure", move("m1", 0, hour)), []row{
		{Name: "it does not leave", Given: events{received, rejected}, When: move("m1", 0, hour), Want: events{to(24*hour, hour)}},
		{Name: "it does not leave, and the time is over", Given: events{received, rejected}, When: move("m1", 0, 80*hour), Want: events{to(80*hour, 80*hour)}},
		{Name: "it leaves earlier", Given: events{received, rejected}, When: move("m1", 48*hour, hour), Want: events{to(72*hour, hour)}},
		{Name: "it leaves later", Given: events{received, rejected}, When: move("m1", 200*hour, hour), Want: events{to(224*hour, hour)}},
		{Name: "it leaves as it did", Given: events{received, rejected}, When: move("m1", 72*hour, hour)},
		{Name: "another does not leave", Given: events{received, rejected}, When: move("m2", 0, hour)},
		{Name: "what is seen stays seen", Given: events{received, rejected}, When: move("m1", 200*hour, 96*hour)},
		{Name: "what was told stays told", Given: events{received, rejected, application.OutcomeDisclosed{Stamp: by, Outcome: application.Rejected}}, When: move("m1", 200*hour, hour)},
		{Name: "of one that was taken back", Given: events{received, rejected, requalified}, When: move("m1", 0, hour)},
		{Name: "of a withdrawal", Given: events{received, withdrawn}, When: move("m1", 0, hour)},
	}...)...)
	var none application.Application
	if a := none.Fold(received, rejected, to(24*hour, hour)); !a.DiscloseAt.Equal(by.At.Add(24 * hour)) {
		t.Errorf("the candidate sees it at %v", a.DiscloseAt)
	}
}

// S2-21, S2-51: what came along with a mail is a document without a category, and
// goes along with it.
func TestAttachments(t *testing.T) {
	one := file("f1")
	filed := application.DocumentUploaded{Stamp: by, Document: "d1", Version: 1, Category: access.Uncategorised, Files: []application.File{one}, Job: "j1"}
	files := func(a application.Application) ([]application.Event, error) { return a.FileAttachment("d1", one, by) }
	goes := func(a application.Application) ([]application.Event, error) { return a.LetGo("d1", by) }
	left := application.DocumentLeft{Stamp: by, Document: "d1"}
	domaintest.Run(t, application.Application.Fold, append(append(guarded("file", files), guarded("let go", goes)...), []row{
		{Name: "it is filed", Given: events{received}, When: files, Want: events{filed}},
		{Name: "once", Given: events{received, filed}, When: files},
		{Name: "not an empty one", Given: events{received}, When: func(a application.Application) ([]application.Event, error) {
			return a.FileAttachment("d1", application.File{ID: "f1"}, by)
		}, Err: domain.ErrInvalid},
		{Name: "it goes along", Given: events{received, filed}, When: goes, Want: events{left}},
		{Name: "what is not there is gone", Given: events{received}, When: goes},
		{Name: "what has versions stays", Given: events{received, uploaded(1), uploaded(2)}, When: goes},
		{Name: "it comes back", Given: events{received, filed, left}, When: files, Want: events{filed}},
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
