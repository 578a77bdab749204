package job

import (
	"slices"

	"github.com/hirelog/hirelog/domain"
)

// DetailsChanged records what the job is called and described as from now on.
type DetailsChanged struct {
	domain.Stamp
	Details
}

// EventName implements domain.Fact.
func (DetailsChanged) EventName() string { return "job.details_changed.v1" }

func (e DetailsChanged) evolve(j Job) Job { j.Details = e.Details; return j }

// DetailsChange says which details get which value; nil leaves one alone.
type DetailsChange struct {
	Title        *string `json:"title,omitempty" minLength:"1" maxLength:"200"`
	Position     *string `json:"position,omitempty" maxLength:"200"`
	Location     *string `json:"location,omitempty" maxLength:"200"`
	Description  *string `json:"description,omitempty" maxLength:"20000"`
	Openings     *int    `json:"openings,omitempty" minimum:"1" maximum:"1000"`
	Confidential *bool   `json:"confidential,omitempty"`
}

// Edit changes the details named in c. Errors: ErrUnknown, domain.ErrInvalid.
func (j Job) Edit(c DetailsChange, s domain.Stamp) ([]Event, error) {
	if j.Status == "" {
		return nil, ErrUnknown
	}
	d := j.Details
	set(&d.Title, c.Title)
	set(&d.Position, c.Position)
	set(&d.Location, c.Location)
	set(&d.Description, c.Description)
	set(&d.Openings, c.Openings)
	set(&d.Confidential, c.Confidential)
	d, err := d.checked()
	if err != nil || d == j.Details {
		return nil, err
	}
	return []Event{DetailsChanged{Stamp: s, Details: d}}, nil
}

func set[V any](to *V, from *V) {
	if from != nil {
		*to = *from
	}
}

// TeamChanged records the hiring team from now on.
type TeamChanged struct {
	domain.Stamp
	Team []TeamMember `json:"team"`
}

// EventName implements domain.Fact.
func (TeamChanged) EventName() string { return "job.team_changed.v1" }

func (e TeamChanged) evolve(j Job) Job { j.Team = e.Team; return j }

// ChangeTeam sets the hiring team.
// Errors: ErrUnknown, ErrNoManager, domain.ErrInvalid.
func (j Job) ChangeTeam(team []TeamMember, s domain.Stamp) ([]Event, error) {
	if j.Status == "" {
		return nil, ErrUnknown
	}
	if err := checkTeam(team, j.Stages); err != nil {
		return nil, err
	}
	same := slices.EqualFunc(j.Team, team, func(a, b TeamMember) bool {
		return a.Member == b.Member && a.Role == b.Role && a.Manager == b.Manager && slices.Equal(a.Stages, b.Stages)
	})
	if same {
		return nil, nil
	}
	return []Event{TeamChanged{Stamp: s, Team: team}}, nil
}

// Held records that the job takes no new applications for now.
type Held struct {
	domain.Stamp
	Reason string `json:"reason,omitempty"`
}

// EventName implements domain.Fact.
func (Held) EventName() string { return "job.held.v1" }

func (Held) evolve(j Job) Job { j.Status = OnHold; return j }

// Hold stops new applications for now. Errors: ErrUnknown, ErrNotOpen, domain.ErrInvalid.
func (j Job) Hold(reason string, s domain.Stamp) ([]Event, error) {
	reason, err := domain.TextOf("The reason", reason, 0, 500)
	switch {
	case err != nil:
		return nil, err
	case j.Status == "":
		return nil, ErrUnknown
	case j.Status == OnHold:
		return nil, nil
	case j.Status != Open:
		return nil, ErrNotOpen
	}
	return []Event{Held{Stamp: s, Reason: reason}}, nil
}

// Resumed records that the job takes applications again.
type Resumed struct {
	domain.Stamp
}

// EventName implements domain.Fact.
func (Resumed) EventName() string { return "job.resumed.v1" }

func (Resumed) evolve(j Job) Job { j.Status = Open; return j }

