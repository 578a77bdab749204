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

// ownOffers declares what candidates see of what they are offered, whether
// self-tracking is on or not.
func (a *API) ownOffers(s *edge.Surface) {
	route := ofOwn("/offers", "What you are offered")
	route.Tag, route.Always = "offers", true
	route.Doc = "Of all your applications, the newest of each first. It does not depend on self-tracking."
	read(a, s, route, func(ctx context.Context, r *edge.Request, _ *simple) (Items[readmodels.OwnOffer], error) {
		items, err := a.Core.OwnOffers(ctx, r.Principal.Candidate, a.Now())
		return Items[readmodels.OwnOffer]{Items: items}, err
	})
}
