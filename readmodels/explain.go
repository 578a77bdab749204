package readmodels

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/personal"
)

// ErrDenied means that the viewer sees the application, but not that of it.
var ErrDenied = &domain.Refusal{Kind: domain.Denied, Code: "denied", Message: "You may not see this."}

// Source says what gives a member rights on an application.
type Source string

// The sources.
const (
	ByOrganizationRole Source = "organization_role"
	ByRecruitingRole   Source = "recruiting_role" // held in the job's hiring team
	ByGrant            Source = "grant"
	ByOpening          Source = "opening" // to an auditor
)

// AccessEntry says that a member may view an application, or holds a role on it,
// and why.
type AccessEntry struct {
	Member MemberRef `json:"member"`
	Held
}

// Held is one thing that gives a member rights on an application.
type Held struct {
	By      Source  `json:"by" enum:"organization_role,recruiting_role,grant,opening" doc:"What gives the right"`
	Role    string  `json:"role" doc:"The organisation role, or the name of the recruiting role held on the job or by the grant"`
	RoleID  *string `json:"recruiting_role_id" format:"uuid"`
	Manager bool    `json:"recruitment_manager" doc:"Whether they are a recruitment manager of the job"`
	// Grant is set for grants and openings.
	Grant *AccessGrant `json:"grant"`
}

// AccessGrant is a grant, or an opening to an auditor.
type AccessGrant struct {
	ID     string                 `json:"id" format:"uuid"`
	Cause  application.GrantCause `json:"cause" enum:"by_hand,interview,review,opening" doc:"What gave it"`
	Of     *string                `json:"of_id" format:"uuid" doc:"The interview or review"`
	At     time.Time              `json:"at"`
	By     By                     `json:"by"`
	Until  *time.Time             `json:"until" doc:"When it ends or ended; null without end"`
	Ended  bool                   `json:"ended"`
	Reason *personal.Plain        `json:"reason" doc:"Of an opening; null without view on area access, or erased"`
}

// heldRow is what a member holds, as it is read.
type heldRow struct {
	member, source    string
	active            bool
	organization      access.OrganizationRole
	role              RoleRow
	roleID, grant, of *string
	manager           bool
	cause             *application.GrantCause
	at, until         *time.Time
	by                *domain.Actor
	reason            []byte
}

// membership is what r counts as in the rules.
func (r heldRow) membership() access.Membership {
	return access.Membership{Role: r.role.Access(), Manager: r.manager, Opening: r.source == string(ByOpening)}
}

// gives is what r gives by itself.
func (r heldRow) gives() access.Rights {
	switch Source(r.source) {
	case ByOrganizationRole:
		return access.Of(r.organization)
	case ByOpening:
		return access.Of(r.organization, r.membership())
	case ByRecruitingRole, ByGrant:
	}
	return access.Of(access.Recruiting, r.membership()) // which gives nothing of its own
}

// key tells r apart from what else the member holds.
func (r heldRow) key() string {
	if r.grant != nil {
		return *r.grant
	}
	return r.source
}

func (r heldRow) ended(now time.Time) bool { return r.until != nil && !r.until.After(now) }

// shown is r with names.
func (r heldRow) shown(t *texts, now time.Time, reasons bool) Held {
	h := Held{By: Source(r.source), Role: r.role.Name, RoleID: r.roleID, Manager: r.manager}
	if h.By == ByOrganizationRole || h.By == ByOpening {
		h.Role = string(r.organization)
	}
	if r.grant != nil {
		h.Grant = &AccessGrant{ID: *r.grant, Cause: *r.cause, Of: r.of, At: r.at.UTC(), By: t.by(*r.by), Until: utc(r.until), Ended: r.ended(now)}
		if reasons {
			h.Grant.Reason = t.text(r.reason)
		}
	}
	return h
}

func utc(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	u := t.UTC()
	return &u
}

