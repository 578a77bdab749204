package commands

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/candidate"
	"github.com/hirelog/hirelog/domain/job"
	"github.com/hirelog/hirelog/domain/personal"
	"github.com/hirelog/hirelog/internal/eventlog"
	"github.com/hirelog/hirelog/internal/ops"
	"github.com/hirelog/hirelog/internal/vault"
)

// Importer takes in jobs and applications from elsewhere, with what happened to
// them and when. The rules decide as always; what they refuse is told, row by
// row. All is known by the command ids the caller gives it: given again, nothing
// is written that is there already. It is safe for concurrent use.
//
// A whole application is appended at once, and what Postgres has to note for
// many of them is noted at once: that is what makes an import fast.
type Importer struct {
	c    *Commands
	by   Caller
	dry  bool
	jobs map[string]job.Job // that a dry run has opened
}

// Importer returns an importer for an admin. A dry one writes nothing, and says
// of each row what would be said. One of the two may use OpenJob at a time.
// Errors: ErrDenied, ErrRightsUnknown.
func (c *Commands) Importer(by Caller, dry bool) (*Importer, error) {
	if err := c.allow(by, access.Admin); err != nil {
		return nil, err
	}
	by.Origin, by.MayBeRepeated, by.IfMatch = eventlog.Import, true, nil
	return &Importer{c: c, by: by, dry: dry, jobs: map[string]job.Job{}}, nil
}

// caller is who gives the command that a row is.
func (i *Importer) caller(command uuid.UUID, at time.Time) Caller {
	by := i.by
	by.CommandID, by.At = command, at
	return by
}

func (i *Importer) job(id string) job.Job {
	if j, ok := i.jobs[id]; ok {
		return j
	}
	return i.c.directory.Job(id)
}

// OpenJob opens a job as it was opened then. Errors: those of Commands.OpenJob.
func (i *Importer) OpenJob(ctx context.Context, command uuid.UUID, at time.Time, cmd OpenJob) (Answer, error) {
	caller := i.caller(command, at)
	id := caller.newID("job")
	if !i.dry {
		return i.c.OpenJob(ctx, caller, cmd)
	}
	if i.c.directory.Job(id).Status != "" {
		return Answer{ID: id, Repeated: true}, nil
	}
	if err := i.c.checkTeam(cmd.Team); err != nil {
		return Answer{}, err
	}
	stages := make([]job.Stage, len(cmd.Stages))
	for k, s := range cmd.Stages {
		stages[k] = s.stage(caller.newID("stage/" + strconv.Itoa(k)))
	}
	events, err := job.Job{}.Opens(cmd.Details, stages, cmd.Team, i.c.stamp(caller, time.Time{}))
	i.jobs[id] = job.Job{}.Fold(events...)
	return Answer{ID: id}, err
}

// CloseJob closes a job as it was closed then, and leaves its applications as
// they are. Errors: those of Commands.CloseJob.
func (i *Importer) CloseJob(ctx context.Context, command uuid.UUID, at time.Time, id, reason string) (Answer, error) {
	if i.dry {
		_, err := i.job(id).Close(reason, job.Ending{Applications: job.LeaveApplications}, i.c.stamp(i.caller(command, at), time.Time{}))
		return Answer{}, err
	}
	return i.c.CloseJob(ctx, i.caller(command, at), CloseJob{Job: id, Reason: reason, Applications: job.LeaveApplications})
}

// ImportedApplication is one application with its past.
type ImportedApplication struct {
	// Command is what it is known by.
	Command   uuid.UUID
	At        time.Time
	Job       string // id
	Candidate candidate.Details
	// Known is what else is known of the person. It is noted for a person who
	// comes with this application, and never changes what is known of others.
	Known  candidate.Edits
	Source string
	Steps  []PastStep // in the order in which they happened
}

// ErrLaterIsThere refuses a step of the past of an application behind which
// others were brought here already: time does not go back in a history.
var ErrLaterIsThere = &domain.Refusal{Kind: domain.Illegal, Code: "later_history", Message: "What happened later to the application is there already, and nothing can be put before it."}

// ImportResult is what became of an application.
type ImportResult struct {
	ID      string
	Refused error   // the application itself was; then its steps were not looked at
	Steps   []error // refusals, by step
	Written int     // events; in a dry run those that would be
	Live    bool    // it is in progress after all of them
}

