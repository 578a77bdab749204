package projections

import (
	"context"
	"slices"

	"github.com/google/uuid"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/employee"
	"github.com/hirelog/hirelog/domain/job"
	"github.com/hirelog/hirelog/domain/member"
	"github.com/hirelog/hirelog/domain/message"
	"github.com/hirelog/hirelog/domain/organization"
	"github.com/hirelog/hirelog/readmodels"
)

// inbox keeps who is told of what. Tasks need no rows of their own: what is
// still to be done is read from what is so.
type inbox struct {
	notices    *Rows[readmodels.NoticeRow]
	inboxes    *Rows[readmodels.InboxRow]
	audiences  *Rows[readmodels.AudienceRow]
	requesters *Rows[readmodels.RequesterRow]
	notify     *Rows[readmodels.NotifyRow]
	staff      *Rows[readmodels.StaffRow]
}

func newInbox() *inbox {
	return &inbox{
		notices:    NewRows(readmodels.Notices()),
		inboxes:    NewRows(readmodels.Inboxes()),
		audiences:  NewRows(readmodels.Audiences()),
		requesters: NewRows(readmodels.Requesters()),
		notify:     NewRows(readmodels.Notify()),
		staff:      NewRows(readmodels.StaffTable()),
	}
}

// Name implements Model.
func (*inbox) Name() string { return "inbox" }

// Tables implements Model.
func (m *inbox) Tables() []AnyTable {
	return []AnyTable{m.notices, m.inboxes, m.audiences, m.requesters, m.notify, m.staff}
}

// Need implements Model.
func (m *inbox) Need(f Fact) {
	switch e := f.Body.(type) {
	case application.NoteAdded:
		m.needTeam(e.Job)
	case application.Received:
		m.needTeam(e.Job)
	case application.CommentAdded:
		m.needTeam(e.Job)
	case application.EvaluationSubmitted:
		m.needTeam(e.Job)
	case application.OfferReturned:
		m.notify.Need(readmodels.NotifyKey)
	case application.OfferDrafted:
		m.notify.Need(readmodels.NotifyKey)
	case application.OfferChanged:
		m.notify.Need(readmodels.NotifyKey)
	case application.InterviewScheduled:
		m.needTeam(e.Job)
	case application.InterviewRescheduled:
		m.needTeam(e.Job)
	case application.InterviewChanged:
		m.needTeam(e.Job)
	case application.InterviewCancelled:
		m.needTeam(e.Job)
	case application.StageOverdue:
		m.audiences.Need(e.Job)
	case application.OfferAccepted:
		m.needTeam(e.Job)
	case application.OfferDeclined:
		m.needTeam(e.Job)
	case application.OfferExpired:
		m.needTeam(e.Job)
	case application.EvaluationDeleted:
		m.notices.NeedBy("subject_id", e.Evaluation)
	case application.ReviewWithdrawn:
		m.notices.NeedBy("subject_id", e.Review)
	case organization.RecruitingRoleDefined:
		m.notify.Need(readmodels.NotifyKey)
	case member.NotificationsSet:
		m.notify.Need(readmodels.NotifyKey)
	case application.DocumentUploaded:
		m.needTeam(e.Job)
		m.requesters.Need(e.Document)
	case application.FileScanned:
		m.audiences.Need(e.Job)
		m.requesters.Need(e.Document)
		if e.Infection != "" {
			m.notices.NeedBy("subject_id", e.Document)
		}
	case employee.FileScanned:
		if e.Infection != "" {
			m.audiences.Need(e.Job)
			m.notices.NeedBy("subject_id", e.Document)
		}
	case employee.Reversed, employee.Erased:
		m.notices.NeedBy("application_id", f.Aggregate)
	case application.CommentEdited:
		m.notify.Need(readmodels.NotifyKey)
		m.notices.NeedBy("subject_id", e.Comment)
	case application.CommentDeleted:
		m.notices.NeedBy("subject_id", e.Comment)
	case application.NoteDeleted:
		m.notices.NeedBy("subject_id", e.Note)
	case application.Deleted:
		m.notices.NeedBy("application_id", f.Aggregate)
		m.requesters.NeedBy("application_id", f.Aggregate)
	case application.Anonymised:
		m.notices.NeedBy("application_id", f.Aggregate)
	case message.Received:
		switch {
		case e.Application != "":
			m.audiences.Need(e.Job)
		case e.Suggests != "":
			m.needTeam(e.Suggests)
			m.staff.Need(readmodels.StaffKey)
		default:
			m.notify.Need(readmodels.NotifyKey)
			m.staff.Need(readmodels.StaffKey)
		}
	case member.Invited, member.RoleSet, member.Deactivated, member.Reactivated:
		m.staff.Need(readmodels.StaffKey)
	case message.Assigned:
		m.audiences.Need(e.Job)
		m.notices.NeedBy("subject_id", f.Aggregate)
	case message.Moved:
		m.audiences.Need(e.ToJob)
		m.notices.NeedBy("subject_id", f.Aggregate)
	case job.StageRemoved:
		m.audiences.Need(f.Aggregate)
	case member.InboxRead:
		m.inboxes.Need(f.Aggregate)
		m.notices.Need(readmodels.NoticeKey(e.Through, f.Aggregate))
	}
}

