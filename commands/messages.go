package commands

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/candidate"
	"github.com/hirelog/hirelog/domain/message"
	"github.com/hirelog/hirelog/domain/personal"
	"github.com/hirelog/hirelog/internal/eventlog"
)

// Letter is what a message says, and when it leaves.
type Letter struct {
	Template string         `json:"template_id,omitempty" format:"uuid" doc:"Template of kind message; what is left out below is taken from it"`
	Subject  personal.Plain `json:"subject,omitempty" maxLength:"200" doc:"One line; placeholders as in templates. Required without a template, unless the message answers another"`
	Text     personal.Plain `json:"text,omitempty" maxLength:"20000" doc:"The text; placeholders as in templates. Required without a template"`
	Files    []string       `json:"file_ids,omitempty" maxItems:"20" format:"uuid" doc:"Files of the application's documents that go along, of categories you may view"`
	SendAt   *time.Time     `json:"send_at,omitempty" doc:"When it leaves; left out = at once, or, of a change, when it would have"`
}

// WriteMessage writes a message to the candidate of an application.
type WriteMessage struct {
	Application string `json:"-"`
	Letter
	Answers string `json:"in_reply_to,omitempty" format:"uuid" doc:"Message of the application that it answers, which is taken care of thereby"`
}

// The rules that refuse.
var (
	ErrUnknownAttachment = &domain.Refusal{Kind: domain.Invalid, Code: "unknown_attachment", Message: "The application has no such file, or not of a category you may view."}
	ErrPlaceholder       = &domain.Refusal{Kind: domain.Invalid, Code: "placeholder", Message: "A placeholder in the message cannot be filled."}
)

// maxEnclosed is the most bytes of the files that go along with a message.
const maxEnclosed = 25 << 20

// WriteMessage gives cmd. Whoever has edit on the messages area may; files need
// view on their category, too. Its id is the message's, under whose key its
// texts go. It leaves as an effect.
// Errors: those of message.Write; ErrPlaceholder, ErrUnknownAttachment;
// organization.ErrUnknownEntry, organization.ErrRetired; message.ErrUnknown for
// what it answers; ErrDenied.
func (c *Commands) WriteMessage(ctx context.Context, caller Caller, cmd WriteMessage) (Answer, error) {
	f, held, err := c.correspondent(ctx, caller, cmd.Application)
	switch m := caller.IfMatch; {
	case err != nil:
		return Answer{}, err
	case m != nil && *m != f.revision:
		return Answer{}, c.stale(ctx, "application-"+cmd.Application, *m, f.revision)
	}
	id, a := caller.newID("message"), f.state
	answer, err := c.write(ctx, caller, id, a, held, cmd, message.Ordinary)
	if err == nil && cmd.Answers != "" {
		err = c.closeBy(ctx, caller, cmd.Answers, id)
	}
	answer.ID = id
	return answer, err
}

// correspondent returns an application and the caller's rights on it, or refuses
// who may not deal with its messages.
// Errors: application.ErrUnknown, application.ErrAnonymised; ErrDenied.
func (c *Commands) correspondent(ctx context.Context, caller Caller, id string) (folded[application.Application], access.Rights, error) {
	f, err := c.applications.read(ctx, c.log, id)
	if err != nil {
		return f, access.Rights{}, err
	}
	held, err := c.mayOn(caller, f.state, need{area: access.Messages, level: access.Edit})
	if err == nil && f.state.Anonymised {
		err = application.ErrAnonymised
	}
	return f, held, err
}

// write writes a message for an application, or for the one it goes on as by then.
func (c *Commands) write(ctx context.Context, caller Caller, id string, a application.Application, held access.Rights, cmd WriteMessage, purpose message.Purpose) (Answer, error) {
	answer, err := c.writeFor(ctx, caller, id, a, held, cmd, purpose)
	if err != nil {
		return answer, err
	}
	return c.goAlong(ctx, caller, id, cmd.Application, answer)
}

