package readmodels

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/bulk"
)

// BulkProgress is an action on many applications.
type BulkProgress struct {
	ID         string     `json:"id" format:"uuid"`
	Revision   int64      `json:"revision"`
	Action     BulkTarget `json:"action" doc:"What is done; its texts are in the applications"`
	By         By         `json:"by" doc:"Who started it, and gives the commands"`
	At         time.Time  `json:"at"`
	State      string     `json:"state" enum:"running,done,undoing,undone"`
	Total      int64      `json:"total" doc:"How many applications it is about"`
	Changed    int64      `json:"changed"`
	Unchanged  int64      `json:"unchanged" doc:"All was so already; of a message, they had it already"`
	Refused    int64      `json:"refused" doc:"A rule said no; which, the items say"`
	FinishedAt *time.Time `json:"finished_at"`
	Undo       *BulkUndo  `json:"undo" doc:"Null unless it was asked for"`
}

// BulkUndo is how taking back what an action changed goes.
type BulkUndo struct {
	By         By         `json:"by"`
	At         time.Time  `json:"at"`
	Undone     int64      `json:"undone"`
	NotUndone  int64      `json:"not_undone" doc:"Changed since, left already, or refused; which, the items say"`
	FinishedAt *time.Time `json:"finished_at"`
}

// BulkPage is a page of actions on many applications, newest first.
type BulkPage struct {
	Items      []BulkProgress `json:"items" doc:"Newest first"`
	NextCursor *string        `json:"next_cursor" doc:"Where the next page begins; null on the last one"`
	HasMore    bool           `json:"has_more"`
}

// BulkItem is how an action went with one application.
type BulkItem struct {
	Place       int64        `json:"place" doc:"From 0, in the order in which they were named"`
	Application string       `json:"application_id" format:"uuid"`
	Result      *bulk.Result `json:"result" enum:"changed,unchanged,refused" doc:"Null until its turn has come"`
	Code        *string      `json:"code" doc:"Of the refusal"`
	Undone      *bool        `json:"undone" doc:"Null until its turn to be taken back has come, or if there is nothing to take back"`
	UndoCode    *string      `json:"undo_code" doc:"Why it was not taken back: changed_since, message_left of a message that left, or the code of the refusal"`
}

// BulkItemPage is a page of the applications of an action.
type BulkItemPage struct {
	Items      []BulkItem `json:"items" doc:"In the order in which they were named"`
	NextCursor *string    `json:"next_cursor" doc:"Where the next page begins; null on the last one"`
	HasMore    bool       `json:"has_more"`
}

// BulkItemsQuery chooses a page of the applications of an action.
type BulkItemsQuery struct {
	Result    bulk.Result // none = all
	NotUndone bool        // only those that could not be taken back
	Limit     int         // 1 to MaxLimit; 0 = DefaultLimit
	Cursor    string
}

// bulkOf is a condition on row b of bulk_actions: it is for the member to see,
// their own or, of an admin, any. Errors: ErrNotFound for who is no active member.
func bulkOf(ctx context.Context, tx pgx.Tx, s Schema, q *statement, member string, now time.Time) (string, error) {
	v, err := sightOf(ctx, tx, s, member, now)
	switch {
	case err != nil:
		return "", err
	case v.role == "":
		return "", ErrNotFound
	case v.role == access.Admin:
		return "true", nil
	}
	return "b.by = " + q.arg(string(domain.Member(member))), nil
}

