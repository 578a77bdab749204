package readmodels

import (
	"bytes"
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// maxGathered is how many applications are gathered at most before a page of
// them is sorted. Walking a million in the list's order until a page has been met
// takes longer if fewer than so many answer the filters.
const maxGathered = 5000

// gathers reports whether all that answer the filters are to be gathered before
// the page is: tags and words are found in no order, so that finding the first
// ones takes as long as finding all, and so does counting them.
func (l list) gathers() bool { return l.tags() || l.query.Text != "" }

// most is how many applications are gathered at most. Tags are in the indexes
// that are walked, words are not; and those of a job are all counted.
func (l list) most() int {
	if l.query.Text != "" || len(l.query.Jobs) == 1 {
		return maxGathered
	}
	return MaxCounted
}

// place is where an application stands in a list by time.
type place struct {
	id uuid.UUID
	at time.Time
}

func (p place) compare(o place) int {
	return cmp.Or(p.at.Compare(o.at), bytes.Compare(p.id[:], o.id[:]))
}

// gather returns all that answer the filters in the list's order, or false if
// they are more than are gathered.
func (l list) gather(ctx context.Context) ([]place, bool, error) {
	q := new(statement)
	rows, err := l.tx.Query(ctx, l.find(q, keys{limit: l.most() + 1}), q.args...)
	if err != nil {
		return nil, false, err
	}
	found, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (p place, err error) {
		err = row.Scan(&p.id, &p.at)
		return p, err
	})
	if err != nil || len(found) > l.most() {
		return nil, false, err
	}
	slices.SortFunc(found, func(a, b place) int {
		if l.query.Ascending {
			return a.compare(b)
		}
		return b.compare(a)
	})
	return found, true, nil
}

// gathered makes the page of all that were gathered.
func (c *Core) gathered(ctx context.Context, l list, page *ApplicationPage, found []place) error {
	page.Total = len(found)
	if len(l.query.Jobs) != 1 && page.Total > MaxCounted {
		page.Total, page.TotalCapped = MaxCounted, true
	}
	found = l.behindOf(found)
	shown := found[:min(l.query.Limit, len(found))]
	ids := make([]uuid.UUID, len(shown))
	for i, p := range shown {
		ids[i] = p.id
	}
	if err := c.chosen(ctx, l, page, ids); err != nil || len(shown) == len(found) {
		return err
	}
	last := shown[len(shown)-1]
	return c.more(page, l, cursor{at: last.at, id: last.id})
}

// behindOf returns those of found, in the list's order, that come after the
// cursor.
func (l list) behindOf(found []place) []place {
	if l.after == nil {
		return found
	}
	after := place{l.after.id, l.after.at}
	i := slices.IndexFunc(found, func(p place) bool {
		if l.query.Ascending {
			return p.compare(after) > 0
		}
		return p.compare(after) < 0
	})
	if i < 0 {
		return nil
	}
	return found[i:]
}
