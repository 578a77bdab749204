package commands

import (
	"context"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/organization"
)

// define gives a command that creates an entry of a list, or changes the one
// with that id: admins may. The answer's id is the entry's. exists says whether
// there is one; unknown is the refusal if there is none.
func (c *Commands) define(ctx context.Context, caller Caller, id, what string, exists func(organization.Organization) bool, unknown error, decide func(organization.Organization, string, domain.Stamp) ([]organization.Event, error)) (Answer, error) {
	change := id != ""
	if !change {
		id = caller.newID(what)
	}
	answer, err := c.onOrganization(ctx, caller, func(o organization.Organization, s domain.Stamp) ([]organization.Event, error) {
		if change && !exists(o) {
			return nil, unknown
		}
		return decide(o, id, s)
	})
	answer.ID = id
	return answer, err
}

// DefineRecruitingRole creates or changes a recruiting role.
type DefineRecruitingRole struct {
	Role      string                           `json:"-"` // empty = a new one
	Name      string                           `json:"name" minLength:"1" maxLength:"100" doc:"Name, unique"`
	Areas     map[access.Area]access.Level     `json:"areas,omitempty" doc:"Level of each area: none, view or edit"`
	Documents map[access.Category]access.Level `json:"documents,omitempty" doc:"Level of each document category; those of your own by their ids"`
	Notify    []organization.Notification      `json:"notify,omitempty" maxItems:"20" enum:"new_application,candidate_note,document_uploaded,new_message,new_comment,mentioned,evaluation_submitted,interview_changed,offer_changed,stage_overdue" doc:"What those who hold it are told of"`
}

// DefineRecruitingRole gives cmd. Admins may. Its id is the role's.
// Errors: domain.ErrInvalid; organization.ErrUnknownRole; ErrDenied.
func (c *Commands) DefineRecruitingRole(ctx context.Context, caller Caller, cmd DefineRecruitingRole) (Answer, error) {
	exists := func(o organization.Organization) bool { _, ok := o.Roles[cmd.Role]; return ok }
	return c.define(ctx, caller, cmd.Role, "recruiting_role", exists, organization.ErrUnknownRole,
		func(o organization.Organization, id string, s domain.Stamp) ([]organization.Event, error) {
			return o.DefineRole(id, cmd.Name, access.Role{Areas: cmd.Areas, Documents: cmd.Documents}, cmd.Notify, s)
		})
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
	exists := func(o organization.Organization) bool { _, ok := o.Reasons[cmd.Reason]; return ok }
	return c.define(ctx, caller, cmd.Reason, "reason", exists, organization.ErrUnknownReason,
		func(o organization.Organization, id string, s domain.Stamp) ([]organization.Event, error) {
			return o.DefineReason(id, cmd.Label, cmd.Kind, s)
		})
}

// DefineTag adds a tag to the shared list, or calls one by another label.
type DefineTag struct {
	Tag   string `json:"-"` // empty = a new one
	Label string `json:"label" minLength:"1" maxLength:"50" doc:"What it is called; upper and lower case are the same"`
}

// DefineTag gives cmd. Admins may. Its id is the tag's: that of the tag with the
// label if there is one. Errors: those of organization.DefineTag and
// organization.RenameTag; ErrDenied.
func (c *Commands) DefineTag(ctx context.Context, caller Caller, cmd DefineTag) (Answer, error) {
	if cmd.Tag == "" {
		if err := c.allow(caller, access.Admin); err != nil {
			return Answer{}, err
		}
		return c.defineTag(ctx, caller, cmd.Label)
	}
	return c.onOrganization(ctx, caller, func(o organization.Organization, s domain.Stamp) ([]organization.Event, error) {
		return o.RenameTag(cmd.Tag, cmd.Label, s)
	})
}

// DefineCategory creates or renames a category of documents.
type DefineCategory struct {
	Category string `json:"-"` // empty = a new one
	Label    string `json:"label" minLength:"1" maxLength:"100" doc:"What it is called, unique"`
}

// DefineCategory gives cmd. Admins may. Its id is the category's.
// Errors: those of organization.DefineCategory; organization.ErrUnknownEntry; ErrDenied.
func (c *Commands) DefineCategory(ctx context.Context, caller Caller, cmd DefineCategory) (Answer, error) {
	exists := func(o organization.Organization) bool {
		_, ok := o.Categories[access.Category(cmd.Category)]
		return ok
	}
	return c.define(ctx, caller, cmd.Category, "document_category", exists, organization.ErrUnknownEntry,
		func(o organization.Organization, id string, s domain.Stamp) ([]organization.Event, error) {
			return o.DefineCategory(access.Category(id), cmd.Label, s)
		})
}

