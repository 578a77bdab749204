package application

import (
	"slices"
	"time"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/personal"
)

// MaxReviews is the most review requests of an application that are open.
const MaxReviews = 100

// ReviewState is what became of a review request.
type ReviewState string

// The states of a review request.
const (
	ReviewOpen      ReviewState = "open"
	ReviewDone      ReviewState = "done"
	ReviewCancelled ReviewState = "cancelled"
)

// Review is what decisions about a review request need.
type Review struct {
	Reviewer string // member
	State    ReviewState
	Form     string // that is to be evaluated by; empty = a comment is asked for
	RemindAt time.Time
	Reminded bool
}

// The rules that refuse.
var (
	ErrUnknownReview  = &domain.Refusal{Kind: domain.Absent, Code: "unknown_review", Message: "The application has no such review request."}
	ErrReviewDone     = &domain.Refusal{Kind: domain.Illegal, Code: "review_done", Message: "The review was submitted."}
	ErrTooManyReviews = &domain.Refusal{Kind: domain.Illegal, Code: "too_many_reviews", Message: "The application has as many open review requests as it may have."}
)

// ReviewRequested records that a colleague was asked for a comment, or, by
// a form, for an evaluation.
type ReviewRequested struct {
	domain.Stamp
	Review   string        `json:"review"`
	Reviewer string        `json:"reviewer"` // member
	Message  personal.Text `json:"message"`
	DueAt    *time.Time    `json:"due_at,omitempty"`
	RemindAt *time.Time    `json:"remind_at,omitempty"`
	Role     string        `json:"role,omitempty"` // recruiting role that the reviewer gets
	Form     string        `json:"form,omitempty"` // of the evaluation
}

// EventName implements domain.Fact.
func (ReviewRequested) EventName() string { return "application.review_requested.v1" }

func (e ReviewRequested) evolve(a Application) Application {
	r := Review{Reviewer: e.Reviewer, State: ReviewOpen, Form: e.Form}
	if e.RemindAt != nil {
		r.RemindAt = *e.RemindAt
	}
	a.Reviews = a.Reviews.With(e.Review, r)
	return a
}

// Asked is what is asked of a reviewer.
type Asked struct {
	Reviewer string // an active member
	Message  personal.Text
	DueAt    *time.Time // in the future
	RemindAt *time.Time // in the future, and before DueAt if there is one
	Role     string
	Form     string // of the evaluation that is asked for; empty = a comment is
}

// RequestReview asks a colleague for a comment or an evaluation.
// Errors: ErrUnknown, ErrAnonymised, ErrTooManyReviews, domain.ErrInvalid.
func (a Application) RequestReview(id string, r Asked, s domain.Stamp) ([]Event, error) {
	if err := a.exists(); err != nil {
		return nil, err
	}
	if _, asked := a.Reviews.Get(id); asked {
		return nil, nil
	}
	due, remind := cut(r.DueAt), cut(r.RemindAt)
	switch {
	case len(a.openReviews("")) >= MaxReviews:
		return nil, ErrTooManyReviews
	case r.Reviewer == "":
		return nil, domain.ErrInvalid.Because("A review is asked of a member.")
	case due != nil && !due.After(s.At), remind != nil && !remind.After(s.At):
		return nil, domain.ErrInvalid.Because("A review is due, and reminded of, in the future.")
	case due != nil && remind != nil && remind.After(*due):
		return nil, domain.ErrInvalid.Because("A review is reminded of before it is due.")
	}
	return []Event{ReviewRequested{Stamp: s, Review: id, Reviewer: r.Reviewer, Message: r.Message, DueAt: due, RemindAt: remind, Role: r.Role, Form: r.Form}}, nil
}

// cut returns an instant as it is stored.
func cut(at *time.Time) *time.Time {
	if at == nil {
		return nil
	}
	stored := at.UTC().Truncate(time.Microsecond)
	return &stored
}

// ReviewSubmitted records that the reviewer said what they were asked for.
type ReviewSubmitted struct {
	domain.Stamp
	Review     string `json:"review"`
	Comment    string `json:"comment"`              // empty = it was an evaluation
	Evaluation string `json:"evaluation,omitempty"` // that was asked for
}

