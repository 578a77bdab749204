package application_test

import (
	"errors"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/domaintest"
	"github.com/hirelog/hirelog/domain/personal"
)

var (
	due = domaintest.At.AddDate(0, 0, 7)

	requested application.Event = application.DocumentRequested{
		Stamp: by, Document: "d1", Title: text("certificate"), Description: text("of your degree"), Category: access.Certificate,
		Formats: []application.Format{application.PDF, application.TXT}, MaxBytes: 5 << 20, MaxFiles: 2, DueAt: &due,
	}
	approved application.Event = application.DocumentApproved{Stamp: by, Document: "d1", Version: 1}
	blurred  application.Event = application.DocumentRejected{Stamp: by, Document: "d1", Version: 1, Reason: text("blurred")}
)

// file returns a PDF of one KiB.
func file(id string) application.File {
	return application.File{ID: id, Name: text(id + ".pdf"), Size: 1024, Type: "application/pdf"}
}

// uploaded is a version of d1 with one file of its own.
func uploaded(version int) application.Event {
	return application.DocumentUploaded{
		Stamp: by, Job: "j1", Document: "d1", Version: version, Category: access.Certificate, Files: []application.File{file("f" + strconv.Itoa(version))},
	}
}

// TestRequestDocument holds S1-37..39.
func TestRequestDocument(t *testing.T) {
	full := application.Request{
		Title: text("certificate"), Description: text("of your degree"), Category: access.Certificate,
		Formats: []application.Format{application.PDF, application.TXT}, MaxMiB: 5, MaxFiles: 2, DueAt: &due,
	}
	request := func(change func(*application.Request)) when {
		r := full
		if change != nil {
			change(&r)
		}
		return func(a application.Application) ([]application.Event, error) {
			return a.RequestDocument("d1", r, true, by)
		}
	}
	off := func(a application.Application) ([]application.Event, error) {
		return a.RequestDocument("d1", full, false, by)
	}
	now := domaintest.At
	crowd := events{received}
	for i := range application.MaxDocuments {
		crowd = append(crowd, application.DocumentRequested{Stamp: by, Document: strconv.Itoa(i)})
	}
	refused := func(name string, want error, says string, change func(*application.Request)) row {
		return row{Name: name, Given: events{received}, When: request(change), Err: want, Says: says}
	}
	domaintest.Run(t, application.Application.Fold, append(guarded("request", request(nil)), []row{
		{Name: "a document is asked for", Given: events{received}, When: request(nil), Want: events{requested}},
		{
			Name: "any format, 20 MiB, one file, no date", Given: events{received},
			When: request(func(r *application.Request) { *r = application.Request{Title: r.Title, Category: access.CV} }),
			Want: events{application.DocumentRequested{Stamp: by, Document: "d1", Title: full.Title, Category: access.CV, MaxBytes: 20 << 20, MaxFiles: 1}},
		},
		{Name: "the same request", Given: events{received, requested}, When: request(nil)},
		{Name: "after closing", Given: events{received, rejected}, When: request(nil), Err: application.ErrClosed},
		{Name: "nobody could answer", Given: events{received}, When: off, Err: application.ErrSelfTrackingOff},
		{Name: "too many", Given: crowd, When: request(nil), Err: application.ErrTooManyDocuments},
		refused("no title", domain.ErrInvalid, "needs a title", func(r *application.Request) { r.Title = none }),
		refused("no category", application.ErrCategory, "", func(r *application.Request) { r.Category = "" }),
		refused("the system's category", application.ErrCategory, "", func(r *application.Request) { r.Category = access.Uncategorised }),
		refused("due now", domain.ErrInvalid, "in the future", func(r *application.Request) { r.DueAt = &now }),
		refused("no such format", domain.ErrInvalid, `no format "exe"`, func(r *application.Request) { r.Formats = []application.Format{"exe"} }),
		refused("too large", domain.ErrInvalid, "1 to 20 MiB", func(r *application.Request) { r.MaxMiB = 21 }),
		refused("too small", domain.ErrInvalid, "1 to 20 MiB", func(r *application.Request) { r.MaxMiB = -1 }),
		refused("too many files", domain.ErrInvalid, "1 to 10 files", func(r *application.Request) { r.MaxFiles = 11 }),
		refused("too few files", domain.ErrInvalid, "1 to 10 files", func(r *application.Request) { r.MaxFiles = -1 }),
	}...)...)
}

