package commands_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/hirelog/hirelog/commands"
	"github.com/hirelog/hirelog/commands/commandstest"
	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/internal/eventlog"
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

// E4, S2-76: an attempt that comes after the profile was erased makes nothing again,
// whether the first one said that it was done or not.
func TestAnErasedEmployeeIsNotMadeAgain(t *testing.T) {
	t.Parallel()
	c := commandstest.Found(t, nil)
	app, hire, system := hired(t, c)
	made := commandstest.Must(c.CreateEmployee(t.Context(), system, app, hire))
	commandstest.Must(c.EraseEmployee(t.Context(), c.As(c.Admin), commands.EraseEmployee{Employee: made.ID}))
	all := c.All(t)
	late := system
	late.CommandID = uuid.New()
	for _, by := range []commands.Caller{system, late} {
		if got, err := c.Process(c.Memory).CreateEmployee(t.Context(), by, app, hire); err != nil || got.ID != made.ID {
			t.Errorf("again: %+v, %v", got, err)
		}
	}
	if c.All(t) != all {
		t.Error("something was written")
	}
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

// takenBy returns which files of an application the profile of a hire owns too,
// and how many documents it took.
func takenBy(t *testing.T, c *commandstest.Company, from, hire string) (files []bool, documents int) {
	t.Helper()
	profile := commands.EmployeeOf(hire)
	for rec, err := range c.Memory.ReadStream(t.Context(), "application-"+from, 0, eventlog.Forwards) {
		if err != nil {
			t.Fatal(err)
		}
		e, err := application.Codec.Decode(rec.Type, rec.Data)
		if err != nil {
			t.Fatal(err)
		}
		up, ok := e.(application.DocumentUploaded)
		if !ok {
			continue
		}
		for _, f := range up.Files {
			owners, err := c.Vault.Owners(t.Context(), f.ID)
			if err != nil {
				t.Fatal(err)
			}
			files = append(files, slices.Contains(owners, profile))
		}
	}
	for _, name := range c.Events(t, "employee-"+profile) {
		if name == "employee.document_taken.v1" {
			documents++
		}
	}
	return files, documents
}

// S2-74: a document that went to another application with its mail is not
// taken over to the profile of who was hired.
func TestEmployeeHasNothingThatLeft(t *testing.T) {
	t.Parallel()
	c := commandstest.Found(t, nil)
	app := c.ReceiveOne(t, someone())
	kept := commandstest.Must(c.UploadDocument(t.Context(), c.As(c.Recruiter), commands.UploadDocument{Application: app, Category: access.CV, Files: upload("my life")})).ID
	gone := commandstest.Must(c.UploadDocument(t.Context(), c.As(c.Recruiter), commands.UploadDocument{Application: app, Category: access.CV, Files: upload("somebody else's")})).ID
	if kept == gone {
		t.Fatal("one document")
	}
	left, _, err := eventlog.Encode[application.Event](t.Context(), application.Codec, c.Vault, uuid.New(),
		application.DocumentLeft{Stamp: domain.Stamp{At: time.Now(), By: domain.System}, Document: gone}, eventlog.Metadata{Actor: domain.System, CommandID: uuid.New(), Origin: eventlog.Live})
	if err == nil {
		_, err = c.Log.Append(t.Context(), "application-"+app, eventlog.Revision(len(c.Events(t, "application-"+app))-1), []eventlog.NewEvent{left})
	}
	if err != nil {
		t.Fatal(err)
	}
	hire := commandstest.Must(c.Hire(t.Context(), c.As(c.Recruiter), commands.Hire{Application: app, Reason: "at once"})).ID
	system := c.As(c.Admin)
	system.Actor = domain.System
	commandstest.Must(c.CreateEmployee(t.Context(), system, app, hire))
	if files, n := takenBy(t, c, app, hire); !slices.Equal(files, []bool{true, false}) || n != 1 {
		t.Errorf("owns %v of the files and has %d documents, want the first alone", files, n)
	}
}

// S2-74: who is hired after having been assigned to another job takes along the
// documents of what the application goes on from, however far back.
func TestEmployeeHasWhatCameBeforeATransfer(t *testing.T) {
	t.Parallel()
	c := commandstest.Found(t, nil)
	first := c.ReceiveOne(t, someone())
	commandstest.Must(c.UploadDocument(t.Context(), c.As(c.Recruiter), commands.UploadDocument{Application: first, Category: access.CV, Files: upload("my life")}))
	next := first
	for _, title := range []string{"Another", "A third"} {
		next = commandstest.Must(c.Transfer(t.Context(), c.As(c.Recruiter), commands.Transfer{Application: next, Job: c.OpenOne(t, title)})).ID
	}
	commandstest.Must(c.UploadDocument(t.Context(), c.As(c.Recruiter), commands.UploadDocument{Application: next, Category: access.CV, Files: upload("my life since")}))
	hire := commandstest.Must(c.Hire(t.Context(), c.As(c.Recruiter), commands.Hire{Application: next, Reason: "at once"})).ID
	system := c.As(c.Admin)
	system.Actor = domain.System
	commandstest.Must(c.CreateEmployee(t.Context(), system, next, hire))
	for _, app := range []string{first, next} {
		if files, n := takenBy(t, c, app, hire); !slices.Equal(files, []bool{true}) || n != 2 {
			t.Errorf("owns %v of the files of %s and has %d documents, want all and 2", files, app, n)
		}
	}
}
