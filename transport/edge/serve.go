package edge

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/labstack/echo/v4"
)

// Limits of requests. What net/http itself refuses is larger still.
const (
	MaxBody    = 1 << 20  // bytes of a JSON body
	maxURL     = 8 << 10  // bytes of path and query
	maxHeaders = 16 << 10 // bytes of all names and values
)

// graceToWrite is how long after its time a request may still be answered.
const graceToWrite = 10 * time.Second

// Header values that every answer has. They are shared: nobody may write to them.
type headers struct{ name, value string }

func always() []headers {
	return []headers{
		{"X-Content-Type-Options", "nosniff"},
		{"Referrer-Policy", "no-referrer"},
		{"Cache-Control", "no-store"},
		{"Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"},
		{"Cross-Origin-Resource-Policy", "same-origin"},
	}
}

// serve is around everything: it names the request, bounds it, and says
// afterwards what became of it.
func (s *Surface) serve(next echo.HandlerFunc) echo.HandlerFunc {
	fixed := make([][2]any, 0, 5)
	for _, h := range always() {
		fixed = append(fixed, [2]any{h.name, []string{h.value}})
	}
	return func(c echo.Context) error {
		r := c.Request()
		x := &Request{ID: requestID(r.Header), HTTP: r, context: c, proxies: s.edge.options.TrustedProxies, started: time.Now()}
		h := c.Response().Header()
		for _, f := range fixed {
			h[f[0].(string)] = f[1].([]string) //nolint:errcheck,forcetypeassert // made above
		}
		h["X-Request-Id"] = []string{x.ID}
		if r.TLS != nil {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		route := s.edge.routeOf(r.Method, c.Path())
		x.route = route.Path
		timeout := s.edge.options.Timeout
		if route.Body == FormBody || route.Body == MailBody || route.Download {
			timeout = s.edge.options.TransferTimeout
		}
		// Whoever reads the answer slowly is not waited for; not every writer has
		// deadlines.
		_ = http.NewResponseController(c.Response()).SetWriteDeadline(x.started.Add(timeout + graceToWrite))
		ctx, cancel := context.WithTimeout(context.WithValue(r.Context(), requestKey{}, x), timeout)
		defer cancel()
		ctx, x.span = s.traced(ctx, r, route)
		x.HTTP = r.WithContext(ctx)
		c.SetRequest(x.HTTP)
		s.edge.metrics.begin()
		defer s.done(c, x)
		defer s.recover(c)
		if err := limits(r); err != nil {
			s.fail(c, err)
			return nil
		}
		if r.Method == http.MethodOptions {
			s.fail(c, s.unrouted(r.URL.Path)) // Echo would answer for its own surface
			return nil
		}
		if err := next(c); err != nil {
			s.fail(c, err)
		}
		return nil
	}
}

// routeOf returns the route that Echo found by its own template.
func (e *Edge) routeOf(method, template string) Route {
	return e.byTemplate[method+" "+template]
}

// limits refuses what is larger than any request of ours.
func limits(r *http.Request) error {
	if len(r.RequestURI) > maxURL {
		return newProblem(http.StatusRequestURITooLong, "url_too_long", fmt.Sprintf("The URL has more than %d bytes.", maxURL))
	}
	size := 0
	for name, values := range r.Header {
		for _, v := range values {
			size += len(name) + len(v)
		}
	}
	if size > maxHeaders {
		return newProblem(http.StatusRequestHeaderFieldsTooLarge, "headers_too_large", fmt.Sprintf("The header has more than %d bytes.", maxHeaders))
	}
	return nil
}

// recover answers for a handler that panicked. What it panicked with is not
// logged unless the runtime said it: it may be personal.
func (s *Surface) recover(c echo.Context) {
	v := recover()
	if v == nil {
		return
	}
	if v == http.ErrAbortHandler { //nolint:errorlint // a panic value, which nobody wraps
		panic(v)
	}
	what := fmt.Sprintf("%T", v)
	var re runtime.Error
	if err, ok := v.(error); ok && errors.As(err, &re) {
		what = re.Error()
	}
	x := RequestOf(c.Request().Context())
	s.edge.logger.Error("panic", "request_id", x.ID, "route", x.route, "panic", what, "stack", string(debug.Stack()))
	p := newProblem(http.StatusInternalServerError, "internal", "Something went wrong on our side.")
	s.answer(c, x, p)
}

// fail answers with the problem of an error that no handler returned.
func (s *Surface) fail(c echo.Context, err error) {
	x := RequestOf(c.Request().Context())
	var echoed *echo.HTTPError
	if errors.As(err, &echoed) {
		err = s.unrouted(x.HTTP.URL.Path)
	}
	var p *Problem
	if !errors.As(s.edge.problem(c.Request().Context(), err), &p) {
		return
	}
	s.answer(c, x, p)
}

// unrouted returns what is wrong with a request that no route takes: Echo knows
// only its own surface.
func (s *Surface) unrouted(path string) error {
	allowed := s.edge.allowed(path)
	if len(allowed) == 0 {
		return ErrNotFound
	}
	p := newProblem(http.StatusMethodNotAllowed, "method_not_allowed", "The method is not allowed here.")
	p.allow = strings.Join(allowed, ", ")
	return p
}

// answer writes a problem, unless an answer has begun.
func (s *Surface) answer(c echo.Context, x *Request, p *Problem) {
	p.RequestID, x.code = x.ID, p.Code
	if !c.Response().Committed {
		p.write(c.Response())
		return
	}
	// Half an answer must not look like a whole one.
	panic(http.ErrAbortHandler)
}

// problem turns an error into the problem of the request ctx belongs to, and
// logs it if it is a fault of ours.
func (e *Edge) problem(ctx context.Context, err error) error {
	x := RequestOf(ctx)
	p, fault := problemOf(err)
	p.RequestID, x.code = x.ID, p.Code
	switch {
	case fault:
		e.logger.Error("request failed", "request_id", x.ID, "route", x.route, "error", err)
	case p.Status == http.StatusServiceUnavailable && x.HTTP.Context().Err() == nil:
		e.logger.Warn("request could not be served", "request_id", x.ID, "route", x.route, "code", p.Code, "error", err)
	}
	return p
}

// transform turns the errors that huma finds by itself into problems.
func (s *Surface) transform(ctx huma.Context, _ string, v any) (any, error) {
	m, ok := v.(*huma.ErrorModel)
	if !ok {
		return v, nil
	}
	x := RequestOf(ctx.Context())
	p := framework(m)
	p.RequestID, x.code = x.ID, p.Code
	if p.Status >= http.StatusInternalServerError {
		s.edge.logger.Error("request failed", "request_id", x.ID, "route", x.route, "error", m.Detail)
	}
	return p, nil
}

// done logs and counts a request that is over.
func (s *Surface) done(c echo.Context, x *Request) {
	took := time.Since(x.started)
	status := c.Response().Status
	method := c.Request().Method
	if x.Head() {
		method = http.MethodHead
	}
	s.edge.metrics.end(s.name, x.route, method, status, took)
	endSpan(x.span, x, method, status)
	level := slog.LevelInfo
	if status >= http.StatusInternalServerError {
		level = slog.LevelWarn
	}
	attrs := make([]slog.Attr, 0, 8)
	attrs = append(attrs, slog.String("request_id", x.ID), slog.String("method", known(method)), slog.String("route", x.route),
		slog.Int("status", status), slog.Float64("ms", float64(took.Microseconds())/1000), slog.Int64("bytes", c.Response().Size))
	if x.Principal.Member != "" {
		attrs = append(attrs, slog.String("member", x.Principal.Member))
	}
	if x.code != "" {
		attrs = append(attrs, slog.String("code", x.code))
	}
	s.edge.logger.LogAttrs(context.Background(), level, "request", attrs...)
}
