package application

import (
	"maps"
	"slices"
	"time"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/personal"
)

// Limits of interviews.
const (
	MaxInterviews   = 200 // of an application
	MaxParticipants = 30
	MaxSlots        = 20
	MaxMinutes      = 24 * 60
	MaxLink         = 500 // characters, also of a place and a title
)

// InterviewState is what became of an interview. Whether it is today or long
// over, the clock says; see InterviewTime.Status.
type InterviewState string

// The states of an interview.
const (
	InterviewPlanned   InterviewState = "planned"
	InterviewIsOver    InterviewState = "completed"
	InterviewWasMissed InterviewState = "no_show"
	InterviewIsOff     InterviewState = "cancelled"
)

// AnswerKind is what somebody answers to an interview.
type AnswerKind string

// The answers.
const (
	AnswerAccepted  AnswerKind = "accepted"
	AnswerTentative AnswerKind = "tentative"
	AnswerDeclined  AnswerKind = "declined"
)

// Interview is what decisions about an interview need.
type Interview struct {
	InterviewTime
	State        InterviewState
	Participants []string
	Organiser    string
	Slots        []string              // other starts that the candidate may pick
	Answers      map[string]AnswerKind // by participant, of the candidate under ""
	Given        map[string]time.Time  // when each of them was
	Role         string                // that participants get on the application
	Form         string                // that they evaluate it by; empty = any
	Change       string                // the last one
	Hidden       bool                  // from the candidate
	Invited      bool                  // the candidate, who is told of changes
	First        string                // id where it was planned first; empty = it was here
	Sequence     int                   // how often it changed, everywhere
	Since        int                   // the Sequence since which it is when it is: answers are to that
}

// The rules that refuse.
var (
	ErrUnknownInterview    = &domain.Refusal{Kind: domain.Absent, Code: "unknown_interview", Message: "The application has no such interview."}
	ErrTooManyInterviews   = &domain.Refusal{Kind: domain.Illegal, Code: "too_many_interviews", Message: "The application has as many interviews as it may have."}
	ErrInterviewSettled    = &domain.Refusal{Kind: domain.Illegal, Code: "interview_settled", Message: "The interview took place, was missed, or was cancelled."}
	ErrInterviewNotStarted = &domain.Refusal{Kind: domain.Illegal, Code: "interview_not_started", Message: "The interview has not started yet."}
	ErrNotAParticipant     = &domain.Refusal{Kind: domain.Invalid, Code: "not_a_participant", Message: "The member is no participant of the interview."}
	ErrUnknownSlot         = &domain.Refusal{Kind: domain.Invalid, Code: "unknown_slot", Message: "That time is not among those offered."}
	ErrNoSuchTime          = &domain.Refusal{Kind: domain.Invalid, Code: "no_such_time", Message: "Clocks are put forward over that time on that day; there is no such time in that zone."}
)

// InterviewScheduled records that people will meet, or, recorded afterwards, that
// they met.
type InterviewScheduled struct {
	domain.Stamp
	InterviewTime
	Interview    string        `json:"interview"`
	Title        personal.Text `json:"title"`
	Description  personal.Text `json:"description"`
	Place        personal.Text `json:"place"`
	Link         personal.Text `json:"link"`
	Participants []string      `json:"participants"`
	Organiser    string        `json:"organiser"`          // member
	Slots        []string      `json:"slots,omitempty"`    // wall times in the zone, instead of the start
	Role         string        `json:"role,omitempty"`     // recruiting role that participants get
	Form         string        `json:"form,omitempty"`     // that they evaluate it by
	Hidden       bool          `json:"hidden,omitempty"`   // from the candidate
	Recorded     bool          `json:"recorded,omitempty"` // afterwards
	Job          string        `json:"job,omitempty"`      // empty of what goes on from another application

	// Of what goes on from another application: what calendars know of it.
	First    string `json:"first,omitempty"` // its id where it was planned first
	Sequence int    `json:"sequence,omitempty"`
	Since    int    `json:"since,omitempty"`   // the sequence since which it is when it is
	Invited  bool   `json:"invited,omitempty"` // the candidate
}

// EventName implements domain.Fact.
func (InterviewScheduled) EventName() string { return "application.interview_scheduled.v1" }

func (e InterviewScheduled) evolve(a Application) Application {
	return a.withInterview(e.Interview, Interview{
		InterviewTime: e.InterviewTime, State: InterviewPlanned, Participants: e.Participants, Organiser: e.Organiser, Slots: e.Slots, Role: e.Role, Form: e.Form, Hidden: e.Hidden,
		Invited: e.Invited, First: e.First, Sequence: e.Sequence, Since: e.Since,
	})
}

func (a Application) withInterview(id string, i Interview) Application {
	a.Interviews = a.Interviews.With(id, i)
	return a
}

