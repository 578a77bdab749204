package commands

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/candidate"
	"github.com/hirelog/hirelog/domain/organization"
	"github.com/hirelog/hirelog/domain/personal"
)

// EditCandidate changes what is known of the person of an application. What is
// nil stays; an empty text removes.
type EditCandidate struct {
	Application       string          `json:"-"`
	FirstName         *personal.Plain `json:"first_name,omitempty" maxLength:"100" doc:"First name; one of the two names is required"`
	LastName          *personal.Plain `json:"last_name,omitempty" maxLength:"100" doc:"Last name"`
	Email             *personal.Plain `json:"email,omitempty" maxLength:"254" doc:"E-mail address; the person is recognised by it from then on"`
	Phone             *personal.Plain `json:"phone,omitempty" maxLength:"50" doc:"Telephone number"`
	Gender            *personal.Plain `json:"gender,omitempty" maxLength:"200" doc:"Gender, in the person's words; needs edit on area sensitive"`
	Birthday          *personal.Plain `json:"birthday,omitempty" maxLength:"10" doc:"A day, such as 1990-12-31; needs edit on area sensitive"`
	Location          *personal.Plain `json:"location,omitempty" maxLength:"200" doc:"Where the person lives"`
	SalaryExpectation *personal.Plain `json:"salary_expectation,omitempty" maxLength:"200" doc:"What the person expects; needs edit on area salary"`
	AvailableFrom     *personal.Plain `json:"available_from,omitempty" maxLength:"10" doc:"A day, such as 2027-01-31"`
	Links             *personal.Plain `json:"links,omitempty" maxLength:"4000" doc:"At most 10 http or https addresses, one on each line"`

	More map[string]any `json:"more_information,omitempty" doc:"Values of the organisation's own attributes, by their ids: a text, a number, a day such as 2027-01-31, the id of a choice, a list of those, true or false, an http or https address; null removes. Each needs edit on the area of its attribute"`
}

func (cmd EditCandidate) edits() candidate.Edits {
	edits := candidate.Edits{}
	for a, value := range map[candidate.Attribute]*personal.Plain{
		candidate.FirstName: cmd.FirstName, candidate.LastName: cmd.LastName, candidate.Email: cmd.Email, candidate.Phone: cmd.Phone,
		candidate.Gender: cmd.Gender, candidate.Birthday: cmd.Birthday, candidate.Location: cmd.Location,
		candidate.SalaryExpectation: cmd.SalaryExpectation, candidate.AvailableFrom: cmd.AvailableFrom, candidate.Links: cmd.Links,
	} {
		if value != nil {
			edits[a] = *value
		}
	}
	return edits
}

// EditCandidate gives cmd. Whoever has edit on the areas of all that is named
// may, on any application of the person. Values that are so already are left
// out. A new address is the person's from before the fact is recorded: until the
// command is given again after a fault, both may name them. Given again once the
// application is anonymised it is refused: who it was of cannot be told any more.
// Errors: those of candidate.EditAll; candidate.ErrAddressTaken;
// organization.ErrUnknownEntry, organization.ErrRetired;
// application.ErrUnknown, application.ErrAnonymised; ErrDenied.
func (c *Commands) EditCandidate(ctx context.Context, caller Caller, cmd EditCandidate) (Answer, error) {
	edits := cmd.edits()
	var areas []access.Area
	for a := range edits {
		areas = append(areas, a.Area())
	}
	for id := range cmd.More {
		areas = append(areas, c.directory.Organization().Attributes[id].In())
	}
	person, err := c.personToEdit(ctx, caller, cmd.Application, areas)
	if err != nil {
		return Answer{}, err
	}
	custom, err := c.customEdits(cmd.More)
	if err != nil {
		return Answer{}, err
	}
	return c.editPerson(ctx, caller, person, cmd.Application, edits, custom, nil)
}

