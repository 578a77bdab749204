package commands

import (
	"context"
	"net/url"

	"github.com/google/uuid"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/member"
	"github.com/hirelog/hirelog/domain/personal"
	"github.com/hirelog/hirelog/internal/vault"
)

// kindBusy is of where a member's busy times were.
const kindBusy = "busy_address"

// SetBusyAddress says where the busy times are of the member who asks.
type SetBusyAddress struct {
	Kind     member.BusyKind `json:"kind" enum:"calendar,caldav" doc:"What is there: an iCalendar file, with events or free-busy times, or a CalDAV collection, which is asked for free-busy times"`
	Address  personal.Plain  `json:"address" minLength:"9" maxLength:"500" doc:"It begins with https://; who it is shown to is you"`
	User     personal.Plain  `json:"user,omitempty" maxLength:"200" doc:"Name to sign in there by, if need be"`
	Password personal.Plain  `json:"password,omitempty" maxLength:"500" doc:"Its password, best one for this alone; it is never shown"`
}

// SetBusyAddress gives cmd. Members may, for themselves. What was said before is
// destroyed. Errors: those of member.SetBusyAddress; ErrDenied.
func (c *Commands) SetBusyAddress(ctx context.Context, caller Caller, cmd SetBusyAddress) (Answer, error) {
	id, busy := caller.Actor.MemberID(), caller.newID("busy address")
	key := personal.Key{ID: busy, Owner: id}
	address, err := domain.LineOf("The address", string(cmd.Address), 9, 500)
	if err != nil {
		return Answer{}, err
	}
	to, err := url.Parse(address)
	if err != nil || to.Scheme != "https" || to.Host == "" || to.User != nil || to.Fragment != "" {
		return Answer{}, domain.ErrInvalid.Because("The address must be one of https, without user and fragment.")
	}
	calendar := member.Calendar{Kind: cmd.Kind, Address: personal.New(key, personal.Plain(address))}
	if calendar.User, err = lineUnder("The user", cmd.User, 0, 200, key); err != nil {
		return Answer{}, err
	}
	if calendar.Password, err = textOf("The password", cmd.Password, 0, 500, key); err != nil {
		return Answer{}, err
	}
	return c.onCalendar(ctx, caller, func(m member.Member, s domain.Stamp) ([]member.Event, error) {
		return m.SetBusyAddress(id, busy, calendar, s)
	})
}

// RemoveBusyAddress says that the busy times of the member who asks are nowhere.
// What was said before is destroyed.
// Errors: those of member.RemoveBusyAddress; ErrDenied.
func (c *Commands) RemoveBusyAddress(ctx context.Context, caller Caller) (Answer, error) {
	return c.onCalendar(ctx, caller, func(m member.Member, s domain.Stamp) ([]member.Event, error) {
		return m.RemoveBusyAddress(caller.Actor.MemberID(), s)
	})
}

// onCalendar gives a command after which the address before counts no more: its
// key is destroyed first, since with it goes a password.
func (c *Commands) onCalendar(ctx context.Context, caller Caller, decide func(member.Member, domain.Stamp) ([]member.Event, error)) (Answer, error) {
	id := caller.Actor.MemberID()
	if id == "" {
		return Answer{}, ErrDenied
	}
	return transact(ctx, c, c.members, id, caller, decision[member.Member, member.Event]{
		decide: decide,
		prepare: func(ctx context.Context, m member.Member) error {
			if m.Busy == "" {
				return nil
			}
			return c.erase(ctx, caller, vault.Erasure{
				ID: uuid.NewSHA1(uuid.MustParse(m.Busy), []byte("erasure")), Kind: kindBusy, Subject: m.Busy, Keys: []string{m.Busy},
				Stream: "member-" + id, Actor: string(caller.Actor), CommandID: caller.CommandID, At: c.atOf(caller),
			}, nil)
		},
	})
}
