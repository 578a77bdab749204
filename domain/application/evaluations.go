package application

import (
	"slices"
	"time"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/organization"
	"github.com/hirelog/hirelog/domain/personal"
)

// Recommendation is what an evaluation comes to.
type Recommendation string

// The recommendations.
const (
	StrongNo   Recommendation = "strong_no"
	No         Recommendation = "no"
	NoDecision Recommendation = "no_decision"
	Yes        Recommendation = "yes"
	StrongYes  Recommendation = "strong_yes"
)

// Recommendations returns every recommendation, from worst to best.
func Recommendations() []Recommendation {
	return []Recommendation{StrongNo, No, NoDecision, Yes, StrongYes}
}

// MaxScale is the best answer to a scale; the worst is 1.
const MaxScale = 5

// MaxEvaluations is the most evaluations an application may have.
const MaxEvaluations = 500

// EvaluationAnswer answers one element of an evaluation form, by what it asks
// for: the other fields are empty.
type EvaluationAnswer struct {
	Element string        `json:"element"`
	Scale   int           `json:"scale,omitempty"`  // 1–MaxScale
	Choice  string        `json:"choice,omitempty"` // id
	Text    personal.Text `json:"text"`
}

// EvaluationContent is what somebody says by an evaluation form. Its texts are
// under the key of the evaluation; numbers and choices are not personal.
type EvaluationContent struct {
	Version        int                `json:"version"` // of the form
	Answers        []EvaluationAnswer `json:"answers,omitempty"`
	Takeaways      personal.Text      `json:"takeaways"`
	Recommendation Recommendation     `json:"recommendation,omitempty"`
}

// Occasion is what an evaluation is of: a member evaluates an application by one
// form once in general, and once for each interview.
type Occasion struct {
	Form      string
	Interview string // empty = in general
}

// Evaluation is what decisions about an evaluation need. A deleted one stays
// known, so that it cannot come back.
type Evaluation struct {
	Occasion
	Author     string // member
	Submitted  int    // how often
	Submission string // the last one, by id
	Draft      string // the last one saved, by id
	Hidden     bool   // from members whose own is not in
	Deleted    bool
}

// The rules that refuse.
var (
	ErrUnknownEvaluation  = &domain.Refusal{Kind: domain.Absent, Code: "unknown_evaluation", Message: "The application has no such evaluation."}
	ErrNotYourEvaluation  = &domain.Refusal{Kind: domain.Denied, Code: "not_your_evaluation", Message: "Only its author or a recruitment manager may delete an evaluation."}
	ErrTooManyEvaluations = &domain.Refusal{Kind: domain.Illegal, Code: "too_many_evaluations", Message: "The application has as many evaluations as it may have."}
	ErrEvaluationAnswer   = &domain.Refusal{Kind: domain.Invalid, Code: "evaluation_answer", Message: "An answer is none to what the evaluation form asks."}
	ErrEvaluationGap      = &domain.Refusal{Kind: domain.Invalid, Code: "evaluation_incomplete", Message: "The evaluation form asks for more before it is submitted."}
	ErrOtherForm          = &domain.Refusal{Kind: domain.Invalid, Code: "other_evaluation_form", Message: "The interview is evaluated by another form."}
)

// EvaluationDrafted records what its author has put down so far. It is nobody
// else's to see, and says nothing of what was submitted.
type EvaluationDrafted struct {
	domain.Stamp
	Evaluation string `json:"evaluation"`
	Draft      string `json:"draft"` // id
	Form       string `json:"form"`
	Interview  string `json:"interview,omitempty"`
	EvaluationContent
}

// EventName implements domain.Fact.
func (EvaluationDrafted) EventName() string { return "application.evaluation_drafted.v1" }

func (e EvaluationDrafted) evolve(a Application) Application {
	v, _ := a.Evaluations.Get(e.Evaluation)
	v.Occasion, v.Author, v.Draft = Occasion{Form: e.Form, Interview: e.Interview}, e.By.MemberID(), e.Draft
	a.Evaluations = a.Evaluations.With(e.Evaluation, v)
	return a
}

