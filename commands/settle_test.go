package commands_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/hirelog/hirelog/commands"
	"github.com/hirelog/hirelog/commands/commandstest"
	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/job"
	"github.com/hirelog/hirelog/domain/organization"
	"github.com/hirelog/hirelog/internal/eventlog"
	"github.com/hirelog/hirelog/internal/ops"
)

// later returns commands over the company's log whose clock can be moved on.
func later(c *commandstest.Company) (*commands.Commands, *time.Duration) {
	by := new(time.Duration)
	return commands.New(commands.Options{
		Log: c.Log, Vault: c.Vault, Directory: c.Directory, Files: c.Files, Tokens: c.Tokens, Arrivals: ops.NewArrivals(c.Pool, nil),
		Now: func() time.Time { return time.Now().Add(*by) },
	}), by
}

// S2-87: what is in a removed stage goes to the target, once for each
// application, whoever does it and however often; nothing enters the stage any
// more; what comes late is moved too.
func TestARemovedStageIsCleared(t *testing.T) {
	t.Parallel()
	c := commandstest.Found(t, nil)
	gone, target := c.Stages[1].ID, c.Stages[2].ID
	var in []string
	for range 3 {
		id := c.ReceiveOne(t, someone())
		commandstest.Must(c.MoveStage(t.Context(), c.As(c.Recruiter), commands.MoveStage{Application: id, To: gone}))
		in = append(in, id)
	}
	elsewhere := c.ReceiveOne(t, someone())
	commandstest.Must(c.Disqualify(t.Context(), c.As(c.Recruiter), commands.Disqualify{Application: in[2], Kind: application.Withdrawn, Reason: commands.FirstReason("Lost interest")}))
	removed := commandstest.Must(c.RemoveStage(t.Context(), c.As(c.Recruiter), commands.RemoveStage{Job: c.Job, Stage: gone, Target: target}))

	if _, err := c.MoveStage(t.Context(), c.As(c.Recruiter), commands.MoveStage{Application: elsewhere, To: gone}); !errors.Is(err, job.ErrStageRemoved) {
		t.Errorf("moving into it: %v, want %v", err, job.ErrStageRemoved)
	}
	first, second := c.Process(c.Log), c.Process(c.Log) // which know nothing of each other
	for _, process := range []*commands.Commands{first, second, first} {
		if left, err := process.FinishJobs(t.Context()); err != nil || left != 1 {
			t.Fatalf("%d left, %v; it goes on looking", left, err)
		}
	}
	state := c.State(t)
	for i, want := range []string{target, target, gone} { // a closed one rests where it was
		if got := state.Applications[in[i]].Stage; got != want {
			t.Errorf("application %d is in %s, want %s", i, got, want)
		}
	}
	if got := c.Events(t, "application-"+in[0]); !slices.Equal(got, []string{"application.received.v1", "application.stage_moved.v1", "application.stage_moved.v1"}) {
		t.Errorf("events %v", got)
	}
	bySystem(t, c, in[0], c.Recruiter, "job-"+c.Job, removed.Revision)
	// Taken up again, it goes where the others went.
	commandstest.Must(c.Requalify(t.Context(), c.As(c.Recruiter), commands.Requalify{Application: in[2], Reason: "again"}))
	if got := c.State(t).Applications[in[2]].Stage; got != target {
		t.Errorf("requalified, it is in %s, want %s", got, target)
	}
}

// After a while nobody can have missed the change, and the job says so.
func TestAChoreEnds(t *testing.T) {
	t.Parallel()
	c := commandstest.Found(t, nil)
	process, passed := later(c)
	id := c.ReceiveOne(t, someone())
	commandstest.Must(c.RemoveStage(t.Context(), c.As(c.Recruiter), commands.RemoveStage{Job: c.Job, Stage: c.Stages[0].ID, Target: c.Stages[1].ID}))
	if left, err := process.FinishJobs(t.Context()); err != nil || left != 1 {
		t.Fatalf("%d left, %v", left, err)
	}
	// Decided elsewhere before the removal was known there.
	late := commandstest.Must(c.Process(c.Log).Receive(t.Context(), c.As(c.Recruiter), receive(c.Job, someone()))).ID
	enter(t, c, late, c.Stages[0].ID)
	*passed = time.Minute
	if left, err := process.FinishJobs(t.Context()); err != nil || left != 0 {
		t.Fatalf("%d left, %v", left, err)
	}
	for _, a := range []string{id, late} {
		if got := c.State(t).Applications[a].Stage; got != c.Stages[1].ID {
			t.Errorf("an application is in %s", got)
		}
	}
	events := c.Events(t, "job-"+c.Job)
	if last := events[len(events)-1]; last != "job.stage_cleared.v1" {
		t.Errorf("last of the job: %s", last)
	}
	written := c.All(t)
	if left, err := process.FinishJobs(t.Context()); err != nil || left != 0 || c.All(t) != written {
		t.Errorf("once more: %d left, %v, %d events", left, err, c.All(t)-written)
	}
}

