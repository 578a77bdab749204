package commands_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/hirelog/hirelog/commands"
	"github.com/hirelog/hirelog/commands/commandstest"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/personal"
	"github.com/hirelog/hirelog/internal/eventlog"
)

// tap returns a company whose log calls onAppend, once it is set.
func tap(t *testing.T) (c *commandstest.Company, log *commandstest.Tapped) {
	t.Helper()
	log = new(commandstest.Tapped)
	c = commandstest.Found(t, func(l eventlog.Log) eventlog.Log { log.Log = l; return log })
	return c, log
}

func flag(app string, up bool) commands.SetPriority {
	return commands.SetPriority{Application: app, Priority: up}
}

func TestInterruptedCommandIsDecidedAgain(t *testing.T) {
	t.Parallel()
	c, log := tap(t)
	other := c.Start(t)
	app := c.ReceiveOne(t, someone())
	var interrupted atomic.Int32
	log.OnAppend = func(ctx context.Context, stream string, _ []eventlog.NewEvent, call func() (eventlog.Appended, error)) (eventlog.Appended, error) {
		if stream == "application-"+app && interrupted.Add(1) == 1 {
			log.OnAppend = nil // for the writer who gets in first, too
			commandstest.Must(other.MoveStage(ctx, c.As(c.Recruiter), commands.MoveStage{Application: app, To: c.Stages[2].ID}))
		}
		return call()
	}
	answer, err := c.MoveStage(t.Context(), c.As(c.Recruiter), commands.MoveStage{Application: app, To: c.Stages[1].ID})
	if err != nil || answer.Revision != 2 || answer.Repeated {
		t.Fatalf("answer = %+v, %v; want it behind the other one", answer, err)
	}
	if stage := c.State(t).Applications[app].Stage; stage != c.Stages[1].ID {
		t.Errorf("stage = %s, want the last mover's", stage)
	}
	c.Check(t)
}

func TestInterruptedCommandIsRefusedForWhatIsNew(t *testing.T) {
	t.Parallel()
	c, log := tap(t)
	other := c.Start(t)
	app := c.ReceiveOne(t, someone())
	log.OnAppend = func(ctx context.Context, _ string, _ []eventlog.NewEvent, call func() (eventlog.Appended, error)) (eventlog.Appended, error) {
		log.OnAppend = nil
		commandstest.Must(other.Disqualify(ctx, c.As(c.Recruiter), disqualify(app)))
		return call()
	}
	_, err := c.MoveStage(t.Context(), c.As(c.Recruiter), commands.MoveStage{Application: app, To: c.Stages[1].ID})
	if !errors.Is(err, application.ErrClosed) {
		t.Errorf("err = %v, want ErrClosed", err)
	}
}

func TestCommandGivesUpWhenOthersKeepGettingInFirst(t *testing.T) {
	t.Parallel()
	c, log := tap(t)
	app := c.ReceiveOne(t, someone())
	other := c.Process(c.Memory)
	appends := 0
	log.OnAppend = func(ctx context.Context, _ string, _ []eventlog.NewEvent, call func() (eventlog.Appended, error)) (eventlog.Appended, error) {
		appends++
		commandstest.Must(other.AddComment(ctx, c.As(c.Recruiter), commands.AddComment{Application: app, Text: "me first"}))
		return call()
	}
	_, err := c.SetPriority(t.Context(), c.As(c.Recruiter), flag(app, true))
	if !errors.Is(err, eventlog.ErrConflict) || appends != 10 {
		t.Errorf("err = %v after %d attempts, want ErrConflict after 10", err, appends)
	}
	if slices.Contains(c.Events(t, "application-"+app), "application.priority_set.v1") {
		t.Error("it was written all the same")
	}
}

