package job

import (
	"slices"
	"strings"

	"github.com/hirelog/hirelog/domain"
)

// MaxStages is the most stages a plan has, MaxStagesEver the most it ever had.
const (
	MaxStages     = 30
	MaxStagesEver = 300
)

// Stage is a step of the job's plan. The first one is where applications
// arrive.
type Stage struct {
	ID         string `json:"id"`
	Name       string `json:"name"`
	PublicName string `json:"public_name,omitempty"` // what candidates see; empty = Name
	LimitDays  int    `json:"limit_days,omitempty"`  // after which an application is overdue in it; 0 = never
}

// RemovedStage is a stage that is not in the plan any more. What happened in it
// still names it.
type RemovedStage struct {
	Stage
	Target  string // where the applications in it go; empty if there never were any
	Cleared bool   // nothing is left in it
}

// The rules that refuse.
var (
	ErrNoStage       = &domain.Refusal{Kind: domain.Absent, Code: "no_such_stage", Message: "The plan of the job has no such stage."}
	ErrStageRemoved  = &domain.Refusal{Kind: domain.Illegal, Code: "stage_removed", Message: "The stage was removed from the plan; nothing enters it any more."}
	ErrLastStage     = &domain.Refusal{Kind: domain.Illegal, Code: "last_stage", Message: "A job keeps at least one stage."}
	ErrTargetStage   = &domain.Refusal{Kind: domain.Invalid, Code: "target_stage_required", Message: "Applications may be in the stage; name another stage of the job to move them to."}
	ErrTooManyStages = &domain.Refusal{Kind: domain.Illegal, Code: "too_many_stages", Message: "The job has as many stages as it may have."}
)

// Stage returns the stage of the plan with that id.
func (j Job) Stage(id string) (Stage, bool) {
	i := j.place(id)
	if i < 0 {
		return Stage{}, false
	}
	return j.Stages[i], true
}

// Entry returns the stage of the plan with that id, for something to enter it.
// Errors: ErrNoStage, ErrStageRemoved.
func (j Job) Entry(id string) (Stage, error) {
	if st, ok := j.Stage(id); ok {
		return st, nil
	}
	if _, ok := j.removed(id); ok {
		return Stage{}, ErrStageRemoved
	}
	return Stage{}, ErrNoStage
}

// Lands returns the stage of the plan where what is in a stage belongs: itself,
// or, for one that was removed, where its applications went.
func (j Job) Lands(id string) string {
	for range j.Removed {
		r, ok := j.removed(id)
		if !ok {
			return id
		}
		id = r.Target
	}
	return id
}

// Named returns the name of a stage, also of one that was removed; "" for one
// the job never had.
func (j Job) Named(id string) string {
	st, ok := j.Stage(id)
	if !ok {
		gone, _ := j.removed(id)
		st = gone.Stage
	}
	return st.Name
}

// Shown returns what candidates see of a stage: its public name, if it has one.
func (j Job) Shown(id string) string {
	if st, ok := j.Stage(id); ok && st.PublicName != "" {
		return st.PublicName
	}
	return j.Named(id)
}

func (j Job) place(id string) int {
	return slices.IndexFunc(j.Stages, func(s Stage) bool { return s.ID == id })
}

func (j Job) removed(id string) (RemovedStage, bool) {
	i := slices.IndexFunc(j.Removed, func(s RemovedStage) bool { return s.ID == id })
	if i < 0 {
		return RemovedStage{}, false
	}
	return j.Removed[i], true
}

// StageAdded records a new stage of the plan.
type StageAdded struct {
	domain.Stamp
	Stage Stage `json:"stage"`
	Place int   `json:"place"` // in the plan, from 0
}

// EventName implements domain.Fact.
func (StageAdded) EventName() string { return "job.stage_added.v1" }

func (e StageAdded) evolve(j Job) Job {
	at := min(max(e.Place, 0), len(j.Stages))
	j.Stages = slices.Concat(j.Stages[:at], []Stage{e.Stage}, j.Stages[at:])
	return j
}

