package readmodels

import (
	"time"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/message"
)

// MessageRow is a row of table messages. What it says is sealed, and gone once
// its application is anonymised.
type MessageRow struct {
	ID          string
	Application string // NoApplication = it belongs to none yet
	Direction   message.Direction
	Thread      string
	Answers     *string // message
	Purpose     message.Purpose
	Author      domain.Actor
	At          time.Time // written, or received
	Status      *message.Status
	SendAt      *time.Time
	SentAt      *time.Time
	RetryAt     *time.Time
	StatusAt    *time.Time // since when it has its status
	Reason      *string    // why it failed or came back; a code
	Attempts    int
	To          []byte
	From        []byte
	FromName    []byte
	Subject     []byte
	Text        []byte
	Known       bool // the sender's address was a candidate's
	Shortened   bool
	Open        bool // nobody took care of it
	ClosedAt    *time.Time
	ClosedBy    *domain.Actor
	Suggested   *string // application
	Files       JSON[[]MessageFile]
	LeftOut     JSON[[]MessageLeftOut]
	Revision    int64
}

// MessageFile is a file as it stands in a MessageRow.
type MessageFile struct {
	File string `json:"file"`
	Name []byte `json:"name"` // sealed
	Size int64  `json:"size"`
	Type string `json:"type"`
}

// MessageLeftOut is a file that came along and was not kept, as it stands in a
// MessageRow.
type MessageLeftOut struct {
	Name   []byte                `json:"name"` // sealed
	Reason message.LeftOutReason `json:"reason"`
}

// Scrubbed is the row without what it says.
func (r MessageRow) Scrubbed() MessageRow {
	r.To, r.From, r.FromName, r.Subject, r.Text = nil, nil, nil, nil, nil
	files := make([]MessageFile, len(r.Files.V))
	for i, f := range r.Files.V {
		f.Name = nil
		files[i] = f
	}
	if len(files) > 0 {
		r.Files.V = files
	}
	left := make([]MessageLeftOut, len(r.LeftOut.V))
	for i, f := range r.LeftOut.V {
		left[i] = MessageLeftOut{Reason: f.Reason}
	}
	if len(left) > 0 {
		r.LeftOut.V = left
	}
	return r
}

// noApplication stands where a message belongs to no application.
var noApplication = nobody

// NoApplication is the application of a message that belongs to none yet: the
// nil UUID, which no application has.
func NoApplication() string { return noApplication }

// Messages returns table messages.
func Messages() Table[MessageRow] {
	return Table[MessageRow]{
		Name: "messages",
		Key:  func(r *MessageRow) *string { return &r.ID },
		Columns: []Column[MessageRow]{
			Col("message_id", "uuid", func(r *MessageRow) *string { return &r.ID }),
			Col("application_id", "uuid", func(r *MessageRow) *string { return &r.Application }),
			Col("direction", "text", func(r *MessageRow) *message.Direction { return &r.Direction }),
			Col("thread_id", "uuid", func(r *MessageRow) *string { return &r.Thread }),
			Col("answers_id", "uuid", func(r *MessageRow) **string { return &r.Answers }),
			Col("purpose", "text", func(r *MessageRow) *message.Purpose { return &r.Purpose }),
			Col("author", "text", func(r *MessageRow) *domain.Actor { return &r.Author }),
			Col("at", "timestamptz", func(r *MessageRow) *time.Time { return &r.At }),
			Col("status", "text", func(r *MessageRow) **message.Status { return &r.Status }),
			Col("send_at", "timestamptz", func(r *MessageRow) **time.Time { return &r.SendAt }),
			Col("sent_at", "timestamptz", func(r *MessageRow) **time.Time { return &r.SentAt }),
			Col("retry_at", "timestamptz", func(r *MessageRow) **time.Time { return &r.RetryAt }),
			Col("status_at", "timestamptz", func(r *MessageRow) **time.Time { return &r.StatusAt }),
			Col("reason", "text", func(r *MessageRow) **string { return &r.Reason }),
			Col("attempts", "integer", func(r *MessageRow) *int { return &r.Attempts }),
			Col("sent_to", "bytea", func(r *MessageRow) *[]byte { return &r.To }),
			Col("sent_from", "bytea", func(r *MessageRow) *[]byte { return &r.From }),
			Col("from_name", "bytea", func(r *MessageRow) *[]byte { return &r.FromName }),
			Col("subject", "bytea", func(r *MessageRow) *[]byte { return &r.Subject }),
			Col("text", "bytea", func(r *MessageRow) *[]byte { return &r.Text }),
			Col("known", "boolean", func(r *MessageRow) *bool { return &r.Known }),
			Col("shortened", "boolean", func(r *MessageRow) *bool { return &r.Shortened }),
			Col("open", "boolean", func(r *MessageRow) *bool { return &r.Open }),
			Col("closed_at", "timestamptz", func(r *MessageRow) **time.Time { return &r.ClosedAt }),
			Col("closed_by", "text", func(r *MessageRow) **domain.Actor { return &r.ClosedBy }),
			Col("suggested_id", "uuid", func(r *MessageRow) **string { return &r.Suggested }),
			Col("files", "jsonb", func(r *MessageRow) *JSON[[]MessageFile] { return &r.Files }),
			Col("left_out", "jsonb", func(r *MessageRow) *JSON[[]MessageLeftOut] { return &r.LeftOut }),
			Col("revision", "bigint", func(r *MessageRow) *int64 { return &r.Revision }),
		},
		Indexes: []string{
			`CREATE INDEX {name}_application ON {table} (application_id, at)`,
			`CREATE INDEX {name}_open ON {table} (application_id) WHERE open`,
			`CREATE INDEX {name}_unassigned ON {table} (at DESC, message_id DESC) WHERE application_id = '00000000-0000-0000-0000-000000000000'`,
			`CREATE INDEX {name}_troubled ON {table} (author) WHERE status IN ('failed', 'unknown', 'bounced')`,
		},
		By: map[string]func(*MessageRow) *string{"application_id": func(r *MessageRow) *string { return &r.Application }},
	}
}
