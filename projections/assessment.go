package projections

import (
	"context"
	"slices"

	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/readmodels"
)

// assessment keeps what members think of applications.
type assessment struct {
	ratings    *Rows[readmodels.RatingRow]
	interviews *Rows[readmodels.InterviewRow]
	reviews    *Rows[readmodels.ReviewRequestRow]

	evaluations *Rows[readmodels.EvaluationRow]
	contents    *Rows[readmodels.EvaluationContentRow]
}

func newAssessment() *assessment {
	return &assessment{
		ratings: NewRows(readmodels.Ratings()), interviews: NewRows(readmodels.Interviews()), reviews: NewRows(readmodels.ReviewRequests()),
		evaluations: NewRows(readmodels.Evaluations()), contents: NewRows(readmodels.EvaluationContents()),
	}
}

// Name implements Model.
func (*assessment) Name() string { return "assessment" }

// Tables implements Model.
func (m *assessment) Tables() []AnyTable {
	return []AnyTable{m.ratings, m.interviews, m.reviews, m.evaluations, m.contents}
}

// Need implements Model.
func (m *assessment) Need(f Fact) {
	e, ok := f.Body.(application.Event)
	if !ok {
		return
	}
	switch e := e.(type) {
	case application.InterviewRescheduled:
		m.interviews.Need(e.Interview)
	case application.InterviewChanged:
		m.interviews.Need(e.Interview)
	case application.InterviewCancelled:
		m.interviews.Need(e.Interview)
	case application.InterviewHeld:
		m.interviews.Need(e.Interview)
	case application.InterviewMissed:
		m.interviews.Need(e.Interview)
	case application.InterviewAnswered:
		m.interviews.Need(e.Interview)
	case application.InterviewInvited:
		m.interviews.Need(e.Interview)
	case application.ReviewSubmitted:
		m.reviews.Need(e.Review)
	case application.ReviewWithdrawn:
		m.reviews.Need(e.Review)
	case application.WorkHandedOver:
		for _, id := range e.Reviews {
			m.reviews.Need(id)
		}
		for _, id := range e.Interviews {
			m.interviews.Need(id)
		}
	case application.Transferred:
		for _, id := range e.Interviews {
			m.interviews.Need(id)
		}
		for _, id := range e.Reviews {
			m.reviews.Need(id)
		}
	case application.EvaluationDrafted:
		m.evaluations.Need(e.Evaluation)
	case application.EvaluationSubmitted:
		m.evaluations.Need(e.Evaluation)
	case application.EvaluationDeleted:
		m.evaluations.Need(e.Evaluation)
		m.contents.NeedBy("evaluation_id", e.Evaluation)
	case application.Anonymised, application.Deleted:
		m.ratings.NeedBy("application_id", f.Aggregate)
		m.contents.NeedBy("application_id", f.Aggregate)
		m.evaluations.NeedBy("application_id", f.Aggregate)
		m.interviews.NeedBy("application_id", f.Aggregate)
		m.reviews.NeedBy("application_id", f.Aggregate)
	case application.Rated, application.InterviewScheduled, application.ReviewRequested:
		// New rows, or rows written over.
	case application.Received, application.ClaimLost, application.StageMoved, application.Disqualified, application.Requalified,
		application.ReasonChanged, application.TagAdded, application.TagRemoved, application.PrioritySet, application.OwnerSet,
		application.CommentAdded, application.CommentEdited, application.CommentDeleted, application.CommentsRead,
		application.NoteAdded, application.NoteEdited, application.NoteVisibilitySet, application.NoteDeleted,
		application.DocumentRequested, application.DocumentUploaded, application.DocumentApproved, application.DocumentRejected,
		application.OutcomeDisclosed, application.DisclosureMoved, application.DocumentReminderDue, application.StageOverdue, application.ReviewReminderDue, application.AccessGranted, application.AccessEnds,
		application.AuditOpened, application.AuditClosed,
		application.DocumentCancelled, application.DocumentRecategorised, application.FileScanned, application.DocumentReopened, application.DocumentLeft, application.VersionDeleted,
		application.MoveUndone, application.Submitted, application.Hired, application.HireUndone, application.EmployeeLinked,
		application.OfferDrafted, application.OfferChanged, application.OfferApproved, application.OfferReturned,
		application.OfferSent, application.OfferAccepted, application.OfferDeclined, application.OfferWithdrawn, application.OfferExpired:
		// The other models keep what was done and said.
	}
}

