package projections

import (
	"context"

	"github.com/google/uuid"

	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/candidate"
	"github.com/hirelog/hirelog/domain/message"
	"github.com/hirelog/hirelog/domain/notice"
	"github.com/hirelog/hirelog/domain/personal"
	"github.com/hirelog/hirelog/readmodels"
)

// timeline keeps one row for each event of an application that is worth showing.
type timeline struct {
	entries *Rows[readmodels.EntryRow]
	of      *Rows[readmodels.TimelineOfRow] // applications that were not deleted
}

func newTimeline() *timeline {
	return &timeline{entries: NewRows(readmodels.Timeline()), of: NewRows(readmodels.Timelines())}
}

// Name implements Model.
func (*timeline) Name() string { return "timeline" }

// Tables implements Model.
func (m *timeline) Tables() []AnyTable { return []AnyTable{m.entries, m.of} }

// Need implements Model.
func (m *timeline) Need(f Fact) {
	_, anonymised := f.Body.(application.Anonymised)
	_, deleted := f.Body.(application.Deleted)
	_, undone := f.Body.(application.MoveUndone)
	if anonymised || deleted || undone {
		m.entries.NeedBy("application_id", f.Aggregate)
	}
	if _, gone := f.Body.(candidate.Anonymised); gone {
		m.entries.NeedBy("application_id", f.Aggregate)
	}
	if e, ok := f.Body.(message.Event); ok {
		m.message(f, e, func(_, applicationID string, _ readmodels.EntryKind, _ readmodels.EntryDetails) {
			m.of.Need(applicationID)
		})
	}
}

// Apply implements Model.
func (m *timeline) Apply(_ context.Context, f Fact) error {
	switch e := f.Body.(type) {
	case application.Event:
		m.application(f, e)
	case message.Event:
		m.message(f, e, func(id, applicationID string, kind readmodels.EntryKind, d readmodels.EntryDetails) {
			if _, ok := m.of.Get(applicationID); !ok {
				return // it was deleted
			}
			m.entries.Put(readmodels.EntryRow{
				Event: id, Application: applicationID, Revision: int64(f.Revision),
				Commit: int64(f.Position.Commit), Prepare: int64(f.Position.Prepare),
				Kind: kind, At: e.When(), By: e.Who(), Subject: optional(f.Aggregate), Details: readmodels.JSON[readmodels.EntryDetails]{V: d},
			})
		})
	case candidate.Event:
		m.candidate(f, e)
	case notice.Bounced:
		m.cameBack(f, e)
	}
	return nil
}

// cameBack shows that a mail of notices did not reach who it was to.
func (m *timeline) cameBack(f Fact, e notice.Bounced) {
	kind := readmodels.EntryNoticeBounced
	if e.Meeting != "" {
		kind = readmodels.EntryInvitationBounced
	}
	m.entries.Put(readmodels.EntryRow{
		Event: f.ID.String(), Application: e.Application, Revision: int64(f.Revision),
		Commit: int64(f.Position.Commit), Prepare: int64(f.Position.Prepare),
		Kind: kind, At: e.At, By: e.By, Subject: optional(e.Meeting), Details: readmodels.JSON[readmodels.EntryDetails]{V: readmodels.EntryDetails{Told: e.To}},
	})
}

// candidate shows that two people are one, or two again, under the id of each of
// them: with all applications that they have, or will have.
func (m *timeline) candidate(f Fact, e candidate.Event) {
	show := func(kind readmodels.EntryKind, other string) {
		for _, row := range [][2]string{{f.ID.String(), f.Aggregate}, {uuid.NewSHA1(f.ID, []byte("the other")).String(), other}} {
			m.entries.Put(readmodels.EntryRow{
				Event: row[0], Application: row[1], Revision: int64(f.Revision), Commit: int64(f.Position.Commit), Prepare: int64(f.Position.Prepare),
				Kind: kind, At: e.When(), By: e.Who(),
			})
		}
	}
	switch e := e.(type) {
	case candidate.Merged:
		show(readmodels.EntryMerged, e.Into)
	case candidate.Unmerged:
		show(readmodels.EntryUnmerged, e.From)
	case candidate.Anonymised:
		m.entries.Each("application_id", f.Aggregate, func(r readmodels.EntryRow) (readmodels.EntryRow, bool) { return r, false })
	case candidate.Registered, candidate.AttributesChanged, candidate.AddressShared, candidate.Absorbed, candidate.Released, candidate.PictureSet, candidate.PictureRemoved,
		candidate.DataRequested, candidate.DataRequestAnswered:
		// What is known of somebody is no event of an application.
	}
}

