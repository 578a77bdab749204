package commands

import (
	"context"
	"errors"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/internal/eventlog"
	"github.com/hirelog/hirelog/internal/tracing"
)

// Transacted is how one command went on one stream.
type Transacted struct {
	Category string // kind of stream: "application"
	Cached   bool   // its fold was in memory
	// Again is how often it was decided again, because another writer got in first
	// or because the fold in memory was too old to be sure.
	Again     int
	Conflicts int // how often of these another writer got in first
	Outcome   Outcome

	hidden bool // nobody is to learn on which stream it was
}

// Outcome is how a command ended.
type Outcome string

// The outcomes.
const (
	Written    Outcome = "written"
	Unchanged  Outcome = "unchanged" // there was nothing to do
	Repeated   Outcome = "repeated"  // it was given before
	Refused    Outcome = "refused"   // by a rule, a right, or the revision the caller named
	Asked      Outcome = "asked"     // whether it would happen, before something is done for good
	Conflicted Outcome = "conflict"  // others got in first, every time
	Away       Outcome = "away"      // the log was out of reach, or further than this build can read
	Faulted    Outcome = "fault"
)

// observe tells how a command went, to whom it is to be told.
func (c *Commands) observe(span trace.Span, t Transacted, answer Answer, before eventlog.Revision, err error) {
	t.Outcome = outcomeOf(answer, before, err)
	if c.observer != nil {
		c.observer(t)
	}
	if !span.IsRecording() {
		return
	}
	span.SetAttributes(
		attribute.Bool("hirelog.fold_cached", t.Cached), attribute.Int("hirelog.decided_again", t.Again),
		attribute.String("hirelog.outcome", string(t.Outcome)))
	if !t.hidden {
		span.SetAttributes(attribute.String("hirelog.stream", answer.Stream),
			attribute.Int64("hirelog.revision", int64(answer.Revision)), attribute.String("hirelog.position", answer.Position.String()))
	}
	if t.Outcome == Faulted || t.Outcome == Away || t.Outcome == Conflicted {
		tracing.Fail(span, string(t.Outcome))
	}
	span.End()
}

// outcomeOf tells errors apart. before is the revision that was decided on.
func outcomeOf(answer Answer, before eventlog.Revision, err error) Outcome {
	var refusal *domain.Refusal
	var stale *StaleError
	var unknown *domain.UnknownEventError
	switch {
	case errors.Is(err, errAsked):
		return Asked
	case errors.As(err, &refusal), errors.As(err, &stale), errors.Is(err, ErrDenied):
		return Refused
	case errors.Is(err, eventlog.ErrConflict):
		return Conflicted
	case errors.As(err, &unknown), errors.Is(err, eventlog.ErrUnavailable), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return Away
	case err != nil:
		return Faulted
	case answer.Repeated:
		return Repeated
	case answer.Revision == before:
		return Unchanged
	}
	return Written
}
