package projections

import (
	"bytes"
	"context"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"github.com/hirelog/hirelog/internal/eventlog"
	"github.com/hirelog/hirelog/internal/tracing"
)

// maxTraced is how many events of one batch are followed into their traces.
const maxTraced = 64

// trace records a batch that was committed: a span of its own, and one in the
// trace of each command whose events it shows, from when the event was recorded
// to when it became visible.
func (p *Projector) trace(b *Batch, began time.Time) {
	if !p.o.Tracing.On() {
		return
	}
	now := time.Now()
	traced := tracedEvents(b.Events)
	links := make([]trace.Link, 0, len(traced))
	for _, t := range traced {
		links = append(links, trace.Link{SpanContext: trace.SpanContextFromContext(t.ctx)})
	}
	tracer := p.o.Tracing.Tracer()
	ctx, batch := tracer.Start(context.Background(), "project "+p.group.Name, trace.WithTimestamp(began), trace.WithLinks(links...),
		trace.WithSpanKind(trace.SpanKindConsumer), trace.WithAttributes(
			attribute.String("hirelog.group", p.group.Name), attribute.Int("hirelog.generation", p.here.number),
			attribute.Int("hirelog.events", len(b.Events)), attribute.String("hirelog.position", b.To.Position.String())))
	for _, t := range traced {
		_, span := tracer.Start(t.ctx, "visible in "+p.group.Name, trace.WithTimestamp(t.event.RecordedAt),
			trace.WithSpanKind(trace.SpanKindConsumer), trace.WithLinks(trace.LinkFromContext(ctx)), trace.WithAttributes(
				attribute.String("hirelog.event", t.event.ID.String()), attribute.String("hirelog.event_type", t.event.Type),
				attribute.String("hirelog.position", t.event.Position.String())))
		span.End(trace.WithTimestamp(now))
	}
	batch.End(trace.WithTimestamp(now))
}

// tracedEvent is an event and the trace of the command that wrote it.
type tracedEvent struct {
	event eventlog.Event
	ctx   context.Context // the span's identity; nobody waits on it
}

func tracedEvents(events []eventlog.Event) []tracedEvent {
	var all []tracedEvent
	for _, e := range events {
		if !bytes.Contains(e.Metadata, []byte(`"traceparent"`)) {
			continue
		}
		meta, err := e.Meta()
		if err != nil {
			continue // nobody's rows depend on it
		}
		if ctx, ok := tracing.WithParent(context.Background(), meta.TraceParent); ok {
			if all = append(all, tracedEvent{e, ctx}); len(all) == maxTraced {
				break
			}
		}
	}
	return all
}
