package queryapi

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/hirelog/hirelog/internal/ops"
	"github.com/hirelog/hirelog/readmodels"
	"github.com/hirelog/hirelog/transport/edge"
)

// feed declares the calendar that a member's own calendar program asks for again
// and again. Such a program has no headers to give, so the secret is in the
// address; nobody logs that.
func (a *API) feed(s *edge.Surface) {
	route := edge.Route{
		Method: http.MethodGet, Path: "/v1/calendar/{secret}", Summary: "A member's interviews, for their calendar program", Tag: "members",
		Who: edge.Anyone().And("who has the secret of a calendar token; it shows what its member may view now"), Plain: true, Download: true,
		Doc: fmt.Sprintf("The secret is that of a token for the calendar; to revoke the token ends the feed. No names and addresses of candidates are in it but what was written about an interview. It has at most %d interviews, those that start last.", readmodels.MaxMyInterviews),
	}
	edge.Handle(s, route, func(ctx context.Context, _ *struct{}) (*huma.StreamResponse, error) {
		r := edge.RequestOf(ctx)
		token, err := a.Tokens.Verify(ctx, r.Param("secret"))
		switch {
		case errors.Is(err, ops.ErrToken), err == nil && !token.Calendar:
			return nil, edge.ErrNotFound
		case err != nil:
			return nil, err
		}
		if _, err := a.fresh(ctx, &Freshness{}); err != nil {
			return nil, err
		}
		interviews, err := a.Core.MyInterviews(ctx, token.Member, a.Now())
		if err != nil {
			return nil, err
		}
		return calendarAnswer(r, a.calendar(interviews)), nil
	})
}
