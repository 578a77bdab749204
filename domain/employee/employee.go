// Package employee holds the profile of somebody who was hired: who they are,
// which application it came of, and the documents that went along. Its texts are
// under a key of its own, so that it outlives the application; the files have
// theirs, which the profile owns beside the application.
package employee

import (
	"maps"
	"time"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/personal"
)

// Employee is what decisions about a profile need.
type Employee struct {
	Created   bool
	Job       string
	Documents domain.Index[struct{}] // taken along
	Held      map[string]string      // files of those that the malware scanner has not looked at: document by file
	Ended     bool                   // reversed or erased: nothing personal is left, nor comes again
}

// Event is a fact about an employee profile. Names and JSON fields are stored for
// ever; testdata/events pins them.
//
//sumtype:decl
type Event interface {
	domain.Fact
	evolve(Employee) Employee
}

// Codec reads and writes the events of an employee profile.
var Codec = domain.NewCodec[Event](Created{}, DocumentTaken{}, FileScanned{}, Reversed{}, Erased{})

// Fold returns e with events applied in order.
func (e Employee) Fold(events ...Event) Employee {
	for _, event := range events {
		e = event.evolve(e)
	}
	return e
}

// ErrUnknown means that there is no such profile.
var ErrUnknown = &domain.Refusal{Kind: domain.Absent, Code: "unknown_employee", Message: "There is no such employee."}

// Profile is what is known of somebody when they are hired.
type Profile struct {
	Application string        `json:"application"`
	Hire        string        `json:"hire"`
	Job         string        `json:"job"`
	HiredAt     time.Time     `json:"hired_at"`
	FirstName   personal.Text `json:"first_name"`
	LastName    personal.Text `json:"last_name"`
	Email       personal.Text `json:"email"`
	Phone       personal.Text `json:"phone"`
}

// Created records that a hire led to the profile.
type Created struct {
	domain.Stamp
	Profile
}

// EventName implements domain.Fact.
func (Created) EventName() string { return "employee.created.v1" }

func (e Created) evolve(p Employee) Employee {
	p.Created, p.Job = true, e.Job
	return p
}

// Create makes the profile. It is made once; one that was reversed before it
// could be is not made any more.
func (e Employee) Create(p Profile, s domain.Stamp) []Event {
	if e.Created || e.Ended {
		return nil
	}
	p.HiredAt = p.HiredAt.UTC().Truncate(time.Microsecond)
	return []Event{Created{Stamp: s, Profile: p}}
}

// Document is a document of the application with its versions, as they were
// when the person was hired.
type Document struct {
	ID       string                     `json:"id"`
	Category access.Category            `json:"category"`
	Status   application.DocumentStatus `json:"status"`
	Title    personal.Text              `json:"title"` // of the request
	Versions []Version                  `json:"versions"`
	Held     []string                   `json:"held,omitempty"`     // files that were not scanned for malware yet; see FileScanned
	Contract bool                       `json:"contract,omitempty"` // of an offer
}

// Version is a version of a document whose files are there.
type Version struct {
	Number     int                `json:"number"`
	UploadedAt time.Time          `json:"uploaded_at"`
	UploadedBy domain.Actor       `json:"uploaded_by"`
	Files      []application.File `json:"files"`
	Review     *Review            `json:"review,omitempty"` // the last one
}

// Review is what a member said of a version.
type Review struct {
	Status application.DocumentStatus `json:"status"`
	By     domain.Actor               `json:"by"`
	At     time.Time                  `json:"at"`
	Reason personal.Text              `json:"reason"`
}

// DocumentTaken records that a document went along with the person. Its files are
// owned by the profile from then on, too.
type DocumentTaken struct {
	domain.Stamp
	Document
}

// EventName implements domain.Fact.
func (DocumentTaken) EventName() string { return "employee.document_taken.v1" }

func (e DocumentTaken) evolve(p Employee) Employee {
	p.Documents = p.Documents.With(e.ID, struct{}{})
	if len(e.Held) > 0 {
		held := maps.Clone(p.Held)
		if held == nil {
			held = map[string]string{}
		}
		for _, file := range e.Held {
			held[file] = e.ID
		}
		p.Held = held
	}
	return p
}

// Take takes documents along, each once. Errors: ErrUnknown.
func (e Employee) Take(documents []Document, s domain.Stamp) ([]Event, error) {
	switch {
	case e.Ended:
		return nil, nil
	case !e.Created:
		return nil, ErrUnknown
	}
	var events []Event
	for _, d := range documents {
		if _, taken := e.Documents.Get(d.ID); taken {
			continue
		}
		taken := DocumentTaken{Stamp: s, Document: d}
		events, e = append(events, taken), taken.evolve(e)
	}
	return events, nil
}

// FileScanned records what the malware scanner says of a file that was held when it
// was taken along. The application says it too, as long as it has the file.
type FileScanned struct {
	domain.Stamp
	Document  string `json:"document"`
	File      string `json:"file"`
	Infection string `json:"infection,omitempty"` // what it is infected with; empty = nothing was found
	Job       string `json:"job,omitempty"`
}

// EventName implements domain.Fact.
func (FileScanned) EventName() string { return "employee.file_scanned.v1" }

func (e FileScanned) evolve(p Employee) Employee {
	p.Held = maps.Clone(p.Held)
	delete(p.Held, e.File)
	return p
}

// ScanFile says what a file that is held is infected with, "" if nothing was found.
// One that is not held, or not there any more, is no event. Errors: ErrUnknown.
func (e Employee) ScanFile(file, infection string, s domain.Stamp) ([]Event, error) {
	document, held := e.Held[file]
	switch {
	case held:
		return []Event{FileScanned{Stamp: s, Document: document, File: file, Infection: infection, Job: e.Job}}, nil
	case !e.Created && !e.Ended:
		return nil, ErrUnknown
	}
	return nil, nil
}

// Reversed records that the hire was undone: what was personal is gone, and the
// files belong to the application alone again. It may come before the profile
// was made, which then never is.
type Reversed struct {
	domain.Stamp
}

// EventName implements domain.Fact.
func (Reversed) EventName() string { return "employee.reversed.v1" }

func (Reversed) evolve(p Employee) Employee {
	p.Ended, p.Documents, p.Held = true, domain.Index[struct{}]{}, nil
	return p
}

// Reverse ends the profile because the hire was undone. Doing it again is no event.
func (e Employee) Reverse(s domain.Stamp) []Event {
	if e.Ended {
		return nil
	}
	return []Event{Reversed{Stamp: s}}
}

// Erased records that everything personal of the profile was erased.
type Erased struct {
	domain.Stamp
}

// EventName implements domain.Fact.
func (Erased) EventName() string { return "employee.erased.v1" }

func (Erased) evolve(p Employee) Employee {
	p.Ended, p.Documents, p.Held = true, domain.Index[struct{}]{}, nil
	return p
}

// Erase erases the profile. Doing it again is no event. Errors: ErrUnknown.
func (e Employee) Erase(s domain.Stamp) ([]Event, error) {
	switch {
	case !e.Created:
		return nil, ErrUnknown
	case e.Ended:
		return nil, nil
	}
	return []Event{Erased{Stamp: s}}, nil
}
