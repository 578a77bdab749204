package projections

import (
	"context"
	"slices"

	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/job"
	"github.com/hirelog/hirelog/domain/member"
	"github.com/hirelog/hirelog/domain/organization"
	"github.com/hirelog/hirelog/readmodels"
)

// accessModel keeps what rights are computed from: members, recruiting roles,
// and who holds which role where.
type accessModel struct {
	members *Rows[readmodels.MemberRow]
	roles   *Rows[readmodels.RoleRow]
	busy    *Rows[readmodels.BusyAddressRow]
	team    *Rows[readmodels.TeamRow]
	grants  *Rows[readmodels.GrantRow]
}

func newAccess() *accessModel {
	return &accessModel{
		members: NewRows(readmodels.Members()),
		busy:    NewRows(readmodels.BusyAddresses()),
		roles:   NewRows(readmodels.RecruitingRoles()),
		team:    NewRows(readmodels.Team()),
		grants:  NewRows(readmodels.Grants()),
	}
}

// Name implements Model.
func (*accessModel) Name() string { return "access" }

// Tables implements Model.
func (m *accessModel) Tables() []AnyTable {
	return []AnyTable{m.members, m.busy, m.roles, m.team, m.grants}
}

// Need implements Model.
func (m *accessModel) Need(f Fact) {
	switch e := f.Body.(type) {
	case member.Event:
		m.members.Need(f.Aggregate)
		m.busy.Need(f.Aggregate)
	case job.Event:
		m.team.NeedBy("job_id", f.Aggregate)
	case application.AccessEnds:
		m.grants.Need(e.Grant)
	case application.AuditClosed:
		m.grants.Need(e.Opening)
	case application.Anonymised, application.Deleted:
		m.grants.NeedBy("application_id", f.Aggregate)
	}
}

// Apply implements Model.
func (m *accessModel) Apply(_ context.Context, f Fact) error {
	switch e := f.Body.(type) {
	case member.Event:
		m.member(f, e)
	case job.Event:
		m.job(f, e)
	case organization.Event:
		m.organization(e)
	case application.AccessGranted:
		m.grants.Put(readmodels.GrantRow{
			ID: e.Grant, Application: f.Aggregate, Member: e.Member, Role: &e.Role, Until: e.Until,
			Cause: e.Cause, Of: optional(e.Of), At: e.At, By: e.By,
		})
	case application.AccessEnds:
		if r, ok := m.grants.Get(e.Grant); ok && r.Application == f.Aggregate {
			r.Until = e.Until
			m.grants.Put(r)
		}
	case application.AuditOpened:
		m.grants.Put(readmodels.GrantRow{
			ID: e.Opening, Application: f.Aggregate, Member: e.Auditor, Until: &e.Until,
			Cause: application.ByOpening, At: e.At, By: e.By, Reason: e.Reason.Bytes(),
		})
	case application.AuditClosed:
		if r, ok := m.grants.Get(e.Opening); ok && r.Application == f.Aggregate {
			r.Until = when(f)
			m.grants.Put(r)
		}
	case application.Deleted:
		dropAll(m.grants, f.Aggregate)
	case application.Anonymised:
		m.grants.Each("application_id", f.Aggregate, func(r readmodels.GrantRow) (readmodels.GrantRow, bool) { r.Reason = nil; return r, true })
	}
	return nil
}