// importing is one application on its way.
type importing struct {
	ImportedApplication
	result ImportResult

	id       string
	past     []pastEvent // what its stream holds
	revision eventlog.Revision
	person   string
	stored   map[int]application.File // by step
	unkept   map[int]error            // files that were refused when they were looked at
	claimed  bool
	undone   bool                    // begin anew
	state    application.Application // after all of it
}

// pastEvent is an event of the stream of an application that is imported.
type pastEvent struct {
	command uuid.UUID
	fact    application.Event
}

// importAtOnce is how many applications of a batch are worked on at once.
const importAtOnce = 16

// Applications imports a batch of at most 100 applications, no two of one
// person. Rows that are refused are in the results; an error is a fault, after
// which any part of the batch may be there or not, and giving it again completes
// it.
func (i *Importer) Applications(ctx context.Context, batch []ImportedApplication) ([]ImportResult, error) {
	all := make([]*importing, len(batch))
	for k, in := range batch {
		all[k] = &importing{ImportedApplication: in}
	}
	if err := i.tags(ctx, batch); err != nil {
		return nil, err
	}
	left := all
	for attempt := 1; len(left) > 0; attempt++ {
		if err := i.attempt(ctx, left); err != nil {
			return nil, err
		}
		left = slices.DeleteFunc(slices.Clone(left), func(in *importing) bool { return !in.undone })
		if attempt == maxArrivals {
			for _, in := range left {
				in.result.Refused = application.ErrDuplicate
			}
			break
		}
	}
	results := make([]ImportResult, len(all))
	for k, in := range all {
		results[k] = in.result
	}
	return results, nil
}

// tags puts the labels of a batch on the shared list.
func (i *Importer) tags(ctx context.Context, batch []ImportedApplication) error {
	for _, in := range batch {
		for _, s := range in.Steps {
			t, ok := s.Past.(PastTag)
			if !ok || i.dry {
				continue
			}
			if _, known := i.c.directory.Organization().TagLabelled(t.Label); known {
				continue
			}
			// A refusal shows where the tag is put on.
			if _, err := i.c.defineTag(ctx, i.caller(uuid.NewSHA1(s.Command, []byte("label")), s.At), t.Label); err != nil && !refused(err) {
				return err
			}
		}
	}
	return nil
}

// attempt imports applications once; those that somebody undid on their way are
// marked.
func (i *Importer) attempt(ctx context.Context, all []*importing) error {
	err := each(ctx, all, func(ctx context.Context, in *importing) error {
		in.result, in.undone = ImportResult{}, false
		if err := i.read(ctx, in); err != nil {
			return err
		}
		// All that the rules refuse is known before anything is written.
		i.decide(in)
		if !i.dry || in.result.Refused != nil || len(in.past) > 0 || !in.state.Live() || in.Candidate.Email == "" {
			return nil //nolint:nilerr // a refusal is a result of the row
		}
		live, err := i.c.liveOf(ctx, in.Job, in.Candidate.Email)
		if live != "" {
			in.result.Refused = application.ErrDuplicate
		}
		return err
	})
	if err != nil || i.dry {
		return err
	}
	writing := slices.DeleteFunc(slices.Clone(all), func(in *importing) bool { return in.result.Refused != nil || in.result.Written == 0 })
	if len(writing) == 0 {
		return nil
	}
	if err := i.prepare(ctx, writing); err != nil {
		return err
	}
	err = each(ctx, writing, func(ctx context.Context, in *importing) error {
		err := i.write(ctx, in)
		if err == nil || !refused(err) && !errors.Is(err, vault.ErrErased) {
			return err
		}
		in.result.Refused, in.result.Written = err, 0
		in.undone = errors.Is(err, vault.ErrErased) || errors.Is(err, errFenced)
		if len(in.past) > 0 {
			return nil
		}
		return i.c.undoArrival(ctx, ops.Arrival{Application: in.id, Job: in.Job})
	})
	if err != nil {
		return err
	}
	return i.c.arrivals.EndAll(ctx, arrivalIDs(writing))
}

func arrivalIDs(all []*importing) []string {
	ids := make([]string, len(all))
	for k, in := range all {
		ids[k] = in.id
	}
	return ids
}

