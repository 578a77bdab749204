package application

import (
	"time"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/personal"
)

// MaxOpening is the longest that an application is open to an auditor.
const MaxOpening = 30 * 24 * time.Hour

// Opening lets one auditor see one application unmasked.
type Opening struct {
	Auditor string // member
	Until   time.Time
}

// ErrUnknownOpening means that the application was not opened under that id.
var ErrUnknownOpening = &domain.Refusal{Kind: domain.Absent, Code: "unknown_opening", Message: "The application has no such opening for an auditor."}

// ErrNotAuditor means that an opening is for somebody whom it gives nothing.
var ErrNotAuditor = &domain.Refusal{Kind: domain.Illegal, Code: "not_an_auditor", Message: "Applications are opened for auditors only."}

// OpenTo reports whether the application is open to an auditor at an instant.
// Whether they are one still, this does not say.
func (a Application) OpenTo(member string, at time.Time) bool { return a.openingOf(member, at) != "" }

func (a Application) openingOf(member string, at time.Time) string {
	for id, o := range a.Openings.All() {
		if o.Auditor == member && o.Until.After(at) {
			return id
		}
	}
	return ""
}

// AuditOpened records that an auditor sees the application unmasked, why, and
// until when.
type AuditOpened struct {
	domain.Stamp
	Opening string        `json:"opening"`
	Auditor string        `json:"auditor"` // member
	Reason  personal.Text `json:"reason"`
	Until   time.Time     `json:"until"`
}

// EventName implements domain.Fact.
func (AuditOpened) EventName() string { return "application.audit_opened.v1" }

func (e AuditOpened) evolve(a Application) Application {
	a.Openings = a.Openings.With(e.Opening, Opening{Auditor: e.Auditor, Until: e.Until})
	return a
}

// AuditClosed records that an opening ended before its time.
type AuditClosed struct {
	domain.Stamp
	Opening string `json:"opening"`
}

// EventName implements domain.Fact.
func (AuditClosed) EventName() string { return "application.audit_closed.v1" }

func (e AuditClosed) evolve(a Application) Application {
	o, _ := a.Openings.Get(e.Opening)
	o.Until = e.At
	a.Openings = a.Openings.With(e.Opening, o)
	return a
}

// OpenForAudit opens the application to an auditor, with a reason, for at most
// MaxOpening. One that is open to them closes for the new one.
// Errors: ErrUnknown, ErrAnonymised, ErrReasonRequired, domain.ErrInvalid.
func (a Application) OpenForAudit(opening, auditor string, reason personal.Text, until time.Time, s domain.Stamp) ([]Event, error) {
	if err := a.exists(); err != nil {
		return nil, err
	}
	if _, opened := a.Openings.Get(opening); opened {
		return nil, nil
	}
	until = until.UTC().Truncate(time.Microsecond)
	switch {
	case reason.IsZero():
		return nil, ErrReasonRequired
	case !until.After(s.At), until.After(s.At.Add(MaxOpening)):
		return nil, domain.ErrInvalid.Because("An application is opened to an auditor for at most 30 days from now.")
	}
	var events []Event
	if open := a.openingOf(auditor, s.At); open != "" {
		events = []Event{AuditClosed{Stamp: s, Opening: open}}
	}
	return append(events, AuditOpened{Stamp: s, Opening: opening, Auditor: auditor, Reason: reason, Until: until}), nil
}

// CloseForAudit ends an opening. One that ended is no event.
// Errors: ErrUnknown, ErrAnonymised, ErrUnknownOpening.
func (a Application) CloseForAudit(opening string, s domain.Stamp) ([]Event, error) {
	if err := a.exists(); err != nil {
		return nil, err
	}
	switch o, ok := a.Openings.Get(opening); {
	case !ok:
		return nil, ErrUnknownOpening
	case !o.Until.After(s.At):
		return nil, nil
	}
	return []Event{AuditClosed{Stamp: s, Opening: opening}}, nil
}
