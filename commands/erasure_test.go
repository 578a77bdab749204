package commands_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hirelog/hirelog/commands"
	"github.com/hirelog/hirelog/commands/commandstest"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/candidate"
	"github.com/hirelog/hirelog/domain/organization"
	"github.com/hirelog/hirelog/domain/personal"
	"github.com/hirelog/hirelog/internal/eventlog"
	"github.com/hirelog/hirelog/internal/vault"
)

// sealedNotes returns the sealed texts of an application's notes.
func sealedNotes(t *testing.T, c *commandstest.Company, app string) [][]byte {
	t.Helper()
	var sealed [][]byte
	for rec, err := range c.Memory.ReadStream(t.Context(), "application-"+app, 0, eventlog.Forwards) {
		if err != nil {
			t.Fatal(err)
		}
		e, err := application.Codec.Decode(rec.Type, rec.Data)
		if err != nil {
			t.Fatal(err)
		}
		if note, ok := e.(application.NoteAdded); ok {
			sealed = append(sealed, note.Text.Bytes())
		}
	}
	return sealed
}

// reads returns what a process reads of sealed texts, "-" for an erased one.
func reads(t *testing.T, v *vault.Vault, sealed [][]byte) string {
	t.Helper()
	opened, err := v.Open(t.Context(), sealed...)
	if err != nil {
		t.Fatal(err)
	}
	all := ""
	for _, o := range opened {
		if o.Erased {
			all += "-"
		}
		all += string(o.Text)
	}
	return all
}

// A deleted note reads as erased, at once where it was deleted, and in another
// process, which had it open, as soon as the log told it; no key comes back.
func TestDeletedNoteReadsErasedEverywhere(t *testing.T) {
	t.Parallel()
	c := commandstest.Found(t, nil)
	other := c.Start(t)
	app := c.ReceiveOne(t, someone())
	var notes []string
	for _, text := range []personal.Plain{"a", "b", "c"} {
		notes = append(notes, commandstest.Must(c.AddNote(t.Context(), c.As(c.Recruiter), commands.AddNote{Application: app, Text: text})).ID)
	}
	sealed := sealedNotes(t, c, app)
	for _, v := range []*vault.Vault{c.Vault, other.Vault} {
		if got := reads(t, v, sealed); got != "abc" {
			t.Fatalf("before: %q", got)
		}
	}
	commandstest.Must(c.DeleteNote(t.Context(), c.As(c.Recruiter), commands.DeleteNote{Application: app, Note: notes[1]}))
	if got := reads(t, c.Vault, sealed); got != "a-c" {
		t.Errorf("here: %q, want a-c", got)
	}
	// Its vault would believe its cache for a minute.
	for deadline := time.Now().Add(40 * time.Second); reads(t, other.Vault, sealed) != "a-c"; {
		if time.Now().After(deadline) {
			t.Fatalf("elsewhere: %q, want a-c", reads(t, other.Vault, sealed))
		}
	}
	for _, v := range []*vault.Vault{c.Vault, other.Vault} {
		if _, err := v.DataKey(t.Context(), personal.Key{ID: notes[1], Owner: app}); !errors.Is(err, vault.ErrErased) {
			t.Errorf("a new key for it: %v, want ErrErased", err)
		}
	}
	if _, err := c.SetNoteVisibility(t.Context(), c.As(c.Recruiter), commands.SetNoteVisibility{Application: app, Note: notes[1], Visible: true}); !errors.Is(err, application.ErrNoteDeleted) {
		t.Errorf("show it: %v, want ErrNoteDeleted", err)
	}
	// Deleting it again, as another command, is nothing.
	written := c.All(t)
	if _, err := c.DeleteNote(t.Context(), c.As(c.Admin), commands.DeleteNote{Application: app, Note: notes[1]}); err != nil || c.All(t) != written {
		t.Errorf("again: %v, %d events", err, c.All(t)-written)
	}
	c.CheckFinished(t)
}

