package commands

import (
	"context"
	"crypto/hmac"
	"errors"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/message"
	"github.com/hirelog/hirelog/domain/personal"
	"github.com/hirelog/hirelog/internal/calendar"
	"github.com/hirelog/hirelog/internal/mail"
	"github.com/hirelog/hirelog/internal/vault"
)

// People answer to invitations by mail, as their calendar programs do it (RFC 6047).
// Who answers is who the mail is from, if they are invited by that address; and the mail
// went to an address of their own, which only their invitation tells: who else is
// invited to the same interview does not know it.

// replied is an answer that came by mail and was recorded.
type replied struct {
	Answer
	candidate bool // else a participant
}

// replyOf records what a mail with an id answers to an invitation. ok is false for a
// mail that answers none, or not by who was invited, or to a time that is no more, or
// after its end, or before what they answered last: it is a message like others. The same mail is recorded once.
// Errors: ErrRightsUnknown; those of the log and of the vault.
func (c *Commands) replyOf(ctx context.Context, caller Caller, id string, in mail.Incoming) (got replied, ok bool, err error) {
	to, invited := c.invitedAt(in.Recipients)
	if in.Reply == nil || to == "" || !sameAddress(in.Reply.Attendee, in.From) {
		return got, false, nil
	}
	if err := c.directory.Check(); err != nil {
		return got, false, err
	}
	at, found, err := c.knownAs(ctx, to, in.Reply.ID)
	if err != nil || !found {
		return got, false, err
	}
	step := caller.as(domain.System)
	step.CommandID, step.MayBeRepeated = uuid.NewSHA1(uuid.MustParse(id), []byte("answer")), true
	who, found, err := c.invitee(ctx, caller, at, in.From)
	if err != nil || !found || !hmac.Equal(invited, c.proofOfInvited(to, who)) {
		return got, false, err
	}
	got.candidate, step.OnBehalfOf = who == "", domain.Candidate
	if !got.candidate {
		step.OnBehalfOf = domain.Member(who)
	}
	got.Answer, err = c.onApplication(ctx, at.application, step, need{area: access.Interviews, level: access.View},
		func(a application.Application, _ access.Rights, s domain.Stamp) ([]application.Event, error) {
			return a.AnswerByMail(at.id, who, answerOf(in.Reply.Answer), application.Mailed{Sequence: in.Reply.Sequence, At: in.Reply.Stamped}, s)
		})
	got.ID = at.id
	if refused(err) {
		return got, false, nil
	}
	return got, err == nil, err
}

// answerOf is an answer as interviews have it.
func answerOf(a calendar.Answer) application.AnswerKind {
	switch a {
	case calendar.Accepted:
		return application.AnswerAccepted
	case calendar.Declined:
		return application.AnswerDeclined
	case calendar.Tentative:
	}
	return application.AnswerTentative
}

// calledTo is an interview that calendars know, where it is by now.
type calledTo struct {
	application string
	id          string
	application.Interview
	state  application.Application
	newest application.Application // of the line
}

// knownAs finds the interview that calendars know by origin, in the newest part of
// an application's line that has it.
func (c *Commands) knownAs(ctx context.Context, applicationID, origin string) (at calledTo, found bool, err error) {
	for applicationID != "" {
		f, err := c.applications.read(ctx, c.log, applicationID)
		if err != nil {
			return at, false, err
		}
		if f.state.Outcome == "" || f.state.Anonymised || f.state.Deleted {
			break
		}
		if id, i, known := f.state.InterviewKnownAs(origin); known {
			at.application, at.id, at.Interview, at.state, found = applicationID, id, i, f.state, true
		}
		at.newest, applicationID = f.state, f.state.To
	}
	return at, found, nil
}

// invitee returns who is invited to an interview by an address: a participant who
// may view it, or "" for the candidate, as long as the application goes on as far as
// they are told. found is false also if it is several.
func (c *Commands) invitee(ctx context.Context, caller Caller, at calledTo, from personal.Plain) (who string, found bool, err error) {
	now, people := c.atOf(caller), 0
	if at.Invited && !at.Hidden && at.newest.Told(now) == application.InProgress {
		theirs, err := c.isFrom(ctx, at.state, from)
		if err != nil {
			return "", false, err
		}
		if theirs {
			people++
		}
	}
	for _, m := range at.Participants {
		if !c.viewsInterviews(m, at.state, now) {
			continue
		}
		address, err := c.addressOfMember(ctx, m)
		if err != nil {
			return "", false, err
		}
		if sameAddress(address, from) {
			who = m
			people++
		}
	}
	return who, people == 1, nil
}

// viewsInterviews reports whether a member may view the interviews of an application.
func (c *Commands) viewsInterviews(member string, a application.Application, now time.Time) bool {
	return c.directory.Member(member).Active && c.directory.RightsOn(member, a, now).Area(access.Interviews) >= access.View
}

// isFrom reports whether an address is the candidate's of an application, and of
// nobody else.
func (c *Commands) isFrom(ctx context.Context, a application.Application, from personal.Plain) (bool, error) {
	person, known, err := c.vault.LookUp(ctx, from)
	if errors.Is(err, vault.ErrNoAddress) || err == nil && !known {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	theirs, err := c.reveal(ctx, a.Candidate)
	return err == nil && theirs == person, err
}

// sameAddress reports whether two addresses are the same, and not none.
func sameAddress(a, b personal.Plain) bool {
	one, other := strings.TrimSpace(string(a)), strings.TrimSpace(string(b))
	return one != "" && strings.EqualFold(one, other)
}

// answeredBy closes the message of a candidate that says nothing but what was
// recorded as their answer: nobody needs to take care of it.
func (c *Commands) answeredBy(ctx context.Context, caller Caller, id string) (Answer, error) {
	step := caller.as(domain.System)
	step.CommandID, step.MayBeRepeated = uuid.NewSHA1(uuid.MustParse(id), []byte("answered")), true
	answer, err := transact(ctx, c, c.messages, id, step, decision[message.Message, message.Event]{
		decide: func(m message.Message, s domain.Stamp) ([]message.Event, error) { return m.Close("", s) },
	})
	if refused(err) {
		err = nil // it came to belong elsewhere
	}
	return answer, err
}
