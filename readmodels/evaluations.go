package readmodels

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/organization"
	"github.com/hirelog/hirelog/domain/personal"
)

// EvaluationOverview is what members make of an application, as far as the viewer
// may know.
type EvaluationOverview struct {
	Items []Evaluation `json:"items" doc:"Newest first"`
	// Forms sum up the items alone, so that they tell nothing of what is hidden.
	Forms []EvaluatedForm `json:"forms" doc:"What the items come to, by form. What you may not see does not count"`
}

// Evaluation is how a member evaluates an application by a form.
type Evaluation struct {
	ID          string           `json:"id" format:"uuid"`
	Application string           `json:"application_id" format:"uuid" doc:"Of the person for this job, or the one that it was before it was assigned to this job"`
	Form        Label            `json:"form" doc:"The evaluation form, by its name of today"`
	InterviewID *string          `json:"interview_id" format:"uuid" doc:"The interview it is about; null of the application in general"`
	Author      MemberRef        `json:"author"`
	SubmittedAt *time.Time       `json:"submitted_at" doc:"When it was first; null of your own that was not yet"`
	Submitted   *EvaluationSaid  `json:"submitted" doc:"What it says; null if it was deleted, or is a draft"`
	Earlier     []EvaluationSaid `json:"earlier" doc:"What it said before, oldest first"`
	Draft       *EvaluationSaid  `json:"draft" doc:"Your own, which nobody else sees; null without"`
	Deleted     bool             `json:"deleted" doc:"It counts no more"`
	DeletedAt   *time.Time       `json:"deleted_at"`
	DeletedBy   *By              `json:"deleted_by"`
}

// EvaluationSaid is what an evaluation says.
type EvaluationSaid struct {
	At             time.Time                   `json:"at"`
	Version        int                         `json:"form_version"`
	Answers        []AnsweredElement           `json:"answers" doc:"In the order of the form"`
	Takeaways      *personal.Plain             `json:"key_takeaways" doc:"Null if absent, erased or masked"`
	Recommendation *application.Recommendation `json:"recommendation" enum:"strong_no,no,no_decision,yes,strong_yes"`
	Result         *float64                    `json:"result" doc:"Mean of the scales that were answered, each by its weight: sum of answer × weight, by the sum of the weights; 1 to 5. Null if no answer has a weight, and of a draft"`
}

// AnsweredElement is an answer to an element of a form.
type AnsweredElement struct {
	Element string                   `json:"element_id" format:"uuid"`
	Kind    organization.ElementKind `json:"kind" enum:"text,scale,choice"`
	Label   string                   `json:"label" doc:"What was asked"`
	Scale   *int                     `json:"scale"`
	Choice  *Label                   `json:"choice"`
	Text    *personal.Plain          `json:"text" doc:"Null if absent, erased or masked"`
}

// evaluationRows are the rows that evaluations are made of.
type evaluationRows struct {
	heads    []EvaluationRow
	contents []EvaluationContentRow
	forms    []FormVersionRow // newest first
}

// unhidden is a condition: what an author evaluated by a form is not hidden from
// who looks, member and impartial being parameters.
func (s sight) unhidden(member, impartial, hidden, author, form, applicationID string) string {
	return fmt.Sprintf(`(NOT %[1]s OR %[2]s::boolean OR %[3]s = %[4]s::text OR EXISTS (
		SELECT FROM %[5]s own WHERE own.application_id = %[6]s AND own.author_id::text = %[4]s::text AND own.form_id = %[7]s AND own.submitted > 0 AND NOT own.deleted))`,
		hidden, impartial, author, member, s.schema.Table("evaluations"), applicationID, form)
}

// queue queues the reading of the evaluations of an application that v may see:
// their own, and those that were submitted and are not hidden from them.
func (r *evaluationRows) queue(b *pgx.Batch, v view) {
	t := v.schema.Table("evaluations")
	seen := "application_id = ANY ($1::uuid[]) AND (author_id::text = $2::text AND NOT (deleted AND submitted = 0) OR submitted > 0 AND " +
		v.unhidden("$2", "$3", t+".hidden", t+".author_id::text", t+".form_id", t+".application_id") + ")"
	args := []any{v.ids(), v.member, v.rights.Impartial()}
	queueRows(b, v.schema, Evaluations(), &r.heads, seen+" ORDER BY coalesce(submitted_at, drafted_at) DESC, evaluation_id", args...)
	queueRows(b, v.schema, EvaluationContents(), &r.contents, fmt.Sprintf(
		"application_id = ANY ($1::uuid[]) AND evaluation_id IN (SELECT evaluation_id FROM %s WHERE %s AND (number > 0 OR author_id::text = $2::text)) ORDER BY evaluation_id, number", t, seen), args...)
	queueRows(b, v.schema, FormVersions(), &r.forms, fmt.Sprintf("form_id IN (SELECT form_id FROM %s WHERE application_id = ANY ($1::uuid[])) ORDER BY form_id, version DESC", t), v.ids())
}

