package readmodels

import (
	"encoding/json"
	"time"

	"github.com/hirelog/hirelog/domain/personal"
)

// SubmissionRow is a row of table submissions: a form that was sent.
type SubmissionRow struct {
	ID             string
	Application    string
	At             time.Time
	FirstName      []byte // sealed, like the others; nil once anonymised
	LastName       []byte
	Email          []byte
	Phone          []byte
	Answers        JSON[[]AnswerValue]
	ConsentVersion string
	ConsentAt      *time.Time
}

// AnswerValue is an answer to a question, as it was asked.
type AnswerValue struct {
	Question string `json:"question"`
	Label    string `json:"label"`
	Value    []byte `json:"value"` // JSON, sealed; nil once anonymised
	KnockOut bool   `json:"knock_out"`
}

// Submissions returns table submissions.
func Submissions() Table[SubmissionRow] {
	return Table[SubmissionRow]{
		Name: "submissions",
		Key:  func(r *SubmissionRow) *string { return &r.ID },
		Columns: []Column[SubmissionRow]{
			Col("submission_id", "uuid", func(r *SubmissionRow) *string { return &r.ID }),
			Col("application_id", "uuid", func(r *SubmissionRow) *string { return &r.Application }),
			Col("at", "timestamptz", func(r *SubmissionRow) *time.Time { return &r.At }),
			Col("first_name", "bytea", func(r *SubmissionRow) *[]byte { return &r.FirstName }),
			Col("last_name", "bytea", func(r *SubmissionRow) *[]byte { return &r.LastName }),
			Col("email", "bytea", func(r *SubmissionRow) *[]byte { return &r.Email }),
			Col("phone", "bytea", func(r *SubmissionRow) *[]byte { return &r.Phone }),
			Col("answers", "jsonb", func(r *SubmissionRow) *JSON[[]AnswerValue] { return &r.Answers }),
			Col("consent_version", "text", func(r *SubmissionRow) *string { return &r.ConsentVersion }),
			Col("consent_at", "timestamptz", func(r *SubmissionRow) **time.Time { return &r.ConsentAt }),
		},
		Indexes: []string{`CREATE INDEX {name}_application ON {table} (application_id, at DESC, submission_id)`},
		By:      map[string]func(*SubmissionRow) *string{"application_id": func(r *SubmissionRow) *string { return &r.Application }},
	}
}

// Scrubbed is r without anything personal.
func (r SubmissionRow) Scrubbed() SubmissionRow {
	r.FirstName, r.LastName, r.Email, r.Phone = nil, nil, nil, nil
	answers := make([]AnswerValue, len(r.Answers.V))
	for i, a := range r.Answers.V {
		a.Value = nil
		answers[i] = a
	}
	r.Answers.V = answers
	return r
}

// Submission is a form that was sent: with the application, or once more.
type Submission struct {
	ID             string          `json:"id" format:"uuid"`
	At             time.Time       `json:"at"`
	FirstName      *personal.Plain `json:"first_name" doc:"As it was typed; null if absent or erased"`
	LastName       *personal.Plain `json:"last_name" doc:"As it was typed; null if absent or erased"`
	Email          *personal.Plain `json:"email" doc:"As it was typed; null if absent or erased"`
	Phone          *personal.Plain `json:"phone" doc:"As it was typed; null if absent or erased"`
	Answers        []FormAnswer    `json:"answers"`
	ConsentVersion *string         `json:"consent_version" doc:"Version of the notice that was accepted"`
	ConsentAt      *time.Time      `json:"consent_at"`
}

// FormAnswer is an answer to a question of the form.
type FormAnswer struct {
	QuestionID string `json:"question_id" format:"uuid"`
	Question   string `json:"question" doc:"As it was asked"`
	Value      any    `json:"value" doc:"Text, number, boolean, or list of texts; null if erased"`
	KnockOut   bool   `json:"knock_out" doc:"The answer flags the application; a person decides"`
}

func (r SubmissionRow) want(t *texts) {
	t.want(r.FirstName, r.LastName, r.Email, r.Phone)
	for _, a := range r.Answers.V {
		t.want(a.Value)
	}
}

func (r SubmissionRow) shown(t *texts) Submission {
	s := Submission{
		ID: r.ID, At: r.At, FirstName: t.text(r.FirstName), LastName: t.text(r.LastName), Email: t.text(r.Email), Phone: t.text(r.Phone),
		Answers: make([]FormAnswer, len(r.Answers.V)), ConsentVersion: orNil(r.ConsentVersion), ConsentAt: r.ConsentAt,
	}
	for i, a := range r.Answers.V {
		s.Answers[i] = FormAnswer{QuestionID: a.Question, Question: a.Label, KnockOut: a.KnockOut}
		if value := t.text(a.Value); value != nil {
			t.fail(json.Unmarshal([]byte(*value), &s.Answers[i].Value))
		}
	}
	return s
}
