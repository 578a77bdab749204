package candidate

import (
	"maps"
	"slices"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/personal"
)

// CustomValue is what one of the organisation's own attributes is from now on;
// absent for nothing.
type CustomValue struct {
	Attribute string        `json:"attribute"` // id
	Value     personal.Text `json:"value"`     // in JSON
}

// CustomEdits are values of the organisation's own attributes, by id, in JSON as
// organization.Attribute.Value checked them; an empty one removes.
type CustomEdits map[string]personal.Plain

// withCustom returns what is known after some values.
func (c Candidate) withCustom(values []CustomValue) map[string]personal.Text {
	if len(values) == 0 {
		return c.Custom
	}
	custom := maps.Clone(c.Custom)
	if custom == nil {
		custom = map[string]personal.Text{}
	}
	for _, v := range values {
		if v.Value.IsZero() {
			delete(custom, v.Attribute)
		} else {
			custom[v.Attribute] = v.Value
		}
	}
	if len(custom) == 0 {
		return nil
	}
	return custom
}

// EditAll is Edit for attributes of both kinds.
func (c Candidate) EditAll(change string, edits Edits, custom CustomEdits, key personal.Key, s domain.Stamp) ([]Event, error) {
	if err := c.exists(); err != nil {
		return nil, err
	}
	if c.Change == change {
		return nil, nil
	}
	edits, err := edits.Checked(s.At)
	if err != nil {
		return nil, err
	}
	if !c.named(edits, FirstName) && !c.named(edits, LastName) {
		return nil, domain.ErrInvalid.Because("A first or last name is required.")
	}
	e := AttributesChanged{Stamp: s, Change: change}
	for _, a := range slices.Sorted(maps.Keys(edits)) {
		if _, known := c.Known[a]; known || edits[a] != "" {
			e.Attributes = append(e.Attributes, Value{Attribute: a, Value: personal.New(key, edits[a])})
		}
	}
	for _, id := range slices.Sorted(maps.Keys(custom)) {
		if _, known := c.Custom[id]; known || custom[id] != "" {
			e.Custom = append(e.Custom, CustomValue{Attribute: id, Value: personal.New(key, custom[id])})
		}
	}
	if len(e.Attributes)+len(e.Custom) == 0 {
		return nil, nil
	}
	return []Event{e}, nil
}
