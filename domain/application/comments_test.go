package application_test

import (
	"testing"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/domaintest"
)

// TestAddComment holds S2-60.
func TestAddComment(t *testing.T) {
	comment := func(id string, empty bool, mentions ...string) when {
		return func(a application.Application) ([]application.Event, error) {
			if empty {
				return a.AddComment(id, none, mentions, by)
			}
			return a.AddComment(id, text("well"), mentions, by)
		}
	}
	said := application.CommentAdded{Stamp: by, Comment: "c1", Text: text("well"), Mentions: []string{"m2"}, Job: "j1"}
	domaintest.Run(t, application.Application.Fold, append(guarded("comment", comment("c1", false)), []row{
		{Name: "a comment", Given: events{received}, When: comment("c1", false, "m2"), Want: events{said}},
		{Name: "the same comment", Given: events{received, said}, When: comment("c1", false, "m2")},
		{
			Name: "another comment, after closing", Given: events{received, said, rejected}, When: comment("c2", false),
			Want: events{application.CommentAdded{Stamp: by, Comment: "c2", Text: text("well"), Job: "j1"}},
		},
		{Name: "nothing said", Given: events{received}, When: comment("c1", true), Err: domain.ErrInvalid, Says: "needs a text"},
		{Name: "a crowd", Given: events{received}, When: comment("c1", false, make([]string, 21)...), Err: domain.ErrInvalid, Says: "at most 20"},
	}...)...)
}

// commentOf is the comment c1 of m1.
var commentOf application.Event = application.CommentAdded{Stamp: by, Comment: "c1", Text: text("well")}

// TestEditComment holds S2-60.
func TestEditComment(t *testing.T) {
	edit := func(who domain.Actor, id, says string, mentions ...string) when {
		return func(a application.Application) ([]application.Event, error) {
			if says == empty {
				return a.EditComment("c1", id, none, mentions, domaintest.By(who))
			}
			return a.EditComment("c1", id, text(says), mentions, domaintest.By(who))
		}
	}
	m1, m2 := domain.Member("m1"), domain.Member("m2")
	edited := application.CommentEdited{Stamp: by, Comment: "c1", Edit: "e1", Text: text("very well"), Mentions: []string{"m2"}}
	domaintest.Run(t, application.Application.Fold, append(guarded("edit", edit(m1, "e1", "x")), []row{
		{Name: "its author", Given: events{received, commentOf}, When: edit(m1, "e1", "very well", "m2"), Want: events{edited}},
		{Name: "again", Given: events{received, commentOf, edited}, When: edit(m1, "e1", "very well", "m2")},
		{Name: "a colleague", Given: events{received, commentOf}, When: edit(m2, "e1", "x"), Err: application.ErrNotYourComment},
		{Name: "to nothing", Given: events{received, commentOf}, When: edit(m1, "e1", empty), Err: domain.ErrInvalid},
		{Name: "a deleted one", Given: events{received, commentOf, application.CommentDeleted{Stamp: by, Comment: "c1"}}, When: edit(m1, "e1", "x"), Err: application.ErrCommentDeleted},
		{Name: "one that is not there", Given: events{received}, When: edit(m1, "e1", "x"), Err: application.ErrUnknownComment},
	}...)...)
}

func TestDeleteComment(t *testing.T) {
	remove := func(who domain.Actor, manager bool) when {
		return func(a application.Application) ([]application.Event, error) {
			return a.DeleteComment("c1", manager, domaintest.By(who))
		}
	}
	m1, m2 := domain.Member("m1"), domain.Member("m2")
	gone := func(who domain.Actor) application.Event {
		return application.CommentDeleted{Stamp: domaintest.By(who), Comment: "c1"}
	}
	domaintest.Run(t, application.Application.Fold, append(guarded("delete", remove(m1, false)), []row{
		{Name: "its author", Given: events{received, commentOf}, When: remove(m1, false), Want: events{gone(m1)}},
		{Name: "a recruitment manager", Given: events{received, commentOf}, When: remove(m2, true), Want: events{gone(m2)}},
		{Name: "a colleague", Given: events{received, commentOf}, When: remove(m2, false), Err: application.ErrNotYourComment},
		{Name: "again", Given: events{received, commentOf, gone(m1)}, When: remove(m1, false)},
		{Name: "one that is not there", Given: events{received}, When: remove(m1, true), Err: application.ErrUnknownComment},
	}...)...)
}

// TestReadComments holds S2-45.
func TestReadComments(t *testing.T) {
	read := func(who domain.Actor, through string) when {
		return func(a application.Application) ([]application.Event, error) {
			return a.ReadComments(through, domaintest.By(who))
		}
	}
	m1, m2 := domain.Member("m1"), domain.Member("m2")
	was := func(who domain.Actor, through string) application.Event {
		return application.CommentsRead{Stamp: domaintest.By(who), Through: through}
	}
	two := events{received, commentOf, application.CommentAdded{Stamp: by, Comment: "c2", Text: text("too")}}
	domaintest.Run(t, application.Application.Fold, append(guarded("read", read(m1, "c1")), []row{
		{Name: "up to the first", Given: two, When: read(m2, "c1"), Want: events{was(m2, "c1")}},
		{Name: "and on", Given: append(two, was(m2, "c1")), When: read(m2, "c2"), Want: events{was(m2, "c2")}},
		{Name: "and not back", Given: append(two, was(m2, "c2")), When: read(m2, "c1")},
		{Name: "each member for themselves", Given: append(two, was(m2, "c2")), When: read(m1, "c2"), Want: events{was(m1, "c2")}},
		{Name: "up to one that is not there", Given: two, When: read(m2, "c3"), Err: application.ErrUnknownComment},
		{Name: "the system", Given: two, When: read(domain.System, "c1"), Err: application.ErrMembersOnly},
	}...)...)
}
