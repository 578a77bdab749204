package readmodels_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/organization"
	"github.com/hirelog/hirelog/readmodels"
)

// TestTheCandidatesPage holds S1-13..15.
func TestTheCandidatesPage(t *testing.T) {
	t.Parallel()
	e := newEventful(t)
	e.project()
	page := e.tracking(e.candidate, e.id, e.Now)
	if plain(page.FirstName) != "Ana" || plain(page.LastName) != "Øst" || page.Job != "Go engineer" || page.Position != "Go engineer position" || page.Preview {
		t.Errorf("card = %s", body(t, page))
	}
	if page.Stage != "Interview (public)" || page.Status != application.InProgress {
		t.Errorf("stage and status = %s", body(t, page))
	}
	var notes []string
	for _, n := range page.Notes {
		notes = append(notes, plain(n.Text))
	}
	if want := []string{"I will be late", "Please bring your diploma"}; !slices.Equal(notes, want) || !page.Notes[0].Own || page.Notes[1].Own {
		t.Errorf("notes = %s", body(t, page.Notes))
	}
	if len(page.Documents) != 1 {
		t.Fatalf("documents = %s", body(t, page.Documents))
	}
	d := page.Documents[0]
	if d.ID != e.diploma || plain(d.Title) != "Diploma" || d.Status != application.DocumentIsUploaded || !d.AcceptsUpload || d.RejectionReason != nil || len(d.Uploads) != 2 {
		t.Errorf("document = %s", body(t, d))
	}
	for _, inside := range []string{"Salary", "think", "cv.pdf", "fits well", "Ada", e.Admin, "revision", "changed"} {
		if strings.Contains(body(t, page), inside) {
			t.Errorf("the page says %q: %s", inside, body(t, page))
		}
	}
}

func TestAStageWithoutPublicNameShowsItsOwn(t *testing.T) {
	t.Parallel()
	e := newEventful(t)
	e.Move(e.id, domain.Member(e.Admin), 2, "")
	e.project()
	if got := e.tracking(e.candidate, e.id, e.Now).Stage; got != "Offer" {
		t.Errorf("stage = %q", got)
	}
}

// TestARejectedDocumentSaysWhy holds S1-44.
func TestARejectedDocumentSaysWhy(t *testing.T) {
	t.Parallel()
	e := newEventful(t)
	e.Review(e.id, domain.Member(e.Admin), e.diploma, false, "Blurred")
	e.project()
	if d := e.tracking(e.candidate, e.id, e.Now).Documents[0]; plain(d.RejectionReason) != "Blurred" || !d.AcceptsUpload {
		t.Errorf("document = %s", body(t, d))
	}
	e.Review(e.id, domain.Member(e.Admin), e.diploma, true, "My mistake")
	e.project()
	if d := e.tracking(e.candidate, e.id, e.Now).Documents[0]; d.RejectionReason != nil || d.AcceptsUpload {
		t.Errorf("document = %s", body(t, d))
	}
}

// TestTheCandidateSeesThatANoteWasDeleted holds S1-60.
func TestTheCandidateSeesThatANoteWasDeleted(t *testing.T) {
	t.Parallel()
	e := newEventful(t)
	e.DeleteNote(e.id, domain.Member(e.Admin), e.note)
	e.DeleteNote(e.id, domain.Candidate, e.own)
	e.DeleteNote(e.id, domain.Member(e.Admin), e.hidden)
	e.project()
	notes := e.tracking(e.candidate, e.id, e.Now).Notes
	if len(notes) != 2 || notes[0].ID != e.own || notes[1].ID != e.note {
		t.Fatalf("notes = %s", body(t, notes))
	}
	for _, n := range notes {
		if !n.Deleted || n.Text != nil {
			t.Errorf("note = %s", body(t, n))
		}
	}
}

