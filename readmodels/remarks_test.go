package readmodels_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/personal"
	"github.com/hirelog/hirelog/readmodels"
)

// newTalkative is an application about which more was said than a page shows: in
// pairs of the same moment, each second note for the candidate, and the oldest
// note and comment changed since.
func newTalkative(t *testing.T) *eventful {
	t.Helper()
	e := newEventful(t)
	by := domain.Member(e.Admin)
	for i := range readmodels.RemarksShown {
		for k := range 2 {
			text := personal.Plain(fmt.Sprintf("said %d", 2*i+k))
			e.Now = e.Now.Add(-time.Duration(k) * time.Second)
			e.Note(e.id, by, text, k == 1)
			e.Now = e.Now.Add(-time.Second)
			e.Comment(e.id, by, text)
		}
	}
	e.On(e.id, by, func(a application.Application, s domain.Stamp) ([]application.Event, error) {
		return a.EditNote(e.note, e.ID(), e.Text(e.note, e.id, "Bring it"), s)
	})
	e.On(e.id, by, func(a application.Application, s domain.Stamp) ([]application.Event, error) {
		return a.EditComment(e.comment, e.ID(), e.Text(e.comment, e.id, "What do you two think?"), nil, s)
	})
	e.project()
	return e
}

func errOf[T any](_ T, err error) error { return err }

// pages reads a list page by page.
func pages[T any](t *testing.T, limit int, read func(q readmodels.RemarkQuery) ([]T, *string, bool, int, error)) []T {
	t.Helper()
	var all []T
	q := readmodels.RemarkQuery{Limit: limit}
	for {
		items, next, more, total, err := read(q)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, items...)
		if more != (next != nil) || more && len(items) != limit {
			t.Fatalf("a page of %d that goes on: %v, cursor %v", len(items), more, next)
		}
		if !more {
			if total != len(all) {
				t.Errorf("%d of %d are on the pages", len(all), total)
			}
			return all
		}
		q.Cursor = *next
	}
}

// A profile shows the newest notes and comments, and where the others begin; page
// by page there are all of them, each once, whatever the size of the pages.
// It holds S1-55, S2-60.
func TestNotesAndCommentsComeInPages(t *testing.T) {
	t.Parallel()
	e := newTalkative(t)
	core, ctx := e.core, t.Context()
	notes := func(q readmodels.RemarkQuery) ([]readmodels.Note, *string, bool, int, error) {
		p, err := core.Notes(ctx, e.full, e.id, q, e.Now)
		return p.Items, p.NextCursor, p.HasMore, p.Total, err
	}
	comments := func(q readmodels.RemarkQuery) ([]readmodels.Comment, *string, bool, int, error) {
		p, err := core.Comments(ctx, e.full, e.id, q, e.Now)
		return p.Items, p.NextCursor, p.HasMore, p.Total, err
	}
	allNotes, allComments := pages(t, 200, notes), pages(t, 200, comments)
	if len(allNotes) != 3+2*readmodels.RemarksShown || len(allComments) != 1+2*readmodels.RemarksShown {
		t.Fatalf("%d notes and %d comments", len(allNotes), len(allComments))
	}
	for _, limit := range []int{1, 7, readmodels.RemarksShown} {
		if got := pages(t, limit, notes); body(t, got) != body(t, allNotes) {
			t.Errorf("notes in pages of %d: %s", limit, body(t, got))
		}
		if got := pages(t, limit, comments); body(t, got) != body(t, allComments) {
			t.Errorf("comments in pages of %d: %s", limit, body(t, got))
		}
	}
	if n := allNotes[len(allNotes)-1]; n.ID != e.note || plain(n.Text) != "Bring it" || len(n.Earlier) != 1 || plain(n.Earlier[0].Text) != "Please bring your diploma" {
		t.Errorf("the oldest note = %s", body(t, n))
	}
	if c := allComments[len(allComments)-1]; c.ID != e.comment || len(c.Earlier) != 1 || plain(c.Earlier[0].Text) != "What do you think?" || !c.Unread {
		t.Errorf("the oldest comment = %s", body(t, c))
	}

	p := e.profile(e.full, e.id)
	n, m := len(p.Notes), len(p.Comments)
	if n >= len(allNotes) || body(t, p.Notes) != body(t, allNotes[:n]) || *p.NotesTotal != len(allNotes) {
		t.Errorf("the profile has %d notes of %d: %s", n, *p.NotesTotal, body(t, p.Notes))
	}
	if m >= len(allComments) || body(t, p.Comments) != body(t, allComments[:m]) || *p.CommentTotal != len(allComments) || *p.Unread != len(allComments) {
		t.Errorf("the profile has %d comments of %d, %d unread: %s", m, *p.CommentTotal, *p.Unread, body(t, p.Comments))
	}
	if rest, _, _, _, err := notes(readmodels.RemarkQuery{Limit: 200, Cursor: *p.NotesNext}); err != nil || body(t, rest) != body(t, allNotes[n:]) {
		t.Errorf("behind the profile: %s, %v", body(t, rest), err)
	}
	if rest, _, _, _, err := comments(readmodels.RemarkQuery{Limit: 200, Cursor: *p.CommentsNext}); err != nil || body(t, rest) != body(t, allComments[m:]) {
		t.Errorf("behind the profile: %s, %v", body(t, rest), err)
	}
	if p := e.profile(e.docs, e.id); p.NotesTotal != nil || p.NotesNext != nil || p.CommentTotal != nil || p.CommentsNext != nil {
		t.Errorf("without rights: %s", body(t, p))
	}
}

