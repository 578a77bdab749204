package commands_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hirelog/hirelog/commands"
	"github.com/hirelog/hirelog/commands/commandstest"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/personal"
)

// giving gives one command in a process.
type giving func(context.Context, *commands.Commands, commands.Caller) (commands.Answer, error)

// scenario is a command that may crash, on something made for it each time.
type scenario struct {
	// set makes what the command is about, and returns the command.
	set func(t *testing.T, c *commandstest.Company) giving
	// refused is what the command answers if it does not crash; nil for success.
	refused error
}

// onClosed returns an application that was disqualified.
func onClosed(t *testing.T, c *commandstest.Company, email personal.Plain) string {
	t.Helper()
	app := c.ReceiveOne(t, email)
	commandstest.Must(c.Disqualify(t.Context(), c.As(c.Recruiter), disqualify(app)))
	return app
}

func disqualify(app string) commands.Disqualify {
	return commands.Disqualify{Application: app, Kind: application.Rejected, Reason: commands.FirstReason("Position filled"), Note: "sorry"}
}

func scenarios() map[string]scenario {
	return map[string]scenario{
		"receive a new person": {set: func(_ *testing.T, c *commandstest.Company) giving {
			email := someone()
			return func(ctx context.Context, p *commands.Commands, by commands.Caller) (commands.Answer, error) {
				return p.Receive(ctx, by, receive(c.Job, email))
			}
		}},
		"receive somebody without an address": {set: func(_ *testing.T, c *commandstest.Company) giving {
			return func(ctx context.Context, p *commands.Commands, by commands.Caller) (commands.Answer, error) {
				return p.Receive(ctx, by, receive(c.Job, ""))
			}
		}},
		"receive a known person again": {set: func(t *testing.T, c *commandstest.Company) giving {
			email := someone()
			onClosed(t, c, email)
			return func(ctx context.Context, p *commands.Commands, by commands.Caller) (commands.Answer, error) {
				return p.Receive(ctx, by, receive(c.Job, email))
			}
		}},
		"receive while the closed one still has the claim": {set: func(t *testing.T, c *commandstest.Company) giving {
			email := someone()
			app := c.ReceiveOne(t, email)
			neverReleases(t, c, app)
			return func(ctx context.Context, p *commands.Commands, by commands.Caller) (commands.Answer, error) {
				return p.Receive(ctx, by, receive(c.Job, email))
			}
		}},
		"receive a duplicate": {refused: application.ErrDuplicate, set: func(t *testing.T, c *commandstest.Company) giving {
			email := someone()
			c.ReceiveOne(t, email)
			return func(ctx context.Context, p *commands.Commands, by commands.Caller) (commands.Answer, error) {
				return p.Receive(ctx, by, receive(c.Job, email))
			}
		}},
		"disqualify": {set: func(t *testing.T, c *commandstest.Company) giving {
			app := c.ReceiveOne(t, someone())
			return func(ctx context.Context, p *commands.Commands, by commands.Caller) (commands.Answer, error) {
				return p.Disqualify(ctx, by, disqualify(app))
			}
		}},
		"requalify": {set: func(t *testing.T, c *commandstest.Company) giving {
			app := onClosed(t, c, someone())
			return func(ctx context.Context, p *commands.Commands, by commands.Caller) (commands.Answer, error) {
				return p.Requalify(ctx, by, commands.Requalify{Application: app, Reason: "a place was found"})
			}
		}},
		"requalify one that never gave the claim back": {set: func(t *testing.T, c *commandstest.Company) giving {
			app := c.ReceiveOne(t, someone())
			neverReleases(t, c, app)
			return func(ctx context.Context, p *commands.Commands, by commands.Caller) (commands.Answer, error) {
				return p.Requalify(ctx, by, commands.Requalify{Application: app, Reason: "a place was found"})
			}
		}},
		"assign to another job": {set: func(t *testing.T, c *commandstest.Company) giving {
			app, other := c.ReceiveOne(t, someone()), c.OpenOne(t, "Another")
			full(t, c, app)
			later := time.Now().Add(time.Hour)
			commandstest.Must(c.WriteMessage(t.Context(), c.As(c.Recruiter), commands.WriteMessage{Application: app, Letter: commands.Letter{Subject: "Later", Text: "Soon", SendAt: &later}}))
			return func(ctx context.Context, p *commands.Commands, by commands.Caller) (commands.Answer, error) {
				return p.Transfer(ctx, by, commands.Transfer{Application: app, Job: other, Reason: "fits better"})
			}
		}},
		"merge two people": {set: func(t *testing.T, c *commandstest.Company) giving {
			into, other := onClosed(t, c, someone()), c.ReceiveOne(t, someone())
			return func(ctx context.Context, p *commands.Commands, by commands.Caller) (commands.Answer, error) {
				return p.MergeCandidates(ctx, by, commands.MergeCandidates{Application: into, Other: other})
			}
		}},
		"take a merge back": {set: func(t *testing.T, c *commandstest.Company) giving {
			into, other := onClosed(t, c, someone()), c.ReceiveOne(t, someone())
			mergeOne(t, c, into, other)
			return func(ctx context.Context, p *commands.Commands, by commands.Caller) (commands.Answer, error) {
				return p.UnmergeCandidates(ctx, by, commands.UnmergeCandidates{Application: into, Other: other})
			}
		}},
		"receive somebody who is merged": {set: func(t *testing.T, c *commandstest.Company) giving {
			email := someone()
			mergeOne(t, c, onClosed(t, c, someone()), onClosed(t, c, email))
			return func(ctx context.Context, p *commands.Commands, by commands.Caller) (commands.Answer, error) {
				return p.Receive(ctx, by, receive(c.Job, email))
			}
		}},
		"anonymise one that was assigned to another job": {set: func(t *testing.T, c *commandstest.Company) giving {
			app := c.ReceiveOne(t, someone())
			full(t, c, app)
			next := commandstest.Must(c.Transfer(t.Context(), c.As(c.Recruiter), commands.Transfer{Application: app, Job: c.OpenOne(t, "Another")})).ID
			commandstest.Must(c.Disqualify(t.Context(), c.As(c.Recruiter), disqualify(next)))
			return func(ctx context.Context, p *commands.Commands, by commands.Caller) (commands.Answer, error) {
				return p.Anonymise(ctx, by, commands.Anonymise{Application: next})
			}
		}},
		"delete one that was assigned to other jobs": {set: func(t *testing.T, c *commandstest.Company) giving {
			app := c.ReceiveOne(t, someone())
			full(t, c, app)
			for _, job := range []string{"Another", "A third"} {
				app = commandstest.Must(c.Transfer(t.Context(), c.As(c.Recruiter), commands.Transfer{Application: app, Job: c.OpenOne(t, job)})).ID
			}
			commandstest.Must(c.Disqualify(t.Context(), c.As(c.Recruiter), disqualify(app)))
			return func(ctx context.Context, p *commands.Commands, by commands.Caller) (commands.Answer, error) {
				return p.Delete(ctx, by, commands.Delete{Application: app})
			}
		}},
		"anonymise the last application": {set: func(t *testing.T, c *commandstest.Company) giving {
			app := onClosed(t, c, someone())
			full(t, c, app)
			return func(ctx context.Context, p *commands.Commands, by commands.Caller) (commands.Answer, error) {
				return p.Anonymise(ctx, by, commands.Anonymise{Application: app})
			}
		}},
		"delete the last application": {set: func(t *testing.T, c *commandstest.Company) giving {
			app := onClosed(t, c, someone())
			full(t, c, app)
			return func(ctx context.Context, p *commands.Commands, by commands.Caller) (commands.Answer, error) {
				return p.Delete(ctx, by, commands.Delete{Application: app})
			}
		}},
		"delete one that was anonymised": {set: func(t *testing.T, c *commandstest.Company) giving {
			app := onClosed(t, c, someone())
			commandstest.Must(c.Anonymise(t.Context(), c.As(c.Admin), commands.Anonymise{Application: app}))
			return func(ctx context.Context, p *commands.Commands, by commands.Caller) (commands.Answer, error) {
				return p.Delete(ctx, by, commands.Delete{Application: app})
			}
		}},
		"anonymise one of two applications": {set: func(t *testing.T, c *commandstest.Company) giving {
			email := someone()
			app := onClosed(t, c, email)
			c.ReceiveOne(t, email)
			return func(ctx context.Context, p *commands.Commands, by commands.Caller) (commands.Answer, error) {
				return p.Anonymise(ctx, by, commands.Anonymise{Application: app})
			}
		}},
		"delete a note": {set: func(t *testing.T, c *commandstest.Company) giving {
			app := c.ReceiveOne(t, someone())
			note := commandstest.Must(c.AddNote(t.Context(), c.As(c.Recruiter), commands.AddNote{Application: app, Text: "hello"})).ID
			return func(ctx context.Context, p *commands.Commands, by commands.Caller) (commands.Answer, error) {
				return p.DeleteNote(ctx, by, commands.DeleteNote{Application: app, Note: note})
			}
		}},
		"delete a version": {set: func(t *testing.T, c *commandstest.Company) giving {
			app := c.ReceiveOne(t, someone())
			cv := commandstest.Must(c.UploadDocument(t.Context(), c.As(c.Recruiter), commands.UploadDocument{Application: app, Category: access.CV, Files: upload("my life")})).ID
			return func(ctx context.Context, p *commands.Commands, by commands.Caller) (commands.Answer, error) {
				return p.DeleteVersion(ctx, by, commands.DeleteVersion{Application: app, Document: cv, Version: 1})
			}
		}},
		"upload a document": {set: func(t *testing.T, c *commandstest.Company) giving {
			app := c.ReceiveOne(t, someone())
			return func(ctx context.Context, p *commands.Commands, by commands.Caller) (commands.Answer, error) {
				return p.UploadDocument(ctx, by, commands.UploadDocument{Application: app, Category: access.CV, Files: upload("my life so far")})
			}
		}},
	}
}

