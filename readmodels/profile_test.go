package readmodels_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/job"
	"github.com/hirelog/hirelog/readmodels"
	"github.com/hirelog/hirelog/readmodels/historytest"
)

// eventful is an application to which everything happened.
type eventful struct {
	*fixture
	job, candidate, id                 string
	note, hidden, own, comment         string
	diploma, diplomaFile, cv, cvFile   string
	full, lists, notes, comments, docs string // members of the team by what they may view
	auditor                            string
}

func newEventful(t *testing.T) *eventful {
	t.Helper()
	f := newFixture(t)
	e := &eventful{fixture: f}
	certificates := f.Role("Certificates", access.Role{
		Areas: map[access.Area]access.Level{access.Application: access.View}, Documents: map[access.Category]access.Level{access.Certificate: access.View},
	})
	var team []job.TeamMember
	for _, m := range []struct {
		to   *string
		role string
	}{
		{&e.full, f.Full},
		{&e.lists, f.Lists},
		{&e.docs, certificates},
		{&e.notes, f.roleOf("Notes", access.Application, access.Notes)},
		{&e.comments, f.roleOf("Comments", access.Application, access.Comments, access.Decision, access.Profile)},
	} {
		*m.to = f.Member(access.Recruiting, "Member of the team")
		team = append(team, job.TeamMember{Member: *m.to, Role: m.role})
	}
	e.auditor = f.Member(access.Auditor, "Otto")
	e.job = f.openJob("Go engineer", team...)
	by := domain.Member(f.Admin)
	d := person("Ana", "Øst", "ana@example.org")
	d.Phone = "+45 1"
	e.candidate, e.id = f.Apply(e.job, d)
	f.Move(e.id, by, 1, "fits well")
	f.addTag(e.id, f.TagIDs[0])
	e.note = f.Note(e.id, by, "Please bring your diploma", true)
	e.hidden = f.Note(e.id, by, "Salary is a problem", false)
	e.own = f.Note(e.id, domain.Candidate, "I will be late", true)
	e.comment = f.Comment(e.id, by, "What do you think?", e.full)
	e.diploma = f.Request(e.id, by, "Diploma", access.Certificate)
	_, _ = f.Upload(e.id, domain.Candidate, e.diploma, "", "old-diploma.pdf")
	f.Review(e.id, by, e.diploma, false, "Not readable")
	_, e.diplomaFile = f.Upload(e.id, domain.Candidate, e.diploma, "", "diploma.pdf")
	e.cv, e.cvFile = f.Upload(e.id, by, "", access.CV, "cv.pdf")
	return e
}

func TestProfile(t *testing.T) {
	t.Parallel()
	e := newEventful(t)
	e.Disqualify(e.id, domain.Member(e.Admin), application.Rejected, e.Reject, "too junior")
	decided := e.Now
	e.Review(e.id, domain.Member(e.Admin), e.diploma, false, "Blurred")
	e.project()
	p := e.profile(e.full, e.id)

	if plain(p.FirstName) != "Ana" || plain(p.LastName) != "Øst" || plain(p.Email) != "ana@example.org" || p.Revision != 13 {
		t.Errorf("header = %s", body(t, p))
	}
	if p.Job.Title != "Go engineer" || p.Job.Position != "Go engineer position" || len(p.Job.Stages) != 3 || p.Stage.Name != "Interview" {
		t.Errorf("job = %s, stage = %s", body(t, p.Job), body(t, p.Stage))
	}
	if p.Outcome != application.Rejected || p.Reason.Label != "Not enough experience" || p.Reason.Kind != "we" || !p.DiscloseAt.Equal(decided.AddDate(0, 0, 1)) {
		t.Errorf("outcome = %s", body(t, p))
	}
	if len(p.Tags) != 1 || p.Tags[0].Label != "Go" || plain(p.Owner.Name) != "Ada" || p.Source != "web" {
		t.Errorf("tags and owner = %s", body(t, p))
	}
	if p.Candidate == nil || p.Candidate.ID != e.candidate || plain(p.Candidate.Phone) != "+45 1" {
		t.Errorf("candidate = %s", body(t, p.Candidate))
	}
	if p.Rights.Areas[access.Notes] != access.Edit || p.Rights.Documents[access.CV] != access.Edit || p.Rights.Manager {
		t.Errorf("rights = %s", body(t, p.Rights))
	}
	var notes []string
	for _, n := range p.Notes {
		notes = append(notes, n.By.Kind+": "+plain(n.Text))
	}
	if want := []string{"candidate: I will be late", "member: Salary is a problem", "member: Please bring your diploma"}; !slices.Equal(notes, want) {
		t.Errorf("notes = %v, want %v", notes, want)
	}
	if n := p.Notes[2]; !n.Visible || n.Stage.Name != "Interview" || plain(n.By.Name) != "Ada" || p.Notes[1].Visible {
		t.Errorf("note = %s", body(t, n))
	}
	if len(p.Comments) != 1 || plain(p.Comments[0].Text) != "What do you think?" || plain(p.Comments[0].Mentions[0].Name) != "Member of the team" {
		t.Errorf("comments = %s", body(t, p.Comments))
	}
}

