// Package bulk holds actions on many applications at once: what is done, to
// which of them, by whom, and how it went with each. The ids are frozen when the
// action is started; every application decides for itself.
package bulk

import (
	"slices"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/personal"
)

// MaxItems is the most applications one action is about.
const MaxItems = 10_000

// Bulk is what decisions need of an action on many applications.
type Bulk struct {
	By       domain.Actor // who started it; none if nobody did
	Action   Action
	Items    []string  // applications
	Outcomes []Outcome // of the first of Items, in their order

	UndoBy     domain.Actor // who has it undone; none if nobody does
	UndoReason personal.Text
	Changed    []int      // places in Items of those it changed, once it is over
	Reversals  []Reversal // of the first of Changed, in their order
}

// Running reports whether there are applications it has not come to yet.
func (b Bulk) Running() bool { return len(b.Outcomes) < len(b.Items) }

// Undoing reports whether there are changes it is still to take back.
func (b Bulk) Undoing() bool { return b.UndoBy != "" && len(b.Reversals) < len(b.Changed) }

// Event is a fact about an action on many applications. Names and JSON fields
// are stored for ever; testdata/events pins them.
//
//sumtype:decl
type Event interface {
	domain.Fact
	evolve(Bulk) Bulk
}

// Codec reads and writes the events of actions on many applications.
var Codec = domain.NewCodec[Event](Started{}, ItemsDone{}, UndoStarted{}, ItemsUndone{})

// Fold returns b with events applied in order.
func (b Bulk) Fold(events ...Event) Bulk {
	for _, e := range events {
		b = e.evolve(b)
	}
	return b
}

// The rules that refuse.
var (
	ErrUnknown = &domain.Refusal{Kind: domain.Absent, Code: "unknown_bulk_action", Message: "There is no such bulk action."}
	ErrRunning = &domain.Refusal{Kind: domain.Illegal, Code: "bulk_action_running", Message: "The bulk action is not over yet."}
	ErrNothing = &domain.Refusal{Kind: domain.Invalid, Code: "bulk_action_empty", Message: "There are no applications to do it to."}
	ErrTooMany = &domain.Refusal{Kind: domain.Invalid, Code: "bulk_action_too_large", Message: "A bulk action is about at most 10000 applications."}
	ErrForGood = &domain.Refusal{Kind: domain.Illegal, Code: "cannot_be_undone", Message: "What was anonymised is gone; that cannot be undone."}
)

// Started records that something is to be done to applications.
type Started struct {
	domain.Stamp
	Action Action   `json:"action"`
	Items  []string `json:"items"`
}

// EventName implements domain.Fact.
func (Started) EventName() string { return "bulk.started.v1" }

func (e Started) evolve(b Bulk) Bulk {
	b.By, b.Action, b.Items = e.By, e.Action, e.Items
	return b
}

// Start decides that an action is done to applications, each once, in this
// order. Whether it can be done to any of them they decide themselves.
// Errors: ErrNothing, ErrTooMany, domain.ErrInvalid.
func (b Bulk) Start(action Action, items []string, s domain.Stamp) ([]Event, error) {
	if b.By != "" {
		return nil, nil
	}
	if err := action.check(); err != nil {
		return nil, err
	}
	seen := make(map[string]bool, len(items))
	for _, id := range items {
		if id == "" || seen[id] {
			return nil, domain.ErrInvalid.Because("A bulk action names each application once.")
		}
		seen[id] = true
	}
	switch {
	case len(items) == 0:
		return nil, ErrNothing
	case len(items) > MaxItems:
		return nil, ErrTooMany
	}
	return []Event{Started{Stamp: s, Action: action, Items: slices.Clone(items)}}, nil
}

// Result is how it went with one application.
type Result string

// How it may have gone.
const (
	Changed   Result = "changed"
	Unchanged Result = "unchanged" // all was so already
	Refused   Result = "refused"   // a rule said no
)

func (r Result) valid() bool { return r == Changed || r == Unchanged || r == Refused }

// Outcome is what became of one application.
type Outcome struct {
	Result   Result `json:"result"`
	Code     string `json:"code,omitempty"`     // of the refusal
	Revision int64  `json:"revision,omitempty"` // of the application with what was changed, or of the message that was written
}

// ItemsDone records how it went with some applications.
type ItemsDone struct {
	domain.Stamp
	From     int       `json:"from"`     // place of the first
	Outcomes []Outcome `json:"outcomes"` // in the order of the items
	Left     int       `json:"left"`     // how many come after them
}

// EventName implements domain.Fact.
func (ItemsDone) EventName() string { return "bulk.items_done.v1" }

func (e ItemsDone) evolve(b Bulk) Bulk {
	b.Outcomes = slices.Concat(b.Outcomes, e.Outcomes)
	if e.Left > 0 {
		return b
	}
	b.Changed = nil
	for i, o := range b.Outcomes {
		if o.Result == Changed {
			b.Changed = append(b.Changed, i)
		}
	}
	return b
}

// Record notes how it went with the applications from a place on. What was noted
// already is no event.
// Errors: ErrUnknown, domain.ErrInvalid.
func (b Bulk) Record(from int, outcomes []Outcome, s domain.Stamp) ([]Event, error) {
	switch {
	case b.By == "":
		return nil, ErrUnknown
	case from < len(b.Outcomes):
		return nil, nil
	case from > len(b.Outcomes), from+len(outcomes) > len(b.Items):
		return nil, domain.ErrInvalid.Because("Outcomes are noted in the order of the applications.")
	case len(outcomes) == 0:
		return nil, nil
	}
	for _, o := range outcomes {
		if !o.Result.valid() {
			return nil, domain.ErrInvalid.Because("There is no such outcome.")
		}
	}
	return []Event{ItemsDone{Stamp: s, From: from, Outcomes: slices.Clone(outcomes), Left: len(b.Items) - from - len(outcomes)}}, nil
}
