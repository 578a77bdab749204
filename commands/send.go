package commands

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/message"
	"github.com/hirelog/hirelog/domain/personal"
	"github.com/hirelog/hirelog/internal/eventlog"
	"github.com/hirelog/hirelog/internal/files"
	"github.com/hirelog/hirelog/internal/mail"
	"github.com/hirelog/hirelog/internal/vault"
)

const (
	// sendTime bounds the handing over of one message.
	sendTime = 45 * time.Second
	// lostAfter is when who began to hand a message over, and did not say what
	// came of it, is gone.
	lostAfter = 90 * time.Second
	// decisionTime is how long a message that tells of a decision waits for it: both are
	// recorded one after the other.
	decisionTime = 2 * time.Minute
)

// ErrNotYet means that a message cannot be dealt with yet, and can be soon.
var ErrNotYet = errors.New("not yet")

// SendMessage hands a message over to who carries mail, if its time has come:
// that it is being handed over is recorded first, and only who recorded it does
// so. effect is the id of the effect that asks for it, and asks again until it
// has an answer: what was begun for it and has no outcome after a while is
// unknown, and is not tried again by itself. Only the system may. What is
// imported, or of the demo company, is recorded and sent to nobody.
// Errors: those of message.Send; ErrDenied; ErrNotYet.
func (c *Commands) SendMessage(ctx context.Context, caller Caller, id string) (Answer, error) {
	if caller.Actor != domain.System {
		return Answer{}, ErrDenied
	}
	effect := caller.CommandID.String()
	says, err := c.said(ctx, id)
	if err != nil {
		return Answer{}, err
	}
	switch m := says.state; {
	case m.Effect == effect && m.Status != message.IsSending:
		return says.answer(id), nil // it came to an end
	case m.Effect == effect:
		return c.lose(ctx, caller, id, m)
	case m.Status == message.IsScheduled && c.early(m.SendAt), m.Status == message.IsFailed && c.early(m.RetryAt):
		return Answer{}, fmt.Errorf("message %s: %w", id, ErrNotYet) // our clock is behind that of who asks
	}
	if answer, done, err := c.reasonToSend(ctx, caller, id, says.state); done || err != nil {
		return answer, err
	}
	// Each try is a command of its own: an append that is given again would be
	// taken for the first, and both would think that they are.
	try := caller
	try.CommandID, try.MayBeRepeated = uuid.Must(uuid.NewV7()), false
	attempt := 0
	answer, err := transact(ctx, c, c.messages, id, try, decision[message.Message, message.Event]{
		decide: func(m message.Message, s domain.Stamp) ([]message.Event, error) {
			attempt = m.Attempt + 1
			return m.Send(effect, s)
		},
		prepare: func(context.Context, message.Message) error { return nil }, // never decides on a cached fold
	})
	if err != nil || answer.Unchanged {
		return answer, err
	}
	// Whatever becomes of the asker, what came of it is to be recorded.
	sending, cancel := context.WithTimeout(context.WithoutCancel(ctx), sendTime)
	defer cancel()
	return c.handOver(sending, try, id, attempt)
}

// early reports whether an instant comes within a minute.
func (c *Commands) early(at time.Time) bool {
	left := at.Sub(c.now())
	return left > 0 && left < time.Minute
}

// answer is where a message stands.
func (s saying) answer(id string) Answer {
	return Answer{ID: id, Stream: "message-" + id, Revision: s.at.revision, Position: s.at.position}
}

// lose gives a message up that was begun to be handed over and has no outcome.
// Errors: ErrNotYet while it may still get one.
func (c *Commands) lose(ctx context.Context, caller Caller, id string, m message.Message) (Answer, error) {
	if c.now().Sub(m.Since) < lostAfter {
		return Answer{}, fmt.Errorf("message %s is being handed over: %w", id, ErrNotYet)
	}
	return c.step(ctx, caller, id, "lost", func(m message.Message, s domain.Stamp) ([]message.Event, error) { return m.LoseTrack(m.Attempt, s) })
}