func (m *accessModel) member(f Fact, e member.Event) {
	r, _ := m.members.Get(f.Aggregate)
	r.ID, r.Revision = f.Aggregate, int64(f.Revision)
	switch e := e.(type) {
	case member.Invited:
		r.Role, r.Active, r.InvitedAt = e.Role, true, e.At
		r.Name, r.Email = e.Name.Bytes(), e.Email.Bytes()
	case member.DetailsCorrected:
		if !e.Name.IsZero() {
			r.Name = e.Name.Bytes()
		}
		if !e.Email.IsZero() {
			r.Email = e.Email.Bytes()
		}
	case member.NameErased:
		r.Active, r.Erased, r.Name, r.Email = false, true, nil, nil
		r.SecondFactor, r.RecoveryCodes = false, 0
		m.busy.Delete(f.Aggregate)
	case member.BusyAddressSet:
		m.busy.Put(readmodels.BusyAddressRow{
			Member: f.Aggregate, ID: e.Busy, Kind: e.Kind, Address: e.Address.Bytes(), User: e.User.Bytes(), Password: e.Password.Bytes(),
		})
	case member.BusyAddressRemoved:
		m.busy.Delete(f.Aggregate)
	case member.RoleSet:
		r.Role = e.Role
	case member.Deactivated:
		r.Active = false
	case member.Reactivated:
		r.Active = true
	case member.SecondFactorConfirmed:
		r.SecondFactor, r.RecoveryCodes = true, e.Codes
	case member.SecondFactorRemoved:
		r.SecondFactor, r.RecoveryCodes = false, 0
	case member.RecoveryCodesRenewed:
		r.RecoveryCodes = e.Codes
	case member.RecoveryCodeUsed:
		r.RecoveryCodes = e.Left
	case member.HandedOver:
		// Of each application, its own event says so.
	case member.InboxRead, member.NotificationsSet:
		// Model inbox keeps it.
	case member.TokenIssued, member.TokenRotated, member.TokenRevoked:
		// Tokens are looked up where their secrets are.
	}
	m.members.Put(r)
}

func (m *accessModel) job(f Fact, e job.Event) {
	switch e := e.(type) {
	case job.Opened:
		m.setTeam(f.Aggregate, e.Team)
	case job.Drafted:
		m.setTeam(f.Aggregate, e.Team)
	case job.TeamChanged:
		m.setTeam(f.Aggregate, e.Team)
	case job.StageRemoved:
		m.team.Each("job_id", f.Aggregate, func(r readmodels.TeamRow) (readmodels.TeamRow, bool) {
			r.Stages = slices.DeleteFunc(slices.Clone(r.Stages), func(id string) bool { return id == e.Stage })
			return r, true
		})
	case job.DetailsChanged, job.Held, job.Resumed, job.WasClosed, job.Reopened, job.Published, job.ApplicationsEnded,
		job.StageAdded, job.StageChanged, job.StagesReordered, job.StageCleared, job.FormSet:
		// What a job is called, whether it is open and what its other stages are
		// gives nobody a right.
	}
}

// setTeam puts team in the place of the one the job has.
func (m *accessModel) setTeam(jobID string, team []job.TeamMember) {
	m.team.Each("job_id", jobID, func(r readmodels.TeamRow) (readmodels.TeamRow, bool) { return r, false })
	for _, t := range team {
		m.team.Put(readmodels.TeamRow{Key: jobID + "/" + t.Member, Job: jobID, Member: t.Member, Role: t.Role, Manager: t.Manager, Stages: t.Stages})
	}
}

func (m *accessModel) organization(e organization.Event) {
	switch e := e.(type) {
	case organization.RecruitingRoleDefined:
		m.roles.Put(readmodels.RoleRow{
			ID: e.Role, Name: e.Name,
			View: atLeast(access.View, e.Access.Areas), Edit: atLeast(access.Edit, e.Access.Areas),
			DocumentsView: atLeast(access.View, e.Access.Documents), DocumentsEdit: atLeast(access.Edit, e.Access.Documents),
			Notify: e.Notify,
		})
	case organization.Founded, organization.SettingsChanged, organization.ReasonDefined, organization.TagDefined,
		organization.FormDefined, organization.CategoryDefined, organization.AttributeDefined, organization.AttributesOrdered,
		organization.TemplateDefined, organization.EntryRetired, organization.EntryRestored:
		// Models jobs and definitions keep them.
	}
}

// atLeast returns what has at least that level, sorted.
func atLeast[K ~string](least access.Level, levels map[K]access.Level) []K {
	var keys []K
	for k, level := range levels {
		if level >= least {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	return keys
}
