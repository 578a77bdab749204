package readmodels

import (
	"strconv"
	"time"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/application"
)

// DocumentRow is a row of table documents: one that was asked for, or one that
// was filed without being asked for.
type DocumentRow struct {
	ID          string
	Application string
	Category    access.Category
	Status      application.DocumentStatus
	Title       []byte // sealed; nil without request and once anonymised
	Description []byte // sealed; the same
	Formats     []application.Format
	MaxBytes    int64 // of one file; 0 without request
	MaxFiles    int   // of one version; 0 without request
	DueAt       *time.Time
	RequestedAt *time.Time // nil without request
	RequestedBy *domain.Actor
	Version     int       // the newest; 0 = nothing uploaded
	At          time.Time // requested or first filed
	Note        *string   // whose files it has
	Comment     *string   // the same
	Offer       *string   // whose contract it is
}

// Documents returns table documents.
func Documents() Table[DocumentRow] {
	return Table[DocumentRow]{
		Name: "documents",
		Key:  func(r *DocumentRow) *string { return &r.ID },
		Columns: []Column[DocumentRow]{
			Col("document_id", "uuid", func(r *DocumentRow) *string { return &r.ID }),
			Col("application_id", "uuid", func(r *DocumentRow) *string { return &r.Application }),
			Col("category", "text", func(r *DocumentRow) *access.Category { return &r.Category }),
			Col("status", "text", func(r *DocumentRow) *application.DocumentStatus { return &r.Status }),
			Col("title", "bytea", func(r *DocumentRow) *[]byte { return &r.Title }),
			Col("description", "bytea", func(r *DocumentRow) *[]byte { return &r.Description }),
			ArrayCol("formats", "text[]", func(r *DocumentRow) *[]application.Format { return &r.Formats }),
			Col("max_bytes", "bigint", func(r *DocumentRow) *int64 { return &r.MaxBytes }),
			Col("max_files", "integer", func(r *DocumentRow) *int { return &r.MaxFiles }),
			Col("due_at", "timestamptz", func(r *DocumentRow) **time.Time { return &r.DueAt }),
			Col("requested_at", "timestamptz", func(r *DocumentRow) **time.Time { return &r.RequestedAt }),
			Col("requested_by", "text", func(r *DocumentRow) **domain.Actor { return &r.RequestedBy }),
			Col("version", "integer", func(r *DocumentRow) *int { return &r.Version }),
			Col("at", "timestamptz", func(r *DocumentRow) *time.Time { return &r.At }),
			Col("note_id", "uuid", func(r *DocumentRow) **string { return &r.Note }),
			Col("comment_id", "uuid", func(r *DocumentRow) **string { return &r.Comment }),
			Col("offer_id", "uuid", func(r *DocumentRow) **string { return &r.Offer }),
		},
		Indexes: []string{
			`CREATE INDEX {name}_application ON {table} (application_id, at DESC, document_id)`,
			// What is to be done.
			`CREATE INDEX {name}_to_review ON {table} (application_id) WHERE status = 'uploaded'`,
			`CREATE INDEX {name}_due ON {table} (due_at) WHERE status IN ('requested', 'rejected')`,
		},
		By: map[string]func(*DocumentRow) *string{"application_id": func(r *DocumentRow) *string { return &r.Application }},
	}
}

// VersionRow is a row of table document_versions. One whose files were erased
// stays.
type VersionRow struct {
	Key         string // see VersionKey
	Application string
	Document    string
	Version     int // from 1
	UploadedAt  time.Time
	UploadedBy  domain.Actor
	Late        bool
	DeletedAt   *time.Time // its files were erased
	DeletedBy   *domain.Actor
}

// VersionKey returns the key of a version of a document.
func VersionKey(document string, version int) string {
	return document + "/" + strconv.Itoa(version)
}

