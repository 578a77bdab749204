package commands

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/candidate"
	"github.com/hirelog/hirelog/domain/notice"
	"github.com/hirelog/hirelog/domain/organization"
	"github.com/hirelog/hirelog/domain/personal"
	"github.com/hirelog/hirelog/internal/calendar"
	"github.com/hirelog/hirelog/internal/mail"
)

// met is an interview as it is when a mail about it leaves.
type met struct {
	application string // that it is part of by now
	id          string
	application.Interview
	says application.InterviewScheduled // as of the last change of each of its texts
}

// interviewMail puts a mail about an interview together, with what calendars are
// told, or says why it is not sent. It tells how it stands when it leaves: one
// that was called off before the person had any mail of it is not told of, nor is
// what a mail before told already.
func (c *Commands) interviewMail(ctx context.Context, n notice.Notices, m notice.Mail, l line) (letter mail.Mail, told notice.Told, reason string, err error) {
	if l.state.Anonymised {
		return letter, told, noPerson, nil
	}
	i, known, err := c.meeting(ctx, m.About, l)
	if err != nil || !known {
		return letter, told, noNews, err
	}
	method, reason := c.interviewMethod(n, m.About.To, i, l)
	told = notice.Told{Method: string(method), Sequence: i.Sequence}
	switch {
	case reason != "":
		return letter, told, reason, nil
	case n.Knows(told):
		return letter, told, noNews, nil
	}
	to, err := c.recipient(ctx, m.About.To, l)
	switch {
	case err != nil:
		return letter, told, "", err
	case to == "":
		return letter, told, noAddress, nil
	}
	event, err := c.calendarEvent(ctx, m.About.Interview, i)
	if err != nil {
		return letter, told, "", err
	}
	if method == calendar.Cancel {
		// What it says now is perhaps not for who is told that it is over for them.
		event = calendar.Event{ID: event.ID, Sequence: event.Sequence, Starts: event.Starts, Ends: event.Ends, Title: event.Title}
		if m.About.To != notice.Candidate && !c.mayBeMailed(m.About.To, l.state) {
			event.Title = "Interview"
		}
	}
	who := m.About.To
	if who == notice.Candidate {
		who = ""
	}
	reply := c.invitationAddress(l.first, who) // it stays when the application goes on as another one
	organiser := calendar.Person{Name: c.directory.Organization().Name, Email: reply}
	attendee := calendar.Attendee{Email: to, Answer: calendar.Answer(i.Answers[who])}
	object := calendar.Mailed(c.now(), method, event, organiser, attendee)
	letter = mail.Mail{
		Kind: mail.Notice, Key: personal.Key{ID: i.id, Owner: i.application}, FromName: organiser.Name, About: l.newest, ReplyTo: reply, To: []personal.Plain{to},
		Calendar: &mail.Calendar{Method: string(method), Object: object},
	}
	letter.Subject, letter.Text = c.interviewText(m.About, method, n.Reached, event, i)
	return letter, told, "", nil
}

// meeting finds the interview that a mail is about, wherever the application went.
func (c *Commands) meeting(ctx context.Context, about notice.About, l line) (i met, known bool, err error) {
	for _, i.application = range []string{l.newest, about.Application} {
		f, err := c.applications.read(ctx, c.log, i.application)
		if err != nil {
			return i, false, err
		}
		if i.id, i.Interview, known = f.state.InterviewKnownAs(about.Interview); !known {
			continue
		}
		said, err := c.told(ctx, i.application)
		if err != nil {
			return i, false, err
		}
		i.says = *said.interviews[i.id]
		return i, true, nil
	}
	return i, false, nil
}

// interviewMethod says what somebody is told of an interview now: that it takes
// place, or that it does not, for who was told before that it does; else why
// they are told nothing.
func (c *Commands) interviewMethod(n notice.Notices, to string, i met, l line) (calendar.Method, string) {
	settings := c.directory.Organization().Settings
	starts, _, err := i.Span()
	switch {
	case to != notice.Candidate && !settings.InterviewMailParticipants:
		return "", "setting_off"
	case i.State != application.InterviewPlanned && i.State != application.InterviewIsOff:
		return "", noNews // it took place
	case isOffFor(to, i.Interview):
		if !n.Reached {
			return "", noNews
		}
		return calendar.Cancel, ""
	case err != nil || !starts.After(c.now()):
		return "", noNews
	case to == notice.Candidate && !l.state.TakesUploads(c.now()):
		return "", noCandidacy
	case to != notice.Candidate && !c.mayBeMailed(to, l.state):
		return "", noRight
	}
	return calendar.Request, ""
}

// isOffFor reports whether an interview does not take place, or not with somebody.
func isOffFor(to string, i application.Interview) bool {
	takesPart := to == notice.Candidate && i.Invited || slices.Contains(i.Participants, to)
	return i.State == application.InterviewIsOff || !takesPart
}

