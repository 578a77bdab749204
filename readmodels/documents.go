package readmodels

import (
	"cmp"
	"context"
	"errors"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/personal"
	"github.com/hirelog/hirelog/internal/docx"
)

// Document is one that was asked for, or was filed without being asked for.
type Document struct {
	ID            string                     `json:"id" format:"uuid"`
	ApplicationID string                     `json:"application_id" format:"uuid" doc:"This one, or one it goes on from"`
	Category      access.Category            `json:"category"`
	Status        application.DocumentStatus `json:"status" enum:"requested,uploaded,approved,rejected,cancelled,deleted"`
	Title         *personal.Plain            `json:"title" doc:"Null without request, or if erased or masked"`
	Description   *personal.Plain            `json:"description" doc:"Null if absent, erased or masked"`
	Formats       []application.Format       `json:"formats" doc:"What was asked for; empty means any"`
	MaxBytes      *int64                     `json:"max_bytes" doc:"Of one file; null without request"`
	MaxFiles      *int                       `json:"max_files" doc:"Of one version; null without request"`
	DueAt         *time.Time                 `json:"due_at"`
	RequestedAt   *time.Time                 `json:"requested_at" doc:"Null without request"`
	RequestedBy   *By                        `json:"requested_by"`
	Late          bool                       `json:"late" doc:"The newest version came after the due date"`
	ReviewedAt    *time.Time                 `json:"reviewed_at" doc:"When the newest version was last approved or rejected"`
	ReviewedBy    *By                        `json:"reviewed_by"`
	Reason        *personal.Plain            `json:"reason" doc:"Of that review; null if absent, erased or masked"`
	Versions      []DocumentVersion          `json:"versions" doc:"Newest first"`
	NoteID        *string                    `json:"note_id" format:"uuid" doc:"The note whose files it has"`
	CommentID     *string                    `json:"comment_id" format:"uuid" doc:"The comment whose files it has"`
	OfferID       *string                    `json:"offer_id" format:"uuid" doc:"The offer whose contract it is, also as it was signed on paper: it takes view on offers and salaries too"`
}

// DocumentVersion is one upload.
type DocumentVersion struct {
	Version    int              `json:"version" doc:"From 1"`
	UploadedAt time.Time        `json:"uploaded_at"`
	UploadedBy By               `json:"uploaded_by"`
	Late       bool             `json:"late" doc:"After the due date"`
	Files      []File           `json:"files" doc:"None once the version was deleted"`
	DeletedAt  *time.Time       `json:"deleted_at" doc:"When its files were erased"`
	DeletedBy  *By              `json:"deleted_by"`
	Reviews    []DocumentReview `json:"reviews" doc:"Newest first"`
}

// File is one file of a version.
type File struct {
	ID   string          `json:"id" format:"uuid"`
	Name *personal.Plain `json:"name" doc:"Null if erased or masked"`
	Size int64           `json:"size" doc:"Bytes"`
	Type string          `json:"type" doc:"Media type, by content"`
	// Preview is how it can be shown.
	Preview *Preview `json:"preview" enum:"pdf,image,text" doc:"As what it can be shown with inline=true; null = it cannot, download it"`
	Scanned
}

// Preview is how a file can be shown.
type Preview string

// The previews.
const (
	PreviewPDF   Preview = "pdf"
	PreviewImage Preview = "image"
	PreviewText  Preview = "text" // as plain text; also of DOCX
)

// previews are the types of files that can be shown: nothing that acts for
// whoever looks at it.
var previews = map[string]Preview{
	"application/pdf": PreviewPDF, "image/png": PreviewImage, "image/jpeg": PreviewImage, "image/gif": PreviewImage, "image/webp": PreviewImage,
	"text/plain": PreviewText, "text/csv": PreviewText, "text/tab-separated-values": PreviewText, "application/json": PreviewText, "message/rfc822": PreviewText,
	docx.Type: PreviewText,
}

// previewOf returns how a file of a media type can be shown, nil if it cannot.
func previewOf(mediaType string) *Preview {
	base, _, _ := strings.Cut(mediaType, ";")
	if p, ok := previews[base]; ok {
		return &p
	}
	return nil
}

// DocumentReview is an approval or a rejection of a version.
type DocumentReview struct {
	Status application.DocumentStatus `json:"status" enum:"approved,rejected"`
	At     time.Time                  `json:"at"`
	By     By                         `json:"by"`
	Reason *personal.Plain            `json:"reason" doc:"Null if absent, erased or masked"`
}

// documentRows are the rows documents are made of.
type documentRows struct {
	documents []DocumentRow
	versions  []VersionRow
	files     []FileRow
	reviews   []ReviewRow
	withheld  []WithheldRow
}

