package organization_test

import (
	"errors"
	"testing"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/organization"
)

// S2-18: a value is of the type of its attribute.
func TestValues(t *testing.T) {
	choices := []organization.Choice{{ID: "a", Label: "A"}, {ID: "b", Label: "B"}}
	for _, c := range []struct {
		of    organization.AttributeType
		given any
		want  string // "!" = refused
	}{
		{organization.TextAttribute, " words ", `"words"`},
		{organization.TextAttribute, " ", ""},
		{organization.TextAttribute, nil, ""},
		{organization.TextAttribute, 1.0, "!"},
		{organization.NumberAttribute, 1.5, "1.5"},
		{organization.NumberAttribute, "1.5", "!"},
		{organization.DateAttribute, "2027-01-31", `"2027-01-31"`},
		{organization.DateAttribute, "31.1.2027", "!"},
		{organization.ChoiceAttribute, "a", `"a"`},
		{organization.ChoiceAttribute, "c", "!"},
		{organization.MultiChoiceAttribute, []any{"b", "a"}, `["b","a"]`},
		{organization.MultiChoiceAttribute, []any{}, ""},
		{organization.MultiChoiceAttribute, []any{"a", "a"}, "!"},
		{organization.MultiChoiceAttribute, "a", "!"},
		{organization.BooleanAttribute, false, "false"},
		{organization.BooleanAttribute, "yes", "!"},
		{organization.LinkAttribute, "https://example.org/a", `"https://example.org/a"`},
		{organization.LinkAttribute, "javascript:alert(1)", "!"},
		{organization.LinkAttribute, "https://user@example.org", "!"},
	} {
		got, err := organization.AttributeContent{Label: "It", Type: c.of, Choices: choices}.Value(c.given)
		if refused := errors.Is(err, domain.ErrInvalid); refused != (c.want == "!") || !refused && got != c.want {
			t.Errorf("%s %v: %q, %v; want %q", c.of, c.given, got, err, c.want)
		}
	}
}
