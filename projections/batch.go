package projections

import (
	"context"
	"encoding/json"
	"sync/atomic"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/google/uuid"

	"github.com/hirelog/hirelog/internal/eventlog"
)

// Checkpoint says how far somebody is in the log.
type Checkpoint struct {
	// Position is how far the log has been looked through.
	Position eventlog.Position
	// Event is the position of the last event processed of a stream that some
	// aggregate has, Start if none was. It is not behind Position. What follows is
	// asked for from here, because only where an event was found can the log be
	// told from another one; others' events may be deleted and scavenged.
	Event eventlog.Position
	// EventID is the id of that event.
	EventID uuid.UUID
}

// after returns the checkpoint behind an event.
func (c Checkpoint) after(e *eventlog.Event, d decoded) Checkpoint {
	if d.known() {
		c.Event, c.EventID = e.Position, e.ID
	}
	if e.Position.After(c.Position) {
		c.Position = e.Position
	}
	return c
}

// Batch is consecutive events of the log, what one message of a Subscriber
// carries in its context.
type Batch struct {
	// From is the checkpoint before the batch, To the one after it.
	From, To Checkpoint
	// Events may be empty: then only To.Position is news.
	Events []eventlog.Event
	// CaughtUp is true when the log held nothing more when the batch was cut.
	CaughtUp bool

	decoded    []decoded // one for each event
	bytes      int
	reachedEnd bool // CaughtUp was true at some event of the batch
	restart    atomic.Bool
}

// Restart has the subscription begin again at the checkpoint Start returns,
// instead of delivering the batch again, once its message is nacked.
func (b *Batch) Restart() { b.restart.Store(true) }

// add takes a delivery to the batch's end.
func (b *Batch) add(d arrival) {
	b.CaughtUp = d.CaughtUp
	b.reachedEnd = b.reachedEnd || d.CaughtUp
	if e := d.Event; e != nil {
		b.Events = append(b.Events, *e)
		b.decoded = append(b.decoded, d.decoded)
		b.bytes += d.weight()
		b.To = b.To.after(e, d.decoded)
	}
	if d.Position.After(b.To.Position) {
		b.To.Position = d.Position
	}
}

// arrival is a delivery whose event is decoded, which is done before a batch
// needs it: while the one before is written.
type arrival struct {
	eventlog.Delivery
	decoded
}

func arrivalOf(d eventlog.Delivery) arrival {
	a := arrival{Delivery: d}
	if d.Event != nil {
		a.decoded = decode(*d.Event)
	}
	return a
}

// weight is roughly what the event weighs in the log, in bytes.
func (d arrival) weight() int {
	if d.Event == nil {
		return 0
	}
	return len(d.Event.Data) + len(d.Event.Metadata) + len(d.Event.Stream) + len(d.Event.Type)
}

// header is the payload of a batch's message, for who looks at it from outside.
type header struct {
	After string `json:"after"`
	To    string `json:"to"`
	Count int    `json:"count"`
}

// envelope returns a message for b without its context: its id is that of the
// last event, or the position if there is none.
func envelope(b *Batch) (*message.Message, error) {
	payload, err := json.Marshal(header{After: b.From.Position.String(), To: b.To.Position.String(), Count: len(b.Events)})
	if err != nil {
		return nil, err
	}
	id := b.To.Position.String()
	if n := len(b.Events); n > 0 {
		id = b.Events[n-1].ID.String()
	}
	return message.NewMessage(id, payload), nil
}

type batchKey struct{}

// BatchOf returns the batch a Subscriber's message carries, or nil for a message
// of another origin.
func BatchOf(ctx context.Context) *Batch {
	b, _ := ctx.Value(batchKey{}).(*Batch)
	return b
}
