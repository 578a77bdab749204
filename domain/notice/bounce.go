package notice

import (
	"slices"

	"github.com/hirelog/hirelog/domain"
)

// Bounced records that a mail came back: it did not reach who it was to.
type Bounced struct {
	domain.Stamp
	Mail    string `json:"mail"`
	About          // with the newest part of the application
	Attempt int    `json:"attempt"`
	Reason  string `json:"reason"`            // status of RFC 3463, such as 5.1.1
	Meeting string `json:"meeting,omitempty"` // the interview's id there
}

// EventName implements domain.Fact.
func (Bounced) EventName() string { return "notice.bounced.v1" }

func (e Bounced) evolve(n Notices) Notices {
	n.Reached = true // it was taken
	if m, _ := n.Get(e.Mail); m.Tells == n.Told {
		n.Told = Told{} // nobody's calendar was told
	}
	return n.settled().with(e.Mail, func(m *Mail) { m.Status, m.Reason = IsBounced, e.Reason })
}

// settled returns n with nothing to be done about what came back before: something
// newer is known of the person's address.
func (n Notices) settled() Notices {
	n.Mails = slices.Clone(n.Mails)
	for i, m := range n.Mails {
		n.Mails[i].Closed = m.Closed || m.Status == IsBounced
	}
	return n
}

// unsettled reports whether the mail came back and somebody is to take care of it.
func (m Mail) unsettled() bool { return m.Status == IsBounced && !m.Closed }

// Bounce says that what was sent at an attempt came back, about what it is about by
// now. Of an earlier attempt than the last it says nothing any more. Errors: ErrUnknown.
func (n Notices) Bounce(mail string, attempt int, reason string, about About, meeting string, s domain.Stamp) ([]Event, error) {
	m, ok := n.Get(mail)
	switch {
	case !ok:
		return nil, ErrUnknown
	case m.Attempt != attempt || m.Status != IsSending && m.Status != IsSent && m.Status != IsUnknown:
		return nil, nil
	}
	return []Event{Bounced{Stamp: s, Mail: mail, About: about, Attempt: attempt, Reason: reason, Meeting: meeting}}, nil
}

// BounceClosed records that somebody took care of a mail that came back.
type BounceClosed struct {
	domain.Stamp
	Mail string `json:"mail"`
}

// EventName implements domain.Fact.
func (BounceClosed) EventName() string { return "notice.bounce_closed.v1" }

func (e BounceClosed) evolve(n Notices) Notices {
	return n.with(e.Mail, func(m *Mail) { m.Closed = true })
}

// CameBack returns the mail that came back and that nobody has taken care of; there
// is one at most. If there is none, it returns the newest of those that came back.
func (n Notices) CameBack() (back Mail, ok bool) {
	for _, m := range n.Mails {
		if m.Status != IsBounced {
			continue
		}
		if back, ok = m, true; m.unsettled() {
			break
		}
	}
	return back, ok
}

// CloseBounce says that somebody took care of the mail that came back. Doing it
// again is no event. Errors: ErrUnknown.
func (n Notices) CloseBounce(s domain.Stamp) ([]Event, error) {
	m, ok := n.CameBack()
	switch {
	case !ok:
		return nil, ErrUnknown
	case m.Closed:
		return nil, nil
	}
	return []Event{BounceClosed{Stamp: s, Mail: m.ID}}, nil
}
