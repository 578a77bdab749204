package readmodels

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Schema is where a generation of a group of read models stands, such as
// "rm_core_1". Generations says which one is live.
type Schema string

// Table returns the name of a table with the schema, for a query.
func (s Schema) Table(name string) string { return string(s) + "." + name }

// GenerationChannel is the notification channel that says, by its payload
// "group:generation", that another generation of a group is live.
const GenerationChannel = "hirelog_generation"

// ErrNoGeneration means that a group of read models has not been built yet.
var ErrNoGeneration = errors.New("read models are not built yet")

// Generations knows which generation of each group is live. It is safe for
// concurrent use. Who listens on GenerationChannel calls Refresh.
type Generations struct {
	pool *pgxpool.Pool

	reading sync.Mutex // one at a time, so that what was read later is kept

	mu   sync.RWMutex
	live map[string]Schema // guarded by mu
}

// NewGenerations returns a Generations that reads from pool when it is first
// asked.
func NewGenerations(pool *pgxpool.Pool) *Generations { return &Generations{pool: pool} }

// Schema returns where the live generation of a group stands. It reads the
// database only when it does not know the group.
// Errors: ErrNoGeneration.
func (g *Generations) Schema(ctx context.Context, group string) (Schema, error) {
	g.mu.RLock()
	s, ok := g.live[group]
	g.mu.RUnlock()
	if ok {
		return s, nil
	}
	if err := g.Refresh(ctx); err != nil {
		return "", err
	}
	g.mu.RLock()
	defer g.mu.RUnlock()
	if s, ok = g.live[group]; !ok {
		return "", fmt.Errorf("group %s: %w", group, ErrNoGeneration)
	}
	return s, nil
}

// Refresh reads from the database which generations are live.
func (g *Generations) Refresh(ctx context.Context) error {
	g.reading.Lock()
	defer g.reading.Unlock()
	rows, err := g.pool.Query(ctx, "SELECT group_name, schema_name FROM rm.generations WHERE status = 'live'")
	if err != nil {
		return fmt.Errorf("read generations: %w", err)
	}
	live := make(map[string]Schema)
	var group string
	var schema Schema
	if _, err := pgx.ForEachRow(rows, []any{&group, &schema}, func() error {
		live[group] = schema
		return nil
	}); err != nil {
		return fmt.Errorf("read generations: %w", err)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.live = live
	return nil
}
