package member

import "github.com/hirelog/hirelog/domain"

// ErrNotYourInbox means that somebody says of another member what they have read.
var ErrNotYourInbox = &domain.Refusal{Kind: domain.Denied, Code: "not_your_inbox", Message: "Only the member themselves have read their inbox."}

// InboxRead records that the member has read their inbox up to a notice: what
// came later is unread.
type InboxRead struct {
	domain.Stamp
	Through string `json:"through"` // notice: the event it tells of
}

// EventName implements domain.Fact.
func (InboxRead) EventName() string { return "member.inbox_read.v1" }

func (e InboxRead) evolve(m Member) Member { m.Read = e.Through; return m }

// ReadInbox notes that the member, whose id is id, has read their inbox up to
// the notice they saw last. What was read stays read: an earlier notice changes
// nothing for those that came before the one named last.
// Errors: ErrUnknown, ErrInactive, ErrNotYourInbox, domain.ErrInvalid.
func (m Member) ReadInbox(id, through string, s domain.Stamp) ([]Event, error) {
	switch {
	case !m.Exists:
		return nil, ErrUnknown
	case !m.Active:
		return nil, ErrInactive
	case s.By != domain.Member(id):
		return nil, ErrNotYourInbox
	case through == "":
		return nil, domain.ErrInvalid.Because("Reading an inbox names the notice that was seen last.")
	case through == m.Read:
		return nil, nil
	}
	return []Event{InboxRead{Stamp: s, Through: through}}, nil
}
