package projections

import (
	"context"
	"strconv"

	"github.com/hirelog/hirelog/domain/organization"
	"github.com/hirelog/hirelog/readmodels"
)

// definitions keeps what the organisation has defined for its own use: forms,
// categories, attributes and templates, and what of its lists is no longer
// chosen.
type definitions struct {
	forms      *Rows[readmodels.FormRow]
	versions   *Rows[readmodels.FormVersionRow]
	categories *Rows[readmodels.CategoryRow]
	attributes *Rows[readmodels.AttributeRow]
	order      *Rows[readmodels.AttributeOrderRow]
	templates  *Rows[readmodels.TemplateRow]
	retired    *Rows[readmodels.RetiredRow]
}

func newDefinitions() *definitions {
	return &definitions{
		forms:      NewRows(readmodels.EvaluationForms()),
		versions:   NewRows(readmodels.FormVersions()),
		categories: NewRows(readmodels.CustomCategories()),
		attributes: NewRows(readmodels.Attributes()),
		order:      NewRows(readmodels.AttributeOrder()),
		templates:  NewRows(readmodels.Templates()),
		retired:    NewRows(readmodels.RetiredTable()),
	}
}

// Name implements Model.
func (*definitions) Name() string { return "definitions" }

// Tables implements Model.
func (m *definitions) Tables() []AnyTable {
	return []AnyTable{m.forms, m.versions, m.categories, m.attributes, m.order, m.templates, m.retired}
}

// Need implements Model.
func (m *definitions) Need(f Fact) {
	if e, ok := f.Body.(organization.AttributeDefined); ok {
		m.order.Need(f.Aggregate)
		m.attributes.Need(e.Attribute)
	}
}

// Apply implements Model.
func (m *definitions) Apply(_ context.Context, f Fact) error {
	if e, ok := f.Body.(organization.Event); ok {
		m.organization(f, e)
	}
	return nil
}

func (m *definitions) organization(f Fact, e organization.Event) {
	switch e := e.(type) {
	case organization.FormDefined:
		content := readmodels.JSON[organization.FormContent]{V: e.FormContent}
		m.forms.Put(readmodels.FormRow{ID: e.Form, Version: e.Version, Content: content})
		m.versions.Put(readmodels.FormVersionRow{Key: e.Form + "/" + strconv.Itoa(e.Version), Form: e.Form, Version: e.Version, Content: content})
	case organization.CategoryDefined:
		m.categories.Put(readmodels.CategoryRow{ID: e.Category, Label: e.Label})
	case organization.AttributeDefined:
		m.attribute(f, e)
	case organization.AttributesOrdered:
		m.order.Put(readmodels.AttributeOrderRow{Organization: f.Aggregate, Attributes: e.Order})
	case organization.TemplateDefined:
		m.templates.Put(readmodels.TemplateRow{ID: e.Template, TemplateContent: e.TemplateContent})
	case organization.EntryRetired:
		m.retired.Put(readmodels.RetiredRow{Key: retiredKey(e.List, e.Entry), List: e.List, Entry: e.Entry})
	case organization.EntryRestored:
		m.retired.Delete(retiredKey(e.List, e.Entry))
	case organization.Founded, organization.SettingsChanged, organization.RecruitingRoleDefined, organization.ReasonDefined, organization.TagDefined:
		// Models jobs and access keep them.
	}
}

// attribute keeps an attribute; a new one comes last.
func (m *definitions) attribute(f Fact, e organization.AttributeDefined) {
	if _, known := m.attributes.Get(e.Attribute); !known {
		order, _ := m.order.Get(f.Aggregate)
		order.Organization = f.Aggregate
		order.Attributes = append(order.Attributes[:len(order.Attributes):len(order.Attributes)], e.Attribute)
		m.order.Put(order)
	}
	r := readmodels.AttributeRow{ID: e.Attribute}
	r.Content.V, r.Former.V = e.AttributeContent, e.Former
	m.attributes.Put(r)
}

func retiredKey(list organization.List, entry string) string { return string(list) + "/" + entry }
