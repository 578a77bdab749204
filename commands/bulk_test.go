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
	"github.com/hirelog/hirelog/domain/bulk"
	"github.com/hirelog/hirelog/domain/message"
	"github.com/hirelog/hirelog/domain/organization"
	"github.com/hirelog/hirelog/internal/eventlog"
)

// many is a bulk action that is run, and taken back, by processes that die.
type many struct {
	action func(t *testing.T, c *commandstest.Company) commands.BulkAction
	set    func(t *testing.T, c *commandstest.Company, app string) // before it
	every  int                                                     // which steps they die at: some are at once, so which is which differs
	want   func(t *testing.T, c *commandstest.Company, app string) // after it was taken back
}

// has says what happened to something; that it lost a claim may always be.
func has(t *testing.T, c *commandstest.Company, stream string, want ...string) {
	t.Helper()
	got := slices.DeleteFunc(c.Events(t, stream), func(name string) bool { return name == application.ClaimLost{}.EventName() })
	if !slices.Equal(got, want) {
		t.Errorf("%s has %v, want %v", stream, got, want)
	}
}

func template(t *testing.T, c *commandstest.Company) string {
	t.Helper()
	return commandstest.Must(c.DefineTemplate(t.Context(), c.As(c.Admin), commands.DefineTemplate{TemplateContent: organization.TemplateContent{
		Name: newID(), Kind: organization.MessageTemplate, Subject: "News", Body: "Dear {{candidate.first_name}}",
	}})).ID
}

// messagesOf returns the ids of the messages that were written for an application.
func messagesOf(t *testing.T, c *commandstest.Company, app string) []string {
	t.Helper()
	var all []string
	for rec, err := range c.Memory.ReadAll(t.Context(), eventlog.Start, eventlog.Forwards) {
		if err != nil {
			t.Fatal(err)
		}
		if rec.Type != (message.Written{}).EventName() {
			continue
		}
		e, err := message.Codec.Decode(rec.Type, rec.Data)
		if err != nil {
			t.Fatal(err)
		}
		if w, ok := e.(message.Written); ok && w.Application == app {
			_, id := eventlog.SplitStream(rec.Stream)
			all = append(all, id)
		}
	}
	return all
}

// writtenOnce is that one message was written for an application, and cancelled.
func writtenOnce(t *testing.T, c *commandstest.Company, app string) {
	t.Helper()
	has(t, c, "application-"+app, "application.received.v1")
	all := messagesOf(t, c, app)
	if len(all) != 1 {
		t.Fatalf("%d messages were written", len(all))
	}
	has(t, c, "message-"+all[0], "message.written.v1", "message.cancelled.v1")
}

// transferredBy is that the recruiter transferred an application, and why.
func transferredBy(t *testing.T, c *commandstest.Company, app, reason string) {
	t.Helper()
	for rec, err := range c.Memory.ReadStream(t.Context(), "application-"+app, 0, eventlog.Forwards) {
		if err != nil {
			t.Fatal(err)
		}
		e, err := application.Codec.Decode(rec.Type, rec.Data)
		if err != nil {
			t.Fatal(err)
		}
		if e, ok := e.(application.Transferred); ok {
			if got := reads(t, c.Vault, [][]byte{e.Reason.Bytes()}); got != reason || e.By != domain.Member(c.Recruiter) {
				t.Errorf("%s transferred %s because %q, want the recruiter because %q", e.By, app, got, reason)
			}
		}
	}
}

