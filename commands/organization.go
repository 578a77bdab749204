package commands

import (
	"context"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/member"
	"github.com/hirelog/hirelog/domain/organization"
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
// Errors: domain.ErrInvalid; member.ErrNoSecondFactor for who wants all to have one
// and has none; ErrDenied.
func (c *Commands) ChangeSettings(ctx context.Context, caller Caller, cmd ChangeSettings) (Answer, error) {
	return c.onOrganization(ctx, caller, func(o organization.Organization, s domain.Stamp) ([]organization.Event, error) {
		events, err := o.ChangeSettings(cmd.SettingsChange, s)
		wants := cmd.SecondFactorRequired != nil && *cmd.SecondFactorRequired && !o.Settings.SecondFactorRequired
		if id := caller.Actor.MemberID(); err == nil && wants && id != "" && c.directory.Member(id).SecondFactor == "" {
			return nil, member.ErrNoSecondFactor
		}
		return events, err
	})
}
