package readmodels

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"golang.org/x/text/collate"
	"golang.org/x/text/language"
)

// named is an application and what it is sorted by: collation keys of last and
// first name. Those without a name that opens for the viewer come last.
type named struct {
	id          uuid.UUID
	last, first []byte
	none        bool
}

func (n named) compare(o named) int {
	return cmp.Or(bytes.Compare(n.last, o.last), bytes.Compare(n.first, o.first), bytes.Compare(n.id[:], o.id[:]))
}

// byName returns a page of the list sorted by last name, then first name. The
// database does not know names, so all that answer the filters are opened and
// sorted here, at most MaxSorted. Errors: ErrTooManyToSort; ErrQuery if all names
// are hidden from the member.
func (c *Core) byName(ctx context.Context, l list, page *ApplicationPage) error {
	if l.reach.blind() {
		return ErrQuery.Because("The names are hidden from you, so that applications cannot be sorted by them.")
	}
	all, err := c.named(ctx, l)
	if err != nil {
		return err
	}
	page.Total = len(all)
	from := 0
	if l.after != nil {
		from = l.place(all)
	}
	to := min(from+l.query.Limit, len(all))
	ids := make([]uuid.UUID, 0, to-from)
	for _, n := range all[from:to] {
		ids = append(ids, n.id)
	}
	if err := c.chosen(ctx, l, page, ids); err != nil || to == len(all) {
		return err
	}
	return c.more(page, l, cursor{n: int64(to), id: all[to-1].id})
}

// place is where the page behind the cursor begins: after its application, or,
// if that one is gone from the list, where it would have been.
func (l list) place(all []named) int {
	if i := slices.IndexFunc(all, func(n named) bool { return n.id == l.after.id }); i >= 0 {
		return i + 1
	}
	return min(max(int(l.after.n)-1, 0), len(all))
}

// named returns all applications that answer the filters, sorted by name.
func (c *Core) named(ctx context.Context, l list) ([]named, error) {
	q := new(statement)
	found := l.find(q, keys{limit: MaxSorted + 1})
	rows, err := l.tx.Query(ctx, fmt.Sprintf(`
		SELECT a.application_id, person.first_name, person.last_name, person_key.wrapped
		FROM (%s) p JOIN %s a ON a.application_id = p.application_id
		LEFT JOIN %s person ON person.candidate_id = a.candidate_id AND NOT %s
		LEFT JOIN vault.keys person_key ON person_key.key_id = a.candidate_id AND person_key.owner = a.application_id`,
		found, l.reach.schema.Table("applications"), l.reach.schema.Table("people"), l.reach.masked(q, "a")), q.args...)
	if err != nil {
		return nil, err
	}
	order := collate.New(language.Und)
	var buffer collate.Buffer
	var all []named
	var id uuid.UUID
	var first, last, wrapped []byte
	_, err = pgx.ForEachRow(rows, []any{&id, &first, &last, &wrapped}, func() error {
		t := newTexts(c.vault, id.String(), false)
		n := named{id: id, none: true}
		for sealed, key := range map[*[]byte]*[]byte{&first: &n.first, &last: &n.last} {
			if len(*sealed) == 0 {
				continue
			}
			if name := t.opened(*sealed, wrapped, id.String()); name != nil {
				*key, n.none = slices.Clone(order.KeyFromString(&buffer, string(*name))), false
				buffer.Reset()
			}
		}
		all = append(all, n)
		return t.err
	})
	switch {
	case err != nil:
		return nil, err
	case len(all) > MaxSorted:
		return nil, ErrTooManyToSort
	}
	slices.SortFunc(all, func(a, b named) int {
		switch {
		case a.none != b.none && a.none:
			return 1
		case a.none != b.none:
			return -1
		case l.query.Ascending:
			return a.compare(b)
		}
		return b.compare(a)
	})
	return all, nil
}