func (m *timeline) application(f Fact, e application.Event) {
	var kind readmodels.EntryKind
	var subject string
	var text personal.Text
	var d readmodels.EntryDetails
	switch e := e.(type) {
	case application.Received:
		m.of.Put(readmodels.TimelineOfRow{Application: f.Aggregate})
		kind = readmodels.EntryReceived
		d.Source, d.Owner, d.To, d.FromApplication = e.Source, e.Owner, e.Stage, e.From
	case application.ClaimLost:
		return // nothing that anybody did to the application
	case application.CommentsRead, application.EvaluationDrafted:
		return // nothing for others
	case application.DocumentLeft:
		return // that the message it came with was moved says it
	case application.StageMoved:
		kind, text = readmodels.EntryStageMoved, e.Comment
		d.From, d.To = e.From, e.To
	case application.MoveUndone:
		kind, text = readmodels.EntryMoveUndone, e.Reason
		d.From, d.To = e.From, e.To
		m.undo(f)
	case application.Submitted:
		kind, subject = readmodels.EntrySubmitted, e.ID
	case application.Disqualified:
		kind, text = readmodels.EntryDisqualified, e.Note
		d.Outcome, d.Reason, d.DiscloseAt, d.Message = e.Kind, e.Reason, &e.DiscloseAt, e.Message
	case application.Transferred:
		kind, text = readmodels.EntryTransferred, e.Reason
		d.ToApplication, d.Job = e.To, e.Job
	case application.Requalified:
		kind, text = readmodels.EntryRequalified, e.Reason
	case application.Hired:
		kind, text, d.Outcome = readmodels.EntryHired, e.Reason, application.OutcomeHired
	case application.HireUndone:
		kind, text = readmodels.EntryHireUndone, e.Reason
	case application.EmployeeLinked:
		kind = readmodels.EntryEmployeeLinked
	case application.OfferDrafted:
		kind, subject = readmodels.EntryOfferDrafted, e.Offer
	case application.OfferChanged:
		kind, subject = readmodels.EntryOfferChanged, e.Offer
	case application.OfferApproved:
		kind, subject = readmodels.EntryOfferApproved, e.Offer
		d.Version = e.Version
	case application.OfferReturned:
		kind, subject, text = readmodels.EntryOfferReturned, e.Offer, e.Reason
		d.Version = e.Version
	case application.OfferSent:
		kind, subject = readmodels.EntryOfferSent, e.Offer
		d.Outside, d.Until = e.Outside, e.ExpiresAt
	case application.OfferAccepted:
		kind, subject = readmodels.EntryOfferAccepted, e.Offer
	case application.OfferDeclined:
		kind, subject, text = readmodels.EntryOfferDeclined, e.Offer, e.Reason
	case application.OfferWithdrawn:
		kind, subject, text = readmodels.EntryOfferWithdrawn, e.Offer, e.Reason
		d.Closed = e.Closed
	case application.OfferExpired:
		kind, subject = readmodels.EntryOfferExpired, e.Offer
	case application.ReasonChanged:
		kind, text, d.Reason = readmodels.EntryReasonChanged, e.Note, e.Reason
	case application.Deleted:
		dropAll(m.entries, f.Aggregate)
		m.of.Delete(f.Aggregate)
		return
	case application.Anonymised:
		kind = readmodels.EntryAnonymised
		m.anonymise(f.Aggregate)
	case application.TagAdded:
		kind, d.Tag = readmodels.EntryTagAdded, e.Tag
	case application.TagRemoved:
		kind, d.Tag = readmodels.EntryTagRemoved, e.Tag
	case application.PrioritySet:
		kind, d.Priority = readmodels.EntryPrioritySet, &e.Priority
	case application.OwnerSet:
		kind, d.Owner = readmodels.EntryOwnerSet, e.Owner
	case application.CommentAdded:
		kind, subject = readmodels.EntryCommentAdded, e.Comment
		d.Mentions = e.Mentions
	case application.CommentEdited:
		kind, subject = readmodels.EntryCommentEdited, e.Comment
		d.Mentions = e.Mentions
	case application.CommentDeleted:
		kind, subject = readmodels.EntryCommentDeleted, e.Comment
	case application.Rated:
		kind, d.Rating = readmodels.EntryRated, &e.Rating
	case application.ReviewRequested:
		kind, subject, text = readmodels.EntryReviewRequested, e.Review, e.Message
		d.Members, d.DueAt = []string{e.Reviewer}, e.DueAt
	case application.ReviewSubmitted:
		kind, subject = readmodels.EntryReviewSubmitted, e.Review
	case application.StageOverdue:
		kind = readmodels.EntryStageOverdue
		d.To, d.DueAt = e.Stage, &e.DueAt
	case application.ReviewReminderDue:
		kind, subject = readmodels.EntryReviewReminderDue, e.Review
		d.Members = []string{e.Reviewer}
	case application.WorkHandedOver:
		kind = readmodels.EntryWorkHandedOver
		d.Members = []string{e.From, e.To}
	case application.ReviewWithdrawn:
		kind, subject = readmodels.EntryReviewCancelled, e.Review
	case application.EvaluationSubmitted:
		kind, subject = readmodels.EntryEvaluationSubmitted, e.Evaluation
		d.Form, d.Author, d.Number, d.Hidden = e.Form, e.By.MemberID(), e.Number, e.Hidden
	case application.EvaluationDeleted:
		if e.Number == 0 {
			return // nobody knew of it
		}
		kind, subject = readmodels.EntryEvaluationDeleted, e.Evaluation
		d.Form, d.Author, d.Number, d.Hidden = e.Form, e.Author, e.Number, e.Hidden
	case application.InterviewScheduled:
		kind, subject = readmodels.EntryInterviewScheduled, e.Interview
		d.Start, d.Zone, d.Members = e.Start, e.Zone, e.Participants
	case application.InterviewRescheduled:
		kind, subject = readmodels.EntryInterviewRescheduled, e.Interview
		d.Start, d.Zone = e.Start, e.Zone
	case application.InterviewChanged:
		kind, subject = readmodels.EntryInterviewChanged, e.Interview
		d.Members = e.Participants
	case application.InterviewCancelled:
		kind, subject = readmodels.EntryInterviewCancelled, e.Interview
	case application.InterviewHeld:
		kind, subject = readmodels.EntryInterviewCompleted, e.Interview
	case application.InterviewMissed:
		kind, subject = readmodels.EntryInterviewMissed, e.Interview
	case application.InterviewInvited:
		kind, subject = readmodels.EntryInterviewInvited, e.Interview
	case application.InterviewAnswered:
		kind, subject = readmodels.EntryInterviewAnswered, e.Interview
		d.Answer, d.Start = string(e.Answer), e.Slot
		if e.Member != "" {
			d.Members = []string{e.Member}
		}
	case application.NoteEdited:
		kind, subject = readmodels.EntryNoteEdited, e.Note
	case application.NoteAdded:
		kind, subject = readmodels.EntryNoteAdded, e.Note
		d.Visible = &e.Visible
	case application.NoteVisibilitySet:
		kind, subject = readmodels.EntryNoteVisibilitySet, e.Note
		d.Visible = &e.Visible
	case application.NoteDeleted:
		kind, subject = readmodels.EntryNoteDeleted, e.Note
	case application.DocumentRequested:
		kind, subject = readmodels.EntryDocumentRequested, e.Document
		d.DueAt = e.DueAt
	case application.DocumentUploaded:
		kind, subject = readmodels.EntryDocumentUploaded, e.Document
		d.Version, d.Files, d.Late = e.Version, len(e.Files), e.Late
	case application.DocumentApproved:
		kind, subject, text = readmodels.EntryDocumentApproved, e.Document, e.Reason
		d.Version = e.Version
	case application.DocumentRejected:
		kind, subject, text = readmodels.EntryDocumentRejected, e.Document, e.Reason
		d.Version = e.Version
	case application.DisclosureMoved:
		kind, d.DiscloseAt = readmodels.EntryDisclosureMoved, &e.DiscloseAt
	case application.OutcomeDisclosed:
		kind, d.Outcome = readmodels.EntryOutcomeDisclosed, e.Outcome
	case application.DocumentReminderDue:
		kind, subject, d.DueAt = readmodels.EntryDocumentReminderDue, e.Document, &e.DueAt
	case application.AccessGranted:
		kind, subject = readmodels.EntryAccessGranted, e.Grant
		d.Until = e.Until
	case application.AccessEnds:
		kind, subject = readmodels.EntryAccessEnds, e.Grant
		d.Until = e.Until
	case application.DocumentCancelled:
		kind, subject = readmodels.EntryDocumentCancelled, e.Document
	case application.DocumentReopened:
		kind, subject, text = readmodels.EntryDocumentReopened, e.Document, e.Reason
		d.Version = e.Version
	case application.DocumentRecategorised:
		kind, subject = readmodels.EntryDocumentRecategorised, e.Document
	case application.FileScanned:
		if e.Infection == "" {
			return // it is what it was taken for
		}
		kind, subject = readmodels.EntryFileQuarantined, e.Document
		d.Version, d.Infection = e.Version, e.Infection
	case application.VersionDeleted:
		kind, subject = readmodels.EntryVersionDeleted, e.Document
		d.Version = e.Version
	case application.AuditOpened:
		kind, subject, text = readmodels.EntryAuditOpened, e.Opening, e.Reason
		d.Until = &e.Until
	case application.AuditClosed:
		kind, subject = readmodels.EntryAuditClosed, e.Opening
		d.Until = &e.At
	}
	d.Imported = e.Imported()
	m.entries.Put(readmodels.EntryRow{
		Event: f.ID.String(), Application: f.Aggregate, Revision: int64(f.Revision),
		Commit: int64(f.Position.Commit), Prepare: int64(f.Position.Prepare),
		Kind: kind, At: e.When(), By: e.Who(), Subject: optional(subject),
		Details: readmodels.JSON[readmodels.EntryDetails]{V: d}, Text: text.Bytes(),
	})
}

