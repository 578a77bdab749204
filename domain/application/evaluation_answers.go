package application

import (
	"slices"

	"github.com/hirelog/hirelog/domain/organization"
)

// Result is the weighted mean of the scales that were answered, from 1 to
// MaxScale: the sum of answer times weight, divided by the sum of those weights.
// It is nil if no answer has a weight. Nothing else counts.
func (c EvaluationContent) Result(form organization.FormContent) *float64 {
	var sum, weights float64
	for _, answer := range c.Answers {
		if e, asked := elementOf(form, answer.Element); asked && e.Kind == organization.ScaleElement && answer.Scale > 0 {
			sum += e.Weight * float64(answer.Scale)
			weights += e.Weight
		}
	}
	if weights == 0 {
		return nil
	}
	result := sum / weights
	return &result
}

// check refuses answers that are none to what the form asks, and, when it is to
// be submitted, what is missing.
// Errors: ErrEvaluationAnswer, ErrEvaluationGap.
func (c EvaluationContent) check(form organization.FormContent, whole bool) error {
	answered := map[string]bool{}
	for _, answer := range c.Answers {
		e, asked := elementOf(form, answer.Element)
		switch {
		case !asked || e.Kind == organization.HeadingElement:
			return ErrEvaluationAnswer.Because("An answer is to nothing that the evaluation form asks.")
		case answered[e.ID]:
			return ErrEvaluationAnswer.Because("A question is answered twice: %s.", e.Label)
		case !answer.fits(e):
			return ErrEvaluationAnswer.Because("The answer is none to the question: %s.", e.Label)
		}
		answered[e.ID] = true
	}
	if c.Recommendation != "" && !slices.Contains(Recommendations(), c.Recommendation) {
		return ErrEvaluationAnswer.Because("There is no such recommendation.")
	}
	if !whole {
		return nil
	}
	for _, e := range form.Elements {
		if e.Required && !answered[e.ID] {
			return ErrEvaluationGap.Because("The question must be answered: %s.", e.Label)
		}
	}
	if c.Recommendation == "" {
		return ErrEvaluationGap.Because("An evaluation ends with a recommendation.")
	}
	return nil
}

// fits reports whether it answers what an element asks, and nothing else.
func (a EvaluationAnswer) fits(e organization.Element) bool {
	switch e.Kind {
	case organization.ScaleElement:
		return a.Scale >= 1 && a.Scale <= MaxScale && a.Choice == "" && a.Text.IsZero()
	case organization.ChoiceElement:
		return a.Scale == 0 && a.Text.IsZero() && slices.ContainsFunc(e.Choices, func(c organization.Choice) bool { return c.ID == a.Choice })
	case organization.TextElement:
		return a.Scale == 0 && a.Choice == "" && !a.Text.IsZero()
	case organization.HeadingElement:
	}
	return false
}

// elementOf finds an element of a form by its id.
func elementOf(form organization.FormContent, id string) (organization.Element, bool) {
	i := slices.IndexFunc(form.Elements, func(e organization.Element) bool { return id != "" && e.ID == id })
	if i < 0 {
		return organization.Element{}, false
	}
	return form.Elements[i], true
}
