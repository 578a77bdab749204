package commands

import (
	"context"
	"errors"
	"time"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/member"
	"github.com/hirelog/hirelog/domain/organization"
	"github.com/hirelog/hirelog/domain/personal"
	"github.com/hirelog/hirelog/internal/ops"
)

// onOrganization gives one command on the organisation: admins may.
func (c *Commands) onOrganization(ctx context.Context, caller Caller, decide func(organization.Organization, domain.Stamp) ([]organization.Event, error)) (Answer, error) {
	return transact(ctx, c, c.organizations, organization.ID, caller, decision[organization.Organization, organization.Event]{
		may:    func(organization.Organization) error { return c.allow(caller, access.Admin) },
		decide: decide,
	})
}

// Found founds the organisation. Only the system does, once.
func (c *Commands) Found(ctx context.Context, caller Caller, name string) (Answer, error) {
	return c.onOrganization(ctx, caller, func(o organization.Organization, s domain.Stamp) ([]organization.Event, error) {
		return o.Found(name, s)
	})
}

// ChangeSettings sets switches of the organisation.
type ChangeSettings struct {
	organization.SettingsChange
}

// ChangeSettings gives cmd. Admins may. It counts at once, on pages and routes.
// Errors: domain.ErrInvalid; ErrDenied.
func (c *Commands) ChangeSettings(ctx context.Context, caller Caller, cmd ChangeSettings) (Answer, error) {
	return c.onOrganization(ctx, caller, func(o organization.Organization, s domain.Stamp) ([]organization.Event, error) {
		return o.ChangeSettings(cmd.SettingsChange, s)
	})
}

// DefineRecruitingRole creates or changes a recruiting role.
type DefineRecruitingRole struct {
	Role      string                           `json:"-"` // empty = a new one
	Name      string                           `json:"name" minLength:"1" maxLength:"100" doc:"Name, unique"`
	Areas     map[access.Area]access.Level     `json:"areas,omitempty" doc:"Level of each area: none, view or edit"`
	Documents map[access.Category]access.Level `json:"documents,omitempty" doc:"Level of each document category"`
}

// DefineRecruitingRole gives cmd. Admins may. Its id is the role's.
// Errors: domain.ErrInvalid; organization.ErrUnknownRole; ErrDenied.
func (c *Commands) DefineRecruitingRole(ctx context.Context, caller Caller, cmd DefineRecruitingRole) (Answer, error) {
	id := cmd.Role
	if id == "" {
		id = caller.newID("recruiting_role")
	}
	answer, err := c.onOrganization(ctx, caller, func(o organization.Organization, s domain.Stamp) ([]organization.Event, error) {
		if _, ok := o.Roles[id]; cmd.Role != "" && !ok {
			return nil, organization.ErrUnknownRole
		}
		return o.DefineRole(id, cmd.Name, access.Role{Areas: cmd.Areas, Documents: cmd.Documents}, s)
	})
	answer.ID = id
	return answer, err
}

// DefineReason creates or changes a reason for disqualifying.
type DefineReason struct {
	Reason string                  `json:"-"` // empty = a new one
	Label  string                  `json:"label" minLength:"1" maxLength:"100" doc:"What it is called, unique"`
	Kind   organization.ReasonKind `json:"kind" enum:"we,they,other" doc:"Whose decision it is"`
}

// DefineReason gives cmd. Admins may. Its id is the reason's.
// Errors: domain.ErrInvalid; organization.ErrUnknownReason; ErrDenied.
func (c *Commands) DefineReason(ctx context.Context, caller Caller, cmd DefineReason) (Answer, error) {
	id := cmd.Reason
	if id == "" {
		id = caller.newID("reason")
	}
	answer, err := c.onOrganization(ctx, caller, func(o organization.Organization, s domain.Stamp) ([]organization.Event, error) {
		if _, ok := o.Reasons[id]; cmd.Reason != "" && !ok {
			return nil, organization.ErrUnknownReason
		}
		return o.DefineReason(id, cmd.Label, cmd.Kind, s)
	})
	answer.ID = id
	return answer, err
}

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

// IssueToken gives out a token a member acts by.
type IssueToken struct {
	Member  string     `json:"-"`
	Name    string     `json:"name" minLength:"1" maxLength:"100" doc:"What it is for"`
	Expires *time.Time `json:"expires_at,omitempty" doc:"Until when it counts, at most two years; default 90 days"`
}

// IssueToken gives cmd and returns the secret, which is shown this once. Its id
// is the token's. Admins may, and members for themselves. Given again with the
// same key it answers with a new secret: the first was not received.
// Errors: those of member.IssueToken; member.ErrUnknownToken when the token has
// ended by now; ErrDenied.
func (c *Commands) IssueToken(ctx context.Context, caller Caller, cmd IssueToken) (Answer, string, error) {
	name, err := domain.TextOf("The name", cmd.Name, 1, 100)
	if err != nil {
		return Answer{}, "", err
	}
	id := caller.newID("token")
	expires := c.stamp(caller, time.Time{}).At.AddDate(0, 0, 90)
	if cmd.Expires != nil {
		expires = cmd.Expires.UTC()
	}
	answer, err := transact(ctx, c, c.members, cmd.Member, caller, decision[member.Member, member.Event]{
		may: func(member.Member) error { return c.selfOrAdmin(caller, cmd.Member) },
		decide: func(m member.Member, s domain.Stamp) ([]member.Event, error) {
			return m.IssueToken(id, expires, s)
		},
	})
	answer.ID = id
	if err != nil {
		return answer, "", err
	}
	if expires, err = c.tokenInForce(ctx, cmd.Member, id); err != nil {
		return answer, "", err
	}
	secret, err := c.tokens.Issue(ctx, ops.Token{ID: id, Member: cmd.Member, Name: name, ExpiresAt: expires})
	if err != nil {
		return answer, "", err
	}
	// Whoever ends it from here on finds it stored; whoever did before may not have.
	if _, err := c.tokenInForce(ctx, cmd.Member, id); err != nil {
		return answer, "", errors.Join(err, c.tokens.Revoke(ctx, id))
	}
	return answer, secret, nil
}

// tokenInForce returns until when a token counts.
// Errors: member.ErrUnknownToken when it has ended.
func (c *Commands) tokenInForce(ctx context.Context, memberID, token string) (time.Time, error) {
	f, err := c.members.read(ctx, c.log, memberID)
	if err != nil {
		return time.Time{}, err
	}
	expires, ok := f.state.Tokens[token]
	if !ok {
		return time.Time{}, member.ErrUnknownToken
	}
	return expires, nil
}

// RevokeToken ends a token. Admins may, and members for themselves. It stops
// counting before that is recorded.
// Errors: member.ErrUnknownToken; ErrDenied.
func (c *Commands) RevokeToken(ctx context.Context, caller Caller, memberID, token string) (Answer, error) {
	return transact(ctx, c, c.members, memberID, caller, decision[member.Member, member.Event]{
		may:     func(member.Member) error { return c.selfOrAdmin(caller, memberID) },
		decide:  func(m member.Member, s domain.Stamp) ([]member.Event, error) { return m.RevokeToken(token, s) },
		prepare: func(ctx context.Context, _ member.Member) error { return c.tokens.Revoke(ctx, token) },
	})
}

func (c *Commands) selfOrAdmin(caller Caller, memberID string) error {
	role, err := c.role(caller)
	if err != nil {
		return err
	}
	if role == access.Admin || role != "" && caller.Actor == domain.Member(memberID) {
		return nil
	}
	return ErrDenied
}
