package demo

import (
	"context"
	"time"

	"github.com/hirelog/hirelog/commands"
	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/organization"
)

// lists defines what the company chooses from: tags and evaluation forms, of
// which one was thought better of.
func (l *loader) lists(ctx context.Context) error {
	for _, label := range tags {
		if _, err := l.to.DefineTag(ctx, l.caller("tag/"+label, domain.System, l.begin()), commands.DefineTag{Label: label}); err != nil {
			return err
		}
	}
	day, err := l.to.DefineTag(ctx, l.caller("tag/open day", domain.System, l.begin()), commands.DefineTag{Label: "Invite to the open day"})
	if err != nil {
		return err
	}
	l.openDay = day.ID
	if _, err := l.to.Retire(ctx, l.caller("tag/open day/over", domain.System, l.begin().Add(time.Hour)), organization.Tags, day.ID); err != nil {
		return err
	}
	if _, err := l.to.Restore(ctx, l.caller("tag/open day/again", domain.System, l.begin().AddDate(0, 1, 0)), organization.Tags, day.ID); err != nil {
		return err
	}
	interview, err := l.to.DefineForm(ctx, l.caller("form/interview", domain.System, l.begin()), commands.DefineForm{FormContent: interviewForm("Would you work with them?")})
	if err != nil {
		return err
	}
	l.evaluation = interview.ID
	later := l.begin().Add(20 * time.Hour)
	again := commands.DefineForm{Form: interview.ID, FormContent: interviewForm("What would they learn first?")}
	if _, err := l.to.DefineForm(ctx, l.caller("form/interview/again", domain.System, later), again); err != nil {
		return err
	}
	old, err := l.to.DefineForm(ctx, l.caller("form/telephone", domain.System, l.begin()), commands.DefineForm{FormContent: organization.FormContent{
		Name: "Telephone call", Elements: []organization.Element{{Kind: organization.TextElement, Label: "First impression"}},
	}})
	if err != nil {
		return err
	}
	if err := l.definitions(ctx); err != nil {
		return err
	}
	_, err = l.to.Retire(ctx, l.caller("form/telephone/retire", domain.System, later), organization.Forms, old.ID)
	return err
}

// definitions defines a category of documents, attributes and templates.
func (l *loader) definitions(ctx context.Context) error {
	if _, err := l.to.DefineCategory(ctx, l.caller("category/permit", domain.System, l.begin()), commands.DefineCategory{Label: "Work permit"}); err != nil {
		return err
	}
	var attributes []string
	for _, a := range []organization.AttributeContent{
		{Label: "Working hours", Type: organization.ChoiceAttribute, KeepForReports: true, Choices: []organization.Choice{{Label: "Full time"}, {Label: "Part time"}}},
		{Label: "Portfolio", Type: organization.LinkAttribute},
		{Label: "Notice period in weeks", Type: organization.NumberAttribute},
	} {
		answer, err := l.to.DefineAttribute(ctx, l.caller("attribute/"+a.Label, domain.System, l.begin()), commands.DefineAttribute{AttributeContent: a})
		if err != nil {
			return err
		}
		attributes = append(attributes, answer.ID)
	}
	l.notice = attributes[2] // the last one is asked on the telephone, and comes first
	order := commands.OrderAttributes{Attributes: []string{l.notice}}
	if _, err := l.to.OrderAttributes(ctx, l.caller("attributes/order", domain.System, l.begin().Add(time.Hour)), order); err != nil {
		return err
	}
	for _, t := range []organization.TemplateContent{
		{Name: "Received", Kind: organization.MessageTemplate, Subject: "Your application: {{job.title}}", Body: "Dear {{candidate.full_name}},\n\nthank you for your application. You hear from us soon.\n\n{{sender.name}}, {{organization.name}}"},
		{Name: "Contract", Kind: organization.ContractTemplate, Subject: "Contract of employment", Body: "{{organization.name}} employs {{candidate.full_name}} as {{job.position}} from {{offer.start_date}} for {{offer.salary}}."},
	} {
		answer, err := l.to.DefineTemplate(ctx, l.caller("template/"+t.Name, domain.System, l.begin()), commands.DefineTemplate{TemplateContent: t})
		if err != nil {
			return err
		}
		if l.contract = answer.ID; t.Kind == organization.MessageTemplate { // the last one is offers'
			l.received = answer.ID
		}
	}
	return nil
}

func interviewForm(question string) organization.FormContent {
	return organization.FormContent{Name: "Interview", HiddenUntilOwn: true, Elements: []organization.Element{
		{Kind: organization.HeadingElement, Label: "Craft"},
		{Kind: organization.ScaleElement, Label: "Knows the trade", Required: true, Weight: 1},
		{Kind: organization.ScaleElement, Label: "Explains well", Weight: 0.5},
		{Kind: organization.HeadingElement, Label: "Working together"},
		{Kind: organization.ChoiceElement, Label: "Could start on", Choices: []organization.Choice{{Label: "A small team"}, {Label: "A large team"}, {Label: "Either"}}},
		{Kind: organization.TextElement, Label: question},
	}}
}
