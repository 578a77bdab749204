package readmodels

import (
	"context"
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
	Kind        NoticeKind `json:"kind" enum:"candidate_note,document_uploaded,file_quarantined,mentioned,new_application,new_comment,evaluation_submitted,review_requested,review_reminder,new_message,unassigned_message,interview_scheduled,interview_changed,interview_cancelled,offer_to_approve,offer_returned,offer_answered,offer_expired,stage_overdue,work_handed_over,second_factor_reset"`
	At          time.Time  `json:"at"`
	By          By         `json:"by"`
	Application *string    `json:"application_id" format:"uuid" doc:"Null for what is about none"`
	Employee    *string    `json:"employee_id" format:"uuid" doc:"The employee profile, of a file that was found infected there and not in the application"`
	Job         *JobRef    `json:"job"`
	NoteID      *string    `json:"note_id" format:"uuid"`
	CommentID   *string    `json:"comment_id" format:"uuid"`
	DocumentID  *string    `json:"document_id" format:"uuid"`
	Evaluation  *string    `json:"evaluation_id" format:"uuid"`
	Review      *string    `json:"review_id" format:"uuid"`
	Interview   *string    `json:"interview_id" format:"uuid"`
	Offer       *string    `json:"offer_id" format:"uuid"`
	MessageID   *string    `json:"message_id" format:"uuid"`
	StageID     *string    `json:"stage_id" format:"uuid" doc:"The stage it has been in for too long"`
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
	job    *JobRef // nil = it is about no application
	unread bool

	employee bool // it is about a profile, not an application
}

// told is a condition: the member may still see what the notice in row n tells
// of; a is its application, d its document, e its evaluation.
func (v sight) told(q *statement) string {
	assigns := "false"
	if v.role == access.Admin || v.role == access.Recruiting {
		assigns = "true"
	}
	return fmt.Sprintf(`CASE n.kind WHEN '%s' THEN %s WHEN '%s' THEN %s WHEN '%s' THEN %s WHEN '%s' THEN %s WHEN '%s' THEN %s WHEN '%s' THEN %s
		WHEN '%s' THEN %s WHEN '%s' THEN %s WHEN '%s' THEN %s WHEN '%s' THEN %s WHEN '%s' THEN %s WHEN '%s' THEN %s WHEN '%s' THEN %s WHEN '%s' THEN %s WHEN '%s' THEN %s WHEN '%s' THEN %s WHEN '%s' THEN %s WHEN '%s' THEN %s WHEN '%s' THEN %s WHEN '%s' THEN %s ELSE n.kind = '%s' END`,
		NoticeUnassigned, assigns,
		NoticeNewMessage, v.holds(q, "a", access.Messages),
		NoticeCandidateNote, v.holds(q, "a", access.Notes),
		NoticeMentioned, v.holds(q, "a", access.Comments),
		NoticeNewComment, v.holds(q, "a", access.Comments),
		NoticeDocumentUploaded, v.holdsCategory(q, "a", "d.category", access.View)+" AND "+v.readsContract(q, "a", "d"),
		NoticeFileQuarantined, v.toldOfFile(q),
		NoticeEvaluationSubmitted, v.holds(q, "a", access.Evaluations)+" AND "+v.unhidden(q.arg(v.member), "false", "e.hidden", "e.author_id::text", "e.form_id", "e.application_id"),
		NoticeReviewRequested, v.holds(q, "a", access.Application),
		NoticeReviewReminder, v.holds(q, "a", access.Application),
		NoticeNewApplication, v.holds(q, "a", access.Application),
		NoticeInterviewScheduled, v.holds(q, "a", access.Interviews),
		NoticeInterviewChanged, v.holds(q, "a", access.Interviews),
		NoticeInterviewCancelled, v.holds(q, "a", access.Interviews),
		NoticeOfferToApprove, v.holds(q, "a", access.Offers),
		NoticeOfferReturned, v.holds(q, "a", access.Offers),
		NoticeOfferAnswered, v.holds(q, "a", access.Offers),
		NoticeOfferExpired, v.holds(q, "a", access.Offers),
		NoticeStageOverdue, v.holds(q, "a", access.Application),
		NoticeWorkHandedOver, v.holds(q, "a", access.Application),
		NoticeSecondFactorReset)
}

