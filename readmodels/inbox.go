package readmodels

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/hirelog/hirelog/domain/access"
)

// InboxQuery chooses a page of an inbox.
type InboxQuery struct {
	Kinds  []NoticeKind // any of them; none = all
	Unread bool         // only what is unread
	Limit  int          // 1 to MaxLimit; 0 = DefaultLimit
	Cursor string
}

// InboxPage is a page of what a member is told of, newest first.
type InboxPage struct {
	Items      []Notice `json:"items" doc:"Newest first"`
	NextCursor *string  `json:"next_cursor" doc:"Where the next page begins; null on the last one"`
	HasMore    bool     `json:"has_more"`
	Unread     int      `json:"unread" doc:"How many are unread, of all kinds, counted up to 1000"`
}

// Notice tells a member of something that happened. It holds no texts.
type Notice struct {
	ID          string     `json:"id" format:"uuid" doc:"Of the event it tells of"`
	Kind        NoticeKind `json:"kind" enum:"candidate_note,document_uploaded,mentioned"`
	At          time.Time  `json:"at"`
	By          By         `json:"by"`
	Application string     `json:"application_id" format:"uuid"`
	Job         JobRef     `json:"job"`
	NoteID      *string    `json:"note_id" format:"uuid"`
	CommentID   *string    `json:"comment_id" format:"uuid"`
	DocumentID  *string    `json:"document_id" format:"uuid"`
	Unread      bool       `json:"unread"`
}

// maxUnread is up to how many unread notices are counted.
const maxUnread = 1000

// Inbox returns a page of what member is told of, as far as they may see it at
// now: what they may no longer see is not there.
// Errors: ErrNotFound for who is no active member; ErrQuery, ErrCursor.
func (c *Core) Inbox(ctx context.Context, member string, q InboxQuery, now time.Time) (InboxPage, error) {
	page := InboxPage{Items: []Notice{}}
	if q.Limit == 0 {
		q.Limit = DefaultLimit
	}
	if q.Limit < 1 || q.Limit > MaxLimit {
		return page, ErrQuery.Because("A page has 1 to %d entries.", MaxLimit)
	}
	signedFor := []any{"inbox", member, q.Kinds, q.Unread}
	var after *cursor
	if q.Cursor != "" {
		at, err := decodeCursor(c.vault, signedFor, q.Cursor)
		if err != nil {
			return page, err
		}
		after = &at
	}
	err := c.snapshot(ctx, "inbox", func(tx pgx.Tx, s Schema) error {
		v, err := sightOf(ctx, tx, s, member, now)
		switch {
		case err != nil:
			return err
		case v.role == "":
			return ErrNotFound
		}
		if page.Unread, err = v.unread(ctx, tx); err != nil {
			return err
		}
		rows, err := v.notices(ctx, tx, q, after)
		if err != nil {
			return err
		}
		if len(rows) > q.Limit {
			rows, page.HasMore = rows[:q.Limit], true
			last := rows[q.Limit-1]
			next, err := cursor{n: last.Commit, at: time.UnixMicro(last.Prepare), id: uuid.MustParse(last.Event)}.encode(c.vault, signedFor)
			if err != nil {
				return err
			}
			page.NextCursor = &next
		}
		t := newTexts(c.vault, member, false)
		for _, r := range rows {
			t.wantBy(r.By)
		}
		if err := t.loadNow(ctx, tx, s); err != nil {
			return err
		}
		for _, r := range rows {
			page.Items = append(page.Items, r.shown(t))
		}
		return t.err
	})
	return page, err
}

// noticeRow is a NoticeRow with what stands in other tables.
type noticeRow struct {
	NoticeRow
	job    JobRef
	unread bool
}

// told is a condition: the member may still see what the notice in row n tells
// of; a is its application, d its document.
func (v sight) told(q *statement) string {
	return fmt.Sprintf(`CASE n.kind WHEN '%s' THEN %s WHEN '%s' THEN %s WHEN '%s' THEN %s ELSE false END`,
		NoticeCandidateNote, v.holds(q, "a", access.Notes),
		NoticeMentioned, v.holds(q, "a", access.Comments),
		NoticeDocumentUploaded, v.holdsCategory(q, "a", "d.category", access.View))
}

