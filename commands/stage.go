package commands

import (
	"context"
	"errors"
	"time"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/job"
	"github.com/hirelog/hirelog/domain/message"
	"github.com/hirelog/hirelog/domain/organization"
	"github.com/hirelog/hirelog/domain/personal"
)

// textOf checks a personal text and returns it to be sealed under key.
// Errors: domain.ErrInvalid.
func textOf(name string, plain personal.Plain, min, max int, key personal.Key) (personal.Text, error) {
	text, err := domain.TextOf(name, string(plain), min, max)
	if err != nil {
		return personal.Text{}, err
	}
	return personal.New(key, personal.Plain(text)), nil
}

// keyOf is the key of an application's own texts.
func keyOf(applicationID string) personal.Key {
	return personal.Key{ID: applicationID, Owner: applicationID}
}

// MoveStage moves an application to another stage of its job's plan.
type MoveStage struct {
	Application string         `json:"-"`
	To          string         `json:"to" format:"uuid" doc:"Stage to move to"`
	From        string         `json:"from,omitempty" format:"uuid" doc:"Stage the application was seen in; if it has left it, the move is refused"`
	Comment     personal.Plain `json:"comment,omitempty" maxLength:"4000" doc:"Why; shown in the timeline"`
}

// MoveStage gives cmd. Whoever has edit on the application area may. The text
// goes under the application's key.
// Errors: those of application.Move; application.ErrUnknownStage;
// job.ErrStageRemoved; ErrDenied.
func (c *Commands) MoveStage(ctx context.Context, caller Caller, cmd MoveStage) (Answer, error) {
	comment, err := textOf("The comment", cmd.Comment, 0, application.MaxText, keyOf(cmd.Application))
	if err != nil {
		return Answer{}, err
	}
	return c.onApplication(ctx, cmd.Application, caller, need{area: access.Application, level: access.Edit},
		func(a application.Application, _ access.Rights, s domain.Stamp) ([]application.Event, error) {
			j := c.directory.Job(a.Job)
			switch _, err := j.Entry(cmd.To); {
			case errors.Is(err, job.ErrNoStage):
				return nil, application.ErrUnknownStage
			case err != nil:
				return nil, err
			}
			events, err := a.Move(cmd.From, cmd.To, comment, s)
			if errors.Is(err, application.ErrStageChanged) {
				return nil, application.ErrStageChanged.Because("The application is in stage %s (%s) by now.", j.Named(a.Stage), a.Stage)
			}
			return events, err
		})
}

// UndoMove takes the last move of an application back as a mistake.
type UndoMove struct {
	Application string         `json:"-"`
	From        string         `json:"from,omitempty" format:"uuid" doc:"Stage the application was seen in; if it has left it, the move is not taken back"`
	Reason      personal.Plain `json:"reason,omitempty" maxLength:"4000" doc:"Why; shown in the timeline"`
}

// UndoMove gives cmd: the application is where it was, as long as it was, and
// the move does not count. Whoever has edit on the application area may.
// Errors: those of application.UndoMove; job.ErrStageRemoved when the stage it
// came from is gone; ErrDenied.
func (c *Commands) UndoMove(ctx context.Context, caller Caller, cmd UndoMove) (Answer, error) {
	reason, err := textOf("The reason", cmd.Reason, 0, application.MaxText, keyOf(cmd.Application))
	if err != nil {
		return Answer{}, err
	}
	return c.onApplication(ctx, cmd.Application, caller, need{area: access.Application, level: access.Edit},
		func(a application.Application, _ access.Rights, s domain.Stamp) ([]application.Event, error) {
			events, err := a.UndoMove(cmd.From, reason, s)
			if len(events) == 0 || err != nil {
				return nil, err
			}
			_, err = c.directory.Job(a.Job).Entry(a.LastMove.From)
			return events, err
		})
}

