package bulk_test

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/bulk"
	"github.com/hirelog/hirelog/domain/domaintest"
	"github.com/hirelog/hirelog/domain/personal"
)

type (
	events = []bulk.Event
	when   = func(bulk.Bulk) ([]bulk.Event, error)
	row    = domaintest.Case[bulk.Bulk, bulk.Event]
)

var (
	s      = domaintest.By(domain.Member("m1"))
	due    = s.At.AddDate(0, 0, 7)
	reason = personal.Sealed([]byte("sealed reason"))
	move   = bulk.Action{Kind: bulk.Move, Stage: "s2"}

	started = bulk.Started{Stamp: s, Action: move, Items: []string{"a", "b", "c"}}
	first   = bulk.ItemsDone{Stamp: s, Outcomes: []bulk.Outcome{{Result: bulk.Changed, Revision: 4}, {Result: bulk.Refused, Code: "denied"}}, Left: 1}
	rest    = bulk.ItemsDone{Stamp: s, From: 2, Outcomes: []bulk.Outcome{{Result: bulk.Changed, Revision: 1}}}
	undoing = bulk.UndoStarted{Stamp: s, Reason: reason, Items: 2}
	erasing = bulk.Started{Stamp: s, Action: bulk.Action{Kind: bulk.Anonymise}, Items: []string{"a", "b", "c"}}
	undone  = bulk.ItemsUndone{Stamp: s, Reversals: []bulk.Reversal{{Item: 0, Result: bulk.Changed}}, Left: 1}
)

func TestStored(t *testing.T) {
	text := personal.Sealed([]byte("sealed text"))
	domaintest.Stored[bulk.Event](
		t, "bulk", bulk.Codec,
		bulk.Started{Stamp: s, Items: []string{"a", "b"}, Action: bulk.Action{
			Kind: bulk.RequestDocument, Stage: "s2", From: "s1", As: application.Rejected, Reason: "r1", Tag: "t1", Owner: "m1", Job: "j2",
			Document: &bulk.Document{Category: access.CV, Formats: []application.Format{"pdf"}, MaxMiB: 5, MaxFiles: 2, DueAt: &due}, Title: text, Text: text,
			Letter: &bulk.Letter{Template: "t2", Subject: text, Text: text, SendAt: &due, LeaveOutTold: true},
		}},
		bulk.ItemsDone{Stamp: s, From: 2, Outcomes: []bulk.Outcome{{Result: bulk.Changed, Code: "none", Revision: 4}}, Left: 3},
		undoing,
		bulk.ItemsUndone{Stamp: s, Reversals: []bulk.Reversal{{Item: 2, Result: bulk.Refused, Code: "changed_since"}}, Left: 1},
	)
}

// E14: an action is about up to 10,000 applications, each of them once.
func TestStart(t *testing.T) {
	start := func(a bulk.Action, items ...string) when {
		return func(b bulk.Bulk) ([]bulk.Event, error) { return b.Start(a, items, s) }
	}
	many := make([]string, bulk.MaxItems+1)
	for i := range many {
		many[i] = string(rune('a'+i%26)) + time.Duration(i).String()
	}
	letter := func(l bulk.Letter) bulk.Action { return bulk.Action{Kind: bulk.Message, Letter: &l} }
	cases := []row{
		{Name: "it is started", When: start(move, "a", "b", "c"), Want: events{started}},
		{Name: "once", Given: events{started}, When: start(move, "d")},
		{Name: "to nothing", When: start(move), Err: bulk.ErrNothing},
		{Name: "twice to one", When: start(move, "a", "a"), Err: domain.ErrInvalid, Says: "each application once"},
		{Name: "to too many", When: start(move, many...), Err: bulk.ErrTooMany},
		{Name: "a message without a text", When: start(letter(bulk.Letter{Subject: reason}), "a"), Err: domain.ErrInvalid, Says: "all it needs"},
		{Name: "who was told is left out by template", When: start(letter(bulk.Letter{Subject: reason, Text: reason, LeaveOutTold: true}), "a"), Err: domain.ErrInvalid, Says: "all it needs"},
		{Name: "something else", When: start(bulk.Action{Kind: "hire"}, "a"), Err: domain.ErrInvalid, Says: "no such bulk action"},
	}
	for _, kind := range []bulk.Kind{bulk.Move, bulk.Disqualify, bulk.Requalify, bulk.Tag, bulk.Untag, bulk.RequestDocument, bulk.SetOwner, bulk.Message, bulk.Transfer} {
		cases = append(cases, row{Name: string(kind) + " without saying what", When: start(bulk.Action{Kind: kind}, "a"), Err: domain.ErrInvalid, Says: "all it needs"})
	}
	domaintest.Run(t, bulk.Bulk.Fold, cases...)
}