// noticesSQL is the notices of the member with their applications.
func (v sight) noticesSQL(q *statement) string {
	return fmt.Sprintf(`
		FROM %s n
		JOIN %s a ON a.application_id = n.application_id
		JOIN %s j ON j.job_id = a.job_id
		LEFT JOIN %s d ON d.document_id = n.subject_id
		LEFT JOIN %s r ON r.member_id = n.member_id
		WHERE n.member_id = %s AND %s`,
		v.schema.Table("notices"), v.schema.Table("applications"), v.schema.Table("jobs"), v.schema.Table("documents"), v.schema.Table("inboxes"),
		q.arg(v.member), v.told(q))
}

const noticeUnread = `(r.member_id IS NULL OR (n.commit_position, n.prepare_position) > (r.commit_position, r.prepare_position))`

// unread counts unread notices, up to maxUnread.
func (v sight) unread(ctx context.Context, tx pgx.Tx) (n int, err error) {
	q := new(statement)
	sql := "SELECT count(*) FROM (SELECT 1" + v.noticesSQL(q) + " AND " + noticeUnread + " LIMIT " + q.arg(maxUnread) + ") counted"
	err = tx.QueryRow(ctx, sql, q.args...).Scan(&n)
	return n, err
}

func (v sight) notices(ctx context.Context, tx pgx.Tx, in InboxQuery, after *cursor) ([]noticeRow, error) {
	q := new(statement)
	sql := `SELECT n.event_id::text, n.application_id::text, n.kind, n.subject_id::text, n.by, n.at, n.commit_position, n.prepare_position,
		j.job_id::text, j.title, ` + noticeUnread + v.noticesSQL(q)
	if len(in.Kinds) > 0 {
		sql += " AND n.kind = ANY (" + q.arg(texted(in.Kinds)) + ")"
	}
	if in.Unread {
		sql += " AND " + noticeUnread
	}
	if after != nil {
		sql += " AND (n.commit_position, n.prepare_position) < (" + q.arg(after.n) + ", " + q.arg(after.at.UnixMicro()) + ")"
	}
	rows, err := tx.Query(ctx, sql+" ORDER BY n.commit_position DESC, n.prepare_position DESC LIMIT "+q.arg(in.Limit+1), q.args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (r noticeRow, err error) {
		err = row.Scan(&r.Event, &r.Application, &r.Kind, &r.Subject, &r.By, &r.At, &r.Commit, &r.Prepare, &r.job.ID, &r.job.Title, &r.unread)
		return r, err
	})
}

func (r noticeRow) shown(t *texts) Notice {
	n := Notice{ID: r.Event, Kind: r.Kind, At: r.At.UTC(), By: t.by(r.By), Application: r.Application, Job: r.job, Unread: r.unread}
	switch r.Kind {
	case NoticeCandidateNote:
		n.NoteID = &r.Subject
	case NoticeMentioned:
		n.CommentID = &r.Subject
	case NoticeDocumentUploaded:
		n.DocumentID = &r.Subject
	}
	return n
}

// holdsCategory is a condition: the member holds a role that has at least a level
// on a category of documents, for the application in row.
func (v sight) holdsCategory(q *statement, row, category string, least access.Level) string {
	switch v.role {
	case access.Admin:
		return "(" + category + " IS NOT NULL)"
	case access.Recruiting, access.Auditor, access.Reporting:
	default:
		return "false"
	}
	column := "documents_view"
	if least == access.Edit {
		column = "documents_edit"
	}
	return fmt.Sprintf(`(EXISTS (
			SELECT FROM %[1]s t JOIN %[2]s o ON o.role_id = t.role_id
			WHERE t.job_id = %[4]s.job_id AND t.member_id = %[5]s AND %[6]s = ANY (o.%[7]s))
		OR EXISTS (
			SELECT FROM %[3]s g JOIN %[2]s o ON o.role_id = g.role_id
			WHERE g.application_id = %[4]s.application_id AND g.member_id = %[5]s
			AND (g.until IS NULL OR g.until > %[8]s) AND %[6]s = ANY (o.%[7]s)))`,
		v.schema.Table("team"), v.schema.Table("recruiting_roles"), v.schema.Table("grants"),
		row, q.arg(v.member), category, column, q.arg(v.now))
}

// TaskKind says what is to be done.
type TaskKind string

// The kinds of tasks.
const (
	TaskDocumentToReview TaskKind = "document_to_review"
	TaskDocumentOverdue  TaskKind = "document_overdue"
	TaskStageOverdue     TaskKind = "stage_overdue"
	TaskCommentsUnread   TaskKind = "comments_unread"
)

