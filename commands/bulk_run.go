package commands

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/bulk"
	"github.com/hirelog/hirelog/domain/personal"
	"github.com/hirelog/hirelog/internal/vault"
)

// bulkStep is how many applications one step of an action is about: what a
// process that is killed looks at again.
const bulkStep = 100

// kindBulk is of the texts of an action that is over.
const kindBulk = "bulk"

// RunBulk takes an action on many applications, or its undoing, one step
// further. Only the system may. Whoever started it gives the commands: each has
// an id made of the action and the application, so that given again it changes
// nothing again. When all is done the action's own texts are destroyed; what
// they said is in the applications.
// Errors: bulk.ErrUnknown, ErrDenied; those that are no answer of an application,
// after which it is to be given again.
func (c *Commands) RunBulk(ctx context.Context, caller Caller, id string) (Answer, error) {
	if caller.Actor != domain.System {
		return Answer{}, ErrDenied
	}
	if err := c.directory.Check(); err != nil { // nobody is refused for what is not known yet
		return Answer{}, err
	}
	f, err := c.bulks.read(ctx, c.log, id)
	if err != nil {
		return Answer{}, err
	}
	b := f.state
	got, repeated := f.answer(caller.CommandID)
	switch {
	case b.By == "":
		return Answer{}, bulk.ErrUnknown
	case repeated:
		answer := Answer{Stream: "bulk-" + id, Revision: got.revision, Position: got.position, Repeated: true}
		return answer, c.forgetBulk(ctx, caller, id, b)
	case b.Running():
		return c.runStep(ctx, caller, id, b)
	case b.Undoing():
		return c.undoStep(ctx, caller, id, b)
	}
	return Answer{Stream: "bulk-" + id, Revision: f.revision, Position: f.position, Unchanged: true}, c.forgetBulk(ctx, caller, id, b)
}

// runStep does it to the next applications.
func (c *Commands) runStep(ctx context.Context, caller Caller, id string, b bulk.Bulk) (Answer, error) {
	action, err := c.revealed(ctx, b.Action)
	if err != nil {
		return Answer{}, err
	}
	from := len(b.Outcomes)
	items := b.Items[from:min(from+bulkStep, len(b.Items))]
	outcomes := make([]bulk.Outcome, len(items))
	err = eachOf(ctx, len(items), func(ctx context.Context, i int) error {
		answer, err := c.give(ctx, caller.forItem(b.By, itemID(id, "item", items[i])), action, items[i])
		outcomes[i], _, err = wentWith(answer, err)
		return err
	})
	if err != nil {
		return Answer{}, err
	}
	return c.recordStep(ctx, caller, id, func(b bulk.Bulk, s domain.Stamp) ([]bulk.Event, error) { return b.Record(from, outcomes, s) })
}

// recordStep notes how a step went.
func (c *Commands) recordStep(ctx context.Context, caller Caller, id string, decide func(bulk.Bulk, domain.Stamp) ([]bulk.Event, error)) (Answer, error) {
	var after bulk.Bulk
	answer, err := transact(ctx, c, c.bulks, id, caller, decision[bulk.Bulk, bulk.Event]{
		decide: func(b bulk.Bulk, s domain.Stamp) ([]bulk.Event, error) {
			events, err := decide(b, s)
			after = b.Fold(events...)
			return events, err
		},
	})
	if err != nil {
		return answer, err
	}
	return answer, c.forgetBulk(ctx, caller, id, after)
}

// eachOf does something for each of n, some at once.
func eachOf(ctx context.Context, n int, do func(context.Context, int) error) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(bulkWorkers)
	for i := range n {
		g.Go(func() error { return do(ctx, i) })
	}
	return g.Wait()
}

// itemID is the id of what an action does to an application.
func itemID(id, purpose, application string) uuid.UUID {
	return uuid.NewSHA1(uuid.MustParse(id), []byte(purpose+"/"+application))
}

// forItem returns the caller of the command for one application: whoever has it
// done.
func (c Caller) forItem(by domain.Actor, command uuid.UUID) Caller {
	c.IfMatch = nil
	c.Actor, c.CommandID, c.MayBeRepeated = by, command, true
	return c
}

// undoKey is the key of the reason for undoing an action.
func undoKey(id string) string {
	return uuid.NewSHA1(uuid.MustParse(id), []byte("undo")).String()
}

// forgetBulk destroys the texts of an action once they are not needed any more.
// Doing it again is nothing.
func (c *Commands) forgetBulk(ctx context.Context, caller Caller, id string, b bulk.Bulk) error {
	forget := func(key string) error {
		e := vault.Erasure{
			ID: uuid.NewSHA1(uuid.MustParse(key), []byte("erasure")), Kind: kindBulk, Subject: id, Keys: []string{key},
			Stream: "bulk-" + id, Actor: string(domain.System), CommandID: caller.CommandID, At: c.atOf(caller),
		}
		return c.erase(ctx, caller, e, nil)
	}
	if !b.Running() && (!b.Action.Text.IsZero() || !b.Action.Title.IsZero() || b.Action.Letter != nil) {
		if err := forget(id); err != nil {
			return err
		}
	}
	if b.UndoBy != "" && !b.Undoing() {
		return forget(undoKey(id))
	}
	return nil
}

// revealed returns an action as it was asked for.
func (c *Commands) revealed(ctx context.Context, a bulk.Action) (BulkAction, error) {
	said, err := c.reveal(ctx, a.Text)
	if err != nil {
		return BulkAction{}, err
	}
	title, err := c.reveal(ctx, a.Title)
	if err != nil {
		return BulkAction{}, err
	}
	letter, err := c.letter(ctx, a.Letter)
	if err != nil {
		return BulkAction{}, err
	}
	text := personal.Plain(said)
	switch a.Kind {
	case bulk.Move:
		return BulkAction{Move: &MoveStage{To: a.Stage, From: a.From, Comment: text}}, nil
	case bulk.Disqualify:
		return BulkAction{Disqualify: &Disqualify{Kind: a.As, Reason: a.Reason, Note: text, Message: letter}}, nil
	case bulk.Requalify:
		return BulkAction{Requalify: &Requalify{Reason: text}}, nil
	case bulk.Tag:
		return BulkAction{Tag: &BulkTag{Tag: a.Tag}}, nil
	case bulk.Untag:
		return BulkAction{Untag: &BulkTag{Tag: a.Tag}}, nil
	case bulk.RequestDocument:
		d := a.Document
		return BulkAction{RequestDocument: &RequestDocument{
			Title: personal.Plain(title), Description: text, Category: d.Category, Formats: d.Formats, MaxMiB: d.MaxMiB, MaxFiles: d.MaxFiles, DueAt: d.DueAt,
		}}, nil
	case bulk.SetOwner:
		return BulkAction{SetOwner: &SetOwner{Owner: a.Owner}}, nil
	case bulk.Transfer:
		return BulkAction{Transfer: &Transfer{Job: a.Job, Reason: text}}, nil
	case bulk.Anonymise:
		return BulkAction{Anonymise: &Anonymise{}}, nil
	case bulk.Message:
		return BulkAction{Message: &BulkMessage{Letter: *letter, LeaveOutTold: a.Letter.LeaveOutTold}}, nil
	}
	return BulkAction{}, fmt.Errorf("bulk action of unknown kind %q", a.Kind)
}
