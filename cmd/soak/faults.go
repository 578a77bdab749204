package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/hirelog/hirelog/internal/postgres"
	"github.com/hirelog/hirelog/internal/vault"
	"github.com/hirelog/hirelog/projections"
)

// faults does everything that may go wrong, one after the other, while l works.
func (in *installation) faults(ctx context.Context, l *load) error {
	if err := in.works(ctx, l); err != nil {
		return err
	}
	for in.report.kills() < in.o.kills {
		if err := in.killOne(ctx, l); err != nil {
			return err
		}
	}
	// From here on processes live, so that what they leak stays.
	if err := in.rest(ctx, l, "before the faults of stores"); err != nil {
		return err
	}
	if err := in.settle(ctx, func() error { return in.report.setBaseline(in.usage(ctx)) }); err != nil {
		return err
	}
	l.resume()
	for _, fault := range in.plan() {
		end := in.report.begin(fault.kind)
		err := fault.do(ctx, l)
		if err == nil {
			err = in.works(ctx, l)
		}
		end()
		if err != nil {
			return fmt.Errorf("%s: %w", fault.kind, err)
		}
	}
	if err := in.rest(ctx, l, "after the faults"); err != nil {
		return err
	}
	return in.settle(ctx, func() error {
		return in.report.compareUsage(in.usage(ctx), in.proxy.Lines(), 2*len(in.servers()))
	})
}

// settle looks again and again until what is held at rest is right, on a machine
// that does much else: what leaks does not go.
func (in *installation) settle(ctx context.Context, look func() error) error {
	for giveUp := time.Now().Add(time.Minute); ; {
		err := look()
		if err == nil || time.Now().After(giveUp) {
			return err
		}
		if err := sleep(ctx, time.Second); err != nil {
			return err
		}
	}
}

// fault is something that goes wrong once.
type fault struct {
	kind string
	do   func(context.Context, *load) error
}

// plan returns the faults of stores, in an order by chance.
func (in *installation) plan() []fault {
	var all []fault
	add := func(times int, kind string, do func(context.Context, *load) error) {
		for range times {
			all = append(all, fault{kind, do})
		}
	}
	times := 1
	if in.o.long() {
		times = 3
	}
	add(times, "Postgres killed", in.killPostgres)
	add(times, "a backend killed", in.killBackend)
	add(times, "all backends ended", in.endBackends)
	add(times, "keys wrapped anew", in.rotate)
	add(times, "event store cut, 1 s", in.cut(time.Second))
	add(times, "event store held, 1 s", in.hold(time.Second))
	add(times, "event store slow, 1 s", in.slow(time.Second))
	if in.o.long() {
		add(1, "event store cut, 60 s", in.cut(time.Minute))
		add(1, "event store held, 60 s", in.hold(time.Minute))
		add(4, "projector paused", in.pauseProjector)
		if in.nodeDisk {
			add(1, "disk full", in.fillDisk)
		} else {
			in.report.leave("disk full", in.noDisk)
		}
	}
	in.rng.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all
}

// works waits until commands are accepted and reads are answered.
func (in *installation) works(ctx context.Context, l *load) error {
	commands, reads := l.commands.Load()+20, l.reads.Load()+10
	err := eventually(ctx, patience, "commands and reads work", func() bool {
		return l.commands.Load() >= commands && l.reads.Load() >= reads || l.wrong() != nil
	})
	return errors.Join(err, l.wrong())
}

