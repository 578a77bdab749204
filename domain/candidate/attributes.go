package candidate

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/personal"
)

// Attribute is something that is known of a person. The names are stored for
// ever.
type Attribute string

// The attributes every candidate has.
const (
	FirstName         Attribute = "first_name"
	LastName          Attribute = "last_name"
	Email             Attribute = "email"
	Phone             Attribute = "phone"
	Gender            Attribute = "gender"
	Birthday          Attribute = "birthday" // 2006-01-02
	Location          Attribute = "location"
	SalaryExpectation Attribute = "salary_expectation"
	AvailableFrom     Attribute = "available_from" // 2006-01-02
	Links             Attribute = "links"          // one on each line
)

// Attributes returns every attribute, in the order they are shown.
func Attributes() []Attribute {
	return []Attribute{FirstName, LastName, Email, Phone, Gender, Birthday, Location, SalaryExpectation, AvailableFrom, Links}
}

// Area returns the part of an application whose right an attribute needs.
func (a Attribute) Area() access.Area {
	switch a { //nolint:exhaustive // the others are of the profile
	case Gender, Birthday:
		return access.Sensitive
	case SalaryExpectation:
		return access.Salary
	}
	return access.Profile
}

// MaxLinks is the most links a candidate has.
const MaxLinks = 10

// The rules that refuse.
var (
	ErrUnknown      = &domain.Refusal{Kind: domain.Absent, Code: "unknown_candidate", Message: "There is no such candidate."}
	ErrAnonymised   = &domain.Refusal{Kind: domain.Illegal, Code: "candidate_anonymised", Message: "The candidate was anonymised; nothing about them can change."}
	ErrAddressTaken = &domain.Refusal{Kind: domain.Illegal, Code: "address_taken", Message: "The e-mail address belongs to another candidate."}
)

// AttributesChanged records what is known of the person from now on. What is not
// named stays.
type AttributesChanged struct {
	domain.Stamp
	Change     string        `json:"change"` // id of the change
	Attributes []Value       `json:"attributes"`
	Custom     []CustomValue `json:"custom,omitempty"`
}

// Value is what one attribute is from now on; absent for nothing.
type Value struct {
	Attribute Attribute     `json:"attribute"`
	Value     personal.Text `json:"value"`
}

// EventName implements domain.Fact.
func (AttributesChanged) EventName() string { return "candidate.attributes_changed.v1" }

func (e AttributesChanged) evolve(c Candidate) Candidate {
	c.Change = e.Change
	c.Known = maps.Clone(c.Known)
	if c.Known == nil {
		c.Known = map[Attribute]personal.Text{}
	}
	c.Custom = c.withCustom(e.Custom)
	for _, v := range e.Attributes {
		if v.Attribute == Email {
			c.AddressShared = false
		}
		if v.Value.IsZero() {
			delete(c.Known, v.Attribute)
		} else {
			c.Known[v.Attribute] = v.Value
		}
	}
	return c
}

// Edits are attributes as people typed them; an empty text removes one.
type Edits map[Attribute]personal.Plain

// Checked returns the edits as they are kept, or refuses them: names, e-mail and
// phone as Details has them; gender, location and salary expectation are a line
// of at most 200 characters; days are written 2006-01-02, a birthday lies before
// today, and links are at most MaxLinks http or https addresses, one on each
// line. Errors: domain.ErrInvalid.
func (e Edits) Checked(today time.Time) (Edits, error) {
	checked := make(Edits, len(e))
	for _, a := range slices.Sorted(maps.Keys(e)) {
		value, err := a.checked(string(e[a]), today)
		if err != nil {
			return nil, err
		}
		checked[a] = personal.Plain(value)
	}
	return checked, nil
}

func (a Attribute) checked(value string, today time.Time) (string, error) {
	switch a {
	case FirstName:
		return domain.LineOf("The first name", value, 0, 100)
	case LastName:
		return domain.LineOf("The last name", value, 0, 100)
	case Email:
		return domain.EmailOf(value)
	case Phone:
		return domain.LineOf("The telephone number", value, 0, 50)
	case Gender:
		return domain.LineOf("The gender", value, 0, 200)
	case Location:
		return domain.LineOf("The location", value, 0, 200)
	case SalaryExpectation:
		return domain.LineOf("The salary expectation", value, 0, 200)
	case Birthday:
		day, err := dayOf("The birthday", value)
		if err == nil && value != "" && !day.Before(today) {
			return "", domain.ErrInvalid.Because("The birthday must lie in the past.")
		}
		return value, err
	case AvailableFrom:
		_, err := dayOf("The day from which the person is available", value)
		return value, err
	case Links:
		return linksOf(value)
	}
	return "", domain.ErrInvalid.Because("There is no attribute %q.", string(a))
}

// dayOf reads a day; none for an empty text.
func dayOf(name, value string) (time.Time, error) {
	if value == "" {
		return time.Time{}, nil
	}
	day, err := time.Parse(time.DateOnly, value)
	if err != nil {
		return day, domain.ErrInvalid.Because("%s is a day, written 2006-01-02.", name)
	}
	return day, nil
}

// linksOf checks links, one on each line.
func linksOf(value string) (string, error) {
	text, err := domain.TextOf("The links", value, 0, 4000)
	if err != nil || text == "" {
		return text, err
	}
	links := strings.FieldsFunc(text, func(r rune) bool { return r == '\n' || r == '\r' })
	if len(links) > MaxLinks {
		return "", domain.ErrInvalid.Because("A candidate has at most %d links.", MaxLinks)
	}
	for i, l := range links {
		links[i] = strings.TrimSpace(l)
		scheme, rest, _ := strings.Cut(links[i], "://")
		host := rest
		if end := strings.IndexAny(rest, "/?#"); end >= 0 {
			host = rest[:end]
		}
		if scheme != "https" && scheme != "http" || host == "" || strings.Contains(host, "@") || strings.ContainsAny(rest, " \t<>\"") {
			return "", domain.ErrInvalid.Because("A link is an http or https address.")
		}
	}
	return strings.Join(links, "\n"), nil
}

// Edit changes attributes under key. Removing what is not known changes nothing.
// The same change again is no event.
// Errors: ErrUnknown, ErrAnonymised, domain.ErrInvalid.
func (c Candidate) Edit(change string, edits Edits, key personal.Key, s domain.Stamp) ([]Event, error) {
	return c.EditAll(change, edits, nil, key, s)
}

// named reports whether the person has that name after the edits.
func (c Candidate) named(edits Edits, name Attribute) bool {
	if edited, ok := edits[name]; ok {
		return edited != ""
	}
	_, known := c.Known[name]
	return known
}
