package commands

import (
	"context"
	"time"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/member"
	"github.com/hirelog/hirelog/domain/organization"
	"github.com/hirelog/hirelog/domain/personal"
)

// GrantAccess lets a member hold a recruiting role on one application.
type GrantAccess struct {
	Application string     `json:"-"`
	Member      string     `json:"member_id" format:"uuid" doc:"Who gets access"`
	Role        string     `json:"recruiting_role_id" format:"uuid" doc:"Recruiting role that they hold on this application; it may give no more than you have yourself"`
	Until       *time.Time `json:"until,omitempty" doc:"From when it no longer counts; none means until it is taken back"`
}

// GrantAccess gives cmd. Whoever has edit on the access area may, with roles
// that give no more than they have themselves. Its id is the grant's: that of
// the one they hold if they hold it already.
// Errors: those of application.GrantAccess; member.ErrUnknown,
// member.ErrInactive, organization.ErrUnknownRole, application.ErrMoreThanYours, ErrDenied.
func (c *Commands) GrantAccess(ctx context.Context, caller Caller, cmd GrantAccess) (Answer, error) {
	id := caller.newID("grant")
	held := ""
	answer, err := c.onApplication(ctx, cmd.Application, caller, need{area: access.Grants, level: access.Edit},
		func(a application.Application, rights access.Rights, s domain.Stamp) ([]application.Event, error) {
			if err := c.mayGive(rights, cmd.Member, cmd.Role); err != nil {
				return nil, err
			}
			held = a.HeldByHand(cmd.Member, cmd.Role, s.At)
			return a.GrantAccess(id, cmd.Member, cmd.Role, cmd.Until, s)
		})
	answer.ID = id
	if answer.Unchanged && held != "" {
		answer.ID = held
	}
	return answer, err
}

// mayGive refuses to give a member a role that exceeds the rights of who gives
// it, by hand, with an interview or with a review.
// Errors: member.ErrUnknown, member.ErrInactive, organization.ErrUnknownRole,
// application.ErrMoreThanYours.
func (c *Commands) mayGive(held access.Rights, memberID, role string) error {
	r, ok := c.directory.Organization().Roles[role]
	if !ok {
		return organization.ErrUnknownRole
	}
	switch m := c.directory.Member(memberID); {
	case !m.Exists:
		return member.ErrUnknown
	case !m.Active:
		return member.ErrInactive
	case !held.Covers(r.Access):
		return application.ErrMoreThanYours
	}
	return nil
}

// EndAccess takes a grant back.
type EndAccess struct {
	Application string `json:"-"`
	Grant       string `json:"-"`
}

// EndAccess gives cmd, whatever the grant came by. Whoever has edit on the
// access area may. Errors: those of application.EndAccess; ErrDenied.
func (c *Commands) EndAccess(ctx context.Context, caller Caller, cmd EndAccess) (Answer, error) {
	return c.onApplication(ctx, cmd.Application, caller, need{area: access.Grants, level: access.Edit},
		func(a application.Application, _ access.Rights, s domain.Stamp) ([]application.Event, error) {
			return a.EndAccess(cmd.Grant, s)
		})
}

// OpenForAudit shows one application to an auditor, with everything personal.
type OpenForAudit struct {
	Application string         `json:"-"`
	Auditor     string         `json:"member_id" format:"uuid" doc:"The auditor"`
	Reason      personal.Plain `json:"reason" minLength:"1" maxLength:"4000" doc:"Why they need to see it"`
	Until       time.Time      `json:"until" doc:"From when it is masked again; at most 30 days from now"`
}

// OpenForAudit gives cmd. Admins may. Its id is the opening's.
// Errors: those of application.OpenForAudit; member.ErrUnknown,
// application.ErrNotAuditor, ErrDenied.
func (c *Commands) OpenForAudit(ctx context.Context, caller Caller, cmd OpenForAudit) (Answer, error) {
	id := caller.newID("opening")
	reason, err := textOf("The reason", cmd.Reason, 1, application.MaxText, keyOf(cmd.Application))
	if err != nil {
		return Answer{}, err
	}
	answer, err := c.onApplication(ctx, cmd.Application, caller, need{area: access.Application, level: access.View},
		func(a application.Application, _ access.Rights, s domain.Stamp) ([]application.Event, error) {
			if err := c.allow(caller, access.Admin); err != nil {
				return nil, err
			}
			switch m := c.directory.Member(cmd.Auditor); {
			case !m.Exists:
				return nil, member.ErrUnknown
			case m.OrganizationRole() != access.Auditor:
				return nil, application.ErrNotAuditor
			}
			return a.OpenForAudit(id, cmd.Auditor, reason, cmd.Until, s)
		})
	answer.ID = id
	return answer, err
}

// CloseForAudit masks an application for an auditor again.
type CloseForAudit struct {
	Application string `json:"-"`
	Opening     string `json:"-"`
}

// CloseForAudit gives cmd. Admins may.
// Errors: those of application.CloseForAudit; ErrDenied.
func (c *Commands) CloseForAudit(ctx context.Context, caller Caller, cmd CloseForAudit) (Answer, error) {
	return c.onApplication(ctx, cmd.Application, caller, need{area: access.Application, level: access.View},
		func(a application.Application, _ access.Rights, s domain.Stamp) ([]application.Event, error) {
			if err := c.allow(caller, access.Admin); err != nil {
				return nil, err
			}
			return a.CloseForAudit(cmd.Opening, s)
		})
}