// Apply implements Model.
func (m *assessment) Apply(_ context.Context, f Fact) error {
	e, ok := f.Body.(application.Event)
	if !ok {
		return nil
	}
	switch e := e.(type) {
	case application.Rated:
		m.ratings.Put(readmodels.RatingRow{
			Key: f.Aggregate + "/" + e.By.MemberID(), Application: f.Aggregate, Member: e.By.MemberID(), Rating: e.Rating, At: e.At,
		})
	case application.InterviewScheduled:
		m.interviews.Put(scheduled(f, e))
	case application.InterviewRescheduled:
		m.interview(f, e.Interview, func(r *readmodels.InterviewRow) {
			setTime(r, e.InterviewTime)
			r.Sequence++
			r.Place, r.Link = e.Place.Bytes(), e.Link.Bytes()
			if !e.SameTime {
				r.Slots, r.Answers.V = nil, []readmodels.InterviewAnswerOf{}
			}
		})
	case application.InterviewChanged:
		m.interview(f, e.Interview, func(r *readmodels.InterviewRow) {
			if !e.Internal() {
				r.Sequence++
			}
			r.Title, r.Description, r.Participants, r.Form, r.Hidden = e.Title.Bytes(), e.Description.Bytes(), e.Participants, optional(e.Form), e.Hidden
			r.Answers.V = slices.DeleteFunc(slices.Clone(r.Answers.V), func(a readmodels.InterviewAnswerOf) bool {
				return a.Member != "" && !slices.Contains(e.Participants, a.Member)
			})
		})
	case application.InterviewCancelled:
		m.interview(f, e.Interview, func(r *readmodels.InterviewRow) {
			r.State, r.SettledAt, r.Reason = application.InterviewIsOff, when(f), e.Reason.Bytes()
			r.Sequence++
		})
	case application.InterviewHeld:
		m.interview(f, e.Interview, func(r *readmodels.InterviewRow) { r.State, r.SettledAt = application.InterviewIsOver, when(f) })
	case application.InterviewMissed:
		m.interview(f, e.Interview, func(r *readmodels.InterviewRow) { r.State, r.SettledAt = application.InterviewWasMissed, when(f) })
	case application.InterviewAnswered:
		m.interview(f, e.Interview, func(r *readmodels.InterviewRow) { answered(r, e) })
	case application.InterviewInvited:
		m.interview(f, e.Interview, func(r *readmodels.InterviewRow) { r.InvitedAt, r.InvitedBy = when(f), e.By })
	case application.ReviewRequested:
		m.reviews.Put(readmodels.ReviewRequestRow{
			ID: e.Review, Application: f.Aggregate, Reviewer: e.Reviewer, State: application.ReviewOpen, Message: e.Message.Bytes(),
			DueAt: e.DueAt, RemindAt: e.RemindAt, Role: optional(e.Role), Form: optional(e.Form), RequestedAt: e.At, RequestedBy: e.By,
		})
	case application.ReviewSubmitted:
		m.review(f, e.Review, application.ReviewDone, e.Comment, e.Evaluation)
	case application.ReviewWithdrawn:
		m.review(f, e.Review, application.ReviewCancelled, "", "")
	case application.Transferred:
		for _, id := range e.Interviews {
			m.interview(f, id, func(r *readmodels.InterviewRow) {
				r.State, r.SettledAt, r.WentOn = application.InterviewIsOff, when(f), true
			})
		}
		for _, id := range e.Reviews {
			m.review(f, id, application.ReviewCancelled, "", "")
		}
	case application.WorkHandedOver:
		for _, id := range e.Reviews {
			if r, ok := m.reviews.Get(id); ok && r.Application == f.Aggregate {
				r.Reviewer = e.To
				m.reviews.Put(r)
			}
		}
		for _, id := range e.Interviews {
			m.interview(f, id, func(r *readmodels.InterviewRow) { r.Organiser = e.To })
		}
	case application.EvaluationDrafted:
		m.drafted(f, e)
	case application.EvaluationSubmitted:
		m.evaluated(f, e)
	case application.EvaluationDeleted:
		m.unevaluated(f, e)
	case application.Deleted:
		dropAll(m.ratings, f.Aggregate)
		dropAll(m.contents, f.Aggregate)
		dropAll(m.evaluations, f.Aggregate)
		dropAll(m.interviews, f.Aggregate)
		dropAll(m.reviews, f.Aggregate)
	case application.Anonymised:
		// Numbers and times stay.
		m.scrub(f.Aggregate)
		m.reviews.Each("application_id", f.Aggregate, func(r readmodels.ReviewRequestRow) (readmodels.ReviewRequestRow, bool) {
			r.Message = nil
			return r, true
		})
		m.interviews.Each("application_id", f.Aggregate, func(r readmodels.InterviewRow) (readmodels.InterviewRow, bool) {
			r.Title, r.Description, r.Place, r.Link, r.Reason = nil, nil, nil, nil, nil
			return r, true
		})
	case application.Received, application.ClaimLost, application.StageMoved, application.Disqualified, application.Requalified,
		application.ReasonChanged, application.TagAdded, application.TagRemoved, application.PrioritySet, application.OwnerSet,
		application.CommentAdded, application.CommentEdited, application.CommentDeleted, application.CommentsRead,
		application.NoteAdded, application.NoteEdited, application.NoteVisibilitySet, application.NoteDeleted,
		application.DocumentRequested, application.DocumentUploaded, application.DocumentApproved, application.DocumentRejected,
		application.OutcomeDisclosed, application.DisclosureMoved, application.DocumentReminderDue, application.StageOverdue, application.ReviewReminderDue, application.AccessGranted, application.AccessEnds,
		application.AuditOpened, application.AuditClosed,
		application.DocumentCancelled, application.DocumentRecategorised, application.FileScanned, application.DocumentReopened, application.DocumentLeft, application.VersionDeleted,
		application.MoveUndone, application.Submitted, application.Hired, application.HireUndone, application.EmployeeLinked,
		application.OfferDrafted, application.OfferChanged, application.OfferApproved, application.OfferReturned,
		application.OfferSent, application.OfferAccepted, application.OfferDeclined, application.OfferWithdrawn, application.OfferExpired:
		// The other models keep what was done and said.
	}
	return nil
}

// review closes a review request of the application.
func (m *assessment) review(f Fact, id string, state application.ReviewState, comment, evaluation string) {
	if r, ok := m.reviews.Get(id); ok && r.Application == f.Aggregate {
		r.State, r.ClosedAt, r.Comment, r.Evaluation = state, when(f), optional(comment), optional(evaluation)
		m.reviews.Put(r)
	}
}
