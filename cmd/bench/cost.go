package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/hirelog/hirelog/commands"
	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/internal/eventlog"
	"github.com/hirelog/hirelog/internal/vault"
)

// shortHistory is what longer ones are compared with, in events.
const shortHistory = 10

// benchCost measures commands on applications with long histories. Half of the
// commands move, with a sealed comment, half change who sees a note; one in ten
// is given to commands that have no fold of the application.
func benchCost(ctx context.Context, s settings, dir string) (err error) {
	in, err := openInstallation(ctx, dir, vault.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	id, j, err := in.openJob(ctx, 0)
	if err != nil {
		return err
	}
	p := prober{in: in, mover: cycleMover{job: id, stages: j.Stages, by: domain.Member(in.recruiter)}, warm: in.Commands}
	o := in.options
	o.FoldCache = 1
	p.cold = commands.New(o)
	var of []*probed
	for length := shortHistory; length <= s.history; length *= 10 {
		h, err := p.begin(ctx, length, s.rounds*s.probes)
		if err != nil {
			return err
		}
		of = append(of, h)
	}
	rounds := make([][]figure, len(of))
	for range s.rounds {
		if err := p.round(ctx, of, s.probes); err != nil {
			return err
		}
		for i, h := range of {
			rounds[i] = append(rounds[i], figure{
				float64(quantile(h.warmTook, 0.5)) / float64(quantile(of[0].warmTook, 0.5)),
				fmt.Sprintf("at %d events p50 %v, %v processor time; cold p50 %v", h.length, quantile(h.warmTook, 0.5), each(h.warmCost, float64(len(h.warmTook))), quantile(h.coldTook, 0.5)),
				fmt.Sprintf("at %d events p50 %v, %v processor time; cold p50 %v", shortHistory,
					quantile(of[0].warmTook, 0.5), each(of[0].warmCost, float64(len(of[0].warmTook))), quantile(of[0].coldTook, 0.5)),
			})
		}
	}
	for i, h := range of[1:] {
		s.report(fmt.Sprintf("command_at_%d_events_per_at_%d", h.length, shortHistory), rounds[i+1], atMost(1.2))
	}
	return nil
}

// prober gives commands to applications with histories.
type prober struct {
	in         *installation
	mover      cycleMover
	warm, cold *commands.Commands
}

// probed are applications with a history of a length, and what commands on them
// took in the last round.
type probed struct {
	length   int
	warm     []subject
	cold     []subject
	nextWarm int
	nextCold int
	warmTook []time.Duration // sorted
	warmCost time.Duration
	coldTook []time.Duration // sorted
}

// subject is an application, and how many commands it was given.
type subject struct {
	id, note string
	given    int
}

// begin writes histories, so many that the commands do not make any of them
// half as long again, and has the folds of the warm ones cached.
func (p prober) begin(ctx context.Context, length, given int) (*probed, error) {
	h := &probed{length: length}
	for range 1 + given*2/length {
		a, err := p.write(ctx, length)
		if err != nil {
			return nil, err
		}
		if err := p.give(ctx, p.warm, &a); err != nil {
			return nil, err
		}
		h.warm = append(h.warm, a)
	}
	for range 2 + given/10*2/length {
		a, err := p.write(ctx, length)
		if err != nil {
			return nil, err
		}
		h.cold = append(h.cold, a)
	}
	return h, nil
}

// write appends a history: half moves, the rest comments and notes.
func (p prober) write(ctx context.Context, length int) (subject, error) {
	a := subject{id: uuid.NewString()}
	s := domain.Stamp{At: time.Now().UTC().Truncate(time.Microsecond), By: p.mover.by}
	last := eventlog.NoStream
	for from := 0; from < length; from += 500 {
		var events []eventlog.NewEvent
		for k := from; k < min(from+500, length); k++ {
			e, err := p.mover.encode(ctx, p.fact(k, s, &a))
			if err != nil {
				return a, err
			}
			events = append(events, e)
		}
		at, err := p.in.log.Append(ctx, "application-"+a.id, last, events)
		if err != nil {
			return a, err
		}
		last = at.Revision
	}
	return a, nil
}

// fact is event k of the history of a.
func (p prober) fact(k int, s domain.Stamp, a *subject) application.Event {
	stages := p.mover.stages
	switch {
	case k == 0:
		return application.Received{Stamp: s, Job: p.mover.job, Stage: stages[0].ID, Candidate: someSealed(), Claim: someSealed(), Source: "bench", Owner: s.By.MemberID()}
	case k%10 == 1 || k%10 == 6:
		a.note = uuid.NewString()
		return application.NoteAdded{Stamp: s, Note: a.note, Text: someSealed(), Stage: stages[0].ID}
	case k%10 == 2 || k%10 == 5 || k%10 == 8:
		return application.CommentAdded{Stamp: s, Comment: uuid.NewString(), Text: someSealed()}
	}
	return application.StageMoved{Stamp: s, From: stages[0].ID, To: stages[1+k%2].ID, Comment: someSealed()}
}

// give gives the next command to a.
func (p prober) give(ctx context.Context, to *commands.Commands, a *subject) (err error) {
	n := a.given
	a.given++
	caller := p.in.as(p.in.recruiter)
	if n%2 == 0 {
		_, err = to.MoveStage(ctx, caller, commands.MoveStage{Application: a.id, To: p.mover.stages[3+n/2%2].ID, Comment: comment})
	} else {
		_, err = to.SetNoteVisibility(ctx, caller, commands.SetNoteVisibility{Application: a.id, Note: a.note, Visible: n/2%2 == 0})
	}
	return err
}

// round gives n commands at each length, in ten turns.
func (p prober) round(ctx context.Context, of []*probed, n int) error {
	const turns = 10
	for _, h := range of {
		h.warmTook, h.coldTook, h.warmCost = nil, nil, 0
	}
	for range turns {
		for _, h := range of {
			if err := p.turn(ctx, h, n/turns); err != nil {
				return fmt.Errorf("at %d events: %w", h.length, err)
			}
		}
	}
	for _, h := range of {
		slices.Sort(h.warmTook)
		slices.Sort(h.coldTook)
	}
	return nil
}

func (p prober) turn(ctx context.Context, h *probed, n int) error {
	// Another length was before, so the one fold that is kept is of that one.
	for range max(1, n/10) {
		began := time.Now()
		if err := p.give(ctx, p.cold, &h.cold[h.nextCold]); err != nil {
			return err
		}
		h.coldTook = append(h.coldTook, time.Since(began))
		h.nextCold = (h.nextCold + 1) % len(h.cold)
	}
	m := p.in.meter()
	before := m.read()
	for range max(1, n-n/10) {
		began := time.Now()
		if err := p.give(ctx, p.warm, &h.warm[h.nextWarm]); err != nil {
			return err
		}
		h.warmTook = append(h.warmTook, time.Since(began))
		h.nextWarm = (h.nextWarm + 1) % len(h.warm)
	}
	h.warmCost += m.read() - before
	return nil
}