// toBeTold is what somebody would be told of an interview by a mail that left now.
func toBeTold(to string, i application.Interview) notice.Told {
	method := calendar.Request
	if isOffFor(to, i) {
		method = calendar.Cancel
	}
	return notice.Told{Method: string(method), Sequence: i.Sequence}
}

// recipient returns the e-mail address of the candidate or a member, "" if none
// is known, or the member is not active.
func (c *Commands) recipient(ctx context.Context, to string, l line) (personal.Plain, error) {
	if to != notice.Candidate {
		if !c.directory.Member(to).Active {
			return "", nil
		}
		return c.addressOfMember(ctx, to)
	}
	known, err := c.personOf(ctx, l.state)
	return known[candidate.Email], err
}

// calendarEvent is an interview as calendars have it.
func (c *Commands) calendarEvent(ctx context.Context, origin string, i met) (calendar.Event, error) {
	e := calendar.Event{ID: origin, Sequence: i.Sequence}
	e.Starts, e.Ends, _ = i.Span()
	for text, into := range map[*personal.Text]*personal.Plain{&i.says.Title: &e.Title, &i.says.Description: &e.Description, &i.says.Place: &e.Place, &i.says.Link: &e.Link} {
		plain, err := c.reveal(ctx, *text)
		if err != nil {
			return e, err
		}
		*into = personal.Plain(plain)
	}
	return e, nil
}

const (
	invitedSubject   = "Interview at {{organization.name}}: {{job.title}}"
	movedSubject     = "Changed: interview at {{organization.name}}: {{job.title}}"
	cancelledSubject = "Cancelled: interview at {{organization.name}}: {{job.title}}"

	candidateInvited   = "Hello,\n\nyou are invited to an interview about your application as {{job.title}} at {{organization.name}}.\n\n{{meeting}}"
	candidateMoved     = "Hello,\n\nthe interview about your application as {{job.title}} at {{organization.name}} has changed. This is how it is planned now.\n\n{{meeting}}"
	candidateCancelled = "Hello,\n\nthe interview about your application as {{job.title}} at {{organization.name}} is cancelled.\n\n{{meeting}}"

	participantInvited   = "Hello,\n\nyou take part in an interview for {{job.title}}.\n\n{{meeting}}"
	participantMoved     = "Hello,\n\nan interview for {{job.title}} in which you take part has changed. This is how it is planned now.\n\n{{meeting}}"
	participantCancelled = "Hello,\n\nan interview for {{job.title}} is cancelled.\n\n{{meeting}}"
	participantLeft      = "Hello,\n\nyou do not take part in an interview for {{job.title}} any more.\n\n{{meeting}}"
)

// interviewText returns what a mail about an interview says: why it was called
// off never.
func (c *Commands) interviewText(about notice.About, method calendar.Method, again bool, e calendar.Event, i met) (subject, text personal.Plain) {
	o := c.directory.Organization()
	values := map[string]string{"organization.name": o.Name, "job.title": c.directory.Job(about.Job).Details.Title, "meeting": describe(method, e, i), "page.url": c.pageURL}
	fill := func(template string) personal.Plain {
		return personal.Plain(organization.Fill(template, func(name string) string { return values[name] }))
	}
	toCandidate := about.To == notice.Candidate
	choose := func(of, other string) string {
		if toCandidate {
			return of
		}
		return other
	}
	switch {
	case method == calendar.Cancel && i.State != application.InterviewIsOff:
		return fill(cancelledSubject), fill(choose(candidateCancelled, participantLeft))
	case method == calendar.Cancel:
		return fill(cancelledSubject), fill(choose(candidateCancelled, participantCancelled))
	case again:
		subject, text = fill(movedSubject), fill(choose(candidateMoved, participantMoved))
	default:
		subject, text = fill(invitedSubject), fill(choose(candidateInvited, participantInvited))
	}
	if toCandidate && o.Settings.SelfTracking && c.pageURL != "" {
		text += fill(candidatePage)
	}
	return subject, text
}

// describe says what an interview is, and when and where.
func describe(method calendar.Method, e calendar.Event, i met) string {
	lines := []string{string(e.Title), spoken(e.Starts) + e.Ends.Format(" – 15:04") + " (" + i.Zone + ")"}
	if method == calendar.Cancel {
		return strings.Join(lines, "\n") + "\n"
	}
	for _, more := range []personal.Plain{e.Place, e.Link} {
		if more != "" {
			lines = append(lines, string(more))
		}
	}
	if e.Description != "" {
		lines = append(lines, "", string(e.Description))
	}
	if len(i.Slots) > 0 {
		lines = append(lines, "", "Other times that are offered:")
		for _, slot := range i.Slots {
			if wall, err := domain.WallOf(slot); err == nil {
				lines = append(lines, fmt.Sprintf("- %s (%s)", spoken(wall), i.Zone))
			}
		}
	}
	return strings.Join(lines, "\n") + "\n"
}

// spoken is a wall time as people write it.
func spoken(t time.Time) string { return t.Format("Monday, 2 January 2006, 15:04") }
