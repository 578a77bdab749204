package candidate_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/candidate"
	"github.com/hirelog/hirelog/domain/domaintest"
)

// someMerge draws a step of a merge, or what is said of an address.
func someMerge(t *rapid.T, s domain.Stamp) func(candidate.Candidate) ([]candidate.Event, error) {
	other := rapid.SampledFrom([]string{"c2", "c3"}).Draw(t, "other")
	shared := rapid.Bool().Draw(t, "shared")
	return domaintest.Fair(t, "step", []func(candidate.Candidate) ([]candidate.Event, error){
		func(c candidate.Candidate) ([]candidate.Event, error) { return c.Absorb(other, s) },
		func(c candidate.Candidate) ([]candidate.Event, error) { return c.MergeInto(other, s) },
		func(c candidate.Candidate) ([]candidate.Event, error) { return c.Unmerge(s) },
		func(c candidate.Candidate) ([]candidate.Event, error) { return c.Release(other, s), nil },
		func(c candidate.Candidate) ([]candidate.Event, error) { return c.ShareAddress(shared, s) },
	})
}

// S2-08, E3: candidates who are one person are linked, one level deep, and the
// link is taken back.
func TestMerge(t *testing.T) {
	type events = []candidate.Event
	type row = domaintest.Case[candidate.Candidate, candidate.Event]
	gil := candidate.Registered{Stamp: s, LastName: text("Gil")}
	absorbed, merged := candidate.Absorbed{Stamp: s, Candidate: "c2"}, candidate.Merged{Stamp: s, Into: "c2"}
	absorb := func(c candidate.Candidate) ([]candidate.Event, error) { return c.Absorb("c2", s) }
	into := func(other string) func(candidate.Candidate) ([]candidate.Event, error) {
		return func(c candidate.Candidate) ([]candidate.Event, error) { return c.MergeInto(other, s) }
	}
	unmerge := func(c candidate.Candidate) ([]candidate.Event, error) { return c.Unmerge(s) }
	release := func(c candidate.Candidate) ([]candidate.Event, error) { return c.Release("c2", s), nil }
	domaintest.Run(t, candidate.Candidate.Fold, []row{
		{Name: "absorb", Given: events{gil}, When: absorb, Want: events{absorbed}},
		{Name: "absorb again", Given: events{gil, absorbed}, When: absorb},
		{Name: "absorb, being merged", Given: events{gil, candidate.Merged{Stamp: s, Into: "c3"}}, When: absorb, Err: candidate.ErrMerged},
		{Name: "absorb, erased", Given: events{gil, anonymised}, When: absorb, Err: candidate.ErrAnonymised},
		{Name: "nobody absorbs", When: absorb, Err: candidate.ErrUnknown},
		{Name: "merge", Given: events{gil}, When: into("c2"), Want: events{merged}},
		{Name: "merge again", Given: events{gil, merged}, When: into("c2")},
		{Name: "merge elsewhere", Given: events{gil, merged}, When: into("c3"), Err: candidate.ErrMerged},
		{Name: "merge one that others are merged into", Given: events{gil, absorbed}, When: into("c3"), Err: candidate.ErrHasMerged},
		{Name: "merge, erased", Given: events{gil, anonymised}, When: into("c2"), Err: candidate.ErrAnonymised},
		{Name: "take it back", Given: events{gil, merged}, When: unmerge, Want: events{candidate.Unmerged{Stamp: s, From: "c2"}}},
		{Name: "take nothing back", Given: events{gil}, When: unmerge},
		{Name: "let go", Given: events{gil, absorbed}, When: release, Want: events{candidate.Released{Stamp: s, Candidate: "c2"}}},
		{Name: "let nobody go", Given: events{gil}, When: release},
	}...)
}

// S2-06, H11: an address that several people use.
func TestShareAddress(t *testing.T) {
	type events = []candidate.Event
	type row = domaintest.Case[candidate.Candidate, candidate.Event]
	gil := candidate.Registered{Stamp: s, LastName: text("Gil"), Email: text("desk@agency.example")}
	shared := candidate.AddressShared{Stamp: s, Shared: true}
	share := func(shared bool) func(candidate.Candidate) ([]candidate.Event, error) {
		return func(c candidate.Candidate) ([]candidate.Event, error) { return c.ShareAddress(shared, s) }
	}
	another := candidate.AttributesChanged{Stamp: s, Change: "e1", Attributes: []candidate.Value{{Attribute: candidate.Email, Value: text("gil@mail.example")}}}
	domaintest.Run(t, candidate.Candidate.Fold, []row{
		{Name: "it is", Given: events{gil}, When: share(true), Want: events{shared}},
		{Name: "it is already", Given: events{gil, shared}, When: share(true)},
		{Name: "it is not", Given: events{gil, shared}, When: share(false), Want: events{candidate.AddressShared{Stamp: s}}},
		{Name: "another one is not", Given: events{gil, shared, another}, When: share(false)},
		{Name: "there is none", Given: events{candidate.Registered{Stamp: s, LastName: text("Gil")}}, When: share(true), Err: candidate.ErrNoAddress},
	}...)
}
