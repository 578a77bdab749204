package commandapi

import (
	"context"
	"net/http"

	"github.com/hirelog/hirelog/commands"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/transport/edge"
)

func (a *API) evaluations(s *edge.Surface) {
	c := a.commands
	edit := edge.Area(access.Evaluations, access.Edit)
	submit := onApplication(http.MethodPut, "/evaluations/own", "Submit or change your evaluation by a form", edit)
	submit.Doc = "There is one for each member and form, and one more for each interview they took part in. What it said before stays in the history. It submits review requests that asked for it."
	change(a, s, submit,
		func(ctx context.Context, caller commands.Caller, r *edge.Request, cmd commands.Evaluate) (commands.Answer, error) {
			cmd.Application = r.Param("id")
			return c.SubmitEvaluation(ctx, caller, cmd)
		})
	draft := onApplication(http.MethodPut, "/evaluations/own/draft", "Save a draft of your evaluation by a form", edit)
	draft.Doc = "Nobody else sees it. What was submitted stays as it is until the draft is submitted, which replaces both."
	change(a, s, draft,
		func(ctx context.Context, caller commands.Caller, r *edge.Request, cmd commands.Evaluate) (commands.Answer, error) {
			cmd.Application = r.Param("id")
			return c.DraftEvaluation(ctx, caller, cmd)
		})
	remove := onApplication(http.MethodDelete, "/evaluations/{evaluation}", "Erase an evaluation", edit.And("its author, or a recruitment manager who may see it"))
	remove.Doc = "The key of its texts is destroyed, and it counts no more; that there was one stays."
	act(a, s, remove,
		func(ctx context.Context, caller commands.Caller, r *edge.Request) (commands.Answer, error) {
			return c.DeleteEvaluation(ctx, caller, commands.DeleteEvaluation{Application: r.Param("id"), Evaluation: r.Param("evaluation")})
		})
}