// writeFor writes a message for an application.
func (c *Commands) writeFor(ctx context.Context, caller Caller, id string, a application.Application, held access.Rights, cmd WriteMessage, purpose message.Purpose) (Answer, error) {
	f, err := c.messages.read(ctx, c.log, id)
	if err != nil {
		return Answer{}, err
	}
	if f.state.Direction != "" { // mostly its id tells that this very command wrote it; what it says was decided then
		got, given := f.answer(caller.CommandID)
		if !given && !f.forgot { // but another action did that leaves out who was told
			return Answer{ID: id, Stream: "message-" + id, Revision: f.revision, Position: f.position, Unchanged: true}, nil
		}
		return Answer{ID: id, Stream: "message-" + id, Revision: got.revision, Position: got.position, Repeated: true}, nil
	}
	thread, letter, err := c.answering(ctx, cmd, id)
	if err != nil {
		return Answer{}, err
	}
	draft, err := c.draft(ctx, caller, id, a, held, cmd.Application, letter)
	if err != nil {
		return Answer{}, err
	}
	draft.Place, draft.Thread, draft.Answers, draft.Purpose = message.Place{Application: cmd.Application, Job: a.Job}, thread, cmd.Answers, purpose
	if draft.To, err = c.addressOf(ctx, a, personal.Key{ID: id, Owner: cmd.Application}); err != nil {
		return Answer{}, err
	}
	return transact(ctx, c, c.messages, id, caller.withoutMatch(), decision[message.Message, message.Event]{
		decide: func(m message.Message, s domain.Stamp) ([]message.Event, error) { return m.Write(draft, s) },
	})
}

// answering returns the thread a new message belongs to, and what it says of
// itself: the subject of what it answers, if it has none of its own.
// Errors: message.ErrUnknown.
func (c *Commands) answering(ctx context.Context, cmd WriteMessage, id string) (string, Letter, error) {
	if cmd.Answers == "" {
		return id, cmd.Letter, nil
	}
	says, err := c.said(ctx, cmd.Answers)
	switch {
	case err != nil:
		return "", cmd.Letter, err
	case says.state.Application != cmd.Application:
		return "", cmd.Letter, message.ErrUnknown
	}
	if cmd.Subject == "" && cmd.Template == "" {
		subject, err := c.reveal(ctx, says.subject)
		if err != nil {
			return "", cmd.Letter, err
		}
		runes := []rune("Re: " + trimRe(subject))
		cmd.Subject = personal.Plain(runes[:min(len(runes), message.MaxSubject)])
	}
	return says.state.Thread, cmd.Letter, nil
}

// trimRe removes what earlier answers put before a subject.
func trimRe(subject string) string {
	for len(subject) >= 3 && (subject[:3] == "Re:" || subject[:3] == "RE:" || subject[:3] == "re:") {
		subject = subject[3:]
		for len(subject) > 0 && subject[0] == ' ' {
			subject = subject[1:]
		}
	}
	return subject
}

// draft returns what a letter says once its placeholders are filled, and the
// files that go along.
func (c *Commands) draft(ctx context.Context, caller Caller, id string, a application.Application, held access.Rights, applicationID string, l Letter) (message.Draft, error) {
	key := personal.Key{ID: id, Owner: applicationID}
	l, err := c.filled(ctx, caller, a, l)
	if err != nil {
		return message.Draft{}, err
	}
	subject, err := domain.LineOf("The subject", string(l.Subject), 1, message.MaxSubject)
	if err != nil {
		return message.Draft{}, err
	}
	text, err := textOf("The text", l.Text, 1, message.MaxBody, key)
	if err != nil {
		return message.Draft{}, err
	}
	d := message.Draft{Template: l.Template, Subject: personal.New(key, personal.Plain(subject)), Text: text}
	if l.SendAt != nil {
		d.SendAt = l.SendAt.UTC().Truncate(time.Microsecond)
	}
	d.Attachments, err = c.enclosed(ctx, a, held, applicationID, l.Files, key)
	return d, err
}

// addressOf returns the address of the person of an application, under key.
func (c *Commands) addressOf(ctx context.Context, a application.Application, key personal.Key) (personal.Text, error) {
	known, err := c.personOf(ctx, a)
	if err != nil {
		return personal.Text{}, err
	}
	return personal.New(key, known[candidate.Email]), nil
}

