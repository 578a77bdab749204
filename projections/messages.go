package projections

import (
	"context"
	"time"

	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/message"
	"github.com/hirelog/hirelog/readmodels"
)

// messages keeps the mail between the company and candidates.
type messages struct {
	messages *Rows[readmodels.MessageRow]
}

func newMessages() *messages { return &messages{messages: NewRows(readmodels.Messages())} }

// Name implements Model.
func (*messages) Name() string { return "messages" }

// Tables implements Model.
func (m *messages) Tables() []AnyTable { return []AnyTable{m.messages} }

// Need implements Model.
func (m *messages) Need(f Fact) {
	switch f.Body.(type) {
	case message.Event:
		m.messages.Need(f.Aggregate)
	case application.Anonymised, application.Deleted:
		m.messages.NeedBy("application_id", f.Aggregate)
	}
}

// Apply implements Model.
func (m *messages) Apply(_ context.Context, f Fact) error {
	switch e := f.Body.(type) {
	case message.Event:
		r, known := m.messages.Get(f.Aggregate)
		if !known && f.Revision > 0 {
			return nil // its application was deleted
		}
		r.ID, r.Revision = f.Aggregate, int64(f.Revision)
		m.messages.Put(told(r, e))
	case application.Deleted:
		dropAll(m.messages, f.Aggregate)
	case application.Anonymised:
		m.messages.Each("application_id", f.Aggregate, func(r readmodels.MessageRow) (readmodels.MessageRow, bool) {
			return r.Scrubbed(), true
		})
	}
	return nil
}

// told is a row after one more event.
func told(r readmodels.MessageRow, e message.Event) readmodels.MessageRow {
	turn := func(to message.Status) {
		at := e.When()
		r.Status, r.StatusAt, r.Reason, r.RetryAt = &to, &at, nil, nil
	}
	switch e := e.(type) {
	case message.Written:
		r.Application, r.Direction, r.Thread, r.Answers, r.Purpose = e.Application, message.Outbound, e.Thread, optional(e.Answers), e.Purpose
		r.Author, r.At, r.SendAt = e.By, e.At, &e.SendAt
		r.To, r.Subject, r.Text, r.Files.V = e.To.Bytes(), e.Subject.Bytes(), e.Text.Bytes(), filesOf(e.Attachments)
		turn(message.IsScheduled)
	case message.Changed:
		r.Subject, r.Text, r.Files.V, r.SendAt = e.Subject.Bytes(), e.Text.Bytes(), filesOf(e.Attachments), &e.SendAt
	case message.Cancelled:
		turn(message.IsCancelled)
	case message.Sending:
		turn(message.IsSending)
		r.Attempts = e.Attempt
	case message.Sent:
		turn(message.IsSent)
		r.SentAt = instant(e.At)
	case message.Failed:
		turn(message.IsFailed)
		r.Reason, r.RetryAt = &e.Reason, e.RetryAt
	case message.OutcomeUnknown:
		turn(message.IsUnknown)
	case message.Retried:
		turn(message.IsScheduled)
		r.SendAt = instant(e.At)
	case message.Bounced:
		turn(message.IsBounced)
		r.Reason = &e.Reason
	case message.Received:
		r.Direction, r.Thread, r.Answers = message.Inbound, e.Thread, optional(e.Answers)
		r.Author, r.At, r.Known, r.Shortened, r.Suggested = e.By, e.At, e.Known, e.Shortened, optional(e.Suggested)
		r.From, r.FromName, r.Subject, r.Text, r.Files.V = e.From.Bytes(), e.FromName.Bytes(), e.Subject.Bytes(), e.Text.Bytes(), filesOf(e.Attachments)
		r.LeftOut.V = nil
		for _, f := range e.LeftOut {
			r.LeftOut.V = append(r.LeftOut.V, readmodels.MessageLeftOut{Name: f.Name.Bytes(), Reason: f.Reason})
		}
		r.Application = readmodels.NoApplication()
		if e.Application != "" {
			r.Application, r.Open = e.Application, true
		}
	case message.Assigned:
		r.Application, r.Open, r.Suggested = e.Application, true, nil
	case message.Moved:
		r.Application = e.To
	case message.FileScanned:
		// Model withheld keeps it.
	case message.Closed:
		r.Open, r.ClosedAt, r.ClosedBy = false, instant(e.At), &e.By
	}
	return r
}

// instant is an instant as a value of its own.
func instant(at time.Time) *time.Time { return &at }

func filesOf(attachments []message.Attachment) []readmodels.MessageFile {
	var files []readmodels.MessageFile
	for _, a := range attachments {
		files = append(files, readmodels.MessageFile{File: a.File, Name: a.Name.Bytes(), Size: a.Size, Type: a.Type})
	}
	return files
}
