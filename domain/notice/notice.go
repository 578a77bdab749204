// Package notice holds what one person is told by mail of one application: what
// happened within a while is one mail. A stream is of one person and one
// application, or one interview of it; it names kinds and ids, nothing personal.
package notice

import (
	"slices"
	"time"

	"github.com/hirelog/hirelog/domain"
)

// Kind says what happened. It is stored for ever.
type Kind string

// The kinds of what a candidate is told, and, with UploadReceived, a member.
const (
	DocumentRequested Kind = "document_requested"
	DocumentCancelled Kind = "document_cancelled"
	DocumentApproved  Kind = "document_approved"
	DocumentRejected  Kind = "document_rejected"
	DocumentDeleted   Kind = "document_deleted" // its newest version; it is asked for again
	DocumentReminder  Kind = "document_reminder"
	UploadReceived    Kind = "upload_received"
)

// The kinds of what somebody is told of an interview, with a calendar file.
const (
	InterviewPlanned   Kind = "interview_planned"
	InterviewChanged   Kind = "interview_changed"
	InterviewCancelled Kind = "interview_cancelled"
)

// Candidate is who is told as the candidate; anybody else is a member, by id.
const Candidate = "candidate"

// Name is of the mails of a person, among what is named after an application or an
// interview: their stream is the UUID that this makes with that one's.
func Name(to string) string { return "notices/" + to }

// Status is how far a mail has got.
type Status string

// The statuses of a mail.
const (
	IsOpen    Status = "open"    // it takes more, until its time has come
	IsSending Status = "sending" // somebody hands it over
	IsSent    Status = "sent"    // it was taken
	IsFailed  Status = "failed"  // it was certainly not taken
	IsUnknown Status = "unknown" // nobody knows whether it was taken
	IsDropped Status = "dropped" // there was no reason for it any more
	IsBounced Status = "bounced" // it was taken, and came back
)

const (
	// MaxItems is the most one mail tells of.
	MaxItems = 100
	// kept is how many mails of one person and application are remembered, besides
	// those that have not ended or that somebody is to take care of.
	kept = 4
)

// Notices are what decisions need of what one person is told of one application.
type Notices struct {
	Mails   []Mail // the last ones, oldest first
	Reached bool   // one was taken, or may have been
	Told    Told   // by the last of those
}

// Mail is what is told at once.
type Mail struct {
	ID       string
	About    About
	Items    []Item
	Status   Status
	ClosesAt time.Time // from then on it leaves
	RetryAt  time.Time // when it is tried again by itself; zero = it is not
	Attempt  int       // how often it was handed over
	Tried    int       // how often that failed since the last thing was noted that it tells
	Tells    Told      // at the last attempt
	Effect   string    // that handed it over last
	Since    time.Time // since when it is being handed over
	Reason   string    // why it failed, was dropped or came back; a code
	Closed   bool      // nothing is to be done about it any more, once it had come back
}

// About is whom a mail is to, and what it is about.
type About struct {
	To          string `json:"to"`          // Candidate, or a member
	Application string `json:"application"` // the newest part of it, when the mail was begun
	Job         string `json:"job"`

	Interview string `json:"interview,omitempty"` // by which calendars know it; empty = it is about none
}

// Item is one thing that happened.
type Item struct {
	Kind    Kind   `json:"kind"`
	Subject string `json:"subject"` // id of what it happened to, such as a document
	Cause   string `json:"cause"`   // id of the event
}

// Told is what a mail about an interview tells calendars: a method, and the
// sequence of the changes it is as of. The zero value tells them nothing.
type Told struct {
	Method   string `json:"method,omitempty"`
	Sequence int    `json:"sequence,omitempty"`
}

// Knows reports whether the person was told this of an interview already, or
// something later, by a mail that was taken, or perhaps.
func (n Notices) Knows(t Told) bool {
	return t.Method != "" && n.Told.Method == t.Method && n.Told.Sequence >= t.Sequence
}

// Leaving reports whether a mail is being handed over.
func (n Notices) Leaving() bool {
	return slices.ContainsFunc(n.Mails, func(m Mail) bool { return m.Status == IsSending })
}

// Leaves is when a mail that has not left does.
func (m Mail) Leaves() time.Time {
	if m.RetryAt.After(m.ClosesAt) {
		return m.RetryAt
	}
	return m.ClosesAt
}

// Ended reports whether nothing becomes of a mail any more.
func (m Mail) Ended() bool {
	switch m.Status {
	case IsOpen, IsSending:
		return false
	case IsFailed:
		return m.RetryAt.IsZero()
	case IsSent, IsUnknown, IsDropped, IsBounced:
	}
	return true
}

