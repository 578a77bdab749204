package readmodels_test

import (
	"slices"
	"testing"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/job"
	"github.com/hirelog/hirelog/domain/member"
	"github.com/hirelog/hirelog/domain/organization"
	"github.com/hirelog/hirelog/domain/personal"
	"github.com/hirelog/hirelog/readmodels"
	"github.com/hirelog/hirelog/readmodels/historytest"
)

func (f *fixture) inbox(id string) readmodels.InboxPage {
	f.t.Helper()
	page, err := f.core.Inbox(f.t.Context(), id, readmodels.InboxQuery{}, f.Now)
	if err != nil {
		f.t.Fatal(err)
	}
	return page
}

// told says what a member is told, newest first.
func (f *fixture) told(id string) (kinds []readmodels.NoticeKind) {
	f.t.Helper()
	for _, n := range f.inbox(id).Items {
		kinds = append(kinds, n.Kind)
	}
	return kinds
}

// TestACandidatesNoteTellsManagers holds S1-58: the recruitment managers and the
// managers of the stage the application is in, each once, whatever the role's
// settings; by who they were then. It also holds S1-50 for the upload.
func TestACandidatesNoteTellsManagers(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	notes := f.Role("Notes", access.Role{Areas: map[access.Area]access.Level{access.Application: access.View, access.Notes: access.View}})
	names := []personal.Plain{"Both", "Interviews", "Offers", "Onlooker", "Later"}
	ids := make([]string, len(names))
	for i, name := range names {
		ids[i] = f.Member(access.Recruiting, name)
	}
	both, interviews, offers, onlooker, later := ids[0], ids[1], ids[2], ids[3], ids[4]
	jobID := f.openJob("Pilot")
	team := []job.TeamMember{
		{Member: f.Admin, Role: f.Full, Manager: true},
		{Member: both, Role: notes, Manager: true, Stages: []string{historytest.StageID(jobID, 1)}},
		{Member: interviews, Role: notes, Stages: []string{historytest.StageID(jobID, 1)}},
		{Member: offers, Role: notes, Stages: []string{historytest.StageID(jobID, 2)}},
		{Member: onlooker, Role: notes},
	}
	setTeam := func(team []job.TeamMember) {
		f.ChangeJob(jobID, func(j job.Job, s domain.Stamp) ([]job.Event, error) { return j.ChangeTeam(team, s) })
	}
	setTeam(team)
	_, id := f.Apply(jobID, person("Ana", "Øst", "ana@example.org"))
	f.Move(id, domain.Member(f.Admin), 1, "")
	note := f.Note(id, domain.Candidate, "I will be late", true)
	f.Note(id, domain.Member(f.Admin), "Never mind", true)
	diploma := f.Request(id, domain.Member(onlooker), "Diploma", access.Certificate)
	setTeam(append(slices.Clone(team), job.TeamMember{Member: later, Role: notes, Manager: true}))
	f.Upload(id, domain.Candidate, diploma, access.Certificate, "diploma.pdf")
	f.project()

	one := []readmodels.NoticeKind{readmodels.NoticeCandidateNote}
	for who, want := range map[string][]readmodels.NoticeKind{
		f.Admin: {readmodels.NoticeDocumentUploaded, readmodels.NoticeCandidateNote},
		both:    one, interviews: one, offers: nil, onlooker: nil, later: nil, // none of them may view certificates
	} {
		if got := f.told(who); !slices.Equal(got, want) {
			t.Errorf("member %d is told %v, want %v", slices.Index(ids, who), got, want)
		}
	}
	if n := f.inbox(both).Items[0]; n.NoteID == nil || *n.NoteID != note || n.By.Kind != "candidate" || n.Application == nil || *n.Application != id || n.Job.Title != "Pilot" || !n.Unread {
		t.Errorf("notice = %s", body(t, n))
	}

	// Rights are those of today, recipients those of then.
	f.Organize(func(o organization.Organization, s domain.Stamp) ([]organization.Event, error) {
		return o.DefineRole(notes, "Notes", access.Role{
			Areas:     map[access.Area]access.Level{access.Application: access.View},
			Documents: map[access.Category]access.Level{access.Certificate: access.View},
		}, nil, s)
	})
	f.project()
	uploaded := []readmodels.NoticeKind{readmodels.NoticeDocumentUploaded}
	for who, want := range map[string][]readmodels.NoticeKind{both: uploaded, interviews: nil, onlooker: uploaded, later: uploaded} {
		if got := f.told(who); !slices.Equal(got, want) {
			t.Errorf("member %d is told %v with other rights, want %v", slices.Index(ids, who), got, want)
		}
	}

	// A deleted note is not told of any more, nor is anything of an erased application.
	f.DeleteNote(id, domain.Candidate, note)
	f.project()
	if got := f.told(f.Admin); !slices.Equal(got, uploaded) {
		t.Errorf("after the note was deleted: %v", got)
	}
	f.Disqualify(id, domain.Member(f.Admin), "rejected", f.Reject, "")
	f.Anonymise(id, domain.Member(f.Admin))
	f.project()
	if got := f.told(f.Admin); len(got) != 0 {
		t.Errorf("after the application was anonymised: %v", got)
	}
}

// What was read stays read, and a notice that is not theirs moves nothing.
func TestReadingMovesForward(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	jobID := f.openJob("Pilot")
	_, id := f.Apply(jobID, person("Ana", "Øst", "ana@example.org"))
	for range 3 {
		f.Note(id, domain.Candidate, "hello", true)
	}
	f.project()
	first := f.inbox(f.Admin)
	read := func(i int) {
		f.ChangeMember(f.Admin, func(m member.Member, s domain.Stamp) ([]member.Event, error) {
			s.By = domain.Member(f.Admin)
			return m.ReadInbox(f.Admin, first.Items[i].ID, s)
		})
		f.project()
	}
	if len(first.Items) != 3 || first.Unread != 3 {
		t.Fatalf("inbox = %s", body(t, first))
	}
	for _, step := range []struct{ through, unread int }{{1, 1}, {2, 1}, {0, 0}, {1, 0}} {
		read(step.through)
		if got := f.inbox(f.Admin).Unread; got != step.unread {
			t.Errorf("read through %d: %d unread, want %d", step.through, got, step.unread)
		}
	}
	stranger := f.ID()
	if _, err := f.core.Inbox(t.Context(), stranger, readmodels.InboxQuery{}, f.Now); err == nil {
		t.Error("a stranger has an inbox")
	}
}
