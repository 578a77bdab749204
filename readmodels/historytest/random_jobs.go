package historytest

import (
	"fmt"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/job"
	"github.com/hirelog/hirelog/domain/personal"
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
		func(j job.Job, s domain.Stamp) ([]job.Event, error) {
			return j.SetForm([]job.Question{{ID: StageID(id, 100), Label: name + "?", Kind: job.BooleanQuestion, KnockOut: &job.KnockOut{Answers: []string{"false"}}}}, s)
		},
	}[c.r.IntN(7)])
}

// randomForm sends the form for a live application, or takes its last move back.
func (c *Company) randomForm(id string, by domain.Actor) {
	switch a := c.Applications[id]; {
	case !a.Live():
	case c.r.IntN(2) == 0 && (a.LastMove.Undone || a.LastMove.From != ""):
		c.UndoMove(id, by, "a slip")
	default:
		c.Submit(id, "Because", c.r.IntN(4) == 0)
	}
}

// Submit sends the form for an application once more, with one answer.
func (h *History) Submit(id string, answer personal.Plain, knockOut bool) string {
	h.t.Helper()
	form := h.ID()
	h.On(id, domain.Candidate, func(a application.Application, s domain.Stamp) ([]application.Event, error) {
		return a.Submit(application.Submission{
			ID: form, FirstName: h.Text(id, id, "Ana"), LastName: h.Text(id, id, "Øst"), Email: h.Text(id, id, "ana@example.org"), Phone: h.Text(id, id, "+351 1"),
			Answers:        []application.GivenAnswer{{Question: StageID(a.Job, 100), Label: "Why us?", Value: h.Text(id, id, `"`+answer+`"`), KnockOut: knockOut}},
			ConsentVersion: "2026-01", ConsentAt: &s.At,
		}, s)
	})
	return form
}

// UndoMove takes the last move of an application back.
func (h *History) UndoMove(id string, by domain.Actor, reason personal.Plain) {
	h.t.Helper()
	h.On(id, by, func(a application.Application, s domain.Stamp) ([]application.Event, error) {
		return a.UndoMove("", h.Text(id, id, reason), s)
	})
}
