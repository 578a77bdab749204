package queryapi

import (
	"context"

	"github.com/hirelog/hirelog/readmodels"
	"github.com/hirelog/hirelog/transport/edge"
)

// pipelineInput are the filters of a job's pipeline: those of the list, within
// the job and among live applications.
type pipelineInput struct {
	Freshness
	Stage      string   `query:"stage_id" maxLength:"36" doc:"One column alone"`
	AnyTags    []string `query:"any_tag,explode" maxItems:"50" doc:"At least one of these tags, by id"`
	AllTags    []string `query:"all_tags,explode" maxItems:"50" doc:"Each of these tags, by id"`
	Priority   string   `query:"priority" enum:"true,false" doc:"Flagged or not"`
	KnockedOut string   `query:"knocked_out" enum:"true,false" doc:"Flagged by an answer to the application form, or not"`
	Unread     string   `query:"unread" enum:"true,false" doc:"With comments you have not read or messages that nobody took care of, or without; only where you may view them"`
	Sources    []string `query:"source,explode" maxItems:"50" doc:"Any of these sources"`
	Owner      string   `query:"owner_id" maxLength:"36" doc:"Member responsible"`
	Text       string   `query:"q" maxLength:"200" doc:"Words, each the beginning of a word of the name, or the e-mail address"`
	Sort       string   `query:"sort" enum:"received,changed" default:"received"`
	Order      string   `query:"order" enum:"asc,desc" default:"desc" doc:"desc is newest first"`
	Limit      int      `query:"limit" minimum:"1" maximum:"50" default:"20" doc:"Cards of a column"`
	Cursor     string   `query:"cursor" maxLength:"200" doc:"next_cursor of a column, with its stage_id and the same filters"`
}

func (a *API) pipeline(s *edge.Surface) {
	read(a, s, edge.Route{
		Path: "/v1/jobs/{id}/pipeline", Summary: "Live applications of a job, by stage", Tag: "jobs",
		Who: edge.SignedIn().And("who may know of the job, of the applications they may view"),
	}, func(ctx context.Context, r *edge.Request, in *pipelineInput) (readmodels.Pipeline, error) {
		filters := ListInput{
			AnyTags: in.AnyTags, AllTags: in.AllTags, Priority: in.Priority, KnockedOut: in.KnockedOut, Unread: in.Unread, Sources: in.Sources,
			Owner: in.Owner, Text: in.Text, Sort: in.Sort, Order: in.Order, Limit: in.Limit, Cursor: in.Cursor,
		}
		return a.Core.Pipeline(ctx, r.Principal.Member, readmodels.PipelineQuery{Job: r.Param("id"), Stage: in.Stage, ListQuery: filters.query()}, a.Now())
	})
}
