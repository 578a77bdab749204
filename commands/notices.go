package commands

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/member"
	"github.com/hirelog/hirelog/domain/notice"
	"github.com/hirelog/hirelog/domain/organization"
	"github.com/hirelog/hirelog/domain/personal"
	"github.com/hirelog/hirelog/internal/eventlog"
)

// People are told by mail of what happened to an application. What is to be told
// is a notice.Kind with its line in noticeTexts, planned from the event
// by the reactor of effects; what of one person and application comes within
// noticeWindow is one mail. It says what happened and nothing that anybody wrote.

// noticeWindow is how long after the first a mail takes more.
const noticeWindow = 10 * time.Minute

// Why nobody is told; these are codes of effects.
const (
	noPage      = "self_tracking_off"
	noCandidacy = "application_closed"
	noPerson    = "application_anonymised"
	noAddress   = "message_no_address"
	noNews      = "nothing_to_tell" // it was taken back, or goes on from elsewhere
	noRight     = "denied"
)

// NoticeCandidate notes that the candidate of an application is told of
// something that happened to subject, by the mail that is open for them, or by a
// new one. Nothing is noted while they have no page to see it on, once they were
// told that it is over, and of what was only taken along from another job.
// The event it follows from is the caller's cause. Only the system may.
// Errors: ErrDenied, ErrRightsUnknown; those of the log.
func (c *Commands) NoticeCandidate(ctx context.Context, caller Caller, applicationID string, kind notice.Kind, subject string) (Answer, error) {
	if err := c.mayNotice(caller); err != nil {
		return Answer{}, err
	}
	line, err := c.lineOf(ctx, applicationID)
	if err != nil {
		return Answer{}, err
	}
	if reason := c.noReason(notice.Candidate, line, []notice.Kind{kind}); reason != "" {
		return Answer{Unchanged: true, Reason: reason}, nil
	}
	nothing, err := c.nothingNew(ctx, caller, applicationID, kind, subject)
	switch {
	case err != nil:
		return Answer{}, err
	case nothing:
		return Answer{Unchanged: true, Reason: noNews}, nil
	}
	return c.note(ctx, caller, line, notice.Candidate, notice.Item{Kind: kind, Subject: subject, Cause: caller.CausationID})
}

// NoticeMembers notes that who asked for a document, and the recruitment managers
// of the job, are told by mail that the candidate uploaded something, if the
// setting says so, they may view it, and they did not say that they do not want
// to be told. Only the system may. Errors: as NoticeCandidate.
func (c *Commands) NoticeMembers(ctx context.Context, caller Caller, applicationID, document string) (Answer, error) {
	if err := c.mayNotice(caller); err != nil {
		return Answer{}, err
	}
	if !c.directory.Organization().Settings.UploadMailMembers {
		return Answer{Unchanged: true, Reason: "setting_off"}, nil
	}
	line, err := c.lineOf(ctx, applicationID)
	if err != nil {
		return Answer{}, err
	}
	f, err := c.applications.read(ctx, c.log, applicationID)
	if err != nil {
		return Answer{}, err
	}
	asked, err := c.requester(ctx, applicationID, document)
	if err != nil {
		return Answer{}, err
	}
	told := []string{asked}
	for _, t := range c.directory.Job(f.state.Job).Team {
		if t.Manager && t.Member != asked {
			told = append(told, t.Member)
		}
	}
	answer := Answer{Unchanged: true, Reason: noRight}
	for _, to := range told {
		if to == "" || !c.toldOfUpload(to, f.state, document) {
			continue
		}
		step := caller
		step.CommandID = uuid.NewSHA1(caller.CommandID, []byte(to))
		noted, err := c.note(ctx, step, line, to, notice.Item{Kind: notice.UploadReceived, Subject: document, Cause: caller.CausationID})
		switch {
		case err != nil:
			return Answer{}, err
		case !noted.Unchanged:
			answer = noted
		}
	}
	return answer, nil
}

// mayNotice refuses whoever is not the system, and to decide on settings that are
// not known yet.
func (c *Commands) mayNotice(caller Caller) error {
	if caller.Actor != domain.System {
		return ErrDenied
	}
	return c.directory.Check()
}

// toldOfUpload reports whether a member may view a document, and wants to be
// told of uploads.
func (c *Commands) toldOfUpload(id string, a application.Application, document string) bool {
	m, d := c.directory.Member(id), a.Documents[document]
	return m.Active && !slices.Contains(m.Notify.Off, organization.DocumentUploaded) &&
		views(c.directory.RightsOn(id, a, c.now()), d)
}

// line is an application that was perhaps assigned to other jobs: to its
// candidate it is one.
type line struct {
	first  string // id
	newest string // id
	state  application.Application
}

// lineOf returns the line an application is part of.
func (c *Commands) lineOf(ctx context.Context, id string) (line, error) {
	newest, state, err := c.wentOnAs(ctx, id)
	l := line{first: id, newest: newest, state: state}
	for from := state; err == nil && from.From != ""; {
		var f folded[application.Application]
		l.first = from.From
		f, err = c.applications.read(ctx, c.log, l.first)
		from = f.state
	}
	return l, err
}

