package commands_test

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"github.com/google/uuid"

	"github.com/hirelog/hirelog/commands"
	"github.com/hirelog/hirelog/commands/commandstest"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/internal/eventlog"
)

// Every command, given twice with the same id, answers the same and writes
// nothing the second time.
// It holds E6.
func TestRepeatedCommandAnswersTheSameAndWritesNothing(t *testing.T) {
	t.Parallel()
	c := commandstest.Found(t, nil)
	on := true
	if _, err := c.ChangeSettings(t.Context(), c.As(c.Admin), settings(&on)); err != nil {
		t.Fatal(err)
	}
	app := c.ReceiveOne(t, "cleo@example.test")
	note := commandstest.Must(c.AddNote(t.Context(), c.As(c.Recruiter), commands.AddNote{Application: app, Text: "hello"})).ID
	doc := commandstest.Must(c.RequestDocument(t.Context(), c.As(c.Recruiter), commands.RequestDocument{Application: app, Title: "CV", Category: access.CV})).ID
	upload := func() []commands.Upload {
		return []commands.Upload{{Name: "cv.txt", Content: bytes.NewBufferString("my life so far")}}
	}
	steps := []struct {
		name string
		give func(commands.Caller) (commands.Answer, error)
	}{
		{"move", func(by commands.Caller) (commands.Answer, error) {
			return c.MoveStage(t.Context(), by, commands.MoveStage{Application: app, To: c.Stages[1].ID, Comment: "good"})
		}},
		{"add tag", func(by commands.Caller) (commands.Answer, error) {
			return c.AddTag(t.Context(), by, commands.AddTag{Application: app, Label: "Remote"})
		}},
		{"set priority", func(by commands.Caller) (commands.Answer, error) {
			return c.SetPriority(t.Context(), by, commands.SetPriority{Application: app, Priority: true})
		}},
		{"add comment", func(by commands.Caller) (commands.Answer, error) {
			return c.AddComment(t.Context(), by, commands.AddComment{Application: app, Text: "what do you think?", Mentions: []string{c.Admin}})
		}},
		{"add note", func(by commands.Caller) (commands.Answer, error) {
			return c.AddNote(t.Context(), by, commands.AddNote{Application: app, Text: "welcome", Visible: true})
		}},
		{"show note", func(by commands.Caller) (commands.Answer, error) {
			return c.SetNoteVisibility(t.Context(), by, commands.SetNoteVisibility{Application: app, Note: note, Visible: true})
		}},
		{"delete note", func(by commands.Caller) (commands.Answer, error) {
			return c.DeleteNote(t.Context(), by, commands.DeleteNote{Application: app, Note: note})
		}},
		{"request document", func(by commands.Caller) (commands.Answer, error) {
			return c.RequestDocument(t.Context(), by, commands.RequestDocument{Application: app, Title: "Diploma", Category: access.Certificate, DueAt: &tomorrow})
		}},
		{"upload document", func(by commands.Caller) (commands.Answer, error) {
			return c.UploadDocument(t.Context(), by, commands.UploadDocument{Application: app, Document: doc, Files: upload()})
		}},
		{"reject document", func(by commands.Caller) (commands.Answer, error) {
			return c.RejectDocument(t.Context(), by, commands.ReviewDocument{Application: app, Document: doc, Version: 1, Reason: "unreadable"})
		}},
		{"approve document", func(by commands.Caller) (commands.Answer, error) {
			return c.ApproveDocument(t.Context(), by, commands.ReviewDocument{Application: app, Document: doc, Version: 1, Reason: "it is readable after all"})
		}},
		{"disqualify", func(by commands.Caller) (commands.Answer, error) {
			return c.Disqualify(t.Context(), by, commands.Disqualify{Application: app, Kind: application.Rejected, Reason: commands.FirstReason("Position filled"), Note: "sad"})
		}},
		{"requalify", func(by commands.Caller) (commands.Answer, error) {
			return c.Requalify(t.Context(), by, commands.Requalify{Application: app, Reason: "second thoughts"})
		}},
		{"disqualify again", func(by commands.Caller) (commands.Answer, error) {
			return c.Disqualify(t.Context(), by, commands.Disqualify{Application: app, Kind: application.Withdrawn, Reason: commands.FirstReason("Lost interest")})
		}},
		{"anonymise", func(by commands.Caller) (commands.Answer, error) {
			return c.Anonymise(t.Context(), by, commands.Anonymise{Application: app})
		}},
		{"delete", func(by commands.Caller) (commands.Answer, error) {
			return c.Delete(t.Context(), by, commands.Delete{Application: app})
		}},
	}
	for _, s := range steps {
		by := c.As(c.Recruiter)
		first, err := s.give(by)
		if err != nil {
			t.Fatalf("%s: %v", s.name, err)
		}
		written := c.All(t)
		again, err := s.give(by)
		if err != nil {
			t.Fatalf("%s again: %v", s.name, err)
		}
		if !again.Repeated || first.Repeated {
			t.Errorf("%s: repeated = %v, then %v", s.name, first.Repeated, again.Repeated)
		}
		again.Repeated = false
		if again != first {
			t.Errorf("%s again = %+v, want %+v", s.name, again, first)
		}
		if n := c.All(t); n != written {
			t.Errorf("%s again wrote %d events", s.name, n-written)
		}
	}
}

