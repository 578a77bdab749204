package readmodels

import (
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/organization"
)

// RetiredRow is a row of table retired.
type RetiredRow struct {
	Key   string // list/entry
	List  organization.List
	Entry string
}

// RetiredTable returns table retired: what is no longer chosen from the lists of
// the organisation.
func RetiredTable() Table[RetiredRow] {
	return Table[RetiredRow]{
		Name: "retired",
		Key:  func(r *RetiredRow) *string { return &r.Key },
		Columns: []Column[RetiredRow]{
			Col("place", "text", func(r *RetiredRow) *string { return &r.Key }),
			Col("list", "text", func(r *RetiredRow) *organization.List { return &r.List }),
			Col("entry_id", "uuid", func(r *RetiredRow) *string { return &r.Entry }),
		},
	}
}

// FormRow is a row of table evaluation_forms.
type FormRow struct {
	ID      string
	Version int
	Content JSON[organization.FormContent]
}

// EvaluationForms returns table evaluation_forms: what the forms ask now.
func EvaluationForms() Table[FormRow] {
	return Table[FormRow]{
		Name: "evaluation_forms",
		Key:  func(r *FormRow) *string { return &r.ID },
		Columns: []Column[FormRow]{
			Col("form_id", "uuid", func(r *FormRow) *string { return &r.ID }),
			Col("version", "integer", func(r *FormRow) *int { return &r.Version }),
			Col("content", "jsonb", func(r *FormRow) *JSON[organization.FormContent] { return &r.Content }),
		},
	}
}

// FormVersionRow is a row of table form_versions.
type FormVersionRow struct {
	Key     string // form/version
	Form    string
	Version int
	Content JSON[organization.FormContent]
}

// FormVersions returns table form_versions: what the forms ask and asked, in
// each version.
func FormVersions() Table[FormVersionRow] {
	return Table[FormVersionRow]{
		Name: "form_versions",
		Key:  func(r *FormVersionRow) *string { return &r.Key },
		Columns: []Column[FormVersionRow]{
			Col("place", "text", func(r *FormVersionRow) *string { return &r.Key }),
			Col("form_id", "uuid", func(r *FormVersionRow) *string { return &r.Form }),
			Col("version", "integer", func(r *FormVersionRow) *int { return &r.Version }),
			Col("content", "jsonb", func(r *FormVersionRow) *JSON[organization.FormContent] { return &r.Content }),
		},
	}
}

// CategoryRow is a row of table document_categories.
type CategoryRow struct {
	ID    access.Category
	Label string
}

// CustomCategories returns table document_categories: those of the
// organisation's own.
func CustomCategories() Table[CategoryRow] {
	return Table[CategoryRow]{
		Name: "document_categories",
		Key:  func(r *CategoryRow) *string { return (*string)(&r.ID) },
		Columns: []Column[CategoryRow]{
			Col("category_id", "uuid", func(r *CategoryRow) *string { return (*string)(&r.ID) }),
			Col("label", "text", func(r *CategoryRow) *string { return &r.Label }),
		},
	}
}

// AttributeRow is a row of table attributes.
type AttributeRow struct {
	ID      string
	Content JSON[organization.AttributeContent]
	Former  JSON[[]organization.Choice]
}

// Attributes returns table attributes: what the organisation wants to know of
// candidates.
func Attributes() Table[AttributeRow] {
	return Table[AttributeRow]{
		Name: "attributes",
		Key:  func(r *AttributeRow) *string { return &r.ID },
		Columns: []Column[AttributeRow]{
			Col("attribute_id", "uuid", func(r *AttributeRow) *string { return &r.ID }),
			Col("content", "jsonb", func(r *AttributeRow) *JSON[organization.AttributeContent] { return &r.Content }),
			Col("former", "jsonb", func(r *AttributeRow) *JSON[[]organization.Choice] { return &r.Former }),
		},
	}
}

// AttributeOrderRow is the row of table attribute_order.
type AttributeOrderRow struct {
	Organization string // its id
	Attributes   []string
}

// AttributeOrder returns table attribute_order: the order attributes are shown
// in, in one row.
func AttributeOrder() Table[AttributeOrderRow] {
	return Table[AttributeOrderRow]{
		Name: "attribute_order",
		Key:  func(r *AttributeOrderRow) *string { return &r.Organization },
		Columns: []Column[AttributeOrderRow]{
			Col("organization_id", "uuid", func(r *AttributeOrderRow) *string { return &r.Organization }),
			ArrayCol("attributes", "uuid[]", func(r *AttributeOrderRow) *[]string { return &r.Attributes }),
		},
	}
}

// TemplateRow is a row of table templates.
type TemplateRow struct {
	ID string
	organization.TemplateContent
}

// Templates returns table templates: what messages and contracts are written
// from.
func Templates() Table[TemplateRow] {
	return Table[TemplateRow]{
		Name: "templates",
		Key:  func(r *TemplateRow) *string { return &r.ID },
		Columns: []Column[TemplateRow]{
			Col("template_id", "uuid", func(r *TemplateRow) *string { return &r.ID }),
			Col("name", "text", func(r *TemplateRow) *string { return &r.Name }),
			Col("kind", "text", func(r *TemplateRow) *organization.TemplateKind { return &r.Kind }),
			Col("subject", "text", func(r *TemplateRow) *string { return &r.Subject }),
			Col("body", "text", func(r *TemplateRow) *string { return &r.Body }),
		},
	}
}
