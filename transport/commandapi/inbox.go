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
	where := edge.Route{
		Method: http.MethodPut, Path: "/v1/me/busy-address", Summary: "Say where your busy times are", Tag: "members", Who: edge.SignedIn(),
		Doc: "Who plans an interview with you is shown when you are busy, and never with what. The address is asked from here: it must be one that the whole internet can reach.",
	}
	change(a, s, where, func(ctx context.Context, caller commands.Caller, _ *edge.Request, cmd commands.SetBusyAddress) (commands.Answer, error) {
		return a.commands.SetBusyAddress(ctx, caller, cmd)
	})
	act(a, s, edge.Route{
		Method: http.MethodDelete, Path: "/v1/me/busy-address", Summary: "Take the address of your busy times away", Tag: "members", Who: edge.SignedIn(),
		Doc: "What was said of it, with the password, is destroyed.",
	}, func(ctx context.Context, caller commands.Caller, _ *edge.Request) (commands.Answer, error) {
		return a.commands.RemoveBusyAddress(ctx, caller)
	})
}