// neverReleases disqualifies an application in a process that dies before it
// gives the claim back.
func neverReleases(t *testing.T, c *commandstest.Company, app string) {
	t.Helper()
	p := c.Start(t)
	p.CrashAt(t, "after append of application.disqualified.v1", func(ctx context.Context) error {
		_, err := p.Disqualify(ctx, c.As(c.Recruiter), disqualify(app))
		return err
	})
}

// full adds a note, a comment and a document to an application.
func full(t *testing.T, c *commandstest.Company, app string) {
	t.Helper()
	commandstest.Must(c.AddNote(t.Context(), c.As(c.Recruiter), commands.AddNote{Application: app, Text: "hello"}))
	commandstest.Must(c.AddComment(t.Context(), c.As(c.Recruiter), commands.AddComment{Application: app, Text: "hm"}))
	commandstest.Must(c.UploadDocument(t.Context(), c.As(c.Recruiter), commands.UploadDocument{Application: app, Category: access.CV, Files: upload("my life")}))
}

func upload(content string) []commands.Upload {
	return []commands.Upload{{Name: "cv.txt", Content: bytes.NewBufferString(content)}}
}

// finish is what runs at the start of a process, and every minute.
func finish(t *testing.T, p *commands.Commands) {
	t.Helper()
	if _, err := p.FinishErasures(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := p.FinishArrivals(t.Context(), -1); err != nil {
		t.Error(err)
	}
	if _, err := p.FinishMerges(t.Context(), -1); err != nil {
		t.Error(err)
	}
}

// Whatever step a process dies at, nothing is lost and nothing is left: neither
// when the command is given again at once, nor when it was finished before.
func TestCrashAtEveryStep(t *testing.T) {
	if testing.Short() {
		t.Skip("hundreds of crashes take a while")
	}
	t.Parallel()
	for name, s := range scenarios() {
		for _, after := range []string{"given again", "finished, then given again"} {
			t.Run(name+", "+after, func(t *testing.T) {
				t.Parallel()
				c := commandstest.Found(t, nil)
				dying := c.Start(t)
				steps := 0
				for crashed := true; crashed && !t.Failed(); steps++ {
					crashed = crashOnce(t, c, dying, s, steps+1, after)
				}
				if steps < 4 {
					t.Errorf("only %d steps were found", steps)
				}
			})
		}
	}
}

// crashOnce sets s up and lets its command crash at a step. It answers false if
// there is no such step.
func crashOnce(t *testing.T, c *commandstest.Company, dying *commandstest.Process, s scenario, step int, after string) bool {
	t.Helper()
	give := s.set(t, c)
	dying.Knows(t, c)
	by := c.As(c.Recruiter)
	crashed, at, err := dying.Crash(t, step, func(ctx context.Context) error {
		_, err := give(ctx, dying.Commands, by)
		return err
	})
	if !crashed && !errors.Is(err, s.refused) {
		t.Fatalf("without a crash: %v, want %v", err, s.refused)
	}
	defer func() {
		if t.Failed() {
			t.Logf("it crashed at step %d: %s", step, at)
		}
	}()
	c.Check(t)
	if after != "given again" {
		finish(t, c.Commands)
		c.CheckFinished(t)
	}
	written := c.State(t)
	by.MayBeRepeated = true
	answer, err := give(t.Context(), c.Commands, by)
	if !errors.Is(err, s.refused) {
		t.Fatalf("given again: %v, want %v", err, s.refused)
	}
	again, err := give(t.Context(), c.Commands, by)
	if again.Repeated = answer.Repeated; again != answer || !errors.Is(err, s.refused) {
		t.Errorf("a third time: %+v, %v; want %+v", again, err, answer)
	}
	finish(t, c.Commands)
	c.CheckFinished(t)
	if live, before := len(c.State(t).Live()), len(written.Live()); live < before-1 || live > before+1 {
		t.Errorf("%d live applications, %d before", live, before)
	}
	if _, err := c.SweepFiles(t.Context(), -1); err != nil {
		t.Error(err)
	}
	checkFiles(t, c)
	return crashed
}

// checkFiles compares the files that lie in the folder with those that events
// of applications name.
func checkFiles(t *testing.T, c *commandstest.Company) {
	t.Helper()
	var want, got []string
	for _, a := range c.State(t).Applications {
		for _, d := range a.Documents {
			want = append(want, d.Files...)
		}
	}
	err := filepath.WalkDir(c.FilesDir, func(_ string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			got = append(got, entry.Name())
		}
		return err
	})
	slices.Sort(want)
	slices.Sort(got)
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("files %v, %v; want those that events name: %v", got, err, want)
	}
}

