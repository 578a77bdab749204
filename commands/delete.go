package commands

import (
	"context"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/application"
)

// Delete erases an application and takes it out of everything that is read. It
// cannot be undone.
type Delete struct {
	Application string `json:"-"`
}

// Delete erases everything personal of an application, as Anonymise does, and
// takes it out of every list, count and report. Only that there was one, when it
// was deleted and by whom stays, in its history. One that was anonymised before
// can be deleted too. What the application goes on from is deleted with it; a
// person's other applications and the employee profile it led to stay. Whoever
// has edit on the erasure area may. Errors: application.ErrUnknown,
// application.ErrNotClosed, application.ErrTransferred, ErrDenied.
func (c *Commands) Delete(ctx context.Context, caller Caller, cmd Delete) (Answer, error) {
	e := c.erasureOf(caller, kindDeletion, cmd.Application, cmd.Application)
	e.Owner = cmd.Application
	return c.eraseOn(ctx, caller, cmd.Application, need{area: access.Erasure, level: access.Edit}, e,
		func(a application.Application, _ access.Rights, s domain.Stamp) ([]application.Event, error) {
			if err := a.Erasable(); err != nil {
				return nil, err
			}
			return a.Delete(s)
		},
		func(ctx context.Context) error { return c.settle(ctx, caller, cmd.Application) })
}
