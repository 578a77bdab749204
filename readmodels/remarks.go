package readmodels

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/internal/vault"
)

// RemarksShown is how many notes, and how many comments, a profile or the
// candidate's page shows. The others come in pages.
const RemarksShown = 20

// RemarkQuery chooses a page of the notes, the comments or the messages of an
// application.
type RemarkQuery struct {
	Limit  int // 1 to MaxLimit; 0 = DefaultLimit
	Cursor string
}

// after returns where the page of q begins; of is the list that its cursor must
// belong to. Errors: ErrQuery, ErrCursor.
func (q *RemarkQuery) after(v *vault.Vault, of remarkList) (*cursor, error) {
	if q.Limit == 0 {
		q.Limit = DefaultLimit
	}
	if q.Limit < 1 || q.Limit > MaxLimit {
		return nil, ErrQuery.Because("A page has 1 to %d entries.", MaxLimit)
	}
	if q.Cursor == "" {
		return nil, nil
	}
	after, err := decodeCursor(v, of, q.Cursor)
	return &after, err
}

// remarkList is one list of notes, comments or messages: what is in it, and of
// which application. Those of the application's own page and those that are asked for
// are one list.
type remarkList [2]string

// next returns the cursor behind a row of the list.
func (l remarkList) next(v *vault.Vault, at time.Time, id string) (*string, error) {
	of, err := uuid.Parse(id)
	if err != nil {
		return nil, fmt.Errorf("cursor of %s: %w", l[0], err)
	}
	text, err := cursor{at: at, id: of}.encode(v, l)
	return &text, err
}

// NotePage is a page of the notes of an application.
type NotePage struct {
	Items      []Note  `json:"items" doc:"Newest first"`
	NextCursor *string `json:"next_cursor" doc:"Where the next page begins; null on the last one"`
	HasMore    bool    `json:"has_more"`
	Total      int     `json:"total" doc:"How many there are on all pages"`
}

// CommentPage is a page of the comments on an application.
type CommentPage struct {
	Items      []Comment `json:"items" doc:"Newest first"`
	NextCursor *string   `json:"next_cursor" doc:"Where the next page begins; null on the last one"`
	HasMore    bool      `json:"has_more"`
	Total      int       `json:"total" doc:"How many there are on all pages"`
	Unread     int       `json:"unread" doc:"How many of them you have not read"`
}

// Notes returns a page of the notes of an application, and of those it goes on
// from, as member may see them at now.
// Errors: ErrNotFound, ErrMayNotView, ErrQuery, ErrCursor.
func (c *Core) Notes(ctx context.Context, member, applicationID string, in RemarkQuery, now time.Time) (NotePage, error) {
	page := NotePage{}
	err := c.remarks(ctx, member, applicationID, access.Notes, in, now, func(r *remarkRows, v view, files map[string][]string, t *texts) (err error) {
		page.Items = r.shownNotes(v, files, t)
		page.Total, page.HasMore = r.noteTotal, r.moreNotes
		page.NextCursor, err = r.nextNote(c.vault, v)
		return err
	})
	return page, err
}

// Comments returns a page of the comments on an application, and on those it goes
// on from, as member may see them at now.
// Errors: ErrNotFound, ErrMayNotView, ErrQuery, ErrCursor.
func (c *Core) Comments(ctx context.Context, member, applicationID string, in RemarkQuery, now time.Time) (CommentPage, error) {
	page := CommentPage{}
	err := c.remarks(ctx, member, applicationID, access.Comments, in, now, func(r *remarkRows, v view, files map[string][]string, t *texts) (err error) {
		page.Items = r.shownComments(v, files, t)
		page.Total, page.HasMore, page.Unread = r.commentTotal, r.moreComments, r.unread
		page.NextCursor, err = r.nextComment(c.vault, v)
		return err
	})
	return page, err
}