// When a Receive dies, another one of the same person gets through, whatever
// step it died at, and they are one candidate with one live application.
func TestRivalAfterACrash(t *testing.T) {
	t.Parallel()
	c := commandstest.Found(t, nil)
	dying := c.Start(t)
	for step, crashed := 1, true; crashed && !t.Failed(); step++ {
		email := someone()
		before := len(c.State(t).Live())
		var at string
		crashed, at, _ = dying.Crash(t, step, func(ctx context.Context) error {
			_, err := dying.Receive(ctx, c.As(c.Recruiter), receive(c.Job, email))
			return err
		})
		if _, err := c.Receive(t.Context(), c.As(c.Recruiter), receive(c.Job, email)); err != nil && !errors.Is(err, application.ErrDuplicate) {
			t.Errorf("rival after %s: %v", at, err)
		}
		if live := len(c.State(t).Live()); live != before+1 {
			t.Errorf("after %s: %d more live applications, want 1", at, live-before)
		}
		finish(t, c.Commands)
		c.CheckFinished(t)
	}
}

// The undoing of a dead Receive may die, too, and so may the finishing of an
// erasure.
func TestCrashWhileFinishing(t *testing.T) {
	t.Parallel()
	c := commandstest.Found(t, nil)
	dying := c.Start(t)
	for _, s := range []struct {
		name string
		at   string
	}{
		{"receive a new person", "before append of application.received.v1"},
		{"receive somebody without an address", "after append of claim.taken.v1"},
		{"anonymise the last application", "before append of application.anonymised.v1"},
		{"delete one that was anonymised", "before append of application.deleted.v1"},
		{"delete a note", "before append of application.note_deleted.v1"},
		{"merge two people", "after append of candidate.merged.v1"},
		{"take a merge back", "after append of candidate.unmerged.v1"},
	} {
		for step, crashed := 1, true; crashed && !t.Failed(); step++ {
			give := scenarios()[s.name].set(t, c)
			dying.CrashAt(t, s.at, func(ctx context.Context) error {
				_, err := give(ctx, dying.Commands, c.As(c.Recruiter))
				return err
			})
			var at string
			crashed, at, _ = dying.Crash(t, step, func(ctx context.Context) error {
				_, err := dying.FinishErasures(ctx)
				_, err2 := dying.FinishArrivals(ctx, -1)
				_, err3 := dying.FinishMerges(ctx, -1)
				return errors.Join(err, err2, err3)
			})
			finish(t, c.Commands)
			c.CheckFinished(t)
			if t.Failed() {
				t.Logf("%s: finishing crashed at %s", s.name, at)
			}
		}
	}
}

// someone returns the address of somebody nobody knows.
func someone() personal.Plain {
	return personal.Plain(fmt.Sprintf("%s@example.test", strings.ToLower(newID())))
}
