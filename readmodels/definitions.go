package readmodels

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/organization"
)

// DocumentCategory is a category of documents.
type DocumentCategory struct {
	ID      access.Category `json:"id" doc:"As documents and recruiting roles name it"`
	Label   string          `json:"label" doc:"Of a built-in one the same as its id"`
	BuiltIn bool            `json:"built_in" doc:"Every organisation has it"`
	Retired bool            `json:"retired" doc:"No new documents; those there are keep it"`
}

// DocumentCategories returns the categories of documents: the built-in ones,
// then the organisation's own, sorted by label. Errors: those of listed.
func (c *Core) DocumentCategories(ctx context.Context, ask Lists) (Defined[DocumentCategory], error) {
	own, err := listed(ctx, c, ask, organization.DocumentCategories, CustomCategories(), "category_id", "true ORDER BY lower(label), category_id",
		func(r CategoryRow, retired func(string) bool) DocumentCategory {
			return DocumentCategory{ID: r.ID, Label: r.Label, Retired: retired(string(r.ID))}
		})
	if err != nil {
		return own, err
	}
	var all []DocumentCategory
	for _, builtIn := range access.Categories() {
		all = append(all, DocumentCategory{ID: builtIn, Label: string(builtIn), BuiltIn: true})
	}
	own.Items = append(all, own.Items...)
	return own, nil
}

// allCategories reads every category there is or was, the built-in ones first.
func allCategories(ctx context.Context, tx pgx.Tx, s Schema) ([]access.Category, error) {
	var own []CategoryRow
	b := new(pgx.Batch)
	queueRows(b, s, CustomCategories(), &own, "true ORDER BY category_id")
	err := send(ctx, tx, b)
	all := access.Categories()
	for _, r := range own {
		all = append(all, r.ID)
	}
	return all, err
}

// Attribute is something the organisation wants to know of candidates.
type Attribute struct {
	ID string `json:"id" format:"uuid"`
	organization.AttributeContent
	Former  []organization.Choice `json:"former_choices" doc:"No longer offered; candidates who have them keep them"`
	Retired bool                  `json:"retired" doc:"No longer asked for"`
}

// Attributes returns the attributes in the order they are shown. Errors: those
// of listed.
func (c *Core) Attributes(ctx context.Context, ask Lists) (Defined[Attribute], error) {
	return listed(ctx, c, ask, organization.Attributes, Attributes(), "attribute_id",
		"true ORDER BY array_position((SELECT attributes FROM {schema}.attribute_order), attribute_id)",
		func(r AttributeRow, retired func(string) bool) Attribute {
			return Attribute{ID: r.ID, AttributeContent: r.Content.V, Former: orEmpty(r.Former.V), Retired: retired(r.ID)}
		})
}

// MessageTemplate is a text that messages or contracts are written from.
type MessageTemplate struct {
	ID string `json:"id" format:"uuid"`
	organization.TemplateContent
	Placeholders []string `json:"placeholders" doc:"What such a template may leave open"`
	Retired      bool     `json:"retired" doc:"No longer chosen"`
}

// MessageTemplates returns the templates, sorted by name. Errors: those of
// listed.
func (c *Core) MessageTemplates(ctx context.Context, ask Lists) (Defined[MessageTemplate], error) {
	return listed(ctx, c, ask, organization.Templates, Templates(), "template_id", "true ORDER BY lower(name), template_id",
		func(r TemplateRow, retired func(string) bool) MessageTemplate {
			return MessageTemplate{ID: r.ID, TemplateContent: r.TemplateContent, Placeholders: organization.Placeholders(r.Kind), Retired: retired(r.ID)}
		})
}

// EvaluationForm is what an evaluation form asks in one version.
type EvaluationForm struct {
	ID      string `json:"id" format:"uuid"`
	Version int    `json:"version" doc:"From 1; evaluations name the one they answer"`
	organization.FormContent
	Retired bool `json:"retired" doc:"No longer chosen"`
}

// EvaluationForms returns the evaluation forms in their newest versions, sorted
// by name. Errors: those of listed.
func (c *Core) EvaluationForms(ctx context.Context, ask Lists) (Defined[EvaluationForm], error) {
	return listed(ctx, c, ask, organization.Forms, EvaluationForms(), "form_id", "true ORDER BY lower(content->>'name'), form_id",
		func(r FormRow, retired func(string) bool) EvaluationForm {
			return EvaluationForm{ID: r.ID, Version: r.Version, FormContent: r.Content.V, Retired: retired(r.ID)}
		})
}

// EvaluationForm returns a form, retired or not, in a version; 0 is the newest.
// Errors: ErrNotFound, also for who is no active member.
func (c *Core) EvaluationForm(ctx context.Context, ask Lists, id string, version int) (EvaluationForm, error) {
	var shown EvaluationForm
	err := c.known(ctx, "evaluation form", ask.Member, ask.Now, func(tx pgx.Tx, s Schema) error {
		var rows []FormVersionRow
		var gone []RetiredRow
		b := new(pgx.Batch)
		queueRows(b, s, FormVersions(), &rows, "form_id = $1 AND ($2 = 0 OR version = $2) ORDER BY version DESC LIMIT 1", id, version)
		queueRows(b, s, RetiredTable(), &gone, "list = $1 AND entry_id = $2", organization.Forms, id)
		if err := send(ctx, tx, b); err != nil {
			return err
		}
		if len(rows) == 0 {
			return ErrNotFound
		}
		r := rows[0]
		shown = EvaluationForm{ID: r.Form, Version: r.Version, FormContent: r.Content.V, Retired: len(gone) > 0}
		return nil
	})
	return shown, err
}
