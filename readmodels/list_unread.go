package readmodels

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/hirelog/hirelog/domain"
)

// unread is a condition: there are comments on the application in row that the
// member has not read.
func (r reach) unread(q *statement, row string) string {
	return fmt.Sprintf(`EXISTS (
		SELECT FROM %s c WHERE c.application_id = %s.application_id AND %s)`, r.schema.Table("comments"), row, r.isUnread(q))
}

// open is a condition: a message came in to the application in row that nobody
// took care of, and the member may view messages.
func (r reach) open(q *statement, row string) string {
	return fmt.Sprintf(`(%s AND %s.application_id IN (SELECT m.application_id FROM %s m WHERE m.open))`, r.holds(q, row, r.mailed), row, r.schema.Table("messages"))
}

// fillOpen says of listed applications how many messages came in that nobody took
// care of.
func (l list) fillOpen(ctx context.Context, items []ListedApplication) error {
	if len(items) == 0 {
		return nil
	}
	ids, counts := make([]string, len(items)), map[string]int{}
	for i := range items {
		ids[i] = items[i].ID
	}
	q, r := new(statement), l.reach
	rows, err := l.tx.Query(ctx, fmt.Sprintf(`
		SELECT a.application_id::text, (SELECT count(*) FROM %s m WHERE m.application_id = a.application_id AND m.open)::integer
		FROM %s a WHERE a.application_id = ANY (%s::uuid[]) AND %s`,
		r.schema.Table("messages"), r.schema.Table("applications"), q.arg(ids), r.holds(q, "a", r.mailed)), q.args...)
	if err != nil {
		return err
	}
	var id string
	var n int
	if _, err = pgx.ForEachRow(rows, []any{&id, &n}, func() error { counts[id] = n; return nil }); err != nil {
		return err
	}
	for i := range items {
		if n, may := counts[items[i].ID]; may {
			items[i].Messages = &n
		}
	}
	return nil
}

// isUnread is a condition: the member has not read comment c. That is so of all
// comments of others after the one they have read up to.
func (r reach) isUnread(q *statement) string {
	me := q.arg(r.member)
	return fmt.Sprintf(`NOT c.deleted AND c.author <> %s AND c.revision > coalesce(
		(SELECT read.revision FROM %s read WHERE read.application_id = c.application_id AND read.member_id = %s::uuid), -1)`,
		q.arg(string(domain.Member(r.member))), r.schema.Table("comment_reads"), me)
}

// unreadOf returns how many comments on applications the member has not read, by
// id, of those whose comments they may view.
func (l list) unreadOf(ctx context.Context, ids []string) (map[string]int, error) {
	counts := make(map[string]int, len(ids))
	if len(ids) == 0 {
		return counts, nil
	}
	q, r := new(statement), l.reach
	rows, err := l.tx.Query(ctx, fmt.Sprintf(`
		SELECT a.application_id, (SELECT count(*) FROM %s c WHERE c.application_id = a.application_id AND %s)
		FROM %s a WHERE a.application_id = ANY (%s::uuid[]) AND %s`,
		r.schema.Table("comments"), r.isUnread(q), r.schema.Table("applications"), q.arg(ids), r.holds(q, "a", r.commented)), q.args...)
	if err != nil {
		return nil, err
	}
	var id string
	var n int
	_, err = pgx.ForEachRow(rows, []any{&id, &n}, func() error { counts[id] = n; return nil })
	return counts, err
}

// fillUnread says of listed applications how many comments the member has not
// read.
func (l list) fillUnread(ctx context.Context, items []ListedApplication) error {
	ids := make([]string, len(items))
	for i := range items {
		ids[i] = items[i].ID
	}
	counts, err := l.unreadOf(ctx, ids)
	for i := range items {
		if n, may := counts[items[i].ID]; may {
			items[i].Unread = &n
		}
	}
	return err
}
