package message

import (
	"time"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/personal"
)

// Written records that a message to the candidate of an application was written,
// and when it is to leave.
type Written struct {
	domain.Stamp
	Place
	Thread      string        `json:"thread"`
	Answers     string        `json:"answers,omitempty"` // message
	Purpose     Purpose       `json:"purpose,omitempty"`
	Template    string        `json:"template,omitempty"` // it was written from
	To          personal.Text `json:"to"`
	Subject     personal.Text `json:"subject"`
	Text        personal.Text `json:"text"`
	Attachments []Attachment  `json:"attachments,omitempty"`
	SendAt      time.Time     `json:"send_at"`
}

// EventName implements domain.Fact.
func (Written) EventName() string { return "message.written.v1" }

func (e Written) evolve(m Message) Message {
	m.Direction, m.Place, m.Thread = Outbound, e.Place, e.Thread
	m.Author, m.Purpose, m.Template, m.Files = e.By, e.Purpose, e.Template, filesOf(e.Attachments)
	m.Status, m.SendAt = IsScheduled, e.SendAt
	return m
}

// Draft is a message to be written.
type Draft struct {
	Place
	Thread      string // id of the message the conversation began with
	Answers     string // message; empty = none
	Purpose     Purpose
	Template    string        // it is written from; empty = none
	To          personal.Text // required
	Subject     personal.Text // required
	Text        personal.Text // required
	Attachments []Attachment
	SendAt      time.Time // the past means at once
}

// Write writes a message to a candidate. A message is written once; doing it
// again is no event. Errors: ErrNoAddress, domain.ErrInvalid.
func (m Message) Write(d Draft, s domain.Stamp) ([]Event, error) {
	if m.Direction != "" {
		return nil, nil
	}
	switch {
	case d.Application == "" || d.Thread == "":
		return nil, ErrUnassigned
	case d.To.IsZero():
		return nil, ErrNoAddress
	case d.Purpose != Ordinary && d.Purpose != Rejection:
		return nil, domain.ErrInvalid.Because("There is no purpose %q of a message.", string(d.Purpose))
	}
	if err := sendable(d.Subject, d.Text, d.Attachments); err != nil {
		return nil, err
	}
	at, err := due(d.SendAt, s.At)
	if err != nil {
		return nil, err
	}
	return []Event{Written{
		Stamp: s, Place: d.Place, Thread: d.Thread, Answers: d.Answers, Purpose: d.Purpose, Template: d.Template,
		To: d.To, Subject: d.Subject, Text: d.Text, Attachments: d.Attachments, SendAt: at,
	}}, nil
}

// sendable refuses what is no message.
func sendable(subject, text personal.Text, attachments []Attachment) error {
	switch {
	case subject.IsZero():
		return domain.ErrInvalid.Because("A message needs a subject.")
	case text.IsZero():
		return domain.ErrInvalid.Because("A message needs a text.")
	case len(attachments) > MaxAttachments:
		return domain.ErrInvalid.Because("A message takes at most %d files along.", MaxAttachments)
	}
	return nil
}

// due returns when a message leaves: at, if that is to come.
func due(at, now time.Time) (time.Time, error) {
	switch {
	case !at.After(now):
		return now, nil
	case at.After(now.Add(MaxAhead)):
		return at, domain.ErrInvalid.Because("A message is scheduled at most %d days ahead.", MaxAhead/(24*time.Hour))
	}
	return at, nil
}

// Changed records that a message that has not left says something else, or
// leaves at another time.
type Changed struct {
	domain.Stamp
	Place
	Change      string        `json:"change"` // id
	Subject     personal.Text `json:"subject"`
	Text        personal.Text `json:"text"`
	Attachments []Attachment  `json:"attachments,omitempty"`
	SendAt      time.Time     `json:"send_at"`
	Purpose     Purpose       `json:"purpose,omitempty"` // of the message
}

// EventName implements domain.Fact.
func (Changed) EventName() string { return "message.changed.v1" }

func (e Changed) evolve(m Message) Message {
	m.Changed, m.SendAt, m.Files = e.Change, e.SendAt, filesOf(e.Attachments)
	return m
}

// Change puts another text, other files and another time in the place of those
// of a message that has not left; change is its id, the same again is no event.
// Errors: ErrUnknown, ErrNotOut, ErrLeft, domain.ErrInvalid.
func (m Message) Change(change string, d Draft, s domain.Stamp) ([]Event, error) {
	if err := m.outbound(); err != nil {
		return nil, err
	}
	switch {
	case m.Changed == change:
		return nil, nil
	case m.Status != IsScheduled:
		return nil, ErrLeft
	}
	if err := sendable(d.Subject, d.Text, d.Attachments); err != nil {
		return nil, err
	}
	at, err := due(d.SendAt, s.At)
	if err != nil {
		return nil, err
	}
	return []Event{Changed{Stamp: s, Place: m.Place, Change: change, Subject: d.Subject, Text: d.Text, Attachments: d.Attachments, SendAt: at, Purpose: m.Purpose}}, nil
}

// Cancelled records that a message will not leave.
type Cancelled struct {
	domain.Stamp
	Place
	Purpose Purpose `json:"purpose,omitempty"`
}

// EventName implements domain.Fact.
func (Cancelled) EventName() string { return "message.cancelled.v1" }

func (Cancelled) evolve(m Message) Message {
	m.Status, m.RetryAt = IsCancelled, time.Time{}
	return m
}

// Cancel decides that a message that has not left, or could not, will not.
// Errors: ErrUnknown, ErrNotOut, ErrLeft.
func (m Message) Cancel(s domain.Stamp) ([]Event, error) {
	if err := m.outbound(); err != nil {
		return nil, err
	}
	switch m.Status {
	case IsCancelled:
		return nil, nil
	case IsScheduled, IsFailed:
		return []Event{Cancelled{Stamp: s, Place: m.Place, Purpose: m.Purpose}}, nil
	case IsSending, IsSent, IsUnknown, IsBounced:
	}
	return nil, ErrLeft
}
