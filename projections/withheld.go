package projections

import (
	"context"

	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/employee"
	"github.com/hirelog/hirelog/domain/message"
	"github.com/hirelog/hirelog/readmodels"
)

// withheld keeps which files nobody gets. It knows them by their ids alone, since
// a file may go to another application, and to an employee profile, and outlive
// where it came from.
type withheld struct {
	files *Rows[readmodels.WithheldRow]
}

func newWithheld() *withheld { return &withheld{files: NewRows(readmodels.Withheld())} }

// Name implements Model.
func (*withheld) Name() string { return "withheld" }

// Tables implements Model.
func (m *withheld) Tables() []AnyTable { return []AnyTable{m.files} }

// Need implements Model.
func (m *withheld) Need(f Fact) {
	switch e := f.Body.(type) {
	case application.DocumentUploaded:
		m.need(e.Held...)
	case application.FileScanned:
		m.need(e.File)
	case message.Received:
		m.need(e.Held...)
	case message.FileScanned:
		m.need(e.File)
	case employee.FileScanned:
		m.need(e.File)
	}
}

func (m *withheld) need(files ...string) {
	for _, id := range files {
		m.files.Need(id)
	}
}

// Apply implements Model.
func (m *withheld) Apply(_ context.Context, f Fact) error {
	switch e := f.Body.(type) {
	case application.DocumentUploaded:
		m.hold(e.Held)
	case application.FileScanned:
		m.scanned(e.File, e.Infection)
	case message.Received:
		m.hold(e.Held)
	case message.FileScanned:
		m.scanned(e.File, e.Infection)
	case employee.FileScanned:
		m.scanned(e.File, e.Infection)
	}
	return nil
}

// hold keeps that files were not scanned when they came; what is known to be
// infected stays so.
func (m *withheld) hold(files []string) {
	for _, id := range files {
		if _, known := m.files.Get(id); !known {
			m.files.Put(readmodels.WithheldRow{File: id})
		}
	}
}

func (m *withheld) scanned(file, infection string) {
	r, known := m.files.Get(file)
	switch {
	case infection != "":
		m.files.Put(readmodels.WithheldRow{File: file, Infection: infection})
	case known && r.Infection == "":
		m.files.Delete(file)
	}
}
