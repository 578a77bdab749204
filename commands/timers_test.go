package commands_test

import (
	"errors"
	"testing"
	"time"

	"github.com/hirelog/hirelog/commands"
	"github.com/hirelog/hirelog/commands/commandstest"
)

// What time brings is not for people to say (H3).
func TestOnlyTheSystemLetsTimePass(t *testing.T) {
	t.Parallel()
	c := commandstest.Found(t, nil)
	id := c.ReceiveOne(t, "cleo@example.org")
	for _, member := range []string{c.Admin, c.Recruiter} {
		if _, err := c.DiscloseOutcome(t.Context(), c.As(member), id); !errors.Is(err, commands.ErrDenied) {
			t.Errorf("disclosed: %v", err)
		}
		if _, err := c.RemindOfDocument(t.Context(), c.As(member), id, "d"); !errors.Is(err, commands.ErrDenied) {
			t.Errorf("reminded: %v", err)
		}
	}
	system := c.As(c.Admin)
	system.Actor, system.At = "system", time.Now().Add(48*time.Hour)
	if got, err := c.DiscloseOutcome(t.Context(), system, id); err != nil || !got.Unchanged {
		t.Errorf("nothing to disclose: %+v, %v", got, err)
	}
	commandstest.Must(c.Disqualify(t.Context(), c.As(c.Recruiter), commands.Disqualify{Application: id, Kind: "rejected", Reason: commands.FirstReason("Not enough experience")}))
	if got, err := c.DiscloseOutcome(t.Context(), system, id); err != nil || got.Unchanged {
		t.Errorf("disclosed: %+v, %v", got, err)
	}
	if got, err := c.DiscloseOutcome(t.Context(), system, id); err != nil || !got.Repeated {
		t.Errorf("again: %+v, %v", got, err)
	}
}
