package notice

import (
	"time"

	"github.com/hirelog/hirelog/domain"
)

// pauses are those before a mail that was not taken is tried again by itself;
// after the last one it is not.
var pauses = []time.Duration{time.Minute, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 8 * time.Hour}

// Sending records that a mail is handed over: whoever recorded it, and nobody
// else, does so.
type Sending struct {
	domain.Stamp
	Mail    string `json:"mail"`
	Attempt int    `json:"attempt"` // from 1
	Effect  string `json:"effect"`  // that does it
	Told           // of an interview
}

// EventName implements domain.Fact.
func (Sending) EventName() string { return "notice.sending.v1" }

func (e Sending) evolve(n Notices) Notices {
	return n.with(e.Mail, func(m *Mail) {
		m.Status, m.Attempt, m.Effect, m.Since, m.RetryAt, m.Reason = IsSending, e.Attempt, e.Effect, e.At, time.Time{}, ""
		m.Tells = e.Told
	})
}

// Send decides that a mail is handed over now, by an effect: one whose time has
// come, or that is to be tried again. Of any other, nothing is. What it tells
// calendars is said, if it does. Errors: ErrUnknown.
func (n Notices) Send(mail, effect string, tells Told, s domain.Stamp) ([]Event, error) {
	m, ok := n.Get(mail)
	switch {
	case !ok:
		return nil, ErrUnknown
	case !m.waits(), s.At.Before(m.Leaves()):
		return nil, nil
	}
	return []Event{Sending{Stamp: s, Mail: mail, Attempt: m.Attempt + 1, Effect: effect, Told: tells}}, nil
}

// Sent records that a mail was taken by who carries mail, and what it told.
type Sent struct {
	domain.Stamp
	Mail    string `json:"mail"`
	Attempt int    `json:"attempt"`
	Told
}

// EventName implements domain.Fact.
func (Sent) EventName() string { return "notice.sent.v1" }

func (e Sent) evolve(n Notices) Notices {
	n.Reached, n.Told = true, e.Told
	return n.settled().with(e.Mail, func(m *Mail) { m.Status = IsSent })
}

// Take says that a mail was taken at an attempt. It is true also after it was
// given up as unknown. Errors: ErrUnknown.
func (n Notices) Take(mail string, attempt int, s domain.Stamp) ([]Event, error) {
	m, ok := n.Get(mail)
	switch {
	case !ok:
		return nil, ErrUnknown
	case m.Attempt != attempt || m.Status != IsSending && m.Status != IsUnknown:
		return nil, nil
	}
	return []Event{Sent{Stamp: s, Mail: mail, Attempt: attempt, Told: m.Tells}}, nil
}

// Failed records that a mail was certainly not taken.
type Failed struct {
	domain.Stamp
	Mail    string     `json:"mail"`
	About              // for who looks at it alone
	Attempt int        `json:"attempt"`
	Reason  string     `json:"reason"`             // a code
	RetryAt *time.Time `json:"retry_at,omitempty"` // when it is tried again by itself
}

// EventName implements domain.Fact.
func (Failed) EventName() string { return "notice.failed.v1" }

func (e Failed) evolve(n Notices) Notices {
	return n.with(e.Mail, func(m *Mail) {
		m.Status, m.Reason, m.RetryAt = IsFailed, e.Reason, time.Time{}
		m.Tried++
		if e.RetryAt != nil {
			m.RetryAt = *e.RetryAt
		}
	})
}

// Fail says that a mail was certainly not taken at an attempt, for a reason told
// by its code. If it may be another time it is tried again by itself: after 1 and
// 5 minutes, half an hour, 2 and 8 hours, and so on from the first of them after
// something more was noted that it tells. Errors: ErrUnknown.
func (n Notices) Fail(mail string, attempt int, reason string, again bool, s domain.Stamp) ([]Event, error) {
	m, ok := n.Get(mail)
	switch {
	case !ok:
		return nil, ErrUnknown
	case m.Attempt != attempt || m.Status != IsSending:
		return nil, nil
	}
	e := Failed{Stamp: s, Mail: mail, About: m.About, Attempt: attempt, Reason: reason}
	if again && m.Tried < len(pauses) {
		at := s.At.Add(pauses[m.Tried])
		e.RetryAt = &at
	}
	return []Event{e}, nil
}

// OutcomeUnknown records that nobody knows whether a mail was taken. It is not
// tried again: it might arrive twice.
type OutcomeUnknown struct {
	domain.Stamp
	Mail    string `json:"mail"`
	Attempt int    `json:"attempt"`
	Told           // perhaps
}

// EventName implements domain.Fact.
func (OutcomeUnknown) EventName() string { return "notice.outcome_unknown.v1" }

func (e OutcomeUnknown) evolve(n Notices) Notices {
	n.Reached, n.Told = true, e.Told
	return n.with(e.Mail, func(m *Mail) { m.Status, m.Reason = IsUnknown, "unknown" })
}

// LoseTrack says that who handed a mail over at an attempt is gone, or got no
// answer. Errors: ErrUnknown.
func (n Notices) LoseTrack(mail string, attempt int, s domain.Stamp) ([]Event, error) {
	m, ok := n.Get(mail)
	switch {
	case !ok:
		return nil, ErrUnknown
	case m.Attempt != attempt || m.Status != IsSending:
		return nil, nil
	}
	return []Event{OutcomeUnknown{Stamp: s, Mail: mail, Attempt: attempt, Told: m.Tells}}, nil
}

// Dropped records that a mail is not sent: when its time had come there was no
// reason for it any more.
type Dropped struct {
	domain.Stamp
	Mail   string `json:"mail"`
	Reason string `json:"reason"` // a code
}

// EventName implements domain.Fact.
func (Dropped) EventName() string { return "notice.dropped.v1" }

func (e Dropped) evolve(n Notices) Notices {
	return n.with(e.Mail, func(m *Mail) { m.Status, m.Reason, m.RetryAt = IsDropped, e.Reason, time.Time{} })
}

// Drop decides that a mail that has not left will not, for a reason told by its
// code. Errors: ErrUnknown.
func (n Notices) Drop(mail, reason string, s domain.Stamp) ([]Event, error) {
	m, ok := n.Get(mail)
	switch {
	case !ok:
		return nil, ErrUnknown
	case !m.waits():
		return nil, nil
	}
	return []Event{Dropped{Stamp: s, Mail: mail, Reason: reason}}, nil
}
