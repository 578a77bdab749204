package queryapi

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

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
	download := ofOwn("/applications/{id}/offers/{offer}/contract/{file}", "Download the contract of an offer")
	download.Method, download.Download, download.Tag, download.Always = http.MethodGet, true, "offers", true
	edge.Handle(s, download, func(ctx context.Context, in *downloadInput) (*huma.StreamResponse, error) {
		if _, err := a.fresh(ctx, &in.Freshness); err != nil {
			return nil, err
		}
		r := edge.RequestOf(ctx)
		f, err := a.Core.OwnContract(ctx, r.Principal.Candidate, r.Param("offer"), r.Param("file"), a.Now())
		if err != nil {
			return nil, err
		}
		if f.ApplicationID != r.Param("id") {
			return nil, readmodels.ErrNotFound
		}
		return a.stream(ctx, r, f, in.Inline, nil)
	})
}
