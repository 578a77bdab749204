package projections

import (
	"context"
	"slices"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/readmodels"
)

// offers keeps what applications were offered, and what came of it.
type offers struct {
	offers *Rows[readmodels.OfferRow]
}

func newOffers() *offers { return &offers{offers: NewRows(readmodels.Offers())} }

// Name implements Model.
func (*offers) Name() string { return "offers" }

// Tables implements Model.
func (m *offers) Tables() []AnyTable { return []AnyTable{m.offers} }

// Need implements Model.
func (m *offers) Need(f Fact) {
	body, ok := f.Body.(application.Event)
	if !ok {
		return
	}
	switch e := body.(type) {
	case application.OfferChanged:
		m.offers.Need(e.Offer)
	case application.OfferApproved:
		m.offers.Need(e.Offer)
	case application.OfferReturned:
		m.offers.Need(e.Offer)
	case application.OfferSent:
		m.offers.Need(e.Offer)
	case application.OfferAccepted:
		m.offers.Need(e.Offer)
	case application.OfferDeclined:
		m.offers.Need(e.Offer)
	case application.OfferWithdrawn:
		m.offers.Need(e.Offer)
	case application.OfferExpired:
		m.offers.Need(e.Offer)
	case application.Anonymised, application.Deleted:
		m.offers.NeedBy("application_id", f.Aggregate)
	case application.OfferDrafted:
		// A new row.
	case application.Received, application.ClaimLost, application.StageMoved, application.MoveUndone, application.Submitted, application.Disqualified, application.Requalified, application.Transferred, application.ReasonChanged, application.TagAdded, application.TagRemoved, application.PrioritySet, application.OwnerSet,
		application.CommentAdded, application.CommentEdited, application.CommentDeleted, application.CommentsRead, application.NoteAdded, application.NoteEdited, application.NoteVisibilitySet, application.NoteDeleted, application.Rated,
		application.InterviewScheduled, application.InterviewRescheduled, application.InterviewChanged, application.InterviewCancelled, application.InterviewHeld, application.InterviewMissed, application.InterviewAnswered, application.InterviewInvited,
		application.ReviewRequested, application.ReviewSubmitted, application.ReviewWithdrawn, application.ReviewReminderDue, application.WorkHandedOver, application.EvaluationDrafted, application.EvaluationSubmitted, application.EvaluationDeleted,
		application.DocumentRequested, application.DocumentUploaded, application.DocumentApproved, application.DocumentRejected, application.DocumentCancelled, application.DocumentReopened, application.DocumentLeft, application.DocumentRecategorised, application.FileScanned, application.VersionDeleted,
		application.OutcomeDisclosed, application.DisclosureMoved, application.StageOverdue, application.DocumentReminderDue, application.AccessGranted, application.AccessEnds, application.AuditOpened, application.AuditClosed, application.Hired, application.HireUndone, application.EmployeeLinked:
		// The other models keep what was done and said.
	}
}

