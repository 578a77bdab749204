package application_test

import (
	"reflect"
	"strconv"
	"testing"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/domaintest"
)

func tagged(id string) application.Event { return application.TagAdded{Stamp: by, Tag: id} }

// TestTags holds S2-83.
func TestTags(t *testing.T) {
	add := func(tag string) when {
		return func(a application.Application) ([]application.Event, error) { return a.AddTag(tag, by) }
	}
	remove := func(tag string) when {
		return func(a application.Application) ([]application.Event, error) { return a.RemoveTag(tag, by) }
	}
	full := events{received}
	for i := range application.MaxTags {
		full = append(full, tagged(strconv.Itoa(i)))
	}
	untagged := application.TagRemoved{Stamp: by, Tag: "t1"}
	rows := append(guarded("add", add("t1")), guarded("remove", remove("t1"))...)
	domaintest.Run(t, application.Application.Fold, append(rows, []row{
		{Name: "added", Given: events{received}, When: add("t1"), Want: events{tagged("t1")}},
		{Name: "added after closing", Given: events{received, rejected}, When: add("t1"), Want: events{tagged("t1")}},
		{Name: "added twice", Given: events{received, tagged("t1")}, When: add("t1")},
		{Name: "too many", Given: full, When: add("t1"), Err: application.ErrTooManyTags},
		{Name: "as many as there may be, but it is there", Given: full, When: add("7")},
		{Name: "removed", Given: events{received, tagged("t1")}, When: remove("t1"), Want: events{untagged}},
		{Name: "removed twice", Given: events{received, tagged("t1"), untagged}, When: remove("t1")},
		{Name: "removed where it never was", Given: events{received, tagged("t2")}, When: remove("t1")},
	}...)...)
}

// TestSetPriority holds S2-85.
func TestSetPriority(t *testing.T) {
	set := func(priority bool) when {
		return func(a application.Application) ([]application.Event, error) { return a.SetPriority(priority, by) }
	}
	flagged := application.PrioritySet{Stamp: by, Priority: true}
	domaintest.Run(t, application.Application.Fold, append(guarded("set", set(true)), []row{
		{Name: "on", Given: events{received}, When: set(true), Want: events{flagged}},
		{Name: "on, twice", Given: events{received, flagged}, When: set(true)},
		{Name: "off", Given: events{received, flagged}, When: set(false), Want: events{application.PrioritySet{Stamp: by}}},
		{Name: "off, where it never was on", Given: events{received}, When: set(false)},
	}...)...)
}

// TestSetOwner holds S2-09.
func TestSetOwner(t *testing.T) {
	set := func(owner string) when {
		return func(a application.Application) ([]application.Event, error) { return a.SetOwner(owner, by) }
	}
	mine := application.OwnerSet{Stamp: by, Owner: "m7"}
	domaintest.Run(t, application.Application.Fold, append(guarded("set", set("m7")), []row{
		{Name: "another", Given: events{received}, When: set("m7"), Want: events{mine}},
		{Name: "the same", Given: events{received, mine}, When: set("m7")},
		{Name: "the one it came with", Given: events{received}, When: set("m1")},
		{Name: "of a closed one", Given: events{received, rejected}, When: set("m7"), Want: events{mine}},
		{Name: "nobody", Given: events{received}, When: set(""), Err: domain.ErrInvalid},
	}...)...)
}

// Two branches of one history stay apart.
func TestFoldDoesNotAlias(t *testing.T) {
	history := events{
		received, tagged("t1"), tagged("t2"), tagged("t3"), noteOf(by.By, false), requested, unscanned,
		application.CommentAdded{Stamp: by, Comment: "c1", Text: text("1")},
		application.CommentAdded{Stamp: by, Comment: "c2", Text: text("2")},
		application.CommentAdded{Stamp: by, Comment: "c3", Text: text("3")},
		interviewed,
		application.Rated{Stamp: by, Rating: 3},
		application.CommentsRead{Stamp: by, Through: "c1"},
	}
	base := application.Application{}.Fold(history...)
	for _, e := range (events{
		application.TagRemoved{Stamp: by, Tag: "t1"},
		tagged("x"),
		application.Rated{Stamp: by, Rating: 4},
		application.ReviewRequested{Stamp: by, Review: "w1", Reviewer: "m2"},
		application.InterviewAnswered{Stamp: by, Interview: "i1", Answer: application.AnswerAccepted},
		application.InterviewChanged{Stamp: by, Interview: "i1", Change: "x", Participants: []string{"m2"}},
		application.CommentsRead{Stamp: by, Through: "c3"},
		application.CommentEdited{Stamp: by, Comment: "c1", Edit: "e1", Text: text("x")},
		application.CommentDeleted{Stamp: by, Comment: "c1"},
		application.NoteEdited{Stamp: by, Note: "n1", Edit: "e1", Text: text("x")},
		application.CommentAdded{Stamp: by, Comment: "x", Text: text("x")},
		application.NoteVisibilitySet{Stamp: by, Note: "n1", Visible: true},
		application.NoteDeleted{Stamp: by, Note: "n1"},
		noteOf(domain.Candidate, true),
		uploaded(2),
		scanned("Eicar"),
		application.VersionDeleted{Stamp: by, Document: "d1", Version: 1},
		application.DocumentApproved{Stamp: by, Document: "d1", Version: 1},
		application.DocumentRejected{Stamp: by, Document: "d1", Version: 1, Reason: text("blurred")},
		application.DocumentRequested{Stamp: by, Document: "d2", Title: text("x")},
		rejected, anonymised,
	}) {
		base.Fold(e)
		if want := (application.Application{}).Fold(history...); !reflect.DeepEqual(base, want) {
			t.Fatalf("%s wrote into %+v", e.EventName(), base)
		}
	}
	said := func(id string) application.Event {
		return application.CommentAdded{Stamp: by, Comment: id, Text: text(id)}
	}
	x, y := base.Fold(tagged("x"), said("x")), base.Fold(tagged("y"), said("y"))
	_, strange := x.Comments.Get("y")
	if x.Tags[3] != "x" || y.Tags[3] != "y" || strange || x.Comments.Len() != y.Comments.Len() {
		t.Errorf("two branches share their tags or comments: %v %v, %v %v", x.Tags, x.Comments, y.Tags, y.Comments)
	}
}