// Whoever was allowed to delete when the keys went need not be any more when the
// deletion is recorded: what is gone is recorded.
func TestErasureIsRecordedThoughTheRightIsGone(t *testing.T) {
	t.Parallel()
	c, log := tap(t)
	app := c.ReceiveOne(t, someone())
	note := commandstest.Must(c.AddNote(t.Context(), c.As(c.Recruiter), commands.AddNote{Application: app, Text: "x"})).ID
	admin := c.Process(c.Memory)
	log.OnAppend = func(ctx context.Context, _ string, events []eventlog.NewEvent, call func() (eventlog.Appended, error)) (eventlog.Appended, error) {
		if events[0].Type == "application.note_deleted.v1" {
			log.OnAppend = nil
			commandstest.Must(admin.DeactivateMember(ctx, c.As(c.Admin), commands.DeactivateMember{Member: c.Recruiter}))
			// Another writer, so that it is decided again, without the right.
			commandstest.Must(admin.SetPriority(ctx, c.As(c.Admin), flag(app, true)))
		}
		return call()
	}
	commandstest.Must(c.DeleteNote(t.Context(), c.As(c.Recruiter), commands.DeleteNote{Application: app, Note: note}))
	if n, _ := c.State(t).Applications[app].Notes.Get(note); !n.Deleted {
		t.Errorf("note = %+v, want it deleted", n)
	}
	c.CheckFinished(t)
}

// An erasure that cannot be finished does not keep others from it.
func TestFinishErasuresGoesOn(t *testing.T) {
	t.Parallel()
	c, log := tap(t)
	p := c.Start(t)
	var apps []string
	for range 3 {
		app := onClosed(t, c, someone())
		apps = append(apps, app)
		p.CrashAt(t, "before append of application.anonymised.v1", func(ctx context.Context) error {
			_, err := p.Anonymise(ctx, c.As(c.Recruiter), commands.Anonymise{Application: app})
			return err
		})
	}
	log.OnAppend = func(_ context.Context, stream string, _ []eventlog.NewEvent, call func() (eventlog.Appended, error)) (eventlog.Appended, error) {
		if stream == "application-"+apps[0] {
			return eventlog.Appended{}, eventlog.ErrUnavailable
		}
		return call()
	}
	if n, err := c.FinishErasures(t.Context()); n != 2 || !errors.Is(err, eventlog.ErrUnavailable) {
		t.Errorf("finished %d, %v; want 2, ErrUnavailable", n, err)
	}
	log.OnAppend = nil
	if n, err := c.FinishErasures(t.Context()); n != 1 || err != nil {
		t.Errorf("finished %d, %v; want 1", n, err)
	}
	if n, err := c.FinishErasures(t.Context()); n != 0 || err != nil {
		t.Errorf("finished %d, %v; want none left", n, err)
	}
	c.CheckFinished(t)
}

// What is finished after a crash happened when its command says: who tells of the
// past goes on from there.
func TestFinishErasuresKeepsTheTime(t *testing.T) {
	t.Parallel()
	c := commandstest.Found(t, nil)
	p := c.Start(t)
	by := func(at int) commands.Caller {
		caller := c.As(c.Recruiter)
		caller.At = time.Date(2026, 1, at, 9, 0, 0, 0, time.UTC)
		return caller
	}
	app := commandstest.Must(c.Receive(t.Context(), by(1), commands.Receive{Job: c.Job, Source: "referral", Candidate: candidate.Details{FirstName: "Ada", LastName: "Byron", Email: someone()}})).ID
	note := commandstest.Must(c.AddNote(t.Context(), by(2), commands.AddNote{Application: app, Text: "Knows Go."})).ID
	p.CrashAt(t, "before append of application.note_deleted.v1", func(ctx context.Context) error {
		_, err := p.DeleteNote(ctx, by(3), commands.DeleteNote{Application: app, Note: note})
		return err
	})
	if n, err := c.FinishErasures(t.Context()); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	var deleted *application.NoteDeleted
	for rec, err := range c.Memory.ReadStream(t.Context(), "application-"+app, 0, eventlog.Forwards) {
		if err != nil {
			t.Fatal(err)
		}
		if e, err := application.Codec.Decode(rec.Type, rec.Data); err != nil {
			t.Fatal(err)
		} else if d, ok := e.(application.NoteDeleted); ok {
			deleted = &d
		}
	}
	if deleted == nil || !deleted.At.Equal(by(3).At) {
		t.Errorf("deleted: %+v, want it at %v", deleted, by(3).At)
	}
}

