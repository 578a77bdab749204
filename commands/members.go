package commands

import (
	"context"
	"errors"

	"github.com/google/uuid"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/member"
	"github.com/hirelog/hirelog/domain/personal"
	"github.com/hirelog/hirelog/internal/vault"
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

// CorrectMember gives a member another name or address.
type CorrectMember struct {
	Member string         `json:"-"`
	Name   personal.Plain `json:"name,omitempty" maxLength:"200" doc:"Full name from now on"`
	Email  personal.Plain `json:"email,omitempty" maxLength:"254" doc:"E-mail address from now on"`
}

// CorrectMember gives cmd. Admins may, and members for themselves. What was
// there before stays in the history until the name is erased.
// Errors: those of member.Correct; ErrDenied.
func (c *Commands) CorrectMember(ctx context.Context, caller Caller, cmd CorrectMember) (Answer, error) {
	id := caller.newID("correction")
	return transact(ctx, c, c.members, cmd.Member, caller, decision[member.Member, member.Event]{
		may: func(member.Member) error { return c.selfOrAdmin(caller, cmd.Member) },
		decide: func(m member.Member, s domain.Stamp) ([]member.Event, error) {
			return m.Correct(id, cmd.Name, cmd.Email, personal.Key{ID: cmd.Member, Owner: cmd.Member}, s)
		},
	})
}

// DeactivateMember ends a member's access at once.
type DeactivateMember struct {
	Member    string `json:"-"`
	Successor string `json:"successor_id,omitempty" format:"uuid" doc:"The member who takes over what they had to do and the applications they were responsible for; absent: nobody"`
}

// DeactivateMember gives cmd. Admins may.
// Errors: those of member.Deactivate; ErrDenied.
func (c *Commands) DeactivateMember(ctx context.Context, caller Caller, cmd DeactivateMember) (Answer, error) {
	answer, err := c.onMember(ctx, cmd.Member, caller, func(m member.Member, s domain.Stamp) ([]member.Event, error) {
		events, err := m.Deactivate(cmd.Member, cmd.Successor, s)
		if err == nil && len(events) > 0 && cmd.Successor != "" && !c.directory.Member(cmd.Successor).Active {
			return nil, domain.ErrInvalid.Because("Who takes over is not an active member.")
		}
		return events, err
	})
	if err != nil {
		return answer, err
	}
	// Their rights are gone with the event already; the tokens follow.
	return answer, c.tokens.RevokeAll(ctx, cmd.Member)
}

// EraseMember destroys the name and address of a former member, for good. What
// they did stays, as that of somebody without a name. Admins may.
// Errors: those of member.EraseName; ErrDenied.
func (c *Commands) EraseMember(ctx context.Context, caller Caller, id string) (Answer, error) {
	answer, err := transact(ctx, c, c.members, id, caller, decision[member.Member, member.Event]{
		may:     func(member.Member) error { return c.allow(caller, access.Admin) },
		decide:  func(m member.Member, s domain.Stamp) ([]member.Event, error) { return m.EraseName(false, s) },
		prepare: func(context.Context, member.Member) error { return errAsked },
	})
	if !errors.Is(err, errAsked) {
		return answer, err
	}
	e := vault.Erasure{
		ID: uuid.NewSHA1(caller.CommandID, []byte("erasure")), Kind: kindMember, Subject: id, Owner: id,
		Stream: "member-" + id, Actor: string(caller.Actor), CommandID: caller.CommandID, At: c.atOf(caller),
	}
	err = c.erase(ctx, caller, e, func(ctx context.Context, _ vault.Erasure) error {
		var err error
		answer, err = c.recordErased(ctx, caller, e)
		return err
	})
	if err == nil {
		err = c.factors.Remove(ctx, id)
	}
	return answer, err
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
