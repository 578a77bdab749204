package commands

import (
	"context"
	"slices"
	"time"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/organization"
	"github.com/hirelog/hirelog/domain/personal"
)

// Commands that candidates give themselves, on what is theirs. To them there is
// nothing else, and nothing at all while self-tracking is off.

// own is what a candidate's command takes: that the application is theirs and
// still to be seen.
func (c *Commands) own(ctx context.Context, caller Caller) need {
	return need{own: func(a application.Application) error {
		if err := c.directory.Check(); err != nil {
			return err
		}
		settings := c.directory.Organization().Settings
		if caller.Candidate == "" || a.Anonymised || !settings.SelfTracking {
			return application.ErrUnknown
		}
		person, err := c.reveal(ctx, a.Candidate)
		switch {
		case err != nil:
			return err
		case person != caller.Candidate:
			return application.ErrUnknown
		case !a.Followed(c.atOf(caller), settings.ReadOnlyDays):
			return application.ErrUnknown
		}
		return nil
	}}
}

// atOf is when a command is given.
func (c *Commands) atOf(caller Caller) time.Time { return c.stamp(caller, time.Time{}).At }

// onOwn gives one command of a candidate's on their application, which goes on as
// far as they are told. Errors: application.ErrUnknown, application.ErrClosed.
func (c *Commands) onOwn(ctx context.Context, caller Caller, id string, decide func(application.Application, domain.Stamp) ([]application.Event, error)) (Answer, error) {
	return c.onApplication(ctx, id, caller, c.own(ctx, caller),
		func(a application.Application, _ access.Rights, s domain.Stamp) ([]application.Event, error) {
			if a.Told(s.At) != application.InProgress {
				return nil, application.ErrClosed
			}
			return decide(a, s)
		})
}

// AddOwnNote adds a note of a candidate's.
type AddOwnNote struct {
	Application string         `json:"-"`
	Text        personal.Plain `json:"text" minLength:"1" maxLength:"4000" doc:"The note"`
}

// AddOwnNote gives cmd: the candidate does. Its id is the note's; the text goes
// under a key of its own. Errors: those of application.AddNote and of onOwn.
func (c *Commands) AddOwnNote(ctx context.Context, caller Caller, cmd AddOwnNote) (Answer, error) {
	id := caller.newID("note")
	text, err := textOf("The note", cmd.Text, 1, application.MaxText, personal.Key{ID: id, Owner: cmd.Application})
	if err != nil {
		return Answer{}, err
	}
	answer, err := c.onOwn(ctx, caller, cmd.Application, func(a application.Application, s domain.Stamp) ([]application.Event, error) {
		return a.AddNote(id, text, true, s)
	})
	answer.ID = id
	return answer, err
}

// DeleteOwnNote erases the text of a candidate's own note, as DeleteNote does.
// Errors: those of application.DeleteNote and of onOwn.
func (c *Commands) DeleteOwnNote(ctx context.Context, caller Caller, cmd DeleteNote) (Answer, error) {
	e := c.erasureOf(caller, kindNote, cmd.Note, cmd.Application)
	e.Keys = []string{cmd.Note}
	return c.eraseOn(ctx, caller, cmd.Application, c.own(ctx, caller), e,
		func(a application.Application, _ access.Rights, s domain.Stamp) ([]application.Event, error) {
			if a.Told(s.At) != application.InProgress {
				return nil, application.ErrClosed
			}
			return a.DeleteNote(cmd.Note, false, s)
		}, nil)
}

// UploadOwn files a new version of a document that the candidate was asked for.
// After a rejection was told, and after withdrawing, none is taken; who was hired
// goes on. Otherwise as UploadDocument. Errors also: application.ErrUnknownDocument,
// application.ErrClosed.
func (c *Commands) UploadOwn(ctx context.Context, caller Caller, cmd UploadDocument) (Answer, error) {
	return c.upload(ctx, caller, cmd, cmd.Document, c.own(ctx, caller), func(a application.Application, _ access.Rights, s domain.Stamp) error {
		if d, ok := a.Documents[cmd.Document]; !ok || !d.Asked() {
			return application.ErrUnknownDocument
		}
		if !a.TakesUploads(s.At) {
			return application.ErrClosed
		}
		return nil
	})
}

// AnswerOwnInterview is what a candidate answers to an interview.
type AnswerOwnInterview struct {
	Application string                 `json:"-"`
	Interview   string                 `json:"-"`
	Answer      application.AnswerKind `json:"answer" enum:"accepted,tentative,declined" doc:"Whether you come"`
	Slot        string                 `json:"slot,omitempty" maxLength:"16" doc:"Of the starts that are offered, the one you pick; it is the start from then on"`
}

// AnswerOwnInterview gives cmd: the candidate does. Errors: those of
// application.AnswerInterview and of onOwn.
func (c *Commands) AnswerOwnInterview(ctx context.Context, caller Caller, cmd AnswerOwnInterview) (Answer, error) {
	return c.onOwn(ctx, caller, cmd.Application, func(a application.Application, s domain.Stamp) ([]application.Event, error) {
		if i, ok := a.Interviews.Get(cmd.Interview); !ok || i.Hidden {
			return nil, application.ErrUnknownInterview
		}
		return a.AnswerInterview(cmd.Interview, "", cmd.Answer, cmd.Slot, s)
	})
}

// WithdrawOwn withdraws an application.
type WithdrawOwn struct {
	Application string         `json:"-"`
	Note        personal.Plain `json:"note,omitempty" maxLength:"4000" doc:"Why, if you want to say"`
}

// WithdrawOwn gives cmd: the candidate does. Errors: those of
// application.Withdraw; application.ErrUnknown.
func (c *Commands) WithdrawOwn(ctx context.Context, caller Caller, cmd WithdrawOwn) (Answer, error) {
	note, err := textOf("The note", cmd.Note, 0, application.MaxText, keyOf(cmd.Application))
	if err != nil {
		return Answer{}, err
	}
	return c.closing(ctx, caller, cmd.Application, c.own(ctx, caller), func(a application.Application, s domain.Stamp) ([]application.Event, error) {
		reason, kind := c.withdrawalReason()
		return a.Withdraw(reason, kind, note, s)
	})
}

// withdrawalReason is the reason of what candidates withdraw themselves: the one
// made for it, else the first that fits.
func (c *Commands) withdrawalReason() (string, organization.ReasonKind) {
	reasons := c.directory.Organization().Reasons
	best := FirstReason(withdrawnByCandidate)
	if r, ok := reasons[best]; ok && r.Kind != organization.We {
		return best, r.Kind
	}
	var fitting []string
	for id, r := range reasons {
		if r.Kind != organization.We {
			fitting = append(fitting, id)
		}
	}
	if len(fitting) == 0 {
		return "", organization.They
	}
	best = slices.Min(fitting)
	return best, reasons[best].Kind
}
