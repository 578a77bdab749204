package candidate_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/candidate"
	"github.com/hirelog/hirelog/domain/domaintest"
	"github.com/hirelog/hirelog/domain/personal"
)

var (
	s   = domaintest.By(domain.Candidate)
	key = personal.Key{ID: "c1", Owner: "a1"}
)

func text(plain personal.Plain) personal.Text { return personal.New(key, plain) }

var anonymised candidate.Event = candidate.Anonymised{Stamp: s}

func TestRegister(t *testing.T) {
	register := func(d candidate.Details) func(candidate.Candidate) ([]candidate.Event, error) {
		return func(c candidate.Candidate) ([]candidate.Event, error) { return c.Register(d, key, s) }
	}
	invalid := func(name string, d candidate.Details, says string) domaintest.Case[candidate.Candidate, candidate.Event] {
		return domaintest.Case[candidate.Candidate, candidate.Event]{Name: name, When: register(d), Err: domain.ErrInvalid, Says: says}
	}
	long := personal.Plain(strings.Repeat("a", 255))
	type events = []candidate.Event
	domaintest.Run(t, candidate.Candidate.Fold, []domaintest.Case[candidate.Candidate, candidate.Event]{
		{
			Name: "a person becomes known, under their key",
			When: register(candidate.Details{FirstName: " Ana ", LastName: "Gil", Email: "ana@example.org", Phone: "+1 555"}),
			Want: events{candidate.Registered{Stamp: s, FirstName: text("Ana"), LastName: text("Gil"), Email: text("ana@example.org"), Phone: text("+1 555")}},
		},
		{
			Name: "one name is enough, and what is not known is absent",
			When: register(candidate.Details{LastName: "Gil", Email: "  "}),
			Want: events{candidate.Registered{Stamp: s, LastName: text("Gil")}},
		},
		{
			Name: "arriving again never changes what is known", Given: []candidate.Event{candidate.Registered{Stamp: s, LastName: text("Gil")}},
			When: register(candidate.Details{LastName: "Other"}),
		},
		{
			Name: "not even when it makes no sense", Given: []candidate.Event{candidate.Registered{Stamp: s, LastName: text("Gil")}},
			When: register(candidate.Details{}),
		},
		{Name: "the person is gone and stays so", Given: []candidate.Event{candidate.Registered{Stamp: s}, anonymised}, When: register(candidate.Details{LastName: "Gil"})},
		invalid("no name", candidate.Details{FirstName: " ", Email: "ana@example.org"}, "first or last name is required"),
		invalid("long first name", candidate.Details{FirstName: long}, "The first name has 255 characters"),
		invalid("long last name", candidate.Details{LastName: long}, "The last name has 255 characters"),
		invalid("long e-mail address", candidate.Details{LastName: "Gil", Email: long}, "The e-mail address has 255 characters"),
		invalid("long telephone number", candidate.Details{LastName: "Gil", Phone: long}, "The telephone number has 255 characters"),
		invalid("an address that would be two header lines", candidate.Details{LastName: "Gil", Email: "a@b.c\nBcc: d@e.f"}, "must be one line"),
	}...)
}

func TestAnonymise(t *testing.T) {
	anonymise := func(c candidate.Candidate) ([]candidate.Event, error) { return c.Anonymise(s), nil }
	type events = []candidate.Event
	domaintest.Run(t, candidate.Candidate.Fold, []domaintest.Case[candidate.Candidate, candidate.Event]{
		{Name: "nobody", When: anonymise},
		{Name: "somebody", Given: []candidate.Event{candidate.Registered{Stamp: s}}, When: anonymise, Want: events{anonymised}},
		{Name: "again", Given: []candidate.Event{candidate.Registered{Stamp: s}, anonymised}, When: anonymise},
	}...)
}

func TestStored(t *testing.T) {
	sealed := func(s string) personal.Text { return personal.Sealed([]byte("sealed " + s)) }
	domaintest.Stored[candidate.Event](t, "candidate", candidate.Codec,
		candidate.Registered{Stamp: s, FirstName: sealed("first name"), LastName: sealed("last name"), Email: sealed("e-mail"), Phone: sealed("phone")},
		candidate.AttributesChanged{Stamp: s, Change: "5d2c7f10-8e4b-4f6a-9c3d-1a2b3c4d5e6f", Attributes: []candidate.Value{{Attribute: candidate.Birthday, Value: sealed("birthday")}}, Custom: []candidate.CustomValue{{Attribute: "5d2c7f10-8e4b-4f6a-9c3d-1a2b3c4d5e60", Value: sealed("custom")}}},
		candidate.AddressShared{Stamp: s, Shared: true},
		candidate.Absorbed{Stamp: s, Candidate: "5d2c7f10-8e4b-4f6a-9c3d-1a2b3c4d5e61"},
		candidate.Released{Stamp: s, Candidate: "5d2c7f10-8e4b-4f6a-9c3d-1a2b3c4d5e61"},
		candidate.Merged{Stamp: s, Into: "5d2c7f10-8e4b-4f6a-9c3d-1a2b3c4d5e62"},
		candidate.Unmerged{Stamp: s, From: "5d2c7f10-8e4b-4f6a-9c3d-1a2b3c4d5e62"},
		anonymised,
		candidate.PictureSet{Stamp: s, Picture: "8b1f7c52-2f0d-4c7e-9a53-1f2e3d4c5b6a", Size: 48213},
		candidate.PictureRemoved{Stamp: s},
		candidate.DataRequested{Stamp: s, Request: "5d2c7f10-8e4b-4f6a-9c3d-1a2b3c4d5e63", Kind: candidate.DataErasure},
		candidate.DataRequestAnswered{Stamp: s, Request: "5d2c7f10-8e4b-4f6a-9c3d-1a2b3c4d5e63", Outcome: candidate.DataRefused, Reason: sealed("reason")},
	)
}

