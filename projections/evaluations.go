package projections

import (
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/readmodels"
)

// drafted keeps what the author of an evaluation has put down so far.
func (m *assessment) drafted(f Fact, e application.EvaluationDrafted) {
	r, known := m.evaluations.Get(e.Evaluation)
	if !known {
		r = readmodels.EvaluationRow{ID: e.Evaluation, Application: f.Aggregate, Author: e.By.MemberID(), Form: e.Form, Interview: optional(e.Interview)}
	}
	r.DraftedAt = when(f)
	m.evaluations.Put(r)
	m.contents.Put(contentRow(f, e.Evaluation, 0, e.EvaluationContent, nil))
}

// evaluated keeps what was submitted, beside what was before.
func (m *assessment) evaluated(f Fact, e application.EvaluationSubmitted) {
	r, known := m.evaluations.Get(e.Evaluation)
	if !known {
		r = readmodels.EvaluationRow{ID: e.Evaluation, Application: f.Aggregate, Author: e.By.MemberID(), Form: e.Form, Interview: optional(e.Interview)}
	}
	if r.Submitted == 0 {
		r.SubmittedAt = when(f)
	}
	r.Submitted, r.Hidden, r.ChangedAt, r.DraftedAt = e.Number, e.Hidden, when(f), nil
	m.evaluations.Put(r)
	m.contents.Delete(readmodels.EvaluationContentKey(e.Evaluation, 0))
	m.contents.Put(contentRow(f, e.Evaluation, e.Number, e.EvaluationContent, e.Result))
}

// unevaluated removes all that an evaluation said. That there was one stays,
// unless nobody knew of it.
func (m *assessment) unevaluated(f Fact, e application.EvaluationDeleted) {
	r, ok := m.evaluations.Get(e.Evaluation)
	if !ok {
		return
	}
	m.contents.Each("evaluation_id", e.Evaluation, func(c readmodels.EvaluationContentRow) (readmodels.EvaluationContentRow, bool) { return c, false })
	if e.Number == 0 {
		m.evaluations.Delete(e.Evaluation)
		return
	}
	r.Deleted, r.DeletedAt, r.DeletedBy, r.DraftedAt = true, when(f), &e.By, nil
	m.evaluations.Put(r)
}

// scrub removes the texts of the evaluations of an application, and drafts whole.
// Numbers, choices and recommendations stay.
func (m *assessment) scrub(applicationID string) {
	m.contents.Each("application_id", applicationID, func(r readmodels.EvaluationContentRow) (readmodels.EvaluationContentRow, bool) {
		return r.Scrubbed(), r.Number > 0
	})
	m.evaluations.Each("application_id", applicationID, func(r readmodels.EvaluationRow) (readmodels.EvaluationRow, bool) {
		r.DraftedAt = nil
		return r, r.Submitted > 0
	})
}

func contentRow(f Fact, evaluation string, number int, c application.EvaluationContent, result *float64) readmodels.EvaluationContentRow {
	r := readmodels.EvaluationContentRow{
		Key: readmodels.EvaluationContentKey(evaluation, number), Application: f.Aggregate, Evaluation: evaluation, Number: number,
		Version: c.Version, Takeaways: c.Takeaways.Bytes(), At: f.Body.When(),
	}
	r.Says.V = readmodels.EvaluationSays{Recommendation: c.Recommendation, Result: result, Answers: []readmodels.EvaluationAnswerValue{}}
	for _, a := range c.Answers {
		r.Says.V.Answers = append(r.Says.V.Answers, readmodels.EvaluationAnswerValue{Element: a.Element, Scale: a.Scale, Choice: a.Choice, Text: a.Text.Bytes()})
	}
	return r
}