// EventName implements domain.Fact.
func (ReviewSubmitted) EventName() string { return "application.review_submitted.v1" }

func (e ReviewSubmitted) evolve(a Application) Application {
	r, _ := a.Reviews.Get(e.Review)
	r.State = ReviewDone
	a.Reviews = a.Reviews.With(e.Review, r)
	return a
}

// ReviewWithdrawn records that the review is no longer asked for.
type ReviewWithdrawn struct {
	domain.Stamp
	Review string `json:"review"`
}

// EventName implements domain.Fact.
func (ReviewWithdrawn) EventName() string { return "application.review_cancelled.v1" }

func (e ReviewWithdrawn) evolve(a Application) Application {
	r, _ := a.Reviews.Get(e.Review)
	r.State = ReviewCancelled
	a.Reviews = a.Reviews.With(e.Review, r)
	return a
}

// CancelReview takes a review request back. Doing it again is no event.
// Errors: ErrUnknown, ErrAnonymised, ErrUnknownReview, ErrReviewDone.
func (a Application) CancelReview(id string, s domain.Stamp) ([]Event, error) {
	if err := a.exists(); err != nil {
		return nil, err
	}
	r, ok := a.Reviews.Get(id)
	switch {
	case !ok:
		return nil, ErrUnknownReview
	case r.State == ReviewCancelled:
		return nil, nil
	case r.State == ReviewDone:
		return nil, ErrReviewDone
	}
	return []Event{ReviewWithdrawn{Stamp: s, Review: id}}, nil
}

// ReviewReminderDue records that the reviewer is to be reminded of a review.
type ReviewReminderDue struct {
	domain.Stamp
	Review   string `json:"review"`
	Reviewer string `json:"reviewer"` // member
}

// EventName implements domain.Fact.
func (ReviewReminderDue) EventName() string { return "application.review_reminder_due.v1" }

func (e ReviewReminderDue) evolve(a Application) Application {
	r, _ := a.Reviews.Get(e.Review)
	r.Reminded = true
	a.Reviews = a.Reviews.With(e.Review, r)
	return a
}

// RemindOfReview says that time has passed: at the time that was named the
// reviewer is reminded, once, of a review that is open, of an application that
// is in progress. Errors: ErrUnknown, ErrAnonymised, ErrUnknownReview.
func (a Application) RemindOfReview(id string, s domain.Stamp) ([]Event, error) {
	if err := a.exists(); err != nil {
		return nil, err
	}
	r, ok := a.Reviews.Get(id)
	switch {
	case !ok:
		return nil, ErrUnknownReview
	case !a.Live(), r.State != ReviewOpen, r.Reminded, r.RemindAt.IsZero(), s.At.Before(r.RemindAt):
		return nil, nil
	}
	return []Event{ReviewReminderDue{Stamp: s, Review: id, Reviewer: r.Reviewer}}, nil
}

// SubmitReviews returns what a comment of a member does to the reviews that are
// open with them: it is part of the decision that adds the comment.
func (a Application) SubmitReviews(comment string, s domain.Stamp) []Event {
	var events []Event
	for _, id := range a.openReviews(s.By.MemberID()) {
		if r, _ := a.Reviews.Get(id); r.Form == "" {
			events = append(events, ReviewSubmitted{Stamp: s, Review: id, Comment: comment})
		}
	}
	return events
}

// SubmitEvaluated returns what an evaluation of a member by a form does to the
// reviews that ask them for one by it: it is part of the decision that submits
// the evaluation.
func (a Application) SubmitEvaluated(evaluation, form string, s domain.Stamp) []Event {
	var events []Event
	for _, id := range a.openReviews(s.By.MemberID()) {
		if r, _ := a.Reviews.Get(id); form != "" && r.Form == form {
			events = append(events, ReviewSubmitted{Stamp: s, Review: id, Evaluation: evaluation})
		}
	}
	return events
}

// openReviews returns the ids of the reviews that are open with a member, or of
// all if member is "", sorted.
func (a Application) openReviews(member string) []string {
	var ids []string
	for id, r := range a.Reviews.All() {
		if r.State == ReviewOpen && (member == "" || r.Reviewer == member) {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}
