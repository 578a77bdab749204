package readmodels

import (
	"time"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/application"
)

// EntryKind says what happened in an entry of the timeline.
type EntryKind string

// The kinds of entries.
const (
	EntryReceived       EntryKind = "received"
	EntryStageMoved     EntryKind = "stage_moved"
	EntryStageOverdue   EntryKind = "stage_overdue"
	EntryDisqualified   EntryKind = "disqualified"
	EntryRequalified    EntryKind = "requalified"
	EntryReasonChanged  EntryKind = "reason_changed"
	EntryAnonymised     EntryKind = "anonymised"
	EntryTagAdded       EntryKind = "tag_added"
	EntryTagRemoved     EntryKind = "tag_removed"
	EntryPrioritySet    EntryKind = "priority_set"
	EntryOwnerSet       EntryKind = "owner_set"
	EntryCommentAdded   EntryKind = "comment_added"
	EntryCommentEdited  EntryKind = "comment_edited"
	EntryCommentDeleted EntryKind = "comment_deleted"
	EntryRated          EntryKind = "rated"

	EntryReviewRequested EntryKind = "review_requested"
	EntryReviewSubmitted EntryKind = "review_submitted"
	EntryReviewCancelled EntryKind = "review_cancelled"

	EntryReviewReminderDue EntryKind = "review_reminder_due"
	EntryWorkHandedOver    EntryKind = "work_handed_over"

	EntryEvaluationSubmitted EntryKind = "evaluation_submitted"
	EntryEvaluationDeleted   EntryKind = "evaluation_deleted"

	EntryInterviewScheduled   EntryKind = "interview_scheduled"
	EntryInterviewRescheduled EntryKind = "interview_rescheduled"
	EntryInterviewChanged     EntryKind = "interview_changed"
	EntryInterviewCancelled   EntryKind = "interview_cancelled"
	EntryInterviewCompleted   EntryKind = "interview_completed"
	EntryInterviewMissed      EntryKind = "interview_missed"
	EntryInterviewAnswered    EntryKind = "interview_answered"
	EntryInterviewInvited     EntryKind = "interview_invited"
	EntryInvitationBounced    EntryKind = "invitation_bounced" // or another mail about it

	EntryNoteAdded         EntryKind = "note_added"
	EntryNoteEdited        EntryKind = "note_edited"
	EntryNoteVisibilitySet EntryKind = "note_visibility_set"
	EntryNoteDeleted       EntryKind = "note_deleted"
	EntryDocumentRequested EntryKind = "document_requested"
	EntryDocumentUploaded  EntryKind = "document_uploaded"
	EntryDocumentApproved  EntryKind = "document_approved"
	EntryDocumentRejected  EntryKind = "document_rejected"
	EntryAccessGranted     EntryKind = "access_granted"
	EntryAuditOpened       EntryKind = "audit_opened"
	EntryAuditClosed       EntryKind = "audit_closed"
	EntryAccessEnds        EntryKind = "access_ends"
)

// The kinds of entries of the pipeline and the application form.
const (
	EntryMoveUndone  EntryKind = "move_undone"
	EntryTransferred EntryKind = "transferred"
	EntrySubmitted   EntryKind = "submitted"
)

// The kinds of entries of people who turn out to be one, or two.
const (
	EntryMerged   EntryKind = "candidates_merged"
	EntryUnmerged EntryKind = "candidates_unmerged"
)

// The kinds of entries of hires.
const (
	EntryHired          EntryKind = "hired"
	EntryHireUndone     EntryKind = "hire_undone"
	EntryEmployeeLinked EntryKind = "employee_created"
)

// The kinds of entries of offers.
const (
	EntryOfferDrafted   EntryKind = "offer_drafted"
	EntryOfferChanged   EntryKind = "offer_changed"
	EntryOfferApproved  EntryKind = "offer_approved"
	EntryOfferReturned  EntryKind = "offer_returned"
	EntryOfferSent      EntryKind = "offer_sent"
	EntryOfferAccepted  EntryKind = "offer_accepted"
	EntryOfferDeclined  EntryKind = "offer_declined"
	EntryOfferWithdrawn EntryKind = "offer_withdrawn"
	EntryOfferExpired   EntryKind = "offer_expired"
)

// The kinds of entries of messages.
const (
	EntryMessageWritten   EntryKind = "message_written"
	EntryMessageReceived  EntryKind = "message_received"
	EntryMessageAssigned  EntryKind = "message_assigned"
	EntryMessageMovedAway EntryKind = "message_moved_away"
	EntryMessageMovedHere EntryKind = "message_moved_here"
	EntryMessageCancelled EntryKind = "message_cancelled"
	EntryMessageSent      EntryKind = "message_sent"
	EntryMessageFailed    EntryKind = "message_failed"
	EntryMessageUnknown   EntryKind = "message_unknown"
	EntryMessageBounced   EntryKind = "message_bounced"
	EntryMessageRetried   EntryKind = "message_retried"
	EntryMessageClosed    EntryKind = "message_closed"
	EntryNoticeBounced    EntryKind = "notice_bounced"
)

