// Package claim holds the rule that something exists once across streams: one
// live application for each person and job. The stream of a claim is named by a
// keyed hash of what is claimed, so nobody can compute it from the ids, and its
// holders are sealed under their own keys: once an application is anonymised,
// the claim no longer tells that it was of the same person as another.
package claim

import (
	"slices"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/personal"
)

// Claim is who holds it now.
type Claim struct {
	Holder personal.Text // sealed id of the application, absent when free
}

// Event is a fact about a claim. Names and JSON fields are stored for ever;
// testdata/events pins them.
//
//sumtype:decl
type Event interface {
	domain.Fact
	evolve(Claim) Claim
}

// Codec reads and writes the events of a claim.
var Codec = domain.NewCodec[Event](Taken{}, Released{})

// Taken records that an application holds the claim. The one who held it
// before, if any, was found to be absent or closed, and was fenced off.
type Taken struct {
	domain.Stamp
	Holder personal.Text `json:"holder"`
}

// EventName implements domain.Fact.
func (Taken) EventName() string { return "claim.taken.v1" }

func (e Taken) evolve(c Claim) Claim { c.Holder = e.Holder; return c }

// Released records that the holder gave the claim back.
type Released struct {
	domain.Stamp
}

// EventName implements domain.Fact.
func (Released) EventName() string { return "claim.released.v1" }

func (Released) evolve(c Claim) Claim { c.Holder = personal.Text{}; return c }

// Fold returns c with events applied in order.
func (c Claim) Fold(events ...Event) Claim {
	for e := range slices.Values(events) {
		c = e.evolve(c)
	}
	return c
}

// Take gives the claim to holder. A rule cannot look inside a sealed reference:
// seen is the holder that the caller has opened and found to be nobody, itself,
// or fenced off. The very same reference again is no event. Errors: ErrTaken when the claim has another holder by now.
func (c Claim) Take(holder, seen personal.Text, s domain.Stamp) ([]Event, error) {
	switch {
	case !c.Holder.IsZero() && c.heldBy(holder):
		return nil, nil
	case !c.heldBy(seen):
		return nil, ErrTaken
	}
	return []Event{Taken{Stamp: s, Holder: holder}}, nil
}

// Release gives the claim back. seen is the holder that the caller has opened
// and found to be the one who gives it back; if the claim has another one by
// now, or none, it is no event.
// Whoever closes the holder releases at the revision the claim had while the
// holder was live, or not at all: behind it the holder may have taken the claim
// anew, to be live again.
func (c Claim) Release(seen personal.Text, s domain.Stamp) []Event {
	if c.Holder.IsZero() || !c.heldBy(seen) {
		return nil
	}
	return []Event{Released{Stamp: s}}
}

// heldBy compares sealed forms, which are never the same twice.
func (c Claim) heldBy(seen personal.Text) bool {
	return string(c.Holder.Bytes()) == string(seen.Bytes())
}

// ErrTaken means that somebody else holds the claim.
var ErrTaken = &domain.Refusal{Kind: domain.Illegal, Code: "claim_taken", Message: "Somebody else holds it."}
