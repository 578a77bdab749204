package readmodels

import (
	"cmp"
	"slices"
	"strings"

	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/organization"
)

// EvaluatedForm sums the evaluations by one form up.
type EvaluatedForm struct {
	Form            Label                              `json:"form" doc:"The evaluation form, by its name of today"`
	Count           int                                `json:"count" doc:"How many evaluations"`
	MeanResult      *float64                           `json:"mean_result" doc:"Of those with a result; null without"`
	Recommendations map[application.Recommendation]int `json:"recommendations" doc:"How often each was made"`
	Questions       []EvaluatedQuestion                `json:"questions" doc:"Scales and choices of the form as it is today, in order"`
}

// EvaluatedQuestion sums the answers to one question up, in all versions of the
// form.
type EvaluatedQuestion struct {
	Element string                   `json:"element_id" format:"uuid"`
	Kind    organization.ElementKind `json:"kind" enum:"scale,choice"`
	Label   string                   `json:"label"`
	Count   int                      `json:"count" doc:"How many answered"`
	Mean    *float64                 `json:"mean" doc:"Of a scale; null without answers"`
	Choices []ChosenChoice           `json:"choices" doc:"Of a choice"`
}

// ChosenChoice is how often a choice was chosen.
type ChosenChoice struct {
	Label
	Count int `json:"count"`
}

// summed sums the evaluations that are shown up, by form, in the order of their
// names.
func (r *evaluationRows) summed(shown []Evaluation) []EvaluatedForm {
	forms := []EvaluatedForm{}
	for _, e := range shown {
		if e.Submitted == nil {
			continue
		}
		i := slices.IndexFunc(forms, func(f EvaluatedForm) bool { return f.Form.ID == e.Form.ID })
		if i < 0 {
			forms, i = append(forms, r.unsummed(e.Form)), len(forms)
		}
		f := &forms[i]
		f.Count++
		if e.Submitted.Recommendation != nil {
			f.Recommendations[*e.Submitted.Recommendation]++
		}
		for _, a := range e.Submitted.Answers {
			f.answered(a)
		}
	}
	for i := range forms {
		forms[i].means(shown)
	}
	slices.SortFunc(forms, func(a, b EvaluatedForm) int {
		return cmp.Or(cmp.Compare(strings.ToLower(a.Form.Label), strings.ToLower(b.Form.Label)), cmp.Compare(a.Form.ID, b.Form.ID))
	})
	return forms
}

// unsummed is a form without evaluations.
func (r *evaluationRows) unsummed(form Label) EvaluatedForm {
	f := EvaluatedForm{Form: form, Recommendations: map[application.Recommendation]int{}, Questions: []EvaluatedQuestion{}}
	for _, recommendation := range application.Recommendations() {
		f.Recommendations[recommendation] = 0
	}
	for _, e := range r.form(form.ID, 0).Elements {
		if e.Kind != organization.ScaleElement && e.Kind != organization.ChoiceElement {
			continue
		}
		q := EvaluatedQuestion{Element: e.ID, Kind: e.Kind, Label: e.Label, Choices: []ChosenChoice{}}
		for _, c := range e.Choices {
			q.Choices = append(q.Choices, ChosenChoice{Label: Label{ID: c.ID, Label: c.Label}})
		}
		f.Questions = append(f.Questions, q)
	}
	return f
}

// answered counts one answer.
func (f *EvaluatedForm) answered(a AnsweredElement) {
	for i := range f.Questions {
		q := &f.Questions[i]
		if q.Element != a.Element {
			continue
		}
		q.Count++
		for k := range q.Choices {
			if a.Choice != nil && q.Choices[k].ID == a.Choice.ID {
				q.Choices[k].Count++
			}
		}
	}
}

// means fills in the means of a form.
func (f *EvaluatedForm) means(shown []Evaluation) {
	var results []float64
	scales := map[string][]float64{}
	for _, e := range shown {
		if e.Submitted == nil || e.Form.ID != f.Form.ID {
			continue
		}
		if e.Submitted.Result != nil {
			results = append(results, *e.Submitted.Result)
		}
		for _, a := range e.Submitted.Answers {
			if a.Scale != nil {
				scales[a.Element] = append(scales[a.Element], float64(*a.Scale))
			}
		}
	}
	f.MeanResult = mean(results)
	for i := range f.Questions {
		f.Questions[i].Mean = mean(scales[f.Questions[i].Element])
	}
}

func mean(values []float64) *float64 {
	if len(values) == 0 {
		return nil
	}
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	m := sum / float64(len(values))
	return &m
}
