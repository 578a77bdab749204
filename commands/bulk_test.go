package commands_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/google/uuid"

	"github.com/hirelog/hirelog/commands"
	"github.com/hirelog/hirelog/commands/commandstest"
	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/bulk"
	"github.com/hirelog/hirelog/internal/eventlog"
)

// E14: wherever the process dies that runs a bulk action, or takes it back,
// another goes on, each application is changed once, and what was said stays in
// the applications alone.
func TestABulkActionGoesOnAfterACrash(t *testing.T) {
	if testing.Short() {
		t.Skip("dozens of crashes take a while")
	}
	t.Parallel()
	c := commandstest.Found(t, nil)
	dying := c.Start(t)
	system := func() commands.Caller {
		return commands.Caller{Actor: domain.System, CommandID: uuid.New(), MayBeRepeated: true, Origin: eventlog.Live}
	}
	// step has a step of the action run by a process that dies at n, then by another.
	step := func(id string, n int) bool {
		by := system()
		crashed, _, _ := dying.Crash(t, n, func(ctx context.Context) error {
			_, err := dying.RunBulk(ctx, by, id)
			return err
		})
		commandstest.Must(c.RunBulk(t.Context(), by, id))
		commandstest.Must(c.RunBulk(t.Context(), by, id)) // once more is nothing
		return crashed
	}
	for n, crashed := 1, true; crashed && !t.Failed(); n += 3 { // which step is which differs: some are at once
		a, b := c.ReceiveOne(t, someone()), c.ReceiveOne(t, someone())
		id := commandstest.Must(c.StartBulk(t.Context(), c.As(c.Recruiter), commands.StartBulk{
			Applications: []string{a, b, newID()}, Action: commands.BulkAction{Move: &commands.MoveStage{To: c.Stages[1].ID, Comment: "together"}},
		})).ID
		crashed = step(id, n)
		commandstest.Must(c.UndoBulk(t.Context(), c.As(c.Recruiter), commands.UndoBulk{Bulk: id, Reason: "a mistake"}))
		crashed = step(id, n) || crashed
		want := []string{"application.received.v1", "application.stage_moved.v1", "application.move_undone.v1"}
		for _, app := range []string{a, b} {
			if got := c.Events(t, "application-"+app); !slices.Equal(got, want) {
				t.Errorf("crash at step %d: %v, want %v", n, got, want)
			}
		}
		if got := c.Events(t, "bulk-"+id); !slices.Equal(got, []string{"bulk.started.v1", "bulk.items_done.v1", "bulk.undo_started.v1", "bulk.items_undone.v1"}) {
			t.Errorf("crash at step %d: the action says %v", n, got)
		}
		finish(t, c.Commands)
		c.CheckFinished(t)
		for _, text := range textsOfBulk(t, c, id) {
			opened, err := c.Vault.Open(t.Context(), text)
			if err != nil || !opened[0].Erased {
				t.Errorf("crash at step %d: a text of the action can still be read: %v", n, err)
			}
		}
	}
}

// textsOfBulk returns what an action says, sealed.
func textsOfBulk(t *testing.T, c *commandstest.Company, id string) [][]byte {
	t.Helper()
	var all [][]byte
	for rec, err := range c.Memory.ReadStream(t.Context(), "bulk-"+id, 0, eventlog.Forwards) {
		if err != nil {
			t.Fatal(err)
		}
		fact, err := bulk.Codec.Decode(rec.Type, rec.Data)
		if err != nil {
			t.Fatal(err)
		}
		switch e := fact.(type) { //nolint:gochecksumtype // the others say nothing
		case bulk.Started:
			all = append(all, e.Action.Text.Bytes())
		case bulk.UndoStarted:
			all = append(all, e.Reason.Bytes())
		}
	}
	if len(all) != 2 {
		t.Fatalf("the action says %d texts", len(all))
	}
	return all
}

// Only the system runs a bulk action, and what is not one is none.
func TestOnlyTheSystemRunsABulkAction(t *testing.T) {
	t.Parallel()
	c := commandstest.Found(t, nil)
	if _, err := c.RunBulk(t.Context(), c.As(c.Admin), newID()); !errors.Is(err, commands.ErrDenied) {
		t.Errorf("an admin: %v", err)
	}
	if _, err := c.RunBulk(t.Context(), commands.Caller{Actor: domain.System, CommandID: uuid.New(), Origin: eventlog.Live}, newID()); !errors.Is(err, bulk.ErrUnknown) {
		t.Errorf("of nothing: %v", err)
	}
}