// With If-Match nobody decides again: the caller is told what happened.
func TestInterruptedCommandWithIfMatchIsStale(t *testing.T) {
	t.Parallel()
	c, log := tap(t)
	app := c.ReceiveOne(t, someone())
	other := c.Process(c.Memory)
	log.OnAppend = func(ctx context.Context, _ string, _ []eventlog.NewEvent, call func() (eventlog.Appended, error)) (eventlog.Appended, error) {
		log.OnAppend = nil
		commandstest.Must(other.MoveStage(ctx, c.As(c.Admin), commands.MoveStage{Application: app, To: c.Stages[2].ID}))
		commandstest.Must(other.AddNote(ctx, c.As(c.Recruiter), commands.AddNote{Application: app, Text: "moved"}))
		return call()
	}
	by := c.As(c.Recruiter)
	seen := eventlog.Revision(0)
	by.IfMatch = &seen
	_, err := c.SetPriority(t.Context(), by, flag(app, true))
	var stale *commands.StaleError
	if !errors.As(err, &stale) {
		t.Fatalf("err = %v, want a StaleError", err)
	}
	if stale.Expected != 0 || stale.Actual != 2 || stale.Stream != "application-"+app || len(stale.Between) != 2 {
		t.Fatalf("stale = %+v", stale)
	}
	for i, want := range []struct{ typ, by string }{
		{"application.stage_moved.v1", "member:" + c.Admin}, {"application.note_added.v1", "member:" + c.Recruiter},
	} {
		if got := stale.Between[i]; got.Type != want.typ || string(got.By) != want.by || got.Revision != eventlog.Revision(i+1) || got.At.IsZero() {
			t.Errorf("between %d = %+v, want %+v", i, got, want)
		}
	}
	// A revision that never was says no more than that.
	for _, never := range []eventlog.Revision{-7, 99} {
		by := c.As(c.Recruiter)
		by.IfMatch = &never
		if _, err := c.SetPriority(t.Context(), by, flag(app, true)); !errors.As(err, &stale) || stale.Between != nil {
			t.Errorf("at %d: %v, want a StaleError without events", never, err)
		}
	}
}

// A log that writes and does not say so: the same command again answers as if it
// had, in this process and in another, and writes once.
func TestUnknownOutcome(t *testing.T) {
	t.Parallel()
	for _, elsewhere := range []bool{false, true} {
		for _, known := range []bool{false, true} {
			t.Run(fmt.Sprintf("elsewhere %v, known to be repeated %v", elsewhere, known), func(t *testing.T) {
				t.Parallel()
				c, log := tap(t)
				app := c.ReceiveOne(t, someone())
				log.OnAppend = func(_ context.Context, _ string, _ []eventlog.NewEvent, call func() (eventlog.Appended, error)) (eventlog.Appended, error) {
					log.OnAppend = nil
					if _, err := call(); err != nil {
						return eventlog.Appended{}, err
					}
					return eventlog.Appended{}, fmt.Errorf("no answer: %w", eventlog.ErrUnavailable)
				}
				by, cmd := c.As(c.Recruiter), commands.AddComment{Application: app, Text: "once"}
				if _, err := c.AddComment(t.Context(), by, cmd); !errors.Is(err, eventlog.ErrUnavailable) {
					t.Fatalf("err = %v, want ErrUnavailable", err)
				}
				p := c.Commands
				if elsewhere {
					p = c.Start(t).Commands
				}
				by.MayBeRepeated = known
				first, err := p.AddComment(t.Context(), by, cmd)
				if err != nil || first.Revision != 1 {
					t.Fatalf("again: %+v, %v; want the answer at revision 1", first, err)
				}
				if known && !first.Repeated {
					t.Error("it was not recognised")
				}
				if n := len(c.Events(t, "application-"+app)); n != 2 {
					t.Errorf("%d events, want 2", n)
				}
				// The fold it left is good to go on with.
				commandstest.Must(p.SetPriority(t.Context(), c.As(c.Recruiter), flag(app, true)))
				c.Check(t)
			})
		}
	}
}