// DefineAttribute creates or changes an attribute of candidates.
type DefineAttribute struct {
	Attribute string `json:"-"` // empty = a new one
	organization.AttributeContent
}

// DefineAttribute gives cmd. Admins may. Its id is the attribute's.
// Errors: those of organization.DefineAttribute; organization.ErrUnknownEntry; ErrDenied.
func (c *Commands) DefineAttribute(ctx context.Context, caller Caller, cmd DefineAttribute) (Answer, error) {
	exists := func(o organization.Organization) bool { _, ok := o.Attributes[cmd.Attribute]; return ok }
	return c.define(ctx, caller, cmd.Attribute, "attribute", exists, organization.ErrUnknownEntry,
		func(o organization.Organization, id string, s domain.Stamp) ([]organization.Event, error) {
			return o.DefineAttribute(id, cmd.AttributeContent, caller.newID, s)
		})
}

// OrderAttributes shows the attributes in another order.
type OrderAttributes struct {
	Attributes []string `json:"attributes" maxItems:"200" doc:"Their ids, in order; those left out follow in the order they have"`
}

// OrderAttributes gives cmd. Admins may.
// Errors: those of organization.OrderAttributes; ErrDenied.
func (c *Commands) OrderAttributes(ctx context.Context, caller Caller, cmd OrderAttributes) (Answer, error) {
	return c.onOrganization(ctx, caller, func(o organization.Organization, s domain.Stamp) ([]organization.Event, error) {
		return o.OrderAttributes(cmd.Attributes, s)
	})
}

// DefineTemplate creates or changes a template of messages or contracts.
type DefineTemplate struct {
	Template string `json:"-"` // empty = a new one
	organization.TemplateContent
}

// DefineTemplate gives cmd. Admins may. Its id is the template's.
// Errors: those of organization.DefineTemplate; organization.ErrUnknownEntry; ErrDenied.
func (c *Commands) DefineTemplate(ctx context.Context, caller Caller, cmd DefineTemplate) (Answer, error) {
	exists := func(o organization.Organization) bool { _, ok := o.Templates[cmd.Template]; return ok }
	return c.define(ctx, caller, cmd.Template, "message_template", exists, organization.ErrUnknownEntry,
		func(o organization.Organization, id string, s domain.Stamp) ([]organization.Event, error) {
			return o.DefineTemplate(id, cmd.TemplateContent, s)
		})
}

// DefineForm creates an evaluation form or its next version.
type DefineForm struct {
	Form string `json:"-"` // empty = a new one
	organization.FormContent
}

// DefineForm gives cmd. Admins may. Its id is the form's.
// Errors: those of organization.DefineForm; organization.ErrUnknownEntry; ErrDenied.
func (c *Commands) DefineForm(ctx context.Context, caller Caller, cmd DefineForm) (Answer, error) {
	exists := func(o organization.Organization) bool { _, ok := o.Form(cmd.Form); return ok }
	return c.define(ctx, caller, cmd.Form, "evaluation_form", exists, organization.ErrUnknownEntry,
		func(o organization.Organization, id string, s domain.Stamp) ([]organization.Event, error) {
			return o.DefineForm(id, cmd.FormContent, caller.newID, s)
		})
}

// Retire takes an entry out of what can be chosen from a list; what names it
// goes on naming it. Admins may.
// Errors: organization.ErrUnknownEntry; ErrDenied.
func (c *Commands) Retire(ctx context.Context, caller Caller, list organization.List, id string) (Answer, error) {
	return c.onOrganization(ctx, caller, func(o organization.Organization, s domain.Stamp) ([]organization.Event, error) {
		return o.Retire(list, id, s)
	})
}

// Restore lets a retired entry be chosen again. Admins may.
// Errors: organization.ErrUnknownEntry; ErrDenied.
func (c *Commands) Restore(ctx context.Context, caller Caller, list organization.List, id string) (Answer, error) {
	return c.onOrganization(ctx, caller, func(o organization.Organization, s domain.Stamp) ([]organization.Event, error) {
		return o.Restore(list, id, s)
	})
}