func TestUpload(t *testing.T) {
	upload := func(document string, named access.Category, files ...application.File) when {
		return func(a application.Application) ([]application.Event, error) {
			return a.Upload(document, named, files, by)
		}
	}
	version := func(n int, files ...application.File) application.Event {
		return application.DocumentUploaded{Stamp: by, Job: "j1", Document: "d1", Version: n, Category: access.Certificate, Files: files}
	}
	with := func(change func(*application.File)) application.File {
		f := file("f9")
		change(&f)
		return f
	}
	filed := application.DocumentUploaded{Stamp: by, Job: "j1", Document: "d2", Version: 1, Category: access.CV, Files: []application.File{file("f1")}}
	asked := events{received, requested}
	late := func(a application.Application) ([]application.Event, error) {
		return a.Upload("d1", "", []application.File{file("f1")}, domain.Stamp{At: due.Add(time.Second), By: domain.Candidate})
	}
	crowd := events{received}
	for i := range application.MaxDocuments {
		crowd = append(crowd, application.DocumentRequested{Stamp: by, Document: strconv.Itoa(i)})
	}
	text := with(func(f *application.File) { f.Type = "text/plain; charset=utf-8" })
	table := with(func(f *application.File) { f.Type = "text/csv" }) // a letter may look like one
	page := with(func(f *application.File) { f.Type = "text/html" })
	image := with(func(f *application.File) { f.Type = "image/png" })
	refused := func(name string, want error, says string, files ...application.File) row {
		return row{Name: name, Given: asked, When: upload("d1", "", files...), Err: want, Says: says}
	}
	domaintest.Run(t, application.Application.Fold, append(guarded("upload", upload("d1", access.CV, file("f1"))), []row{
		{Name: "what was asked for", Given: asked, When: upload("d1", access.CV, file("f1"), text), Want: events{version(1, file("f1"), text)}},
		{Name: "plain text that looks like a table", Given: asked, When: upload("d1", access.CV, table), Want: events{version(1, table)}},
		refused("a page is no plain text", application.ErrFormat, "The content of the file is text/html, which was not asked for.", page),
		{Name: "after closing", Given: append(slices.Clone(asked), rejected), When: upload("d1", "", file("f1")), Want: events{version(1, file("f1"))}},
		{Name: "the same files", Given: append(slices.Clone(asked), uploaded(1)), When: upload("d1", "", file("f1"))},
		{Name: "the same files, approved by now", Given: append(slices.Clone(asked), uploaded(1), approved), When: upload("d1", "", file("f1"))},
		{Name: "again, before anybody looked", Given: append(slices.Clone(asked), uploaded(1)), When: upload("d1", "", file("f2")), Want: events{uploaded(2)}},
		{Name: "again, after it was rejected", Given: append(slices.Clone(asked), uploaded(1), blurred), When: upload("d1", "", file("f2")), Want: events{uploaded(2)}},
		{
			Name: "late", Given: asked, When: late,
			Want: events{application.DocumentUploaded{
				Stamp: domain.Stamp{At: due.Add(time.Second), By: domain.Candidate}, Document: "d1", Job: "j1", Version: 1, Category: access.Certificate,
				Files: []application.File{file("f1")}, Late: true,
			}},
		},
		{Name: "a document nobody asked for", Given: events{received}, When: upload("d2", access.CV, file("f1")), Want: events{filed}},
		{
			Name: "another version of that, in its category", Given: events{received, filed}, When: upload("d2", access.Other, image),
			Want: events{application.DocumentUploaded{Stamp: by, Job: "j1", Document: "d2", Version: 2, Category: access.CV, Files: []application.File{image}}},
		},
		{Name: "approved", Given: append(slices.Clone(asked), uploaded(1), approved), When: upload("d1", "", file("f2")), Err: application.ErrDocumentApproved},
		{Name: "in no category", Given: events{received}, When: upload("d2", "", file("f1")), Err: application.ErrCategory},
		{Name: "in the system's category", Given: events{received}, When: upload("d2", access.Uncategorised, file("f1")), Err: application.ErrCategory},
		{Name: "too many documents", Given: crowd, When: upload("d2", access.CV, file("f1")), Err: application.ErrTooManyDocuments},
		refused("no file", domain.ErrInvalid, "needs a file"),
		refused("too many files", application.ErrTooManyFiles, "At most 2 files", file("f1"), file("f2"), file("f3")),
		refused("another format", application.ErrFormat, "image/png", image),
		refused("too large", application.ErrFileTooLarge, "at most 5242880", with(func(f *application.File) { f.Size = 5<<20 + 1 })),
		refused("empty", domain.ErrInvalid, "empty", with(func(f *application.File) { f.Size = 0 })),
		refused("less than empty", domain.ErrInvalid, "empty", with(func(f *application.File) { f.Size = -1 })),
		{
			Name: "too large for a document nobody asked for", Given: events{received}, Err: application.ErrFileTooLarge,
			When: upload("d2", access.CV, with(func(f *application.File) { f.Size = application.MaxFileBytes + 1 })),
		},
		{
			Name: "too many files for a document nobody asked for", Given: events{received, filed}, Err: application.ErrTooManyFiles, Says: "At most 10",
			When: upload("d2", access.CV, slices.Repeat([]application.File{file("f9")}, 11)...),
		},
	}...)...)
}

