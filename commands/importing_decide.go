package commands

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/candidate"
	"github.com/hirelog/hirelog/domain/job"
	"github.com/hirelog/hirelog/domain/personal"
	"github.com/hirelog/hirelog/internal/eventlog"
)

// lookFor tells applications apart that nobody has heard of, all at once: their
// streams need not be read.
func (i *Importer) lookFor(ctx context.Context, all []*importing) error {
	ids := make([]string, len(all))
	for k, in := range all {
		ids[k] = i.caller(in.Command, in.At).newID("application")
	}
	heard, err := i.c.vault.Heard(ctx, ids)
	if err != nil {
		return err
	}
	for k, in := range all {
		in.unheard = !heard[ids[k]]
		if in.unheard {
			in.id, in.past, in.revision = ids[k], nil, eventlog.NoStream
		}
	}
	return nil
}

// read finds out what is there of an application: the first of its ids that was
// not undone, as of a Receive.
func (i *Importer) read(ctx context.Context, in *importing) error {
	caller := i.caller(in.Command, in.At)
	in.unheard, in.decided = false, nil
	for n := 0; ; n++ {
		in.id = caller.newID("application")
		if n > 0 {
			in.id = caller.newID("application/" + strconv.Itoa(n))
		}
		in.past, in.revision = nil, eventlog.NoStream
		var a application.Application
		for rec, err := range i.c.log.ReadStream(ctx, "application-"+in.id, 0, eventlog.Forwards) {
			if err != nil {
				return fmt.Errorf("read application %s: %w", in.id, err)
			}
			e, err := application.Codec.Decode(rec.Type, rec.Data)
			if err != nil {
				return fmt.Errorf("application %s at %d: %w", in.id, rec.Revision, err)
			}
			meta, err := rec.Meta()
			if err != nil {
				return err
			}
			in.past, in.revision = append(in.past, pastEvent{meta.CommandID, e}), rec.Revision
			a = a.Fold(e)
		}
		if a.Outcome != "" || !a.ClaimLost {
			return nil
		}
	}
}

// decided is an event a step leads to.
type decided struct {
	command uuid.UUID
	n       int // of the step's events
	event   application.Event
}

// decide decides what is not there yet of an application, and notes what is
// refused. It leaves the state after all of it.
func (i *Importer) decide(in *importing) []decided {
	in.result = ImportResult{ID: in.id, Steps: make([]error, len(in.Steps))}
	p := i.pastOf(in)
	var state application.Application
	var at time.Time
	var out []decided
	if len(in.past) == 0 {
		events, err := i.received(in, p.job)
		if err == nil {
			err = i.registered(in)
		}
		if err != nil {
			in.result.Refused = err
			return nil
		}
		state, at = state.Fold(events...), events[0].When()
		out = append(out, decided{in.Command, 0, events[0]})
	}
	last := i.known(in)
	next := 0 // of the past
	for k, step := range in.Steps {
		if k > last {
			for ; next < len(in.past); next++ {
				state, at = state.Fold(in.past[next].fact), in.past[next].fact.When()
			}
		} else if n := slices.IndexFunc(in.past, func(e pastEvent) bool { return e.command == step.Command }); n >= 0 {
			for ; next < len(in.past) && (next <= n || in.past[next].command == step.Command); next++ {
				state, at = state.Fold(in.past[next].fact), in.past[next].fact.When()
			}
			continue
		}
		events, err := i.step(p, in, k, state, at)
		switch {
		case err != nil:
			in.result.Steps[k] = err
		case len(events) > 0 && k <= last:
			in.result.Steps[k] = ErrLaterIsThere
		default:
			for n, e := range events {
				out, state, at = append(out, decided{step.Command, n, e}), state.Fold(e), e.When()
			}
		}
	}
	for ; next < len(in.past); next++ {
		state = state.Fold(in.past[next].fact)
	}
	in.state, in.result.Written, in.result.Live = state, len(out), state.Live()
	return out
}

// pastOf is what the steps of an application are decided with.
func (i *Importer) pastOf(in *importing) *pastOf {
	p := &pastOf{organization: i.c.directory.Organization(), job: i.job(in.Job), application: in.id}
	if !slices.ContainsFunc(in.Steps, func(s PastStep) bool { _, is := s.Past.(PastTag); return is }) {
		return p
	}
	p.tags = make(map[string]string, len(p.organization.Tags))
	for id, label := range p.organization.Tags {
		p.tags[labelKey(label)] = id
	}
	return p
}

// decideNow decides for good, now that it is known who the person is. If nothing
// else is new, only the arrival names them.
func (i *Importer) decideNow(in *importing) []decided {
	out := in.decided
	in.decided = nil // it is to be sealed
	if len(out) == 0 || len(in.past) > 0 || len(in.stored)+len(in.unkept) > 0 {
		return i.decide(in)
	}
	events, err := i.received(in, i.job(in.Job))
	if err != nil {
		in.result = ImportResult{ID: in.id, Steps: make([]error, len(in.Steps)), Refused: err}
		return nil
	}
	out[0].event = events[0]
	return out
}

// known returns the index of the last step that is there already, -1 if none is.
func (i *Importer) known(in *importing) int {
	there := make(map[uuid.UUID]bool, len(in.past))
	for _, e := range in.past {
		there[e.command] = true
	}
	last := -1
	for k, step := range in.Steps {
		if there[step.Command] {
			last = k
		}
	}
	return last
}

// received decides the application itself.
func (i *Importer) received(in *importing, j job.Job) ([]application.Event, error) {
	s := i.c.stamp(i.caller(in.Command, in.At), time.Time{})
	switch {
	case j.Status == "":
		return nil, job.ErrUnknown
	case j.Status != job.Open:
		return nil, job.ErrNotOpen
	}
	return application.Application{}.Receive(application.Arrival{
		Job: in.Job, Stage: j.Stages[0].ID, Source: in.Source, Owner: j.FirstManager(),
		Claim:     personal.New(keyOf(in.id), personal.Plain(i.claim(in))),
		Candidate: personal.New(keyOf(in.id), personal.Plain(in.person)),
	}, s)
}

// registered decides what is known of the person as if they were new.
func (i *Importer) registered(in *importing) error {
	s := i.c.stamp(i.caller(in.Command, in.At), time.Time{})
	person := candidate.Candidate{}
	events, err := person.Register(in.Candidate, personal.Key{}, s)
	if err != nil || len(in.Known) == 0 {
		return err
	}
	_, err = person.Fold(events...).Edit("change", in.Known, personal.Key{}, s)
	return err
}

// claim returns the claim the application has or would have.
func (i *Importer) claim(in *importing) string { return i.c.liveClaim(in.Job, in.person) }

// step decides one step.
func (i *Importer) step(p *pastOf, in *importing, k int, a application.Application, at time.Time) ([]application.Event, error) {
	step := in.Steps[k]
	if err := in.unkept[k]; err != nil {
		return nil, err
	}
	p.caller, p.stored = i.caller(step.Command, step.At), nil
	if f, ok := in.stored[k]; ok {
		p.stored = &f
	}
	t, isTag := step.Past.(PastTag)
	if isTag && i.dry && p.tags[labelKey(t.Label)] == "" {
		p.tags[labelKey(t.Label)] = p.newID("tag") // which an import would make
	}
	s := i.c.stamp(p.caller, at)
	events, err := step.Past.decide(p, a, s)
	return i.c.withEnds(a, events, s), err
}