// AddStage puts a stage into the plan: at a place from 0, or at its end if place
// is nil. Errors: ErrUnknown, ErrTooManyStages, domain.ErrInvalid.
func (j Job) AddStage(st Stage, place *int, s domain.Stamp) ([]Event, error) {
	if j.Status == "" {
		return nil, ErrUnknown
	}
	_, gone := j.removed(st.ID)
	if gone || j.place(st.ID) >= 0 {
		return nil, nil
	}
	if len(j.Stages) >= MaxStages || len(j.Stages)+len(j.Removed) >= MaxStagesEver {
		return nil, ErrTooManyStages
	}
	at := len(j.Stages)
	if place != nil {
		at = *place
	}
	if at < 0 || at > len(j.Stages) {
		return nil, domain.ErrInvalid.Because("The plan has %d stages; there is no place %d.", len(j.Stages), at)
	}
	st, err := st.checked(j.Stages)
	if err != nil {
		return nil, err
	}
	return []Event{StageAdded{Stamp: s, Stage: st, Place: at}}, nil
}

// StageChanged records what a stage is called, and how long applications stay in
// it, from now on.
type StageChanged struct {
	domain.Stamp
	Stage   Stage `json:"stage"`
	Limited bool  `json:"limited,omitempty"` // how long applications stay is another
}

// EventName implements domain.Fact.
func (StageChanged) EventName() string { return "job.stage_changed.v1" }

func (e StageChanged) evolve(j Job) Job {
	if i := j.place(e.Stage.ID); i >= 0 {
		j.Stages = slices.Clone(j.Stages)
		j.Stages[i] = e.Stage
	}
	return j
}

// StageChange says what of a stage gets which value; nil leaves one alone.
type StageChange struct {
	Name       *string `json:"name,omitempty" minLength:"1" maxLength:"100" doc:"Name of the stage, unique in the plan"`
	PublicName *string `json:"public_name,omitempty" maxLength:"100" doc:"What candidates see instead; empty = the name"`
	LimitDays  *int    `json:"limit_days,omitempty" minimum:"0" maximum:"365" doc:"Days after which an application is overdue in the stage; 0 = never"`
}

// ChangeStage changes what is named of a stage of the plan.
// Errors: ErrUnknown, ErrNoStage, ErrStageRemoved, domain.ErrInvalid.
func (j Job) ChangeStage(id string, c StageChange, s domain.Stamp) ([]Event, error) {
	if j.Status == "" {
		return nil, ErrUnknown
	}
	was, err := j.Entry(id)
	if err != nil {
		return nil, err
	}
	st := was
	set(&st.Name, c.Name)
	set(&st.PublicName, c.PublicName)
	set(&st.LimitDays, c.LimitDays)
	others := slices.DeleteFunc(slices.Clone(j.Stages), func(o Stage) bool { return o.ID == id })
	if st, err = st.checked(others); err != nil || st == was {
		return nil, err
	}
	return []Event{StageChanged{Stamp: s, Stage: st, Limited: st.LimitDays != was.LimitDays}}, nil
}

// StagesReordered records the order of the plan from now on.
type StagesReordered struct {
	domain.Stamp
	Stages []string `json:"stages"`
}

// EventName implements domain.Fact.
func (StagesReordered) EventName() string { return "job.stages_reordered.v1" }

func (e StagesReordered) evolve(j Job) Job {
	ordered := make([]Stage, 0, len(j.Stages))
	for _, id := range e.Stages {
		if st, ok := j.Stage(id); ok {
			ordered = append(ordered, st)
		}
	}
	j.Stages = ordered
	return j
}

// Reorder puts the stages of the plan into the order of their ids, each of which
// is named once. Errors: ErrUnknown, domain.ErrInvalid.
func (j Job) Reorder(ids []string, s domain.Stamp) ([]Event, error) {
	if j.Status == "" {
		return nil, ErrUnknown
	}
	for i, id := range ids {
		if _, ok := j.Stage(id); !ok {
			return nil, domain.ErrInvalid.Because("A stage is named that is not in the plan.")
		}
		if slices.Contains(ids[:i], id) {
			return nil, domain.ErrInvalid.Because("A stage is named twice.")
		}
	}
	if len(ids) != len(j.Stages) {
		return nil, domain.ErrInvalid.Because("The plan has %d stages; name each of them.", len(j.Stages))
	}
	if slices.EqualFunc(ids, j.Stages, func(id string, st Stage) bool { return id == st.ID }) {
		return nil, nil
	}
	return []Event{StagesReordered{Stamp: s, Stages: ids}}, nil
}

// StageRemoved records that a stage is not in the plan any more: nothing enters
// it, and what is in it goes to the target.
type StageRemoved struct {
	domain.Stamp
	Stage  string `json:"stage"`
	Target string `json:"target,omitempty"` // empty if there never were applications
}

// EventName implements domain.Fact.
func (StageRemoved) EventName() string { return "job.stage_removed.v1" }