// A command id is found in the stream itself when the fold has forgotten it.
func TestRepeatedLongAgo(t *testing.T) {
	t.Parallel()
	c := commandstest.Found(t, nil)
	app := c.ReceiveOne(t, "cleo@example.test")
	first := c.As(c.Recruiter)
	first.MayBeRepeated = true
	want := commandstest.Must(c.SetPriority(t.Context(), first, commands.SetPriority{Application: app, Priority: true}))
	for i := range 100 {
		commandstest.Must(c.SetPriority(t.Context(), c.As(c.Recruiter), commands.SetPriority{Application: app, Priority: i%2 == 1}))
	}
	for name, by := range map[string]*commands.Commands{"this process": c.Commands, "another": c.Process(c.Log)} {
		got, err := by.SetPriority(t.Context(), first, commands.SetPriority{Application: app, Priority: true})
		if err != nil || !got.Repeated || got.Revision != want.Revision {
			t.Errorf("%s: %+v, %v; want the answer at revision %d", name, got, err, want.Revision)
		}
	}
}

// TestIfMatch holds E7.
func TestIfMatch(t *testing.T) {
	t.Parallel()
	c := commandstest.Found(t, nil)
	app := c.ReceiveOne(t, "cleo@example.test")
	seen := commandstest.Must(c.SetPriority(t.Context(), c.As(c.Recruiter), commands.SetPriority{Application: app, Priority: true})).Revision
	commandstest.Must(c.MoveStage(t.Context(), c.As(c.Recruiter), commands.MoveStage{Application: app, To: c.Stages[1].ID}))

	late := c.As(c.Recruiter)
	late.IfMatch = &seen
	_, err := c.MoveStage(t.Context(), late, commands.MoveStage{Application: app, To: c.Stages[2].ID})
	var stale *commands.StaleError
	if !errors.As(err, &stale) {
		t.Fatalf("err = %v, want a StaleError", err)
	}
	if stale.Actual != seen+1 || len(stale.Between) != 1 || stale.Between[0].Type != "application.stage_moved.v1" {
		t.Errorf("stale = %+v, want the move in between", stale)
	}
	now := seen + 1
	intime := c.As(c.Recruiter)
	intime.IfMatch = &now
	if _, err := c.MoveStage(t.Context(), intime, commands.MoveStage{Application: app, To: c.Stages[2].ID}); err != nil {
		t.Errorf("at the right revision: %v", err)
	}
	// The same command again is answered before its condition is looked at.
	if got, err := c.MoveStage(t.Context(), intime, commands.MoveStage{Application: app, To: c.Stages[2].ID}); err != nil || !got.Repeated {
		t.Errorf("again: %+v, %v", got, err)
	}
}

