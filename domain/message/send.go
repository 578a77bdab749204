package message

import (
	"time"

	"github.com/hirelog/hirelog/domain"
)

// pauses are those before a message that was not taken is tried again by itself;
// after the last one it is not.
var pauses = []time.Duration{time.Minute, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 8 * time.Hour}

// Sending records that a message is handed over: whoever recorded it, and nobody
// else, does so.
type Sending struct {
	domain.Stamp
	Place
	Attempt int    `json:"attempt"` // from 1
	Effect  string `json:"effect"`  // that does it
}

// EventName implements domain.Fact.
func (Sending) EventName() string { return "message.sending.v1" }

func (e Sending) evolve(m Message) Message {
	m.Status, m.Attempt, m.Effect, m.Since, m.RetryAt = IsSending, e.Attempt, e.Effect, e.At, time.Time{}
	m.Tried++
	return m
}

// Send decides that a message is handed over now, by an effect: one whose time
// has come, or that is to be tried again. Of any other, nothing is.
// Errors: ErrUnknown, ErrNotOut.
func (m Message) Send(effect string, s domain.Stamp) ([]Event, error) {
	if err := m.outbound(); err != nil {
		return nil, err
	}
	switch m.Status {
	case IsScheduled:
		if s.At.Before(m.SendAt) {
			return nil, nil
		}
	case IsFailed:
		if m.RetryAt.IsZero() || s.At.Before(m.RetryAt) {
			return nil, nil
		}
	case IsSending, IsSent, IsUnknown, IsCancelled, IsBounced:
		return nil, nil
	}
	return []Event{Sending{Stamp: s, Place: m.Place, Attempt: m.Attempt + 1, Effect: effect}}, nil
}

// Sent records that a message was taken by who carries mail.
type Sent struct {
	domain.Stamp
	Place
	Attempt int     `json:"attempt"`
	Purpose Purpose `json:"purpose,omitempty"`
}

// EventName implements domain.Fact.
func (Sent) EventName() string { return "message.sent.v1" }

func (Sent) evolve(m Message) Message { m.Status = IsSent; return m }

// Take says that the message was taken at an attempt. It is true also after it
// was given up as unknown.
// Errors: ErrUnknown, ErrNotOut.
func (m Message) Take(attempt int, s domain.Stamp) ([]Event, error) {
	if err := m.outbound(); err != nil {
		return nil, err
	}
	if attempt != m.Attempt || m.Status != IsSending && m.Status != IsUnknown {
		return nil, nil
	}
	return []Event{Sent{Stamp: s, Place: m.Place, Attempt: attempt, Purpose: m.Purpose}}, nil
}

// Failed records that a message was certainly not taken.
type Failed struct {
	domain.Stamp
	Place
	Attempt int        `json:"attempt"`
	Reason  string     `json:"reason"`             // a code, no personal data
	RetryAt *time.Time `json:"retry_at,omitempty"` // when it is tried again by itself
	Purpose Purpose    `json:"purpose,omitempty"`
}

// EventName implements domain.Fact.
func (Failed) EventName() string { return "message.failed.v1" }

func (e Failed) evolve(m Message) Message {
	m.Status, m.RetryAt = IsFailed, time.Time{}
	if e.RetryAt != nil {
		m.RetryAt = *e.RetryAt
	}
	return m
}

// Fail says that the message was certainly not taken at an attempt, for a reason
// told by its code. If it may be another time it is tried again by itself: after
// 1 and 5 minutes, half an hour, 2 and 8 hours.
// Errors: ErrUnknown, ErrNotOut.
func (m Message) Fail(attempt int, reason string, again bool, s domain.Stamp) ([]Event, error) {
	if err := m.outbound(); err != nil {
		return nil, err
	}
	if attempt != m.Attempt || m.Status != IsSending {
		return nil, nil
	}
	e := Failed{Stamp: s, Place: m.Place, Attempt: attempt, Reason: reason, Purpose: m.Purpose}
	if n := m.Tried - 1; again && n < len(pauses) {
		at := s.At.Add(pauses[n])
		e.RetryAt = &at
	}
	return []Event{e}, nil
}

// OutcomeUnknown records that nobody knows whether a message was taken. It is
// not tried again by itself: it might arrive twice.
type OutcomeUnknown struct {
	domain.Stamp
	Place
	Attempt int     `json:"attempt"`
	Purpose Purpose `json:"purpose,omitempty"`
}

// EventName implements domain.Fact.
func (OutcomeUnknown) EventName() string { return "message.outcome_unknown.v1" }

func (OutcomeUnknown) evolve(m Message) Message { m.Status = IsUnknown; return m }

// LoseTrack says that who handed the message over at an attempt is gone, or got
// no answer. Errors: ErrUnknown, ErrNotOut.
func (m Message) LoseTrack(attempt int, s domain.Stamp) ([]Event, error) {
	if err := m.outbound(); err != nil {
		return nil, err
	}
	if attempt != m.Attempt || m.Status != IsSending {
		return nil, nil
	}
	return []Event{OutcomeUnknown{Stamp: s, Place: m.Place, Attempt: attempt, Purpose: m.Purpose}}, nil
}

// Retried records that somebody had a message tried again.
type Retried struct {
	domain.Stamp
	Place
	Purpose Purpose `json:"purpose,omitempty"`
}

// EventName implements domain.Fact.
func (Retried) EventName() string { return "message.retried.v1" }

func (e Retried) evolve(m Message) Message {
	m.Status, m.SendAt, m.RetryAt, m.Tried = IsScheduled, e.At, time.Time{}, 0
	return m
}

// Retry has a message tried again that failed, came back, or of which nobody
// knows whether it was taken: it may arrive twice then. One that waits or is on
// its way is left alone, and one that was moved speaks of another application than its own.
// Errors: ErrUnknown, ErrNotOut, ErrNotFailed, ErrMovedAway.
func (m Message) Retry(s domain.Stamp) ([]Event, error) {
	if err := m.outbound(); err != nil {
		return nil, err
	}
	switch m.Status {
	case IsFailed, IsUnknown, IsBounced:
		if len(m.Left) > 0 {
			return nil, ErrMovedAway
		}
		return []Event{Retried{Stamp: s, Place: m.Place, Purpose: m.Purpose}}, nil
	case IsScheduled, IsSending:
		return nil, nil
	case IsSent, IsCancelled:
	}
	return nil, ErrNotFailed
}

// Bounced records that a message came back.
type Bounced struct {
	domain.Stamp
	Place
	Attempt int    `json:"attempt"`
	Reason  string `json:"reason"` // status of RFC 3463, such as 5.1.1
}

// EventName implements domain.Fact.
func (Bounced) EventName() string { return "message.bounced.v1" }

func (Bounced) evolve(m Message) Message { m.Status = IsBounced; return m }

// Bounce says that what was sent at an attempt came back. Of an earlier attempt
// than the last it says nothing any more.
// Errors: ErrUnknown, ErrNotOut.
func (m Message) Bounce(attempt int, reason string, s domain.Stamp) ([]Event, error) {
	if err := m.outbound(); err != nil {
		return nil, err
	}
	switch {
	case attempt != m.Attempt:
		return nil, nil
	case m.Status == IsSending, m.Status == IsSent, m.Status == IsUnknown:
		return []Event{Bounced{Stamp: s, Place: m.Place, Attempt: attempt, Reason: reason}}, nil
	}
	return nil, nil
}
