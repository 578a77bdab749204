package readmodels

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/hirelog/hirelog/domain"
	saved "github.com/hirelog/hirelog/domain/view"
)

// ViewRow is a row of table views: a saved view of the list.
type ViewRow struct {
	ID        string
	Owner     domain.Actor
	Shared    bool
	Content   JSON[saved.Content]
	ChangedAt time.Time
	Revision  int64
}

// Views returns table views.
func Views() Table[ViewRow] {
	return Table[ViewRow]{
		Name: "views",
		Key:  func(r *ViewRow) *string { return &r.ID },
		Columns: []Column[ViewRow]{
			Col("view_id", "uuid", func(r *ViewRow) *string { return &r.ID }),
			Col("owner", "text", func(r *ViewRow) *domain.Actor { return &r.Owner }),
			Col("shared", "boolean", func(r *ViewRow) *bool { return &r.Shared }),
			Col("content", "jsonb", func(r *ViewRow) *JSON[saved.Content] { return &r.Content }),
			Col("changed_at", "timestamptz", func(r *ViewRow) *time.Time { return &r.ChangedAt }),
			Col("revision", "bigint", func(r *ViewRow) *int64 { return &r.Revision }),
		},
		Indexes: []string{`CREATE INDEX {name}_owner ON {table} (owner)`},
	}
}

// SavedView is a saved view of the list.
type SavedView struct {
	ID       string `json:"id" format:"uuid"`
	Revision int64  `json:"revision" doc:"For If-Match"`
	saved.Content
	By        By        `json:"by" doc:"Whose it is"`
	Own       bool      `json:"own" doc:"Whether it is yours"`
	ChangedAt time.Time `json:"changed_at"`
}

// MaxViews is the most views that are listed, one's own before those of others.
const MaxViews = 500

// Views returns the views of member and those that are shared, by name, of more
// than MaxViews the member's own and then the first.
// Errors: ErrNotFound for who is no active member.
func (c *Core) Views(ctx context.Context, member string, now time.Time) ([]SavedView, error) {
	return c.views(ctx, member, "", now)
}

// View returns a view of member, or one that is shared. Errors: ErrNotFound.
func (c *Core) View(ctx context.Context, member, id string, now time.Time) (SavedView, error) {
	if !isID(id) {
		return SavedView{}, ErrNotFound
	}
	found, err := c.views(ctx, member, id, now)
	switch {
	case err != nil:
		return SavedView{}, err
	case len(found) == 0:
		return SavedView{}, ErrNotFound
	}
	return found[0], nil
}

func (c *Core) views(ctx context.Context, member, id string, now time.Time) ([]SavedView, error) {
	all := []SavedView{}
	err := c.snapshot(ctx, "views", func(tx pgx.Tx, s Schema) error {
		v, err := sightOf(ctx, tx, s, member, now)
		switch {
		case err != nil:
			return err
		case v.role == "":
			return ErrNotFound
		}
		q, t := new(statement), Views()
		own := domain.Member(member)
		where := "(owner = " + q.arg(string(own)) + " OR shared)"
		if id != "" {
			where += " AND view_id = " + q.arg(id)
		}
		rows, err := tx.Query(ctx, "SELECT "+t.ColumnList()+" FROM "+s.Table(t.Name)+" WHERE "+where+
			" ORDER BY owner <> "+q.arg(string(own))+", content ->> 'name', view_id LIMIT "+q.arg(MaxViews), q.args...)
		if err != nil {
			return err
		}
		found, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (ViewRow, error) { return t.Scan(row) })
		if err != nil {
			return err
		}
		names := newTexts(c.vault, "", false)
		for _, r := range found {
			names.wantBy(r.Owner)
		}
		if err := names.loadNow(ctx, tx, s); err != nil {
			return err
		}
		for _, r := range found {
			all = append(all, SavedView{ID: r.ID, Revision: r.Revision, Content: r.Content.V, By: names.by(r.Owner), Own: r.Owner == own, ChangedAt: r.ChangedAt})
		}
		slices.SortStableFunc(all, func(a, b SavedView) int { return cmp.Compare(a.Name, b.Name) })
		return names.err
	})
	return all, err
}
