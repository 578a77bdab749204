package commandapi

import (
	"context"
	"net/http"

	"github.com/hirelog/hirelog/commands"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/transport/edge"
)

func (a *API) interviews(s *edge.Surface) {
	c := a.commands
	edit := edge.Area(access.Interviews, access.Edit)
	create(a, s, onApplication(http.MethodPost, "/interviews", "Schedule an interview", edit), within("interviews"),
		func(ctx context.Context, caller commands.Caller, r *edge.Request, cmd commands.ScheduleInterview) (commands.Answer, error) {
			cmd.Application = r.Param("id")
			return c.ScheduleInterview(ctx, caller, cmd)
		})
	reschedule := onApplication(http.MethodPost, "/interviews/{interview}/reschedule", "Move an interview to another time and place", edit)
	reschedule.Doc = "What was answered, and other times that were offered, count no more."
	change(a, s, reschedule,
		func(ctx context.Context, caller commands.Caller, r *edge.Request, cmd commands.RescheduleInterview) (commands.Answer, error) {
			cmd.Application, cmd.Interview = r.Param("id"), r.Param("interview")
			return c.RescheduleInterview(ctx, caller, cmd)
		})
	change(a, s, onApplication(http.MethodPut, "/interviews/{interview}", "Say what an interview is about and who takes part", edit),
		func(ctx context.Context, caller commands.Caller, r *edge.Request, cmd commands.ChangeInterview) (commands.Answer, error) {
			cmd.Application, cmd.Interview = r.Param("id"), r.Param("interview")
			return c.ChangeInterview(ctx, caller, cmd)
		})
	change(a, s, onApplication(http.MethodPost, "/interviews/{interview}/cancel", "Call an interview off", edit),
		func(ctx context.Context, caller commands.Caller, r *edge.Request, cmd commands.CancelInterview) (commands.Answer, error) {
			cmd.Application, cmd.Interview = r.Param("id"), r.Param("interview")
			return c.CancelInterview(ctx, caller, cmd)
		})
	invite := onApplication(http.MethodPost, "/interviews/{interview}/invitation", "Invite the candidate to an interview", edit)
	invite.Doc = "They get an e-mail with a calendar file, and are told of changes and of the cancellation from then on. What happens within ten minutes is one mail. The effects of the application say whether it was sent. One that the candidate does not see is refused."
	act(a, s, invite,
		func(ctx context.Context, caller commands.Caller, r *edge.Request) (commands.Answer, error) {
			return c.InviteToInterview(ctx, caller, commands.InviteToInterview{Application: r.Param("id"), Interview: r.Param("interview")})
		})
	act(a, s, onApplication(http.MethodPost, "/interviews/{interview}/complete", "Say that an interview took place", edit),
		func(ctx context.Context, caller commands.Caller, r *edge.Request) (commands.Answer, error) {
			return c.CompleteInterview(ctx, caller, commands.SettleInterview{Application: r.Param("id"), Interview: r.Param("interview")})
		})
	act(a, s, onApplication(http.MethodPost, "/interviews/{interview}/no-show", "Say that the candidate did not come", edit),
		func(ctx context.Context, caller commands.Caller, r *edge.Request) (commands.Answer, error) {
			return c.MissInterview(ctx, caller, commands.SettleInterview{Application: r.Param("id"), Interview: r.Param("interview")})
		})
	answer := onApplication(http.MethodPost, "/interviews/{interview}/answer", "Note what somebody answered to an interview", edit.And("or view, for a participant's own answer"))
	change(a, s, answer,
		func(ctx context.Context, caller commands.Caller, r *edge.Request, cmd commands.AnswerInterview) (commands.Answer, error) {
			cmd.Application, cmd.Interview = r.Param("id"), r.Param("interview")
			return c.AnswerInterview(ctx, caller, cmd)
		})
}

// within locates what was made in a part of the application, by its id.
func within(name string) func(*edge.Request, string) string {
	return func(r *edge.Request, id string) string {
		return "/v1/applications/" + r.Param("id") + "/" + name + "/" + id
	}
}
