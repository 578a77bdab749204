package commands

import (
	"context"

	"github.com/google/uuid"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/view"
)

// SaveView saves a view of the list of applications, or what it shows from now
// on.
type SaveView struct {
	View string `json:"-"` // empty = a new one
	view.Content
}

// SaveView gives cmd. Every member may, for themselves; a view is shared by
// admins and recruiting members, and changed by whose it is, a shared one by
// admins too. Its id is the view's.
// Errors: those of view.Save; view.ErrUnknown; ErrDenied.
func (c *Commands) SaveView(ctx context.Context, caller Caller, cmd SaveView) (Answer, error) {
	for _, named := range [][]string{cmd.Filter.Jobs, cmd.Filter.Stages, cmd.Filter.AnyTags, cmd.Filter.AllTags, unlessEmpty(cmd.Filter.Owner)} {
		for _, id := range named {
			if uuid.Validate(id) != nil {
				return Answer{}, domain.ErrInvalid.Because("A view names jobs, stages, tags and members by their ids.")
			}
		}
	}
	id := cmd.View
	if id == "" {
		id = caller.newID("view")
	}
	answer, err := transact(ctx, c, c.views, id, caller, decision[view.View, view.Event]{
		may: func(v view.View) error {
			if cmd.View != "" && (v.Owner == "" || v.Deleted) {
				return view.ErrUnknown
			}
			return c.mayOnView(caller, v, cmd.Shared)
		},
		decide: func(v view.View, s domain.Stamp) ([]view.Event, error) { return v.Save(cmd.Content, s) },
	})
	answer.ID = id
	return answer, err
}

// DeleteView deletes a saved view. Whose it is may, a shared one admins too.
// Errors: view.ErrUnknown; ErrDenied.
func (c *Commands) DeleteView(ctx context.Context, caller Caller, id string) (Answer, error) {
	return transact(ctx, c, c.views, id, caller, decision[view.View, view.Event]{
		may: func(v view.View) error {
			if v.Owner == "" {
				return view.ErrUnknown
			}
			return c.mayOnView(caller, v, false)
		},
		decide: view.View.Delete,
	})
}

// mayOnView refuses who may not change a view, or not share it.
func (c *Commands) mayOnView(caller Caller, v view.View, share bool) error {
	role, err := c.role(caller)
	switch {
	case err != nil:
		return err
	case role == "":
		return ErrDenied
	case v.Owner != "" && v.Owner != caller.Actor && !v.Content.Shared:
		return view.ErrUnknown
	case v.Owner != "" && v.Owner != caller.Actor && role != access.Admin:
		return ErrDenied
	case share && role != access.Admin && role != access.Recruiting:
		return ErrDenied
	}
	return nil
}

// unlessEmpty returns what there is of one.
func unlessEmpty(s string) []string {
	if s == "" {
		return nil
	}
	return []string{s}
}