func manyOfEachKind() map[string]many {
	later := time.Now().Add(time.Hour)
	return map[string]many{
		"move": {
			every: 3,
			action: func(_ *testing.T, c *commandstest.Company) commands.BulkAction {
				return commands.BulkAction{Move: &commands.MoveStage{To: c.Stages[1].ID, Comment: "together"}}
			},
			want: func(t *testing.T, c *commandstest.Company, app string) {
				t.Helper()
				has(t, c, "application-"+app, "application.received.v1", "application.stage_moved.v1", "application.move_undone.v1")
			},
		},
		"message": {
			every: 3,
			action: func(*testing.T, *commandstest.Company) commands.BulkAction {
				return commands.BulkAction{Message: &commands.BulkMessage{Letter: commands.Letter{Subject: "News", Text: "Some", SendAt: &later}}}
			},
			want: writtenOnce,
		},
		"message that leaves out who was told": {
			every: 3,
			action: func(t *testing.T, c *commandstest.Company) commands.BulkAction {
				t.Helper()
				return commands.BulkAction{Message: &commands.BulkMessage{Letter: commands.Letter{Template: template(t, c), SendAt: &later}, LeaveOutTold: true}}
			},
			want: writtenOnce,
		},
		"assign to another job": {
			every: 7,
			set: func(t *testing.T, c *commandstest.Company, app string) {
				t.Helper()
				commandstest.Must(c.MoveStage(t.Context(), c.As(c.Recruiter), commands.MoveStage{Application: app, To: c.Stages[2].ID}))
			},
			action: func(t *testing.T, c *commandstest.Company) commands.BulkAction {
				t.Helper()
				return commands.BulkAction{Transfer: &commands.Transfer{Job: c.OpenOne(t, "Another"), Reason: "fits better"}}
			},
			want: func(t *testing.T, c *commandstest.Company, app string) {
				t.Helper()
				has(t, c, "application-"+app, "application.received.v1", "application.stage_moved.v1", "application.transferred.v1")
				s := c.State(t)
				next := s.Applications[app].To
				has(t, c, "application-"+next, "application.received.v1", "application.transferred.v1")
				back := s.Applications[next].To
				has(t, c, "application-"+back, "application.received.v1", "application.stage_moved.v1")
				transferredBy(t, c, app, "fits better")
				transferredBy(t, c, next, "a mistake")
				if got := s.Applications[back]; !got.Live() || got.Job != c.Job || got.Stage != c.Stages[2].ID {
					t.Errorf("it is back as %+v", got)
				}
			},
		},
	}
}

// E14: wherever the process dies that runs a bulk action, or takes it back,
// another goes on, each application is changed once, each message written once, and
// what was said stays in the applications alone.
func TestABulkActionGoesOnAfterACrash(t *testing.T) {
	if testing.Short() {
		t.Skip("dozens of crashes take a while")
	}
	t.Parallel()
	for name, k := range manyOfEachKind() {
		for _, after := range []string{"given again", "finished, then given again"} {
			t.Run(name+", "+after, func(t *testing.T) {
				t.Parallel()
				c := commandstest.Found(t, nil)
				dying := c.Start(t)
				for n, crashed := 1, true; crashed && !t.Failed(); n += k.every {
					if crashed = k.dies(t, c, dying, n, after); t.Failed() {
						t.Logf("it crashed at step %d", n)
					}
				}
			})
		}
	}
}

// dies has the action run and taken back by a process that dies at step n of both,
// then by another. It answers false if neither has that step.
func (k many) dies(t *testing.T, c *commandstest.Company, dying *commandstest.Process, n int, after string) bool {
	t.Helper()
	step := func(id string) bool {
		by := commands.Caller{Actor: domain.System, CommandID: uuid.New(), MayBeRepeated: true, Origin: eventlog.Live}
		crashed, _, _ := dying.Crash(t, n, func(ctx context.Context) error {
			_, err := dying.RunBulk(ctx, by, id)
			return err
		})
		if after != "given again" {
			finish(t, c.Commands)
		}
		commandstest.Must(c.RunBulk(t.Context(), by, id))
		commandstest.Must(c.RunBulk(t.Context(), by, id)) // once more is nothing
		return crashed
	}
	action := k.action(t, c)
	dying.Knows(t, c)
	apps := []string{c.ReceiveOne(t, someone()), c.ReceiveOne(t, someone())}
	for _, app := range apps {
		if k.set != nil {
			k.set(t, c, app)
		}
	}
	id := commandstest.Must(c.StartBulk(t.Context(), c.As(c.Recruiter), commands.StartBulk{Applications: append(apps, newID()), Action: action})).ID
	crashed := step(id)
	commandstest.Must(c.UndoBulk(t.Context(), c.As(c.Recruiter), commands.UndoBulk{Bulk: id, Reason: "a mistake"}))
	crashed = step(id) || crashed
	for _, app := range apps {
		k.want(t, c, app)
	}
	has(t, c, "bulk-"+id, "bulk.started.v1", "bulk.items_done.v1", "bulk.undo_started.v1", "bulk.items_undone.v1")
	finish(t, c.Commands)
	c.CheckFinished(t)
	for _, text := range textsOfBulk(t, c, id) {
		opened, err := c.Vault.Open(t.Context(), text)
		if err != nil || !opened[0].Erased {
			t.Errorf("a text of the action can still be read: %v", err)
		}
	}
	return crashed
}

