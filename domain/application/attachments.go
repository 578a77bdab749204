package application

import (
	"maps"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
)

// FileAttachment files what came along with a mail as a document without a
// category; a member gives it one. A document that is there already is no event.
// Errors: ErrUnknown, ErrAnonymised, ErrTooManyDocuments, domain.ErrInvalid.
func (a Application) FileAttachment(document string, file File, s domain.Stamp) ([]Event, error) {
	if err := a.exists(); err != nil {
		return nil, err
	}
	if _, known := a.Documents[document]; known {
		return nil, nil
	}
	switch {
	case len(a.Documents) >= MaxDocuments:
		return nil, ErrTooManyDocuments
	case file.ID == "" || file.Size <= 0:
		return nil, domain.ErrInvalid.Because("A file is empty.")
	}
	return []Event{DocumentUploaded{Stamp: s, Document: document, Version: 1, Category: access.Uncategorised, Files: []File{file}, Job: a.Job}}, nil
}

// DocumentLeft records that a document that came along with a mail went along
// with it to another application.
type DocumentLeft struct {
	domain.Stamp
	Document string `json:"document"`
}

// EventName implements domain.Fact.
func (DocumentLeft) EventName() string { return "application.document_left.v1" }

func (e DocumentLeft) evolve(a Application) Application {
	a.Documents = maps.Clone(a.Documents)
	delete(a.Documents, e.Document)
	return a
}

// LetGo lets a document with one version go along to another application. One
// that got more versions, or lost its own, stays, and so does a signed contract; one
// that is not there is gone.
// Errors: ErrUnknown, ErrAnonymised.
func (a Application) LetGo(document string, s domain.Stamp) ([]Event, error) {
	if err := a.exists(); err != nil {
		return nil, err
	}
	if d, known := a.Documents[document]; !known || d.Versions != 1 || len(d.Files) == 0 || d.Contract() {
		return nil, nil
	}
	return []Event{DocumentLeft{Stamp: s, Document: document}}, nil
}
