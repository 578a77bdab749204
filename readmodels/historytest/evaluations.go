package historytest

import (
	"maps"
	"time"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/organization"
	"github.com/hirelog/hirelog/domain/personal"
	"github.com/hirelog/hirelog/internal/vault"
)

// randomEvaluation has a member save, submit or erase their evaluation by the
// first form.
func (c *Company) randomEvaluation(id, member string) {
	form := named("form", "Form 0")
	switch c.r.IntN(6) {
	case 0, 1:
		c.Draft(id, member, form, "a draft", 1+c.r.IntN(5))
	case 2:
		evaluations := maps.Collect(c.Applications[id].Evaluations.All())
		for _, e := range sortedKeys(evaluations) {
			if v := evaluations[e]; v.Author == member && !v.Deleted {
				c.DeleteEvaluation(id, domain.Member(member), e)
				return
			}
		}
	default:
		c.Evaluate(id, member, form, "", "what to remember", 1+c.r.IntN(5))
	}
}

// evaluatedOnce lets everything happen to evaluations, also to one for an
// interview and one that was asked for.
func (c *Company) evaluatedOnce(id string) {
	by, form, interview, review := domain.Member(c.Admin), named("form", "Form 0"), c.ID(), c.ID()
	c.On(id, by, func(a application.Application, s domain.Stamp) ([]application.Event, error) {
		m := c.meeting(interview, id, "an interview that is evaluated")
		m.Start, m.Slots, m.Recorded, m.Form = "2026-01-06T10:00", nil, true, form
		return a.ScheduleInterview(interview, m, s)
	})
	soon := c.Now.Add(time.Hour)
	c.On(id, by, func(a application.Application, s domain.Stamp) ([]application.Event, error) {
		return a.RequestReview(review, application.Asked{Reviewer: c.Admin, Form: form, RemindAt: &soon}, s)
	})
	c.Now = soon
	c.On(id, domain.System, func(a application.Application, s domain.Stamp) ([]application.Event, error) {
		return a.RemindOfReview(review, s)
	})
	c.Draft(id, c.Admin, form, "a draft", 2)
	c.Evaluate(id, c.Admin, form, "", "what to remember", 3)
	c.Evaluate(id, c.Admin, form, interview, "of the interview", 4)
	c.Evaluate(id, c.Admin, form, interview, "of the interview, again", 5)
	other := c.Form("Form twice", "Question twice")
	c.Evaluate(id, c.Admin, other, "", "a mistake", 1)
	c.DeleteEvaluation(id, by, c.Applications[id].EvaluationOf(c.Admin, application.Occasion{Form: other}))
	c.Draft(id, c.Admin, other, "left a draft", 1)
}

// Evaluate submits the evaluation of a member, and returns its id.
func (h *History) Evaluate(id, memberID, form, interview string, takeaways personal.Plain, scale int) string {
	h.t.Helper()
	evaluation, submission, o := h.ID(), h.ID(), application.Occasion{Form: form, Interview: interview}
	if own := h.Applications[id].EvaluationOf(memberID, o); own != "" {
		evaluation = own
	}
	h.On(id, domain.Member(memberID), func(a application.Application, s domain.Stamp) ([]application.Event, error) {
		asked, content := h.evaluation(id, evaluation, form, takeaways, scale)
		events, err := a.SubmitEvaluation(evaluation, submission, o, content, asked, s)
		if err != nil {
			return nil, err
		}
		return append(events, a.SubmitEvaluated(evaluation, form, s)...), nil
	})
	return evaluation
}

// Draft saves a draft of the evaluation of a member.
func (h *History) Draft(id, memberID, form string, takeaways personal.Plain, scale int) {
	h.t.Helper()
	evaluation, draft, o := h.ID(), h.ID(), application.Occasion{Form: form}
	if own := h.Applications[id].EvaluationOf(memberID, o); own != "" {
		evaluation = own
	}
	h.On(id, domain.Member(memberID), func(a application.Application, s domain.Stamp) ([]application.Event, error) {
		asked, content := h.evaluation(id, evaluation, form, takeaways, scale)
		return a.DraftEvaluation(evaluation, draft, o, content, asked, s)
	})
}

// evaluation answers every scale and text of a form in its newest version.
func (h *History) evaluation(id, evaluation, form string, takeaways personal.Plain, scale int) (organization.FormContent, application.EvaluationContent) {
	f := h.Organization.Forms[form]
	content := application.EvaluationContent{Version: f.Version, Takeaways: h.Text(evaluation, id, takeaways), Recommendation: application.Yes}
	for _, e := range f.Elements {
		switch e.Kind {
		case organization.ScaleElement:
			content.Answers = append(content.Answers, application.EvaluationAnswer{Element: e.ID, Scale: scale})
		case organization.TextElement:
			content.Answers = append(content.Answers, application.EvaluationAnswer{Element: e.ID, Text: h.Text(evaluation, id, "an answer")})
		case organization.ChoiceElement, organization.HeadingElement:
		}
	}
	return f.FormContent, content
}

// DeleteEvaluation destroys the key of an evaluation, and records it.
func (h *History) DeleteEvaluation(id string, by domain.Actor, evaluation string) {
	h.t.Helper()
	h.erase(vault.Erasure{Kind: "evaluation", Subject: evaluation, Keys: []string{evaluation}}, id, by, func() {
		h.On(id, by, func(a application.Application, s domain.Stamp) ([]application.Event, error) {
			return a.DeleteEvaluation(evaluation, true, s)
		})
	})
}
