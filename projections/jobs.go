package projections

import (
	"context"
	"slices"
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
	case job.Drafted:
		r.Status, r.OpenedAt, r.Stages.V = job.Draft, e.At, e.Stages
		setDetails(&r, e.Details)
	case job.Published:
		r.Status, r.OpenedAt = job.Open, e.At
	case job.StageAdded, job.StageChanged, job.StagesReordered, job.StageRemoved:
		setPlan(&r, e)
	case job.FormSet:
		r.Questions.V = e.Questions
	case job.StageCleared, job.ApplicationsEnded:
		// What is left to be done, and is done.
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

// setPlan changes the stages as the job itself does.
func setPlan(r *readmodels.JobRow, e job.Event) {
	was := job.Job{Stages: r.Stages.V}
	j := was.Fold(e)
	r.Stages.V = j.Stages
	for _, gone := range j.Removed {
		r.Removed.V = append(slices.Clip(r.Removed.V), gone.Stage)
	}
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
		have := organization.Organization{}.Fold(e).Settings
		r.Name, r.DiscloseAfterHours = e.Name, int(have.DiscloseAfter/time.Hour)
		r.RatingMinRaters, r.ReadOnlyDays = have.RatingMinRaters, have.ReadOnlyDays
		r.AccessAfterDays, r.ReadLogDays = have.AccessAfterDays, have.ReadLogDays
	case organization.SettingsChanged:
		setSettings(&r.Settings, e)
	case organization.ReasonDefined:
		m.reasons.Put(readmodels.ReasonRow{ID: e.Reason, Label: e.Label, Kind: e.Kind})
	case organization.TagDefined:
		m.tags.Put(readmodels.TagRow{ID: e.Tag, Label: e.Label})
	case organization.RecruitingRoleDefined, organization.FormDefined, organization.CategoryDefined, organization.AttributeDefined,
		organization.AttributesOrdered, organization.TemplateDefined, organization.EntryRetired, organization.EntryRestored:
		// Models access and definitions keep them.
	}
	m.settings.Put(r)
}

func setSettings(to *readmodels.Settings, e organization.SettingsChanged) {
	setIf(&to.SelfTracking, e.SelfTracking)
	setIf(&to.RatingVisibility, e.RatingVisibility)
	setIf(&to.RatingMinRaters, e.RatingMinRaters)
	setIf(&to.DiscloseAfterHours, e.DiscloseAfterHours)
	setIf(&to.ReadOnlyDays, e.ReadOnlyDays)
	setIf(&to.InterviewExpiresAtEnd, e.InterviewExpiresAtEnd)
	setIf(&to.InterviewMailParticipants, e.InterviewMailParticipants)
	setIf(&to.AccessAfterDays, e.AccessAfterDays)
	setIf(&to.UnassignAfterDays, e.UnassignAfterDays)
	setIf(&to.SignHires, e.SignHires)
	setIf(&to.ReadLogDays, e.ReadLogDays)
	setIf(&to.MemberMetrics, e.MemberMetrics)
	setIf(&to.UploadMailMembers, e.UploadMailMembers)
	setIf(&to.SecondFactorRequired, e.SecondFactorRequired)
}

func setIf[V any](to *V, from *V) {
	if from != nil {
		*to = *from
	}
}
