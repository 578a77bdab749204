package readmodels

import "github.com/hirelog/hirelog/domain/organization"

// RetiredRow is a row of table retired.
type RetiredRow struct {
	Key   string // list/entry
	List  organization.List
	Entry string
}

// RetiredTable returns table retired: what is no longer chosen from the lists of
// the organisation.
func RetiredTable() Table[RetiredRow] {
	return Table[RetiredRow]{
		Name: "retired",
		Key:  func(r *RetiredRow) *string { return &r.Key },
		Columns: []Column[RetiredRow]{
			Col("place", "text", func(r *RetiredRow) *string { return &r.Key }),
			Col("list", "text", func(r *RetiredRow) *organization.List { return &r.List }),
			Col("entry_id", "uuid", func(r *RetiredRow) *string { return &r.Entry }),
		},
	}
}

// FormRow is a row of table evaluation_forms.
type FormRow struct {
	ID      string
	Version int
	Content JSON[organization.FormContent]
}

// EvaluationForms returns table evaluation_forms: what the forms ask now.
func EvaluationForms() Table[FormRow] {
	return Table[FormRow]{
		Name: "evaluation_forms",
		Key:  func(r *FormRow) *string { return &r.ID },
		Columns: []Column[FormRow]{
			Col("form_id", "uuid", func(r *FormRow) *string { return &r.ID }),
			Col("version", "integer", func(r *FormRow) *int { return &r.Version }),
			Col("content", "jsonb", func(r *FormRow) *JSON[organization.FormContent] { return &r.Content }),
		},
	}
}

// FormVersionRow is a row of table form_versions.
type FormVersionRow struct {
	Key     string // form/version
	Form    string
	Version int
	Content JSON[organization.FormContent]
}

// FormVersions returns table form_versions: what the forms ask and asked, in
// each version.
func FormVersions() Table[FormVersionRow] {
	return Table[FormVersionRow]{
		Name: "form_versions",
		Key:  func(r *FormVersionRow) *string { return &r.Key },
		Columns: []Column[FormVersionRow]{
			Col("place", "text", func(r *FormVersionRow) *string { return &r.Key }),
			Col("form_id", "uuid", func(r *FormVersionRow) *string { return &r.Form }),
			Col("version", "integer", func(r *FormVersionRow) *int { return &r.Version }),
			Col("content", "jsonb", func(r *FormVersionRow) *JSON[organization.FormContent] { return &r.Content }),
		},
	}
}
