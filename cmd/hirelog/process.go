package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/hirelog/hirelog/commands"
	"github.com/hirelog/hirelog/internal/effects"
	"github.com/hirelog/hirelog/internal/eventlog"
	"github.com/hirelog/hirelog/internal/ops"
	"github.com/hirelog/hirelog/internal/postgres"
	"github.com/hirelog/hirelog/internal/signin"
	"github.com/hirelog/hirelog/internal/tracing"
	"github.com/hirelog/hirelog/projections"
	"github.com/hirelog/hirelog/readmodels"
)

// process is what runs over the stores.
type process struct {
	stores    *stores
	mailing   mailing
	logger    *slog.Logger
	logID     uuid.UUID
	metrics   *prometheus.Registry
	tracing   *tracing.Provider
	tokens    *ops.Tokens
	sessions  *ops.Sessions
	door      *signin.Door      // nil without commands
	prints    *ops.Fingerprints // nil without commands
	directory *commands.Directory
	commands  *commands.Commands     // nil without commands
	core      *readmodels.Core       // nil without queries
	waiter    *projections.Waiter    // nil without queries
	projector *projections.Projector // nil without projections
	queries   *pgxpool.Pool          // nil without queries

	lastNight time.Time // when nightly last did something; used by one goroutine

	end     context.CancelFunc
	running sync.WaitGroup
	failed  chan error // the first part that ended by itself
}

// finishEvery is how often interrupted commands are looked for.
const finishEvery = time.Minute

// startProcess starts the parts that o names.
func startProcess(ctx context.Context, s *stores, o serveOptions, logger *slog.Logger) (_ *process, err error) {
	life, end := context.WithCancel(context.WithoutCancel(ctx))
	p := &process{stores: s, mailing: o.mailing, logger: logger, end: end, failed: make(chan error, 1), metrics: newMetrics()}
	defer func() {
		if err != nil {
			err = errors.Join(err, p.stop())
		}
	}()
	if p.tracing, err = tracing.Start(ctx, version(), logger); err != nil {
		return nil, err
	}
	if err := p.identify(ctx, life, o.parts); err != nil {
		return nil, err
	}
	p.tokens, p.sessions = ops.NewTokens(s.pool, nil), ops.NewSessions(s.pool, nil)
	p.directory = commands.NewDirectory(s.log, s.vault.Forget, logger.With("part", "directory"))
	p.goes(life, "directory", p.directory.Run)
	if o.parts.projections {
		if err := p.startProjections(ctx, life); err != nil {
			return nil, err
		}
	}
	if o.parts.queries {
		if err := p.startQueries(ctx, life); err != nil {
			return nil, err
		}
	}
	if o.parts.commands || o.parts.effects {
		// Before anything is written to a new log.
		if err := effects.Begin(ctx, s.pool, s.log, effects.Recruiting()); err != nil {
			return nil, err
		}
	}
	if o.parts.commands {
		if err := p.startCommands(ctx, life); err != nil {
			return nil, err
		}
	}
	if o.parts.effects {
		if err := p.startEffects(life); err != nil {
			return nil, err
		}
	}
	p.storeMetrics()
	return p, nil
}

// identify finds out which log this is, and makes sure that the database is of
// the same. Queries do without the event store: they take the database's word,
// and compare when the event store answers.
func (p *process) identify(ctx, life context.Context, does parts) (err error) {
	if !does.commands && !does.projections && !does.effects {
		if p.logID, err = ops.TiedLog(ctx, p.stores.pool); err != nil {
			return err
		}
	}
	if p.logID == uuid.Nil {
		// Started together with the event store, it may be the first to be there.
		for giveUp := time.Now().Add(startPatience); ; {
			p.logID, err = p.compareLogs(ctx)
			if !errors.Is(err, eventlog.ErrUnavailable) || time.Now().After(giveUp) {
				return err
			}
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(time.Second / 4):
			}
		}
	}
	p.goes(life, "comparison of log and database", func(ctx context.Context) error {
		for {
			if _, err := p.compareLogs(ctx); err == nil || errors.Is(err, ops.ErrForeignLog) {
				if err == nil {
					<-ctx.Done()
				}
				return err
			}
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(time.Second):
			}
		}
	})
	return nil
}

