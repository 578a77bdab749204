package commands_test

import (
	"strings"
	"testing"

	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/hirelog/hirelog/commands"
	"github.com/hirelog/hirelog/commands/commandstest"
	"github.com/hirelog/hirelog/internal/eventlog"
	"github.com/hirelog/hirelog/internal/tracing"
)

// A trace leads from a command to its events, but not to a claim: what was
// anonymised must not be found by it.
func TestTracesLeadToEventsButNotToClaims(t *testing.T) {
	t.Parallel()
	spans := tracetest.NewInMemoryExporter()
	provider := tracing.For(sdk.NewTracerProvider(sdk.WithSyncer(spans)))
	c := commandstest.Found(t, nil)
	ctx, root := provider.Tracer().Start(t.Context(), "request")
	by := c.As(c.Recruiter)
	by.CorrelationID = "request"
	in := receive(c.Job, someone())
	app := commandstest.Must(c.Receive(ctx, by, in)).ID
	again := c.As(c.Recruiter)
	again.CorrelationID = "request"
	commandstest.Must(c.SetPriority(ctx, again, commands.SetPriority{Application: app, Priority: true}))
	root.End()

	traced := map[string]int{}
	for rec, err := range c.Memory.ReadAll(t.Context(), eventlog.Start, eventlog.Forwards) {
		if err != nil {
			t.Fatal(err)
		}
		meta, err := rec.Meta()
		if err != nil {
			t.Fatal(err)
		}
		if meta.TraceParent == "" {
			continue
		}
		traced[rec.Category()]++
		if !strings.Contains(meta.TraceParent, root.SpanContext().TraceID().String()) {
			t.Errorf("%s: traceparent %s is of another trace", rec.Type, meta.TraceParent)
		}
	}
	if traced["application"] < 2 || traced["candidate"] == 0 || traced["claim"] != 0 {
		t.Errorf("traced events by stream: %v, want those of the application and candidate and none of the claim", traced)
	}
	appended := false
	for _, s := range spans.GetSpans() {
		appended = appended || s.Name == "append application"
		for _, a := range s.Attributes {
			if strings.Contains(a.Value.String(), "claim-") {
				t.Errorf("span %s says %s = %s", s.Name, a.Key, a.Value.String())
			}
		}
	}
	if !appended {
		t.Error("the append is in no span")
	}
}
