package projections

import (
	"context"

	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/employee"
	"github.com/hirelog/hirelog/readmodels"
)

// hires keeps who was taken on, and the employee profiles that followed.
type hires struct {
	hires     *Rows[readmodels.HireRow]
	employees *Rows[readmodels.EmployeeRow]
	documents *Rows[readmodels.EmployeeDocumentRow]
}

func newHires() *hires {
	return &hires{
		hires: NewRows(readmodels.Hires()), employees: NewRows(readmodels.Employees()), documents: NewRows(readmodels.EmployeeDocuments()),
	}
}

// Name implements Model.
func (*hires) Name() string { return "hires" }

// Tables implements Model.
func (m *hires) Tables() []AnyTable { return []AnyTable{m.hires, m.employees, m.documents} }

// Need implements Model.
func (m *hires) Need(f Fact) {
	switch e := f.Body.(type) {
	case application.HireUndone:
		m.hires.Need(e.Hire)
	case application.EmployeeLinked:
		m.hires.Need(e.Hire)
	case application.Anonymised, application.Deleted:
		m.hires.NeedBy("application_id", f.Aggregate)
		m.employees.NeedBy("application_id", f.Aggregate)
	case employee.Created:
		m.hires.Need(e.Hire)
	case employee.Event:
		m.employees.Need(f.Aggregate)
		m.documents.NeedBy("employee_id", f.Aggregate)
	}
}

// Apply implements Model.
func (m *hires) Apply(_ context.Context, f Fact) error {
	switch e := f.Body.(type) {
	case application.Hired:
		m.hires.Put(readmodels.HireRow{
			ID: e.Hire, Application: f.Aggregate, Reason: e.Reason.Bytes(), At: e.At, By: e.By, Offer: optional(e.Offer),
		})
	case application.HireUndone:
		m.hire(f, e.Hire, func(r *readmodels.HireRow) {
			r.UndoneAt, r.UndoneBy, r.UndoReason = when(f), &e.By, e.Reason.Bytes()
		})
	case application.EmployeeLinked:
		m.hire(f, e.Hire, func(r *readmodels.HireRow) { r.Employee = &e.Employee })
	case application.Deleted:
		dropAll(m.hires, f.Aggregate)
	case application.Anonymised:
		m.hires.Each("application_id", f.Aggregate, func(r readmodels.HireRow) (readmodels.HireRow, bool) {
			r.Reason, r.UndoReason, r.Employee, r.Anonymised = nil, nil, nil, true
			return r, true
		})
		m.employees.Each("application_id", f.Aggregate, func(r readmodels.EmployeeRow) (readmodels.EmployeeRow, bool) {
			r.Application = readmodels.Nobody()
			return r, true
		})
	case employee.Event:
		m.employee(f, e)
	}
	return nil
}

// hire changes a hire of the application.
func (m *hires) hire(f Fact, id string, change func(*readmodels.HireRow)) {
	if r, ok := m.hires.Get(id); ok && r.Application == f.Aggregate {
		change(&r)
		m.hires.Put(r)
	}
}

func (m *hires) employee(f Fact, e employee.Event) {
	switch e := e.(type) {
	case employee.Created:
		r := readmodels.EmployeeRow{
			ID: f.Aggregate, Application: e.Application, Job: e.Job, State: readmodels.EmployeeActive, HiredAt: e.HiredAt, CreatedAt: e.At,
			FirstName: e.FirstName.Bytes(), LastName: e.LastName.Bytes(), Email: e.Email.Bytes(), Phone: e.Phone.Bytes(),
			Revision: int64(f.Revision),
		}
		if h, ok := m.hires.Get(e.Hire); !ok || h.Anonymised {
			r.Application = readmodels.Nobody() // meanwhile
		}
		m.employees.Put(r)
	case employee.DocumentTaken:
		m.documents.Put(takenAlong(f, e))
		m.touch(f, func(*readmodels.EmployeeRow) {})
	case employee.FileScanned:
		m.touch(f, func(*readmodels.EmployeeRow) {}) // model withheld keeps what it says
	case employee.Reversed:
		m.end(f, readmodels.EmployeeReversed)
	case employee.Erased:
		m.end(f, readmodels.EmployeeErased)
	}
}

// touch changes the profile, if there is one.
func (m *hires) touch(f Fact, change func(*readmodels.EmployeeRow)) {
	if r, ok := m.employees.Get(f.Aggregate); ok {
		r.Revision = int64(f.Revision)
		change(&r)
		m.employees.Put(r)
	}
}

// end removes every sealed text of a profile. That there was one stays.
func (m *hires) end(f Fact, state readmodels.EmployeeState) {
	m.touch(f, func(r *readmodels.EmployeeRow) {
		r.State, r.EndedAt = state, when(f)
		r.FirstName, r.LastName, r.Email, r.Phone = nil, nil, nil, nil
	})
	m.documents.Each("employee_id", f.Aggregate, func(r readmodels.EmployeeDocumentRow) (readmodels.EmployeeDocumentRow, bool) {
		return r.Scrubbed(), true
	})
}

func takenAlong(f Fact, e employee.DocumentTaken) readmodels.EmployeeDocumentRow {
	r := readmodels.EmployeeDocumentRow{
		Key: f.Aggregate + "/" + e.ID, Employee: f.Aggregate, Document: e.ID, Category: e.Category, Status: e.Status, Title: e.Title.Bytes(), Contract: e.Contract,
	}
	for _, v := range e.Versions {
		row := readmodels.EmployeeVersion{Number: v.Number, UploadedAt: v.UploadedAt, UploadedBy: v.UploadedBy}
		for _, file := range v.Files {
			row.Files = append(row.Files, readmodels.EmployeeFile{ID: file.ID, Name: file.Name.Bytes(), Size: file.Size, Type: file.Type})
		}
		if v.Review != nil {
			at := v.Review.At
			row.Status, row.ReviewedAt, row.ReviewedBy, row.Reason = v.Review.Status, &at, v.Review.By, v.Review.Reason.Bytes()
		}
		r.Versions.V = append(r.Versions.V, row)
	}
	return r
}
