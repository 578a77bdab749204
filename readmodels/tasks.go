package readmodels

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/candidate"
)

// TaskKind says what is to be done.
type TaskKind string

// The kinds of tasks.
const (
	TaskDocumentToReview TaskKind = "document_to_review"
	TaskDocumentOverdue  TaskKind = "document_overdue"
	TaskStageOverdue     TaskKind = "stage_overdue"
	TaskCommentsUnread   TaskKind = "comments_unread"
	TaskToCategorise     TaskKind = "document_to_categorise"
	TaskMessageOpen      TaskKind = "message_open"
	TaskMessageTroubled  TaskKind = "message_troubled" // failed, came back, or unknown
	TaskReview           TaskKind = "review_requested"
	TaskEvaluation       TaskKind = "evaluation_due"
	TaskInterview        TaskKind = "interview_over"
	TaskDeclined         TaskKind = "interview_declined"
	TaskOffer            TaskKind = "offer_to_approve"
	TaskDataRequested    TaskKind = "data_requested"
	TaskNoticeBounced    TaskKind = "notice_bounced"
)

// Task is something that is to be done. It is there as long as it is, and no
// longer: nobody opens or closes one.
type Task struct {
	Kind        TaskKind   `json:"kind" enum:"document_to_review,document_overdue,stage_overdue,comments_unread,review_requested,evaluation_due,interview_over,interview_declined,document_to_categorise,message_open,message_troubled,offer_to_approve,data_requested,notice_bounced"`
	Application string     `json:"application_id" format:"uuid"`
	Job         JobRef     `json:"job"`
	DocumentID  *string    `json:"document_id" format:"uuid"`
	MessageID   *string    `json:"message_id" format:"uuid"`
	Stage       *StageRef  `json:"stage" doc:"The stage it has been in for too long"`
	Comments    *int       `json:"comments" doc:"How many are unread"`
	Review      *string    `json:"review_id" format:"uuid"`
	Interview   *string    `json:"interview_id" format:"uuid" doc:"That you are to evaluate, of which it is to be said whether it took place, that somebody declined, or about which a mail came back"`
	Participant *string    `json:"participant_id" format:"uuid" doc:"The member who declined the interview; null if it was the candidate"`
	Form        *string    `json:"form_id" format:"uuid" doc:"The evaluation form that was named"`
	Offer       *string    `json:"offer_id" format:"uuid" doc:"That waits for your approval"`
	DataRequest *string    `json:"data_request_id" format:"uuid" doc:"What the candidate asked about their data"`
	DataKind    *string    `json:"data_request_kind" enum:"export,erasure" doc:"What that is: a copy, or erasure"`
	Notice      *string    `json:"notice_id" format:"uuid" doc:"Notices by mail to one person, of which the last came back"`
	Told        *string    `json:"told" doc:"Whom they are to: candidate, or a member's id"`
	Since       time.Time  `json:"since" doc:"Since when it is to be done: uploaded, due, over the limit, the oldest unread, requested, begun, over, declined, its terms said, asked, came back"`
	Due         *time.Time `json:"due_at" doc:"By when; null where nothing says so, or since says it"`
	Yours       bool       `json:"yours" doc:"It is for you: as recruitment manager, stage manager, organiser, or because you were asked, or asked for the document"`
}

// MaxTasks is the most tasks that are listed.
const MaxTasks = 200

// Tasks returns what is to be done on an application, the oldest first, as far as
// member may see it at now. Errors: ErrNotFound.
func (c *Core) Tasks(ctx context.Context, member, applicationID string, now time.Time) ([]Task, error) {
	tasks := []Task{}
	err := c.snapshot(ctx, "tasks", func(tx pgx.Tx, s Schema) error {
		v, err := c.open(ctx, tx, s, member, applicationID, now)
		if err != nil {
			return err
		}
		q := new(statement)
		about := v.about()
		if tasks, err = about.tasks(ctx, tx, q, "x.application_id = "+q.arg(applicationID), true); err != nil {
			return err
		}
		if tasks, err = about.withUndelivered(ctx, tx, tasks, applicationID); err != nil {
			return err
		}
		tasks, err = about.withInterviews(ctx, tx, tasks, applicationID)
		return err
	})
	return tasks, err
}