// DocumentVersions returns table document_versions.
func DocumentVersions() Table[VersionRow] {
	return Table[VersionRow]{
		Name: "document_versions",
		Key:  func(r *VersionRow) *string { return &r.Key },
		Columns: []Column[VersionRow]{
			Col("version_key", "text", func(r *VersionRow) *string { return &r.Key }),
			Col("application_id", "uuid", func(r *VersionRow) *string { return &r.Application }),
			Col("document_id", "uuid", func(r *VersionRow) *string { return &r.Document }),
			Col("version", "integer", func(r *VersionRow) *int { return &r.Version }),
			Col("uploaded_at", "timestamptz", func(r *VersionRow) *time.Time { return &r.UploadedAt }),
			Col("uploaded_by", "text", func(r *VersionRow) *domain.Actor { return &r.UploadedBy }),
			Col("late", "boolean", func(r *VersionRow) *bool { return &r.Late }),
			Col("deleted_at", "timestamptz", func(r *VersionRow) **time.Time { return &r.DeletedAt }),
			Col("deleted_by", "text", func(r *VersionRow) **domain.Actor { return &r.DeletedBy }),
		},
		Indexes: []string{`CREATE INDEX {name}_application ON {table} (application_id, document_id, version)`},
		By:      map[string]func(*VersionRow) *string{"application_id": func(r *VersionRow) *string { return &r.Application }},
	}
}

// FileRow is a row of table document_files.
type FileRow struct {
	ID          string
	Application string
	Document    string
	Version     int
	Place       int    // within the version, from 0
	Name        []byte // sealed; nil once anonymised
	Size        int64  // bytes
	Type        string // media type, by content
}

// DocumentFiles returns table document_files.
func DocumentFiles() Table[FileRow] {
	return Table[FileRow]{
		Name: "document_files",
		Key:  func(r *FileRow) *string { return &r.ID },
		Columns: []Column[FileRow]{
			Col("file_id", "uuid", func(r *FileRow) *string { return &r.ID }),
			Col("application_id", "uuid", func(r *FileRow) *string { return &r.Application }),
			Col("document_id", "uuid", func(r *FileRow) *string { return &r.Document }),
			Col("version", "integer", func(r *FileRow) *int { return &r.Version }),
			Col("place", "integer", func(r *FileRow) *int { return &r.Place }),
			Col("name", "bytea", func(r *FileRow) *[]byte { return &r.Name }),
			Col("size", "bigint", func(r *FileRow) *int64 { return &r.Size }),
			Col("type", "text", func(r *FileRow) *string { return &r.Type }),
		},
		Indexes: []string{`CREATE INDEX {name}_application ON {table} (application_id, document_id, version, place)`},
		By:      map[string]func(*FileRow) *string{"application_id": func(r *FileRow) *string { return &r.Application }},
	}
}

// ReviewRow is a row of table document_reviews: an approval or rejection, kept
// whatever comes after it.
type ReviewRow struct {
	Event       string // id
	Application string
	Document    string
	Version     int
	Status      application.DocumentStatus
	By          domain.Actor
	At          time.Time
	Revision    int64
	Reason      []byte // sealed; nil without reason and once anonymised
}

// DocumentReviews returns table document_reviews.
func DocumentReviews() Table[ReviewRow] {
	return Table[ReviewRow]{
		Name: "document_reviews",
		Key:  func(r *ReviewRow) *string { return &r.Event },
		Columns: []Column[ReviewRow]{
			Col("event_id", "uuid", func(r *ReviewRow) *string { return &r.Event }),
			Col("application_id", "uuid", func(r *ReviewRow) *string { return &r.Application }),
			Col("document_id", "uuid", func(r *ReviewRow) *string { return &r.Document }),
			Col("version", "integer", func(r *ReviewRow) *int { return &r.Version }),
			Col("status", "text", func(r *ReviewRow) *application.DocumentStatus { return &r.Status }),
			Col("by", "text", func(r *ReviewRow) *domain.Actor { return &r.By }),
			Col("at", "timestamptz", func(r *ReviewRow) *time.Time { return &r.At }),
			Col("revision", "bigint", func(r *ReviewRow) *int64 { return &r.Revision }),
			Col("reason", "bytea", func(r *ReviewRow) *[]byte { return &r.Reason }),
		},
		Indexes: []string{`CREATE INDEX {name}_application ON {table} (application_id, revision)`},
		By:      map[string]func(*ReviewRow) *string{"application_id": func(r *ReviewRow) *string { return &r.Application }},
	}
}