// An append that failed for good changes nothing here either.
func TestFailedAppend(t *testing.T) {
	t.Parallel()
	c, log := tap(t)
	app := c.ReceiveOne(t, someone())
	log.OnAppend = func(context.Context, string, []eventlog.NewEvent, func() (eventlog.Appended, error)) (eventlog.Appended, error) {
		log.OnAppend = nil
		return eventlog.Appended{}, eventlog.ErrUnavailable
	}
	by := c.As(c.Recruiter)
	if _, err := c.SetPriority(t.Context(), by, flag(app, true)); !errors.Is(err, eventlog.ErrUnavailable) {
		t.Fatalf("err = %v, want ErrUnavailable", err)
	}
	got, err := c.SetPriority(t.Context(), by, flag(app, true))
	if err != nil || got.Repeated || got.Revision != 1 {
		t.Errorf("again: %+v, %v; want it done now", got, err)
	}
}

// Nobody is refused, or told that nothing changes, because of what one process
// remembers.
func TestRefusalOfAnOldFoldIsDecidedAgain(t *testing.T) {
	t.Parallel()
	c := commandstest.Found(t, nil)
	other := c.Start(t)
	app := c.ReceiveOne(t, someone())
	commandstest.Must(other.Disqualify(t.Context(), c.As(c.Recruiter), disqualify(app)))
	commandstest.Must(c.Requalify(t.Context(), c.As(c.Recruiter), commands.Requalify{Application: app, Reason: "again"}))
	// other still thinks that it is closed.
	if _, err := other.MoveStage(t.Context(), c.As(c.Recruiter), commands.MoveStage{Application: app, To: c.Stages[1].ID}); err != nil {
		t.Errorf("move: %v", err)
	}
	// c knows neither of the move nor of the note.
	note := commandstest.Must(other.AddNote(t.Context(), c.As(c.Recruiter), commands.AddNote{Application: app, Text: "x"})).ID
	if _, err := c.SetNoteVisibility(t.Context(), c.As(c.Recruiter), commands.SetNoteVisibility{Application: app, Note: note, Visible: true}); err != nil {
		t.Errorf("show note: %v", err)
	}
	if got := commandstest.Must(other.MoveStage(t.Context(), c.As(c.Recruiter), commands.MoveStage{Application: app, To: c.Stages[0].ID})); got.Revision < 4 {
		t.Errorf("move back = %+v, want an event", got)
	}
}

// Time in a stream never goes back, whatever the clocks do.
func TestTimeNeverGoesBack(t *testing.T) {
	t.Parallel()
	c := commandstest.Found(t, nil)
	app := c.ReceiveOne(t, someone())
	late, early := c.As(c.Recruiter), c.As(c.Recruiter)
	late.At, early.At = time.Now().Add(time.Hour), time.Date(2019, 1, 1, 0, 0, 0, 0, time.UTC)
	commandstest.Must(c.SetPriority(t.Context(), late, flag(app, true)))
	commandstest.Must(c.SetPriority(t.Context(), early, flag(app, false)))
	commandstest.Must(c.Start(t).SetPriority(t.Context(), c.As(c.Recruiter), flag(app, true)))
	c.Check(t)
}

// A command that is repeated is answered even after its stream has grown over
// what folds remember, also the first one of all.
func TestReceiveRepeatedLongAgo(t *testing.T) {
	t.Parallel()
	c := commandstest.Found(t, nil)
	by, cmd := c.As(c.Recruiter), receive(c.Job, someone())
	first := commandstest.Must(c.Receive(t.Context(), by, cmd))
	for i := range 70 {
		commandstest.Must(c.SetPriority(t.Context(), c.As(c.Recruiter), flag(first.ID, i%2 == 0)))
	}
	commandstest.Must(c.Disqualify(t.Context(), c.As(c.Recruiter), disqualify(first.ID)))
	commandstest.Must(c.Receive(t.Context(), c.As(c.Recruiter), cmd)) // of the same person
	written := c.All(t)
	by.MayBeRepeated = true
	got, err := c.Receive(t.Context(), by, cmd)
	if first.Repeated = true; err != nil || got != first {
		t.Errorf("again: %+v, %v; want %+v", got, err, first)
	}
	if n := c.All(t); n != written {
		t.Errorf("it wrote %d events", n-written)
	}
}

