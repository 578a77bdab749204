package projections

import (
	"context"

	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/readmodels"
)

// assessment keeps what members think of applications.
type assessment struct {
	ratings *Rows[readmodels.RatingRow]
}

func newAssessment() *assessment {
	return &assessment{ratings: NewRows(readmodels.Ratings())}
}

// Name implements Model.
func (*assessment) Name() string { return "assessment" }

// Tables implements Model.
func (m *assessment) Tables() []AnyTable { return []AnyTable{m.ratings} }

// Need implements Model.
func (m *assessment) Need(Fact) {}

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
	case application.Anonymised:
		// Numbers stay.
	case application.Received, application.ClaimLost, application.StageMoved, application.Disqualified, application.Requalified,
		application.ReasonChanged, application.TagAdded, application.TagRemoved, application.PrioritySet, application.OwnerSet,
		application.CommentAdded, application.CommentEdited, application.CommentDeleted, application.CommentsRead,
		application.NoteAdded, application.NoteEdited, application.NoteVisibilitySet, application.NoteDeleted,
		application.DocumentRequested, application.DocumentUploaded, application.DocumentApproved, application.DocumentRejected,
		application.DocumentCancelled, application.DocumentReopened, application.DocumentRecategorised, application.VersionDeleted,
		application.OutcomeDisclosed, application.DocumentReminderDue, application.AccessGranted, application.AccessEnds,
		application.AuditOpened, application.AuditClosed:
		// The other models keep what was done and said.
	}
	return nil
}