// The kinds of entries that time brings.
const (
	EntryOutcomeDisclosed      EntryKind = "outcome_disclosed"
	EntryDisclosureMoved       EntryKind = "disclosure_moved"
	EntryDocumentReminderDue   EntryKind = "document_reminder_due"
	EntryDocumentCancelled     EntryKind = "document_cancelled"
	EntryDocumentReopened      EntryKind = "document_reopened"
	EntryDocumentRecategorised EntryKind = "document_recategorised"
	EntryVersionDeleted        EntryKind = "document_version_deleted"
	EntryFileQuarantined       EntryKind = "file_quarantined"
)

// EntryDetails are the ids and values of an entry. Each kind uses some.
type EntryDetails struct {
	Source     string              `json:"source,omitempty"`
	Owner      string              `json:"owner,omitempty"`  // member
	From       string              `json:"from,omitempty"`   // stage
	To         string              `json:"to,omitempty"`     // stage
	Undone     bool                `json:"undone,omitempty"` // the move was a mistake
	Outcome    application.Outcome `json:"outcome,omitempty"`
	Reason     string              `json:"reason,omitempty"`
	Tag        string              `json:"tag,omitempty"`
	Priority   *bool               `json:"priority,omitempty"`
	Visible    *bool               `json:"visible,omitempty"`
	Mentions   []string            `json:"mentions,omitempty"`
	Rating     *int                `json:"rating,omitempty"`
	Form       string              `json:"form,omitempty"`   // of an evaluation
	Author     string              `json:"author,omitempty"` // of an evaluation: member
	Number     int                 `json:"number,omitempty"` // of its submissions
	Hidden     bool                `json:"hidden,omitempty"` // from members whose own is not in
	Start      string              `json:"start,omitempty"`  // wall time of an interview
	Zone       string              `json:"zone,omitempty"`
	Members    []string            `json:"members,omitempty"` // who take part, or who answered; none = the candidate
	Answer     string              `json:"answer,omitempty"`
	Category   access.Category     `json:"category,omitempty"`
	Version    int                 `json:"version,omitempty"`
	Files      int                 `json:"files,omitempty"` // number
	Late       bool                `json:"late,omitempty"`
	Infection  string              `json:"infection,omitempty"` // what the malware scanner says of a file
	DueAt      *time.Time          `json:"due_at,omitempty"`
	DiscloseAt *time.Time          `json:"disclose_at,omitempty"`
	Until      *time.Time          `json:"until,omitempty"`
	Outside    bool                `json:"outside,omitempty"` // an offer was sent so
	Closed     bool                `json:"closed,omitempty"`  // it was withdrawn with the application
	Imported   bool                `json:"imported,omitempty"`
	Message    string              `json:"message,omitempty"` // that tells of a disqualification
	Told       string              `json:"told,omitempty"`    // whom a mail of notices was to

	Job             string `json:"job,omitempty"` // it went on for
	FromApplication string `json:"from_application,omitempty"`
	ToApplication   string `json:"to_application,omitempty"`
}

// EntryRow is a row of table timeline: one event worth showing.
type EntryRow struct {
	Event       string // id
	Application string // or the candidate, of what is about people
	Revision    int64  // of the application, or of the message or the candidate it is about
	Commit      int64  // position in the log
	Prepare     int64
	Kind        EntryKind
	At          time.Time
	By          domain.Actor
	// Subject is the id of the note, comment, document, grant, opening or offer it is about. What those
	// say is read from their own rows, where it is erased.
	Subject *string
	Details JSON[EntryDetails]
	Text    []byte // sealed under the application's key; nil once anonymised
}

// Timeline returns table timeline.
func Timeline() Table[EntryRow] {
	return Table[EntryRow]{
		Name: "timeline",
		Key:  func(r *EntryRow) *string { return &r.Event },
		Columns: []Column[EntryRow]{
			Col("event_id", "uuid", func(r *EntryRow) *string { return &r.Event }),
			Col("application_id", "uuid", func(r *EntryRow) *string { return &r.Application }),
			Col("revision", "bigint", func(r *EntryRow) *int64 { return &r.Revision }),
			Col("commit_position", "bigint", func(r *EntryRow) *int64 { return &r.Commit }),
			Col("prepare_position", "bigint", func(r *EntryRow) *int64 { return &r.Prepare }),
			Col("kind", "text", func(r *EntryRow) *EntryKind { return &r.Kind }),
			Col("at", "timestamptz", func(r *EntryRow) *time.Time { return &r.At }),
			Col("by", "text", func(r *EntryRow) *domain.Actor { return &r.By }),
			Col("subject_id", "uuid", func(r *EntryRow) **string { return &r.Subject }),
			Col("details", "jsonb", func(r *EntryRow) *JSON[EntryDetails] { return &r.Details }),
			Col("text", "bytea", func(r *EntryRow) *[]byte { return &r.Text }),
		},
		Indexes: []string{`CREATE INDEX {name}_application ON {table} (application_id, commit_position DESC, prepare_position DESC)`},
		By:      map[string]func(*EntryRow) *string{"application_id": func(r *EntryRow) *string { return &r.Application }},
	}
}

// TimelineOfRow is a row of table timelines: an application that has a timeline, as
// all have but those that were deleted.
type TimelineOfRow struct {
	Application string
}

// Timelines returns table timelines.
func Timelines() Table[TimelineOfRow] {
	return Table[TimelineOfRow]{
		Name:    "timelines",
		Key:     func(r *TimelineOfRow) *string { return &r.Application },
		Columns: []Column[TimelineOfRow]{Col("application_id", "uuid", func(r *TimelineOfRow) *string { return &r.Application })},
	}
}
