package queryapi

import (
	"context"

	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/readmodels"
	"github.com/hirelog/hirelog/transport/edge"
)

func (a *API) offers(s *edge.Surface) {
	route := ofApplication("/offers", "Offers of an application, the newest first", edge.Area(access.Offers, access.View))
	route.Doc = "Salaries show only with view on area salary."
	read(a, s, route,
		func(ctx context.Context, r *edge.Request, _ *simple) (Items[readmodels.Offer], error) {
			items, err := a.Core.Offers(ctx, r.Principal.Member, r.Param("id"), a.Now())
			return Items[readmodels.Offer]{Items: items}, err
		})
}
