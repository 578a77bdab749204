package queryapi

import (
	"context"

	"github.com/hirelog/hirelog/readmodels"
	"github.com/hirelog/hirelog/transport/edge"
)

// definedInput says what of a list is wanted.
type definedInput struct {
	Freshness
	Retired bool `query:"retired" doc:"Also what was retired"`
}

// formInput says which version of a form is wanted.
type formInput struct {
	Freshness
	Version int `query:"version" minimum:"0" maximum:"1000000" doc:"An earlier version; absent or 0: the newest"`
}

func (a *API) organization(s *edge.Surface) {
	read(a, s, ofOrganization("", "The organisation and its settings"), func(ctx context.Context, r *edge.Request, _ *simple) (readmodels.Organization, error) {
		return a.Core.Organization(ctx, r.Principal.Member, a.Now())
	})
	list(a, s, "/recruiting-roles", "Recruiting roles, sorted by name", a.Core.RecruitingRoles)
	list(a, s, "/disqualification-reasons", "Reasons for disqualifying, sorted by label", a.Core.Reasons)
	list(a, s, "/tags", "The shared tags, sorted by label", a.Core.Tags)
	list(a, s, "/document-categories", "Categories of documents: the built-in ones, then your own, sorted by label", a.Core.DocumentCategories)
	list(a, s, "/attributes", "Attributes of candidates, in the order they are shown", a.Core.Attributes)
	list(a, s, "/message-templates", "Templates of messages and contracts, sorted by name", a.Core.MessageTemplates)
	list(a, s, "/evaluation-forms", "Evaluation forms in their newest versions, sorted by name", a.Core.EvaluationForms)
	read(a, s, ofOrganization("/evaluation-forms/{id}", "An evaluation form, also an earlier version or a retired one"),
		func(ctx context.Context, r *edge.Request, in *formInput) (readmodels.EvaluationForm, error) {
			return a.Core.EvaluationForm(ctx, readmodels.Lists{Member: r.Principal.Member, Now: a.Now()}, r.Param("id"), in.Version)
		})
}

func ofOrganization(path, summary string) edge.Route {
	return edge.Route{Path: "/v1/organization" + path, Summary: summary, Tag: "organization", Who: edge.SignedIn()}
}

// list declares a list of the organisation.
func list[T any](a *API, s *edge.Surface, path, summary string, query func(context.Context, readmodels.Lists) (readmodels.Defined[T], error)) {
	read(a, s, ofOrganization(path, summary), func(ctx context.Context, r *edge.Request, in *definedInput) (readmodels.Defined[T], error) {
		return query(ctx, readmodels.Lists{Member: r.Principal.Member, Now: a.Now(), Retired: in.Retired})
	})
}
