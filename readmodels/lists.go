package readmodels

import (
	"context"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/organization"
)

// Organization is what the installation is called and has switched on.
type Organization struct {
	Name     string   `json:"name"`
	Revision int64    `json:"revision" doc:"For If-Match; -1 before it was founded"`
	Settings Settings `json:"settings"`
}

// Organization returns name and settings, which every active member may know.
// Errors: ErrNotFound for anybody else.
func (c *Core) Organization(ctx context.Context, member string, now time.Time) (Organization, error) {
	o := Organization{Revision: -1}
	err := c.known(ctx, "organization", member, now, func(tx pgx.Tx, s Schema) error {
		var settings []SettingsRow
		b := new(pgx.Batch)
		queueRows(b, s, SettingsTable(), &settings, "organization_id = $1", organization.ID)
		if err := send(ctx, tx, b); err != nil {
			return err
		}
		for _, r := range settings {
			o = Organization{Name: r.Name, Revision: r.Revision, Settings: r.Settings}
		}
		return nil
	})
	return o, err
}

// Defined is a list of the organisation's own, with the revision that a change
// of any of it names.
type Defined[T any] struct {
	Revision int64 `json:"revision" doc:"Of the organisation; for If-Match"`
	Items    []T   `json:"items"`
}

// Lists says who asks for a list of the organisation, which every active member
// may know.
type Lists struct {
	Member  string
	Now     time.Time
	Retired bool // what was retired too
}

// listed reads a list: the rows of t in an order, without those retired from
// list unless they are asked for. entry is the column of the entry's id; where
// may name other tables as {schema}.table.
// Errors: ErrNotFound for who is no active member.
func listed[R, T any](ctx context.Context, c *Core, ask Lists, list organization.List, t Table[R], entry, where string, shown func(r R, retired func(id string) bool) T) (Defined[T], error) {
	d := Defined[T]{Revision: -1, Items: []T{}}
	err := c.known(ctx, "list of the organisation", ask.Member, ask.Now, func(tx pgx.Tx, s Schema) error {
		var settings []SettingsRow
		var rows []R
		var gone []RetiredRow
		b := new(pgx.Batch)
		queueRows(b, s, SettingsTable(), &settings, "organization_id = $1", organization.ID)
		queueRows(b, s, RetiredTable(), &gone, "list = $1", list)
		if !ask.Retired {
			where = "NOT EXISTS (SELECT FROM " + s.Table("retired") + " r WHERE r.list = $1 AND r.entry_id = " + entry + ") AND " + where
		} else {
			where = "$1::text IS NOT NULL AND " + where
		}
		queueRows(b, s, t, &rows, strings.ReplaceAll(where, "{schema}", string(s)), list)
		if err := send(ctx, tx, b); err != nil {
			return err
		}
		for _, r := range settings {
			d.Revision = r.Revision
		}
		out := make(map[string]bool, len(gone))
		for _, r := range gone {
			out[r.Entry] = true
		}
		for _, r := range rows {
			d.Items = append(d.Items, shown(r, func(id string) bool { return out[id] }))
		}
		return nil
	})
	return d, err
}

// RecruitedRole is a recruiting role.
type RecruitedRole struct {
	ID   string `json:"id" format:"uuid"`
	Name string `json:"name"`
	access.Role
	Notify []organization.Notification `json:"notify" doc:"What those who hold it are told of"`
}

// RecruitingRoles returns the recruiting roles, sorted by name. Errors: those of
// listed.
func (c *Core) RecruitingRoles(ctx context.Context, ask Lists) (Defined[RecruitedRole], error) {
	return listed(ctx, c, ask, "", RecruitingRoles(), "role_id", "true ORDER BY lower(name), role_id",
		func(r RoleRow, _ func(string) bool) RecruitedRole {
			return RecruitedRole{ID: r.ID, Name: r.Name, Role: r.Access(), Notify: orEmpty(r.Notify)}
		})
}

// Reason is a reason for disqualifying.
type Reason struct {
	ReasonRef
	Retired bool `json:"retired" doc:"No longer chosen"`
}

// Reasons returns the reasons for disqualifying, sorted by label. Errors: those
// of listed.
func (c *Core) Reasons(ctx context.Context, ask Lists) (Defined[Reason], error) {
	return listed(ctx, c, ask, organization.Reasons, Reasons(), "reason_id", "true ORDER BY lower(label), reason_id",
		func(r ReasonRow, retired func(string) bool) Reason {
			return Reason{ReasonRef: ReasonRef(r), Retired: retired(r.ID)}
		})
}

// Tag is a tag of the shared list.
type Tag struct {
	Label
	Retired bool `json:"retired" doc:"No longer put on applications"`
}

// Tags returns the shared tags, sorted by label. Errors: those of listed.
func (c *Core) Tags(ctx context.Context, ask Lists) (Defined[Tag], error) {
	return listed(ctx, c, ask, organization.Tags, Tags(), "tag_id", "true ORDER BY lower(label), tag_id",
		func(r TagRow, retired func(string) bool) Tag { return Tag{Label: Label(r), Retired: retired(r.ID)} })
}