func TestRandom(t *testing.T) {
	domaintest.Aggregate[candidate.Candidate, candidate.Event]{
		Codec: candidate.Codec, Fold: candidate.Candidate.Fold,
		Given: []candidate.Event{candidate.Registered{Stamp: s, LastName: text("Gil")}, candidate.DataRequested{Stamp: s, Request: "r1", Kind: candidate.DataErasure}},
		Ask: func(t *rapid.T, s domain.Stamp) func(candidate.Candidate) ([]candidate.Event, error) {
			if domaintest.Fair(t, "of data requests", []bool{true, false, false, false}) {
				return someDataRequest(t, s)
			}
			if rapid.IntRange(0, 11).Draw(t, "anonymise") == 0 {
				return func(c candidate.Candidate) ([]candidate.Event, error) { return c.Anonymise(s), nil }
			}
			if rapid.IntRange(0, 2).Draw(t, "of merging") == 0 {
				return someMerge(t, s)
			}
			switch file, size := rapid.SampledFrom([]string{"", "f1", "f2"}).Draw(t, "file"), rapid.Int64Range(-1, 9).Draw(t, "size"); rapid.IntRange(0, 5).Draw(t, "picture") {
			case 0:
				return func(c candidate.Candidate) ([]candidate.Event, error) { return c.SetPicture(file, size, s) }
			case 1:
				return func(c candidate.Candidate) ([]candidate.Event, error) { return c.RemovePicture(s) }
			}
			if rapid.Bool().Draw(t, "edit") {
				id, edits := rapid.StringMatching(`[0-9]{3}`).Draw(t, "change"), someEdits(t)
				return func(c candidate.Candidate) ([]candidate.Event, error) {
					return c.EditAll(id, edits, candidate.CustomEdits{"x": "1", "y": ""}, key, s)
				}
			}
			plain := rapid.Map(rapid.OneOf(rapid.Just(""), rapid.Just("ana@example.org"), rapid.Just("gil@example.org"), rapid.StringMatching(`[ -~]{1,12}`), rapid.String()), func(s string) personal.Plain { return personal.Plain(s) })
			d := candidate.Details{FirstName: plain.Draw(t, "first"), LastName: plain.Draw(t, "last"), Email: plain.Draw(t, "e-mail"), Phone: plain.Draw(t, "phone")}
			return func(c candidate.Candidate) ([]candidate.Event, error) { return c.Register(d, key, s) }
		},
		Holds: func(before candidate.Candidate, _ candidate.Event, after candidate.Candidate) string {
			switch {
			case before.Anonymised || after.Anonymised && !after.Registered:
				return "an erased person changed, or nobody was erased"
			case !after.Anonymised && after.Known[candidate.FirstName].IsZero() && after.Known[candidate.LastName].IsZero():
				return "a person has no name"
			case after.Into != "" && len(after.Absorbed) > 0 && before.Into != after.Into:
				return "a candidate was merged that others are merged into"
			case after.AddressShared && after.Known[candidate.Email].IsZero() && !after.Anonymised:
				return "an address is shared that is not known"
			case openRequests(after, candidate.DataExport) > 1 || openRequests(after, candidate.DataErasure) > 1:
				return "two requests of a kind are open"
			case after.Anonymised && (len(after.Known)+len(after.Custom)+len(after.DataRequests) > 0 || after.Picture != ""):
				return "something is known of an erased person"
			}
			return ""
		},
	}.Random(t)
}

func FuzzDecode(f *testing.F) {
	domaintest.Fuzz(f, candidate.Codec, candidate.Candidate.Fold, []candidate.Event{candidate.Registered{Stamp: s}}, func(c candidate.Candidate) {
		_, _ = c.Register(candidate.Details{LastName: "Gil"}, key, s)
		_, _ = c.Edit("e1", candidate.Edits{candidate.LastName: "Gil", candidate.Links: "https://example.org"}, key, s)
		_, _ = c.SetPicture("f1", 9, s)
		_, _ = c.RemovePicture(s)
		_ = c.Anonymise(s)
	})
}
