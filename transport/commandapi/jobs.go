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
	a.stages(s)
	change(a, s, route(http.MethodPut, "/{id}/form", "Set the questions of the application form", edge.Managers()),
		func(ctx context.Context, caller commands.Caller, r *edge.Request, cmd commands.SetForm) (commands.Answer, error) {
			cmd.Job = r.Param("id")
			return c.SetForm(ctx, caller, cmd)
		})
	create(a, s, route(http.MethodPost, "", "Open a job, or begin a draft", edge.Roles(access.Admin, access.Recruiting)), at("/v1/jobs"),
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
	act(a, s, route(http.MethodPost, "/{id}/publish", "Open a draft", edge.Managers()),
		func(ctx context.Context, caller commands.Caller, r *edge.Request) (commands.Answer, error) {
			return c.PublishJob(ctx, caller, r.Param("id"))
		})
	end := route(http.MethodPost, "/{id}/close", "Close a job", edge.Managers())
	end.Doc = "The body says what becomes of the live applications: they stay, or are disqualified one after the other, by the system on behalf of who closes the job."
	change(a, s, end,
		func(ctx context.Context, caller commands.Caller, r *edge.Request, cmd commands.CloseJob) (commands.Answer, error) {
			cmd.Job = r.Param("id")
			return c.CloseJob(ctx, caller, cmd)
		})
	act(a, s, route(http.MethodPost, "/{id}/reopen", "Open a closed job again", edge.Managers()),
		func(ctx context.Context, caller commands.Caller, r *edge.Request) (commands.Answer, error) {
			return c.ReopenJob(ctx, caller, r.Param("id"))
		})
}

func (a *API) stages(s *edge.Surface) {
	c := a.commands
	route := func(method, path, summary string) edge.Route {
		return edge.Route{Method: method, Path: "/v1/jobs/{id}/stages" + path, Summary: summary, Tag: "jobs", Who: edge.Managers()}
	}
	create(a, s, route(http.MethodPost, "", "Put a stage into the plan"), func(r *edge.Request, _ string) string { return "/v1/jobs/" + r.Param("id") },
		func(ctx context.Context, caller commands.Caller, r *edge.Request, cmd commands.AddStage) (commands.Answer, error) {
			cmd.Job = r.Param("id")
			return c.AddStage(ctx, caller, cmd)
		})
	change(a, s, route(http.MethodPut, "", "Set the order of the plan"),
		func(ctx context.Context, caller commands.Caller, r *edge.Request, cmd commands.ReorderStages) (commands.Answer, error) {
			cmd.Job = r.Param("id")
			return c.ReorderStages(ctx, caller, cmd)
		})
	change(a, s, route(http.MethodPatch, "/{stage}", "Rename a stage, or limit the time in it"),
		func(ctx context.Context, caller commands.Caller, r *edge.Request, cmd commands.ChangeStage) (commands.Answer, error) {
			cmd.Job, cmd.Stage = r.Param("id"), r.Param("stage")
			return c.ChangeStage(ctx, caller, cmd)
		})
	remove := route(http.MethodPost, "/{stage}/remove", "Take a stage out of the plan")
	remove.Doc = "Nothing enters it any more. The applications in it are moved to the target, one after the other, by the system on behalf of who removes it."
	change(a, s, remove,
		func(ctx context.Context, caller commands.Caller, r *edge.Request, cmd commands.RemoveStage) (commands.Answer, error) {
			cmd.Job, cmd.Stage = r.Param("id"), r.Param("stage")
			return c.RemoveStage(ctx, caller, cmd)
		})
}
