package readmodels

import (
	"time"

	"github.com/hirelog/hirelog/domain/job"
	"github.com/hirelog/hirelog/domain/organization"
)

// JobRow is a row of table jobs.
type JobRow struct {
	ID           string
	Status       job.Status
	Title        string
	Position     string
	Location     string
	Description  string
	Openings     int
	Confidential bool
	Stages       JSON[[]job.Stage] // the plan, in order
	Removed      JSON[[]job.Stage] // stages that were in the plan, oldest first
	Questions    JSON[[]job.Question]
	Revision     int64
	OpenedAt     time.Time // of a draft, when it was drafted
	ChangedAt    time.Time
}

// Jobs returns table jobs: what a job is called and its stage plan, once, so
// that a rename touches one row.
func Jobs() Table[JobRow] {
	return Table[JobRow]{
		Name: "jobs",
		Key:  func(r *JobRow) *string { return &r.ID },
		Columns: []Column[JobRow]{
			Col("job_id", "uuid", func(r *JobRow) *string { return &r.ID }),
			Col("status", "text", func(r *JobRow) *job.Status { return &r.Status }),
			Col("title", "text", func(r *JobRow) *string { return &r.Title }),
			Col("position", "text", func(r *JobRow) *string { return &r.Position }),
			Col("location", "text", func(r *JobRow) *string { return &r.Location }),
			Col("description", "text", func(r *JobRow) *string { return &r.Description }),
			Col("openings", "integer", func(r *JobRow) *int { return &r.Openings }),
			Col("confidential", "boolean", func(r *JobRow) *bool { return &r.Confidential }),
			Col("stages", "jsonb", func(r *JobRow) *JSON[[]job.Stage] { return &r.Stages }),
			Col("removed_stages", "jsonb", func(r *JobRow) *JSON[[]job.Stage] { return &r.Removed }),
			Col("questions", "jsonb", func(r *JobRow) *JSON[[]job.Question] { return &r.Questions }),
			Col("revision", "bigint", func(r *JobRow) *int64 { return &r.Revision }),
			Col("opened_at", "timestamptz", func(r *JobRow) *time.Time { return &r.OpenedAt }),
			Col("changed_at", "timestamptz", func(r *JobRow) *time.Time { return &r.ChangedAt }),
		},
	}
}

// ReasonRow is a row of table reasons.
type ReasonRow struct {
	ID    string
	Label string
	Kind  organization.ReasonKind
}

// Reasons returns table reasons: why applications are disqualified.
func Reasons() Table[ReasonRow] {
	return Table[ReasonRow]{
		Name: "reasons",
		Key:  func(r *ReasonRow) *string { return &r.ID },
		Columns: []Column[ReasonRow]{
			Col("reason_id", "uuid", func(r *ReasonRow) *string { return &r.ID }),
			Col("label", "text", func(r *ReasonRow) *string { return &r.Label }),
			Col("kind", "text", func(r *ReasonRow) *organization.ReasonKind { return &r.Kind }),
		},
	}
}

// TagRow is a row of table tags.
type TagRow struct {
	ID    string
	Label string
}

// Tags returns table tags: the shared list.
func Tags() Table[TagRow] {
	return Table[TagRow]{
		Name: "tags",
		Key:  func(r *TagRow) *string { return &r.ID },
		Columns: []Column[TagRow]{
			Col("tag_id", "uuid", func(r *TagRow) *string { return &r.ID }),
			Col("label", "text", func(r *TagRow) *string { return &r.Label }),
		},
	}
}