// Meeting is what an interview is planned as.
type Meeting struct {
	InterviewTime
	Title        personal.Text // required
	Description  personal.Text
	Place        personal.Text
	Link         personal.Text
	Participants []string // at least one member
	Organiser    string
	Slots        []string
	Role         string
	Form         string
	Hidden       bool
	Recorded     bool // it is over already
	SameTexts    bool // of a change: the texts that it is about are as they were
}

// ScheduleInterview plans an interview. It starts in the future, unless it is
// recorded afterwards, which closed applications allow too.
// Errors: ErrUnknown, ErrAnonymised, ErrClosed, ErrTooManyInterviews,
// ErrNoSuchTime, domain.ErrInvalid.
func (a Application) ScheduleInterview(id string, m Meeting, s domain.Stamp) ([]Event, error) {
	if err := a.exists(); err != nil {
		return nil, err
	}
	if _, planned := a.Interviews.Get(id); planned {
		return nil, nil
	}
	switch {
	case !m.Recorded && !a.Live():
		return nil, ErrClosed
	case a.Interviews.Len() >= MaxInterviews:
		return nil, ErrTooManyInterviews
	case m.Title.IsZero():
		return nil, domain.ErrInvalid.Because("An interview needs a title.")
	}
	if err := checkParticipants(m.Participants); err != nil {
		return nil, err
	}
	if err := m.check(m.Recorded, s.At); err != nil {
		return nil, err
	}
	if len(m.Slots) > MaxSlots || m.Recorded && len(m.Slots) > 0 {
		return nil, domain.ErrInvalid.Because("At most %d times are offered, and none for an interview that is over.", MaxSlots)
	}
	for _, slot := range m.Slots {
		if err := m.at(slot).check(false, s.At); err != nil {
			return nil, err
		}
	}
	return []Event{InterviewScheduled{
		Stamp: s, Interview: id, InterviewTime: m.InterviewTime, Title: m.Title, Description: m.Description, Place: m.Place, Link: m.Link,
		Participants: m.Participants, Organiser: m.Organiser, Slots: m.Slots, Role: m.Role, Form: m.Form, Hidden: m.Hidden, Recorded: m.Recorded, Job: a.Job,
	}}, nil
}

func checkParticipants(members []string) error {
	if len(members) == 0 || len(members) > MaxParticipants {
		return domain.ErrInvalid.Because("An interview has 1 to %d participants.", MaxParticipants)
	}
	for i, m := range members {
		if slices.Contains(members[:i], m) {
			return domain.ErrInvalid.Because("A participant is named twice.")
		}
	}
	return nil
}

// InterviewRescheduled records another time and place. What was answered was to
// the old time, and counts no more; unless only the place is another.
type InterviewRescheduled struct {
	domain.Stamp
	InterviewTime
	Interview string        `json:"interview"`
	Change    string        `json:"change"` // id
	Place     personal.Text `json:"place"`
	Link      personal.Text `json:"link"`
	SameTime  bool          `json:"same_time,omitempty"` // as before: answers, and the times that are offered, count on

	Participants []string `json:"participants,omitempty"` // as they are
	Job          string   `json:"job,omitempty"`
}

// EventName implements domain.Fact.
func (InterviewRescheduled) EventName() string { return "application.interview_rescheduled.v1" }

func (e InterviewRescheduled) evolve(a Application) Application {
	i, _ := a.Interviews.Get(e.Interview)
	i = i.changed()
	i.Change = e.Change
	if !e.SameTime {
		i.InterviewTime, i.Answers, i.Given, i.Slots, i.Since = e.InterviewTime, nil, nil, nil, i.Sequence
	}
	return a.withInterview(e.Interview, i)
}

// RescheduleInterview moves a planned interview to another time in the future and
// another place, or leaves it when it is and moves it to another place alone. change
// is the id of the change; the same again is no event, nor is what leaves everything
// as it was. Errors: those of planned; ErrClosed, ErrNoSuchTime, domain.ErrInvalid.
func (a Application) RescheduleInterview(id, change string, m Meeting, s domain.Stamp) ([]Event, error) {
	i, err := a.planned(id)
	switch {
	case err != nil:
		return nil, err
	case i.Change == change:
		return nil, nil
	case !a.Live():
		return nil, ErrClosed
	}
	same := m.InterviewTime == i.InterviewTime
	if same && m.SameTexts {
		return nil, nil
	}
	if err := m.check(false, s.At); err != nil {
		return nil, err
	}
	return []Event{InterviewRescheduled{
		Stamp: s, Interview: id, Change: change, InterviewTime: m.InterviewTime, Place: m.Place, Link: m.Link, SameTime: same, Participants: i.Participants, Job: a.Job,
	}}, nil
}

