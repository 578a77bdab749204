package projections

import (
	"context"
	"strconv"

	"github.com/hirelog/hirelog/domain/organization"
	"github.com/hirelog/hirelog/readmodels"
)

// definitions keeps what the organisation has defined for its own use:
// evaluation forms, and what of its lists is no longer chosen.
type definitions struct {
	forms    *Rows[readmodels.FormRow]
	versions *Rows[readmodels.FormVersionRow]
	retired  *Rows[readmodels.RetiredRow]
}

func newDefinitions() *definitions {
	return &definitions{
		forms:    NewRows(readmodels.EvaluationForms()),
		versions: NewRows(readmodels.FormVersions()),
		retired:  NewRows(readmodels.RetiredTable()),
	}
}

// Name implements Model.
func (*definitions) Name() string { return "definitions" }

// Tables implements Model.
func (m *definitions) Tables() []AnyTable { return []AnyTable{m.forms, m.versions, m.retired} }

// Need implements Model.
func (*definitions) Need(Fact) {}

// Apply implements Model.
func (m *definitions) Apply(_ context.Context, f Fact) error {
	if e, ok := f.Body.(organization.Event); ok {
		m.organization(e)
	}
	return nil
}

func (m *definitions) organization(e organization.Event) {
	switch e := e.(type) {
	case organization.FormDefined:
		content := readmodels.JSON[organization.FormContent]{V: e.FormContent}
		m.forms.Put(readmodels.FormRow{ID: e.Form, Version: e.Version, Content: content})
		m.versions.Put(readmodels.FormVersionRow{Key: e.Form + "/" + strconv.Itoa(e.Version), Form: e.Form, Version: e.Version, Content: content})
	case organization.EntryRetired:
		m.retired.Put(readmodels.RetiredRow{Key: retiredKey(e.List, e.Entry), List: e.List, Entry: e.Entry})
	case organization.EntryRestored:
		m.retired.Delete(retiredKey(e.List, e.Entry))
	case organization.Founded, organization.SettingsChanged, organization.RecruitingRoleDefined, organization.ReasonDefined, organization.TagDefined:
		// Models jobs and access keep them.
	}
}

func retiredKey(list organization.List, entry string) string { return string(list) + "/" + entry }
