package queryapi

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/personal"
	"github.com/hirelog/hirelog/readmodels"
	"github.com/hirelog/hirelog/transport/edge"
)

// ListInput are the filters and the order of the application list.
type ListInput struct {
	Freshness
	Jobs         []string  `query:"job_id,explode" maxItems:"50" doc:"Any of these jobs"`
	Stages       []string  `query:"stage_id,explode" maxItems:"50" doc:"Any of these stages"`
	Outcomes     []string  `query:"outcome,explode" maxItems:"5" enum:"in_progress,hired,rejected,withdrawn,transferred" doc:"Any of these outcomes"`
	AnyTags      []string  `query:"any_tag,explode" maxItems:"50" doc:"At least one of these tags, by id"`
	AllTags      []string  `query:"all_tags,explode" maxItems:"50" doc:"Each of these tags, by id"`
	Priority     string    `query:"priority" enum:"true,false" doc:"Flagged or not"`
	KnockedOut   string    `query:"knocked_out" enum:"true,false" doc:"Flagged by an answer to the application form, or not"`
	Unread       string    `query:"unread" enum:"true,false" doc:"With comments you have not read or messages that nobody took care of, or without; only where you may view them"`
	Sources      []string  `query:"source,explode" maxItems:"50" doc:"Any of these sources"`
	Owner        string    `query:"owner_id" maxLength:"36" doc:"Member responsible"`
	ReceivedFrom time.Time `query:"received_from" doc:"Received then or later"`
	ReceivedTo   time.Time `query:"received_to" doc:"Received before"`
	ChangedFrom  time.Time `query:"changed_from" doc:"Changed then or later"`
	ChangedTo    time.Time `query:"changed_to" doc:"Changed before"`
	Text         string    `query:"q" maxLength:"200" doc:"Words, each the beginning of a word of the name, or the e-mail address"`
	Sort         string    `query:"sort" enum:"received,changed,name" default:"received" doc:"By name only up to 1000 applications; those whose name was erased or is hidden from you come last, and if all names are hidden from you it is refused"`
	Order        string    `query:"order" enum:"asc,desc" default:"desc" doc:"desc is newest first; by name, Z first"`
	Limit        int       `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"Applications on a page"`
	Cursor       string    `query:"cursor" maxLength:"200" doc:"next_cursor of the page before, with the same filters"`
}

func (in *ListInput) query() readmodels.ListQuery {
	q := readmodels.ListQuery{
		Jobs: in.Jobs, Stages: in.Stages, AnyTags: in.AnyTags, AllTags: in.AllTags, Sources: in.Sources, Owner: in.Owner,
		ReceivedFrom: unlessZero(in.ReceivedFrom), ReceivedTo: unlessZero(in.ReceivedTo),
		ChangedFrom: unlessZero(in.ChangedFrom), ChangedTo: unlessZero(in.ChangedTo),
		Text: personal.Plain(in.Text), Sort: readmodels.Sort(in.Sort), Ascending: in.Order == "asc", Limit: in.Limit, Cursor: in.Cursor,
	}
	for _, o := range in.Outcomes {
		q.Outcomes = append(q.Outcomes, application.Outcome(o))
	}
	if in.KnockedOut != "" {
		flagged := in.KnockedOut == "true"
		q.KnockedOut = &flagged
	}
	if in.Unread != "" {
		unread := in.Unread == "true"
		q.Unread = &unread
	}
	if in.Priority != "" {
		flagged := in.Priority == "true"
		q.Priority = &flagged
	}
	return q
}

// kept is a query within the jobs that the token is held to.
func kept(r *edge.Request, q readmodels.ListQuery) readmodels.ListQuery {
	jobs := r.Principal.Jobs
	switch {
	case len(jobs) == 0:
	case len(q.Jobs) == 0:
		q.Jobs = jobs
	default:
		q.Jobs = slices.DeleteFunc(slices.Clone(q.Jobs), func(id string) bool { return !slices.Contains(jobs, id) })
		if len(q.Jobs) == 0 {
			q.Jobs = []string{uuid.Nil.String()} // of no job
		}
	}
	return q
}

