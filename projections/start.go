package projections

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hirelog/hirelog/internal/eventlog"
)

// start returns where to follow the log from. It waits as long as the projection
// is stopped, or another projector is at work.
func (p *Projector) start(ctx context.Context) (Checkpoint, error) {
	at, err := p.find(ctx)
	switch {
	case err == nil:
		p.turn(Running, "")
	case ctx.Err() != nil:
	case errors.Is(err, ErrShape):
		p.turn(Stopped, err.Error())
	default:
		p.turn(Retrying, reason(err))
	}
	return at, err
}

func (p *Projector) find(ctx context.Context) (Checkpoint, error) {
	if err := p.waitResumed(ctx); err != nil {
		return Checkpoint{}, err
	}
	if err := p.waitAlone(ctx); err != nil {
		return Checkpoint{}, err
	}
	live, err := ensure(ctx, p.pool, p.group)
	if err != nil {
		return Checkpoint{}, err
	}
	if p.here, err = readPlace(ctx, p.pool, p.group.Name, live); err != nil {
		return Checkpoint{}, err
	}
	_, err = p.pool.Exec(ctx, `
UPDATE rm.checkpoints SET holder = $3, alive_at = clock_timestamp() WHERE group_name = $1 AND generation = $2`,
		p.group.Name, live.number, p.id)
	if err != nil {
		return Checkpoint{}, fmt.Errorf("take over %s: %w", live.schema, err)
	}
	return p.here.at, nil
}

// halt remembers that the projection is stopped at a generation.
func (p *Projector) halt(f Failure) {
	p.halted, p.why = p.here.number, f
	p.turn(Stopped, f.String())
}

// refused is told that the log does not go on behind the checkpoint.
func (p *Projector) refused(ctx context.Context, err error) {
	if !errors.Is(err, eventlog.ErrForeignPosition) {
		p.turn(Retrying, reason(err))
		return
	}
	f := Failure{Position: p.here.at.Event.String(), Error: eventlog.ErrForeignPosition.Error() +
		": the read models were filled from another one; give back that log, or run `hirelog projections rebuild " + p.group.Name + "`"}
	if err := p.here.stop(ctx, p.pool, f); err != nil { // tried again, and refused again
		p.turn(Retrying, reason(err))
		return
	}
	p.halt(f)
}

// waitResumed waits while the generation that was stopped is served and stopped.
func (p *Projector) waitResumed(ctx context.Context) error {
	return p.poll(ctx, func() (bool, error) {
		if p.halted == 0 {
			return true, nil
		}
		var resumed bool
		shape := p.group.Shape()
		err := p.pool.QueryRow(ctx, `
SELECT NOT EXISTS (
	SELECT FROM (`+servedSQL+`) served JOIN rm.checkpoints USING (group_name, generation)
	WHERE generation = $3 AND state = 'stopped')`,
			p.group.Name, shape[:], p.halted).Scan(&resumed)
		if resumed {
			p.halted = 0
		}
		return resumed, err
	})
}

// waitAlone waits, after another projector was met, until none is at work.
func (p *Projector) waitAlone(ctx context.Context) error {
	return p.poll(ctx, func() (bool, error) {
		if !p.met {
			return true, nil
		}
		var busy bool
		shape := p.group.Shape()
		err := p.pool.QueryRow(ctx, `
SELECT EXISTS (
	SELECT FROM (`+servedSQL+`) served JOIN rm.checkpoints USING (group_name, generation)
	WHERE state = 'running' AND holder <> $3 AND alive_at > clock_timestamp() - $4::interval)`,
			p.group.Name, shape[:], p.id, p.o.Standby).Scan(&busy)
		if err == nil && !busy {
			p.met = false
			return true, nil
		}
		p.turn(Standby, "another projector is at work")
		return false, err
	})
}

// poll asks until the answer is yes. An error is no answer: it is asked again.
func (p *Projector) poll(ctx context.Context, ask func() (bool, error)) error {
	for {
		yes, err := ask()
		if err == nil && yes {
			return nil
		}
		t := time.NewTimer(p.o.Poll)
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
			return ctx.Err()
		}
	}
}