func (r *evaluationRows) want(t *texts) {
	for _, h := range r.heads {
		t.wantMembers(h.Author)
		t.wantByOrNil(h.DeletedBy)
	}
	for _, c := range r.contents {
		t.want(c.Takeaways)
		for _, a := range c.Says.V.Answers {
			t.want(a.Text)
		}
	}
}

// form returns what a form asks in a version; 0 is the newest.
func (r *evaluationRows) form(id string, version int) organization.FormContent {
	for _, f := range r.forms {
		if f.Form == id && (version == 0 || f.Version == version) {
			return f.Content.V
		}
	}
	return organization.FormContent{}
}

// shown are the evaluations, with texts opened.
func (r *evaluationRows) shown(t *texts) []Evaluation {
	list := make([]Evaluation, len(r.heads))
	for i, h := range r.heads {
		e := Evaluation{
			ID: h.ID, Application: h.Application, Form: Label{ID: h.Form, Label: r.form(h.Form, 0).Name}, InterviewID: h.Interview, Author: t.member(h.Author), SubmittedAt: utc(h.SubmittedAt),
			Earlier: []EvaluationSaid{}, Deleted: h.Deleted, DeletedAt: utc(h.DeletedAt), DeletedBy: t.byOrNil(h.DeletedBy),
		}
		for _, c := range r.contents {
			if c.Evaluation != h.ID {
				continue
			}
			switch said := c.shown(r.form(h.Form, c.Version), t); c.Number {
			case 0:
				e.Draft = &said
			case h.Submitted:
				e.Submitted = &said
			default:
				e.Earlier = append(e.Earlier, said)
			}
		}
		list[i] = e
	}
	return list
}

// shown is what was said, in the order in which the form asked for it.
func (r EvaluationContentRow) shown(form organization.FormContent, t *texts) EvaluationSaid {
	said := EvaluationSaid{
		At: r.At.UTC(), Version: r.Version, Answers: []AnsweredElement{}, Takeaways: t.text(r.Takeaways),
		Recommendation: orNil(r.Says.V.Recommendation), Result: r.Says.V.Result,
	}
	for _, e := range form.Elements {
		i := slices.IndexFunc(r.Says.V.Answers, func(a EvaluationAnswerValue) bool { return a.Element == e.ID })
		if i < 0 {
			continue
		}
		a := r.Says.V.Answers[i]
		answer := AnsweredElement{Element: e.ID, Kind: e.Kind, Label: e.Label, Scale: orNil(a.Scale), Text: t.text(a.Text)}
		for _, c := range e.Choices {
			if c.ID == a.Choice {
				answer.Choice = &Label{ID: c.ID, Label: c.Label}
			}
		}
		said.Answers = append(said.Answers, answer)
	}
	return said
}

// Evaluations returns what members make of an application, as far as member may
// see it at now: others' evaluations that are hidden until one's own is in are
// not there, and count nowhere. Errors: ErrNotFound, ErrMayNotView.
func (c *Core) Evaluations(ctx context.Context, member, applicationID string, now time.Time) (EvaluationOverview, error) {
	o := EvaluationOverview{Items: []Evaluation{}, Forms: []EvaluatedForm{}}
	err := c.snapshot(ctx, "evaluations", func(tx pgx.Tx, s Schema) error {
		v, err := c.open(ctx, tx, s, member, applicationID, now)
		switch {
		case err != nil:
			return err
		case v.rights.Area(access.Evaluations) < access.View:
			return ErrMayNotView
		}
		var r evaluationRows
		b := new(pgx.Batch)
		r.queue(b, v)
		if err := send(ctx, tx, b); err != nil {
			return err
		}
		t := textsOf(c.vault, v.ids(), v.rights.Masked)
		r.want(t)
		if err := t.loadNow(ctx, tx, s); err != nil {
			return err
		}
		o.Items = r.shown(t)
		o.Forms = r.summed(o.Items)
		return t.err
	})
	return o, err
}

// Evaluation returns one evaluation as Evaluations does.
// Errors: ErrNotFound, ErrMayNotView.
func (c *Core) Evaluation(ctx context.Context, member, applicationID, id string, now time.Time) (Evaluation, error) {
	o, err := c.Evaluations(ctx, member, applicationID, now)
	if err != nil {
		return Evaluation{}, err
	}
	i := slices.IndexFunc(o.Items, func(e Evaluation) bool { return e.ID == id })
	if i < 0 {
		return Evaluation{}, ErrNotFound
	}
	return o.Items[i], nil
}
