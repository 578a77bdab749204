package readmodels

import (
	"time"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/application"
)

// InterviewRow is a row of table interviews.
type InterviewRow struct {
	ID           string
	Application  string
	State        application.InterviewState
	Start        string // wall time
	Zone         string
	Minutes      int
	Title        []byte // sealed, as the other texts; nil once anonymised
	Description  []byte
	Place        []byte
	Link         []byte
	Reason       []byte // of the cancellation
	Participants []string
	Organiser    string
	Slots        []string // wall times
	Answers      JSON[[]InterviewAnswerOf]
	Role         *string // recruiting role of the participants
	Form         *string // evaluation form of the participants
	Hidden       bool    // from the candidate
	Recorded     bool    // afterwards
	ScheduledAt  time.Time
	ScheduledBy  domain.Actor
	ChangedAt    time.Time
	SettledAt    *time.Time // completed, missed or cancelled
	First        string     // id where it was planned first, by which calendars know it
	Sequence     int        // of its changes, for calendars
	InvitedAt    *time.Time // the candidate
	InvitedBy    domain.Actor
	WentOn       bool // with the application, where it is another one that calendars know as the same
}

// InterviewAnswerOf is an answer as it stands in an InterviewRow.
type InterviewAnswerOf struct {
	Member string                 `json:"member,omitempty"` // empty = the candidate
	Answer application.AnswerKind `json:"answer"`
	At     time.Time              `json:"at"`
	By     domain.Actor           `json:"by"` // who noted it
}

// Time is when the interview is.
func (r InterviewRow) Time() application.InterviewTime {
	return application.InterviewTime{Start: r.Start, Zone: r.Zone, Minutes: r.Minutes}
}

// Interviews returns table interviews.
func Interviews() Table[InterviewRow] {
	return Table[InterviewRow]{
		Name: "interviews",
		Key:  func(r *InterviewRow) *string { return &r.ID },
		Columns: []Column[InterviewRow]{
			Col("interview_id", "uuid", func(r *InterviewRow) *string { return &r.ID }),
			Col("application_id", "uuid", func(r *InterviewRow) *string { return &r.Application }),
			Col("state", "text", func(r *InterviewRow) *application.InterviewState { return &r.State }),
			Col("start", "text", func(r *InterviewRow) *string { return &r.Start }),
			Col("zone", "text", func(r *InterviewRow) *string { return &r.Zone }),
			Col("minutes", "integer", func(r *InterviewRow) *int { return &r.Minutes }),
			Col("title", "bytea", func(r *InterviewRow) *[]byte { return &r.Title }),
			Col("description", "bytea", func(r *InterviewRow) *[]byte { return &r.Description }),
			Col("place", "bytea", func(r *InterviewRow) *[]byte { return &r.Place }),
			Col("link", "bytea", func(r *InterviewRow) *[]byte { return &r.Link }),
			Col("reason", "bytea", func(r *InterviewRow) *[]byte { return &r.Reason }),
			ArrayCol("participants", "uuid[]", func(r *InterviewRow) *[]string { return &r.Participants }),
			Col("organiser_id", "text", func(r *InterviewRow) *string { return &r.Organiser }),
			ArrayCol("slots", "text[]", func(r *InterviewRow) *[]string { return &r.Slots }),
			Col("answers", "jsonb", func(r *InterviewRow) *JSON[[]InterviewAnswerOf] { return &r.Answers }),
			Col("role_id", "uuid", func(r *InterviewRow) **string { return &r.Role }),
			Col("form_id", "uuid", func(r *InterviewRow) **string { return &r.Form }),
			Col("hidden", "boolean", func(r *InterviewRow) *bool { return &r.Hidden }),
			Col("recorded", "boolean", func(r *InterviewRow) *bool { return &r.Recorded }),
			Col("scheduled_at", "timestamptz", func(r *InterviewRow) *time.Time { return &r.ScheduledAt }),
			Col("scheduled_by", "text", func(r *InterviewRow) *domain.Actor { return &r.ScheduledBy }),
			Col("changed_at", "timestamptz", func(r *InterviewRow) *time.Time { return &r.ChangedAt }),
			Col("settled_at", "timestamptz", func(r *InterviewRow) **time.Time { return &r.SettledAt }),
			Col("first_id", "uuid", func(r *InterviewRow) *string { return &r.First }),
			Col("sequence", "integer", func(r *InterviewRow) *int { return &r.Sequence }),
			Col("invited_at", "timestamptz", func(r *InterviewRow) **time.Time { return &r.InvitedAt }),
			Col("invited_by", "text", func(r *InterviewRow) *domain.Actor { return &r.InvitedBy }),
			Col("went_on", "boolean", func(r *InterviewRow) *bool { return &r.WentOn }),
		},
		Indexes: []string{
			`CREATE INDEX {name}_application ON {table} (application_id, start)`,
			`CREATE INDEX {name}_participants ON {table} USING gin (participants)`,
		},
		By: map[string]func(*InterviewRow) *string{"application_id": func(r *InterviewRow) *string { return &r.Application }},
	}
}
