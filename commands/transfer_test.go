package commands_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/hirelog/hirelog/commands"
	"github.com/hirelog/hirelog/commands/commandstest"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/message"
	"github.com/hirelog/hirelog/internal/eventlog"
)

// meanwhile is a log before which, once, as an event of a type is about to be
// written, somebody else does something.
type meanwhile struct {
	eventlog.Log
	event string
	do    func()
}

func (m *meanwhile) Append(ctx context.Context, stream string, expected eventlog.Revision, events []eventlog.NewEvent) (eventlog.Appended, error) {
	if do := m.do; do != nil && slices.ContainsFunc(events, func(e eventlog.NewEvent) bool { return e.Type == m.event }) {
		m.do = nil
		do()
	}
	return m.Log.Append(ctx, stream, expected, events)
}

// S2-93: a message that is written while an application goes on as another one leaves
// for that, whichever of the two is recorded first; it is given to that one alone, and
// written once.
func TestAMessageWrittenDuringATransferGoesAlong(t *testing.T) {
	t.Parallel()
	for name, first := range map[string]string{"before it is closed": (application.Transferred{}).EventName(), "after it is closed": (message.Written{}).EventName()} {
		c := commandstest.Found(t, nil)
		old, other := c.ReceiveOne(t, someone()), c.OpenOne(t, "Another")
		later := time.Now().AddDate(0, 0, 1)
		by := c.As(c.Recruiter)
		write := func(p *commands.Commands) commands.Answer {
			return commandstest.Must(p.WriteMessage(t.Context(), by, commands.WriteMessage{Application: old, Letter: commands.Letter{Subject: "Later", Text: "Soon", SendAt: &later}}))
		}
		var next, written commands.Answer
		transfer := func(p *commands.Commands) {
			next = commandstest.Must(p.Transfer(t.Context(), c.As(c.Recruiter), commands.Transfer{Application: old, Job: other}))
		}
		log := &meanwhile{Log: c.Memory, event: first}
		if first == (message.Written{}).EventName() {
			log.do = func() { transfer(c.Commands) }
			written = write(c.Process(log))
		} else {
			log.do = func() { written = write(c.Commands) }
			transfer(c.Process(log))
		}
		if log.do != nil {
			t.Fatalf("%s: nothing happened meanwhile", name)
		}
		if m := c.State(t).Messages[written.ID]; m.Application != next.ID || m.Job != other || m.Status != message.IsScheduled {
			t.Errorf("written %s it is %+v, want it for %s", name, m, next.ID)
		}
		owned(t, c, written.ID, next.ID)
		all := c.All(t)
		if again := write(c.Process(c.Memory)); !again.Repeated || again.ID != written.ID || c.All(t) != all {
			t.Errorf("given again: %+v", again)
		}
	}
}