// E14: what goes on at the other job is not assigned back: an interview that was
// planned there, or an offer. What was taken along is no such thing.
func TestAnUndoLeavesWhatWentOnAtTheOtherJob(t *testing.T) {
	t.Parallel()
	c := commandstest.Found(t, nil)
	plan := func(app string) {
		commandstest.Must(c.ScheduleInterview(t.Context(), c.As(c.Admin), commands.ScheduleInterview{
			Application: app, Title: "Talk", Participants: []string{c.Recruiter},
			InterviewWhen: commands.InterviewWhen{Start: time.Now().UTC().AddDate(0, 0, 3).Format(domain.WallLayout), Zone: "UTC", Minutes: 30},
		}))
	}
	goOn := []func(app string){
		func(string) {},
		plan,
		func(app string) {
			commandstest.Must(c.DraftOffer(t.Context(), c.As(c.Admin), commands.DraftOffer{Application: app, OfferTerms: commands.OfferTerms{
				Amount: 50_000_00, Currency: "EUR", Period: application.PerYear, StartDate: "2031-01-01",
			}}))
		},
	}
	apps := make([]string, len(goOn))
	for i := range apps {
		apps[i] = c.ReceiveOne(t, someone())
		plan(apps[i])
	}
	id := commandstest.Must(c.StartBulk(t.Context(), c.As(c.Admin), commands.StartBulk{
		Applications: apps, Action: commands.BulkAction{Transfer: &commands.Transfer{Job: c.OpenOne(t, "Another")}},
	})).ID
	run := func() {
		by := commands.Caller{Actor: domain.System, CommandID: uuid.New(), MayBeRepeated: true, Origin: eventlog.Live}
		commandstest.Must(c.RunBulk(t.Context(), by, id))
	}
	run()
	for i, app := range apps {
		goOn[i](c.State(t).Applications[app].To)
	}
	commandstest.Must(c.UndoBulk(t.Context(), c.As(c.Admin), commands.UndoBulk{Bulk: id, Reason: "a mistake"}))
	run()
	s := c.State(t)
	for i, app := range apps {
		if back := s.Applications[s.Applications[app].To].To != ""; back != (i == 0) {
			t.Errorf("number %d was assigned back: %t", i, back)
		}
	}
}

