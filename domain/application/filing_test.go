package application_test

import (
	"slices"
	"testing"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/domaintest"
	"github.com/hirelog/hirelog/domain/personal"
)

var (
	cancelled  application.Event = application.DocumentCancelled{Stamp: by, Document: "d1"}
	reopened   application.Event = application.DocumentReopened{Stamp: by, Document: "d1", Version: 1, Reason: text("wrong page")}
	filed      application.Event = application.DocumentUploaded{Stamp: by, Job: "j1", Document: "d2", Version: 1, Category: access.CV, Files: []application.File{file("f1")}}
	secondIn   application.Event = application.DocumentUploaded{Stamp: by, Job: "j1", Document: "d2", Version: 2, Category: access.CV, Files: []application.File{file("f2")}}
	unanswered                   = events{received, requested}
	answered                     = events{received, requested, uploaded(1)}
	versionOne application.Event = application.VersionDeleted{Stamp: by, Document: "d1", Version: 1}
)

func behind(given events, more ...application.Event) events { return slices.Concat(given, more) }

// TestCancelDocument holds S1-51.
func TestCancelDocument(t *testing.T) {
	cancel := func(document string) when {
		return func(a application.Application) ([]application.Event, error) { return a.CancelDocument(document, by) }
	}
	domaintest.Run(t, application.Application.Fold, append(guarded("cancel", cancel("d1")), []row{
		{Name: "nothing came yet", Given: unanswered, When: cancel("d1"), Want: events{cancelled}},
		{Name: "something came", Given: answered, When: cancel("d1"), Want: events{cancelled}},
		{Name: "what came was rejected", Given: behind(answered, blurred), When: cancel("d1"), Want: events{cancelled}},
		{Name: "after closing", Given: behind(unanswered, rejected), When: cancel("d1"), Want: events{cancelled}},
		{Name: "twice", Given: behind(unanswered, cancelled), When: cancel("d1")},
		{Name: "what is approved", Given: behind(answered, approved), When: cancel("d1"), Err: application.ErrDocumentApproved, Says: "reopen"},
		{Name: "what nobody asked for", Given: events{received, filed}, When: cancel("d2"), Err: application.ErrNotRequested},
		{Name: "what is not there", Given: events{received}, When: cancel("d1"), Err: application.ErrUnknownDocument},
	}...)...)
}

// A cancelled request takes no version and no review. It holds S1-51.
func TestACancelledRequestIsOver(t *testing.T) {
	given := behind(answered, cancelled)
	domaintest.Run(t, application.Application.Fold, []row{
		{Name: "no version", Given: given, Err: application.ErrDocumentCancelled, When: func(a application.Application) ([]application.Event, error) {
			return a.Upload("d1", "", []application.File{file("f2")}, by)
		}},
		{Name: "no review", Given: given, Err: application.ErrDocumentCancelled, When: func(a application.Application) ([]application.Event, error) {
			return a.ApproveDocument("d1", 1, none, by)
		}},
		{Name: "its file may go", Given: given, Want: events{versionOne}, When: func(a application.Application) ([]application.Event, error) {
			return a.DeleteVersion("d1", 1, by)
		}},
	}...)
	if got := (application.Application{}).Fold(behind(given, versionOne)...).Documents["d1"].Status; got != application.DocumentIsCancelled {
		t.Errorf("without its file it is %s", got)
	}
}

// TestReopenDocument holds S1-49.
func TestReopenDocument(t *testing.T) {
	reopen := func(version int, reason personal.Text) when {
		return func(a application.Application) ([]application.Event, error) {
			return a.ReopenDocument("d1", version, reason, by)
		}
	}
	wrong := reopen(1, text("wrong page"))
	domaintest.Run(t, application.Application.Fold, append(guarded("reopen", wrong), []row{
		{Name: "what was approved", Given: behind(answered, approved), When: wrong, Want: events{reopened}},
		{Name: "twice", Given: behind(answered, approved, reopened), When: wrong},
		{Name: "what nobody looked at", Given: answered, When: wrong},
		{Name: "what was rejected", Given: behind(answered, blurred), When: wrong, Err: application.ErrNotApproved},
		{Name: "an older version", Given: behind(answered, uploaded(2), approved), When: wrong, Err: application.ErrNotNewestVersion},
		{Name: "for no reason", Given: behind(answered, approved), When: reopen(1, none), Err: application.ErrReasonRequired},
		{Name: "a version can come then", Given: behind(answered, approved, reopened), Want: events{uploaded(2)}, When: func(a application.Application) ([]application.Event, error) {
			return a.Upload("d1", "", []application.File{file("f2")}, by)
		}},
	}...)...)
}

