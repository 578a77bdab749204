package organization

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
)

// MaxValue is the most characters a text of an attribute has.
const MaxValue = 4000

// In is the area whose right a value of the attribute needs.
func (a AttributeContent) In() access.Area {
	if a.Area == "" {
		return access.Profile
	}
	return a.Area
}

// Value checks what somebody gave as the value of the attribute, as JSON decodes
// it, and returns it as JSON; "" for null, an empty text and an empty list. A
// text, a day written 2006-01-02, and an http or https address are texts; a
// choice is the id of one that is offered, several are a list of those.
// Errors: domain.ErrInvalid.
func (a AttributeContent) Value(given any) (string, error) {
	if text, ok := given.(string); ok {
		given = strings.TrimSpace(text)
	}
	if list, ok := given.([]any); given == nil || given == "" || ok && len(list) == 0 {
		return "", nil
	}
	if !a.takes(given) {
		return "", domain.ErrInvalid.Because("The value of %q is none of type %s.", a.Label, string(a.Type))
	}
	written, err := json.Marshal(given)
	return string(written), err
}

// Kept returns what of a value, as Value returned it, stays for reports when an
// application is anonymised: what was chosen, or yes or no. Of other types nothing
// does, also if they are marked: what somebody wrote, a day or a number may say who
// it was.
func (a Attribute) Kept(value string) (choices []string, yes *bool) {
	if !a.KeepForReports {
		return nil, nil
	}
	switch a.Type { //nolint:exhaustive // of the others nothing stays
	case ChoiceAttribute:
		var id string
		if json.Unmarshal([]byte(value), &id) == nil {
			choices = []string{id}
		}
	case MultiChoiceAttribute:
		_ = json.Unmarshal([]byte(value), &choices)
	case BooleanAttribute:
		_ = json.Unmarshal([]byte(value), &yes)
	}
	ever := slices.Concat(a.Choices, a.Former)
	choices = slices.DeleteFunc(choices, func(id string) bool {
		return !slices.ContainsFunc(ever, func(c Choice) bool { return c.ID == id })
	})
	return choices, yes
}

func (a AttributeContent) takes(given any) bool {
	text, isText := given.(string)
	switch a.Type {
	case TextAttribute:
		_, err := domain.TextOf("The value", text, 1, MaxValue)
		return isText && err == nil
	case NumberAttribute:
		_, ok := given.(float64)
		return ok
	case DateAttribute:
		_, err := time.Parse(time.DateOnly, text)
		return isText && err == nil
	case ChoiceAttribute:
		return isText && a.offers(text)
	case MultiChoiceAttribute:
		list, ok := given.([]any)
		seen := map[string]bool{}
		for _, of := range list {
			id, isText := of.(string)
			ok = ok && isText && a.offers(id) && !seen[id]
			seen[id] = true
		}
		return ok
	case BooleanAttribute:
		_, ok := given.(bool)
		return ok
	case LinkAttribute:
		return isText && isLink(text)
	}
	return false
}

func (a AttributeContent) offers(id string) bool {
	return slices.ContainsFunc(a.Choices, func(c Choice) bool { return c.ID == id })
}

// isLink reports whether text is an address that a browser opens as a page.
func isLink(text string) bool {
	scheme, rest, ok := strings.Cut(text, "://")
	host, _, _ := strings.Cut(rest, "/")
	return ok && len(text) <= MaxValue && (scheme == "http" || scheme == "https") && host != "" &&
		!strings.ContainsAny(host, "?#@\\") && !strings.ContainsAny(text, " \t\r\n<>\"")
}