// MyTasks returns what is to be done by member, the oldest first, at most
// MaxTasks, as far as they may see it at now.
// Errors: ErrNotFound for who is no active member.
func (c *Core) MyTasks(ctx context.Context, member string, now time.Time) ([]Task, error) {
	tasks := []Task{}
	err := c.snapshot(ctx, "own tasks", func(tx pgx.Tx, s Schema) error {
		v, err := sightOf(ctx, tx, s, member, now)
		switch {
		case err != nil:
			return err
		case v.role == "":
			return ErrNotFound
		}
		if tasks, err = v.tasks(ctx, tx, new(statement), "x.yours", false); err != nil {
			return err
		}
		if tasks, err = v.withUndelivered(ctx, tx, tasks, ""); err != nil {
			return err
		}
		tasks, err = v.withInterviews(ctx, tx, tasks, "")
		return err
	})
	return tasks, err
}

// tasks reads the tasks that the member may see and that answer to where, of row
// x. Unread comments are tasks of who looks at an application, not of an inbox.
func (v sight) tasks(ctx context.Context, tx pgx.Tx, q *statement, where string, comments bool) ([]Task, error) {
	sql := v.documentTasks(q) + " UNION ALL " + v.stageTasks(q) + " UNION ALL " + v.reviewTasks(q) + " UNION ALL " + v.messageTasks(q) + " UNION ALL " + v.offerTasks(q) + " UNION ALL " + v.dataTasks(q, comments)
	if comments {
		sql += " UNION ALL " + v.commentTasks(q)
	}
	rows, err := tx.Query(ctx, `SELECT x.kind, x.application_id::text, x.job_id::text, j.title, x.document_id::text, x.stage_id, x.stage_name, x.comments, x.since, x.yours, x.review_id::text, x.form_id::text, x.offer_id::text
		FROM (`+sql+`) x JOIN `+v.schema.Table("jobs")+` j ON j.job_id = x.job_id
		WHERE `+where+` ORDER BY x.since, x.application_id, x.kind, x.document_id, x.review_id, x.offer_id LIMIT `+q.arg(MaxTasks), q.args...)
	if err != nil {
		return nil, err
	}
	tasks, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (t Task, err error) {
		var stage, name *string
		err = row.Scan(&t.Kind, &t.Application, &t.Job.ID, &t.Job.Title, &t.DocumentID, &stage, &name, &t.Comments, &t.Since, &t.Yours, &t.Review, &t.Form, &t.Offer)
		if t.Kind == TaskMessageOpen || t.Kind == TaskMessageTroubled {
			t.MessageID, t.DocumentID = t.DocumentID, nil
		}
		if t.Kind == TaskDataRequested {
			due := t.Since.AddDate(0, 0, candidate.DataRequestDays).UTC()
			t.DataRequest, t.DataKind, t.Due, t.DocumentID = t.DocumentID, name, &due, nil
		}
		if stage != nil && name != nil {
			t.Stage = &StageRef{ID: *stage, Name: *name}
		}
		t.Since = t.Since.UTC()
		return t, err
	})
	if errors.Is(err, pgx.ErrNoRows) || tasks == nil {
		tasks = []Task{}
	}
	return tasks, err
}

// documentTasks are documents that wait for a review, and requests nobody
// answered in time.
func (v sight) documentTasks(q *statement) string {
	asked := "d.requested_by IS NOT DISTINCT FROM " + q.arg("member:"+v.member)
	return fmt.Sprintf(`
		SELECT CASE WHEN d.category = 'uncategorised' THEN 'document_to_categorise' WHEN d.status = 'uploaded' THEN '%[1]s' ELSE '%[2]s' END AS kind, a.application_id, a.job_id, d.document_id,
			NULL::text AS stage_id, NULL::text AS stage_name, NULL::integer AS comments,
			CASE d.status WHEN 'uploaded' THEN f.uploaded_at ELSE d.due_at END AS since,
			(%[3]s OR %[4]s) AND (d.status <> 'uploaded' OR %[5]s) AS yours, NULL::uuid AS review_id, NULL::uuid AS form_id, NULL::uuid AS offer_id
		FROM %[6]s d
		JOIN %[7]s a ON a.application_id = d.application_id
		LEFT JOIN %[8]s f ON f.version_key = d.document_id || '/' || d.version
		WHERE (d.status = 'uploaded' AND f.uploaded_at IS NOT NULL OR d.status IN ('requested', 'rejected') AND d.due_at < %[9]s AND a.outcome = 'in_progress')
		AND d.note_id IS NULL AND d.comment_id IS NULL AND NOT a.anonymised AND %[10]s AND %[11]s`,
		TaskDocumentToReview, TaskDocumentOverdue, v.manages(q, "a"), asked, v.holdsCategory(q, "a", "d.category", access.Edit),
		v.schema.Table("documents"), v.schema.Table("applications"), v.schema.Table("document_versions"), q.arg(v.now),
		v.holdsCategory(q, "a", "d.category", access.View), v.readsContract(q, "a", "d"))
}

