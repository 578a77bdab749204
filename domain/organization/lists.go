package organization

import (
	"maps"
	"strings"

	"github.com/hirelog/hirelog/domain"
)

// ReasonKind says whose decision a reason for disqualifying is.
type ReasonKind string

// The kinds of reason.
const (
	We          ReasonKind = "we"   // the company rejects
	They        ReasonKind = "they" // the candidate withdraws
	OtherReason ReasonKind = "other"
)

// Reason is an entry of the list a disqualification chooses from.
type Reason struct {
	Label string
	Kind  ReasonKind
}

// ReasonDefined records an entry of the list of reasons.
type ReasonDefined struct {
	domain.Stamp
	Reason string     `json:"reason"`
	Label  string     `json:"label"`
	Kind   ReasonKind `json:"kind"`
}

// EventName implements domain.Fact.
func (ReasonDefined) EventName() string { return "organization.reason_defined.v1" }

func (e ReasonDefined) evolve(o Organization) Organization {
	o.Reasons = maps.Clone(o.Reasons)
	if o.Reasons == nil {
		o.Reasons = map[string]Reason{}
	}
	o.Reasons[e.Reason] = Reason{Label: e.Label, Kind: e.Kind}
	return o
}

// DefineReason creates or changes a reason. Errors: domain.ErrInvalid.
func (o Organization) DefineReason(id, label string, kind ReasonKind, s domain.Stamp) ([]Event, error) {
	label, err := domain.LineOf("The label", label, 1, 100)
	if err != nil {
		return nil, err
	}
	if kind != We && kind != They && kind != OtherReason {
		return nil, domain.ErrInvalid.Because("A reason is of kind we, they or other.")
	}
	for other, r := range o.Reasons {
		if other != id && strings.EqualFold(r.Label, label) {
			return nil, domain.ErrInvalid.Because("Another reason is called %s.", r.Label)
		}
	}
	if o.Reasons[id] == (Reason{Label: label, Kind: kind}) {
		return nil, nil
	}
	return []Event{ReasonDefined{Stamp: s, Reason: id, Label: label, Kind: kind}}, nil
}

// ErrUnknownReason means that no reason has that id.
var ErrUnknownReason = &domain.Refusal{Kind: domain.Invalid, Code: "unknown_reason", Message: "There is no such reason."}

// MaxTags is the most tags an organisation may have.
const MaxTags = 1000

// ErrTooManyTags means that MaxTags is reached.
var ErrTooManyTags = &domain.Refusal{Kind: domain.Illegal, Code: "tag_list_full", Message: "The organisation has as many tags as it may have."}

// TagDefined records a tag that applications may carry.
type TagDefined struct {
	domain.Stamp
	Tag   string `json:"tag"`
	Label string `json:"label"`
}

// EventName implements domain.Fact.
func (TagDefined) EventName() string { return "organization.tag_defined.v1" }

func (e TagDefined) evolve(o Organization) Organization {
	o.Tags = maps.Clone(o.Tags)
	if o.Tags == nil {
		o.Tags = map[string]string{}
	}
	o.Tags[e.Tag] = e.Label
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
// whatever case, is no event. Errors: domain.ErrInvalid, ErrTooManyTags.
func (o Organization) DefineTag(id, label string, s domain.Stamp) ([]Event, error) {
	label, err := domain.LineOf("The tag", label, 1, 50)
	if err != nil {
		return nil, err
	}
	if _, ok := o.TagLabelled(label); ok {
		return nil, nil
	}
	if len(o.Tags) >= MaxTags {
		return nil, ErrTooManyTags
	}
	return []Event{TagDefined{Stamp: s, Tag: id, Label: label}}, nil
}
