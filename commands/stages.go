package commands

import (
	"context"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/job"
)

// StagePlan is a stage of a plan that has no ids yet.
type StagePlan struct {
	Name       string `json:"name" minLength:"1" maxLength:"100" doc:"Name of the stage, unique in the plan"`
	PublicName string `json:"public_name,omitempty" maxLength:"100" doc:"What candidates see instead"`
	LimitDays  int    `json:"limit_days,omitempty" minimum:"0" maximum:"365" doc:"Days after which an application is overdue in the stage; 0 = never"`
}

func (p StagePlan) stage(id string) job.Stage {
	return job.Stage{ID: id, Name: p.Name, PublicName: p.PublicName, LimitDays: p.LimitDays}
}

// AddStage puts a stage into the plan of a job.
type AddStage struct {
	Job string `json:"-"`
	StagePlan
	Place *int `json:"place,omitempty" minimum:"0" maximum:"30" doc:"Where in the plan, 0 = the first, where applications arrive; left out = at the end"`
}

// AddStage gives cmd. Admins and the job's recruitment managers may. Its id is
// the stage's. Errors: those of job.AddStage; ErrDenied.
func (c *Commands) AddStage(ctx context.Context, caller Caller, cmd AddStage) (Answer, error) {
	id := caller.newID("stage")
	answer, err := c.onJob(ctx, cmd.Job, caller, func(j job.Job, s domain.Stamp) ([]job.Event, error) {
		return j.AddStage(cmd.stage(id), cmd.Place, s)
	})
	answer.ID = id
	return answer, err
}

// ChangeStage changes what a stage is called and how long applications stay in
// it.
type ChangeStage struct {
	Job   string `json:"-"`
	Stage string `json:"-"`
	job.StageChange
}

// ChangeStage gives cmd. Admins and the job's recruitment managers may.
// Errors: those of job.ChangeStage; ErrDenied.
func (c *Commands) ChangeStage(ctx context.Context, caller Caller, cmd ChangeStage) (Answer, error) {
	return c.onJob(ctx, cmd.Job, caller, func(j job.Job, s domain.Stamp) ([]job.Event, error) {
		return j.ChangeStage(cmd.Stage, cmd.StageChange, s)
	})
}

// ReorderStages sets the order of the plan of a job.
type ReorderStages struct {
	Job    string   `json:"-"`
	Stages []string `json:"stage_ids" minItems:"1" maxItems:"30" doc:"All stages of the plan, in order; applications arrive in the first"`
}

// ReorderStages gives cmd. Admins and the job's recruitment managers may.
// Errors: those of job.Reorder; ErrDenied.
func (c *Commands) ReorderStages(ctx context.Context, caller Caller, cmd ReorderStages) (Answer, error) {
	return c.onJob(ctx, cmd.Job, caller, func(j job.Job, s domain.Stamp) ([]job.Event, error) { return j.Reorder(cmd.Stages, s) })
}

// RemoveStage takes a stage out of the plan of a job.
type RemoveStage struct {
	Job    string `json:"-"`
	Stage  string `json:"-"`
	Target string `json:"target_stage_id,omitempty" format:"uuid" doc:"Where the applications in it go; only a job that was never open does without"`
}

// RemoveStage gives cmd. Nothing enters the stage any more; SettleJobs moves the
// applications in it. Admins and the job's recruitment managers may.
// Errors: those of job.RemoveStage; ErrDenied.
func (c *Commands) RemoveStage(ctx context.Context, caller Caller, cmd RemoveStage) (Answer, error) {
	return c.onJob(ctx, cmd.Job, caller, func(j job.Job, s domain.Stamp) ([]job.Event, error) {
		return j.RemoveStage(cmd.Stage, cmd.Target, s)
	})
}
