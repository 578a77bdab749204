// Package message holds one mail between the company and a candidate: how far
// one that is sent has got, and where one that came in belongs.
//
// What it says, and the addresses, are under a key of the message's own, which
// is wrapped for the application it belongs to; one that belongs to none yet
// owns its key itself. What a message says is not folded: decisions need none of
// it.
package message

import (
	"time"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/personal"
)

// Direction says which way a message goes. The zero value is a message that
// does not exist.
type Direction string

// The directions.
const (
	Outbound Direction = "outbound"
	Inbound  Direction = "inbound"
)

// Status is how far an outbound message has got.
type Status string

// The statuses of an outbound message.
const (
	IsScheduled Status = "scheduled" // it leaves when its time has come
	IsSending   Status = "sending"   // somebody hands it over
	IsSent      Status = "sent"      // it was taken, which does not say that it arrived
	IsFailed    Status = "failed"    // it was certainly not taken
	IsUnknown   Status = "unknown"   // nobody knows whether it was taken
	IsCancelled Status = "cancelled"
	IsBounced   Status = "bounced" // it was taken, and came back
)

// Purpose says what an outbound message goes along with.
type Purpose string

// The purposes.
const (
	Ordinary  Purpose = ""
	Rejection Purpose = "rejection" // it tells of a disqualification
)

// Limits of messages.
const (
	MaxSubject     = 200    // characters
	MaxBody        = 20_000 // characters
	MaxAddress     = 254    // characters
	MaxName        = 200    // characters of a sender's name
	MaxMessageID   = 255    // characters
	MaxAttachments = 20
	MaxLeftOut     = 200                  // files that came along and were not kept
	MaxAhead       = 366 * 24 * time.Hour // how far ahead a message is scheduled
)

// Message is what decisions about a message need.
type Message struct {
	Place     // an empty application = it belongs to none yet
	Direction Direction
	Thread    string // id of the message the conversation began with
	Author    domain.Actor
	Purpose   Purpose
	Template  string // it was written from; empty = none

	Status  Status // of an outbound one
	SendAt  time.Time
	RetryAt time.Time // when it is tried again by itself; zero = it is not
	Attempt int       // how often it was handed over
	Tried   int       // how often that failed since somebody said it should be tried
	Effect  string    // that handed it over last
	Since   time.Time // since when it is being handed over
	Changed string    // id of the last change

	Closed   bool              // an inbound one: somebody took care of it
	Files    []string          // that go along, or came along
	Held     []string          // of those that came along: they were not scanned for malware yet
	Infected map[string]string // of the same: what they are infected with, by id
	Left     []Place           // where it belonged before, in order
}

// Place is where a message belongs: an application, with its job. Events say it
// for who looks at them alone.
type Place struct {
	Application string `json:"application"`
	Job         string `json:"job"`
}

// Event is a fact about a message. Names and JSON fields are stored for ever;
// testdata/events pins them.
//
//sumtype:decl
type Event interface {
	domain.Fact
	evolve(Message) Message
}

// Codec reads and writes the events of a message.
var Codec = domain.NewCodec[Event](
	Written{}, Changed{}, Cancelled{}, Sending{}, Sent{}, Failed{}, OutcomeUnknown{}, Retried{}, Bounced{},
	Received{}, Assigned{}, Moved{}, Closed{}, FileScanned{},
)

// Fold returns m with events applied in order.
func (m Message) Fold(events ...Event) Message {
	for _, e := range events {
		m = e.evolve(m)
	}
	return m
}

// The rules that refuse.
var (
	ErrUnknown    = &domain.Refusal{Kind: domain.Absent, Code: "unknown_message", Message: "There is no such message."}
	ErrLeft       = &domain.Refusal{Kind: domain.Illegal, Code: "message_left", Message: "The message is on its way or gone, and cannot be changed any more."}
	ErrNotOut     = &domain.Refusal{Kind: domain.Illegal, Code: "message_inbound", Message: "The message came in; only those that are sent can be changed, cancelled or tried again."}
	ErrNotIn      = &domain.Refusal{Kind: domain.Illegal, Code: "message_outbound", Message: "The message was written here; only those that came in are taken care of."}
	ErrNoAddress  = &domain.Refusal{Kind: domain.Illegal, Code: "message_no_address", Message: "No e-mail address of the candidate is known."}
	ErrNotFailed  = &domain.Refusal{Kind: domain.Illegal, Code: "message_not_failed", Message: "The message did not fail, so it is not tried again."}
	ErrMovedAway  = &domain.Refusal{Kind: domain.Illegal, Code: "message_moved", Message: "The message was written for another application, so it is not tried again; write a new one."}
	ErrAssigned   = &domain.Refusal{Kind: domain.Illegal, Code: "message_assigned", Message: "The message belongs to an application already; move it from there."}
	ErrUnassigned = &domain.Refusal{Kind: domain.Illegal, Code: "message_unassigned", Message: "The message belongs to no application yet."}
)

// Attachment is a file that goes along or came along. Its bytes are sealed under
// the key with its id.
type Attachment struct {
	File     string        `json:"file"`
	Document string        `json:"document,omitempty"` // it is of; empty when it came along
	Name     personal.Text `json:"name"`
	Size     int64         `json:"size"` // bytes
	Type     string        `json:"type"` // media type, by content
}

// LeftOut is a file that came along and was not kept.
type LeftOut struct {
	Name   personal.Text `json:"name"`
	Reason LeftOutReason `json:"reason"`
}

// LeftOutReason says why a file was not kept. It is stored for ever.
type LeftOutReason string

// Why a file was not kept.
const (
	Infected LeftOutReason = "infected"  // a scanner said so; such files are quarantined since
	TooMany  LeftOutReason = "too_many"  // behind the twentieth
	TooLarge LeftOutReason = "too_large" // more than a document may have
)

// Reached reports whether the candidate had an outbound message, will have it, or
// may have had it. One that failed and is tried again by itself counts.
func (m Message) Reached() bool {
	switch m.Status {
	case IsScheduled, IsSending, IsSent, IsUnknown:
		return true
	case IsFailed:
		return !m.RetryAt.IsZero()
	case IsCancelled, IsBounced:
	}
	return false
}

func filesOf(attachments []Attachment) []string {
	if len(attachments) == 0 {
		return nil
	}
	ids := make([]string, len(attachments))
	for i, a := range attachments {
		ids[i] = a.File
	}
	return ids
}

// outbound refuses what only messages that are sent can have done to them.
func (m Message) outbound() error {
	switch m.Direction {
	case Outbound:
		return nil
	case Inbound:
		return ErrNotOut
	}
	return ErrUnknown
}

// inbound refuses what only messages that came in can have done to them.
func (m Message) inbound() error {
	switch m.Direction {
	case Inbound:
		return nil
	case Outbound:
		return ErrNotIn
	}
	return ErrUnknown
}
