package job_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/domaintest"
	"github.com/hirelog/hirelog/domain/job"
)

func TestStored(t *testing.T) {
	stages := []job.Stage{{ID: "0c9d6c1e-1c1f-4f57-9a44-0a1b2c3d4e5f", Name: "Inbox", PublicName: "Received", LimitDays: 7}}
	least, most := 1.0, 2.5
	members := []job.TeamMember{{Member: "7b0f3b57-6a43-49f3-8a8e-2f3e4d5c6b7a", Role: "5d0c2a7e-9b1f-4c3d-8e6a-7f8091a2b3c4", Manager: true, Stages: []string{stages[0].ID}}}
	domaintest.Stored[job.Event](t, "job", job.Codec,
		job.Opened{Stamp: s, Details: details, Stages: stages, Team: members},
		job.DetailsChanged{Stamp: s, Details: details},
		job.TeamChanged{Stamp: s, Team: members},
		job.Drafted{Stamp: s, Details: details, Stages: stages, Team: members},
		published, held, resumed, reopened,
		job.WasClosed{Stamp: s, Reason: "Found somebody", Ending: job.Ending{Applications: job.DisqualifyApplications, DisqualifyReason: "2b4d6f80-1a2b-4c3d-9e4f-5a6b7c8d9e0f"}},
		job.ApplicationsEnded{Stamp: s, Disqualified: 3},
		job.FormSet{Stamp: s, Questions: []job.Question{
			{ID: "4d6f8091-3c4d-4e5f-9061-7c8d9e0f1a2b", Label: "Which languages?", Kind: job.ChoicesQuestion, Required: true, Options: []string{"Go", "C"}, KnockOut: &job.KnockOut{Answers: []string{"C"}, Below: &least, Above: &most}},
		}},
		job.StageAdded{Stamp: s, Stage: stages[0], Place: 1},
		job.StageChanged{Stamp: s, Stage: stages[0], Limited: true},
		job.StagesReordered{Stamp: s, Stages: []string{stages[0].ID}},
		job.StageRemoved{Stamp: s, Stage: stages[0].ID, Target: "3c5e7091-2b3c-4d4e-8f50-6b7c8d9e0f1a"},
		job.StageCleared{Stamp: s, Stage: stages[0].ID, Moved: 3},
	)
}

func ask(t *rapid.T, s domain.Stamp) func(job.Job) ([]job.Event, error) {
	word := rapid.SampledFrom([]string{"Cook", " Cook ", "Waiter", "Barista", "", "a\nb"})
	d := rapid.SampledFrom([]job.Details{details, {Title: "Cook"}, {Title: "Waiter"}, {Openings: -1}}).Draw(t, "details")
	stages := rapid.SampledFrom([][]job.Stage{plan, plan, plan[:1], {{ID: "s2", Name: "Offer"}, {ID: "s3", Name: "offer"}}}).Draw(t, "stages")
	hiring := rapid.OneOf(rapid.SampledFrom([][]job.TeamMember{team, team[:1]}), rapid.SliceOfN(rapid.Custom(func(t *rapid.T) job.TeamMember {
		m := job.TeamMember{Member: rapid.SampledFrom([]string{"m1", "m2", "m3"}).Draw(t, "member"), Manager: rapid.Bool().Draw(t, "manager")}
		if rapid.Bool().Draw(t, "stage manager") {
			m.Stages = []string{rapid.SampledFrom([]string{"s1", "s2", "s3"}).Draw(t, "stage")}
		}
		return m
	}), 0, 3)).Draw(t, "team")
	reason := word.Draw(t, "reason")
	c := job.DetailsChange{
		Title: rapid.Ptr(word, true).Draw(t, "new title"), Openings: rapid.Ptr(rapid.IntRange(-1, 2), true).Draw(t, "new openings"),
		Confidential: rapid.Ptr(rapid.Bool(), true).Draw(t, "confidential"),
	}
	stageID := rapid.SampledFrom([]string{"s1", "s2", "s3", "s4", ""})
	id, target, ids := stageID.Draw(t, "stage"), stageID.Draw(t, "target"), rapid.SliceOfN(stageID, 1, 3).Draw(t, "order")
	place := rapid.Ptr(rapid.IntRange(-1, 3), true).Draw(t, "place")
	st := job.StageChange{Name: rapid.Ptr(word, true).Draw(t, "stage name"), LimitDays: rapid.Ptr(rapid.SampledFrom([]int{0, 5, 366}), true).Draw(t, "limit")}
	end := job.Ending{Applications: rapid.SampledFrom([]job.Choice{"", job.LeaveApplications, job.DisqualifyApplications, "sack"}).Draw(t, "choice"), DisqualifyReason: rapid.SampledFrom([]string{"", "r1"}).Draw(t, "disqualified for")}
	form := rapid.SampledFrom([][]job.Question{nil, questions, questions[:1], {{ID: "q1", Label: "x", Kind: "essay"}}}).Draw(t, "form")
	return domaintest.Fair(t, "command", []when{
		func(j job.Job) ([]job.Event, error) { return j.Opens(d, stages, hiring, s) },
		func(j job.Job) ([]job.Event, error) { return j.Drafts(d, stages, hiring, s) },
		func(j job.Job) ([]job.Event, error) { return j.Publish(s) },
		func(j job.Job) ([]job.Event, error) { return j.SetForm(form, s) },
		func(j job.Job) ([]job.Event, error) { return j.AddStage(job.Stage{ID: id, Name: reason}, place, s) },
		func(j job.Job) ([]job.Event, error) { return j.ChangeStage(id, st, s) },
		func(j job.Job) ([]job.Event, error) { return j.Reorder(ids, s) },
		func(j job.Job) ([]job.Event, error) { return j.RemoveStage(id, target, s) },
		func(j job.Job) ([]job.Event, error) { return j.ClearStage(id, 1, s) },
		func(j job.Job) ([]job.Event, error) { return j.EndApplications(1, s) },
		func(j job.Job) ([]job.Event, error) { return j.Edit(c, s) },
		func(j job.Job) ([]job.Event, error) { return j.ChangeTeam(hiring, s) },
		func(j job.Job) ([]job.Event, error) { return j.Hold(reason, s) },
		func(j job.Job) ([]job.Event, error) { return j.Resume(s) },
		func(j job.Job) ([]job.Event, error) { return j.Close(reason, end, s) },
		func(j job.Job) ([]job.Event, error) { return j.Reopen(s) },
	})
}

