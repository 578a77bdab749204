package projections

import (
	"context"
	"time"

	"github.com/hirelog/hirelog/domain/job"
	"github.com/hirelog/hirelog/domain/organization"
	"github.com/hirelog/hirelog/readmodels"
)

// jobs keeps what other read models only name by id: jobs with their stages,
// reasons, tags, and the settings of the organisation.
type jobs struct {
	jobs     *Rows[readmodels.JobRow]
	reasons  *Rows[readmodels.ReasonRow]
	tags     *Rows[readmodels.TagRow]
	settings *Rows[readmodels.SettingsRow]
}

func newJobs() *jobs {
	return &jobs{
		jobs:     NewRows(readmodels.Jobs()),
		reasons:  NewRows(readmodels.Reasons()),
		tags:     NewRows(readmodels.Tags()),
		settings: NewRows(readmodels.SettingsTable()),
	}
}

// Name implements Model.
func (*jobs) Name() string { return "jobs" }

// Tables implements Model.
func (m *jobs) Tables() []AnyTable { return []AnyTable{m.jobs, m.reasons, m.tags, m.settings} }

// Need implements Model.
func (m *jobs) Need(f Fact) {
	switch f.Body.(type) {
	case job.Event:
		m.jobs.Need(f.Aggregate)
	case organization.Event:
		m.settings.Need(f.Aggregate)
	}
}

// Apply implements Model.
func (m *jobs) Apply(_ context.Context, f Fact) error {
	switch e := f.Body.(type) {
	case job.Event:
		m.job(f, e)
	case organization.Event:
		m.organization(f, e)
	}
	return nil
}

func (m *jobs) job(f Fact, e job.Event) {
	r, _ := m.jobs.Get(f.Aggregate)
	r.ID, r.Revision, r.ChangedAt = f.Aggregate, int64(f.Revision), e.When()
	switch e := e.(type) {
	case job.Opened:
		r.Status, r.OpenedAt, r.Stages.V = job.Open, e.At, e.Stages
		setDetails(&r, e.Details)
	case job.DetailsChanged:
		setDetails(&r, e.Details)
	case job.TeamChanged:
		// Who is in it, model access keeps.
	case job.Held:
		r.Status = job.OnHold
	case job.Resumed, job.Reopened:
		r.Status = job.Open
	case job.WasClosed:
		r.Status = job.Closed
	}
	m.jobs.Put(r)
}

func setDetails(r *readmodels.JobRow, d job.Details) {
	r.Title, r.Position, r.Location, r.Description = d.Title, d.Position, d.Location, d.Description
	r.Openings, r.Confidential = d.Openings, d.Confidential
}

func (m *jobs) organization(f Fact, e organization.Event) {
	r, _ := m.settings.Get(f.Aggregate)
	r.Organization, r.Revision = f.Aggregate, int64(f.Revision)
	switch e := e.(type) {
	case organization.Founded:
		r.Name, r.DiscloseAfterHours = e.Name, int(organization.Organization{}.Fold(e).Settings.DiscloseAfter/time.Hour)
	case organization.SettingsChanged:
		setIf(&r.SelfTracking, e.SelfTracking)
		setIf(&r.RatingVisibility, e.RatingVisibility)
		setIf(&r.DiscloseAfterHours, e.DiscloseAfterHours)
	case organization.ReasonDefined:
		m.reasons.Put(readmodels.ReasonRow{ID: e.Reason, Label: e.Label, Kind: e.Kind})
	case organization.TagDefined:
		m.tags.Put(readmodels.TagRow{ID: e.Tag, Label: e.Label})
	case organization.RecruitingRoleDefined:
		// Model access keeps it.
	}
	m.settings.Put(r)
}

func setIf[V any](to *V, from *V) {
	if from != nil {
		*to = *from
	}
}
