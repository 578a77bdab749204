package readmodels

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/hirelog/hirelog/domain/member"
	"github.com/hirelog/hirelog/domain/personal"
)

// BusyAddressRow is a row of table busy_addresses: where a member's busy times
// are.
type BusyAddressRow struct {
	Member   string
	ID       string
	Kind     member.BusyKind
	Address  []byte // sealed
	User     []byte // sealed; nil without one
	Password []byte // sealed; nil without one
}

// BusyAddresses returns table busy_addresses.
func BusyAddresses() Table[BusyAddressRow] {
	return Table[BusyAddressRow]{
		Name: "busy_addresses",
		Key:  func(r *BusyAddressRow) *string { return &r.Member },
		Columns: []Column[BusyAddressRow]{
			Col("member_id", "uuid", func(r *BusyAddressRow) *string { return &r.Member }),
			Col("busy_id", "uuid", func(r *BusyAddressRow) *string { return &r.ID }),
			Col("kind", "text", func(r *BusyAddressRow) *member.BusyKind { return &r.Kind }),
			Col("address", "bytea", func(r *BusyAddressRow) *[]byte { return &r.Address }),
			Col("user_name", "bytea", func(r *BusyAddressRow) *[]byte { return &r.User }),
			Col("password", "bytea", func(r *BusyAddressRow) *[]byte { return &r.Password }),
		},
	}
}

// BusyAddress is where a member's busy times are. It is for whoever reads them
// there, and not to be shown.
type BusyAddress struct {
	Member, ID              string
	Kind                    member.BusyKind
	Address, User, Password *personal.Plain
}

// BusyAddresses returns where the busy times of active members are, of those who
// said so. Errors: ErrQuery.
func (c *Core) BusyAddresses(ctx context.Context, members []string) ([]BusyAddress, error) {
	if !isID(members...) {
		return nil, ErrQuery.Because("Members are named by their ids.")
	}
	var list []BusyAddress
	err := c.snapshot(ctx, "addresses of busy times", func(tx pgx.Tx, s Schema) error {
		var rows []BusyAddressRow
		b := new(pgx.Batch)
		queueRows(b, s, BusyAddresses(), &rows, "member_id = ANY ($1::uuid[]) AND member_id IN (SELECT member_id FROM "+s.Table("members")+" WHERE active) ORDER BY member_id", members)
		if err := send(ctx, tx, b); err != nil {
			return err
		}
		for _, r := range rows {
			t := newTexts(c.vault, r.Member, false)
			t.want(r.Address, r.User, r.Password)
			if err := t.loadNow(ctx, tx, s); err != nil {
				return err
			}
			list = append(list, BusyAddress{Member: r.Member, ID: r.ID, Kind: r.Kind, Address: t.text(r.Address), User: t.text(r.User), Password: t.text(r.Password)})
			if t.err != nil {
				return t.err
			}
		}
		return nil
	})
	return list, err
}