// Many goroutines of several processes on one stream and on many: every
// acknowledged command is there exactly once, and no fold is changed under
// anybody's hands.
func TestManyWriters(t *testing.T) {
	t.Parallel()
	c := commandstest.Found(t, nil)
	processes := []*commands.Commands{c.Commands, c.Start(t).Commands, c.Process(c.Log)}
	apps := make([]string, 4)
	for i := range apps {
		apps[i] = c.ReceiveOne(t, someone())
	}
	type done struct {
		app string
		id  uuid.UUID
		at  commands.Answer
	}
	var mu sync.Mutex
	var acknowledged []done
	var wg sync.WaitGroup
	for w := range 12 {
		wg.Go(func() {
			p := processes[w%len(processes)]
			for i := range 20 {
				app := apps[0] // half of all on one
				if i%2 == 1 {
					app = apps[(w+i)%len(apps)]
				}
				by := c.As(c.Recruiter)
				answer, err := write(t.Context(), p, by, app, w, i)
				if errors.Is(err, eventlog.ErrConflict) || errors.Is(err, application.ErrTooManyTags) {
					continue
				}
				if err != nil {
					t.Error(err)
					continue
				}
				// What nobody is sure of is given again.
				if i%5 == 0 {
					by.MayBeRepeated = true
					again, err := write(t.Context(), processes[(w+1)%len(processes)], by, app, w, i)
					if again.Repeated = answer.Repeated; err != nil || again != answer {
						t.Errorf("again = %+v, %v; want %+v", again, err, answer)
					}
				}
				mu.Lock()
				acknowledged = append(acknowledged, done{app, by.CommandID, answer})
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	found := map[uuid.UUID]int{}
	at := map[uuid.UUID]eventlog.Revision{}
	for rec, err := range c.Memory.ReadAll(t.Context(), eventlog.Start, eventlog.Forwards) {
		if err != nil {
			t.Fatal(err)
		}
		meta, err := rec.Meta()
		if err != nil {
			t.Fatal(err)
		}
		if rec.Category() == "application" {
			found[meta.CommandID]++
			at[meta.CommandID] = rec.Revision
		}
	}
	if len(acknowledged) < 100 {
		t.Errorf("only %d commands got through", len(acknowledged))
	}
	for _, d := range acknowledged {
		if found[d.id] != 1 || at[d.id] != d.at.Revision {
			t.Errorf("command %s was acknowledged at %d; found %d times, at %d", d.id, d.at.Revision, found[d.id], at[d.id])
		}
	}
	c.Check(t)
	// Each process goes on from a state that is the log's.
	for i, p := range processes {
		for _, app := range apps {
			if _, err := p.AddComment(t.Context(), c.As(c.Recruiter), commands.AddComment{Application: app, Text: "the end"}); err != nil {
				t.Errorf("process %d: %v", i, err)
			}
		}
	}
}

// write gives the i-th command of writer w. None of them is ever a no-op.
func write(ctx context.Context, p *commands.Commands, by commands.Caller, app string, w, i int) (commands.Answer, error) {
	text := personal.Plain(strconv.Itoa(w) + "/" + strconv.Itoa(i))
	switch i % 3 {
	case 0:
		return p.AddComment(ctx, by, commands.AddComment{Application: app, Text: text})
	case 1:
		return p.AddNote(ctx, by, commands.AddNote{Application: app, Text: text, Visible: true})
	}
	return p.UploadDocument(ctx, by, commands.UploadDocument{Application: app, Category: access.CV, Files: upload(string(text))})
}
