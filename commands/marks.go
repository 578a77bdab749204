package commands

import (
	"context"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/organization"
)

// AddTag puts a tag of the shared list on an application; a label nobody used
// yet joins the list.
type AddTag struct {
	Application string `json:"-"`
	Label       string `json:"label" minLength:"1" maxLength:"50" doc:"Label of the tag; upper and lower case are the same"`
}

// AddTag gives cmd. Whoever has edit on the tags area may. Its id is the tag's.
// Errors: those of application.AddTag and organization.DefineTag;
// organization.ErrRetired; ErrDenied.
func (c *Commands) AddTag(ctx context.Context, caller Caller, cmd AddTag) (Answer, error) {
	n := need{area: access.Tags, level: access.Edit}
	id, known := c.directory.Organization().TagLabelled(cmd.Label)
	if !known { // to the directory, which may be a second behind
		o, err := c.organizations.read(ctx, c.log, organization.ID)
		if err != nil {
			return Answer{}, err
		}
		id, known = o.state.TagLabelled(cmd.Label)
	}
	if !known {
		// Only who may use the tag may make it.
		happens, answer, err := c.ask(ctx, caller, cmd.Application, n, func(a application.Application, _ access.Rights, s domain.Stamp) (bool, error) {
			events, err := a.AddTag("", s)
			return len(events) > 0, err
		})
		if err != nil || !happens {
			return answer, err
		}
		defined, err := c.defineTag(ctx, caller.withoutMatch(), cmd.Label)
		if err != nil {
			return Answer{}, err
		}
		id = defined.ID
	}
	return c.putTag(ctx, caller, cmd.Application, id)
}

// putTag puts a tag of the shared list on an application. The answer's id is the
// tag's.
func (c *Commands) putTag(ctx context.Context, caller Caller, id, tag string) (Answer, error) {
	answer, err := c.onApplication(ctx, id, caller, need{area: access.Tags, level: access.Edit}, func(a application.Application, _ access.Rights, s domain.Stamp) ([]application.Event, error) {
		events, err := a.AddTag(tag, s)
		if err == nil && len(events) > 0 && c.directory.Organization().Retired[organization.Entry{List: organization.Tags, ID: tag}] {
			return nil, organization.ErrRetired
		}
		return events, err
	})
	answer.ID = tag
	return answer, err
}

// defineTag adds a label to the shared list. The answer's id is the tag's.
func (c *Commands) defineTag(ctx context.Context, caller Caller, label string) (Answer, error) {
	id := caller.newID("tag")
	answer, err := transact(ctx, c, c.organizations, organization.ID, caller, decision[organization.Organization, organization.Event]{
		decide: func(o organization.Organization, s domain.Stamp) ([]organization.Event, error) {
			if have, ok := o.TagLabelled(label); ok {
				id = have
			}
			return o.DefineTag(id, label, s)
		},
	})
	answer.ID = id
	return answer, err
}

// RemoveTag takes a tag off an application.
type RemoveTag struct {
	Application string `json:"-"`
	Tag         string `json:"-"`
}

// RemoveTag gives cmd. Whoever has edit on the tags area may.
// Errors: those of application.RemoveTag; ErrDenied.
func (c *Commands) RemoveTag(ctx context.Context, caller Caller, cmd RemoveTag) (Answer, error) {
	return c.onApplication(ctx, cmd.Application, caller, need{area: access.Tags, level: access.Edit},
		func(a application.Application, _ access.Rights, s domain.Stamp) ([]application.Event, error) {
			return a.RemoveTag(cmd.Tag, s)
		})
}

// SetPriority sets the flag beside the candidate's name.
type SetPriority struct {
	Application string `json:"-"`
	Priority    bool   `json:"priority" doc:"Whether the application is flagged"`
}

// SetPriority gives cmd. Whoever has edit on the application area may.
// Errors: those of application.SetPriority; ErrDenied.
func (c *Commands) SetPriority(ctx context.Context, caller Caller, cmd SetPriority) (Answer, error) {
	return c.onApplication(ctx, cmd.Application, caller, need{area: access.Application, level: access.Edit},
		func(a application.Application, _ access.Rights, s domain.Stamp) ([]application.Event, error) {
			return a.SetPriority(cmd.Priority, s)
		})
}

// SetOwner makes a member responsible for an application.
type SetOwner struct {
	Application string `json:"-"`
	Owner       string `json:"owner_id" format:"uuid" doc:"The member responsible from now on; they must be able to view the application"`
}

// SetOwner gives cmd. Whoever has edit on the application area may.
// Errors: those of application.SetOwner; domain.ErrInvalid when the member may
// not view the application; ErrDenied.
func (c *Commands) SetOwner(ctx context.Context, caller Caller, cmd SetOwner) (Answer, error) {
	return c.onApplication(ctx, cmd.Application, caller, need{area: access.Application, level: access.Edit},
		func(a application.Application, _ access.Rights, s domain.Stamp) ([]application.Event, error) {
			if cmd.Owner != a.Owner && c.directory.Rights(cmd.Owner, a.Job).Area(access.Application) < access.View {
				return nil, domain.ErrInvalid.Because("The member responsible must be able to view the application.")
			}
			return a.SetOwner(cmd.Owner, s)
		})
}
