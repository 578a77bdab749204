// Package job holds an opening: what it is called, its stage plan, and its
// hiring team.
package job

import (
	"slices"
	"strings"

	"github.com/hirelog/hirelog/domain"
)

// Status is where a job is in its life.
type Status string

// The statuses of a job. The zero value is a job that does not exist.
const (
	Open   Status = "open"
	OnHold Status = "on_hold"
	Closed Status = "closed"
)

// Job is what decisions need of it.
type Job struct {
	Status  Status
	Details Details
	Stages  []Stage
	Team    []TeamMember
}

// Details describe a job to people. None of it is personal.
type Details struct {
	Title        string `json:"title" minLength:"1" maxLength:"200" doc:"Title of the job, which is also the name of the recruitment"`
	Position     string `json:"position,omitempty" maxLength:"200" doc:"Position the person will hold"`
	Location     string `json:"location,omitempty" maxLength:"200" doc:"Where the work is done"`
	Description  string `json:"description,omitempty" maxLength:"20000" doc:"Text of the advertisement"`
	Openings     int    `json:"openings,omitempty" minimum:"1" maximum:"1000" default:"1" doc:"How many people are sought"`
	Confidential bool   `json:"confidential,omitempty" doc:"Only the hiring team may know of it"`
}

// Stage is a step of the job's plan. The first one is where applications
// arrive.
type Stage struct {
	ID         string `json:"id"`
	Name       string `json:"name"`
	PublicName string `json:"public_name,omitempty"` // what candidates see; empty = Name
}

// TeamMember is a member of the hiring team.
type TeamMember struct {
	Member  string   `json:"member_id" format:"uuid" doc:"The member"`
	Role    string   `json:"recruiting_role_id" format:"uuid" doc:"The recruiting role they hold on this job"`
	Manager bool     `json:"recruitment_manager,omitempty" doc:"Whether they are a recruitment manager of this job"`
	Stages  []string `json:"stage_ids,omitempty" doc:"Stages they manage"`
}

// Event is a fact about a job. Names and JSON fields are stored for ever;
// testdata/events pins them.
//
//sumtype:decl
type Event interface {
	domain.Fact
	evolve(Job) Job
}

// Codec reads and writes the events of a job.
var Codec = domain.NewCodec[Event](Opened{}, DetailsChanged{}, TeamChanged{}, Held{}, Resumed{}, WasClosed{}, Reopened{})

// Fold returns j with events applied in order.
func (j Job) Fold(events ...Event) Job {
	for _, e := range events {
		j = e.evolve(j)
	}
	return j
}

// Stage returns the stage with that id.
func (j Job) Stage(id string) (Stage, bool) {
	i := slices.IndexFunc(j.Stages, func(s Stage) bool { return s.ID == id })
	if i < 0 {
		return Stage{}, false
	}
	return j.Stages[i], true
}

// FirstManager returns the first recruitment manager of the team.
func (j Job) FirstManager() string {
	for _, m := range j.Team {
		if m.Manager {
			return m.Member
		}
	}
	return ""
}

// The rules that refuse.
var (
	ErrUnknown   = &domain.Refusal{Kind: domain.Absent, Code: "unknown_job", Message: "There is no such job."}
	ErrNotOpen   = &domain.Refusal{Kind: domain.Illegal, Code: "job_not_open", Message: "The job is not open."}
	ErrNotOnHold = &domain.Refusal{Kind: domain.Illegal, Code: "job_not_on_hold", Message: "The job is not on hold."}
	ErrNotClosed = &domain.Refusal{Kind: domain.Illegal, Code: "job_not_closed", Message: "The job is not closed."}
	ErrNoManager = &domain.Refusal{Kind: domain.Invalid, Code: "no_recruitment_manager", Message: "A job needs at least one recruitment manager."}
)

// Opened records that people are sought for a job.
type Opened struct {
	domain.Stamp
	Details
	Stages []Stage      `json:"stages"`
	Team   []TeamMember `json:"team"`
}

// EventName implements domain.Fact.
func (Opened) EventName() string { return "job.opened.v1" }

func (e Opened) evolve(j Job) Job {
	j.Status, j.Details, j.Stages, j.Team = Open, e.Details, e.Stages, e.Team
	return j
}

// Opens opens a job with its stage plan (1–30 stages with names that differ)
// and hiring team (at least one recruitment manager).
// Errors: domain.ErrInvalid, ErrNoManager.
func (j Job) Opens(d Details, stages []Stage, team []TeamMember, s domain.Stamp) ([]Event, error) {
	if j.Status != "" {
		return nil, nil
	}
	if d.Openings == 0 {
		d.Openings = 1
	}
	d, err := d.checked()
	if err != nil {
		return nil, err
	}
	stages, err = checkedStages(stages)
	if err != nil {
		return nil, err
	}
	if err := checkTeam(team, stages); err != nil {
		return nil, err
	}
	return []Event{Opened{Stamp: s, Details: d, Stages: stages, Team: team}}, nil
}

func (d Details) checked() (Details, error) {
	for _, f := range []struct {
		name     string
		text     *string
		min, max int
		check    func(name, text string, min, max int) (string, error)
	}{
		{"The title", &d.Title, 1, 200, domain.LineOf},
		{"The position", &d.Position, 0, 200, domain.LineOf},
		{"The location", &d.Location, 0, 200, domain.LineOf},
		{"The description", &d.Description, 0, 20000, domain.TextOf},
	} {
		text, err := f.check(f.name, *f.text, f.min, f.max)
		if err != nil {
			return d, err
		}
		*f.text = text
	}
	if d.Openings < 1 || d.Openings > 1000 {
		return d, domain.ErrInvalid.Because("A job has 1 to 1000 openings.")
	}
	return d, nil
}

func checkedStages(stages []Stage) ([]Stage, error) {
	if len(stages) == 0 || len(stages) > 30 {
		return nil, domain.ErrInvalid.Because("A job has 1 to 30 stages.")
	}
	checked := make([]Stage, len(stages))
	for i, st := range stages {
		name, err := domain.LineOf("The name of a stage", st.Name, 1, 100)
		if err != nil {
			return nil, err
		}
		public, err := domain.LineOf("The public name of a stage", st.PublicName, 0, 100)
		if err != nil {
			return nil, err
		}
		switch {
		case slices.ContainsFunc(checked[:i], func(o Stage) bool { return strings.EqualFold(o.Name, name) }):
			return nil, domain.ErrInvalid.Because("Two stages are called %s.", name)
		case slices.ContainsFunc(checked[:i], func(o Stage) bool { return o.ID == st.ID }):
			return nil, domain.ErrInvalid.Because("Two stages have the same id.")
		}
		checked[i] = Stage{ID: st.ID, Name: name, PublicName: public}
	}
	return checked, nil
}

func checkTeam(team []TeamMember, stages []Stage) error {
	if len(team) > 200 {
		return domain.ErrInvalid.Because("A hiring team has at most 200 members.")
	}
	managed := false
	for i, m := range team {
		if slices.ContainsFunc(team[:i], func(o TeamMember) bool { return o.Member == m.Member }) {
			return domain.ErrInvalid.Because("A member is in the hiring team twice.")
		}
		for _, id := range m.Stages {
			if !slices.ContainsFunc(stages, func(s Stage) bool { return s.ID == id }) {
				return domain.ErrInvalid.Because("A stage manager is named for a stage that the job does not have.")
			}
		}
		managed = managed || m.Manager
	}
	if !managed {
		return ErrNoManager
	}
	return nil
}
