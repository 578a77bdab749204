package member

import "github.com/hirelog/hirelog/domain"

// HandedOver records that the applications a former member was responsible for
// are with who takes over; those that they may not view stayed.
type HandedOver struct {
	domain.Stamp
	To           string `json:"to"` // a member
	Applications int    `json:"applications"`
	Kept         int    `json:"kept"`
}

// EventName implements domain.Fact.
func (HandedOver) EventName() string { return "member.handed_over.v1" }

func (HandedOver) evolve(m Member) Member { m.HandingTo = ""; return m }

// HandOver notes how many applications went over to who was named, and how many
// stayed. Of a member who is back, or named nobody, nothing is handed over.
// Errors: ErrUnknown.
func (m Member) HandOver(applications, kept int, s domain.Stamp) ([]Event, error) {
	switch {
	case !m.Exists:
		return nil, ErrUnknown
	case m.HandingTo == "":
		return nil, nil
	}
	return []Event{HandedOver{Stamp: s, To: m.HandingTo, Applications: applications, Kept: kept}}, nil
}
