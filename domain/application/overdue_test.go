package application_test

import (
	"testing"
	"time"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/domaintest"
)

// S2-89: a stay in a stage is overdue once, from its limit on.
func TestOutstayStage(t *testing.T) {
	const limit = 48 * time.Hour
	late := func(after time.Duration) domain.Stamp {
		return domain.Stamp{At: by.At.Add(after), By: domain.System}
	}
	outstay := func(stage string, limit, after time.Duration) when {
		return func(a application.Application) ([]application.Event, error) {
			return a.OutstayStage(stage, limit, late(after))
		}
	}
	overdue := func(stage string, since, now time.Duration) application.Event {
		return application.StageOverdue{Stamp: late(now), Stage: stage, Since: by.At.Add(since), DueAt: by.At.Add(since + limit), Job: "j1"}
	}
	moved := application.StageMoved{Stamp: late(limit), From: "s1", To: "s2"}
	undone := application.MoveUndone{Stamp: late(limit), From: "s2", To: "s1", Since: by.At}
	domaintest.Run(t, application.Application.Fold, append(guarded("outstay", outstay("s1", limit, limit)), []row{
		{Name: "from the limit on", Given: events{received}, When: outstay("s1", limit, limit), Want: events{overdue("s1", 0, limit)}},
		{Name: "not before", Given: events{received}, When: outstay("s1", limit, limit-1)},
		{Name: "where there is one", Given: events{received}, When: outstay("s1", 0, limit)},
		{Name: "once", Given: events{received, overdue("s1", 0, limit)}, When: outstay("s1", limit, 2*limit)},
		{Name: "not after it left", Given: events{received, moved}, When: outstay("s1", limit, 2*limit)},
		{Name: "in the next stage too", Given: events{received, overdue("s1", 0, limit), moved}, When: outstay("s2", limit, 2*limit), Want: events{overdue("s2", limit, 2*limit)}},
		{Name: "a move that was undone changes nothing", Given: events{received, overdue("s1", 0, limit), moved, undone}, When: outstay("s1", limit, 2*limit)},
		{Name: "not after it is over", Given: events{received, rejected}, When: outstay("s1", limit, limit)},
	}...)...)
}