// over reports whether a mail may be forgotten: nothing becomes of it any more, and
// nobody is to take care of it.
func (m Mail) over() bool { return m.Ended() && !m.unsettled() }

// waits reports whether the mail has not left, and will: it takes more.
func (m Mail) waits() bool { return m.Status == IsOpen || m.Status == IsFailed && !m.RetryAt.IsZero() }

// Event is a fact about what a person is told. Names and JSON fields are stored
// for ever; testdata/events pins them.
//
//sumtype:decl
type Event interface {
	domain.Fact
	evolve(Notices) Notices
}

// Codec reads and writes the events of notices.
var Codec = domain.NewCodec[Event](Noted{}, Sending{}, Sent{}, Failed{}, OutcomeUnknown{}, Dropped{}, Bounced{}, BounceClosed{})

// Fold returns n with events applied in order.
func (n Notices) Fold(events ...Event) Notices {
	for _, e := range events {
		n = e.evolve(n)
	}
	return n
}

// ErrUnknown means that there is no such mail.
var ErrUnknown = &domain.Refusal{Kind: domain.Absent, Code: "unknown_notice", Message: "There is no such notice."}

// Get returns a mail, if it is remembered.
func (n Notices) Get(id string) (Mail, bool) {
	i := slices.IndexFunc(n.Mails, func(m Mail) bool { return m.ID == id })
	if i < 0 {
		return Mail{}, false
	}
	return n.Mails[i], true
}

// with returns n with a mail as change leaves it.
func (n Notices) with(id string, change func(*Mail)) Notices {
	n.Mails = slices.Clone(n.Mails)
	for i := range n.Mails {
		if n.Mails[i].ID == id {
			change(&n.Mails[i])
		}
	}
	return n
}

// Noted records that something is told by a mail: by one that has not left, or,
// if it opens one, by that.
type Noted struct {
	domain.Stamp
	Mail string `json:"mail"` // id
	About
	Item
	Opens    bool      `json:"opens,omitempty"`
	Hastens  bool      `json:"hastens,omitempty"` // it leaves earlier than it would have: at ClosesAt
	ClosesAt time.Time `json:"closes_at"`
}

// EventName implements domain.Fact.
func (Noted) EventName() string { return "notice.noted.v1" }

func (e Noted) evolve(n Notices) Notices {
	if !e.Opens {
		return n.with(e.Mail, func(m *Mail) {
			m.Items, m.Tried = append(slices.Clip(m.Items), e.Item), 0
			if e.Hastens {
				m.ClosesAt = e.ClosesAt
				if !m.RetryAt.IsZero() {
					m.RetryAt = e.ClosesAt
				}
			}
		})
	}
	ended := 0
	for _, m := range n.Mails {
		if m.over() {
			ended++
		}
	}
	mails := make([]Mail, 0, len(n.Mails)+1)
	for _, m := range n.Mails {
		if m.over() && ended > kept {
			ended--
			continue
		}
		mails = append(mails, m)
	}
	n.Mails = append(mails, Mail{ID: e.Mail, About: e.About, Items: []Item{e.Item}, Status: IsOpen, ClosesAt: e.ClosesAt})
	return n
}

// Note tells of something by the mail that has not left yet, which leaves after
// window at the latest from then on, or by a new one, whose id is mail, which leaves
// then: what is too much for one goes with the next. What is told already is no
// event, nor is what calendars were told already, if that is all it tells.
// Errors: domain.ErrInvalid.
func (n Notices) Note(mail string, about About, item Item, tells Told, window time.Duration, s domain.Stamp) ([]Event, error) {
	if mail == "" || about.To == "" || about.Application == "" || item.Kind == "" || item.Subject == "" || item.Cause == "" || window < 0 {
		return nil, domain.ErrInvalid.Because("A notice says whom it tells what.")
	}
	for _, m := range n.Mails {
		if m.ID == mail || slices.ContainsFunc(m.Items, func(told Item) bool { return told.Cause == item.Cause }) {
			return nil, nil
		}
	}
	if n.Knows(tells) {
		return nil, nil
	}
	leaves := s.At.Add(window)
	for _, m := range n.Mails {
		if !m.waits() || len(m.Items) >= MaxItems {
			continue
		}
		e := Noted{Stamp: s, Mail: m.ID, About: m.About, Item: item, ClosesAt: m.ClosesAt}
		if leaves.Before(m.Leaves()) {
			e.Hastens, e.ClosesAt = true, leaves
		}
		return []Event{e}, nil
	}
	return []Event{Noted{Stamp: s, Mail: mail, About: about, Item: item, Opens: true, ClosesAt: leaves}}, nil
}