// Pages are for who may view what is on them, and a cursor is of one list.
func TestPagesOfRemarksAreRefused(t *testing.T) {
	t.Parallel()
	e := newTalkative(t)
	_, other := e.Apply(e.job, person("Bo", "Perez", ""))
	e.project()
	core, ctx := e.core, t.Context()
	p := e.profile(e.full, e.id)
	notes, comments := readmodels.RemarkQuery{Cursor: *p.NotesNext}, readmodels.RemarkQuery{Cursor: *p.CommentsNext}
	tracked := readmodels.RemarkQuery{Cursor: *e.tracking(e.candidate, e.id, e.Now).NotesNext}
	for name, c := range map[string]struct {
		err, want error
	}{
		"notes without the right":        {errOf(core.Notes(ctx, e.comments, e.id, readmodels.RemarkQuery{}, e.Now)), readmodels.ErrMayNotView},
		"comments without the right":     {errOf(core.Comments(ctx, e.notes, e.id, readmodels.RemarkQuery{}, e.Now)), readmodels.ErrMayNotView},
		"notes of nobody's":              {errOf(core.Notes(ctx, e.full, e.ID(), readmodels.RemarkQuery{}, e.Now)), readmodels.ErrNotFound},
		"by a stranger":                  {errOf(core.Notes(ctx, e.ID(), e.id, readmodels.RemarkQuery{}, e.Now)), readmodels.ErrNotFound},
		"notes with comments' cursor":    {errOf(core.Notes(ctx, e.full, e.id, comments, e.Now)), readmodels.ErrCursor},
		"notes with the candidate's":     {errOf(core.Notes(ctx, e.full, e.id, tracked, e.Now)), readmodels.ErrCursor},
		"comments with notes' cursor":    {errOf(core.Comments(ctx, e.full, e.id, notes, e.Now)), readmodels.ErrCursor},
		"with another application's":     {errOf(core.Notes(ctx, e.full, other, notes, e.Now)), readmodels.ErrCursor},
		"the candidate with a member's":  {errOf(core.TrackedNotes(ctx, e.candidate, e.id, notes, e.Now)), readmodels.ErrCursor},
		"another candidate":              {errOf(core.TrackedNotes(ctx, e.ID(), e.id, readmodels.RemarkQuery{}, e.Now)), readmodels.ErrNotFound},
		"of a candidate's other":         {errOf(core.TrackedNotes(ctx, e.candidate, other, readmodels.RemarkQuery{}, e.Now)), readmodels.ErrNotFound},
		"a page of more than is allowed": {errOf(core.Notes(ctx, e.full, e.id, readmodels.RemarkQuery{Limit: readmodels.MaxLimit + 1}, e.Now)), readmodels.ErrQuery},
	} {
		if !errors.Is(c.err, c.want) {
			t.Errorf("%s: %v, want %v", name, c.err, c.want)
		}
	}
}

// The candidate has pages, too, of what is for them.
// It holds S1-56..57.
func TestTheCandidatesNotesComeInPages(t *testing.T) {
	t.Parallel()
	e := newTalkative(t)
	read := func(q readmodels.RemarkQuery) ([]readmodels.TrackedNote, *string, bool, int, error) {
		p, err := e.core.TrackedNotes(t.Context(), e.candidate, e.id, q, e.Now)
		return p.Items, p.NextCursor, p.HasMore, p.Total, err
	}
	all := pages(t, 200, read)
	if len(all) != 2+readmodels.RemarksShown || slices.ContainsFunc(all, func(n readmodels.TrackedNote) bool { return n.ID == e.hidden }) {
		t.Fatalf("%d notes: %s", len(all), body(t, all))
	}
	if got := pages(t, 7, read); body(t, got) != body(t, all) {
		t.Errorf("in pages of 7: %s", body(t, got))
	}
	page := e.tracking(e.candidate, e.id, e.Now)
	n := len(page.Notes)
	if n >= len(all) || body(t, page.Notes) != body(t, all[:n]) || page.NotesTotal != len(all) {
		t.Errorf("the page has %d notes of %d: %s", n, page.NotesTotal, body(t, page.Notes))
	}
	if rest, _, _, _, err := read(readmodels.RemarkQuery{Cursor: *page.NotesNext}); err != nil || body(t, rest) != body(t, all[n:]) {
		t.Errorf("behind the page: %s, %v", body(t, rest), err)
	}
}
