package readmodels

import (
	"time"

	"github.com/google/uuid"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/candidate"
)

// Nobody stands where the id of a person is not known, or not any more.
var nobody = uuid.Nil.String()

// Nobody is the candidate of an application whose person is not known, or not
// any more: the nil UUID, which no candidate has.
func Nobody() string { return nobody }

// PersonRow is a row of table people. What is known is sealed as in the
// candidate's events; all of it is nil once the person is anonymised.
type PersonRow struct {
	ID         string
	FirstName  []byte
	LastName   []byte
	Email      []byte
	Phone      []byte
	More       JSON[map[candidate.Attribute][]byte] // the other attributes
	Custom     JSON[map[string][]byte]              // values of the organisation's own attributes, by their ids
	Terms      []int64                              // search terms of names and e-mail
	Revision   int64
	Anonymised bool

	AddressShared bool    // several people use the address
	Into          *string // candidate they are merged into
	MergedAt      *time.Time
	MergedBy      *domain.Actor
	Picture       *string // file
}

// Person is who the candidate counts as.
func (r PersonRow) Person() string {
	if r.Into != nil {
		return *r.Into
	}
	return r.ID
}

// People returns table people: what is known of a candidate, once for all of
// their applications.
func People() Table[PersonRow] {
	return Table[PersonRow]{
		Name: "people",
		Key:  func(r *PersonRow) *string { return &r.ID },
		Columns: []Column[PersonRow]{
			Col("candidate_id", "uuid", func(r *PersonRow) *string { return &r.ID }),
			Col("first_name", "bytea", func(r *PersonRow) *[]byte { return &r.FirstName }),
			Col("last_name", "bytea", func(r *PersonRow) *[]byte { return &r.LastName }),
			Col("email", "bytea", func(r *PersonRow) *[]byte { return &r.Email }),
			Col("phone", "bytea", func(r *PersonRow) *[]byte { return &r.Phone }),
			Col("more", "jsonb", func(r *PersonRow) *JSON[map[candidate.Attribute][]byte] { return &r.More }),
			Col("custom", "jsonb", func(r *PersonRow) *JSON[map[string][]byte] { return &r.Custom }),
			Col("address_shared", "boolean", func(r *PersonRow) *bool { return &r.AddressShared }),
			Col("merged_into", "uuid", func(r *PersonRow) **string { return &r.Into }),
			Col("merged_at", "timestamptz", func(r *PersonRow) **time.Time { return &r.MergedAt }),
			Col("merged_by", "text", func(r *PersonRow) **domain.Actor { return &r.MergedBy }),
			ArrayCol("terms", "bigint[]", func(r *PersonRow) *[]int64 { return &r.Terms }),
			Col("revision", "bigint", func(r *PersonRow) *int64 { return &r.Revision }),
			Col("anonymised", "boolean", func(r *PersonRow) *bool { return &r.Anonymised }),
			Col("picture", "uuid", func(r *PersonRow) **string { return &r.Picture }),
		},
		Indexes: []string{`CREATE INDEX {name}_merged ON {table} (merged_into) WHERE merged_into IS NOT NULL`},
	}
}

// ApplicationRow is a row of table applications.
type ApplicationRow struct {
	ID         string
	Job        string
	Candidate  string // Nobody once the reference cannot be opened
	Person     string // the candidate that Candidate is merged into, or itself
	Stage      string
	Outcome    application.Outcome
	Reason     *string
	DiscloseAt *time.Time // of the disqualification in force
	Priority   bool
	Source     string
	Owner      *string // member responsible
	Tags       []string
	Terms      []int64 // those of the person
	KnockedOut bool    // an answer to the form flags it
	From       *string // application it goes on from
	To         *string // application it went on as
	Anonymised bool
	Revision   int64
	ReceivedAt time.Time
	ChangedAt  time.Time // last event that anybody would notice
	StageSince time.Time
}

