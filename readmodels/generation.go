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

// ErrShape means that the live generation of a group has other tables than this
// build reads and writes. It is neither read nor written; it must be built anew.
var ErrShape = errors.New("read models have another shape than this build's")

// Shape is a hash of the statements that create the tables of a group.
type Shape [32]byte

// Generations knows which generation of each group this process serves: the live
// one, or, if that was built by another build with other tables, the newest
// retired one with its own, which it follows. It is safe for concurrent use.
// Who listens on GenerationChannel calls Refresh.
type Generations struct {
	pool   *pgxpool.Pool
	shapes map[string]Shape // by group; none: whatever is live. See Serve

	reading sync.Mutex // one at a time, so that what was read later is kept

	mu     sync.RWMutex
	served map[string]served // guarded by mu
}

// served is the generation of a group that is served.
type served struct {
	number int
	schema Schema
	shaped bool // it has the tables it should have
}

// NewGenerations returns a Generations that reads from pool when it is first
// asked. It takes the live generation of any shape; see Serve.
func NewGenerations(pool *pgxpool.Pool) *Generations {
	return &Generations{pool: pool, shapes: make(map[string]Shape)}
}

// Serve says which tables queries of a group need. It is called before the
// first use.
func (g *Generations) Serve(group string, shape Shape) { g.shapes[group] = shape }

// Schema returns where the generation of a group stands that is served. It reads
// the database only when it does not know the group.
// Errors: ErrNoGeneration; then also ErrShape, if there are tables of other
// builds only.
func (g *Generations) Schema(ctx context.Context, group string) (Schema, error) {
	s, ok := g.known(group)
	if !ok || !s.shaped {
		if err := g.Refresh(ctx); err != nil {
			return "", err
		}
		s, ok = g.known(group)
	}
	switch {
	case !ok:
		return "", fmt.Errorf("group %s: %w", group, ErrNoGeneration)
	case !s.shaped:
		return "", fmt.Errorf("group %s: %w: %w", group, ErrNoGeneration, ErrShape)
	}
	return s.schema, nil
}

func (g *Generations) known(group string) (served, bool) {
	g.mu.RLock()
	defer g.mu.RUnlock()
	s, ok := g.served[group]
	return s, ok
}

// Number returns the number of the generation of a group that is served, as it
// was known last; 0 if none is.
func (g *Generations) Number(group string) int {
	if s, ok := g.known(group); ok && s.shaped {
		return s.number
	}
	return 0
}

// Refresh reads from the database which generations are served.
func (g *Generations) Refresh(ctx context.Context) error {
	g.reading.Lock()
	defer g.reading.Unlock()
	rows, err := g.pool.Query(ctx, `
SELECT group_name, generation, schema_name, shape FROM rm.generations
WHERE status IN ('live', 'retired') ORDER BY status = 'live' DESC, changed_at DESC, generation DESC`)
	if err != nil {
		return fmt.Errorf("read generations: %w", err)
	}
	now := make(map[string]served)
	var group string
	var shape []byte
	var s served
	if _, err := pgx.ForEachRow(rows, []any{&group, &s.number, &s.schema, &shape}, func() error {
		want, particular := g.shapes[group]
		s.shaped = !particular || string(want[:]) == string(shape)
		if was, ok := now[group]; !ok || !was.shaped && s.shaped {
			now[group] = s
		}
		return nil
	}); err != nil {
		return fmt.Errorf("read generations: %w", err)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.served = now
	return nil
}