// needTeam says that it is read who of a hiring team is told.
func (m *inbox) needTeam(jobID string) {
	m.audiences.Need(jobID)
	m.notify.Need(readmodels.NotifyKey)
}

// Apply implements Model.
func (m *inbox) Apply(_ context.Context, f Fact) error {
	switch e := f.Body.(type) {
	case application.Event:
		m.application(f, e)
	case message.Event:
		m.message(f, e)
	case job.Event:
		m.job(f.Aggregate, e)
	case employee.FileScanned:
		m.quarantinedOfEmployee(f, e)
	case employee.Reversed, employee.Erased:
		m.forget("application_id", f.Aggregate)
	case member.InboxRead:
		m.read(f.Aggregate, e.Through)
	case member.SecondFactorRemoved:
		// S2-104: whose was reset by somebody else is told.
		m.tellAbout(f, uuid.Nil.String(), readmodels.NoticeSecondFactorReset, f.Aggregate, []string{f.Aggregate})
	case member.NotificationsSet:
		m.memberWants(f.Aggregate, e)
	case member.Invited, member.RoleSet, member.Deactivated, member.Reactivated:
		m.setStaff(f.Aggregate, e)
	case organization.RecruitingRoleDefined:
		m.roleTells(e)
	}
	return nil
}

func (m *inbox) application(f Fact, e application.Event) {
	switch e := e.(type) {
	case application.NoteAdded:
		// S1-58: of a candidate's note, whatever a role's settings.
		if e.By == domain.Candidate {
			told := append(m.audience(e.Job, e.Stage), m.team(e.Job, m.wanting(organization.CandidateNote))...)
			m.tell(f, readmodels.NoticeCandidateNote, e.Note, told)
		}
	case application.DocumentRequested:
		if asked := e.By.MemberID(); asked != "" {
			m.requesters.Put(readmodels.RequesterRow{Document: e.Document, Application: f.Aggregate, Member: asked})
		}
	case application.DocumentUploaded:
		if e.Area() != "" {
			return // of the note or the comment they are told
		}
		w := m.wanting(organization.DocumentUploaded)
		told := append(m.audience(e.Job, ""), m.team(e.Job, w)...)
		if r, ok := m.requesters.Get(e.Document); ok && r.Application == f.Aggregate {
			told = append(told, r.Member)
		}
		m.tell(f, readmodels.NoticeDocumentUploaded, e.Document, w.but(told))
	case application.FileScanned:
		m.quarantined(f, e)
	case application.CommentAdded:
		// Who is mentioned is told that, instead.
		m.tell(f, readmodels.NoticeNewComment, e.Comment, m.team(e.Job, m.wanting(organization.NewComment)))
		m.tell(f, readmodels.NoticeMentioned, e.Comment, m.wanting(organization.Mentioned).but(e.Mentions))
	case application.Received:
		m.tell(f, readmodels.NoticeNewApplication, f.Aggregate, m.team(e.Job, m.wanting(organization.NewApplication)))
	case application.EvaluationSubmitted:
		if e.Number == 1 {
			m.tell(f, readmodels.NoticeEvaluationSubmitted, e.Evaluation, m.team(e.Job, m.wanting(organization.EvaluationSubmitted)))
		}
	case application.EvaluationDeleted:
		m.forget("subject_id", e.Evaluation)
	case application.ReviewRequested:
		m.tell(f, readmodels.NoticeReviewRequested, e.Review, []string{e.Reviewer})
	case application.ReviewReminderDue:
		m.tell(f, readmodels.NoticeReviewReminder, e.Review, []string{e.Reviewer})
	case application.StageOverdue:
		// S2-89: as the task is for the stage's managers, or else the job's.
		m.tell(f, readmodels.NoticeStageOverdue, e.Stage, m.stageManagers(e.Job, e.Stage))
	case application.WorkHandedOver:
		m.tell(f, readmodels.NoticeWorkHandedOver, f.Aggregate, []string{e.To})
	case application.ReviewWithdrawn:
		m.forget("subject_id", e.Review)
	case application.InterviewScheduled:
		if e.Job != "" && !e.Recorded {
			m.tellOfInterview(f, readmodels.NoticeInterviewScheduled, e.Interview, e.Job, e.Participants)
		}
	case application.InterviewRescheduled:
		m.tellOfInterview(f, readmodels.NoticeInterviewChanged, e.Interview, e.Job, e.Participants)
	case application.InterviewChanged:
		stay, join, leave := between(e.Was, e.Participants)
		m.tellOfInterview(f, readmodels.NoticeInterviewScheduled, e.Interview, "", join)
		m.tellOfInterview(f, readmodels.NoticeInterviewCancelled, e.Interview, "", leave)
		w := m.wanting(organization.InterviewChanged)
		team := slices.DeleteFunc(m.team(e.Job, w), func(id string) bool { return slices.Contains(join, id) || slices.Contains(leave, id) })
		m.tell(f, readmodels.NoticeInterviewChanged, e.Interview, append(team, w.but(stay)...))
	case application.InterviewCancelled:
		m.tellOfInterview(f, readmodels.NoticeInterviewCancelled, e.Interview, e.Job, e.Participants)
	case application.OfferDrafted:
		m.tell(f, readmodels.NoticeOfferToApprove, e.Offer, m.wanting(organization.OfferChanged).but(e.Approvers))
	case application.OfferChanged:
		m.tell(f, readmodels.NoticeOfferToApprove, e.Offer, m.wanting(organization.OfferChanged).but(e.Approvers))
	case application.OfferReturned:
		m.tell(f, readmodels.NoticeOfferReturned, e.Offer, m.wanting(organization.OfferChanged).but(someone(e.Author)))
	case application.OfferAccepted:
		m.tellOfOffer(f, readmodels.NoticeOfferAnswered, e.Offer, e.Job, e.Author)
	case application.OfferDeclined:
		m.tellOfOffer(f, readmodels.NoticeOfferAnswered, e.Offer, e.Job, e.Author)
	case application.OfferExpired:
		m.tellOfOffer(f, readmodels.NoticeOfferExpired, e.Offer, e.Job, e.Author)
	case application.CommentEdited:
		// Who was told of the comment is not told again.
		told := map[string]bool{}
		for r := range m.notices.Select("subject_id", e.Comment) {
			told[r.Member] = true
		}
		m.tell(f, readmodels.NoticeMentioned, e.Comment, slices.DeleteFunc(m.wanting(organization.Mentioned).but(e.Mentions), func(id string) bool { return told[id] }))
	case application.CommentDeleted:
		m.forget("subject_id", e.Comment)
	case application.NoteDeleted:
		m.forget("subject_id", e.Note)
	case application.Deleted:
		m.forget("application_id", f.Aggregate)
		dropAll(m.requesters, f.Aggregate)
	case application.Anonymised:
		m.forget("application_id", f.Aggregate)
	case application.Hired, application.HireUndone, application.EmployeeLinked,
		application.AccessEnds, application.AccessGranted, application.AuditClosed, application.AuditOpened,
		application.ClaimLost, application.CommentsRead, application.Disqualified, application.DocumentApproved,
		application.DocumentCancelled, application.DocumentRecategorised, application.DocumentRejected, application.DocumentReminderDue,
		application.DocumentReopened, application.DocumentLeft, application.InterviewAnswered, application.InterviewInvited, application.InterviewHeld, application.InterviewMissed,
		application.EvaluationDrafted,
		application.MoveUndone, application.NoteEdited, application.NoteVisibilitySet, application.OutcomeDisclosed, application.DisclosureMoved,
		application.OwnerSet, application.PrioritySet, application.Rated, application.ReasonChanged,
		application.Requalified, application.ReviewSubmitted, application.StageMoved, application.Submitted, application.TagAdded,
		application.TagRemoved, application.Transferred, application.VersionDeleted,
		application.OfferApproved, application.OfferSent, application.OfferWithdrawn:
		// Nobody is told of these.
	}
}