// Two processes whose folds know nothing of each other decide on what is there.
func TestColdAndWarmFoldsAgree(t *testing.T) {
	t.Parallel()
	c := commandstest.Found(t, nil)
	other := c.Process(c.Log)
	app := c.ReceiveOne(t, "cleo@example.test")
	by := c.As(c.Recruiter)
	commandstest.Must(other.SetPriority(t.Context(), by, commands.SetPriority{Application: app, Priority: true}))
	// c's fold says the flag is down; taking it down would be nothing.
	a := commandstest.Must(c.SetPriority(t.Context(), c.As(c.Recruiter), commands.SetPriority{Application: app, Priority: false}))
	want := []string{"application.received.v1", "application.priority_set.v1", "application.priority_set.v1"}
	if got := c.Events(t, "application-"+app); !slices.Equal(got, want) || a.Revision != 2 {
		t.Errorf("events = %v, revision %d", got, a.Revision)
	}
	// And other's fold still says it is up.
	commandstest.Must(other.SetPriority(t.Context(), c.As(c.Recruiter), commands.SetPriority{Application: app, Priority: true}))
	if got := c.Events(t, "application-"+app); len(got) != 4 {
		t.Errorf("events = %v", got)
	}
}

// TestReceive holds S2-03..04 and S2-06.
func TestReceive(t *testing.T) {
	t.Parallel()
	c := commandstest.Found(t, nil)
	written := c.All(t)
	matching := c.As(c.Recruiter)
	matching.IfMatch = new(eventlog.Revision)
	var stale *commands.StaleError
	if _, err := c.Receive(t.Context(), matching, receive(c.Job, someone())); !errors.As(err, &stale) || c.All(t) != written {
		t.Errorf("at a revision of what does not exist: %v, %d events", err, c.All(t)-written)
	}
	first := c.ReceiveOne(t, "Cleo@Example.test ")

	t.Run("a second live application of the same person is refused", func(t *testing.T) {
		_, err := c.Receive(t.Context(), c.As(c.Recruiter), receive(c.Job, "cleo@example.test"))
		if !errors.Is(err, application.ErrDuplicate) {
			t.Fatalf("err = %v, want ErrDuplicate", err)
		}
	})
	t.Run("another job is another matter", func(t *testing.T) {
		other := c.OpenOne(t, "Designer")
		if _, err := c.Receive(t.Context(), c.As(c.Recruiter), receive(other, "cleo@example.test")); err != nil {
			t.Fatal(err)
		}
	})
	t.Run("after a closed one a new one is allowed, and the old one stays closed", func(t *testing.T) {
		commandstest.Must(c.Disqualify(t.Context(), c.As(c.Recruiter), commands.Disqualify{Application: first, Kind: application.Withdrawn, Reason: commands.FirstReason("Lost interest")}))
		if _, err := c.Receive(t.Context(), c.As(c.Recruiter), receive(c.Job, "cleo@example.test")); err != nil {
			t.Fatal(err)
		}
		_, err := c.Requalify(t.Context(), c.As(c.Recruiter), commands.Requalify{Application: first, Reason: "again"})
		if !errors.Is(err, application.ErrDuplicate) {
			t.Errorf("requalify: %v, want ErrDuplicate", err)
		}
	})
	t.Run("without an address everybody is new", func(t *testing.T) {
		for range 2 {
			if _, err := c.Receive(t.Context(), c.As(c.Recruiter), receive(c.Job, "")); err != nil {
				t.Fatal(err)
			}
		}
	})
	t.Run("nothing is left of refused ones", func(t *testing.T) {
		if n, err := c.FinishArrivals(t.Context(), -1); err != nil || n != 0 {
			t.Errorf("%d arrivals left, %v", n, err)
		}
	})
}

