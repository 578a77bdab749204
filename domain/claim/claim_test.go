package claim_test

import (
	"bytes"
	"testing"

	"pgregory.net/rapid"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/claim"
	"github.com/hirelog/hirelog/domain/domaintest"
	"github.com/hirelog/hirelog/domain/personal"
)

var s = domaintest.By(domain.System)

// text is a sealed reference; none is absent.
func text(holder string) personal.Text { return personal.Sealed([]byte(holder)) }

func taken(holder string) claim.Event { return claim.Taken{Stamp: s, Holder: text(holder)} }

var released claim.Event = claim.Released{Stamp: s}

func TestClaim(t *testing.T) {
	take := func(holder, seen string) func(claim.Claim) ([]claim.Event, error) {
		return func(c claim.Claim) ([]claim.Event, error) { return c.Take(text(holder), text(seen), s) }
	}
	release := func(seen string) func(claim.Claim) ([]claim.Event, error) {
		return func(c claim.Claim) ([]claim.Event, error) { return c.Release(text(seen), s), nil }
	}
	type events = []claim.Event
	domaintest.Run(t, claim.Claim.Fold, []domaintest.Case[claim.Claim, claim.Event]{
		{Name: "a free claim is taken", When: take("a", ""), Want: events{taken("a")}},
		{Name: "the same reference is no event", Given: events{taken("a")}, When: take("a", "a")},
		{Name: "what somebody else took in between is refused", Given: events{taken("a")}, When: take("b", ""), Err: claim.ErrTaken},
		{Name: "who was seen is displaced", Given: events{taken("a")}, When: take("b", "a"), Want: events{taken("b")}},
		{Name: "only who was seen is displaced", Given: events{taken("a"), taken("c")}, When: take("b", "a"), Err: claim.ErrTaken},
		{Name: "it was released in between", Given: events{taken("a"), released}, When: take("b", "a"), Err: claim.ErrTaken},
		{Name: "it may be taken again", Given: events{taken("a"), released}, When: take("a", ""), Want: events{taken("a")}},
		{Name: "the holder releases", Given: events{taken("a")}, When: release("a"), Want: events{released}},
		{Name: "what another holds is not released", Given: events{taken("a")}, When: release("b")},
		{Name: "a free claim is not released", When: release("")},
		{Name: "who was displaced has nothing to release", Given: events{taken("a"), taken("b")}, When: release("a")},
	}...)
}

func TestStored(t *testing.T) {
	domaintest.Stored(t, "claim", claim.Codec, taken("sealed id of an application"), released)
}

var holders = []string{"a", "b", "c"}

func TestRandom(t *testing.T) {
	domaintest.Aggregate[claim.Claim, claim.Event]{
		Codec: claim.Codec, Fold: claim.Claim.Fold,
		Ask: func(t *rapid.T, s domain.Stamp) func(claim.Claim) ([]claim.Event, error) {
			holder := text(rapid.SampledFrom(holders).Draw(t, "holder"))
			seen := text(rapid.SampledFrom(append(holders, "")).Draw(t, "seen"))
			take := rapid.Bool().Draw(t, "take")
			return func(c claim.Claim) ([]claim.Event, error) {
				if take {
					return c.Take(holder, seen, s)
				}
				return c.Release(seen, s), nil
			}
		},
		Holds: func(before claim.Claim, e claim.Event, after claim.Claim) string {
			if _, ok := e.(claim.Released); ok && before.Holder.IsZero() {
				return "a free claim was released"
			}
			if !before.Holder.IsZero() && bytes.Equal(after.Holder.Bytes(), before.Holder.Bytes()) {
				return "the claim did not change hands"
			}
			return ""
		},
	}.Random(t)
}

func FuzzDecode(f *testing.F) {
	domaintest.Fuzz(f, claim.Codec, claim.Claim.Fold, []claim.Event{taken("a")}, func(c claim.Claim) {
		_, _ = c.Take(text("b"), text("a"), s)
		_ = c.Release(text("a"), s)
	})
}
