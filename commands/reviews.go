package commands

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/organization"
	"github.com/hirelog/hirelog/domain/personal"
)

// ErrReviewerWithoutAccess means that the reviewer could not say what they are
// asked for.
var ErrReviewerWithoutAccess = &domain.Refusal{Kind: domain.Invalid, Code: "reviewer_without_access", Message: "The reviewer may not do on this application what they are asked for; name a recruiting role that lets them."}

// RequestReview asks a colleague for a comment, or for an evaluation by a form.
type RequestReview struct {
	Application string         `json:"-"`
	Reviewer    string         `json:"reviewer_id" format:"uuid" doc:"The member who is asked"`
	Form        string         `json:"form_id,omitempty" format:"uuid" doc:"The evaluation form that they are to evaluate by; left out, they are to comment"`
	Message     personal.Plain `json:"message,omitempty" maxLength:"4000" doc:"What to look at"`
	DueAt       *time.Time     `json:"due_at,omitempty" doc:"Until when"`
	RemindAt    *time.Time     `json:"remind_at,omitempty" doc:"When to remind the reviewer, before it is due"`
	Role        string         `json:"recruiting_role_id,omitempty" format:"uuid" doc:"Recruiting role that the reviewer holds on this application until some days after the review; it may give no more than you have yourself"`
}

// RequestReview gives cmd. Whoever has edit on the access area may. Its id is the
// review's. The reviewer must be able to comment, or to evaluate, if only by the role.
// Errors: those of application.RequestReview and of mayGive;
// organization.ErrUnknownEntry, organization.ErrRetired; ErrReviewerWithoutAccess;
// ErrDenied.
func (c *Commands) RequestReview(ctx context.Context, caller Caller, cmd RequestReview) (Answer, error) {
	id := caller.newID("review")
	message, err := textOf("The message", cmd.Message, 0, application.MaxText, keyOf(cmd.Application))
	if err != nil {
		return Answer{}, err
	}
	asked := application.Asked{Reviewer: cmd.Reviewer, Message: message, DueAt: cmd.DueAt, RemindAt: cmd.RemindAt, Role: cmd.Role, Form: cmd.Form}
	answer, err := c.onApplication(ctx, cmd.Application, caller, need{area: access.Grants, level: access.Edit},
		func(a application.Application, held access.Rights, s domain.Stamp) ([]application.Event, error) {
			if err := c.reviewable(a, held, cmd, s); err != nil {
				return nil, err
			}
			events, err := a.RequestReview(id, asked, s)
			if err != nil || len(events) == 0 || cmd.Role == "" {
				return events, err
			}
			grant := uuid.NewSHA1(uuid.MustParse(id), []byte("grant")).String()
			return append(events, a.GrantBy(grant, c.lasting(a, application.Grant{Member: cmd.Reviewer, Role: cmd.Role, Cause: application.ByReview, Of: id}, s), s)...), nil
		})
	answer.ID = id
	return answer, err
}

// reviewable refuses a reviewer who could not do what they are asked for, a form
// that cannot be chosen, and a role that the caller may not give.
func (c *Commands) reviewable(a application.Application, held access.Rights, cmd RequestReview, s domain.Stamp) error {
	if cmd.Role != "" {
		if err := c.mayGive(held, cmd.Reviewer, cmd.Role); err != nil {
			return err
		}
	}
	area := access.Comments
	if cmd.Form != "" {
		area = access.Evaluations
		if err := c.directory.Organization().Choose(organization.Forms, cmd.Form); err != nil {
			return err
		}
	}
	role := c.directory.Organization().Roles[cmd.Role].Access
	theirs := c.directory.RightsOn(cmd.Reviewer, a, s.At)
	may := max(theirs.Area(area), role.Areas[area]) >= access.Edit &&
		max(theirs.Area(access.Application), role.Areas[access.Application]) >= access.View
	if !c.directory.Member(cmd.Reviewer).Active || !may {
		return ErrReviewerWithoutAccess
	}
	return nil
}

// submitReviews returns what a comment does to the reviews that were asked of its
// author, and to the access that they gave.
func (c *Commands) submitReviews(a application.Application, comment string, s domain.Stamp) []application.Event {
	return c.closeReviews(a, a.SubmitReviews(comment, s), s)
}

// closeReviews adds to the submission of reviews what it does to the access that
// they gave.
func (c *Commands) closeReviews(a application.Application, events []application.Event, s domain.Stamp) []application.Event {
	for _, e := range events {
		if done, ok := e.(application.ReviewSubmitted); ok {
			events = append(events, a.EndGrants(application.ByReview, done.Review, "", c.accessEnds(s), s)...)
		}
	}
	return events
}

// CancelReview takes a review request back.
type CancelReview struct {
	Application string
	Review      string
}

// CancelReview gives cmd. Whoever has edit on the access area may. Access by the
// review ends as many days later as the settings say.
// Errors: those of application.CancelReview; ErrDenied.
func (c *Commands) CancelReview(ctx context.Context, caller Caller, cmd CancelReview) (Answer, error) {
	return c.onApplication(ctx, cmd.Application, caller, need{area: access.Grants, level: access.Edit},
		func(a application.Application, _ access.Rights, s domain.Stamp) ([]application.Event, error) {
			events, err := a.CancelReview(cmd.Review, s)
			if err != nil || len(events) == 0 {
				return events, err
			}
			return append(events, a.EndGrants(application.ByReview, cmd.Review, "", c.accessEnds(s), s)...), nil
		})
}
