package employee_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/domaintest"
	"github.com/hirelog/hirelog/domain/employee"
	"github.com/hirelog/hirelog/domain/personal"
)

type (
	events = []employee.Event
	row    = domaintest.Case[employee.Employee, employee.Event]
	when   = func(employee.Employee) ([]employee.Event, error)
)

const (
	id    = "9a1c5f7e-2b3d-4e6f-8a90-b1c2d3e4f506"
	other = "1e2d3c4b-5a69-4788-9a0b-c1d2e3f40516"
)

var (
	by = domaintest.By(domain.Member("m1"))

	created  employee.Event = employee.Created{Stamp: by, Profile: profile}
	taken    employee.Event = employee.DocumentTaken{Stamp: by, Document: diploma}
	scanned  employee.Event = employee.FileScanned{Stamp: by, Document: id, File: other, Infection: "Eicar", Job: profile.Job}
	reversed employee.Event = employee.Reversed{Stamp: by}
	erased   employee.Event = employee.Erased{Stamp: by}

	profile = employee.Profile{
		Application: id, Hire: other, Job: id, HiredAt: domaintest.At, FirstName: text("first name"), LastName: text("last name"),
		Email: text("email"), Phone: text("phone"),
	}
	diploma = employee.Document{
		ID: id, Contract: true, Held: []string{other}, Category: access.Certificate, Status: application.DocumentIsApproved, Title: text("title"),
		Versions: []employee.Version{{
			Number: 1, UploadedAt: domaintest.At, UploadedBy: domain.Candidate, Files: []application.File{{ID: other, Name: text("name"), Size: 1024, Type: "application/pdf"}},
			Review: &employee.Review{Status: application.DocumentIsApproved, By: domain.Member(other), At: domaintest.At, Reason: text("reason")},
		}},
	}
)

func text(s string) personal.Text { return personal.Sealed([]byte("sealed " + s)) }

func TestStored(t *testing.T) {
	stamp := by
	stamp.By = domain.Member(other)
	domaintest.Stored[employee.Event](t, "employee", employee.Codec,
		employee.Created{Stamp: stamp, Profile: profile},
		employee.DocumentTaken{Stamp: stamp, Document: diploma},
		employee.FileScanned{Stamp: stamp, Document: id, File: other, Infection: "Eicar-Test-Signature", Job: other},
		employee.Reversed{Stamp: stamp},
		employee.Erased{Stamp: stamp},
	)
}

// The profile is made once, whatever is asked in which order (S2-74..76, S1-52).
func TestProfile(t *testing.T) {
	create := func(e employee.Employee) ([]employee.Event, error) { return e.Create(profile, by), nil }
	take := func(documents ...employee.Document) when {
		return func(e employee.Employee) ([]employee.Event, error) { return e.Take(documents, by) }
	}
	reverse := func(e employee.Employee) ([]employee.Event, error) { return e.Reverse(by), nil }
	erase := func(e employee.Employee) ([]employee.Event, error) { return e.Erase(by) }
	scan := func(file string) when {
		return func(e employee.Employee) ([]employee.Event, error) { return e.ScanFile(file, "Eicar", by) }
	}
	domaintest.Run(t, employee.Employee.Fold, []row{
		{Name: "somebody was hired", When: create, Want: events{created}},
		{Name: "once", Given: events{created}, When: create},
		{Name: "reversed before it was there", Given: events{reversed}, When: create},
		{Name: "erased", Given: events{created, erased}, When: create},
		{Name: "documents go along", Given: events{created}, When: take(diploma), Want: events{taken}},
		{Name: "each once", Given: events{created, taken}, When: take(diploma, diploma)},
		{Name: "twice in one", Given: events{created}, When: take(diploma, diploma), Want: events{taken}},
		{Name: "not into what was reversed", Given: events{created, reversed}, When: take(diploma)},
		{Name: "nor into nothing", When: take(diploma), Err: employee.ErrUnknown},
		{Name: "a file that is held is scanned", Given: events{created, taken}, When: scan(other), Want: events{scanned}},
		{Name: "scanned once", Given: events{created, taken, scanned}, When: scan(other)},
		{Name: "one that is not held", Given: events{created, taken}, When: scan(id)},
		{Name: "of nobody any more", Given: events{created, taken, erased}, When: scan(other)},
		{Name: "of a profile that never was", Given: events{reversed}, When: scan(other)},
		{Name: "of nobody", When: scan(other), Err: employee.ErrUnknown},
		{Name: "the hire was undone", Given: events{created, taken}, When: reverse, Want: events{reversed}},
		{Name: "before there was a profile", When: reverse, Want: events{reversed}},
		{Name: "it is erased", Given: events{created, taken}, When: erase, Want: events{erased}},
		{Name: "erased after it was reversed", Given: events{created, reversed}, When: erase},
		{Name: "nobody is erased", When: erase, Err: employee.ErrUnknown},
		{Name: "what never was is not erased", Given: events{reversed}, When: erase, Err: employee.ErrUnknown},
	}...)
}

func decisions(d employee.Document, s domain.Stamp) []when {
	return []when{
		func(e employee.Employee) ([]employee.Event, error) { return e.Create(profile, s), nil },
		func(e employee.Employee) ([]employee.Event, error) { return e.Take([]employee.Document{d, diploma}, s) },
		func(e employee.Employee) ([]employee.Event, error) { return e.ScanFile(other, "Eicar", s) },
		func(e employee.Employee) ([]employee.Event, error) { return e.Reverse(s), nil },
		func(e employee.Employee) ([]employee.Event, error) { return e.Erase(s) },
	}
}

func TestRandom(t *testing.T) {
	domaintest.Aggregate[employee.Employee, employee.Event]{
		Codec: employee.Codec, Fold: employee.Employee.Fold, Given: events{created},
		Ask: func(t *rapid.T, s domain.Stamp) when {
			d := diploma
			d.ID = rapid.SampledFrom([]string{"d1", "d2"}).Draw(t, "document")
			all := decisions(d, s)
			if domaintest.Fair(t, "spared", []bool{true, true, true, false}) {
				all = all[:3]
			}
			return domaintest.Fair(t, "decision", all)
		},
		Holds: func(before employee.Employee, e employee.Event, after employee.Employee) string {
			switch {
			case before.Ended:
				return "something happened to what had ended"
			case after.Ended && len(after.Held) > 0:
				return "files of nobody are held"
			case scans(e) && len(after.Held) >= len(before.Held):
				return "a file was scanned that was not held"
			case before.Created && !after.Created, after.Documents.Len() > 0 && (!after.Created || after.Ended):
				return "documents are nobody's"
			}
			return ""
		},
	}.Random(t)
}

func scans(e employee.Event) bool {
	_, ok := e.(employee.FileScanned)
	return ok
}

func FuzzDecode(f *testing.F) {
	domaintest.Fuzz(f, employee.Codec, employee.Employee.Fold, events{created, taken}, func(e employee.Employee) {
		for _, decide := range decisions(diploma, domain.Stamp{At: domaintest.At.Add(time.Hour), By: by.By}) {
			if got, err := decide(e); err != nil {
				if problem := domaintest.Refused(got, err); problem != "" {
					f.Error(problem)
				}
			}
		}
	})
}
