// Package edge is what all of HTTP has in common: the routes and who may use
// them, the way in (ids, limits, tokens, media types) and the way out (problems,
// headers, logs, metrics).
//
// An Edge holds one OpenAPI document and one table of routes. Each Surface is an
// Echo instance of it: commands and queries are two, served together or apart.
package edge

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humaecho"
	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/hirelog/hirelog/internal/tracing"
	"github.com/hirelog/hirelog/transport/auth"
)

// Options of an Edge.
type Options struct {
	Version string                // of the program, for the OpenAPI document
	Logger  *slog.Logger          // access log and faults; nil = discard
	Metrics prometheus.Registerer // nil = none are kept
	Tracing *tracing.Provider     // nil = requests are not traced
	// TrustedProxies are the address ranges whose X-Forwarded-For is believed.
	// None means that the client is whoever holds the connection.
	TrustedProxies []netip.Prefix
	// SelfTracking says whether candidates have a side of their own now; nil = they
	// have none. Its errors mean that nobody knows.
	SelfTracking func() (bool, error)
	// Timeout bounds a request; 0 means 15 s. Uploads and downloads have
	// TransferTimeout; 0 means 5 min.
	Timeout         time.Duration
	TransferTimeout time.Duration
}

// Edge is what the surfaces share. Routes are declared before it serves; from
// then on it is safe for concurrent use.
type Edge struct {
	options  Options
	logger   *slog.Logger
	metrics  *metrics
	openapi  *huma.OpenAPI
	declared map[string]map[string]Route // by path and method
	// byTemplate finds a declared route by method and the path in Echo's own
	// form.
	byTemplate map[string]Route
	nullsSaid  map[string]bool // by name of a schema
}

// New returns an edge without routes.
func New(o Options) *Edge {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.SelfTracking == nil {
		o.SelfTracking = func() (bool, error) { return false, nil }
	}
	if o.Timeout == 0 {
		o.Timeout = 15 * time.Second
	}
	if o.TransferTimeout == 0 {
		o.TransferTimeout = 5 * time.Minute
	}
	e := &Edge{options: o, logger: o.Logger, metrics: newMetrics(o.Metrics), openapi: document(o.Version), declared: map[string]map[string]Route{}, byTemplate: map[string]Route{}, nullsSaid: map[string]bool{}}
	return e
}

// OpenAPI returns the one document of all surfaces.
func (e *Edge) OpenAPI() *huma.OpenAPI { return e.openapi }

// Surface is one Echo instance.
type Surface struct {
	edge *Edge
	name string
	auth *auth.Authenticator
	echo *echo.Echo
	api  huma.API

	jobOf JobOf // nil = nobody knows
}

// Surface returns a new surface of e, without routes. Its name is a label of
// metrics.
func (e *Edge) Surface(name string, a *auth.Authenticator) *Surface {
	s := &Surface{edge: e, name: name, auth: a, echo: echo.New()}
	s.echo.HideBanner, s.echo.HidePort = true, true
	s.echo.IPExtractor = clientAddress(e.options.TrustedProxies)
	s.echo.HTTPErrorHandler = func(err error, c echo.Context) { s.fail(c, err) }
	s.echo.Use(s.serve)
	s.api = humaecho.New(s.echo, huma.Config{
		OpenAPI: e.openapi,
		Formats: map[string]huma.Format{"application/json": jsonFormat(), "json": jsonFormat()},
		// The errors that huma finds become problems.
		DefaultFormat: "application/json", Transformers: []huma.Transformer{s.transform},
		RejectUnknownQueryParameters: true,
	})
	return s
}

// clientAddress says whose address a request comes from: X-Forwarded-For of
// anybody else than the named proxies is not believed.
func clientAddress(proxies []netip.Prefix) echo.IPExtractor {
	if len(proxies) == 0 {
		return echo.ExtractIPDirect()
	}
	trust := []echo.TrustOption{echo.TrustLoopback(false), echo.TrustLinkLocal(false), echo.TrustPrivateNet(false)}
	for _, p := range proxies {
		p = p.Masked()
		trust = append(trust, echo.TrustIPRange(&net.IPNet{IP: p.Addr().AsSlice(), Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen())}))
	}
	return echo.ExtractIPFromXFFHeader(trust...)
}

// headKey marks a HEAD request, which is served as GET.
type headKey struct{}

// ServeHTTP implements http.Handler.
func (s *Surface) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodHead {
		// The server leaves the body of the answer out by itself.
		get := r.WithContext(context.WithValue(r.Context(), headKey{}, true))
		get.Method = http.MethodGet
		r = get
	}
	s.echo.ServeHTTP(w, r)
}

// Routed returns what Echo routes, as "METHOD /path/{id}", for a test to
// compare with what was declared.
func (s *Surface) Routed() []string {
	var all []string
	for _, r := range s.echo.Routes() {
		segments := strings.Split(r.Path, "/")
		for i, segment := range segments {
			if name, ok := strings.CutPrefix(segment, ":"); ok {
				segments[i] = "{" + name + "}"
			}
		}
		all = append(all, r.Method+" "+strings.Join(segments, "/"))
	}
	return all
}
