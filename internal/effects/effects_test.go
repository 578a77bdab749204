package effects_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/riverqueue/river"

	"github.com/hirelog/hirelog/commands"
	"github.com/hirelog/hirelog/commands/commandstest"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/organization"
	"github.com/hirelog/hirelog/internal/clamd"
	"github.com/hirelog/hirelog/internal/effects"
	"github.com/hirelog/hirelog/internal/eventlog"
)

// E4: a process may be killed at every step, and what follows from an event is
// recorded once, with a ledger that says so.
func TestEffectIsDoneOnceWhereverItIsKilled(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, at := range []string{"planned", "committed", "begun", "recorded", "finished"} {
		id := w.reject(0, eventlog.Live)
		reached := false
		killed := func(name string) error {
			if name == at {
				reached = true
				return errKilled
			}
			return nil
		}
		first := w.process()
		first.Steps(killed)
		if at == "planned" || at == "committed" {
			if err := first.Follow(t.Context()); !errors.Is(err, errKilled) {
				t.Fatalf("%s: %v", at, err)
			}
		} else {
			w.plan(id)
			if err := first.CarryOut(t.Context(), w.effect(id).ID); !errors.Is(err, errKilled) {
				t.Fatalf("%s: %v", at, err)
			}
		}
		if !reached {
			t.Fatalf("%s was never reached", at)
		}
		stop := w.run(w.process())
		eventually(t, "after a kill at "+at+" it is done", func() bool {
			all := w.effects(id)
			return len(all) == 1 && all[0].State == effects.Done
		})
		stop()
		e := w.effect(id)
		if n := w.disclosed(id); n != 1 {
			t.Errorf("killed at %s: disclosed %d times", at, n)
		}
		if e.Result == nil || !e.Result.After(eventlog.Start) || e.FinishedAt == nil || e.ID != effects.ID(e.Event, "disclose") {
			t.Errorf("killed at %s: the ledger says %+v", at, e)
		}
		if err := w.process().CarryOut(t.Context(), e.ID); err != nil || w.disclosed(id) != 1 {
			t.Errorf("killed at %s, given again: %v", at, err)
		}
	}
}

// Several attempts at once, as when the queue takes a slow process for dead.
func TestAttemptsAtOnceRecordOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.reject(0, eventlog.Live)
	w.plan(id)
	effect := w.effect(id).ID
	var all sync.WaitGroup
	for range 5 {
		p := w.process()
		all.Go(func() {
			for p.CarryOut(t.Context(), effect) != nil { // one that lost too often tries again
			}
		})
	}
	all.Wait()
	if n := w.disclosed(id); n != 1 || w.effect(id).State != effects.Done {
		t.Errorf("disclosed %d times, %+v", n, w.effect(id))
	}
}

// effects are those of a subject, but what its candidate is told, and how long it stays in its stage.
func (w *world) effects(subject string) []effects.Entry {
	w.t.Helper()
	all, err := effects.NewLedger(w.Pool).Of(w.t.Context(), subject)
	if err != nil {
		w.t.Fatal(err)
	}
	return slices.DeleteFunc(all, func(e effects.Entry) bool { return e.Kind == effects.NoticeCandidate || e.Kind == effects.WatchStage })
}

// plan looks at the log until there is an effect of each of subjects: how many
// commits that takes depends on how the events arrive.
func (w *world) plan(subjects ...string) {
	w.t.Helper()
	for _, id := range subjects {
		for {
			if len(w.effects(id)) > 0 {
				break
			}
			p := w.process()
			p.Steps(func(name string) error {
				if name == "committed" {
					return errKilled
				}
				return nil
			})
			if err := p.Follow(w.t.Context()); !errors.Is(err, errKilled) {
				w.t.Fatal(err)
			}
		}
	}
}

// What was imported or made up has no effects.
func TestOnlyWhatHappensHereHasEffects(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	imported, demo, live := w.reject(0, eventlog.Import), w.reject(0, eventlog.Demo), w.reject(0, eventlog.Live)
	w.run(w.process())
	eventually(t, "the live one is done", func() bool { return w.disclosed(live) == 1 })
	for _, id := range []string{imported, demo} {
		if all := w.effects(id); len(all) != 0 {
			t.Errorf("effects %+v", all)
		}
	}
}