// Task is something that is to be done. It is there as long as it is, and no
// longer: nobody opens or closes one.
type Task struct {
	Kind        TaskKind  `json:"kind" enum:"document_to_review,document_overdue,stage_overdue,comments_unread"`
	Application string    `json:"application_id" format:"uuid"`
	Job         JobRef    `json:"job"`
	DocumentID  *string   `json:"document_id" format:"uuid"`
	Stage       *StageRef `json:"stage" doc:"The stage it has been in for too long"`
	Comments    *int      `json:"comments" doc:"How many are unread"`
	Since       time.Time `json:"since" doc:"Since when it is to be done: uploaded, due, over the limit, the oldest unread"`
	Yours       bool      `json:"yours" doc:"It is for you: as recruitment manager, stage manager, or because you asked for the document"`
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
		tasks, err = v.tasks(ctx, tx, q, "x.application_id = "+q.arg(applicationID), true)
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
		tasks, err = v.tasks(ctx, tx, new(statement), "x.yours", false)
		return err
	})
	return tasks, err
}

// tasks reads the tasks that the member may see and that answer to where, of row
// x. Unread comments are tasks of who looks at an application, not of an inbox.
func (v sight) tasks(ctx context.Context, tx pgx.Tx, q *statement, where string, comments bool) ([]Task, error) {
	sql := v.documentTasks(q) + " UNION ALL " + v.stageTasks(q)
	if comments {
		sql += " UNION ALL " + v.commentTasks(q)
	}
	rows, err := tx.Query(ctx, `SELECT x.kind, x.application_id::text, x.job_id::text, j.title, x.document_id::text, x.stage_id, x.stage_name, x.comments, x.since, x.yours
		FROM (`+sql+`) x JOIN `+v.schema.Table("jobs")+` j ON j.job_id = x.job_id
		WHERE `+where+` ORDER BY x.since, x.application_id, x.kind, x.document_id LIMIT `+q.arg(MaxTasks), q.args...)
	if err != nil {
		return nil, err
	}
	tasks, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (t Task, err error) {
		var stage, name *string
		err = row.Scan(&t.Kind, &t.Application, &t.Job.ID, &t.Job.Title, &t.DocumentID, &stage, &name, &t.Comments, &t.Since, &t.Yours)
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
		SELECT CASE d.status WHEN 'uploaded' THEN '%[1]s' ELSE '%[2]s' END AS kind, a.application_id, a.job_id, d.document_id,
			NULL::text AS stage_id, NULL::text AS stage_name, NULL::integer AS comments,
			CASE d.status WHEN 'uploaded' THEN f.uploaded_at ELSE d.due_at END AS since,
			(%[3]s OR %[4]s) AND (d.status <> 'uploaded' OR %[5]s) AS yours
		FROM %[6]s d
		JOIN %[7]s a ON a.application_id = d.application_id
		LEFT JOIN %[8]s f ON f.version_key = d.document_id || '/' || d.version
		WHERE (d.status = 'uploaded' AND f.uploaded_at IS NOT NULL OR d.status IN ('requested', 'rejected') AND d.due_at < %[9]s AND a.outcome = 'in_progress')
		AND NOT a.anonymised AND %[10]s`,
		TaskDocumentToReview, TaskDocumentOverdue, v.manages(q, "a"), asked, v.holdsCategory(q, "a", "d.category", access.Edit),
		v.schema.Table("documents"), v.schema.Table("applications"), v.schema.Table("document_versions"), q.arg(v.now),
		v.holdsCategory(q, "a", "d.category", access.View))
}

// manages is a condition: the member is a recruitment manager of the job in row.
func (v sight) manages(q *statement, row string) string {
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
			OR NOT EXISTS (SELECT FROM %[2]s t WHERE t.job_id = a.job_id AND s ->> 'id' = ANY (t.stages)) AND %[4]s
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
		SELECT '%[1]s', a.application_id, a.job_id, NULL::uuid, NULL::text, NULL::text, count(*)::integer, min(c.at), true
		FROM %[2]s c
		JOIN %[3]s a ON a.application_id = c.application_id
		LEFT JOIN %[4]s r ON r.application_id = c.application_id AND r.member_id = %[5]s
		WHERE NOT c.deleted AND NOT a.anonymised AND c.author <> 'member:' || %[5]s AND c.revision > coalesce(r.revision, -1) AND %[6]s
		GROUP BY a.application_id, a.job_id`,
		TaskCommentsUnread, v.schema.Table("comments"), v.schema.Table("applications"), v.schema.Table("comment_reads"), q.arg(v.member),
		v.holds(q, "a", access.Comments))
}