// remarks reads a page of what belongs to an area, and has it shown with the
// documents that its files are in.
func (c *Core) remarks(ctx context.Context, member, applicationID string, area access.Area, in RemarkQuery, now time.Time, show func(*remarkRows, view, map[string][]string, *texts) error) error {
	after, err := in.after(c.vault, remarkList{string(area), applicationID})
	if err != nil {
		return err
	}
	return c.snapshot(ctx, string(area), func(tx pgx.Tx, s Schema) error {
		v, err := c.open(ctx, tx, s, member, applicationID, now)
		switch {
		case err != nil:
			return err
		case v.rights.Area(area) < access.View:
			return ErrMayNotView
		}
		r := remarkRows{limit: in.Limit, after: after}
		b := new(pgx.Batch)
		r.queue(b, v, area)
		if err := send(ctx, tx, b); err != nil {
			return err
		}
		if err := r.readEarlier(ctx, tx, s); err != nil {
			return err
		}
		t := textsOf(c.vault, v.ids(), v.rights.Masked)
		r.want(t)
		var documents []DocumentRow
		b = new(pgx.Batch)
		if seen := v.categories(); len(seen) > 0 {
			queueRows(b, s, Documents(), &documents, "application_id = ANY ($1::uuid[]) AND category = ANY ($2) AND coalesce(note_id, comment_id) = ANY ($3::uuid[]) AND "+
				v.besideCategory("")+" ORDER BY at DESC, document_id", v.ids(), texted(seen), r.ids())
		}
		t.load(b, s)
		if err := send(ctx, tx, b); err != nil {
			return err
		}
		if err := show(&r, v, ofRemarks(documents), t); err != nil {
			return err
		}
		return t.err
	})
}

// remarkRows are the rows that a page of notes and one of comments are made of.
type remarkRows struct {
	limit int     // of each
	after *cursor // where the pages begin; nil = with the newest

	notes        []NoteRow
	noteTotal    int
	moreNotes    bool
	comments     []CommentRow
	commentTotal int
	moreComments bool
	unread       int
	earlier      []EarlierRow
	reads        []CommentReadRow
}

// queue queues the reading of those areas that v may see.
func (r *remarkRows) queue(b *pgx.Batch, v view, areas ...access.Area) {
	for _, area := range areas {
		switch {
		case v.rights.Area(area) < access.View:
		case area == access.Notes:
			r.queueNotes(b, v)
		case area == access.Comments:
			r.queueComments(b, v)
		}
	}
}

func (r *remarkRows) queueNotes(b *pgx.Batch, v view) {
	q := new(statement)
	queueRows(b, v.schema, Notes(), &r.notes, v.line(q)+r.page(q, "note_id"), q.args...)
	q = new(statement)
	b.Queue("SELECT count(*) FROM "+v.schema.Table("notes")+" WHERE "+v.line(q), q.args...).QueryRow(func(row pgx.Row) error {
		return row.Scan(&r.noteTotal)
	})
}

func (r *remarkRows) queueComments(b *pgx.Batch, v view) {
	s, q := v.schema, new(statement)
	queueRows(b, s, Comments(), &r.comments, v.line(q)+r.page(q, "comment_id"), q.args...)
	place := v.application.ID + "/" + v.member
	queueRows(b, s, CommentReads(), &r.reads, "place = $1", place)
	q = new(statement)
	// What was new before, in an application that this one goes on from, is not new here.
	unread := fmt.Sprintf("application_id = %s AND NOT deleted AND author <> %s AND revision > coalesce((SELECT revision FROM %s WHERE place = %s), -1)",
		q.arg(v.application.ID), q.arg(domain.Member(v.member)), s.Table("comment_reads"), q.arg(place))
	b.Queue("SELECT count(*), count(*) FILTER (WHERE "+unread+") FROM "+s.Table("comments")+" WHERE "+v.line(q), q.args...).QueryRow(func(row pgx.Row) error {
		return row.Scan(&r.commentTotal, &r.unread)
	})
}

// line is a condition: the row is of the application, or of one it goes on from.
func (v view) line(q *statement) string { return ofLine(q, v.ids()) }

func ofLine(q *statement, ids []string) string {
	if len(ids) == 1 { // its rows are read in their order, and no more than asked for
		return "application_id = " + q.arg(ids[0])
	}
	return "application_id = ANY (" + q.arg(ids) + "::uuid[])"
}