// Two processes share the work; one that ends is followed by the other.
func TestProcessesShareAndFollowEachOther(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	stop := w.run(w.process())
	w.run(w.process())
	var ids []string
	for i := range 6 {
		if i == 3 {
			stop()
		}
		ids = append(ids, w.reject(0, eventlog.Live))
	}
	for _, id := range ids {
		eventually(t, "each is disclosed", func() bool { return w.disclosed(id) == 1 })
	}
	if n, err := effects.NewLedger(w.Pool).Overdue(t.Context(), 0); err != nil || n > 0 {
		eventually(t, "the ledger is level", func() bool { n, err := effects.NewLedger(w.Pool).Overdue(t.Context(), 0); return err == nil && n == 0 })
	}
}

// A reactor does not look at a history by itself.
func TestRefusesToStartOnAHistory(t *testing.T) {
	t.Parallel()
	w := &world{commandstest.Found(t, nil), t}
	id := w.reject(0, eventlog.Live)
	if err := effects.Begin(t.Context(), w.Pool, w.Log, effects.Recruiting()); err != nil {
		t.Fatal(err)
	}
	if err := w.process().Follow(t.Context()); !errors.Is(err, effects.ErrNoStart) {
		t.Fatalf("%v, want ErrNoStart", err)
	}
	activities := make(chan effects.Activity, 100)
	w.run(w.process(func(o *effects.Options) {
		o.Observer.Activity = func(_ string, a effects.Activity) { activities <- a }
	}))
	if a := <-activities; a != effects.Stopped {
		t.Errorf("it is %s", a)
	}
	if err := effects.StartAt(t.Context(), w.Pool, w.Log, effects.Recruiting(), eventlog.Position{Commit: 1, Prepare: 1}); err == nil {
		t.Error("started where nothing is")
	}
	if err := effects.StartAt(t.Context(), w.Pool, w.Log, effects.Recruiting(), eventlog.Start); err != nil {
		t.Fatal(err)
	}
	eventually(t, "what was there has its effect", func() bool {
		all := w.effects(id)
		return len(all) == 1 && all[0].State == effects.Done
	})
	// Told to begin again, it plans nothing twice.
	done := w.effect(id)
	if err := effects.StartAt(t.Context(), w.Pool, w.Log, effects.Recruiting(), eventlog.Start); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it has looked at everything again", func() bool {
		c, _, err := effects.At(t.Context(), w.Pool, effects.Recruiting())
		return err == nil && !done.Result.After(c.Event)
	})
	if again := w.effect(id); again.State != effects.Done || !again.PlannedAt.Equal(done.PlannedAt) {
		t.Errorf("planned again: %+v", again)
	}
}

// A new installation begins by itself.
func TestBeginsByItselfOnAnEmptyLog(t *testing.T) {
	t.Parallel()
	w := &world{commandstest.Found(t, nil), t}
	empty := new(eventlog.Memory)
	if _, err := eventlog.Identify(t.Context(), empty, time.Now()); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := effects.Begin(t.Context(), w.Pool, empty, effects.Recruiting()); err != nil {
			t.Fatal(err)
		}
	}
	if c, f, err := effects.At(t.Context(), w.Pool, effects.Recruiting()); err != nil || f != nil || c.Event != eventlog.Start {
		t.Errorf("%+v, %v, %v", c, f, err)
	}
}

// A checkpoint of another log, or of a newer copy of this one, stops it.
func TestStopsOnAnotherLog(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	other := new(eventlog.Memory)
	if _, err := eventlog.Identify(t.Context(), other, time.Now()); err != nil {
		t.Fatal(err)
	}
	p := w.process(func(o *effects.Options) { o.Log = other })
	if err := p.Follow(t.Context()); !errors.Is(err, effects.ErrHalted) || !strings.Contains(err.Error(), "hirelog effects start") {
		t.Fatalf("%v", err)
	}
	if _, f, err := effects.At(t.Context(), w.Pool, effects.Recruiting()); err != nil || f == nil {
		t.Errorf("not stored: %v, %v", f, err)
	}
}