// quarantined tells of an infected file who uploaded it and, unless it is of a note
// or a comment, who asked for it and the recruitment managers (S2-108), whatever
// their settings.
func (m *inbox) quarantined(f Fact, e application.FileScanned) {
	if e.Infection == "" {
		return
	}
	told := someone(e.Uploader.MemberID())
	if e.Area() == "" {
		told = append(told, m.audience(e.Job, "")...)
		if r, ok := m.requesters.Get(e.Document); ok && r.Application == f.Aggregate {
			told = append(told, r.Member)
		}
		m.notices.Each("subject_id", e.Document, func(r readmodels.NoticeRow) (readmodels.NoticeRow, bool) {
			return r, r.Kind != readmodels.NoticeFileQuarantined || r.Application == f.Aggregate // else the profile's, told first
		})
	}
	m.tell(f, readmodels.NoticeFileQuarantined, e.Document, told)
}

// quarantinedOfEmployee tells the recruitment managers of an infected file in an
// employee profile, unless they were told of it as the application's: that may have
// been erased, or the file deleted there.
func (m *inbox) quarantinedOfEmployee(f Fact, e employee.FileScanned) {
	if e.Infection == "" {
		return
	}
	told := m.audience(e.Job, "")
	for r := range m.notices.Select("subject_id", e.Document) {
		if r.Kind == readmodels.NoticeFileQuarantined {
			told = slices.DeleteFunc(told, func(id string) bool { return id == r.Member })
		}
	}
	m.tell(f, readmodels.NoticeFileQuarantined, e.Document, told)
}

