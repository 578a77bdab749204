package commandapi

import (
	"context"
	"net/http"

	"github.com/hirelog/hirelog/commands"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/organization"
	"github.com/hirelog/hirelog/transport/edge"
)

func (a *API) organization(s *edge.Surface) {
	c := a.commands
	settings := ofOrganization(http.MethodPatch, "/settings", "Change settings")
	settings.Fresh = true
	change(a, s, settings,
		func(ctx context.Context, caller commands.Caller, _ *edge.Request, cmd commands.ChangeSettings) (commands.Answer, error) {
			return c.ChangeSettings(ctx, caller, cmd)
		})
	define(a, s, "/recruiting-roles", "a recruiting role", c.DefineRecruitingRole, func(cmd *commands.DefineRecruitingRole, id string) { cmd.Role = id })
	define(a, s, "/disqualification-reasons", "a reason for disqualifying", c.DefineReason, func(cmd *commands.DefineReason, id string) { cmd.Reason = id })
	define(a, s, "/tags", "a tag", c.DefineTag, func(cmd *commands.DefineTag, id string) { cmd.Tag = id })
	define(a, s, "/evaluation-forms", "an evaluation form", c.DefineForm, func(cmd *commands.DefineForm, id string) { cmd.Form = id })
	define(a, s, "/document-categories", "a category of documents", c.DefineCategory, func(cmd *commands.DefineCategory, id string) { cmd.Category = id })
	define(a, s, "/attributes", "an attribute of candidates", c.DefineAttribute, func(cmd *commands.DefineAttribute, id string) { cmd.Attribute = id })
	change(a, s, ofOrganization(http.MethodPut, "/attribute-order", "Show the attributes in another order"),
		func(ctx context.Context, caller commands.Caller, _ *edge.Request, cmd commands.OrderAttributes) (commands.Answer, error) {
			return c.OrderAttributes(ctx, caller, cmd)
		})
	define(a, s, "/message-templates", "a template of messages or contracts", c.DefineTemplate, func(cmd *commands.DefineTemplate, id string) { cmd.Template = id })
	a.retiring(s, "/document-categories", "a category of documents", organization.DocumentCategories)
	a.retiring(s, "/attributes", "an attribute of candidates", organization.Attributes)
	a.retiring(s, "/message-templates", "a template", organization.Templates)
	a.retiring(s, "/disqualification-reasons", "a reason for disqualifying", organization.Reasons)
	a.retiring(s, "/tags", "a tag", organization.Tags)
	a.retiring(s, "/evaluation-forms", "an evaluation form", organization.Forms)
}

func ofOrganization(method, path, summary string) edge.Route {
	return edge.Route{Method: method, Path: "/v1/organization" + path, Summary: summary, Tag: "organization", Who: edge.Roles(access.Admin)}
}

// define declares the two routes of a list of the organisation by which an entry
// is made and changed: POST, and PUT with the id, which name puts into the
// command.
func define[C any](a *API, s *edge.Surface, path, what string, give func(context.Context, commands.Caller, C) (commands.Answer, error), name func(cmd *C, id string)) {
	create(a, s, ofOrganization(http.MethodPost, path, "Define "+what), among("/v1/organization"+path),
		func(ctx context.Context, caller commands.Caller, _ *edge.Request, cmd C) (commands.Answer, error) {
			return give(ctx, caller, cmd)
		})
	change(a, s, ofOrganization(http.MethodPut, path+"/{id}", "Change "+what),
		func(ctx context.Context, caller commands.Caller, r *edge.Request, cmd C) (commands.Answer, error) {
			name(&cmd, r.Param("id"))
			return give(ctx, caller, cmd)
		})
}

// retiring declares the routes by which an entry of a list is retired and
// restored.
func (a *API) retiring(s *edge.Surface, path, what string, list organization.List) {
	retire := ofOrganization(http.MethodPost, path+"/{id}/retire", "Retire "+what)
	retire.Doc = "It can no longer be chosen. What names it already goes on naming it."
	act(a, s, retire, func(ctx context.Context, caller commands.Caller, r *edge.Request) (commands.Answer, error) {
		return a.commands.Retire(ctx, caller, list, r.Param("id"))
	})
	act(a, s, ofOrganization(http.MethodPost, path+"/{id}/restore", "Let "+what+" be chosen again"),
		func(ctx context.Context, caller commands.Caller, r *edge.Request) (commands.Answer, error) {
			return a.commands.Restore(ctx, caller, list, r.Param("id"))
		})
}