// InterviewChanged records what an interview is about and who takes part from
// now on.
type InterviewChanged struct {
	domain.Stamp
	Interview    string        `json:"interview"`
	Change       string        `json:"change"` // id
	Title        personal.Text `json:"title"`
	Description  personal.Text `json:"description"`
	Participants []string      `json:"participants"`
	Form         string        `json:"form,omitempty"`       // that they evaluate it by
	Hidden       bool          `json:"hidden,omitempty"`     // from the candidate
	Was          []string      `json:"was,omitempty"`        // participants before
	SameTexts    bool          `json:"same_texts,omitempty"` // title and description are as they were
	Job          string        `json:"job,omitempty"`
}

// EventName implements domain.Fact.
func (InterviewChanged) EventName() string { return "application.interview_changed.v1" }

// Tells returns which members are told of the change, of those who take part now:
// all, and who does no more; or, if title and description are as they were, only who
// joined and who left.
func (e InterviewChanged) Tells(now []string) []string {
	if e.SameTexts {
		joined := slices.DeleteFunc(slices.Clone(e.Participants), func(m string) bool { return slices.Contains(e.Was, m) })
		return append(joined, slices.DeleteFunc(slices.Clone(e.Was), func(m string) bool { return slices.Contains(e.Participants, m) })...)
	}
	return append(slices.Clone(now), slices.DeleteFunc(slices.Clone(e.Was), func(m string) bool { return slices.Contains(now, m) })...)
}

// Internal reports whether the change is of nothing that calendars show: by which
// form the interview is evaluated, or whether the candidate's page shows it.
func (e InterviewChanged) Internal() bool { return e.SameTexts && len(e.Tells(nil)) == 0 }

func (e InterviewChanged) evolve(a Application) Application {
	i, _ := a.Interviews.Get(e.Interview)
	if !e.Internal() {
		i = i.changed()
	}
	i.Change, i.Participants, i.Form, i.Hidden = e.Change, e.Participants, e.Form, e.Hidden
	left := func(who string) bool { return who != "" && !slices.Contains(e.Participants, who) }
	i.Answers, i.Given = maps.Clone(i.Answers), maps.Clone(i.Given)
	maps.DeleteFunc(i.Answers, func(who string, _ AnswerKind) bool { return left(who) })
	maps.DeleteFunc(i.Given, func(who string, _ time.Time) bool { return left(who) })
	return a.withInterview(e.Interview, i)
}

// ChangeInterview says what a planned interview is about and who takes part.
// change is the id of the change; the same again is no event, nor is what leaves
// everything as it was. One that the candidate was invited to cannot be hidden from them.
// Errors: those of planned; ErrInterviewInvited, domain.ErrInvalid.
func (a Application) ChangeInterview(id, change string, m Meeting, s domain.Stamp) ([]Event, error) {
	i, err := a.planned(id)
	switch {
	case err != nil:
		return nil, err
	case i.Change == change:
		return nil, nil
	case m.Title.IsZero():
		return nil, domain.ErrInvalid.Because("An interview needs a title.")
	case i.Invited && m.Hidden:
		return nil, ErrInterviewInvited
	}
	if err := checkParticipants(m.Participants); err != nil {
		return nil, err
	}
	if m.SameTexts && slices.Equal(m.Participants, i.Participants) && m.Form == i.Form && m.Hidden == i.Hidden {
		return nil, nil
	}
	return []Event{InterviewChanged{
		Stamp: s, Interview: id, Change: change, Title: m.Title, Description: m.Description, Participants: m.Participants, Form: m.Form, Hidden: m.Hidden,
		Was: i.Participants, SameTexts: m.SameTexts, Job: a.Job,
	}}, nil
}

func (a Application) interview(id string) (Interview, error) {
	if err := a.exists(); err != nil {
		return Interview{}, err
	}
	i, ok := a.Interviews.Get(id)
	if !ok {
		return Interview{}, ErrUnknownInterview
	}
	return i, nil
}

// planned finds an interview that has not been settled: one that a participant
// evaluated has.
// Errors: ErrUnknown, ErrAnonymised, ErrUnknownInterview, ErrInterviewSettled.
func (a Application) planned(id string) (Interview, error) {
	i, err := a.interview(id)
	if err == nil && (i.State != InterviewPlanned || a.evaluated(id)) {
		err = ErrInterviewSettled
	}
	return i, err
}

// check refuses a time that is none, or on the wrong side of now.
func (t InterviewTime) check(over bool, now time.Time) error {
	starts, _, err := t.Span()
	switch {
	case err != nil:
		return err
	case t.Minutes < 1 || t.Minutes > MaxMinutes:
		return domain.ErrInvalid.Because("An interview lasts 1 to %d minutes.", MaxMinutes)
	case over && starts.After(now):
		return domain.ErrInvalid.Because("An interview that is recorded afterwards has started.")
	case !over && !starts.After(now):
		return domain.ErrInvalid.Because("An interview starts in the future, unless it is recorded afterwards.")
	}
	return nil
}
