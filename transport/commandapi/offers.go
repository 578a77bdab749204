package commandapi

import (
	"context"
	"net/http"

	"github.com/hirelog/hirelog/commands"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/transport/edge"
)

func (a *API) offers(s *edge.Surface) {
	c := a.commands
	edit, view := edge.Area(access.Offers, access.Edit), edge.Area(access.Offers, access.View)
	draft := onApplication(http.MethodPost, "/offers", "Write an offer", edit.And("and edit on area salary"))
	draft.Doc = "An application has one at a time. Its approvers are asked at once, each in their turn. The stage stays."
	create(a, s, draft, part("offers"),
		func(ctx context.Context, caller commands.Caller, r *edge.Request, cmd commands.DraftOffer) (commands.Answer, error) {
			cmd.Application = r.Param("id")
			return c.DraftOffer(ctx, caller, cmd)
		})
	alter := onApplication(http.MethodPut, "/offers/{offer}", "Give an offer other terms", edit.And("and edit on area salary"))
	alter.Doc = "Of a draft only. What was approved is approved anew, from the first approver on."
	change(a, s, alter,
		func(ctx context.Context, caller commands.Caller, r *edge.Request, cmd commands.ChangeOffer) (commands.Answer, error) {
			cmd.Application, cmd.Offer = r.Param("id"), r.Param("offer")
			return c.ChangeOffer(ctx, caller, cmd)
		})
	change(a, s, onApplication(http.MethodPost, "/offers/{offer}/approve", "Approve an offer", view.And("the approver whose turn it is")),
		func(ctx context.Context, caller commands.Caller, r *edge.Request, cmd commands.ApproveOffer) (commands.Answer, error) {
			cmd.Application, cmd.Offer = r.Param("id"), r.Param("offer")
			return c.ApproveOffer(ctx, caller, cmd)
		})
	change(a, s, onApplication(http.MethodPost, "/offers/{offer}/return", "Ask for other terms instead of approving an offer", view.And("the approver whose turn it is")),
		func(ctx context.Context, caller commands.Caller, r *edge.Request, cmd commands.ReturnOffer) (commands.Answer, error) {
			cmd.Application, cmd.Offer = r.Param("id"), r.Param("offer")
			return c.ReturnOffer(ctx, caller, cmd)
		})
	out := onApplication(http.MethodPost, "/offers/{offer}/send", "Make the candidate the offer, or say that it was sent outside", edit)
	out.Doc = "Everybody who must has approved it by then. Its terms do not change any more. A contract is written from its template now, and filed as a document of category offer."
	change(a, s, out,
		func(ctx context.Context, caller commands.Caller, r *edge.Request, cmd commands.SendOffer) (commands.Answer, error) {
			cmd.Application, cmd.Offer = r.Param("id"), r.Param("offer")
			return c.SendOffer(ctx, caller, cmd)
		})
	accept := onApplication(http.MethodPost, "/offers/{offer}/accept", "Note that the candidate accepted an offer", edit)
	accept.Doc = "It hires nobody: that is a command of its own."
	change(a, s, accept, func(ctx context.Context, caller commands.Caller, r *edge.Request, cmd commands.AcceptOffer) (commands.Answer, error) {
		cmd.Application, cmd.Offer = r.Param("id"), r.Param("offer")
		return c.AcceptOffer(ctx, caller, cmd)
	})
	change(a, s, onApplication(http.MethodPost, "/offers/{offer}/decline", "Note that the candidate declined an offer", edit),
		func(ctx context.Context, caller commands.Caller, r *edge.Request, cmd commands.EndOffer) (commands.Answer, error) {
			cmd.Application, cmd.Offer = r.Param("id"), r.Param("offer")
			return c.DeclineOffer(ctx, caller, cmd)
		})
	back := onApplication(http.MethodPost, "/offers/{offer}/withdraw", "Take an offer back", edit)
	back.Doc = "A draft, one that is sent, or one that was accepted while the application goes on."
	change(a, s, back,
		func(ctx context.Context, caller commands.Caller, r *edge.Request, cmd commands.EndOffer) (commands.Answer, error) {
			cmd.Application, cmd.Offer = r.Param("id"), r.Param("offer")
			return c.WithdrawOffer(ctx, caller, cmd)
		})
}
