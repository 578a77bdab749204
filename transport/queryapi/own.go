package queryapi

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/hirelog/hirelog/readmodels"
	"github.com/hirelog/hirelog/transport/edge"
)

// ofOwn returns a route of what is a candidate's own.
func ofOwn(path, summary string) edge.Route {
	return edge.Route{Path: "/v1/candidate" + path, Summary: summary, Tag: "candidate", Who: edge.Candidate()}
}

// own declares what candidates see.
func (a *API) own(s *edge.Surface) {
	read(a, s, ofOwn("", "What is known of you"),
		func(ctx context.Context, r *edge.Request, _ *simple) (readmodels.Myself, error) {
			return a.Core.Myself(ctx, r.Principal.Candidate)
		})
	read(a, s, ofOwn("/applications", "Your applications, newest first"),
		func(ctx context.Context, r *edge.Request, _ *simple) (Items[readmodels.TrackedApplication], error) {
			list, err := a.Core.TrackedApplications(ctx, r.Principal.Candidate, a.Now())
			return Items[readmodels.TrackedApplication]{Items: list}, err
		})
	page := ofOwn("/applications/{id}", "An application of yours")
	page.Doc = "A rejection shows from when it is disclosed; until then all is as before. When it is over the page can be read for as many days as the organisation has set."
	read(a, s, page,
		func(ctx context.Context, r *edge.Request, _ *simple) (readmodels.Tracking, error) {
			return a.Core.Tracking(ctx, r.Principal.Candidate, r.Param("id"), a.Now())
		})
	download := ofOwn("/applications/{id}/documents/{document}/files/{file}", "Download a file you uploaded")
	download.Method, download.Download = http.MethodGet, true
	edge.Handle(s, download, func(ctx context.Context, in *downloadInput) (*huma.StreamResponse, error) {
		if _, err := a.fresh(ctx, &in.Freshness); err != nil {
			return nil, err
		}
		r := edge.RequestOf(ctx)
		f, err := a.Core.CandidateFile(ctx, r.Principal.Candidate, r.Param("file"), a.Now())
		if err != nil {
			return nil, err
		}
		return a.stream(ctx, r, f, in.Inline, nil)
	})
}
