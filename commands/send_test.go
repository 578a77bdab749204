package commands_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
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
	"github.com/hirelog/hirelog/domain/notice"
	"github.com/hirelog/hirelog/domain/organization"
	"github.com/hirelog/hirelog/domain/personal"
	"github.com/hirelog/hirelog/internal/eventlog"
	"github.com/hirelog/hirelog/internal/mail"
	"github.com/hirelog/hirelog/internal/ops"
)

// killing is the log and the transport of a process that is killed at a step: from
// then on it writes nothing and sends nothing.
type killing struct {
	eventlog.Log
	at, steps int
	dead      bool
	sent      *int // by all processes
}

var errDead = errors.New("the process was killed")

func (k *killing) step() error {
	if k.steps++; k.steps == k.at {
		k.dead = true
	}
	if k.dead {
		return errDead
	}
	return nil
}

func (k *killing) Append(ctx context.Context, stream string, expected eventlog.Revision, events []eventlog.NewEvent) (eventlog.Appended, error) {
	if err := k.step(); err != nil {
		return eventlog.Appended{}, err
	}
	at, err := k.Log.Append(ctx, stream, expected, events)
	return at, errors.Join(err, k.step())
}

// Send implements mail.Transport.
func (k *killing) Send(context.Context, mail.Mail) error {
	if err := k.step(); err != nil {
		return err
	}
	*k.sent++
	return k.step()
}

// process returns commands of a process that is killed at a step, 0 = never, and
// whose clock is ahead.
func (k *killing) process(c *commandstest.Company, ahead time.Duration) *commands.Commands {
	return commands.New(commands.Options{
		Log: k, Vault: c.Vault, Directory: c.Directory, Files: c.Files, Logger: slog.New(slog.DiscardHandler), Tokens: c.Tokens,
		Arrivals: ops.NewArrivals(c.Pool, nil), Mail: k, Now: func() time.Time { return time.Now().Add(ahead) },
	})
}

// E4, S2-47, S2-48, S1-50, S1-35: a mail is sent at most once, wherever whoever sends it
// is killed; one that was begun and has no outcome is unknown, and is not sent again.
func TestMailIsSentAtMostOnceUnderKill(t *testing.T) {
	t.Parallel()
	c := commandstest.Found(t, nil)
	on := true
	commandstest.Must(c.ChangeSettings(t.Context(), c.As(c.Admin), commands.ChangeSettings{SettingsChange: organization.SettingsChange{SelfTracking: &on}}))
	app := c.ReceiveOne(t, "cleo@example.org")
	effect := func() commands.Caller {
		return commands.Caller{Actor: domain.System, CommandID: uuid.New(), CausationID: uuid.NewString(), MayBeRepeated: true, Origin: eventlog.Live}
	}
	type giving = func(*commands.Commands, commands.Caller) (commands.Answer, error)
	for name, made := range map[string]func() (stream string, give giving){
		"message": func() (string, giving) {
			id := commandstest.Must(c.WriteMessage(t.Context(), c.As(c.Recruiter), commands.WriteMessage{Application: app, Letter: commands.Letter{Subject: "Hello", Text: "Hello"}})).ID
			return "message-" + id, func(p *commands.Commands, by commands.Caller) (commands.Answer, error) {
				return p.SendMessage(t.Context(), by, id)
			}
		},
		"notice": func() (string, giving) {
			app := c.ReceiveOne(t, someone())
			document := commandstest.Must(c.RequestDocument(t.Context(), c.As(c.Recruiter), commands.RequestDocument{Application: app, Title: "Diploma", Category: access.Certificate})).ID
			noted := commandstest.Must(c.NoticeCandidate(t.Context(), effect(), app, notice.DocumentRequested, document))
			_, stream := eventlog.SplitStream(noted.Stream)
			mails := c.Noted(t, noted.Stream)
			return noted.Stream, func(p *commands.Commands, by commands.Caller) (commands.Answer, error) {
				return p.SendNotice(t.Context(), by, stream, mails[len(mails)-1])
			}
		},
		"invitation": func() (string, giving) {
			app := c.ReceiveOne(t, someone())
			interview := commandstest.Must(c.ScheduleInterview(t.Context(), c.As(c.Recruiter), commands.ScheduleInterview{
				Application: app, Title: "Talk", Participants: []string{c.Recruiter}, Invite: true,
				InterviewWhen: commands.InterviewWhen{Start: time.Now().UTC().AddDate(0, 0, 3).Format(domain.WallLayout), Zone: "UTC", Minutes: 30},
			}))
			by, at := effect(), eventlog.Revision(0)
			for rec, err := range c.Memory.ReadStream(t.Context(), interview.Stream, 0, eventlog.Forwards) {
				if err != nil {
					t.Fatal(err)
				}
				if rec.Type == (application.InterviewInvited{}).EventName() {
					by.CausationID, at = rec.ID.String(), rec.Revision
				}
			}
			noted := commandstest.Must(c.NoticeInterview(t.Context(), by, app, interview.ID, at))
			if again := commandstest.Must(c.NoticeInterview(t.Context(), by, app, interview.ID, at)); again.Revision != noted.Revision {
				t.Errorf("it was noted twice: %v, then %v", noted, again)
			}
			_, stream := eventlog.SplitStream(noted.Stream)
			return noted.Stream, func(p *commands.Commands, by commands.Caller) (commands.Answer, error) {
				return p.SendNotice(t.Context(), by, stream, c.Noted(t, noted.Stream)[0])
			}
		},
	} {
		for at := 1; ; at++ {
			stream, give := made()
			sent := 0
			ahead := 20 * time.Minute
			first := &killing{Log: c.Memory, at: at, sent: &sent}
			by := effect()
			_, err := give(first.process(c, ahead), by)
			if !first.dead && err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			second := &killing{Log: c.Memory, sent: &sent}
			if _, err := give(second.process(c, ahead+2*time.Minute), by); err != nil {
				t.Fatalf("%s, killed at step %d: %v", name, at, err)
			}
			happened := c.Events(t, stream)
			last := happened[len(happened)-1]
			category, _ := eventlog.SplitStream(stream)
			begun := slices.Contains(happened, category+".sending.v1")
			switch {
			case sent > 1:
				t.Errorf("%s, killed at step %d: it was sent %d times", name, at, sent)
			case !begun || !strings.HasSuffix(last, ".sent.v1") && !strings.HasSuffix(last, ".outcome_unknown.v1"), strings.HasSuffix(last, ".sent.v1") && sent != 1:
				t.Errorf("%s, killed at step %d: sent %d times, and %v is told", name, at, sent, happened)
			}
			if !first.dead {
				if at < 6 {
					t.Errorf("%s has %d steps", name, at-1)
				}
				break
			}
		}
	}
}