// step records what became of a message.
func (c *Commands) step(ctx context.Context, caller Caller, id, what string, decide func(message.Message, domain.Stamp) ([]message.Event, error)) (Answer, error) {
	step := caller.withoutMatch()
	step.CommandID = uuid.NewSHA1(caller.CommandID, []byte(what))
	return transact(ctx, c, c.messages, id, step, decision[message.Message, message.Event]{decide: decide})
}

// reasonToSend cancels a message there is no reason to send any more: its
// application was anonymised, or what it tells of was taken back. done says that
// it is not to be sent.
func (c *Commands) reasonToSend(ctx context.Context, caller Caller, id string, m message.Message) (answer Answer, done bool, err error) {
	f, err := c.applications.read(ctx, c.log, m.Application)
	if err != nil {
		return Answer{}, false, err
	}
	a := f.state
	switch {
	case a.Anonymised:
	case m.Purpose != message.Rejection, a.Message == id:
		return Answer{}, false, nil
	case a.Live() && c.now().Sub(m.SendAt) < decisionTime && c.now().After(m.SendAt):
		return Answer{}, true, fmt.Errorf("what message %s tells of is not recorded: %w", id, ErrNotYet)
	}
	answer, err = c.step(ctx, caller, id, "cancel", func(m message.Message, s domain.Stamp) ([]message.Event, error) {
		if m.Status != message.IsScheduled && m.Status != message.IsFailed {
			return nil, nil
		}
		return m.Cancel(s)
	})
	return answer, true, err
}

// handOver calls the transport and records what came of it.
func (c *Commands) handOver(ctx context.Context, caller Caller, id string, attempt int) (Answer, error) {
	err := c.carry(ctx, caller, id, attempt)
	var rejected *mail.RejectedError
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), sendTime)
	defer cancel()
	return c.step(ctx, caller, id, "outcome", func(m message.Message, s domain.Stamp) ([]message.Event, error) {
		switch {
		case err == nil:
			return m.Take(attempt, s)
		case errors.As(err, &rejected):
			return m.Fail(attempt, rejected.Code, false, s)
		case errors.Is(err, mail.ErrNotTaken):
			return m.Fail(attempt, "not_taken", true, s)
		}
		return m.LoseTrack(attempt, s)
	})
}

// carry calls the transport.
func (c *Commands) carry(ctx context.Context, caller Caller, id string, attempt int) error {
	if caller.Origin != eventlog.Live {
		return nil
	}
	m, err := c.mailOf(ctx, id, attempt)
	if err != nil {
		c.logger.Warn("a message could not be put together", "message", id, "error", err)
		return fmt.Errorf("%w: %w", mail.ErrNotTaken, err)
	}
	if err = c.mail.Send(ctx, m); err != nil {
		c.logger.Warn("a message was not taken, or perhaps", "message", id, "attempt", attempt, "error", err)
	}
	return err
}

// mailOf returns the mail that a message is. Errors: *mail.RejectedError when it
// was erased.
func (c *Commands) mailOf(ctx context.Context, id string, attempt int) (mail.Mail, error) {
	says, err := c.said(ctx, id)
	if err != nil {
		return mail.Mail{}, err
	}
	application := says.state.Application
	m := mail.Mail{
		ID: uuid.NewSHA1(uuid.MustParse(id), fmt.Appendf(nil, "mail/%d", attempt)), Kind: mail.Message,
		Key: personal.Key{ID: id, Owner: application}, MessageID: c.messageID(id, attempt), FromName: c.directory.Organization().Name,
		ReplyTo: c.replyAddress(application),
	}
	// What was deleted since it was written goes not along.
	var enclosed []message.Attachment
	for _, at := range says.attachments {
		switch there, err := c.stillThere(ctx, at.File); {
		case err != nil:
			return m, err
		case there:
			enclosed = append(enclosed, at)
		}
	}
	texts := []personal.Text{says.to, says.subject, says.text}
	for _, at := range enclosed {
		texts = append(texts, at.Name)
	}
	sealed := make([][]byte, len(texts))
	for i, t := range texts {
		sealed[i] = t.Bytes()
	}
	opened, err := c.vault.Open(ctx, sealed...)
	if err != nil {
		return m, err
	}
	if opened[0].Erased {
		return m, &mail.RejectedError{Code: "erased"}
	}
	m.To, m.Subject, m.Text = []personal.Plain{opened[0].Text}, opened[1].Text, opened[2].Text
	for i, at := range enclosed {
		m.Attachments = append(m.Attachments, mail.Attachment{Name: opened[3+i].Text, Type: at.Type, Size: at.Size, Open: func(ctx context.Context) (io.ReadCloser, error) {
			return c.openForMail(ctx, at.File)
		}})
	}
	if says.answers != "" {
		m.InReplyTo, err = c.headerOf(ctx, says.answers)
	}
	return m, err
}

