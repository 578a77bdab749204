package readmodels

import (
	"context"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/hirelog/hirelog/domain/access"
)

// MessagesShown is how many messages a page of conversations has if nobody says.
const MessagesShown = 20

// Thread is a conversation, with those of its messages that are on a page.
type Thread struct {
	ID       string    `json:"id" format:"uuid" doc:"Of the message it began with"`
	Open     bool      `json:"open" doc:"There is a message in it that nobody took care of, on this page or another"`
	LastAt   time.Time `json:"last_at" doc:"Of its newest message, on this page or another"`
	Messages []Message `json:"messages" doc:"Those on this page, oldest first"`
	Total    int       `json:"messages_total" doc:"How many messages it has on all pages"`
	Next     *string   `json:"messages_next_cursor" doc:"With it and thread_id the conversation alone goes on behind the oldest message that is here; null if that is its first"`
}

// ThreadPage is a page of messages, by conversation.
type ThreadPage struct {
	Items      []Thread `json:"items" doc:"The one with the newest message on the page first"`
	NextCursor *string  `json:"next_cursor" doc:"Where the next page begins; null on the last one"`
	HasMore    bool     `json:"has_more"`
	Total      int      `json:"total" doc:"How many messages there are on all pages"`
}

// ThreadQuery chooses a page of messages. Its Limit is of messages, and is
// MessagesShown if it is 0.
type ThreadQuery struct {
	RemarkQuery
	Thread string // of this conversation alone; empty = of all
}

// of is the list that the cursors of q belong to.
func (q ThreadQuery) of(applicationID string) remarkList {
	return threadList(q.Thread, applicationID)
}

func threadList(thread, applicationID string) remarkList {
	return remarkList{"messages " + thread, applicationID}
}

// Threads returns a page of the messages to and from the candidate of an
// application, and of those it goes on from, as member may see them at now. The
// pages go from the newest message back, whatever its conversation, so that those
// that come meanwhile move none from one page to another.
// Errors: ErrNotFound, ErrMayNotView, ErrQuery, ErrCursor.
func (c *Core) Threads(ctx context.Context, member, applicationID string, in ThreadQuery, now time.Time) (ThreadPage, error) {
	page := ThreadPage{Items: []Thread{}}
	if in.Limit == 0 {
		in.Limit = MessagesShown
	}
	if in.Thread != "" && !isID(in.Thread) {
		return page, ErrQuery.Because("thread_id is no id of a message.")
	}
	after, err := in.after(c.vault, in.of(applicationID))
	if err != nil {
		return page, err
	}
	err = c.snapshot(ctx, "messages", func(tx pgx.Tx, s Schema) error {
		v, err := c.open(ctx, tx, s, member, applicationID, now)
		switch {
		case err != nil:
			return err
		case v.rights.Area(access.Messages) < access.View || v.rights.Masked:
			return ErrMayNotView
		}
		rows, err := page.read(ctx, tx, v, in, after)
		if err != nil || len(rows) == 0 {
			return err
		}
		if page.HasMore {
			last := rows[len(rows)-1]
			if page.NextCursor, err = in.of(v.application.ID).next(c.vault, last.At, last.ID); err != nil {
				return err
			}
		}
		return c.threads(ctx, tx, v, rows, &page)
	})
	return page, err
}

// read returns the messages on the page, newest first, and counts them all.
func (page *ThreadPage) read(ctx context.Context, tx pgx.Tx, v view, in ThreadQuery, after *cursor) ([]MessageRow, error) {
	var rows []MessageRow
	of := func(q *statement) string {
		sql := v.line(q)
		if in.Thread != "" {
			sql += " AND thread_id = " + q.arg(in.Thread)
		}
		return sql
	}
	b, q := new(pgx.Batch), new(statement)
	sql := of(q)
	if after != nil {
		sql += " AND (at, message_id) < (" + q.arg(after.at) + ", " + q.arg(after.id.String()) + ")"
	}
	queueRows(b, v.schema, Messages(), &rows, sql+" ORDER BY at DESC, message_id DESC LIMIT "+q.arg(in.Limit+1), q.args...)
	q = new(statement)
	b.Queue("SELECT count(*) FROM "+v.schema.Table("messages")+" WHERE "+of(q), q.args...).QueryRow(func(row pgx.Row) error {
		return row.Scan(&page.Total)
	})
	err := send(ctx, tx, b)
	rows, page.HasMore = firstOf(rows, in.Limit)
	return rows, err
}

