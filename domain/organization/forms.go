package organization

import (
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/hirelog/hirelog/domain"
)

// ElementKind says what an element of an evaluation form is.
type ElementKind string

// The kinds of element.
const (
	HeadingElement ElementKind = "heading" // nothing to answer
	TextElement    ElementKind = "text"
	ScaleElement   ElementKind = "scale" // 1–5
	ChoiceElement  ElementKind = "choice"
)

// MaxElements is the most elements a form may have.
const MaxElements = 100

// Element is a part of an evaluation form.
type Element struct {
	ID       string      `json:"id,omitempty" format:"uuid" doc:"Of an element the form has already; left out for a new one. Answers name it"`
	Kind     ElementKind `json:"kind" enum:"heading,text,scale,choice" doc:"A heading, or what is answered: a text, a scale from 1 to 5, one of some choices"`
	Label    string      `json:"label" minLength:"1" maxLength:"500" doc:"The heading or the question"`
	Required bool        `json:"required,omitempty" doc:"It must be answered before the evaluation is submitted"`
	Weight   float64     `json:"weight,omitempty" minimum:"0" maximum:"1" doc:"Of a scale: how much it counts in the result, 0 not at all"`
	Choices  []Choice    `json:"choices,omitempty" maxItems:"50" doc:"Of a choice: 2 to 50 answers, in order"`
}

// FormContent is what an evaluation form asks, in one version.
type FormContent struct {
	Name           string    `json:"name" minLength:"1" maxLength:"100" doc:"Name, unique among the forms"`
	HiddenUntilOwn bool      `json:"hidden_until_own,omitempty" doc:"Members see the evaluations of others only when their own is submitted"`
	Elements       []Element `json:"elements" minItems:"1" maxItems:"100" doc:"What it asks, in order"`
}

// Form is an evaluation form as it is now.
type Form struct {
	Version int // from 1
	FormContent
	Earlier []FormContent // versions 1 to Version-1
}

// At returns what the form asked in a version.
func (f Form) At(version int) (FormContent, bool) {
	switch {
	case version < 1 || version > f.Version:
		return FormContent{}, false
	case version == f.Version:
		return f.FormContent, true
	}
	return f.Earlier[version-1], true
}

// Form returns a form, retired or not.
func (o Organization) Form(id string) (Form, bool) {
	f, ok := o.Forms[id]
	return f, ok
}

// FormDefined records what an evaluation form asks from now on. Evaluations name
// the version they answer.
type FormDefined struct {
	domain.Stamp
	Form    string `json:"form"`
	Version int    `json:"version"`
	FormContent
}

// EventName implements domain.Fact.
func (FormDefined) EventName() string { return "organization.form_defined.v1" }

func (e FormDefined) evolve(o Organization) Organization {
	f := o.Forms[e.Form]
	if f.Version > 0 {
		f.Earlier = append(slices.Clip(f.Earlier), f.FormContent)
	}
	f.Version, f.FormContent = f.Version+1, e.FormContent
	o.Forms = with(o.Forms, e.Form, f)
	return o
}

// DefineForm creates an evaluation form, or its next version. An element without
// an id that has the kind and label of one in the version before is that one.
// Errors: domain.ErrInvalid, ErrListFull.
func (o Organization) DefineForm(id string, c FormContent, fresh Fresh, s domain.Stamp) ([]Event, error) {
	have, exists := o.Forms[id]
	name, err := domain.LineOf("The name", c.Name, 1, 100)
	if err != nil {
		return nil, err
	}
	for other, f := range o.Forms {
		if other != id && strings.EqualFold(f.Name, name) {
			return nil, domain.ErrInvalid.Because("Another evaluation form is called %s.", f.Name)
		}
	}
	if n := len(c.Elements); n < 1 || n > MaxElements {
		return nil, domain.ErrInvalid.Because("An evaluation form has 1 to %d elements.", MaxElements)
	}
	if !exists && len(o.Forms) >= MaxEntries {
		return nil, ErrListFull
	}
	c.Name = name
	if c.Elements, err = have.identified(c.Elements, fresh); err != nil {
		return nil, err
	}
	if exists && reflect.DeepEqual(have.FormContent, c) {
		return nil, nil
	}
	return []Event{FormDefined{Stamp: s, Form: id, Version: have.Version + 1, FormContent: c}}, nil
}

// identified returns elements, checked, with their ids.
func (c FormContent) identified(elements []Element, fresh Fresh) ([]Element, error) {
	checked := make([]Element, 0, len(elements))
	named := map[string]bool{} // ids that are used up
	for _, e := range elements {
		if e.ID != "" && named[e.ID] {
			return nil, domain.ErrInvalid.Because("An element is there twice.")
		}
		named[e.ID] = true
	}
	for i, e := range elements {
		label, err := domain.TextOf("The label of an element", e.Label, 1, 500)
		if err != nil {
			return nil, err
		}
		e.Label = label
		at := slices.IndexFunc(c.Elements, func(k Element) bool {
			if e.ID != "" {
				return k.ID == e.ID
			}
			return k.Kind == e.Kind && k.Label == e.Label && !named[k.ID]
		})
		var have Element
		switch {
		case at >= 0:
			have = c.Elements[at]
		case e.ID != "":
			return nil, domain.ErrInvalid.Because("The form has no such element as the one named for %s.", label)
		default:
			have = Element{ID: fresh("element/" + strconv.Itoa(i)), Kind: e.Kind}
		}
		e.ID, named[have.ID] = have.ID, true
		if e, err = e.like(have, i, fresh); err != nil {
			return nil, err
		}
		checked = append(checked, e)
	}
	return checked, nil
}

// like returns e, checked, as the next version of what it was.
func (e Element) like(have Element, i int, fresh Fresh) (Element, error) {
	if e.Kind != have.Kind {
		return e, domain.ErrInvalid.Because("The element %s cannot become another kind; add one instead.", e.Label)
	}
	choices := 0
	switch e.Kind {
	case HeadingElement:
		if e.Required {
			return e, domain.ErrInvalid.Because("A heading is not answered.")
		}
	case TextElement, ScaleElement:
	case ChoiceElement:
		choices = len(e.Choices)
		if choices < 2 || choices > 50 {
			return e, domain.ErrInvalid.Because("A choice has 2 to 50 answers.")
		}
	default:
		return e, domain.ErrInvalid.Because("An element is a heading, text, scale or choice.")
	}
	switch {
	case len(e.Choices) != choices:
		return e, domain.ErrInvalid.Because("Only a choice has answers to choose from.")
	case e.Kind != ScaleElement && e.Weight != 0:
		return e, domain.ErrInvalid.Because("Only a scale has a weight.")
	case !(e.Weight >= 0 && e.Weight <= 1):
		return e, domain.ErrInvalid.Because("A weight is from 0 to 1.")
	case choices == 0:
		e.Choices = nil
		return e, nil
	}
	var err error
	e.Choices, err = identified(e.Choices, have.Choices, "element/"+strconv.Itoa(i)+"/", fresh)
	return e, err
}