// openForMail opens a file of an application. One that was deleted there is gone,
// also if an employee profile has it still. Errors: those of files.Store.Open.
func (c *Commands) openForMail(ctx context.Context, file string) (io.ReadCloser, error) {
	there, err := c.stillThere(ctx, file)
	switch {
	case err != nil:
		return nil, err
	case !there:
		return nil, files.ErrErased
	}
	return c.files.Open(ctx, file)
}

// stillThere reports whether an application has a file.
func (c *Commands) stillThere(ctx context.Context, file string) (bool, error) {
	owners, err := c.vault.Owners(ctx, file)
	if err != nil {
		return false, err
	}
	for _, owner := range owners {
		f, err := c.applications.read(ctx, c.log, owner)
		if err != nil || f.state.Outcome != "" {
			return err == nil, err
		}
	}
	return false, nil
}

// headerOf returns the Message-ID of a message.
func (c *Commands) headerOf(ctx context.Context, id string) (string, error) {
	says, err := c.said(ctx, id)
	switch {
	case err != nil:
		return "", err
	case says.state.Direction == message.Outbound:
		return c.messageID(id, says.state.Attempt), nil
	}
	return c.reveal(ctx, says.header)
}

// DiscloseByMessage records that a rejection is disclosed by the message that
// tells of it. Only the system may.
// Errors: those of application.DiscloseBy; ErrDenied, ErrRightsUnknown.
func (c *Commands) DiscloseByMessage(ctx context.Context, caller Caller, applicationID, id string) (Answer, error) {
	return c.onTime(ctx, caller, applicationID, func(a application.Application, s domain.Stamp) ([]application.Event, error) {
		return a.DiscloseBy(id, s)
	})
}

// MoveDisclosure lets the time at which a rejection is disclosed follow the
// message that tells of it: as it is to leave now, or as if there were none, once
// it is cancelled, could not be sent, or nobody knows whether it was. Only the
// system may. Errors: those of application.MoveDisclosure; ErrDenied, ErrRightsUnknown.
func (c *Commands) MoveDisclosure(ctx context.Context, caller Caller, applicationID, id string) (Answer, error) {
	f, err := c.messages.read(ctx, c.log, id)
	if err != nil {
		return Answer{}, err
	}
	var leaves *time.Time
	switch m := f.state; {
	case m.Status == message.IsSent, m.Status == message.IsBounced:
		return Answer{Unchanged: true}, nil // that it was sent discloses it
	case m.Status == message.IsScheduled, m.Status == message.IsSending, m.Status == message.IsFailed && !m.RetryAt.IsZero():
		leaves = &m.SendAt
	}
	return c.onTime(ctx, caller, applicationID, func(a application.Application, s domain.Stamp) ([]application.Event, error) {
		return a.MoveDisclosure(id, leaves, c.directory.Organization().Settings.DiscloseAfter, s)
	})
}