// BulkActions returns a page of the actions that member has started, of an admin
// all. Errors: ErrNotFound for who is no active member; ErrQuery, ErrCursor.
func (c *Core) BulkActions(ctx context.Context, member string, limit int, after string, now time.Time) (BulkPage, error) {
	page := BulkPage{Items: []BulkProgress{}}
	limit, err := pageLimit(limit)
	if err != nil {
		return page, err
	}
	signedFor := []any{"bulk", member}
	err = c.snapshot(ctx, "bulk actions", func(tx pgx.Tx, s Schema) error {
		q := new(statement)
		mine, err := bulkOf(ctx, tx, s, q, member, now)
		if err != nil {
			return err
		}
		if after != "" {
			at, err := decodeCursor(c.vault, signedFor, after)
			if err != nil {
				return err
			}
			mine += fmt.Sprintf(" AND (b.at, b.bulk_id) < (%s, %s)", q.arg(at.at), q.arg(at.id))
		}
		page.Items, err = c.bulkActions(ctx, tx, s, q, mine+fmt.Sprintf(" ORDER BY b.at DESC, b.bulk_id DESC LIMIT %d", limit+1))
		if err != nil || len(page.Items) <= limit {
			return err
		}
		page.Items = page.Items[:limit]
		last := page.Items[limit-1]
		next, err := cursor{at: last.At, id: uuid.MustParse(last.ID)}.encode(c.vault, signedFor)
		page.HasMore, page.NextCursor = true, &next
		return err
	})
	return page, err
}

// pageLimit returns how many entries a page has. Errors: ErrQuery.
func pageLimit(limit int) (int, error) {
	if limit == 0 {
		limit = DefaultLimit
	}
	if limit < 1 || limit > MaxLimit {
		return 0, ErrQuery.Because("A page has 1 to %d entries.", MaxLimit)
	}
	return limit, nil
}

// BulkAction returns an action that member may see.
// Errors: ErrNotFound.
func (c *Core) BulkAction(ctx context.Context, member, id string, now time.Time) (BulkProgress, error) {
	var found BulkProgress
	if !isID(id) {
		return found, ErrNotFound
	}
	err := c.snapshot(ctx, "bulk action", func(tx pgx.Tx, s Schema) error {
		q := new(statement)
		mine, err := bulkOf(ctx, tx, s, q, member, now)
		if err != nil {
			return err
		}
		all, err := c.bulkActions(ctx, tx, s, q, mine+" AND b.bulk_id = "+q.arg(id))
		switch {
		case err != nil:
			return err
		case len(all) == 0:
			return ErrNotFound
		}
		found = all[0]
		return nil
	})
	return found, err
}

func (c *Core) bulkActions(ctx context.Context, tx pgx.Tx, s Schema, q *statement, where string) ([]BulkProgress, error) {
	t := BulkActions()
	rows, err := tx.Query(ctx, "SELECT "+t.ColumnList()+" FROM "+s.Table(t.Name)+" b WHERE "+where, q.args...)
	if err != nil {
		return nil, err
	}
	found, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (BulkRow, error) { return t.Scan(row) })
	if err != nil {
		return nil, err
	}
	names := newTexts(c.vault, "", false)
	for _, r := range found {
		names.wantBy(r.By)
		if r.UndoBy != nil {
			names.wantBy(*r.UndoBy)
		}
	}
	if err := names.loadNow(ctx, tx, s); err != nil {
		return nil, err
	}
	all := make([]BulkProgress, len(found))
	for i, r := range found {
		all[i] = r.shown(names)
	}
	return all, names.err
}

func (r BulkRow) shown(t *texts) BulkProgress {
	b := BulkProgress{
		ID: r.ID, Revision: r.Revision, Action: r.Action.V, By: t.by(r.By), At: r.At, State: "running",
		Total: r.Total, Changed: r.Changed, Unchanged: r.Unchanged, Refused: r.Refused, FinishedAt: r.FinishedAt,
	}
	if r.FinishedAt != nil {
		b.State = "done"
	}
	if r.UndoBy != nil {
		b.Undo = &BulkUndo{By: t.by(*r.UndoBy), At: *r.UndoAt, Undone: r.Undone, NotUndone: r.NotUndone, FinishedAt: r.UndoFinishedAt}
		b.State = "undoing"
		if r.UndoFinishedAt != nil {
			b.State = "undone"
		}
	}
	return b
}