// manages is a condition: the member is a recruitment manager of the job in row.
func (v sight) manages(q *statement, row string) string {
	if v.one != nil {
		return strconv.FormatBool(v.one.rights.Manager)
	}
	return fmt.Sprintf(`EXISTS (SELECT FROM %s t WHERE t.job_id = %s.job_id AND t.member_id = %s AND t.manager)`, v.schema.Table("team"), row, q.arg(v.member))
}

// stageTasks are applications that are longer in a stage than its limit. They
// are for its managers; where it has none, for the recruitment managers.
func (v sight) stageTasks(q *statement) string {
	team, member := v.schema.Table("team"), q.arg(v.member)
	return fmt.Sprintf(`
		SELECT '%[1]s', a.application_id, a.job_id, NULL::uuid, s ->> 'id', s ->> 'name', NULL::integer,
			a.stage_since + make_interval(days => (s ->> 'limit_days')::integer),
			EXISTS (SELECT FROM %[2]s t WHERE t.job_id = a.job_id AND t.member_id = %[3]s AND s ->> 'id' = ANY (t.stages))
			OR NOT EXISTS (SELECT FROM %[2]s t WHERE t.job_id = a.job_id AND s ->> 'id' = ANY (t.stages)) AND %[4]s,
			NULL::uuid, NULL::uuid, NULL::uuid
		FROM %[5]s j
		CROSS JOIN LATERAL jsonb_array_elements(j.stages) s
		JOIN %[6]s a ON a.job_id = j.job_id AND a.stage = s ->> 'id'
		WHERE (s ->> 'limit_days')::integer > 0 AND a.outcome = 'in_progress'
		AND a.stage_since + make_interval(days => (s ->> 'limit_days')::integer) < %[7]s AND %[8]s`,
		TaskStageOverdue, team, member, v.manages(q, "a"), v.schema.Table("jobs"), v.schema.Table("applications"),
		q.arg(v.now), v.holds(q, "a", access.Application))
}

// commentTasks are comments of others that the member has not read.
func (v sight) commentTasks(q *statement) string {
	return fmt.Sprintf(`
		SELECT '%[1]s', a.application_id, a.job_id, NULL::uuid, NULL::text, NULL::text, count(*)::integer, min(c.at), true, NULL::uuid, NULL::uuid, NULL::uuid
		FROM %[2]s c
		JOIN %[3]s a ON a.application_id = c.application_id
		LEFT JOIN %[4]s r ON r.application_id = c.application_id AND r.member_id = %[5]s
		WHERE NOT c.deleted AND NOT a.anonymised AND c.author <> 'member:' || %[5]s AND c.revision > coalesce(r.revision, -1) AND %[6]s
		GROUP BY a.application_id, a.job_id`,
		TaskCommentsUnread, v.schema.Table("comments"), v.schema.Table("applications"), v.schema.Table("comment_reads"), q.arg(v.member),
		v.holds(q, "a", access.Comments))
}

// reviewTasks are reviews that colleagues were asked for and have not submitted.
// Who was asked sees them whatever they may see else.
func (v sight) reviewTasks(q *statement) string {
	me := q.arg(v.member)
	return fmt.Sprintf(`
		SELECT '%[1]s', a.application_id, a.job_id, NULL::uuid, NULL::text, NULL::text, NULL::integer, r.requested_at, r.reviewer_id::text = %[2]s::text, r.review_id, r.form_id, NULL::uuid
		FROM %[3]s r JOIN %[4]s a ON a.application_id = r.application_id
		WHERE r.state = 'open' AND NOT a.anonymised AND %[5]s
		AND (r.reviewer_id::text = %[2]s::text OR CASE WHEN r.form_id IS NULL THEN %[6]s ELSE %[7]s END)`,
		TaskReview, me, v.schema.Table("review_requests"), v.schema.Table("applications"), v.holds(q, "a", access.Application),
		v.holds(q, "a", access.Comments), v.holds(q, "a", access.Evaluations))
}
