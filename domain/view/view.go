// Package view holds saved views of the list of applications: filters, columns
// and order under a name, of one member or shared with all.
package view

import (
	"encoding/json"
	"slices"

	"github.com/hirelog/hirelog/domain"
)

// View is what decisions need of a saved view.
type View struct {
	Owner   domain.Actor // who saved it first; none if nobody did
	Content Content
	Deleted bool
}

// Content is what a view shows and how.
type Content struct {
	Name    string   `json:"name" minLength:"1" maxLength:"100" doc:"What it is called; no person's name"`
	Shared  bool     `json:"shared,omitempty" doc:"Whether every member sees it; what it shows them is what they may see"`
	Filter  Filter   `json:"filter,omitzero" doc:"Which applications"`
	Columns []Column `json:"columns,omitempty" maxItems:"30" doc:"What is shown of each, in this order; none means everything"`
	Sort    string   `json:"sort,omitempty" enum:"received,changed,name" doc:"As of the list; absent: received"`
	Order   string   `json:"order,omitempty" enum:"asc,desc" doc:"As of the list; absent: desc"`
}

// Column is something that is shown of an application. It is stored for ever.
type Column string

// The columns there are.
const (
	FirstName  Column = "first_name"
	LastName   Column = "last_name"
	Email      Column = "email"
	Job        Column = "job"
	Stage      Column = "stage"
	StageSince Column = "stage_since"
	Outcome    Column = "outcome"
	Reason     Column = "reason"
	Priority   Column = "priority"
	KnockedOut Column = "knocked_out"
	Unread     Column = "unread"
	Source     Column = "source"
	Owner      Column = "owner"
	Tags       Column = "tags"
	ReceivedAt Column = "received_at"
	ChangedAt  Column = "changed_at"
	Another    Column = "another_application"
)

// Columns returns all columns, in the order they have unless somebody chooses.
func Columns() []Column {
	return []Column{
		FirstName, LastName, Email, Job, Stage, StageSince, Outcome, Reason, Priority, KnockedOut, Unread, Source, Owner, Tags, ReceivedAt, ChangedAt, Another,
	}
}

// Event is a fact about a saved view. Names and JSON fields are stored for ever;
// testdata/events pins them.
//
//sumtype:decl
type Event interface {
	domain.Fact
	evolve(View) View
}

// Codec reads and writes the events of saved views.
var Codec = domain.NewCodec[Event](Saved{}, Deleted{})

// Fold returns v with events applied in order.
func (v View) Fold(events ...Event) View {
	for _, e := range events {
		v = e.evolve(v)
	}
	return v
}

// ErrUnknown means that there is no such view.
var ErrUnknown = &domain.Refusal{Kind: domain.Absent, Code: "unknown_view", Message: "There is no such view."}

// Saved records what a view shows from now on.
type Saved struct {
	domain.Stamp
	Content Content `json:"content"`
}

// EventName implements domain.Fact.
func (Saved) EventName() string { return "view.saved.v1" }

func (e Saved) evolve(v View) View {
	if v.Owner == "" {
		v.Owner = e.By
	}
	v.Content = e.Content
	return v
}

// Save decides what a view shows from now on. Errors: ErrUnknown when it was
// deleted; domain.ErrInvalid.
func (v View) Save(c Content, s domain.Stamp) ([]Event, error) {
	if v.Deleted {
		return nil, ErrUnknown
	}
	var err error
	if c.Name, err = domain.LineOf("The name", c.Name, 1, 100); err != nil {
		return nil, err
	}
	if c.Filter, err = c.Filter.checked(); err != nil {
		return nil, err
	}
	if !slices.Contains([]string{"", "received", "changed", "name"}, c.Sort) || !slices.Contains([]string{"", "asc", "desc"}, c.Order) {
		return nil, domain.ErrInvalid.Because("A view is sorted by received, changed or name, asc or desc.")
	}
	for i, column := range c.Columns {
		if !slices.Contains(Columns(), column) || slices.Contains(c.Columns[:i], column) {
			return nil, domain.ErrInvalid.Because("A view has columns of the list, each once.")
		}
	}
	if v.Owner != "" && same(v.Content, c) {
		return nil, nil
	}
	return []Event{Saved{Stamp: s, Content: c}}, nil
}

// same reports whether two contents are stored as the same.
func same(a, b Content) bool {
	first, err1 := json.Marshal(a)
	second, err2 := json.Marshal(b)
	return err1 == nil && err2 == nil && string(first) == string(second)
}

// Deleted records that a view is no more.
type Deleted struct {
	domain.Stamp
}

// EventName implements domain.Fact.
func (Deleted) EventName() string { return "view.deleted.v1" }

func (Deleted) evolve(v View) View { v.Deleted = true; return v }

// Delete decides that a view is no more. Errors: ErrUnknown.
func (v View) Delete(s domain.Stamp) ([]Event, error) {
	switch {
	case v.Owner == "":
		return nil, ErrUnknown
	case v.Deleted:
		return nil, nil
	}
	return []Event{Deleted{Stamp: s}}, nil
}
