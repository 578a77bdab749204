package demo

import (
	"context"

	"github.com/hirelog/hirelog/commands"
	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/organization"
)

// evaluate has the interviewer, and mostly the manager, evaluate an interview, in
// a draft first, and sometimes think again.
func (c *candidacy) evaluate(ctx context.Context, interview string) error {
	if _, err := c.to.DraftEvaluation(ctx, c.by(c.interviewer), commands.Evaluate{
		Application: c.id, Form: c.evaluation, Interview: interview, Takeaways: pick(c.r, remarks),
	}); err != nil {
		return err
	}
	who := []domain.Actor{c.interviewer}
	if c.chance(60) {
		who = append(who, c.manager)
	}
	for _, member := range who {
		if _, err := c.to.SubmitEvaluation(ctx, c.by(member), c.evaluated(interview)); err != nil {
			return err
		}
	}
	if !c.chance(10) {
		return nil
	}
	_, err := c.to.SubmitEvaluation(ctx, c.by(c.interviewer), c.evaluated(interview))
	return err
}

// evaluated answers what the interview form asks in its newest version.
func (c *candidacy) evaluated(interview string) commands.Evaluate {
	e := commands.Evaluate{
		Application: c.id, Form: c.evaluation, Interview: interview, Takeaways: pick(c.r, remarks), Recommendation: pick(c.r, application.Recommendations()),
	}
	form, _ := c.directory.Organization().Form(c.evaluation)
	for _, asked := range form.Elements {
		answer := commands.EvaluationAnswer{Element: asked.ID}
		switch asked.Kind {
		case organization.HeadingElement:
			continue
		case organization.ScaleElement:
			scale := 1 + c.r.IntN(application.MaxScale)
			answer.Scale = &scale
		case organization.ChoiceElement:
			answer.Choice = pick(c.r, asked.Choices).ID
		case organization.TextElement:
			answer.Text = pick(c.r, remarks)
		}
		e.Answers = append(e.Answers, answer)
	}
	return e
}
