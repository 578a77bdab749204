package application

import (
	"maps"
	"slices"

	"github.com/hirelog/hirelog/domain"
)

// A file that the malware scanner did not look at when it came is held: nobody
// gets it until that is made up for. One that is found to be infected is
// quarantined: nobody gets it ever.

// The rules that refuse.
var (
	ErrFileHeld        = &domain.Refusal{Kind: domain.Illegal, Code: "file_held", Message: "The malware scanner has not looked at the file yet; nobody gets it before."}
	ErrFileQuarantined = &domain.Refusal{Kind: domain.Illegal, Code: "file_quarantined", Message: "The malware scanner has found the file to be infected; nobody gets it."}
)

// HeldFile is one that was not scanned yet.
type HeldFile struct {
	ID      string
	Version int          // of its document
	By      domain.Actor // who uploaded it
}

// Holding returns events that file documents with some of the files held, which
// are those of files that are in them.
func Holding(events []Event, files ...string) []Event {
	if len(files) == 0 {
		return events
	}
	events = slices.Clone(events)
	for i, e := range events {
		up, ok := e.(DocumentUploaded)
		if !ok {
			continue
		}
		up.Held = nil
		for _, f := range up.Files {
			if slices.Contains(files, f.ID) {
				up.Held = append(up.Held, f.ID)
			}
		}
		events[i] = up
	}
	return events
}

// FileScanned records what the malware scanner says of a file that was held. An
// infected newest version that nobody has reviewed is rejected with it.
type FileScanned struct {
	domain.Stamp
	Document  string       `json:"document"`
	Version   int          `json:"version"`
	File      string       `json:"file"`
	Infection string       `json:"infection,omitempty"` // what it is infected with; empty = nothing was found
	Rejects   bool         `json:"rejects,omitempty"`   // the version with it
	Uploader  domain.Actor `json:"uploader"`
	Job       string       `json:"job,omitempty"`
	Remark                 // whose file it is
}

// EventName implements domain.Fact.
func (FileScanned) EventName() string { return "application.file_scanned.v1" }

func (e FileScanned) evolve(a Application) Application {
	d := a.Documents[e.Document]
	d.Held = slices.DeleteFunc(slices.Clone(d.Held), func(f HeldFile) bool { return f.ID == e.File && f.Version == e.Version })
	if e.Infection != "" {
		d.Infected = append(slices.Clip(d.Infected), e.File)
	}
	if e.Rejects {
		d.Status = DocumentIsRejected
	}
	return a.withDocument(e.Document, d)
}

// ScanFile says what a file that is held is infected with, "" if nothing was
// found. One that is not held, or not there any more, is no event.
// Errors: ErrUnknown, ErrAnonymised.
func (a Application) ScanFile(file, infection string, s domain.Stamp) ([]Event, error) {
	if err := a.exists(); err != nil {
		return nil, err
	}
	var events []Event
	for _, id := range slices.Sorted(maps.Keys(a.Documents)) {
		d := a.Documents[id]
		for _, f := range d.Held {
			if f.ID == file {
				events = append(events, FileScanned{
					Stamp: s, Document: id, Version: f.Version, File: file, Infection: infection, Uploader: f.By, Job: a.Job, Remark: d.Of,
					Rejects: infection != "" && f.Version == d.Versions && d.Status == DocumentIsUploaded,
				})
			}
		}
	}
	return events, nil
}

// Gives refuses files that nobody gets. Errors: ErrFileHeld, ErrFileQuarantined.
func (d Document) Gives(files ...string) error {
	for _, id := range files {
		switch {
		case slices.Contains(d.Infected, id):
			return ErrFileQuarantined
		case slices.ContainsFunc(d.Held, func(f HeldFile) bool { return f.ID == id }):
			return ErrFileHeld
		}
	}
	return nil
}
