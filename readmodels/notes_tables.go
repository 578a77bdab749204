package readmodels

import (
	"strconv"
	"time"

	"github.com/hirelog/hirelog/domain"
)

// NoteRow is a row of table notes.
type NoteRow struct {
	ID          string
	Application string
	Author      domain.Actor
	Text        []byte // sealed; nil once deleted or anonymised
	Visible     bool   // to the candidate
	Deleted     bool
	DeletedAt   *time.Time
	DeletedBy   *domain.Actor
	Stage       string // where the application stood
	At          time.Time
	Edits       int // how often; what it said before is in table earlier_texts
	EditedAt    *time.Time
}

// Notes returns table notes.
func Notes() Table[NoteRow] {
	return Table[NoteRow]{
		Name: "notes",
		Key:  func(r *NoteRow) *string { return &r.ID },
		Columns: []Column[NoteRow]{
			Col("note_id", "uuid", func(r *NoteRow) *string { return &r.ID }),
			Col("application_id", "uuid", func(r *NoteRow) *string { return &r.Application }),
			Col("author", "text", func(r *NoteRow) *domain.Actor { return &r.Author }),
			Col("text", "bytea", func(r *NoteRow) *[]byte { return &r.Text }),
			Col("visible", "boolean", func(r *NoteRow) *bool { return &r.Visible }),
			Col("deleted", "boolean", func(r *NoteRow) *bool { return &r.Deleted }),
			Col("deleted_at", "timestamptz", func(r *NoteRow) **time.Time { return &r.DeletedAt }),
			Col("deleted_by", "text", func(r *NoteRow) **domain.Actor { return &r.DeletedBy }),
			Col("stage", "text", func(r *NoteRow) *string { return &r.Stage }),
			Col("at", "timestamptz", func(r *NoteRow) *time.Time { return &r.At }),
			Col("edits", "integer", func(r *NoteRow) *int { return &r.Edits }),
			Col("edited_at", "timestamptz", func(r *NoteRow) **time.Time { return &r.EditedAt }),
		},
		Indexes: []string{`CREATE INDEX {name}_application ON {table} (application_id, at DESC, note_id)`},
		By:      map[string]func(*NoteRow) *string{"application_id": func(r *NoteRow) *string { return &r.Application }},
	}
}

// CommentRow is a row of table comments.
type CommentRow struct {
	ID          string
	Application string
	Author      domain.Actor
	Text        []byte   // sealed; nil once deleted or anonymised
	Mentions    []string // members
	At          time.Time
	Revision    int64 // of the application with the comment, to tell what is newer
	Edits       int   // how often; what it said before is in table earlier_texts
	EditedAt    *time.Time
	Deleted     bool
	DeletedAt   *time.Time
	DeletedBy   *domain.Actor
}

// Comments returns table comments.
func Comments() Table[CommentRow] {
	return Table[CommentRow]{
		Name: "comments",
		Key:  func(r *CommentRow) *string { return &r.ID },
		Columns: []Column[CommentRow]{
			Col("comment_id", "uuid", func(r *CommentRow) *string { return &r.ID }),
			Col("application_id", "uuid", func(r *CommentRow) *string { return &r.Application }),
			Col("author", "text", func(r *CommentRow) *domain.Actor { return &r.Author }),
			Col("text", "bytea", func(r *CommentRow) *[]byte { return &r.Text }),
			ArrayCol("mentions", "uuid[]", func(r *CommentRow) *[]string { return &r.Mentions }),
			Col("at", "timestamptz", func(r *CommentRow) *time.Time { return &r.At }),
			Col("revision", "bigint", func(r *CommentRow) *int64 { return &r.Revision }),
			Col("edits", "integer", func(r *CommentRow) *int { return &r.Edits }),
			Col("edited_at", "timestamptz", func(r *CommentRow) **time.Time { return &r.EditedAt }),
			Col("deleted", "boolean", func(r *CommentRow) *bool { return &r.Deleted }),
			Col("deleted_at", "timestamptz", func(r *CommentRow) **time.Time { return &r.DeletedAt }),
			Col("deleted_by", "text", func(r *CommentRow) **domain.Actor { return &r.DeletedBy }),
		},
		Indexes: []string{`CREATE INDEX {name}_application ON {table} (application_id, at DESC, comment_id)`},
		By:      map[string]func(*CommentRow) *string{"application_id": func(r *CommentRow) *string { return &r.Application }},
	}
}

// EarlierRow is a row of table earlier_texts: what a note or a comment said until
// it was edited.
type EarlierRow struct {
	Key         string // see EarlierKey
	Application string
	Subject     string // the note or comment
	Number      int    // from 1, in the order in which it was said
	At          time.Time
	Text        []byte // sealed; nil once deleted or anonymised
}

// EarlierKey returns the key of what a note or a comment said in the beginning
// (1), after the first edit (2), and so on.
func EarlierKey(subject string, number int) string {
	return subject + "/" + strconv.Itoa(number)
}

// EarlierTexts returns table earlier_texts.
func EarlierTexts() Table[EarlierRow] {
	return Table[EarlierRow]{
		Name: "earlier_texts",
		Key:  func(r *EarlierRow) *string { return &r.Key },
		Columns: []Column[EarlierRow]{
			Col("text_key", "text", func(r *EarlierRow) *string { return &r.Key }),
			Col("application_id", "uuid", func(r *EarlierRow) *string { return &r.Application }),
			Col("subject_id", "uuid", func(r *EarlierRow) *string { return &r.Subject }),
			Col("number", "integer", func(r *EarlierRow) *int { return &r.Number }),
			Col("at", "timestamptz", func(r *EarlierRow) *time.Time { return &r.At }),
			Col("text", "bytea", func(r *EarlierRow) *[]byte { return &r.Text }),
		},
		Indexes: []string{
			`CREATE INDEX {name}_application ON {table} (application_id, subject_id, number)`,
			`CREATE INDEX {name}_subject ON {table} (subject_id)`,
		},
		By: map[string]func(*EarlierRow) *string{
			"application_id": func(r *EarlierRow) *string { return &r.Application },
			"subject_id":     func(r *EarlierRow) *string { return &r.Subject },
		},
	}
}

// CommentReadRow is a row of table comment_reads: how far a member has read the
// comments of an application.
type CommentReadRow struct {
	Key         string // application/member
	Application string
	Member      string
	Revision    int64 // of the newest comment they saw
}

// CommentReads returns table comment_reads.
func CommentReads() Table[CommentReadRow] {
	return Table[CommentReadRow]{
		Name: "comment_reads",
		Key:  func(r *CommentReadRow) *string { return &r.Key },
		Columns: []Column[CommentReadRow]{
			Col("place", "text", func(r *CommentReadRow) *string { return &r.Key }),
			Col("application_id", "uuid", func(r *CommentReadRow) *string { return &r.Application }),
			Col("member_id", "uuid", func(r *CommentReadRow) *string { return &r.Member }),
			Col("revision", "bigint", func(r *CommentReadRow) *int64 { return &r.Revision }),
		},
		Indexes: []string{
			`CREATE INDEX {name}_member ON {table} (member_id, application_id)`,
			`CREATE INDEX {name}_application ON {table} (application_id)`,
		},
		By: map[string]func(*CommentReadRow) *string{"application_id": func(r *CommentReadRow) *string { return &r.Application }},
	}
}
