package projections_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"

	"github.com/hirelog/hirelog/internal/eventlog"
	"github.com/hirelog/hirelog/internal/postgres/postgrestest"
	"github.com/hirelog/hirelog/projections"
	"github.com/hirelog/hirelog/projections/projectionstest"
)

// parking is the toy group with the other policy.
func parking(g projections.Group) projections.Group {
	g.OnFailure = projections.Park
	return g
}

func TestReplayAppliesParkedEventsInOrder(t *testing.T) {
	t.Parallel()
	log, pool := history(t, 10, 21), postgrestest.New(t)
	projectionstest.Append(t, log, claimStream(1), taken(1, poison), taken(2, "ann"), released(3), taken(4, poison), taken(5, "bob"))
	r := start(t, pool, log, parking(toyGroup()), quick())
	atEnd(t, pool, log)

	// It still cannot be applied: nothing changes, but the answer says at which.
	done, err := projections.Replay(t.Context(), pool, log, toyGroup(), claimStream(1))
	if err != nil || done.Applied != 0 || done.Left != 5 || done.Failure == nil || done.Failure.Error != "model toy: apply: it is poison" {
		t.Fatalf("Replay = %+v, %v; want 0 applied, 5 left, stopped at the first", done, err)
	}
	r.stop()

	// A build that can goes on with the stream by itself afterwards.
	start(t, pool, log, parking(mended()), quick())
	done, err = projections.Replay(t.Context(), pool, log, mended(), claimStream(1))
	if err != nil || done != (projections.Replayed{Applied: 5}) {
		t.Fatalf("Replay = %+v, %v; want 5 applied", done, err)
	}
	projectionstest.Append(t, log, claimStream(1), taken(6, "cy,{}"))
	atEnd(t, pool, log)
	if left, err := projections.ReadParked(t.Context(), pool, toyGroup(), ""); err != nil || len(left) > 0 {
		t.Errorf("parked are still %+v, %v", left, err)
	}
	whole := postgrestest.New(t)
	projectionstest.Project(t, whole, log, mended(), projectionstest.How{})
	if got, want := projectionstest.Dump(t, pool, mended()), projectionstest.Dump(t, whole, mended()); got != want {
		t.Errorf("tables hold\n%s\nwant\n%s", got, want)
	}
}

