package application

import (
	"slices"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/personal"
)

// The rules that refuse.
var (
	ErrNotRequested      = &domain.Refusal{Kind: domain.Illegal, Code: "document_not_requested", Message: "The document was filed without being asked for; there is no request to cancel."}
	ErrDocumentCancelled = &domain.Refusal{Kind: domain.Illegal, Code: "document_cancelled", Message: "The request for the document was cancelled."}
	ErrNotApproved       = &domain.Refusal{Kind: domain.Illegal, Code: "document_not_approved", Message: "The document is not approved, so there is nothing to reopen."}
	ErrUnknownVersion    = &domain.Refusal{Kind: domain.Absent, Code: "unknown_version", Message: "The document has no such version."}
)

// DocumentCancelled records that a document is not asked for any more. What was
// uploaded stays.
type DocumentCancelled struct {
	domain.Stamp
	Document string `json:"document"`
}

// EventName implements domain.Fact.
func (DocumentCancelled) EventName() string { return "application.document_cancelled.v1" }

func (e DocumentCancelled) evolve(a Application) Application {
	d := a.Documents[e.Document]
	d.Status = DocumentIsCancelled
	return a.withDocument(e.Document, d)
}

// CancelDocument takes a request back, before its document is approved.
// Errors: ErrUnknown, ErrAnonymised, ErrUnknownDocument, ErrNotRequested,
// ErrDocumentApproved.
func (a Application) CancelDocument(document string, s domain.Stamp) ([]Event, error) {
	d, err := a.document(document)
	switch {
	case err != nil:
		return nil, err
	case !d.requested():
		return nil, ErrNotRequested
	case d.Status == DocumentIsCancelled:
		return nil, nil
	case d.Status == DocumentIsApproved:
		return nil, ErrDocumentApproved.Because("The document is approved; reopen it before the request is cancelled.")
	}
	return []Event{DocumentCancelled{Stamp: s, Document: document}}, nil
}

// DocumentReopened records that an approved document takes versions again.
type DocumentReopened struct {
	domain.Stamp
	Document string        `json:"document"`
	Version  int           `json:"version"` // the one that was approved
	Reason   personal.Text `json:"reason"`
}

// EventName implements domain.Fact.
func (DocumentReopened) EventName() string { return "application.document_reopened.v1" }

func (e DocumentReopened) evolve(a Application) Application {
	d := a.Documents[e.Document]
	d.Status = DocumentIsUploaded
	return a.withDocument(e.Document, d)
}

// ReopenDocument takes an approval back, with a reason, so that a new version
// can be uploaded. One that waits for a review anyway is no event.
// Errors: those of review; ErrOfContract, ErrNotApproved, ErrReasonRequired.
func (a Application) ReopenDocument(document string, version int, reason personal.Text, s domain.Stamp) ([]Event, error) {
	d, err := a.review(document, version)
	switch {
	case err != nil:
		return nil, err
	case d.Contract():
		return nil, ErrOfContract
	case d.Status == DocumentIsUploaded:
		return nil, nil
	case d.Status != DocumentIsApproved:
		return nil, ErrNotApproved
	case reason.IsZero():
		return nil, ErrReasonRequired
	}
	return []Event{DocumentReopened{Stamp: s, Document: document, Version: version, Reason: reason}}, nil
}

// DocumentRecategorised records that a document is of another category, with all
// of its versions.
type DocumentRecategorised struct {
	domain.Stamp
	Document string          `json:"document"`
	From     access.Category `json:"from"`
	To       access.Category `json:"to"`
}

// EventName implements domain.Fact.
func (DocumentRecategorised) EventName() string { return "application.document_recategorised.v1" }

func (e DocumentRecategorised) evolve(a Application) Application {
	d := a.Documents[e.Document]
	d.Category = e.To
	return a.withDocument(e.Document, d)
}

// RecategoriseDocument gives a document another category.
// Errors: ErrUnknown, ErrAnonymised, ErrUnknownDocument, ErrOfContract, ErrCategory.
func (a Application) RecategoriseDocument(document string, category access.Category, s domain.Stamp) ([]Event, error) {
	d, err := a.document(document)
	switch {
	case err != nil:
		return nil, err
	case d.Category == category:
		return nil, nil
	case d.Contract():
		return nil, ErrOfContract
	case !assignable(category):
		return nil, ErrCategory
	}
	return []Event{DocumentRecategorised{Stamp: s, Document: document, From: d.Category, To: category}}, nil
}

// VersionDeleted records that the files of a version were erased. That there
// was one, and what was said of it, stays.
type VersionDeleted struct {
	domain.Stamp
	Document string `json:"document"`
	Version  int    `json:"version"`
}

// EventName implements domain.Fact.
func (VersionDeleted) EventName() string { return "application.document_version_deleted.v1" }

func (e VersionDeleted) evolve(a Application) Application {
	d := a.Documents[e.Document]
	d.Deleted = append(slices.Clip(d.Deleted), e.Version)
	d.Held = slices.DeleteFunc(slices.Clone(d.Held), func(f HeldFile) bool { return f.Version == e.Version })
	if e.Version == d.Versions {
		d.Files = nil
		switch {
		case d.Status == DocumentIsCancelled:
		case d.requested():
			d.Status = DocumentIsRequested
		default:
			d.Status = DocumentIsDeleted
		}
	}
	return a.withDocument(e.Document, d)
}

// DeleteVersion erases the files of a version, whatever became of it. Without
// its newest version a request is open again, and a document nobody asked for is
// deleted. One that is deleted already is no event.
// Errors: ErrUnknown, ErrAnonymised, ErrUnknownDocument, ErrUnknownVersion.
func (a Application) DeleteVersion(document string, version int, s domain.Stamp) ([]Event, error) {
	d, err := a.document(document)
	switch {
	case err != nil:
		return nil, err
	case version < 1 || version > d.Versions:
		return nil, ErrUnknownVersion
	case slices.Contains(d.Deleted, version):
		return nil, nil
	}
	return []Event{VersionDeleted{Stamp: s, Document: document, Version: version}}, nil
}

// requested reports whether the candidate was ever asked for the document.
func (d Document) requested() bool { return d.MaxFiles > 0 }

// Asked reports whether the candidate was asked for the document.
func (d Document) Asked() bool { return d.requested() }

// document finds a document.
// Errors: ErrUnknown, ErrAnonymised, ErrUnknownDocument.
func (a Application) document(id string) (Document, error) {
	if err := a.exists(); err != nil {
		return Document{}, err
	}
	d, ok := a.Documents[id]
	if !ok {
		return Document{}, ErrUnknownDocument
	}
	return d, nil
}
