package readmodels

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/personal"
)

// ReviewRequestRow is a row of table review_requests: a colleague was asked for a
// comment, or, by a form, for an evaluation.
type ReviewRequestRow struct {
	ID          string
	Application string
	Reviewer    string
	State       application.ReviewState
	Message     []byte // sealed; nil without one and once anonymised
	DueAt       *time.Time
	RemindAt    *time.Time
	Role        *string // recruiting role of the reviewer
	RequestedAt time.Time
	RequestedBy domain.Actor
	ClosedAt    *time.Time // submitted or cancelled
	Comment     *string    // that was submitted
	Form        *string    // of the evaluation that was asked for
	Evaluation  *string    // that was submitted
}

// ReviewRequests returns table review_requests.
func ReviewRequests() Table[ReviewRequestRow] {
	return Table[ReviewRequestRow]{
		Name: "review_requests",
		Key:  func(r *ReviewRequestRow) *string { return &r.ID },
		Columns: []Column[ReviewRequestRow]{
			Col("review_id", "uuid", func(r *ReviewRequestRow) *string { return &r.ID }),
			Col("application_id", "uuid", func(r *ReviewRequestRow) *string { return &r.Application }),
			Col("reviewer_id", "uuid", func(r *ReviewRequestRow) *string { return &r.Reviewer }),
			Col("state", "text", func(r *ReviewRequestRow) *application.ReviewState { return &r.State }),
			Col("message", "bytea", func(r *ReviewRequestRow) *[]byte { return &r.Message }),
			Col("due_at", "timestamptz", func(r *ReviewRequestRow) **time.Time { return &r.DueAt }),
			Col("remind_at", "timestamptz", func(r *ReviewRequestRow) **time.Time { return &r.RemindAt }),
			Col("role_id", "uuid", func(r *ReviewRequestRow) **string { return &r.Role }),
			Col("requested_at", "timestamptz", func(r *ReviewRequestRow) *time.Time { return &r.RequestedAt }),
			Col("requested_by", "text", func(r *ReviewRequestRow) *domain.Actor { return &r.RequestedBy }),
			Col("closed_at", "timestamptz", func(r *ReviewRequestRow) **time.Time { return &r.ClosedAt }),
			Col("comment_id", "uuid", func(r *ReviewRequestRow) **string { return &r.Comment }),
			Col("form_id", "uuid", func(r *ReviewRequestRow) **string { return &r.Form }),
			Col("evaluation_id", "uuid", func(r *ReviewRequestRow) **string { return &r.Evaluation }),
		},
		Indexes: []string{
			`CREATE INDEX {name}_application ON {table} (application_id, requested_at DESC)`,
			`CREATE INDEX {name}_reviewer ON {table} (reviewer_id, requested_at DESC)`,
		},
		By: map[string]func(*ReviewRequestRow) *string{"application_id": func(r *ReviewRequestRow) *string { return &r.Application }},
	}
}

// ReviewKind is what a colleague was asked for.
type ReviewKind string

// The kinds of reviews.
const (
	ReviewComment    ReviewKind = "comment"
	ReviewEvaluation ReviewKind = "evaluation"
)

// ReviewRequest is a review that a colleague was asked for.
type ReviewRequest struct {
	ID            string                  `json:"id" format:"uuid"`
	ApplicationID string                  `json:"application_id" format:"uuid"`
	Kind          ReviewKind              `json:"kind" enum:"comment,evaluation" doc:"What was asked for"`
	State         application.ReviewState `json:"state" enum:"open,done,cancelled"`
	Reviewer      MemberRef               `json:"reviewer"`
	Message       *personal.Plain         `json:"message" doc:"Null if absent, erased or masked"`
	DueAt         *time.Time              `json:"due_at"`
	RemindAt      *time.Time              `json:"remind_at"`
	Overdue       bool                    `json:"overdue" doc:"Open after it was due"`
	RoleID        *string                 `json:"recruiting_role_id" format:"uuid" doc:"That the reviewer got on the application"`
	RequestedAt   time.Time               `json:"requested_at"`
	RequestedBy   By                      `json:"requested_by"`
	ClosedAt      *time.Time              `json:"closed_at" doc:"When it was submitted or cancelled"`
	CommentID     *string                 `json:"comment_id" format:"uuid" doc:"The comment that was submitted"`
	FormID        *string                 `json:"form_id" format:"uuid" doc:"The form of the evaluation that was asked for"`
	EvaluationID  *string                 `json:"evaluation_id" format:"uuid" doc:"The evaluation that was submitted; null if you may not see it"`
}

