package commands_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/hirelog/hirelog/commands"
	"github.com/hirelog/hirelog/commands/commandstest"
	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
)

// hired takes somebody on who has a document, and returns the application, the
// hire, and who carries out what follows.
func hired(t *testing.T, c *commandstest.Company) (app, hire string, system commands.Caller) {
	t.Helper()
	app = c.ReceiveOne(t, someone())
	commandstest.Must(c.UploadDocument(t.Context(), c.As(c.Recruiter), commands.UploadDocument{
		Application: app, Category: access.CV, Files: []commands.Upload{{Name: "cv.txt", Content: strings.NewReader("what I did")}},
	}))
	hire = commandstest.Must(c.Hire(t.Context(), c.As(c.Recruiter), commands.Hire{Application: app, Reason: "at once"})).ID
	system = c.As(c.Admin)
	system.Actor, system.MayBeRepeated = domain.System, true
	return app, hire, system
}

// E4, S2-74: wherever a process is killed while it makes an employee profile,
// there is one in the end, with its documents, and the application names it once.
func TestEmployeeIsMadeOnceWhereverItIsKilled(t *testing.T) {
	t.Parallel()
	c := commandstest.Found(t, nil)
	dying := c.Start(t)
	for step, crashed := 1, true; crashed && !t.Failed(); step++ {
		app, hire, system := hired(t, c)
		var at string
		var err error
		crashed, at, err = dying.Crash(t, step, func(ctx context.Context) error {
			_, err := dying.CreateEmployee(ctx, system, app, hire)
			return err
		})
		if !crashed && err != nil {
			t.Fatal(err)
		}
		for range 2 {
			commandstest.Must(c.CreateEmployee(t.Context(), system, app, hire))
		}
		if got, want := c.Events(t, "employee-"+commands.EmployeeOf(hire)), []string{"employee.created.v1", "employee.document_taken.v1"}; !slices.Equal(got, want) {
			t.Errorf("killed at %s: %v, want %v", at, got, want)
		}
		linked := slices.DeleteFunc(c.Events(t, "application-"+app), func(name string) bool { return name != "application.employee_linked.v1" })
		if len(linked) != 1 {
			t.Errorf("killed at %s: linked %d times", at, len(linked))
		}
	}
	finish(t, c.Commands)
	c.CheckFinished(t)
}

// E3, E4, S2-78: wherever a process is killed while it reverses a profile, the
// profile is gone in the end, and the file is the application's alone; nor does
// a late attempt make it again.
func TestEmployeeIsReversedOnceWhereverItIsKilled(t *testing.T) {
	t.Parallel()
	c := commandstest.Found(t, nil)
	dying := c.Start(t)
	for step, crashed := 1, true; crashed && !t.Failed(); step++ {
		app, hire, system := hired(t, c)
		if step%2 == 0 { // else it is undone before there is a profile
			commandstest.Must(c.CreateEmployee(t.Context(), system, app, hire))
		}
		commandstest.Must(c.UndoHire(t.Context(), c.As(c.Recruiter), commands.UndoHire{Application: app, Reason: "the wrong one"}))
		later := c.As(c.Admin)
		later.Actor, later.MayBeRepeated = domain.System, true
		var at string
		var err error
		crashed, at, err = dying.Crash(t, step, func(ctx context.Context) error {
			_, err := dying.ReverseEmployee(ctx, later, app, hire)
			return err
		})
		if !crashed && err != nil {
			t.Fatal(err)
		}
		for range 2 {
			commandstest.Must(c.ReverseEmployee(t.Context(), later, app, hire))
		}
		late := later
		late.CommandID = uuid.New()
		if got, err := c.CreateEmployee(t.Context(), late, app, hire); err != nil || !got.Unchanged {
			t.Errorf("killed at %s: made after all: %+v, %v", at, got, err)
		}
		names := c.Events(t, "employee-"+commands.EmployeeOf(hire))
		if n := len(slices.DeleteFunc(names, func(name string) bool { return name != "employee.reversed.v1" })); n != 1 {
			t.Errorf("killed at %s: reversed %d times", at, n)
		}
	}
	finish(t, c.Commands)
	c.CheckFinished(t)
}

// What follows from a hire is not for people to say (H3).
func TestOnlyTheSystemMakesEmployees(t *testing.T) {
	t.Parallel()
	c := commandstest.Found(t, nil)
	app, hire, _ := hired(t, c)
	if _, err := c.CreateEmployee(t.Context(), c.As(c.Admin), app, hire); !errors.Is(err, commands.ErrDenied) {
		t.Errorf("made: %v", err)
	}
	if _, err := c.ReverseEmployee(t.Context(), c.As(c.Admin), app, hire); !errors.Is(err, commands.ErrDenied) {
		t.Errorf("reversed: %v", err)
	}
}
