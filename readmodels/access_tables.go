package readmodels

import (
	"time"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/organization"
)

// MemberRow is a row of table members. Name and e-mail are sealed.
type MemberRow struct {
	ID        string
	Role      access.OrganizationRole
	Active    bool
	Erased    bool
	Name      []byte
	Email     []byte
	Revision  int64
	InvitedAt time.Time

	SecondFactor  bool // they have one
	RecoveryCodes int  // that are left
}

// Members returns table members.
func Members() Table[MemberRow] {
	return Table[MemberRow]{
		Name: "members",
		Key:  func(r *MemberRow) *string { return &r.ID },
		Columns: []Column[MemberRow]{
			Col("member_id", "uuid", func(r *MemberRow) *string { return &r.ID }),
			Col("role", "text", func(r *MemberRow) *access.OrganizationRole { return &r.Role }),
			Col("active", "boolean", func(r *MemberRow) *bool { return &r.Active }),
			Col("erased", "boolean", func(r *MemberRow) *bool { return &r.Erased }),
			Col("name", "bytea", func(r *MemberRow) *[]byte { return &r.Name }),
			Col("email", "bytea", func(r *MemberRow) *[]byte { return &r.Email }),
			Col("revision", "bigint", func(r *MemberRow) *int64 { return &r.Revision }),
			Col("invited_at", "timestamptz", func(r *MemberRow) *time.Time { return &r.InvitedAt }),
			Col("second_factor", "boolean", func(r *MemberRow) *bool { return &r.SecondFactor }),
			Col("recovery_codes", "integer", func(r *MemberRow) *int { return &r.RecoveryCodes }),
		},
	}
}

// RoleRow is a row of table recruiting_roles. Each array names what has at
// least that level, so view includes edit. All are sorted.
type RoleRow struct {
	ID            string
	Name          string
	View          []access.Area
	Edit          []access.Area
	DocumentsView []access.Category
	DocumentsEdit []access.Category
	Notify        []organization.Notification
}

// RecruitingRoles returns table recruiting_roles.
func RecruitingRoles() Table[RoleRow] {
	return Table[RoleRow]{
		Name: "recruiting_roles",
		Key:  func(r *RoleRow) *string { return &r.ID },
		Columns: []Column[RoleRow]{
			Col("role_id", "uuid", func(r *RoleRow) *string { return &r.ID }),
			Col("name", "text", func(r *RoleRow) *string { return &r.Name }),
			ArrayCol("areas_view", "text[]", func(r *RoleRow) *[]access.Area { return &r.View }),
			ArrayCol("areas_edit", "text[]", func(r *RoleRow) *[]access.Area { return &r.Edit }),
			ArrayCol("documents_view", "text[]", func(r *RoleRow) *[]access.Category { return &r.DocumentsView }),
			ArrayCol("documents_edit", "text[]", func(r *RoleRow) *[]access.Category { return &r.DocumentsEdit }),
			ArrayCol("notify", "text[]", func(r *RoleRow) *[]organization.Notification { return &r.Notify }),
		},
	}
}

// TeamRow is a row of table team: a member's place in the hiring team of a job.
type TeamRow struct {
	Key     string // job/member
	Job     string
	Member  string
	Role    string
	Manager bool
	Stages  []string // ids of the stages they manage
}

// Team returns table team.
func Team() Table[TeamRow] {
	return Table[TeamRow]{
		Name: "team",
		Key:  func(r *TeamRow) *string { return &r.Key },
		Columns: []Column[TeamRow]{
			Col("place", "text", func(r *TeamRow) *string { return &r.Key }),
			Col("job_id", "uuid", func(r *TeamRow) *string { return &r.Job }),
			Col("member_id", "uuid", func(r *TeamRow) *string { return &r.Member }),
			Col("role_id", "uuid", func(r *TeamRow) *string { return &r.Role }),
			Col("manager", "boolean", func(r *TeamRow) *bool { return &r.Manager }),
			ArrayCol("stages", "text[]", func(r *TeamRow) *[]string { return &r.Stages }),
		},
		Indexes: []string{
			`CREATE INDEX {name}_job ON {table} (job_id, member_id)`,
			`CREATE INDEX {name}_member ON {table} (member_id, job_id)`,
		},
		By: map[string]func(*TeamRow) *string{"job_id": func(r *TeamRow) *string { return &r.Job }},
	}
}

// GrantRow is a row of table grants: a recruiting role held on one application,
// or that it was opened to an auditor, also after it ended.
type GrantRow struct {
	ID          string
	Application string
	Member      string
	Role        *string    // nil = opened to an auditor
	Until       *time.Time // nil = no end
	Cause       application.GrantCause
	Of          *string // interview or review
	At          time.Time
	By          domain.Actor
	Reason      []byte // of an opening, sealed; nil once anonymised
}

// Grants returns table grants. Rights read it as they read the team.
func Grants() Table[GrantRow] {
	return Table[GrantRow]{
		Name: "grants",
		Key:  func(r *GrantRow) *string { return &r.ID },
		Columns: []Column[GrantRow]{
			Col("grant_id", "uuid", func(r *GrantRow) *string { return &r.ID }),
			Col("application_id", "uuid", func(r *GrantRow) *string { return &r.Application }),
			Col("member_id", "uuid", func(r *GrantRow) *string { return &r.Member }),
			Col("role_id", "uuid", func(r *GrantRow) **string { return &r.Role }),
			Col("until", "timestamptz", func(r *GrantRow) **time.Time { return &r.Until }),
			Col("cause", "text", func(r *GrantRow) *application.GrantCause { return &r.Cause }),
			Col("of_id", "uuid", func(r *GrantRow) **string { return &r.Of }),
			Col("at", "timestamptz", func(r *GrantRow) *time.Time { return &r.At }),
			Col("by", "text", func(r *GrantRow) *domain.Actor { return &r.By }),
			Col("reason", "bytea", func(r *GrantRow) *[]byte { return &r.Reason }),
		},
		Indexes: []string{
			`CREATE INDEX {name}_application ON {table} (application_id, member_id)`,
			`CREATE INDEX {name}_member ON {table} (member_id, application_id)`,
		},
		By: map[string]func(*GrantRow) *string{"application_id": func(r *GrantRow) *string { return &r.Application }},
	}
}
