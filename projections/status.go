package projections

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/hirelog/hirelog/internal/eventlog"
	"github.com/hirelog/hirelog/readmodels"
)

// Status is what the database knows of a group.
type Status struct {
	Group      string
	Generation int
	Schema     string
	Checkpoint Checkpoint
	MovedAt    time.Time // when the checkpoint moved last
	// Lag is how long the log has been seen to hold more, or how long no
	// projector has given a sign of life, whichever applies; 0 if neither.
	Lag time.Duration
	// Behind is true when the log holds events behind the checkpoint, if the
	// log was asked.
	Behind  bool
	Stopped *Failure // nil unless it is stopped
	Parked  int      // events put aside
}

// lagSQL is the lag of a row of rm.checkpoints, by the database's clock. A
// projector that was silent for 10 s counts as absent.
const lagSQL = `CASE
	WHEN behind_since IS NOT NULL THEN greatest(clock_timestamp() - behind_since, '0')
	WHEN alive_at < clock_timestamp() - interval '10 seconds' THEN clock_timestamp() - alive_at
	ELSE '0' END`

// ReadStatus returns the status of the live generation of each group, by name.
// head returns the log's end, such as Head does; nil leaves Behind false, so
// that it works without the log.
func ReadStatus(ctx context.Context, pool *pgxpool.Pool, head func(context.Context) (eventlog.Position, error)) ([]Status, error) {
	var end eventlog.Position
	if head != nil {
		var err error
		if end, err = head(ctx); err != nil {
			return nil, err
		}
	}
	rows, err := pool.Query(ctx, `
SELECT group_name, generation, schema_name, event_commit, event_prepare, event_id, commit_position, prepare_position,
	moved_at, `+lagSQL+`, CASE WHEN state = 'stopped' THEN failure END,
	(SELECT count(*) FROM rm.parked p WHERE p.group_name = g.group_name AND p.generation = g.generation)
FROM rm.generations g JOIN rm.checkpoints c USING (group_name, generation)
WHERE status = 'live' ORDER BY group_name`)
	if err != nil {
		return nil, fmt.Errorf("read status of projections: %w", err)
	}
	all, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (Status, error) {
		var s Status
		c := &s.Checkpoint
		err := row.Scan(&s.Group, &s.Generation, &s.Schema, &c.Event.Commit, &c.Event.Prepare, &c.EventID,
			&c.Position.Commit, &c.Position.Prepare, &s.MovedAt, &s.Lag, &s.Stopped, &s.Parked)
		s.Behind = end.After(c.Position)
		return s, err
	})
	if err != nil {
		return nil, fmt.Errorf("read status of projections: %w", err)
	}
	return all, nil
}

// Head returns the position of the log's last event, Start if it has none.
// Errors: those of the log.
func Head(ctx context.Context, log eventlog.Log) (eventlog.Position, error) {
	for e, err := range log.ReadAll(ctx, eventlog.Start, eventlog.Backwards) {
		if err != nil {
			return eventlog.Start, fmt.Errorf("end of the log: %w", err)
		}
		return e.Position, nil
	}
	return eventlog.Start, nil
}

// Resume has a stopped group tried again, by the projector at work or by the
// next one: the generation that this build serves, and the retired ones. It
// reports whether any was stopped.
func Resume(ctx context.Context, pool *pgxpool.Pool, g Group) (bool, error) {
	shape := g.Shape()
	tag, err := pool.Exec(ctx, `
UPDATE rm.checkpoints c SET state = 'running', failure = NULL FROM rm.generations g
WHERE g.group_name = c.group_name AND g.generation = c.generation
	AND (g.status = 'live' OR g.status = 'retired' AND g.shape = $2)
	AND c.group_name = $1 AND c.state = 'stopped'`, g.Name, shape[:])
	if err != nil {
		return false, fmt.Errorf("resume group %s: %w", g.Name, err)
	}
	return tag.RowsAffected() > 0, nil
}

// GenerationStatus is what the database knows of a generation.
type GenerationStatus struct {
	Group      string
	Generation int
	Schema     string
	// Status is building, verified, live, retired, or scratch: one that is only
	// built to be compared with.
	Status     string
	Shape      readmodels.Shape
	Filled     bool   // false while its rows are being copied
	Busy       bool   // a process builds, compares or switches generations of the group
	Verdict    string // what the comparison before the switch said
	Checkpoint Checkpoint
	ChangedAt  time.Time     // when its status changed
	Lag        time.Duration // of the live one; see Status
	Behind     bool          // the log holds more, if it was asked
	Stopped    *Failure
	Parked     int
	Bytes      int64 // on disk, with indexes
}

// ReadGenerations returns all generations that are not dropped, by group and
// number. head is as for ReadStatus.
func ReadGenerations(ctx context.Context, pool *pgxpool.Pool, head func(context.Context) (eventlog.Position, error)) ([]GenerationStatus, error) {
	var end eventlog.Position
	if head != nil {
		var err error
		if end, err = head(ctx); err != nil {
			return nil, err
		}
	}
	rows, err := pool.Query(ctx, `
SELECT group_name, generation, schema_name, status, shape, filled, coalesce(verdict, ''), changed_at,
	event_commit, event_prepare, event_id, commit_position, prepare_position,
	CASE WHEN status = 'live' THEN `+lagSQL+` ELSE '0' END, CASE WHEN state = 'stopped' THEN failure END,
	(SELECT count(*) FROM rm.parked p WHERE p.group_name = g.group_name AND p.generation = g.generation),
	(SELECT coalesce(sum(pg_total_relation_size(t.oid)), 0)::bigint FROM pg_class t JOIN pg_namespace n ON n.oid = t.relnamespace
		WHERE n.nspname = g.schema_name AND t.relkind = 'r'),
	EXISTS (SELECT FROM pg_locks l, LATERAL (SELECT hashtextextended('hirelog building of ' || g.group_name, 0) AS key) k
		WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
			AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
			AND l.classid::bigint = (k.key >> 32) & 4294967295 AND l.objid::bigint = k.key & 4294967295)
FROM rm.generations g JOIN rm.checkpoints c USING (group_name, generation)
WHERE status <> 'dropped' ORDER BY group_name, generation`)
	if err != nil {
		return nil, fmt.Errorf("read status of generations: %w", err)
	}
	all, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (s GenerationStatus, err error) {
		var shape []byte
		c := &s.Checkpoint
		err = row.Scan(&s.Group, &s.Generation, &s.Schema, &s.Status, &shape, &s.Filled, &s.Verdict, &s.ChangedAt,
			&c.Event.Commit, &c.Event.Prepare, &c.EventID, &c.Position.Commit, &c.Position.Prepare,
			&s.Lag, &s.Stopped, &s.Parked, &s.Bytes, &s.Busy)
		copy(s.Shape[:], shape)
		s.Behind = end.After(c.Position)
		return s, err
	})
	if err != nil {
		return nil, fmt.Errorf("read status of generations: %w", err)
	}
	return all, nil
}
