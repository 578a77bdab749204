package application

import (
	"maps"
	"slices"
	"time"

	"github.com/hirelog/hirelog/domain"
)

// InterviewAnswered records what a participant or the candidate answered, perhaps
// as somebody else noted it. A slot that the candidate picked is the start from
// then on.
type InterviewAnswered struct {
	domain.Stamp
	Interview string     `json:"interview"`
	Member    string     `json:"member,omitempty"` // the participant; empty = the candidate
	Answer    AnswerKind `json:"answer"`
	Slot      string     `json:"slot,omitempty"` // wall time

	// When they answered, if it was before it was recorded: by mail, or to the
	// interview of the application that this one goes on from.
	Given *time.Time `json:"given,omitempty"`
}

// EventName implements domain.Fact.
func (InterviewAnswered) EventName() string { return "application.interview_answered.v1" }

func (e InterviewAnswered) evolve(a Application) Application {
	i, _ := a.Interviews.Get(e.Interview)
	answers, given := map[string]AnswerKind{}, map[string]time.Time{}
	if e.Slot != "" {
		i = i.changed()
		i.Start, i.Slots, i.Since = e.Slot, nil, i.Sequence // the others answered to another time
	} else {
		maps.Copy(answers, i.Answers)
		maps.Copy(given, i.Given)
	}
	answers[e.Member], given[e.Member] = e.Answer, e.At
	if e.Given != nil {
		given[e.Member] = *e.Given
	}
	i.Answers, i.Given = answers, given
	return a.withInterview(e.Interview, i)
}

// AnswerInterview notes an answer to a planned interview: of the participant
// member, or of the candidate if it is "". The candidate may accept one of the
// slots that are offered, in the future. The answer that was given is no event.
// Errors: those of planned; ErrNotAParticipant, ErrUnknownSlot, domain.ErrInvalid.
func (a Application) AnswerInterview(id, member string, answer AnswerKind, slot string, s domain.Stamp) ([]Event, error) {
	i, err := a.planned(id)
	if err != nil {
		return nil, err
	}
	has, answered := i.Answers[member]
	switch {
	case member != "" && !slices.Contains(i.Participants, member):
		return nil, ErrNotAParticipant
	case answer != AnswerAccepted && answer != AnswerDeclined && answer != AnswerTentative:
		return nil, domain.ErrInvalid.Because("An answer is accepted, tentative or declined.")
	case slot != "" && (member != "" || answer != AnswerAccepted):
		return nil, domain.ErrInvalid.Because("Only the candidate picks a time, by accepting it.")
	case answered && has == answer && (slot == "" || slot == i.Start):
		return nil, nil
	case slot == i.Start:
		slot = ""
	case slot != "" && !slices.Contains(i.Slots, slot):
		return nil, ErrUnknownSlot
	}
	if slot != "" {
		if err := i.at(slot).check(false, s.At); err != nil {
			return nil, err
		}
	}
	return []Event{InterviewAnswered{Stamp: s, Interview: id, Member: member, Answer: answer, Slot: slot}}, nil
}

// Mailed is what an answer that came by mail says of itself.
type Mailed struct {
	Sequence int       // of the interview as they knew it
	At       time.Time // when they answered, by their clock, to the second; zero if it does not say
}

// ErrOldAnswer refuses an answer that came by mail and does not count.
var ErrOldAnswer = &domain.Refusal{Kind: domain.Illegal, Code: "old_answer", Message: "The answer is to another time than the interview has, came after its end, or is older than the last one."}

// AnswerByMail notes an answer that came by mail, as AnswerInterview does. Of answers
// that come in another order than they were given the last one counts that was given;
// none was given later than it came.
// Errors: those of AnswerInterview; ErrOldAnswer.
func (a Application) AnswerByMail(id, who string, answer AnswerKind, m Mailed, s domain.Stamp) ([]Event, error) {
	i, err := a.planned(id)
	if err != nil {
		return nil, err
	}
	given := s.At
	if !m.At.IsZero() && m.At.Before(given) {
		given = m.At
	}
	_, ends, _ := i.Span() // in the zone it was planned in
	if !i.AsItIs(m.Sequence) || !s.At.Before(ends) || given.Before(i.Given[who].Truncate(time.Second)) {
		return nil, ErrOldAnswer
	}
	events, err := a.AnswerInterview(id, who, answer, "", s)
	for n, e := range events {
		if e, ok := e.(InterviewAnswered); ok && given.Before(s.At) {
			e.Given = &given
			events[n] = e
		}
	}
	return events, err
}
