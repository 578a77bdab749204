package queryapi

import (
	"context"

	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/readmodels"
	"github.com/hirelog/hirelog/transport/edge"
)

func (a *API) reviews(s *edge.Surface) {
	read(a, s, ofApplication("/reviews", "Reviews that colleagues were asked for, open ones first", edge.Area(access.Comments, access.View)),
		func(ctx context.Context, r *edge.Request, _ *simple) (Items[readmodels.ReviewRequest], error) {
			items, err := a.Core.Reviews(ctx, r.Principal.Member, r.Param("id"), a.Now())
			return Items[readmodels.ReviewRequest]{Items: items}, err
		})
	read(a, s, edge.Route{
		Path: "/v1/me/reviews", Summary: "Reviews that you were asked for, open ones first", Tag: "members", Who: edge.SignedIn().And("of the applications they may view"),
	}, func(ctx context.Context, r *edge.Request, _ *simple) (Items[readmodels.ReviewRequest], error) {
		items, err := a.Core.MyReviews(ctx, r.Principal.Member, a.Now())
		return Items[readmodels.ReviewRequest]{Items: items}, err
	})
}
