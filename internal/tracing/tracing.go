// Package tracing follows a command through the system with OpenTelemetry: from
// the request over the append, by the metadata of the events it wrote, to the
// moment the read models show it. Spans hold ids, kinds and positions, never
// personal data.
package tracing

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"
)

// Scope is the name of the instrumentation.
const Scope = "github.com/hirelog/hirelog"

// Provider makes tracers. The zero value traces nothing.
type Provider struct {
	sdk *sdk.TracerProvider
}

// Start returns a provider that sends spans by OTLP over HTTP to where
// OTEL_EXPORTER_OTLP_ENDPOINT or OTEL_EXPORTER_OTLP_TRACES_ENDPOINT says, as
// OpenTelemetry's other variables say (OTEL_SERVICE_NAME, default hirelog;
// OTEL_TRACES_SAMPLER, default all; OTEL_EXPORTER_OTLP_HEADERS). Without either
// nothing is traced. A collector that is away delays nothing: spans are sent in
// the background, and let go of when there are too many.
// Errors: an endpoint or variable that cannot be understood.
func Start(ctx context.Context, version string, logger *slog.Logger) (*Provider, error) {
	if os.Getenv("OTEL_EXPORTER_OTLP_ENDPOINT") == "" && os.Getenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") == "" {
		return &Provider{}, nil
	}
	// The library has one place for what goes wrong in the background.
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { logger.Warn("spans are not sent", "error", err) }))
	exporter, err := otlptracehttp.New(ctx)
	if err != nil {
		return nil, fmt.Errorf("tracing: %w", err)
	}
	r, err := resource.New(ctx,
		resource.WithAttributes(attribute.String("service.name", "hirelog"), attribute.String("service.version", version)),
		resource.WithFromEnv(), resource.WithTelemetrySDK())
	if err != nil && !errors.Is(err, resource.ErrPartialResource) {
		return nil, fmt.Errorf("tracing: %w", err)
	}
	return &Provider{sdk: sdk.NewTracerProvider(sdk.WithBatcher(exporter), sdk.WithResource(r))}, nil
}

// For returns a provider over p, for tests and for other exporters.
func For(p *sdk.TracerProvider) *Provider { return &Provider{sdk: p} }

// On reports whether anything is traced. A nil provider traces nothing.
func (p *Provider) On() bool { return p != nil && p.sdk != nil }

// Tracer returns the tracer of this system.
func (p *Provider) Tracer() trace.Tracer {
	if !p.On() {
		return noop.NewTracerProvider().Tracer(Scope)
	}
	return p.sdk.Tracer(Scope)
}

// stopWithin bounds the sending of what is left.
const stopWithin = 3 * time.Second

// Stop sends what is left and ends.
func (p *Provider) Stop() error {
	if !p.On() {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), stopWithin)
	defer cancel()
	if err := p.sdk.Shutdown(ctx); err != nil {
		return fmt.Errorf("tracing: what was left is not sent: %w", err)
	}
	return nil
}

// Span begins a span below the one of ctx. If that is not recorded, nothing is,
// and what is returned costs nothing. The caller ends it.
func Span(ctx context.Context, name string, attributes ...attribute.KeyValue) (context.Context, trace.Span) {
	parent := trace.SpanFromContext(ctx)
	if !parent.IsRecording() {
		return ctx, noop.Span{}
	}
	return parent.TracerProvider().Tracer(Scope).Start(ctx, name, trace.WithAttributes(attributes...))
}

// Fail says that a span's work failed, by the kind of failure: an error's text
// may quote.
func Fail(span trace.Span, kind string) {
	span.SetStatus(codes.Error, kind)
}

// Parent returns the span of ctx in the form of the W3C's traceparent header,
// empty if it is not sampled. It stands in the metadata of events.
func Parent(ctx context.Context) string {
	if !trace.SpanContextFromContext(ctx).IsSampled() {
		return ""
	}
	carrier := propagation.MapCarrier{}
	propagation.TraceContext{}.Inject(ctx, carrier)
	return carrier["traceparent"]
}

// WithParent returns ctx below a span that Parent told of. ok is false if there
// is none.
func WithParent(ctx context.Context, parent string) (_ context.Context, ok bool) {
	if parent == "" {
		return ctx, false
	}
	ctx = propagation.TraceContext{}.Extract(ctx, propagation.MapCarrier{"traceparent": parent})
	return ctx, trace.SpanContextFromContext(ctx).IsValid()
}