func unlessZero(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// pageInput chooses a page.
type pageInput struct {
	Freshness
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"Entries on a page"`
	Cursor string `query:"cursor" maxLength:"200" doc:"next_cursor of the page before"`
}

// timelineInput chooses a page of a timeline.
type timelineInput struct {
	Freshness
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"Entries on a page"`
	Cursor string `query:"cursor" maxLength:"200" doc:"next_cursor of the page before"`
	Of     string `query:"of" enum:"application,person" default:"application" doc:"Of this application, with those it goes on from; or of all that the person has, also of those they were merged with, as far as you may view each"`
}

// remarkInput chooses a page of notes or comments.
type remarkInput struct {
	Freshness
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"Entries on a page"`
	Cursor string `query:"cursor" maxLength:"200" doc:"next_cursor of the page before"`
}

func (in *remarkInput) query() readmodels.RemarkQuery {
	return readmodels.RemarkQuery{Limit: in.Limit, Cursor: in.Cursor}
}

// Items is a list that is not paged.
type Items[T any] struct {
	Items []T `json:"items"`
}

// ofApplication returns a route below an application.
func ofApplication(path, summary string, who edge.Who) edge.Route {
	return edge.Route{Path: "/v1/applications/{id}" + path, Summary: summary, Tag: "applications", Who: who}
}

func (a *API) applications(s *edge.Surface) {
	view := edge.Area(access.Application, access.View)
	read(a, s, edge.Route{
		Path: "/v1/applications", Summary: "List applications", Tag: "applications", Who: edge.SignedIn().And("of the applications they may view"), Keeps: true,
	}, func(ctx context.Context, r *edge.Request, in *ListInput) (readmodels.ApplicationPage, error) {
		return a.Core.Applications(ctx, r.Principal.Member, kept(r, in.query()), a.Now())
	})
	read(a, s, ofApplication("", "An application", view), func(ctx context.Context, r *edge.Request, _ *simple) (readmodels.Profile, error) {
		return a.profile(ctx, r)
	})
	read(a, s, ofApplication("/timeline", "What happened to an application", view),
		func(ctx context.Context, r *edge.Request, in *timelineInput) (readmodels.TimelinePage, error) {
			return a.Core.Timeline(ctx, r.Principal.Member, r.Param("id"), readmodels.TimelineQuery{Limit: in.Limit, Cursor: in.Cursor, Person: in.Of == "person", Jobs: r.Principal.Jobs}, a.Now())
		})
	read(a, s, ofApplication("/notes", "Notes of an application, newest first", edge.Area(access.Notes, access.View)),
		func(ctx context.Context, r *edge.Request, in *remarkInput) (readmodels.NotePage, error) {
			return a.Core.Notes(ctx, r.Principal.Member, r.Param("id"), in.query(), a.Now())
		})
	read(a, s, ofApplication("/comments", "Comments on an application, newest first", edge.Area(access.Comments, access.View)),
		func(ctx context.Context, r *edge.Request, in *remarkInput) (readmodels.CommentPage, error) {
			return a.Core.Comments(ctx, r.Principal.Member, r.Param("id"), in.query(), a.Now())
		})
	read(a, s, ofApplication("/candidate-view", "The candidate's page, as a preview", view.And("while self-tracking is on")),
		func(ctx context.Context, r *edge.Request, _ *simple) (readmodels.Tracking, error) {
			return a.Core.TrackingPreview(ctx, r.Principal.Member, r.Param("id"), a.Now())
		})
	read(a, s, ofApplication("/candidate-view/notes", "The notes on the candidate's page, newest first, as a preview", edge.Area(access.Notes, access.View).And("while self-tracking is on")),
		func(ctx context.Context, r *edge.Request, in *remarkInput) (readmodels.TrackedNotePage, error) {
			return a.Core.TrackedNotesPreview(ctx, r.Principal.Member, r.Param("id"), in.query(), a.Now())
		})
	read(a, s, ofApplication("/access", "Who may view an application, and why", view),
		func(ctx context.Context, r *edge.Request, _ *simple) (Items[readmodels.AccessEntry], error) {
			entries, err := a.Core.Access(ctx, r.Principal.Member, r.Param("id"), a.Now())
			return Items[readmodels.AccessEntry]{Items: entries}, err
		})
	explain := ofApplication("/access/explain", "Why a member may see an application, or may not", view.Only("of others with view on area access, auditors and admins"))
	explain.Doc = "Everything that gives the member rights on it, or did, with what it gives; which of it makes each level; and what is missing."
	read(a, s, explain, func(ctx context.Context, r *edge.Request, in *explainInput) (readmodels.Explanation, error) {
		of := in.Member
		if of == "" {
			of = r.Principal.Member
		}
		return a.Core.Explain(ctx, r.Principal.Member, of, r.Param("id"), a.Now())
	})
}

// explainInput says whose rights are explained.
type explainInput struct {
	Freshness
	Member string `query:"member_id" maxLength:"36" doc:"Whose rights; your own if you name nobody"`
}

func (a *API) profile(ctx context.Context, r *edge.Request) (readmodels.Profile, error) {
	p, err := a.Core.Profile(ctx, r.Principal.Member, r.Param("id"), a.Now())
	if jobs := r.Principal.Jobs; len(jobs) > 0 {
		all := len(p.Others)
		p.Others = slices.DeleteFunc(p.Others, func(o readmodels.OtherApplication) bool { return !slices.Contains(jobs, o.Job.ID) })
		p.OthersHidden = p.OthersHidden || len(p.Others) < all
		for _, linked := range []*readmodels.LinkedApplication{p.GoesOnFrom, p.WentOnAs} {
			if linked != nil && linked.Job != nil && !slices.Contains(jobs, linked.Job.ID) {
				linked.Job = nil
			}
		}
	}
	return p, err
}
