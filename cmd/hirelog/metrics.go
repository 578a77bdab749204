package main

import (
	"context"
	"math"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/hirelog/hirelog/commands"
	"github.com/hirelog/hirelog/internal/eventnode"
	"github.com/hirelog/hirelog/projections"
)

// newMetrics returns a registry with the metrics of the Go runtime and the
// process.
func newMetrics() *prometheus.Registry {
	r := prometheus.NewRegistry()
	r.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return r
}

// projectionMetrics keeps what projectors tell.
func projectionMetrics(r prometheus.Registerer) projections.Observer {
	batch := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "hirelog_projection_batch_seconds", Help: "Time one batch of events took, by group of read models.",
		Buckets: prometheus.ExponentialBuckets(0.001, 2, 14),
	}, []string{"group"})
	events := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "hirelog_projection_events_total", Help: "Events projected, by group of read models.",
	}, []string{"group"})
	sizes := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "hirelog_projection_batch_events", Help: "Events in one batch, by group of read models.",
		Buckets: prometheus.ExponentialBuckets(1, 2, 11),
	}, []string{"group"})
	lag := prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "hirelog_projection_lag_seconds", Help: "How long the log has been seen to hold events that are not projected.",
	}, []string{"group"})
	behind := prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "hirelog_projection_lag_events", Help: "Events that are not projected, counted every few seconds, up to 10,000.",
	}, []string{"group"})
	running := prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "hirelog_projection_running", Help: "1 while the projection runs, 0 while it waits or is stopped.",
	}, []string{"group"})
	r.MustRegister(batch, events, sizes, lag, behind, running)
	return projections.Observer{
		Batch: func(group string, n int, took time.Duration) {
			batch.WithLabelValues(group).Observe(took.Seconds())
			events.WithLabelValues(group).Add(float64(n))
			sizes.WithLabelValues(group).Observe(float64(n))
		},
		Lag: func(group string, d time.Duration, n int) {
			lag.WithLabelValues(group).Set(d.Seconds())
			behind.WithLabelValues(group).Set(float64(n))
		},
		State: func(group string, s projections.State) {
			value := 0.0
			if s == projections.Running {
				value = 1
			}
			running.WithLabelValues(group).Set(value)
		},
	}
}

// commandMetrics counts how commands went.
func commandMetrics(r prometheus.Registerer) func(commands.Transacted) {
	done := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "hirelog_commands_total", Help: "Commands decided on a stream, by its kind, by outcome, and by whether its fold was in memory.",
	}, []string{"category", "outcome", "fold"})
	conflicts := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "hirelog_command_conflicts_total", Help: "Times a command was decided again because another writer got in first.",
	}, []string{"category"})
	r.MustRegister(done, conflicts)
	return func(t commands.Transacted) {
		fold := "read"
		if t.Cached {
			fold = "cached"
		}
		done.WithLabelValues(t.Category, string(t.Outcome), fold).Inc()
		conflicts.WithLabelValues(t.Category).Add(float64(t.Conflicts))
	}
}

// storeMetrics keeps what the event store's client, the embedded node, the
// directory and the pools say of themselves.
func (p *process) storeMetrics() {
	gauge := func(name, help string, value func() float64) {
		p.metrics.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, value))
	}
	counter := func(name, help string, value func() float64) {
		p.metrics.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: help}, value))
	}
	gauge("hirelog_directory_lag_seconds", "How long ago the directory of rights was level with the log.", func() float64 {
		return min(p.directory.Lag().Seconds(), (24 * time.Hour).Seconds())
	})
	log := p.stores.log
	counter("hirelog_eventstore_generations_total", "Connections made to the event store.", func() float64 { return float64(log.Stats().Generations) })
	counter("hirelog_eventstore_retries_total", "Calls to the event store that were tried again.", func() float64 { return float64(log.Stats().Retries) })
	gauge("hirelog_eventstore_stuck_calls", "Calls the event store's client has not returned from in time.", func() float64 { return float64(log.Stats().Stuck) })
	gauge("hirelog_postgres_connections", "Connections to Postgres in use.", func() float64 { return float64(p.stores.pool.Stat().AcquiredConns()) })
	gauge("hirelog_postgres_connections_max", "Connections to Postgres this process may have.", func() float64 { return float64(p.stores.pool.Stat().MaxConns()) })
	gauge("hirelog_projection_parked_events", "Events put aside because they, or an earlier one of their stream, could not be projected.", func() float64 {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		n, err := projections.CountParked(ctx, p.stores.pool)
		if err != nil {
			return math.NaN() // unknown
		}
		return float64(n)
	})
	if p.stores.node != nil {
		p.stores.disk.register(p.metrics, p.stores.node)
	}
}

// nodeMetrics is what an event node says of its disk.
type nodeMetrics struct {
	seconds prometheus.Histogram
	appends prometheus.Histogram
}

func newNodeMetrics() *nodeMetrics {
	return &nodeMetrics{
		seconds: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "hirelog_node_commit_seconds", Help: "Time a group commit took from being handed to the disk to being durable there.",
			Buckets: prometheus.ExponentialBuckets(0.0001, 2, 15),
		}),
		appends: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "hirelog_node_commit_appends", Help: "Appends that one group commit served.",
			Buckets: prometheus.ExponentialBuckets(1, 2, 11),
		}),
	}
}

// committed is eventnode.Options.Committed.
func (m *nodeMetrics) committed(appends, _ int, took time.Duration) {
	m.seconds.Observe(took.Seconds())
	m.appends.Observe(float64(appends))
}

// register shows the metrics of a node.
func (m *nodeMetrics) register(r prometheus.Registerer, n *eventnode.Node) {
	r.MustRegister(m.seconds, m.appends)
	show := func(name, help string, value func(eventnode.Stats) float64) {
		r.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, func() float64 { return value(n.Stats()) }))
	}
	count := func(name, help string, value func(eventnode.Stats) float64) {
		r.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: help}, func() float64 { return value(n.Stats()) }))
	}
	count("hirelog_node_events_total", "Events the event node has written.", func(s eventnode.Stats) float64 { return float64(s.Events) })
	count("hirelog_node_batches_total", "Group commits of the event node.", func(s eventnode.Stats) float64 { return float64(s.Batches) })
	count("hirelog_node_syncs_total", "Times the event node has synced its disk.", func(s eventnode.Stats) float64 { return float64(s.Fsyncs) })
	show("hirelog_node_subscriptions", "Open subscriptions of the event node.", func(s eventnode.Stats) float64 { return float64(s.Subscriptions) })
	show("hirelog_node_fault", "1 once the event node has met a fault and writes nothing.", func(s eventnode.Stats) float64 {
		if s.Fault != nil {
			return 1
		}
		return 0
	})
}
