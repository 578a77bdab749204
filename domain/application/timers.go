package application

import (
	"time"

	"github.com/hirelog/hirelog/domain"
)

// RemindBefore is how long before its due date the candidate is reminded of a
// document.
const RemindBefore = 48 * time.Hour

// OutcomeDisclosed records that the time has come from which the candidate sees
// a rejection. The page goes by the time itself; this is for whoever tells them.
type OutcomeDisclosed struct {
	domain.Stamp
	Outcome Outcome `json:"outcome"`
}

// EventName implements domain.Fact.
func (OutcomeDisclosed) EventName() string { return "application.outcome_disclosed.v1" }

func (e OutcomeDisclosed) evolve(a Application) Application {
	a.Disclosed = true
	if e.At.Before(a.DiscloseAt) { // it was told by a message
		a.DiscloseAt = e.At
	}
	return a
}

// DiscloseBy says that the message that tells of a rejection was sent: from then
// on the candidate sees it. Any other message discloses nothing.
// Errors: ErrUnknown, ErrAnonymised.
func (a Application) DiscloseBy(message string, s domain.Stamp) ([]Event, error) {
	if err := a.exists(); err != nil {
		return nil, err
	}
	if a.Outcome != Rejected || a.Disclosed || message == "" || a.Message != message {
		return nil, nil
	}
	return []Event{OutcomeDisclosed{Stamp: s, Outcome: a.Outcome}}, nil
}

// DisclosureMoved records that a rejection is disclosed at another time, because
// the message that tells of it leaves at another time, or does not.
type DisclosureMoved struct {
	domain.Stamp
	DiscloseAt time.Time `json:"disclose_at"`
	Message    string    `json:"message"`
}

// EventName implements domain.Fact.
func (DisclosureMoved) EventName() string { return "application.disclosure_moved.v1" }

func (e DisclosureMoved) evolve(a Application) Application { a.DiscloseAt = e.DiscloseAt; return a }

// MoveDisclosure says how it stands with the message that tells of a rejection:
// while it is going to leave, at a time, the rejection is disclosed so long after
// that, unless it is sent before; if it is not, so long after the decision, or
// now, if that is over. What the candidate sees already they go on seeing.
// Errors: ErrUnknown, ErrAnonymised.
func (a Application) MoveDisclosure(message string, leaves *time.Time, delay time.Duration, s domain.Stamp) ([]Event, error) {
	if err := a.exists(); err != nil {
		return nil, err
	}
	if message == "" || a.Message != message || a.Disclosed || !a.hides(s.At) {
		return nil, nil
	}
	at := a.ClosedAt.Add(delay)
	if leaves != nil && leaves.Add(delay).After(at) {
		at = leaves.Add(delay)
	}
	if at.Before(s.At) {
		at = s.At
	}
	if at.Equal(a.DiscloseAt) {
		return nil, nil
	}
	return []Event{DisclosureMoved{Stamp: s, DiscloseAt: at, Message: message}}, nil
}

// DiscloseOutcome says that time has passed: a rejection whose time has come is
// disclosed. One that was taken back, or whose time is later by now, is left
// alone; the later one is asked about then.
// Errors: ErrUnknown, ErrAnonymised.
func (a Application) DiscloseOutcome(s domain.Stamp) ([]Event, error) {
	if err := a.exists(); err != nil {
		return nil, err
	}
	if a.Outcome != Rejected || a.Disclosed || a.hides(s.At) {
		return nil, nil
	}
	return []Event{OutcomeDisclosed{Stamp: s, Outcome: a.Outcome}}, nil
}

// hides reports whether the candidate is not to see yet that it is closed.
func (a Application) hides(at time.Time) bool {
	return a.Outcome == Rejected && at.Before(a.DiscloseAt)
}

// DocumentReminderDue records that the candidate is to be reminded of a
// document that is due soon.
type DocumentReminderDue struct {
	domain.Stamp
	Document string    `json:"document"`
	DueAt    time.Time `json:"due_at"`
}

// EventName implements domain.Fact.
func (DocumentReminderDue) EventName() string { return "application.document_reminder_due.v1" }

func (e DocumentReminderDue) evolve(a Application) Application {
	d := a.Documents[e.Document]
	d.Reminded = e.DueAt
	return a.withDocument(e.Document, d)
}

// RemindOfDocument says that time has passed: within RemindBefore of its due
// date the candidate is reminded of a document that is still wanted of them,
// once for each due date, and not behind it. A candidate who does not know yet
// that they were rejected is reminded like any other.
// Errors: ErrUnknown, ErrAnonymised, ErrUnknownDocument.
func (a Application) RemindOfDocument(document string, s domain.Stamp) ([]Event, error) {
	if err := a.exists(); err != nil {
		return nil, err
	}
	d, ok := a.Documents[document]
	switch {
	case !ok:
		return nil, ErrUnknownDocument
	case !a.Live() && !a.hides(s.At), d.Status != DocumentIsRequested && d.Status != DocumentIsRejected:
		return nil, nil
	case s.At.Before(d.DueAt.Add(-RemindBefore)), !s.At.Before(d.DueAt), d.Reminded.Equal(d.DueAt):
		return nil, nil
	}
	return []Event{DocumentReminderDue{Stamp: s, Document: document, DueAt: d.DueAt}}, nil
}