// What an application keeps for reports is read before the keys go, so that a crash
// behind that loses none of it, also of what it goes on from (S2-94).
func TestWhatIsKeptOutlivesACrash(t *testing.T) {
	t.Parallel()
	c := commandstest.Found(t, nil)
	p := c.Start(t)
	shifts := commandstest.Must(c.DefineAttribute(t.Context(), c.As(c.Admin), commands.DefineAttribute{AttributeContent: organization.AttributeContent{
		Label: "Shifts", Type: organization.BooleanAttribute, KeepForReports: true,
	}})).ID
	first := c.ReceiveOne(t, someone())
	commandstest.Must(c.EditCandidate(t.Context(), c.As(c.Recruiter), commands.EditCandidate{Application: first, More: map[string]any{shifts: true}}))
	next := commandstest.Must(c.Transfer(t.Context(), c.As(c.Recruiter), commands.Transfer{Application: first, Job: c.OpenOne(t, "Another")})).ID
	commandstest.Must(c.Disqualify(t.Context(), c.As(c.Recruiter), disqualify(next)))
	p.Knows(t, c)
	p.CrashAt(t, "before append of application.anonymised.v1", func(ctx context.Context) error {
		_, err := p.Anonymise(ctx, c.As(c.Recruiter), commands.Anonymise{Application: next})
		return err
	})
	if n, err := c.FinishErasures(t.Context()); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	for _, app := range []string{first, next} {
		var kept []application.KeptValue
		for rec, err := range c.Memory.ReadStream(t.Context(), "application-"+app, 0, eventlog.Forwards) {
			if err != nil {
				t.Fatal(err)
			}
			if e, err := application.Codec.Decode(rec.Type, rec.Data); err != nil {
				t.Fatal(err)
			} else if e, ok := e.(application.Anonymised); ok {
				kept = e.Kept
			}
		}
		if len(kept) != 1 || kept[0].Attribute != shifts || kept[0].Yes == nil || !*kept[0].Yes {
			t.Errorf("application %s keeps %+v", app, kept)
		}
	}
	c.CheckFinished(t)
}

// S1-13: a file that is put to a note while that is deleted goes with it, also if
// the deletion is cut off and finished after a crash.
func TestALateFileGoesWithItsNote(t *testing.T) {
	t.Parallel()
	c := commandstest.Found(t, nil)
	p := c.Start(t)
	app := c.ReceiveOne(t, "")
	note := commandstest.Must(c.AddNote(t.Context(), c.As(c.Recruiter), commands.AddNote{Application: app, Text: "Knows Go."})).ID
	p.CrashAt(t, "before append of application.note_deleted.v1", func(ctx context.Context) error {
		_, err := p.DeleteNote(ctx, c.As(c.Recruiter), commands.DeleteNote{Application: app, Note: note})
		return err
	})
	commandstest.Must(c.AttachFiles(t.Context(), c.As(c.Recruiter), commands.AttachFiles{
		Application: app, To: application.Remark{Note: note}, Category: access.Other, Files: []commands.Upload{{Name: "late.txt", Content: strings.NewReader("late")}},
	}))
	file := ""
	for rec, err := range c.Memory.ReadStream(t.Context(), "application-"+app, 0, eventlog.Forwards) {
		if err != nil {
			t.Fatal(err)
		}
		if e, err := application.Codec.Decode(rec.Type, rec.Data); err != nil {
			t.Fatal(err)
		} else if up, ok := e.(application.DocumentUploaded); ok {
			file = up.Files[0].ID
		}
	}
	if owners, err := c.Vault.Owners(t.Context(), file); err != nil || len(owners) != 1 {
		t.Fatalf("the file's key is owned by %v, %v", owners, err)
	}
	if n, err := c.FinishErasures(t.Context()); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	if owners, err := c.Vault.Owners(t.Context(), file); err != nil || len(owners) != 0 {
		t.Errorf("the file's key is owned by %v, %v", owners, err)
	}
	if n, err := c.FinishErasures(t.Context()); n != 0 || err != nil {
		t.Errorf("finished %d, %v; want none left", n, err)
	}
	c.CheckFinished(t)
}

