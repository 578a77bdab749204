package commandapi

import (
	"context"
	"net/http"

	"github.com/hirelog/hirelog/commands"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/transport/edge"
)

func (a *API) reviews(s *edge.Surface) {
	c := a.commands
	edit := edge.Area(access.Grants, access.Edit)
	ask := onApplication(http.MethodPost, "/reviews", "Ask a colleague for a comment", edit)
	ask.Doc = "The reviewer's next comment on the application submits it."
	create(a, s, ask, part("reviews"),
		func(ctx context.Context, caller commands.Caller, r *edge.Request, cmd commands.RequestReview) (commands.Answer, error) {
			cmd.Application = r.Param("id")
			return c.RequestReview(ctx, caller, cmd)
		})
	act(a, s, onApplication(http.MethodPost, "/reviews/{review}/cancel", "Take a review request back", edit),
		func(ctx context.Context, caller commands.Caller, r *edge.Request) (commands.Answer, error) {
			return c.CancelReview(ctx, caller, commands.CancelReview{Application: r.Param("id"), Review: r.Param("review")})
		})
}
