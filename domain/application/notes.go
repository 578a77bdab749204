package application

import (
	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/personal"
)

// Note is what decisions about a note need. A deleted one stays known, so that
// it cannot come back.
type Note struct {
	Author  domain.Actor
	Visible bool // to the candidate
	Deleted bool
	Edit    string // the last one
}

// The rules that refuse.
var (
	ErrUnknownNote   = &domain.Refusal{Kind: domain.Absent, Code: "unknown_note", Message: "The application has no such note."}
	ErrNotYourNote   = &domain.Refusal{Kind: domain.Denied, Code: "not_your_note", Message: "Only its author or a recruitment manager may change the note."}
	ErrCandidateNote = &domain.Refusal{Kind: domain.Illegal, Code: "candidate_note", Message: "A candidate's own note is always visible to them, and only they may delete it."}
	ErrNoteDeleted   = &domain.Refusal{Kind: domain.Illegal, Code: "note_deleted", Message: "The note was deleted."}
)

// NoteAdded records a note between the company and the candidate.
type NoteAdded struct {
	domain.Stamp
	Note    string        `json:"note"`
	Text    personal.Text `json:"text"`
	Visible bool          `json:"visible"`
	Stage   string        `json:"stage"` // where the application stood
	Job     string        `json:"job,omitempty"`
}

// EventName implements domain.Fact.
func (NoteAdded) EventName() string { return "application.note_added.v1" }

func (e NoteAdded) evolve(a Application) Application {
	a.Notes = a.Notes.With(e.Note, Note{Author: e.By, Visible: e.Visible})
	return a
}

// AddNote adds a note. A member's note is visible to the candidate only if
// visible says so; a candidate's own always is.
// Errors: ErrUnknown, ErrAnonymised, domain.ErrInvalid.
func (a Application) AddNote(note string, text personal.Text, visible bool, s domain.Stamp) ([]Event, error) {
	if err := a.exists(); err != nil {
		return nil, err
	}
	if _, added := a.Notes.Get(note); added {
		return nil, nil
	}
	if text.IsZero() {
		return nil, domain.ErrInvalid.Because("A note needs a text.")
	}
	return []Event{NoteAdded{Stamp: s, Note: note, Text: text, Visible: visible || s.By == domain.Candidate, Stage: a.Stage, Job: a.Job}}, nil
}

// NoteEdited records that its author says something else. What a note said
// before stays in the history.
type NoteEdited struct {
	domain.Stamp
	Note string        `json:"note"`
	Edit string        `json:"edit"` // id
	Text personal.Text `json:"text"`
}

// EventName implements domain.Fact.
func (NoteEdited) EventName() string { return "application.note_edited.v1" }

func (e NoteEdited) evolve(a Application) Application {
	n, _ := a.Notes.Get(e.Note)
	n.Edit = e.Edit
	a.Notes = a.Notes.With(e.Note, n)
	return a
}

// EditNote puts another text in the place of the one a member's note has; only
// its author does. edit is the id of the change; the same again is no event.
// Errors: ErrUnknown, ErrAnonymised, ErrUnknownNote, ErrNoteDeleted,
// ErrCandidateNote, ErrNotYourNote, domain.ErrInvalid.
func (a Application) EditNote(note, edit string, text personal.Text, s domain.Stamp) ([]Event, error) {
	n, err := a.note(note)
	switch {
	case err != nil:
		return nil, err
	case s.By == domain.Candidate && n.Author != domain.Candidate && !n.Visible:
		return nil, ErrUnknownNote
	case n.Deleted:
		return nil, ErrNoteDeleted
	case n.Author == domain.Candidate:
		return nil, ErrCandidateNote.Because("A candidate's note stays as it was written.")
	case n.Author != s.By:
		return nil, ErrNotYourNote.Because("Only its author may edit the note.")
	case text.IsZero():
		return nil, domain.ErrInvalid.Because("A note needs a text.")
	case n.Edit == edit:
		return nil, nil
	}
	return []Event{NoteEdited{Stamp: s, Note: note, Edit: edit, Text: text}}, nil
}

// NoteVisibilitySet records whether the candidate sees a note from now on.
type NoteVisibilitySet struct {
	domain.Stamp
	Note    string `json:"note"`
	Visible bool   `json:"visible"`
}

// EventName implements domain.Fact.
func (NoteVisibilitySet) EventName() string { return "application.note_visibility_set.v1" }

func (e NoteVisibilitySet) evolve(a Application) Application {
	n, _ := a.Notes.Get(e.Note)
	n.Visible = e.Visible
	a.Notes = a.Notes.With(e.Note, n)
	return a
}

// SetNoteVisibility sets whether the candidate sees a member's note. manager is
// whether the one who asks is a recruitment manager of the job.
// Errors: ErrUnknown, ErrAnonymised, ErrUnknownNote, ErrNoteDeleted,
// ErrCandidateNote, ErrNotYourNote.
func (a Application) SetNoteVisibility(note string, visible, manager bool, s domain.Stamp) ([]Event, error) {
	n, err := a.note(note)
	switch {
	case err != nil:
		return nil, err
	case n.Deleted:
		return nil, ErrNoteDeleted
	case n.Author == domain.Candidate:
		return nil, ErrCandidateNote
	case n.Author != s.By && !manager:
		return nil, ErrNotYourNote
	case n.Visible == visible:
		return nil, nil
	}
	return []Event{NoteVisibilitySet{Stamp: s, Note: note, Visible: visible}}, nil
}

// NoteDeleted records that the text of a note was erased. That there was one
// stays.
type NoteDeleted struct {
	domain.Stamp
	Note string `json:"note"`
}

// EventName implements domain.Fact.
func (NoteDeleted) EventName() string { return "application.note_deleted.v1" }

func (e NoteDeleted) evolve(a Application) Application {
	n, _ := a.Notes.Get(e.Note)
	n.Deleted = true
	a.Notes = a.Notes.With(e.Note, n)
	return a
}

// DeleteNote erases a note: candidates their own, members their own, and
// recruitment managers those of members, with their files. Doing it again is no
// event. To a
// candidate, a note they cannot see does not exist.
// Errors: ErrUnknown, ErrAnonymised, ErrUnknownNote, ErrCandidateNote,
// ErrNotYourNote.
func (a Application) DeleteNote(note string, manager bool, s domain.Stamp) ([]Event, error) {
	n, err := a.note(note)
	switch {
	case err != nil:
		return nil, err
	case n.Author == domain.Candidate && s.By != domain.Candidate:
		return nil, ErrCandidateNote
	case s.By == domain.Candidate && n.Author != domain.Candidate && !n.Visible:
		return nil, ErrUnknownNote
	case n.Author != s.By && !manager:
		return nil, ErrNotYourNote
	case n.Deleted:
		return nil, nil
	}
	return append([]Event{NoteDeleted{Stamp: s, Note: note}}, a.detached(Remark{Note: note}, s)...), nil
}

func (a Application) note(id string) (Note, error) {
	if err := a.exists(); err != nil {
		return Note{}, err
	}
	n, ok := a.Notes.Get(id)
	if !ok {
		return Note{}, ErrUnknownNote
	}
	return n, nil
}