// EvaluationSubmitted records how a member evaluates the application, instead of
// how they did before, which stays in the history.
type EvaluationSubmitted struct {
	domain.Stamp
	Evaluation string `json:"evaluation"`
	Submission string `json:"submission"` // id
	Number     int    `json:"number"`     // of its submissions, from 1
	Form       string `json:"form"`
	Interview  string `json:"interview,omitempty"`
	EvaluationContent
	Result *float64 `json:"result,omitempty"` // see Result; absent without an answer that counts
	Hidden bool     `json:"hidden,omitempty"` // from members whose own is not in
	Job    string   `json:"job"`
	Stage  string   `json:"stage"` // where the application stood
}

// EventName implements domain.Fact.
func (EvaluationSubmitted) EventName() string { return "application.evaluation_submitted.v1" }

func (e EvaluationSubmitted) evolve(a Application) Application {
	v, _ := a.Evaluations.Get(e.Evaluation)
	v.Occasion, v.Author, v.Draft = Occasion{Form: e.Form, Interview: e.Interview}, e.By.MemberID(), ""
	v.Submitted, v.Submission, v.Hidden = e.Number, e.Submission, e.Hidden
	a.Evaluations = a.Evaluations.With(e.Evaluation, v)
	return a
}

// EvaluationDeleted records that the texts of an evaluation were erased, and
// that it counts no more. That there was one stays.
type EvaluationDeleted struct {
	domain.Stamp
	Evaluation string `json:"evaluation"`
	Author     string `json:"author"` // member
	Form       string `json:"form"`
	Number     int    `json:"number,omitempty"` // how often it was submitted; 0 = it was a draft
	Hidden     bool   `json:"hidden,omitempty"`
}

// EventName implements domain.Fact.
func (EvaluationDeleted) EventName() string { return "application.evaluation_deleted.v1" }

func (e EvaluationDeleted) evolve(a Application) Application {
	v, _ := a.Evaluations.Get(e.Evaluation)
	v.Deleted, v.Draft = true, ""
	a.Evaluations = a.Evaluations.With(e.Evaluation, v)
	return a
}

// EvaluationOf returns the evaluation of a member on an occasion, "" if there is
// none.
func (a Application) EvaluationOf(member string, o Occasion) string {
	for id, v := range a.Evaluations.All() {
		if v.Author == member && v.Occasion == o && !v.Deleted {
			return id
		}
	}
	return ""
}

// SeesEvaluation reports whether a member, as far as rights go, may see the
// evaluation of somebody: their own, and another's once it was submitted, and,
// if it is hidden, theirs by the same form.
func (a Application) SeesEvaluation(member string, v Evaluation) bool {
	switch {
	case v.Author == member:
		return true
	case v.Submitted == 0:
		return false
	case !v.Hidden:
		return true
	}
	for _, own := range a.Evaluations.All() {
		if own.Author == member && own.Form == v.Form && own.Submitted > 0 && !own.Deleted {
			return true
		}
	}
	return false
}

// AsksFor reports whether a member was asked for an evaluation by a form: by a
// review request that is open, or by the interview they took part in.
func (a Application) AsksFor(member, form, interview string) bool {
	if i, known := a.Interviews.Get(interview); known && i.Form == form && slices.Contains(i.Participants, member) {
		return true
	}
	return slices.ContainsFunc(a.openReviews(member), func(id string) bool {
		r, _ := a.Reviews.Get(id)
		return r.Form == form
	})
}

// DraftEvaluation saves what the member who asks has put down so far. id is of
// the evaluation if they have none on the occasion yet; draft is the id of the
// change: the same again is no event. What is there must fit the form.
// Errors: those of evaluates and of EvaluationContent.check.
func (a Application) DraftEvaluation(id, draft string, o Occasion, c EvaluationContent, form organization.FormContent, s domain.Stamp) ([]Event, error) {
	id, err := a.evaluates(id, o, s)
	if err != nil {
		return nil, err
	}
	if v, _ := a.Evaluations.Get(id); v.Draft == draft {
		return nil, nil
	}
	if err := c.check(form, false); err != nil {
		return nil, err
	}
	return []Event{EvaluationDrafted{Stamp: s, Evaluation: id, Draft: draft, Form: o.Form, Interview: o.Interview, EvaluationContent: c}}, nil
}

