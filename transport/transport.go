// Package transport is everything that speaks HTTP: commands and queries on two
// Echo instances, one OpenAPI document for both, and what operating needs.
package transport

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/hirelog/hirelog/commands"
	"github.com/hirelog/hirelog/internal/ops"
	"github.com/hirelog/hirelog/internal/tracing"
	"github.com/hirelog/hirelog/transport/auth"
	"github.com/hirelog/hirelog/transport/commandapi"
	"github.com/hirelog/hirelog/transport/edge"
	"github.com/hirelog/hirelog/transport/queryapi"
)

// Options say what a process serves. Tokens and Directory are required. Without
// Commands and Queries it answers only for itself: whether it runs, whether it
// is ready, and its metrics.
type Options struct {
	Commands *commandapi.Options // nil = no commands here
	Queries  *queryapi.Options   // nil = no queries here

	Tokens    *ops.Tokens
	Sessions  *ops.Sessions // of candidates; nil = none is signed in
	Directory *commands.Directory

	Version string // of the program
	Logger  *slog.Logger
	// Metrics holds what /metrics shows, and what is counted of requests; nil =
	// nothing is counted and there is no such page.
	Metrics *prometheus.Registry
	Tracing *tracing.Provider // nil = nothing is traced
	// Checks are what /readyz asks.
	Checks []Check
	// TrustedProxies, Timeout and TransferTimeout: see edge.Options.
	TrustedProxies  []netip.Prefix
	Timeout         time.Duration
	TransferTimeout time.Duration
}

// New returns the handler of a process. It starts nothing and needs no closing.
func New(o Options) http.Handler { return compose(o) }

// handler splits requests by method: what only reads goes to the queries.
type handler struct {
	edge             *edge.Edge
	reading, writing http.Handler
}

func compose(o Options) *handler {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	eo := edge.Options{
		Version: o.Version, Logger: o.Logger, Tracing: o.Tracing, TrustedProxies: o.TrustedProxies,
		Timeout: o.Timeout, TransferTimeout: o.TransferTimeout, SelfTracking: selfTracking(o.Directory),
	}
	if o.Metrics != nil {
		eo.Metrics = o.Metrics
	}
	e := edge.New(eo)
	h := &handler{edge: e}
	var public *edge.Surface
	if o.Commands != nil {
		public = e.Surface("commands", auth.New(o.Tokens, o.Sessions, active(o.Directory)))
		co := *o.Commands
		if co.Select == nil && o.Queries != nil {
			co.Select = queryapi.Selector(*o.Queries)
		}
		commandapi.Declare(public, co)
		public.Keep(co.Commands.JobOf)
		h.reading, h.writing = public, public
	}
	if o.Queries != nil {
		public = e.Surface("queries", auth.New(o.Tokens, o.Sessions, notKnownInactive(o.Directory)))
		qo := *o.Queries
		qo.Tokens = o.Tokens
		queryapi.Declare(public, qo)
		public.Keep(o.Queries.Core.JobOf)
		h.reading = public
		if h.writing == nil {
			h.writing = public
		}
	}
	if public == nil {
		public = e.Surface("operation", auth.New(o.Tokens, o.Sessions, active(o.Directory)))
		h.reading, h.writing = public, public
	}
	declareDocs(e, public)
	declareOperation(public, o)
	return h
}

// ServeHTTP implements http.Handler.
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		h.reading.ServeHTTP(w, r)
		return
	}
	h.writing.ServeHTTP(w, r)
}

// selfTracking says whether candidates have a side of their own. While the log is
// out of reach it is as it was last known to be.
func selfTracking(d *commands.Directory) func() (bool, error) {
	return func() (bool, error) {
		if d.Organization().Settings.SelfTracking {
			return true, nil
		}
		return false, d.Check()
	}
}

// active says of a member what the log says, or that nobody knows.
func active(d *commands.Directory) auth.Members {
	return func(_ context.Context, member string) (auth.Standing, error) {
		if err := d.Check(); err != nil {
			return auth.Standing{}, err
		}
		return standingOf(d, member), nil
	}
}

// notKnownInactive lets queries go on while the log is out of reach: each query
// asks the read models for the member's rights, and nobody else has any. The second
// factor is as it was last known to be.
func notKnownInactive(d *commands.Directory) auth.Members {
	return func(_ context.Context, member string) (auth.Standing, error) {
		is := standingOf(d, member)
		is.Active = is.Active || d.Check() != nil
		return is, nil
	}
}

func standingOf(d *commands.Directory, id string) auth.Standing {
	m := d.Member(id)
	return auth.Standing{Active: m.Active, SecondFactor: m.SecondFactor != "", Required: d.Organization().Settings.SecondFactorRequired}
}
