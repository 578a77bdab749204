package readmodels

import (
	"strconv"
	"time"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/application"
)

// EvaluationRow is a row of table evaluations: that a member evaluates an
// application by a form. What they say is in table evaluation_contents.
type EvaluationRow struct {
	ID          string
	Application string
	Author      string // member
	Form        string
	Interview   *string // nil = of the application in general
	Submitted   int     // how often
	Hidden      bool    // from members whose own is not in
	SubmittedAt *time.Time
	ChangedAt   *time.Time // submitted last
	DraftedAt   *time.Time // nil = there is no draft
	Deleted     bool
	DeletedAt   *time.Time
	DeletedBy   *domain.Actor
}

// Evaluations returns table evaluations.
func Evaluations() Table[EvaluationRow] {
	return Table[EvaluationRow]{
		Name: "evaluations",
		Key:  func(r *EvaluationRow) *string { return &r.ID },
		Columns: []Column[EvaluationRow]{
			Col("evaluation_id", "uuid", func(r *EvaluationRow) *string { return &r.ID }),
			Col("application_id", "uuid", func(r *EvaluationRow) *string { return &r.Application }),
			Col("author_id", "uuid", func(r *EvaluationRow) *string { return &r.Author }),
			Col("form_id", "uuid", func(r *EvaluationRow) *string { return &r.Form }),
			Col("interview_id", "uuid", func(r *EvaluationRow) **string { return &r.Interview }),
			Col("submitted", "integer", func(r *EvaluationRow) *int { return &r.Submitted }),
			Col("hidden", "boolean", func(r *EvaluationRow) *bool { return &r.Hidden }),
			Col("submitted_at", "timestamptz", func(r *EvaluationRow) **time.Time { return &r.SubmittedAt }),
			Col("changed_at", "timestamptz", func(r *EvaluationRow) **time.Time { return &r.ChangedAt }),
			Col("drafted_at", "timestamptz", func(r *EvaluationRow) **time.Time { return &r.DraftedAt }),
			Col("deleted", "boolean", func(r *EvaluationRow) *bool { return &r.Deleted }),
			Col("deleted_at", "timestamptz", func(r *EvaluationRow) **time.Time { return &r.DeletedAt }),
			Col("deleted_by", "text", func(r *EvaluationRow) **domain.Actor { return &r.DeletedBy }),
		},
		Indexes: []string{`CREATE INDEX {name}_application ON {table} (application_id, author_id)`},
		By:      map[string]func(*EvaluationRow) *string{"application_id": func(r *EvaluationRow) *string { return &r.Application }},
	}
}

// EvaluationContentRow is a row of table evaluation_contents: what an evaluation
// said when it was submitted once, or what its author has put down since.
type EvaluationContentRow struct {
	Key         string // see EvaluationContentKey
	Application string
	Evaluation  string
	Number      int // of the submission, from 1; 0 = the draft
	Version     int // of the form
	Says        JSON[EvaluationSays]
	Takeaways   []byte // sealed; nil without and once anonymised
	At          time.Time
}

// EvaluationSays is what an evaluation says, apart from the key takeaways.
type EvaluationSays struct {
	Answers        []EvaluationAnswerValue    `json:"answers"`
	Recommendation application.Recommendation `json:"recommendation"`
	Result         *float64                   `json:"result"`
}

// EvaluationAnswerValue is an answer to an element of a form.
type EvaluationAnswerValue struct {
	Element string `json:"element"`
	Scale   int    `json:"scale,omitempty"`
	Choice  string `json:"choice,omitempty"`
	Text    []byte `json:"text"` // sealed; nil once anonymised
}

// EvaluationContentKey returns the key of what an evaluation said when it was
// submitted for the n-th time; 0 is the draft.
func EvaluationContentKey(evaluation string, n int) string { return evaluation + "/" + strconv.Itoa(n) }

// EvaluationContents returns table evaluation_contents.
func EvaluationContents() Table[EvaluationContentRow] {
	return Table[EvaluationContentRow]{
		Name: "evaluation_contents",
		Key:  func(r *EvaluationContentRow) *string { return &r.Key },
		Columns: []Column[EvaluationContentRow]{
			Col("content_key", "text", func(r *EvaluationContentRow) *string { return &r.Key }),
			Col("application_id", "uuid", func(r *EvaluationContentRow) *string { return &r.Application }),
			Col("evaluation_id", "uuid", func(r *EvaluationContentRow) *string { return &r.Evaluation }),
			Col("number", "integer", func(r *EvaluationContentRow) *int { return &r.Number }),
			Col("version", "integer", func(r *EvaluationContentRow) *int { return &r.Version }),
			Col("says", "jsonb", func(r *EvaluationContentRow) *JSON[EvaluationSays] { return &r.Says }),
			Col("takeaways", "bytea", func(r *EvaluationContentRow) *[]byte { return &r.Takeaways }),
			Col("at", "timestamptz", func(r *EvaluationContentRow) *time.Time { return &r.At }),
		},
		Indexes: []string{
			`CREATE INDEX {name}_application ON {table} (application_id, evaluation_id, number)`,
			`CREATE INDEX {name}_evaluation ON {table} (evaluation_id)`,
		},
		By: map[string]func(*EvaluationContentRow) *string{
			"application_id": func(r *EvaluationContentRow) *string { return &r.Application },
			"evaluation_id":  func(r *EvaluationContentRow) *string { return &r.Evaluation },
		},
	}
}

// Scrubbed is r without anything personal.
func (r EvaluationContentRow) Scrubbed() EvaluationContentRow {
	r.Takeaways = nil
	answers := make([]EvaluationAnswerValue, len(r.Says.V.Answers))
	for i, a := range r.Says.V.Answers {
		a.Text = nil
		answers[i] = a
	}
	r.Says.V.Answers = answers
	return r
}
