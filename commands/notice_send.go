package commands

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/candidate"
	"github.com/hirelog/hirelog/domain/notice"
	"github.com/hirelog/hirelog/domain/personal"
	"github.com/hirelog/hirelog/internal/eventlog"
	"github.com/hirelog/hirelog/internal/mail"
)

// SendNotice hands a mail of notices over, if its time has come and there still
// is a reason for it: that it is being handed over is recorded first, and only who
// recorded it does so. What was begun and has no outcome after a while is unknown,
// and is not sent again. One after the other is handed over: what a mail tells goes by
// what the person was told before. Its answer's reason is the code of why it was not sent.
// Only the system may, for an effect.
// Errors: notice.ErrUnknown; ErrDenied, ErrRightsUnknown; ErrNotYet; *LaterError
// before its time.
func (c *Commands) SendNotice(ctx context.Context, caller Caller, stream, id string) (Answer, error) {
	if err := c.mayNotice(caller); err != nil {
		return Answer{}, err
	}
	f, err := c.notices.read(ctx, c.log, stream)
	if err != nil {
		return Answer{}, err
	}
	m, ok := f.state.Get(id)
	stands := Answer{Stream: "notice-" + stream, Revision: f.revision, Position: f.position, Reason: m.Reason}
	effect := caller.CommandID.String()
	switch {
	case !ok:
		return Answer{}, notice.ErrUnknown
	case m.Effect == effect && m.Status != notice.IsSending, m.Ended():
		return stands, nil // it came to an end
	case m.Effect == effect && c.now().Sub(m.Since) < lostAfter:
		return Answer{}, fmt.Errorf("notice %s is being handed over: %w", id, ErrNotYet)
	case m.Effect == effect:
		return c.noticeStep(ctx, caller, stream, id, "lost", func(n notice.Notices, s domain.Stamp) ([]notice.Event, error) {
			return n.LoseTrack(id, m.Attempt, s)
		})
	case f.state.Leaving():
		return Answer{}, fmt.Errorf("notice %s comes after another: %w", id, ErrNotYet)
	case c.now().Before(m.Leaves()): // our clock is behind that of who asks, or it was tried, or hastened, in between
		return Answer{}, &LaterError{At: m.Leaves()}
	}
	letter, told, reason, err := c.noticeMail(ctx, f.state, m)
	switch {
	case err != nil:
		return Answer{}, err
	case reason != "":
		return c.noticeStep(ctx, caller, stream, id, "drop", func(n notice.Notices, s domain.Stamp) ([]notice.Event, error) {
			return n.Drop(id, reason, s)
		})
	}
	return c.sendNotice(ctx, caller, stream, m, f.revision, letter, told)
}

// sendNotice hands a mail over, if nobody else does, and only as it was put
// together, of the notices at a revision: what was noted, or told, in between is
// heeded by putting it together again.
func (c *Commands) sendNotice(ctx context.Context, caller Caller, stream string, was notice.Mail, at eventlog.Revision, letter mail.Mail, told notice.Told) (Answer, error) {
	try := caller
	try.CommandID, try.MayBeRepeated, try.IfMatch = uuid.Must(uuid.NewV7()), false, &at // each try is a command of its own
	attempt := 0
	answer, err := transact(ctx, c, c.notices, stream, try, decision[notice.Notices, notice.Event]{
		decide: func(n notice.Notices, s domain.Stamp) ([]notice.Event, error) {
			m, _ := n.Get(was.ID)
			attempt = m.Attempt + 1
			return n.Send(was.ID, caller.CommandID.String(), told, s)
		},
		prepare: func(context.Context, notice.Notices) error { return nil }, // never decides on a cached fold
	})
	var stale *StaleError
	switch {
	case errors.As(err, &stale), err == nil && answer.Unchanged:
		return Answer{}, fmt.Errorf("notice %s is not as it was: %w", was.ID, ErrNotYet)
	case err != nil:
		return answer, err
	}
	letter.ID = uuid.NewSHA1(uuid.MustParse(was.ID), fmt.Appendf(nil, "mail/%d", attempt))
	letter.MessageID = c.noticeMessageID(stream, was.ID, attempt)
	// Whatever becomes of the asker, what came of it is to be recorded.
	sending, cancel := context.WithTimeout(context.WithoutCancel(ctx), sendTime)
	defer cancel()
	if caller.Origin == eventlog.Live {
		err = c.mail.Send(sending, letter)
	}
	var rejected *mail.RejectedError
	recording, cancel := context.WithTimeout(context.WithoutCancel(ctx), sendTime)
	defer cancel()
	return c.noticeStep(recording, try, stream, was.ID, "outcome", func(n notice.Notices, s domain.Stamp) ([]notice.Event, error) {
		switch {
		case err == nil:
			return n.Take(was.ID, attempt, s)
		case errors.As(err, &rejected):
			return n.Fail(was.ID, attempt, rejected.Code, false, s)
		case errors.Is(err, mail.ErrNotTaken):
			return n.Fail(was.ID, attempt, "not_taken", true, s)
		}
		return n.LoseTrack(was.ID, attempt, s)
	})
}