// An event it cannot read stops a reactor before it, and says which; a build
// that can read it goes on.
func TestStopsAtWhatItCannotRead(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	before := w.reject(0, eventlog.Live)
	id, event := w.ReceiveOne(t, ""), uuid.New()
	stream := "application-" + id
	_, err := w.Log.Append(t.Context(), stream, eventlog.Revision(len(w.Events(t, stream))-1), []eventlog.NewEvent{{
		ID: event, Type: "application.beamed_up.v1", Data: []byte(`{"who":"secret"}`), Metadata: []byte(`{"origin":"live","actor":"system"}`),
	}})
	if err != nil {
		t.Fatal(err)
	}
	stop := w.run(w.process())
	var f *effects.Failure
	eventually(t, "it stops", func() bool {
		_, f, err = effects.At(t.Context(), w.Pool, effects.Recruiting())
		return err == nil && f != nil
	})
	if f.EventID != event || f.Type != "application.beamed_up.v1" || f.Stream != stream || strings.Contains(f.String(), "secret") {
		t.Errorf("it says %+v", f)
	}
	eventually(t, "what came before has its effect", func() bool { return w.disclosed(before) == 1 })
	stop()
	newer := effects.Reactor{Name: "recruiting", Decide: func(e eventlog.Event) ([]effects.Plan, error) {
		if e.ID == event {
			return nil, nil
		}
		return effects.Recruiting().Decide(e)
	}}
	w.run(w.process(func(o *effects.Options) { o.Reactors = []effects.Reactor{newer} }))
	after := w.reject(0, eventlog.Live)
	eventually(t, "the newer one goes on", func() bool { return w.disclosed(after) == 1 })
}

// S1-16: an effect is decided again when its time has come.
func TestWhatHasNoReasonAnyMoreIsCancelled(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	taken, erased := w.reject(24, eventlog.Live), w.reject(24, eventlog.Live)
	w.plan(taken, erased)
	commandstest.Must(w.Requalify(t.Context(), w.As(w.Recruiter), commands.Requalify{Application: taken, Reason: "second look"}))
	commandstest.Must(w.Anonymise(t.Context(), w.As(w.Admin), commands.Anonymise{Application: erased}))
	p := w.process(func(o *effects.Options) { o.Now = func() time.Time { return time.Now().Add(25 * time.Hour) } })
	for id, want := range map[string]effects.Entry{
		taken:  {State: effects.Cancelled},
		erased: {State: effects.Refused, Reason: application.ErrAnonymised.Code},
	} {
		if err := p.CarryOut(t.Context(), w.effect(id).ID); err != nil {
			t.Fatal(err)
		}
		if e := w.effect(id); e.State != want.State || e.Reason != want.Reason || e.Result != nil || w.disclosed(id) > 0 {
			t.Errorf("%+v, want %+v", e, want)
		}
	}
}

