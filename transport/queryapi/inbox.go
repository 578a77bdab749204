package queryapi

import (
	"context"

	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/readmodels"
	"github.com/hirelog/hirelog/transport/edge"
)

// inboxInput chooses a page of an inbox.
type inboxInput struct {
	Freshness
	Kinds  []string `query:"kind,explode" maxItems:"20" enum:"candidate_note,document_uploaded,file_quarantined,mentioned,new_application,new_comment,evaluation_submitted,review_requested,review_reminder,new_message,unassigned_message,interview_scheduled,interview_changed,interview_cancelled,offer_to_approve,offer_returned,offer_answered,offer_expired,stage_overdue,work_handed_over,second_factor_reset" doc:"Any of these kinds"`
	Limit  int      `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"Notices on a page"`
	Cursor string   `query:"cursor" maxLength:"200" doc:"next_cursor of the page before, with the same filters"`
	Unread bool     `query:"unread" doc:"Only what is unread"`
}

func (a *API) inbox(s *edge.Surface) {
	own := func(path, summary string) edge.Route {
		return edge.Route{Path: "/v1/me/" + path, Summary: summary, Tag: "inbox", Who: edge.SignedIn().And("for themselves")}
	}
	notices := own("inbox", "What you are told of, newest first")
	notices.Doc = "Who is told was decided when it happened. What you may no longer see is not here. Nothing of what was written is: open the application."
	read(a, s, notices, func(ctx context.Context, r *edge.Request, in *inboxInput) (readmodels.InboxPage, error) {
		q := readmodels.InboxQuery{Unread: in.Unread, Limit: in.Limit, Cursor: in.Cursor}
		for _, k := range in.Kinds {
			q.Kinds = append(q.Kinds, readmodels.NoticeKind(k))
		}
		return a.Core.Inbox(ctx, r.Principal.Member, q, a.Now())
	})
	wanted := own("notifications", "What you want to be told of")
	read(a, s, wanted, func(ctx context.Context, r *edge.Request, _ *simple) (readmodels.Notifications, error) {
		return a.Core.Notifications(ctx, r.Principal.Member)
	})
	tasks := own("tasks", "What you are to do, the oldest first")
	tasks.Doc = "At most 200. A task is there as long as it is to be done: nobody opens or closes one."
	read(a, s, tasks, func(ctx context.Context, r *edge.Request, _ *simple) (Items[readmodels.Task], error) {
		list, err := a.Core.MyTasks(ctx, r.Principal.Member, a.Now())
		return Items[readmodels.Task]{Items: list}, err
	})
	read(a, s, ofApplication("/tasks", "What is to be done on an application, the oldest first", edge.Area(access.Application, access.View).And("of each task what it is about, too")),
		func(ctx context.Context, r *edge.Request, _ *simple) (Items[readmodels.Task], error) {
			list, err := a.Core.Tasks(ctx, r.Principal.Member, r.Param("id"), a.Now())
			return Items[readmodels.Task]{Items: list}, err
		})
}
