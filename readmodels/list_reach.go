package readmodels

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/hirelog/hirelog/domain/access"
)

// reach is what a member sees of applications, read once for a page of the list.
// It says the same as sight, but by ids. Which rows are found, it tells SQL; what
// is shown of them it knows by itself, so that no statement names the ids again.
type reach struct {
	schema Schema
	member string
	now    time.Time
	role   access.OrganizationRole // none if not active
	held   []holding               // in the jobs asked about
	areas  map[access.Area]places  // what of was asked for
}

// holding is where a member holds one role, and what it lets them view.
type holding struct {
	places
	views  []access.Area
	opened bool // all areas
}

// places are where a member holds a role.
type places struct {
	jobs         []uuid.UUID // sorted
	applications []single    // granted one by one, sorted
}

// single is an application, and the job it is of.
type single struct{ id, job uuid.UUID }

func (s single) compare(o single) int { return compareIDs(s.id, o.id) }

func compareIDs(a, b uuid.UUID) int { return bytes.Compare(a[:], b[:]) }

// reachOf reads the reach of a member at now: in some jobs, or in all if none are
// named.
func reachOf(ctx context.Context, tx pgx.Tx, s Schema, member string, now time.Time, jobs []string) (reach, error) {
	r := reach{schema: s, member: member, now: now, areas: map[access.Area]places{}}
	if !isID(member) {
		return r, nil
	}
	q := new(statement)
	me, inTeam, inGrants := q.arg(member), "", ""
	if len(jobs) > 0 {
		asked := idsOf(jobs)
		inTeam, inGrants = " AND "+oneOf(q, "t.job_id", asked), " AND "+oneOf(q, "a.job_id", asked)
	}
	// An admin needs no places, and any other role gives none a meaning.
	rows, err := tx.Query(ctx, fmt.Sprintf(`
		SELECT m.role, h.jobs, h.applications, h.role_id IS NULL AND m.role = %[6]s, r.areas_view
		FROM %[1]s m
		LEFT JOIN (
			SELECT t.role_id, string_agg(uuid_send(t.job_id), '') AS jobs, NULL::bytea AS applications
			FROM %[2]s t WHERE t.member_id = %[7]s%[8]s GROUP BY t.role_id
			UNION ALL
			SELECT g.role_id, string_agg(uuid_send(a.job_id), ''), string_agg(uuid_send(a.application_id), '')
			FROM %[3]s g JOIN %[4]s a ON a.application_id = g.application_id
			WHERE g.member_id = %[7]s AND (g.until IS NULL OR g.until > %[9]s)%[10]s GROUP BY g.role_id
		) h ON m.role = ANY (%[11]s)
		LEFT JOIN %[5]s r ON r.role_id = h.role_id
		WHERE m.member_id = %[7]s AND m.active`,
		s.Table("members"), s.Table("team"), s.Table("grants"), s.Table("applications"), s.Table("recruiting_roles"),
		q.arg(access.Auditor), me, inTeam, q.arg(now), inGrants, q.arg(texted([]access.OrganizationRole{access.Recruiting, access.Auditor, access.Reporting}))), q.args...)
	if err != nil {
		return r, err
	}
	var ofJobs, ofApplications []byte
	var h holding
	_, err = pgx.ForEachRow(rows, []any{&r.role, &ofJobs, &ofApplications, &h.opened, &h.views}, func() error {
		in, applications := unpacked(ofJobs), unpacked(ofApplications)
		if applications == nil {
			h.jobs = in
		}
		for i, id := range applications {
			h.applications = append(h.applications, single{id, in[i]})
		}
		if in != nil {
			h.sort()
			r.held = append(r.held, h)
		}
		ofJobs, ofApplications, h = nil, nil, holding{}
		return nil
	})
	return r, err
}

// unpacked are ids that were read one behind the other: hundreds of them as an
// array take longer to be taken apart than to be found.
func unpacked(b []byte) []uuid.UUID {
	if b == nil {
		return nil
	}
	ids := make([]uuid.UUID, len(b)/16)
	for i := range ids {
		copy(ids[i][:], b[16*i:])
	}
	return ids
}

// sight is what the member sees, as SQL.
func (r reach) sight() sight {
	return sight{schema: r.schema, member: r.member, now: r.now, role: r.role}
}

// of returns where the member may view an area by what they hold.
func (r reach) of(area access.Area) places {
	p, known := r.areas[area]
	if known {
		return p
	}
	for _, h := range r.held {
		if h.opened || slices.Contains(h.views, area) {
			p = p.and(h.places)
		}
	}
	r.areas[area] = p
	return p
}

// everywhere reports whether the member sees every application, if only masked.
func (r reach) everywhere() bool { return r.role == access.Admin || r.role == access.Auditor }

// views reports whether the member may view an area of an application.
func (r reach) views(area access.Area, job, application uuid.UUID) bool {
	return r.role == access.Admin || r.of(area).has(job, application)
}

