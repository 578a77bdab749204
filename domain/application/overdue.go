package application

import (
	"time"

	"github.com/hirelog/hirelog/domain"
)

// StageOverdue records that the application is longer in its stage than the job's
// plan allows, and that its managers are to be told.
type StageOverdue struct {
	domain.Stamp
	Stage string    `json:"stage"`
	Since time.Time `json:"since"`  // when it entered the stage
	DueAt time.Time `json:"due_at"` // when it was to have left
	Job   string    `json:"job"`
}

// EventName implements domain.Fact.
func (StageOverdue) EventName() string { return "application.stage_overdue.v1" }

func (e StageOverdue) evolve(a Application) Application { a.OverdueSince = e.Since; return a }

// Due returns when the application is to leave a stage by a limit; ok is false
// when it is not in it, or not going on.
func (a Application) Due(stage string, limit time.Duration) (due time.Time, ok bool) {
	return a.StageSince.Add(limit), a.Live() && a.Stage == stage
}

// OutstayStage says that time has passed: an application that is in a stage for
// longer than a limit is overdue, which is recorded once for each stay.
// Errors: ErrUnknown, ErrAnonymised.
func (a Application) OutstayStage(stage string, limit time.Duration, s domain.Stamp) ([]Event, error) {
	if err := a.exists(); err != nil {
		return nil, err
	}
	due, there := a.Due(stage, limit)
	if !there || limit <= 0 || s.At.Before(due) || a.OverdueSince.Equal(a.StageSince) {
		return nil, nil
	}
	return []Event{StageOverdue{Stamp: s, Stage: stage, Since: a.StageSince, DueAt: due, Job: a.Job}}, nil
}
