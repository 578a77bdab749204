package commands

import (
	"context"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/application"
)

// Time passes as a command of the system's: whoever keeps the timers gives it
// when the time has come, and the application decides whether there is still
// reason to.

// DiscloseOutcome records that the time has come from which the candidate sees a
// rejection. Only the system may.
// Errors: those of application.DiscloseOutcome; ErrDenied.
func (c *Commands) DiscloseOutcome(ctx context.Context, caller Caller, applicationID string) (Answer, error) {
	return c.onTime(ctx, caller, applicationID, application.Application.DiscloseOutcome)
}

// RemindOfDocument records that the candidate is to be reminded of a document,
// unless they have no page to upload it on. Only the system may.
// Errors: those of application.RemindOfDocument; ErrDenied, ErrRightsUnknown.
func (c *Commands) RemindOfDocument(ctx context.Context, caller Caller, applicationID, document string) (Answer, error) {
	return c.onTime(ctx, caller, applicationID, func(a application.Application, s domain.Stamp) ([]application.Event, error) {
		if !c.directory.Organization().Settings.SelfTracking {
			return nil, nil
		}
		return a.RemindOfDocument(document, s)
	})
}

// RemindOfReview records that a reviewer is to be reminded of a review. Only the
// system may. Errors: those of application.RemindOfReview; ErrDenied, ErrRightsUnknown.
func (c *Commands) RemindOfReview(ctx context.Context, caller Caller, applicationID, review string) (Answer, error) {
	return c.onTime(ctx, caller, applicationID, func(a application.Application, s domain.Stamp) ([]application.Event, error) {
		return a.RemindOfReview(review, s)
	})
}

func (c *Commands) onTime(ctx context.Context, caller Caller, applicationID string, decide func(application.Application, domain.Stamp) ([]application.Event, error)) (Answer, error) {
	if caller.Actor != domain.System {
		return Answer{}, ErrDenied
	}
	if err := c.directory.Check(); err != nil { // settings that are not known yet are no reason to do nothing
		return Answer{}, err
	}
	return c.onApplication(ctx, applicationID, caller, need{area: access.Application, level: access.Edit},
		func(a application.Application, _ access.Rights, s domain.Stamp) ([]application.Event, error) {
			return decide(a, s)
		})
}
