package projections

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/hirelog/hirelog/internal/eventlog"
	"github.com/hirelog/hirelog/readmodels"
)

// building is the name of the advisory lock of who builds a generation of a
// group: 'hirelog building of ' || group.
const building = "hashtextextended('hirelog building of ' || $1, 0)"

// begin takes the groups' locks, clears away what interrupted builds left, and
// enters a new generation of each, or one of theirs that can be gone on with.
// Errors: ErrBuilding. What was begun is returned all the same.
func (b *builder) begin(ctx context.Context, groups []Group, status string) (builds []*build, err error) {
	for _, g := range groups {
		if err := b.take(ctx, g); err != nil {
			return nil, err
		}
	}
	for _, g := range groups {
		bd := &build{group: g, parked: make(map[string]bool)}
		if err := b.enter(ctx, bd, status); err != nil {
			return builds, fmt.Errorf("group %s: %w", g.Name, err)
		}
		builds = append(builds, bd)
	}
	return builds, b.o.step("begun")
}

// take takes a group's lock, which is held until the connection ends: with it, a
// process that is killed gives it back.
// Errors: ErrBuilding.
func (b *builder) take(ctx context.Context, g Group) (err error) {
	if err := g.Check(); err != nil {
		return err
	}
	if b.lock == nil {
		config := b.pool.Config().ConnConfig.Copy()
		config.RuntimeParams["application_name"] = "hirelog build"
		if b.lock, err = pgx.ConnectConfig(ctx, config); err != nil {
			return fmt.Errorf("connect for the lock: %w", err)
		}
	}
	var mine bool
	if err := b.lock.QueryRow(ctx, "SELECT pg_try_advisory_lock("+building+")", g.Name).Scan(&mine); err != nil {
		return fmt.Errorf("lock group %s: %w", g.Name, err)
	}
	if !mine {
		return fmt.Errorf("group %s: %w", g.Name, ErrBuilding)
	}
	return nil
}

// enter finds or creates the generation of a build.
func (b *builder) enter(ctx context.Context, bd *build, status string) (err error) {
	if bd.live, err = b.reference(ctx, bd.group); err != nil {
		return err
	}
	if bd.live.comparable() {
		bd.bounded, bd.until = true, bd.live.at
	}
	left, err := leftOvers(ctx, b.pool, bd.group.Name)
	if err != nil {
		return err
	}
	for _, l := range left {
		if status == "building" && !bd.resumed && b.resumable(ctx, bd, l) {
			bd.resumed, bd.filled, bd.next = true, true, l.generation
			if err := bd.mark(ctx, b.pool, "building", b.id); err != nil {
				return err
			}
			continue
		}
		if err := dropGeneration(ctx, b.pool, bd.group, l.generation, nil); err != nil {
			return err
		}
	}
	if bd.resumed {
		return nil
	}
	return inLock(ctx, b.pool, bd.group, func(tx pgx.Tx) error {
		bd.next, err = enter(ctx, tx, bd.group, status, b.id)
		return err
	})
}

// leftOver is a generation that was being built.
type leftOver struct {
	generation
	filled  bool
	stopped bool
	since   time.Duration
}

// leftOvers returns the generations of a group that are being built, or were.
func leftOvers(ctx context.Context, db querier, group string) ([]leftOver, error) {
	rows, err := db.Query(ctx, `
SELECT generation, schema_name, shape, filled, coalesce(c.state = 'stopped', true), clock_timestamp() - changed_at
FROM rm.generations g LEFT JOIN rm.checkpoints c USING (group_name, generation)
WHERE group_name = $1 AND status IN ('building', 'verified', 'scratch') ORDER BY generation DESC`, group)
	if err != nil {
		return nil, fmt.Errorf("read generations under construction: %w", err)
	}
	left, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (l leftOver, err error) {
		var shape []byte
		err = row.Scan(&l.number, &l.schema, &shape, &l.filled, &l.stopped, &l.since)
		copy(l.shape[:], shape)
		return l, err
	})
	if err != nil {
		return nil, fmt.Errorf("read generations under construction: %w", err)
	}
	return left, nil
}

// resumable reports whether what an interrupted build left can be gone on with:
// its rows are copied, by a build with the same tables, from this log, and not
// beyond the live generation.
func (b *builder) resumable(ctx context.Context, bd *build, l leftOver) bool {
	if !l.filled || l.stopped || l.shape != bd.group.Shape() {
		return false
	}
	p, err := readPlace(ctx, b.pool, bd.group.Name, l.generation)
	if err != nil || bd.bounded && p.at.Event.After(bd.until.Event) {
		return false
	}
	return b.holds(ctx, p.at) == nil
}

// holds checks that the log holds a checkpoint's event.
// Errors: eventlog.ErrForeignPosition.
func (b *builder) holds(ctx context.Context, at Checkpoint) error {
	if at.Event == eventlog.Start {
		return nil
	}
	for _, err := range b.log.Subscribe(ctx, eventlog.SubscribeOptions{After: at.Event, AfterID: at.EventID}) {
		return err
	}
	return ctx.Err()
}

