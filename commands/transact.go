package commands

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"
	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/internal/eventlog"
	"github.com/hirelog/hirelog/internal/tracing"
	"github.com/hirelog/hirelog/internal/vault"
)

// maxAttempts is how often one command is decided when other writers keep
// getting in first.
const maxAttempts = 10

// remembered is how many commands a fold remembers the answers of. An older
// one is looked for in the stream itself.
const remembered = 64

// aggregate is what transact needs to know of one kind of stream.
type aggregate[S any, E domain.Fact] struct {
	category string // stream names are category-id
	codec    domain.Codec[E]
	fold     func(S, ...E) S
	folds    *lru.Cache[string, folded[S]] // by stream; values are never changed
}

func newAggregate[S any, E domain.Fact](category string, codec domain.Codec[E], fold func(S, ...E) S, size int) *aggregate[S, E] {
	folds, err := lru.New[string, folded[S]](size)
	if err != nil {
		panic(err) // size is positive
	}
	return &aggregate[S, E]{category: category, codec: codec, fold: fold, folds: folds}
}

// folded is a stream folded up to a revision. It is a value: changing a copy
// leaves the one in the cache alone.
type folded[S any] struct {
	state    S
	revision eventlog.Revision
	position eventlog.Position // of the event at revision
	at       time.Time         // when that event happened
	answers  []answered        // of the last commands, oldest first; replaced, never written to
	forgot   bool              // commands older than answers exist
}

// answered is the last event one command wrote.
type answered struct {
	command  uuid.UUID
	revision eventlog.Revision
	position eventlog.Position
}

func (f folded[S]) answer(command uuid.UUID) (answered, bool) {
	for i := len(f.answers) - 1; i >= 0; i-- {
		if f.answers[i].command == command {
			return f.answers[i], true
		}
	}
	return answered{}, false
}

// with returns f after one more event.
func (f folded[S]) with(state S, command uuid.UUID, rev eventlog.Revision, pos eventlog.Position, at time.Time) folded[S] {
	f.state, f.revision, f.position, f.at = state, rev, pos, at
	answers := f.answers
	if n := len(answers); n > 0 && answers[n-1].command == command {
		answers = answers[:n-1]
	} else if n >= remembered {
		answers, f.forgot = answers[1:], true
	}
	f.answers = append(answers[:len(answers):len(answers)], answered{command, rev, pos})
	return f
}

// answering returns f with the answers of events that were read. Only the last
// ones are looked at: a history may be long.
func (f folded[S]) answering(read []eventlog.Event) (folded[S], error) {
	if len(read) == 0 {
		return f, nil
	}
	latest := make([]answered, 0, remembered) // newest first
	for i := len(read) - 1; i >= 0; i-- {
		meta, err := read[i].Meta()
		if err != nil {
			return f, fmt.Errorf("%d: %w", read[i].Revision, err)
		}
		if n := len(latest); n > 0 && latest[n-1].command == meta.CommandID {
			continue
		}
		if len(latest) == remembered {
			f.answers, f.forgot = nil, true
			break
		}
		latest = append(latest, answered{meta.CommandID, read[i].Revision, read[i].Position})
	}
	earlier := f.answers
	if n := len(earlier); n > 0 && earlier[n-1].command == latest[len(latest)-1].command {
		earlier = earlier[:n-1] // the rest of that command
	}
	if surplus := len(earlier) + len(latest) - remembered; surplus > 0 {
		earlier, f.forgot = earlier[surplus:], true
	}
	slices.Reverse(latest)
	f.answers = slices.Concat(earlier, latest)
	return f, nil
}

// StaleError says that a stream is not at the revision the caller named.
type StaleError struct {
	Stream   string
	Expected eventlog.Revision
	Actual   eventlog.Revision
	Between  []Happened // what happened after Expected, oldest first, at most 50
}

// Happened is one event between the revision a caller saw and now.
type Happened struct {
	Revision eventlog.Revision `json:"revision"`
	Type     string            `json:"type"`
	At       time.Time         `json:"at"`
	By       domain.Actor      `json:"by"`
}

func (e *StaleError) Error() string {
	return fmt.Sprintf("%s is at revision %d, not %d", e.Stream, e.Actual, e.Expected)
}

// decision is what one command does to one stream.
type decision[S any, E domain.Fact] struct {
	// may refuses callers who may not give the command; nil lets everybody. It
	// comes before anything that would tell them something.
	may func(S) error
	// decide returns what happens. It may be called several times, each time on
	// fresher state, and must have no side effects.
	decide func(S, domain.Stamp) ([]E, error)
	// prepare, if set, runs after decide found something to append and before
	// the append, on each attempt, and only on the newest state: what it does may
	// be for good. Its error ends the command.
	prepare func(context.Context, S) error
}

