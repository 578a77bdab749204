package organization

import (
	"reflect"
	"slices"
	"strings"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
)

// AttributeType says what the value of an attribute is.
type AttributeType string

// The types of attribute.
const (
	TextAttribute        AttributeType = "text"
	NumberAttribute      AttributeType = "number"
	DateAttribute        AttributeType = "date"
	ChoiceAttribute      AttributeType = "choice"
	MultiChoiceAttribute AttributeType = "multi_choice"
	BooleanAttribute     AttributeType = "boolean"
	LinkAttribute        AttributeType = "link"
)

// AttributeTypes returns every type.
func AttributeTypes() []AttributeType {
	return []AttributeType{TextAttribute, NumberAttribute, DateAttribute, ChoiceAttribute, MultiChoiceAttribute, BooleanAttribute, LinkAttribute}
}

// chosen reports whether values are chosen from a list.
func (t AttributeType) chosen() bool { return t == ChoiceAttribute || t == MultiChoiceAttribute }

// AttributeContent is something the organisation wants to know of candidates.
type AttributeContent struct {
	Label          string        `json:"label" minLength:"1" maxLength:"100" doc:"What it is called, unique"`
	Type           AttributeType `json:"type" enum:"text,number,date,choice,multi_choice,boolean,link" doc:"What a value is; it never changes"`
	Choices        []Choice      `json:"choices,omitempty" maxItems:"100" doc:"Of a choice: 1 to 100 values, in order"`
	Area           access.Area   `json:"area,omitempty" enum:"profile,sensitive,salary" doc:"Area whose right a value needs; left out, it is the profile"`
	KeepForReports bool          `json:"keep_for_reports,omitempty" doc:"What was chosen, or yes or no, stays when an application is anonymised; for what tells nothing of a person. Of other types nothing stays"`
}

// Attribute is an attribute as it is now.
type Attribute struct {
	AttributeContent
	Former []Choice // no longer offered; candidates who have them keep them
}

// AttributeDefined records what an attribute is from now on. Choices that were
// left out are not offered any more; candidates who have them keep them.
type AttributeDefined struct {
	domain.Stamp
	Attribute string `json:"attribute"`
	AttributeContent
	Former []Choice `json:"former_choices,omitempty"`
}

// EventName implements domain.Fact.
func (AttributeDefined) EventName() string { return "organization.attribute_defined.v1" }

func (e AttributeDefined) evolve(o Organization) Organization {
	if _, ok := o.Attributes[e.Attribute]; !ok {
		o.AttributeOrder = append(slices.Clip(o.AttributeOrder), e.Attribute)
	}
	o.Attributes = with(o.Attributes, e.Attribute, Attribute{AttributeContent: e.AttributeContent, Former: e.Former})
	return o
}

// DefineAttribute creates or changes an attribute; a new one comes last in the
// order. A choice without an id that is called as one there is or was is that
// one. Errors: domain.ErrInvalid, ErrListFull.
func (o Organization) DefineAttribute(id string, a AttributeContent, fresh Fresh, s domain.Stamp) ([]Event, error) {
	have, exists := o.Attributes[id]
	label, err := domain.LineOf("The label", a.Label, 1, 100)
	if err != nil {
		return nil, err
	}
	for other, k := range o.Attributes {
		if other != id && strings.EqualFold(k.Label, label) {
			return nil, domain.ErrInvalid.Because("Another attribute is called %s.", k.Label)
		}
	}
	switch n := len(a.Choices); {
	case !slices.Contains(AttributeTypes(), a.Type):
		return nil, domain.ErrInvalid.Because("There is no type of attribute %q.", string(a.Type))
	case exists && a.Type != have.Type:
		return nil, domain.ErrInvalid.Because("The type of an attribute does not change; retire it and define another.")
	case a.In() != access.Profile && a.In() != access.Sensitive && a.In() != access.Salary:
		return nil, domain.ErrInvalid.Because("A value is of area profile, sensitive or salary.")
	case !exists && len(o.Attributes) >= MaxEntries:
		return nil, ErrListFull
	case a.Type.chosen() && (n < 1 || n > 100):
		return nil, domain.ErrInvalid.Because("There are 1 to 100 values to choose from.")
	case !a.Type.chosen() && n > 0:
		return nil, domain.ErrInvalid.Because("Only a choice has values to choose from.")
	}
	a.Label = label
	ever := slices.Concat(have.Choices, have.Former)
	if a.Choices, err = identified(a.Choices, ever, "", fresh); err != nil {
		return nil, err
	}
	if !a.Type.chosen() {
		a.Choices = nil
	}
	if exists && reflect.DeepEqual(have.AttributeContent, a) {
		return nil, nil
	}
	former := slices.DeleteFunc(ever, func(c Choice) bool {
		return slices.ContainsFunc(a.Choices, func(k Choice) bool { return k.ID == c.ID })
	})
	if len(former) == 0 {
		former = nil
	}
	return []Event{AttributeDefined{Stamp: s, Attribute: id, AttributeContent: a, Former: former}}, nil
}

// AttributesOrdered records in which order attributes are shown.
type AttributesOrdered struct {
	domain.Stamp
	Order []string `json:"order"` // all ids
}

// EventName implements domain.Fact.
func (AttributesOrdered) EventName() string { return "organization.attributes_ordered.v1" }

func (e AttributesOrdered) evolve(o Organization) Organization {
	o.AttributeOrder = e.Order
	return o
}

// OrderAttributes shows the attributes in another order. Those that are not
// named follow, in the order they have. Errors: domain.ErrInvalid,
// ErrUnknownEntry.
func (o Organization) OrderAttributes(ids []string, s domain.Stamp) ([]Event, error) {
	order := make([]string, 0, len(o.AttributeOrder))
	for _, id := range ids {
		if _, ok := o.Attributes[id]; !ok {
			return nil, ErrUnknownEntry
		}
		if slices.Contains(order, id) {
			return nil, domain.ErrInvalid.Because("An attribute is there twice.")
		}
		order = append(order, id)
	}
	for _, id := range o.AttributeOrder {
		if !slices.Contains(order, id) {
			order = append(order, id)
		}
	}
	if slices.Equal(order, o.AttributeOrder) {
		return nil, nil
	}
	return []Event{AttributesOrdered{Stamp: s, Order: order}}, nil
}
