package commands

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/candidate"
	"github.com/hirelog/hirelog/domain/personal"
	"github.com/hirelog/hirelog/internal/eventlog"
	"github.com/hirelog/hirelog/internal/ops"
	"github.com/hirelog/hirelog/internal/vault"
)

// mintedTogether is how many keys are minted as their people are recognised.
const mintedTogether = 300

// prepare has Postgres note what is about to be written: that it arrives, whose
// it is, and the keys. Files are kept.
func (i *Importer) prepare(ctx context.Context, all []*importing) error {
	keys := make([]personal.Key, 0, 3*len(all))
	fresh := make([]*importing, 0, len(all))
	var arrivals []ops.Arrival
	var people []vault.Newcomer
	room := mintedTogether
	for _, in := range all {
		own := i.keys(in)
		keys = append(keys, own...)
		if len(in.past) > 0 {
			continue
		}
		in.newcomer = i.c.newPerson(in.id)
		person := vault.Newcomer{Email: in.Candidate.Email, Candidate: in.newcomer, Application: in.id}
		if len(own) <= room {
			person.Keys, room = own, room-len(own)
		}
		fresh, people = append(fresh, in), append(people, person)
		arrivals = append(arrivals, ops.Arrival{Application: in.id, Job: in.Job})
	}
	if len(fresh) > 0 {
		if err := i.c.arrivals.BeginAll(ctx, arrivals); err != nil {
			return err
		}
		if err := i.recognise(ctx, fresh, people); err != nil {
			return err
		}
	}
	// What is left to mint. Of one that is erased the writing finds out.
	if err := i.c.vault.Mint(ctx, keys...); err != nil && !errors.Is(err, vault.ErrErased) {
		return err
	}
	return nil
}

// recognise finds out who the people are: all at once, or one by one when one of
// them was erased.
func (i *Importer) recognise(ctx context.Context, fresh []*importing, people []vault.Newcomer) error {
	ids, err := i.c.vault.RecogniseAll(ctx, people)
	for k, in := range fresh {
		if err == nil {
			in.person = ids[k]
			continue
		}
		if !errors.Is(err, vault.ErrErased) {
			return err
		}
		one, err := i.c.vault.RecogniseAll(ctx, people[k:k+1])
		switch {
		case errors.Is(err, vault.ErrErased):
			in.person = people[k].Candidate // its sealing is refused, and it begins anew
		case err != nil:
			return err
		default:
			in.person = one[0]
		}
	}
	return nil
}

// keys are those the texts of an application go under.
func (i *Importer) keys(in *importing) []personal.Key {
	keys := []personal.Key{keyOf(in.id)}
	for k, step := range in.Steps {
		if in.result.Steps[k] != nil {
			continue
		}
		p := pastOf{application: in.id, caller: i.caller(step.Command, step.At)}
		switch step.Past.(type) {
		case PastNote:
			keys = append(keys, personal.Key{ID: p.newID("note"), Owner: in.id})
		case PastFile:
			keys = append(keys, personal.Key{ID: p.newID("file"), Owner: in.id})
		}
	}
	return keys
}

// write appends what is not there yet of an application. Errors: refusals;
// errFenced and vault.ErrErased when it must begin anew.
func (i *Importer) write(ctx context.Context, in *importing) error {
	if err := i.keepFiles(ctx, in); err != nil {
		return err
	}
	for again := 0; ; again++ {
		err := i.append(ctx, in)
		if !errors.Is(err, eventlog.ErrConflict) || again == maxAttempts {
			return err
		}
		id := in.id
		if err := i.read(ctx, in); err != nil {
			return err
		}
		if in.id != id {
			in.id = id // which is to be undone
			return errFenced
		}
	}
}

// keepFiles seals the files of the steps that are not there yet.
func (i *Importer) keepFiles(ctx context.Context, in *importing) error {
	in.stored, in.unkept = map[int]application.File{}, map[int]error{}
	for k, step := range in.Steps {
		f, ok := step.Past.(PastFile)
		there := slices.ContainsFunc(in.past, func(e pastEvent) bool { return e.command == step.Command })
		if !ok || in.result.Steps[k] != nil || there {
			continue
		}
		kept, err := f.keep(ctx, i.c, &pastOf{application: in.id, caller: i.caller(step.Command, step.At)})
		if refused(err) {
			in.unkept[k] = err
			continue
		}
		if err != nil {
			return err
		}
		in.stored[k] = kept
	}
	return nil
}

// The most one append of an import has.
const (
	importEvents = 400
	importBytes  = 400 << 10
)

