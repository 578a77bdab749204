package application

import (
	"cmp"

	"github.com/hirelog/hirelog/domain"
)

// The rules that refuse.
var (
	ErrInterviewHidden  = &domain.Refusal{Kind: domain.Illegal, Code: "interview_hidden", Message: "The candidate does not see the interview, and is not invited to it."}
	ErrInterviewInvited = &domain.Refusal{Kind: domain.Illegal, Code: "interview_invited", Message: "The candidate was invited to the interview; it can be cancelled, and not hidden from them."}
	ErrInterviewBegun   = &domain.Refusal{Kind: domain.Illegal, Code: "interview_begun", Message: "The interview has begun; nobody is invited to it any more."}
)

// InterviewInvited records that the candidate is invited to an interview. From
// then on they are told of its changes too.
type InterviewInvited struct {
	domain.Stamp
	Interview string `json:"interview"`
}

// EventName implements domain.Fact.
func (InterviewInvited) EventName() string { return "application.interview_invited.v1" }

func (e InterviewInvited) evolve(a Application) Application {
	i, _ := a.Interviews.Get(e.Interview)
	i.Invited = true
	return a.withInterview(e.Interview, i)
}

// InviteToInterview invites the candidate to a planned interview that they may
// see and that has not begun. Doing it again is no event.
// Errors: those of planned; ErrClosed, ErrInterviewHidden, ErrInterviewBegun.
func (a Application) InviteToInterview(id string, s domain.Stamp) ([]Event, error) {
	i, err := a.planned(id)
	switch {
	case err != nil:
		return nil, err
	case i.Invited:
		return nil, nil
	case !a.Live():
		return nil, ErrClosed
	case i.Hidden:
		return nil, ErrInterviewHidden
	}
	if starts, _, err := i.Span(); err == nil && !starts.After(s.At) {
		return nil, ErrInterviewBegun
	}
	return []Event{InterviewInvited{Stamp: s, Interview: id}}, nil
}

// Origin is the id by which calendars know the interview with that id: the one it
// had where it was planned first.
func (i Interview) Origin(id string) string { return cmp.Or(i.First, id) }

// InterviewKnownAs returns the interview that calendars know by origin, and its
// id here.
func (a Application) InterviewKnownAs(origin string) (id string, i Interview, ok bool) {
	for id, i := range a.Interviews.All() {
		if i.Origin(id) == origin {
			return id, i, true
		}
	}
	return "", Interview{}, false
}

// changed is the interview after something that people put into calendars
// changed.
func (i Interview) changed() Interview {
	i.Sequence++
	return i
}

// AsItIs reports whether who answers to the interview as it was at a sequence
// answers to when it is now.
func (i Interview) AsItIs(sequence int) bool { return i.Since <= sequence && sequence <= i.Sequence }
