package commandapi

import (
	"context"
	"net/http"

	"github.com/hirelog/hirelog/commands"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/transport/edge"
)

func (a *API) jobs(s *edge.Surface) {
	c := a.commands
	route := func(method, path, summary string, who edge.Who) edge.Route {
		return edge.Route{Method: method, Path: "/v1/jobs" + path, Summary: summary, Tag: "jobs", Who: who}
	}
	create(a, s, route(http.MethodPost, "", "Open a job", edge.Roles(access.Admin, access.Recruiting)), at("/v1/jobs"),
		func(ctx context.Context, caller commands.Caller, _ *edge.Request, cmd commands.OpenJob) (commands.Answer, error) {
			return c.OpenJob(ctx, caller, cmd)
		})
	change(a, s, route(http.MethodPatch, "/{id}", "Change details of a job", edge.Managers()),
		func(ctx context.Context, caller commands.Caller, r *edge.Request, cmd commands.EditJob) (commands.Answer, error) {
			cmd.Job = r.Param("id")
			return c.EditJob(ctx, caller, cmd)
		})
	change(a, s, route(http.MethodPut, "/{id}/hiring-team", "Set the hiring team of a job", edge.Managers()),
		func(ctx context.Context, caller commands.Caller, r *edge.Request, cmd commands.ChangeTeam) (commands.Answer, error) {
			cmd.Job = r.Param("id")
			return c.ChangeTeam(ctx, caller, cmd)
		})
	change(a, s, route(http.MethodPost, "/{id}/hold", "Take no applications for now", edge.Managers()),
		func(ctx context.Context, caller commands.Caller, r *edge.Request, cmd commands.HoldJob) (commands.Answer, error) {
			cmd.Job = r.Param("id")
			return c.HoldJob(ctx, caller, cmd)
		})
	act(a, s, route(http.MethodPost, "/{id}/resume", "Take applications again", edge.Managers()),
		func(ctx context.Context, caller commands.Caller, r *edge.Request) (commands.Answer, error) {
			return c.ResumeJob(ctx, caller, r.Param("id"))
		})
	change(a, s, route(http.MethodPost, "/{id}/close", "Close a job", edge.Managers()),
		func(ctx context.Context, caller commands.Caller, r *edge.Request, cmd commands.CloseJob) (commands.Answer, error) {
			cmd.Job = r.Param("id")
			return c.CloseJob(ctx, caller, cmd)
		})
	act(a, s, route(http.MethodPost, "/{id}/reopen", "Open a closed job again", edge.Managers()),
		func(ctx context.Context, caller commands.Caller, r *edge.Request) (commands.Answer, error) {
			return c.ReopenJob(ctx, caller, r.Param("id"))
		})
}
