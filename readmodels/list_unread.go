package readmodels

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
)

// unread is a condition: there are comments on the application in row that the
// member has not read.
func (r reach) unread(q *statement, row string) string {
	return fmt.Sprintf(`EXISTS (
		SELECT FROM %s c WHERE c.application_id = %s.application_id AND %s)`, r.schema.Table("comments"), row, r.isUnread(q))
}

// open is a condition on row a of the list: a message came in to the application
// that nobody took care of, and the member may view messages.
func (l list) open(q *statement) string {
	return fmt.Sprintf(`(%s AND a.application_id IN (SELECT m.application_id FROM %s m WHERE m.open))`,
		l.holds(q, access.Messages), l.reach.schema.Table("messages"))
}

// isUnread is a condition: the member has not read comment c. That is so of all
// comments of others after the one they have read up to.
func (r reach) isUnread(q *statement) string {
	me := q.arg(r.member)
	return fmt.Sprintf(`NOT c.deleted AND c.author <> %s AND c.revision > coalesce(
		(SELECT read.revision FROM %s read WHERE read.application_id = c.application_id AND read.member_id = %s::uuid), -1)`,
		q.arg(string(domain.Member(r.member))), r.schema.Table("comment_reads"), me)
}

// fillCounts says of listed applications how many comments the member has not
// read, and how many messages came in that nobody took care of.
func (l list) fillCounts(ctx context.Context, items []ListedApplication) error {
	unread, open := map[uuid.UUID]*int{}, map[uuid.UUID]*int{}
	for i := range items {
		id, job := uuid.MustParse(items[i].ID), uuid.MustParse(items[i].Job.ID)
		if l.reach.views(access.Comments, job, id) {
			items[i].Unread = new(int)
			unread[id] = items[i].Unread
		}
		if l.reach.views(access.Messages, job, id) {
			items[i].Messages = new(int)
			open[id] = items[i].Messages
		}
	}
	b, s := new(pgx.Batch), l.reach.schema
	q := new(statement)
	queueCounts(b, unread, fmt.Sprintf("SELECT c.application_id, count(*) FROM %s c WHERE c.application_id = ANY (%s) AND %s GROUP BY c.application_id",
		s.Table("comments"), q.arg(uuids(keysOf(unread))), l.reach.isUnread(q)), q.args)
	q = new(statement)
	queueCounts(b, open, fmt.Sprintf("SELECT m.application_id, count(*) FROM %s m WHERE m.application_id = ANY (%s) AND m.open GROUP BY m.application_id",
		s.Table("messages"), q.arg(uuids(keysOf(open)))), q.args)
	return send(ctx, l.tx, b)
}

// queueCounts queues the reading of counts by application into what is named.
func queueCounts(b *pgx.Batch, into map[uuid.UUID]*int, sql string, args []any) {
	if len(into) == 0 {
		return
	}
	b.Queue(sql, args...).Query(func(rows pgx.Rows) error {
		var id uuid.UUID
		var n int
		_, err := pgx.ForEachRow(rows, []any{&id, &n}, func() error { *into[id] = n; return nil })
		return err
	})
}

func keysOf[V any](m map[uuid.UUID]V) []uuid.UUID { return slices.Collect(maps.Keys(m)) }
