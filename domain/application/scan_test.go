package application_test

import (
	"slices"
	"testing"

	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/domaintest"
)

// unscanned is version 1 of d1, whose file f1 is held.
var unscanned application.Event = application.DocumentUploaded{
	Stamp: by, Job: "j1", Document: "d1", Version: 1, Category: access.Certificate, Files: []application.File{file("f1")}, Held: []string{"f1"},
}

// scanned says what f1 is infected with.
func scanned(infection string) application.Event {
	return application.FileScanned{Stamp: by, Document: "d1", Version: 1, File: "f1", Infection: infection, Rejects: infection != "", Uploader: by.By, Job: "j1"}
}

// S2-108: a file that is held is scanned once; an infected newest version that
// nobody reviewed is rejected, so that another can be uploaded.
func TestScanFile(t *testing.T) {
	scan := func(file, infection string) when {
		return func(a application.Application) ([]application.Event, error) {
			return a.ScanFile(file, infection, by)
		}
	}
	again := func(a application.Application) ([]application.Event, error) {
		return a.Upload("d1", "", []application.File{file("f2")}, by)
	}
	up := events{received, requested, unscanned}
	hold := func(a application.Application) ([]application.Event, error) {
		events, err := a.Upload("d1", "", []application.File{file("f1")}, by)
		return application.Holding(events, "f1", "f7"), err
	}
	deleted := application.VersionDeleted{Stamp: by, Document: "d1", Version: 1}
	noted := application.DocumentUploaded{
		Stamp: by, Job: "j1", Document: "d3", Version: 1, Category: access.CV, Files: []application.File{file("f3")}, Held: []string{"f3"}, Remark: application.Remark{Note: "n1"},
	}
	domaintest.Run(t, application.Application.Fold, append(guarded("scan", scan("f1", "")), []row{
		{Name: "it is held", Given: events{received, requested}, When: hold, Want: events{unscanned}},
		{Name: "nothing is found", Given: up, When: scan("f1", ""), Want: events{scanned("")}},
		{Name: "something is", Given: up, When: scan("f1", "Eicar"), Want: events{scanned("Eicar")}},
		{Name: "scanned already", Given: append(slices.Clone(up), scanned("")), When: scan("f1", "Eicar")},
		{Name: "infected already", Given: append(slices.Clone(up), scanned("Eicar")), When: scan("f1", "")},
		{Name: "one that was never held", Given: events{received, requested, uploaded(1)}, When: scan("f1", "Eicar")},
		{Name: "one that was deleted", Given: append(slices.Clone(up), deleted), When: scan("f1", "Eicar")},
		{Name: "after closing", Given: append(slices.Clone(up), rejected), When: scan("f1", "Eicar"), Want: events{scanned("Eicar")}},
		{
			Name: "of a note", Given: events{received, noteOf(by.By, false), noted}, When: scan("f3", "Eicar"),
			Want: events{application.FileScanned{Stamp: by, Document: "d3", Version: 1, File: "f3", Infection: "Eicar", Rejects: true, Uploader: by.By, Job: "j1", Remark: application.Remark{Note: "n1"}}},
		},
		{Name: "another is uploaded behind it", Given: append(slices.Clone(up), scanned("Eicar")), When: again, Want: events{uploaded(2)}},
	}...)...)
	for name, c := range map[string]struct {
		given     events
		infection string
		want      application.DocumentStatus
	}{
		"found clean it waits for a review": {up, "", application.DocumentIsUploaded},
		"infected it is rejected":           {up, "Eicar", application.DocumentIsRejected},
		"an older version changes nothing":  {append(slices.Clone(up), uploaded(2)), "Eicar", application.DocumentIsUploaded},
		"a cancelled request stays so":      {append(slices.Clone(up), application.DocumentCancelled{Stamp: by, Document: "d1"}), "Eicar", application.DocumentIsCancelled},
	} {
		a := (application.Application{}).Fold(c.given...)
		found, err := a.ScanFile("f1", c.infection, by)
		if got := a.Fold(found...).Documents["d1"].Status; err != nil || got != c.want {
			t.Errorf("%s: it is %s, %v", name, got, err)
		}
	}
}
