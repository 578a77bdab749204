package application

import (
	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/personal"
)

// InterviewCancelled records that an interview will not take place. That it was
// planned stays.
type InterviewCancelled struct {
	domain.Stamp
	Interview string        `json:"interview"`
	Reason    personal.Text `json:"reason"`

	Participants []string `json:"participants,omitempty"` // as they were
	Job          string   `json:"job,omitempty"`
}

// EventName implements domain.Fact.
func (InterviewCancelled) EventName() string { return "application.interview_cancelled.v1" }

func (e InterviewCancelled) evolve(a Application) Application {
	i, _ := a.Interviews.Get(e.Interview)
	return a.withInterview(e.Interview, i.changed()).settled(e.Interview, InterviewIsOff)
}

func (a Application) settled(id string, state InterviewState) Application {
	i, _ := a.Interviews.Get(id)
	i.State = state
	return a.withInterview(id, i)
}

// CancelInterview calls an interview off. Doing it again is no event.
// Errors: ErrUnknown, ErrAnonymised, ErrUnknownInterview, ErrInterviewSettled.
func (a Application) CancelInterview(id string, reason personal.Text, s domain.Stamp) ([]Event, error) {
	i, err := a.interview(id)
	switch {
	case err != nil:
		return nil, err
	case i.State == InterviewIsOff:
		return nil, nil
	case i.State != InterviewPlanned, a.evaluated(id):
		return nil, ErrInterviewSettled
	}
	return []Event{InterviewCancelled{Stamp: s, Interview: id, Reason: reason, Participants: i.Participants, Job: a.Job}}, nil
}

// InterviewHeld records that an interview took place.
type InterviewHeld struct {
	domain.Stamp
	Interview string `json:"interview"`
}

// EventName implements domain.Fact.
func (InterviewHeld) EventName() string { return "application.interview_completed.v1" }

func (e InterviewHeld) evolve(a Application) Application {
	return a.settled(e.Interview, InterviewIsOver)
}

// InterviewMissed records that the candidate did not come.
type InterviewMissed struct {
	domain.Stamp
	Interview string `json:"interview"`
}

// EventName implements domain.Fact.
func (InterviewMissed) EventName() string { return "application.interview_missed.v1" }

func (e InterviewMissed) evolve(a Application) Application {
	return a.settled(e.Interview, InterviewWasMissed)
}

// CompleteInterview says that an interview took place, or corrects that it was
// missed. Doing it again is no event. Errors: those of started.
func (a Application) CompleteInterview(id string, s domain.Stamp) ([]Event, error) {
	i, err := a.started(id, s)
	if err != nil || i.State == InterviewIsOver {
		return nil, err
	}
	return []Event{InterviewHeld{Stamp: s, Interview: id}}, nil
}

// MissInterview says that the candidate did not come, or corrects that they did.
// Doing it again is no event. Errors: those of started.
func (a Application) MissInterview(id string, s domain.Stamp) ([]Event, error) {
	i, err := a.started(id, s)
	if err != nil || i.State == InterviewWasMissed {
		return nil, err
	}
	return []Event{InterviewMissed{Stamp: s, Interview: id}}, nil
}

// started finds an interview that began and was not cancelled.
// Errors: ErrUnknown, ErrAnonymised, ErrUnknownInterview, ErrInterviewSettled,
// ErrInterviewNotStarted.
func (a Application) started(id string, s domain.Stamp) (Interview, error) {
	i, err := a.interview(id)
	if err != nil {
		return i, err
	}
	if i.State == InterviewIsOff {
		return i, ErrInterviewSettled
	}
	if starts, _, _ := i.Span(); starts.After(s.At) {
		return i, ErrInterviewNotStarted
	}
	return i, nil
}
