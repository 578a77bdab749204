// Package mail is the way mail leaves: what a mail is, the transport that takes
// it, and the one that captures it for an admin to look at.
//
// A mail is handed over after the log says that it is being sent (docs/effects.md):
// whoever calls a transport has won that. A transport is called at most once for
// an id, unless it said for certain that it did not take the mail.
package mail

import (
	"context"
	"errors"
	"io"

	"github.com/google/uuid"

	"github.com/hirelog/hirelog/domain/personal"
)

// Kind is what a mail is for.
type Kind string

// The kinds of mail.
const (
	Message    Kind = "message"      // of a member's to a candidate
	SignInCode Kind = "sign_in_code" // for a candidate's page
	Notice     Kind = "notice"       // that something happened
)

// Mail is one mail to send.
type Mail struct {
	ID   uuid.UUID
	Kind Kind
	// Key is what the mail is sealed under wherever it is kept: erasing it erases
	// the mail. Its owner is the application the mail is about.
	Key personal.Key
	// About is the application the mail is about; empty = the key's owner is.
	About string

	MessageID string // of the header, without brackets; empty = made of ID
	InReplyTo string // Message-ID of the mail it answers, without brackets; empty = none
	FromName  string // shown as the sender; the address is the transport's
	ReplyTo   personal.Plain
	To        []personal.Plain
	Subject   personal.Plain
	Text      personal.Plain // UTF-8, lines end with \n

	Attachments []Attachment
	// Calendar is an iCalendar object that is a part of the mail beside its text;
	// nil = none.
	Calendar *Calendar
}

// Calendar is an iCalendar object in a mail.
type Calendar struct {
	Method string // of the object, such as REQUEST
	Object personal.Plain
}

// Type is the Content-Type of the part that holds it.
func (c Calendar) Type() string { return "text/calendar; method=" + c.Method + "; charset=utf-8" }

// Attachment is a file that goes along with a mail.
type Attachment struct {
	Name personal.Plain
	Type string // media type
	Size int64  // bytes
	// Open returns the content; the caller closes it. A transport that does not
	// need it does not call.
	Open func(context.Context) (io.ReadCloser, error)
}

// Transport takes mail. It is safe for concurrent use.
type Transport interface {
	// Send hands a mail over. When it returns nil the mail was taken, which does
	// not say that it arrives.
	// Errors: *RejectedError and ErrNotTaken, after which it was certainly not
	// taken; every other error leaves that open.
	Send(ctx context.Context, m Mail) error
}

// ErrNotTaken means that the mail was certainly not taken, and may be later.
var ErrNotTaken = errors.New("mail was not taken")

// RejectedError says that the mail was certainly not taken, and will not be however often
// it is tried.
type RejectedError struct{ Code string } // such as "address_refused"; no personal data

func (e *RejectedError) Error() string { return "mail is rejected: " + e.Code }