// toldOfFile is the condition of told for a file that was found infected: in an
// application, or in the profile em of who was hired, of whose documents it is in ed.
func (v sight) toldOfFile(q *statement) string {
	return fmt.Sprintf("CASE WHEN em.employee_id IS NULL THEN %s AND %s ELSE em.state = '%s' AND %s AND %s AND (NOT ed.contract OR %s AND %s) END",
		v.holdsCategory(q, "a", "d.category", access.View), v.readsContract(q, "a", "d"),
		EmployeeActive, v.readsEmployee(q, "em"), v.holdsCategory(q, "em", "ed.category", access.View), v.holds(q, "em", access.Offers), v.holds(q, "em", access.Salary))
}

// noticesSQL is the notices of the member with their applications.
func (v sight) noticesSQL(q *statement) string {
	return fmt.Sprintf(`
		FROM %s n
		LEFT JOIN %s a ON a.application_id = n.application_id
		LEFT JOIN %s em ON em.employee_id = n.application_id
		LEFT JOIN %s ed ON ed.place = em.employee_id::text || '/' || n.subject_id::text
		LEFT JOIN %s j ON j.job_id = coalesce(a.job_id, em.job_id)
		LEFT JOIN %s d ON d.document_id = n.subject_id
		LEFT JOIN %s e ON e.evaluation_id = n.subject_id
		LEFT JOIN %s r ON r.member_id = n.member_id
		WHERE n.member_id = %s AND (j.job_id IS NOT NULL OR n.kind IN ('%s', '%s')) AND %s`,
		v.schema.Table("notices"), v.schema.Table("applications"), v.schema.Table("employees"), v.schema.Table("employee_documents"), v.schema.Table("jobs"), v.schema.Table("documents"),
		v.schema.Table("evaluations"), v.schema.Table("inboxes"),
		q.arg(v.member), NoticeSecondFactorReset, NoticeUnassigned, v.told(q))
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
		j.job_id::text, j.title, em.employee_id IS NOT NULL, ` + noticeUnread + v.noticesSQL(q)
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
		var job, title *string
		err = row.Scan(&r.Event, &r.Application, &r.Kind, &r.Subject, &r.By, &r.At, &r.Commit, &r.Prepare, &job, &title, &r.employee, &r.unread)
		if job != nil && title != nil {
			r.job = &JobRef{ID: *job, Title: *title}
		}
		return r, err
	})
}

func (r noticeRow) shown(t *texts) Notice {
	n := Notice{ID: r.Event, Kind: r.Kind, At: r.At.UTC(), By: t.by(r.By), Job: r.job, Unread: r.unread}
	switch {
	case r.employee:
		n.Employee = &r.Application
	case r.job != nil:
		n.Application = &r.Application
	}
	switch r.Kind {
	case NoticeCandidateNote:
		n.NoteID = &r.Subject
	case NoticeMentioned, NoticeNewComment:
		n.CommentID = &r.Subject
	case NoticeEvaluationSubmitted:
		n.Evaluation = &r.Subject
	case NoticeReviewRequested, NoticeReviewReminder:
		n.Review = &r.Subject
	case NoticeInterviewScheduled, NoticeInterviewChanged, NoticeInterviewCancelled:
		n.Interview = &r.Subject
	case NoticeOfferToApprove, NoticeOfferReturned, NoticeOfferAnswered, NoticeOfferExpired:
		n.Offer = &r.Subject
	case NoticeStageOverdue:
		n.StageID = &r.Subject
	case NoticeNewApplication, NoticeWorkHandedOver, NoticeSecondFactorReset:
		// There is nothing more to name.
	case NoticeDocumentUploaded, NoticeFileQuarantined:
		n.DocumentID = &r.Subject
	case NoticeNewMessage, NoticeUnassigned:
		n.MessageID = &r.Subject
	}
	return n
}

// readsContract is a condition: the document in row is no contract, or the member
// holds roles that let them view offers and salaries of the application.
func (v sight) readsContract(q *statement, application, row string) string {
	return fmt.Sprintf("(%s.offer_id IS NULL OR %s AND %s)", row, v.holds(q, application, access.Offers), v.holds(q, application, access.Salary))
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
	if v.one != nil {
		var held []access.Category
		for _, c := range v.one.known {
			if v.one.rights.Document(c) >= least {
				held = append(held, c)
			}
		}
		return category + " = ANY (" + q.arg(texted(held)) + "::text[])"
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
