package commandapi

import (
	"context"
	"net/http"

	"github.com/hirelog/hirelog/commands"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/transport/edge"
)

func (a *API) members(s *edge.Surface) {
	c := a.commands
	route := func(method, path, summary string, who edge.Who) edge.Route {
		return edge.Route{Method: method, Path: "/v1/members" + path, Summary: summary, Tag: "members", Who: who}
	}
	admin := edge.Roles(access.Admin)
	// What hands out access takes a second factor that was shown just now.
	fresh := func(method, path, summary string) edge.Route {
		r := route(method, path, summary, admin)
		r.Fresh = true
		return r
	}
	create(a, s, fresh(http.MethodPost, "", "Invite a member"), among("/v1/members"),
		func(ctx context.Context, caller commands.Caller, _ *edge.Request, cmd commands.InviteMember) (commands.Answer, error) {
			return c.InviteMember(ctx, caller, cmd)
		})
	change(a, s, fresh(http.MethodPut, "/{id}/role", "Give a member another organisation role"),
		func(ctx context.Context, caller commands.Caller, r *edge.Request, cmd commands.SetMemberRole) (commands.Answer, error) {
			cmd.Member = r.Param("id")
			return c.SetMemberRole(ctx, caller, cmd)
		})
	change(a, s, route(http.MethodPatch, "/{id}", "Correct a member's name or address", edge.SelfOrAdmin()),
		func(ctx context.Context, caller commands.Caller, r *edge.Request, cmd commands.CorrectMember) (commands.Answer, error) {
			cmd.Member = r.Param("id")
			return c.CorrectMember(ctx, caller, cmd)
		})
	maybe(a, s, route(http.MethodPost, "/{id}/deactivate", "End a member's access, and hand over", admin),
		func(ctx context.Context, caller commands.Caller, r *edge.Request, cmd commands.DeactivateMember) (commands.Answer, error) {
			cmd.Member = r.Param("id")
			return c.DeactivateMember(ctx, caller, cmd)
		})
	erase := route(http.MethodPost, "/{id}/erase", "Erase the name and address of a former member", admin)
	erase.Doc = "They cannot be brought back. What the member did stays, as that of somebody without a name."
	act(a, s, erase, func(ctx context.Context, caller commands.Caller, r *edge.Request) (commands.Answer, error) {
		return c.EraseMember(ctx, caller, r.Param("id"))
	})
	act(a, s, fresh(http.MethodPost, "/{id}/reactivate", "Let a member act again"),
		func(ctx context.Context, caller commands.Caller, r *edge.Request) (commands.Answer, error) {
			return c.ReactivateMember(ctx, caller, r.Param("id"))
		})
	act(a, s, route(http.MethodDelete, "/{id}/tokens/{token}", "Revoke a token", edge.SelfOrAdmin()),
		func(ctx context.Context, caller commands.Caller, r *edge.Request) (commands.Answer, error) {
			return c.RevokeToken(ctx, caller, r.Param("id"), r.Param("token"))
		})
	act(a, s, fresh(http.MethodDelete, "/{id}/second-factor", "Reset the second factor of a member"),
		func(ctx context.Context, caller commands.Caller, r *edge.Request) (commands.Answer, error) {
			return c.ResetSecondFactor(ctx, caller, r.Param("id"))
		})
	a.tokens(s)
	a.secondFactor(s)
}

// IssuedToken is a new token.
type IssuedToken struct {
	Created
	Secret string `json:"secret" doc:"What the member presents as bearer token; shown this once"`
}

type issuedAnswer struct {
	Position string `header:"Hirelog-Position" doc:"The position of the body"`
	Body     IssuedToken
}

func (a *API) tokens(s *edge.Surface) {
	edge.Handle(s, edge.Route{
		Method: http.MethodPost, Path: "/v1/members/{id}/tokens", Summary: "Issue a token", Tag: "members", Who: edge.SelfOrAdmin(),
		Doc:  "Given again with the same Idempotency-Key it is the same token with a new secret: the first was not received. No read shows a token; its id revokes it.",
		Body: edge.JSONBody, Created: true, Fresh: true,
	}, func(ctx context.Context, in *request[commands.IssueToken]) (*issuedAnswer, error) {
		return a.secret(ctx, in.Conditions, func(caller commands.Caller, r *edge.Request) (commands.Answer, string, error) {
			in.Body.Member = r.Param("id")
			return a.commands.IssueToken(ctx, caller, in.Body)
		})
	})
	edge.Handle(s, edge.Route{
		Method: http.MethodPost, Path: "/v1/members/{id}/tokens/{token}/rotate", Summary: "Give a token another secret", Tag: "members", Who: edge.SelfOrAdmin(),
		Doc:  "Until the overlap ends both secrets count. Given again with the same Idempotency-Key it answers with a newer secret, in the place of the one that was not received.",
		Body: edge.OptionalJSONBody, Fresh: true,
	}, func(ctx context.Context, in *optional[commands.RotateToken]) (*issuedAnswer, error) {
		var cmd commands.RotateToken
		if in.Body != nil {
			cmd = *in.Body
		}
		return a.secret(ctx, in.Conditions, func(caller commands.Caller, r *edge.Request) (commands.Answer, string, error) {
			cmd.Member, cmd.Token = r.Param("id"), r.Param("token")
			return a.commands.RotateToken(ctx, caller, cmd)
		})
	})
}

// secret gives a command that answers with a secret.
func (a *API) secret(ctx context.Context, c Conditions, run func(commands.Caller, *edge.Request) (commands.Answer, string, error)) (*issuedAnswer, error) {
	secret := ""
	answer, err := a.give(ctx, c, func(caller commands.Caller, r *edge.Request) (answer commands.Answer, err error) {
		answer, secret, err = run(caller, r)
		return answer, err
	})
	if err != nil {
		return nil, err
	}
	body := IssuedToken{Created: Created{ID: answer.ID, Recorded: a.recorded(answer)}, Secret: secret}
	return &issuedAnswer{Position: body.Position, Body: body}, nil
}
