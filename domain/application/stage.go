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

func (e StageMoved) evolve(a Application) Application { a.Stage = e.To; return a }

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
	DiscloseAt time.Time     `json:"disclose_at"` // from when the candidate may see it
}

// EventName implements domain.Fact.
func (Disqualified) EventName() string { return "application.disqualified.v1" }

func (e Disqualified) evolve(a Application) Application {
	a.Outcome, a.Reason = e.Kind, e.Reason
	return a
}

// Disqualify ends the candidacy: kind is Rejected or Withdrawn, and the reason
// must fit it. A rejection is disclosed to the candidate after the given delay,
// a withdrawal at once. The same again is no event.
// Errors: ErrUnknown, ErrAnonymised, ErrClosed, ErrReasonKind, ErrReasonRequired,
// domain.ErrInvalid.
func (a Application) Disqualify(kind Outcome, reason string, of organization.ReasonKind, note personal.Text, delay time.Duration, s domain.Stamp) ([]Event, error) {
	if err := a.exists(); err != nil {
		return nil, err
	}
	disclose := s.At
	switch kind {
	case Rejected:
		disclose = s.At.Add(delay)
		if of == organization.They {
			return nil, ErrReasonKind
		}
	case Withdrawn:
		if of == organization.We {
			return nil, ErrReasonKind
		}
	case InProgress:
		return nil, domain.ErrInvalid.Because("An application is disqualified as rejected or withdrawn.")
	default:
		return nil, domain.ErrInvalid.Because("An application is disqualified as rejected or withdrawn.")
	}
	switch {
	case reason == "":
		return nil, ErrReasonRequired
	case a.Outcome == kind && a.Reason == reason:
		return nil, nil
	case a.Outcome != InProgress:
		return nil, ErrClosed
	}
	return []Event{Disqualified{Stamp: s, Kind: kind, Reason: reason, Note: note, DiscloseAt: disclose}}, nil
}

// Requalified records that a disqualification was taken back.
type Requalified struct {
	domain.Stamp
	Reason personal.Text `json:"reason"`
}

// EventName implements domain.Fact.
func (Requalified) EventName() string { return "application.requalified.v1" }

func (Requalified) evolve(a Application) Application {
	a.Outcome, a.Reason = InProgress, ""
	return a
}

// Requalify takes a disqualification back, with a reason; the application goes
// on in the stage it was in. The caller takes the claim for it first.
// Errors: ErrUnknown, ErrAnonymised, ErrSuperseded, ErrReasonRequired.
func (a Application) Requalify(reason personal.Text, s domain.Stamp) ([]Event, error) {
	if err := a.exists(); err != nil {
		return nil, err
	}
	switch {
	case a.Live():
		return nil, nil
	case a.ClaimLost:
		return nil, ErrSuperseded
	case reason.IsZero():
		return nil, ErrReasonRequired
	}
	return []Event{Requalified{Stamp: s, Reason: reason}}, nil
}
