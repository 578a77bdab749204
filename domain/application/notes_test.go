package application_test

import (
	"testing"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/domaintest"
)

// empty stands for no text at all.
const empty = ""

// noteOf is the note n1 of an author.
func noteOf(author domain.Actor, visible bool) application.Event {
	return application.NoteAdded{Stamp: domaintest.By(author), Note: "n1", Text: text("hello"), Visible: visible, Stage: "s1", Job: "j1"}
}

func TestAddNote(t *testing.T) {
	add := func(author domain.Actor, visible bool) when {
		return func(a application.Application) ([]application.Event, error) {
			return a.AddNote("n1", text("hello"), visible, domaintest.By(author))
		}
	}
	member := domain.Member("m1")
	deleted := application.NoteDeleted{Stamp: by, Note: "n1"}
	domaintest.Run(t, application.Application.Fold, append(guarded("add", add(member, false)), []row{
		{Name: "a member's note is hidden", Given: events{received}, When: add(member, false), Want: events{noteOf(member, false)}},
		{Name: "unless it is meant for the candidate", Given: events{received}, When: add(member, true), Want: events{noteOf(member, true)}},
		{Name: "a candidate's note is visible to them, whatever was asked", Given: events{received}, When: add(domain.Candidate, false), Want: events{noteOf(domain.Candidate, true)}},
		{Name: "also after closing, until it is told", Given: events{received, rejected}, When: add(domain.Candidate, false), Want: events{noteOf(domain.Candidate, true)}},
		{Name: "the same note", Given: events{received, noteOf(member, false)}, When: add(member, false)},
		{Name: "a deleted note does not come back", Given: events{received, noteOf(member, false), deleted}, When: add(member, false)},
		{
			Name: "nothing said", Given: events{received}, Err: domain.ErrInvalid, Says: "needs a text",
			When: func(a application.Application) ([]application.Event, error) { return a.AddNote("n1", none, true, by) },
		},
	}...)...)
}

// TestSetNoteVisibility holds S1-56..57.
func TestSetNoteVisibility(t *testing.T) {
	set := func(who domain.Actor, manager, visible bool) when {
		return func(a application.Application) ([]application.Event, error) {
			return a.SetNoteVisibility("n1", visible, manager, domaintest.By(who))
		}
	}
	m1, m2 := domain.Member("m1"), domain.Member("m2")
	seen := func(who domain.Actor, visible bool) application.Event {
		return application.NoteVisibilitySet{Stamp: domaintest.By(who), Note: "n1", Visible: visible}
	}
	hidden := events{received, noteOf(m1, false)}
	domaintest.Run(t, application.Application.Fold, append(guarded("set", set(m1, false, true)), []row{
		{Name: "its author", Given: hidden, When: set(m1, false, true), Want: events{seen(m1, true)}},
		{Name: "a recruitment manager", Given: hidden, When: set(m2, true, true), Want: events{seen(m2, true)}},
		{Name: "and back", Given: append(hidden, seen(m1, true)), When: set(m1, false, false), Want: events{seen(m1, false)}},
		{Name: "the value it has", Given: hidden, When: set(m1, false, false)},
		{Name: "another member", Given: hidden, When: set(m2, false, true), Err: application.ErrNotYourNote},
		{Name: "the candidate", Given: hidden, When: set(domain.Candidate, false, true), Err: application.ErrNotYourNote},
		{Name: "of a candidate's note", Given: events{received, noteOf(domain.Candidate, true)}, When: set(m1, true, false), Err: application.ErrCandidateNote},
		{Name: "of no note", Given: events{received}, When: set(m1, true, true), Err: application.ErrUnknownNote},
		{Name: "of a deleted note", Given: append(hidden, application.NoteDeleted{Stamp: by, Note: "n1"}), When: set(m1, true, true), Err: application.ErrNoteDeleted},
	}...)...)
}

