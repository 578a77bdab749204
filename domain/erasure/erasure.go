// Package erasure records that keys of personal data were destroyed. Whoever
// passes such a record never opens the named keys again.
package erasure

import "github.com/hirelog/hirelog/domain"

// Erasure is whether it was recorded.
type Erasure struct{ Recorded bool }

// Event is a fact about an erasure. Names and JSON fields are stored for ever;
// testdata/events pins them.
//
//sumtype:decl
type Event interface {
	domain.Fact
	evolve(Erasure) Erasure
}

// Codec reads and writes the events of an erasure.
var Codec = domain.NewCodec[Event](Recorded{})

// Recorded says which keys are gone and what for. The keys are ids of notes,
// files, applications, candidates: none tells who the person was.
type Recorded struct {
	domain.Stamp
	Kind string   `json:"kind"` // "note", "application", "candidate"
	Keys []string `json:"keys"`
}

// EventName implements domain.Fact.
func (Recorded) EventName() string { return "erasure.recorded.v1" }

func (Recorded) evolve(Erasure) Erasure { return Erasure{Recorded: true} }

// Fold returns e with events applied in order.
func (e Erasure) Fold(events ...Event) Erasure {
	for _, ev := range events {
		e = ev.evolve(e)
	}
	return e
}

// Record decides that the erasure is recorded, once.
func (e Erasure) Record(kind string, keys []string, s domain.Stamp) []Event {
	if e.Recorded {
		return nil
	}
	return []Event{Recorded{Stamp: s, Kind: kind, Keys: keys}}
}
