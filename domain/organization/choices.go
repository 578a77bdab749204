package organization

import (
	"slices"
	"strconv"
	"strings"

	"github.com/hirelog/hirelog/domain"
)

// Choice is one of the answers that can be chosen.
type Choice struct {
	ID    string `json:"id,omitempty" format:"uuid" doc:"Of a choice there is already; left out for a new one"`
	Label string `json:"label" minLength:"1" maxLength:"200" doc:"What it is called, unique among the choices"`
}

// Fresh returns an id for something new; for the same part always the same.
type Fresh func(part string) string

// identified returns choices with ids, in the given order: one without an id
// is the one that is called the same, or new.
// Errors: domain.ErrInvalid.
func identified(choices, have []Choice, part string, fresh Fresh) ([]Choice, error) {
	checked := make([]Choice, 0, len(choices))
	for i, c := range choices {
		label, err := domain.LineOf("A choice", c.Label, 1, 200)
		if err != nil {
			return nil, err
		}
		called := func(k Choice) bool { return k.Label == label }
		at := slices.IndexFunc(have, func(k Choice) bool { return k.ID == c.ID })
		switch {
		case c.ID != "" && at < 0:
			return nil, domain.ErrInvalid.Because("There is no such choice as the one named for %s.", label)
		case c.ID == "" && slices.ContainsFunc(have, called):
			c.ID = have[slices.IndexFunc(have, called)].ID
		case c.ID == "":
			c.ID = fresh(part + "choice/" + strconv.Itoa(i))
		}
		if slices.ContainsFunc(checked, func(k Choice) bool { return k.ID == c.ID || strings.EqualFold(k.Label, label) }) {
			return nil, domain.ErrInvalid.Because("The choice %s is there twice.", label)
		}
		checked = append(checked, Choice{ID: c.ID, Label: label})
	}
	return checked, nil
}
