package projections_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/hirelog/hirelog/internal/postgres/postgrestest"
	"github.com/hirelog/hirelog/projections"
	"github.com/hirelog/hirelog/projections/projectionstest"
)

// pausing is a toy that stops once in the middle of a transaction, as a process
// does that is paused, until it is woken.
type pausing struct {
	*toy
	once          sync.Once
	asleep, awake chan struct{}
}

func (m *pausing) Apply(ctx context.Context, f projections.Fact) error {
	m.once.Do(func() {
		close(m.asleep)
		<-m.awake
	})
	return m.toy.Apply(ctx, f)
}

// A projector that is paused while it holds the checkpoint does not keep another
// from it, and does no harm when it wakes up.
func TestAPausedProjectorIsFollowedAndDoesNoHarm(t *testing.T) {
	t.Parallel()
	log, pool := history(t, 30, 8), postgrestest.New(t)
	m := &pausing{toy: newToy(), asleep: make(chan struct{}), awake: make(chan struct{})}
	o := quick()
	o.Subscriber.MaxEvents = 4
	o.Idle = time.Second
	paused := start(t, pool, log, projections.Group{Name: "toy", Models: []projections.Model{m}}, o)
	<-m.asleep
	wake := sync.OnceFunc(func() { close(m.awake) })
	t.Cleanup(wake) // before its end is waited for
	successor := start(t, pool, log, toyGroup(), o)
	atEnd(t, pool, log) // while the other sleeps
	// What is committed is counted a moment later.
	eventually(t, func() bool { return successor.processed() >= 30 }, func() any { return successor.processed() })
	if n := paused.processed(); n != 0 {
		t.Errorf("the paused one processed %d events, want none", n)
	}
	wake()
	projectionstest.Append(t, log, claimStream(1), taken(50, "ann"))
	atEnd(t, pool, log)
	paused.stop()
	successor.stop()
	if got, want := projectionstest.Dump(t, pool, toyGroup()), clean(t, postgrestest.New(t), log); got != want {
		t.Errorf("after the paused one woke up:\n%s\nwant\n%s", got, want)
	}
}
