package readmodels

import (
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/hirelog/hirelog/domain/access"
)

// sortColumn is what the list is ordered by in SQL.
func (l list) sortColumn() string {
	if l.query.Sort == ByChanged {
		return "changed_at"
	}
	return "received_at"
}

func (l list) direction() string {
	if l.query.Ascending {
		return "ASC"
	}
	return "DESC"
}

// order is the ORDER BY of rows called row, or of output columns if row is "".
func (l list) order(row string) string {
	if row != "" {
		row += "."
	}
	return fmt.Sprintf("ORDER BY %[1]s%[2]s %[3]s, %[1]sapplication_id %[3]s", row, l.sortColumn(), l.direction())
}

// filters are the conditions on row a of table applications, apart from rights
// and jobs; each begins with AND.
func (l list) filters(q *statement) string {
	var b strings.Builder
	and := func(format string, args ...any) { fmt.Fprintf(&b, "\n\t\t\tAND "+format, args...) }
	f := l.query
	anyOf(q, and, "a.stage", f.Stages)
	anyOf(q, and, "a.outcome", f.Outcomes)
	anyOf(q, and, "a.source", f.Sources)
	if len(f.AnyTags) > 0 {
		and("a.tags && %s::uuid[]", q.arg(f.AnyTags))
	}
	if len(f.AllTags) > 0 {
		and("a.tags @> %s::uuid[]", q.arg(f.AllTags))
	}
	if len(f.AnyTags)+len(f.AllTags) > 0 && l.sight.role != access.Admin {
		and("%s", l.sight.holds(q, "a", access.Tags))
	}
	if f.Priority != nil {
		and("a.priority = %s", q.arg(*f.Priority))
	}
	if f.Owner != "" {
		and("a.owner_id = %s", q.arg(f.Owner))
	}
	if f.ReceivedFrom != nil {
		and("a.received_at >= %s", q.arg(*f.ReceivedFrom))
	}
	if f.ReceivedTo != nil {
		and("a.received_at < %s", q.arg(*f.ReceivedTo))
	}
	if f.ChangedFrom != nil {
		and("a.changed_at >= %s", q.arg(*f.ChangedFrom))
	}
	if f.ChangedTo != nil {
		and("a.changed_at < %s", q.arg(*f.ChangedTo))
	}
	switch {
	case f.Text == "":
	case len(l.terms) == 0: // nothing but punctuation
		and("false")
	default:
		and("a.terms @> %s::bigint[]", q.arg(l.terms))
	}
	return b.String()
}

// anyOf compares with one value as with a value, which an index that goes on
// with the order can serve.
func anyOf[V ~string](q *statement, and func(string, ...any), column string, values []V) {
	switch len(values) {
	case 0:
	case 1:
		and("%s = %s", column, q.arg(string(values[0])))
	default:
		texts := make([]string, len(values))
		for i, v := range values {
			texts[i] = string(v)
		}
		and("%s = ANY (%s::text[])", column, q.arg(texts))
	}
}

// behind is the condition that row a comes after the cursor.
func (l list) behind(q *statement) string {
	if l.after == nil || l.query.Sort == ByName {
		return ""
	}
	op := "<"
	if l.query.Ascending {
		op = ">"
	}
	return fmt.Sprintf("\n\t\t\tAND (a.%s, a.application_id) %s (%s, %s)", l.sortColumn(), op, q.arg(l.after.at), q.arg(l.after.id))
}

// keys says which applications a query of ids is to find.
type keys struct {
	limit   int    // at most; 0 = all
	ordered bool   // the first ones in the list's order, else any
	more    string // further conditions on row a, each begins with AND
}

// end is the end of a query of rows called row, or of output columns if row is
// "".
func (k keys) end(l list, row string) string {
	var b strings.Builder
	if k.ordered {
		b.WriteString("\n\t\t\t" + l.order(row))
	}
	if k.limit > 0 {
		fmt.Fprintf(&b, " LIMIT %d", k.limit)
	}
	return b.String()
}

