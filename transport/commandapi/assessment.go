package commandapi

import (
	"context"
	"net/http"

	"github.com/hirelog/hirelog/commands"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/transport/edge"
)

func (a *API) ratings(s *edge.Surface) {
	change(a, s, onApplication(http.MethodPut, "/rating", "Set your rating", edge.Area(access.Evaluations, access.Edit)),
		func(ctx context.Context, caller commands.Caller, r *edge.Request, cmd commands.Rate) (commands.Answer, error) {
			cmd.Application = r.Param("id")
			return a.commands.Rate(ctx, caller, cmd)
		})
}