// transact folds stream id, decides, and appends at the revision it folded.
// When another writer got in between it decides again on what that writer left
// behind, unless the caller named a revision. A refusal or a no-op from a
// cached fold is decided again after reading the stream's tail, so that nobody
// is refused for what is no longer so. A command that was perhaps given before
// is decided on the newest state from the start.
//
// An append whose outcome is not known ends in eventlog.ErrUnavailable: giving
// the command again with the same id finds what it wrote, or writes it.
//
// Errors: refusals; *StaleError; eventlog.ErrConflict after maxAttempts; those
// of the log and of the vault.
func transact[S any, E domain.Fact](ctx context.Context, c *Commands, a *aggregate[S, E], id string, caller Caller, d decision[S, E]) (answer Answer, err error) {
	stream := a.category + "-" + id
	f, cached := a.folds.Get(stream)
	ctx, span := tracing.Span(ctx, "transact "+a.category)
	t := Transacted{Category: a.category, Cached: cached, hidden: caller.hidden()}
	defer func() { c.observe(span, t, answer, f.revision, err) }()
	fresh := !cached
	if !cached {
		f.revision = eventlog.NoStream
		if f, err = a.catchUp(ctx, c.log, stream, f); err != nil {
			return Answer{}, err
		}
	}
	for ; ; t.Again++ {
		answer, done, err := a.attempt(ctx, c, stream, f, fresh, caller, d)
		switch {
		case done:
			return answer, err
		case t.Again+1 >= maxAttempts:
			return Answer{}, fmt.Errorf("%s: %d attempts: %w", stream, maxAttempts, eventlog.ErrConflict)
		case errors.Is(err, errOthers):
			t.Conflicts++
		}
		if f, err = a.catchUp(ctx, c.log, stream, f); err != nil {
			return Answer{}, err
		}
		fresh = true
	}
}

// errOthers means that somebody else wrote to the stream first.
var errOthers = errors.New("others have written")

// attempt decides once on f. done is false when the stream must be read further
// first: because f may be old, or, with errOthers, because it is.
func (a *aggregate[S, E]) attempt(ctx context.Context, c *Commands, stream string, f folded[S], fresh bool, caller Caller, d decision[S, E]) (answer Answer, done bool, err error) {
	if got, ok := f.answer(caller.CommandID); ok {
		return Answer{Stream: stream, Revision: got.revision, Position: got.position, Repeated: true}, true, nil
	}
	if f.forgot && caller.MayBeRepeated && fresh {
		got, ok, err := a.search(ctx, c.log, stream, caller.CommandID)
		if err != nil || ok {
			return Answer{Stream: stream, Revision: got.revision, Position: got.position, Repeated: true}, true, err
		}
	}
	if d.may != nil {
		if err := d.may(f.state); err != nil {
			return Answer{}, fresh, err
		}
	}
	if m := caller.IfMatch; m != nil && *m != f.revision {
		if !fresh {
			return Answer{}, false, nil
		}
		return Answer{}, true, c.stale(ctx, stream, *m, f.revision)
	}
	events, err := d.decide(f.state, c.stamp(caller, f.at))
	if err != nil || len(events) == 0 {
		return Answer{Stream: stream, Revision: f.revision, Position: f.position, Unchanged: err == nil}, fresh, err
	}
	if caller.asking {
		return Answer{Stream: stream, Revision: f.revision, Position: f.position}, true, nil
	}
	if !fresh && (caller.MayBeRepeated || d.prepare != nil) {
		return Answer{}, false, nil // look for the command before writing
	}
	if d.prepare != nil {
		if err := d.prepare(ctx, f.state); err != nil {
			return Answer{}, true, err
		}
	}
	answer, err = a.append(ctx, c, stream, f, caller, events)
	switch {
	case errors.Is(err, eventlog.ErrConflict), errors.Is(err, vault.ErrErased) && !fresh:
		return Answer{}, false, errOthers // of an erasure perhaps
	}
	return answer, true, err
}

// eventID is the id of the i-th event that a command writes to a stream.
func eventID(command uuid.UUID, stream string, i int) uuid.UUID {
	return uuid.NewSHA1(command, []byte(stream+"/"+strconv.Itoa(i)))
}

