package projections

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/hirelog/hirelog/internal/eventlog"
)

// watch gives signs of life and measures the lag until ctx ends. It also sees
// when the generation it works on is no longer the live one.
func (p *Projector) watch(ctx context.Context, sub *Subscriber) {
	var counted time.Time // when behind was counted last
	behind := 0
	for {
		lag, err := p.alive(ctx)
		switch {
		case lag == 0:
			behind = 0
		case time.Since(counted) >= p.o.AliveEvery: // it may take many reads
			counted, behind = time.Now(), p.countBehind(ctx)
		}
		wait := p.o.AliveEvery
		if err != nil || lag > 0 {
			wait /= 10 // that it is over is known soon
		}
		switch {
		case errors.Is(err, errOrphaned):
			sub.Restart()
		case err == nil && p.o.Observer.Lag != nil:
			p.o.Observer.Lag(p.group.Name, lag, behind)
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return
		}
	}
}

// errOrphaned means that nobody holds the generation that is served.
var errOrphaned = errors.New("no projector is at work")

// alive gives a sign of life, if this projector is the one at work, and returns
// the lag. The database compares, so the answer is right whoever moves the
// checkpoint meanwhile. If the log is out of reach, its end is where it was seen
// last: there is no more that anybody knows of.
// Errors: errOrphaned.
func (p *Projector) alive(ctx context.Context) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, p.o.AliveEvery)
	defer cancel()
	// A log that is away takes all the time it gets.
	asking, stop := context.WithTimeout(ctx, p.o.AliveEvery/2)
	defer stop()
	if head, err := Head(asking, p.log); err == nil {
		p.seen, p.knows = head, true
	}
	var lag time.Duration
	var holder *uuid.UUID
	shape := p.group.Shape()
	err := p.pool.QueryRow(ctx, `
WITH served AS (
	SELECT c.group_name, c.generation, c.holder, c.behind_since, c.alive_at
	FROM (`+servedSQL+`) g JOIN rm.checkpoints c USING (group_name, generation)
), told AS (
	UPDATE rm.checkpoints c SET
		alive_at = clock_timestamp(),
		behind_since = CASE
			WHEN NOT $4 THEN c.behind_since
			WHEN (c.commit_position, c.prepare_position) >= ($5::bigint, $6::bigint) THEN NULL
			ELSE coalesce(c.behind_since, clock_timestamp()) END
	FROM served WHERE served.group_name = c.group_name AND served.generation = c.generation AND c.holder = $3
	RETURNING coalesce(clock_timestamp() - c.behind_since, '0') AS lag
)
SELECT holder, coalesce((SELECT lag FROM told), `+lagSQL+`) FROM served`,
		p.group.Name, shape[:], p.id, p.knows, signed(p.seen.Commit), signed(p.seen.Prepare)).Scan(&holder, &lag)
	switch {
	case errors.Is(err, pgx.ErrNoRows), err == nil && holder == nil:
		return 0, errOrphaned
	case err != nil:
		return 0, fmt.Errorf("sign of life: %w", err)
	}
	return lag, nil
}

// MaxLagEvents is up to where events behind a checkpoint are counted.
const MaxLagEvents = 10_000

// countBehind counts the events the log holds behind the checkpoint, from its
// end, up to MaxLagEvents. What cannot be counted in time is not.
func (p *Projector) countBehind(ctx context.Context) (events int) {
	ctx, cancel := context.WithTimeout(ctx, p.o.AliveEvery/2)
	defer cancel()
	var at eventlog.Position
	shape := p.group.Shape()
	err := p.pool.QueryRow(ctx, `
SELECT commit_position, prepare_position FROM (`+servedSQL+`) served JOIN rm.checkpoints USING (group_name, generation)`,
		p.group.Name, shape[:]).Scan(&at.Commit, &at.Prepare)
	if err != nil {
		return 0
	}
	for e, err := range p.log.ReadAll(ctx, eventlog.Start, eventlog.Backwards) {
		if err != nil || !e.Position.After(at) || events == MaxLagEvents {
			break
		}
		events++
	}
	return events
}

// leave tells a successor that it need not wait.
func (p *Projector) leave() {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second) // the caller's is over
	defer cancel()
	// If it fails the successor waits a little.
	_, _ = p.pool.Exec(ctx, "UPDATE rm.checkpoints SET holder = NULL WHERE group_name = $1 AND holder = $2", p.group.Name, p.id)
}
