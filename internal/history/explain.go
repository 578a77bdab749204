package history

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/internal/eventlog"
)

// Explanation says why an application is in the state it is in.
type Explanation struct {
	Application string    `json:"application_id" format:"uuid"`
	Revision    int64     `json:"revision" doc:"Of the application, with everything that is explained"`
	Because     []Because `json:"because" doc:"What it is in each respect, and by what"`
}

// Because says by what an application is as it is in one respect.
type Because struct {
	Respect string  `json:"respect" enum:"outcome,reason,job,stage,owner,priority,anonymised"`
	Value   *string `json:"value" doc:"What it is: an outcome, the id of a reason, job, stage or member, true or false; null for none"`
	Changes int     `json:"changes" doc:"How often it has changed"`
	Chain   []Cause `json:"chain" doc:"The event that made it so, then what that followed from, and so on"`
}

// Cause is an event in a chain of causes.
type Cause struct {
	EventID    uuid.UUID       `json:"event_id"`
	Of         string          `json:"of" enum:"application,job" doc:"What it happened to"`
	ID         string          `json:"id" format:"uuid" doc:"The application, which may be one that this one goes on from or went on as, or the job"`
	Type       string          `json:"type"`
	Revision   int64           `json:"revision"`
	Position   string          `json:"position" doc:"commit/prepare"`
	At         time.Time       `json:"at" doc:"When it happened"`
	By         domain.Actor    `json:"by"`
	OnBehalfOf *domain.Actor   `json:"on_behalf_of" doc:"For whom, if not for themselves"`
	CommandID  uuid.UUID       `json:"command_id"`
	Request    string          `json:"correlation_id" doc:"The request it came by"`
	Origin     eventlog.Origin `json:"origin" enum:"live,import,demo"`
}

// respects are what an application is, in the order they are shown. None of it is
// personal.
var respects = []struct {
	name string
	of   func(application.Application) string
}{
	{"outcome", func(a application.Application) string { return string(a.Outcome) }},
	{"reason", func(a application.Application) string { return a.Reason }},
	{"job", func(a application.Application) string { return a.Job }},
	{"stage", func(a application.Application) string { return a.Stage }},
	{"owner", func(a application.Application) string { return a.Owner }},
	{"priority", func(a application.Application) string { return strconv.FormatBool(a.Priority) }},
	{"anonymised", func(a application.Application) string { return strconv.FormatBool(a.Anonymised) }},
}

// maxChain bounds how far back causes are followed.
const maxChain = 20

// Explain says why application id is in the state it is in, to viewer, a member
// who may view its history: for each respect the event that made it so, and what
// that followed from, in the application, those it goes on from or went on as,
// and its job. A cause that lies elsewhere ends the chain.
// Errors: those of Replay.
func (r *Replayer) Explain(ctx context.Context, viewer, id string) (Explanation, error) {
	h := Explanation{Application: id, Because: []Because{}}
	if err := r.Rights.Check(); err != nil {
		return h, err
	}
	events, err := r.read(ctx, "application-"+id)
	if err != nil {
		return h, err
	}
	var state application.Application
	made := make([]int, len(respects)) // by which event
	changes := make([]int, len(respects))
	for i, e := range events {
		after := state.Fold(e.fact)
		for k, respect := range respects {
			if i == 0 || respect.of(after) != respect.of(state) {
				made[k] = i
				if i > 0 {
					changes[k]++
				}
			}
		}
		state = after
	}
	if state.Outcome == "" || state.Deleted {
		return h, application.ErrUnknown
	}
	if _, err := r.mayRead(viewer, state); err != nil {
		return h, err
	}
	h.Revision = int64(events[len(events)-1].Revision)
	known := causes{log: r.Log, read: map[string]bool{"application-" + id: true}, events: map[string]eventlog.Event{}}
	for _, e := range events {
		known.events[e.ID.String()] = e.Event
	}
	for k, respect := range respects {
		b := Because{Respect: respect.name, Changes: changes[k]}
		if value := respect.of(state); value != "" {
			b.Value = &value
		}
		if b.Chain, err = known.chain(ctx, events[made[k]].Event, state); err != nil {
			return h, err
		}
		h.Because = append(h.Because, b)
	}
	return h, nil
}

// causes are the events that a chain may lead to, read when they are asked for.
type causes struct {
	log    eventlog.Log
	read   map[string]bool           // streams
	events map[string]eventlog.Event // by id
}

// chain follows an event back to what it came from.
func (c *causes) chain(ctx context.Context, e eventlog.Event, a application.Application) ([]Cause, error) {
	var chain []Cause
	for {
		link, meta, err := causeOf(e)
		if err != nil {
			return nil, err
		}
		chain = append(chain, link)
		if meta.CausationID == "" || len(chain) == maxChain {
			return chain, nil
		}
		cause, found, err := c.find(ctx, meta.CausationID, a)
		if err != nil || !found {
			return chain, err
		}
		e = cause
	}
}

// find looks for an event where something that happens to an application may
// follow from.
func (c *causes) find(ctx context.Context, id string, a application.Application) (eventlog.Event, bool, error) {
	if e, ok := c.events[id]; ok {
		return e, true, nil
	}
	for category, of := range map[string][]string{"application-": {a.From, a.To}, "job-": {a.Job}} {
		for _, one := range of {
			stream := category + one
			if one == "" || c.read[stream] {
				continue
			}
			c.read[stream] = true
			for e, err := range c.log.ReadStream(ctx, stream, 0, eventlog.Forwards) {
				if err != nil {
					return e, false, fmt.Errorf("read %s: %w", stream, err)
				}
				c.events[e.ID.String()] = e
			}
		}
	}
	e, ok := c.events[id]
	return e, ok, nil
}

func causeOf(e eventlog.Event) (Cause, eventlog.Metadata, error) {
	meta, err := e.Meta()
	if err != nil {
		return Cause{}, meta, err
	}
	category, id := eventlog.SplitStream(e.Stream)
	link := Cause{
		EventID: e.ID, Of: category, ID: id, Type: e.Type, Revision: int64(e.Revision), Position: e.Position.String(), At: e.RecordedAt.UTC(),
		By: meta.Actor, CommandID: meta.CommandID, Request: meta.CorrelationID, Origin: meta.Origin,
	}
	if meta.OnBehalfOf != "" {
		link.OnBehalfOf = &meta.OnBehalfOf
	}
	return link, meta, nil
}
