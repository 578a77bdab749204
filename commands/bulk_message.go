package commands

import (
	"context"
	"errors"
	"strconv"

	"github.com/google/uuid"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/bulk"
	"github.com/hirelog/hirelog/domain/message"
	"github.com/hirelog/hirelog/domain/organization"
	"github.com/hirelog/hirelog/domain/personal"
)

// BulkMessage is a message to each candidate.
type BulkMessage struct {
	Letter
	LeaveOutTold bool `json:"leave_out_told,omitempty" doc:"Leave out applications with a message written from the same template that was sent, perhaps sent, is being sent or scheduled; needs a template"`
}

// worded returns an action whose message says all it says itself: what is taken
// from a template is settled when the action starts.
// Errors: organization.ErrUnknownEntry, organization.ErrRetired.
func (c *Commands) worded(a BulkAction) (BulkAction, error) {
	var err error
	switch {
	case a.Message != nil:
		m := *a.Message
		m.Letter, err = c.ofTemplate(m.Letter)
		a.Message = &m
	case a.Disqualify != nil && a.Disqualify.Message != nil:
		d := *a.Disqualify
		var l Letter
		l, err = c.ofTemplate(*d.Message)
		d.Message = &l
		a.Disqualify = &d
	}
	return a, err
}

// ofTemplate returns a letter with what its template says where it says nothing.
// Errors: organization.ErrUnknownEntry, organization.ErrRetired.
func (c *Commands) ofTemplate(l Letter) (Letter, error) {
	if l.Template == "" {
		return l, nil
	}
	o := c.directory.Organization()
	if err := o.Choose(organization.Templates, l.Template); err != nil {
		return l, err
	}
	t := o.Templates[l.Template]
	if t.Kind != organization.MessageTemplate {
		return l, organization.ErrUnknownEntry
	}
	if l.Subject == "" {
		l.Subject = personal.Plain(t.Subject)
	}
	if l.Text == "" {
		l.Text = personal.Plain(t.Body)
	}
	return l, nil
}

// sealed returns a letter as an action records it, its texts to be sealed under
// key; nothing of nothing. Errors: domain.ErrInvalid.
func (l *Letter) sealed(key personal.Key) (*bulk.Letter, error) {
	switch {
	case l == nil:
		return nil, nil
	case len(l.Files) > 0:
		return nil, domain.ErrInvalid.Because("A message to many takes no files along.")
	}
	subject, err := domain.LineOf("The subject", string(l.Subject), 1, message.MaxSubject)
	if err != nil {
		return nil, err
	}
	text, err := textOf("The text", l.Text, 1, message.MaxBody, key)
	if err != nil {
		return nil, err
	}
	return &bulk.Letter{Template: l.Template, Subject: personal.New(key, personal.Plain(subject)), Text: text, SendAt: l.SendAt}, nil
}

// letter returns what a recorded letter says; nothing of nothing.
func (c *Commands) letter(ctx context.Context, l *bulk.Letter) (*Letter, error) {
	if l == nil {
		return nil, nil
	}
	subject, err := c.reveal(ctx, l.Subject)
	if err != nil {
		return nil, err
	}
	text, err := c.reveal(ctx, l.Text)
	if err != nil {
		return nil, err
	}
	return &Letter{Template: l.Template, Subject: personal.Plain(subject), Text: personal.Plain(text), SendAt: l.SendAt}, nil
}

// bulkMessage writes the message of an action for one application, unless that
// is to be left out.
func (c *Commands) bulkMessage(ctx context.Context, caller Caller, m BulkMessage, application string) (Answer, error) {
	cmd := WriteMessage{Application: application, Letter: m.Letter}
	if !m.LeaveOutTold {
		return c.WriteMessage(ctx, caller, cmd)
	}
	f, held, err := c.correspondent(ctx, caller, application)
	if err != nil {
		return Answer{}, err
	}
	turn, err := c.turnOf(ctx, application, m.Template, caller.CommandID)
	switch {
	case err != nil:
		return Answer{}, err
	case turn.written:
		return Answer{ID: turn.id, Stream: "message-" + turn.id, Revision: turn.answer.revision, Position: turn.answer.position, Repeated: true}, nil
	case turn.told:
		return Answer{Unchanged: true}, nil
	}
	told, err := c.hadMessage(ctx, application, m.Template, turn.id)
	if err != nil || told {
		return Answer{Unchanged: told}, err
	}
	return c.write(ctx, caller, turn.id, f.state, held, cmd, message.Ordinary)
}

// turn is what the messages to an application say that actions wrote from a
// template and that leave out who was told. They are numbered, so that of two
// actions at once one writes: the other finds that number taken.
type turn struct {
	id      string // of the message: of the command, or the first that is free
	written bool   // by the command
	answer  answered
	told    bool // by another action
}

// turnOf returns the turn of a command.
func (c *Commands) turnOf(ctx context.Context, application, template string, command uuid.UUID) (turn, error) {
	var t turn
	of, err := uuid.Parse(application)
	if err != nil {
		return t, err
	}
	for n := 0; ; n++ {
		t.id = uuid.NewSHA1(of, []byte("message from "+template+"/"+strconv.Itoa(n))).String()
		f, err := c.messages.read(ctx, c.log, t.id)
		if err != nil || f.state.Direction == "" {
			return t, err
		}
		if t.answer, t.written = f.answer(command); !t.written && f.forgot {
			t.answer, t.written, err = c.messages.search(ctx, c.log, "message-"+t.id, command)
		}
		if err != nil || t.written {
			return t, err
		}
		t.told = t.told || f.state.Reached()
	}
}

// hadMessage reports whether a message other than one was written for an
// application from a template, and reached the candidate, will or may have.
func (c *Commands) hadMessage(ctx context.Context, application, template, but string) (bool, error) {
	keys, err := c.vault.KeysOf(ctx, application)
	if err != nil {
		return false, err
	}
	for _, id := range keys { // those of messages are among them
		if id == application || id == but {
			continue
		}
		f, err := c.messages.read(ctx, c.log, id)
		if err != nil {
			return false, err
		}
		if f.state.Template == template && f.state.Reached() {
			return true, nil
		}
	}
	return false, nil
}

// takeMessageBack cancels the message that command wrote, unless it left, or somebody
// changed it or took it elsewhere.
func (c *Commands) takeMessageBack(ctx context.Context, by Caller, l *bulk.Letter, item string, command uuid.UUID) (bulk.Outcome, error) {
	id := Caller{CommandID: command}.newID("message")
	if l.LeaveOutTold {
		t, err := c.turnOf(ctx, item, l.Template, command)
		if err != nil {
			return bulk.Outcome{}, err
		}
		id = t.id
	}
	for {
		f, err := c.messages.read(ctx, c.log, id)
		if err != nil {
			return bulk.Outcome{}, err
		}
		if f.state.Status == message.IsScheduled && (f.state.Changed != "" || f.state.Application != item) {
			return bulk.Outcome{Result: bulk.Refused, Code: changedSince}, nil
		}
		by.IfMatch = &f.revision
		answer, err := c.CancelMessage(ctx, by, OnMessage{Application: item, Message: id})
		var stale *StaleError
		if errors.As(err, &stale) {
			continue // perhaps it is leaving
		}
		o, _, err := wentWith(answer, err)
		return o, err
	}
}
