package historytest

import (
	"fmt"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/bulk"
	"github.com/hirelog/hirelog/domain/view"
)

// bulk decides something about an action on many applications.
func (h *History) bulk(id string, by domain.Actor, decide func(bulk.Bulk, domain.Stamp) ([]bulk.Event, error)) {
	h.t.Helper()
	events, err := decide(h.bulks[id], h.Stamp(by))
	h.bulks[id] = h.bulks[id].Fold(record(h, bulk.Codec, "bulk-"+id, events, err)...)
}

// saveView decides something about a saved view.
func (h *History) saveView(id string, by domain.Actor, decide func(view.View, domain.Stamp) ([]view.Event, error)) {
	h.t.Helper()
	events, err := decide(h.views[id], h.Stamp(by))
	h.views[id] = h.views[id].Fold(record(h, view.Codec, "view-"+id, events, err)...)
}

// randomBulk starts an action on some applications and has it run, and perhaps
// undone; how it went is made up.
func (c *Company) randomBulk(by domain.Actor) {
	items := c.ApplicationIDs[:min(len(c.ApplicationIDs), 1+c.r.IntN(4))]
	id := c.ID()
	action := c.randomAction(id)
	c.bulk(id, by, func(b bulk.Bulk, s domain.Stamp) ([]bulk.Event, error) { return b.Start(action, items, s) })
	for i := range items {
		o := []bulk.Outcome{{Result: bulk.Changed, Revision: 3}, {Result: bulk.Unchanged}, {Result: bulk.Refused, Code: "denied"}}[c.r.IntN(3)]
		c.bulk(id, domain.System, func(b bulk.Bulk, s domain.Stamp) ([]bulk.Event, error) { return b.Record(i, []bulk.Outcome{o}, s) })
		if c.r.IntN(5) == 0 {
			return
		}
	}
	if action.Kind != bulk.Anonymise { // which is for good
		c.undoBulk(id, by)
	}
}

// randomAction is what is done to many.
func (c *Company) randomAction(id string) bulk.Action {
	switch c.r.IntN(4) {
	case 0:
		return bulk.Action{Kind: bulk.Message, Letter: &bulk.Letter{
			Template: c.ID(), Subject: c.Text(id, id, "News"), Text: c.Text(id, id, "Dear {{candidate.first_name}}"), LeaveOutTold: true,
		}}
	case 1:
		return bulk.Action{Kind: bulk.Transfer, Job: c.JobIDs[0], Text: c.Text(id, id, "a better fit")}
	case 2:
		return bulk.Action{Kind: bulk.Anonymise}
	}
	return bulk.Action{Kind: bulk.Tag, Tag: c.TagIDs[0]}
}

// undoBulk takes back what an action changed; every second time that fails.
func (c *Company) undoBulk(id string, by domain.Actor) {
	c.bulk(id, by, func(b bulk.Bulk, s domain.Stamp) ([]bulk.Event, error) {
		return b.Undo(c.Text(c.ID(), id, "a mistake"), s)
	})
	for i, place := range c.bulks[id].Changed {
		r := bulk.Reversal{Item: place, Result: bulk.Changed}
		if i%2 == 1 {
			r = bulk.Reversal{Item: place, Result: bulk.Refused, Code: "changed_since"}
		}
		c.bulk(id, domain.System, func(b bulk.Bulk, s domain.Stamp) ([]bulk.Event, error) {
			return b.RecordUndone([]bulk.Reversal{r}, s)
		})
	}
}

// randomView saves a view, changes it or deletes it.
func (c *Company) randomView(by domain.Actor) {
	id := named("view", fmt.Sprint(c.r.IntN(3)))
	c.saveView(id, by, func(v view.View, s domain.Stamp) ([]view.Event, error) {
		switch {
		case v.Deleted:
			return nil, nil
		case v.Owner != "" && c.r.IntN(4) == 0:
			return v.Delete(s)
		}
		return v.Save(view.Content{Name: fmt.Sprintf("View %d", c.r.IntN(3)), Shared: c.r.IntN(2) == 0, Columns: []view.Column{view.LastName}}, s)
	})
}

// listsOnce lets everything happen to an action and to a view.
func (c *Company) listsOnce(application string, by domain.Actor) {
	id := c.ID()
	c.bulk(id, by, func(b bulk.Bulk, s domain.Stamp) ([]bulk.Event, error) {
		return b.Start(bulk.Action{Kind: bulk.Tag, Tag: c.TagIDs[0], Text: c.Text(id, id, "why")}, []string{application, c.ID()}, s)
	})
	c.bulk(id, domain.System, func(b bulk.Bulk, s domain.Stamp) ([]bulk.Event, error) {
		return b.Record(0, []bulk.Outcome{{Result: bulk.Changed, Revision: 1}, {Result: bulk.Refused, Code: "unknown_application"}}, s)
	})
	c.undoBulk(id, by)
	for _, name := range []string{"A view", "Another view"} {
		c.saveView(named("view", name), by, func(v view.View, s domain.Stamp) ([]view.Event, error) {
			return v.Save(view.Content{Name: name, Shared: true}, s)
		})
	}
	c.saveView(named("view", "A view"), by, view.View.Delete)
}