// threads opens messages, newest first, and puts them on the page by conversation.
func (c *Core) threads(ctx context.Context, tx pgx.Tx, v view, rows []MessageRow, page *ThreadPage) error {
	s, files := v.schema, filesAmong(rows)
	wholes, documents := map[string]wholeThread{}, map[string]string{}
	b := new(pgx.Batch)
	queueWhole(b, v, rows, wholes)
	b.Queue(`SELECT f.file_id::text, f.document_id::text FROM `+s.Table("document_files")+` f JOIN `+s.Table("documents")+` d ON d.document_id = f.document_id
		WHERE f.application_id = ANY ($1::uuid[]) AND d.category = ANY ($2) AND f.file_id = ANY ($3::uuid[]) AND `+v.besideCategory("d."), v.ids(), texted(v.categories()), files).Query(func(rows pgx.Rows) error {
		var file, document string
		_, err := pgx.ForEachRow(rows, []any{&file, &document}, func() error { documents[file] = document; return nil })
		return err
	})
	t := textsOf(c.vault, v.ids(), false)
	for _, r := range rows {
		r.want(t)
	}
	t.load(b, s)
	if err := send(ctx, tx, b); err != nil {
		return err
	}
	scanned, err := withheldAmong(ctx, tx, s, files)
	if err != nil {
		return err
	}
	for _, r := range rows {
		i := slices.IndexFunc(page.Items, func(of Thread) bool { return of.ID == r.Thread })
		if i < 0 {
			whole := wholes[r.Thread]
			i, page.Items = len(page.Items), append(page.Items, Thread{ID: r.Thread, Open: whole.open, LastAt: whole.lastAt.UTC(), Total: whole.messages})
		}
		page.Items[i].Messages = append(page.Items[i].Messages, r.shown(t, documents, scanned))
	}
	for i := range page.Items {
		thread := &page.Items[i]
		slices.Reverse(thread.Messages)
		if oldest := thread.Messages[0]; oldest.ID != wholes[thread.ID].first {
			if thread.Next, err = threadList(thread.ID, v.application.ID).next(c.vault, oldest.At, oldest.ID); err != nil {
				return err
			}
		}
	}
	return t.err
}

// wholeThread is a conversation whatever is on the page.
type wholeThread struct {
	messages int
	open     bool
	lastAt   time.Time
	first    string // message
}

// queueWhole queues the reading of the conversations that messages are of.
func queueWhole(b *pgx.Batch, v view, messages []MessageRow, into map[string]wholeThread) {
	var threads []string
	for _, r := range messages {
		if !slices.Contains(threads, r.Thread) {
			threads = append(threads, r.Thread)
		}
	}
	q := new(statement)
	b.Queue("SELECT thread_id::text, count(*), bool_or(open), max(at), (array_agg(message_id::text ORDER BY at, message_id))[1] FROM "+v.schema.Table("messages")+
		" WHERE "+v.line(q)+" AND thread_id = ANY ("+q.arg(threads)+"::uuid[]) GROUP BY thread_id", q.args...).Query(func(rows pgx.Rows) error {
		var id string
		var w wholeThread
		_, err := pgx.ForEachRow(rows, []any{&id, &w.messages, &w.open, &w.lastAt, &w.first}, func() error { into[id] = w; return nil })
		return err
	})
}