// editPerson changes what is known of a person, under their key as it is wrapped
// for an application. prove, if set, is asked for before a new address is taken.
func (c *Commands) editPerson(ctx context.Context, caller Caller, person, owner string, edits candidate.Edits, custom candidate.CustomEdits, prove func(context.Context) error) (Answer, error) {
	edits, err := edits.Checked(c.stamp(caller, time.Time{}).At)
	if err != nil {
		return Answer{}, err
	}
	f, err := c.candidates.read(ctx, c.log, person)
	if err != nil {
		return Answer{}, err
	}
	known, err := c.opened(ctx, f.state, edits)
	if err != nil {
		return Answer{}, err
	}
	for a, value := range known {
		if edits[a] == value {
			delete(edits, a)
		}
	}
	if err := c.withoutKnown(ctx, f.state, custom); err != nil {
		return Answer{}, err
	}
	return transact(ctx, c, c.candidates, person, caller, decision[candidate.Candidate, candidate.Event]{
		decide: func(p candidate.Candidate, s domain.Stamp) ([]candidate.Event, error) {
			return p.EditAll(caller.newID("change"), edits, custom, personal.Key{ID: person, Owner: owner}, s)
		},
		prepare: func(ctx context.Context, _ candidate.Candidate) error {
			email, edited := edits[candidate.Email]
			if !edited {
				return nil
			}
			if prove != nil {
				if err := prove(ctx); err != nil {
					return err
				}
				prove = nil // a proof counts once
			}
			return c.takeAddress(ctx, person, known[candidate.Email], email)
		},
	})
}

// customEdits checks values of the organisation's own attributes. One of a retired
// attribute can only be removed.
// Errors: domain.ErrInvalid, organization.ErrUnknownEntry, organization.ErrRetired.
func (c *Commands) customEdits(given map[string]any) (candidate.CustomEdits, error) {
	o, edits := c.directory.Organization(), candidate.CustomEdits{}
	for _, id := range slices.Sorted(maps.Keys(given)) {
		a, known := o.Attributes[id]
		if !known {
			return nil, organization.ErrUnknownEntry
		}
		value, err := a.Value(given[id])
		switch {
		case err != nil:
			return nil, err
		case value != "" && o.Retired[organization.Entry{List: organization.Attributes, ID: id}]:
			return nil, organization.ErrRetired
		}
		edits[id] = personal.Plain(value)
	}
	return edits, nil
}

// withoutKnown takes out of edits what is so already.
func (c *Commands) withoutKnown(ctx context.Context, p candidate.Candidate, edits candidate.CustomEdits) error {
	var ids []string
	var sealed [][]byte
	for id := range edits {
		if text, ok := p.Custom[id]; ok {
			ids, sealed = append(ids, id), append(sealed, text.Bytes())
		}
	}
	if len(ids) == 0 {
		return nil
	}
	texts, err := c.vault.Open(ctx, sealed...)
	if err != nil {
		return err
	}
	for i, id := range ids {
		if !texts[i].Erased && texts[i].Text == edits[id] {
			delete(edits, id)
		}
	}
	return nil
}

// personToEdit returns the person of an application, or refuses who may not edit
// what is of the areas; of none, the profile. Errors: application.ErrUnknown, application.ErrAnonymised, ErrDenied.
func (c *Commands) personToEdit(ctx context.Context, caller Caller, id string, areas []access.Area) (string, error) {
	f, err := c.applications.read(ctx, c.log, id)
	if err != nil {
		return "", err
	}
	held, err := c.mayOn(caller, f.state, need{area: access.Application, level: access.View})
	if err != nil {
		return "", err
	}
	allowed := held.Area(access.Profile) >= access.Edit || len(areas) > 0
	for _, a := range areas {
		allowed = allowed && held.Area(a) >= access.Edit
	}
	if !allowed {
		return "", ErrDenied
	}
	person, err := c.reveal(ctx, f.state.Candidate)
	if err == nil && person == "" {
		err = application.ErrAnonymised
	}
	return person, err
}

// opened returns what is known of a person of the attributes that are edited.
func (c *Commands) opened(ctx context.Context, p candidate.Candidate, edits candidate.Edits) (candidate.Edits, error) {
	var names []candidate.Attribute
	var sealed [][]byte
	for a := range edits {
		if text, ok := p.Known[a]; ok {
			names, sealed = append(names, a), append(sealed, text.Bytes())
		}
	}
	if len(sealed) == 0 {
		return candidate.Edits{}, nil
	}
	texts, err := c.vault.Open(ctx, sealed...)
	if err != nil {
		return nil, err
	}
	known := make(candidate.Edits, len(names))
	for i, a := range names {
		if !texts[i].Erased {
			known[a] = texts[i].Text
		}
	}
	return known, nil
}

// takeAddress makes a person known by another address.
// Errors: candidate.ErrAddressTaken.
func (c *Commands) takeAddress(ctx context.Context, person string, old, email personal.Plain) error {
	holder, err := c.vault.ChangeEmail(ctx, person, old, email)
	if err == nil && holder != person {
		err = candidate.ErrAddressTaken
	}
	return err
}
