package commands_test

import (
	"errors"
	"testing"

	"github.com/hirelog/hirelog/commands"
	"github.com/hirelog/hirelog/commands/commandstest"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/candidate"
	"github.com/hirelog/hirelog/domain/personal"
	"github.com/hirelog/hirelog/internal/eventlog"
)

func named(text personal.Plain) *personal.Plain { return &text }

// A person is recognised by the address they have now, and not by the one they
// had. It holds S2-06 and S2-18.
func TestAChangedAddressIsRecognised(t *testing.T) {
	t.Parallel()
	c := commandstest.Found(t, nil)
	old, moved := someone(), someone()
	first := c.ReceiveOne(t, old)
	commandstest.Must(c.EditCandidate(t.Context(), c.As(c.Recruiter), commands.EditCandidate{Application: first, Email: &moved}))
	if _, err := c.Receive(t.Context(), c.As(c.Recruiter), receive(c.Job, moved)); !errors.Is(err, application.ErrDuplicate) {
		t.Errorf("the new address: %v, want ErrDuplicate", err)
	}
	other := c.ReceiveOne(t, old) // of somebody else, who has the address now
	_, err := c.EditCandidate(t.Context(), c.As(c.Recruiter), commands.EditCandidate{Application: other, Email: &moved, Phone: named("+1")})
	if !errors.Is(err, candidate.ErrAddressTaken) {
		t.Errorf("the address of another: %v, want ErrAddressTaken", err)
	}
	if _, err := c.Receive(t.Context(), c.As(c.Recruiter), receive(c.Job, old)); !errors.Is(err, application.ErrDuplicate) {
		t.Errorf("after that they still have their own: %v, want ErrDuplicate", err)
	}
}

// What is so already is not written, whoever says it again.
func TestAnEditWritesWhatChanges(t *testing.T) {
	t.Parallel()
	c := commandstest.Found(t, nil)
	app := c.ReceiveOne(t, someone())
	cmd := commands.EditCandidate{Application: app, Birthday: named("1990-02-28"), Location: named("Lisbon")}
	by := c.As(c.Recruiter)
	first := commandstest.Must(c.EditCandidate(t.Context(), by, cmd))
	written := c.All(t)
	by.MayBeRepeated = true
	if again, err := c.EditCandidate(t.Context(), by, cmd); err != nil || !again.Repeated || again.Revision != first.Revision {
		t.Errorf("given again: %+v, %v", again, err)
	}
	if again, err := c.EditCandidate(t.Context(), c.As(c.Admin), cmd); err != nil || !again.Unchanged {
		t.Errorf("as another command: %+v, %v", again, err)
	}
	if n := c.All(t) - written; n != 0 {
		t.Errorf("%d events were written", n)
	}
	cmd.Location = named("Porto")
	commandstest.Must(c.EditCandidate(t.Context(), c.As(c.Recruiter), cmd))
	e := last(t, c, first.Stream).(candidate.AttributesChanged)
	if len(e.Attributes) != 1 || e.Attributes[0].Attribute != candidate.Location {
		t.Errorf("written %v, want the location alone", e.Attributes)
	}
}

// last returns the last event of a candidate's stream.
func last(t *testing.T, c *commandstest.Company, stream string) candidate.Event {
	t.Helper()
	var e candidate.Event
	for rec, err := range c.Memory.ReadStream(t.Context(), stream, 0, eventlog.Forwards) {
		if err != nil {
			t.Fatal(err)
		}
		if e, err = candidate.Codec.Decode(rec.Type, rec.Data); err != nil {
			t.Fatal(err)
		}
	}
	return e
}

// Each attribute needs edit on its area. It holds S2-20.
func TestEditRightsByAttribute(t *testing.T) {
	t.Parallel()
	c := newCast(t, false)
	app := c.ReceiveOne(t, someone())
	member := c.holdsAreas(t, map[access.Area]access.Level{access.Application: access.View, access.Profile: access.Edit, access.Sensitive: access.View})
	for name, tt := range map[string]struct {
		cmd  commands.EditCandidate
		want error
	}{
		"of the profile":              {commands.EditCandidate{Phone: named("+1 555")}, nil},
		"sensitive":                   {commands.EditCandidate{Gender: named("woman")}, commands.ErrDenied},
		"of the salary":               {commands.EditCandidate{SalaryExpectation: named("65,000 EUR")}, commands.ErrDenied},
		"some of which is the latter": {commands.EditCandidate{Phone: named("+1 556"), SalaryExpectation: named("1")}, commands.ErrDenied},
		"nothing":                     {commands.EditCandidate{}, nil},
	} {
		tt.cmd.Application = app
		if _, err := c.EditCandidate(t.Context(), c.As(member), tt.cmd); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", name, err, tt.want)
		}
	}
}
