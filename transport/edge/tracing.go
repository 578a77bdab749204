package edge

import (
	"context"
	"net/http"
	"net/netip"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/hirelog/hirelog/internal/tracing"
)

// traced begins the span of a request. A trace that a trusted proxy began is
// gone on with; anybody else's is only linked to, so that no client decides what
// is recorded.
func (s *Surface) traced(ctx context.Context, r *http.Request, route Route) (context.Context, trace.Span) {
	if !s.edge.options.Tracing.On() {
		return ctx, trace.SpanFromContext(ctx)
	}
	options := []trace.SpanStartOption{trace.WithSpanKind(trace.SpanKindServer)}
	from := propagation.TraceContext{}.Extract(ctx, propagation.HeaderCarrier(r.Header))
	switch told := trace.SpanContextFromContext(from); {
	case !told.IsValid():
	case s.edge.trusts(r.RemoteAddr):
		ctx = from
	default:
		options = append(options, trace.WithLinks(trace.Link{SpanContext: told}))
	}
	name := strings.TrimSpace(known(r.Method) + " " + route.Path)
	return s.edge.options.Tracing.Tracer().Start(ctx, name, options...)
}

// trusts reports whether the other end of the connection is a trusted proxy.
func (e *Edge) trusts(remote string) bool {
	at, err := netip.ParseAddrPort(remote)
	if err != nil {
		return false
	}
	for _, p := range e.options.TrustedProxies {
		if p.Contains(at.Addr().Unmap()) {
			return true
		}
	}
	return false
}

// endSpan says how the request ended.
func endSpan(span trace.Span, x *Request, method string, status int) {
	if !span.IsRecording() {
		return
	}
	span.SetAttributes(
		attribute.String("http.request.method", known(method)), attribute.String("http.route", x.route),
		attribute.Int("http.response.status_code", status), attribute.String("hirelog.request_id", x.ID))
	if x.code != "" {
		span.SetAttributes(attribute.String("hirelog.problem", x.code))
	}
	if status >= http.StatusInternalServerError {
		tracing.Fail(span, x.code)
	}
	span.End()
}
