package readmodels

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/hirelog/hirelog/domain/access"
)

// Rights returns what a member may do with an application at now, by the same
// rules as commands. A member who is not active has none.
// Errors: ErrNotFound when there is no such application.
func (c *Core) Rights(ctx context.Context, member, applicationID string, now time.Time) (access.Rights, error) {
	if !isID(member, applicationID) {
		return access.Rights{}, ErrNotFound
	}
	var rights access.Rights
	err := c.snapshot(ctx, "rights", func(tx pgx.Tx, s Schema) error {
		var job string
		err := tx.QueryRow(ctx, "SELECT job_id FROM "+s.Table("applications")+" WHERE application_id = $1", applicationID).Scan(&job)
		if errors.Is(err, pgx.ErrNoRows) {
			return ErrNotFound
		}
		if err != nil {
			return err
		}
		rights, _, err = rightsOn(ctx, tx, s, member, job, &applicationID, now)
		return err
	})
	return rights, err
}

// JobOf returns the job of an application, "" if there is no such application.
func (c *Core) JobOf(ctx context.Context, applicationID string) (job string, err error) {
	if !isID(applicationID) {
		return "", nil
	}
	err = c.snapshot(ctx, "job of an application", func(tx pgx.Tx, s Schema) error {
		err := tx.QueryRow(ctx, "SELECT job_id FROM "+s.Table("applications")+" WHERE application_id = $1", applicationID).Scan(&job)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		return err
	})
	return job, err
}

// RightsOnJob returns what a member may do with the applications of a job, apart
// from grants on single ones. A member who is not active has none.
func (c *Core) RightsOnJob(ctx context.Context, member, jobID string, now time.Time) (access.Rights, error) {
	if !isID(member, jobID) {
		return access.Rights{}, ErrNotFound
	}
	var rights access.Rights
	err := c.snapshot(ctx, "rights on job", func(tx pgx.Tx, s Schema) (err error) {
		rights, _, err = rightsOn(ctx, tx, s, member, jobID, nil, now)
		return err
	})
	return rights, err
}

// rightsOn reads everything that gives a member rights on an application of a
// job, if one is named, and adds it up. It also returns the member's
// organisation role, none if they are not active.
func rightsOn(ctx context.Context, tx pgx.Tx, s Schema, member, job string, applicationID *string, now time.Time) (access.Rights, access.OrganizationRole, error) {
	rows, err := tx.Query(ctx, fmt.Sprintf(`
		SELECT m.role, h.member_id IS NOT NULL, coalesce(h.manager, false), coalesce(h.opening, false),
		       r.areas_view, r.areas_edit, r.documents_view, r.documents_edit
		FROM %s m
		LEFT JOIN (
			SELECT t.member_id, t.role_id, t.manager, false AS opening FROM %s t WHERE t.job_id = $2 AND t.member_id = $1
			UNION ALL
			SELECT g.member_id, g.role_id, false, g.role_id IS NULL FROM %s g
			WHERE g.application_id = $3 AND g.member_id = $1 AND (g.until IS NULL OR g.until > $4)
		) h ON h.member_id = m.member_id
		LEFT JOIN %s r ON r.role_id = h.role_id
		WHERE m.member_id = $1 AND m.active`,
		s.Table("members"), s.Table("team"), s.Table("grants"), s.Table("recruiting_roles")),
		member, job, applicationID, now)
	if err != nil {
		return access.Rights{}, "", err
	}
	var organization access.OrganizationRole
	var holds, manager, opening bool
	var role RoleRow
	var held []access.Membership
	_, err = pgx.ForEachRow(rows, []any{&organization, &holds, &manager, &opening, &role.View, &role.Edit, &role.DocumentsView, &role.DocumentsEdit}, func() error {
		if holds {
			held = append(held, access.Membership{Role: role.Access(), Manager: manager, Opening: opening})
		}
		role = RoleRow{}
		return nil
	})
	if err != nil {
		return access.Rights{}, "", err
	}
	return access.Of(organization, held...), organization, nil
}

// Access returns the levels that the row names.
func (r RoleRow) Access() access.Role {
	return access.Role{Areas: levels(r.View, r.Edit), Documents: levels(r.DocumentsView, r.DocumentsEdit)}
}

func levels[K comparable](view, edit []K) map[K]access.Level {
	m := make(map[K]access.Level, len(view))
	for _, k := range view {
		m[k] = access.View
	}
	for _, k := range edit {
		m[k] = access.Edit
	}
	return m
}

// sight is what a member sees of applications, as SQL: rows a member may not
// see never leave the database. It says the same as access.Of; a test compares
// the two. The list has its own, reach.
type sight struct {
	schema Schema
	member string
	now    time.Time
	role   access.OrganizationRole // none if not active
	// one is the one application that all of a query is about, nil if it is about
	// others.
	one *view
}

// about is v for a query that finds nothing but what is of its application: what
// the member may do with it needs not be found again. What an auditor holds is
// not all that is in their rights.
func (v view) about() sight {
	s := v.sight
	if s.role == access.Recruiting || s.role == access.Reporting {
		s.one = &v
	}
	return s
}

// sightOf reads the organisation role of a member.
func sightOf(ctx context.Context, db querier, s Schema, member string, now time.Time) (sight, error) {
	v := sight{schema: s, member: member, now: now}
	if !isID(member) {
		return v, nil
	}
	err := db.QueryRow(ctx, "SELECT role FROM "+s.Table("members")+" WHERE member_id = $1 AND active", member).Scan(&v.role)
	if errors.Is(err, pgx.ErrNoRows) {
		err = nil
	}
	return v, err
}

// querier is a pool or a transaction.
type querier interface {
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
	SendBatch(ctx context.Context, b *pgx.Batch) pgx.BatchResults
}

// everywhere reports whether the member sees every application, if only masked.
func (v sight) everywhere() bool { return v.role == access.Admin || v.role == access.Auditor }

// holds is a condition: the member holds a role that lets them view an area of
// the application in row, which has columns job_id and application_id.
func (v sight) holds(q *statement, row string, area access.Area) string {
	switch v.role {
	case access.Admin:
		return "true"
	case access.Recruiting, access.Auditor, access.Reporting:
	default:
		return "false"
	}
	if v.one != nil {
		return strconv.FormatBool(v.one.rights.Area(area) >= access.View)
	}
	member, areaArg := q.arg(v.member), q.arg(string(area))
	granted := areaArg + " = ANY (r.areas_view)"
	if v.role == access.Auditor {
		granted = "(" + granted + " OR g.role_id IS NULL)" // it was opened to them
	}
	return fmt.Sprintf(`(EXISTS (
			SELECT FROM %[1]s t JOIN %[2]s r ON r.role_id = t.role_id
			WHERE t.job_id = %[4]s.job_id AND t.member_id = %[5]s AND %[6]s = ANY (r.areas_view))
		OR EXISTS (
			SELECT FROM %[3]s g LEFT JOIN %[2]s r ON r.role_id = g.role_id
			WHERE g.application_id = %[4]s.application_id AND g.member_id = %[5]s
			AND (g.until IS NULL OR g.until > %[7]s) AND %[8]s))`,
		v.schema.Table("team"), v.schema.Table("recruiting_roles"), v.schema.Table("grants"),
		row, member, areaArg, q.arg(v.now), granted)
}
