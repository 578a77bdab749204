package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/internal/vault"
	"github.com/hirelog/hirelog/readmodels"
)

const (
	longHistory     = 1000 // events behind the profile that is measured
	profilesOfAKind = 10   // applications of each length
	historyBegins   = 5    // events that every history begins with
	historyCycle    = 5    // events after which it is as it was, but for what was said
)

// histories are applications with so many events behind them.
type histories struct {
	length int
	ids    []string
	took   answered // in the last round
}

// benchProfile measures the profile of applications with 1,000 events behind
// them against those with 10.
func benchProfile(ctx context.Context, s settings, dir string) (err error) {
	in, err := openInstallation(ctx, dir, vault.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	return (&corpus{installation: in}).compareHistories(ctx, s, dir, longHistory)
}

// compareHistories measures profiles of long histories against short ones twice:
// of histories that leave the same page behind, and of those in which members
// talk on, whose page shows all they said.
func (c *corpus) compareHistories(ctx context.Context, s settings, dir string, long int) error {
	e, err := c.employ(ctx, 1)
	if err != nil {
		return err
	}
	kinds := []struct {
		name  string
		talk  bool
		sides [2]*histories // the short one first
	}{{name: "same_page"}, {name: "with_all_that_was_said", talk: true}}
	var lives []*life
	for k := range kinds {
		for i, length := range []int{shortHistory, long} {
			h := &histories{length: length}
			for range profilesOfAKind {
				l := newHistory(e, len(lives), length, kinds[k].talk)
				h.ids, lives = append(h.ids, l.id), append(lives, l)
			}
			kinds[k].sides[i] = h
		}
	}
	if err := c.write(ctx, lives); err != nil {
		return err
	}
	if err := c.anew(ctx, dir+"-rows"); err != nil {
		return err
	}
	core, end, err := c.reader(ctx, s.plan)
	if err != nil {
		return err
	}
	defer end()
	for _, kind := range kinds {
		var rounds []figure
		short, long := kind.sides[0], kind.sides[1]
		for n := range s.rounds {
			err := inTurns(n, func() error { return long.ask(ctx, c, core, s.probes) }, func() error { return short.ask(ctx, c, core, s.probes) })
			if err != nil {
				return err
			}
			rounds = append(rounds, figure{ratioOf(long.took.p50, short.took.p50), long.String(), short.String()})
		}
		s.report(fmt.Sprintf("profile_at_%d_events_per_at_%d_%s", long.length, short.length, kind.name), rounds, atMost(1.2))
	}
	return nil
}

// String says how long the profiles took.
func (h *histories) String() string {
	return fmt.Sprintf("at %d events p50 %v, %v processor time each", h.length, h.took.p50.Round(time.Microsecond), each(h.took.cost, float64(h.took.n)))
}

// ask asks for n profiles, in turns.
func (h *histories) ask(ctx context.Context, c *corpus, core *readmodels.Core, n int) error {
	of := &compared{}
	for i := range n {
		of.questions = append(of.questions, func(ctx context.Context, member string) ([]string, error) {
			p, err := core.Profile(ctx, member, h.ids[i%len(h.ids)], time.Now())
			if err == nil && p.Revision != int64(h.length-1) {
				err = fmt.Errorf("the profile is at revision %d, behind it are %d events", p.Revision, h.length)
			}
			return nil, err
		})
	}
	var err error
	h.took, err = of.ask(ctx, c.meter(), c.recruiter)
	return err
}

// newHistory is an application with so many events behind it: a document, a tag,
// a comment and a note, then moves between which members talk, or else tag it and
// set it as a priority and take both back.
func newHistory(e employer, n, length int, talk bool) *life {
	p := e.jobs[0]
	r := rand.New(rand.NewPCG(corpusSeed+1, uint64(n)))
	l := &life{
		id: idFrom(r), person: idFrom(r), employer: e, posting: p, r: r, at: corpusEnd().AddDate(-5, 0, 0),
		by: domain.Member(e.members[0]),
	}
	l.receive(n, idFrom(r))
	l.upload(idFrom(r), 1, access.CV)
	l.happens(application.TagAdded{Stamp: l.now(), Tag: l.tags[0]})
	l.comment()
	l.remark()
	for k := historyBegins; k < length; k++ {
		l.goOn(k%historyCycle, talk)
	}
	return l
}

// goOn adds event k of a cycle.
func (l *life) goOn(k int, talk bool) {
	switch {
	case k == 0, talk && k%2 == 0:
		l.moveOn(talk)
	case talk && k == 1:
		l.comment()
	case talk:
		l.remark()
	case k == 1:
		l.happens(application.TagAdded{Stamp: l.now(), Tag: l.tags[1]})
	case k == 2:
		l.happens(application.PrioritySet{Stamp: l.now(), Priority: true})
	case k == 3:
		l.happens(application.TagRemoved{Stamp: l.now(), Tag: l.tags[1]})
	default:
		l.happens(application.PrioritySet{Stamp: l.now()})
	}
}

// moveOn moves the application to the next stage, from the last to the first.
func (l *life) moveOn(talk bool) {
	to := (l.stage + 1) % len(l.stages)
	move := application.StageMoved{Stamp: l.now(), From: l.stages[l.stage].ID, To: l.stages[to].ID}
	if talk {
		move.Comment = l.text(l.id, l.said())
	}
	l.stage = to
	l.happens(move)
}

func (l *life) comment() {
	id := idFrom(l.r)
	l.happens(application.CommentAdded{Stamp: l.now(), Comment: id, Text: l.text(id, l.said())})
}

func (l *life) remark() {
	id := idFrom(l.r)
	l.happens(application.NoteAdded{Stamp: l.now(), Note: id, Text: l.text(id, l.said()), Stage: l.stages[l.stage].ID})
}
