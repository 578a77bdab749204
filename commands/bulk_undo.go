package commands

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/bulk"
	"github.com/hirelog/hirelog/domain/personal"
	"github.com/hirelog/hirelog/internal/eventlog"
)

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
	switch b.Action.Kind { //nolint:exhaustive // of the others the application's own history says what came after
	case bulk.Transfer:
		return c.assignBack(ctx, by, item, reason)
	case bulk.Message:
		return c.takeMessageBack(ctx, by, b.Action.Letter, item, itemID(id, "item", item))
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
	case bulk.Message, bulk.Transfer, bulk.Anonymise:
		// Taken back before, by takeMessageBack and assignBack; or never.
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

// assignBack assigns what item goes on as back to the job of item, unless somebody
// went on from it there. It has the stage and the member responsible for it that
// item had, as far as they can still be had.
func (c *Commands) assignBack(ctx context.Context, by Caller, item string, reason personal.Plain) (bulk.Outcome, error) {
	f, err := c.applications.read(ctx, c.log, item)
	if err != nil {
		return bulk.Outcome{}, err
	}
	before := f.state
	for range maxAttempts {
		_, received, err := c.arrivalID(ctx, by.withoutMatch())
		if err != nil {
			return bulk.Outcome{}, err
		}
		by.IfMatch = nil
		if !received.Repeated { // it is not back yet
			h, err := c.historyOf(ctx, before.To, 0, by.CommandID)
			if err != nil {
				return bulk.Outcome{}, err
			}
			if slices.ContainsFunc(h.after, goesOn) {
				return bulk.Outcome{Result: bulk.Refused, Code: changedSince}, nil
			}
			by.IfMatch = &h.at
		}
		answer, err := c.Transfer(ctx, by, Transfer{Application: before.To, Job: before.Job, Reason: reason})
		var stale *StaleError
		if errors.As(err, &stale) {
			continue // something happened in between: perhaps somebody went on from it
		}
		if err == nil {
			err = c.asBefore(ctx, by, answer.ID, before)
		}
		o, _, err := wentWith(answer, err)
		return o, err
	}
	return bulk.Outcome{}, fmt.Errorf("undo of %s: %w", item, eventlog.ErrConflict)
}

// goesOn reports whether an event is a step on the way to a decision, or a
// decision waits for what it says, so that what came before it is not taken back.
func goesOn(e application.Event) bool {
	switch e := e.(type) { //nolint:gochecksumtype // most events leave it where it is
	case application.InterviewScheduled:
		return e.First == "" // the others were taken along
	case application.OfferDrafted, application.OfferSent, application.OfferAccepted, application.EvaluationSubmitted, application.StageMoved, application.MoveUndone,
		application.Disqualified, application.Requalified, application.Hired, application.HireUndone, application.Transferred, application.Anonymised, application.Deleted:
		return true
	}
	return false
}

// asBefore gives an application the stage and the member responsible for it of an
// earlier one for its job. What cannot be so any more stays as it is.
func (c *Commands) asBefore(ctx context.Context, by Caller, id string, before application.Application) error {
	_, err := c.MoveStage(ctx, step(by, "stage"), MoveStage{Application: id, To: c.directory.Job(before.Job).Lands(before.Stage)})
	if err != nil && !refused(err) {
		return err
	}
	if before.Owner == "" {
		return nil
	}
	_, err = c.SetOwner(ctx, step(by, "owner"), SetOwner{Application: id, Owner: before.Owner})
	if err != nil && !refused(err) {
		return err
	}
	return nil
}
