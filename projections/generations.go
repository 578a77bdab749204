package projections

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/hirelog/hirelog/readmodels"
)

// ErrShape means that the live generation of a group has other tables than this
// build reads and writes. It is neither read nor written; it must be built anew.
var ErrShape = readmodels.ErrShape

// generation is a schema with the tables of a group, filled up to a checkpoint.
type generation struct {
	number int
	schema string
	shape  readmodels.Shape
}

var groupName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,39}$`)

// Check returns an error when the group cannot be projected: names that clash
// or cannot be part of a schema's name, a model without tables.
func (g Group) Check() error {
	if !groupName.MatchString(g.Name) {
		return fmt.Errorf("group %q: the name is not one", g.Name)
	}
	models, tables := map[string]bool{}, map[string]bool{}
	for _, m := range g.Models {
		if models[m.Name()] || len(m.Tables()) == 0 {
			return fmt.Errorf("group %s: model %s stands twice, or has no tables", g.Name, m.Name())
		}
		models[m.Name()] = true
		for _, t := range m.Tables() {
			if tables[t.Name()] {
				return fmt.Errorf("group %s: table %s stands twice", g.Name, t.Name())
			}
			tables[t.Name()] = true
		}
	}
	if len(models) == 0 {
		return fmt.Errorf("group %s: no models", g.Name)
	}
	return nil
}

// tables are those of all models.
func (g Group) tables() []AnyTable {
	var all []AnyTable
	for _, m := range g.Models {
		all = append(all, m.Tables()...)
	}
	return all
}

// create returns the statements that create all tables in a schema.
func (g Group) create(schema string) string {
	var b strings.Builder
	for _, t := range g.tables() {
		b.WriteString(t.Create(schema))
	}
	return b.String()
}

// Shape is a hash of the statements that create the tables.
func (g Group) Shape() readmodels.Shape { return sha256.Sum256([]byte(g.create("rm"))) }

// Ensure creates the group's first generation, empty and at the start of the
// log, unless it has a live one. Processes that do it at once agree.
// Errors: ErrShape if no generation of this build's shape is live or retired.
func Ensure(ctx context.Context, pool *pgxpool.Pool, g Group) error {
	_, err := ensure(ctx, pool, g)
	return err
}

// ensure returns the generation that this build writes and serves: the live one,
// or, if that has other tables, the newest retired one that has its own. So the
// build that made it serves on until it is replaced.
func ensure(ctx context.Context, pool *pgxpool.Pool, g Group) (generation, error) {
	var ours generation
	err := inLock(ctx, pool, g, func(tx pgx.Tx) (err error) {
		ours, err = servedGeneration(ctx, tx, g)
		if errors.Is(err, readmodels.ErrNoGeneration) {
			ours, err = begin(ctx, tx, g)
		}
		return err
	})
	if err != nil {
		return generation{}, fmt.Errorf("group %s: %w", g.Name, err)
	}
	if ours.shape != g.Shape() {
		return generation{}, fmt.Errorf("group %s, schema %s: %w; run `hirelog projections rebuild %s`", g.Name, ours.schema, ErrShape, g.Name)
	}
	return ours, nil
}

// servedSQL selects from rm.generations what readmodels.Generations serves for
// the group $1 and the shape $2: without one of that shape, the live one.
const servedSQL = `
SELECT group_name, generation, schema_name, shape FROM rm.generations
WHERE group_name = $1 AND (status = 'live' OR status = 'retired' AND shape = $2)
ORDER BY shape = $2 DESC, status = 'live' DESC, changed_at DESC, generation DESC LIMIT 1`

// servedGeneration reads which generation this build serves.
// Errors: readmodels.ErrNoGeneration.
func servedGeneration(ctx context.Context, db querier, g Group) (generation, error) {
	var s generation
	var name string
	var shape []byte
	want := g.Shape()
	err := db.QueryRow(ctx, servedSQL, g.Name, want[:]).Scan(&name, &s.number, &s.schema, &shape)
	if errors.Is(err, pgx.ErrNoRows) {
		return s, readmodels.ErrNoGeneration
	}
	if err != nil {
		return s, fmt.Errorf("read generation: %w", err)
	}
	copy(s.shape[:], shape)
	return s, nil
}

// inLock runs do in a transaction in which nobody else changes the group's
// generations.
func inLock(ctx context.Context, pool *pgxpool.Pool, g Group, do func(tx pgx.Tx) error) error {
	if err := g.Check(); err != nil {
		return err
	}
	return pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "SELECT pg_advisory_xact_lock(hashtextextended('hirelog generations of ' || $1, 0))", g.Name); err != nil {
			return fmt.Errorf("lock generations: %w", err)
		}
		return do(tx)
	})
}

// liveGeneration reads which generation is live.
// Errors: readmodels.ErrNoGeneration.
func liveGeneration(ctx context.Context, db querier, group string) (generation, error) {
	var g generation
	var shape []byte
	err := db.QueryRow(ctx,
		"SELECT generation, schema_name, shape FROM rm.generations WHERE group_name = $1 AND status = 'live'",
		group).Scan(&g.number, &g.schema, &shape)
	if errors.Is(err, pgx.ErrNoRows) {
		return g, readmodels.ErrNoGeneration
	}
	if err != nil {
		return g, fmt.Errorf("read live generation: %w", err)
	}
	copy(g.shape[:], shape)
	return g, nil
}

// begin creates the next generation and makes it the live one.
func begin(ctx context.Context, tx pgx.Tx, g Group) (generation, error) {
	next := generation{shape: g.Shape()}
	if err := tx.QueryRow(ctx,
		"SELECT coalesce(max(generation), 0) + 1 FROM rm.generations WHERE group_name = $1", g.Name).Scan(&next.number); err != nil {
		return next, fmt.Errorf("number generations: %w", err)
	}
	next.schema = fmt.Sprintf("rm_%s_%d", g.Name, next.number)
	// Several statements, so they go without parameters.
	if _, err := tx.Exec(ctx, "CREATE SCHEMA "+next.schema+";\n"+g.create(next.schema)); err != nil {
		return next, fmt.Errorf("create schema %s: %w", next.schema, err)
	}
	b := &pgx.Batch{}
	b.Queue("INSERT INTO rm.generations (group_name, generation, schema_name, shape, status) VALUES ($1, $2, $3, $4, 'live')",
		g.Name, next.number, next.schema, next.shape[:])
	b.Queue("INSERT INTO rm.checkpoints (group_name, generation) VALUES ($1, $2)", g.Name, next.number)
	b.Queue("SELECT pg_notify($1, $2)", readmodels.GenerationChannel, fmt.Sprintf("%s:%d", g.Name, next.number))
	if err := tx.SendBatch(ctx, b).Close(); err != nil {
		return next, fmt.Errorf("enter schema %s: %w", next.schema, err)
	}
	return next, nil
}

// drop removes a generation. The checkpoint goes first: a projector locks it
// before any row, and in the same order nobody waits crosswise.
func drop(ctx context.Context, tx pgx.Tx, group string, g generation) error {
	b := &pgx.Batch{}
	b.Queue("DELETE FROM rm.checkpoints WHERE group_name = $1 AND generation = $2", group, g.number)
	b.Queue("DELETE FROM rm.parked WHERE group_name = $1 AND generation = $2", group, g.number)
	b.Queue("UPDATE rm.generations SET status = 'dropped', changed_at = now() WHERE group_name = $1 AND generation = $2", group, g.number)
	b.Queue("DROP SCHEMA IF EXISTS " + g.schema + " CASCADE")
	if err := tx.SendBatch(ctx, b).Close(); err != nil {
		return fmt.Errorf("drop schema %s: %w", g.schema, err)
	}
	return nil
}

// querier is a pool, a connection or a transaction.
type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}
