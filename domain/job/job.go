// Package job holds an opening: what it is called, its stage plan, and its
// hiring team.
package job

import (
	"slices"

	"github.com/hirelog/hirelog/domain"
)

// Status is where a job is in its life.
type Status string

// The statuses of a job. The zero value is a job that does not exist.
const (
	Draft  Status = "draft" // only members know of it
	Open   Status = "open"
	OnHold Status = "on_hold"
	Closed Status = "closed"
)

// Job is what decisions need of it.
type Job struct {
	Status    Status
	Details   Details
	Stages    []Stage        // the plan, in order
	Removed   []RemovedStage // stages that were in the plan, oldest first
	Team      []TeamMember
	Questions []Question // of the application form, in order
	Ending    *Ending    // what closing it still has to do; nil = nothing
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
var Codec = domain.NewCodec[Event](
	Opened{}, Drafted{}, Published{}, DetailsChanged{}, TeamChanged{}, Held{}, Resumed{}, WasClosed{}, ApplicationsEnded{}, Reopened{},
	FormSet{}, StageAdded{}, StageChanged{}, StagesReordered{}, StageRemoved{}, StageCleared{},
)

// Fold returns j with events applied in order.
func (j Job) Fold(events ...Event) Job {
	for _, e := range events {
		j = e.evolve(j)
	}
	return j
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
	ErrNotDraft  = &domain.Refusal{Kind: domain.Illegal, Code: "job_not_draft", Message: "The job is not a draft."}
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
	d, stages, err := created(d, stages, team)
	if err != nil {
		return nil, err
	}
	return []Event{Opened{Stamp: s, Details: d, Stages: stages, Team: team}}, nil
}

// created checks what a job begins with.
func created(d Details, stages []Stage, team []TeamMember) (Details, []Stage, error) {
	if d.Openings == 0 {
		d.Openings = 1
	}
	d, err := d.checked()
	if err != nil {
		return d, nil, err
	}
	if stages, err = checkedStages(stages); err != nil {
		return d, nil, err
	}
	return d, stages, checkTeam(team, stages)
}

// Drafted records that a job is being prepared: it takes no applications yet,
// and the public knows nothing of it.
type Drafted struct {
	domain.Stamp
	Details
	Stages []Stage      `json:"stages"`
	Team   []TeamMember `json:"team"`
}

// EventName implements domain.Fact.
func (Drafted) EventName() string { return "job.drafted.v1" }

func (e Drafted) evolve(j Job) Job {
	j.Status, j.Details, j.Stages, j.Team = Draft, e.Details, e.Stages, e.Team
	return j
}

// Drafts begins a job as a draft, with what Opens would open it with.
// Errors: domain.ErrInvalid, ErrNoManager.
func (j Job) Drafts(d Details, stages []Stage, team []TeamMember, s domain.Stamp) ([]Event, error) {
	if j.Status != "" {
		return nil, nil
	}
	d, stages, err := created(d, stages, team)
	if err != nil {
		return nil, err
	}
	return []Event{Drafted{Stamp: s, Details: d, Stages: stages, Team: team}}, nil
}

// Published records that a draft is open.
type Published struct {
	domain.Stamp
}

// EventName implements domain.Fact.
func (Published) EventName() string { return "job.published.v1" }

func (Published) evolve(j Job) Job { j.Status = Open; return j }

// Publish opens a draft. Errors: ErrUnknown, ErrNotDraft.
func (j Job) Publish(s domain.Stamp) ([]Event, error) {
	switch j.Status {
	case "":
		return nil, ErrUnknown
	case Open:
		return nil, nil
	case Draft:
		return []Event{Published{Stamp: s}}, nil
	case OnHold, Closed:
	}
	return nil, ErrNotDraft
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