// message tells of messages that came in, whoever is responsible for where they
// belong.
func (m *inbox) message(f Fact, e message.Event) {
	switch e := e.(type) {
	case message.Received:
		if e.Application == "" {
			m.tellOfUnassigned(f, e.Suggests)
			return
		}
		m.tellOf(f, e.Application, e.Job)
	case message.Assigned:
		// Somebody has taken care of where it belongs.
		m.forget("subject_id", f.Aggregate)
		m.tellOf(f, e.Application, e.Job)
	case message.Moved:
		// Where it is no more it is nothing to tell of.
		m.forget("subject_id", f.Aggregate)
		if !e.Scheduled {
			m.tellOf(f, e.To, e.ToJob)
		}
	case message.Written, message.Changed, message.Cancelled, message.Sending, message.Sent, message.Failed, message.OutcomeUnknown,
		message.Retried, message.Bounced, message.Closed, message.FileScanned:
		// What was not sent, or came back, is a task of who wrote it.
	}
}

func (m *inbox) tellOf(f Fact, applicationID, jobID string) {
	if applicationID != "" {
		m.tellAbout(f, applicationID, readmodels.NoticeNewMessage, f.Aggregate, m.audience(jobID, ""))
	}
}

// audience are the recruitment managers of a job, and the managers of a stage if
// one is named.
func (m *inbox) audience(jobID, stage string) []string {
	var told []string
	if r, ok := m.audiences.Get(jobID); ok {
		for _, t := range r.Team.V {
			if t.Manager || stage != "" && slices.Contains(t.Stages, stage) {
				told = append(told, t.Member)
			}
		}
	}
	return told
}

// stageManagers are the managers of a stage of a job, or, if it has none, the
// recruitment managers.
func (m *inbox) stageManagers(jobID, stage string) []string {
	var told []string
	if r, ok := m.audiences.Get(jobID); ok {
		for _, t := range r.Team.V {
			if slices.Contains(t.Stages, stage) {
				told = append(told, t.Member)
			}
		}
	}
	if told == nil {
		return m.audience(jobID, "")
	}
	return told
}