func (r ReviewRequestRow) shown(now time.Time, t *texts) ReviewRequest {
	kind := ReviewComment
	if r.Form != nil {
		kind = ReviewEvaluation
	}
	return ReviewRequest{
		ID: r.ID, ApplicationID: r.Application, Kind: kind, State: r.State, Reviewer: t.member(r.Reviewer), Message: t.text(r.Message),
		DueAt: r.DueAt, RemindAt: r.RemindAt, Overdue: r.State == application.ReviewOpen && r.DueAt != nil && now.After(*r.DueAt),
		RoleID: r.Role, RequestedAt: r.RequestedAt, RequestedBy: t.by(r.RequestedBy), ClosedAt: r.ClosedAt, CommentID: r.Comment,
		FormID: r.Form, EvaluationID: r.Evaluation,
	}
}

// openFirst orders review requests: open ones first, newest first.
const openFirst = " ORDER BY state <> 'open', requested_at DESC, review_id"

// Reviews returns the reviews asked for of an application as member may see them
// at now, open ones first, newest first; those for evaluations only with the right
// to view evaluations. Errors: ErrNotFound, ErrMayNotView.
func (c *Core) Reviews(ctx context.Context, member, applicationID string, now time.Time) ([]ReviewRequest, error) {
	list := []ReviewRequest{}
	err := c.snapshot(ctx, "reviews", func(tx pgx.Tx, s Schema) error {
		v, err := c.open(ctx, tx, s, member, applicationID, now)
		switch {
		case err != nil:
			return err
		case v.rights.Area(access.Comments) < access.View:
			return ErrMayNotView
		}
		var rows []ReviewRequestRow
		b := new(pgx.Batch)
		queueRows(b, s, ReviewRequests(), &rows, "application_id = $1 AND (form_id IS NULL OR $2)"+openFirst, applicationID, v.rights.Area(access.Evaluations) >= access.View)
		var seen evaluationRows
		seen.queue(b, v)
		if err := send(ctx, tx, b); err != nil {
			return err
		}
		for i, r := range rows {
			if r.Evaluation != nil && !slices.ContainsFunc(seen.heads, func(e EvaluationRow) bool { return e.ID == *r.Evaluation }) {
				rows[i].Evaluation = nil
			}
		}
		list, err = c.reviews(ctx, tx, s, rows, v.rights.Masked, now)
		return err
	})
	return list, err
}

// MyReviews returns the reviews that member was asked for, of applications they
// may view at now, open ones first, newest first.
func (c *Core) MyReviews(ctx context.Context, member string, now time.Time) ([]ReviewRequest, error) {
	list := []ReviewRequest{}
	err := c.snapshot(ctx, "reviews of a member", func(tx pgx.Tx, s Schema) error {
		v, err := sightOf(ctx, tx, s, member, now)
		if err != nil || v.role == "" {
			return err
		}
		q, b := new(statement), new(pgx.Batch)
		var rows []ReviewRequestRow
		where := fmt.Sprintf("reviewer_id = %s AND EXISTS (SELECT FROM %s a WHERE a.application_id = review_requests.application_id AND %s)",
			q.arg(member), s.Table("applications"), v.holds(q, "a", access.Application))
		queueRows(b, s, ReviewRequests(), &rows, where+openFirst, q.args...)
		if err := send(ctx, tx, b); err != nil {
			return err
		}
		list, err = c.reviews(ctx, tx, s, rows, false, now)
		return err
	})
	return list, err
}

// reviews shows review requests, each opened with the keys of its application.
func (c *Core) reviews(ctx context.Context, tx pgx.Tx, s Schema, rows []ReviewRequestRow, masked bool, now time.Time) ([]ReviewRequest, error) {
	list := make([]ReviewRequest, len(rows))
	for i, r := range rows {
		t := newTexts(c.vault, r.Application, masked)
		t.want(r.Message)
		t.wantMembers(r.Reviewer)
		t.wantBy(r.RequestedBy)
		if err := t.loadNow(ctx, tx, s); err != nil {
			return nil, err
		}
		list[i] = r.shown(now, t)
		if t.err != nil {
			return nil, t.err
		}
	}
	return list, nil
}
