package job_test

import (
	"errors"
	"reflect"
	"testing"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/domaintest"
	"github.com/hirelog/hirelog/domain/job"
)

// S2-88, S2-89.
func TestStagePlan(t *testing.T) {
	offer := job.Stage{ID: "s3", Name: "Offer", LimitDays: 5}
	added := job.StageAdded{Stamp: s, Stage: offer, Place: 2}
	removed := job.StageRemoved{Stamp: s, Stage: "s2", Target: "s1"}
	add := func(st job.Stage, place *int) when {
		return func(j job.Job) ([]job.Event, error) { return j.AddStage(st, place, s) }
	}
	change := func(id string, c job.StageChange) when {
		return func(j job.Job) ([]job.Event, error) { return j.ChangeStage(id, c, s) }
	}
	order := func(ids ...string) when {
		return func(j job.Job) ([]job.Event, error) { return j.Reorder(ids, s) }
	}
	remove := func(id, target string) when {
		return func(j job.Job) ([]job.Event, error) { return j.RemoveStage(id, target, s) }
	}
	clear := func(id string) when {
		return func(j job.Job) ([]job.Event, error) { return j.ClearStage(id, 2, s) }
	}
	first, beyond, name, taken, limit, none := 0, 3, " Screening ", "inbox", 14, 0
	invalid := func(name string, do when, says string) row {
		return row{Name: name, Given: events{opened}, When: do, Err: domain.ErrInvalid, Says: says}
	}
	domaintest.Run(t, job.Job.Fold, []row{
		{Name: "a stage at the end", Given: events{opened}, When: add(offer, nil), Want: events{added}},
		{Name: "a stage at the beginning", Given: events{opened}, When: add(offer, &first), Want: events{job.StageAdded{Stamp: s, Stage: offer}}},
		{Name: "the same stage", Given: events{opened, added}, When: add(offer, nil)},
		{Name: "a stage that was removed", Given: events{opened, removed}, When: add(plan[1], nil)},
		{Name: "a new one of its name", Given: events{opened, removed}, When: add(job.Stage{ID: "s9", Name: "Interview"}, nil), Want: events{job.StageAdded{Stamp: s, Stage: job.Stage{ID: "s9", Name: "Interview"}, Place: 1}}},
		invalid("a place that is not there", add(offer, &beyond), "no place 3"),
		invalid("a name that is there", add(job.Stage{ID: "s3", Name: "INBOX"}, nil), "Two stages are called INBOX"),
		{Name: "a stage of no job", When: add(offer, nil), Err: job.ErrUnknown},

		{Name: "another name", Given: events{opened}, When: change("s2", job.StageChange{Name: &name}), Want: events{job.StageChanged{Stamp: s, Stage: job.Stage{ID: "s2", Name: "Screening"}}}},
		{Name: "a time limit", Given: events{opened}, When: change("s1", job.StageChange{LimitDays: &limit}), Want: events{job.StageChanged{Stamp: s, Stage: job.Stage{ID: "s1", Name: "Inbox", PublicName: "Received", LimitDays: 14}, Limited: true}}},
		{Name: "what it is already", Given: events{opened, added}, When: change("s3", job.StageChange{Name: &offer.Name, LimitDays: &offer.LimitDays})},
		{Name: "nothing", Given: events{opened}, When: change("s1", job.StageChange{LimitDays: &none})},
		invalid("the name of another", change("s2", job.StageChange{Name: &taken}), "Two stages are called inbox"),
		{Name: "change a stage that is not there", Given: events{opened}, When: change("s3", job.StageChange{}), Err: job.ErrNoStage},
		{Name: "change a removed stage", Given: events{opened, removed}, When: change("s2", job.StageChange{}), Err: job.ErrStageRemoved},
		{Name: "change a stage of no job", When: change("s1", job.StageChange{}), Err: job.ErrUnknown},

		{Name: "another order", Given: events{opened}, When: order("s2", "s1"), Want: events{job.StagesReordered{Stamp: s, Stages: []string{"s2", "s1"}}}},
		{Name: "the same order", Given: events{opened}, When: order("s1", "s2")},
		invalid("not all of them", order("s1"), "2 stages; name each"),
		invalid("one of them twice", order("s1", "s1"), "named twice"),
		invalid("another one", order("s1", "s3"), "not in the plan"),
		{Name: "the order of no job", When: order("s1"), Err: job.ErrUnknown},

		{Name: "remove a stage", Given: events{opened}, When: remove("s2", "s1"), Want: events{removed}},
		{Name: "remove it again", Given: events{opened, removed}, When: remove("s2", "s3")},
		{Name: "without a target", Given: events{opened}, When: remove("s2", ""), Err: job.ErrTargetStage},
		{Name: "into itself", Given: events{opened}, When: remove("s2", "s2"), Err: job.ErrTargetStage},
		invalid("into a stage that is not there", remove("s2", "s3"), "not in the plan"),
		{Name: "of a draft, where nothing is", Given: events{drafted}, When: remove("s2", ""), Want: events{job.StageRemoved{Stamp: s, Stage: "s2"}}},
		{Name: "of a draft, where nothing goes to the target", Given: events{drafted}, When: remove("s2", "s1"), Want: events{job.StageRemoved{Stamp: s, Stage: "s2"}}},
		{Name: "the last stage", Given: events{opened, removed}, When: remove("s1", "s2"), Err: job.ErrLastStage},
		{Name: "a stage that is not there", Given: events{opened}, When: remove("s3", "s1"), Err: job.ErrNoStage},
		{Name: "remove a stage of no job", When: remove("s1", "s2"), Err: job.ErrUnknown},

		{Name: "a removed stage is empty", Given: events{opened, removed}, When: clear("s2"), Want: events{job.StageCleared{Stamp: s, Stage: "s2", Moved: 2}}},
		{Name: "once", Given: events{opened, removed, job.StageCleared{Stamp: s, Stage: "s2", Moved: 2}}, When: clear("s2")},
		{Name: "one that never held anything", Given: events{drafted, job.StageRemoved{Stamp: s, Stage: "s2"}}, When: clear("s2")},
		{Name: "one of the plan is not", Given: events{opened}, When: clear("s2"), Err: job.ErrNoStage},
		{Name: "nor of no job", When: clear("s2"), Err: job.ErrUnknown},
	}...)
}

