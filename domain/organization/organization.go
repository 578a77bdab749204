// Package organization holds what one installation has decided for itself:
// settings, recruiting roles, and the lists everybody chooses from (reasons for
// disqualifying, tags, categories of documents, attributes of candidates,
// evaluation forms, templates). Nothing in it is personal.
//
// An entry of a list is never deleted, because others name it by its id: it is
// retired, and then stays readable and is no longer chosen.
package organization

import (
	"maps"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
)

// ID is the id of the one organisation of an installation.
const ID = "00000000-0000-4000-8000-000000000001"

// Organization is what decisions need of it.
type Organization struct {
	Founded  bool
	Name     string // mail is sent in it
	Settings Settings
	Roles    map[string]RecruitingRole // by id
	Reasons  map[string]Reason         // by id
	Tags     map[string]string         // label by id
	Forms    map[string]Form           // by id
	Retired  map[Entry]bool            // what is no longer chosen

	Categories     map[access.Category]string // labels of the organisation's own categories of documents, by id
	Attributes     map[string]Attribute       // by id
	AttributeOrder []string                   // ids, as they are shown
	Templates      map[string]TemplateContent // by id
}

// Event is a fact about the organisation. Names and JSON fields are stored for
// ever; testdata/events pins them.
//
//sumtype:decl
type Event interface {
	domain.Fact
	evolve(Organization) Organization
}

// Codec reads and writes the events of the organisation.
var Codec = domain.NewCodec[Event](Founded{}, SettingsChanged{}, RecruitingRoleDefined{}, ReasonDefined{}, TagDefined{},
	FormDefined{}, CategoryDefined{}, AttributeDefined{}, AttributesOrdered{}, TemplateDefined{}, EntryRetired{}, EntryRestored{})

// Fold returns o with events applied in order.
func (o Organization) Fold(events ...Event) Organization {
	for _, e := range events {
		o = e.evolve(o)
	}
	return o
}

// Founded records the beginning of an installation.
type Founded struct {
	domain.Stamp
	Name string `json:"name"`
}

// EventName implements domain.Fact.
func (Founded) EventName() string { return "organization.founded.v1" }

func (e Founded) evolve(o Organization) Organization {
	o.Founded, o.Name = true, e.Name
	o.Settings = defaults()
	return o
}

// Found founds the organisation. Doing it again is no event.
// Errors: domain.ErrInvalid.
func (o Organization) Found(name string, s domain.Stamp) ([]Event, error) {
	if o.Founded {
		return nil, nil
	}
	name, err := domain.LineOf("The name", name, 1, 200)
	if err != nil {
		return nil, err
	}
	return []Event{Founded{Stamp: s, Name: name}}, nil
}

// with returns m with a value for a key, and leaves m as it was.
func with[K comparable, V any](m map[K]V, key K, value V) map[K]V {
	m = maps.Clone(m)
	if m == nil {
		m = map[K]V{}
	}
	m[key] = value
	return m
}