// E14: of two messages to many from one template, at once, one is written to each
// of those who were not told, and the other leaves them out.
func TestTwoBulkMessagesAtOnceTellEachOnce(t *testing.T) {
	t.Parallel()
	c := commandstest.Found(t, nil)
	from := template(t, c)
	app := c.ReceiveOne(t, someone())
	start := func() string {
		return commandstest.Must(c.StartBulk(t.Context(), c.As(c.Recruiter), commands.StartBulk{
			Applications: []string{app}, Action: commands.BulkAction{Message: &commands.BulkMessage{Letter: commands.Letter{Template: from}, LeaveOutTold: true}},
		})).ID
	}
	run := func(p *commands.Commands, id string) {
		by := commands.Caller{Actor: domain.System, CommandID: uuid.New(), MayBeRepeated: true, Origin: eventlog.Live}
		commandstest.Must(p.RunBulk(t.Context(), by, id))
	}
	first, second := start(), start()
	between := &commandstest.Tapped{Log: c.Memory}
	between.OnAppend = func(_ context.Context, _ string, events []eventlog.NewEvent, call func() (eventlog.Appended, error)) (eventlog.Appended, error) {
		if events[0].Type == (message.Written{}).EventName() {
			run(c.Commands, second) // wholly, once the first found that nobody was told
		}
		return call()
	}
	run(c.Process(between), first)
	if got := messagesOf(t, c, app); len(got) != 1 {
		t.Errorf("%d messages were written", len(got))
	}
	for id, want := range map[string]bulk.Result{first: bulk.Unchanged, second: bulk.Changed} {
		for _, e := range bulkEvents(t, c, id) {
			if done, ok := e.(bulk.ItemsDone); ok && done.Outcomes[0].Result != want {
				t.Errorf("it went %s, want %s", done.Outcomes[0].Result, want)
			}
		}
	}
}

// E6: to start a bulk message again under its key answers as the first time, though
// its template was retired.
func TestABulkMessageIsStartedOnceThoughItsTemplateIsRetired(t *testing.T) {
	t.Parallel()
	c := commandstest.Found(t, nil)
	from, by := template(t, c), c.As(c.Recruiter)
	cmd := commands.StartBulk{
		Applications: []string{c.ReceiveOne(t, someone())}, Action: commands.BulkAction{Message: &commands.BulkMessage{Letter: commands.Letter{Template: from}}},
	}
	want := commandstest.Must(c.StartBulk(t.Context(), by, cmd))
	commandstest.Must(c.Retire(t.Context(), c.As(c.Admin), organization.Templates, from))
	want.Repeated = true
	if got, err := c.StartBulk(t.Context(), by, cmd); err != nil || got != want {
		t.Errorf("again: %+v, %v; want %+v", got, err, want)
	}
	if _, err := c.StartBulk(t.Context(), c.As(c.Recruiter), cmd); !errors.Is(err, organization.ErrRetired) {
		t.Errorf("anew: %v", err)
	}
}

// bulkEvents returns what happened to an action.
func bulkEvents(t *testing.T, c *commandstest.Company, id string) []bulk.Event {
	t.Helper()
	var all []bulk.Event
	for rec, err := range c.Memory.ReadStream(t.Context(), "bulk-"+id, 0, eventlog.Forwards) {
		if err != nil {
			t.Fatal(err)
		}
		e, err := bulk.Codec.Decode(rec.Type, rec.Data)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, e)
	}
	return all
}

// textsOfBulk returns what an action says, sealed.
func textsOfBulk(t *testing.T, c *commandstest.Company, id string) [][]byte {
	t.Helper()
	var all [][]byte
	for _, e := range bulkEvents(t, c, id) {
		switch e := e.(type) { //nolint:gochecksumtype // the others say nothing
		case bulk.Started:
			if l := e.Action.Letter; l != nil {
				all = append(all, l.Subject.Bytes(), l.Text.Bytes())
			} else {
				all = append(all, e.Action.Text.Bytes())
			}
		case bulk.UndoStarted:
			all = append(all, e.Reason.Bytes())
		}
	}
	if len(all) < 2 {
		t.Fatalf("the action says %d texts", len(all))
	}
	return all
}

// Only the system runs a bulk action, and what is not one is none.
func TestOnlyTheSystemRunsABulkAction(t *testing.T) {
	t.Parallel()
	c := commandstest.Found(t, nil)
	if _, err := c.RunBulk(t.Context(), c.As(c.Admin), newID()); !errors.Is(err, commands.ErrDenied) {
		t.Errorf("an admin: %v", err)
	}
	if _, err := c.RunBulk(t.Context(), commands.Caller{Actor: domain.System, CommandID: uuid.New(), Origin: eventlog.Live}, newID()); !errors.Is(err, bulk.ErrUnknown) {
		t.Errorf("of nothing: %v", err)
	}
}