// Disqualify ends an application without hire.
type Disqualify struct {
	Application string              `json:"-"`
	Kind        application.Outcome `json:"kind" enum:"rejected,withdrawn" doc:"Whether the company rejects or the candidate withdraws"`
	Reason      string              `json:"reason_id" format:"uuid" doc:"Reason from the organisation's list, of a kind that fits"`
	Note        personal.Plain      `json:"note,omitempty" maxLength:"4000" doc:"Internal note; candidates never see it"`
	Message     *Letter             `json:"message,omitempty" doc:"Message that tells the candidate, at once or at a time; needs edit on the messages area. When it is sent they see a rejection"`
}

// Disqualify gives cmd. Whoever has edit on the decision area may. A message that
// goes along is written first, and leaves only once the decision is recorded.
// Errors: those of application.Disqualify and WriteMessage;
// organization.ErrUnknownReason, organization.ErrRetired; ErrDenied.
func (c *Commands) Disqualify(ctx context.Context, caller Caller, cmd Disqualify) (Answer, error) {
	note, err := textOf("The note", cmd.Note, 0, application.MaxText, keyOf(cmd.Application))
	if err != nil {
		return Answer{}, err
	}
	tells := caller.newID("message")
	prepare := func(ctx context.Context, a application.Application, held access.Rights) error {
		if cmd.Message == nil {
			return nil
		}
		_, err := c.write(ctx, caller, tells, a, held, WriteMessage{Application: cmd.Application, Letter: *cmd.Message}, message.Rejection)
		return err
	}
	n := need{area: access.Decision, level: access.Edit}
	if cmd.Message != nil {
		n.also = access.Messages
	}
	return c.closing(ctx, caller, cmd.Application, n, prepare,
		func(a application.Application, s domain.Stamp) ([]application.Event, error) {
			o := c.directory.Organization()
			reason, ok := o.Reasons[cmd.Reason]
			if !ok {
				return nil, organization.ErrUnknownReason
			}
			events, err := a.Disqualify(cmd.Kind, cmd.Reason, reason.Kind, note, o.Settings.DiscloseAfter, s)
			// What the system does was chosen before.
			if err == nil && len(events) > 0 && caller.Actor != domain.System && o.Retired[organization.Entry{List: organization.Reasons, ID: cmd.Reason}] {
				return nil, organization.ErrRetired
			}
			if cmd.Message != nil {
				leaves := s.At
				if at := cmd.Message.SendAt; at != nil && at.After(leaves) {
					leaves = at.UTC().Truncate(time.Microsecond)
				}
				events = application.TellBy(events, tells, leaves, o.Settings.DiscloseAfter)
			}
			return events, err
		})
}

// closing gives a command that closes an application, and lets go of its claim.
// first, if set, is done before that is recorded.
func (c *Commands) closing(ctx context.Context, caller Caller, id string, n need, first func(context.Context, application.Application, access.Rights) error, decide func(application.Application, domain.Stamp) ([]application.Event, error)) (Answer, error) {
	var claims []heldClaim
	var held access.Rights
	answer, err := transact(ctx, c, c.applications, id, caller, decision[application.Application, application.Event]{
		may: func(a application.Application) (err error) {
			held, err = c.mayOn(caller, a, n)
			return err
		},
		decide: func(a application.Application, s domain.Stamp) ([]application.Event, error) {
			events, err := decide(a, s)
			return c.withEnds(a, events, s), err
		},
		// While it is live nobody takes the claim from it.
		prepare: func(ctx context.Context, a application.Application) error {
			if !a.Live() {
				return nil // it was let go of
			}
			if first != nil {
				if err := first(ctx, a, held); err != nil {
					return err
				}
			}
			var err error
			claims, err = c.claimsHeld(ctx, a)
			return err
		},
	})
	if err == nil {
		if err := c.giveBack(ctx, caller, claims, id); err != nil {
			c.logger.Warn("a claim of a closed application was not released; the next claimer takes it over", "application", id, "error", err)
		}
	}
	return answer, err
}