// Resume takes a job off hold. Errors: ErrUnknown, ErrNotOnHold.
func (j Job) Resume(s domain.Stamp) ([]Event, error) {
	switch j.Status {
	case "":
		return nil, ErrUnknown
	case Open:
		return nil, nil
	case OnHold:
		return []Event{Resumed{Stamp: s}}, nil
	case Draft, Closed:
	}
	return nil, ErrNotOnHold
}

// Choice says what becomes of the live applications of a job that closes.
type Choice string

// The choices.
const (
	LeaveApplications      Choice = "leave"
	DisqualifyApplications Choice = "disqualify"
)

// Ending is what closing a job does to its live applications. The zero value
// leaves them as they are.
type Ending struct {
	Applications     Choice `json:"applications,omitempty"`
	DisqualifyReason string `json:"disqualify_reason,omitempty"` // of the organisation's list
}

// ErrChoice means that a job was to be closed without saying what becomes of its
// live applications.
var ErrChoice = &domain.Refusal{Kind: domain.Invalid, Code: "applications_choice", Message: "Say what becomes of the live applications: leave, or disqualify with a reason."}

// WasClosed records that nobody is sought any more.
type WasClosed struct {
	domain.Stamp
	Reason string `json:"reason,omitempty"`
	Ending
}

// EventName implements domain.Fact.
func (WasClosed) EventName() string { return "job.closed.v1" }

func (e WasClosed) evolve(j Job) Job {
	j.Status, j.Ending = Closed, nil
	if e.Applications == DisqualifyApplications {
		j.Ending = &e.Ending
	}
	return j
}

// Close ends the search, and says what becomes of the live applications: a draft
// has none. Errors: ErrUnknown, ErrChoice, domain.ErrInvalid.
func (j Job) Close(reason string, end Ending, s domain.Stamp) ([]Event, error) {
	reason, err := domain.TextOf("The reason", reason, 0, 500)
	switch {
	case err != nil:
		return nil, err
	case j.Status == "":
		return nil, ErrUnknown
	case j.Status == Closed:
		return nil, nil
	}
	switch {
	case end.Applications == DisqualifyApplications && end.DisqualifyReason == "":
		return nil, ErrChoice
	case end.Applications == DisqualifyApplications:
	case end.Applications == LeaveApplications, end.Applications == "" && j.Status == Draft:
		if end.DisqualifyReason != "" {
			return nil, domain.ErrInvalid.Because("Applications that are left are not disqualified; leave the reason out.")
		}
	default:
		return nil, ErrChoice
	}
	return []Event{WasClosed{Stamp: s, Reason: reason, Ending: end}}, nil
}

// ApplicationsEnded records that all live applications of a closed job were
// disqualified, as closing it said.
type ApplicationsEnded struct {
	domain.Stamp
	Disqualified int `json:"disqualified"` // applications
}

// EventName implements domain.Fact.
func (ApplicationsEnded) EventName() string { return "job.applications_ended.v1" }

func (ApplicationsEnded) evolve(j Job) Job { j.Ending = nil; return j }

// EndApplications notes that closing the job has nothing left to do.
// Errors: ErrUnknown.
func (j Job) EndApplications(disqualified int, s domain.Stamp) ([]Event, error) {
	switch {
	case j.Status == "":
		return nil, ErrUnknown
	case j.Ending == nil:
		return nil, nil
	}
	return []Event{ApplicationsEnded{Stamp: s, Disqualified: disqualified}}, nil
}

// Reopened records that people are sought again.
type Reopened struct {
	domain.Stamp
}

// EventName implements domain.Fact.
func (Reopened) EventName() string { return "job.reopened.v1" }

func (Reopened) evolve(j Job) Job { j.Status, j.Ending = Open, nil; return j }

// Reopen starts the search again; applications that closing it has not
// disqualified yet stay as they are. Errors: ErrUnknown; ErrNotClosed when it is
// on hold or a draft.
func (j Job) Reopen(s domain.Stamp) ([]Event, error) {
	switch j.Status {
	case "":
		return nil, ErrUnknown
	case Open:
		return nil, nil
	case Closed:
		return []Event{Reopened{Stamp: s}}, nil
	case Draft:
		return nil, ErrNotClosed.Because("The job is a draft; publish it instead.")
	case OnHold:
	}
	return nil, ErrNotClosed.Because("The job is on hold; resume it instead.")
}
