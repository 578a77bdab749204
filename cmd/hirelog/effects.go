package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/hirelog/hirelog/internal/effects"
	"github.com/hirelog/hirelog/internal/eventlog"
)

// overdueAfter is how late an effect may be before it is overdue.
const overdueAfter = 5 * time.Minute

// effectsStatus says how far the reactors are.
func effectsStatus(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("hirelog effects status", flag.ContinueOnError)
	where := operatorFlags(flags)
	if err := parse(flags, args, 0, stderr); err != nil {
		return err
	}
	return withStores(ctx, where, func(s *stores) error {
		reactor := effects.Recruiting()
		at, failure, err := effects.At(ctx, s.pool, reactor)
		state := "follows the log, at " + at.Event.String()
		switch {
		case errors.Is(err, effects.ErrNoStart):
			state = "stopped: " + err.Error()
		case err != nil:
			return err
		case failure != nil:
			state = fmt.Sprintf("stopped behind %s: %s", at.Event, failure)
		}
		ledger := effects.NewLedger(s.pool)
		overdue, err := ledger.Overdue(ctx, overdueAfter)
		if err != nil {
			return err
		}
		failed, err := ledger.Failed(ctx)
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintf(stdout, "reactor %s: %s\n%d effects overdue, %d failed\n", reactor.Name, state, overdue, len(failed)); err != nil {
			return err
		}
		for _, e := range failed {
			if _, err := fmt.Fprintf(stdout, "  %s  %s of %s, after %d attempts: %s\n", e.ID, e.Kind, e.Stream, e.Attempts, e.Reason); err != nil {
				return err
			}
		}
		return nil
	})
}

// effectsStart says where a reactor begins.
func effectsStart(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("hirelog effects start", flag.ContinueOnError)
	where := operatorFlags(flags)
	from := flags.String("from", "", "where to begin: `now`, beginning, or the position (commit/prepare) of the last event to leave alone")
	flags.Usage = func() {
		_, _ = fmt.Fprintln(stderr, "usage: hirelog effects start --from now|beginning|POSITION [flags]\n\n"+
			"Events up to there have no effects, later ones have. What was planned before stays planned and is not planned again.\n"+
			"After a restore, begin where the lost database was, or now.")
		flags.PrintDefaults()
	}
	if err := parse(flags, args, 0, stderr); err != nil {
		return err
	}
	at := eventlog.Start
	switch *from {
	case "now", "beginning":
	case "":
		_, _ = fmt.Fprintln(stderr, "hirelog effects start: --from says where")
		return errUsage
	default:
		var err error
		if at, err = eventlog.ParsePosition(*from); err != nil {
			return fmt.Errorf("--from: %w", err)
		}
	}
	return withStores(ctx, where, func(s *stores) (err error) {
		if *from == "now" {
			at, err = effects.StartNow(ctx, s.pool, s.log, effects.Recruiting())
		} else {
			err = effects.StartAt(ctx, s.pool, s.log, effects.Recruiting(), at)
		}
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(stdout, "Events behind %s have effects.\n", at)
		return err
	})
}

// effectsResume has a stopped reactor try again.
func effectsResume(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("hirelog effects resume", flag.ContinueOnError)
	where := operatorFlags(flags)
	if err := parse(flags, args, 0, stderr); err != nil {
		return err
	}
	return withStores(ctx, where, func(s *stores) error {
		if err := effects.Resume(ctx, s.pool, effects.Recruiting()); err != nil {
			return err
		}
		_, err := fmt.Fprintln(stdout, "The event is tried again.")
		return err
	})
}

// effectsRetry has an effect tried again.
func effectsRetry(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("hirelog effects retry", flag.ContinueOnError)
	where := operatorFlags(flags)
	flags.Usage = func() {
		_, _ = fmt.Fprintln(stderr, "usage: hirelog effects retry [flags] ID")
		flags.PrintDefaults()
	}
	if err := parse(flags, args, 1, stderr); err != nil {
		return err
	}
	id, err := uuid.Parse(flags.Arg(0))
	if err != nil {
		return fmt.Errorf("%q is not the id of an effect", flags.Arg(0))
	}
	return withStores(ctx, where, func(s *stores) error {
		if err := effects.Retry(ctx, s.pool, id); err != nil {
			return err
		}
		_, err := fmt.Fprintln(stdout, "The effect is tried again.")
		return err
	})
}

// effectMetrics keeps what effects tell.
func effectMetrics(r prometheus.Registerer) effects.Observer {
	running := prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "hirelog_effects_running", Help: "1 in the process whose reactor is at work.",
	}, []string{"reactor"})
	lag := prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "hirelog_effects_lag_seconds", Help: "How long the log has been seen to hold events that no effects were decided of.",
	}, []string{"reactor"})
	planned := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "hirelog_effects_planned_total", Help: "Effects planned, by kind.",
	}, []string{"kind"})
	finished := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "hirelog_effects_finished_total", Help: "Effects that are over, by kind and how.",
	}, []string{"kind", "state"})
	missed := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "hirelog_effects_missed_total", Help: "Attempts at effects that failed, by kind.",
	}, []string{"kind"})
	r.MustRegister(running, lag, planned, finished, missed)
	for _, k := range effects.Kinds() { // a rate wants its zero
		planned.WithLabelValues(string(k))
		missed.WithLabelValues(string(k))
		finished.WithLabelValues(string(k), string(effects.Done))
	}
	return effects.Observer{
		Activity: func(reactor string, a effects.Activity) {
			value := 0.0
			if a == effects.Running {
				value = 1
			} else {
				lag.WithLabelValues(reactor).Set(0) // for whoever is at work to say
			}
			running.WithLabelValues(reactor).Set(value)
			lag.WithLabelValues(reactor)
		},
		Lag:      func(reactor string, d time.Duration) { lag.WithLabelValues(reactor).Set(d.Seconds()) },
		Planned:  func(k effects.Kind) { planned.WithLabelValues(string(k)).Inc() },
		Finished: func(k effects.Kind, s effects.State) { finished.WithLabelValues(string(k), string(s)).Inc() },
		Missed:   func(k effects.Kind) { missed.WithLabelValues(string(k)).Inc() },
	}
}

// ledgerMetrics shows what waits in the ledger.
func ledgerMetrics(r prometheus.Registerer, l *effects.Ledger) {
	count := func(name, help string, ask func(context.Context) (int, error)) {
		r.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, func() float64 {
			ctx, cancel := context.WithTimeout(context.Background(), time.Second)
			defer cancel()
			n, err := ask(ctx)
			if err != nil {
				return math.NaN() // unknown
			}
			return float64(n)
		}))
	}
	count("hirelog_effects_overdue", "Effects that should have been carried out more than five minutes ago.", func(ctx context.Context) (int, error) {
		return l.Overdue(ctx, overdueAfter)
	})
	count("hirelog_effects_failed", "Effects that nobody tries any more.", l.CountFailed)
}