// rest lets the load rest until the read models are level and connections that
// nobody needs are gone.
func (in *installation) rest(ctx context.Context, l *load, when string) error {
	if err := l.pause(ctx); err != nil {
		return fmt.Errorf("%s: %w", when, err)
	}
	if _, err := in.level(ctx); err != nil {
		return fmt.Errorf("%s: %w", when, err)
	}
	return sleep(ctx, 2*time.Second)
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// chance is a time up to most.
func (in *installation) chance(most time.Duration) time.Duration {
	return time.Duration(in.rng.Int64N(int64(most)))
}

// killOne kills a process at a moment by chance, and starts it again.
func (in *installation) killOne(ctx context.Context, l *load) error {
	if err := errors.Join(sleep(ctx, 50*time.Millisecond+in.chance(700*time.Millisecond)), l.wrong()); err != nil {
		return err
	}
	var kind string
	var victim *process
	restart := func() error { return victim.start(ctx, nil) }
	switch dice := in.rng.IntN(100); {
	case dice < 35:
		kind, victim = "kill commands", in.commands[dice%2]
	case dice < 50:
		kind, victim = "kill queries", in.queries[dice%2]
	case dice < 75:
		kind, victim = "kill projections", in.projects[dice%2]
	default:
		kind, victim = "kill event node", in.node
		restart = func() error { return in.startNode(ctx) }
	}
	end := in.report.begin(kind)
	defer end()
	victim.kill()
	err := errors.Join(sleep(ctx, in.chance(300*time.Millisecond)), restart(), l.wrong())
	if err != nil {
		return fmt.Errorf("%s: %w", kind, err)
	}
	return nil
}

// killPostgres kills the database's first process, and starts it again.
func (in *installation) killPostgres(ctx context.Context, _ *load) error {
	pg := in.postgres()
	if err := syscall.Kill(pg.PID(), syscall.SIGKILL); err != nil {
		return err
	}
	<-pg.Done()
	return errors.Join(sleep(ctx, in.chance(500*time.Millisecond)), in.startPostgres(ctx))
}

// connect returns a connection of our own to the database.
func (in *installation) connect(ctx context.Context) (*pgx.Conn, error) {
	config, err := pgx.ParseConfig(in.database())
	if err != nil {
		return nil, err
	}
	config.RuntimeParams["application_name"] = "soak"
	return pgx.ConnectConfig(ctx, config)
}

// killBackend kills the process of one connection, after which the database
// starts all anew by itself.
func (in *installation) killBackend(ctx context.Context, _ *load) error {
	c, err := in.connect(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = c.Close(ctx) }() // it is dead
	var pid int
	err = c.QueryRow(ctx, "SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'hirelog%' ORDER BY state = 'active' DESC, random() LIMIT 1").Scan(&pid)
	if err != nil {
		return err
	}
	return syscall.Kill(pid, syscall.SIGKILL)
}

// endBackends ends every connection.
func (in *installation) endBackends(ctx context.Context, _ *load) error {
	c, err := in.connect(ctx)
	if err != nil {
		return err
	}
	_, err = c.Exec(ctx, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'hirelog%'")
	return errors.Join(err, c.Close(ctx))
}

// rotate wraps all keys anew, as command processes do in the night after an
// erasure: two at once, of which one does it.
func (in *installation) rotate(ctx context.Context, l *load) error {
	erased := in.report.erased()
	err := eventually(ctx, patience, "something is erased", func() bool { return in.report.erased() > erased || l.wrong() != nil })
	if err != nil {
		return err
	}
	pool, err := in.poolOf(ctx, in.database())
	if err != nil {
		return err
	}
	defer pool.Close()
	var rotated atomic.Int64
	errs := make([]error, 2)
	var both sync.WaitGroup
	for n := range errs {
		both.Go(func() {
			keys, err := vault.Open(ctx, pool, in.keyset(), vault.Options{})
			if err != nil {
				errs[n] = err
				return
			}
			_, done, err := keys.RotateIfDue(ctx)
			if done {
				rotated.Add(1)
			}
			errs[n] = err
		})
	}
	both.Wait()
	// Under load something may be erased between the two.
	if err := errors.Join(errs...); err != nil || rotated.Load() > 0 {
		return err
	}
	return errors.New("nothing was rotated though something was erased")
}

// cut cuts all connections to the event store and lets nobody connect.
func (in *installation) cut(d time.Duration) func(context.Context, *load) error {
	return func(ctx context.Context, _ *load) error {
		in.proxy.Refuse()
		return errors.Join(sleep(ctx, d), in.proxy.Restore())
	}
}

// hold lets no byte through to the event store or back.
func (in *installation) hold(d time.Duration) func(context.Context, *load) error {
	return func(ctx context.Context, _ *load) error {
		in.proxy.Hold()
		defer in.proxy.Release()
		return sleep(ctx, d)
	}
}

// slow delays what goes to the event store and back.
func (in *installation) slow(d time.Duration) func(context.Context, *load) error {
	return func(ctx context.Context, _ *load) error {
		in.proxy.Delay(50 * time.Millisecond)
		defer in.proxy.Delay(0)
		return sleep(ctx, d)
	}
}

// pauseProjector stops the projector at work in the middle of whatever it does
// until the other has taken over, and wakes it again.
func (in *installation) pauseProjector(ctx context.Context, l *load) error {
	victim, err := in.projecting(ctx, l)
	if err != nil {
		return err
	}
	if err := victim.signal(syscall.SIGSTOP); err != nil {
		return err
	}
	// After 10 s the database ends a transaction that it was paused in, and the
	// other believes that it is alone. What is read then, the other projected.
	err = errors.Join(sleep(ctx, 12*time.Second), in.works(ctx, l))
	return errors.Join(err, victim.signal(syscall.SIGCONT))
}

// projecting returns the projector at work: under load, the one that counts
// events. When both do they have not met since one was started, but will.
func (in *installation) projecting(ctx context.Context, l *load) (*process, error) {
	counted := [2]float64{-1, -1}
	for giveUp := time.Now().Add(patience); ; {
		var busy []*process
		for n, p := range in.projects {
			kept, err := metrics(p)
			if err != nil {
				return nil, err
			}
			const events = `hirelog_projection_events_total{group="` + projections.CoreGroup + `"}`
			if kept[events] != counted[n] {
				busy = append(busy, p)
			}
			counted[n] = kept[events]
		}
		switch {
		case len(busy) == 1:
			return busy[0], nil
		case time.Now().After(giveUp):
			return nil, fmt.Errorf("%d projectors are at work, want one", len(busy))
		}
		if err := in.works(ctx, l); err != nil {
			return nil, err
		}
	}
}

// fillDisk leaves the node no room until it refuses, gives room again, and
// starts it anew, which it needs.
func (in *installation) fillDisk(ctx context.Context, l *load) error {
	filler := filepath.Join(in.nodeDir, "filler")
	fill := func() error {
		f, err := os.OpenFile(filler, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			return err
		}
		for block := make([]byte, 256<<10); err == nil; {
			_, err = f.Write(block)
		}
		for block := make([]byte, 512); errors.Is(err, syscall.ENOSPC) && len(block) > 0; {
			if _, err = f.Write(block); err == nil {
				continue
			}
			break
		}
		if errors.Is(err, syscall.ENOSPC) {
			err = nil
		}
		return errors.Join(err, f.Close())
	}
	// What the node has set aside for itself is used up first.
	giveUp := time.Now().Add(patience / 2)
	for before := int64(-1); l.commands.Load() != before; {
		if err := errors.Join(fill(), l.wrong()); err != nil {
			return err
		}
		if time.Now().After(giveUp) {
			return errors.New("the disk is never full")
		}
		before = l.commands.Load()
		if err := sleep(ctx, 2*time.Second); err != nil {
			return err
		}
	}
	if err := os.Remove(filler); err != nil {
		return err
	}
	in.node.kill()
	return in.startNode(ctx)
}

// poolOf opens a pool of our own.
func (in *installation) poolOf(ctx context.Context, database string) (*pgxpool.Pool, error) {
	return postgres.OpenPool(ctx, database, postgres.PoolOptions{Name: "soak", StatementTimeout: -1})
}