// SubmitEvaluation says how the member who asks evaluates the application, in the
// place of what they said before. id is as for DraftEvaluation; submission is the
// id of the change: the same again is no event. What the form requires must be
// answered, and there must be a recommendation.
// Errors: those of evaluates and of EvaluationContent.check.
func (a Application) SubmitEvaluation(id, submission string, o Occasion, c EvaluationContent, form organization.FormContent, s domain.Stamp) ([]Event, error) {
	id, err := a.evaluates(id, o, s)
	if err != nil {
		return nil, err
	}
	v, _ := a.Evaluations.Get(id)
	if v.Submission == submission {
		return nil, nil
	}
	if err := c.check(form, true); err != nil {
		return nil, err
	}
	return []Event{EvaluationSubmitted{
		Stamp: s, Evaluation: id, Submission: submission, Number: v.Submitted + 1, Form: o.Form, Interview: o.Interview,
		EvaluationContent: c, Result: c.Result(form), Hidden: form.HiddenUntilOwn, Job: a.Job, Stage: a.Stage,
	}}, nil
}

// evaluates refuses an evaluation that the member who asks cannot make, and
// returns its id: the one they have, else id.
// Errors: ErrUnknown, ErrAnonymised, ErrMembersOnly, ErrTooManyEvaluations,
// ErrUnknownInterview, ErrNotAParticipant, ErrInterviewNotStarted,
// ErrInterviewSettled, ErrOtherForm.
func (a Application) evaluates(id string, o Occasion, s domain.Stamp) (string, error) {
	if err := a.exists(); err != nil {
		return "", err
	}
	member := s.By.MemberID()
	if member == "" {
		return "", ErrMembersOnly
	}
	if o.Interview != "" {
		if err := a.evaluatesInterview(member, o, s.At); err != nil {
			return "", err
		}
	}
	if own := a.EvaluationOf(member, o); own != "" {
		return own, nil
	}
	if _, taken := a.Evaluations.Get(id); taken { // of somebody else, or deleted
		return "", ErrUnknownEvaluation
	}
	if a.Evaluations.Len() >= MaxEvaluations {
		return "", ErrTooManyEvaluations
	}
	return id, nil
}

func (a Application) evaluatesInterview(member string, o Occasion, now time.Time) error {
	i, known := a.Interviews.Get(o.Interview)
	starts, _, _ := i.Span()
	switch {
	case !known:
		return ErrUnknownInterview
	case !slices.Contains(i.Participants, member):
		return ErrNotAParticipant
	case i.State == InterviewIsOff || i.State == InterviewWasMissed:
		return ErrInterviewSettled
	case starts.After(now):
		return ErrInterviewNotStarted
	case i.Form != "" && i.Form != o.Form:
		return ErrOtherForm
	}
	return nil
}

// DeleteEvaluation erases an evaluation with its draft: its author may, and
// whoever is manager, a recruitment manager of the job, if they may see it. Doing
// it again is no event.
// Errors: ErrUnknown, ErrAnonymised, ErrUnknownEvaluation, ErrNotYourEvaluation.
func (a Application) DeleteEvaluation(id string, manager bool, s domain.Stamp) ([]Event, error) {
	if err := a.exists(); err != nil {
		return nil, err
	}
	v, ok := a.Evaluations.Get(id)
	switch {
	case !ok || !a.SeesEvaluation(s.By.MemberID(), v) && s.By != domain.System:
		return nil, ErrUnknownEvaluation
	case v.Author != s.By.MemberID() && !manager:
		return nil, ErrNotYourEvaluation
	case v.Deleted:
		return nil, nil
	}
	return []Event{EvaluationDeleted{Stamp: s, Evaluation: id, Author: v.Author, Form: v.Form, Number: v.Submitted, Hidden: v.Hidden}}, nil
}

// evaluated reports whether a participant has evaluated an interview: it took
// place then, whoever says so or not.
func (a Application) evaluated(interview string) bool {
	for _, v := range a.Evaluations.All() {
		if v.Interview == interview && v.Submitted > 0 && !v.Deleted {
			return true
		}
	}
	return false
}
