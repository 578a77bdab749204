package organization_test

import (
	"errors"
	"slices"
	"strconv"
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

// S2-94: of what is marked for reports stays what was chosen, also what is offered no
// more, and nothing that anybody could write.
func TestKeptValues(t *testing.T) {
	for _, c := range []struct {
		of    organization.AttributeType
		not   bool // marked
		value string
		want  []string
		yes   string
	}{
		{of: organization.ChoiceAttribute, value: `"a"`, want: []string{"a"}},
		{of: organization.ChoiceAttribute, value: `"old"`, want: []string{"old"}},
		{of: organization.ChoiceAttribute, value: `"Grace Hopper"`},
		{of: organization.ChoiceAttribute, value: `"a"`, not: true},
		{of: organization.ChoiceAttribute},
		{of: organization.MultiChoiceAttribute, value: `["b","x","a"]`, want: []string{"b", "a"}},
		{of: organization.BooleanAttribute, value: "false", yes: "false"},
		{of: organization.BooleanAttribute, value: "true", yes: "true"},
		{of: organization.BooleanAttribute},
		{of: organization.TextAttribute, value: `"a"`},
		{of: organization.NumberAttribute, value: "42"},
		{of: organization.DateAttribute, value: `"1906-12-09"`},
		{of: organization.LinkAttribute, value: `"https://example.org/grace"`},
	} {
		a := organization.Attribute{Former: []organization.Choice{{ID: "old"}}}
		a.Type, a.KeepForReports, a.Choices = c.of, !c.not, []organization.Choice{{ID: "a", Label: "A"}, {ID: "b", Label: "B"}}
		got, yes := a.Kept(c.value)
		says := ""
		if yes != nil {
			says = strconv.FormatBool(*yes)
		}
		if !slices.Equal(got, c.want) || says != c.yes {
			t.Errorf("%s %s keeps %q, %q; want %q, %q", c.of, c.value, got, says, c.want, c.yes)
		}
	}
}