// queue queues the reading of the documents of applications for which a
// condition holds, whose first parameter is $2.
func (r *documentRows) queue(b *pgx.Batch, s Schema, applications []string, condition string, args ...any) {
	args = append([]any{applications}, args...)
	of := "application_id = ANY ($1::uuid[]) AND document_id IN (SELECT document_id FROM " + s.Table("documents") + " WHERE application_id = ANY ($1::uuid[]) AND " + condition + ")"
	queueRows(b, s, Documents(), &r.documents, "application_id = ANY ($1::uuid[]) AND "+condition+" ORDER BY at DESC, document_id", args...)
	queueRows(b, s, DocumentVersions(), &r.versions, of+" ORDER BY document_id, version DESC", args...)
	queueRows(b, s, DocumentFiles(), &r.files, of+" ORDER BY document_id, version, place", args...)
	queueRows(b, s, DocumentReviews(), &r.reviews, of+" ORDER BY revision DESC", args...)
	queueRows(b, s, Withheld(), &r.withheld, "file_id IN (SELECT file_id FROM "+s.Table("document_files")+" WHERE application_id = ANY ($1::uuid[]))", applications)
}

func (r *documentRows) want(t *texts) {
	for _, d := range r.documents {
		t.want(d.Title, d.Description)
		if d.RequestedBy != nil {
			t.wantBy(*d.RequestedBy)
		}
	}
	for _, v := range r.versions {
		t.wantBy(v.UploadedBy)
		if v.DeletedBy != nil {
			t.wantBy(*v.DeletedBy)
		}
	}
	for _, f := range r.files {
		t.want(f.Name)
	}
	for _, w := range r.reviews {
		t.want(w.Reason)
		t.wantBy(w.By)
	}
}

func (r *documentRows) shown(t *texts) []Document {
	files, scanned := map[string][]File{}, withheldOf(r.withheld)
	for _, f := range r.files {
		key := VersionKey(f.Document, f.Version)
		files[key] = append(files[key], File{ID: f.ID, Name: t.text(f.Name), Size: f.Size, Type: f.Type, Preview: previewOf(f.Type), Scanned: scanned[f.ID]})
	}
	reviews := map[string][]DocumentReview{}
	for _, w := range r.reviews {
		key := VersionKey(w.Document, w.Version)
		reviews[key] = append(reviews[key], DocumentReview{Status: w.Status, At: w.At, By: t.by(w.By), Reason: t.text(w.Reason)})
	}
	versions := map[string][]DocumentVersion{}
	for _, v := range r.versions {
		versions[v.Document] = append(versions[v.Document], DocumentVersion{
			Version: v.Version, UploadedAt: v.UploadedAt, UploadedBy: t.by(v.UploadedBy), Late: v.Late,
			Files: orEmpty(files[v.Key]), DeletedAt: v.DeletedAt, DeletedBy: t.byOrNil(v.DeletedBy), Reviews: orEmpty(reviews[v.Key]),
		})
	}
	shown := make([]Document, len(r.documents))
	for i, d := range r.documents {
		shown[i] = Document{
			ID: d.ID, ApplicationID: d.Application, Category: d.Category, Status: d.Status, Title: t.text(d.Title), Description: t.text(d.Description),
			Formats: orEmpty(d.Formats), MaxBytes: orNil(d.MaxBytes), MaxFiles: orNil(d.MaxFiles), DueAt: d.DueAt,
			RequestedAt: d.RequestedAt, RequestedBy: t.byOrNil(d.RequestedBy), Versions: orEmpty(versions[d.ID]),
			NoteID: d.Note, CommentID: d.Comment, OfferID: d.Offer,
		}
		if newest := shown[i].Versions; len(newest) > 0 && newest[0].DeletedAt == nil {
			shown[i].Late = newest[0].Late
			if len(newest[0].Reviews) > 0 {
				last := newest[0].Reviews[0]
				shown[i].ReviewedAt, shown[i].ReviewedBy, shown[i].Reason = &last.At, &last.By, last.Reason
			}
		}
	}
	return shown
}

// orEmpty is an empty list for none, which JSON writes as [] and not as null.
func orEmpty[V any](list []V) []V {
	if list == nil {
		return []V{}
	}
	return list
}

// StoredFile says what a download needs to know of a file.
type StoredFile struct {
	File
	ApplicationID string          `json:"application_id" format:"uuid"` // or the employee whose it is
	DocumentID    string          `json:"document_id" format:"uuid"`
	Version       int             `json:"version"`
	Category      access.Category `json:"category"`
}

// views reports whether who has some rights sees a document: its category and, if
// it has the files of a note or a comment, that; offers and salaries, if it is a
// contract.
func (d DocumentRow) views(held access.Rights) bool {
	return held.Document(d.Category) >= access.View &&
		(d.Note == nil || held.Area(access.Notes) >= access.View) && (d.Comment == nil || held.Area(access.Comments) >= access.View) &&
		(d.Offer == nil || held.Contracts())
}

