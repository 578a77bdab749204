package readmodels

import (
	"encoding/json"

	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/organization"
)

// KeptRow is a row of table kept_values: what an anonymised application keeps for
// reports of one of the organisation's own attributes.
type KeptRow struct {
	Key         string // application/attribute
	Application string
	Attribute   string
	Choices     []string // ids
	Yes         *bool
}

// KeptValues returns table kept_values.
func KeptValues() Table[KeptRow] {
	return Table[KeptRow]{
		Name: "kept_values",
		Key:  func(r *KeptRow) *string { return &r.Key },
		Columns: []Column[KeptRow]{
			Col("place", "text", func(r *KeptRow) *string { return &r.Key }),
			Col("application_id", "uuid", func(r *KeptRow) *string { return &r.Application }),
			Col("attribute_id", "uuid", func(r *KeptRow) *string { return &r.Attribute }),
			ArrayCol("choices", "uuid[]", func(r *KeptRow) *[]string { return &r.Choices }),
			Col("yes", "boolean", func(r *KeptRow) **bool { return &r.Yes }),
		},
		Indexes: []string{`CREATE INDEX {name}_application ON {table} (application_id)`},
		By:      map[string]func(*KeptRow) *string{"application_id": func(r *KeptRow) *string { return &r.Application }},
	}
}

// kept are the values that an anonymised application keeps, as far as v may see
// them.
func (r *profileRows) kept(v view) []CustomAttribute {
	shown := []CustomAttribute{}
	for _, a := range r.defined {
		for _, k := range r.keeps {
			if k.Attribute == a.ID && v.rights.Area(a.Content.V.In()) >= access.View {
				shown = append(shown, CustomAttribute{ID: a.ID, Label: a.Content.V.Label, Type: a.Content.V.Type, Value: k.value(a.Content.V.Type)})
			}
		}
	}
	return shown
}

// value is the value as JSON says one of that type.
func (r KeptRow) value(of organization.AttributeType) json.RawMessage {
	var value any = r.Choices
	switch {
	case of == organization.BooleanAttribute:
		value = r.Yes
	case of == organization.ChoiceAttribute && len(r.Choices) > 0:
		value = r.Choices[0]
	}
	written, _ := json.Marshal(value) // ids, or whether
	return written
}