// shows reports whether the member sees an application, and whether its personal
// fields are hidden from them.
func (r reach) shows(job, application uuid.UUID) (seen, masked bool) {
	seen = r.views(access.Application, job, application)
	return seen || r.role == access.Auditor, !seen
}

// blind reports whether personal fields of all applications are hidden from the
// member.
func (r reach) blind() bool {
	in := r.of(access.Application)
	return r.role == access.Auditor && len(in.jobs)+len(in.applications) == 0
}

// masked is a condition: personal fields of the application in row are hidden
// from the member, who sees it.
func (r reach) masked(q *statement, row string) string {
	if r.role == access.Auditor {
		return "NOT " + r.of(access.Application).in(q, row)
	}
	return "false"
}

// and is both together.
func (p places) and(o places) places {
	switch {
	case len(p.jobs)+len(p.applications) == 0:
		return o
	case len(o.jobs)+len(o.applications) == 0:
		return p
	}
	u := places{slices.Concat(p.jobs, o.jobs), slices.Concat(p.applications, o.applications)}
	u.sort()
	return u
}

func (p *places) sort() {
	slices.SortFunc(p.jobs, compareIDs)
	slices.SortFunc(p.applications, single.compare)
	p.jobs, p.applications = slices.Compact(p.jobs), slices.Compact(p.applications)
}

// both is what is in p and in o.
func (p places) both(o places) places {
	var b places
	for _, id := range p.jobs {
		if o.hasJob(id) {
			b.jobs = append(b.jobs, id)
		}
	}
	for _, s := range (places{applications: p.applications}).and(places{applications: o.applications}).applications {
		if p.has(s.job, s.id) && o.has(s.job, s.id) {
			b.applications = append(b.applications, s)
		}
	}
	return b
}

// within is what of p is of some jobs, which are sorted.
func (p places) within(jobs []uuid.UUID) places {
	var w places
	for _, id := range jobs {
		if p.hasJob(id) {
			w.jobs = append(w.jobs, id)
		}
	}
	for _, s := range p.applications {
		if (places{jobs: jobs}).hasJob(s.job) {
			w.applications = append(w.applications, s)
		}
	}
	return w
}

// alone are the applications that are not of the jobs.
func (p places) alone() []uuid.UUID {
	var ids []uuid.UUID
	for _, s := range p.applications {
		if !p.hasJob(s.job) {
			ids = append(ids, s.id)
		}
	}
	return ids
}

func (p places) hasJob(id uuid.UUID) bool {
	_, found := slices.BinarySearchFunc(p.jobs, id, compareIDs)
	return found
}

// has reports whether an application is in one of the places.
func (p places) has(job, application uuid.UUID) bool {
	if p.hasJob(job) {
		return true
	}
	_, found := slices.BinarySearchFunc(p.applications, single{id: application}, single.compare)
	return found
}

// in is a condition: row, which has columns job_id and application_id, is in one
// of the places.
func (p places) in(q *statement, row string) string {
	return either(among(q, row+".job_id", p.jobs), among(q, row+".application_id", p.alone()))
}

// either is a condition: one of two is met.
func either(a, b string) string {
	switch {
	case a == "false":
		return b
	case b == "false":
		return a
	}
	return "(" + a + " OR " + b + ")"
}

// weighed is how many ids the planner is asked to weigh: it looks at each of them
// to guess how many rows all stand for. More are put into a hash, and rows looked
// up in it.
const weighed = 50

// among is a condition: a column of type uuid holds one of the ids. One is
// compared with as one, which an index that goes on with the order can serve.
func among(q *statement, column string, ids []uuid.UUID) string {
	switch n := len(ids); {
	case n == 0:
		return "false"
	case n == 1:
		return column + " = " + q.arg(ids[0])
	case n <= weighed:
		return oneOf(q, column, ids)
	}
	// Of what is true the planner makes no join.
	return "(" + column + " IN (SELECT unnest(" + q.arg(uuids(ids)) + "::uuid[]))) IS TRUE"
}

// oneOf is among for ids that rows are found by, however many.
func oneOf(q *statement, column string, ids []uuid.UUID) string {
	return column + " = ANY (" + q.arg(uuids(ids)) + "::uuid[])"
}

// uuids is ids as a parameter: as they are, each would be written as text and
// read again.
func uuids(ids []uuid.UUID) pgtype.FlatArray[pgtype.UUID] {
	array := make(pgtype.FlatArray[pgtype.UUID], len(ids))
	for i, id := range ids {
		array[i] = pgtype.UUID{Bytes: id, Valid: true}
	}
	return array
}

// idsOf are parsed and sorted.
func idsOf(texts []string) []uuid.UUID {
	ids := make([]uuid.UUID, len(texts))
	for i, s := range texts {
		ids[i] = uuid.MustParse(s)
	}
	slices.SortFunc(ids, compareIDs)
	return slices.Compact(ids)
}