func TestRecord(t *testing.T) {
	record := func(from int, outcomes ...bulk.Outcome) when {
		return func(b bulk.Bulk) ([]bulk.Event, error) { return b.Record(from, outcomes, s) }
	}
	ok := bulk.Outcome{Result: bulk.Unchanged}
	domaintest.Run(t, bulk.Bulk.Fold, []row{
		{Name: "the first", Given: events{started}, When: record(0, first.Outcomes...), Want: events{first}},
		{Name: "the rest", Given: events{started, first}, When: record(2, rest.Outcomes...), Want: events{rest}},
		{Name: "again", Given: events{started, first}, When: record(0, first.Outcomes...)},
		{Name: "none", Given: events{started}, When: record(0)},
		{Name: "out of order", Given: events{started}, When: record(1, ok), Err: domain.ErrInvalid, Says: "in the order"},
		{Name: "too many", Given: events{started, first}, When: record(2, ok, ok), Err: domain.ErrInvalid, Says: "in the order"},
		{Name: "of another kind", Given: events{started}, When: record(0, bulk.Outcome{Result: "lost"}), Err: domain.ErrInvalid, Says: "no such outcome"},
		{Name: "of nothing", When: record(0, ok), Err: bulk.ErrUnknown},
	}...)
}

// E3: one undo takes the whole back, once it is over.
func TestUndo(t *testing.T) {
	undo := func(reason personal.Text) when {
		return func(b bulk.Bulk) ([]bulk.Event, error) { return b.Undo(reason, s) }
	}
	record := func(reversals ...bulk.Reversal) when {
		return func(b bulk.Bulk) ([]bulk.Event, error) { return b.RecordUndone(reversals, s) }
	}
	over := events{started, first, rest}
	nothing := bulk.ItemsDone{Stamp: s, Outcomes: []bulk.Outcome{{Result: bulk.Refused}, {Result: bulk.Refused}, {Result: bulk.Unchanged}}}
	domaintest.Run(t, bulk.Bulk.Fold, []row{
		{Name: "of the whole", Given: over, When: undo(reason), Want: events{undoing}},
		{Name: "once", Given: slices.Concat(over, events{undoing}), When: undo(reason)},
		{Name: "while it runs", Given: events{started, first}, When: undo(reason), Err: bulk.ErrRunning},
		{Name: "without a reason", Given: over, When: undo(personal.Text{}), Err: domain.ErrInvalid, Says: "takes a reason"},
		{Name: "of what changed nothing", Given: events{started, nothing}, When: undo(reason)},
		{Name: "of nothing", When: undo(reason), Err: bulk.ErrUnknown},
		{Name: "of an erasure", Given: events{erasing, first, rest}, When: undo(reason), Err: bulk.ErrForGood},
		{Name: "is noted", Given: slices.Concat(over, events{undoing}), When: record(undone.Reversals...), Want: events{undone}},
		{Name: "is noted once", Given: slices.Concat(over, events{undoing, undone}), When: record(undone.Reversals...)},
		{Name: "is noted in order", Given: slices.Concat(over, events{undoing}), When: record(bulk.Reversal{Item: 2, Result: bulk.Changed}), Err: domain.ErrInvalid, Says: "in the order"},
		{Name: "is not noted of what was not changed", Given: slices.Concat(over, events{undoing, undone}), When: record(bulk.Reversal{Item: 2, Result: bulk.Changed}, bulk.Reversal{Item: 1}), Err: domain.ErrInvalid, Says: "in the order"},
		{Name: "is not noted before", Given: over, When: record(undone.Reversals...), Err: bulk.ErrUnknown},
		{Name: "none is noted", Given: slices.Concat(over, events{undoing}), When: record()},
	}...)
}