// S1-37: timers are jobs for later; one that comes too early waits on.
func TestTimersWait(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	on := true
	commandstest.Must(w.ChangeSettings(t.Context(), w.As(w.Admin), commands.ChangeSettings{SettingsChange: organization.SettingsChange{SelfTracking: &on}}))
	id := w.ReceiveOne(t, "cleo@example.org")
	due := time.Now().Add(72 * time.Hour).UTC().Truncate(time.Microsecond)
	soon := time.Now().Add(24 * time.Hour)
	for _, at := range []*time.Time{&soon, nil, &due} { // soon and without due date: no reminder
		commandstest.Must(w.RequestDocument(t.Context(), w.As(w.Recruiter), commands.RequestDocument{Application: id, Title: "Diploma", Category: access.Certificate, DueAt: at}))
	}
	w.plan(id)
	e := w.effect(id)
	if e.Kind != effects.RemindOfDocument || !e.PlannedFor.Equal(due.Add(-48*time.Hour)) || e.State != effects.Planned {
		t.Errorf("%+v", e)
	}
	var state string
	var at time.Time
	if err := w.Pool.QueryRow(t.Context(), `SELECT state::text, scheduled_at FROM ops.river_job WHERE args ->> 'effect' = $1`, e.ID.String()).Scan(&state, &at); err != nil || state != "scheduled" || !at.Equal(e.PlannedFor) {
		t.Errorf("the job is %s for %s: %v", state, at, err)
	}
	var snooze *river.JobSnoozeError
	if err := w.process().CarryOut(t.Context(), e.ID); !errors.As(err, &snooze) {
		t.Errorf("too early: %v", err)
	}
	ahead := func() time.Time { return e.PlannedFor.Add(time.Minute) }
	p := w.process(func(o *effects.Options) {
		o.Now = ahead
		o.Perform = effects.ByCommands(commands.New(commands.Options{Log: w.Log, Vault: w.Vault, Directory: w.Directory, Now: ahead}))
	})
	if err := p.CarryOut(t.Context(), e.ID); err != nil {
		t.Fatal(err)
	}
	if e := w.effect(id); e.State != effects.Done || !slices.Contains(w.Events(t, "application-"+id), "application.document_reminder_due.v1") {
		t.Errorf("%+v", e)
	}
}

// What fails is tried again, and given up after many attempts, until somebody
// wants it tried again.
func TestFailures(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.reject(0, eventlog.Live)
	w.plan(id)
	effect := w.effect(id).ID
	away := w.process(func(o *effects.Options) {
		o.Perform = func(context.Context, effects.Entry) (effects.Outcome, error) {
			return effects.Outcome{}, fmt.Errorf("append of a secret: %w", eventlog.ErrUnavailable)
		}
	})
	for range effects.MostAttempts - 1 {
		if err := away.CarryOut(t.Context(), effect); !errors.Is(err, eventlog.ErrUnavailable) {
			t.Fatal(err)
		}
	}
	if e := w.effect(id); e.State != effects.Planned || e.Attempts != effects.MostAttempts-1 || e.Reason != "log_unavailable" {
		t.Errorf("%+v", e)
	}
	var cancel *river.JobCancelError
	if err := away.CarryOut(t.Context(), effect); !errors.As(err, &cancel) {
		t.Errorf("%v, want the end", err)
	}
	if n, err := effects.NewLedger(w.Pool).CountFailed(t.Context()); err != nil || n != 1 || w.effect(id).State != effects.Failed {
		t.Errorf("%d failed, %v, %+v", n, err, w.effect(id))
	}
	if err := effects.Retry(t.Context(), w.Pool, effect); err != nil {
		t.Fatal(err)
	}
	w.run(w.process())
	eventually(t, "it is done after all", func() bool { return w.disclosed(id) == 1 && w.effect(id).State == effects.Done })
	if err := effects.Retry(t.Context(), w.Pool, effect); err == nil {
		t.Error("what is done was tried again")
	}
}

// S2-108: what waits for the malware scanner is not given up: nobody gets the file
// before it was looked at.
func TestAScanIsNotGivenUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.reject(0, eventlog.Live)
	w.plan(id)
	effect := w.effect(id).ID
	away := w.process(func(o *effects.Options) {
		o.Perform = func(context.Context, effects.Entry) (effects.Outcome, error) {
			return effects.Outcome{}, fmt.Errorf("scan: %w", clamd.ErrUnavailable)
		}
	})
	longest := time.Duration(0)
	for range effects.MostAttempts + 1 {
		var snooze *river.JobSnoozeError
		if err := away.CarryOut(t.Context(), effect); !errors.As(err, &snooze) {
			t.Fatal(err)
		}
		longest = max(longest, snooze.Duration)
	}
	if e := w.effect(id); e.State != effects.Planned || e.Reason != "scanner_unavailable" || longest != 5*time.Minute {
		t.Errorf("%+v, tried at least every %s", e, longest)
	}
}
