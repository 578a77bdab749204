package commands

import (
	"context"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/organization"
	"github.com/hirelog/hirelog/domain/personal"
)

// EvaluationAnswer answers one element of an evaluation form.
type EvaluationAnswer struct {
	Element string         `json:"element_id" format:"uuid" doc:"The element of the form that is answered"`
	Scale   *int           `json:"scale,omitempty" minimum:"1" maximum:"5" doc:"Of a scale"`
	Choice  string         `json:"choice_id,omitempty" format:"uuid" doc:"Of a choice: the one that was chosen"`
	Text    personal.Plain `json:"text,omitempty" maxLength:"4000" doc:"Of a text"`
}

// Evaluate is what a member says of an application by an evaluation form.
type Evaluate struct {
	Application    string                     `json:"-"`
	Form           string                     `json:"form_id" format:"uuid" doc:"The evaluation form"`
	Version        int                        `json:"form_version,omitempty" minimum:"1" doc:"The version that is answered; left out, the newest"`
	Interview      string                     `json:"interview_id,omitempty" format:"uuid" doc:"The interview it is about, in which you took part; left out, the application in general"`
	Answers        []EvaluationAnswer         `json:"answers,omitempty" maxItems:"100" doc:"To elements of the form, in any order"`
	Takeaways      personal.Plain             `json:"key_takeaways,omitempty" maxLength:"4000" doc:"What to remember"`
	Recommendation application.Recommendation `json:"recommendation,omitempty" enum:"strong_no,no,no_decision,yes,strong_yes" doc:"What it comes to; required when it is submitted"`
}

// DraftEvaluation saves an evaluation that nobody but its author sees. Whoever has
// edit on the evaluations area may, for themselves. Texts go under the key of the
// evaluation. Errors: those of application.DraftEvaluation and of asks; ErrDenied.
func (c *Commands) DraftEvaluation(ctx context.Context, caller Caller, cmd Evaluate) (Answer, error) {
	return c.evaluate(ctx, caller, cmd, func(a application.Application, id string, o application.Occasion, content application.EvaluationContent, form organization.FormContent, s domain.Stamp) ([]application.Event, error) {
		return a.DraftEvaluation(id, caller.newID("draft"), o, content, form, s)
	})
}

// SubmitEvaluation submits an evaluation, or changes one that was submitted. It is
// what open review requests by the form asked its author for. Otherwise as
// DraftEvaluation. Errors: those of application.SubmitEvaluation and of asks; ErrDenied.
func (c *Commands) SubmitEvaluation(ctx context.Context, caller Caller, cmd Evaluate) (Answer, error) {
	return c.evaluate(ctx, caller, cmd, func(a application.Application, id string, o application.Occasion, content application.EvaluationContent, form organization.FormContent, s domain.Stamp) ([]application.Event, error) {
		events, err := a.SubmitEvaluation(id, caller.newID("submission"), o, content, form, s)
		if err != nil || len(events) == 0 {
			return events, err
		}
		events = append(events, c.closeReviews(a, a.SubmitEvaluated(id, o.Form, s), s)...)
		if o.Interview != "" {
			events = append(events, a.EndGrants(application.ByInterview, o.Interview, s.By.MemberID(), c.accessEnds(s), s)...)
		}
		return events, nil
	})
}

type evaluates func(a application.Application, id string, o application.Occasion, content application.EvaluationContent, form organization.FormContent, s domain.Stamp) ([]application.Event, error)

// evaluate finds the evaluation that the caller has, or a new one, and the
// version of the form that it answers.
func (c *Commands) evaluate(ctx context.Context, caller Caller, cmd Evaluate, decide evaluates) (Answer, error) {
	if _, err := cmd.content(personal.Key{}, 0); err != nil {
		return Answer{}, err
	}
	return c.onApplication(ctx, cmd.Application, caller, need{area: access.Evaluations, level: access.Edit},
		func(a application.Application, _ access.Rights, s domain.Stamp) ([]application.Event, error) {
			o := application.Occasion{Form: cmd.Form, Interview: cmd.Interview}
			id := a.EvaluationOf(s.By.MemberID(), o)
			form, version, err := c.asks(a, cmd, id != "", s)
			if err != nil {
				return nil, err
			}
			if id == "" {
				id = caller.newID("evaluation")
			}
			content, err := cmd.content(personal.Key{ID: id, Owner: cmd.Application}, version)
			if err != nil {
				return nil, err
			}
			return decide(a, id, o, content, form, s)
		})
}

// asks returns what the form asks in the version that is answered. A retired form
// is only answered where it was begun with, or is asked for.
// Errors: organization.ErrUnknownEntry, organization.ErrRetired, domain.ErrInvalid.
func (c *Commands) asks(a application.Application, cmd Evaluate, begun bool, s domain.Stamp) (organization.FormContent, int, error) {
	o := c.directory.Organization()
	form, ok := o.Form(cmd.Form)
	if !ok {
		return organization.FormContent{}, 0, organization.ErrUnknownEntry
	}
	if !begun && !a.AsksFor(s.By.MemberID(), cmd.Form, cmd.Interview) {
		if err := o.Choose(organization.Forms, cmd.Form); err != nil {
			return organization.FormContent{}, 0, err
		}
	}
	version := cmd.Version
	if version == 0 {
		version = form.Version
	}
	content, ok := form.At(version)
	if !ok {
		return content, 0, domain.ErrInvalid.Because("The evaluation form has no such version.")
	}
	return content, version, nil
}

// content is what cmd says, its texts to be sealed under key.
// Errors: domain.ErrInvalid.
func (cmd Evaluate) content(key personal.Key, version int) (application.EvaluationContent, error) {
	content := application.EvaluationContent{Version: version, Recommendation: cmd.Recommendation}
	var err error
	if content.Takeaways, err = textOf("The key takeaways", cmd.Takeaways, 0, application.MaxText, key); err != nil {
		return content, err
	}
	for _, answer := range cmd.Answers {
		text, err := textOf("The answer", answer.Text, 0, application.MaxText, key)
		if err != nil {
			return content, err
		}
		given := application.EvaluationAnswer{Element: answer.Element, Choice: answer.Choice, Text: text}
		if answer.Scale != nil {
			given.Scale = *answer.Scale
		}
		content.Answers = append(content.Answers, given)
	}
	return content, nil
}

// DeleteEvaluation erases the texts of an evaluation, with its draft. That there
// was one stays; it counts no more.
type DeleteEvaluation struct {
	Application string
	Evaluation  string
}

// DeleteEvaluation gives cmd: the evaluation's key is destroyed before the
// deletion is recorded. Its author and the job's recruitment managers who may see
// it may, with edit on the evaluations area.
// Errors: those of application.DeleteEvaluation; ErrDenied.
func (c *Commands) DeleteEvaluation(ctx context.Context, caller Caller, cmd DeleteEvaluation) (Answer, error) {
	e := c.erasureOf(caller, kindEvaluation, cmd.Evaluation, cmd.Application)
	e.Keys = []string{cmd.Evaluation}
	return c.eraseOn(ctx, caller, cmd.Application, need{area: access.Evaluations, level: access.Edit}, e,
		func(a application.Application, held access.Rights, s domain.Stamp) ([]application.Event, error) {
			return a.DeleteEvaluation(cmd.Evaluation, held.Manager, s)
		}, nil)
}
