package commands

import (
	"context"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/application"
)

// Rate sets a member's own rating of an application.
type Rate struct {
	Application string `json:"-"`
	Rating      int    `json:"rating" minimum:"0" maximum:"5" doc:"Your rating from now on, 0 to 5; there is one for each member"`
}

// Rate gives cmd. Whoever has edit on the evaluations area may, for themselves.
// Errors: those of application.Rate; ErrDenied.
func (c *Commands) Rate(ctx context.Context, caller Caller, cmd Rate) (Answer, error) {
	return c.onApplication(ctx, cmd.Application, caller, need{area: access.Evaluations, level: access.Edit},
		func(a application.Application, _ access.Rights, s domain.Stamp) ([]application.Event, error) {
			return a.Rate(cmd.Rating, s)
		})
}