// Every version stays, with its files and all that was said about it.
// It holds S1-49.
func TestDocumentsKeepTheirVersions(t *testing.T) {
	t.Parallel()
	e := newEventful(t)
	by := domain.Member(e.Admin)
	e.Review(e.id, by, e.diploma, false, "Blurred")
	e.Review(e.id, by, e.diploma, true, "My mistake")
	e.project()
	documents := e.profile(e.full, e.id).Documents
	if len(documents) != 2 || documents[0].ID != e.cv || documents[1].ID != e.diploma {
		t.Fatalf("documents = %s", body(t, documents))
	}
	cv, d := documents[0], documents[1]
	if cv.Title != nil || cv.RequestedAt != nil || cv.Status != application.DocumentIsUploaded || cv.Category != access.CV || plain(cv.Versions[0].Files[0].Name) != "cv.pdf" {
		t.Errorf("filed document = %s", body(t, cv))
	}
	if d.Status != application.DocumentIsApproved || plain(d.Title) != "Diploma" || d.Description != nil || *d.MaxFiles != 1 || *d.MaxBytes != 20<<20 || plain(d.RequestedBy.Name) != "Ada" {
		t.Errorf("document = %s", body(t, d))
	}
	if plain(d.Reason) != "My mistake" || plain(d.ReviewedBy.Name) != "Ada" || d.Late {
		t.Errorf("last review = %s", body(t, d))
	}
	var said []string
	for _, v := range d.Versions {
		for _, f := range v.Files {
			said = append(said, plain(f.Name))
		}
		for _, r := range v.Reviews {
			said = append(said, string(r.Status)+": "+plain(r.Reason))
		}
	}
	if want := []string{"diploma.pdf", "approved: My mistake", "rejected: Blurred", "old-diploma.pdf", "rejected: Not readable"}; !slices.Equal(said, want) {
		t.Errorf("said %v, want %v", said, want)
	}
}

// Each part needs its own right.
func TestAProfileHoldsOnlyWhatTheViewerMaySee(t *testing.T) {
	t.Parallel()
	e := newEventful(t)
	e.project()
	for _, c := range []struct {
		who, member                      string
		notes, comments, tags, candidate bool
		documents                        []string
	}{
		{"full", e.full, true, true, true, true, []string{e.cv, e.diploma}},
		{"list", e.lists, false, false, false, false, nil},
		{"notes", e.notes, true, false, false, false, nil},
		{"comments", e.comments, false, true, false, true, nil},
		{"certificates", e.docs, false, false, false, false, []string{e.diploma}},
		{"auditor", e.auditor, false, false, false, false, nil},
	} {
		p := e.profile(c.member, e.id)
		if (p.Notes != nil) != c.notes || (p.Comments != nil) != c.comments || (p.Tags != nil) != c.tags || (p.Candidate != nil) != c.candidate {
			t.Errorf("%s: %s", c.who, body(t, p))
		}
		var documents []string
		for _, d := range p.Documents {
			documents = append(documents, d.ID)
		}
		if !slices.Equal(documents, c.documents) {
			t.Errorf("%s sees documents %v, want %v", c.who, documents, c.documents)
		}
	}
}

