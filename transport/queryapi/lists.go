package queryapi

import (
	"context"
	"time"

	"github.com/hirelog/hirelog/domain/bulk"
	"github.com/hirelog/hirelog/domain/view"
	"github.com/hirelog/hirelog/readmodels"
	"github.com/hirelog/hirelog/transport/edge"
)

// Selector returns how applications are chosen by a filter, from what o reads.
func Selector(o Options) func(ctx context.Context, member string, f view.Filter, position string, max int) ([]string, error) {
	a := newAPI(o)
	return func(ctx context.Context, member string, f view.Filter, position string, max int) ([]string, error) {
		if _, err := a.fresh(ctx, &Freshness{Position: position}); err != nil {
			return nil, err
		}
		return a.Core.Selection(ctx, member, filtered(f), max, a.Now())
	}
}

// filtered is a query of the list that a saved filter stands for.
func filtered(f view.Filter) readmodels.ListQuery {
	return readmodels.ListQuery{
		Jobs: f.Jobs, Stages: f.Stages, Outcomes: f.Outcomes, AnyTags: f.AnyTags, AllTags: f.AllTags, Priority: f.Priority, KnockedOut: f.KnockedOut,
		Unread: f.Unread, Sources: f.Sources, Owner: f.Owner,
		ReceivedFrom: f.ReceivedFrom, ReceivedTo: f.ReceivedTo, ChangedFrom: f.ChangedFrom, ChangedTo: f.ChangedTo,
	}
}

// bulkItemsInput chooses a page of the applications of an action.
type bulkItemsInput struct {
	Freshness
	Result    string `query:"result" enum:"changed,unchanged,refused" doc:"Only those it went so with"`
	NotUndone bool   `query:"not_undone" doc:"Only those whose change could not be taken back"`
	Limit     int    `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"Applications on a page"`
	Cursor    string `query:"cursor" maxLength:"200" doc:"next_cursor of the page before, with the same filters"`
}

func (a *API) lists(s *edge.Surface) {
	own := edge.SignedIn().And("their own; admins all")
	bulks := func(path, summary string) edge.Route {
		return edge.Route{Path: "/v1/bulk-actions" + path, Summary: summary, Tag: "bulk", Who: own}
	}
	read(a, s, bulks("", "Actions on many applications, newest first"), func(ctx context.Context, r *edge.Request, in *pageInput) (readmodels.BulkPage, error) {
		return a.Core.BulkActions(ctx, r.Principal.Member, in.Limit, in.Cursor, a.Now())
	})
	read(a, s, bulks("/{id}", "An action on many applications, and how it goes"), func(ctx context.Context, r *edge.Request, _ *simple) (readmodels.BulkProgress, error) {
		return a.Core.BulkAction(ctx, r.Principal.Member, r.Param("id"), a.Now())
	})
	read(a, s, bulks("/{id}/items", "How an action went with each application"), func(ctx context.Context, r *edge.Request, in *bulkItemsInput) (readmodels.BulkItemPage, error) {
		q := readmodels.BulkItemsQuery{Result: bulk.Result(in.Result), NotUndone: in.NotUndone, Limit: in.Limit, Cursor: in.Cursor}
		return a.Core.BulkItems(ctx, r.Principal.Member, r.Param("id"), q, a.Now())
	})
	views := func(path, summary string) edge.Route {
		return edge.Route{Path: "/v1/views" + path, Summary: summary, Tag: "views", Who: edge.SignedIn().And("their own, and those that are shared")}
	}
	read(a, s, views("", "Saved views of the list, by name"), func(ctx context.Context, r *edge.Request, _ *simple) (Items[readmodels.SavedView], error) {
		all, err := a.Core.Views(ctx, r.Principal.Member, a.Now())
		return Items[readmodels.SavedView]{Items: all}, err
	})
	read(a, s, views("/{id}", "A saved view of the list"), func(ctx context.Context, r *edge.Request, _ *simple) (readmodels.SavedView, error) {
		return a.Core.View(ctx, r.Principal.Member, r.Param("id"), a.Now())
	})
}

// newAPI returns the routes of queries, with the defaults of what o leaves out.
func newAPI(o Options) *API {
	if o.Wait == 0 {
		o.Wait = 5 * time.Second
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &API{Options: o, began: time.Now(), texts: make(chan struct{}, maxTexts)}
}
