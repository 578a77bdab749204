package effects_test

import (
	"context"
	"errors"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/hirelog/hirelog/commands"
	"github.com/hirelog/hirelog/commands/commandstest"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/organization"
	"github.com/hirelog/hirelog/internal/effects"
	"github.com/hirelog/hirelog/internal/eventlog"
	"github.com/hirelog/hirelog/internal/postgres/postgrestest"
)

func TestMain(m *testing.M) { os.Exit(postgrestest.Main(m)) }

// world is a company whose events have effects.
type world struct {
	*commandstest.Company
	t *testing.T
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{commandstest.Found(t, nil), t}
	if _, err := effects.StartNow(t.Context(), w.Pool, w.Log, effects.Recruiting()); err != nil {
		t.Fatal(err)
	}
	return w
}

// process returns effects of a process of its own, whose commands remember
// nothing of another's.
func (w *world) process(change ...func(*effects.Options)) *effects.Effects {
	w.t.Helper()
	o := effects.Options{
		Pool: w.Pool, Log: w.Log, Reactors: []effects.Reactor{effects.Recruiting()}, Perform: effects.ByCommands(w.Process(w.Log)),
		AliveEvery: 50 * time.Millisecond, Poll: 20 * time.Millisecond, Standby: time.Second,
	}
	for _, c := range change {
		c(&o)
	}
	e, err := effects.New(o)
	if err != nil {
		w.t.Fatal(err)
	}
	return e
}

// run has a process run until the returned function is called, or the test ends.
func (w *world) run(e *effects.Effects) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = e.Run(ctx) })
	stop = func() { cancel(); running.Wait() }
	w.t.Cleanup(stop)
	return stop
}

// reject closes an application. The candidate sees it after so many hours.
func (w *world) reject(hours int, origin eventlog.Origin) string {
	w.t.Helper()
	commandstest.Must(w.ChangeSettings(w.t.Context(), w.As(w.Admin), commands.ChangeSettings{
		SettingsChange: organization.SettingsChange{DiscloseAfterHours: &hours},
	}))
	id := w.ReceiveOne(w.t, "")
	caller := w.As(w.Recruiter)
	caller.Origin = origin
	commandstest.Must(w.Disqualify(w.t.Context(), caller, commands.Disqualify{
		Application: id, Kind: application.Rejected, Reason: commands.FirstReason("Not enough experience"),
	}))
	return id
}

// effect returns the only effect about a subject, but what its candidate is told.
func (w *world) effect(subject string) effects.Entry {
	w.t.Helper()
	all := w.effects(subject)
	if len(all) != 1 {
		w.t.Fatalf("effects of %s: %+v; want one", subject, all)
	}
	return all[0]
}

// eventually asks until the answer is yes.
func eventually(t *testing.T, what string, ask func() bool) {
	t.Helper()
	for giveUp := time.Now().Add(time.Minute); !ask(); {
		if time.Now().After(giveUp) {
			t.Fatalf("never: %s", what)
		}
		select {
		case <-t.Context().Done():
			t.Fatal(t.Context().Err())
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// disclosed counts the facts that an outcome was disclosed.
func (w *world) disclosed(id string) (n int) {
	w.t.Helper()
	for _, name := range w.Events(w.t, "application-"+id) {
		if name == "application.outcome_disclosed.v1" {
			n++
		}
	}
	return n
}

var errKilled = errors.New("killed")
