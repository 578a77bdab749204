package member

import (
	"maps"

	"github.com/hirelog/hirelog/domain/personal"

	"github.com/hirelog/hirelog/domain"
)

// Deactivated records that a member's access ended at once, and who takes over
// what they had to do and the applications they were responsible for.
type Deactivated struct {
	domain.Stamp
	HandedTo string `json:"handed_to,omitempty"` // a member; empty = nobody
}

// EventName implements domain.Fact.
func (Deactivated) EventName() string { return "member.deactivated.v1" }

func (e Deactivated) evolve(m Member) Member {
	m = m.out()
	m.HandingTo = e.HandedTo
	return m
}

// out returns m without access.
func (m Member) out() Member {
	ended := maps.Clone(m.Ended)
	if ended == nil {
		ended = make(map[string]bool, len(m.Tokens))
	}
	for token := range m.Tokens {
		ended[token] = true
	}
	m.Active, m.Tokens, m.Rotated, m.Ended = false, nil, nil, ended
	return m
}

// Deactivate ends the member's access and hands over to a member, who must be
// active and another, or to nobody. id is the member's own.
// Errors: ErrUnknown, ErrYourself, domain.ErrInvalid.
func (m Member) Deactivate(id, successor string, s domain.Stamp) ([]Event, error) {
	switch {
	case !m.Exists:
		return nil, ErrUnknown
	case !m.Active:
		return nil, nil
	case s.By == domain.Member(id):
		return nil, ErrYourself
	case successor == id:
		return nil, domain.ErrInvalid.Because("Somebody else must take over.")
	}
	return []Event{Deactivated{Stamp: s, HandedTo: successor}}, nil
}

// Reactivated records that a member may act again. Tokens do not come back.
type Reactivated struct {
	domain.Stamp
}

// EventName implements domain.Fact.
func (Reactivated) EventName() string { return "member.reactivated.v1" }

func (Reactivated) evolve(m Member) Member { m.Active, m.HandingTo = true, ""; return m }

// Reactivate lets a member act again. Errors: ErrUnknown, ErrErased.
func (m Member) Reactivate(s domain.Stamp) ([]Event, error) {
	switch {
	case !m.Exists:
		return nil, ErrUnknown
	case m.Active:
		return nil, nil
	case m.Erased:
		return nil, ErrErased
	}
	return []Event{Reactivated{Stamp: s}}, nil
}

// NameErased records that name and address of a former member are gone for good.
// What they did stays theirs, by their id.
type NameErased struct {
	domain.Stamp
}

// EventName implements domain.Fact.
func (NameErased) EventName() string { return "member.name_erased.v1" }

func (NameErased) evolve(m Member) Member {
	m = m.out()
	m.Erased, m.Name, m.SecondFactor, m.Busy = true, personal.Text{}, "", ""
	return m
}

// EraseName decides that the name and address of a former member go. gone says
// that they are gone already, so that it is too late to refuse.
// Errors: ErrUnknown, ErrStillActive.
func (m Member) EraseName(gone bool, s domain.Stamp) ([]Event, error) {
	switch {
	case !m.Exists:
		return nil, ErrUnknown
	case m.Erased:
		return nil, nil
	case m.Active && !gone:
		return nil, ErrStillActive
	}
	return []Event{NameErased{Stamp: s}}, nil
}
