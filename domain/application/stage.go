package application

import (
	"time"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/organization"
	"github.com/hirelog/hirelog/domain/personal"
)

// MaxText is the most characters a comment, note or reason has. Decisions do not
// look inside personal texts: whoever makes one checks it first.
const MaxText = 4000

// ErrStageChanged means that the application is not where the mover saw it.
var ErrStageChanged = &domain.Refusal{Kind: domain.Illegal, Code: "stage_changed", Message: "The application is in another stage by now."}

// ErrUnknownStage means that the job has no such stage.
var ErrUnknownStage = &domain.Refusal{Kind: domain.Invalid, Code: "unknown_stage", Message: "The job has no such stage."}

// ErrReasonKind means that a reason does not fit the kind of disqualification.
var ErrReasonKind = &domain.Refusal{Kind: domain.Invalid, Code: "reason_kind", Message: "The reason does not fit: a rejection is our decision, a withdrawal is theirs."}

// StageMoved records that the application entered a stage.
type StageMoved struct {
	domain.Stamp
	From    string        `json:"from"`
	To      string        `json:"to"`
	Comment personal.Text `json:"comment"`
}

// EventName implements domain.Fact.
func (StageMoved) EventName() string { return "application.stage_moved.v1" }

func (e StageMoved) evolve(a Application) Application {
	a.LastMove = Move{From: e.From, Since: a.StageSince}
	a.Stage, a.StageSince = e.To, e.At
	return a
}

// Move moves the application to stage to, which must be one of the job's plan;
// any stage may follow any other. If from is not empty the application must
// still be there, unless it already is at to, which is no event.
// Errors: ErrUnknown, ErrAnonymised, ErrClosed, ErrUnknownStage, ErrStageChanged.
func (a Application) Move(from, to string, comment personal.Text, s domain.Stamp) ([]Event, error) {
	if err := a.live(); err != nil {
		return nil, err
	}
	switch {
	case to == "":
		return nil, ErrUnknownStage
	case a.Stage == to:
		return nil, nil
	case from != "" && from != a.Stage:
		return nil, ErrStageChanged
	}
	return []Event{StageMoved{Stamp: s, From: a.Stage, To: to, Comment: comment}}, nil
}

// Disqualified records that the candidacy ended without hire.
type Disqualified struct {
	domain.Stamp
	Kind       Outcome       `json:"kind"` // rejected or withdrawn
	Reason     string        `json:"reason"`
	Note       personal.Text `json:"note"`
	DiscloseAt time.Time     `json:"disclose_at"` // from when the candidate may see it, unless the message is sent before
	Message    string        `json:"message,omitempty"`
}

// EventName implements domain.Fact.
func (Disqualified) EventName() string { return "application.disqualified.v1" }

func (e Disqualified) evolve(a Application) Application {
	a.Outcome, a.Reason = e.Kind, e.Reason
	a.DiscloseAt, a.Disclosed, a.Message = e.DiscloseAt, false, e.Message
	return a
}

// Disqualify ends the candidacy: kind is Rejected or Withdrawn, and the reason
// must fit it. A rejection is disclosed to the candidate after the given delay,
// a withdrawal at once. The same again is no event.
// Errors: ErrUnknown, ErrAnonymised, ErrHired, ErrClosed, ErrReasonKind,
// ErrReasonRequired, domain.ErrInvalid.
func (a Application) Disqualify(kind Outcome, reason string, of organization.ReasonKind, note personal.Text, delay time.Duration, s domain.Stamp) ([]Event, error) {
	if err := a.exists(); err != nil {
		return nil, err
	}
	if err := fits(kind, of); err != nil {
		return nil, err
	}
	disclose := s.At
	if kind == Rejected {
		disclose = s.At.Add(delay)
	}
	switch {
	case reason == "":
		return nil, ErrReasonRequired
	case a.Outcome == kind && a.Reason == reason:
		return nil, nil
	case a.Outcome == OutcomeHired:
		return nil, ErrHired
	case a.Outcome != InProgress:
		return nil, ErrClosed
	}
	return []Event{Disqualified{Stamp: s, Kind: kind, Reason: reason, Note: note, DiscloseAt: disclose}}, nil
}

// Told is the outcome as the candidate is told at now: a rejection only from when
// it is disclosed.
func (a Application) Told(now time.Time) Outcome {
	if a.Outcome == Rejected && now.Before(a.DiscloseAt) {
		return InProgress
	}
	return a.Outcome
}

