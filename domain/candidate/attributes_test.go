package candidate_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/candidate"
	"github.com/hirelog/hirelog/domain/domaintest"
	"github.com/hirelog/hirelog/domain/personal"
)

// someEdits draws values that make sense and others.
func someEdits(t *rapid.T) candidate.Edits {
	edits := candidate.Edits{}
	for range rapid.IntRange(1, 3).Draw(t, "edits") {
		a := domaintest.Fair(t, "attribute", append(candidate.Attributes(), "shoe_size"))
		edits[a] = rapid.SampledFrom([]personal.Plain{"", "Ana", "ana@example.org", "1990-02-28", "2090-01-01", "https://example.org/ana", "a\nb", " x "}).Draw(t, "value")
	}
	return edits
}

// TestEdit holds S2-17..18: an edit changes the attributes it names.
func TestEdit(t *testing.T) {
	type events = []candidate.Event
	type row = domaintest.Case[candidate.Candidate, candidate.Event]
	gil := candidate.Registered{Stamp: s, LastName: text("Gil"), Phone: text("+1 555")}
	edit := func(edits candidate.Edits) func(candidate.Candidate) ([]candidate.Event, error) {
		return func(c candidate.Candidate) ([]candidate.Event, error) { return c.Edit("e1", edits, key, s) }
	}
	changed := func(values ...candidate.Value) events {
		return events{candidate.AttributesChanged{Stamp: s, Change: "e1", Attributes: values}}
	}
	invalid := func(name string, edits candidate.Edits, says string) row {
		return row{Name: name, Given: events{gil}, When: edit(edits), Err: domain.ErrInvalid, Says: says}
	}
	links := personal.Plain(strings.Repeat("https://example.org\n", candidate.MaxLinks))
	domaintest.Run(t, candidate.Candidate.Fold, []row{
		{
			Name: "what is named, in order, and trimmed", Given: events{gil},
			When: edit(candidate.Edits{candidate.Phone: " +1 556 ", candidate.Birthday: "1990-02-28", candidate.FirstName: "Ana"}),
			Want: changed(
				candidate.Value{Attribute: candidate.Birthday, Value: text("1990-02-28")},
				candidate.Value{Attribute: candidate.FirstName, Value: text("Ana")},
				candidate.Value{Attribute: candidate.Phone, Value: text("+1 556")},
			),
		},
		{Name: "what is known is removed", Given: events{gil}, When: edit(candidate.Edits{candidate.Phone: ""}), Want: changed(candidate.Value{Attribute: candidate.Phone})},
		{Name: "what is not known is not", Given: events{gil}, When: edit(candidate.Edits{candidate.Gender: " "})},
		{Name: "nothing", Given: events{gil}, When: edit(nil)},
		{
			Name: "one name may go if another comes", Given: events{gil}, When: edit(candidate.Edits{candidate.LastName: "", candidate.FirstName: "Ana"}),
			Want: changed(candidate.Value{Attribute: candidate.FirstName, Value: text("Ana")}, candidate.Value{Attribute: candidate.LastName}),
		},
		{
			Name: "links", Given: events{gil}, When: edit(candidate.Edits{candidate.Links: "https://example.org/a\r\n http://example.org\n"}),
			Want: changed(candidate.Value{Attribute: candidate.Links, Value: text("https://example.org/a\nhttp://example.org")}),
		},
		{Name: "nobody", When: edit(candidate.Edits{candidate.Phone: "1"}), Err: candidate.ErrUnknown},
		{Name: "somebody who is gone", Given: events{gil, anonymised}, When: edit(candidate.Edits{candidate.Phone: "1"}), Err: candidate.ErrAnonymised},
		invalid("the last name of somebody", candidate.Edits{candidate.LastName: ""}, "first or last name is required"),
		invalid("an attribute there is none of", candidate.Edits{"shoe_size": "44"}, "shoe_size"),
		invalid("no address", candidate.Edits{candidate.Email: "ana"}, "e-mail address"),
		invalid("no day", candidate.Edits{candidate.Birthday: "28.2.1990"}, "2006-01-02"),
		invalid("a day there is none of", candidate.Edits{candidate.AvailableFrom: "2026-02-30"}, "2006-01-02"),
		invalid("a birthday to come", candidate.Edits{candidate.Birthday: "2090-01-01"}, "in the past"),
		invalid("two lines", candidate.Edits{candidate.Location: "a\nb"}, "one line"),
		invalid("a link that runs something", candidate.Edits{candidate.Links: "javascript:alert(1)"}, "http or https"),
		invalid("a link with a password", candidate.Edits{candidate.Links: "https://a:b@example.org"}, "http or https"),
		invalid("more links than there may be", candidate.Edits{candidate.Links: links + "https://example.org"}, "at most 10 links"),
	}...)
}

// TestAttributesHaveAreas holds S2-20.
func TestAttributesHaveAreas(t *testing.T) {
	for _, a := range candidate.Attributes() {
		want := access.Profile
		switch a { //nolint:exhaustive // the others are of the profile
		case candidate.Gender, candidate.Birthday:
			want = access.Sensitive
		case candidate.SalaryExpectation:
			want = access.Salary
		}
		if got := a.Area(); got != want {
			t.Errorf("%s is of area %s, want %s", a, got, want)
		}
	}
}