// personOf returns what is known of the person of an application.
func (c *Commands) personOf(ctx context.Context, a application.Application) (candidate.Edits, error) {
	person, err := c.reveal(ctx, a.Candidate)
	if err != nil || person == "" {
		return nil, err
	}
	f, err := c.candidates.read(ctx, c.log, person)
	if err != nil {
		return nil, err
	}
	return c.opened(ctx, f.state, candidate.Edits{candidate.FirstName: "", candidate.LastName: "", candidate.Email: ""})
}

// enclosed returns files of an application's documents as attachments, with
// their names under key. Errors: ErrUnknownAttachment,
// application.ErrFileHeld, application.ErrFileQuarantined, domain.ErrInvalid.
func (c *Commands) enclosed(ctx context.Context, a application.Application, held access.Rights, applicationID string, files []string, key personal.Key) ([]message.Attachment, error) {
	if len(files) == 0 {
		return nil, nil
	}
	found := map[string]message.Attachment{}
	for rec, err := range c.log.ReadStream(ctx, "application-"+applicationID, 0, eventlog.Forwards) {
		if err != nil {
			return nil, fmt.Errorf("files of application %s: %w", applicationID, err)
		}
		if rec.Type != (application.DocumentUploaded{}).EventName() {
			continue
		}
		e, err := application.Codec.Decode(rec.Type, rec.Data)
		if err != nil {
			return nil, fmt.Errorf("application %s at %d: %w", applicationID, rec.Revision, err)
		}
		up, ok := e.(application.DocumentUploaded)
		d, there := a.Documents[up.Document]
		if !ok || !there || slices.Contains(d.Deleted, up.Version) || !views(held, d) {
			continue
		}
		for _, f := range up.Files {
			if slices.Contains(files, f.ID) {
				if err := d.Gives(f.ID); err != nil {
					return nil, err
				}
			}
			found[f.ID] = message.Attachment{File: f.ID, Document: up.Document, Name: f.Name, Size: f.Size, Type: f.Type}
		}
	}
	var all []message.Attachment
	var size int64
	for _, id := range slices.Compact(slices.Clone(files)) {
		at, ok := found[id]
		if !ok {
			return nil, ErrUnknownAttachment
		}
		name, err := c.reveal(ctx, at.Name)
		if err != nil {
			return nil, err
		}
		at.Name = personal.New(key, personal.Plain(name))
		if size += at.Size; size > maxEnclosed {
			return nil, domain.ErrInvalid.Because("The files have more than %d MiB together.", maxEnclosed>>20)
		}
		all = append(all, at)
	}
	return all, nil
}

// onMessage gives one command on a message of an application: whoever has edit
// on the messages area may.
func (c *Commands) onMessage(ctx context.Context, caller Caller, applicationID, id string, decide func(message.Message, domain.Stamp) ([]message.Event, error)) (Answer, error) {
	if _, _, err := c.correspondent(ctx, caller, applicationID); err != nil {
		return Answer{}, err
	}
	return transact(ctx, c, c.messages, id, caller, decision[message.Message, message.Event]{
		may: func(m message.Message) error {
			if m.Application != applicationID {
				return message.ErrUnknown
			}
			return nil
		},
		decide: decide,
	})
}

// ChangeMessage puts another letter in the place of a message that has not left;
// when it leaves stays, unless that is named.
type ChangeMessage struct {
	Application string `json:"-"`
	Message     string `json:"-"`
	Letter
}