// To an auditor, no personal field says anything.
func TestAMaskedProfile(t *testing.T) {
	t.Parallel()
	e := newEventful(t)
	e.Receive(e.candidate, e.ID(), e.openJob("Another job"))
	e.project()
	p := e.profile(e.auditor, e.id)
	if !p.Masked || p.Outcome != application.InProgress || p.Stage.Name != "Interview" || p.Job.Title != "Go engineer" {
		t.Errorf("profile = %s", body(t, p))
	}
	page, err := e.core.Timeline(t.Context(), e.auditor, e.id, readmodels.TimelineQuery{}, e.Now)
	if err != nil || !page.Masked || len(page.Items) != 2 { // received, moved
		t.Errorf("timeline = %s, %v", body(t, page), err)
	}
	all := body(t, p) + body(t, page)
	for _, personal := range []string{"Ana", "Øst", "example.org", "+45", "Ada", "diploma", "Diploma", "fits well", "Another job", e.candidate} {
		if strings.Contains(all, personal) {
			t.Errorf("a masked answer says %q", personal)
		}
	}
}

// TestOtherApplicationsOfThePerson holds S2-05.
func TestOtherApplicationsOfThePerson(t *testing.T) {
	t.Parallel()
	e := newEventful(t)
	theirs := e.openJob("Theirs", job.TeamMember{Member: e.full, Role: e.Lists})
	secret := e.Job("Secret", true, []string{"Received"}, e.withManager(nil)...)
	hidden := e.openJob("Hidden")
	open, closed, rest := e.ID(), e.ID(), e.ID()
	e.Receive(e.candidate, open, theirs)
	e.Receive(e.candidate, closed, secret)
	e.Disqualify(closed, domain.Member(e.Admin), application.Withdrawn, e.Decline, "")
	e.project()

	p := e.profile(e.full, e.id)
	if len(p.Others) != 1 || p.Others[0].ID != open || p.Others[0].Job.Title != "Theirs" || p.Others[0].Stage.Name != "Received" || p.OthersHidden {
		t.Errorf("others = %s, hidden %v: a confidential job must not show at all", body(t, p.Others), p.OthersHidden)
	}
	e.Receive(e.candidate, rest, hidden)
	e.project()
	if p := e.profile(e.full, e.id); len(p.Others) != 1 || !p.OthersHidden {
		t.Errorf("others = %s, hidden %v", body(t, p.Others), p.OthersHidden)
	}
	if p := e.profile(e.Admin, e.id); len(p.Others) != 3 || p.OthersHidden || p.Others[1].Reason.Label != "Took another offer" {
		t.Errorf("to an admin: others = %s, hidden %v", body(t, p.Others), p.OthersHidden)
	}
}

// TestFilesNeedTheCategorysRight holds S2-31.
func TestFilesNeedTheCategorysRight(t *testing.T) {
	t.Parallel()
	e := newEventful(t)
	e.project()
	for _, c := range []struct {
		who, member string
		diploma, cv bool
	}{{"full", e.full, true, true}, {"list", e.lists, false, false}, {"certificates", e.docs, true, false}, {"auditor", e.auditor, false, false}} {
		for file, may := range map[string]bool{e.diplomaFile: c.diploma, e.cvFile: c.cv} {
			got, err := e.core.File(t.Context(), c.member, file, e.Now)
			if !may {
				wantRefusal(t, err, readmodels.ErrNotFound)
				continue
			}
			if err != nil || got.ID != file || got.ApplicationID != e.id || got.Size != 1000 || got.Name == nil {
				t.Errorf("%s: file = %s, %v", c.who, body(t, got), err)
			}
		}
	}
	if _, err := e.core.CandidateFile(t.Context(), e.candidate, e.id, e.diplomaFile, e.Now); err != nil {
		t.Errorf("the candidate's own upload: %v", err)
	}
	for name, ask := range map[string][3]string{
		"a member's": {e.candidate, e.id, e.cvFile}, "another person's": {e.ID(), e.id, e.diplomaFile}, "no": {e.candidate, e.id, e.ID()},
		"another application's": {e.candidate, e.ID(), e.diplomaFile},
	} {
		_, err := e.core.CandidateFile(t.Context(), ask[0], ask[1], ask[2], e.Now)
		if err == nil {
			t.Errorf("the candidate reads %s file", name)
			continue
		}
		wantRefusal(t, err, readmodels.ErrNotFound)
	}
}

