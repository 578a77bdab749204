package readmodels

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/hirelog/hirelog/domain/member"
	"github.com/hirelog/hirelog/domain/organization"
)

// NotifyRow is the one row of table notify: who wants to be told of what.
type NotifyRow struct {
	Key     string // NotifyKey
	Roles   JSON[map[string][]organization.Notification]
	Members JSON[map[string]member.Notifications] // of those who said something
}

// NotifyKey is the key of the row of table notify.
const NotifyKey = "all"

// Notify returns table notify.
func Notify() Table[NotifyRow] {
	return Table[NotifyRow]{
		Name: "notify",
		Key:  func(r *NotifyRow) *string { return &r.Key },
		Columns: []Column[NotifyRow]{
			Col("key", "text", func(r *NotifyRow) *string { return &r.Key }),
			Col("roles", "jsonb", func(r *NotifyRow) *JSON[map[string][]organization.Notification] { return &r.Roles }),
			Col("members", "jsonb", func(r *NotifyRow) *JSON[map[string]member.Notifications] { return &r.Members }),
		},
	}
}

// Notifications is what a member wants to be told of, and what they are without
// that.
type Notifications struct {
	On    []organization.Notification `json:"on" enum:"new_application,candidate_note,document_uploaded,new_message,new_comment,mentioned,evaluation_submitted,interview_changed,offer_changed,stage_overdue" doc:"Told of, whatever your recruiting roles say"`
	Off   []organization.Notification `json:"off" enum:"new_application,candidate_note,document_uploaded,new_message,new_comment,mentioned,evaluation_submitted,interview_changed,offer_changed,stage_overdue" doc:"Never told of"`
	Known []organization.Notification `json:"known" enum:"new_application,candidate_note,document_uploaded,new_message,new_comment,mentioned,evaluation_submitted,interview_changed,offer_changed,stage_overdue" doc:"Everything there is; for what is neither on nor off your recruiting roles decide"`
}

// Notifications returns what a member wants to be told of.
func (c *Core) Notifications(ctx context.Context, memberID string) (Notifications, error) {
	n := Notifications{On: []organization.Notification{}, Off: []organization.Notification{}, Known: organization.Notifications()}
	err := c.snapshot(ctx, "notifications", func(tx pgx.Tx, s Schema) error {
		var rows []NotifyRow
		b := new(pgx.Batch)
		queueRows(b, s, Notify(), &rows, "true")
		if err := send(ctx, tx, b); err != nil {
			return err
		}
		for _, r := range rows {
			own := r.Members.V[memberID]
			n.On, n.Off = orEmpty(own.On), orEmpty(own.Off)
		}
		return nil
	})
	return n, err
}
