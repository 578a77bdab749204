package demo

import (
	"context"
	"time"

	"github.com/hirelog/hirelog/commands"
	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/job"
)

// drafted drafts two jobs, of which one is planned anew, published, put on hold and
// closed, and goes on each time; nobody has applied for it.
func (l *loader) drafted(ctx context.Context) error {
	recruiter, at := domain.Member(l.members[1]), l.begin().AddDate(0, 3, 0)
	team := []job.TeamMember{{Member: l.members[1], Role: commands.FirstRole("Recruiter"), Manager: true}}
	draft := func(title string) (commands.Answer, error) {
		return l.to.OpenJob(ctx, l.caller("draft/"+title, recruiter, at), commands.OpenJob{
			Details: job.Details{Title: title, Location: "Berlin", Openings: 1}, Draft: true, Team: team,
			Stages: []commands.StagePlan{{Name: "Applied"}, {Name: "Test"}, {Name: "Talk"}},
		})
	}
	if _, err := draft("Trainee"); err != nil {
		return err
	}
	made, err := draft("Working student")
	if err != nil {
		return err
	}
	id, stages := made.ID, l.directory.Job(made.ID).Stages
	if err := l.planned(ctx, id, stages); err != nil {
		return err
	}
	description, openings := "Twenty hours a week, beside your studies.", 2
	by := func(step string, days int) commands.Caller {
		return l.caller("working student/"+step, recruiter, at.AddDate(0, 0, days))
	}
	return inOrder(
		func() (commands.Answer, error) {
			return l.to.EditJob(ctx, by("details", 2), commands.EditJob{Job: id, DetailsChange: job.DetailsChange{Description: &description, Openings: &openings}})
		},
		func() (commands.Answer, error) {
			larger := append(team, job.TeamMember{Member: l.members[6], Role: commands.FirstRole("Interviewer"), Stages: []string{stages[2].ID}})
			return l.to.ChangeTeam(ctx, by("team", 2), commands.ChangeTeam{Job: id, Team: larger})
		},
		func() (commands.Answer, error) { return l.to.PublishJob(ctx, by("publish", 3), id) },
		func() (commands.Answer, error) {
			return l.to.HoldJob(ctx, by("hold", 10), commands.HoldJob{Job: id, Reason: "The office moves"})
		},
		func() (commands.Answer, error) { return l.to.ResumeJob(ctx, by("resume", 30), id) },
		func() (commands.Answer, error) {
			return l.to.CloseJob(ctx, by("close", 50), commands.CloseJob{Job: id, Reason: "Nobody applied", Applications: job.LeaveApplications})
		},
		func() (commands.Answer, error) { return l.to.ReopenJob(ctx, by("reopen", 60), id) },
	)
}

// planned changes the stages of a draft.
func (l *loader) planned(ctx context.Context, id string, stages []job.Stage) error {
	by := func(step string) commands.Caller {
		return l.caller("working student/"+step, domain.Member(l.members[1]), l.begin().AddDate(0, 3, 1).Add(time.Hour))
	}
	place, limit := 1, 5
	added, err := l.to.AddStage(ctx, by("add"), commands.AddStage{Job: id, StagePlan: commands.StagePlan{Name: "Telephone"}, Place: &place})
	if err != nil {
		return err
	}
	return inOrder(
		func() (commands.Answer, error) {
			return l.to.ChangeStage(ctx, by("limit"), commands.ChangeStage{Job: id, Stage: added.ID, StageChange: job.StageChange{LimitDays: &limit}})
		},
		func() (commands.Answer, error) {
			return l.to.ReorderStages(ctx, by("order"), commands.ReorderStages{Job: id, Stages: []string{stages[0].ID, stages[1].ID, added.ID, stages[2].ID}})
		},
		func() (commands.Answer, error) {
			return l.to.RemoveStage(ctx, by("remove"), commands.RemoveStage{Job: id, Stage: stages[1].ID})
		},
	)
}
