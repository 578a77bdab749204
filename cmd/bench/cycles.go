package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/hirelog/hirelog/commands"
	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/job"
	"github.com/hirelog/hirelog/domain/personal"
	"github.com/hirelog/hirelog/internal/eventlog"
	"github.com/hirelog/hirelog/internal/vault"
)

// Every stream begins with six events and is given ten commands, so it holds ten
// when the middle one comes.
const (
	cycleWriters   = 64
	cyclesAStream  = 10
	eventsToBegin  = 6
	sealedTextSize = 150
)

// benchCycles measures cycles of load, decide, append: ours, ours with folds in
// memory, and the same hand-written on Postgres. The domain and the stored form
// are the same on all sides.
func benchCycles(ctx context.Context, s settings, dir string) (err error) {
	in, err := openInstallation(ctx, dir, vault.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	id, j, err := in.openJob(ctx, 0)
	if err != nil {
		return err
	}
	rival, err := openRival(ctx, in.database)
	if err != nil {
		return err
	}
	defer rival.pool.Close()
	mover := cycleMover{job: id, stages: j.Stages, by: domain.Member(in.recruiter)}
	loaded, cached := loadingCycles{in.log, mover}, cachedCycles{in, mover}
	var plain, remembered []figure
	for n := range s.rounds {
		var paces [3]pace
		for k := range paces {
			k = (k + n) % len(paces)
			of := []cycles{loaded, cached, rival.with(mover)}[k]
			if paces[k], err = runCycles(ctx, in.meter(), of, mover, s.streams); err != nil {
				return err
			}
		}
		plain = append(plain, figure{paces[0].perSecond() / paces[2].perSecond(), "loaded from the node " + paces[0].String(), "on Postgres " + paces[2].String()})
		remembered = append(remembered, figure{paces[1].perSecond() / paces[2].perSecond(), "commands with cached folds " + paces[1].String(), "on Postgres " + paces[2].String()})
	}
	s.report("load_decide_append_per_same_on_postgres", plain, atLeast(1.2))
	s.report("cached_commands_per_same_on_postgres", remembered, atLeast(2))
	return nil
}

// cycles is one way of doing them.
type cycles interface {
	// begin writes the first events of a stream.
	begin(ctx context.Context, id string, events []eventlog.NewEvent) error
	// cycle moves application id to a stage.
	cycle(ctx context.Context, id, to string) error
}

// runCycles begins streams, untimed, and gives each its commands, as all writers
// go through their streams again and again.
func runCycles(ctx context.Context, m meter, of cycles, mover cycleMover, streams int) (pace, error) {
	ids := make([]string, streams)
	err := split(cycleWriters, streams, func(from, to int) error {
		for i := from; i < to; i++ {
			ids[i] = uuid.NewString()
			events, err := mover.history(eventsToBegin)
			if err != nil {
				return err
			}
			if err := of.begin(ctx, ids[i], events); err != nil {
				return fmt.Errorf("begin: %w", err)
			}
		}
		return nil
	})
	if err != nil {
		return pace{}, err
	}
	return measured(m, func() (int, error) {
		return streams * cyclesAStream, split(cycleWriters, streams, func(from, to int) error {
			for k := range cyclesAStream {
				for _, id := range ids[from:to] {
					if err := of.cycle(ctx, id, mover.stages[(eventsToBegin+k)%2].ID); err != nil {
						return fmt.Errorf("cycle: %w", err)
					}
				}
			}
			return nil
		})
	})
}

// split has n workers do their share of size things.
func split(n, size int, do func(from, to int) error) error {
	errs := make([]error, n)
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { errs[i] = do(i*size/n, (i+1)*size/n) })
	}
	all.Wait()
	return errors.Join(errs...)
}

// cycleMover knows the events of applications that are moved there and back.
type cycleMover struct {
	job    string
	stages []job.Stage
	by     domain.Actor
}

// history returns the first n events of an application. The k-th of them moves it
// to stage k mod 2.
func (m cycleMover) history(n int) ([]eventlog.NewEvent, error) {
	at := time.Now().UTC().Truncate(time.Microsecond)
	s := domain.Stamp{At: at, By: m.by}
	facts := make([]application.Event, 0, n)
	facts = append(facts, application.Received{
		Stamp: s, Job: m.job, Stage: m.stages[0].ID, Candidate: someSealed(), Claim: someSealed(), Source: "bench", Owner: m.by.MemberID(),
	})
	for k := 1; k < n; k++ {
		facts = append(facts, application.StageMoved{Stamp: s, From: m.stages[(k+1)%2].ID, To: m.stages[k%2].ID})
	}
	events := make([]eventlog.NewEvent, n)
	for i, f := range facts {
		var err error
		if events[i], err = m.encode(context.Background(), f); err != nil {
			return nil, err
		}
	}
	return events, nil
}

// encode returns a fact without plain texts in its stored form.
func (m cycleMover) encode(ctx context.Context, f application.Event) (eventlog.NewEvent, error) {
	command := uuid.Must(uuid.NewV7())
	meta := eventlog.Metadata{Actor: m.by, CommandID: command, Origin: eventlog.Live}
	e, _, err := eventlog.Encode(ctx, application.Codec, nil, uuid.NewSHA1(command, []byte("0")), f, meta)
	return e, err
}

// someSealed looks like a sealed text. Nothing here opens it.
func someSealed() personal.Text {
	b := make([]byte, sealedTextSize)
	_, _ = rand.Read(b) // never fails: it ends the program instead
	return personal.Sealed(b)
}

// decide folds what was loaded and returns what is to be appended behind it.
func (m cycleMover) decide(ctx context.Context, a application.Application, to string) (eventlog.NewEvent, error) {
	facts, err := a.Move("", to, personal.Text{}, domain.Stamp{At: time.Now().UTC().Truncate(time.Microsecond), By: m.by})
	if err != nil {
		return eventlog.NewEvent{}, err
	}
	if len(facts) != 1 {
		return eventlog.NewEvent{}, errors.New("the application was there already")
	}
	return m.encode(ctx, facts[0])
}

// loadingCycles load the stream from the node each time.
type loadingCycles struct {
	log *eventlog.Client
	cycleMover
}

func (c loadingCycles) begin(ctx context.Context, id string, events []eventlog.NewEvent) error {
	_, err := c.log.Append(ctx, "application-"+id, eventlog.NoStream, events)
	return err
}

func (c loadingCycles) cycle(ctx context.Context, id, to string) error {
	stream := "application-" + id
	var a application.Application
	last := eventlog.NoStream
	for rec, err := range c.log.ReadStream(ctx, stream, 0, eventlog.Forwards) {
		if err != nil {
			return err
		}
		e, err := application.Codec.Decode(rec.Type, rec.Data)
		if err != nil {
			return err
		}
		a, last = a.Fold(e), rec.Revision
	}
	e, err := c.decide(ctx, a, to)
	if err != nil {
		return err
	}
	_, err = c.log.Append(ctx, stream, last, []eventlog.NewEvent{e})
	return err
}

// cachedCycles are commands: one in ten loads the stream, the others have its
// fold.
type cachedCycles struct {
	in *installation
	cycleMover
}

func (c cachedCycles) begin(ctx context.Context, id string, events []eventlog.NewEvent) error {
	_, err := c.in.log.Append(ctx, "application-"+id, eventlog.NoStream, events)
	return err
}

func (c cachedCycles) cycle(ctx context.Context, id, to string) error {
	_, err := c.in.MoveStage(ctx, c.in.as(c.by.MemberID()), commands.MoveStage{Application: id, To: to})
	return err
}
