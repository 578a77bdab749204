package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/hirelog/hirelog/internal/effects"
	"github.com/hirelog/hirelog/internal/freebusy"
	"github.com/hirelog/hirelog/internal/history"
	"github.com/hirelog/hirelog/internal/mail"
	"github.com/hirelog/hirelog/internal/ops"
	"github.com/hirelog/hirelog/projections"
	"github.com/hirelog/hirelog/transport"
	"github.com/hirelog/hirelog/transport/commandapi"
	"github.com/hirelog/hirelog/transport/queryapi"
)

// handler returns what answers HTTP requests.
func (p *process) handler(o serveOptions) http.Handler {
	t := transport.Options{
		Tokens: p.tokens, Sessions: p.sessions, Directory: p.directory, Version: version(), Logger: p.logger, Tracing: p.tracing,
		Metrics: p.metrics, Checks: p.checks(), TrustedProxies: o.proxies,
	}
	if p.commands != nil {
		t.Commands = &commandapi.Options{
			Commands: p.commands, Fingerprints: p.prints, Vault: p.stores.vault, Log: p.logID, Logger: p.logger,
			SpoolDir: p.stores.spool, Door: p.door,
		}
	}
	if p.core != nil {
		t.Queries = &queryapi.Options{
			Core: p.core, Waiter: p.waiter, Files: p.stores.files, Vault: p.stores.vault, Reads: ops.NewReads(p.stores.pool), Mails: p.mails(), Log: p.logID, Ledger: effects.NewLedger(p.queries),
			Calendars: freebusy.New(freebusy.Options{Private: o.privateCalendars}),
			History:   &history.Replayer{Log: p.stores.log, Opener: p.stores.vault, Rights: p.directory},
		}
	}
	return transport.New(t)
}

// mails is where mail goes.
func (p *process) mails() *mail.Captured {
	return mail.NewCaptured(p.stores.pool, p.stores.vault, nil).ShowCodes(p.mailing.codes)
}

// checks are what makes the process ready.
func (p *process) checks() []transport.Check {
	checks := []transport.Check{{Name: "postgres", Run: p.stores.pool.Ping}}
	if p.commands != nil { // queries and projections go on while the log is away
		checks = append(checks,
			// The directory asks for the event store all the time, so that its absence is found.
			transport.Check{Name: "event store", Run: func(context.Context) error { return p.stores.log.Away() }},
			transport.Check{Name: "rights", Run: func(context.Context) error { return p.directory.Check() }})
	}
	if p.projector != nil {
		checks = append(checks, transport.Check{Name: "projections", Run: func(context.Context) error {
			if c := p.projector.Condition(); c.State == projections.Stopped {
				return errors.New("stopped: " + c.Reason)
			}
			return nil
		}})
	}
	if n := p.stores.node; n != nil {
		checks = append(checks, transport.Check{Name: "event node", Run: func(context.Context) error {
			if fault := n.Fault(); fault != nil {
				return fmt.Errorf("writes nothing: %w", fault)
			}
			return nil
		}})
	}
	return checks
}
