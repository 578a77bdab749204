package view_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/domaintest"
	"github.com/hirelog/hirelog/domain/view"
)

type (
	events = []view.Event
	when   = func(view.View) ([]view.Event, error)
	row    = domaintest.Case[view.View, view.Event]
)

var (
	s     = domaintest.By(domain.Member("m1"))
	saved = view.Saved{Stamp: s, Content: view.Content{Name: "Mine"}}
	gone  = view.Deleted{Stamp: s}
)

func TestStored(t *testing.T) {
	yes, at := true, s.At
	domaintest.Stored[view.Event](
		t, "view", view.Codec,
		view.Saved{Stamp: s, Content: view.Content{
			Name: "Mine", Shared: true, Columns: []view.Column{view.LastName}, Sort: "name", Order: "asc",
			Filter: view.Filter{
				Jobs: []string{"j1"}, Stages: []string{"s1"}, Outcomes: []application.Outcome{application.InProgress}, AnyTags: []string{"t1"}, AllTags: []string{"t2"},
				Priority: &yes, KnockedOut: &yes, Unread: &yes, Sources: []string{"web"}, Owner: "m1", ReceivedFrom: &at, ReceivedTo: &at, ChangedFrom: &at, ChangedTo: &at,
			},
		}},
		gone,
	)
}

// S2-109: a view has a name, filters, columns of the list and an order.
func TestSave(t *testing.T) {
	save := func(c view.Content) when {
		return func(v view.View) ([]view.Event, error) { return v.Save(c, s) }
	}
	local := s.At.In(time.FixedZone("there", 3600))
	domaintest.Run(t, view.View.Fold, []row{
		{Name: "a view", When: save(view.Content{Name: " Mine "}), Want: events{saved}},
		{Name: "the same", Given: events{saved}, When: save(view.Content{Name: "Mine"})},
		{Name: "another", Given: events{saved}, When: save(view.Content{Name: "Mine", Sort: "name"}), Want: events{view.Saved{Stamp: s, Content: view.Content{Name: "Mine", Sort: "name"}}}},
		{Name: "times are stored alike", When: save(view.Content{Name: "Mine", Filter: view.Filter{ReceivedFrom: &local}}), Want: events{view.Saved{Stamp: s, Content: view.Content{Name: "Mine", Filter: view.Filter{ReceivedFrom: &s.At}}}}},
		{Name: "no name", When: save(view.Content{}), Err: domain.ErrInvalid, Says: "The name is required"},
		{Name: "no such column", When: save(view.Content{Name: "x", Columns: []view.Column{"salary"}}), Err: domain.ErrInvalid, Says: "columns of the list"},
		{Name: "a column twice", When: save(view.Content{Name: "x", Columns: []view.Column{view.Email, view.Email}}), Err: domain.ErrInvalid, Says: "each once"},
		{Name: "no such order", When: save(view.Content{Name: "x", Sort: "rating"}), Err: domain.ErrInvalid, Says: "is sorted by"},
		{Name: "too much", When: save(view.Content{Name: "x", Filter: view.Filter{Jobs: make([]string, 51)}}), Err: domain.ErrInvalid, Says: "at most 50"},
		{Name: "nothing named", When: save(view.Content{Name: "x", Filter: view.Filter{Jobs: []string{""}}}), Err: domain.ErrInvalid, Says: "is required"},
		{Name: "of one that was deleted", Given: events{saved, gone}, When: save(view.Content{Name: "Mine"}), Err: view.ErrUnknown},
		{Name: "deleted", Given: events{saved}, When: func(v view.View) ([]view.Event, error) { return v.Delete(s) }, Want: events{gone}},
		{Name: "deleted once", Given: events{saved, gone}, When: func(v view.View) ([]view.Event, error) { return v.Delete(s) }},
		{Name: "none is deleted", When: func(v view.View) ([]view.Event, error) { return v.Delete(s) }, Err: view.ErrUnknown},
	}...)
}

func TestRandom(t *testing.T) {
	domaintest.Aggregate[view.View, view.Event]{
		Codec: view.Codec, Fold: view.View.Fold,
		Ask: func(t *rapid.T, s domain.Stamp) func(view.View) ([]view.Event, error) {
			c := view.Content{
				Name: rapid.SampledFrom([]string{"Mine", "Ours", ""}).Draw(t, "name"), Shared: rapid.Bool().Draw(t, "shared"),
				Sort: rapid.SampledFrom([]string{"", "name", "x"}).Draw(t, "sort"),
			}
			return rapid.SampledFrom([]when{
				func(v view.View) ([]view.Event, error) { return v.Save(c, s) },
				func(v view.View) ([]view.Event, error) { return v.Save(c, s) },
				func(v view.View) ([]view.Event, error) { return v.Delete(s) },
			}).Draw(t, "command")
		},
		Holds: func(before view.View, _ view.Event, after view.View) string {
			switch {
			case after.Owner == "" || after.Content.Name == "":
				return "a view of nobody, or without a name"
			case before.Owner != "" && before.Owner != after.Owner:
				return "it has another owner"
			case before.Deleted:
				return "something happened to what was deleted"
			}
			return ""
		},
	}.Random(t)
}

func FuzzDecode(f *testing.F) {
	domaintest.Fuzz(f, view.Codec, view.View.Fold, events{saved}, func(v view.View) {
		_, _ = v.Save(view.Content{Name: "x"}, s)
		_, _ = v.Delete(s)
	})
}
