package projections

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/hirelog/hirelog/internal/eventlog"
)

const (
	keepRetired   = 7 * 24 * time.Hour
	keepAbandoned = 24 * time.Hour
	// Retired ones that no rollback reaches are kept for queries under way.
	keepSuperseded = 10 * time.Minute
)

// KeeperOptions says how a Keeper works. The zero value is usable.
type KeeperOptions struct {
	// Every is how often retired generations are brought to where the live one
	// is. Default 1 s.
	Every time.Duration
	// Retired is how long a retired generation is kept. Default 7 days.
	Retired time.Duration
	// Abandoned is how long a generation is kept that nobody builds any more.
	// Default 1 day.
	Abandoned time.Duration
	// TidyEvery is how often generations that are not kept any longer are looked
	// for, besides at the start. Default 1 hour.
	TidyEvery time.Duration
	// Logger is told what is dropped and what fails. Default: nobody.
	Logger *slog.Logger
}

// Keeper follows the retired generations of groups, so that Rollback finds them
// where the live one is, and drops them when they are old; and generations whose
// building was given up. A retired generation is never further than the live
// one: who reads one and then the other never sees an older state. Those of
// another shape are left to the build that made them.
//
// Any number of keepers may run.
type Keeper struct {
	builder
	groups []Group
	o      KeeperOptions
	failed map[string]string // by schema, what was said of it last
}

// NewKeeper returns a keeper of groups.
func NewKeeper(pool *pgxpool.Pool, log eventlog.Log, groups []Group, o KeeperOptions) *Keeper {
	o.Every = cmp.Or(o.Every, time.Second)
	o.Retired = cmp.Or(o.Retired, keepRetired)
	o.Abandoned = cmp.Or(o.Abandoned, keepAbandoned)
	o.TidyEvery = cmp.Or(o.TidyEvery, time.Hour)
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return &Keeper{
		builder: *newBuilder(pool, log, RebuildOptions{Logger: o.Logger}), groups: groups, o: o, failed: make(map[string]string),
	}
}

// Run keeps until ctx ends, and returns why it did.
func (k *Keeper) Run(ctx context.Context) error {
	var tidied time.Time
	for {
		for _, g := range k.groups {
			k.note(g.Name, k.follow(ctx, g))
			if time.Since(tidied) >= k.o.TidyEvery {
				k.note(g.Name+" tidy", k.tidy(ctx, g))
			}
		}
		if time.Since(tidied) >= k.o.TidyEvery {
			tidied = time.Now()
		}
		if err := sleep(ctx, k.o.Every); err != nil {
			return err
		}
	}
}

// note logs an error once, until it is another one or none.
func (k *Keeper) note(of string, err error) {
	text := ""
	if err != nil {
		text = reason(err)
	}
	if text != k.failed[of] && text != "" {
		k.o.Logger.Warn("retired generations wait", "group", of, "reason", text)
	}
	k.failed[of] = text
}

// follow brings the retired generations of a group that are of its shape to
// where the live one is.
func (k *Keeper) follow(ctx context.Context, g Group) error {
	live, err := liveGeneration(ctx, k.pool, g.Name)
	if err != nil || live.shape != g.Shape() {
		return nil //nolint:nilerr // a Projector says what is wrong; there is nothing to keep up with
	}
	rows, err := k.pool.Query(ctx, `
SELECT generation, schema_name FROM rm.generations JOIN rm.checkpoints USING (group_name, generation)
WHERE group_name = $1 AND status = 'retired' AND shape = $2 AND state = 'running'`, g.Name, live.shape[:])
	if err != nil {
		return fmt.Errorf("read retired generations: %w", err)
	}
	retired, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (r generation, err error) {
		r.shape = live.shape
		err = row.Scan(&r.number, &r.schema)
		return r, err
	})
	if err != nil {
		return fmt.Errorf("read retired generations: %w", err)
	}
	for _, r := range retired {
		if err := k.followOne(ctx, g, live, r); err != nil && !errors.Is(err, errMoved) && !errors.Is(err, errStopped) && !gone(err) {
			return fmt.Errorf("follow %s: %w", r.schema, err)
		}
	}
	return nil
}

func (k *Keeper) followOne(ctx context.Context, g Group, live, retired generation) error {
	there, err := readPlace(ctx, k.pool, g.Name, live)
	if err != nil {
		return err
	}
	p, err := k.follower(ctx, g, retired)
	if err != nil {
		return err
	}
	p.led = there.parked
	return p.follow(ctx, there.at)
}

// tidy drops what is not kept any longer.
func (k *Keeper) tidy(ctx context.Context, g Group) error {
	rows, err := k.pool.Query(ctx, `
SELECT generation, schema_name, status FROM rm.generations g
WHERE group_name = $1 AND status IN ('retired', 'building', 'verified', 'scratch') AND changed_at < now() - CASE
	WHEN status <> 'retired' THEN $3::interval
	-- A rollback goes to the one that was live last, never to this one.
	WHEN EXISTS (
		SELECT FROM rm.generations later
		WHERE later.group_name = g.group_name AND later.shape = g.shape AND later.status = 'retired'
			AND (later.changed_at, later.generation) > (g.changed_at, g.generation)) THEN least($2::interval, $4::interval)
	ELSE $2::interval END`, g.Name, k.o.Retired, k.o.Abandoned, keepSuperseded)
	if err != nil {
		return fmt.Errorf("read old generations: %w", err)
	}
	type old struct {
		generation
		status string
	}
	all, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (o old, err error) {
		err = row.Scan(&o.number, &o.schema, &o.status)
		return o, err
	})
	if err != nil {
		return fmt.Errorf("read old generations: %w", err)
	}
	for _, o := range all {
		dropped := false
		err := inLock(ctx, k.pool, g, func(tx pgx.Tx) error {
			// Who builds or switches holds the lock. A query that runs for long in
			// an old generation is not waited for long.
			var free, still bool
			if err := tx.QueryRow(ctx, "SELECT pg_try_advisory_xact_lock("+building+")", g.Name).Scan(&free); err != nil || !free {
				return err
			}
			if _, err := tx.Exec(ctx, "SET LOCAL lock_timeout = '2s'"); err != nil {
				return err
			}
			if err := tx.QueryRow(ctx, "SELECT status = $3 FROM rm.generations WHERE group_name = $1 AND generation = $2",
				g.Name, o.number, o.status).Scan(&still); err != nil || !still {
				return err
			}
			dropped = true
			return drop(ctx, tx, g.Name, o.generation)
		})
		if err != nil {
			return fmt.Errorf("drop %s: %w", o.schema, err)
		}
		if dropped {
			k.o.Logger.Info("old generation dropped", "schema", o.schema, "status", o.status)
		}
	}
	return nil
}