// Before the files are taken in, it is said what is asked of them.
func TestCanUpload(t *testing.T) {
	a := application.Application{}.Fold(received, requested)
	asked, err := a.CanUpload("d1", "")
	if err != nil || asked.MaxBytes != 5<<20 || asked.MaxFiles != 2 || asked.Category != access.Certificate {
		t.Errorf("of an upload to a request: %+v, %v", asked, err)
	}
	free, err := a.CanUpload("d2", access.CV)
	if err != nil || free.MaxBytes != application.MaxFileBytes || free.MaxFiles != 10 || free.Category != access.CV {
		t.Errorf("of an upload to a new document: %+v, %v", free, err)
	}
	for _, tt := range []struct {
		name  string
		given events
		want  error
	}{
		{name: "no application", want: application.ErrUnknown},
		{name: "anonymised", given: events{received, rejected, anonymised}, want: application.ErrAnonymised},
		{name: "approved", given: events{received, requested, uploaded(1), approved}, want: application.ErrDocumentApproved},
		{name: "in no category", given: events{received}, want: application.ErrCategory},
	} {
		if _, err := (application.Application{}).Fold(tt.given...).CanUpload("d1", ""); !errors.Is(err, tt.want) {
			t.Errorf("%s: err = %v, want %v", tt.name, err, tt.want)
		}
	}
}

