package member

import (
	"slices"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/organization"
)

// ErrNotYourNotifications means that somebody says of another member what they
// want to be told of.
var ErrNotYourNotifications = &domain.Refusal{Kind: domain.Denied, Code: "not_your_notifications", Message: "Only the member themselves say what they are told of."}

// Notifications are what a member wants to be told of, whatever their recruiting
// roles say: On always, Off never. For what is in neither the roles decide.
type Notifications struct {
	On  []organization.Notification `json:"on,omitempty"`  // sorted
	Off []organization.Notification `json:"off,omitempty"` // sorted
}

// NotificationsSet records what the member wants to be told of from now on.
type NotificationsSet struct {
	domain.Stamp
	Notifications
}

// EventName implements domain.Fact.
func (NotificationsSet) EventName() string { return "member.notifications_set.v1" }

func (e NotificationsSet) evolve(m Member) Member { m.Notify = e.Notifications; return m }

// SetNotifications says what the member, whose id is id, wants to be told of.
// Errors: ErrUnknown, ErrInactive, ErrNotYourNotifications, domain.ErrInvalid.
func (m Member) SetNotifications(id string, n Notifications, s domain.Stamp) ([]Event, error) {
	switch {
	case !m.Exists:
		return nil, ErrUnknown
	case !m.Active:
		return nil, ErrInactive
	case s.By != domain.Member(id):
		return nil, ErrNotYourNotifications
	}
	for _, kind := range slices.Concat(n.On, n.Off) {
		if !slices.Contains(organization.Notifications(), kind) {
			return nil, domain.ErrInvalid.Because("There is no notification %q.", string(kind))
		}
	}
	n = Notifications{On: sorted(n.On), Off: sorted(n.Off)}
	for _, kind := range n.On {
		if slices.Contains(n.Off, kind) {
			return nil, domain.ErrInvalid.Because("A notification is on or off, not both: %s.", string(kind))
		}
	}
	if slices.Equal(n.On, m.Notify.On) && slices.Equal(n.Off, m.Notify.Off) {
		return nil, nil
	}
	return []Event{NotificationsSet{Stamp: s, Notifications: n}}, nil
}

// sorted returns kinds in order, each once; nil for none.
func sorted(kinds []organization.Notification) []organization.Notification {
	return slices.Compact(slices.Sorted(slices.Values(kinds)))
}
