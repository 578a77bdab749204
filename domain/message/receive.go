package message

import (
	"maps"
	"slices"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/personal"
)

// Received records that a message came in, and where it belongs.
type Received struct {
	domain.Stamp
	Application string        `json:"application,omitempty"` // empty = it is to be assigned
	Job         string        `json:"job,omitempty"`
	Suggested   string        `json:"suggested,omitempty"`     // application, of one that is to be assigned
	Suggests    string        `json:"suggested_job,omitempty"` // of that application
	Thread      string        `json:"thread"`
	Answers     string        `json:"answers,omitempty"` // message
	Known       bool          `json:"known,omitempty"`   // the sender's address is a candidate's
	From        personal.Text `json:"from"`
	FromName    personal.Text `json:"from_name"`
	Subject     personal.Text `json:"subject"`
	Text        personal.Text `json:"text"`
	MessageID   personal.Text `json:"message_id"`
	Shortened   bool          `json:"shortened,omitempty"` // the whole text came as an attachment
	Attachments []Attachment  `json:"attachments,omitempty"`
	Held        []string      `json:"held,omitempty"`     // files of those that were not scanned for malware; see FileScanned
	LeftOut     []LeftOut     `json:"left_out,omitempty"` // came along and was not kept
}

// EventName implements domain.Fact.
func (Received) EventName() string { return "message.received.v1" }

func (e Received) evolve(m Message) Message {
	m.Direction, m.Place, m.Thread = Inbound, Place{e.Application, e.Job}, e.Thread
	m.Author, m.Files, m.Held = e.By, filesOf(e.Attachments), e.Held
	return m
}

// Arrival is a message on its way in.
type Arrival struct {
	Place
	Suggested Place // of one that belongs to no application
	Thread    string
	Answers   string
	Known     bool
	From      personal.Text // required
	FromName  personal.Text
	Subject   personal.Text
	Text      personal.Text
	MessageID personal.Text
	Shortened bool

	Attachments []Attachment
	Held        []string          // files of those that are held
	Infected    map[string]string // what some of these are known to be infected with, by id
	LeftOut     []LeftOut         // their names are under the message's key
}

// Receive takes a message in. It comes in once; again is no event.
// Errors: domain.ErrInvalid.
func (m Message) Receive(in Arrival, s domain.Stamp) ([]Event, error) {
	switch {
	case m.Direction != "":
		return nil, nil
	case in.From.IsZero():
		return nil, domain.ErrInvalid.Because("A message comes from somebody.")
	case len(in.LeftOut) > MaxLeftOut:
		return nil, domain.ErrInvalid.Because("Of a message at most %d files are left out.", MaxLeftOut)
	case len(in.Attachments) > MaxAttachments:
		return nil, domain.ErrInvalid.Because("A message has at most %d files with it.", MaxAttachments)
	}
	events := []Event{Received{
		Stamp: s, Application: in.Application, Job: in.Job, Suggested: in.Suggested.Application, Suggests: in.Suggested.Job,
		Thread: in.Thread, Answers: in.Answers, Known: in.Known, From: in.From, FromName: in.FromName, Subject: in.Subject, Text: in.Text,
		MessageID: in.MessageID, Shortened: in.Shortened, Attachments: in.Attachments, Held: in.Held, LeftOut: in.LeftOut,
	}}
	for _, file := range in.Held {
		if infection := in.Infected[file]; infection != "" {
			events = append(events, FileScanned{Stamp: s, Place: in.Place, File: file, Infection: infection})
		}
	}
	return events, nil
}

// FileScanned records what the malware scanner says of a file that came along and
// was held. Of one that belongs to an application by then, the events of that say
// it.
type FileScanned struct {
	domain.Stamp
	Place
	File      string `json:"file"`
	Infection string `json:"infection,omitempty"` // what it is infected with; empty = nothing was found
}

// EventName implements domain.Fact.
func (FileScanned) EventName() string { return "message.file_scanned.v1" }

func (e FileScanned) evolve(m Message) Message {
	m.Held = slices.DeleteFunc(slices.Clone(m.Held), func(file string) bool { return file == e.File })
	if e.Infection != "" {
		m.Infected = maps.Clone(m.Infected)
		if m.Infected == nil {
			m.Infected = map[string]string{}
		}
		m.Infected[e.File] = e.Infection
	}
	return m
}

