package organization

import (
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
	o.Reasons = with(o.Reasons, e.Reason, Reason{Label: e.Label, Kind: e.Kind})
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