func (e StageRemoved) evolve(j Job) Job {
	i := j.place(e.Stage)
	if i < 0 {
		return j
	}
	gone := RemovedStage{Stage: j.Stages[i], Target: e.Target, Cleared: e.Target == ""}
	j.Stages = slices.Concat(j.Stages[:i], j.Stages[i+1:])
	j.Removed = append(slices.Clip(j.Removed), gone)
	j.Team = slices.Clone(j.Team)
	for k, m := range j.Team {
		if slices.Contains(m.Stages, e.Stage) {
			j.Team[k].Stages = without(m.Stages, e.Stage)
		}
	}
	return j
}

// without returns ids without one of them, nil if none is left.
func without(ids []string, id string) []string {
	var left []string
	for _, other := range ids {
		if other != id {
			left = append(left, other)
		}
	}
	return left
}

// RemoveStage takes a stage out of the plan. The applications in it go to target,
// another stage of the plan, which a job that was never open does without.
// Errors: ErrUnknown, ErrNoStage, ErrLastStage, ErrTargetStage,
// domain.ErrInvalid.
func (j Job) RemoveStage(id, target string, s domain.Stamp) ([]Event, error) {
	if j.Status == "" {
		return nil, ErrUnknown
	}
	if _, gone := j.removed(id); gone {
		return nil, nil
	}
	if _, ok := j.Stage(id); !ok {
		return nil, ErrNoStage
	}
	switch {
	case len(j.Stages) == 1:
		return nil, ErrLastStage
	case target == id, target == "" && j.Status != Draft:
		return nil, ErrTargetStage
	case target != "" && j.place(target) < 0:
		return nil, domain.ErrInvalid.Because("The stage to move applications to is not in the plan.")
	}
	if j.Status == Draft {
		target = "" // there is nothing to go there
	}
	return []Event{StageRemoved{Stamp: s, Stage: id, Target: target}}, nil
}

// StageCleared records that nothing is left in a stage that was removed.
type StageCleared struct {
	domain.Stamp
	Stage string `json:"stage"`
	Moved int    `json:"moved"` // applications
}

// EventName implements domain.Fact.
func (StageCleared) EventName() string { return "job.stage_cleared.v1" }

func (e StageCleared) evolve(j Job) Job {
	i := slices.IndexFunc(j.Removed, func(s RemovedStage) bool { return s.ID == e.Stage })
	if i >= 0 {
		j.Removed = slices.Clone(j.Removed)
		j.Removed[i].Cleared = true
	}
	return j
}

// ClearStage notes that a removed stage is empty, after so many applications
// were moved out of it. Errors: ErrUnknown, ErrNoStage.
func (j Job) ClearStage(id string, moved int, s domain.Stamp) ([]Event, error) {
	if j.Status == "" {
		return nil, ErrUnknown
	}
	switch gone, ok := j.removed(id); {
	case !ok:
		return nil, ErrNoStage
	case gone.Cleared:
		return nil, nil
	}
	return []Event{StageCleared{Stamp: s, Stage: id, Moved: moved}}, nil
}

// checked returns st as it is kept beside the other stages of the plan.
func (s Stage) checked(others []Stage) (Stage, error) {
	name, err := domain.LineOf("The name of a stage", s.Name, 1, 100)
	if err != nil {
		return s, err
	}
	public, err := domain.LineOf("The public name of a stage", s.PublicName, 0, 100)
	if err != nil {
		return s, err
	}
	switch {
	case slices.ContainsFunc(others, func(o Stage) bool { return strings.EqualFold(o.Name, name) }):
		return s, domain.ErrInvalid.Because("Two stages are called %s.", name)
	case slices.ContainsFunc(others, func(o Stage) bool { return o.ID == s.ID }):
		return s, domain.ErrInvalid.Because("Two stages have the same id.")
	case s.LimitDays < 0 || s.LimitDays > 365:
		return s, domain.ErrInvalid.Because("The time limit of a stage is 1 to 365 days, or none.")
	}
	return Stage{ID: s.ID, Name: name, PublicName: public, LimitDays: s.LimitDays}, nil
}

func checkedStages(stages []Stage) ([]Stage, error) {
	if len(stages) == 0 || len(stages) > MaxStages {
		return nil, domain.ErrInvalid.Because("A job has 1 to %d stages.", MaxStages)
	}
	checked := make([]Stage, len(stages))
	for i, st := range stages {
		var err error
		if checked[i], err = st.checked(checked[:i]); err != nil {
			return nil, err
		}
	}
	return checked, nil
}
