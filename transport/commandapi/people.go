package commandapi

import (
	"context"
	"net/http"

	"github.com/hirelog/hirelog/commands"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/transport/edge"
)

// people are the commands that say who a candidate is.
func (a *API) people(s *edge.Surface) {
	c := a.commands
	both := edge.Area(access.Profile, access.Edit).And("on both applications")
	merge := onApplication(http.MethodPost, "/merge", "Say that two candidates are one person", both)
	merge.Doc = "Each keeps what is known of them, their address and their applications; from then on they have one timeline, and one live application for a job. It can be taken back. Given again it changes nothing."
	change(a, s, merge,
		func(ctx context.Context, caller commands.Caller, r *edge.Request, cmd commands.MergeCandidates) (commands.Answer, error) {
			cmd.Application = r.Param("id")
			return c.MergeCandidates(ctx, caller, cmd)
		})
	unmerge := onApplication(http.MethodPost, "/unmerge", "Say that they are two after all", both)
	unmerge.Doc = "Each has what they had before, and what came since by their own address."
	change(a, s, unmerge,
		func(ctx context.Context, caller commands.Caller, r *edge.Request, cmd commands.UnmergeCandidates) (commands.Answer, error) {
			cmd.Application = r.Param("id")
			return c.UnmergeCandidates(ctx, caller, cmd)
		})
	change(a, s, onApplication(http.MethodPut, "/candidate/shared-address", "Say whether several people use the e-mail address", edge.Area(access.Profile, access.Edit)),
		func(ctx context.Context, caller commands.Caller, r *edge.Request, cmd commands.ShareAddress) (commands.Answer, error) {
			cmd.Application = r.Param("id")
			return c.ShareAddress(ctx, caller, cmd)
		})
	answer := onApplication(http.MethodPost, "/data-requests/{request}/answer", "Say what became of what the candidate asked about their data", edge.Area(access.Erasure, access.Edit))
	answer.Doc = "On any application of theirs; the task data_requested names the request. It sends and erases nothing. Erasing the last application of somebody answers that they asked for it. If-Match is the candidate's revision."
	change(a, s, answer,
		func(ctx context.Context, caller commands.Caller, r *edge.Request, cmd commands.AnswerDataRequest) (commands.Answer, error) {
			cmd.Application, cmd.Request = r.Param("id"), r.Param("request")
			return c.AnswerDataRequest(ctx, caller, cmd)
		})
}