func TestRandom(t *testing.T) {
	domaintest.Aggregate[job.Job, job.Event]{
		Codec: job.Codec, Fold: job.Job.Fold, Ask: ask,
		Holds: func(before job.Job, _ job.Event, after job.Job) string {
			switch {
			case after.FirstManager() == "":
				return "nobody manages the job"
			case len(after.Stages) == 0:
				return "applications have nowhere to arrive"
			case after.Details.Title == "" || after.Details.Openings < 1:
				return "nobody is sought"
			case before.Status == job.Closed && after.Status == job.OnHold, before.Status != "" && after.Status == "", before.Status != "" && before.Status != job.Draft && after.Status == job.Draft:
				return "it went from " + string(before.Status) + " to " + string(after.Status)
			}
			if after.Ending != nil && after.Status != job.Closed {
				return "applications end although it is " + string(after.Status)
			}
			for _, r := range after.Removed {
				if _, back := after.Stage(r.ID); back {
					return "a removed stage came back"
				}
				if r.Target == "" {
					continue
				}
				if _, ok := after.Stage(after.Lands(r.ID)); !ok {
					return "what is in a removed stage belongs nowhere"
				}
			}
			for _, m := range after.Team {
				for _, id := range m.Stages {
					if _, ok := after.Stage(id); !ok {
						return "somebody manages a stage that is not there"
					}
				}
			}
			return ""
		},
	}.Random(t)
}

func FuzzDecode(f *testing.F) {
	title := "Cook"
	domaintest.Fuzz(f, job.Codec, job.Job.Fold, []job.Event{opened}, func(j job.Job) {
		_, _ = j.Opens(details, plan, team, s)
		_, _ = j.Edit(job.DetailsChange{Title: &title}, s)
		_, _ = j.ChangeTeam(team, s)
		_, _ = j.Hold("", s)
		_, _ = j.Resume(s)
		_, _ = j.Publish(s)
		_, _ = j.SetForm(questions, s)
		_, _ = j.Answers(map[string]any{"q1": "x", "q2": 1.0, "q3": true, "q5": []any{"Go"}})
		_, _ = j.Close("", job.Ending{Applications: job.LeaveApplications}, s)
		_, _ = j.AddStage(job.Stage{ID: "s9", Name: "Offer"}, nil, s)
		_, _ = j.ChangeStage("s1", job.StageChange{Name: &title}, s)
		_, _ = j.Reorder([]string{"s2", "s1"}, s)
		_, _ = j.RemoveStage("s1", "s2", s)
		_, _ = j.ClearStage("s1", 1, s)
		_, _ = j.EndApplications(1, s)
		_ = j.Lands("s1")
		_, _ = j.Reopen(s)
		_, _ = j.Stage("s1")
		_ = j.FirstManager()
	})
}