// BulkItems returns a page of the applications of an action that member may see.
// Errors: ErrNotFound, ErrQuery, ErrCursor.
func (c *Core) BulkItems(ctx context.Context, member, id string, asked BulkItemsQuery, now time.Time) (BulkItemPage, error) {
	page := BulkItemPage{Items: []BulkItem{}}
	limit, err := pageLimit(asked.Limit)
	switch {
	case err != nil:
		return page, err
	case !isID(id):
		return page, ErrNotFound
	}
	signedFor := []any{"bulk items", id, asked.Result, asked.NotUndone}
	err = c.snapshot(ctx, "bulk items", func(tx pgx.Tx, s Schema) error {
		q := new(statement)
		mine, err := bulkOf(ctx, tx, s, q, member, now)
		if err != nil {
			return err
		}
		var there bool
		if err := tx.QueryRow(ctx, "SELECT EXISTS (SELECT FROM "+s.Table("bulk_actions")+" b WHERE "+mine+" AND b.bulk_id = "+q.arg(id)+")", q.args...).Scan(&there); err != nil {
			return err
		}
		if !there {
			return ErrNotFound
		}
		q = new(statement)
		where := "bulk_id = " + q.arg(id)
		if asked.Result != "" {
			where += " AND result = " + q.arg(string(asked.Result))
		}
		if asked.NotUndone {
			where += " AND undone = " + q.arg(string(bulk.Refused))
		}
		if asked.Cursor != "" {
			at, err := decodeCursor(c.vault, signedFor, asked.Cursor)
			if err != nil {
				return err
			}
			where += " AND place > " + q.arg(at.n)
		}
		t := BulkItems()
		rows, err := tx.Query(ctx, fmt.Sprintf("SELECT %s FROM %s WHERE %s ORDER BY place LIMIT %d", t.ColumnList(), s.Table(t.Name), where, limit+1), q.args...)
		if err != nil {
			return err
		}
		found, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (BulkItemRow, error) { return t.Scan(row) })
		if err != nil {
			return err
		}
		if len(found) > limit {
			found = found[:limit]
			next, err := cursor{n: found[limit-1].Place}.encode(c.vault, signedFor)
			if err != nil {
				return err
			}
			page.HasMore, page.NextCursor = true, &next
		}
		for _, r := range found {
			item := BulkItem{Place: r.Place, Application: r.Application, Result: r.Result, Code: r.Code, UndoCode: r.UndoCode}
			if r.Undone != nil {
				undone := *r.Undone != bulk.Refused
				item.Undone = &undone
			}
			page.Items = append(page.Items, item)
		}
		return nil
	})
	return page, err
}

// Selection returns the ids of the applications that member sees and that answer
// to the filters, in the list's order, at most max of them. By name is by date.
// Errors: ErrQuery; ErrTooManySelected.
func (c *Core) Selection(ctx context.Context, member string, q ListQuery, max int, now time.Time) ([]string, error) {
	q, _, err := q.checked(c.vault)
	if err != nil {
		return nil, err
	}
	var ids []string
	err = c.snapshot(ctx, "select applications", func(tx pgx.Tx, s Schema) error {
		r, err := reachOf(ctx, tx, s, member, now, q.Jobs)
		if err != nil || r.role == "" {
			return err
		}
		l := list{tx: tx, reach: r, query: q}
		if q.Text != "" {
			l.terms = c.vault.TermsOfQuery(q.Text)
		}
		st := new(statement)
		sql := "SELECT f.application_id FROM (" + l.find(st, keys{limit: max + 1, ordered: true}) + ") f"
		rows, err := tx.Query(ctx, sql, st.args...)
		if err != nil {
			return err
		}
		ids, err = pgx.CollectRows(rows, pgx.RowTo[string])
		return err
	})
	switch {
	case err != nil:
		return nil, err
	case len(ids) > max:
		return nil, ErrTooManySelected
	}
	return ids, nil
}

// ErrTooManySelected means that a filter stands for more applications than an
// action may be about.
var ErrTooManySelected = &domain.Refusal{Kind: domain.Invalid, Code: "too_many_selected", Message: "More than 10000 applications answer to the filter; filter further."}