// TestANoteIsSeenWhileItIsVisible holds S1-56.
func TestANoteIsSeenWhileItIsVisible(t *testing.T) {
	t.Parallel()
	e := newEventful(t)
	for _, visible := range []bool{true, false} {
		e.On(e.id, domain.Member(e.Admin), func(a application.Application, s domain.Stamp) ([]application.Event, error) {
			return a.SetNoteVisibility(e.hidden, visible, true, s)
		})
		e.project()
		seen := slices.ContainsFunc(e.tracking(e.candidate, e.id, e.Now).Notes, func(n readmodels.TrackedNote) bool { return n.ID == e.hidden })
		if seen != visible {
			t.Errorf("seen %v, visible %v", seen, visible)
		}
	}
}

// Until it is disclosed, a rejection changes nothing on the page.
// It holds S1-16..20 and S1-21.
func TestARejectionShowsWhenItIsDisclosed(t *testing.T) {
	t.Parallel()
	e := newEventful(t)
	e.project()
	now := e.Now
	before := body(t, e.tracking(e.candidate, e.id, now))
	e.Disqualify(e.id, domain.Member(e.Admin), application.Rejected, e.Reject, "too junior")
	disclosed := e.Now.Add(24 * time.Hour)
	e.project()
	if after := body(t, e.tracking(e.candidate, e.id, disclosed.Add(-time.Microsecond))); after != before {
		t.Errorf("before it is disclosed the page is\n%s\nwas\n%s", after, before)
	}
	page := e.tracking(e.candidate, e.id, disclosed)
	if page.Status != application.Rejected || page.Documents[0].AcceptsUpload {
		t.Errorf("page = %s", body(t, page))
	}
	for _, inside := range []string{"junior", "experience", e.Reject} {
		if strings.Contains(body(t, page), inside) {
			t.Errorf("the page says %q", inside)
		}
	}
	list, err := e.core.TrackedApplications(t.Context(), e.candidate, disclosed.Add(-time.Second))
	if err != nil || len(list) != 1 || list[0].Status != application.InProgress || list[0].Stage != "Interview (public)" {
		t.Errorf("list = %s, %v", body(t, list), err)
	}
}

// TestAWithdrawalShowsAtOnce holds S1-19.
func TestAWithdrawalShowsAtOnce(t *testing.T) {
	t.Parallel()
	e := newEventful(t)
	e.Disqualify(e.id, domain.Candidate, application.Withdrawn, e.Decline, "")
	e.project()
	if got := e.tracking(e.candidate, e.id, e.Now).Status; got != application.Withdrawn {
		t.Errorf("status = %s", got)
	}
}

// TestCandidatesSeeTheirOwnOnly holds S1-08.
func TestCandidatesSeeTheirOwnOnly(t *testing.T) {
	t.Parallel()
	e := newEventful(t)
	other, theirs := e.Apply(e.job, person("Bo", "Perez", ""))
	e.Receive(e.candidate, e.ID(), e.openJob("Second"))
	e.project()
	for name, ask := range map[string][2]string{
		"another's": {e.candidate, theirs}, "as another": {other, e.id}, "unknown": {e.candidate, e.ID()},
		"nobody's": {readmodels.Nobody(), e.id}, "no id": {"x", e.id},
	} {
		_, err := e.core.Tracking(t.Context(), ask[0], ask[1], e.Now)
		if err == nil {
			t.Errorf("%s page is shown", name)
			continue
		}
		wantRefusal(t, err, readmodels.ErrNotFound)
	}
	list, err := e.core.TrackedApplications(t.Context(), e.candidate, e.Now)
	if err != nil || len(list) != 2 || list[0].Job != "Second" || list[1].ID != e.id {
		t.Errorf("list = %s, %v", body(t, list), err)
	}
}

