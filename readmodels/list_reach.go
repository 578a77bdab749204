package readmodels

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/hirelog/hirelog/domain/access"
)

// reach is what a member sees of applications, read once for a page of the list.
// It says the same as sight, but in ids: the planner knows how many applications
// ids stand for, and plans a comparison with them several times as fast as the
// joins that find them.
type reach struct {
	schema    Schema
	member    string
	role      access.OrganizationRole // none if not active
	seen      places                  // with a role that lets them view applications
	tagged    places                  // with a role that lets them view tags
	commented places                  // with a role that lets them view comments
	mailed    places                  // with a role that lets them view messages
}

// places are where a member holds a role.
type places struct {
	jobs         []string
	applications []string // granted one by one
}

// reachOf reads the reach of a member at now.
func reachOf(ctx context.Context, tx pgx.Tx, s Schema, member string, now time.Time) (reach, error) {
	r := reach{schema: s, member: member}
	if !isID(member) {
		return r, nil
	}
	rows, err := tx.Query(ctx, fmt.Sprintf(`
		SELECT m.role, h.job_id, h.application_id, coalesce($3 = ANY (r.areas_view), h.opening AND m.role = $5, false), coalesce($4 = ANY (r.areas_view), h.opening AND m.role = $5, false),
		       coalesce($6 = ANY (r.areas_view), h.opening AND m.role = $5, false), coalesce($7 = ANY (r.areas_view), h.opening AND m.role = $5, false)
		FROM %s m
		LEFT JOIN (
			SELECT t.role_id, t.job_id, NULL::uuid AS application_id, false AS opening FROM %s t WHERE t.member_id = $1
			UNION ALL
			SELECT g.role_id, NULL::uuid, g.application_id, g.role_id IS NULL FROM %s g WHERE g.member_id = $1 AND (g.until IS NULL OR g.until > $2)
		) h ON true
		LEFT JOIN %s r ON r.role_id = h.role_id
		WHERE m.member_id = $1 AND m.active`,
		s.Table("members"), s.Table("team"), s.Table("grants"), s.Table("recruiting_roles")),
		member, now, access.Application, access.Tags, access.Auditor, access.Comments, access.Messages)
	if err != nil {
		return r, err
	}
	var job, application *string
	var seen, tagged, commented, mailed bool
	_, err = pgx.ForEachRow(rows, []any{&r.role, &job, &application, &seen, &tagged, &commented, &mailed}, func() error {
		if seen {
			r.seen.add(job, application)
		}
		if tagged {
			r.tagged.add(job, application)
		}
		if commented {
			r.commented.add(job, application)
		}
		if mailed {
			r.mailed.add(job, application)
		}
		return nil
	})
	switch r.role {
	case access.Recruiting, access.Auditor, access.Reporting:
	default: // an admin needs no places, and any other role gives none a meaning
		r.seen, r.tagged, r.commented, r.mailed = places{}, places{}, places{}, places{}
	}
	return r, err
}

func (p *places) add(job, application *string) {
	switch {
	case job != nil:
		p.jobs = append(p.jobs, *job)
	case application != nil:
		p.applications = append(p.applications, *application)
	}
}

// everywhere reports whether the member sees every application, if only masked.
func (r reach) everywhere() bool { return r.role == access.Admin || r.role == access.Auditor }

// in is a condition: row, which has columns job_id and application_id, is in one
// of the places.
func (p places) in(q *statement, row string) string {
	jobs, applications := among(q, row+".job_id", p.jobs), among(q, row+".application_id", p.applications)
	switch {
	case len(p.applications) == 0:
		return jobs
	case len(p.jobs) == 0:
		return applications
	}
	return "(" + jobs + " OR " + applications + ")"
}

// among is a condition: a column of type uuid holds one of the ids. One is
// compared with as one, which an index that goes on with the order can serve.
func among(q *statement, column string, ids []string) string {
	switch len(ids) {
	case 0:
		return "false"
	case 1:
		return column + " = " + q.arg(ids[0])
	}
	return column + " = ANY (" + q.arg(ids) + "::uuid[])"
}

// holds is a condition: the member may view what p lets them view of the
// application in row.
func (r reach) holds(q *statement, row string, p places) string {
	if r.role == access.Admin {
		return "true"
	}
	return p.in(q, row)
}

// sees is a condition: the member sees the application in row.
func (r reach) sees(q *statement, row string) string {
	if r.role == access.Auditor {
		return "true"
	}
	return r.holds(q, row, r.seen)
}

// masked is a condition: personal fields of the application in row are hidden
// from the member, who sees it.
func (r reach) masked(q *statement, row string) string {
	if r.role == access.Auditor {
		return "NOT " + r.holds(q, row, r.seen)
	}
	return "false"
}

// blind reports whether personal fields of all applications are hidden from the
// member.
func (r reach) blind() bool {
	return r.role == access.Auditor && len(r.seen.jobs)+len(r.seen.applications) == 0
}

// both is where a member is in p and in o: jobs that are in both are so as a
// whole; applications that either names are to be looked at one by one.
func (p places) both(o places) places {
	var b places
	for _, id := range p.jobs {
		if slices.Contains(o.jobs, id) {
			b.jobs = append(b.jobs, id)
		}
	}
	b.applications = slices.Concat(p.applications, o.applications)
	slices.Sort(b.applications)
	b.applications = slices.Compact(b.applications)
	return b
}
