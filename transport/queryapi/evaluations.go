package queryapi

import (
	"context"

	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/readmodels"
	"github.com/hirelog/hirelog/transport/edge"
)

func (a *API) evaluations(s *edge.Surface) {
	view := edge.Area(access.Evaluations, access.View)
	list := ofApplication("/evaluations", "Evaluations of an application, and what they come to", view)
	list.Doc = "Where a form says so, those of others are not here, nor counted, until your own by that form is submitted."
	read(a, s, list, func(ctx context.Context, r *edge.Request, _ *simple) (readmodels.EvaluationOverview, error) {
		return a.Core.Evaluations(ctx, r.Principal.Member, r.Param("id"), a.Now())
	})
	read(a, s, ofApplication("/evaluations/{evaluation}", "An evaluation, with what it said before", view),
		func(ctx context.Context, r *edge.Request, _ *simple) (readmodels.Evaluation, error) {
			return a.Core.Evaluation(ctx, r.Principal.Member, r.Param("id"), r.Param("evaluation"), a.Now())
		})
}
