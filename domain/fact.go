package domain

import (
	"encoding/json"
	"fmt"
	"reflect"
	"time"
)

// Fact is what every stored event can say of itself. Each aggregate seals its
// own set of facts by an unexported method that folds them.
type Fact interface {
	// EventName is the stored type name. It is kept for ever: a new meaning is a
	// new name with a higher version.
	EventName() string
	// When is the instant it happened, by the clock of whoever recorded it. It
	// never decreases within a stream.
	When() time.Time
	// Who did it.
	Who() Actor
	// Imported reports whether it happened elsewhere, and was brought here later.
	Imported() bool
}

// Stamp is who and when; every event embeds it.
type Stamp struct {
	At         time.Time `json:"at"`
	By         Actor     `json:"by"`
	FromImport bool      `json:"imported,omitempty"`
}

// When implements Fact.
func (s Stamp) When() time.Time { return s.At }

// Who implements Fact.
func (s Stamp) Who() Actor { return s.By }

// Imported implements Fact.
func (s Stamp) Imported() bool { return s.FromImport }

// UnknownEventError means that the log holds an event this build cannot read.
// It is never skipped: a state folded without it would be wrong.
type UnknownEventError struct{ Name string }

func (e *UnknownEventError) Error() string { return fmt.Sprintf("unknown event %q", e.Name) }

// Codec reads and writes the stored form of the events of one aggregate. It is
// safe for concurrent use.
type Codec[E Fact] struct {
	types map[string]reflect.Type
}

// NewCodec returns the codec of the given events, each listed once by its zero
// value. It panics when two have the same name.
func NewCodec[E Fact](events ...E) Codec[E] {
	c := Codec[E]{types: make(map[string]reflect.Type, len(events))}
	for _, e := range events {
		if _, dup := c.types[e.EventName()]; dup {
			panic("domain: event " + e.EventName() + " is declared twice")
		}
		c.types[e.EventName()] = reflect.TypeOf(e)
	}
	return c
}

// Names returns the stored names of the events the codec can read. The map is
// the caller's own.
func (c Codec[E]) Names() map[string]bool {
	names := make(map[string]bool, len(c.types))
	for name := range c.types {
		names[name] = true
	}
	return names
}

// Encode returns the form e is stored in. It refuses an event Decode could not
// read back: once appended, it would block its stream for good.
// Errors: *UnknownEventError; personal.ErrUnsealed (wrapped) when a personal
// field is still plain.
func (c Codec[E]) Encode(e E) ([]byte, error) {
	if c.types[e.EventName()] != reflect.TypeOf(e) {
		return nil, &UnknownEventError{Name: e.EventName()}
	}
	data, err := json.Marshal(e)
	if err != nil {
		return nil, fmt.Errorf("encode %s: %w", e.EventName(), err)
	}
	return data, nil
}

// Decode reads a stored event.
// Errors: *UnknownEventError for a name this build does not know.
func (c Codec[E]) Decode(name string, data []byte) (E, error) {
	var none E
	t, ok := c.types[name]
	if !ok {
		return none, &UnknownEventError{Name: name}
	}
	v := reflect.New(t)
	if err := json.Unmarshal(data, v.Interface()); err != nil {
		return none, fmt.Errorf("decode %s: %w", name, err)
	}
	e, ok := v.Elem().Interface().(E)
	if !ok {
		return none, &UnknownEventError{Name: name}
	}
	return e, nil
}