// page adds to a condition which rows come on the page, newest first, and one
// more to tell whether there is another page.
func (r *remarkRows) page(q *statement, id string) string {
	sql := ""
	if r.after != nil {
		sql = fmt.Sprintf(" AND at <= %[1]s AND (at < %[1]s OR %[2]s > %[3]s)", q.arg(r.after.at), id, q.arg(r.after.id.String()))
	}
	return sql + " ORDER BY at DESC, " + id + " LIMIT " + q.arg(r.limit+1)
}

// cut takes away what was read to tell whether there is more.
func (r *remarkRows) cut() {
	r.notes, r.moreNotes = firstOf(r.notes, r.limit)
	r.comments, r.moreComments = firstOf(r.comments, r.limit)
}

// readEarlier cuts, and reads what those that were changed said before, which
// few were.
func (r *remarkRows) readEarlier(ctx context.Context, tx pgx.Tx, s Schema) error {
	r.cut()
	var edited []string
	for _, n := range r.notes {
		if n.Edits > 0 {
			edited = append(edited, n.ID)
		}
	}
	for _, c := range r.comments {
		if c.Edits > 0 {
			edited = append(edited, c.ID)
		}
	}
	if len(edited) == 0 {
		return nil
	}
	b := new(pgx.Batch)
	queueRows(b, s, EarlierTexts(), &r.earlier, "subject_id = ANY ($1::uuid[]) ORDER BY subject_id, number", edited)
	return send(ctx, tx, b)
}

func firstOf[R any](rows []R, limit int) ([]R, bool) {
	if len(rows) > limit {
		return rows[:limit], true
	}
	return rows, false
}

// ids are those of the notes and comments.
func (r *remarkRows) ids() []string {
	ids := make([]string, 0, len(r.notes)+len(r.comments))
	for _, n := range r.notes {
		ids = append(ids, n.ID)
	}
	for _, c := range r.comments {
		ids = append(ids, c.ID)
	}
	return ids
}

func (r *remarkRows) want(t *texts) {
	for _, n := range r.notes {
		t.want(n.Text)
		t.wantBy(n.Author)
		t.wantByOrNil(n.DeletedBy)
	}
	for _, c := range r.comments {
		t.want(c.Text)
		t.wantBy(c.Author)
		t.wantByOrNil(c.DeletedBy)
		t.wantMembers(c.Mentions...)
	}
	for _, e := range r.earlier {
		t.want(e.Text)
	}
}

func (r *remarkRows) shownNotes(v view, files map[string][]string, t *texts) []Note {
	earlier := shownEarlier(r.earlier, t)
	shown := make([]Note, len(r.notes))
	for i, n := range r.notes {
		shown[i] = n.shown(v.job, earlier, files, t)
	}
	return shown
}

func (r *remarkRows) shownComments(v view, files map[string][]string, t *texts) []Comment {
	earlier, read := shownEarlier(r.earlier, t), int64(-1)
	for _, m := range r.reads {
		read = m.Revision
	}
	shown := make([]Comment, len(r.comments))
	for i, c := range r.comments {
		upTo := read
		if c.Application != v.application.ID {
			upTo = c.Revision // what was new before is not new here
		}
		shown[i] = c.shown(v.member, upTo, earlier, files, t)
	}
	return shown
}

// nextNote returns where the notes go on, nil if they do not.
func (r *remarkRows) nextNote(v *vault.Vault, of view) (*string, error) {
	if !r.moreNotes {
		return nil, nil
	}
	last := r.notes[len(r.notes)-1]
	return remarkList{string(access.Notes), of.application.ID}.next(v, last.At, last.ID)
}

// nextComment returns where the comments go on, nil if they do not.
func (r *remarkRows) nextComment(v *vault.Vault, of view) (*string, error) {
	if !r.moreComments {
		return nil, nil
	}
	last := r.comments[len(r.comments)-1]
	return remarkList{string(access.Comments), of.application.ID}.next(v, last.At, last.ID)
}
