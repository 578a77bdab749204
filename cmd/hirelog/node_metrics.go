package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/hirelog/hirelog/internal/eventnode"
)

// nodeHandler answers what watches a node that runs alone.
func nodeHandler(n *eventnode.Node, disk *nodeMetrics) http.Handler {
	metrics := newMetrics()
	disk.register(metrics, n)
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(metrics, promhttp.HandlerOpts{}))
	mux.Handle("GET /healthz", healthz(n.Fault))
	return mux
}

// healthz answers 200 while the node takes appends, and 503 with the fault that
// ended it.
func healthz(fault func() error) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		if err := fault(); err != nil {
			w.WriteHeader(http.StatusServiceUnavailable)
			_, _ = fmt.Fprintf(w, "writes nothing: %v\n", err)
			return
		}
		_, _ = io.WriteString(w, "ok\n")
	}
}

// checkMetrics says in the words of the flag why address is none. It names its
// host, so that nobody is let in by leaving it out.
func checkMetrics(address string) error {
	if host, _, err := net.SplitHostPort(address); address != "" && (err != nil || host == "") {
		return fmt.Errorf("--metrics %s: must be host:port, such as 127.0.0.1:2114, or 0.0.0.0:2114 for everybody", address)
	}
	return nil
}

// watchNode serves handler on address, and tells failed if that ends before stop
// is called.
func watchNode(address string, handler http.Handler, failed chan<- error) (at net.Addr, stop func(), err error) {
	ln, err := net.Listen("tcp", address)
	if err != nil {
		return nil, nil, fmt.Errorf("listen on %s: %w; --metrics chooses another address", address, cause(err))
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 5 * time.Second, IdleTimeout: 2 * time.Minute}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := server.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
			failed <- fmt.Errorf("serve metrics: %w", err)
		}
	}()
	return ln.Addr(), func() { _ = server.Close(); <-ended }, nil
}