// reference is the live generation, as a build finds it.
type reference struct {
	place
	exists bool
	// unlike is why it is not brought to one position with another generation;
	// empty if it can be.
	unlike string
	shaped bool // its tables are those of this build
}

// comparable reports whether another generation can be brought to its position.
func (r reference) comparable() bool { return r.exists && r.unlike == "" }

// reference reads the live generation of a group.
func (b *builder) reference(ctx context.Context, g Group) (r reference, err error) {
	live, err := liveGeneration(ctx, b.pool, g.Name)
	if errors.Is(err, readmodels.ErrNoGeneration) {
		r.unlike = "there was no live generation"
		return r, nil
	}
	if err != nil {
		return r, err
	}
	r.exists, r.shaped = true, live.shape == g.Shape()
	if r.place, err = readPlace(ctx, b.pool, g.Name, live); err != nil {
		return r, err
	}
	var stopped bool
	if err := b.pool.QueryRow(ctx, "SELECT state = 'stopped' FROM rm.checkpoints WHERE group_name = $1 AND generation = $2",
		g.Name, live.number).Scan(&stopped); err != nil {
		return r, fmt.Errorf("read state of %s: %w", live.schema, err)
	}
	err = b.holds(ctx, r.at)
	switch {
	case errors.Is(err, eventlog.ErrForeignPosition):
		r.unlike = "the live generation was filled from another log"
	case err != nil:
		return r, err
	case stopped:
		r.unlike = "the live generation is stopped"
	}
	return r, nil
}

// enter creates the next generation's schema, without tables, and enters it.
func enter(ctx context.Context, tx pgx.Tx, g Group, status string, builder uuid.UUID) (generation, error) {
	next := generation{shape: g.Shape()}
	if err := tx.QueryRow(ctx,
		"SELECT coalesce(max(generation), 0) + 1 FROM rm.generations WHERE group_name = $1", g.Name).Scan(&next.number); err != nil {
		return next, fmt.Errorf("number generations: %w", err)
	}
	next.schema = fmt.Sprintf("rm_%s_%d", g.Name, next.number)
	batch := &pgx.Batch{}
	batch.Queue("CREATE SCHEMA " + next.schema)
	batch.Queue("INSERT INTO rm.generations (group_name, generation, schema_name, shape, status, builder, filled) VALUES ($1, $2, $3, $4, $5, $6, false)",
		g.Name, next.number, next.schema, next.shape[:], status, builder)
	batch.Queue("INSERT INTO rm.checkpoints (group_name, generation) VALUES ($1, $2)", g.Name, next.number)
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return next, fmt.Errorf("create schema %s: %w", next.schema, err)
	}
	return next, nil
}

// errTaken means that a generation is not this builder's any more.
var errTaken = errors.New("the generation was taken over or dropped by somebody else")

// mark sets the status of a generation under construction, and that it is
// built by builder.
func (bd *build) mark(ctx context.Context, db execer, status string, builder uuid.UUID) error {
	var verdict *string
	if v := bd.comparison.String(); status == "verified" && v != "" {
		verdict = &v
	}
	tag, err := db.Exec(ctx, `
UPDATE rm.generations SET status = $3, builder = $4, verdict = $5, changed_at = now()
WHERE group_name = $1 AND generation = $2 AND status IN ('building', 'verified') AND ($3 = 'building' OR builder = $4)`,
		bd.group.Name, bd.next.number, status, builder, verdict)
	if err == nil && tag.RowsAffected() == 0 {
		err = errTaken
	}
	if err != nil {
		return fmt.Errorf("enter that %s is %s: %w", bd.next.schema, status, err)
	}
	return nil
}

// dropGeneration drops a generation unless it is live, or somebody else than
// builder builds it; nil is anybody.
func dropGeneration(ctx context.Context, pool *pgxpool.Pool, g Group, old generation, builder *uuid.UUID) error {
	return inLock(ctx, pool, g, func(tx pgx.Tx) error {
		var still bool
		err := tx.QueryRow(ctx, `
SELECT status NOT IN ('live', 'dropped') AND ($3::uuid IS NULL OR builder = $3)
FROM rm.generations WHERE group_name = $1 AND generation = $2`, g.Name, old.number, builder).Scan(&still)
		if err != nil {
			return fmt.Errorf("read status of %s: %w", old.schema, err)
		}
		if !still {
			return nil
		}
		return drop(ctx, tx, g.Name, old)
	})
}

// abandon drops what a build did not bring to its end, unless others can go on
// with it. A build that was cut off leaves it to the next one.
func (b *builder) abandon(ctx context.Context, builds []*build, err error) {
	var crash *crashError
	if errors.As(err, &crash) {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	for _, bd := range builds {
		if bd.done || bd.filled && err != nil && !errors.Is(err, ErrDiffers) && !errors.Is(err, ErrInapplicable) {
			continue
		}
		if err := dropGeneration(ctx, b.pool, bd.group, bd.next, &b.id); err != nil {
			b.o.Logger.Warn("a generation that is of no use was not dropped; the next build does it", "schema", bd.next.schema, "reason", reason(err))
		}
	}
}

// crashError ends a build in a test as a crash would, without any clearing up.
type crashError struct{ at string }

func (e *crashError) Error() string { return "crash before " + e.at }
