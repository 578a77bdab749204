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

// switchTo makes a verified generation the live one, while both are at one
// position, so that nobody who has read the old one reads an older state.
func (b *builder) switchTo(ctx context.Context, bd *build) error {
	if err := b.o.step("switching"); err != nil {
		return err
	}
	b.o.Progress(Progress{Phase: Switching, Group: bd.group.Name, At: bd.projector.here.at.Position, Until: bd.projector.here.at.Position})
	do := func(ctx context.Context, tx pgx.Tx) error {
		if err := flip(ctx, tx, bd.group.Name, bd.next, "verified", &b.id); err != nil {
			return err
		}
		return b.o.step("switched, uncommitted")
	}
	if err := b.flipAt(ctx, bd, bd.live.comparable(), do); err != nil {
		return err
	}
	return b.o.step("switched")
}

// flipAt runs do with both generations held at one position, if aligned says
// that they can be brought there.
func (b *builder) flipAt(ctx context.Context, bd *build, aligned bool, do func(context.Context, pgx.Tx) error) error {
	var err error
	if aligned {
		err = b.align(ctx, bd, do)
	} else {
		err = inLock(ctx, b.pool, bd.group, func(tx pgx.Tx) error {
			live, err := liveGeneration(ctx, tx, bd.group.Name)
			switch {
			case errors.Is(err, readmodels.ErrNoGeneration):
			case err != nil:
				return err
			case live.number != bd.live.number:
				return fmt.Errorf("generation %d is live now, not %d: %w", live.number, bd.live.number, errTaken)
			default:
				// What was stopped may go on: then it is compared and aligned after all.
				if err := bd.live.lock(ctx, tx); err != nil {
					return err
				}
				held, err := readPlace(ctx, tx, bd.group.Name, live)
				if err != nil {
					return err
				}
				if held.at != bd.live.at {
					return fmt.Errorf("generation %d, which was stopped, goes on again; run it once more", live.number)
				}
			}
			return do(ctx, tx)
		})
	}
	if err != nil {
		return fmt.Errorf("switch group %s to generation %d: %w", bd.group.Name, bd.next.number, err)
	}
	bd.done, bd.switched = true, true
	return nil
}

// flip makes a generation the live one, if it has the status, and retires the
// one that was. Projectors at work find the checkpoints changed and look again.
// Errors: errTaken.
func flip(ctx context.Context, tx pgx.Tx, group string, next generation, status string, builder *uuid.UUID) error {
	if _, err := tx.Exec(ctx, `
WITH old AS (
	UPDATE rm.generations SET status = 'retired', changed_at = now() WHERE group_name = $1 AND status = 'live'
	RETURNING generation
)
UPDATE rm.checkpoints SET holder = NULL, alive_at = clock_timestamp(), behind_since = NULL, parked_version = parked_version + 1
WHERE group_name = $1 AND (generation = $2 OR generation IN (SELECT generation FROM old))`, group, next.number); err != nil {
		return fmt.Errorf("retire the live generation: %w", err)
	}
	tag, err := tx.Exec(ctx, `
UPDATE rm.generations SET status = 'live', builder = NULL, changed_at = now()
WHERE group_name = $1 AND generation = $2 AND status = $3 AND ($4::uuid IS NULL OR builder = $4)`,
		group, next.number, status, builder)
	if err == nil && tag.RowsAffected() == 0 {
		err = errTaken
	}
	if err != nil {
		return fmt.Errorf("enter the live generation: %w", err)
	}
	_, err = tx.Exec(ctx, "SELECT pg_notify($1, $2)", readmodels.GenerationChannel, fmt.Sprintf("%s:%d", group, next.number))
	if err != nil {
		return fmt.Errorf("notify: %w", err)
	}
	return nil
}

// ErrNoRollback means that there is no generation that could be switched back
// to; its text says why.
var ErrNoRollback = errors.New("cannot be switched back")

// Rollback makes the generation that was retired last the live one again, in one
// transaction, once it is where the live one is; that one is retired. A second
// Rollback goes forward again.
// Errors: ErrNoRollback, ErrBuilding.
func Rollback(ctx context.Context, pool *pgxpool.Pool, log eventlog.Log, g Group, o RebuildOptions) (GroupReport, error) {
	b := newBuilder(pool, log, o)
	r, err := b.rollback(ctx, g)
	return r, b.ended(ctx, err)
}

func (b *builder) rollback(ctx context.Context, g Group) (GroupReport, error) {
	bd := &build{group: g}
	if err := b.take(ctx, g); err != nil {
		return GroupReport{}, err
	}
	var err error
	if bd.live, err = b.reference(ctx, g); err != nil {
		return bd.report(), err
	}
	if bd.next, err = retiredLast(ctx, b.pool, g); err != nil {
		return bd.report(), err
	}
	if bd.projector, err = b.follower(ctx, g, bd.next); err != nil {
		return bd.report(), err
	}
	if err := b.holds(ctx, bd.projector.here.at); err != nil {
		return bd.report(), fmt.Errorf("group %s: generation %d: %w: %w", g.Name, bd.next.number, ErrNoRollback, err)
	}
	// A stopped one lies still, and is aligned with as well.
	aligned := bd.live.exists && b.holds(ctx, bd.live.at) == nil
	err = b.flipAt(ctx, bd, aligned, func(ctx context.Context, tx pgx.Tx) error {
		return flip(ctx, tx, g.Name, bd.next, "retired", nil)
	})
	return bd.report(), err
}

// retiredLast returns the generation to switch back to.
// Errors: ErrNoRollback.
func retiredLast(ctx context.Context, db querier, g Group) (generation, error) {
	var last generation
	var shape []byte
	var stopped bool
	ours := g.Shape()
	err := db.QueryRow(ctx, `
SELECT generation, schema_name, shape, state = 'stopped'
FROM rm.generations JOIN rm.checkpoints USING (group_name, generation)
WHERE group_name = $1 AND status = 'retired' ORDER BY shape = $2 DESC, changed_at DESC, generation DESC LIMIT 1`, g.Name, ours[:]).
		Scan(&last.number, &last.schema, &shape, &stopped)
	copy(last.shape[:], shape)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return last, fmt.Errorf("group %s: %w: there is no retired generation; they are dropped after %d days", g.Name, ErrNoRollback, int(keepRetired/(24*time.Hour)))
	case err != nil:
		return last, fmt.Errorf("read retired generations: %w", err)
	case stopped:
		return last, fmt.Errorf("group %s: %w: generation %d is stopped and is not where the live one is", g.Name, ErrNoRollback, last.number)
	case last.shape != g.Shape():
		return last, fmt.Errorf("group %s: %w: generation %d has tables that this build cannot read; switch back with the build that made it", g.Name, ErrNoRollback, last.number)
	}
	return last, nil
}