// ChangeMessage gives cmd. Whoever has edit on the messages area may.
// Errors: those of message.Change and of WriteMessage.
func (c *Commands) ChangeMessage(ctx context.Context, caller Caller, cmd ChangeMessage) (Answer, error) {
	f, held, err := c.correspondent(ctx, caller, cmd.Application)
	if err != nil {
		return Answer{}, err
	}
	if m, err := c.messages.read(ctx, c.log, cmd.Message); err != nil || m.state.Application != cmd.Application {
		return Answer{}, cmp.Or(err, error(message.ErrUnknown))
	}
	draft, err := c.draft(ctx, caller, cmd.Message, f.state, held, cmd.Application, cmd.Letter)
	if err != nil {
		return Answer{}, err
	}
	return c.onMessage(ctx, caller, cmd.Application, cmd.Message, func(m message.Message, s domain.Stamp) ([]message.Event, error) {
		d := draft
		if cmd.SendAt == nil {
			d.SendAt = m.SendAt
		}
		return m.Change(caller.newID("change"), d, s)
	})
}

// OnMessage names a message of an application.
type OnMessage struct {
	Application string `json:"-"`
	Message     string `json:"-"`
}

// CancelMessage cancels a message that has not left. Whoever has edit on the
// messages area may. Errors: those of message.Cancel; ErrDenied.
func (c *Commands) CancelMessage(ctx context.Context, caller Caller, cmd OnMessage) (Answer, error) {
	return c.onMessage(ctx, caller, cmd.Application, cmd.Message, message.Message.Cancel)
}

// RetryMessage has a message tried again. Whoever has edit on the messages area
// may. Errors: those of message.Retry; ErrDenied.
func (c *Commands) RetryMessage(ctx context.Context, caller Caller, cmd OnMessage) (Answer, error) {
	return c.onMessage(ctx, caller, cmd.Application, cmd.Message, message.Message.Retry)
}

// CloseMessage says that a message that came in was taken care of, for
// everybody. Whoever has edit on the messages area may.
// Errors: those of message.Close; ErrDenied.
func (c *Commands) CloseMessage(ctx context.Context, caller Caller, cmd OnMessage) (Answer, error) {
	return c.onMessage(ctx, caller, cmd.Application, cmd.Message, func(m message.Message, s domain.Stamp) ([]message.Event, error) {
		return m.Close("", s)
	})
}

// closeBy closes the message that another one answers, if it came in.
func (c *Commands) closeBy(ctx context.Context, caller Caller, id, reply string) error {
	step := caller.withoutMatch()
	step.CommandID = uuid.NewSHA1(caller.CommandID, []byte("close"))
	_, err := transact(ctx, c, c.messages, id, step, decision[message.Message, message.Event]{
		decide: func(m message.Message, s domain.Stamp) ([]message.Event, error) { return m.Close(reply, s) },
	})
	if errors.Is(err, message.ErrNotIn) { // an answer to what was written here
		return nil
	}
	return err
}

// saying is what a message says by now, sealed.
type saying struct {
	state       message.Message
	at          folded[message.Message]
	from        personal.Text
	fromName    personal.Text
	to          personal.Text
	subject     personal.Text
	text        personal.Text
	header      personal.Text // Message-ID, of one that came in
	answers     string
	attachments []message.Attachment
}

// said reads what a message says. Errors: message.ErrUnknown.
func (c *Commands) said(ctx context.Context, id string) (saying, error) {
	f, err := c.messages.read(ctx, c.log, id)
	if err != nil {
		return saying{}, err
	}
	s := saying{state: f.state, at: f}
	if s.state.Direction == "" {
		return s, message.ErrUnknown
	}
	for rec, err := range c.log.ReadStream(ctx, "message-"+id, 0, eventlog.Forwards) {
		if err != nil {
			return s, fmt.Errorf("message %s: %w", id, err)
		}
		e, err := message.Codec.Decode(rec.Type, rec.Data)
		if err != nil {
			return s, fmt.Errorf("message %s at %d: %w", id, rec.Revision, err)
		}
		switch e := e.(type) { //nolint:gochecksumtype // only what says something
		case message.Written:
			s.to, s.subject, s.text, s.attachments, s.answers = e.To, e.Subject, e.Text, e.Attachments, e.Answers
		case message.Changed:
			s.subject, s.text, s.attachments = e.Subject, e.Text, e.Attachments
		case message.Received:
			s.from, s.fromName, s.subject, s.text, s.attachments, s.header = e.From, e.FromName, e.Subject, e.Text, e.Attachments, e.MessageID
		}
	}
	return s, nil
}
