package readmodels

import (
	"fmt"
	"time"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/bulk"
)

// BulkRow is a row of table bulk_actions: an action on many applications. It
// holds no texts.
type BulkRow struct {
	ID         string
	By         domain.Actor
	At         time.Time
	Action     JSON[BulkTarget]
	Total      int64
	Changed    int64
	Unchanged  int64
	Refused    int64
	FinishedAt *time.Time

	UndoBy         *domain.Actor // nil = it is not undone
	UndoAt         *time.Time
	Undone         int64
	NotUndone      int64
	UndoFinishedAt *time.Time

	Revision int64
}

// BulkTarget is what an action does, in ids.
type BulkTarget struct {
	Kind     bulk.Kind            `json:"kind" enum:"move,disqualify,requalify,tag,untag,request_document,set_owner,message,transfer,anonymise"`
	Stage    *string              `json:"stage_id" format:"uuid"`
	As       *application.Outcome `json:"outcome" doc:"Of a disqualification"`
	Reason   *string              `json:"reason_id" format:"uuid"`
	Tag      *string              `json:"tag_id" format:"uuid"`
	Owner    *string              `json:"owner_id" format:"uuid"`
	Job      *string              `json:"job_id" format:"uuid" doc:"To assign to"`
	Template *string              `json:"template_id" format:"uuid" doc:"Of a message"`
	Category *access.Category     `json:"category" doc:"Of a document that is asked for"`
}

// BulkActions returns table bulk_actions.
func BulkActions() Table[BulkRow] {
	return Table[BulkRow]{
		Name: "bulk_actions",
		Key:  func(r *BulkRow) *string { return &r.ID },
		Columns: []Column[BulkRow]{
			Col("bulk_id", "uuid", func(r *BulkRow) *string { return &r.ID }),
			Col("by", "text", func(r *BulkRow) *domain.Actor { return &r.By }),
			Col("at", "timestamptz", func(r *BulkRow) *time.Time { return &r.At }),
			Col("action", "jsonb", func(r *BulkRow) *JSON[BulkTarget] { return &r.Action }),
			Col("total", "bigint", func(r *BulkRow) *int64 { return &r.Total }),
			Col("changed", "bigint", func(r *BulkRow) *int64 { return &r.Changed }),
			Col("unchanged", "bigint", func(r *BulkRow) *int64 { return &r.Unchanged }),
			Col("refused", "bigint", func(r *BulkRow) *int64 { return &r.Refused }),
			Col("finished_at", "timestamptz", func(r *BulkRow) **time.Time { return &r.FinishedAt }),
			Col("undo_by", "text", func(r *BulkRow) **domain.Actor { return &r.UndoBy }),
			Col("undo_at", "timestamptz", func(r *BulkRow) **time.Time { return &r.UndoAt }),
			Col("undone", "bigint", func(r *BulkRow) *int64 { return &r.Undone }),
			Col("not_undone", "bigint", func(r *BulkRow) *int64 { return &r.NotUndone }),
			Col("undo_finished_at", "timestamptz", func(r *BulkRow) **time.Time { return &r.UndoFinishedAt }),
			Col("revision", "bigint", func(r *BulkRow) *int64 { return &r.Revision }),
		},
		Indexes: []string{`CREATE INDEX {name}_at ON {table} (at, bulk_id)`},
	}
}

// BulkItemRow is a row of table bulk_items: how an action went with one
// application.
type BulkItemRow struct {
	Key         string // BulkItemKey
	Bulk        string
	Place       int64
	Application string
	Result      *bulk.Result // nil = its turn has not come
	Code        *string
	Undone      *bulk.Result // nil = it is not undone
	UndoCode    *string
}

// BulkItemKey is the key of the item at a place of an action.
func BulkItemKey(bulkID string, place int) string { return fmt.Sprintf("%s/%d", bulkID, place) }

// BulkItems returns table bulk_items.
func BulkItems() Table[BulkItemRow] {
	return Table[BulkItemRow]{
		Name: "bulk_items",
		Key:  func(r *BulkItemRow) *string { return &r.Key },
		Columns: []Column[BulkItemRow]{
			Col("item", "text", func(r *BulkItemRow) *string { return &r.Key }),
			Col("bulk_id", "uuid", func(r *BulkItemRow) *string { return &r.Bulk }),
			Col("place", "bigint", func(r *BulkItemRow) *int64 { return &r.Place }),
			Col("application_id", "uuid", func(r *BulkItemRow) *string { return &r.Application }),
			Col("result", "text", func(r *BulkItemRow) **bulk.Result { return &r.Result }),
			Col("code", "text", func(r *BulkItemRow) **string { return &r.Code }),
			Col("undone", "text", func(r *BulkItemRow) **bulk.Result { return &r.Undone }),
			Col("undo_code", "text", func(r *BulkItemRow) **string { return &r.UndoCode }),
		},
		Indexes: []string{`CREATE INDEX {name}_place ON {table} (bulk_id, place)`},
	}
}