// append decides and appends once.
func (i *Importer) append(ctx context.Context, in *importing) error {
	out := i.decideNow(in)
	if len(out) == 0 {
		return in.result.Refused
	}
	records, sealed, err := i.encode(ctx, in, out)
	if err != nil {
		return err
	}
	parts := partsOf(records)
	fresh := len(in.past) == 0
	if fresh {
		if err := i.introduce(ctx, in, in.state.Live() || len(parts) > 1); err != nil {
			return err
		}
	}
	release, err := i.releasing(ctx, in, fresh)
	if err != nil {
		return err
	}
	for _, part := range parts {
		at, err := i.c.log.Append(ctx, "application-"+in.id, in.revision, part)
		if err != nil {
			return fmt.Errorf("append to application %s: %w", in.id, err)
		}
		in.revision = at.Revision
		for _, e := range sealed[:len(part)] {
			in.past = append(in.past, pastEvent{e.command, e.event})
		}
		sealed = sealed[len(part):]
	}
	return release()
}

func (i *Importer) encode(ctx context.Context, in *importing, out []decided) ([]eventlog.NewEvent, []decided, error) {
	records := make([]eventlog.NewEvent, len(out))
	for k, d := range out {
		meta := eventlog.Metadata{
			Actor: i.by.Actor, OnBehalfOf: i.by.OnBehalfOf, CommandID: d.command, CorrelationID: i.by.CorrelationID, Origin: eventlog.Import,
		}
		var err error
		records[k], out[k].event, err = eventlog.Encode(ctx, application.Codec, i.c.vault, eventID(d.command, "application-"+in.id, d.n), d.event, meta)
		if err != nil {
			return nil, nil, fmt.Errorf("application %s: %w", in.id, err)
		}
	}
	return records, out, nil
}

// partsOf cuts events into appends.
func partsOf(records []eventlog.NewEvent) [][]eventlog.NewEvent {
	var parts [][]eventlog.NewEvent
	from, size := 0, 0
	for k, r := range records {
		n := len(r.Data) + len(r.Metadata)
		if k > from && (k-from == importEvents || size+n > importBytes) {
			parts, from, size = append(parts, records[from:k]), k, 0
		}
		size += n
	}
	return append(parts, records[from:])
}

// introduce takes the claim of an application that will be live, and registers
// the person.
func (i *Importer) introduce(ctx context.Context, in *importing, live bool) error {
	caller := i.caller(in.Command, in.At)
	newcomer := in.person == in.newcomer // whom nobody can have merged yet
	if live {
		if err := i.takeClaims(ctx, in, newcomer); err != nil {
			return err
		}
		in.claimed = true
	}
	// Nobody writes of a newcomer before this, but for a run that was cut off,
	// whose events an append behind nothing meets.
	if newcomer && i.c.candidates.expectNone(in.person) {
		caller.MayBeRepeated = false
	}
	_, err := transact(ctx, i.c, i.c.candidates, in.person, caller, decision[candidate.Candidate, candidate.Event]{
		decide: func(p candidate.Candidate, s domain.Stamp) ([]candidate.Event, error) {
			key := personal.Key{ID: in.person, Owner: in.id}
			events, err := p.Register(in.Candidate, key, s)
			if err != nil || len(events) == 0 || len(in.Known) == 0 {
				return events, err
			}
			more, err := p.Fold(events...).Edit(caller.newID("change"), in.Known, key, s)
			return append(events, more...), err
		},
	})
	return err
}

// takeClaims takes the claim of a person, and that of whom they are merged into.
func (i *Importer) takeClaims(ctx context.Context, in *importing, newcomer bool) error {
	caller := i.caller(in.Command, in.At)
	switch {
	case newcomer && in.unheard:
		return i.c.takeNew(ctx, caller, in.Job, in.person, in.id)
	case newcomer:
		return i.c.takeLive(ctx, caller, in.Job, in.person, in.id, false)
	}
	if err := i.c.takeLive(ctx, caller, in.Job, in.person, in.id, false); err != nil {
		return err
	}
	return i.c.claimAs(ctx, caller, in.Job, in.person, in.id, false)
}

// releasing returns what gives the claim of an application back that is closed
// after what is about to be appended. While it is live nobody takes the claim
// from it.
func (i *Importer) releasing(ctx context.Context, in *importing, fresh bool) (func() error, error) {
	nothing := func() error { return nil }
	if in.state.Live() || in.state.Anonymised || fresh && !in.claimed {
		return nothing, nil
	}
	var held []heldClaim
	var err error
	if fresh {
		held, err = i.c.claimsOf(ctx, i.claim(in), in.Job, in.person)
	} else {
		held, err = i.c.claimsHeld(ctx, in.state)
	}
	caller := i.caller(in.Command, in.At)
	return func() error { return i.c.giveBack(ctx, caller, held, in.id) }, err
}
