// Package claim holds the rule that something exists once across streams: one
// live application for each person and job. The stream of a claim is named by a
// keyed hash of what is claimed, so nobody can compute it from the ids.
package claim

import (
	"slices"

	"github.com/hirelog/hirelog/domain"
)

// Claim is who holds it now.
type Claim struct {
	Holder string // id of the application, "" when free
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
	Holder string `json:"holder"`
}

// EventName implements domain.Fact.
func (Taken) EventName() string { return "claim.taken.v1" }

func (e Taken) evolve(c Claim) Claim { c.Holder = e.Holder; return c }

// Released records that the holder gave the claim back.
type Released struct {
	domain.Stamp
	Holder string `json:"holder"`
}

// EventName implements domain.Fact.
func (Released) EventName() string { return "claim.released.v1" }

func (Released) evolve(c Claim) Claim { c.Holder = ""; return c }

// Fold returns c with events applied in order.
func (c Claim) Fold(events ...Event) Claim {
	for e := range slices.Values(events) {
		c = e.evolve(c)
	}
	return c
}

// Take gives the claim to holder. Whether another holder may be displaced is
// for the caller to know: it passes the holder it has fenced off as displaced.
// Taking what one holds is no event. Errors: ErrTaken.
func (c Claim) Take(holder, displaced string, s domain.Stamp) ([]Event, error) {
	switch c.Holder {
	case holder:
		return nil, nil
	case "", displaced:
		return []Event{Taken{Stamp: s, Holder: holder}}, nil
	}
	return nil, ErrTaken
}

// Release gives the claim back. Releasing what one does not hold is no event.
// Whoever closes the holder releases at the revision the claim had while the
// holder was live, or not at all: behind it the holder may have taken the claim
// anew, to be live again.
func (c Claim) Release(holder string, s domain.Stamp) []Event {
	if c.Holder != holder {
		return nil
	}
	return []Event{Released{Stamp: s, Holder: holder}}
}

// ErrTaken means that somebody else holds the claim.
var ErrTaken = &domain.Refusal{Kind: domain.Illegal, Code: "claim_taken", Message: "Somebody else holds it."}
