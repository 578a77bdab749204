package queryapi

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/internal/ops"
	"github.com/hirelog/hirelog/readmodels"
	"github.com/hirelog/hirelog/transport/edge"
)

// threadInput chooses a page of messages.
type threadInput struct {
	Freshness
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"20" doc:"Messages on a page"`
	Cursor string `query:"cursor" maxLength:"200" doc:"next_cursor of the page before; with thread_id messages_next_cursor of the conversation, too"`
	Thread string `query:"thread_id" format:"uuid" doc:"Only this conversation"`
}

func (in *threadInput) query() readmodels.ThreadQuery {
	return readmodels.ThreadQuery{RemarkQuery: readmodels.RemarkQuery{Limit: in.Limit, Cursor: in.Cursor}, Thread: in.Thread}
}

func (a *API) messages(s *edge.Surface) {
	list := ofApplication("/messages", "Conversations with the candidate", edge.Area(access.Messages, access.View))
	list.Doc = "Messages that were written or came in, a page of the newest ones first, by conversation. A conversation may go on on the next page, beside others, or alone by its own cursor. Messages that come meanwhile move none from one page to another. Looking at them leaves them open."
	read(a, s, list, func(ctx context.Context, r *edge.Request, in *threadInput) (readmodels.ThreadPage, error) {
		return a.Core.Threads(ctx, r.Principal.Member, r.Param("id"), in.query(), a.Now())
	})
	who := edge.Roles(access.Admin, access.Recruiting)
	unassigned := edge.Route{Path: "/v1/unassigned-messages", Summary: "Messages that belong to no application yet", Tag: "messages", Who: who}
	unassigned.Doc = "From unknown addresses, from people with several applications, and to applications that closed longer ago than the setting says."
	read(a, s, unassigned, func(ctx context.Context, r *edge.Request, in *pageInput) (readmodels.UnassignedPage, error) {
		return a.Core.Unassigned(ctx, r.Principal.Member, readmodels.TimelineQuery{Limit: in.Limit, Cursor: in.Cursor}, a.Now())
	})
	file := edge.Route{
		Method: http.MethodGet, Path: "/v1/unassigned-messages/{id}/files/{file}", Summary: "Download a file that came along with a message", Tag: "messages", Who: who, Download: true,
		Doc: "While the message belongs to no application; then it is a document there.",
	}
	edge.Handle(s, file, func(ctx context.Context, in *simple) (*huma.StreamResponse, error) {
		if _, err := a.fresh(ctx, &in.Freshness); err != nil {
			return nil, err
		}
		r := edge.RequestOf(ctx)
		f, err := a.Core.UnassignedFile(ctx, r.Principal.Member, r.Param("id"), r.Param("file"), a.Now())
		if err != nil {
			return nil, err
		}
		return a.stream(ctx, r, readmodels.StoredFile{File: f, ApplicationID: r.Param("id")}, false, func() error {
			return a.Reads.Note(ctx, ops.Read{
				At: a.Now(), Member: r.Principal.Member, Kind: "message_file", Object: &f.ID, Rights: []string{string(readmodels.ByOrganizationRole)},
			})
		})
	})
}
