package readmodels

import (
	"time"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
)

// NoticeKind says what a notice tells of.
type NoticeKind string

// The kinds of notices.
const (
	NoticeCandidateNote    NoticeKind = "candidate_note"
	NoticeDocumentUploaded NoticeKind = "document_uploaded"
	NoticeFileQuarantined  NoticeKind = "file_quarantined"
	NoticeMentioned        NoticeKind = "mentioned"
	NoticeNewMessage       NoticeKind = "new_message"
	NoticeUnassigned       NoticeKind = "unassigned_message"

	NoticeNewApplication      NoticeKind = "new_application"
	NoticeNewComment          NoticeKind = "new_comment"
	NoticeEvaluationSubmitted NoticeKind = "evaluation_submitted"
	NoticeReviewRequested     NoticeKind = "review_requested"
	NoticeReviewReminder      NoticeKind = "review_reminder"

	NoticeInterviewScheduled NoticeKind = "interview_scheduled"
	NoticeInterviewChanged   NoticeKind = "interview_changed"
	NoticeInterviewCancelled NoticeKind = "interview_cancelled"

	NoticeOfferToApprove NoticeKind = "offer_to_approve"
	NoticeOfferReturned  NoticeKind = "offer_returned"
	NoticeOfferAnswered  NoticeKind = "offer_answered"
	NoticeOfferExpired   NoticeKind = "offer_expired"

	NoticeStageOverdue      NoticeKind = "stage_overdue"
	NoticeWorkHandedOver    NoticeKind = "work_handed_over"
	NoticeSecondFactorReset NoticeKind = "second_factor_reset" // about no application
)

// NoticeRow is a row of table notices: one member is told of one event. Whom it
// is told was decided by what was so then; whether they may still see it is
// decided when they look.
type NoticeRow struct {
	Key         string // event/member
	Event       string
	Member      string
	Application string // the zero UUID for what is about none; an employee profile, of a file that was found infected there
	Kind        NoticeKind
	Subject     string // id of the note, comment, document, evaluation, review request, offer, stage, application or member
	By          domain.Actor
	At          time.Time
	Commit      int64 // position in the log
	Prepare     int64
}

// NoticeKey returns the key of what a member is told of an event.
func NoticeKey(event, member string) string { return event + "/" + member }

// Notices returns table notices.
func Notices() Table[NoticeRow] {
	return Table[NoticeRow]{
		Name: "notices",
		Key:  func(r *NoticeRow) *string { return &r.Key },
		Columns: []Column[NoticeRow]{
			Col("notice_key", "text", func(r *NoticeRow) *string { return &r.Key }),
			Col("event_id", "uuid", func(r *NoticeRow) *string { return &r.Event }),
			Col("member_id", "uuid", func(r *NoticeRow) *string { return &r.Member }),
			Col("application_id", "uuid", func(r *NoticeRow) *string { return &r.Application }),
			Col("kind", "text", func(r *NoticeRow) *NoticeKind { return &r.Kind }),
			Col("subject_id", "uuid", func(r *NoticeRow) *string { return &r.Subject }),
			Col("by", "text", func(r *NoticeRow) *domain.Actor { return &r.By }),
			Col("at", "timestamptz", func(r *NoticeRow) *time.Time { return &r.At }),
			Col("commit_position", "bigint", func(r *NoticeRow) *int64 { return &r.Commit }),
			Col("prepare_position", "bigint", func(r *NoticeRow) *int64 { return &r.Prepare }),
		},
		Indexes: []string{
			`CREATE INDEX {name}_member ON {table} (member_id, commit_position DESC, prepare_position DESC)`,
			`CREATE INDEX {name}_application ON {table} (application_id)`,
			`CREATE INDEX {name}_subject ON {table} (subject_id)`,
		},
		By: map[string]func(*NoticeRow) *string{
			"application_id": func(r *NoticeRow) *string { return &r.Application },
			"subject_id":     func(r *NoticeRow) *string { return &r.Subject },
		},
	}
}

// InboxRow is a row of table inboxes: how far a member has read.
type InboxRow struct {
	Member  string
	Commit  int64 // position of the newest notice they have read
	Prepare int64
}

// Inboxes returns table inboxes.
func Inboxes() Table[InboxRow] {
	return Table[InboxRow]{
		Name: "inboxes",
		Key:  func(r *InboxRow) *string { return &r.Member },
		Columns: []Column[InboxRow]{
			Col("member_id", "uuid", func(r *InboxRow) *string { return &r.Member }),
			Col("commit_position", "bigint", func(r *InboxRow) *int64 { return &r.Commit }),
			Col("prepare_position", "bigint", func(r *InboxRow) *int64 { return &r.Prepare }),
		},
	}
}

// Told is one of those who are told of what happens in a job.
type Told struct {
	Member  string   `json:"member"`
	Role    string   `json:"role"`              // recruiting role
	Manager bool     `json:"manager,omitempty"` // recruitment manager
	Stages  []string `json:"stages,omitempty"`  // they manage
}

// AudienceRow is a row of table audiences: who is told of what happens in a job.
// It says the same as table team, in one row for each job.
type AudienceRow struct {
	Job  string
	Team JSON[[]Told]
}

// Audiences returns table audiences.
func Audiences() Table[AudienceRow] {
	return Table[AudienceRow]{
		Name: "audiences",
		Key:  func(r *AudienceRow) *string { return &r.Job },
		Columns: []Column[AudienceRow]{
			Col("job_id", "uuid", func(r *AudienceRow) *string { return &r.Job }),
			Col("team", "jsonb", func(r *AudienceRow) *JSON[[]Told] { return &r.Team }),
		},
	}
}

// StaffRow is the one row of table staff: the members, by id.
type StaffRow struct {
	Key     string // StaffKey
	Members JSON[map[string]Staff]
}

// Staff is what of a member says whether they are told.
type Staff struct {
	Role     access.OrganizationRole `json:"role"`
	Inactive bool                    `json:"inactive,omitempty"`
}

// StaffKey is the key of the row of table staff.
const StaffKey = "all"

// StaffTable returns table staff.
func StaffTable() Table[StaffRow] {
	return Table[StaffRow]{
		Name: "staff",
		Key:  func(r *StaffRow) *string { return &r.Key },
		Columns: []Column[StaffRow]{
			Col("key", "text", func(r *StaffRow) *string { return &r.Key }),
			Col("members", "jsonb", func(r *StaffRow) *JSON[map[string]Staff] { return &r.Members }),
		},
	}
}

// RequesterRow is a row of table requesters: which member asked for a document.
type RequesterRow struct {
	Document    string
	Application string
	Member      string
}

// Requesters returns table requesters.
func Requesters() Table[RequesterRow] {
	return Table[RequesterRow]{
		Name: "requesters",
		Key:  func(r *RequesterRow) *string { return &r.Document },
		Columns: []Column[RequesterRow]{
			Col("document_id", "uuid", func(r *RequesterRow) *string { return &r.Document }),
			Col("application_id", "uuid", func(r *RequesterRow) *string { return &r.Application }),
			Col("member_id", "uuid", func(r *RequesterRow) *string { return &r.Member }),
		},
		Indexes: []string{`CREATE INDEX {name}_application ON {table} (application_id)`},
		By:      map[string]func(*RequesterRow) *string{"application_id": func(r *RequesterRow) *string { return &r.Application }},
	}
}