func TestReplayKeepsWhatItAppliedBeforeAFailure(t *testing.T) {
	t.Parallel()
	log, pool := &eventlog.Memory{}, postgrestest.New(t)
	projectionstest.Append(t, log, claimStream(1), taken(1, poison), taken(2, "ann"), taken(3, "bob"))
	raw(t, log, claimStream(2), "claim.stolen.v1", `{"thief":"Jane Doe"}`)
	at := eventlog.NewEvent{ID: uuid.New(), Type: "claim.stolen.v1", Data: []byte(`{}`), Metadata: []byte(`{}`)}
	if _, err := log.Append(t.Context(), claimStream(1), 2, []eventlog.NewEvent{at}); err != nil {
		t.Fatal(err)
	}
	projectionstest.Append(t, log, claimStream(1), taken(4, "ann"))
	start(t, pool, log, parking(toyGroup()), quick())
	atEnd(t, pool, log)

	done, err := projections.Replay(t.Context(), pool, log, mended(), claimStream(1))
	if err != nil || done.Applied != 3 || done.Left != 2 || done.Failure == nil || done.Failure.EventID != at.ID {
		t.Fatalf("Replay = %+v, %v; want 3 applied, 2 left, stopped at the unknown event", done, err)
	}
	got := parked(t, pool)
	want := []string{
		claimStream(2) + `@0 claim.stolen.v1: decode: unknown event "claim.stolen.v1"`,
		claimStream(1) + `@3 claim.stolen.v1: decode: unknown event "claim.stolen.v1"`,
		claimStream(1) + `@4 claim.taken.v1: `,
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("parked\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestReplayLetsGoOfEventsTheLogNoLongerHolds(t *testing.T) {
	t.Parallel()
	log, pool := &eventlog.Memory{}, postgrestest.New(t)
	projectionstest.Append(t, log, claimStream(1), taken(1, poison), taken(2, "ann"))
	start(t, pool, log, parking(toyGroup()), quick())
	atEnd(t, pool, log)
	if err := log.DeleteStream(t.Context(), claimStream(1), 1); err != nil {
		t.Fatal(err)
	}
	done, err := projections.Replay(t.Context(), pool, log, toyGroup(), claimStream(1))
	if err != nil || done != (projections.Replayed{Gone: 2}) {
		t.Fatalf("Replay = %+v, %v; want 2 gone", done, err)
	}
}

func TestReplayBesideAProjectorAppliesEachEventOnce(t *testing.T) {
	t.Parallel()
	log, pool := &eventlog.Memory{}, postgrestest.New(t)
	projectionstest.Append(t, log, claimStream(1), taken(1, poison))
	o := quick()
	o.Subscriber.MaxEvents = 3
	start(t, pool, log, parking(toyGroup()), o)
	var working sync.WaitGroup
	for range 3 {
		working.Go(func() {
			for range 30 {
				if _, err := projections.Replay(t.Context(), pool, log, mended(), claimStream(1)); err != nil {
					t.Errorf("Replay: %v", err)
				}
			}
		})
	}
	for i := range 150 {
		projectionstest.Append(t, log, claimStream(1), taken(i, "ann"))
		projectionstest.Append(t, log, claimStream(2+i%5), taken(i, "bob"))
	}
	working.Wait()
	atEnd(t, pool, log)
	if _, err := projections.Replay(t.Context(), pool, log, mended(), claimStream(1)); err != nil {
		t.Fatal(err)
	}
	whole := postgrestest.New(t)
	projectionstest.Project(t, whole, log, mended(), projectionstest.How{})
	if got, want := projectionstest.Dump(t, pool, mended()), projectionstest.Dump(t, whole, mended()); got != want {
		t.Errorf("tables hold\n%s\nwant\n%s", got, want)
	}
}

func TestParkStoppedPutsTheStreamAsideAndTheOthersGoOn(t *testing.T) {
	t.Parallel()
	log, pool := history(t, 10, 22), postgrestest.New(t)
	if _, err := projections.ParkStopped(t.Context(), pool, toyGroup()); !errors.Is(err, projections.ErrNotStopped) {
		t.Errorf("ParkStopped without a generation: %v, want ErrNotStopped", err)
	}
	projectionstest.Append(t, log, claimStream(1), taken(1, poison), taken(2, "ann"))
	projectionstest.Append(t, log, claimStream(2), taken(3, "ann"))
	r := start(t, pool, log, toyGroup(), quick())
	r.until(projections.Stopped)

	kept := toyGroup()
	kept.Kept = []string{"claim"}
	if _, err := projections.ParkStopped(t.Context(), pool, kept); !errors.Is(err, projections.ErrKept) {
		t.Errorf("ParkStopped of a kept stream: %v, want ErrKept", err)
	}
	f, err := projections.ParkStopped(t.Context(), pool, toyGroup())
	if err != nil || f.Stream != claimStream(1) {
		t.Fatalf("ParkStopped = %+v, %v; want %s", f, err, claimStream(1))
	}
	atEnd(t, pool, log)
	r.until(projections.Running)
	if _, err := projections.ParkStopped(t.Context(), pool, toyGroup()); !errors.Is(err, projections.ErrNotStopped) {
		t.Errorf("ParkStopped of a group at work: %v, want ErrNotStopped", err)
	}
	want := []string{claimStream(1) + "@%d claim.taken.v1: model toy: apply: it is poison", claimStream(1) + "@%d claim.taken.v1: "}
	for i := range want {
		want[i] = fmt.Sprintf(want[i], int(f.Revision)+i)
	}
	if got := parked(t, pool); strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("parked\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestAKeptStreamStopsTheProjectionWhateverThePolicy(t *testing.T) {
	t.Parallel()
	log, pool := history(t, 5, 23), postgrestest.New(t)
	projectionstest.Append(t, log, claimStream(1), taken(1, poison))
	g := parking(toyGroup())
	g.Kept = []string{"claim"}
	start(t, pool, log, g, quick()).until(projections.Stopped)
	if got := parked(t, pool); len(got) > 0 {
		t.Errorf("parked %s, want nothing", got)
	}
}

// An older build meets what a newer one wrote: it stops before it, and the newer
// one, started afterwards, goes on by itself.
func TestEventsOfANewerBuildAreNotPassedOver(t *testing.T) {
	t.Parallel()
	for _, typ := range []string{"claim.taken.v2", "claim.pledged.v1"} {
		t.Run(typ, func(t *testing.T) {
			t.Parallel()
			log, pool := history(t, 5, 24), postgrestest.New(t)
			before := clean(t, postgrestest.New(t), log)
			raw(t, log, claimStream(900), typ, `{}`)
			raw(t, log, "weather-tomorrow", "weather.forecast.v1", `{}`)
			r := start(t, pool, log, toyGroup(), quick())
			r.until(projections.Stopped)
			s := status(t, pool, log)
			if s.Stopped == nil || !strings.Contains(s.Stopped.Error, fmt.Sprintf("unknown event %q", typ)) {
				t.Errorf("stopped by %v, want the type", s.Stopped)
			}
			if got := projectionstest.Dump(t, pool, toyGroup()); got != before {
				t.Errorf("tables hold\n%s\nwant\n%s", got, before)
			}
			if _, err := projections.ParkStopped(t.Context(), pool, toyGroup()); err != nil {
				t.Fatal(err)
			}
			atEnd(t, pool, log)
			if got := projectionstest.Dump(t, pool, toyGroup()); got != before {
				t.Errorf("with the stream put aside tables hold\n%s\nwant\n%s", got, before)
			}
		})
	}
}
