package readmodels

import (
	"time"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/application"
)

// HireRow is a row of table hires: somebody was taken on.
type HireRow struct {
	ID          string
	Application string
	Reason      []byte // sealed; nil without one and once anonymised
	At          time.Time
	By          domain.Actor
	UndoneAt    *time.Time
	UndoneBy    *domain.Actor
	UndoReason  []byte
	Offer       *string // it was by
	Employee    *string // profile it led to; nil until then and once anonymised
	Anonymised  bool
}

// Hires returns table hires.
func Hires() Table[HireRow] {
	return Table[HireRow]{
		Name: "hires",
		Key:  func(r *HireRow) *string { return &r.ID },
		Columns: []Column[HireRow]{
			Col("hire_id", "uuid", func(r *HireRow) *string { return &r.ID }),
			Col("application_id", "uuid", func(r *HireRow) *string { return &r.Application }),
			Col("reason", "bytea", func(r *HireRow) *[]byte { return &r.Reason }),
			Col("at", "timestamptz", func(r *HireRow) *time.Time { return &r.At }),
			Col("by", "text", func(r *HireRow) *domain.Actor { return &r.By }),
			Col("undone_at", "timestamptz", func(r *HireRow) **time.Time { return &r.UndoneAt }),
			Col("undone_by", "text", func(r *HireRow) **domain.Actor { return &r.UndoneBy }),
			Col("undo_reason", "bytea", func(r *HireRow) *[]byte { return &r.UndoReason }),
			Col("offer_id", "uuid", func(r *HireRow) **string { return &r.Offer }),
			Col("employee_id", "uuid", func(r *HireRow) **string { return &r.Employee }),
			Col("anonymised", "boolean", func(r *HireRow) *bool { return &r.Anonymised }),
		},
		Indexes: []string{`CREATE INDEX {name}_application ON {table} (application_id, at DESC)`},
		By:      map[string]func(*HireRow) *string{"application_id": func(r *HireRow) *string { return &r.Application }},
	}
}

// EmployeeState is what became of an employee profile.
type EmployeeState string

// The states of an employee profile.
const (
	EmployeeActive   EmployeeState = "active"
	EmployeeReversed EmployeeState = "reversed" // the hire was undone
	EmployeeErased   EmployeeState = "erased"
)

// EmployeeRow is a row of table employees: the profile of somebody who was hired.
// Its texts are sealed under its own key.
type EmployeeRow struct {
	ID          string
	Application string // Nobody once that was anonymised
	Job         string
	State       EmployeeState
	HiredAt     time.Time
	CreatedAt   time.Time
	EndedAt     *time.Time
	FirstName   []byte
	LastName    []byte
	Email       []byte
	Phone       []byte
	Revision    int64
}

// Employees returns table employees.
func Employees() Table[EmployeeRow] {
	return Table[EmployeeRow]{
		Name: "employees",
		Key:  func(r *EmployeeRow) *string { return &r.ID },
		Columns: []Column[EmployeeRow]{
			Col("employee_id", "uuid", func(r *EmployeeRow) *string { return &r.ID }),
			Col("application_id", "uuid", func(r *EmployeeRow) *string { return &r.Application }),
			Col("job_id", "uuid", func(r *EmployeeRow) *string { return &r.Job }),
			Col("state", "text", func(r *EmployeeRow) *EmployeeState { return &r.State }),
			Col("hired_at", "timestamptz", func(r *EmployeeRow) *time.Time { return &r.HiredAt }),
			Col("created_at", "timestamptz", func(r *EmployeeRow) *time.Time { return &r.CreatedAt }),
			Col("ended_at", "timestamptz", func(r *EmployeeRow) **time.Time { return &r.EndedAt }),
			Col("first_name", "bytea", func(r *EmployeeRow) *[]byte { return &r.FirstName }),
			Col("last_name", "bytea", func(r *EmployeeRow) *[]byte { return &r.LastName }),
			Col("email", "bytea", func(r *EmployeeRow) *[]byte { return &r.Email }),
			Col("phone", "bytea", func(r *EmployeeRow) *[]byte { return &r.Phone }),
			Col("revision", "bigint", func(r *EmployeeRow) *int64 { return &r.Revision }),
		},
		Indexes: []string{
			`CREATE INDEX {name}_application ON {table} (application_id)`,
			`CREATE INDEX {name}_hired ON {table} (hired_at DESC, employee_id DESC)`,
		},
		By: map[string]func(*EmployeeRow) *string{"application_id": func(r *EmployeeRow) *string { return &r.Application }},
	}
}

