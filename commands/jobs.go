package commands

import (
	"context"
	"strconv"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/job"
	"github.com/hirelog/hirelog/domain/organization"
)

// OpenJob opens a job with its stage plan and hiring team.
type OpenJob struct {
	job.Details
	Stages []StagePlan      `json:"stages" minItems:"1" maxItems:"30" doc:"The stage plan, in order; applications arrive in the first"`
	Team   []job.TeamMember `json:"hiring_team" minItems:"1" maxItems:"200" doc:"The hiring team; at least one recruitment manager"`
	Draft  bool             `json:"draft,omitempty" doc:"Begin as a draft: it takes no applications, and has no public page, until it is published"`
}

// OpenJob gives cmd. Admins and the recruiting role may. Its id is the job's;
// the ids of the stages follow from it in order. Stage managers are named later,
// when the stages have ids.
// Errors: those of job.Opens; member.ErrUnknown; organization.ErrUnknownRole; ErrDenied.
func (c *Commands) OpenJob(ctx context.Context, caller Caller, cmd OpenJob) (Answer, error) {
	if err := c.allow(caller, access.Admin, access.Recruiting); err != nil {
		return Answer{}, err
	}
	if err := c.checkTeam(cmd.Team); err != nil {
		return Answer{}, err
	}
	id := caller.newID("job")
	stages := make([]job.Stage, len(cmd.Stages))
	for i, s := range cmd.Stages {
		stages[i] = s.stage(caller.newID("stage/" + strconv.Itoa(i)))
	}
	answer, err := transact(ctx, c, c.jobs, id, caller, decision[job.Job, job.Event]{
		decide: func(j job.Job, s domain.Stamp) ([]job.Event, error) {
			if cmd.Draft {
				return j.Drafts(cmd.Details, stages, cmd.Team, s)
			}
			return j.Opens(cmd.Details, stages, cmd.Team, s)
		},
	})
	answer.ID = id
	return answer, err
}

// checkTeam refuses a team of members or roles that do not exist.
func (c *Commands) checkTeam(team []job.TeamMember) error {
	o := c.directory.Organization()
	for _, m := range team {
		if _, ok := o.Roles[m.Role]; !ok {
			return organization.ErrUnknownRole
		}
		if !c.directory.Member(m.Member).Active {
			return domain.ErrInvalid.Because("Somebody named in the hiring team is not an active member.")
		}
	}
	return nil
}

// EditJob changes details of a job.
type EditJob struct {
	Job string `json:"-"`
	job.DetailsChange
}

// EditJob gives cmd. Admins and the job's recruitment managers may.
// Errors: those of job.Edit; ErrDenied.
func (c *Commands) EditJob(ctx context.Context, caller Caller, cmd EditJob) (Answer, error) {
	return c.onJob(ctx, cmd.Job, caller, func(j job.Job, s domain.Stamp) ([]job.Event, error) { return j.Edit(cmd.DetailsChange, s) })
}

// ChangeTeam sets the hiring team of a job.
type ChangeTeam struct {
	Job  string           `json:"-"`
	Team []job.TeamMember `json:"hiring_team" minItems:"1" maxItems:"200" doc:"The whole team from now on; at least one recruitment manager"`
}

// ChangeTeam gives cmd. Admins and the job's recruitment managers may.
// Errors: those of job.ChangeTeam; organization.ErrUnknownRole; ErrDenied.
func (c *Commands) ChangeTeam(ctx context.Context, caller Caller, cmd ChangeTeam) (Answer, error) {
	return c.onJob(ctx, cmd.Job, caller, func(j job.Job, s domain.Stamp) ([]job.Event, error) {
		if err := c.checkTeam(cmd.Team); err != nil {
			return nil, err
		}
		return j.ChangeTeam(cmd.Team, s)
	})
}

// HoldJob stops new applications for now.
type HoldJob struct {
	Job    string `json:"-"`
	Reason string `json:"reason,omitempty" maxLength:"500" doc:"Why; kept for ever in the clear, so name nobody"`
}

// CloseJob ends the search.
type CloseJob struct {
	Job          string     `json:"-"`
	Reason       string     `json:"reason,omitempty" maxLength:"500" doc:"Why; kept for ever in the clear, so name nobody"`
	Applications job.Choice `json:"applications,omitempty" enum:"leave,disqualify" doc:"What becomes of the live applications; only a draft, which has none, does without"`
	Disqualify   string     `json:"disqualification_reason_id,omitempty" format:"uuid" doc:"With disqualify: the reason from the organisation's list; it must be no decision of the candidate's"`
}

// HoldJob gives cmd. Admins and the job's recruitment managers may.
// Errors: those of job.Hold; ErrDenied.
func (c *Commands) HoldJob(ctx context.Context, caller Caller, cmd HoldJob) (Answer, error) {
	return c.onJob(ctx, cmd.Job, caller, func(j job.Job, s domain.Stamp) ([]job.Event, error) { return j.Hold(cmd.Reason, s) })
}

// CloseJob gives cmd. Live applications stay as they are, or SettleJobs
// disqualifies them, as cmd says. Admins and the job's recruitment managers may.
// Errors: those of job.Close; organization.ErrUnknownReason, organization.ErrRetired;
// application.ErrReasonKind; ErrDenied.
func (c *Commands) CloseJob(ctx context.Context, caller Caller, cmd CloseJob) (Answer, error) {
	return c.onJob(ctx, cmd.Job, caller, func(j job.Job, s domain.Stamp) ([]job.Event, error) {
		if cmd.Disqualify != "" {
			reason, known := c.directory.Organization().Reasons[cmd.Disqualify]
			switch {
			case !known:
				return nil, organization.ErrUnknownReason
			case reason.Kind == organization.They:
				return nil, application.ErrReasonKind
			}
			if err := c.directory.Organization().Choose(organization.Reasons, cmd.Disqualify); err != nil && j.Status != job.Closed {
				return nil, err
			}
		}
		return j.Close(cmd.Reason, job.Ending{Applications: cmd.Applications, DisqualifyReason: cmd.Disqualify}, s)
	})
}

// PublishJob opens a draft. Admins and its recruitment managers may.
// Errors: those of job.Publish; ErrDenied.
func (c *Commands) PublishJob(ctx context.Context, caller Caller, id string) (Answer, error) {
	return c.onJob(ctx, id, caller, job.Job.Publish)
}

// ResumeJob takes a job off hold. Admins and its recruitment managers may.
// Errors: those of job.Resume; ErrDenied.
func (c *Commands) ResumeJob(ctx context.Context, caller Caller, id string) (Answer, error) {
	return c.onJob(ctx, id, caller, job.Job.Resume)
}

// ReopenJob opens a closed job again. Admins and its recruitment managers may.
// Errors: those of job.Reopen; ErrDenied.
func (c *Commands) ReopenJob(ctx context.Context, caller Caller, id string) (Answer, error) {
	return c.onJob(ctx, id, caller, job.Job.Reopen)
}