// Withdraw ends the candidacy because the candidate says so: while it goes on,
// and while they are not told that it does not. Doing it again is no event.
// Errors: ErrUnknown, ErrAnonymised, ErrClosed, ErrReasonKind, ErrReasonRequired.
func (a Application) Withdraw(reason string, of organization.ReasonKind, note personal.Text, s domain.Stamp) ([]Event, error) {
	if err := a.exists(); err != nil {
		return nil, err
	}
	if err := fits(Withdrawn, of); err != nil {
		return nil, err
	}
	switch {
	case a.Outcome == Withdrawn:
		return nil, nil
	case a.Told(s.At) != InProgress:
		return nil, ErrClosed
	case reason == "":
		return nil, ErrReasonRequired
	}
	return []Event{Disqualified{Stamp: s, Kind: Withdrawn, Reason: reason, Note: note, DiscloseAt: s.At}}, nil
}

// fits refuses a kind of disqualification there is none of, and a reason that is
// not for it.
func fits(kind Outcome, of organization.ReasonKind) error {
	switch {
	case kind != Rejected && kind != Withdrawn:
		return domain.ErrInvalid.Because("An application is disqualified as rejected or withdrawn.")
	case kind == Rejected && of == organization.They, kind == Withdrawn && of == organization.We:
		return ErrReasonKind
	}
	return nil
}

// ReasonChanged records another reason for the disqualification in force. When
// the candidate may see the decision stays as it was.
type ReasonChanged struct {
	domain.Stamp
	Reason string        `json:"reason"`
	Note   personal.Text `json:"note"`
}

// EventName implements domain.Fact.
func (ReasonChanged) EventName() string { return "application.reason_changed.v1" }

func (e ReasonChanged) evolve(a Application) Application { a.Reason = e.Reason; return a }

// ErrNotDisqualified means that no disqualification is in force.
var ErrNotDisqualified = &domain.Refusal{Kind: domain.Illegal, Code: "not_disqualified", Message: "The application is not disqualified."}

// ChangeReason gives the disqualification in force another reason, which must
// fit its kind.
// Errors: ErrUnknown, ErrAnonymised, ErrNotDisqualified, ErrReasonKind,
// ErrReasonRequired.
func (a Application) ChangeReason(reason string, of organization.ReasonKind, note personal.Text, s domain.Stamp) ([]Event, error) {
	if err := a.exists(); err != nil {
		return nil, err
	}
	switch {
	case a.Outcome != Rejected && a.Outcome != Withdrawn:
		return nil, ErrNotDisqualified
	case reason == "":
		return nil, ErrReasonRequired
	case a.Reason == reason:
		return nil, nil
	}
	if err := fits(a.Outcome, of); err != nil {
		return nil, err
	}
	return []Event{ReasonChanged{Stamp: s, Reason: reason, Note: note}}, nil
}

// Requalified records that a disqualification was taken back.
type Requalified struct {
	domain.Stamp
	Reason personal.Text `json:"reason"`
	Stage  string        `json:"stage,omitempty"` // where it goes on
}

// EventName implements domain.Fact.
func (Requalified) EventName() string { return "application.requalified.v1" }

func (Requalified) evolve(a Application) Application {
	a.Outcome, a.Reason, a.Message = InProgress, "", ""
	a.DiscloseAt, a.Disclosed = time.Time{}, false
	return a
}

// Requalify takes a disqualification back, with a reason; the application goes
// on in the stage it was in. The caller takes the claim for it first.
// Errors: ErrUnknown, ErrAnonymised, ErrTransferred, ErrHired, ErrSuperseded,
// ErrReasonRequired.
func (a Application) Requalify(reason personal.Text, s domain.Stamp) ([]Event, error) {
	if err := a.exists(); err != nil {
		return nil, err
	}
	switch {
	case a.Live():
		return nil, nil
	case a.Outcome == OutcomeTransferred:
		return nil, ErrTransferred
	case a.Outcome == OutcomeHired:
		return nil, ErrHired
	case a.ClaimLost:
		return nil, ErrSuperseded
	case reason.IsZero():
		return nil, ErrReasonRequired
	}
	return []Event{Requalified{Stamp: s, Reason: reason, Stage: a.Stage}}, nil
}

// Followed reports whether the candidate may still look at the application at
// now: for so many days after they were told of its end, of a hire for ever.
func (a Application) Followed(now time.Time, readOnlyDays int) bool {
	if a.TakesUploads(now) {
		return true
	}
	return now.Before(a.DiscloseAt.AddDate(0, 0, readOnlyDays))
}

// TakesUploads reports whether the candidate may still upload what they were
// asked for.
func (a Application) TakesUploads(now time.Time) bool {
	told := a.Told(now)
	return told != Rejected && told != Withdrawn
}

// TellBy lets a message tell of the disqualification among events, if there is
// one: a rejection is disclosed when it is sent, else after the given delay from
// when it is to leave.
func TellBy(events []Event, message string, leaves time.Time, delay time.Duration) []Event {
	told := make([]Event, len(events))
	for i, e := range events {
		if d, ok := e.(Disqualified); ok {
			d.Message = message
			if at := leaves.Add(delay); d.Kind == Rejected && at.After(d.DiscloseAt) {
				d.DiscloseAt = at
			}
			e = d
		}
		told[i] = e
	}
	return told
}