// ScanFile says what a file that came along and is held is infected with, "" if
// nothing was found. One that is not held is no event, nor is one of a message
// that belongs to an application. Errors: ErrUnknown, ErrNotIn.
func (m Message) ScanFile(file, infection string, s domain.Stamp) ([]Event, error) {
	if err := m.inbound(); err != nil {
		return nil, err
	}
	if m.Application != "" || !slices.Contains(m.Held, file) {
		return nil, nil
	}
	return []Event{FileScanned{Stamp: s, File: file, Infection: infection}}, nil
}

// Assigned records to which application a message belongs that belonged to none.
type Assigned struct {
	domain.Stamp
	Place
}

// EventName implements domain.Fact.
func (Assigned) EventName() string { return "message.assigned.v1" }

func (e Assigned) evolve(m Message) Message {
	m.Place = e.Place
	return m
}

// Assign says to which application a message belongs that belongs to none yet.
// Errors: ErrUnknown, ErrNotIn, ErrAssigned, domain.ErrInvalid.
func (m Message) Assign(to Place, s domain.Stamp) ([]Event, error) {
	if err := m.inbound(); err != nil {
		return nil, err
	}
	switch {
	case to.Application == "":
		return nil, domain.ErrInvalid.Because("A message is assigned to an application.")
	case m.Application == to.Application:
		return nil, nil
	case m.Application != "":
		return nil, ErrAssigned
	}
	return []Event{Assigned{Stamp: s, Place: to}}, nil
}

// Moved records that a message belongs to another application. Whether it is
// open, and its files, go along.
type Moved struct {
	domain.Stamp
	From    string `json:"from"` // application
	FromJob string `json:"from_job"`
	To      string `json:"to"`
	ToJob   string `json:"to_job"`
	// Scheduled says that it had not left yet and goes along with an application
	// that goes on as another one.
	Scheduled bool `json:"scheduled,omitempty"`
}

// EventName implements domain.Fact.
func (Moved) EventName() string { return "message.moved.v1" }

func (e Moved) evolve(m Message) Message {
	if !e.Scheduled { // which is of the same person
		m.Left = append(slices.Clip(m.Left), Place{e.From, e.FromJob})
	}
	m.Place = Place{e.To, e.ToJob}
	return m
}

// Move says that a message belongs to another application. One that has not left,
// or is going to be tried again, stays where it is. Errors: ErrUnknown, ErrUnassigned, ErrNotGone,
// domain.ErrInvalid.
func (m Message) Move(to Place, s domain.Stamp) ([]Event, error) {
	switch {
	case m.Direction == "":
		return nil, ErrUnknown
	case to.Application == "":
		return nil, domain.ErrInvalid.Because("A message is moved to an application.")
	case m.Application == "":
		return nil, ErrUnassigned
	case m.Application == to.Application:
		return nil, nil
	case m.Status == IsScheduled, m.Status == IsSending, m.Status == IsFailed && !m.RetryAt.IsZero():
		return nil, ErrNotGone
	}
	return []Event{Moved{Stamp: s, From: m.Application, FromJob: m.Job, To: to.Application, ToJob: to.Job}}, nil
}

// GoAlong lets a message that has not left, or is going to be tried again, leave
// for the application that the one it was written for goes on as. Any other is no
// event.
func (m Message) GoAlong(from string, to Place, s domain.Stamp) []Event {
	if m.Application != from || from == "" || to.Application == from || m.Status != IsScheduled && (m.Status != IsFailed || m.RetryAt.IsZero()) {
		return nil
	}
	return []Event{Moved{Stamp: s, From: m.Application, FromJob: m.Job, To: to.Application, ToJob: to.Job, Scheduled: true}}
}

// ErrNotGone means that a message has not left.
var ErrNotGone = &domain.Refusal{Kind: domain.Illegal, Code: "message_not_gone", Message: "The message has not left yet; cancel it and write another."}

// Closed records that somebody took care of a message that came in.
type Closed struct {
	domain.Stamp
	Place
	Reply string `json:"reply,omitempty"` // the message that answers it
}

// EventName implements domain.Fact.
func (Closed) EventName() string { return "message.closed.v1" }

func (Closed) evolve(m Message) Message { m.Closed = true; return m }

// Close says that somebody took care of a message that came in, by reading it or
// by a reply. It is so for everybody. Errors: ErrUnknown, ErrNotIn, ErrUnassigned.
func (m Message) Close(reply string, s domain.Stamp) ([]Event, error) {
	if err := m.inbound(); err != nil {
		return nil, err
	}
	switch {
	case m.Application == "":
		return nil, ErrUnassigned
	case m.Closed:
		return nil, nil
	}
	return []Event{Closed{Stamp: s, Place: m.Place, Reply: reply}}, nil
}