// A token that ended does not come back: not by giving the command again, not by
// reactivating its member, whatever Postgres missed.
func TestTokensThatEnded(t *testing.T) {
	t.Parallel()
	c := commandstest.Found(t, nil)
	by := c.As(c.Admin)
	issue := func(by commands.Caller) (commands.Answer, string, error) {
		return c.IssueToken(t.Context(), by, commands.IssueToken{Member: c.Recruiter, Name: "script"})
	}
	good := func(secret string) bool {
		_, err := c.Tokens.Verify(t.Context(), secret)
		return err == nil
	}
	first, secret, err := issue(by)
	if err != nil || !good(secret) {
		t.Fatal(err)
	}
	by.MayBeRepeated = true
	again, second, err := issue(by)
	if first.Repeated = true; err != nil || again != first || good(secret) || !good(second) {
		t.Errorf("again: %+v, %v; the first secret counts: %v, the second: %v", again, err, good(secret), good(second))
	}
	commandstest.Must(c.RevokeToken(t.Context(), c.As(c.Admin), c.Recruiter, first.ID))
	if good(second) {
		t.Error("a revoked token counts")
	}
	if _, _, err := issue(by); outcome(err) != "u" {
		t.Errorf("issued again after it was revoked: %v, want unknown", err)
	}
	_, third, err := issue(c.As(c.Admin))
	if err != nil {
		t.Fatal(err)
	}
	// The process dies before the tokens are told.
	p := c.Start(t)
	p.CrashAt(t, "after append of member.deactivated.v1", func(ctx context.Context) error {
		_, err := p.DeactivateMember(ctx, c.As(c.Admin), commands.DeactivateMember{Member: c.Recruiter})
		return err
	})
	commandstest.Must(c.ReactivateMember(t.Context(), c.As(c.Admin), c.Recruiter))
	if good(third) {
		t.Error("a token came back with its member")
	}
}

// What an anonymisation led to says so: its announcement, and the end of the
// identity, name the event on the application's stream.
func TestWhatFollowsFromAnErasureNamesIt(t *testing.T) {
	t.Parallel()
	c := commandstest.Found(t, nil)
	app := c.ReceiveOne(t, someone())
	commandstest.Must(c.Disqualify(t.Context(), c.As(c.Recruiter), disqualify(app)))
	commandstest.Must(c.Anonymise(t.Context(), c.As(c.Admin), commands.Anonymise{Application: app}))
	var anonymised string
	var followed []string
	for e, err := range c.Memory.ReadAll(t.Context(), eventlog.Start, eventlog.Forwards) {
		if err != nil {
			t.Fatal(err)
		}
		meta, err := e.Meta()
		if err != nil {
			t.Fatal(err)
		}
		switch {
		case e.Type == "application.anonymised.v1":
			anonymised = e.ID.String()
		case anonymised != "" && meta.CausationID == anonymised:
			followed = append(followed, e.Type)
		}
	}
	if want := []string{"candidate.anonymised.v1", "erasure.recorded.v1"}; !slices.Equal(followed, want) {
		t.Errorf("%v follow from it, want %v", followed, want)
	}
}

// A command that died once the newest part was recorded as erased erases the earlier
// ones before it answers, when it is given again.
func TestAnErasureGivenAgainErasesTheEarlierParts(t *testing.T) {
	t.Parallel()
	c := commandstest.Found(t, nil)
	dying := c.Start(t)
	app := c.ReceiveOne(t, someone())
	next := commandstest.Must(c.Transfer(t.Context(), c.As(c.Recruiter), commands.Transfer{Application: app, Job: c.OpenOne(t, "Another")})).ID
	commandstest.Must(c.Disqualify(t.Context(), c.As(c.Recruiter), disqualify(next)))
	dying.Knows(t, c)
	by := c.As(c.Recruiter)
	dying.CrashAt(t, "after append of erasure.recorded.v1", func(ctx context.Context) error {
		_, err := dying.Anonymise(ctx, by, commands.Anonymise{Application: next})
		return err
	})
	if s := c.State(t); !s.Applications[next].Anonymised || s.Applications[app].Anonymised {
		t.Fatal("it did not die in between")
	}
	by.MayBeRepeated = true
	if answer := commandstest.Must(c.Anonymise(t.Context(), by, commands.Anonymise{Application: next})); !answer.Repeated {
		t.Errorf("given again: %+v", answer)
	}
	if !c.State(t).Applications[app].Anonymised {
		t.Error("the earlier one is still there")
	}
}