// What the action changed counts as changed since only when that itself did.
func TestTouches(t *testing.T) {
	for _, tt := range []struct {
		action bulk.Action
		event  application.Event
		want   bool
	}{
		{move, application.StageMoved{}, true},
		{move, application.MoveUndone{}, true},
		{move, application.TagAdded{}, false},
		{move, application.Anonymised{}, true},
		{bulk.Action{Kind: bulk.Disqualify}, application.Requalified{}, true},
		{bulk.Action{Kind: bulk.Requalify}, application.Disqualified{}, true},
		{bulk.Action{Kind: bulk.Disqualify}, application.ReasonChanged{}, true},
		{bulk.Action{Kind: bulk.Disqualify}, application.StageMoved{}, false},
		{bulk.Action{Kind: bulk.Tag, Tag: "t1"}, application.TagRemoved{Tag: "t1"}, true},
		{bulk.Action{Kind: bulk.Untag, Tag: "t1"}, application.TagAdded{Tag: "t1"}, true},
		{bulk.Action{Kind: bulk.Tag, Tag: "t1"}, application.TagRemoved{Tag: "t2"}, false},
		{bulk.Action{Kind: bulk.SetOwner}, application.OwnerSet{}, true},
		{bulk.Action{Kind: bulk.RequestDocument}, application.DocumentUploaded{Document: "d1"}, true},
		{bulk.Action{Kind: bulk.RequestDocument}, application.DocumentCancelled{Document: "d1"}, true},
		{bulk.Action{Kind: bulk.RequestDocument}, application.DocumentUploaded{Document: "d2"}, false},
	} {
		if got := tt.action.Touches(tt.event, "d1"); got != tt.want {
			t.Errorf("%s and %s: %v", tt.action.Kind, tt.event.EventName(), got)
		}
	}
}

func ask(t *rapid.T, s domain.Stamp) when {
	items := rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "c", "d"}), 0, 4).Draw(t, "items")
	action := rapid.SampledFrom([]bulk.Action{move, {Kind: bulk.Tag}, {Kind: bulk.SetOwner, Owner: "m2"}, {Kind: bulk.Anonymise}, {Kind: "other"}}).Draw(t, "action")
	from, n := rapid.IntRange(0, 4).Draw(t, "from"), rapid.IntRange(0, 2).Draw(t, "n")
	outcomes, reversals := make([]bulk.Outcome, n), make([]bulk.Reversal, n)
	for i := range n {
		result := rapid.SampledFrom([]bulk.Result{bulk.Changed, bulk.Changed, bulk.Unchanged, bulk.Refused}).Draw(t, "result")
		outcomes[i], reversals[i] = bulk.Outcome{Result: result}, bulk.Reversal{Item: from + i, Result: result}
	}
	return rapid.SampledFrom([]when{
		func(b bulk.Bulk) ([]bulk.Event, error) { return b.Start(action, items, s) },
		func(b bulk.Bulk) ([]bulk.Event, error) { return b.Record(from, outcomes, s) },
		func(b bulk.Bulk) ([]bulk.Event, error) { return b.Undo(reason, s) },
		func(b bulk.Bulk) ([]bulk.Event, error) { return b.RecordUndone(reversals, s) },
	}).Draw(t, "command")
}

func TestRandom(t *testing.T) {
	domaintest.Aggregate[bulk.Bulk, bulk.Event]{
		Codec: bulk.Codec, Fold: bulk.Bulk.Fold, Ask: ask, Given: []bulk.Event{started},
		Holds: func(before bulk.Bulk, e bulk.Event, after bulk.Bulk) string {
			switch {
			case after.By == "":
				return "something happened to nothing"
			case before.By != "" && (before.By != after.By || !slices.Equal(before.Items, after.Items)):
				return "it was started twice"
			case len(after.Outcomes) > len(after.Items):
				return "more outcomes than applications"
			case len(after.Outcomes) < len(before.Outcomes) || len(after.Reversals) < len(before.Reversals):
				return "an outcome was lost"
			case len(after.Reversals) > len(after.Changed):
				return "what was not changed was taken back"
			case after.UndoBy != "" && after.Action.Kind == bulk.Anonymise:
				return "an erasure was undone"
			case after.UndoBy != "" && after.Running():
				return "it was undone before it was over"
			}
			for i, r := range after.Reversals {
				if r.Item != after.Changed[i] || after.Outcomes[r.Item].Result != bulk.Changed {
					return "what was not changed was taken back"
				}
			}
			return ""
		},
	}.Random(t)
}

func FuzzDecode(f *testing.F) {
	domaintest.Fuzz(f, bulk.Codec, bulk.Bulk.Fold, events{started, first, rest, undoing}, func(b bulk.Bulk) {
		_, _ = b.Start(move, []string{"a"}, s)
		_, _ = b.Record(len(b.Outcomes), []bulk.Outcome{{Result: bulk.Changed}}, s)
		_, _ = b.Undo(reason, s)
		_, _ = b.RecordUndone([]bulk.Reversal{{Result: bulk.Changed}}, s)
	})
}