// noticeStep records what became of a mail, and answers with why it was not sent,
// if it was not.
func (c *Commands) noticeStep(ctx context.Context, caller Caller, stream, id, what string, decide func(notice.Notices, domain.Stamp) ([]notice.Event, error)) (Answer, error) {
	step := caller.withoutMatch()
	step.CommandID = uuid.NewSHA1(caller.CommandID, []byte(what))
	answer, err := transact(ctx, c, c.notices, stream, step, decision[notice.Notices, notice.Event]{decide: decide})
	if err != nil {
		return answer, err
	}
	f, err := c.notices.read(ctx, c.log, stream)
	m, _ := f.state.Get(id)
	answer.Reason = m.Reason
	return answer, err
}

// noticeMail puts a mail of notices together, with what it tells calendars, or says
// why it is not sent.
func (c *Commands) noticeMail(ctx context.Context, n notice.Notices, m notice.Mail) (letter mail.Mail, told notice.Told, reason string, err error) {
	l, err := c.lineOf(ctx, m.About.Application)
	switch {
	case err != nil:
		return letter, told, "", err
	case m.About.Interview != "":
		return c.interviewMail(ctx, n, m, l)
	}
	letter, reason, err = c.newsMail(ctx, m, l)
	return letter, told, reason, err
}

// newsMail puts a mail together that says what happened to an application, or says
// why it is not sent.
func (c *Commands) newsMail(ctx context.Context, m notice.Mail, l line) (letter mail.Mail, reason string, err error) {
	if reason = c.noReason(m.About.To, l, kindsOf(m.Items)); reason != "" {
		return letter, reason, nil
	}
	items := m.Items
	letter = mail.Mail{Kind: mail.Notice, FromName: c.directory.Organization().Name, About: l.newest}
	var to personal.Plain
	if m.About.To == notice.Candidate {
		letter.Key, letter.ReplyTo = keyOf(l.newest), c.replyAddress(l.newest)
		known, err := c.personOf(ctx, l.state)
		if err != nil {
			return letter, "", err
		}
		to = known[candidate.Email]
	} else {
		letter.Key = personal.Key{ID: m.About.To, Owner: m.About.To}
		if items, err = c.visible(ctx, m); err == nil {
			to, err = c.addressOfMember(ctx, m.About.To)
		}
		if err != nil {
			return letter, "", err
		}
	}
	news := newsOf(items)
	switch {
	case news == "":
		return letter, noNews, nil
	case to == "":
		return letter, noAddress, nil
	}
	letter.To = []personal.Plain{to}
	letter.Subject, letter.Text = c.noticeText(m, news)
	return letter, "", nil
}

// visible returns what of a mail the member it is to may see now.
func (c *Commands) visible(ctx context.Context, m notice.Mail) ([]notice.Item, error) {
	f, err := c.applications.read(ctx, c.log, m.About.Application)
	var items []notice.Item
	for _, i := range m.Items {
		if err == nil && c.toldOfUpload(m.About.To, f.state, i.Subject) {
			items = append(items, i)
		}
	}
	return items, err
}