// message calls put for each entry that shows what became of a message, to whom it
// belongs then.
func (*timeline) message(f Fact, e message.Event, put func(id, applicationID string, kind readmodels.EntryKind, d readmodels.EntryDetails)) {
	show := func(id, applicationID string, kind readmodels.EntryKind, d readmodels.EntryDetails) {
		if applicationID != "" { // else it belongs to none yet
			put(id, applicationID, kind, d)
		}
	}
	id := f.ID.String()
	switch e := e.(type) {
	case message.Written:
		show(id, e.Application, readmodels.EntryMessageWritten, readmodels.EntryDetails{DueAt: &e.SendAt, Files: len(e.Attachments)})
	case message.Received:
		show(id, e.Application, readmodels.EntryMessageReceived, readmodels.EntryDetails{Files: len(e.Attachments)})
	case message.Assigned:
		show(id, e.Application, readmodels.EntryMessageAssigned, readmodels.EntryDetails{})
	case message.Moved:
		show(id, e.From, readmodels.EntryMessageMovedAway, readmodels.EntryDetails{})
		show(uuid.NewSHA1(f.ID, []byte("moved here")).String(), e.To, readmodels.EntryMessageMovedHere, readmodels.EntryDetails{})
	case message.Cancelled:
		show(id, e.Application, readmodels.EntryMessageCancelled, readmodels.EntryDetails{})
	case message.Sent:
		show(id, e.Application, readmodels.EntryMessageSent, readmodels.EntryDetails{})
	case message.Failed:
		show(id, e.Application, readmodels.EntryMessageFailed, readmodels.EntryDetails{DueAt: e.RetryAt})
	case message.OutcomeUnknown:
		show(id, e.Application, readmodels.EntryMessageUnknown, readmodels.EntryDetails{})
	case message.Bounced:
		show(id, e.Application, readmodels.EntryMessageBounced, readmodels.EntryDetails{})
	case message.Retried:
		show(id, e.Application, readmodels.EntryMessageRetried, readmodels.EntryDetails{})
	case message.Closed:
		show(id, e.Application, readmodels.EntryMessageClosed, readmodels.EntryDetails{})
	case message.Changed, message.Sending:
		// On the way to what is shown.
	case message.FileScanned:
		// That it is infected the document says that it becomes.
	}
}

// anonymise removes what cannot be opened any more, and the tags: they may say
// who somebody is.
func (m *timeline) anonymise(applicationID string) {
	m.entries.Each("application_id", applicationID, func(r readmodels.EntryRow) (readmodels.EntryRow, bool) {
		r.Text, r.Details.V.Tag = nil, ""
		return r, true
	})
}

// undo marks the last move before f as one that does not count.
func (m *timeline) undo(f Fact) {
	var last readmodels.EntryRow
	for r := range m.entries.Select("application_id", f.Aggregate) {
		if r.Kind == readmodels.EntryStageMoved && r.Revision < int64(f.Revision) && r.Revision >= last.Revision {
			last = r
		}
	}
	if last.Event != "" {
		last.Details.V.Undone = true
		m.entries.Put(last)
	}
}
