package history_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/hirelog/hirelog/commands"
	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/internal/eventlog"
	"github.com/hirelog/hirelog/internal/history"
)

// The profile as of any revision is the fold of everything up to it, whatever
// happened.
func TestProfileIsTheFold(t *testing.T) {
	t.Parallel()
	s := told(t)
	r := rand.New(rand.NewPCG(7, 7))
	for i := range 80 {
		s.somethingHappens(t, r, i)
	}
	var state application.Application
	for rec, err := range s.Memory.ReadStream(t.Context(), "application-"+s.app, 0, eventlog.Forwards) {
		if err != nil {
			t.Fatal(err)
		}
		e, err := application.Codec.Decode(rec.Type, rec.Data)
		if err != nil {
			t.Fatal(err)
		}
		state = state.Fold(e)
		h := s.replay(t, s.Admin, history.AsOf{Revision: &rec.Revision})
		if diff := differs(h.Profile, state); diff != "" {
			t.Fatalf("at %d (%s): %s", rec.Revision, rec.Type, diff)
		}
	}
	if state.Outcome == "" || state.Notes.Len() < 5 || len(state.Documents) < 3 {
		t.Errorf("too little happened: %+v", state)
	}
}

// somethingHappens gives a command that may be refused.
func (s *story) somethingHappens(t *testing.T, r *rand.Rand, i int) {
	t.Helper()
	ctx, by := t.Context(), s.As([]string{s.Admin, s.Recruiter}[r.IntN(2)])
	var notes, documents []string
	h := s.replay(t, s.Admin, history.AsOf{Revision: new(eventlog.Revision(1 << 40))})
	for _, n := range h.Profile.Notes {
		notes = append(notes, n.ID)
	}
	for _, d := range h.Profile.Documents {
		documents = append(documents, d.ID)
	}
	document := documents[r.IntN(len(documents))]
	var err error
	switch n := r.IntN(11); n {
	case 0:
		_, err = s.MoveStage(ctx, by, commands.MoveStage{Application: s.app, To: s.Stages[r.IntN(3)].ID})
	case 1:
		_, err = s.AddTag(ctx, by, commands.AddTag{Application: s.app, Label: fmt.Sprint("tag ", r.IntN(4))})
	case 2:
		_, err = s.RemoveTag(ctx, by, commands.RemoveTag{Application: s.app, Tag: s.tag})
	case 3:
		_, err = s.AddNote(ctx, by, commands.AddNote{Application: s.app, Text: "note", Visible: r.IntN(2) == 0})
	case 4:
		_, err = s.SetNoteVisibility(ctx, by, commands.SetNoteVisibility{Application: s.app, Note: notes[r.IntN(len(notes))], Visible: r.IntN(2) == 0})
	case 5:
		_, err = s.DeleteNote(ctx, by, commands.DeleteNote{Application: s.app, Note: notes[r.IntN(len(notes))]})
	case 6:
		_, err = s.UploadDocument(ctx, by, commands.UploadDocument{Application: s.app, Category: access.CV, Files: []commands.Upload{{Name: "a", Content: strings.NewReader("a")}}})
	case 7:
		_, err = s.ApproveDocument(ctx, by, commands.ReviewDocument{Application: s.app, Document: document, Version: 1, Reason: "fine"})
	case 8:
		_, err = s.RejectDocument(ctx, by, commands.ReviewDocument{Application: s.app, Document: document, Version: 1, Reason: "poor"})
	case 9:
		_, err = s.SetPriority(ctx, by, commands.SetPriority{Application: s.app, Priority: i%2 == 0})
	default:
		if _, err = s.Requalify(ctx, by, commands.Requalify{Application: s.app, Reason: "again"}); i%3 == 0 {
			_, err = s.Disqualify(ctx, s.As(s.Admin), commands.Disqualify{Application: s.app, Kind: application.Withdrawn, Reason: commands.FirstReason("Lost interest")})
		}
	}
	var refused *domain.Refusal
	if err != nil && !errors.As(err, &refused) {
		t.Fatal(err)
	}
}

// differs says in what a profile is not what the fold says.
func differs(p *history.PastProfile, a application.Application) string {
	if p.Stage != a.Stage || p.Outcome != a.Outcome || p.Reason != a.Reason || p.Priority != a.Priority || p.Job != a.Job {
		return fmt.Sprintf("%+v is not %+v", p, a)
	}
	if !slices.Equal(p.Tags, append([]string{}, a.Tags...)) {
		return fmt.Sprintf("tags %v are not %v", p.Tags, a.Tags)
	}
	if len(p.Notes) != a.Notes.Len() || len(p.Documents) != len(a.Documents) || len(p.Comments) != a.Comments.Len() {
		return fmt.Sprintf("%d notes, %d documents, %d comments are not %d, %d, %d", len(p.Notes), len(p.Documents), len(p.Comments), a.Notes.Len(), len(a.Documents), a.Comments.Len())
	}
	for _, n := range p.Notes {
		have, _ := a.Notes.Get(n.ID)
		if have != (application.Note{Author: n.By, Visible: n.Visible, Deleted: n.Deleted}) {
			return fmt.Sprintf("note %+v is not %+v", n, have)
		}
	}
	for _, d := range p.Documents {
		if have := a.Documents[d.ID]; have.Status != d.Status || have.Versions != d.Version || have.Category != d.Category {
			return fmt.Sprintf("document %+v is not %+v", d, have)
		}
	}
	return ""
}
