package eventlog

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"

	"github.com/google/uuid"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/personal"
)

// Origin says where an event comes from. Only live ones have effects.
type Origin string

// The origins.
const (
	Live   Origin = "live"
	Import Origin = "import"
	Demo   Origin = "demo"
)

// Metadata is what is stored beside an event for audits. No rule and no fold
// reads it, and it holds no personal data.
type Metadata struct {
	Actor         domain.Actor `json:"actor"`
	OnBehalfOf    domain.Actor `json:"on_behalf_of,omitempty"`
	CommandID     uuid.UUID    `json:"command_id"`
	CorrelationID string       `json:"correlation_id,omitempty"` // of the request
	CausationID   string       `json:"causation_id,omitempty"`   // the event that led to it, for what the system does by itself
	Origin        Origin       `json:"origin"`
	// TraceParent is the span that wrote the event, as W3C Trace Context has it,
	// if it was sampled.
	TraceParent string `json:"traceparent,omitempty"`
}

// Sealer seals personal texts under their keys. vault.Vault is one.
type Sealer interface {
	// Seal returns the sealed form of each item, bound to the event and its type.
	Seal(ctx context.Context, event uuid.UUID, typ string, items []personal.Item) ([][]byte, error)
}

// Sealed returns e with every personal text sealed for the event id. e itself is
// not changed. Errors: those of the sealer.
func Sealed[E domain.Fact](ctx context.Context, s Sealer, id uuid.UUID, e E) (E, error) {
	own := reflect.New(reflect.TypeOf(e))
	own.Elem().Set(reflect.ValueOf(e))
	var texts []*personal.Text
	var items []personal.Item
	personal.Walk(own.Interface(), func(path string, t *personal.Text) {
		if key, plain, ok := t.Unsealed(); ok {
			texts = append(texts, t)
			items = append(items, personal.Item{Key: key, Field: path, Plain: plain})
		}
	})
	if len(items) == 0 {
		return e, nil
	}
	sealed, err := s.Seal(ctx, id, e.EventName(), items)
	if err != nil {
		return e, fmt.Errorf("seal %s: %w", e.EventName(), err)
	}
	for i, t := range texts {
		*t = personal.Sealed(sealed[i])
	}
	return own.Elem().Interface().(E), nil //nolint:errcheck,forcetypeassert // it was made from an E
}

// Encode seals e and returns it in the form it is stored in.
// Errors: those of the sealer and of codec.Encode.
func Encode[E domain.Fact](ctx context.Context, codec domain.Codec[E], s Sealer, id uuid.UUID, e E, m Metadata) (NewEvent, E, error) {
	sealed, err := Sealed(ctx, s, id, e)
	if err != nil {
		return NewEvent{}, e, err
	}
	data, err := codec.Encode(sealed)
	if err != nil {
		return NewEvent{}, e, err
	}
	meta, err := json.Marshal(m)
	if err != nil {
		return NewEvent{}, e, fmt.Errorf("encode metadata: %w", err)
	}
	return NewEvent{ID: id, Type: e.EventName(), Data: data, Metadata: meta}, sealed, nil
}

// Meta returns the metadata of a stored event.
func (e Event) Meta() (Metadata, error) {
	var m Metadata
	if err := json.Unmarshal(e.Metadata, &m); err != nil {
		return m, fmt.Errorf("metadata of event %s: %w", e.ID, err)
	}
	return m, nil
}

// Category returns the kind of stream: what stands before the first "-".
func (e Event) Category() string {
	category, _ := SplitStream(e.Stream)
	return category
}

// SplitStream splits a stream's name into the kind of aggregate and its id.
func SplitStream(stream string) (category, id string) {
	for i := range len(stream) {
		if stream[i] == '-' {
			return stream[:i], stream[i+1:]
		}
	}
	return stream, ""
}
