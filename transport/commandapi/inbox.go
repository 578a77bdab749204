package commandapi

import (
	"context"
	"net/http"

	"github.com/hirelog/hirelog/commands"
	"github.com/hirelog/hirelog/transport/edge"
)

func (a *API) inbox(s *edge.Surface) {
	change(a, s, edge.Route{
		Method: http.MethodPost, Path: "/v1/me/inbox/read", Summary: "Say how far you have read your inbox", Tag: "inbox", Who: edge.SignedIn(),
		Doc: "Looking at an inbox leaves it unread. Notices that came after the one named stay unread; what was read stays read.",
	}, func(ctx context.Context, caller commands.Caller, _ *edge.Request, cmd commands.ReadInbox) (commands.Answer, error) {
		return a.commands.ReadInbox(ctx, caller, cmd)
	})
	change(a, s, edge.Route{
		Method: http.MethodPut, Path: "/v1/me/notifications", Summary: "Say what you want to be told of", Tag: "inbox", Who: edge.SignedIn(),
		Doc: "For what is neither on nor off your recruiting roles decide. It counts for what happens from then on. Review requests, and candidates' notes for their managers, are always told.",
	}, func(ctx context.Context, caller commands.Caller, _ *edge.Request, cmd commands.SetNotifications) (commands.Answer, error) {
		return a.commands.SetNotifications(ctx, caller, cmd)
	})
}