// held reads what members hold on an application: one member, or all that are
// active if member is nil.
func (v view) held(ctx context.Context, tx pgx.Tx, member *string) ([]heldRow, error) {
	s := v.schema
	rows, err := tx.Query(ctx, fmt.Sprintf(`
		SELECT m.member_id, m.active, m.role, h.source, h.role_id, h.manager, h.grant_id, h.cause, h.of_id, h.at, h.until, h.by, h.reason,
		       coalesce(r.name, ''), r.areas_view, r.areas_edit, r.documents_view, r.documents_edit
		FROM (
			SELECT o.member_id, 'organization_role' AS source, NULL::uuid AS role_id, false AS manager, NULL::uuid AS grant_id, NULL AS cause,
			       NULL::uuid AS of_id, NULL::timestamptz AS at, NULL::timestamptz AS until, NULL AS by, NULL::bytea AS reason, 1 AS place
			FROM %[1]s o WHERE $3::uuid IS NOT NULL OR o.role IN ('admin', 'auditor')
			UNION ALL
			SELECT t.member_id, 'recruiting_role', t.role_id, t.manager, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 2
			FROM %[2]s t WHERE t.job_id = $1
			UNION ALL
			SELECT g.member_id, CASE WHEN g.role_id IS NULL THEN 'opening' ELSE 'grant' END, g.role_id, false, g.grant_id, g.cause, g.of_id, g.at, g.until, g.by, g.reason, 3
			FROM %[3]s g WHERE g.application_id = $2
		) h
		JOIN %[1]s m ON m.member_id = h.member_id
		LEFT JOIN %[4]s r ON r.role_id = h.role_id
		WHERE $3::uuid IS NULL AND m.active OR m.member_id = $3
		ORDER BY h.place, h.manager DESC, h.at, h.grant_id, m.invited_at, m.member_id`,
		s.Table("members"), s.Table("team"), s.Table("grants"), s.Table("recruiting_roles")),
		v.application.Job, v.application.ID, member)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (r heldRow, err error) {
		err = row.Scan(&r.member, &r.active, &r.organization, &r.source, &r.roleID, &r.manager, &r.grant, &r.cause, &r.of, &r.at, &r.until, &r.by, &r.reason,
			&r.role.Name, &r.role.View, &r.role.Edit, &r.role.DocumentsView, &r.role.DocumentsEdit)
		return r, err
	})
}

// names returns the names of everybody in rows.
func (c *Core) names(ctx context.Context, tx pgx.Tx, v view, rows []heldRow) (*texts, error) {
	t := newTexts(c.vault, v.application.ID, false) // of members, whom an auditor knows; reasons are left out for themselves
	for _, r := range rows {
		t.wantMembers(r.member)
		if r.by != nil {
			t.wantBy(*r.by)
		}
		t.want(r.reason)
	}
	return t, t.loadNow(ctx, tx, v.schema)
}

// seesReasons reports whether v may see why an application was opened.
func (v view) seesReasons() bool {
	return v.rights.Area(access.Grants) >= access.View && !v.rights.Masked
}

// Access returns who may view an application at now, and why, with every grant
// that has not ended. Errors: ErrNotFound.
func (c *Core) Access(ctx context.Context, viewer, applicationID string, now time.Time) ([]AccessEntry, error) {
	entries := []AccessEntry{}
	err := c.snapshot(ctx, "access", func(tx pgx.Tx, s Schema) error {
		v, err := c.open(ctx, tx, s, viewer, applicationID, now)
		if err != nil {
			return err
		}
		rows, err := v.held(ctx, tx, nil)
		if err != nil {
			return err
		}
		t, err := c.names(ctx, tx, v, rows)
		if err != nil {
			return err
		}
		for _, r := range rows {
			if r.ended(now) || r.source == string(ByRecruitingRole) && !slices.Contains(r.role.View, access.Application) {
				continue
			}
			entries = append(entries, AccessEntry{Member: t.member(r.member), Held: r.shown(t, now, v.seesReasons())})
		}
		return t.err
	})
	return entries, err
}

// Explanation says why a member may see an application, as far as they may.
type Explanation struct {
	Member           MemberRef               `json:"member"`
	Active           bool                    `json:"active" doc:"Who is not has no rights"`
	OrganizationRole access.OrganizationRole `json:"organization_role" enum:"admin,recruiting,auditor,reporting"`
	Sees             bool                    `json:"sees" doc:"Whether they see the application at all"`
	Masked           bool                    `json:"masked" doc:"Personal fields are hidden from them"`
	Manager          bool                    `json:"recruitment_manager"`
	Held             []ExplainedSource       `json:"held" doc:"All that gives them rights, or did"`
	Areas            []ExplainedLevel        `json:"areas"`
	Documents        []ExplainedLevel        `json:"documents" doc:"By category"`
	Missing          MissingRights           `json:"missing" doc:"What they may not even view"`
}

// ExplainedSource is something a member holds, and what it gives by itself.
type ExplainedSource struct {
	Key string `json:"key" doc:"What a level names it by"`
	Held
	Counts    bool                             `json:"counts" doc:"False once it ended, and of a member who is not active"`
	Areas     map[access.Area]access.Level     `json:"areas"`
	Documents map[access.Category]access.Level `json:"documents"`
}

// ExplainedLevel is how far a right goes, and what makes it so.
type ExplainedLevel struct {
	Of    string       `json:"of" doc:"Area or category"`
	Level access.Level `json:"level"`
	From  []string     `json:"from" doc:"Keys of what gives this level"`
}

// MissingRights are areas and categories without any level.
type MissingRights struct {
	Areas     []access.Area     `json:"areas"`
	Documents []access.Category `json:"documents"`
}

