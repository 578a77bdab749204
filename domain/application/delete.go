package application

import "github.com/hirelog/hirelog/domain"

// Deleted records that an application is gone from everything that is read,
// counted or listed: only that it was there, when it was deleted and by whom
// stays. What was personal went before: Anonymised comes with it or before it.
type Deleted struct {
	domain.Stamp
}

// EventName implements domain.Fact.
func (Deleted) EventName() string { return "application.deleted.v1" }

func (Deleted) evolve(a Application) Application { a.Deleted = true; return a }

// Delete decides that the application goes, and everything personal with it, if
// that did not go before. It is irreversible; doing it again is no event. A
// candidacy that is going on must be closed first.
// Errors: ErrUnknown; ErrNotClosed.
func (a Application) Delete(s domain.Stamp) ([]Event, error) {
	switch {
	case a.Outcome == "":
		return nil, ErrUnknown
	case a.Deleted:
		return nil, nil
	case a.Live():
		return nil, ErrNotClosed.Because("The application is in progress; disqualify it before it is deleted.")
	case a.Anonymised:
		return []Event{Deleted{Stamp: s}}, nil
	}
	return []Event{Anonymised{Stamp: s}, Deleted{Stamp: s}}, nil
}