// tell puts a notice into the inboxes of members, one for each, and none for who
// did it.
func (m *inbox) tell(f Fact, kind readmodels.NoticeKind, subject string, members []string) {
	m.tellAbout(f, f.Aggregate, kind, subject, members)
}

func (m *inbox) tellAbout(f Fact, applicationID string, kind readmodels.NoticeKind, subject string, members []string) {
	for _, id := range members {
		if id == f.Body.Who().MemberID() {
			continue
		}
		m.notices.Put(readmodels.NoticeRow{
			Key: readmodels.NoticeKey(f.ID.String(), id), Event: f.ID.String(), Member: id, Application: applicationID,
			Kind: kind, Subject: subject, By: f.Body.Who(), At: f.Body.When(),
			Commit: signed(f.Position.Commit), Prepare: signed(f.Position.Prepare),
		})
	}
}

// tellOfOffer tells who said the terms of an offer what became of it, and those of
// the hiring team who are told of offers.
func (m *inbox) tellOfOffer(f Fact, kind readmodels.NoticeKind, offer, jobID, author string) {
	w := m.wanting(organization.OfferChanged)
	m.tell(f, kind, offer, append(m.team(jobID, w), w.but(someone(author))...))
}

// tellOfInterview tells who takes part in an interview what became of it, and those
// of the hiring team who are told of interviews (S1-35).
func (m *inbox) tellOfInterview(f Fact, kind readmodels.NoticeKind, interview, jobID string, participants []string) {
	w := m.wanting(organization.InterviewChanged)
	m.tell(f, kind, interview, append(m.team(jobID, w), w.but(participants)...))
}

// between are the members who are in both lists, in the second alone, and in the
// first alone.
func between(was, is []string) (stay, join, leave []string) {
	for _, id := range is {
		if slices.Contains(was, id) {
			stay = append(stay, id)
		} else {
			join = append(join, id)
		}
	}
	for _, id := range was {
		if !slices.Contains(is, id) {
			leave = append(leave, id)
		}
	}
	return stay, join, leave
}

// someone is the member, if there is one.
func someone(member string) []string {
	if member == "" {
		return nil
	}
	return []string{member}
}

// forget removes the notices of what is not there any more.
func (m *inbox) forget(column, value string) {
	m.notices.Each(column, value, func(r readmodels.NoticeRow) (readmodels.NoticeRow, bool) { return r, false })
}

func (m *inbox) job(id string, e job.Event) {
	switch e := e.(type) {
	case job.Opened:
		m.setAudience(id, e.Team)
	case job.Drafted:
		m.setAudience(id, e.Team)
	case job.TeamChanged:
		m.setAudience(id, e.Team)
	case job.StageRemoved:
		r, ok := m.audiences.Get(id)
		if !ok {
			return
		}
		team := slices.Clone(r.Team.V)
		for i := range team {
			team[i].Stages = slices.DeleteFunc(slices.Clone(team[i].Stages), func(stage string) bool { return stage == e.Stage })
		}
		r.Team.V = team
		m.audiences.Put(r)
	case job.ApplicationsEnded, job.DetailsChanged, job.FormSet, job.Held,
		job.Published, job.Reopened, job.Resumed, job.StageAdded,
		job.StageChanged, job.StageCleared, job.StagesReordered, job.WasClosed:
		// They leave the team as it is.
	}
}

func (m *inbox) setAudience(id string, team []job.TeamMember) {
	r := readmodels.AudienceRow{Job: id}
	for _, t := range team {
		r.Team.V = append(r.Team.V, readmodels.Told{Member: t.Member, Role: t.Role, Manager: t.Manager, Stages: t.Stages})
	}
	m.audiences.Put(r)
}

// read moves how far a member has read, never back. A notice they do not have,
// perhaps because its comment was deleted, moves nothing.
func (m *inbox) read(memberID, through string) {
	n, ok := m.notices.Get(readmodels.NoticeKey(through, memberID))
	if !ok {
		return
	}
	r, _ := m.inboxes.Get(memberID)
	if r.Member == "" || n.Commit > r.Commit || n.Commit == r.Commit && n.Prepare > r.Prepare {
		m.inboxes.Put(readmodels.InboxRow{Member: memberID, Commit: n.Commit, Prepare: n.Prepare})
	}
}
