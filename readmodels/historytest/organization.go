package historytest

import (
	"fmt"
	"strings"

	"github.com/google/uuid"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/organization"
)

// randomOrganization changes something the organisation has decided for itself.
func (c *Company) randomOrganization() {
	switch c.r.IntN(7) {
	case 0:
		days, on := 30+c.r.IntN(3), c.r.IntN(2) == 0
		c.Settings(organization.SettingsChange{ReadLogDays: &days, SignHires: &on})
	case 1:
		c.Form(fmt.Sprintf("Form %d", c.r.IntN(2)), fmt.Sprintf("Question %d", c.r.IntN(5)))
	case 3:
		c.Category(fmt.Sprintf("Category %d", c.r.IntN(3)))
	case 4:
		id := c.Attribute(fmt.Sprintf("Attribute %d", c.r.IntN(3)), "Yes", "No")
		c.Organize(func(o organization.Organization, s domain.Stamp) ([]organization.Event, error) {
			return o.OrderAttributes([]string{id}, s)
		})
	case 5:
		t := organization.TemplateContent{Name: fmt.Sprintf("Template %d", c.r.IntN(2)), Kind: organization.MessageTemplate, Body: fmt.Sprintf("Text %d", c.r.IntN(3))}
		c.Organize(func(o organization.Organization, s domain.Stamp) ([]organization.Event, error) {
			return o.DefineTemplate(named("template", t.Name), t, s)
		})
	case 6:
		for _, entry := range []organization.Entry{{List: organization.Forms, ID: named("form", "Form 0")}, {List: organization.Attributes, ID: named("attribute", "Attribute 0")}} {
			if c.Organization.Choose(entry.List, entry.ID) == nil {
				c.Organize(func(o organization.Organization, s domain.Stamp) ([]organization.Event, error) {
					return o.Retire(entry.List, entry.ID, s)
				})
			}
		}
	case 2:
		entry := organization.Entry{List: organization.Tags, ID: c.TagIDs[c.r.IntN(len(c.TagIDs))]}
		c.Organize(func(o organization.Organization, s domain.Stamp) ([]organization.Event, error) {
			if o.Retired[entry] {
				return o.Restore(entry.List, entry.ID, s)
			}
			return o.Retire(entry.List, entry.ID, s)
		})
	}
}

// Form defines an evaluation form of that name, or its next version, that asks
// for a text and for a scale. It returns the form's id.
func (h *History) Form(name, question string) string {
	h.t.Helper()
	id := named("form", name)
	h.Organize(func(o organization.Organization, s domain.Stamp) ([]organization.Event, error) {
		return o.DefineForm(id, organization.FormContent{Name: name, HiddenUntilOwn: true, Elements: []organization.Element{
			{Kind: organization.ScaleElement, Label: "How well", Weight: 1}, {Kind: organization.TextElement, Label: question},
		}}, func(part string) string { return named(id, fmt.Sprint(o.Forms[id].Version), part) }, s)
	})
	return id
}

// Category defines a category of documents and returns it.
func (h *History) Category(label string) access.Category {
	h.t.Helper()
	id := access.Category(named("category", label))
	h.Organize(func(o organization.Organization, s domain.Stamp) ([]organization.Event, error) {
		return o.DefineCategory(id, label, s)
	})
	return id
}

// Attribute defines an attribute of that name and with these choices, or changes
// it. It returns the attribute's id.
func (h *History) Attribute(label string, choices ...string) string {
	h.t.Helper()
	id := named("attribute", label)
	content := organization.AttributeContent{Label: label, Type: organization.ChoiceAttribute}
	for _, choice := range choices {
		content.Choices = append(content.Choices, organization.Choice{Label: choice})
	}
	h.Organize(func(o organization.Organization, s domain.Stamp) ([]organization.Event, error) {
		return o.DefineAttribute(id, content, func(part string) string { return named(append([]string{id, part}, choices...)...) }, s)
	})
	return id
}

// named returns the id that belongs to a name.
func named(parts ...string) string {
	return uuid.NewSHA1(uuid.NameSpaceOID, []byte(strings.Join(parts, "/"))).String()
}
