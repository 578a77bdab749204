package organization

import (
	"strings"

	"github.com/hirelog/hirelog/domain"
)

// MaxTags is the most tags an organisation may have.
const MaxTags = 1000

// ErrTooManyTags means that MaxTags is reached.
var ErrTooManyTags = &domain.Refusal{Kind: domain.Illegal, Code: "tag_list_full", Message: "The organisation has as many tags as it may have."}

// TagDefined records a tag that applications may carry, or its new label.
type TagDefined struct {
	domain.Stamp
	Tag   string `json:"tag"`
	Label string `json:"label"`
}

// EventName implements domain.Fact.
func (TagDefined) EventName() string { return "organization.tag_defined.v1" }

func (e TagDefined) evolve(o Organization) Organization {
	o.Tags = with(o.Tags, e.Tag, e.Label)
	return o
}

// TagLabelled returns the id of the tag with that label, case-folded.
func (o Organization) TagLabelled(label string) (string, bool) {
	for id, l := range o.Tags {
		if strings.EqualFold(l, strings.TrimSpace(label)) {
			return id, true
		}
	}
	return "", false
}

// DefineTag adds a tag to the shared list. A label that is there already, in
// whatever case, is no event. Errors: domain.ErrInvalid, ErrTooManyTags,
// ErrRetired.
func (o Organization) DefineTag(id, label string, s domain.Stamp) ([]Event, error) {
	label, err := domain.LineOf("The tag", label, 1, 50)
	if err != nil {
		return nil, err
	}
	if have, ok := o.TagLabelled(label); ok {
		if o.Retired[Entry{Tags, have}] {
			return nil, ErrRetired.Because("The tag %s was retired; it must be restored first.", o.Tags[have])
		}
		return nil, nil
	}
	if _, ok := o.Tags[id]; ok {
		return nil, nil
	}
	if len(o.Tags) >= MaxTags {
		return nil, ErrTooManyTags
	}
	return []Event{TagDefined{Stamp: s, Tag: id, Label: label}}, nil
}

// RenameTag calls a tag by another label, wherever it is. Errors:
// ErrUnknownEntry, domain.ErrInvalid.
func (o Organization) RenameTag(id, label string, s domain.Stamp) ([]Event, error) {
	label, err := domain.LineOf("The tag", label, 1, 50)
	if err != nil {
		return nil, err
	}
	have, ok := o.Tags[id]
	other, taken := o.TagLabelled(label)
	switch {
	case !ok:
		return nil, ErrUnknownEntry
	case taken && other != id:
		return nil, domain.ErrInvalid.Because("Another tag is called %s.", o.Tags[other])
	case have == label:
		return nil, nil
	}
	return []Event{TagDefined{Stamp: s, Tag: id, Label: label}}, nil
}
