package historytest

import (
	"fmt"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/job"
)

// randomPlan changes the stages of a job, or how far it is in its life.
func (c *Company) randomPlan(id string) {
	j := c.Jobs[id]
	first, last := j.Stages[0].ID, j.Stages[len(j.Stages)-1].ID
	name, limit := fmt.Sprintf("Stage %d", c.r.IntN(1000)), c.r.IntN(10)
	c.ChangeJob(id, []func(job.Job, domain.Stamp) ([]job.Event, error){
		func(j job.Job, s domain.Stamp) ([]job.Event, error) {
			return j.AddStage(job.Stage{ID: c.ID(), Name: name}, nil, s)
		},
		func(j job.Job, s domain.Stamp) ([]job.Event, error) {
			return j.ChangeStage(last, job.StageChange{Name: &name, LimitDays: &limit}, s)
		},
		func(j job.Job, s domain.Stamp) ([]job.Event, error) {
			order := make([]string, len(j.Stages))
			for i, st := range j.Stages {
				order[len(order)-1-i] = st.ID
			}
			return j.Reorder(order, s)
		},
		func(j job.Job, s domain.Stamp) ([]job.Event, error) {
			if first == last {
				return nil, nil
			}
			return j.RemoveStage(last, first, s)
		},
		func(j job.Job, s domain.Stamp) ([]job.Event, error) {
			if len(j.Removed) == 0 {
				return nil, nil
			}
			return j.ClearStage(j.Removed[0].ID, 1, s)
		},
		func(j job.Job, s domain.Stamp) ([]job.Event, error) {
			switch j.Status {
			case job.Draft:
				return j.Publish(s)
			case job.Open, job.OnHold:
				return j.Close("", job.Ending{Applications: job.DisqualifyApplications, DisqualifyReason: c.Reject}, s)
			case job.Closed:
			}
			if j.Ending != nil {
				return j.EndApplications(1, s)
			}
			return j.Reopen(s)
		},
	}[c.r.IntN(6)])
}
