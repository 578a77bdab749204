package commandapi

import (
	"context"
	"net/http"

	"github.com/google/uuid"

	"github.com/hirelog/hirelog/commands"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/bulk"
	"github.com/hirelog/hirelog/domain/view"
	"github.com/hirelog/hirelog/internal/eventlog"
	"github.com/hirelog/hirelog/transport/edge"
)

// Select returns the ids of the applications that a member sees and that answer
// to a filter, at most max, once the read models show a position that was named.
type Select func(ctx context.Context, member string, f view.Filter, position string, max int) ([]string, error)

// lists declares what is done with the list of applications.
func (a *API) lists(s *edge.Surface) {
	a.bulk(s)
	a.views(s)
}

type previewAnswer struct {
	Body commands.BulkPreview
}

// selecting is a request about applications that a filter may choose.
type selecting struct {
	Position string `header:"Hirelog-Position" maxLength:"100" doc:"With a filter: the position that the applications are chosen at, or later"`
}

type previewRequest struct {
	selecting
	Body commands.StartBulk
}

type bulkRequest struct {
	Conditions
	selecting
	Body commands.StartBulk
}

func (a *API) bulk(s *edge.Surface) {
	route := func(path, summary, doc string) edge.Route {
		return edge.Route{
			Method: http.MethodPost, Path: "/v1/bulk-actions" + path, Summary: summary, Tag: "bulk", Body: edge.JSONBody, Doc: doc,
			Who: edge.Roles(access.Admin, access.Recruiting).And("what of it they may do is decided for each application"),
		}
	}
	edge.Handle(s, route("/preview", "What an action on many applications would do", "Changes nothing. How many it would change, how many are so already, how many would be refused and why, and which applications a filter stands for now: name these to start it with exactly them."),
		func(ctx context.Context, in *previewRequest) (*previewAnswer, error) {
			r := edge.RequestOf(ctx)
			if err := a.chosen(ctx, r, &in.Body, in.Position); err != nil {
				return nil, err
			}
			id, err := uuid.NewV7()
			if err != nil {
				return nil, err
			}
			caller := commands.Caller{Actor: r.Principal.Actor(), CorrelationID: r.ID, CommandID: id, Origin: eventlog.Live}
			preview, err := a.commands.PreviewBulk(ctx, caller, in.Body)
			return &previewAnswer{Body: preview}, err
		})
	start := route("", "Do something to many applications", "At most 10,000. The ids are settled when it starts; each application is changed once, by the rights that who started it has when its turn comes. How it goes, the action says when read.")
	start.Created = true
	edge.Handle(s, start, func(ctx context.Context, in *bulkRequest) (*createdAnswer, error) {
		answer, err := a.give(ctx, in.Conditions, func(caller commands.Caller, r *edge.Request) (commands.Answer, error) {
			if answer, given, err := a.commands.StartedBulk(ctx, caller); err != nil || given {
				return answer, err
			}
			if err := a.chosen(ctx, r, &in.Body, in.Position); err != nil {
				return commands.Answer{}, err
			}
			return a.commands.StartBulk(ctx, caller, in.Body)
		})
		return a.created(answer, err, "/v1/bulk-actions/"+answer.ID)
	})
	undo := edge.Route{
		Method: http.MethodPost, Path: "/v1/bulk-actions/{id}/undo", Summary: "Take back what an action on many applications changed", Tag: "bulk",
		Doc: "What is still as the action left it; what was changed since, or may not be taken back, is listed. Once, when the action is over.",
		Who: edge.SignedIn().And("their own, and admins"),
	}
	change(a, s, undo, func(ctx context.Context, caller commands.Caller, r *edge.Request, cmd commands.UndoBulk) (commands.Answer, error) {
		cmd.Bulk = r.Param("id")
		return a.commands.UndoBulk(ctx, caller, cmd)
	})
}

// chosen puts the ids that a filter stands for in its place.
func (a *API) chosen(ctx context.Context, r *edge.Request, cmd *commands.StartBulk, position string) error {
	switch {
	case cmd.Filter == nil:
		return nil
	case len(cmd.Applications) > 0:
		return edge.Invalid("body.filter", "is instead of application_ids")
	case a.selects == nil:
		return edge.Invalid("body.filter", "cannot be used here, where there are no read models; name the applications")
	}
	ids, err := a.selects(ctx, r.Principal.Member, *cmd.Filter, position, bulk.MaxItems)
	cmd.Applications, cmd.Filter = ids, nil
	return err
}

func (a *API) views(s *edge.Surface) {
	c := a.commands
	route := func(method, path, summary string, who edge.Who) edge.Route {
		return edge.Route{Method: method, Path: "/v1/views" + path, Summary: summary, Tag: "views", Who: who}
	}
	own := edge.SignedIn().And("whose it is; a shared one admins too")
	save := route(http.MethodPost, "", "Save a view of the list", edge.SignedIn().And("shared by admins and recruiting members"))
	save.Doc = "Filters, columns and order under a name. What somebody looks for by name is not kept."
	create(a, s, save, at("/v1/views"), func(ctx context.Context, caller commands.Caller, _ *edge.Request, cmd commands.SaveView) (commands.Answer, error) {
		return c.SaveView(ctx, caller, cmd)
	})
	change(a, s, route(http.MethodPut, "/{id}", "Change a saved view", own), func(ctx context.Context, caller commands.Caller, r *edge.Request, cmd commands.SaveView) (commands.Answer, error) {
		cmd.View = r.Param("id")
		return c.SaveView(ctx, caller, cmd)
	})
	act(a, s, route(http.MethodDelete, "/{id}", "Delete a saved view", own), func(ctx context.Context, caller commands.Caller, r *edge.Request) (commands.Answer, error) {
		return c.DeleteView(ctx, caller, r.Param("id"))
	})
}