// Explain says why member may see an application at now, to viewer: themselves,
// or who may view area access, auditors and admins.
// Errors: ErrNotFound, also of a member there is none of; ErrDenied.
func (c *Core) Explain(ctx context.Context, viewer, member, applicationID string, now time.Time) (Explanation, error) {
	var e Explanation
	err := c.snapshot(ctx, "explain", func(tx pgx.Tx, s Schema) error {
		v, err := c.open(ctx, tx, s, viewer, applicationID, now)
		switch {
		case err != nil:
			return err
		case viewer != member && !v.everywhere() && v.rights.Area(access.Grants) < access.View:
			return ErrDenied
		case !isID(member):
			return ErrNotFound
		}
		rows, err := v.held(ctx, tx, &member)
		if err != nil {
			return err
		}
		if len(rows) == 0 {
			return ErrNotFound
		}
		t, err := c.names(ctx, tx, v, rows)
		if err != nil {
			return err
		}
		categories, err := allCategories(ctx, tx, s)
		if err != nil {
			return err
		}
		e = explain(rows, categories, t, now, v.seesReasons())
		return t.err
	})
	return e, err
}

// explain adds up what one member holds; the first row is their organisation
// role.
func explain(rows []heldRow, categories []access.Category, t *texts, now time.Time, reasons bool) Explanation {
	e := Explanation{
		Member: t.member(rows[0].member), Active: rows[0].active, OrganizationRole: rows[0].organization,
		Held: []ExplainedSource{}, Areas: []ExplainedLevel{}, Documents: []ExplainedLevel{},
		Missing: MissingRights{Areas: []access.Area{}, Documents: []access.Category{}},
	}
	var counting []access.Membership
	var alone []access.Rights // what each of e.Held gives
	for _, r := range rows {
		source := ExplainedSource{
			Key: r.key(), Held: r.shown(t, now, reasons), Counts: r.active && !r.ended(now),
			Areas: map[access.Area]access.Level{}, Documents: map[access.Category]access.Level{},
		}
		gives := r.gives()
		if source.Counts && r.source != string(ByOrganizationRole) {
			counting = append(counting, r.membership())
		}
		for _, a := range access.Areas() {
			source.Areas[a] = gives.Area(a)
		}
		for _, d := range categories {
			source.Documents[d] = gives.Document(d)
		}
		e.Held, alone = append(e.Held, source), append(alone, gives)
	}
	role := e.OrganizationRole
	if !e.Active {
		role = ""
	}
	total := access.Of(role, counting...)
	e.Sees, e.Masked, e.Manager = total.Area(access.Application) >= access.View, total.Masked, total.Manager
	from := func(level access.Level, gives func(access.Rights) access.Level) []string {
		keys := []string{}
		for i, h := range e.Held {
			if h.Counts && level > access.None && gives(alone[i]) == level {
				keys = append(keys, h.Key)
			}
		}
		return keys
	}
	for _, a := range access.Areas() {
		of := func(r access.Rights) access.Level { return r.Area(a) }
		e.Areas = append(e.Areas, ExplainedLevel{Of: string(a), Level: of(total), From: from(of(total), of)})
		if of(total) == access.None {
			e.Missing.Areas = append(e.Missing.Areas, a)
		}
	}
	for _, d := range categories {
		of := func(r access.Rights) access.Level { return r.Document(d) }
		e.Documents = append(e.Documents, ExplainedLevel{Of: string(d), Level: of(total), From: from(of(total), of)})
		if of(total) == access.None {
			e.Missing.Documents = append(e.Missing.Documents, d)
		}
	}
	return e
}

// Because returns what gives a member the right to view an area of an
// application at now, or any document if area is "": ByOrganizationRole,
// ByRecruitingRole, ids of grants and openings. Nothing if nothing does.
func (c *Core) Because(ctx context.Context, member, applicationID string, area access.Area, now time.Time) ([]string, error) {
	keys := []string{}
	if !isID(member, applicationID) {
		return keys, nil
	}
	err := c.snapshot(ctx, "because", func(tx pgx.Tx, s Schema) error {
		a, err := applicationRow(ctx, tx, s, applicationID)
		if err != nil {
			return err
		}
		rows, err := view{sight: sight{schema: s, member: member, now: now}, application: a}.held(ctx, tx, &member)
		if err != nil {
			return err
		}
		for _, r := range rows {
			gives := r.gives()
			level := gives.Area(area)
			if area == "" {
				level = gives.AnyDocument()
			}
			if r.active && !r.ended(now) && level >= access.View {
				keys = append(keys, r.key())
			}
		}
		return nil
	})
	return keys, err
}

// OrganizationRole returns the organisation role of a member, none if they are
// not active.
func (c *Core) OrganizationRole(ctx context.Context, member string, now time.Time) (access.OrganizationRole, error) {
	var role access.OrganizationRole
	err := c.snapshot(ctx, "organisation role", func(tx pgx.Tx, s Schema) error {
		v, err := sightOf(ctx, tx, s, member, now)
		role = v.role
		return err
	})
	return role, err
}
