package bulk

import (
	"slices"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/personal"
)

// UndoStarted records that what the action changed is to be taken back.
type UndoStarted struct {
	domain.Stamp
	Reason personal.Text `json:"reason"`
	Items  int           `json:"items"` // how many it changed
}

// EventName implements domain.Fact.
func (UndoStarted) EventName() string { return "bulk.undo_started.v1" }

func (e UndoStarted) evolve(b Bulk) Bulk {
	b.UndoBy, b.UndoReason = e.By, e.Reason
	return b
}

// Undo decides that what the action changed is taken back, as far as it is
// still as the action left it. An action that changed nothing needs none.
// Errors: ErrUnknown, ErrRunning, ErrForGood, domain.ErrInvalid.
func (b Bulk) Undo(reason personal.Text, s domain.Stamp) ([]Event, error) {
	switch {
	case b.By == "":
		return nil, ErrUnknown
	case b.UndoBy != "":
		return nil, nil
	case b.Running():
		return nil, ErrRunning
	case b.Action.Kind == Anonymise:
		return nil, ErrForGood
	case reason.IsZero():
		return nil, domain.ErrInvalid.Because("To undo a bulk action takes a reason.")
	case len(b.Changed) == 0:
		return nil, nil
	}
	return []Event{UndoStarted{Stamp: s, Reason: reason, Items: len(b.Changed)}}, nil
}

// Reversal is what became of taking the change of one application back.
type Reversal struct {
	Item   int    `json:"item"` // place
	Result Result `json:"result"`
	Code   string `json:"code,omitempty"` // why it was not taken back
}

// ItemsUndone records how taking back went with some applications.
type ItemsUndone struct {
	domain.Stamp
	Reversals []Reversal `json:"reversals"` // in the order of the items
	Left      int        `json:"left"`      // how many come after them
}

// EventName implements domain.Fact.
func (ItemsUndone) EventName() string { return "bulk.items_undone.v1" }

func (e ItemsUndone) evolve(b Bulk) Bulk {
	b.Reversals = slices.Concat(b.Reversals, e.Reversals)
	return b
}

// RecordUndone notes how taking back went with the next applications. What was
// noted already is no event.
// Errors: ErrUnknown, domain.ErrInvalid.
func (b Bulk) RecordUndone(reversals []Reversal, s domain.Stamp) ([]Event, error) {
	switch {
	case b.UndoBy == "":
		return nil, ErrUnknown
	case len(reversals) == 0:
		return nil, nil
	}
	done := len(b.Reversals)
	if i := slices.Index(b.Changed, reversals[0].Item); i >= 0 && i < done {
		return nil, nil
	}
	if done+len(reversals) > len(b.Changed) {
		return nil, domain.ErrInvalid.Because("Outcomes are noted in the order of the applications.")
	}
	for i, r := range reversals {
		if r.Item != b.Changed[done+i] || !r.Result.valid() {
			return nil, domain.ErrInvalid.Because("Outcomes are noted in the order of the applications.")
		}
	}
	return []Event{ItemsUndone{Stamp: s, Reversals: slices.Clone(reversals), Left: len(b.Changed) - done - len(reversals)}}, nil
}
