package application

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/personal"
)

// DocumentStatus is where a document stands.
type DocumentStatus string

// The statuses of a document.
const (
	DocumentIsRequested DocumentStatus = "requested"
	DocumentIsUploaded  DocumentStatus = "uploaded"
	DocumentIsApproved  DocumentStatus = "approved"
	DocumentIsRejected  DocumentStatus = "rejected"
	DocumentIsCancelled DocumentStatus = "cancelled" // the request was
	DocumentIsDeleted   DocumentStatus = "deleted"   // its newest version was, and nobody asked for it
)

// Format is a kind of file a request asks for. No formats means any.
type Format string

// The formats, by what the content is and never by the name.
const (
	PDF  Format = "pdf"
	TXT  Format = "txt"
	DOCX Format = "docx"
	XLSX Format = "xlsx"
	JPG  Format = "jpg"
	PNG  Format = "png"
)

// mediaTypes is what the content of each format is sniffed as. Plain text may
// look like more than it is: two lines with a comma each, like a table. What a
// browser would run or lay out is no plain text.
var mediaTypes = map[Format][]string{
	PDF: {"application/pdf"},
	TXT: {
		"text/plain", "text/csv", "text/tab-separated-values", "application/json", "application/x-ndjson",
		"application/x-subrip", "text/vtt", "text/x-shellscript", "message/rfc822",
	},
	DOCX: {"application/vnd.openxmlformats-officedocument.wordprocessingml.document"},
	XLSX: {"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
	JPG:  {"image/jpeg"},
	PNG:  {"image/png"},
}

// MaxFileBytes is the most one file may have: 20 MiB.
const MaxFileBytes = 20 << 20

// The most characters the texts of a document have; see MaxText.
const (
	MaxTitle  = 100 // of a request
	MaxReview = 255 // of the reason for rejecting or correcting
)

// MaxDocuments is the most documents an application may have.
const MaxDocuments = 500

// Document is what decisions about a document need: one that was asked for, or
// one that a member filed.
type Document struct {
	Status   DocumentStatus
	Category access.Category
	Formats  []Format
	MaxBytes int64 // of one file
	MaxFiles int   // of one version
	DueAt    time.Time
	Reminded time.Time // the due date the candidate was reminded of
	Versions int
	Files    []string // ids, of the newest version; none once it is deleted
	Deleted  []int    // versions whose files were erased
	Of       Remark   // the note or comment whose files it has
	Own      bool     // the candidate uploaded a version of it
	Offer    string   // whose contract it is
	Held     []HeldFile
	Infected []string // files, of any version, that are quarantined
}

// The rules that refuse.
var (
	ErrUnknownDocument  = &domain.Refusal{Kind: domain.Absent, Code: "unknown_document", Message: "The application has no such document."}
	ErrDocumentApproved = &domain.Refusal{Kind: domain.Illegal, Code: "document_approved", Message: "The document is approved and takes no new version."}
	ErrNothingUploaded  = &domain.Refusal{Kind: domain.Illegal, Code: "nothing_uploaded", Message: "Nothing was uploaded yet."}
	ErrNotNewestVersion = &domain.Refusal{Kind: domain.Illegal, Code: "not_newest_version", Message: "A newer version was uploaded; look at it first."}
	ErrFormat           = &domain.Refusal{Kind: domain.Invalid, Code: "file_format", Message: "The file is not of a format that was asked for."}
	ErrFileTooLarge     = &domain.Refusal{Kind: domain.Invalid, Code: "file_too_large", Message: "The file is larger than allowed."}
	ErrTooManyFiles     = &domain.Refusal{Kind: domain.Invalid, Code: "too_many_files", Message: "The upload has more files than allowed."}
	ErrTooManyDocuments = &domain.Refusal{Kind: domain.Illegal, Code: "too_many_documents", Message: "The application has as many documents as it may have."}
	ErrCategory         = &domain.Refusal{Kind: domain.Invalid, Code: "document_category", Message: "There is no such document category, or it is set by the system alone."}
	ErrReasonRequired   = &domain.Refusal{Kind: domain.Invalid, Code: "reason_required", Message: "A reason is required."}
)

// DocumentRequested records that the candidate was asked for a document.
type DocumentRequested struct {
	domain.Stamp
	Document    string          `json:"document"`
	Title       personal.Text   `json:"title"`
	Description personal.Text   `json:"description"`
	Category    access.Category `json:"category"`
	Formats     []Format        `json:"formats,omitempty"` // none = any
	MaxBytes    int64           `json:"max_bytes"`
	MaxFiles    int             `json:"max_files"`
	DueAt       *time.Time      `json:"due_at,omitempty"`
}

// EventName implements domain.Fact.
func (DocumentRequested) EventName() string { return "application.document_requested.v1" }

func (e DocumentRequested) evolve(a Application) Application {
	d := Document{Status: DocumentIsRequested, Category: e.Category, Formats: e.Formats, MaxBytes: e.MaxBytes, MaxFiles: e.MaxFiles}
	if e.DueAt != nil {
		d.DueAt = *e.DueAt
	}
	return a.withDocument(e.Document, d)
}

func (a Application) withDocument(id string, d Document) Application {
	a.Documents = maps.Clone(a.Documents)
	if a.Documents == nil {
		a.Documents = map[string]Document{}
	}
	a.Documents[id] = d
	return a
}

// Request is what a document request asks for.
type Request struct {
	Title       personal.Text // required
	Description personal.Text
	Category    access.Category
	Formats     []Format   // none = any
	MaxMiB      int        // 1–20; 0 = 20
	MaxFiles    int        // 1–10; 0 = 1
	DueAt       *time.Time // in the future
}

// RequestDocument asks the candidate for a document. Whether candidates have a
// page to upload it on is selfTracking; without it nobody could answer.
// Errors: ErrUnknown, ErrAnonymised, ErrClosed, ErrSelfTrackingOff, ErrCategory,
// ErrTooManyDocuments, domain.ErrInvalid.
func (a Application) RequestDocument(document string, r Request, selfTracking bool, s domain.Stamp) ([]Event, error) {
	if err := a.live(); err != nil {
		return nil, err
	}
	if _, ok := a.Documents[document]; ok {
		return nil, nil
	}
	switch {
	case !selfTracking:
		return nil, ErrSelfTrackingOff
	case len(a.Documents) >= MaxDocuments:
		return nil, ErrTooManyDocuments
	case r.Title.IsZero():
		return nil, domain.ErrInvalid.Because("A document request needs a title.")
	case !assignable(r.Category):
		return nil, ErrCategory
	case r.DueAt != nil && !r.DueAt.After(s.At):
		return nil, domain.ErrInvalid.Because("The due date must be in the future.")
	}
	for _, f := range r.Formats {
		if mediaTypes[f] == nil {
			return nil, domain.ErrInvalid.Because("There is no format %q.", string(f))
		}
	}
	mib, files := r.MaxMiB, r.MaxFiles
	if mib == 0 {
		mib = MaxFileBytes >> 20
	}
	if files == 0 {
		files = 1
	}
	if mib < 1 || mib > MaxFileBytes>>20 || files < 1 || files > 10 {
		return nil, domain.ErrInvalid.Because("A request allows 1 to 20 MiB and 1 to 10 files.")
	}
	return []Event{DocumentRequested{
		Stamp: s, Document: document, Title: r.Title, Description: r.Description, Category: r.Category,
		Formats: r.Formats, MaxBytes: int64(mib) << 20, MaxFiles: files, DueAt: r.DueAt,
	}}, nil
}

// ErrSelfTrackingOff means that candidates have no page to upload anything on.
var ErrSelfTrackingOff = &domain.Refusal{Kind: domain.Illegal, Code: "self_tracking_off", Message: "Candidate self-tracking is switched off, so the candidate could not upload the document."}

func assignable(c access.Category) bool {
	return c.Custom() || c != access.Uncategorised && slices.Contains(access.Categories(), c)
}

// File is one file of an uploaded version. Its bytes are sealed elsewhere under
// the key with its id.
type File struct {
	ID   string        `json:"id"`
	Name personal.Text `json:"name"`
	Size int64         `json:"size"` // bytes
	Type string        `json:"type"` // media type, by content
}

// DocumentUploaded records a new version of a document.
type DocumentUploaded struct {
	domain.Stamp
	Document string          `json:"document"`
	Version  int             `json:"version"` // from 1
	Category access.Category `json:"category"`
	Files    []File          `json:"files"`
	Held     []string        `json:"held,omitempty"` // files of these that were not scanned for malware; see FileScanned
	Late     bool            `json:"late,omitempty"` // after the due date
	Job      string          `json:"job,omitempty"`
	Offer    string          `json:"offer,omitempty"` // whose contract it is
	Remark                   // whose files they are
}

// EventName implements domain.Fact.
func (DocumentUploaded) EventName() string { return "application.document_uploaded.v1" }

func (e DocumentUploaded) evolve(a Application) Application {
	d := a.Documents[e.Document]
	d.Status, d.Category, d.Versions, d.Of = DocumentIsUploaded, e.Category, e.Version, e.Remark
	d.Own = d.Own || e.By == domain.Candidate
	if e.Offer != "" {
		d.Offer = e.Offer
	}
	d.Files = make([]string, len(e.Files))
	for i, f := range e.Files {
		d.Files[i] = f.ID
	}
	for _, id := range e.Held {
		d.Held = append(slices.Clip(d.Held), HeldFile{ID: id, Version: e.Version, By: e.By})
	}
	return a.withDocument(e.Document, d)
}

// CanUpload says whether document takes a new version, before any file of it is
// looked at, and returns what is asked of the files. A document that does not
// exist yet gets the category that is named.
// Errors: ErrUnknown, ErrAnonymised, ErrDocumentApproved, ErrDocumentCancelled,
// ErrOfRemark, ErrOfContract, ErrCategory, ErrTooManyDocuments.
func (a Application) CanUpload(document string, category access.Category) (Document, error) {
	if err := a.exists(); err != nil {
		return Document{}, err
	}
	d, known := a.Documents[document]
	switch {
	case !known && !assignable(category):
		return d, ErrCategory
	case !known && len(a.Documents) >= MaxDocuments:
		return d, ErrTooManyDocuments
	case !known:
		d = Document{Category: category, MaxBytes: MaxFileBytes, MaxFiles: 10}
	case d.Of != Remark{}:
		return d, ErrOfRemark
	case d.Contract():
		return d, ErrOfContract
	case d.Status == DocumentIsApproved:
		return d, ErrDocumentApproved
	case d.Status == DocumentIsCancelled:
		return d, ErrDocumentCancelled
	case !d.requested(): // filed by a member
		d.MaxBytes, d.MaxFiles = MaxFileBytes, 10
	}
	return d, nil
}

// Upload files a new version: of a document that exists, or of a new one with
// the category that is named. Late uploads are taken and marked; the files that
// the newest version has already are no event.
// Errors: those of CanUpload; ErrFormat, ErrFileTooLarge, ErrTooManyFiles,
// domain.ErrInvalid.
func (a Application) Upload(document string, category access.Category, files []File, s domain.Stamp) ([]Event, error) {
	if err := a.exists(); err != nil {
		return nil, err
	}
	has := a.Documents[document].Files
	if len(has) > 0 && slices.EqualFunc(has, files, func(id string, f File) bool { return id == f.ID }) {
		return nil, nil
	}
	d, err := a.CanUpload(document, category)
	switch {
	case err != nil:
		return nil, err
	case len(files) == 0:
		return nil, domain.ErrInvalid.Because("An upload needs a file.")
	case len(files) > d.MaxFiles:
		return nil, ErrTooManyFiles.Because("At most %d files are allowed.", d.MaxFiles)
	}
	for _, f := range files {
		if err := d.accepts(f); err != nil {
			return nil, err
		}
	}
	return []Event{DocumentUploaded{
		Stamp: s, Document: document, Version: d.Versions + 1, Category: d.Category, Files: files, Job: a.Job,
		Late: !d.DueAt.IsZero() && s.At.After(d.DueAt),
	}}, nil
}

func (d Document) accepts(f File) error {
	if f.Size > d.MaxBytes {
		return ErrFileTooLarge.Because("A file has %d bytes; at most %d are allowed.", f.Size, d.MaxBytes)
	}
	if f.Size <= 0 {
		return domain.ErrInvalid.Because("A file is empty.")
	}
	if len(d.Formats) == 0 {
		return nil
	}
	typ, _, _ := strings.Cut(f.Type, ";") // without "; charset=utf-8"
	for _, format := range d.Formats {
		if slices.Contains(mediaTypes[format], typ) {
			return nil
		}
	}
	return ErrFormat.Because("The content of the file is %s, which was not asked for.", f.Type)
}

// DocumentApproved records that a version is what was asked for.
type DocumentApproved struct {
	domain.Stamp
	Document string        `json:"document"`
	Version  int           `json:"version"`
	Reason   personal.Text `json:"reason"` // of a correction
}

// EventName implements domain.Fact.
func (DocumentApproved) EventName() string { return "application.document_approved.v1" }

func (e DocumentApproved) evolve(a Application) Application {
	d := a.Documents[e.Document]
	d.Status = DocumentIsApproved
	return a.withDocument(e.Document, d)
}

// ApproveDocument approves the newest version. Approving a rejected one is a
// correction and needs a reason. Errors: see review; ErrFileHeld,
// ErrFileQuarantined.
func (a Application) ApproveDocument(document string, version int, reason personal.Text, s domain.Stamp) ([]Event, error) {
	d, err := a.review(document, version)
	switch {
	case err != nil:
		return nil, err
	case d.Status == DocumentIsApproved:
		return nil, nil
	case d.Status == DocumentIsRejected && reason.IsZero():
		return nil, ErrReasonRequired.Because("Approving a rejected document is a correction and needs a reason.")
	}
	if err := d.Gives(d.Files...); err != nil { // nobody can have looked at it
		return nil, err
	}
	return []Event{DocumentApproved{Stamp: s, Document: document, Version: version, Reason: reason}}, nil
}

// DocumentRejected records that a version is not what was asked for, with the
// reason the candidate sees.
type DocumentRejected struct {
	domain.Stamp
	Document string        `json:"document"`
	Version  int           `json:"version"`
	Reason   personal.Text `json:"reason"`
}

// EventName implements domain.Fact.
func (DocumentRejected) EventName() string { return "application.document_rejected.v1" }

func (e DocumentRejected) evolve(a Application) Application {
	d := a.Documents[e.Document]
	d.Status = DocumentIsRejected
	return a.withDocument(e.Document, d)
}

// RejectDocument rejects the newest version with a reason, also one that was
// approved. Errors: see review; ErrOfContract, ErrReasonRequired.
func (a Application) RejectDocument(document string, version int, reason personal.Text, s domain.Stamp) ([]Event, error) {
	d, err := a.review(document, version)
	switch {
	case err != nil:
		return nil, err
	case d.Contract():
		return nil, ErrOfContract
	case d.Status == DocumentIsRejected:
		return nil, nil
	case reason.IsZero():
		return nil, ErrReasonRequired
	}
	return []Event{DocumentRejected{Stamp: s, Document: document, Version: version, Reason: reason}}, nil
}

// review finds the document a review is about.
// Errors: ErrUnknown, ErrAnonymised, ErrUnknownDocument, ErrDocumentCancelled,
// ErrNothingUploaded, ErrNotNewestVersion.
func (a Application) review(document string, version int) (Document, error) {
	d, err := a.document(document)
	switch {
	case err != nil:
		return Document{}, err
	case d.Status == DocumentIsCancelled:
		return Document{}, ErrDocumentCancelled
	case len(d.Files) == 0:
		return Document{}, ErrNothingUploaded
	case version != d.Versions:
		return Document{}, ErrNotNewestVersion.Because("The newest version is %d.", d.Versions)
	}
	return d, nil
}