// besideCategory is a condition: nothing but its category keeps v from the document
// in row. It is not of a note or a comment that v may not view, and no contract
// without the right to offers and salaries.
func (v view) besideCategory(row string) string {
	condition := "true"
	if v.rights.Area(access.Notes) < access.View {
		condition += " AND " + row + "note_id IS NULL"
	}
	if v.rights.Area(access.Comments) < access.View {
		condition += " AND " + row + "comment_id IS NULL"
	}
	if !v.rights.Contracts() {
		condition += " AND " + row + "offer_id IS NULL"
	}
	return condition
}

// ofRemarks are the ids of the documents with the files of notes and comments, by
// those.
func ofRemarks(documents []DocumentRow) map[string][]string {
	of := map[string][]string{}
	for _, d := range documents {
		for _, remark := range []*string{d.Note, d.Comment} {
			if remark != nil {
				of[*remark] = append(of[*remark], d.ID)
			}
		}
	}
	return of
}

// File returns a file if member may view its category at now, and the note or the
// comment that it belongs to. Masked viewers may not. Errors: ErrNotFound,
// application.ErrFileHeld, application.ErrFileQuarantined.
func (c *Core) File(ctx context.Context, member, fileID string, now time.Time) (StoredFile, error) {
	return c.file(ctx, fileID, func(tx pgx.Tx, s Schema, f FileRow, d DocumentRow) error {
		return c.seesFile(ctx, tx, s, member, f.Application, d, now)
	})
}

// seesFile refuses who may view the files of a document neither on their application
// nor on one that it went on as.
func (c *Core) seesFile(ctx context.Context, tx pgx.Tx, s Schema, member, applicationID string, d DocumentRow, now time.Time) error {
	for n := 0; n < maxLine; n++ {
		v, err := c.open(ctx, tx, s, member, applicationID, now)
		switch {
		case err == nil && !v.rights.Masked && d.views(v.rights):
			return nil
		case err != nil && !errors.Is(err, ErrNotFound), v.application.To == nil:
			return cmp.Or(err, error(ErrNotFound))
		}
		applicationID = *v.application.To
	}
	return ErrNotFound
}

// CandidateFile returns a file that the candidate uploaded for an application of
// their own or for one that it goes on from, or of a note that they see there, at
// now: for as long as they may look at it. Errors: ErrNotFound, also while self-tracking is off;
// application.ErrFileHeld, application.ErrFileQuarantined.
func (c *Core) CandidateFile(ctx context.Context, candidateID, applicationID, fileID string, now time.Time) (StoredFile, error) {
	if !isID(candidateID, applicationID) {
		return StoredFile{}, ErrNotFound
	}
	return c.file(ctx, fileID, func(tx pgx.Tx, s Schema, f FileRow, d DocumentRow) error {
		a, err := lastOf(ctx, tx, s, applicationID)
		if err != nil {
			return err
		}
		of, err := lastOf(ctx, tx, s, f.Application)
		if err == nil && of.ID != a.ID {
			err = ErrNotFound
		}
		if err != nil {
			return err
		}
		if err := ownApplication(ctx, tx, s, a, candidateID, now); err != nil {
			return err
		}
		if d.Note != nil {
			note, err := one(ctx, tx, s, Notes(), "note_id", *d.Note)
			if err == nil && (!note.Visible || note.Deleted) {
				return ErrNotFound
			}
			return err
		}
		version, err := one(ctx, tx, s, DocumentVersions(), "version_key", VersionKey(f.Document, f.Version))
		if err == nil && version.UploadedBy != domain.Candidate {
			return ErrNotFound
		}
		return err
	})
}

func (c *Core) file(ctx context.Context, fileID string, may func(pgx.Tx, Schema, FileRow, DocumentRow) error) (StoredFile, error) {
	var file StoredFile
	if !isID(fileID) {
		return file, ErrNotFound
	}
	err := c.snapshot(ctx, "file", func(tx pgx.Tx, s Schema) error {
		f, err := one(ctx, tx, s, DocumentFiles(), "file_id", fileID)
		if err != nil {
			return err
		}
		d, err := one(ctx, tx, s, Documents(), "document_id", f.Document)
		if err != nil {
			return err
		}
		if err := may(tx, s, f, d); err != nil {
			return err
		}
		scanned, err := withheldAmong(ctx, tx, s, []string{fileID})
		if err == nil {
			err = scanned[fileID].given()
		}
		if err != nil {
			return err
		}
		t := newTexts(c.vault, f.Application, false)
		t.want(f.Name)
		if err := t.loadNow(ctx, tx, s); err != nil {
			return err
		}
		file = StoredFile{
			File:          File{ID: f.ID, Name: t.text(f.Name), Size: f.Size, Type: f.Type, Preview: previewOf(f.Type)},
			ApplicationID: f.Application, DocumentID: f.Document, Version: f.Version, Category: d.Category,
		}
		return t.err
	})
	return file, err
}