// Applications returns table applications, the list. The indexes carry what
// lists are filtered by, so that a page is found in an index alone and only its
// rows are fetched; the GIN index serves tags and words.
func Applications() Table[ApplicationRow] {
	const carried = " INCLUDE (job_id, outcome, priority, tags)"
	return Table[ApplicationRow]{
		Name: "applications",
		Key:  func(r *ApplicationRow) *string { return &r.ID },
		Columns: []Column[ApplicationRow]{
			Col("application_id", "uuid", func(r *ApplicationRow) *string { return &r.ID }),
			Col("job_id", "uuid", func(r *ApplicationRow) *string { return &r.Job }),
			Col("candidate_id", "uuid", func(r *ApplicationRow) *string { return &r.Candidate }),
			Col("person_id", "uuid", func(r *ApplicationRow) *string { return &r.Person }),
			Col("stage", "text", func(r *ApplicationRow) *string { return &r.Stage }),
			Col("outcome", "text", func(r *ApplicationRow) *application.Outcome { return &r.Outcome }),
			Col("reason_id", "uuid", func(r *ApplicationRow) **string { return &r.Reason }),
			Col("disclose_at", "timestamptz", func(r *ApplicationRow) **time.Time { return &r.DiscloseAt }),
			Col("priority", "boolean", func(r *ApplicationRow) *bool { return &r.Priority }),
			Col("source", "text", func(r *ApplicationRow) *string { return &r.Source }),
			Col("owner_id", "uuid", func(r *ApplicationRow) **string { return &r.Owner }),
			ArrayCol("tags", "uuid[]", func(r *ApplicationRow) *[]string { return &r.Tags }),
			ArrayCol("terms", "bigint[]", func(r *ApplicationRow) *[]int64 { return &r.Terms }),
			Col("knocked_out", "boolean", func(r *ApplicationRow) *bool { return &r.KnockedOut }),
			Col("from_application_id", "uuid", func(r *ApplicationRow) **string { return &r.From }),
			Col("to_application_id", "uuid", func(r *ApplicationRow) **string { return &r.To }),
			Col("anonymised", "boolean", func(r *ApplicationRow) *bool { return &r.Anonymised }),
			Col("revision", "bigint", func(r *ApplicationRow) *int64 { return &r.Revision }),
			Col("received_at", "timestamptz", func(r *ApplicationRow) *time.Time { return &r.ReceivedAt }),
			Col("changed_at", "timestamptz", func(r *ApplicationRow) *time.Time { return &r.ChangedAt }),
			Col("stage_since", "timestamptz", func(r *ApplicationRow) *time.Time { return &r.StageSince }),
		},
		Indexes: []string{
			`CREATE INDEX {name}_received ON {table} (received_at DESC, application_id DESC)` + carried,
			`CREATE INDEX {name}_changed ON {table} (changed_at DESC, application_id DESC)` + carried,
			`CREATE INDEX {name}_job_received ON {table} (job_id, received_at DESC, application_id DESC) INCLUDE (stage, outcome, priority, tags)`,
			`CREATE INDEX {name}_job_changed ON {table} (job_id, changed_at DESC, application_id DESC) INCLUDE (stage, outcome, priority, tags)`,
			// A stage is of one job, so this serves job and stage too.
			`CREATE INDEX {name}_stage ON {table} (stage, received_at DESC, application_id DESC) INCLUDE (job_id, outcome, priority, tags)`,
			`CREATE INDEX {name}_owner ON {table} (owner_id, received_at DESC, application_id DESC)`,
			`CREATE INDEX {name}_candidate ON {table} (candidate_id)`,
			`CREATE INDEX {name}_person ON {table} (person_id)`,
			// Small ones: to count by, and to be combined with the next one.
			`CREATE INDEX {name}_job_outcome ON {table} (job_id, outcome, priority)`,
			`CREATE INDEX {name}_outcome ON {table} (outcome, priority)`,
			// Jobs are not part of it: for every job asked for, it would read the
			// entries of a tag or word again.
			`CREATE INDEX {name}_words ON {table} USING gin (tags, terms)`,
			// Which index finds a page soonest depends on how common a job, a tag or
			// a word is, and a stage is of one job.
			`ALTER TABLE {table} ALTER job_id SET STATISTICS 500, ALTER tags SET STATISTICS 200, ALTER terms SET STATISTICS 400`,
			`CREATE STATISTICS {table}_job_stage (dependencies) ON job_id, stage FROM {table}`,
		},
		By: map[string]func(*ApplicationRow) *string{"candidate_id": func(r *ApplicationRow) *string { return &r.Candidate }},
	}
}
