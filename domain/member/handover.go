package member

import "github.com/hirelog/hirelog/domain"

// HandedOver records that what a former member was responsible for is with who
// takes over; applications that they may not view stayed.
type HandedOver struct {
	domain.Stamp
	To string `json:"to"` // a member
	Handed
}

// Handed says how much was handed over.
type Handed struct {
	Applications int `json:"applications"`   // they are responsible for
	Kept         int `json:"kept"`           // applications that stayed
	Work         int `json:"work,omitempty"` // applications with reviews or interviews that went over
	Jobs         int `json:"jobs,omitempty"` // they manage, or have stages of to manage
}

// EventName implements domain.Fact.
func (HandedOver) EventName() string { return "member.handed_over.v1" }

func (HandedOver) evolve(m Member) Member { m.HandingTo = ""; return m }

// HandOver notes how much went over to who was named. Of a member who is back, or named nobody, nothing is handed over.
// Errors: ErrUnknown.
func (m Member) HandOver(handed Handed, s domain.Stamp) ([]Event, error) {
	switch {
	case !m.Exists:
		return nil, ErrUnknown
	case m.HandingTo == "":
		return nil, nil
	}
	return []Event{HandedOver{Stamp: s, To: m.HandingTo, Handed: handed}}, nil
}
