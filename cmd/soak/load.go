package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hirelog/hirelog/commands"
)

// given is a command that was answered in the end.
type given struct {
	call
	stream string // that it is recorded in; empty until it is known
	single bool   // it is recorded as one event
	first  answer
}

// load is many clients at work.
type load struct {
	in     *installation
	http   *http.Client
	token  string // of the recruiter
	member string // the recruiter
	job    string
	stages []string
	reason string

	end     context.CancelFunc
	working sync.WaitGroup
	failed  chan error // the first thing that is wrong

	paused   atomic.Bool
	atWork   atomic.Int64
	commands atomic.Int64 // that were accepted, for who waits for some
	reads    atomic.Int64 // that were answered

	mu     sync.Mutex
	given  []given
	shared string // id of the application that all work on
	used   int    // how often, since it was made
}

// load makes a job with a recruiter and sets clients to work.
func (in *installation) load(ctx context.Context) (*load, error) {
	l := &load{
		in: in, failed: make(chan error, 1),
		http: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64, DisableCompression: true}},
	}
	if err := l.prepare(ctx); err != nil {
		return nil, err
	}
	var life context.Context
	life, l.end = context.WithCancel(ctx)
	for n := range in.o.workers {
		w := &worker{load: l, name: fmt.Sprintf("w%d", n), rng: rand.New(rand.NewPCG(in.o.seed, uint64(n)+2))} //nolint:gosec // not negative
		l.atWork.Add(1)
		l.working.Go(func() {
			defer l.atWork.Add(-1)
			if err := w.work(life); err != nil {
				select {
				case l.failed <- fmt.Errorf("%s: %w", w.name, err):
				default:
				}
			}
		})
	}
	return l, nil
}

// prepare makes the recruiter and the job.
func (l *load) prepare(ctx context.Context) error {
	admin := l.in.commands[0].token
	made := func(path string, body any, into any) error {
		got, err := l.send(ctx, l.in.commands[0], admin, jsonCall(http.MethodPost, path, body))
		if err == nil && got.status != http.StatusCreated {
			err = fmt.Errorf("%s: %d %s", path, got.status, got.body)
		}
		if err != nil {
			return err
		}
		return json.Unmarshal(got.body, into)
	}
	var thing struct {
		ID       string `json:"id"`
		Secret   string `json:"secret"`
		Position string `json:"position"`
	}
	if err := made("/v1/members", map[string]string{"name": "Recruiter", "role": "recruiting"}, &thing); err != nil {
		return err
	}
	l.member = thing.ID
	if err := made("/v1/members/"+l.member+"/tokens", map[string]string{"name": "soak"}, &thing); err != nil {
		return err
	}
	l.token = thing.Secret
	err := made("/v1/jobs", map[string]any{
		"title": "Survivor", "stages": []map[string]string{{"name": "New"}, {"name": "Interview", "public_name": "In talks"}, {"name": "Offer"}},
		"hiring_team": []map[string]any{{"member_id": l.member, "recruiting_role_id": commands.FirstRole("Recruiter"), "recruitment_manager": true}},
	}, &thing)
	if err != nil {
		return err
	}
	l.job, l.reason = thing.ID, commands.FirstReason("Not the right fit")
	return eventually(ctx, startWithin, "the job can be read", func() bool {
		got, err := l.send(ctx, l.in.queries[0], l.token, call{method: http.MethodGet, path: behind("/v1/jobs/"+l.job, thing.Position)})
		var j struct {
			Stages []struct {
				ID string `json:"id"`
			} `json:"stages"`
		}
		if err != nil || got.status != http.StatusOK || json.Unmarshal(got.body, &j) != nil {
			return false
		}
		for _, s := range j.Stages {
			l.stages = append(l.stages, s.ID)
		}
		return true
	})
}

// stop lets every client finish what it is at and returns the first thing that
// was wrong.
func (l *load) stop() error {
	l.paused.Store(false)
	l.end()
	l.working.Wait()
	l.http.CloseIdleConnections()
	return l.wrong()
}

// wrong returns the first thing that is wrong, if any is.
func (l *load) wrong() error {
	select {
	case err := <-l.failed:
		l.failed <- err
		return err
	default:
		return nil
	}
}

// pause lets the clients finish what they are at, and resume goes on.
func (l *load) pause(ctx context.Context) error {
	l.paused.Store(true)
	err := eventually(ctx, patience, "all clients rest", func() bool { return l.atWork.Load() == 0 || l.wrong() != nil })
	l.http.CloseIdleConnections()
	return errors.Join(err, l.wrong())
}

func (l *load) resume() { l.paused.Store(false) }

// patience is how long a command may be tried again until it is answered: any
// fault is over by then.
const patience = 3 * time.Minute

// give gives a command until it is answered, each try to either process.
func (l *load) give(rng *rand.Rand, g given) (given, error) {
	// Whoever ends the run waits for the answer: what becomes of each command is
	// known.
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	began, fault := time.Now(), l.in.report.under()
	for try := 0; ; try++ {
		got, err := l.send(ctx, l.in.commands[rng.IntN(len(l.in.commands))], l.token, g.call)
		switch {
		case errors.Is(err, errStuck), ctx.Err() != nil:
			return g, fmt.Errorf("%s %s (%s) after %v: %w", g.method, g.path, g.key, time.Since(began).Round(time.Second), err)
		case err == nil && got.status < 500:
			l.in.report.answered(fault, time.Since(began))
			g.first = got
			if try > 0 {
				l.in.report.count("commands tried again", 1)
			}
			return g, l.took(g)
		case err == nil && got.status != http.StatusServiceUnavailable && got.status != http.StatusInsufficientStorage:
			return g, fmt.Errorf("%s %s (%s): %d %s", g.method, g.path, g.key, got.status, got.body)
		}
		time.Sleep(time.Duration(5+rng.IntN(45)) * time.Millisecond)
	}
}

// took notes a command that was answered.
func (l *load) took(g given) error {
	if g.first.accepted() {
		l.commands.Add(1)
		l.in.report.count("commands acknowledged", 1)
	} else {
		l.in.report.count("commands refused", 1)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.given = append(l.given, g)
	return nil
}

// repeat gives a command again that was answered: it must be answered the same.
func (l *load) repeat(rng *rand.Rand, g given) error {
	got, err := l.send(context.Background(), l.in.commands[rng.IntN(len(l.in.commands))], l.token, g.call)
	if errors.Is(err, errStuck) {
		return err
	}
	if err != nil || got.status >= 500 {
		return nil //nolint:nilerr // it may be down
	}
	l.in.report.count("commands repeated", 1)
	if got.status != g.first.status || string(got.body) != string(g.first.body) {
		l.in.report.count("answers that changed", 1)
		return fmt.Errorf("%s %s (%s) was answered %d %s, and then %d %s", g.method, g.path, g.key, g.first.status, g.first.body, got.status, got.body)
	}
	return nil
}
