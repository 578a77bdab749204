package organization

import (
	"strings"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
)

// CategoryDefined records a category of documents of the organisation's own, or
// its new label.
type CategoryDefined struct {
	domain.Stamp
	Category access.Category `json:"category"`
	Label    string          `json:"label"`
}

// EventName implements domain.Fact.
func (CategoryDefined) EventName() string { return "organization.category_defined.v1" }

func (e CategoryDefined) evolve(o Organization) Organization {
	o.Categories = with(o.Categories, e.Category, e.Label)
	return o
}

// DefineCategory creates or renames a category of documents. Labels are 1–100
// characters and unique, case-folded. Nobody but admins has a right on a new one
// until a recruiting role gives it. Errors: domain.ErrInvalid, ErrListFull.
func (o Organization) DefineCategory(id access.Category, label string, s domain.Stamp) ([]Event, error) {
	label, err := domain.LineOf("The label", label, 1, 100)
	if err != nil {
		return nil, err
	}
	for other, l := range o.Categories {
		if other != id && strings.EqualFold(l, label) {
			return nil, domain.ErrInvalid.Because("Another document category is called %s.", l)
		}
	}
	have, exists := o.Categories[id]
	switch {
	case have == label:
		return nil, nil
	case !exists && len(o.Categories) >= MaxEntries:
		return nil, ErrListFull
	}
	return []Event{CategoryDefined{Stamp: s, Category: id, Label: label}}, nil
}
