package commands

import (
	"context"
	"time"

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

// LaterError says that it is too early: it is to be asked again at a time, or
// before, when what it depends on changes.
type LaterError struct{ At time.Time }

func (e *LaterError) Error() string { return "it is to be asked again later" }

// limitless is when it is looked again whether an application is still in a stage
// that has no limit.
const limitless = 30 * 24 * time.Hour

// WatchStage records that an application is in a stage for longer than the job's
// plan allows now. Only the system may.
// Errors: *LaterError while it may come to that; those of
// application.OutstayStage; ErrDenied.
func (c *Commands) WatchStage(ctx context.Context, caller Caller, applicationID, stage string) (Answer, error) {
	if caller.Actor != domain.System {
		return Answer{}, ErrDenied
	}
	f, err := c.applications.read(ctx, c.log, applicationID)
	if err != nil {
		return Answer{}, err
	}
	j, err := c.jobs.read(ctx, c.log, f.state.Job) // not the directory, which may not know yet of what woke us
	if err != nil {
		return Answer{}, err
	}
	planned, _ := j.state.Stage(stage)
	limit := time.Duration(planned.LimitDays) * 24 * time.Hour
	return c.onTime(ctx, caller, applicationID, func(a application.Application, s domain.Stamp) ([]application.Event, error) {
		due, there := a.Due(stage, limit)
		switch {
		case there && limit == 0:
			return nil, &LaterError{At: s.At.Add(limitless)}
		case there && s.At.Before(due):
			return nil, &LaterError{At: due}
		}
		return a.OutstayStage(stage, limit, s)
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