// A stage manager loses only the stage that was removed, what was in it belongs
// to where its applications went, and older states stay as they were.
func TestRemovedStages(t *testing.T) {
	managed := job.TeamChanged{Stamp: s, Team: []job.TeamMember{team[0], {Member: "m2", Role: "r2", Stages: []string{"s1", "s2"}}}}
	before := job.Job{}.Fold(opened, managed, job.StageAdded{Stamp: s, Stage: job.Stage{ID: "s3", Name: "Offer"}, Place: 2})
	after := before.Fold(job.StageRemoved{Stamp: s, Stage: "s1", Target: "s2"}, job.StageRemoved{Stamp: s, Stage: "s2", Target: "s3"})
	if got := before.Fold(job.StageRemoved{Stamp: s, Stage: "s1", Target: "s2"}).Team[1].Stages; !reflect.DeepEqual(got, []string{"s2"}) {
		t.Errorf("the manager of both manages %v", got)
	}
	if len(after.Team) != 2 || after.Team[1].Stages != nil {
		t.Errorf("team = %+v", after.Team)
	}
	if _, err := after.Entry("s1"); !errors.Is(err, job.ErrStageRemoved) {
		t.Errorf("entering a removed stage: %v", err)
	}
	for stage, want := range map[string]string{"s1": "s3", "s2": "s3", "s3": "s3", "s4": "s4"} {
		if got := after.Lands(stage); got != want {
			t.Errorf("%s lands in %s, want %s", stage, got, want)
		}
	}
	if len(before.Stages) != 3 || len(before.Removed) != 0 || !reflect.DeepEqual(before.Team[1].Stages, []string{"s1", "s2"}) {
		t.Errorf("the state before became %+v", before)
	}
}