// SettleMessage does what is left to do when a message got to an application:
// what came along becomes documents of it, and is none of the application any
// more that it belonged to before; the keys are of the one alone, and of the employee profile it led to. Only the system
// may. Given again it does what is not done.
// Errors: message.ErrUnknown; ErrDenied.
func (c *Commands) SettleMessage(ctx context.Context, caller Caller, id string) (Answer, error) {
	if caller.Actor != domain.System {
		return Answer{}, ErrDenied
	}
	says, err := c.said(ctx, id)
	if err != nil {
		return Answer{}, err
	}
	m, answer := says.state, says.answer(id)
	if m.Application == "" {
		return answer, nil
	}
	keys := []string{id}
	if m.Direction == message.Inbound {
		for _, place := range m.Left {
			if err := c.takeFrom(ctx, caller, place.Application, m, &answer); err != nil {
				return Answer{}, err
			}
		}
		if err := c.fileAll(ctx, caller, says, &answer); err != nil {
			return Answer{}, err
		}
		keys = append(keys, m.Files...)
	}
	// What came along may have gone on to the profile of whoever was hired.
	_, newest, err := c.wentOnAs(ctx, m.Application)
	if err != nil {
		return Answer{}, err
	}
	employee := ""
	if hire := newest.Hire.ID; hire != "" {
		employee = EmployeeOf(hire)
	}
	for _, key := range keys {
		owners, err := c.vault.Owners(ctx, key)
		if err != nil {
			return Answer{}, err
		}
		if !slices.Contains(owners, m.Application) {
			if key != id || len(owners) == 0 {
				continue // erased, or a file that stayed where it was
			}
			// Somebody took it back meanwhile, who gave it to the same one and was refused.
			if err := c.vault.AddOwner(ctx, key, m.Application); err != nil {
				if errors.Is(err, vault.ErrErased) {
					continue
				}
				return Answer{}, err
			}
		}
		for _, owner := range owners {
			if owner == m.Application || owner == employee {
				continue
			}
			if err := c.vault.RemoveOwner(ctx, key, owner); err != nil {
				return Answer{}, err
			}
		}
	}
	return answer, nil
}

// documentOf returns the id of the document that a file that came along is in an
// application.
func documentOf(file, applicationID string) string {
	return uuid.NewSHA1(uuid.MustParse(file), []byte("document of "+applicationID)).String()
}

// takeFrom lets the documents that came along with a message go from an
// application.
func (c *Commands) takeFrom(ctx context.Context, caller Caller, from string, m message.Message, answer *Answer) error {
	if from == m.Application {
		return nil
	}
	for _, file := range m.Files {
		err := c.alongWith(ctx, caller, answer, from, "left/"+file, func(a application.Application, s domain.Stamp) ([]application.Event, error) {
			return a.LetGo(documentOf(file, from), s)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// fileAll files what came along with a message.
func (c *Commands) fileAll(ctx context.Context, caller Caller, says saying, answer *Answer) error {
	to := says.state.Application
	for _, at := range says.attachments {
		name, err := c.reveal(ctx, at.Name)
		if err != nil {
			return err
		}
		as := kept{found: says.state.Infected}
		if slices.Contains(says.state.Held, at.File) || says.state.Infected[at.File] != "" {
			as.held = []string{at.File}
		}
		file := application.File{ID: at.File, Name: personal.New(personal.Key{ID: at.File, Owner: to}, personal.Plain(name)), Size: at.Size, Type: at.Type}
		as.files = []application.File{file}
		err = c.alongWith(ctx, caller, answer, to, "filed/"+at.File, func(a application.Application, s domain.Stamp) ([]application.Event, error) {
			events, err := a.FileAttachment(documentOf(at.File, to), file, s)
			if err != nil {
				return nil, err
			}
			return as.filed(a, events, s)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// alongWith records what becomes of a document with its message; answer is at
// where that is. An application that takes no such change any more is left as it
// is.
func (c *Commands) alongWith(ctx context.Context, caller Caller, answer *Answer, id, what string, decide func(application.Application, domain.Stamp) ([]application.Event, error)) error {
	step := caller.withoutMatch()
	step.CommandID = uuid.NewSHA1(caller.CommandID, []byte(what+"/"+id))
	done, err := transact(ctx, c, c.applications, id, step, decision[application.Application, application.Event]{decide: decide})
	switch {
	case refused(err):
		c.logger.Warn("a file that came along with a message was not filed", "application", id, "error", err)
		return nil
	case err == nil && !done.Unchanged && done.Position.After(answer.Position):
		answer.Position = done.Position
	}
	return err
}
