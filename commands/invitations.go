package commands

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/candidate"
	"github.com/hirelog/hirelog/domain/message"
	"github.com/hirelog/hirelog/domain/notice"
	"github.com/hirelog/hirelog/domain/organization"
	"github.com/hirelog/hirelog/internal/eventlog"
)

// InviteToInterview invites the candidate to an interview.
type InviteToInterview struct {
	Application string
	Interview   string
}

// InviteToInterview gives cmd: they are told by e-mail, with a calendar file, and
// from then on of changes and of the cancellation. Whoever has edit on the
// interviews area may.
// Errors: those of application.InviteToInterview; message.ErrNoAddress; ErrDenied.
func (c *Commands) InviteToInterview(ctx context.Context, caller Caller, cmd InviteToInterview) (Answer, error) {
	return c.onApplication(ctx, cmd.Application, caller, need{area: access.Interviews, level: access.Edit},
		func(a application.Application, _ access.Rights, s domain.Stamp) ([]application.Event, error) {
			return c.invite(ctx, a, cmd.Interview, s)
		})
}

// invite decides that the candidate is invited, whose address must be known.
func (c *Commands) invite(ctx context.Context, a application.Application, interview string, s domain.Stamp) ([]application.Event, error) {
	events, err := a.InviteToInterview(interview, s)
	if err != nil || len(events) == 0 {
		return events, err
	}
	known, err := c.personOf(ctx, a)
	switch {
	case err != nil:
		return nil, err
	case known[candidate.Email] == "":
		return nil, message.ErrNoAddress
	}
	return events, nil
}

// soon is how near an interview is of which people are told without waiting for
// what may come after.
const soon = 2 * time.Hour

// NoticeInterview notes that people are told by mail of what happened to an
// interview, with a calendar file: the candidate if they are invited, and who
// takes part, or did until then, if the setting says so, they may view it, and
// they did not say that they do not want to be told. What happens to one
// interview within a while is one mail to each; that it is cancelled, or moved,
// leaves at once, with what waits. Nothing is noted of what they were told already.
// The event it follows from is the caller's cause, at a revision of the application.
// Only the system may. Errors: as NoticeCandidate.
func (c *Commands) NoticeInterview(ctx context.Context, caller Caller, applicationID, interview string, at eventlog.Revision) (Answer, error) {
	if err := c.mayNotice(caller); err != nil {
		return Answer{}, err
	}
	l, err := c.lineOf(ctx, applicationID)
	if err != nil {
		return Answer{}, err
	}
	a := l.state
	if l.newest != applicationID {
		f, err := c.applications.read(ctx, c.log, applicationID)
		if err != nil {
			return Answer{}, err
		}
		a = f.state
	}
	i, known := a.Interviews.Get(interview)
	if !known {
		return Answer{Unchanged: true, Reason: noPerson}, nil
	}
	cause, err := c.causeAt(ctx, caller, applicationID, at)
	if err != nil {
		return Answer{}, err
	}
	answer := Answer{Unchanged: true, Reason: noNews}
	about := notice.About{Application: l.newest, Job: l.state.Job, Interview: i.Origin(interview)}
	item := notice.Item{Kind: interviewNews(cause), Subject: interview, Cause: caller.CausationID}
	now := i
	if _, wentOn, ok := l.state.InterviewKnownAs(about.Interview); ok {
		now = wentOn
	}
	for _, to := range c.toldOfInterview(cause, i) {
		step := caller
		step.CommandID = uuid.NewSHA1(caller.CommandID, []byte(to))
		about.To = to
		noted, err := c.noteIn(ctx, step, about.Interview, about, item, toBeTold(to, now), c.interviewWindow(cause, i))
		switch {
		case err != nil:
			return Answer{}, err
		case !noted.Unchanged:
			answer = noted
		}
	}
	return answer, nil
}

// causeAt reads the event of an application that the caller acts upon.
func (c *Commands) causeAt(ctx context.Context, caller Caller, applicationID string, at eventlog.Revision) (application.Event, error) {
	for rec, err := range c.log.ReadStream(ctx, "application-"+applicationID, at, eventlog.Forwards) {
		if err != nil {
			return nil, fmt.Errorf("application %s: %w", applicationID, err)
		}
		if rec.ID.String() != caller.CausationID {
			break
		}
		e, err := application.Codec.Decode(rec.Type, rec.Data)
		if err != nil {
			return nil, fmt.Errorf("application %s at %d: %w", applicationID, rec.Revision, err)
		}
		return e, nil
	}
	return nil, application.ErrUnknown
}

// interviewNews is what an event of an interview tells people.
func interviewNews(cause application.Event) notice.Kind {
	switch cause.(type) { //nolint:gochecksumtype // the others are changes, or tell nothing
	case application.InterviewScheduled, application.InterviewInvited:
		return notice.InterviewPlanned
	case application.InterviewCancelled:
		return notice.InterviewCancelled
	}
	return notice.InterviewChanged
}

// toldOfInterview are the people who are told of an event of an interview by mail.
// That the candidate is invited is an event of its own.
func (c *Commands) toldOfInterview(cause application.Event, i application.Interview) []string {
	var members []string
	_, planned := cause.(application.InterviewScheduled)
	_, invites := cause.(application.InterviewInvited)
	if !invites && c.directory.Organization().Settings.InterviewMailParticipants {
		members = slices.Clone(i.Participants)
	}
	candidates := i.Invited && !planned
	if changed, ok := cause.(application.InterviewChanged); ok {
		if members != nil {
			members = changed.Tells(i.Participants)
		}
		candidates = candidates && !changed.SameTexts
	}
	if candidates {
		return append(members, notice.Candidate)
	}
	return members
}

// interviewWindow is how long a mail about an interview takes more: none of one that
// people would go to at a time at which it is not.
func (c *Commands) interviewWindow(cause application.Event, i application.Interview) time.Duration {
	switch cause.(type) { //nolint:gochecksumtype // the others leave the time as it is
	case application.InterviewCancelled, application.InterviewRescheduled, application.InterviewAnswered:
		return 0
	}
	if starts, _, err := i.Span(); err == nil && starts.Before(c.now().Add(soon)) {
		return 0
	}
	return c.noticeWindow
}

// mayBeMailed reports whether a member who takes part in an interview of an
// application may view it, and wants to be told.
func (c *Commands) mayBeMailed(id string, a application.Application) bool {
	m := c.directory.Member(id)
	return m.Active && !slices.Contains(m.Notify.Off, organization.InterviewChanged) &&
		c.directory.RightsOn(id, a, c.now()).Area(access.Interviews) >= access.View
}