// append writes events behind f and remembers the fold they lead to.
func (a *aggregate[S, E]) append(ctx context.Context, c *Commands, stream string, f folded[S], caller Caller, events []E) (Answer, error) {
	ctx, span := tracing.Span(ctx, "append "+a.category)
	defer span.End()
	meta := eventlog.Metadata{
		Actor: caller.Actor, OnBehalfOf: caller.OnBehalfOf, CommandID: caller.CommandID,
		CorrelationID: caller.CorrelationID, CausationID: caller.CausationID, Origin: caller.Origin,
	}
	if !caller.hidden() {
		meta.TraceParent = tracing.Parent(ctx)
	}
	records := make([]eventlog.NewEvent, len(events))
	for i, e := range events {
		id := eventID(caller.CommandID, stream, i)
		record, sealed, err := eventlog.Encode(ctx, a.codec, c.vault, id, e, meta)
		if err != nil {
			return Answer{}, fmt.Errorf("%s: %w", stream, err)
		}
		records[i], events[i] = record, sealed
	}
	at, err := c.log.Append(ctx, stream, f.revision, records)
	if err != nil {
		return Answer{}, fmt.Errorf("append to %s: %w", stream, err)
	}
	for i, e := range events {
		rev := at.Revision - eventlog.Revision(len(events)-1-i)
		f = f.with(a.fold(f.state, e), caller.CommandID, rev, at.Position, e.When())
	}
	a.folds.Add(stream, f)
	c.follow(stream, f.state, f.revision)
	return Answer{Stream: stream, Revision: at.Revision, Position: at.Position}, nil
}

// catchUp reads what the stream holds behind f.
func (a *aggregate[S, E]) catchUp(ctx context.Context, log eventlog.Log, stream string, f folded[S]) (folded[S], error) {
	ctx, span := tracing.Span(ctx, "read "+a.category)
	defer span.End()
	var read []eventlog.Event
	for rec, err := range log.ReadStream(ctx, stream, f.revision+1, eventlog.Forwards) {
		if err != nil {
			return f, fmt.Errorf("read %s: %w", stream, err)
		}
		e, err := a.codec.Decode(rec.Type, rec.Data)
		if err != nil {
			return f, fmt.Errorf("%s at %d: %w", stream, rec.Revision, err)
		}
		f.state, f.revision, f.position, f.at = a.fold(f.state, e), rec.Revision, rec.Position, e.When()
		rec.Data = nil // it need not be kept until the answers are known
		read = append(read, rec)
	}
	f, err := f.answering(read)
	if err != nil {
		return f, fmt.Errorf("%s at %w", stream, err)
	}
	if f.revision != eventlog.NoStream {
		a.folds.Add(stream, f)
	}
	return f, nil
}

// read returns the newest state of stream id.
func (a *aggregate[S, E]) read(ctx context.Context, log eventlog.Log, id string) (folded[S], error) {
	stream := a.category + "-" + id
	f, ok := a.folds.Get(stream)
	if !ok {
		f.revision = eventlog.NoStream
	}
	return a.catchUp(ctx, log, stream, f)
}

// expectNone has the next command on a stream be decided as if there were none
// yet, without looking; what is there its append meets. It answers false for a
// stream that is remembered.
func (a *aggregate[S, E]) expectNone(id string) bool {
	stream := a.category + "-" + id
	if a.folds.Contains(stream) {
		return false
	}
	a.folds.Add(stream, folded[S]{revision: eventlog.NoStream})
	return true
}

// search looks for a command in the whole stream.
func (a *aggregate[S, E]) search(ctx context.Context, log eventlog.Log, stream string, command uuid.UUID) (answered, bool, error) {
	var got answered
	found := false
	for rec, err := range log.ReadStream(ctx, stream, -1, eventlog.Backwards) {
		if err != nil {
			return got, false, fmt.Errorf("search %s: %w", stream, err)
		}
		meta, err := rec.Meta()
		if err != nil {
			return got, false, fmt.Errorf("%s at %d: %w", stream, rec.Revision, err)
		}
		if meta.CommandID == command {
			got, found = answered{command, rec.Revision, rec.Position}, true
			break
		}
	}
	return got, found, nil
}

// stale returns the error for a caller who named revision expected, with what
// happened since.
func (c *Commands) stale(ctx context.Context, stream string, expected, actual eventlog.Revision) error {
	stale := &StaleError{Stream: stream, Expected: expected, Actual: actual}
	if expected < eventlog.NoStream || expected > actual {
		return stale
	}
	for rec, err := range c.log.ReadStream(ctx, stream, expected+1, eventlog.Forwards) {
		if err != nil {
			return fmt.Errorf("read %s: %w", stream, err)
		}
		meta, err := rec.Meta()
		if err != nil {
			return err
		}
		stale.Between = append(stale.Between, Happened{Revision: rec.Revision, Type: rec.Type, At: rec.RecordedAt, By: meta.Actor})
		if len(stale.Between) == 50 {
			break
		}
	}
	return stale
}