// TestEditNote holds S1-61..63.
func TestEditNote(t *testing.T) {
	edit := func(who domain.Actor, id, says string) when {
		return func(a application.Application) ([]application.Event, error) {
			if says == empty {
				return a.EditNote("n1", id, none, domaintest.By(who))
			}
			return a.EditNote("n1", id, text(says), domaintest.By(who))
		}
	}
	m1, m2 := domain.Member("m1"), domain.Member("m2")
	edited := func(id string) application.Event {
		return application.NoteEdited{Stamp: domaintest.By(m1), Note: "n1", Edit: id, Text: text("hello all")}
	}
	hidden := events{received, noteOf(m1, false)}
	domaintest.Run(t, application.Application.Fold, append(guarded("edit", edit(m1, "e1", "x")), []row{
		{Name: "its author", Given: hidden, When: edit(m1, "e1", "hello all"), Want: events{edited("e1")}},
		{Name: "again", Given: append(hidden, edited("e1")), When: edit(m1, "e1", "hello all")},
		{Name: "once more", Given: append(hidden, edited("e1")), When: edit(m1, "e2", "hello all"), Want: events{edited("e2")}},
		{Name: "a colleague", Given: hidden, When: edit(m2, "e1", "x"), Err: application.ErrNotYourNote},
		{Name: "the candidate one they see", Given: events{received, noteOf(m1, true)}, When: edit(domain.Candidate, "e1", "x"), Err: application.ErrNotYourNote},
		{Name: "the candidate one they do not see", Given: hidden, When: edit(domain.Candidate, "e1", "x"), Err: application.ErrUnknownNote},
		{Name: "the candidate their own", Given: events{received, noteOf(domain.Candidate, true)}, When: edit(domain.Candidate, "e1", "x"), Err: application.ErrCandidateNote},
		{Name: "to nothing", Given: hidden, When: edit(m1, "e1", empty), Err: domain.ErrInvalid},
		{Name: "a deleted note", Given: append(hidden, application.NoteDeleted{Stamp: by, Note: "n1"}), When: edit(m1, "e1", "x"), Err: application.ErrNoteDeleted},
		{Name: "a note that is not there", Given: events{received}, When: edit(m1, "e1", "x"), Err: application.ErrUnknownNote},
	}...)...)
}

// TestDeleteNote holds S1-59..60.
func TestDeleteNote(t *testing.T) {
	remove := func(who domain.Actor, manager bool) when {
		return func(a application.Application) ([]application.Event, error) {
			return a.DeleteNote("n1", manager, domaintest.By(who))
		}
	}
	m1, m2 := domain.Member("m1"), domain.Member("m2")
	gone := func(who domain.Actor) application.Event {
		return application.NoteDeleted{Stamp: domaintest.By(who), Note: "n1"}
	}
	members, candidates := events{received, noteOf(m1, true)}, events{received, noteOf(domain.Candidate, true)}
	domaintest.Run(t, application.Application.Fold, append(guarded("delete", remove(m1, true)), []row{
		{Name: "a candidate their own", Given: candidates, When: remove(domain.Candidate, false), Want: events{gone(domain.Candidate)}},
		{Name: "a member their own", Given: members, When: remove(m1, false), Want: events{gone(m1)}},
		{Name: "a recruitment manager a member's", Given: members, When: remove(m2, true), Want: events{gone(m2)}},
		{Name: "again", Given: append(members, gone(m1)), When: remove(m1, false)},
		{Name: "a member another's", Given: members, When: remove(m2, false), Err: application.ErrNotYourNote},
		{Name: "a candidate a member's", Given: members, When: remove(domain.Candidate, false), Err: application.ErrNotYourNote},
		{Name: "a candidate one they cannot see", Given: events{received, noteOf(m1, false)}, When: remove(domain.Candidate, false), Err: application.ErrUnknownNote},
		{Name: "a recruitment manager a candidate's", Given: candidates, When: remove(m2, true), Err: application.ErrCandidateNote},
		{Name: "a note that is not there", Given: events{received}, When: remove(m1, true), Err: application.ErrUnknownNote},
	}...)...)
}

// The fact of deletion stays: who wrote it, and that it is gone.
func TestADeletedNoteStaysKnown(t *testing.T) {
	a := application.Application{}.Fold(received, noteOf(domain.Candidate, true), application.NoteDeleted{Stamp: by, Note: "n1"})
	got, _ := a.Notes.Get("n1")
	if want := (application.Note{Author: domain.Candidate, Visible: true, Deleted: true}); got != want {
		t.Errorf("note = %+v, want %+v", got, want)
	}
}
