package readmodels

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/internal/vault"
)

// coreGroup is the group of read models that Core reads.
const coreGroup = "core"

// Core answers what members and candidates ask about applications. Every answer
// holds only what the one who asks may see, as their rights are now. It is safe
// for concurrent use.
//
// What it returns is the body of an HTTP answer. A personal field that is nil is
// absent, erased, or masked.
type Core struct {
	pool        *pgxpool.Pool
	vault       *vault.Vault
	generations *Generations
}

// NewCore returns queries over pool. Its connections had better set
// plan_cache_mode to force_custom_plan: how a page of the list is found soonest
// depends on how common the job, the tag or the word is, and a plan for any of
// them takes up to a hundred times as long as planning each. They had better not
// gather in parallel either: to start workers takes longer than most pages.
func NewCore(pool *pgxpool.Pool, v *vault.Vault, g *Generations) *Core {
	return &Core{pool: pool, vault: v, generations: g}
}

// The refusals of queries.
var (
	// ErrNotFound is the answer for what does not exist and for what the asker
	// may not know of: the two look the same.
	ErrNotFound = &domain.Refusal{Kind: domain.Absent, Code: "not_found", Message: "There is no such thing, or not for you."}
	// ErrMayNotView is the answer for a part of an application that the asker sees
	// without the right to view that part.
	ErrMayNotView = &domain.Refusal{Kind: domain.Denied, Code: "denied", Message: "You may not do this."}
	// ErrCursor means that a cursor was not made by this query.
	ErrCursor = &domain.Refusal{Kind: domain.Invalid, Code: "cursor", Message: "The cursor does not belong to this list; start again without it."}
	// ErrTooManyToSort means that names can only be sorted within fewer rows.
	ErrTooManyToSort = &domain.Refusal{Kind: domain.Invalid, Code: "too_many_to_sort", Message: "More than 1000 applications answer these filters; sort by date, or filter further, to sort by name."}
	// ErrQuery means that a query asks for something that does not exist.
	ErrQuery = &domain.Refusal{Kind: domain.Invalid, Code: "query", Message: "The query does not make sense."}
)

// snapshot runs do in a transaction that sees the read models and the keys at
// one moment, and writes nothing.
func (c *Core) snapshot(ctx context.Context, doing string, do func(tx pgx.Tx, s Schema) error) error {
	s, err := c.generations.Schema(ctx, coreGroup)
	if err == nil {
		o := pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}
		err = pgx.BeginTxFunc(ctx, c.pool, o, func(tx pgx.Tx) error { return do(tx, s) })
	}
	return queryFault(doing, err)
}

// queryFault says what was being done; refusals stay as they are.
func queryFault(doing string, err error) error {
	var refusal *domain.Refusal
	if err == nil || errors.As(err, &refusal) {
		return err
	}
	return fmt.Errorf("%s: %w", doing, err)
}

// isID reports whether s can be the id of anything.
func isID(ids ...string) bool {
	for _, s := range ids {
		id, err := uuid.Parse(s)
		if err != nil || id.String() != s {
			return false
		}
	}
	return true
}

// statement is an SQL statement under construction.
type statement struct{ args []any }

// arg adds a parameter and returns what stands for it.
func (s *statement) arg(v any) string {
	s.args = append(s.args, v)
	return fmt.Sprintf("$%d", len(s.args))
}

// queueRows queues the reading of all rows of a table that answer to where, which may
// say more after it ("ORDER BY …"). The first parameter is $1.
func queueRows[R any](b *pgx.Batch, s Schema, t Table[R], into *[]R, where string, args ...any) {
	sql := "SELECT " + t.ColumnList() + " FROM " + s.Table(t.Name) + " WHERE " + where
	b.Queue(sql, args...).Query(func(rows pgx.Rows) error {
		for rows.Next() {
			r, err := t.Scan(rows)
			if err != nil {
				return err
			}
			*into = append(*into, r)
		}
		return rows.Err()
	})
}

// send runs what is queued. Errors of its parts are returned by it.
func send(ctx context.Context, tx pgx.Tx, b *pgx.Batch) error {
	if b.Len() == 0 {
		return nil
	}
	return tx.SendBatch(ctx, b).Close()
}
