package readmodels

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/hirelog/hirelog/domain/access"
)

// UndeliveredRow is a row of table undelivered_notices: a mail of notices that came
// back.
type UndeliveredRow struct {
	Mail        string
	Notice      string // what one person is told of one application, or of one interview
	Application string
	Told        string  // candidate, or a member
	Calendar    *string // by which calendars know the interview it is about
	At          time.Time
	Reason      string // status of RFC 3463
	Open        bool   // nobody took care of it
}

// Undelivered returns table undelivered_notices.
func Undelivered() Table[UndeliveredRow] {
	return Table[UndeliveredRow]{
		Name: "undelivered_notices",
		Key:  func(r *UndeliveredRow) *string { return &r.Mail },
		Columns: []Column[UndeliveredRow]{
			Col("mail_id", "uuid", func(r *UndeliveredRow) *string { return &r.Mail }),
			Col("notice_id", "uuid", func(r *UndeliveredRow) *string { return &r.Notice }),
			Col("application_id", "uuid", func(r *UndeliveredRow) *string { return &r.Application }),
			Col("told", "text", func(r *UndeliveredRow) *string { return &r.Told }),
			Col("calendar_id", "uuid", func(r *UndeliveredRow) **string { return &r.Calendar }),
			Col("bounced_at", "timestamptz", func(r *UndeliveredRow) *time.Time { return &r.At }),
			Col("reason", "text", func(r *UndeliveredRow) *string { return &r.Reason }),
			Col("open", "boolean", func(r *UndeliveredRow) *bool { return &r.Open }),
		},
		Indexes: []string{`CREATE INDEX {name}_application ON {table} (application_id)`, `CREATE INDEX {name}_notice ON {table} (notice_id)`},
		By: map[string]func(*UndeliveredRow) *string{
			"application_id": func(r *UndeliveredRow) *string { return &r.Application },
			"notice_id":      func(r *UndeliveredRow) *string { return &r.Notice },
		},
	}
}

// Bounce says when and why a mail came back.
type Bounce struct {
	At     time.Time `json:"at"`
	Status string    `json:"status" doc:"Of RFC 3463, such as 5.1.1"`
}

// Bounces returns, of mails of notices by their ids, those that came back. Who may
// know of a mail may know that.
func (c *Core) Bounces(ctx context.Context, mails []string) (map[string]Bounce, error) {
	bounces := map[string]Bounce{}
	err := c.snapshot(ctx, "bounces", func(tx pgx.Tx, s Schema) error {
		rows, err := tx.Query(ctx, "SELECT mail_id::text, bounced_at, reason FROM "+s.Table("undelivered_notices")+" WHERE mail_id = ANY ($1::uuid[])", mails)
		if err != nil {
			return err
		}
		var mail string
		var b Bounce
		_, err = pgx.ForEachRow(rows, []any{&mail, &b.At, &b.Status}, func() error {
			b.At = b.At.UTC()
			bounces[mail] = b
			return nil
		})
		return err
	})
	return bounces, err
}

// withUndelivered adds the mails of notices that came back and nobody took care of,
// as long as the application goes on: those about an interview are for its organiser
// while it is planned, the others for the recruitment managers. Those of one
// application, or, with "", of the member.
func (v sight) withUndelivered(ctx context.Context, tx pgx.Tx, tasks []Task, applicationID string) ([]Task, error) {
	q := new(statement)
	yours := "CASE WHEN u.calendar_id IS NULL THEN " + v.manages(q, "a") + " ELSE i.organiser_id = " + q.arg(v.member) + "::text END"
	where := "coalesce(" + yours + ", false)"
	if applicationID != "" {
		where = "u.application_id = " + q.arg(applicationID) + "::uuid"
	}
	rows, err := tx.Query(ctx, fmt.Sprintf(`SELECT u.notice_id::text, u.application_id::text, j.job_id::text, j.title, i.interview_id::text, u.told, u.bounced_at, coalesce(%[1]s, false)
		FROM %[2]s u
		JOIN %[3]s a ON a.application_id = u.application_id
		JOIN %[4]s j ON j.job_id = a.job_id
		LEFT JOIN %[5]s i ON i.application_id = u.application_id AND i.first_id = u.calendar_id
		WHERE u.open AND a.outcome IN ('in_progress', 'hired') AND NOT a.anonymised AND (u.calendar_id IS NULL OR i.state = 'planned')
		AND %[6]s AND CASE WHEN u.calendar_id IS NULL THEN %[7]s ELSE %[8]s END AND %[9]s
		ORDER BY u.bounced_at, u.notice_id LIMIT %[10]s`,
		yours, v.schema.Table("undelivered_notices"), v.schema.Table("applications"), v.schema.Table("jobs"), v.schema.Table("interviews"),
		v.holds(q, "a", access.Application), v.holds(q, "a", access.Messages), v.holds(q, "a", access.Interviews), where, q.arg(MaxTasks)), q.args...)
	if err != nil {
		return nil, err
	}
	back, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (Task, error) {
		t := Task{Kind: TaskNoticeBounced}
		err := row.Scan(&t.Notice, &t.Application, &t.Job.ID, &t.Job.Title, &t.Interview, &t.Told, &t.Since, &t.Yours)
		t.Since = t.Since.UTC()
		return t, err
	})
	return append(tasks, back...), err
}
