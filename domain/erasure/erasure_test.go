package erasure_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/domaintest"
	"github.com/hirelog/hirelog/domain/erasure"
)

var s = domaintest.By(domain.Member("m1"))

func recorded(kind string, keys ...string) erasure.Event {
	return erasure.Recorded{Stamp: s, Kind: kind, Keys: keys}
}

func TestRecord(t *testing.T) {
	record := func(e erasure.Erasure) ([]erasure.Event, error) {
		return e.Record("note", []string{"n1", "n2"}, s), nil
	}
	domaintest.Run(t, erasure.Erasure.Fold, []domaintest.Case[erasure.Erasure, erasure.Event]{
		{Name: "an erasure is recorded", When: record, Want: []erasure.Event{recorded("note", "n1", "n2")}},
		{Name: "once, whatever it said", Given: []erasure.Event{recorded("application", "a1")}, When: record},
	}...)
}

func TestStored(t *testing.T) {
	domaintest.Stored(t, "erasure", erasure.Codec, recorded("application", "0b7a5a52-8c53-4a8e-9a55-6f3d1f0c9d11", "f1b3a4c2-52f0-4f3c-8a3e-0d2d7b1c6e22"))
}

func TestRandom(t *testing.T) {
	domaintest.Aggregate[erasure.Erasure, erasure.Event]{
		Codec: erasure.Codec, Fold: erasure.Erasure.Fold,
		Ask: func(t *rapid.T, s domain.Stamp) func(erasure.Erasure) ([]erasure.Event, error) {
			kind := rapid.SampledFrom([]string{"note", "application", "candidate"}).Draw(t, "kind")
			keys := rapid.SliceOf(rapid.StringMatching(`[a-f0-9]{4}`)).Draw(t, "keys")
			return func(e erasure.Erasure) ([]erasure.Event, error) { return e.Record(kind, keys, s), nil }
		},
		Holds: func(before erasure.Erasure, _ erasure.Event, _ erasure.Erasure) string {
			if before.Recorded {
				return "it was recorded twice"
			}
			return ""
		},
	}.Random(t)
}

func FuzzDecode(f *testing.F) {
	domaintest.Fuzz(f, erasure.Codec, erasure.Erasure.Fold, nil, func(e erasure.Erasure) {
		_ = e.Record("note", []string{"n1"}, s)
	})
}