// find is a query of the ids and dates of the applications the member sees that
// answer to the filters.
//
// Within all jobs one index is walked. Within some, or within those where the
// member holds a role, the first rows of each are taken from the index of that
// job, so that it does not matter how many applications other jobs have.
func (l list) find(q *statement, k keys) string {
	table := l.sight.schema.Table("applications")
	pick := "SELECT a.application_id, a." + l.sortColumn() + " FROM " + table + " a WHERE "
	where := l.filters(q) + k.more
	if l.everywhere() {
		switch len(l.query.Jobs) {
		case 0:
			return pick + "true" + where + k.end(l, "a")
		case 1:
			return pick + "a.job_id = " + q.arg(l.query.Jobs[0]) + where + k.end(l, "a")
		}
	}
	inJobs := func(jobs string) string {
		return fmt.Sprintf(`SELECT k.application_id, k.%s FROM (%s) j CROSS JOIN LATERAL (
			%sa.job_id = j.job_id%s%s) k`, l.sortColumn(), jobs, pick, where, k.end(l, "a"))
	}
	if l.everywhere() {
		return inJobs("SELECT DISTINCT n.job_id FROM unnest("+q.arg(l.query.Jobs)+"::uuid[]) AS n (job_id)") + k.end(l, "")
	}
	jobs, granted := l.sight.held(q)
	others := " AND a.job_id NOT IN (" + jobs + ")"
	if len(l.query.Jobs) > 0 {
		wanted := q.arg(l.query.Jobs)
		jobs += " AND t.job_id = ANY (" + wanted + "::uuid[])"
		others += " AND a.job_id = ANY (" + wanted + "::uuid[])"
	}
	// Grants are few. OFFSET 0 has each looked up by its key, where the planner
	// would rather walk an index in the list's order until it meets them.
	return inJobs(jobs) + fmt.Sprintf(`
		UNION ALL
		(SELECT k.application_id, k.%s FROM (%s) g CROSS JOIN LATERAL (
			%sa.application_id = g.application_id%s%s OFFSET 0) k%s)`,
		l.sortColumn(), granted, pick, others, where, k.end(l, "k")) + k.end(l, "")
}

// page is the query of one page and the row after it.
func (l list) page(q *statement) string {
	return l.find(q, keys{limit: l.query.Limit + 1, ordered: true, more: l.behind(q)})
}

// queueCount queues the count: exact for a job, else up to MaxCounted.
func (l list) queueCount(b *pgx.Batch, page *ApplicationPage) {
	limit := MaxCounted + 1
	if len(l.query.Jobs) == 1 {
		limit = 0
	}
	q := new(statement)
	b.Queue("SELECT count(*) FROM ("+l.find(q, keys{limit: limit})+") counted", q.args...).QueryRow(func(row pgx.Row) error {
		if err := row.Scan(&page.Total); err != nil {
			return err
		}
		if limit > 0 && page.Total == limit {
			page.Total, page.TotalCapped = MaxCounted, true
		}
		return nil
	})
}

// rows is the query of the applications that keys, a query with a column
// application_id, finds. Their rows are fetched one by one by primary key: OFFSET
// 0 keeps the planner from joining first and sorting then.
func (l list) rows(q *statement, keys string) string {
	s, v := l.sight.schema, l.sight
	order := l.order("a")
	if l.query.Sort == ByName {
		order = "ORDER BY p.place"
	}
	return fmt.Sprintf(`
		SELECT a.application_id, a.revision, a.candidate_id, person.first_name, person.last_name, person.email, person_key.wrapped,
		       a.job_id, job.title, a.stage, coalesce(jsonb_path_query_first(job.stages, '$[*] ? (@.id == $id)', jsonb_build_object('id', a.stage)) ->> 'name', ''),
		       a.stage_since, a.outcome, a.reason_id, (SELECT reason.label FROM %[6]s reason WHERE reason.reason_id = a.reason_id),
		       a.priority, a.source, a.owner_id, (SELECT owner.name FROM %[7]s owner WHERE owner.member_id = a.owner_id),
		       (SELECT k.wrapped FROM vault.keys k WHERE k.key_id = a.owner_id AND k.owner = a.owner_id),
		       a.tags, ARRAY(SELECT coalesce(tag.label, '') FROM unnest(a.tags) WITH ORDINALITY AS n (tag_id, place)
		                     LEFT JOIN %[2]s tag ON tag.tag_id = n.tag_id ORDER BY n.place),
		       %[10]s, a.received_at, a.changed_at, NOT %[11]s AND %[12]s, a.anonymised, %[11]s
		FROM (%[1]s) p
		CROSS JOIN LATERAL (
			SELECT application_id, revision, candidate_id, job_id, stage, stage_since, outcome, reason_id, priority, source,
			       owner_id, tags, received_at, changed_at, anonymised
			FROM %[3]s WHERE application_id = p.application_id OFFSET 0) a
		JOIN %[4]s job ON job.job_id = a.job_id
		LEFT JOIN %[5]s person ON person.candidate_id = a.candidate_id
		LEFT JOIN vault.keys person_key ON person_key.key_id = a.candidate_id AND person_key.owner = a.application_id
		WHERE %[8]s
		%[9]s`,
		keys, s.Table("tags"), s.Table("applications"), s.Table("jobs"), s.Table("people"), s.Table("reasons"), s.Table("members"),
		v.sees(q, "a"), order, v.holds(q, "a", access.Tags), v.masked(q, "a"), l.another(q))
}

// another is a condition: the person of row a has another application that the
// member may know of, which is any but those of confidential jobs they do not
// see.
func (l list) another(q *statement) string {
	return fmt.Sprintf(`EXISTS (
		SELECT FROM %s o JOIN %s other ON other.job_id = o.job_id
		WHERE o.candidate_id = a.candidate_id AND o.application_id <> a.application_id
		AND a.candidate_id <> %s AND (NOT other.confidential OR %s))`,
		l.sight.schema.Table("applications"), l.sight.schema.Table("jobs"), q.arg(nobody), l.sight.sees(q, "o"))
}
