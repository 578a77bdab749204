package transport

import (
	"context"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/hirelog/hirelog/transport/edge"
)

// Check is something that must work before a process can serve.
type Check struct {
	Name string
	Run  func(context.Context) error // nil error = it works; what it says is logged, not shown
}

// checkTime bounds all checks together.
const checkTime = 3 * time.Second

// Readiness says whether a process can serve.
type Readiness struct {
	Ready  bool            `json:"ready"`
	Checks []CheckedStatus `json:"checks"`
}

// CheckedStatus is how one check went.
type CheckedStatus struct {
	Name string `json:"name"`
	OK   bool   `json:"ok"`
}

type readyAnswer struct {
	Status int
	Body   Readiness
}

// Liveness says that a process runs.
type Liveness struct {
	Alive bool `json:"alive"`
}

type aliveAnswer struct{ Body Liveness }

// declareOperation declares what machines ask a process about itself.
func declareOperation(s *edge.Surface, o Options) {
	route := func(path, summary string) edge.Route {
		return edge.Route{Method: http.MethodGet, Path: path, Summary: summary, Tag: "operation", Who: edge.Anyone(), Plain: true}
	}
	edge.Handle(s, route("/livez", "Whether the process runs"), func(context.Context, *struct{}) (*aliveAnswer, error) {
		return &aliveAnswer{Body: Liveness{Alive: true}}, nil
	})
	ready := route("/readyz", "Whether the process can serve")
	ready.Unready = true
	edge.Handle(s, ready, func(ctx context.Context, _ *struct{}) (*readyAnswer, error) {
		ctx, cancel := context.WithTimeout(ctx, checkTime)
		defer cancel()
		a := &readyAnswer{Status: http.StatusOK, Body: Readiness{Ready: true, Checks: []CheckedStatus{}}}
		for _, c := range o.Checks {
			err := c.Run(ctx)
			if err != nil {
				o.Logger.Warn("not ready", "check", c.Name, "error", err)
				a.Status, a.Body.Ready = http.StatusServiceUnavailable, false
			}
			a.Body.Checks = append(a.Body.Checks, CheckedStatus{Name: c.Name, OK: err == nil})
		}
		return a, nil
	})
	if o.Metrics == nil {
		return
	}
	metrics := promhttp.HandlerFor(o.Metrics, promhttp.HandlerOpts{})
	stream(s, route("/metrics", "Counters for Prometheus"), func(_ context.Context, r *edge.Request) (func(http.ResponseWriter), error) {
		return func(w http.ResponseWriter) { metrics.ServeHTTP(w, r.HTTP) }, nil
	})
}
