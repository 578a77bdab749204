package commands

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/bulk"
	"github.com/hirelog/hirelog/domain/personal"
	"github.com/hirelog/hirelog/internal/eventlog"
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
	case bulk.Message:
		return BulkAction{Message: &BulkMessage{Letter: *letter, LeaveOutTold: a.Letter.LeaveOutTold}}, nil
	}
	return BulkAction{}, fmt.Errorf("bulk action of unknown kind %q", a.Kind)
}

// UndoBulk takes back what an action on many applications changed.
type UndoBulk struct {
	Bulk   string         `json:"-"`
	Reason personal.Plain `json:"reason" minLength:"1" maxLength:"4000" doc:"Why; shown in the timelines"`
}

// UndoBulk gives cmd: what is still as the action left it is taken back, by who
// asks for it and as they may; what is not is listed. Whoever started it may, and
// admins. Errors: those of bulk.Undo; bulk.ErrUnknown for others.
func (c *Commands) UndoBulk(ctx context.Context, caller Caller, cmd UndoBulk) (Answer, error) {
	reason, err := textOf("The reason", cmd.Reason, 1, application.MaxText, personal.Key{ID: undoKey(cmd.Bulk), Owner: cmd.Bulk})
	if err != nil {
		return Answer{}, err
	}
	return transact(ctx, c, c.bulks, cmd.Bulk, caller, decision[bulk.Bulk, bulk.Event]{
		may: func(b bulk.Bulk) error {
			role, err := c.role(caller)
			switch {
			case err != nil:
				return err
			case b.By == "", b.By != caller.Actor && role != access.Admin, role == "":
				return bulk.ErrUnknown
			}
			return nil
		},
		decide: func(b bulk.Bulk, s domain.Stamp) ([]bulk.Event, error) { return b.Undo(reason, s) },
	})
}

// undoStep takes the next changes back.
func (c *Commands) undoStep(ctx context.Context, caller Caller, id string, b bulk.Bulk) (Answer, error) {
	reason, err := c.reveal(ctx, b.UndoReason)
	if err != nil {
		return Answer{}, err
	}
	from := len(b.Reversals)
	items := b.Changed[from:min(from+bulkStep, len(b.Changed))]
	reversals := make([]bulk.Reversal, len(items))
	err = eachOf(ctx, len(items), func(ctx context.Context, i int) error {
		place := items[i]
		by := caller.forItem(b.UndoBy, itemID(id, "undo", b.Items[place]))
		o, err := c.takeBack(ctx, by, id, b, place, personal.Plain(reason))
		reversals[i] = bulk.Reversal{Item: place, Result: o.Result, Code: o.Code}
		return err
	})
	if err != nil {
		return Answer{}, err
	}
	return c.recordStep(ctx, caller, id, func(b bulk.Bulk, s domain.Stamp) ([]bulk.Event, error) { return b.RecordUndone(reversals, s) })
}

// changedSince is why a change is not taken back: somebody went on from it.
const changedSince = "changed_since"

// takeBack takes the change of one application back, unless that was changed
// since.
func (c *Commands) takeBack(ctx context.Context, by Caller, id string, b bulk.Bulk, place int, reason personal.Plain) (bulk.Outcome, error) {
	item := b.Items[place]
	if b.Action.Kind == bulk.Message {
		return c.takeMessageBack(ctx, by, item, Caller{CommandID: itemID(id, "item", item)}.newID("message"))
	}
	document := Caller{CommandID: itemID(id, "item", item)}.newID("document")
	for range maxAttempts {
		h, err := c.historyOf(ctx, item, eventlog.Revision(b.Outcomes[place].Revision), by.CommandID)
		if err != nil {
			return bulk.Outcome{}, err
		}
		if h.given {
			return bulk.Outcome{Result: bulk.Changed}, nil
		}
		for _, e := range h.after {
			if b.Action.Touches(e, document) {
				return bulk.Outcome{Result: bulk.Refused, Code: changedSince}, nil
			}
		}
		by.IfMatch = &h.at
		answer, err := c.compensate(ctx, by, b.Action, item, document, h, reason)
		var stale *StaleError
		if errors.As(err, &stale) {
			continue // something happened in between: perhaps this
		}
		o, _, err := wentWith(answer, err)
		return o, err
	}
	return bulk.Outcome{}, fmt.Errorf("undo of %s: %w", item, eventlog.ErrConflict)
}

// compensate gives the command that takes an action back.
func (c *Commands) compensate(ctx context.Context, by Caller, a bulk.Action, item, document string, h itemHistory, reason personal.Plain) (Answer, error) {
	switch a.Kind {
	case bulk.Move:
		return c.UndoMove(ctx, by, UndoMove{Application: item, From: a.Stage, Reason: reason})
	case bulk.Disqualify:
		return c.Requalify(ctx, by, Requalify{Application: item, Reason: reason})
	case bulk.Requalify:
		return c.Disqualify(ctx, by, Disqualify{Application: item, Kind: h.kind, Reason: h.reason, Note: reason})
	case bulk.Tag:
		return c.RemoveTag(ctx, by, RemoveTag{Application: item, Tag: a.Tag})
	case bulk.Untag:
		return c.putTag(ctx, by, item, a.Tag)
	case bulk.RequestDocument:
		return c.CancelDocument(ctx, by, CancelDocument{Application: item, Document: document})
	case bulk.SetOwner:
		return c.SetOwner(ctx, by, SetOwner{Application: item, Owner: h.owner})
	case bulk.Message:
		// Taken back before, by takeMessageBack: it is nothing of the application's.
	}
	return Answer{}, fmt.Errorf("bulk action of unknown kind %q", a.Kind)
}

// itemHistory is what an application was like before a change, and what happened
// after it.
type itemHistory struct {
	at     eventlog.Revision // of the last event
	owner  string            // before the change, as all below
	kind   application.Outcome
	reason string

	after []application.Event
	given bool // a command was given before
}

// historyOf reads what an application was like before the command whose last
// event is at changed, and what came after it; whether command undo is among that.
func (c *Commands) historyOf(ctx context.Context, id string, changed eventlog.Revision, undo uuid.UUID) (itemHistory, error) {
	h := itemHistory{at: eventlog.NoStream}
	for rec, err := range c.log.ReadStream(ctx, "application-"+id, 0, eventlog.Forwards) {
		if err != nil {
			return h, fmt.Errorf("read application %s: %w", id, err)
		}
		fact, err := application.Codec.Decode(rec.Type, rec.Data)
		if err != nil {
			return h, fmt.Errorf("application %s at %d: %w", id, rec.Revision, err)
		}
		h.at = rec.Revision
		if rec.Revision > changed {
			meta, err := rec.Meta()
			if err != nil {
				return h, err
			}
			h.given = h.given || meta.CommandID == undo
			h.after = append(h.after, fact)
			continue
		}
		switch e := fact.(type) { //nolint:gochecksumtype // most events leave it as it is
		case application.Received:
			h.owner = e.Owner
		case application.OwnerSet:
			if rec.Revision < changed {
				h.owner = e.Owner
			}
		case application.Disqualified:
			h.kind, h.reason = e.Kind, e.Reason
		case application.ReasonChanged:
			h.reason = e.Reason
		}
	}
	return h, nil
}
