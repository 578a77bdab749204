package queryapi

import (
	"context"

	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/internal/history"
	"github.com/hirelog/hirelog/internal/ops"
	"github.com/hirelog/hirelog/readmodels"
	"github.com/hirelog/hirelog/transport/edge"
)

// historyInput says up to when an application is replayed.
type historyInput struct {
	Freshness
	AsOf string `query:"as_of" maxLength:"100" doc:"A moment: a time (everything recorded by then), a position (a token, or commit/prepare), or a revision. The answer then ends there and has the profile as it was"`
}

func (a *API) history(s *edge.Surface) {
	read(a, s, ofApplication("/history", "Every event of an application, and what it was", edge.Area(access.History, access.View)),
		func(ctx context.Context, r *edge.Request, in *historyInput) (history.History, error) {
			asOf, token, err := history.ParseAsOf(in.AsOf)
			if err != nil {
				return history.History{}, err
			}
			if token != nil && token.Log != a.Log {
				return history.History{}, edge.ForeignLog("query.as_of")
			}
			return a.History.Replay(ctx, r.Principal.Member, r.Param("id"), asOf)
		})
	explain := ofApplication("/explain", "Why an application is in the state it is in", edge.Area(access.History, access.View))
	explain.Doc = "For its outcome, reason, job, stage, owner, flag and whether it was anonymised: the event that made it so, who gave it, and the chain of events that it followed from."
	read(a, s, explain, func(ctx context.Context, r *edge.Request, _ *simple) (history.Explanation, error) {
		return a.History.Explain(ctx, r.Principal.Member, r.Param("id"))
	})
	ofMessage := ofApplication("/messages/{message}/history", "Every event of a message of an application", edge.Area(access.History, access.View).And("what they say with view on the messages area; auditors without the texts"))
	ofMessage.Doc = "When it was written, changed, handed over, sent, and what became of it; who did so, and by which command. An application's timeline names its messages."
	read(a, s, ofMessage, func(ctx context.Context, r *edge.Request, _ *simple) (history.StreamHistory, error) {
		return a.History.Message(ctx, r.Principal.Member, r.Param("id"), r.Param("message"))
	})
	ofNotice := ofApplication("/notices/{notice}/history", "Every event of a mail that told somebody of an application", edge.Area(access.History, access.View).And("what it told with view on the category of the document, or on the interviews area; auditors always"))
	ofNotice.Doc = "What it told, when it was handed over, and what became of it. An application's history names its notices."
	read(a, s, ofNotice, func(ctx context.Context, r *edge.Request, _ *simple) (history.StreamHistory, error) {
		return a.History.Notice(ctx, r.Principal.Member, r.Param("id"), r.Param("notice"))
	})
	unassigned := edge.Route{
		Path: "/v1/unassigned-messages/{id}/history", Summary: "Every event of a message that belonged to no application", Tag: "messages", Who: edge.Roles(access.Admin, access.Recruiting, access.Auditor).And("recruiting while it belongs to none; auditors without the texts"),
		Doc: "When it came in, and who gave it to which application.",
	}
	read(a, s, unassigned, func(ctx context.Context, r *edge.Request, _ *simple) (history.StreamHistory, error) {
		id := r.Param("id")
		h, applicationID, err := a.History.UnassignedMessage(ctx, r.Principal.Member, id)
		if err != nil {
			return history.StreamHistory{}, err
		}
		read := ops.Read{At: a.Now(), Member: r.Principal.Member, Kind: "message_history", Object: &id, Rights: []string{string(readmodels.ByOrganizationRole)}}
		if applicationID != "" {
			read.Application = &applicationID
		}
		return h, a.Reads.Note(ctx, read)
	})
	may := edge.Roles(access.Admin, access.Auditor)
	read(a, s, edge.Route{Path: "/v1/organization/history", Summary: "Everything the organisation decided for itself", Tag: "organization", Who: may},
		func(ctx context.Context, r *edge.Request, _ *simple) (history.StreamHistory, error) {
			return a.History.Organization(ctx, r.Principal.Member)
		})
	read(a, s, edge.Route{Path: "/v1/members/{id}/history", Summary: "Everything recorded of a member", Tag: "members", Who: may},
		func(ctx context.Context, r *edge.Request, _ *simple) (history.StreamHistory, error) {
			return a.History.Member(ctx, r.Principal.Member, r.Param("id"))
		})
}
