package commandapi

import (
	"context"
	"net/http"

	"github.com/hirelog/hirelog/commands"
	"github.com/hirelog/hirelog/transport/edge"
)

// ownOffers declares how candidates answer what they are offered. It does not
// depend on self-tracking, and so there is a way in of its own: by it they see
// offers and, while self-tracking is off, nothing else.
func (a *API) ownOffers(s *edge.Surface) {
	route := func(method, path, summary string, who edge.Who) edge.Route {
		return edge.Route{Method: method, Path: "/v1/candidate" + path, Summary: summary, Tag: "offers", Who: who, Always: true}
	}
	ask := route(http.MethodPost, "/offers/sign-ins", "Ask for a code to look at an offer by", edge.Anyone())
	ask.Door, ask.Body, ask.Accepted, ask.Throttled = true, edge.JSONBody, true, true
	ask.Doc = "As /v1/candidate/sign-ins, also while self-tracking is off."
	edge.Handle(s, ask, func(ctx context.Context, in *struct{ Body AskSignIn }) (*askedAnswer, error) {
		return a.askCode(edge.RequestOf(ctx), in.Body.Email, a.door.AskOffers)
	})
	redeem := route(http.MethodPost, "/offers/session", "Sign in to look at an offer", edge.Anyone())
	redeem.Door, redeem.Body, redeem.Throttled = true, edge.JSONBody, true
	redeem.Doc = "As /v1/candidate/session, also while self-tracking is off."
	edge.Handle(s, redeem, a.redeem)
	edge.Handle(s, route(http.MethodDelete, "/offers/session", "Sign out", edge.Candidate()), a.signOut)

	accept := route(http.MethodPost, "/applications/{id}/offers/{offer}/accept", "Accept an offer", edge.Candidate())
	accept.Doc = "If it has a contract, by signing it: a simple electronic signature, by your name, under the document that the hash names."
	changeOwn(a, s, accept, func(ctx context.Context, caller commands.Caller, r *edge.Request, cmd commands.SignOffer) (commands.Answer, error) {
		cmd.Application, cmd.Offer = r.Param("id"), r.Param("offer")
		return a.commands.SignOffer(ctx, caller, cmd)
	})
	changeOwn(a, s, route(http.MethodPost, "/applications/{id}/offers/{offer}/decline", "Decline an offer", edge.Candidate()),
		func(ctx context.Context, caller commands.Caller, r *edge.Request, cmd commands.EndOffer) (commands.Answer, error) {
			cmd.Application, cmd.Offer = r.Param("id"), r.Param("offer")
			return a.commands.DeclineOwnOffer(ctx, caller, cmd)
		})
}
