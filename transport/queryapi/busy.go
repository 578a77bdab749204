package queryapi

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"github.com/hirelog/hirelog/commands"
	"github.com/hirelog/hirelog/domain/member"
	"github.com/hirelog/hirelog/domain/personal"
	"github.com/hirelog/hirelog/internal/freebusy"
	"github.com/hirelog/hirelog/readmodels"
	"github.com/hirelog/hirelog/transport/edge"
)

// busyInput says whose busy times are asked for, and of when.
type busyInput struct {
	Freshness
	Members []string  `query:"participant_id,explode" required:"true" minItems:"1" maxItems:"30" doc:"Members"`
	From    time.Time `query:"from" required:"true" doc:"Then or later"`
	To      time.Time `query:"to" required:"true" doc:"Before; at most 31 days later"`
}

// BusyTimes are when a member is busy.
type BusyTimes struct {
	MemberID string              `json:"member_id" format:"uuid"`
	Known    bool                `json:"calendar_known" doc:"Whether their own calendar was read. If not, they named none, or it did not answer, and only interviews are here"`
	Busy     []freebusy.Interval `json:"busy" doc:"In order, without overlaps"`
}

// OwnBusyAddress is where one's own busy times are.
type OwnBusyAddress struct {
	Kind    *member.BusyKind `json:"kind" enum:"calendar,caldav" doc:"Null while there is none"`
	Address *personal.Plain  `json:"address"`
	User    *personal.Plain  `json:"user"`
}

func (a *API) busyTimes(s *edge.Surface) {
	read(a, s, edge.Route{
		Path: "/v1/me/busy-address", Summary: "Where your busy times are", Tag: "members", Who: edge.SignedIn(),
	}, func(ctx context.Context, r *edge.Request, _ *simple) (OwnBusyAddress, error) {
		var own OwnBusyAddress
		list, err := a.Core.BusyAddresses(ctx, []string{r.Principal.Member})
		for _, b := range list {
			own = OwnBusyAddress{Kind: &b.Kind, Address: b.Address, User: b.User}
		}
		return own, err
	})
	times := edge.Route{
		Path: "/v1/busy-times", Summary: "When members are busy", Tag: "applications", Who: edge.SignedIn().And("who has an organisation role"),
		Doc: "What the calendars say that they named, and the interviews they take part in: when, and never what. Calendars are read while you wait, and what they said counts for a minute.",
	}
	read(a, s, times, func(ctx context.Context, r *edge.Request, in *busyInput) (Items[BusyTimes], error) {
		if !in.From.Before(in.To) || in.To.Sub(in.From) > freebusy.MaxSpan {
			return Items[BusyTimes]{}, edge.Invalid("query.to", "must be after from, by at most 31 days")
		}
		interviews, err := a.Core.Interviewing(ctx, r.Principal.Member, in.Members, in.From, in.To, a.Now())
		if err != nil {
			return Items[BusyTimes]{}, err
		}
		known, err := a.calendars(ctx, r.Principal.Member, in.Members, in.From, in.To)
		if err != nil {
			return Items[BusyTimes]{}, err
		}
		items := []BusyTimes{}
		for _, m := range slices.Compact(slices.Sorted(slices.Values(in.Members))) {
			busy, read := known[m]
			busy = slices.Clone(busy)
			for _, i := range interviews {
				if i.MemberID == m {
					busy = append(busy, freebusy.Interval{StartsAt: i.StartsAt, EndsAt: i.EndsAt})
				}
			}
			items = append(items, BusyTimes{MemberID: m, Known: read, Busy: freebusy.Merged(busy, in.From, in.To)})
		}
		return Items[BusyTimes]{Items: items}, nil
	})
}

// calendars reads the calendars that members named, for who has an organisation
// role. A member who is not in the answer named none, or it was not to be read.
func (a *API) calendars(ctx context.Context, viewer string, members []string, from, to time.Time) (map[string][]freebusy.Interval, error) {
	known := map[string][]freebusy.Interval{}
	if a.Calendars == nil {
		return known, nil
	}
	role, err := a.Core.OrganizationRole(ctx, viewer, a.Now())
	switch {
	case err != nil:
		return nil, err
	case role == "":
		return nil, commands.ErrDenied
	}
	addresses, err := a.Core.BusyAddresses(ctx, members)
	if err != nil {
		return nil, err
	}
	var mu sync.Mutex
	var reading sync.WaitGroup
	for _, b := range addresses {
		if b.Address == nil {
			continue // destroyed
		}
		reading.Go(func() {
			busy, err := a.Calendars.Busy(ctx, freebusy.Address{
				ID: b.ID, URL: orNothing(b.Address), CalDAV: b.Kind == member.BusyCalDAV, User: orNothing(b.User), Password: orNothing(b.Password),
			}, from, to)
			if err != nil {
				return // who asks is not told why
			}
			mu.Lock()
			defer mu.Unlock()
			known[b.Member] = busy
		})
	}
	reading.Wait()
	return known, nil
}

// clashing adds to the interviews that overlap a time what calendars say of it.
func (a *API) clashing(ctx context.Context, viewer string, members []string, from, to time.Time, clashes []readmodels.Busy) ([]readmodels.Busy, error) {
	known, err := a.calendars(ctx, viewer, members, from, to)
	if err != nil {
		return nil, err
	}
	for m, busy := range known {
		for _, i := range busy {
			clashes = append(clashes, readmodels.Busy{MemberID: m, StartsAt: i.StartsAt, EndsAt: i.EndsAt})
		}
	}
	slices.SortStableFunc(clashes, func(x, y readmodels.Busy) int {
		return cmp.Or(x.StartsAt.Compare(y.StartsAt), cmp.Compare(x.MemberID, y.MemberID))
	})
	return clashes, nil
}
