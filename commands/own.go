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
// nothing else, and nothing but offers while self-tracking is off.

// own is what a candidate's command takes: that the application is theirs and
// still to be seen.
func (c *Commands) own(ctx context.Context, caller Caller) need {
	always := c.ownAlways(ctx, caller)
	return need{own: func(a application.Application) error {
		if err := c.directory.Check(); err != nil {
			return err
		}
		if !c.directory.Organization().Settings.SelfTracking {
			return application.ErrUnknown
		}
		return always.own(a)
	}}
}

// ownAlways is own for what does not depend on self-tracking: offers.
func (c *Commands) ownAlways(ctx context.Context, caller Caller) need {
	return need{own: func(a application.Application) error {
		if err := c.directory.Check(); err != nil {
			return err
		}
		if caller.Candidate == "" || a.Anonymised {
			return application.ErrUnknown
		}
		person, err := c.reveal(ctx, a.Candidate)
		switch {
		case err != nil:
			return err
		case person != caller.Candidate:
			return application.ErrUnknown
		case !a.Followed(c.atOf(caller), c.directory.Organization().Settings.ReadOnlyDays):
			return application.ErrUnknown
		}
		return nil
	}}
}

// atOf is when a command is given.
func (c *Commands) atOf(caller Caller) time.Time { return c.stamp(caller, time.Time{}).At }

// ownPart is what a candidate's command is about of an application that was
// perhaps assigned to other jobs, which to them is one.
type ownPart struct {
	id     string
	newest application.Application // of the line
}

// goesOn reports whether the application goes on at now, as far as its candidate
// is told.
func (p ownPart) goesOn(a application.Application, now time.Time) bool {
	if a.Outcome == application.OutcomeTransferred {
		a = p.newest
	}
	return a.Told(now) == application.InProgress
}

// partOf returns the newest application that goes on from id, or, of those it
// goes on from, the newest that has what has says.
func (c *Commands) partOf(ctx context.Context, id string, has func(application.Application) bool) (ownPart, error) {
	f, err := c.applications.read(ctx, c.log, id)
	for err == nil && f.state.Outcome == application.OutcomeTransferred && f.state.To != "" {
		id = f.state.To
		f, err = c.applications.read(ctx, c.log, id)
	}
	part := ownPart{id: id, newest: f.state}
	for a := f.state; err == nil && has != nil && !has(a) && a.From != ""; a = f.state {
		from := a.From
		if f, err = c.applications.read(ctx, c.log, from); err == nil && has(f.state) {
			part.id = from
		}
	}
	return part, err
}

// onOwn gives one command of a candidate's on their application, which goes on as
// far as they are told: on the part of it that has what has says, or the newest.
// Errors: application.ErrUnknown, application.ErrClosed.
func (c *Commands) onOwn(ctx context.Context, caller Caller, id string, has func(application.Application) bool, decide func(application.Application, domain.Stamp) ([]application.Event, error)) (Answer, error) {
	part, err := c.partOf(ctx, id, has)
	if err != nil {
		return Answer{}, err
	}
	return c.onApplication(ctx, part.id, caller, c.own(ctx, caller),
		func(a application.Application, _ access.Rights, s domain.Stamp) ([]application.Event, error) {
			if !part.goesOn(a, s.At) {
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
	part, err := c.partOf(ctx, cmd.Application, nil)
	if err != nil {
		return Answer{}, err
	}
	id := caller.newID("note")
	text, err := textOf("The note", cmd.Text, 1, application.MaxText, personal.Key{ID: id, Owner: part.id})
	if err != nil {
		return Answer{}, err
	}
	answer, err := c.onOwn(ctx, caller, part.id, nil, func(a application.Application, s domain.Stamp) ([]application.Event, error) {
		return a.AddNote(id, text, true, s)
	})
	answer.ID = id
	return answer, err
}

// DeleteOwnNote erases the text of a candidate's own note, as DeleteNote does.
// Errors: those of application.DeleteNote and of onOwn.
func (c *Commands) DeleteOwnNote(ctx context.Context, caller Caller, cmd DeleteNote) (Answer, error) {
	part, err := c.partOf(ctx, cmd.Application, func(a application.Application) bool { _, ok := a.Notes.Get(cmd.Note); return ok })
	if err != nil {
		return Answer{}, err
	}
	e := c.erasureOf(caller, kindNote, cmd.Note, part.id)
	e.Keys = []string{cmd.Note}
	return c.eraseOn(ctx, caller, part.id, c.own(ctx, caller), e,
		func(a application.Application, _ access.Rights, s domain.Stamp) ([]application.Event, error) {
			if !part.goesOn(a, s.At) {
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
	part, err := c.partOf(ctx, cmd.Application, func(a application.Application) bool { _, ok := a.Documents[cmd.Document]; return ok })
	if err != nil {
		return Answer{}, err
	}
	cmd.Application = part.id
	return c.upload(ctx, caller, cmd, cmd.Document, c.own(ctx, caller), func(a application.Application, _ access.Rights, s domain.Stamp) error {
		if d, ok := a.Documents[cmd.Document]; !ok || !d.Asked() {
			return application.ErrUnknownDocument
		}
		if a.Outcome == application.OutcomeTransferred {
			a = part.newest
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
	has := func(a application.Application) bool { _, ok := a.Interviews.Get(cmd.Interview); return ok }
	return c.onOwn(ctx, caller, cmd.Application, has, func(a application.Application, s domain.Stamp) ([]application.Event, error) {
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
	part, err := c.partOf(ctx, cmd.Application, nil)
	if err != nil {
		return Answer{}, err
	}
	note, err := textOf("The note", cmd.Note, 0, application.MaxText, keyOf(part.id))
	if err != nil {
		return Answer{}, err
	}
	return c.closing(ctx, caller, part.id, c.own(ctx, caller), nil, func(a application.Application, s domain.Stamp) ([]application.Event, error) {
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