// postbox is a transport that reads what goes along.
type postbox struct {
	sent  []mail.Mail
	files []string
}

// Send implements mail.Transport.
func (p *postbox) Send(ctx context.Context, m mail.Mail) error {
	p.sent = append(p.sent, m)
	for _, a := range m.Attachments {
		content, err := a.Open(ctx)
		if err != nil {
			return fmt.Errorf("%w: %w", mail.ErrNotTaken, err)
		}
		text, err := io.ReadAll(content)
		if err := errors.Join(err, content.Close()); err != nil {
			return err
		}
		p.files = append(p.files, string(text))
	}
	return nil
}

// S2-47, S2-31, H5: a message waits while a version that goes along is deleted: it
// leaves once, without the file and its name, also if an employee profile has it.
func TestWhatWasDeletedDoesNotGoAlong(t *testing.T) {
	t.Parallel()
	c := commandstest.Found(t, nil)
	app := c.ReceiveOne(t, someone())
	file := func(name personal.Plain, text string) (document, file string) {
		document = commandstest.Must(c.UploadDocument(t.Context(), c.As(c.Recruiter), commands.UploadDocument{
			Application: app, Category: access.CV, Files: []commands.Upload{{Name: name, Content: strings.NewReader(text)}},
		})).ID
		for rec, err := range c.Memory.ReadStream(t.Context(), "application-"+app, 0, eventlog.Forwards) {
			if err != nil {
				t.Fatal(err)
			}
			if e, err := application.Codec.Decode(rec.Type, rec.Data); err != nil {
				t.Fatal(err)
			} else if up, ok := e.(application.DocumentUploaded); ok && up.Document == document {
				file = up.Files[0].ID
			}
		}
		return document, file
	}
	_, stays := file("cv.txt", "what I did")
	gone, goes := file("secret.txt", "what nobody is to know")
	hire := commandstest.Must(c.Hire(t.Context(), c.As(c.Recruiter), commands.Hire{Application: app, Reason: "at once"})).ID
	system := commands.Caller{Actor: domain.System, CommandID: uuid.New(), MayBeRepeated: true, Origin: eventlog.Live}
	commandstest.Must(c.CreateEmployee(t.Context(), system, app, hire))
	later := time.Now().Add(time.Hour)
	id := commandstest.Must(c.WriteMessage(t.Context(), c.As(c.Recruiter), commands.WriteMessage{
		Application: app, Letter: commands.Letter{Subject: "Yours", Text: "As you sent it", Files: []string{stays, goes}, SendAt: &later},
	})).ID
	commandstest.Must(c.DeleteVersion(t.Context(), c.As(c.Recruiter), commands.DeleteVersion{Application: app, Document: gone, Version: 1}))
	box := &postbox{}
	process := commands.New(commands.Options{
		Log: c.Memory, Vault: c.Vault, Directory: c.Directory, Files: c.Files, Logger: slog.New(slog.DiscardHandler), Tokens: c.Tokens,
		Arrivals: ops.NewArrivals(c.Pool, nil), Mail: box, Now: func() time.Time { return time.Now().Add(2 * time.Hour) },
	})
	system.CommandID = uuid.New()
	for range 2 {
		if _, err := process.SendMessage(t.Context(), system, id); err != nil {
			t.Fatal(err)
		}
	}
	if len(box.sent) != 1 || len(box.sent[0].Attachments) != 1 || box.sent[0].Attachments[0].Name != "cv.txt" || !slices.Equal(box.files, []string{"what I did"}) {
		t.Errorf("sent: %d mails, %v, with %q", len(box.sent), box.sent, box.files)
	}
	if got, want := c.Events(t, "message-"+id), []string{"message.written.v1", "message.sending.v1", "message.sent.v1"}; !slices.Equal(got, want) {
		t.Errorf("it was %v, want %v", got, want)
	}
}