// startPatience is how long an event store that is away is waited for at the
// start.
const startPatience = 10 * time.Second

// compareLogs returns the id of the log, of which the database must be too.
func (p *process) compareLogs(ctx context.Context) (uuid.UUID, error) {
	id, err := eventlog.Identify(ctx, p.stores.log, time.Now())
	if err != nil {
		return uuid.Nil, err
	}
	return id, ops.TieLog(ctx, p.stores.pool, id)
}

// goes runs one part until the process ends. A part that ends before ends the
// process.
func (p *process) goes(life context.Context, name string, run func(context.Context) error) {
	p.running.Add(1)
	go func() {
		defer p.running.Done()
		if err := run(life); life.Err() == nil {
			select {
			case p.failed <- fmt.Errorf("%s ended: %w", name, err):
			default:
			}
		}
	}()
}

// stop ends all parts and waits for them.
func (p *process) stop() error {
	p.end()
	p.running.Wait()
	if p.prints != nil {
		p.prints.Wait()
	}
	if p.queries != nil {
		p.queries.Close()
	}
	if err := p.tracing.Stop(); err != nil {
		p.logger.Warn("the last spans were lost", "error", err)
	}
	return nil
}

func (p *process) startProjections(ctx, life context.Context) error {
	group := coreGroup(p.stores.vault)
	if err := projections.Ensure(ctx, p.stores.pool, group); err != nil {
		return err
	}
	var err error
	p.projector, err = projections.NewProjector(p.stores.pool, p.stores.log, group, projections.Options{
		Logger: p.logger, Observer: projectionMetrics(p.metrics), Tracing: p.tracing,
	})
	if err != nil {
		return err
	}
	p.goes(life, "projection "+projections.CoreGroup, p.projector.Run)
	keeper := projections.NewKeeper(p.stores.pool, p.stores.log, []projections.Group{coreGroup(p.stores.vault)}, projections.KeeperOptions{Logger: p.logger})
	p.goes(life, "retired projections", keeper.Run)
	return nil
}

// startQueries opens a pool of the queries' own: a flood of them does not keep
// projections and the vault from Postgres.
func (p *process) startQueries(ctx, life context.Context) error {
	var err error
	p.queries, err = postgres.OpenPool(ctx, p.stores.pool.Config().ConnString(), postgres.PoolOptions{
		Name: "hirelog queries", StatementTimeout: 10 * time.Second,
		Settings: map[string]string{"plan_cache_mode": "force_custom_plan", "max_parallel_workers_per_gather": "0"},
	})
	if err != nil {
		return err
	}
	generations := readmodels.NewGenerations(p.queries)
	generations.Serve(projections.CoreGroup, coreGroup(p.stores.vault).Shape())
	p.core = readmodels.NewCore(p.queries, p.stores.vault, generations)
	p.waiter = projections.NewWaiter(p.queries, projections.WaiterOptions{Generations: generations, Logger: p.logger})
	p.goes(life, "waiter", func(ctx context.Context) error { p.waiter.Run(ctx); return ctx.Err() })
	return nil
}

func (p *process) startCommands(ctx, life context.Context) error {
	p.prints = ops.NewFingerprints(life, p.stores.pool, nil, p.logger)
	p.commands = commands.New(commands.Options{
		Log: p.stores.writable(), Vault: p.stores.vault, Directory: p.directory, Files: p.stores.files, Scanner: p.stores.scan,
		Tokens: p.tokens, Arrivals: ops.NewArrivals(p.stores.pool, nil), Mail: p.mails(), MailDomain: p.mailing.domain, PageURL: p.mailing.page, Logger: p.logger, Observer: commandMetrics(p.metrics),
	})
	if err := p.directory.Ready(ctx); err != nil {
		return err
	}
	age := finishEvery
	if p.stores.alone {
		age = 0 // nobody is at work on what is found
	}
	if err := p.finish(ctx, age); err != nil {
		return err
	}
	p.goes(life, "what changes of jobs leave to be done", p.commands.SettleJobs)
	p.door = signin.New(signin.Options{
		Vault: p.stores.vault, SignIns: ops.NewSignIns(p.stores.pool, p.sessions, p.stores.vault.Fingerprint, nil), Sessions: p.sessions, Mail: p.mails(),
		Company: func() string { return p.directory.Organization().Name }, Logger: p.logger,
	})
	p.goes(life, "codes for candidates", p.door.Run)
	p.goes(life, "finishing", func(ctx context.Context) error {
		tick := time.NewTicker(finishEvery)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-tick.C:
			}
			if err := p.finish(ctx, finishEvery); err != nil && ctx.Err() == nil {
				p.logger.Warn("interrupted commands are not finished yet", "error", err)
			}
			p.nightly(ctx, time.Now())
		}
	})
	return nil
}

