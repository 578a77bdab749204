package commands_test

import (
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/hirelog/hirelog/commands"
	"github.com/hirelog/hirelog/commands/commandstest"
	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/candidate"
	"github.com/hirelog/hirelog/domain/job"
	"github.com/hirelog/hirelog/domain/personal"
)

// anybody is who sends a form.
func anybody(c *commandstest.Company) commands.Caller {
	by := c.As("")
	by.Actor = domain.Candidate
	return by
}

func sendForm(c *commandstest.Company, email personal.Plain) commands.SendForm {
	return commands.SendForm{
		Job: c.Job, Candidate: candidate.Details{FirstName: "Cleo", LastName: "Candidate", Email: email, Phone: "+1 555 0100"},
		Files: func() []commands.Upload {
			return []commands.Upload{{Name: "cv.txt", Content: strings.NewReader("my life so far")}}
		},
	}
}

// A form becomes an application with all that came along, in one append; one for
// a live application joins it; given again, each answers as the first time and
// leaves no bytes behind (S2-01, S2-07).
func TestSendForm(t *testing.T) {
	t.Parallel()
	c := commandstest.Found(t, nil)
	files := func() int {
		t.Helper()
		n := 0
		for _, dir := range []string{c.FilesDir} {
			entries, err := os.ReadDir(dir)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range entries {
				if !e.IsDir() {
					n++
					continue
				}
				below, err := os.ReadDir(dir + "/" + e.Name())
				if err != nil {
					t.Fatal(err)
				}
				n += len(below)
			}
		}
		return n
	}
	var live string
	for i, email := range []personal.Plain{"cleo@example.test", "CLEO@example.test"} {
		by := anybody(c)
		first, err := c.SendForm(t.Context(), by, sendForm(c, email))
		if err != nil {
			t.Fatal(err)
		}
		written, kept := c.All(t), files()
		again, err := c.SendForm(t.Context(), by, sendForm(c, email))
		if err != nil || !again.Repeated || again.ID != first.ID || again.Stream != first.Stream || c.All(t) != written || files() != kept {
			t.Errorf("form %d again: %+v, %v; %d events, %d files more", i, again, err, c.All(t)-written, files()-kept)
		}
		live = strings.TrimPrefix(first.Stream, "application-")
	}
	want := []string{
		"application.received.v1", "application.submitted.v1", "application.document_uploaded.v1",
		"application.submitted.v1", "application.document_uploaded.v1",
	}
	if got := c.Events(t, "application-"+live); !slices.Equal(got, want) {
		t.Errorf("events %v, want %v", got, want)
	}
	if len(c.State(t).Applications) != 1 || len(c.State(t).Candidates) != 1 {
		t.Error("one person became several")
	}
	if n, err := c.FinishArrivals(t.Context(), -1); err != nil || n != 0 {
		t.Errorf("%d arrivals left, %v", n, err)
	}
}

// What a form cannot be taken for leaves nothing behind.
func TestARefusedForm(t *testing.T) {
	t.Parallel()
	c := commandstest.Found(t, nil)
	on := true
	secret := c.OpenOne(t, "Secret")
	commandstest.Must(c.EditJob(t.Context(), c.As(c.Admin), commands.EditJob{Job: secret, DetailsChange: job.DetailsChange{Confidential: &on}}))
	commandstest.Must(c.SetForm(t.Context(), c.As(c.Recruiter), commands.SetForm{Job: c.Job, Questions: []commands.QuestionOfAForm{{Label: "Years?", Kind: job.NumberQuestion}}}))
	written := c.All(t)
	for name, test := range map[string]struct {
		change func(*commands.SendForm)
		want   error
	}{
		"a confidential job": {func(f *commands.SendForm) { f.Job = secret }, job.ErrUnknown},
		"no job":             {func(f *commands.SendForm) { f.Job = newID() }, job.ErrUnknown},
		"no address":         {func(f *commands.SendForm) { f.Candidate.Email = " " }, domain.ErrInvalid},
		"no name":            {func(f *commands.SendForm) { f.Candidate.FirstName, f.Candidate.LastName = "", "" }, domain.ErrInvalid},
		"another question":   {func(f *commands.SendForm) { f.Answers = map[string]any{newID(): 1.0} }, job.ErrAnswer},
		"an empty file": {func(f *commands.SendForm) {
			f.Files = func() []commands.Upload { return []commands.Upload{{Name: "cv.txt", Content: strings.NewReader("")}} }
		}, domain.ErrInvalid},
		"a long version": {func(f *commands.SendForm) { f.ConsentVersion = strings.Repeat("a", 51) }, domain.ErrInvalid},
	} {
		form := sendForm(c, someone())
		test.change(&form)
		if _, err := c.SendForm(t.Context(), anybody(c), form); !errors.Is(err, test.want) {
			t.Errorf("%s: %v, want %v", name, err, test.want)
		}
	}
	state := c.State(t)
	if len(state.Live()) != 0 || len(state.Candidates) > 1 {
		t.Errorf("%d applications, %d persons", len(state.Applications), len(state.Candidates))
	}
	for _, p := range state.Candidates { // of the file that was looked at too late
		if !p.Anonymised {
			t.Error("somebody is known by a form that was refused")
		}
	}
	if n, err := c.FinishArrivals(t.Context(), -1); err != nil || n != 0 {
		t.Errorf("%d arrivals left, %v, %d events", n, err, c.All(t)-written)
	}
}

// E3: a slip is taken back; into a stage that is gone nothing goes.
func TestUndoMove(t *testing.T) {
	t.Parallel()
	c := commandstest.Found(t, nil)
	app := c.ReceiveOne(t, someone())
	if _, err := c.UndoMove(t.Context(), c.As(c.Recruiter), commands.UndoMove{Application: app}); !errors.Is(err, application.ErrNoMove) {
		t.Errorf("nothing to take back: %v", err)
	}
	commandstest.Must(c.MoveStage(t.Context(), c.As(c.Recruiter), commands.MoveStage{Application: app, To: c.Stages[1].ID}))
	commandstest.Must(c.UndoMove(t.Context(), c.As(c.Recruiter), commands.UndoMove{Application: app, From: c.Stages[1].ID, Reason: "a slip"}))
	if got := c.State(t).Applications[app]; got.Stage != c.Stages[0].ID {
		t.Errorf("it is in %s", got.Stage)
	}
	commandstest.Must(c.MoveStage(t.Context(), c.As(c.Recruiter), commands.MoveStage{Application: app, To: c.Stages[1].ID}))
	commandstest.Must(c.RemoveStage(t.Context(), c.As(c.Recruiter), commands.RemoveStage{Job: c.Job, Stage: c.Stages[0].ID, Target: c.Stages[2].ID}))
	if _, err := c.UndoMove(t.Context(), c.As(c.Recruiter), commands.UndoMove{Application: app}); !errors.Is(err, job.ErrStageRemoved) {
		t.Errorf("into a removed stage: %v", err)
	}
}
