package claim_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/claim"
	"github.com/hirelog/hirelog/domain/domaintest"
)

var s = domaintest.By(domain.System)

func taken(holder string) claim.Event    { return claim.Taken{Stamp: s, Holder: holder} }
func released(holder string) claim.Event { return claim.Released{Stamp: s, Holder: holder} }

func TestClaim(t *testing.T) {
	take := func(holder, displaced string) func(claim.Claim) ([]claim.Event, error) {
		return func(c claim.Claim) ([]claim.Event, error) { return c.Take(holder, displaced, s) }
	}
	release := func(holder string) func(claim.Claim) ([]claim.Event, error) {
		return func(c claim.Claim) ([]claim.Event, error) { return c.Release(holder, s), nil }
	}
	type events = []claim.Event
	domaintest.Run(t, claim.Claim.Fold, []domaintest.Case[claim.Claim, claim.Event]{
		{Name: "a free claim is taken", When: take("a", ""), Want: events{taken("a")}},
		{Name: "what one holds is no event", Given: events{taken("a")}, When: take("a", "")},
		{Name: "what somebody else holds is refused", Given: events{taken("a")}, When: take("b", ""), Err: claim.ErrTaken},
		{Name: "who was fenced off is displaced", Given: events{taken("a")}, When: take("b", "a"), Want: events{taken("b")}},
		{Name: "only who was fenced off is displaced", Given: events{taken("a"), taken("c")}, When: take("b", "a"), Err: claim.ErrTaken},
		{Name: "it was released in between", Given: events{taken("a"), released("a")}, When: take("b", "a"), Want: events{taken("b")}},
		{Name: "it may be taken again", Given: events{taken("a"), released("a")}, When: take("a", ""), Want: events{taken("a")}},
		{Name: "the holder releases", Given: events{taken("a")}, When: release("a"), Want: events{released("a")}},
		{Name: "what one does not hold is not released", Given: events{taken("a")}, When: release("b")},
		{Name: "a free claim is not released", When: release("a")},
		{Name: "who was displaced has nothing to release", Given: events{taken("a"), taken("b")}, When: release("a")},
	}...)
}

func TestStored(t *testing.T) {
	domaintest.Stored(t, "claim", claim.Codec, taken("b6fc4e5b-3a1c-4d0e-9c57-1f2a3b4c5d6e"), released("b6fc4e5b-3a1c-4d0e-9c57-1f2a3b4c5d6e"))
}

var holders = []string{"a", "b", "c"}

func TestRandom(t *testing.T) {
	domaintest.Aggregate[claim.Claim, claim.Event]{
		Codec: claim.Codec, Fold: claim.Claim.Fold,
		Ask: func(t *rapid.T, s domain.Stamp) func(claim.Claim) ([]claim.Event, error) {
			holder := rapid.SampledFrom(holders).Draw(t, "holder")
			displaced := rapid.SampledFrom(append(holders, "")).Draw(t, "displaced")
			take := rapid.Bool().Draw(t, "take")
			return func(c claim.Claim) ([]claim.Event, error) {
				if take {
					return c.Take(holder, displaced, s)
				}
				return c.Release(holder, s), nil
			}
		},
		Holds: func(before claim.Claim, e claim.Event, after claim.Claim) string {
			if r, ok := e.(claim.Released); ok && r.Holder != before.Holder {
				return "somebody released what " + before.Holder + " held"
			}
			if before.Holder != "" && after.Holder == before.Holder {
				return "the claim did not change hands"
			}
			return ""
		},
	}.Random(t)
}

func FuzzDecode(f *testing.F) {
	domaintest.Fuzz(f, claim.Codec, claim.Claim.Fold, []claim.Event{taken("a")}, func(c claim.Claim) {
		_, _ = c.Take("b", "a", s)
		_ = c.Release("a", s)
	})
}
