package projections

import (
	"context"

	"github.com/hirelog/hirelog/domain/bulk"
	"github.com/hirelog/hirelog/domain/view"
	"github.com/hirelog/hirelog/readmodels"
)

// lists keeps what members do with the list of applications: actions on many of
// them, and saved views.
type lists struct {
	bulks *Rows[readmodels.BulkRow]
	items *Rows[readmodels.BulkItemRow]
	views *Rows[readmodels.ViewRow]
}

func newLists() *lists {
	return &lists{bulks: NewRows(readmodels.BulkActions()), items: NewRows(readmodels.BulkItems()), views: NewRows(readmodels.Views())}
}

// Name implements Model.
func (*lists) Name() string { return "lists" }

// Tables implements Model.
func (m *lists) Tables() []AnyTable { return []AnyTable{m.bulks, m.items, m.views} }

// Need implements Model.
func (m *lists) Need(f Fact) {
	switch e := f.Body.(type) {
	case bulk.Event:
		m.bulks.Need(f.Aggregate)
		switch e := e.(type) {
		case bulk.ItemsDone:
			for i := range e.Outcomes {
				m.items.Need(readmodels.BulkItemKey(f.Aggregate, e.From+i))
			}
		case bulk.ItemsUndone:
			for _, r := range e.Reversals {
				m.items.Need(readmodels.BulkItemKey(f.Aggregate, r.Item))
			}
		case bulk.Started, bulk.UndoStarted:
		}
	case view.Event:
		m.views.Need(f.Aggregate)
	}
}

// Apply implements Model.
func (m *lists) Apply(_ context.Context, f Fact) error {
	switch e := f.Body.(type) {
	case bulk.Event:
		m.bulk(f, e)
	case view.Event:
		m.view(f, e)
	}
	return nil
}

func (m *lists) bulk(f Fact, e bulk.Event) {
	r, _ := m.bulks.Get(f.Aggregate)
	r.ID, r.Revision = f.Aggregate, int64(f.Revision)
	switch e := e.(type) {
	case bulk.Started:
		r.By, r.At, r.Total = e.By, e.At, int64(len(e.Items))
		r.Action.V = targetOf(e.Action)
		for i, id := range e.Items {
			m.items.Put(readmodels.BulkItemRow{Key: readmodels.BulkItemKey(f.Aggregate, i), Bulk: f.Aggregate, Place: int64(i), Application: id})
		}
	case bulk.ItemsDone:
		for i, o := range e.Outcomes {
			item, _ := m.items.Get(readmodels.BulkItemKey(f.Aggregate, e.From+i))
			item.Result, item.Code = &o.Result, optional(o.Code)
			m.items.Put(item)
			switch o.Result {
			case bulk.Changed:
				r.Changed++
			case bulk.Unchanged:
				r.Unchanged++
			case bulk.Refused:
				r.Refused++
			}
		}
		if e.Left == 0 {
			r.FinishedAt = when(f)
		}
	case bulk.UndoStarted:
		r.UndoBy, r.UndoAt = &e.By, when(f)
	case bulk.ItemsUndone:
		for _, o := range e.Reversals {
			item, _ := m.items.Get(readmodels.BulkItemKey(f.Aggregate, o.Item))
			item.Undone, item.UndoCode = &o.Result, optional(o.Code)
			m.items.Put(item)
			if o.Result == bulk.Refused {
				r.NotUndone++
			} else {
				r.Undone++
			}
		}
		if e.Left == 0 {
			r.UndoFinishedAt = when(f)
		}
	}
	m.bulks.Put(r)
}

// targetOf is what an action does, in ids.
func targetOf(a bulk.Action) readmodels.BulkTarget {
	t := readmodels.BulkTarget{Kind: a.Kind, Stage: optional(a.Stage), As: optional(a.As), Reason: optional(a.Reason), Tag: optional(a.Tag), Owner: optional(a.Owner), Job: optional(a.Job)}
	if a.Document != nil {
		t.Category = &a.Document.Category
	}
	if a.Letter != nil {
		t.Template = optional(a.Letter.Template)
	}
	return t
}

func (m *lists) view(f Fact, e view.Event) {
	switch e := e.(type) {
	case view.Saved:
		r, known := m.views.Get(f.Aggregate)
		if !known {
			r.ID, r.Owner = f.Aggregate, e.By
		}
		r.Content.V, r.Shared, r.ChangedAt, r.Revision = e.Content, e.Content.Shared, e.At, int64(f.Revision)
		m.views.Put(r)
	case view.Deleted:
		m.views.Delete(f.Aggregate)
	}
}
