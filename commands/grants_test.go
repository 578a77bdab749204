package commands_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/hirelog/hirelog/commands"
	"github.com/hirelog/hirelog/commands/commandstest"
	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/member"
	"github.com/hirelog/hirelog/domain/organization"
	"github.com/hirelog/hirelog/internal/eventlog"
)

// Who is granted a role may do what it gives with that application, until it
// ends, and nothing with others. S2-81
func TestAGrantGivesRights(t *testing.T) {
	t.Parallel()
	c := newCast(t, true)
	granted, other := c.ReceiveOne(t, someone()), c.ReceiveOne(t, someone())
	reporter := c.members[6]
	comment := func(app string, at time.Time) error {
		by := c.As(reporter)
		by.At = at
		_, err := c.AddComment(t.Context(), by, commands.AddComment{Application: app, Text: "hm"})
		return err
	}
	if err := comment(granted, time.Time{}); !errors.Is(err, application.ErrUnknown) {
		t.Errorf("before: %v, want ErrUnknown", err)
	}
	end := time.Now().Add(time.Hour)
	give := commands.GrantAccess{Application: granted, Member: reporter, Role: commands.FirstRole("Interviewer"), Until: &end}
	first := commandstest.Must(c.GrantAccess(t.Context(), c.As(c.Recruiter), give))
	if again := commandstest.Must(c.GrantAccess(t.Context(), c.As(c.Recruiter), give)); !again.Unchanged || again.ID != first.ID {
		t.Errorf("again: %+v, want the grant there is", again)
	}
	if err := comment(granted, time.Time{}); err != nil {
		t.Error(err)
	}
	if _, err := c.MoveStage(t.Context(), c.As(reporter), commands.MoveStage{Application: granted, To: c.Stages[1].ID}); !errors.Is(err, commands.ErrDenied) {
		t.Errorf("more than the role gives: %v, want ErrDenied", err)
	}
	if err := comment(other, time.Time{}); !errors.Is(err, application.ErrUnknown) {
		t.Errorf("another application: %v, want ErrUnknown", err)
	}
	if err := comment(granted, end); !errors.Is(err, application.ErrUnknown) {
		t.Errorf("after its end: %v, want ErrUnknown", err)
	}
	commandstest.Must(c.EndAccess(t.Context(), c.As(c.Recruiter), commands.EndAccess{Application: granted, Grant: first.ID}))
	if err := comment(granted, time.Time{}); !errors.Is(err, application.ErrUnknown) {
		t.Errorf("taken back: %v, want ErrUnknown", err)
	}
	c.CheckFinished(t)
}

// Nobody gives what they do not have, nor anything to nobody. S2-82
func TestWhatMayBeGranted(t *testing.T) {
	t.Parallel()
	c := newCast(t, false)
	app := c.ReceiveOne(t, someone())
	hiring, stranger, gone := c.members[2], c.members[4], c.members[7]
	secret := commandstest.Must(c.DefineRecruitingRole(t.Context(), c.As(c.Admin), commands.DefineRecruitingRole{
		Name: "Contracts", Documents: map[access.Category]access.Level{access.OfferDocument: access.Edit},
	})).ID
	for name, r := range map[string]struct {
		by, member, role string
		want             error
	}{
		"what they have":             {hiring, stranger, commands.FirstRole("Interviewer"), nil},
		"all they have":              {hiring, stranger, commands.FirstRole("Hiring manager"), nil},
		"an area more":               {hiring, stranger, commands.FirstRole("Recruiter"), application.ErrMoreThanYours},
		"to themselves":              {hiring, hiring, commands.FirstRole("Recruiter"), application.ErrMoreThanYours},
		"a category more":            {hiring, stranger, secret, application.ErrMoreThanYours},
		"anything, as an admin":      {c.Admin, stranger, secret, nil},
		"to nobody":                  {c.Admin, newID(), secret, member.ErrUnknown},
		"to somebody who left":       {c.Admin, gone, secret, member.ErrInactive},
		"a role that does not exist": {c.Admin, stranger, newID(), organization.ErrUnknownRole},
	} {
		_, err := c.GrantAccess(t.Context(), c.As(r.by), commands.GrantAccess{Application: app, Member: r.member, Role: r.role})
		if !errors.Is(err, r.want) {
			t.Errorf("%s: %v, want %v", name, err, r.want)
		}
	}
}

// Closing ends what interviews and reviews gave access to after the
// organisation's delay. S2-81
func TestClosingEndsAccessByInterviews(t *testing.T) {
	t.Parallel()
	c := newCast(t, false)
	days := 3
	commandstest.Must(c.ChangeSettings(t.Context(), c.As(c.Admin), commands.ChangeSettings{SettingsChange: organization.SettingsChange{AccessAfterDays: &days}}))
	app, reporter := c.ReceiveOne(t, someone()), c.members[6]
	at := time.Now().UTC().Truncate(time.Microsecond)
	given := application.AccessGranted{
		Stamp: domain.Stamp{At: at, By: domain.Member(c.Recruiter)}, Grant: newID(), Member: reporter, Role: commands.FirstRole("Interviewer"), Cause: application.ByInterview, Of: newID(),
	}
	e, _, err := eventlog.Encode[application.Event](t.Context(), application.Codec, c.Vault, uuid.New(), given, eventlog.Metadata{Actor: given.By, Origin: eventlog.Live})
	if err == nil {
		_, err = c.Memory.Append(t.Context(), "application-"+app, 0, []eventlog.NewEvent{e})
	}
	if err != nil {
		t.Fatal(err)
	}
	close := disqualify(app)
	by := c.As(c.Recruiter)
	by.At = at.Add(time.Minute)
	commandstest.Must(c.Disqualify(t.Context(), by, close))
	for after, want := range map[time.Duration]error{71 * time.Hour: nil, 73 * time.Hour: application.ErrUnknown} {
		by := c.As(reporter)
		by.At = at.Add(after)
		if _, err := c.AddComment(t.Context(), by, commands.AddComment{Application: app, Text: "hm"}); !errors.Is(err, want) {
			t.Errorf("%v after: %v, want %v", after, err, want)
		}
	}
}