// EmployeeDocumentRow is a row of table employee_documents: a document that went
// along.
type EmployeeDocumentRow struct {
	Key      string // employee/document
	Employee string
	Document string
	Category access.Category
	Status   application.DocumentStatus
	Title    []byte // sealed
	Versions JSON[[]EmployeeVersion]
	Contract bool // of an offer
}

// EmployeeVersion is a version of a document that went along, with sealed texts.
type EmployeeVersion struct {
	Number     int            `json:"number"`
	UploadedAt time.Time      `json:"uploaded_at"`
	UploadedBy domain.Actor   `json:"uploaded_by"`
	Files      []EmployeeFile `json:"files"`

	Status     application.DocumentStatus `json:"status,omitempty"` // of the last review
	ReviewedAt *time.Time                 `json:"reviewed_at,omitempty"`
	ReviewedBy domain.Actor               `json:"reviewed_by,omitempty"`
	Reason     []byte                     `json:"reason,omitempty"`
}

// EmployeeFile is a file of such a version.
type EmployeeFile struct {
	ID   string `json:"id"`
	Name []byte `json:"name,omitempty"`
	Size int64  `json:"size"`
	Type string `json:"type"`
}

// Scrubbed is the row without anything sealed.
func (r EmployeeDocumentRow) Scrubbed() EmployeeDocumentRow {
	r.Title = nil
	versions := make([]EmployeeVersion, len(r.Versions.V))
	for i, v := range r.Versions.V {
		v.Reason = nil
		files := make([]EmployeeFile, len(v.Files))
		for n, f := range v.Files {
			f.Name = nil
			files[n] = f
		}
		v.Files = files
		versions[i] = v
	}
	r.Versions.V = versions
	return r
}

// EmployeeDocuments returns table employee_documents.
func EmployeeDocuments() Table[EmployeeDocumentRow] {
	return Table[EmployeeDocumentRow]{
		Name: "employee_documents",
		Key:  func(r *EmployeeDocumentRow) *string { return &r.Key },
		Columns: []Column[EmployeeDocumentRow]{
			Col("place", "text", func(r *EmployeeDocumentRow) *string { return &r.Key }),
			Col("employee_id", "uuid", func(r *EmployeeDocumentRow) *string { return &r.Employee }),
			Col("document_id", "uuid", func(r *EmployeeDocumentRow) *string { return &r.Document }),
			Col("category", "text", func(r *EmployeeDocumentRow) *access.Category { return &r.Category }),
			Col("status", "text", func(r *EmployeeDocumentRow) *application.DocumentStatus { return &r.Status }),
			Col("title", "bytea", func(r *EmployeeDocumentRow) *[]byte { return &r.Title }),
			Col("versions", "jsonb", func(r *EmployeeDocumentRow) *JSON[[]EmployeeVersion] { return &r.Versions }),
			Col("contract", "boolean", func(r *EmployeeDocumentRow) *bool { return &r.Contract }),
		},
		Indexes: []string{`CREATE INDEX {name}_employee ON {table} (employee_id)`},
		By:      map[string]func(*EmployeeDocumentRow) *string{"employee_id": func(r *EmployeeDocumentRow) *string { return &r.Employee }},
	}
}
