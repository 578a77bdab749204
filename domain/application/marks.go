package application

import (
	"slices"

	"github.com/hirelog/hirelog/domain"
)

// MaxTags is the most tags an application carries.
const MaxTags = 20

// ErrTooManyTags means that MaxTags is reached.
var ErrTooManyTags = &domain.Refusal{Kind: domain.Illegal, Code: "too_many_tags", Message: "The application has as many tags as it may have."}

// TagAdded records that the application carries a tag of the shared list.
type TagAdded struct {
	domain.Stamp
	Tag string `json:"tag"`
}

// EventName implements domain.Fact.
func (TagAdded) EventName() string { return "application.tag_added.v1" }

func (e TagAdded) evolve(a Application) Application {
	a.Tags = append(slices.Clip(a.Tags), e.Tag)
	return a
}

// AddTag puts a tag on the application. One it carries is no event.
// Errors: ErrUnknown, ErrAnonymised, ErrTooManyTags.
func (a Application) AddTag(tag string, s domain.Stamp) ([]Event, error) {
	if err := a.exists(); err != nil {
		return nil, err
	}
	switch {
	case slices.Contains(a.Tags, tag):
		return nil, nil
	case len(a.Tags) >= MaxTags:
		return nil, ErrTooManyTags
	}
	return []Event{TagAdded{Stamp: s, Tag: tag}}, nil
}

// TagRemoved records that a tag was taken off.
type TagRemoved struct {
	domain.Stamp
	Tag string `json:"tag"`
}

// EventName implements domain.Fact.
func (TagRemoved) EventName() string { return "application.tag_removed.v1" }

func (e TagRemoved) evolve(a Application) Application {
	a.Tags = slices.DeleteFunc(slices.Clone(a.Tags), func(t string) bool { return t == e.Tag })
	return a
}

// RemoveTag takes a tag off. One it does not carry is no event.
// Errors: ErrUnknown, ErrAnonymised.
func (a Application) RemoveTag(tag string, s domain.Stamp) ([]Event, error) {
	if err := a.exists(); err != nil {
		return nil, err
	}
	if !slices.Contains(a.Tags, tag) {
		return nil, nil
	}
	return []Event{TagRemoved{Stamp: s, Tag: tag}}, nil
}

// PrioritySet records the flag beside the name.
type PrioritySet struct {
	domain.Stamp
	Priority bool `json:"priority"`
}

// EventName implements domain.Fact.
func (PrioritySet) EventName() string { return "application.priority_set.v1" }

func (e PrioritySet) evolve(a Application) Application { a.Priority = e.Priority; return a }

// SetPriority sets the flag to a value. Errors: ErrUnknown, ErrAnonymised.
func (a Application) SetPriority(priority bool, s domain.Stamp) ([]Event, error) {
	if err := a.exists(); err != nil {
		return nil, err
	}
	if a.Priority == priority {
		return nil, nil
	}
	return []Event{PrioritySet{Stamp: s, Priority: priority}}, nil
}

// OwnerSet records which member is responsible from now on.
type OwnerSet struct {
	domain.Stamp
	Owner string `json:"owner"` // member
}

// EventName implements domain.Fact.
func (OwnerSet) EventName() string { return "application.owner_set.v1" }

func (e OwnerSet) evolve(a Application) Application { a.Owner = e.Owner; return a }

// SetOwner makes a member responsible. That they may see the application is for
// the caller to know. Errors: ErrUnknown, ErrAnonymised, domain.ErrInvalid.
func (a Application) SetOwner(owner string, s domain.Stamp) ([]Event, error) {
	if err := a.exists(); err != nil {
		return nil, err
	}
	switch owner {
	case "":
		return nil, domain.ErrInvalid.Because("An application has a member responsible.")
	case a.Owner:
		return nil, nil
	}
	return []Event{OwnerSet{Stamp: s, Owner: owner}}, nil
}