// The files of an application that went on as another one are read with that, by
// either's address, and no longer than that (S1-64, H8).
func TestFilesOfATransferredApplication(t *testing.T) {
	t.Parallel()
	e := newEventful(t)
	next := e.Transfer(e.id, domain.Member(e.Admin), e.openJob("Second"))
	third := e.ID()
	e.Receive(e.candidate, third, e.openJob("Third"))
	e.Disqualify(next, domain.Member(e.Admin), application.Rejected, e.Reject, "")
	e.project()
	read := func(of string, at time.Time, want error) {
		t.Helper()
		if _, err := e.core.CandidateFile(t.Context(), e.candidate, of, e.diplomaFile, at); !errors.Is(err, want) {
			t.Errorf("%v, want %v", err, want)
		}
	}
	read(e.id, e.Now, nil)
	read(next, e.Now, nil)
	read(third, e.Now, readmodels.ErrNotFound)
	over := e.Now.AddDate(0, 0, 92) // disclosed after a day, readable for 90
	read(e.id, over, readmodels.ErrNotFound)
	read(next, over, readmodels.ErrNotFound)
}

// An application whose person is not known belongs to nobody.
func TestNobodyHasNoApplications(t *testing.T) {
	t.Parallel()
	e := newEventful(t)
	e.Disqualify(e.id, domain.Member(e.Admin), application.Rejected, e.Reject, "")
	e.Anonymise(e.id, domain.Member(e.Admin))
	e.project()
	_, err := e.core.TrackedApplications(t.Context(), readmodels.Nobody(), e.Now)
	wantRefusal(t, err, readmodels.ErrNotFound)
	_, err = e.core.Tracking(t.Context(), readmodels.Nobody(), e.id, e.Now)
	wantRefusal(t, err, readmodels.ErrNotFound)
}

// TestOffMeansAbsent holds S1-01, 05 and S1-02.
func TestOffMeansAbsent(t *testing.T) {
	t.Parallel()
	e := newEventful(t)
	set := func(on bool) {
		e.Settings(organization.SettingsChange{SelfTracking: &on})
		e.project()
	}
	set(false)
	_, page := e.core.Tracking(t.Context(), e.candidate, e.id, e.Now)
	_, list := e.core.TrackedApplications(t.Context(), e.candidate, e.Now)
	_, file := e.core.CandidateFile(t.Context(), e.candidate, e.id, e.diplomaFile, e.Now)
	_, preview := e.core.TrackingPreview(t.Context(), e.full, e.id, e.Now)
	for _, err := range []error{page, list, file, preview} {
		wantRefusal(t, err, readmodels.ErrNotFound)
	}
	set(true)
	if got := e.tracking(e.candidate, e.id, e.Now); len(got.Notes) != 2 || len(got.Documents) != 1 {
		t.Errorf("on again: %s", body(t, got))
	}
}

// A preview is the candidate's page with the rights of the one who looks.
// It holds S1-10.
func TestPreview(t *testing.T) {
	t.Parallel()
	e := newEventful(t)
	e.project()
	preview := func(member string) readmodels.Tracking {
		t.Helper()
		page, err := e.core.TrackingPreview(t.Context(), member, e.id, e.Now)
		if err != nil {
			t.Fatal(err)
		}
		return page
	}
	full, own := preview(e.full), e.tracking(e.candidate, e.id, e.Now)
	own.Preview = true
	if body(t, full) != body(t, own) {
		t.Errorf("preview\n%s\nthe candidate's page\n%s", body(t, full), body(t, own))
	}
	if p := preview(e.lists); len(p.Notes) != 0 || len(p.Documents) != 0 || plain(p.FirstName) != "Ana" {
		t.Errorf("without rights to notes and documents: %s", body(t, p))
	}
	if p := preview(e.docs); len(p.Notes) != 0 || len(p.Documents) != 1 {
		t.Errorf("with certificates: %s", body(t, p))
	}
	if p := preview(e.auditor); p.FirstName != nil || p.LastName != nil {
		t.Errorf("masked: %s", body(t, p))
	}
	_, err := e.core.TrackingPreview(t.Context(), e.Member(access.Recruiting, "Not of the team"), e.id, e.Now)
	wantRefusal(t, err, readmodels.ErrNotFound)
}