// Apply implements Model.
func (m *offers) Apply(_ context.Context, f Fact) error {
	body, ok := f.Body.(application.Event)
	if !ok {
		return nil
	}
	switch e := body.(type) {
	case application.OfferDrafted:
		r := readmodels.OfferRow{ID: e.Offer, Application: f.Aggregate, State: application.OfferIsDraft, DraftedAt: e.At, DraftedBy: e.By}
		offeredAs(&r, e.OfferTerms, e.Stamp)
		m.offers.Put(r)
	case application.OfferChanged:
		m.offer(f, e.Offer, func(r *readmodels.OfferRow) { offeredAs(r, e.OfferTerms, e.Stamp) })
	case application.OfferApproved:
		m.offer(f, e.Offer, func(r *readmodels.OfferRow) {
			r.Approvals.V = append(slices.Clip(r.Approvals.V), readmodels.OfferApprovalOf{Member: e.By.MemberID(), At: e.At})
		})
	case application.OfferReturned:
		m.offer(f, e.Offer, func(r *readmodels.OfferRow) { r.ReturnedAt, r.ReturnedFor = when(f), e.Reason.Bytes() })
	case application.OfferSent:
		m.offer(f, e.Offer, func(r *readmodels.OfferRow) {
			r.State, r.SentAt, r.SentBy, r.OnPage, r.ExpiresAt = application.OfferIsSent, when(f), &e.By, !e.Outside, e.ExpiresAt
			if e.Contract != nil {
				r.Contract, r.File, r.Hash = &e.Contract.Document, &e.Contract.File, e.Contract.Hash.Bytes()
			}
		})
	case application.OfferAccepted:
		m.ended(f, e.Offer, application.OfferIsAccepted, nil)
		m.offer(f, e.Offer, func(r *readmodels.OfferRow) {
			r.SignedFile = optional(e.Document)
			if e.Signature != nil {
				r.Signature = e.Signature.Name.Bytes()
			}
		})
	case application.OfferDeclined:
		m.ended(f, e.Offer, application.OfferIsDeclined, e.Reason.Bytes())
	case application.OfferWithdrawn:
		m.ended(f, e.Offer, application.OfferIsWithdrawn, e.Reason.Bytes())
		m.offer(f, e.Offer, func(r *readmodels.OfferRow) { r.Closed = e.Closed })
	case application.OfferExpired:
		m.ended(f, e.Offer, application.OfferIsExpired, nil)
	case application.Deleted:
		dropAll(m.offers, f.Aggregate)
	case application.Anonymised:
		// Times, states and what numbers are counted in stay.
		m.offers.Each("application_id", f.Aggregate, func(r readmodels.OfferRow) (readmodels.OfferRow, bool) {
			r.Amount, r.StartDate, r.Text, r.ReturnedFor, r.EndedFor, r.Signature, r.Hash = nil, nil, nil, nil, nil, nil, nil
			return r, true
		})
	case application.Received, application.ClaimLost, application.StageMoved, application.MoveUndone, application.Submitted, application.Disqualified, application.Requalified, application.Transferred, application.ReasonChanged, application.TagAdded, application.TagRemoved, application.PrioritySet, application.OwnerSet,
		application.CommentAdded, application.CommentEdited, application.CommentDeleted, application.CommentsRead, application.NoteAdded, application.NoteEdited, application.NoteVisibilitySet, application.NoteDeleted, application.Rated,
		application.InterviewScheduled, application.InterviewRescheduled, application.InterviewChanged, application.InterviewCancelled, application.InterviewHeld, application.InterviewMissed, application.InterviewAnswered, application.InterviewInvited,
		application.ReviewRequested, application.ReviewSubmitted, application.ReviewWithdrawn, application.ReviewReminderDue, application.WorkHandedOver, application.EvaluationDrafted, application.EvaluationSubmitted, application.EvaluationDeleted,
		application.DocumentRequested, application.DocumentUploaded, application.DocumentApproved, application.DocumentRejected, application.DocumentCancelled, application.DocumentReopened, application.DocumentLeft, application.DocumentRecategorised, application.FileScanned, application.VersionDeleted,
		application.OutcomeDisclosed, application.DisclosureMoved, application.StageOverdue, application.DocumentReminderDue, application.AccessGranted, application.AccessEnds, application.AuditOpened, application.AuditClosed, application.Hired, application.HireUndone, application.EmployeeLinked:
		// The other models keep what was done and said.
	}
	return nil
}

// offeredAs sets the terms, which nobody has approved yet.
func offeredAs(r *readmodels.OfferRow, t application.OfferTerms, s domain.Stamp) {
	r.Amount, r.Currency, r.Period, r.StartDate, r.Text = t.Amount.Bytes(), t.Currency, t.Period, t.StartDate.Bytes(), t.Text.Bytes()
	r.Version, r.ChangedAt, r.ChangedBy, r.Approvers = r.Version+1, s.At, s.By, t.Approvers
	r.Template = optional(t.Template)
	r.Approvals.V, r.ReturnedAt, r.ReturnedFor = []readmodels.OfferApprovalOf{}, nil, nil
}

func (m *offers) ended(f Fact, id string, state application.OfferState, reason []byte) {
	by := f.Body.Who()
	m.offer(f, id, func(r *readmodels.OfferRow) { r.State, r.EndedAt, r.EndedBy, r.EndedFor = state, when(f), &by, reason })
}

// offer changes an offer of the application.
func (m *offers) offer(f Fact, id string, change func(*readmodels.OfferRow)) {
	if r, ok := m.offers.Get(id); ok && r.Application == f.Aggregate {
		change(&r)
		m.offers.Put(r)
	}
}