// ChangeReason gives a disqualification another reason.
type ChangeReason struct {
	Application string         `json:"-"`
	Reason      string         `json:"reason_id" format:"uuid" doc:"Reason from the organisation's list, of a kind that fits"`
	Note        personal.Plain `json:"note,omitempty" maxLength:"4000" doc:"Internal note, why it changes; candidates never see it"`
}

// ChangeReason gives cmd. Whoever has edit on the decision area may.
// Errors: those of application.ChangeReason; organization.ErrUnknownReason,
// organization.ErrRetired; ErrDenied.
func (c *Commands) ChangeReason(ctx context.Context, caller Caller, cmd ChangeReason) (Answer, error) {
	note, err := textOf("The note", cmd.Note, 0, application.MaxText, keyOf(cmd.Application))
	if err != nil {
		return Answer{}, err
	}
	return c.onApplication(ctx, cmd.Application, caller, need{area: access.Decision, level: access.Edit},
		func(a application.Application, _ access.Rights, s domain.Stamp) ([]application.Event, error) {
			o := c.directory.Organization()
			reason, ok := o.Reasons[cmd.Reason]
			if !ok {
				return nil, organization.ErrUnknownReason
			}
			events, err := a.ChangeReason(cmd.Reason, reason.Kind, note, s)
			if err == nil && len(events) > 0 && o.Retired[organization.Entry{List: organization.Reasons, ID: cmd.Reason}] {
				return nil, organization.ErrRetired
			}
			return events, err
		})
}

// Requalify takes a disqualification back.
type Requalify struct {
	Application string         `json:"-"`
	Reason      personal.Plain `json:"reason" minLength:"1" maxLength:"4000" doc:"Why"`
}

// Requalify gives cmd. Whoever has edit on the decision area may. The message that
// tells of the disqualification is cancelled, unless it has left. The
// application needs its claim back first, so a person never has two live ones
// for a job. If its stage was removed meanwhile, it goes on in the one that took
// its applications.
// Errors: those of application.Requalify; application.ErrDuplicate; ErrDenied.
func (c *Commands) Requalify(ctx context.Context, caller Caller, cmd Requalify) (Answer, error) {
	reason, err := textOf("The reason", cmd.Reason, 1, application.MaxText, keyOf(cmd.Application))
	if err != nil {
		return Answer{}, err
	}
	told := ""
	answer, err := transact(ctx, c, c.applications, cmd.Application, caller, decision[application.Application, application.Event]{
		may: func(a application.Application) error {
			_, err := c.mayOn(caller, a, need{area: access.Decision, level: access.Edit})
			return err
		},
		decide: func(a application.Application, s domain.Stamp) ([]application.Event, error) {
			if a.Message != "" {
				told = a.Message
			}
			events, err := a.Requalify(reason, s)
			if err == nil {
				events, err = c.landing(a, events, s)
			}
			return c.withEnds(a, events, s), err
		},
		prepare: func(ctx context.Context, a application.Application) error {
			return c.retakeClaim(ctx, caller, cmd.Application, a)
		},
	})
	if err == nil && told != "" {
		// If it cannot be cancelled now, whoever is to send it does.
		if err := c.untell(ctx, caller, told); err != nil {
			c.logger.Warn("the message of a disqualification that was taken back is not cancelled yet", "message", told, "error", err)
		}
	}
	return answer, err
}

// untell cancels a message that tells of a disqualification, unless it has left.
func (c *Commands) untell(ctx context.Context, caller Caller, id string) error {
	_, err := c.step(ctx, caller, id, "cancel", message.Message.Cancel)
	if errors.Is(err, message.ErrLeft) {
		return nil
	}
	return err
}

// landing adds to what takes an application up again the move out of a stage that
// is gone by now.
func (c *Commands) landing(a application.Application, events []application.Event, s domain.Stamp) ([]application.Event, error) {
	to := c.directory.Job(a.Job).Lands(a.Stage)
	if len(events) == 0 || to == a.Stage {
		return events, nil
	}
	moved, err := a.Fold(events...).Move("", to, personal.Text{}, s)
	return append(events, moved...), err
}
