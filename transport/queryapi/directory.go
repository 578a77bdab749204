package queryapi

import (
	"context"

	"github.com/hirelog/hirelog/readmodels"
	"github.com/hirelog/hirelog/transport/edge"
)

func (a *API) directory(s *edge.Surface) {
	route := func(path, summary, tag string) edge.Route {
		return edge.Route{Path: "/v1/" + path, Summary: summary, Tag: tag, Who: edge.SignedIn()}
	}
	jobs := route("jobs", "Jobs, newest first", "jobs")
	jobs.Who = jobs.Who.And("of the jobs they may know of")
	read(a, s, jobs, func(ctx context.Context, r *edge.Request, _ *simple) (Items[readmodels.Job], error) {
		list, err := a.Core.Jobs(ctx, r.Principal.Member, a.Now())
		return Items[readmodels.Job]{Items: list}, err
	})
	one := route("jobs/{id}", "A job with its hiring team", "jobs")
	one.Who = one.Who.And("who may know of the job")
	read(a, s, one, func(ctx context.Context, r *edge.Request, _ *simple) (readmodels.Job, error) {
		return a.Core.Job(ctx, r.Principal.Member, r.Param("id"), a.Now())
	})
	read(a, s, route("members", "Members, sorted by name", "members"), func(ctx context.Context, r *edge.Request, _ *simple) (Items[readmodels.Member], error) {
		list, err := a.Core.Members(ctx, r.Principal.Member, a.Now())
		return Items[readmodels.Member]{Items: list}, err
	})
	me := route("me", "Who you are", "members")
	me.Keeps, me.FirstFactor = true, true
	read(a, s, me, func(ctx context.Context, r *edge.Request, _ *simple) (Me, error) {
		return a.me(ctx, r)
	})
}

// Me is the member who asks.
type Me struct {
	readmodels.Member
	TokenID string `json:"token_id" format:"uuid" doc:"The token presented"`
	Factor  string `json:"second_factor_state" enum:"none,missing,unshown,shown" doc:"missing: the organisation wants you to enrol one, and nothing else is open to you; unshown: show yours with this token first"`
}

func (a *API) me(ctx context.Context, r *edge.Request) (Me, error) {
	members, err := a.Core.Members(ctx, r.Principal.Member, a.Now())
	if err != nil {
		return Me{}, err
	}
	for _, m := range members {
		if m.ID == r.Principal.Member {
			return Me{Member: m, TokenID: r.Principal.Token, Factor: r.Principal.Factor.String()}, nil
		}
	}
	return Me{}, readmodels.ErrNotFound
}
