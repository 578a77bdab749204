package queryapi

import (
	"context"

	"github.com/hirelog/hirelog/readmodels"
	"github.com/hirelog/hirelog/transport/edge"
)

// public declares what anybody may see without a token: open jobs that are not
// confidential.
func (a *API) public(s *edge.Surface) {
	read(a, s, edge.Route{Path: "/v1/public/jobs", Summary: "Open jobs, newest first", Tag: "public", Who: edge.Anyone()},
		func(ctx context.Context, _ *edge.Request, in *pageInput) (readmodels.PublicPage, error) {
			return a.Core.PublicJobs(ctx, in.Limit, in.Cursor)
		})
	read(a, s, edge.Route{Path: "/v1/public/jobs/{id}", Summary: "An open job with its application form", Tag: "public", Who: edge.Anyone()},
		func(ctx context.Context, r *edge.Request, _ *simple) (readmodels.PublicJobDetails, error) {
			return a.Core.PublicJob(ctx, r.Param("id"))
		})
}