// TestTimeline holds S2-13..14.
func TestTimeline(t *testing.T) {
	t.Parallel()
	e := newEventful(t)
	by := domain.Member(e.Admin)
	e.Disqualify(e.id, by, application.Rejected, e.Reject, "too junior")
	e.On(e.id, by, func(a application.Application, s domain.Stamp) ([]application.Event, error) {
		return a.Requalify(e.Text(e.id, e.id, "wrong button"), s)
	})
	e.DeleteNote(e.id, by, e.hidden)
	e.project()
	story := func(member string) []string {
		var told []string
		for _, entry := range e.timeline(member, e.id) {
			told = append(told, string(entry.Kind)+": "+plain(entry.Text))
		}
		return told
	}
	const none = ": <nil>"
	documents := []string{"document_uploaded" + none, "document_uploaded" + none, "document_rejected: Not readable", "document_uploaded" + none, "document_requested" + none}
	notes := []string{"note_added: I will be late", "note_added" + none, "note_added: Please bring your diploma"}
	for _, c := range []struct {
		who, member string
		want        []string
	}{
		{"full", e.full, slices.Concat(
			[]string{"note_deleted" + none, "requalified: wrong button", "disqualified: too junior"}, documents,
			[]string{"comment_added: What do you think?"}, notes, []string{"tag_added" + none, "stage_moved: fits well", "received" + none})},
		{"list", e.lists, []string{"requalified" + none, "disqualified" + none, "stage_moved: fits well", "received" + none}},
		{"notes", e.notes, slices.Concat(
			[]string{"note_deleted" + none, "requalified" + none, "disqualified" + none}, notes, []string{"stage_moved: fits well", "received" + none})},
		{"comments", e.comments, []string{"requalified: wrong button", "disqualified: too junior", "comment_added: What do you think?", "stage_moved: fits well", "received" + none}},
		{"certificates", e.docs, slices.Concat(
			[]string{"requalified" + none, "disqualified" + none}, documents[1:], []string{"stage_moved: fits well", "received" + none})},
	} {
		if got := story(c.member); !slices.Equal(got, c.want) {
			t.Errorf("%s reads\n%s\nwant\n%s", c.who, strings.Join(got, "\n"), strings.Join(c.want, "\n"))
		}
	}
	e.checkEntries()
}

// checkEntries looks at what some entries say besides their texts.
func (e *eventful) checkEntries() {
	e.t.Helper()
	byKind := map[readmodels.EntryKind]readmodels.TimelineEntry{}
	for _, entry := range e.timeline(e.full, e.id) {
		byKind[entry.Kind] = entry // the oldest stays
	}
	if m := byKind[readmodels.EntryStageMoved]; m.FromStage.Name != "Received" || m.ToStage.Name != "Interview" || plain(m.By.Name) != "Ada" || m.Revision != 1 || m.Position == "" {
		e.t.Errorf("move = %s", body(e.t, m))
	}
	if d := byKind[readmodels.EntryDisqualified]; *d.Outcome != application.Rejected || d.Reason.Label != "Not enough experience" || d.DiscloseAt == nil {
		e.t.Errorf("disqualification = %s", body(e.t, d))
	}
	if r := byKind[readmodels.EntryReceived]; *r.Source != "web" || r.Owner.ID != e.Admin || r.ToStage.Name != "Received" {
		e.t.Errorf("received = %s", body(e.t, r))
	}
	if u := byKind[readmodels.EntryDocumentUploaded]; u.Document.ID != e.diploma || plain(u.Document.Title) != "Diploma" || *u.Document.Version != 1 || *u.Document.Files != 1 || u.By.Kind != "candidate" {
		e.t.Errorf("upload = %s", body(e.t, u))
	}
	if a := byKind[readmodels.EntryTagAdded]; a.Tag.Label != "Go" {
		e.t.Errorf("tag = %s", body(e.t, a))
	}
	if n := byKind[readmodels.EntryNoteAdded]; *n.NoteID != e.note || !*n.Visible {
		e.t.Errorf("note = %s", body(e.t, n))
	}
	if c := byKind[readmodels.EntryCommentAdded]; *c.CommentID != e.comment || c.Mentions[0].ID != e.full {
		e.t.Errorf("comment = %s", body(e.t, c))
	}
}

