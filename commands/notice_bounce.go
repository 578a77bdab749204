package commands

import (
	"context"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/notice"
)

// undelivered is the status of what came back without one.
const undelivered = "5.0.0"

// noticeBounced records that a mail of notices came back, whose id it answers with.
// known is false for one that is not remembered: nothing is recorded. Of an
// anonymised application nobody needs to know.
func (c *Commands) noticeBounced(ctx context.Context, caller Caller, stream, id string, attempt int, status string) (answer Answer, known bool, err error) {
	f, err := c.notices.read(ctx, c.log, stream)
	if err != nil {
		return Answer{}, false, err
	}
	m, known := f.state.Get(id)
	if !known {
		return Answer{}, false, nil
	}
	l, err := c.lineOf(ctx, m.About.Application)
	if err != nil {
		return Answer{}, false, err
	}
	answer = Answer{ID: id, Stream: "notice-" + stream, Revision: f.revision, Position: f.position, Unchanged: true}
	if l.state.Anonymised || l.state.Deleted {
		return answer, true, nil
	}
	about := m.About
	about.Application, about.Job = l.newest, l.state.Job
	meeting := ""
	if about.Interview != "" {
		meeting, _, _ = l.state.InterviewKnownAs(about.Interview)
	}
	if status == "" {
		status = undelivered
	}
	answer, err = transact(ctx, c, c.notices, stream, caller.as(domain.System), decision[notice.Notices, notice.Event]{
		decide: func(n notice.Notices, s domain.Stamp) ([]notice.Event, error) {
			return n.Bounce(id, attempt, status, about, meeting, s)
		},
	})
	answer.ID = id
	return answer, true, err
}

// CloseBounce names the mails of notices to one person of an application, of which
// one came back.
type CloseBounce struct {
	Application string
	Notice      string
}

// CloseBounce says that somebody took care of it. Whoever has edit on the interviews
// area may if they are about an interview, else whoever has edit on messages.
// Errors: those of notice.CloseBounce; application.ErrUnknown; ErrDenied.
func (c *Commands) CloseBounce(ctx context.Context, caller Caller, cmd CloseBounce) (Answer, error) {
	a, err := c.applications.read(ctx, c.log, cmd.Application)
	if err != nil {
		return Answer{}, err
	}
	f, err := c.notices.read(ctx, c.log, cmd.Notice)
	if err != nil {
		return Answer{}, err
	}
	m, found := f.state.CameBack()
	if found {
		theirs, err := c.lineOf(ctx, m.About.Application)
		if err != nil {
			return Answer{}, err
		}
		l, err := c.lineOf(ctx, cmd.Application)
		if err != nil {
			return Answer{}, err
		}
		found = l.first == theirs.first
	}
	n := need{area: access.Messages, level: access.Edit}
	if found && m.About.Interview != "" {
		n.area = access.Interviews
	}
	if _, err := c.mayOn(caller, a.state, n); err != nil {
		return Answer{}, err
	}
	if !found {
		return Answer{}, notice.ErrUnknown
	}
	return transact(ctx, c, c.notices, cmd.Notice, caller, decision[notice.Notices, notice.Event]{decide: notice.Notices.CloseBounce})
}
