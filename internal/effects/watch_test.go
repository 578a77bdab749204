package effects_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/riverqueue/river"

	"github.com/hirelog/hirelog/commands"
	"github.com/hirelog/hirelog/commands/commandstest"
	"github.com/hirelog/hirelog/domain/job"
	"github.com/hirelog/hirelog/internal/effects"
)

// follow has a process look at the log until something is so.
func (w *world) follow(ok func() bool) {
	w.t.Helper()
	for !ok() {
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

// watches are the effects that watch how long an application stays in a stage.
func (w *world) watches(id string) []effects.Entry {
	w.t.Helper()
	all, err := effects.NewLedger(w.Pool).Of(w.t.Context(), id)
	if err != nil {
		w.t.Fatal(err)
	}
	return slices.DeleteFunc(all, func(e effects.Entry) bool { return e.Kind != effects.WatchStage })
}

// later is a process whose clocks are ahead.
func (w *world) later(ahead time.Duration) *effects.Effects {
	now := func() time.Time { return time.Now().Add(ahead) }
	return w.process(func(o *effects.Options) {
		o.Now = now
		o.Perform = effects.ByCommands(commands.New(commands.Options{Log: w.Log, Vault: w.Vault, Directory: w.Directory, Now: now}))
	})
}

// S2-89, E4: that an application is too long in a stage is recorded once, by the
// limit that the stage has then: a change of it is looked at at once, and who has
// left is let alone.
func TestStagesAreWatched(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const day = 24 * time.Hour
	id, moved := w.ReceiveOne(t, ""), w.ReceiveOne(t, "")
	commandstest.Must(w.MoveStage(t.Context(), w.As(w.Recruiter), commands.MoveStage{Application: moved, To: w.Stages[1].ID}))
	w.follow(func() bool { return len(w.watches(id)) == 1 && len(w.watches(moved)) == 2 })
	e := func() effects.Entry { return w.watches(id)[0] }
	entered := e().PlannedFor.Add(-day)
	carry := func(ahead time.Duration) {
		t.Helper()
		if err := w.later(ahead).CarryOut(t.Context(), e().ID); err != nil {
			t.Fatal(err)
		}
	}
	limit := func(days int) {
		t.Helper()
		commandstest.Must(w.ChangeStage(t.Context(), w.As(w.Recruiter), commands.ChangeStage{Job: w.Job, Stage: w.Stages[0].ID, StageChange: job.StageChange{LimitDays: &days}}))
	}
	woken := func() bool { return !e().PlannedFor.After(time.Now().Add(time.Minute)) }
	overdue := func() (n int) {
		for _, name := range w.Events(t, "application-"+id) {
			if name == "application.stage_overdue.v1" {
				n++
			}
		}
		return n
	}
	carry(25 * time.Hour)
	if e().State != effects.Planned || !e().PlannedFor.After(entered.Add(30*day)) {
		t.Errorf("without a limit %+v", e())
	}
	name := "Long list"
	commandstest.Must(w.ChangeStage(t.Context(), w.As(w.Recruiter), commands.ChangeStage{Job: w.Job, Stage: w.Stages[0].ID, StageChange: job.StageChange{Name: &name}}))
	next := w.ReceiveOne(t, "")
	w.follow(func() bool { return len(w.watches(next)) == 1 })
	if woken() {
		t.Error("another name of the stage has it looked at")
	}
	limit(3)
	w.follow(woken)
	carry(0)
	if !e().PlannedFor.Equal(entered.Add(3 * day)) {
		t.Errorf("with a limit of three days %+v, in since %s", e(), entered)
	}
	if err := w.later(200*day).CarryOutFor(t.Context(), e().ID, entered.Add(day)); err != nil || e().State != effects.Planned { // a job of before it was put off
		t.Errorf("%v, %+v", err, e())
	}
	// The limit changes while it is looked at by the old one.
	busy := w.process(func(o *effects.Options) {
		perform := o.Perform
		o.Now = func() time.Time { return time.Now().Add(73 * time.Hour) }
		o.Perform = func(ctx context.Context, entry effects.Entry) (effects.Outcome, error) {
			outcome, err := perform(ctx, entry)
			limit(5)
			w.follow(woken)
			return outcome, err
		}
	})
	if err := busy.CarryOut(t.Context(), e().ID); err != nil || !woken() {
		t.Errorf("the change was missed: %v, %+v", err, e())
	}
	carry(73 * time.Hour)
	if !e().PlannedFor.Equal(entered.Add(5*day)) || overdue() != 0 {
		t.Errorf("with a limit of five days %+v, %d times overdue", e(), overdue())
	}
	var jobs int
	if err := w.Pool.QueryRow(t.Context(), `SELECT count(*) FROM ops.river_job WHERE args ->> 'effect' = $1 AND abs(extract(epoch FROM scheduled_at - $2)) < 1`, e().ID.String(), e().PlannedFor).Scan(&jobs); err != nil || jobs != 1 {
		t.Errorf("%d jobs for then, %v", jobs, err)
	}
	for range 2 {
		carry(121 * time.Hour)
	}
	if e().State != effects.Done || overdue() != 1 {
		t.Errorf("%+v, %d times overdue", e(), overdue())
	}
	left := w.watches(moved)[0]
	if left.Object != w.Stages[0].ID {
		left = w.watches(moved)[1]
	}
	if err := w.later(200*day).CarryOut(t.Context(), left.ID); err != nil {
		t.Fatal(err)
	}
	if i := slices.IndexFunc(w.watches(moved), func(e effects.Entry) bool { return e.ID == left.ID }); w.watches(moved)[i].State != effects.Cancelled {
		t.Errorf("who has left is watched: %+v", w.watches(moved))
	}
}

// S2-89: a process whose clock is behind that of who planned, or of the queue, by
// however much, leaves the job for then to be done: that it came early loses nothing.
func TestAClockThatIsBehindLosesNoStage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const day = 24 * time.Hour
	limit := 3
	commandstest.Must(w.ChangeStage(t.Context(), w.As(w.Recruiter), commands.ChangeStage{Job: w.Job, Stage: w.Stages[0].ID, StageChange: job.StageChange{LimitDays: &limit}}))
	id := w.ReceiveOne(t, "")
	w.follow(func() bool { return len(w.watches(id)) == 1 })
	e := func() effects.Entry { return w.watches(id)[0] }
	for _, c := range []struct{ behind, left time.Duration }{{time.Second, time.Second}, {2 * time.Hour, 2 * time.Hour}, {40 * day, 40 * day}} {
		at := e().PlannedFor
		var snooze *river.JobSnoozeError
		err := w.later(time.Until(at)-c.behind).CarryOutFor(t.Context(), e().ID, at) // the queue says that its time has come
		if !errors.As(err, &snooze) || snooze.Duration > c.left+time.Second || e().State != effects.Planned || !e().PlannedFor.Equal(at) {
			t.Errorf("%s behind: %v, %+v", c.behind, err, e())
		}
	}
	// The clock of who planned it was ahead of that of who decides: it is put off, with
	// a job for then, and the one it has is none for then.
	early := e().PlannedFor
	if err := w.later(time.Until(early)+time.Minute).CarryOutFor(t.Context(), e().ID, early); err != nil || !e().PlannedFor.Equal(early.Add(2*day)) {
		t.Fatalf("%v, %+v", err, e())
	}
	var jobs int
	if err := w.Pool.QueryRow(t.Context(), `SELECT count(*) FROM ops.river_job WHERE args ->> 'effect' = $1 AND (args ->> 'for')::timestamptz = $2`, e().ID.String(), e().PlannedFor).Scan(&jobs); err != nil || jobs != 1 {
		t.Errorf("%d jobs for then, %v", jobs, err)
	}
	if err := w.later(200*day).CarryOutFor(t.Context(), e().ID, e().PlannedFor); err != nil || e().State != effects.Done {
		t.Errorf("%v, %+v", err, e())
	}
}