func TestTimelinePages(t *testing.T) {
	t.Parallel()
	e := newEventful(t)
	_, other := e.Apply(e.job, person("Bo", "Perez", ""))
	e.project()
	var want, got []string
	for _, entry := range e.timeline(e.notes, e.id) {
		want = append(want, entry.ID)
	}
	q := readmodels.TimelineQuery{Limit: 2}
	for {
		page, err := e.core.Timeline(t.Context(), e.notes, e.id, q, e.Now)
		if err != nil {
			t.Fatal(err)
		}
		for _, entry := range page.Items {
			got = append(got, entry.ID)
		}
		if !page.HasMore {
			break
		}
		q.Cursor = *page.NextCursor
	}
	if !slices.Equal(got, want) || len(want) != 5 {
		t.Errorf("pages hold %v, the whole timeline %v", got, want)
	}
	_, err := e.core.Timeline(t.Context(), e.notes, other, q, e.Now)
	wantRefusal(t, err, readmodels.ErrCursor)
	_, err = e.core.Timeline(t.Context(), e.notes, e.id, readmodels.TimelineQuery{Limit: 1000}, e.Now)
	wantRefusal(t, err, readmodels.ErrQuery)
}

// After a note is deleted and after the application is anonymised, queries
// still answer, with what was erased left out.
// It holds S2-94 and E8.
func TestErasedReadsAsErased(t *testing.T) {
	t.Parallel()
	e := newEventful(t)
	by := domain.Member(e.Admin)
	e.DeleteNote(e.id, by, e.note)
	e.project()
	p := e.profile(e.full, e.id)
	if n := p.Notes[2]; n.Text != nil || !n.Deleted || n.DeletedAt == nil || plain(n.DeletedBy.Name) != "Ada" {
		t.Errorf("deleted note = %s", body(t, n))
	}
	if plain(p.Notes[0].Text) != "I will be late" {
		t.Errorf("the other note = %s", body(t, p.Notes[0]))
	}

	e.Disqualify(e.id, by, application.Rejected, e.Reject, "too junior")
	e.Anonymise(e.id, by)
	e.project()
	p = e.profile(e.full, e.id)
	if !p.Anonymised || p.Candidate != nil || len(p.Tags) != 0 || p.Reason.Label != "Not enough experience" || p.Source != "web" || len(p.Notes) != 3 || len(p.Documents) != 2 {
		t.Errorf("profile = %s", body(t, p))
	}
	page := e.list(e.full, readmodels.ListQuery{})
	if len(page.Items) != 1 || !page.Items[0].Anonymised || page.Items[0].CandidateID != nil {
		t.Errorf("list = %s", body(t, page))
	}
	if found := e.list(e.full, readmodels.ListQuery{Text: "ana"}); len(found.Items) != 0 {
		t.Errorf("search still finds %s", body(t, found))
	}
	if sorted := e.list(e.full, readmodels.ListQuery{Sort: readmodels.ByName}); len(sorted.Items) != 1 {
		t.Errorf("sorted by name: %s", body(t, sorted))
	}
	entries := e.timeline(e.full, e.id)
	if entries[0].Kind != readmodels.EntryAnonymised || len(entries) != 15 {
		t.Errorf("timeline = %s", body(t, entries))
	}
	all := body(t, p) + body(t, page) + body(t, entries)
	for _, gone := range []string{"Ana", "Øst", "example.org", "+45", "diploma", "Diploma", "will be", "junior", "fits well", "think", "readable", `"Go"`} {
		if strings.Contains(all, gone) {
			t.Errorf("an answer still says %q", gone)
		}
	}
	_, err := e.core.Tracking(t.Context(), e.candidate, e.id, e.Now)
	wantRefusal(t, err, readmodels.ErrNotFound)
}

// Between the destruction of the keys and the events that tell of it, rows
// still hold what is sealed; it reads as erased all the same.
func TestErasedReadsAsErasedBeforeItsEvent(t *testing.T) {
	t.Parallel()
	e := newEventful(t)
	e.project()
	if _, err := e.Vault.Erase(t.Context(), historytest.Erasure(e.id)); err != nil {
		t.Fatal(err)
	}
	p := e.profile(e.full, e.id)
	if p.FirstName != nil || p.Notes[0].Text != nil || p.Comments[0].Text != nil || p.Documents[1].Title != nil || p.Documents[0].Versions[0].Files[0].Name != nil {
		t.Errorf("profile = %s", body(t, p))
	}
	if got := e.list(e.full, readmodels.ListQuery{}).Items[0]; got.FirstName != nil || got.Email != nil {
		t.Errorf("row = %s", body(t, got))
	}
	for _, entry := range e.timeline(e.full, e.id) {
		if entry.Text != nil {
			t.Errorf("entry = %s", body(t, entry))
		}
	}
}
