package domain

import (
	"fmt"
	"strings"
)

// Actor is who did something. The candidate as actor is only "candidate": who
// that is, the event does not say in the clear.
type Actor string

// The actors that are not members.
const (
	Candidate Actor = "candidate"
	System    Actor = "system"
)

// Member returns the member id as an actor.
func Member(id string) Actor { return Actor("member:" + id) }

// MemberID returns the id of the member who acts, or "" if it is none.
func (a Actor) MemberID() string {
	id, ok := strings.CutPrefix(string(a), "member:")
	if !ok {
		return ""
	}
	return id
}

func (a Actor) known() bool { return a == Candidate || a == System || a.MemberID() != "" }

// MarshalText refuses an actor that UnmarshalText could not read back: an event
// nobody stamped must not get into the log.
func (a Actor) MarshalText() ([]byte, error) {
	if !a.known() {
		return nil, fmt.Errorf("unknown actor %q", string(a))
	}
	return []byte(a), nil
}

// UnmarshalText refuses an actor no version of this program wrote.
func (a *Actor) UnmarshalText(text []byte) error {
	got := Actor(text)
	if !got.known() {
		return fmt.Errorf("unknown actor %q", text)
	}
	*a = got
	return nil
}
