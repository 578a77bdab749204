package commands_test

import (
	"context"
	"slices"
	"testing"

	"github.com/hirelog/hirelog/commands"
	"github.com/hirelog/hirelog/commands/commandstest"
	"github.com/hirelog/hirelog/internal/eventlog"
	"github.com/hirelog/hirelog/internal/ops"
)

// What is told of commands: those that ask before they do something for good are
// no faults, and reading a stream once more to be sure is no conflict.
func TestHowCommandsWent(t *testing.T) {
	t.Parallel()
	c, log := tap(t)
	var went []commands.Transacted
	watched := commands.New(commands.Options{
		Log: log, Vault: c.Vault, Directory: c.Directory, Files: c.Files, Tokens: c.Tokens, Arrivals: ops.NewArrivals(c.Pool, nil),
		Observer: func(t commands.Transacted) { went = append(went, t) },
	})
	app := c.ReceiveOne(t, someone())
	note := commandstest.Must(watched.AddNote(t.Context(), c.As(c.Recruiter), commands.AddNote{Application: app, Text: "to be deleted"})).ID
	commandstest.Must(watched.DeleteNote(t.Context(), c.As(c.Recruiter), commands.DeleteNote{Application: app, Note: note}))
	repeated := c.As(c.Recruiter)
	repeated.MayBeRepeated = true
	commandstest.Must(watched.SetPriority(t.Context(), repeated, flag(app, true)))
	var outcomes []commands.Outcome
	again, conflicts := 0, 0
	for _, w := range went {
		if w.Category == "application" {
			outcomes = append(outcomes, w.Outcome)
		}
		again, conflicts = again+w.Again, conflicts+w.Conflicts
	}
	if want := []commands.Outcome{commands.Written, commands.Asked, commands.Written, commands.Written}; !slices.Equal(outcomes, want) {
		t.Errorf("outcomes %v, want %v", outcomes, want)
	}
	if again == 0 || conflicts != 0 {
		t.Errorf("decided again %d times, %d of them for others; want some, and none", again, conflicts)
	}

	went = nil
	log.OnAppend = func(ctx context.Context, _ string, _ []eventlog.NewEvent, call func() (eventlog.Appended, error)) (eventlog.Appended, error) {
		log.OnAppend = nil
		commandstest.Must(c.AddComment(ctx, c.As(c.Recruiter), commands.AddComment{Application: app, Text: "me first"}))
		return call()
	}
	commandstest.Must(watched.SetPriority(t.Context(), c.As(c.Recruiter), flag(app, false)))
	if len(went) != 1 || went[0].Outcome != commands.Written || went[0].Conflicts != 1 {
		t.Errorf("after another writer: %+v, want one conflict", went)
	}
}