// noReason says why there is no reason to tell somebody of kinds of things; "" if
// there is.
func (c *Commands) noReason(to string, l line, kinds []notice.Kind) string {
	switch {
	case l.state.Anonymised:
		return noPerson
	case to != notice.Candidate:
		return ""
	case !c.directory.Organization().Settings.SelfTracking && !slices.ContainsFunc(kinds, func(k notice.Kind) bool { return noticeTexts[k].pageless }):
		return noPage
	case !l.state.TakesUploads(c.now()):
		return noCandidacy
	}
	return ""
}

// nothingNew reports whether an event tells the candidate nothing: a request that
// only went along to another job, the deletion of what is not the newest, or the
// review of what they neither were asked for nor sent.
func (c *Commands) nothingNew(ctx context.Context, caller Caller, applicationID string, kind notice.Kind, subject string) (bool, error) {
	f, err := c.applications.read(ctx, c.log, applicationID)
	switch {
	case err != nil:
		return false, err
	case kind == notice.DocumentDeleted:
		d := f.state.Documents[subject]
		return d.Status != application.DocumentIsRequested || !slices.Contains(d.Deleted, d.Versions), nil
	case kind == notice.DocumentApproved || kind == notice.DocumentRejected:
		if d := f.state.Documents[subject]; d.Of != (application.Remark{}) || !d.Asked() && !d.Own {
			return true, nil // one that members filed, which the candidate does not see
		}
	}
	if f.state.From == "" {
		return false, nil
	}
	var command uuid.UUID
	for rec, err := range c.log.ReadStream(ctx, "application-"+applicationID, 0, eventlog.Forwards) {
		if err != nil {
			return false, fmt.Errorf("application %s: %w", applicationID, err)
		}
		meta, err := rec.Meta()
		switch {
		case err != nil:
			return false, fmt.Errorf("application %s at %d: %w", applicationID, rec.Revision, err)
		case rec.Revision == 0:
			command = meta.CommandID
		case meta.CommandID != command:
			return false, nil
		}
		if rec.ID.String() == caller.CausationID {
			return true, nil
		}
	}
	return false, nil
}

// note notes something in the mails of a person and an application.
func (c *Commands) note(ctx context.Context, caller Caller, l line, to string, item notice.Item) (Answer, error) {
	return c.noteIn(ctx, caller, l.first, notice.About{To: to, Application: l.newest, Job: l.state.Job}, item, notice.Told{}, c.noticeWindow)
}

// noteIn notes something in the mails of a person about what has an id, such as
// an application.
func (c *Commands) noteIn(ctx context.Context, caller Caller, of string, about notice.About, item notice.Item, tells notice.Told, window time.Duration) (Answer, error) {
	id := uuid.NewSHA1(uuid.MustParse(of), []byte(notice.Name(about.To))).String()
	return transact(ctx, c, c.notices, id, caller.withoutMatch(), decision[notice.Notices, notice.Event]{
		decide: func(n notice.Notices, s domain.Stamp) ([]notice.Event, error) {
			return n.Note(caller.newID("notice"), about, item, tells, window, s)
		},
	})
}

// requester returns the member who asked for a document; "" if nobody did.
func (c *Commands) requester(ctx context.Context, applicationID, document string) (string, error) {
	for rec, err := range c.log.ReadStream(ctx, "application-"+applicationID, 0, eventlog.Forwards) {
		if err != nil {
			return "", fmt.Errorf("application %s: %w", applicationID, err)
		}
		if rec.Type != (application.DocumentRequested{}).EventName() {
			continue
		}
		e, err := application.Codec.Decode(rec.Type, rec.Data)
		if err != nil {
			return "", fmt.Errorf("application %s at %d: %w", applicationID, rec.Revision, err)
		}
		if r, ok := e.(application.DocumentRequested); ok && r.Document == document {
			return r.By.MemberID(), nil
		}
	}
	return "", nil
}

// addressOfMember returns the e-mail address of a member, "" if none is known.
func (c *Commands) addressOfMember(ctx context.Context, id string) (personal.Plain, error) {
	var sealed personal.Text
	for rec, err := range c.log.ReadStream(ctx, "member-"+id, 0, eventlog.Forwards) {
		if err != nil {
			return "", fmt.Errorf("member %s: %w", id, err)
		}
		e, err := member.Codec.Decode(rec.Type, rec.Data)
		if err != nil {
			return "", fmt.Errorf("member %s at %d: %w", id, rec.Revision, err)
		}
		switch e := e.(type) { //nolint:gochecksumtype // only what says the address
		case member.Invited:
			sealed = e.Email
		case member.DetailsCorrected:
			if !e.Email.IsZero() {
				sealed = e.Email
			}
		}
	}
	address, err := c.reveal(ctx, sealed)
	return personal.Plain(address), err
}