// startEffects has what follows from events carried out, by commands of this
// process's own or of the part that serves them.
func (p *process) startEffects(life context.Context) error {
	c := p.commands
	if c == nil {
		c = commands.New(commands.Options{
			Log: p.stores.writable(), Vault: p.stores.vault, Directory: p.directory, Files: p.stores.files, Scanner: p.stores.scan, Mail: p.mails(),
			MailDomain: p.mailing.domain, PageURL: p.mailing.page, Logger: p.logger,
		})
	}
	e, err := effects.New(effects.Options{
		Pool: p.stores.pool, Log: p.stores.log, Reactors: []effects.Reactor{effects.Recruiting()}, Perform: effects.ByCommands(c),
		Observer: effectMetrics(p.metrics), Logger: p.logger.With("part", "effects"),
	})
	if err != nil {
		return err
	}
	ledgerMetrics(p.metrics, effects.NewLedger(p.stores.pool))
	p.goes(life, "effects", e.Run)
	return nil
}

// night is the hour of the local day in which what is done once a night is done.
const night = 3

// nightly does, in the night, what is to be done in the night: after an erasure
// the keys that are left are wrapped anew, so that old backups open nothing, and
// bytes of uploads that no event names are removed.
func (p *process) nightly(ctx context.Context, now time.Time) {
	if now.Hour() != night || now.Sub(p.lastNight) < 12*time.Hour {
		return
	}
	p.lastNight = now
	switch r, done, err := p.stores.vault.RotateIfDue(ctx); {
	case err != nil && ctx.Err() == nil:
		p.logger.Error("keys were not wrapped anew after an erasure", "error", err)
	case done:
		p.logger.Info("keys were wrapped anew after an erasure", "keys", r.Rewrapped)
	}
	n, err := p.commands.SweepFiles(ctx, 24*time.Hour)
	switch {
	case err != nil && ctx.Err() == nil:
		p.logger.Error("left-over uploads were not swept", "error", err)
	case n > 0:
		p.logger.Info("left-over uploads were swept", "files", n)
	}
	if _, err := p.mails().Forget(ctx); err != nil && ctx.Err() == nil {
		p.logger.Error("old captured mails were not forgotten", "error", err)
	}
	kept := p.directory.Organization().Settings.ReadLogDays
	if kept == 0 || p.directory.Check() != nil {
		return // not known: another night
	}
	forgotten, err := ops.NewReads(p.stores.pool).Forget(ctx, now.AddDate(0, 0, -kept))
	switch {
	case err != nil && ctx.Err() == nil:
		p.logger.Error("old reads were not forgotten", "error", err)
	case forgotten > 0:
		p.logger.Info("old reads were forgotten", "reads", forgotten)
	}
}

// finish completes what crashes left of erasures, and of merges and applications
// on their way in that began longer ago than age.
func (p *process) finish(ctx context.Context, age time.Duration) error {
	erasures, err := p.commands.FinishErasures(ctx)
	if err != nil {
		return err
	}
	arrivals, err := p.commands.FinishArrivals(ctx, age)
	if err != nil {
		return err
	}
	merges, err := p.commands.FinishMerges(ctx, age)
	if err == nil && erasures+arrivals+merges > 0 {
		p.logger.Info("interrupted commands were finished", "erasures", erasures, "arrivals", arrivals, "merges", merges)
	}
	return err
}
