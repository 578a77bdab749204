package commands

import (
	"context"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/personal"
)

// AddComment adds an internal comment.
type AddComment struct {
	Application string         `json:"-"`
	Text        personal.Plain `json:"text" minLength:"1" maxLength:"4000" doc:"The comment; candidates never see it"`
	Mentions    []string       `json:"mentions,omitempty" maxItems:"20" doc:"Members who are mentioned"`
}

// AddComment gives cmd. Whoever has edit on the comments area may. Its id is
// the comment's; the text goes under a key of its own. It is what open review
// requests asked its author for.
// Errors: those of application.AddComment; ErrDenied.
func (c *Commands) AddComment(ctx context.Context, caller Caller, cmd AddComment) (Answer, error) {
	id := caller.newID("comment")
	text, err := textOf("The comment", cmd.Text, 1, application.MaxText, personal.Key{ID: id, Owner: cmd.Application})
	if err != nil {
		return Answer{}, err
	}
	answer, err := c.onApplication(ctx, cmd.Application, caller, need{area: access.Comments, level: access.Edit},
		func(a application.Application, _ access.Rights, s domain.Stamp) ([]application.Event, error) {
			if err := c.mentionable(cmd.Mentions); err != nil {
				return nil, err
			}
			events, err := a.AddComment(id, text, cmd.Mentions, s)
			if err != nil || len(events) == 0 {
				return events, err
			}
			return append(events, c.submitReviews(a, id, s)...), nil
		})
	answer.ID = id
	return answer, err
}

// mentionable refuses mentions of members who do not exist.
func (c *Commands) mentionable(members []string) error {
	for _, m := range members {
		if !c.directory.Member(m).Exists {
			return domain.ErrInvalid.Because("A member who is mentioned does not exist.")
		}
	}
	return nil
}

// EditComment changes a comment; what it said before stays in the history.
type EditComment struct {
	Application string         `json:"-"`
	Comment     string         `json:"-"`
	Text        personal.Plain `json:"text" minLength:"1" maxLength:"4000" doc:"What it says from now on"`
	Mentions    []string       `json:"mentions,omitempty" maxItems:"20" doc:"Members who are mentioned from now on"`
}

// EditComment gives cmd. The comment's author may, with edit on the comments
// area. The text goes under the comment's key.
// Errors: those of application.EditComment; ErrDenied.
func (c *Commands) EditComment(ctx context.Context, caller Caller, cmd EditComment) (Answer, error) {
	text, err := textOf("The comment", cmd.Text, 1, application.MaxText, personal.Key{ID: cmd.Comment, Owner: cmd.Application})
	if err != nil {
		return Answer{}, err
	}
	return c.onApplication(ctx, cmd.Application, caller, need{area: access.Comments, level: access.Edit},
		func(a application.Application, _ access.Rights, s domain.Stamp) ([]application.Event, error) {
			if err := c.mentionable(cmd.Mentions); err != nil {
				return nil, err
			}
			return a.EditComment(cmd.Comment, caller.newID("edit"), text, cmd.Mentions, s)
		})
}

// DeleteComment erases the text of a comment. That there was one stays.
type DeleteComment struct {
	Application string `json:"-"`
	Comment     string `json:"-"`
}

// DeleteComment gives cmd: the comment's key and those of its files are destroyed
// before the deletion is recorded. Its author and the job's recruitment managers may, with edit on the
// comments area. Errors: those of application.DeleteComment; ErrDenied.
func (c *Commands) DeleteComment(ctx context.Context, caller Caller, cmd DeleteComment) (Answer, error) {
	return c.eraseRemark(ctx, caller, kindComment, cmd.Comment, cmd.Application, need{area: access.Comments, level: access.Edit},
		func(a application.Application, held access.Rights, s domain.Stamp) ([]application.Event, error) {
			return a.DeleteComment(cmd.Comment, held.Manager, s)
		})
}

// ReadComments says how far a member has read the comments of an application.
type ReadComments struct {
	Application string `json:"-"`
	Through     string `json:"through" format:"uuid" doc:"The newest comment that was seen; later ones stay unread"`
}

// ReadComments gives cmd. Whoever has view on the comments area may, for
// themselves. Errors: those of application.ReadComments; ErrDenied.
func (c *Commands) ReadComments(ctx context.Context, caller Caller, cmd ReadComments) (Answer, error) {
	return c.onApplication(ctx, cmd.Application, caller, need{area: access.Comments, level: access.View},
		func(a application.Application, _ access.Rights, s domain.Stamp) ([]application.Event, error) {
			return a.ReadComments(cmd.Through, s)
		})
}
