package projections

import (
	"context"
	"errors"
	"slices"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/bulk"
	"github.com/hirelog/hirelog/domain/candidate"
	"github.com/hirelog/hirelog/domain/claim"
	"github.com/hirelog/hirelog/domain/employee"
	"github.com/hirelog/hirelog/domain/erasure"
	"github.com/hirelog/hirelog/domain/job"
	"github.com/hirelog/hirelog/domain/member"
	"github.com/hirelog/hirelog/domain/message"
	"github.com/hirelog/hirelog/domain/notice"
	"github.com/hirelog/hirelog/domain/organization"
	"github.com/hirelog/hirelog/domain/view"
	"github.com/hirelog/hirelog/internal/eventlog"
)

// Fact is one event of the log, decoded.
type Fact struct {
	eventlog.Event
	// Aggregate is the id in the stream's name.
	Aggregate string
	// Body is an application.Event, message.Event, job.Event, member.Event,
	// organization.Event, candidate.Event, claim.Event, employee.Event, bulk.Event, view.Event,
	// notice.Event or erasure.Event.
	Body domain.Fact
}

// Decode reads a stored event. ok is false for an event of a stream that no
// aggregate of this program has: it is passed over.
// Errors: *domain.UnknownEventError for a type this build does not know, which
// is never passed over, and what the codec says of data it cannot read.
func Decode(e eventlog.Event) (f Fact, ok bool, err error) {
	category, id := eventlog.SplitStream(e.Stream)
	var body domain.Fact
	switch category {
	case "application":
		body, err = application.Codec.Decode(e.Type, e.Data)
	case "job":
		body, err = job.Codec.Decode(e.Type, e.Data)
	case "message":
		body, err = message.Codec.Decode(e.Type, e.Data)
	case "member":
		body, err = member.Codec.Decode(e.Type, e.Data)
	case "organization":
		body, err = organization.Codec.Decode(e.Type, e.Data)
	case "candidate":
		body, err = candidate.Codec.Decode(e.Type, e.Data)
	case "claim":
		body, err = claim.Codec.Decode(e.Type, e.Data)
	case "notice":
		body, err = notice.Codec.Decode(e.Type, e.Data)
	case "bulk":
		body, err = bulk.Codec.Decode(e.Type, e.Data)
	case "view":
		body, err = view.Codec.Decode(e.Type, e.Data)
	case "employee":
		body, err = employee.Codec.Decode(e.Type, e.Data)
	case "erasure":
		body, err = erasure.Codec.Decode(e.Type, e.Data)
	default:
		return Fact{}, false, nil
	}
	return Fact{Event: e, Aggregate: id, Body: body}, err == nil, err
}

// decoded is what became of decoding an event.
type decoded struct {
	fact Fact
	ours bool
	err  error
}

// known reports whether the event is of a stream that some aggregate has.
func (d decoded) known() bool { return d.ours || d.err != nil }

func decode(e eventlog.Event) (d decoded) {
	d.fact, d.ours, d.err = Decode(e)
	return d
}

// Model folds facts into the rows of its tables. One value serves one batch
// after another, from one goroutine; what it keeps of a batch besides its Rows
// must not change what the next one does to them.
//
// A model without an engine works in memory: its Rows hold everything and load
// nothing until the engine says otherwise.
type Model interface {
	// Name tells models of a group apart: "application_list".
	Name() string
	// Tables are the model's Rows, always the same values in the same order.
	Tables() []AnyTable
	// Need says which rows f reads, by Rows.Need and Rows.NeedBy. A row that
	// is only written over or deleted, whatever it was, needs no Need.
	Need(f Fact)
	// Apply folds f into the rows: Get, Put, Delete, Each, no SQL, no clock. An
	// error stops or parks the projection at f; its text holds no personal
	// data. To be tried again instead, it matches ErrTransient.
	Apply(ctx context.Context, f Fact) error
}

// Preparer is a Model that wants to see all facts of a batch before Need, for
// example to open personal texts in one round trip instead of one for each.
type Preparer interface {
	Model
	// Prepare may do I/O. It may be called again with the same facts, or with
	// some of them. Errors are taken as those of Apply.
	Prepare(ctx context.Context, facts []Fact) error
}

// ErrTransient marks an error that has nothing to do with the facts and goes
// away by itself: the batch is tried again, for ever. Errors of connections,
// transactions that lost against others, and eventlog.ErrUnavailable need no mark.
var ErrTransient = errors.New("for the time being")

// Group is read models that share one checkpoint and one transaction for each
// batch, so that they are always at the same position.
type Group struct {
	// Name is part of the schemas' names: lower-case letters, digits and _,
	// beginning with a letter, at most 40 bytes.
	Name string
	// Models, in the order in which each of them is given the facts of a batch.
	// Their tables have names of their own.
	Models []Model
	// OnFailure says what becomes of an event that cannot be applied. Default
	// Stop.
	OnFailure FailurePolicy
	// Kept are categories of streams that are never put aside, because others
	// must not be shown without them: an event of theirs that cannot be applied
	// stops the projection, whatever OnFailure says.
	Kept []string
}

// keeps reports whether a stream is never put aside.
func (g Group) keeps(stream string) bool {
	category, _ := eventlog.SplitStream(stream)
	return slices.Contains(g.Kept, category)
}

// FailurePolicy says what becomes of an event that cannot be applied.
type FailurePolicy uint8

const (
	// Stop leaves the checkpoint before the event and waits for Resume, for a
	// new generation, or for another build.
	Stop FailurePolicy = iota
	// Park puts the event aside, and every later event of its stream, in
	// order, and goes on with the other streams.
	Park
)
