package member

import (
	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/personal"
)

// BusyKind is what is at the address of a member's busy times.
type BusyKind string

// The kinds.
const (
	BusyFile   BusyKind = "calendar" // an iCalendar file
	BusyCalDAV BusyKind = "caldav"   // a collection of a CalDAV server
)

// ErrNotYourCalendar means that somebody says where another member's calendar is.
var ErrNotYourCalendar = &domain.Refusal{Kind: domain.Denied, Code: "not_your_calendar", Message: "Only the member themselves say where their calendar is."}

// BusyAddressSet records where a member's busy times are from now on. What it
// says is under a key of its own, which goes when it counts no more.
type BusyAddressSet struct {
	domain.Stamp
	Busy     string        `json:"busy"` // id, and the key's
	Kind     BusyKind      `json:"kind"`
	Address  personal.Text `json:"address"`
	User     personal.Text `json:"user"`
	Password personal.Text `json:"password"`
}

// EventName implements domain.Fact.
func (BusyAddressSet) EventName() string { return "member.busy_address_set.v1" }

func (e BusyAddressSet) evolve(m Member) Member { m.Busy = e.Busy; return m }

// BusyAddressRemoved records that a member's busy times are nowhere.
type BusyAddressRemoved struct {
	domain.Stamp
	Busy string `json:"busy"`
}

// EventName implements domain.Fact.
func (BusyAddressRemoved) EventName() string { return "member.busy_address_removed.v1" }

func (BusyAddressRemoved) evolve(m Member) Member { m.Busy = ""; return m }

// Calendar is where busy times are.
type Calendar struct {
	Kind     BusyKind
	Address  personal.Text // required
	User     personal.Text
	Password personal.Text
}

// SetBusyAddress says where the busy times of the member are, whose id is id.
// busy is the id of the address; the same again is no event.
// Errors: ErrUnknown, ErrInactive, ErrNotYourCalendar, domain.ErrInvalid.
func (m Member) SetBusyAddress(id, busy string, c Calendar, s domain.Stamp) ([]Event, error) {
	if err := m.ownCalendar(id, s); err != nil {
		return nil, err
	}
	switch {
	case c.Kind != BusyFile && c.Kind != BusyCalDAV:
		return nil, domain.ErrInvalid.Because("There is no kind of calendar %q.", string(c.Kind))
	case c.Address.IsZero() || busy == "":
		return nil, domain.ErrInvalid.Because("A calendar needs an address.")
	case m.Busy == busy:
		return nil, nil
	}
	return []Event{BusyAddressSet{Stamp: s, Busy: busy, Kind: c.Kind, Address: c.Address, User: c.User, Password: c.Password}}, nil
}

// RemoveBusyAddress says that the busy times of the member are nowhere.
// Errors: ErrUnknown, ErrInactive, ErrNotYourCalendar.
func (m Member) RemoveBusyAddress(id string, s domain.Stamp) ([]Event, error) {
	if err := m.ownCalendar(id, s); err != nil || m.Busy == "" {
		return nil, err
	}
	return []Event{BusyAddressRemoved{Stamp: s, Busy: m.Busy}}, nil
}

func (m Member) ownCalendar(id string, s domain.Stamp) error {
	switch {
	case !m.Exists:
		return ErrUnknown
	case !m.Active:
		return ErrInactive
	case s.By != domain.Member(id):
		return ErrNotYourCalendar
	}
	return nil
}