// Where an application was to go may be removed before it gets there: it goes
// where that went (S2-99).
func TestAChoreWhoseTargetGoesAway(t *testing.T) {
	t.Parallel()
	c := commandstest.Found(t, nil)
	id := c.ReceiveOne(t, someone())
	remove := func(stage, target string) {
		commandstest.Must(c.RemoveStage(t.Context(), c.As(c.Recruiter), commands.RemoveStage{Job: c.Job, Stage: stage, Target: target}))
	}
	remove(c.Stages[0].ID, c.Stages[1].ID)
	meanwhile := func() { remove(c.Stages[1].ID, c.Stages[2].ID) }
	process := c.Process(&commandstest.Tapped{Log: c.Log, OnReadStream: func(_ context.Context, stream string) error {
		if run := meanwhile; stream == "application-"+id && run != nil {
			meanwhile = nil
			run()
		}
		return nil
	}})
	for range 2 {
		if _, err := process.FinishJobs(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if got := c.State(t).Applications[id].Stage; meanwhile != nil || got != c.Stages[2].ID {
		t.Errorf("the application is in %s, want %s", got, c.Stages[2].ID)
	}
}

// S2-99: closing a job can end its live applications, and only those.
func TestClosingAJobEndsItsApplications(t *testing.T) {
	t.Parallel()
	c := commandstest.Found(t, nil)
	process, passed := later(c)
	other := c.OpenOne(t, "Other")
	live, closed := c.ReceiveOne(t, someone()), c.ReceiveOne(t, someone())
	elsewhere := commandstest.Must(c.Receive(t.Context(), c.As(c.Recruiter), receive(other, someone()))).ID
	reason := commands.FirstReason("Position filled")
	commandstest.Must(c.Disqualify(t.Context(), c.As(c.Recruiter), commands.Disqualify{Application: closed, Kind: application.Withdrawn, Reason: commands.FirstReason("Lost interest")}))
	end := commands.CloseJob{Job: c.Job, Applications: job.DisqualifyApplications, Disqualify: commands.FirstReason("Lost interest")}
	if _, err := c.CloseJob(t.Context(), c.As(c.Recruiter), end); !errors.Is(err, application.ErrReasonKind) {
		t.Errorf("for a reason of the candidate's: %v", err)
	}
	end.Disqualify = reason
	commandstest.Must(c.Retire(t.Context(), c.As(c.Admin), organization.Reasons, reason))
	if _, err := c.CloseJob(t.Context(), c.As(c.Recruiter), end); !errors.Is(err, organization.ErrRetired) {
		t.Errorf("for a retired reason: %v", err)
	}
	commandstest.Must(c.Restore(t.Context(), c.As(c.Admin), organization.Reasons, reason))
	ended := commandstest.Must(c.CloseJob(t.Context(), c.As(c.Recruiter), end))
	commandstest.Must(c.Retire(t.Context(), c.As(c.Admin), organization.Reasons, reason)) // the choice was made
	if left, err := process.FinishJobs(t.Context()); err != nil || left != 1 {
		t.Fatalf("%d left, %v", left, err)
	}
	state := c.State(t)
	for id, want := range map[string]application.Outcome{live: application.Rejected, closed: application.Withdrawn, elsewhere: application.InProgress} {
		if got := state.Applications[id].Outcome; got != want {
			t.Errorf("an application is %s, want %s", got, want)
		}
	}
	if got := state.Applications[live].Reason; got != reason {
		t.Errorf("reason %s", got)
	}
	bySystem(t, c, live, c.Recruiter, "job-"+c.Job, ended.Revision)
	// Whom somebody takes up again stays.
	commandstest.Must(c.Requalify(t.Context(), c.As(c.Recruiter), commands.Requalify{Application: live, Reason: "for another opening"}))
	*passed = time.Minute
	if left, err := process.FinishJobs(t.Context()); err != nil || left != 0 {
		t.Fatalf("%d left, %v", left, err)
	}
	if got := c.State(t).Applications[live].Outcome; got != application.InProgress {
		t.Errorf("taken up again, it is %s", got)
	}
	// Nor does a job that is opened again end anybody.
	commandstest.Must(c.ReopenJob(t.Context(), c.As(c.Recruiter), c.Job))
	commandstest.Must(c.Restore(t.Context(), c.As(c.Admin), organization.Reasons, reason))
	commandstest.Must(c.CloseJob(t.Context(), c.As(c.Recruiter), end))
	commandstest.Must(c.ReopenJob(t.Context(), c.As(c.Recruiter), c.Job))
	if left, err := process.FinishJobs(t.Context()); err != nil || left != 0 {
		t.Fatalf("%d left, %v", left, err)
	}
	if got := c.State(t).Applications[live].Outcome; got != application.InProgress {
		t.Errorf("of an open job, it is %s", got)
	}
}

// bySystem fails unless the last event of an application was the system's doing,
// for a member, because of an event.
func bySystem(t *testing.T, c *commandstest.Company, id, member, stream string, because eventlog.Revision) {
	t.Helper()
	var meta eventlog.Metadata
	for rec, err := range c.Memory.ReadStream(t.Context(), "application-"+id, 0, eventlog.Forwards) {
		if err == nil {
			meta, err = rec.Meta()
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for rec, err := range c.Memory.ReadStream(t.Context(), stream, because, eventlog.Forwards) {
		if err != nil {
			t.Fatal(err)
		}
		if meta.Actor != domain.System || meta.OnBehalfOf != domain.Member(member) || meta.CausationID != rec.ID.String() {
			t.Errorf("%+v, want the system for %s because of %s", meta, member, rec.ID)
		}
		return
	}
}

// enter records a move that nobody checked against the plan.
func enter(t *testing.T, c *commandstest.Company, id, stage string) {
	t.Helper()
	moved, sealed, err := eventlog.Encode[application.Event](t.Context(), application.Codec, c.Vault, uuid.New(),
		application.StageMoved{Stamp: domain.Stamp{At: time.Now(), By: domain.Member(c.Recruiter)}, From: c.State(t).Applications[id].Stage, To: stage},
		eventlog.Metadata{Actor: domain.Member(c.Recruiter), CommandID: uuid.New(), Origin: eventlog.Live})
	if err != nil {
		t.Fatal(err, sealed)
	}
	at := eventlog.Revision(len(c.Events(t, "application-"+id)) - 1)
	if _, err := c.Log.Append(t.Context(), "application-"+id, at, []eventlog.NewEvent{moved}); err != nil {
		t.Fatal(err)
	}
}
