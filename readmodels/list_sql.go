package readmodels

import (
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

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
	if f.Priority != nil {
		and("a.priority = %s", q.arg(*f.Priority))
	}
	if f.KnockedOut != nil {
		and("a.knocked_out = %s", q.arg(*f.KnockedOut))
	}
	if f.Unread != nil {
		commented, open := l.holds(q, access.Comments), l.open(q)
		if *f.Unread {
			and("(%s AND %s OR %s)", commented, l.reach.unread(q, "a"), open)
		} else {
			and("%s AND NOT %s AND NOT %s", commented, l.reach.unread(q, "a"), open)
		}
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
	limit   int  // at most; 0 = all
	ordered bool // the first ones in the list's order behind the cursor, else any
}

// more is what else keys says of row a.
func (l list) more(q *statement, k keys) string {
	if !k.ordered {
		return ""
	}
	return l.behind(q)
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
func (l list) find(q *statement, k keys) string {
	from := "SELECT a.application_id, a." + l.sortColumn() + " FROM " + l.reach.schema.Table("applications") + " a WHERE "
	pick := func(where string) string { return from + where + l.filters(q) + l.more(q, k) + k.end(l, "a") }
	jobs, all, singles := l.scope()
	if all || len(jobs) == 0 || len(jobs) > weighed || len(singles) == 0 {
		return pick(l.scoped(q))
	}
	return fmt.Sprintf("SELECT f.application_id, f.%s FROM (\n\t\t(%s)\n\t\tUNION ALL\n\t\t(%s)) f%s",
		l.sortColumn(), pick(l.inJobs(q, jobs)), pick(oneOf(q, "a.application_id", singles)), k.end(l, "f"))
}

// scoped is the condition on row a that it is where the member may find it by
// these filters. A few jobs and single applications had better be two queries.
func (l list) scoped(q *statement) string {
	jobs, all, singles := l.scope()
	switch {
	case all:
		return "true"
	case len(jobs) == 0 && len(singles) > 0:
		return oneOf(q, "a.application_id", singles)
	}
	return either(l.inJobs(q, jobs), among(q, "a.application_id", singles))
}

// inJobs is the condition on row a that it is of one of jobs.
func (l list) inJobs(q *statement, jobs []uuid.UUID) string {
	in := among(q, "a.job_id", jobs)
	if len(l.query.Stages) > 0 {
		// A stage is of one job. An index of jobs finds nothing that one of stages
		// does not, but the planner thinks it does.
		in = "(" + in + ") IS TRUE"
	}
	return in
}

// scope is where the member may find applications by these filters: in jobs, or
// in all there are, and perhaps among singles, applications of other jobs.
func (l list) scope() (jobs []uuid.UUID, all bool, singles []uuid.UUID) {
	asked := idsOf(l.query.Jobs)
	if l.everywhere() {
		return asked, len(asked) == 0, nil
	}
	in := l.reach.of(access.Application)
	if l.tags() {
		in = in.both(l.reach.of(access.Tags))
	}
	if len(asked) > 0 {
		in = in.within(asked)
	}
	return in.jobs, false, in.alone()
}

// holds is a condition on row a of the list: the member may view an area of it.
func (l list) holds(q *statement, area access.Area) string {
	if l.reach.role == access.Admin {
		return "true"
	}
	in := l.reach.of(area)
	if asked := idsOf(l.query.Jobs); len(asked) > 0 {
		in = in.within(asked)
	}
	jobs, all, singles := l.scope()
	if !all && len(singles) == 0 && !slices.ContainsFunc(jobs, func(id uuid.UUID) bool { return !in.hasJob(id) }) {
		return "true" // of each that is found
	}
	return in.in(q, "a")
}

// page is the query of one page and the row after it.
func (l list) page(q *statement) string {
	return l.find(q, keys{limit: l.query.Limit + 1, ordered: true})
}

// counted is where the count stops: one more than MaxCounted, or nowhere (0) for
// a job.
func (l list) counted() int {
	if len(l.query.Jobs) == 1 {
		return 0
	}
	return MaxCounted + 1
}

// count is the query of the count.
func (l list) count(q *statement, limit int) string {
	return "SELECT count(*) FROM (" + l.find(q, keys{limit: limit}) + ") counted"
}

// rows is the query of the applications that keys, a query with a column
// application_id, finds, ordered by columns of it (p) or of the rows (a). The
// rows are fetched one by one by primary key: OFFSET 0 keeps the planner from
// joining first and sorting then. What the member may see of them is told when
// they are read.
func (l list) rows(q *statement, keys, order string) string {
	s := l.reach.schema
	return fmt.Sprintf(`
		SELECT a.application_id, a.revision, a.candidate_id, person.first_name, person.last_name, person.email, person_key.wrapped,
		       a.job_id, job.title, a.stage, coalesce(jsonb_path_query_first(job.stages || job.removed_stages, '$[*] ? (@.id == $id)', jsonb_build_object('id', a.stage)) ->> 'name', ''),
		       a.stage_since, a.outcome, a.reason_id, (SELECT reason.label FROM %[6]s reason WHERE reason.reason_id = a.reason_id),
		       a.priority, a.knocked_out, a.source, a.owner_id, (SELECT owner.name FROM %[7]s owner WHERE owner.member_id = a.owner_id),
		       (SELECT k.wrapped FROM vault.keys k WHERE k.key_id = a.owner_id AND k.owner = a.owner_id),
		       a.tags, ARRAY(SELECT coalesce(tag.label, '') FROM unnest(a.tags) WITH ORDINALITY AS n (tag_id, place)
		                     LEFT JOIN %[2]s tag ON tag.tag_id = n.tag_id ORDER BY n.place),
		       a.received_at, a.changed_at, %[9]s, a.anonymised
		FROM (%[1]s) p
		CROSS JOIN LATERAL (
			SELECT application_id, revision, candidate_id, person_id, job_id, stage, stage_since, outcome, reason_id, priority, knocked_out, source,
			       owner_id, tags, received_at, changed_at, anonymised
			FROM %[3]s WHERE application_id = p.application_id OFFSET 0) a
		JOIN %[4]s job ON job.job_id = a.job_id
		LEFT JOIN %[5]s person ON person.candidate_id = a.candidate_id
		LEFT JOIN vault.keys person_key ON person_key.key_id = a.candidate_id AND person_key.owner = a.application_id
		%[8]s`,
		keys, s.Table("tags"), s.Table("applications"), s.Table("jobs"), s.Table("people"), s.Table("reasons"), s.Table("members"), order, l.another(q))
}

// another says of the person of row a whether all their other applications are
// of confidential jobs; NULL without any.
func (l list) another(q *statement) string {
	return fmt.Sprintf(`(
		SELECT bool_and(other.confidential) FROM %s o JOIN %s other ON other.job_id = o.job_id
		WHERE o.person_id = a.person_id AND o.application_id <> a.application_id AND o.outcome <> 'transferred' AND a.person_id <> %s)`,
		l.reach.schema.Table("applications"), l.reach.schema.Table("jobs"), q.arg(nobody))
}
