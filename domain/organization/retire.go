package organization

import (
	"maps"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
)

// List is one of the lists of the organisation whose entries can be retired.
type List string

// The lists. Their names are stored in events.
const (
	Reasons List = "reasons"
	Tags    List = "tags"
	Forms   List = "evaluation_forms"

	DocumentCategories List = "document_categories"
	Attributes         List = "attributes"
	Templates          List = "message_templates"
)

// Lists returns every list.
func Lists() []List { return []List{Reasons, Tags, Forms, DocumentCategories, Attributes, Templates} }

// Entry is one entry of a list.
type Entry struct {
	List List
	ID   string
}

// The rules that refuse.
var (
	ErrUnknownEntry = &domain.Refusal{Kind: domain.Absent, Code: "unknown_entry", Message: "There is no such entry in the list."}
	ErrRetired      = &domain.Refusal{Kind: domain.Illegal, Code: "retired", Message: "It was retired and can no longer be chosen."}
	ErrListFull     = &domain.Refusal{Kind: domain.Illegal, Code: "list_full", Message: "The list has as many entries as it may have."}
)

// MaxEntries is the most entries a list may have, retired ones included; there
// may be MaxTags tags.
const MaxEntries = 200

// EntryRetired records that an entry of a list is no longer chosen. What names
// it goes on naming it.
type EntryRetired struct {
	domain.Stamp
	List  List   `json:"list"`
	Entry string `json:"entry"`
}

// EventName implements domain.Fact.
func (EntryRetired) EventName() string { return "organization.entry_retired.v1" }

func (e EntryRetired) evolve(o Organization) Organization {
	o.Retired = with(o.Retired, Entry{e.List, e.Entry}, true)
	return o
}

// EntryRestored records that a retired entry may be chosen again.
type EntryRestored struct {
	domain.Stamp
	List  List   `json:"list"`
	Entry string `json:"entry"`
}

// EventName implements domain.Fact.
func (EntryRestored) EventName() string { return "organization.entry_restored.v1" }

func (e EntryRestored) evolve(o Organization) Organization {
	o.Retired = maps.Clone(o.Retired)
	delete(o.Retired, Entry{e.List, e.Entry})
	return o
}

// has reports whether a list has an entry, retired or not.
func (o Organization) has(list List, id string) (ok bool) {
	switch list {
	case Reasons:
		_, ok = o.Reasons[id]
	case Tags:
		_, ok = o.Tags[id]
	case Forms:
		_, ok = o.Forms[id]
	case DocumentCategories:
		_, ok = o.Categories[access.Category(id)]
	case Attributes:
		_, ok = o.Attributes[id]
	case Templates:
		_, ok = o.Templates[id]
	}
	return ok
}

// Choose refuses an entry that cannot be chosen.
// Errors: ErrUnknownEntry, ErrRetired.
func (o Organization) Choose(list List, id string) error {
	switch {
	case !o.has(list, id):
		return ErrUnknownEntry
	case o.Retired[Entry{list, id}]:
		return ErrRetired
	}
	return nil
}

// Retire takes an entry out of what can be chosen. Errors: ErrUnknownEntry.
func (o Organization) Retire(list List, id string, s domain.Stamp) ([]Event, error) {
	switch {
	case !o.has(list, id):
		return nil, ErrUnknownEntry
	case o.Retired[Entry{list, id}]:
		return nil, nil
	}
	return []Event{EntryRetired{Stamp: s, List: list, Entry: id}}, nil
}

// Restore lets a retired entry be chosen again. Errors: ErrUnknownEntry.
func (o Organization) Restore(list List, id string, s domain.Stamp) ([]Event, error) {
	switch {
	case !o.has(list, id):
		return nil, ErrUnknownEntry
	case !o.Retired[Entry{list, id}]:
		return nil, nil
	}
	return []Event{EntryRestored{Stamp: s, List: list, Entry: id}}, nil
}