// TestRecategoriseDocument holds S2-29.
func TestRecategoriseDocument(t *testing.T) {
	to := func(document string, category access.Category) when {
		return func(a application.Application) ([]application.Event, error) {
			return a.RecategoriseDocument(document, category, by)
		}
	}
	other := application.DocumentRecategorised{Stamp: by, Document: "d2", From: access.CV, To: access.Certificate}
	domaintest.Run(t, application.Application.Fold, append(guarded("recategorise", to("d2", access.Certificate)), []row{
		{Name: "to another", Given: events{received, filed}, When: to("d2", access.Certificate), Want: events{other}},
		{Name: "to the one it has", Given: events{received, filed}, When: to("d2", access.CV)},
		{Name: "after closing", Given: events{received, filed, rejected}, When: to("d2", access.Certificate), Want: events{other}},
		{Name: "to none", Given: events{received, filed}, When: to("d2", ""), Err: application.ErrCategory},
		{Name: "to the system's", Given: events{received, filed}, When: to("d2", access.Uncategorised), Err: application.ErrCategory},
		{Name: "what is not there", Given: events{received}, When: to("d2", access.CV), Err: application.ErrUnknownDocument},
	}...)...)
}

// TestDeleteVersion holds S1-45.
func TestDeleteVersion(t *testing.T) {
	remove := func(document string, version int) when {
		return func(a application.Application) ([]application.Event, error) {
			return a.DeleteVersion(document, version, by)
		}
	}
	domaintest.Run(t, application.Application.Fold, append(guarded("delete", remove("d1", 1)), []row{
		{Name: "the newest", Given: answered, When: remove("d1", 1), Want: events{versionOne}},
		{Name: "an older one", Given: behind(answered, uploaded(2)), When: remove("d1", 1), Want: events{versionOne}},
		{Name: "an approved one", Given: behind(answered, approved), When: remove("d1", 1), Want: events{versionOne}},
		{Name: "twice", Given: behind(answered, versionOne), When: remove("d1", 1)},
		{Name: "one to come", Given: answered, When: remove("d1", 2), Err: application.ErrUnknownVersion},
		{Name: "version nought", Given: answered, When: remove("d1", 0), Err: application.ErrUnknownVersion},
		{Name: "of what is not there", Given: events{received}, When: remove("d1", 1), Err: application.ErrUnknownDocument},
		{Name: "nothing is left to review", Given: behind(answered, versionOne), Err: application.ErrNothingUploaded, When: func(a application.Application) ([]application.Event, error) {
			return a.ApproveDocument("d1", 1, none, by)
		}},
		{Name: "the next version counts on", Given: behind(answered, versionOne), Want: events{uploaded(2)}, When: func(a application.Application) ([]application.Event, error) {
			return a.Upload("d1", "", []application.File{file("f2")}, by)
		}},
	}...)...)
}

// A request without its newest version is open again; what nobody asked for is
// gone. It holds S1-45.
func TestWithoutItsNewestVersion(t *testing.T) {
	for name, tt := range map[string]struct {
		given    events
		document string
		want     application.DocumentStatus
	}{
		"asked for":                {behind(answered, approved, versionOne), "d1", application.DocumentIsRequested},
		"an older version of that": {behind(answered, uploaded(2), versionOne), "d1", application.DocumentIsUploaded},
		"filed":                    {events{received, filed, application.VersionDeleted{Stamp: by, Document: "d2", Version: 1}}, "d2", application.DocumentIsDeleted},
		"filed again":              {events{received, filed, application.VersionDeleted{Stamp: by, Document: "d2", Version: 1}, secondIn}, "d2", application.DocumentIsUploaded},
	} {
		if got := (application.Application{}).Fold(tt.given...).Documents[tt.document].Status; got != tt.want {
			t.Errorf("%s: it is %s, want %s", name, got, tt.want)
		}
	}
	s := domaintest.By(domain.Member("m2"))
	a := application.Application{}.Fold(behind(answered, uploaded(2), versionOne)...)
	if _, err := a.ApproveDocument("d1", 2, none, s); err != nil {
		t.Errorf("the newest version is still there: %v", err)
	}
}
