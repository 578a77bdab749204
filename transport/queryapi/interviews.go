package queryapi

import (
	"context"
	"fmt"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/personal"
	"github.com/hirelog/hirelog/internal/calendar"
	"github.com/hirelog/hirelog/readmodels"
	"github.com/hirelog/hirelog/transport/edge"
)

// clashInput says who would meet when.
type clashInput struct {
	Freshness
	Start   string   `query:"start" required:"true" maxLength:"16" doc:"Date and time of day by the clocks of the zone, as 2026-03-02T09:30"`
	Zone    string   `query:"zone" required:"true" maxLength:"64" doc:"IANA time zone"`
	Minutes int      `query:"minutes" required:"true" minimum:"1" maximum:"1440" doc:"How long it would last"`
	Members []string `query:"participant_id,explode" required:"true" minItems:"1" maxItems:"30" doc:"Members who would take part"`
}

func (a *API) interviews(s *edge.Surface) {
	view := edge.Area(access.Interviews, access.View)
	list := ofApplication("/interviews", "Interviews of an application", view)
	list.Doc = "Today's first, then upcoming ones, soonest first, then past ones, newest first."
	read(a, s, list, func(ctx context.Context, r *edge.Request, _ *simple) (Items[readmodels.Interview], error) {
		items, err := a.Core.Interviews(ctx, r.Principal.Member, r.Param("id"), a.Now())
		return Items[readmodels.Interview]{Items: items}, err
	})
	read(a, s, ofApplication("/interviews/{interview}", "An interview", view), func(ctx context.Context, r *edge.Request, _ *simple) (readmodels.Interview, error) {
		return a.interview(ctx, r)
	})
	file := ofApplication("/interviews/{interview}/calendar", "An interview as an iCalendar file", view)
	file.Method, file.Download = http.MethodGet, true
	file.Doc = "None of one that went on with the application (went_on): that is the other one's."
	edge.Handle(s, file, func(ctx context.Context, in *simple) (*huma.StreamResponse, error) {
		if _, err := a.fresh(ctx, &in.Freshness); err != nil {
			return nil, err
		}
		r := edge.RequestOf(ctx)
		i, err := a.interview(ctx, r)
		switch {
		case err != nil:
			return nil, err
		case i.WentOn:
			return nil, edge.ErrNotFound
		}
		if err := a.noteRead(ctx, r, file, nil); err != nil {
			return nil, err
		}
		return calendarAnswer(r, a.calendar([]readmodels.Interview{i})), nil
	})
	read(a, s, edge.Route{
		Path: "/v1/me/interviews", Summary: "Interviews that you take part in", Tag: "members", Who: edge.SignedIn().And("of the interviews they may view"),
		Doc: fmt.Sprintf("At most %d, those that start last.", readmodels.MaxMyInterviews),
	}, func(ctx context.Context, r *edge.Request, _ *simple) (Items[readmodels.Interview], error) {
		items, err := a.Core.MyInterviews(ctx, r.Principal.Member, a.Now())
		return Items[readmodels.Interview]{Items: items}, err
	})
	read(a, s, edge.Route{
		Path: "/v1/interview-clashes", Summary: "When members are busy with something else", Tag: "applications", Who: edge.SignedIn(),
		Doc: "Planned interviews that overlap the time named, and what members' own calendars say of that time, to be asked before one is scheduled or moved. It says when, and what it is only of interviews you may view. Nothing is forbidden by it. Whose calendar is not known, /v1/busy-times says.",
	}, func(ctx context.Context, r *edge.Request, in *clashInput) (Items[readmodels.Busy], error) {
		starts, ends, err := application.InterviewTime{Start: in.Start, Zone: in.Zone, Minutes: in.Minutes}.Span()
		if err != nil {
			return Items[readmodels.Busy]{}, err
		}
		items, err := a.Core.Interviewing(ctx, r.Principal.Member, in.Members, starts, ends, a.Now())
		if err == nil {
			items, err = a.clashing(ctx, r.Principal.Member, in.Members, starts, ends, items)
		}
		return Items[readmodels.Busy]{Items: items}, err
	})
}

func (a *API) interview(ctx context.Context, r *edge.Request) (readmodels.Interview, error) {
	return a.Core.Interview(ctx, r.Principal.Member, r.Param("id"), r.Param("interview"), a.Now())
}

// calendar returns interviews as an iCalendar object.
func (a *API) calendar(interviews []readmodels.Interview) string {
	events := make([]calendar.Event, len(interviews))
	for n, i := range interviews {
		events[n] = calendar.Event{
			ID: i.CalendarID, Sequence: i.Sequence, Starts: i.StartsAt, Ends: i.EndsAt, Cancelled: i.Status == application.StatusCancelled,
			Title: plainOf(i.Title), Description: plainOf(i.Description), Place: plainOf(i.Place), Link: plainOf(i.Link),
		}
	}
	return calendar.Published(a.Now(), events...)
}

func orNothing(text *personal.Plain) string { return string(plainOf(text)) }

func plainOf(text *personal.Plain) personal.Plain {
	if text == nil {
		return ""
	}
	return *text
}

// calendarAnswer answers with an iCalendar object, to be saved.
func calendarAnswer(r *edge.Request, object string) *huma.StreamResponse {
	return &huma.StreamResponse{Body: func(huma.Context) {
		w := r.Writer()
		w.Header().Set("Content-Type", "text/calendar; charset=utf-8")
		w.Header().Set("Content-Disposition", disposition("attachment", "interviews.ics"))
		w.WriteHeader(http.StatusOK)
		if !r.Head() {
			_, _ = w.Write([]byte(object)) // whoever hung up wants no answer
		}
	}}
}