// each does something to all of a batch at once, as far as that is sensible.
func each(ctx context.Context, all []*importing, do func(context.Context, *importing) error) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(importAtOnce)
	for _, in := range all {
		g.Go(func() error { return do(ctx, in) })
	}
	return g.Wait()
}

// read finds out what is there of an application: the first of its ids that was
// not undone, as of a Receive.
func (i *Importer) read(ctx context.Context, in *importing) error {
	caller := i.caller(in.Command, in.At)
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
	p := &pastOf{organization: i.c.directory.Organization(), job: i.job(in.Job), application: in.id, tags: map[string]string{}}
	for id, label := range p.organization.Tags {
		p.tags[labelKey(label)] = id
	}
	var state application.Application
	var at time.Time
	var out []decided
	if len(in.past) == 0 {
		events, err := i.received(in, p)
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
func (i *Importer) received(in *importing, p *pastOf) ([]application.Event, error) {
	s := i.c.stamp(i.caller(in.Command, in.At), time.Time{})
	switch {
	case p.job.Status == "":
		return nil, job.ErrUnknown
	case p.job.Status != job.Open:
		return nil, job.ErrNotOpen
	}
	person := candidate.Candidate{}
	events, err := person.Register(in.Candidate, personal.Key{}, s)
	if err != nil {
		return nil, err
	}
	if _, err := person.Fold(events...).Edit("change", in.Known, personal.Key{}, s); err != nil {
		return nil, err
	}
	return application.Application{}.Receive(application.Arrival{
		Job: in.Job, Stage: p.job.Stages[0].ID, Source: in.Source, Owner: p.job.FirstManager(),
		Claim:     personal.New(keyOf(in.id), personal.Plain(i.claim(in))),
		Candidate: personal.New(keyOf(in.id), personal.Plain(in.person)),
	}, s)
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

// prepare has Postgres note what is about to be written: that it arrives, whose
// it is, and the keys. Files are kept.
func (i *Importer) prepare(ctx context.Context, all []*importing) error {
	fresh := slices.DeleteFunc(slices.Clone(all), func(in *importing) bool { return len(in.past) > 0 })
	if len(fresh) > 0 {
		arrivals, people := make([]ops.Arrival, len(fresh)), make([]vault.Newcomer, len(fresh))
		for k, in := range fresh {
			arrivals[k] = ops.Arrival{Application: in.id, Job: in.Job}
			people[k] = vault.Newcomer{Email: in.Candidate.Email, Candidate: i.c.newPerson(in.id), Application: in.id}
		}
		if err := i.c.arrivals.BeginAll(ctx, arrivals); err != nil {
			return err
		}
		if err := i.recognise(ctx, fresh, people); err != nil {
			return err
		}
	}
	var keys []personal.Key
	for _, in := range all {
		if !in.undone {
			keys = append(keys, i.keys(in)...)
		}
	}
	// Of one that is erased the writing finds out.
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
	out := i.decide(in)
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
	if live {
		if err := i.c.takeClaim(ctx, caller, i.claim(in), in.id, false); err != nil {
			return err
		}
		in.claimed = true
	}
	if stream := "candidate-" + in.person; in.person == i.c.newPerson(in.id) && !i.c.candidates.folds.Contains(stream) {
		// Nobody writes of a newcomer before this, but for a run that was cut off,
		// whose events an append behind nothing meets.
		i.c.candidates.folds.Add(stream, folded[candidate.Candidate]{revision: eventlog.NoStream})
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

// releasing returns what gives the claim of an application back that is closed
// after what is about to be appended. While it is live nobody takes the claim
// from it.
func (i *Importer) releasing(ctx context.Context, in *importing, fresh bool) (func() error, error) {
	nothing := func() error { return nil }
	if in.state.Live() || in.state.Anonymised || fresh && !in.claimed {
		return nothing, nil
	}
	claimID := i.claim(in)
	if !fresh {
		var err error
		if claimID, err = i.c.reveal(ctx, in.state.Claim); err != nil || claimID == "" {
			return nothing, err
		}
	}
	f, err := i.c.claims.read(ctx, i.c.log, claimID)
	if err != nil {
		return nothing, err
	}
	caller := i.caller(in.Command, in.At)
	return func() error { return i.c.releaseClaim(ctx, caller, claimID, in.id, &f.revision) }, nil
}
