package application

import (
	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/personal"
)

// MaxMentions is the most members a comment mentions.
const MaxMentions = 20

// Comment is what decisions about a comment need. A deleted one stays known, so
// that it cannot come back.
type Comment struct {
	Author  domain.Actor
	Number  int    // of the application's comments, from 1
	Edit    string // the last one
	Deleted bool
}

// The rules that refuse.
var (
	ErrUnknownComment = &domain.Refusal{Kind: domain.Absent, Code: "unknown_comment", Message: "The application has no such comment."}
	ErrNotYourComment = &domain.Refusal{Kind: domain.Denied, Code: "not_your_comment", Message: "Only its author may edit a comment; a recruitment manager may delete it too."}
	ErrCommentDeleted = &domain.Refusal{Kind: domain.Illegal, Code: "comment_deleted", Message: "The comment was deleted."}
)

// CommentAdded records an internal comment. Candidates never see it.
type CommentAdded struct {
	domain.Stamp
	Comment  string        `json:"comment"`
	Text     personal.Text `json:"text"`
	Mentions []string      `json:"mentions,omitempty"` // members
	Job      string        `json:"job,omitempty"`
}

// EventName implements domain.Fact.
func (CommentAdded) EventName() string { return "application.comment_added.v1" }

func (e CommentAdded) evolve(a Application) Application {
	a.Comments = a.Comments.With(e.Comment, Comment{Author: e.By, Number: a.Comments.Len() + 1})
	return a
}

// AddComment adds an internal comment. mentions are members, at most
// MaxMentions. The same comment again is no event.
// Errors: ErrUnknown, ErrAnonymised, domain.ErrInvalid.
func (a Application) AddComment(comment string, text personal.Text, mentions []string, s domain.Stamp) ([]Event, error) {
	if err := a.exists(); err != nil {
		return nil, err
	}
	if _, added := a.Comments.Get(comment); added {
		return nil, nil
	}
	if err := checkComment(text, mentions); err != nil {
		return nil, err
	}
	return []Event{CommentAdded{Stamp: s, Comment: comment, Text: text, Mentions: mentions, Job: a.Job}}, nil
}

func checkComment(text personal.Text, mentions []string) error {
	switch {
	case text.IsZero():
		return domain.ErrInvalid.Because("A comment needs a text.")
	case len(mentions) > MaxMentions:
		return domain.ErrInvalid.Because("A comment mentions at most %d members.", MaxMentions)
	}
	return nil
}

// CommentEdited records that its author says something else. What a comment said
// before stays in the history.
type CommentEdited struct {
	domain.Stamp
	Comment  string        `json:"comment"`
	Edit     string        `json:"edit"` // id
	Text     personal.Text `json:"text"`
	Mentions []string      `json:"mentions,omitempty"` // members
}

// EventName implements domain.Fact.
func (CommentEdited) EventName() string { return "application.comment_edited.v1" }

func (e CommentEdited) evolve(a Application) Application {
	c, _ := a.Comments.Get(e.Comment)
	c.Edit = e.Edit
	a.Comments = a.Comments.With(e.Comment, c)
	return a
}

// EditComment puts another text and other mentions in the place of those a
// comment has. edit is the id of the change; the same again is no event.
// Errors: ErrUnknown, ErrAnonymised, ErrUnknownComment, ErrCommentDeleted,
// ErrNotYourComment, domain.ErrInvalid.
func (a Application) EditComment(comment, edit string, text personal.Text, mentions []string, s domain.Stamp) ([]Event, error) {
	c, err := a.comment(comment)
	switch {
	case err != nil:
		return nil, err
	case c.Deleted:
		return nil, ErrCommentDeleted
	case c.Author != s.By:
		return nil, ErrNotYourComment
	}
	if err := checkComment(text, mentions); err != nil {
		return nil, err
	}
	if c.Edit == edit {
		return nil, nil
	}
	return []Event{CommentEdited{Stamp: s, Comment: comment, Edit: edit, Text: text, Mentions: mentions}}, nil
}

// CommentDeleted records that the text of a comment was erased. That there was
// one stays.
type CommentDeleted struct {
	domain.Stamp
	Comment string `json:"comment"`
}

// EventName implements domain.Fact.
func (CommentDeleted) EventName() string { return "application.comment_deleted.v1" }

func (e CommentDeleted) evolve(a Application) Application {
	c, _ := a.Comments.Get(e.Comment)
	c.Deleted = true
	a.Comments = a.Comments.With(e.Comment, c)
	return a
}

// DeleteComment erases a comment with its files: its author may, and whoever is manager, a
// recruitment manager of the job. Doing it again is no event.
// Errors: ErrUnknown, ErrAnonymised, ErrUnknownComment, ErrNotYourComment.
func (a Application) DeleteComment(comment string, manager bool, s domain.Stamp) ([]Event, error) {
	c, err := a.comment(comment)
	switch {
	case err != nil:
		return nil, err
	case c.Author != s.By && !manager:
		return nil, ErrNotYourComment
	case c.Deleted:
		return nil, nil
	}
	return append([]Event{CommentDeleted{Stamp: s, Comment: comment}}, a.detached(Remark{Comment: comment}, s)...), nil
}

func (a Application) comment(id string) (Comment, error) {
	if err := a.exists(); err != nil {
		return Comment{}, err
	}
	c, ok := a.Comments.Get(id)
	if !ok {
		return Comment{}, ErrUnknownComment
	}
	return c, nil
}

// CommentsRead records that a member has read the comments up to one.
type CommentsRead struct {
	domain.Stamp
	Through string `json:"through"` // the newest comment they saw
}

// EventName implements domain.Fact.
func (CommentsRead) EventName() string { return "application.comments_read.v1" }

func (e CommentsRead) evolve(a Application) Application {
	c, _ := a.Comments.Get(e.Through)
	a.CommentsRead = a.CommentsRead.With(e.By.MemberID(), c.Number)
	return a
}

// ReadComments notes that the member who asks has read the comments up to the
// one they saw last: later ones stay unread. What was read stays read.
// Errors: ErrUnknown, ErrAnonymised, ErrUnknownComment, ErrMembersOnly.
func (a Application) ReadComments(through string, s domain.Stamp) ([]Event, error) {
	c, err := a.comment(through)
	if err != nil {
		return nil, err
	}
	member := s.By.MemberID()
	if member == "" {
		return nil, ErrMembersOnly
	}
	if read, _ := a.CommentsRead.Get(member); read >= c.Number {
		return nil, nil
	}
	return []Event{CommentsRead{Stamp: s, Through: through}}, nil
}