// Whoever may not see an application is told that there is none.
func TestRightsOnAnotherJob(t *testing.T) {
	t.Parallel()
	c := commandstest.Found(t, nil)
	app := c.ReceiveOne(t, "cleo@example.test")
	stranger := commandstest.Must(c.InviteMember(t.Context(), c.As(c.Admin), commands.InviteMember{Name: "Sam", Role: access.Recruiting})).ID
	auditor := commandstest.Must(c.InviteMember(t.Context(), c.As(c.Admin), commands.InviteMember{Name: "Aud", Role: access.Auditor})).ID
	if _, err := c.SetPriority(t.Context(), c.As(stranger), commands.SetPriority{Application: app, Priority: true}); !errors.Is(err, application.ErrUnknown) {
		t.Errorf("stranger: %v, want ErrUnknown", err)
	}
	if _, err := c.SetPriority(t.Context(), c.As(auditor), commands.SetPriority{Application: app, Priority: true}); !errors.Is(err, commands.ErrDenied) {
		t.Errorf("auditor: %v, want ErrDenied", err)
	}
	commandstest.Must(c.DeactivateMember(t.Context(), c.As(c.Admin), commands.DeactivateMember{Member: c.Recruiter}))
	if _, err := c.SetPriority(t.Context(), c.As(c.Recruiter), commands.SetPriority{Application: app, Priority: true}); !errors.Is(err, application.ErrUnknown) {
		t.Errorf("deactivated: %v, want ErrUnknown", err)
	}
}

// TestAnonymiseTakesTheIdentityWithTheLastApplication holds S2-94.
func TestAnonymiseTakesTheIdentityWithTheLastApplication(t *testing.T) {
	t.Parallel()
	c := commandstest.Found(t, nil)
	first := c.ReceiveOne(t, "cleo@example.test")
	second := commandstest.Must(c.Receive(t.Context(), c.As(c.Recruiter), receive(c.OpenOne(t, "Designer"), "cleo@example.test"))).ID
	person, known, err := c.Vault.LookUp(t.Context(), "cleo@example.test")
	if err != nil || !known {
		t.Fatal(known, err)
	}
	if _, err := c.Anonymise(t.Context(), c.As(c.Recruiter), commands.Anonymise{Application: first}); !errors.Is(err, application.ErrNotClosed) {
		t.Fatalf("in progress: %v, want ErrNotClosed", err)
	}
	for i, app := range []string{first, second} {
		commandstest.Must(c.Disqualify(t.Context(), c.As(c.Recruiter), commands.Disqualify{Application: app, Kind: application.Rejected, Reason: commands.FirstReason("Position filled")}))
		commandstest.Must(c.Anonymise(t.Context(), c.As(c.Recruiter), commands.Anonymise{Application: app}))
		gone := slices.Contains(c.Events(t, "candidate-"+person), "candidate.anonymised.v1")
		_, known, err := c.Vault.LookUp(t.Context(), "cleo@example.test")
		if err != nil || known == gone || gone != (i == 1) {
			t.Errorf("after application %d: gone %v, known by address %v, %v", i+1, gone, known, err)
		}
	}
	if left, err := c.Vault.Unannounced(t.Context()); err != nil || len(left) > 0 {
		t.Errorf("unannounced: %v, %v", left, err)
	}
	// The same address is a new person.
	c.ReceiveOne(t, "cleo@example.test")
	if again, _, err := c.Vault.LookUp(t.Context(), "cleo@example.test"); err != nil || again == person {
		t.Errorf("the erased person %s came back, %v", again, err)
	}
}

func TestNewCommandIDs(t *testing.T) {
	a, b := commands.CommandID("m1", "k"), commands.CommandID("m2", "k")
	if a == b || a == uuid.Nil || a != commands.CommandID("m1", "k") {
		t.Errorf("ids %s, %s", a, b)
	}
	if commands.CommandID("m", "1k") == commands.CommandID("m1", "k") {
		t.Error("principal and key run into each other")
	}
}
