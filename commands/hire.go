package commands

import (
	"context"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/personal"
)

// Hire takes a candidate on.
type Hire struct {
	Application string         `json:"-"`
	Reason      personal.Plain `json:"reason" minLength:"1" maxLength:"4000" doc:"Why"`
	Offer       string         `json:"offer_id,omitempty" format:"uuid" doc:"The accepted offer that it is by; left out, it is by the one that was accepted, if there is one"`
}

// Hire gives cmd, with a reason. Whoever has edit on the decision area may. An
// offer that nobody answered is withdrawn with it. What follows makes the employee
// profile. Its id is the hire's.
// Errors: those of application.TakeOn and application.TakeOnBy; ErrDenied.
func (c *Commands) Hire(ctx context.Context, caller Caller, cmd Hire) (Answer, error) {
	id := caller.newID("hire")
	reason, err := textOf("The reason", cmd.Reason, 1, application.MaxText, keyOf(cmd.Application))
	if err != nil {
		return Answer{}, err
	}
	answer, err := c.closing(ctx, caller, cmd.Application, need{area: access.Decision, level: access.Edit}, nil,
		func(a application.Application, s domain.Stamp) ([]application.Event, error) {
			if cmd.Offer != "" {
				return a.TakeOnBy(cmd.Offer, id, reason, s)
			}
			return a.TakeOn(id, reason, s)
		})
	answer.ID = id
	return answer, err
}

// UndoHire takes a wrong hire back.
type UndoHire struct {
	Application string         `json:"-"`
	Reason      personal.Plain `json:"reason" minLength:"1" maxLength:"4000" doc:"Why"`
}

// UndoHire gives cmd: the application goes on where it was, and what follows
// reverses the employee profile. Whoever has edit on the decision area may. The
// application needs its claim back first. If its stage was removed meanwhile, it
// goes on in the one that took its applications.
// Errors: those of application.UndoHire; application.ErrDuplicate; ErrDenied.
func (c *Commands) UndoHire(ctx context.Context, caller Caller, cmd UndoHire) (Answer, error) {
	reason, err := textOf("The reason", cmd.Reason, 1, application.MaxText, keyOf(cmd.Application))
	if err != nil {
		return Answer{}, err
	}
	return transact(ctx, c, c.applications, cmd.Application, caller, decision[application.Application, application.Event]{
		may: func(a application.Application) error {
			_, err := c.mayOn(caller, a, need{area: access.Decision, level: access.Edit})
			return err
		},
		decide: func(a application.Application, s domain.Stamp) ([]application.Event, error) {
			events, err := a.UndoHire(reason, s)
			if err == nil {
				events, err = c.landing(a, events, s)
			}
			return c.withEnds(a, events, s), err
		},
		prepare: func(ctx context.Context, a application.Application) error {
			return c.retakeClaim(ctx, caller, cmd.Application, a)
		},
	})
}
