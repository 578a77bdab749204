package application_test

import (
	"testing"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/domaintest"
)

// S1-61..63: a note carries files, which its author puts to it, and which go with
// it. The same of comments.
func TestAttach(t *testing.T) {
	attach := func(to application.Remark, document, f string) when {
		return func(a application.Application) ([]application.Event, error) {
			return a.Attach(to, document, access.CV, []application.File{file(f)}, by)
		}
	}
	note, comment := application.Remark{Note: "n1"}, application.Remark{Comment: "c1"}
	filed := func(of application.Remark, document, f string) application.DocumentUploaded {
		return application.DocumentUploaded{Stamp: by, Job: "j1", Document: document, Version: 1, Category: access.CV, Files: []application.File{file(f)}, Remark: of}
	}
	said := application.CommentAdded{Stamp: by, Comment: "c1", Text: text("well"), Job: "j1"}
	gone := func(document string) application.VersionDeleted {
		return application.VersionDeleted{Stamp: by, Document: document, Version: 1}
	}
	noteGone, commentGone := application.NoteDeleted{Stamp: by, Note: "n1"}, application.CommentDeleted{Stamp: by, Comment: "c1"}
	mine, both := events{received, noteOf(by.By, true)}, events{received, noteOf(by.By, true), filed(note, "d2", "f2"), filed(note, "d1", "f1"), said, filed(comment, "d3", "f3")}
	domaintest.Run(t, application.Application.Fold, append(guarded("attach", attach(note, "d1", "f1")), []row{
		{Name: "to a note", Given: mine, When: attach(note, "d1", "f1"), Want: events{filed(note, "d1", "f1")}},
		{Name: "the same again", Given: both, When: attach(note, "d1", "f9")},
		{Name: "to a comment", Given: events{received, said}, When: attach(comment, "d1", "f1"), Want: events{filed(comment, "d1", "f1")}},
		{Name: "to another's note", Given: events{received, noteOf("member:m9", true)}, When: attach(note, "d1", "f1"), Err: application.ErrNotYourNote},
		{Name: "to a candidate's note", Given: events{received, noteOf(domain.Candidate, true)}, When: attach(note, "d1", "f1"), Err: application.ErrCandidateNote},
		{Name: "to no note", Given: events{received}, When: attach(note, "d1", "f1"), Err: application.ErrUnknownNote},
		{Name: "to no comment", Given: events{received}, When: attach(comment, "d1", "f1"), Err: application.ErrUnknownComment},
		{Name: "to a note that is gone", Given: append(mine, noteGone), When: attach(note, "d1", "f1"), Err: application.ErrNoteDeleted},
		{Name: "to a comment that is gone", Given: events{received, said, commentGone}, When: attach(comment, "d1", "f1"), Err: application.ErrCommentDeleted},
		{Name: "into a document that has others", Given: both, When: attach(note, "d3", "f9"), Err: application.ErrOfRemark},
		{
			Name: "another version", Given: both, Err: application.ErrOfRemark,
			When: func(a application.Application) ([]application.Event, error) {
				return a.Upload("d1", "", []application.File{file("f9")}, by)
			},
		},
		{
			Name: "the note goes, with its files alone", Given: both, Want: events{noteGone, gone("d1"), gone("d2")},
			When: func(a application.Application) ([]application.Event, error) { return a.DeleteNote("n1", false, by) },
		},
		{
			Name: "the note goes, one of its files has gone", Given: append(both, gone("d1")), Want: events{noteGone, gone("d2")},
			When: func(a application.Application) ([]application.Event, error) { return a.DeleteNote("n1", false, by) },
		},
		{
			Name: "the comment goes, with its files", Given: both, Want: events{commentGone, gone("d3")},
			When: func(a application.Application) ([]application.Event, error) { return a.DeleteComment("c1", false, by) },
		},
	}...)...)
}
