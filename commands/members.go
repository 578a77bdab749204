package commands

import (
	"context"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/member"
	"github.com/hirelog/hirelog/domain/personal"
)

// onMember gives one command on member id: admins may.
func (c *Commands) onMember(ctx context.Context, id string, caller Caller, decide func(member.Member, domain.Stamp) ([]member.Event, error)) (Answer, error) {
	return transact(ctx, c, c.members, id, caller, decision[member.Member, member.Event]{
		may:    func(member.Member) error { return c.allow(caller, access.Admin) },
		decide: decide,
	})
}

// InviteMember makes somebody a member.
type InviteMember struct {
	Name  personal.Plain          `json:"name" minLength:"1" maxLength:"200" doc:"Full name"`
	Email personal.Plain          `json:"email,omitempty" maxLength:"254" doc:"E-mail address"`
	Role  access.OrganizationRole `json:"role" enum:"admin,recruiting,auditor,reporting" doc:"Organisation role"`
}

// InviteMember gives cmd. Admins may. Its id is the member's.
// Errors: domain.ErrInvalid; ErrDenied.
func (c *Commands) InviteMember(ctx context.Context, caller Caller, cmd InviteMember) (Answer, error) {
	id := caller.newID("member")
	answer, err := c.onMember(ctx, id, caller, func(m member.Member, s domain.Stamp) ([]member.Event, error) {
		return m.Invite(cmd.Role, cmd.Name, cmd.Email, personal.Key{ID: id, Owner: id}, s)
	})
	answer.ID = id
	return answer, err
}

// SetMemberRole gives a member another organisation role.
type SetMemberRole struct {
	Member string                  `json:"-"`
	Role   access.OrganizationRole `json:"role" enum:"admin,recruiting,auditor,reporting" doc:"Organisation role from now on"`
}

// SetMemberRole gives cmd. Admins may. Errors: those of member.SetRole; ErrDenied.
func (c *Commands) SetMemberRole(ctx context.Context, caller Caller, cmd SetMemberRole) (Answer, error) {
	return c.onMember(ctx, cmd.Member, caller, func(m member.Member, s domain.Stamp) ([]member.Event, error) {
		return m.SetRole(cmd.Member, cmd.Role, s)
	})
}

// DeactivateMember ends a member's access at once. Admins may.
// Errors: those of member.Deactivate; ErrDenied.
func (c *Commands) DeactivateMember(ctx context.Context, caller Caller, id string) (Answer, error) {
	answer, err := c.onMember(ctx, id, caller, func(m member.Member, s domain.Stamp) ([]member.Event, error) {
		return m.Deactivate(id, s)
	})
	if err != nil {
		return answer, err
	}
	// Their rights are gone with the event already; the tokens follow.
	return answer, c.tokens.RevokeAll(ctx, id)
}

// ReactivateMember lets a member act again; tokens do not come back. Admins may.
// Errors: those of member.Reactivate; ErrDenied.
func (c *Commands) ReactivateMember(ctx context.Context, caller Caller, id string) (Answer, error) {
	return transact(ctx, c, c.members, id, caller, decision[member.Member, member.Event]{
		may:    func(member.Member) error { return c.allow(caller, access.Admin) },
		decide: member.Member.Reactivate,
		// Deactivating may have failed to.
		prepare: func(ctx context.Context, _ member.Member) error { return c.tokens.RevokeAll(ctx, id) },
	})
}