// TestReview holds S1-43..44, 46..48.
func TestReview(t *testing.T) {
	approve := func(version int, reason personal.Text) when {
		return func(a application.Application) ([]application.Event, error) {
			return a.ApproveDocument("d1", version, reason, by)
		}
	}
	reject := func(version int, reason personal.Text) when {
		return func(a application.Application) ([]application.Event, error) {
			return a.RejectDocument("d1", version, reason, by)
		}
	}
	up := events{received, requested, uploaded(1)}
	corrected := application.DocumentApproved{Stamp: by, Document: "d1", Version: 1, Reason: text("readable after all")}
	rows := append(guarded("approve", approve(1, none)), guarded("reject", reject(1, text("blurred")))...)
	for _, review := range []struct {
		name string
		when func(version int, reason personal.Text) when
	}{{"approve", approve}, {"reject", reject}} {
		rows = append(rows, []row{
			{Name: review.name + " what is not there", Given: events{received}, When: review.when(1, text("x")), Err: application.ErrUnknownDocument},
			{Name: review.name + " before anything was uploaded", Given: events{received, requested}, When: review.when(0, text("x")), Err: application.ErrNothingUploaded},
			{Name: review.name + " an older version", Given: append(slices.Clone(up), uploaded(2)), When: review.when(1, text("x")), Err: application.ErrNotNewestVersion, Says: "newest version is 2"},
			{Name: review.name + " a version to come", Given: up, When: review.when(2, text("x")), Err: application.ErrNotNewestVersion, Says: "newest version is 1"},
		}...)
	}
	domaintest.Run(t, application.Application.Fold, append(rows, []row{
		{Name: "approved", Given: up, When: approve(1, none), Want: events{approved}},
		{Name: "approved after closing", Given: append(slices.Clone(up), rejected), When: approve(1, none), Want: events{approved}},
		{Name: "approved twice", Given: append(slices.Clone(up), approved), When: approve(1, none)},
		{Name: "approved after all, with a reason", Given: append(slices.Clone(up), blurred), When: approve(1, text("readable after all")), Want: events{corrected}},
		{Name: "approved after all, without", Given: append(slices.Clone(up), blurred), When: approve(1, none), Err: application.ErrReasonRequired, Says: "correction"},
		{Name: "rejected", Given: up, When: reject(1, text("blurred")), Want: events{blurred}},
		{Name: "rejected twice", Given: append(slices.Clone(up), blurred), When: reject(1, text("other"))},
		{Name: "rejected after all", Given: append(slices.Clone(up), approved), When: reject(1, text("blurred")), Want: events{blurred}},
		{Name: "rejected without a reason", Given: up, When: reject(1, none), Err: application.ErrReasonRequired},
		{Name: "approved while a file is held", Given: events{received, requested, unscanned}, When: approve(1, none), Err: application.ErrFileHeld},
		{Name: "rejected while a file is held", Given: events{received, requested, unscanned}, When: reject(1, text("blurred")), Want: events{blurred}},
		{Name: "approved after it was scanned", Given: events{received, requested, unscanned, scanned("")}, When: approve(1, none), Want: events{approved}},
		{Name: "approved though a file is infected", Given: events{received, requested, unscanned, scanned("Eicar")}, When: approve(1, text("really")), Err: application.ErrFileQuarantined},
		{Name: "an infected version is rejected already", Given: events{received, requested, unscanned, scanned("Eicar")}, When: reject(1, text("blurred"))},
		{
			Name: "a new version is looked at anew", Given: append(slices.Clone(up), blurred, uploaded(2)), When: approve(2, none),
			Want: events{application.DocumentApproved{Stamp: by, Document: "d1", Version: 2}},
		},
	}...)...)
}

// No version and no reason is lost by uploading again: what was asked for stays,
// and the events of the old versions are in the history.
// It holds S1-49 and H14.
func TestUploadingAgainKeepsTheRequest(t *testing.T) {
	a := application.Application{}.Fold(received, requested, uploaded(1), blurred, uploaded(2))
	got := a.Documents["d1"]
	if got.Status != application.DocumentIsUploaded || got.Versions != 2 || got.MaxFiles != 2 || got.MaxBytes != 5<<20 || len(got.Formats) != 2 ||
		!got.DueAt.Equal(due) || !slices.Equal(got.Files, []string{"f2"}) {
		t.Errorf("document = %+v", got)
	}
}
