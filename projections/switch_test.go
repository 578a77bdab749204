package projections_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/hirelog/hirelog/internal/postgres/postgrestest"
	"github.com/hirelog/hirelog/projections"
	"github.com/hirelog/hirelog/projections/projectionstest"
	"github.com/hirelog/hirelog/readmodels"
)

// The live generation is stopped when the rebuild begins, and goes on before the
// switch.
func TestASwitchNeverGoesBack(t *testing.T) {
	t.Parallel()
	log, pool := history(t, 20, 901), postgrestest.New(t)
	projectionstest.Append(t, log, claimStream(1), taken(1, poison))
	r := start(t, pool, log, toyGroup(), quick())
	r.until(projections.Stopped)
	r.stop()
	var before projections.Status
	o := projections.RebuildOptions{}.At(func(step string) {
		if step != "switching" {
			return
		}
		n := start(t, pool, log, mended(), quick())
		for i := range 5 {
			projectionstest.Append(t, log, claimStream(i+2), taken(i, "ann"))
		}
		atEnd(t, pool, log)
		n.stop()
		before = status(t, pool, log)
	})
	if _, err := projections.Rebuild(t.Context(), pool, log, []projections.Group{mended()}, o); err == nil || !strings.Contains(err.Error(), "goes on again") {
		t.Errorf("Rebuild: %v, want that the generation goes on again", err)
	}
	after := status(t, pool, log)
	if before.Checkpoint.Position.After(after.Checkpoint.Position) {
		t.Errorf("generation %d was read at %s; generation %d is live at %s", before.Generation, before.Checkpoint.Position, after.Generation, after.Checkpoint.Position)
	}
}

// After a rollback from 2 to 1 and an upgrade to 3 of another shape, the old build
// goes on with 1.
func TestAnOldBuildServesWhatWasLiveLast(t *testing.T) {
	t.Parallel()
	log, pool := history(t, 20, 902), postgrestest.New(t)
	clean(t, pool, log)
	rebuild(t, pool, log, projections.RebuildOptions{})
	rollback(t, pool, log)
	// Without a keeper generation 2 lies still; 1 goes on.
	r := start(t, pool, log, toyGroup(), quick())
	projectionstest.Append(t, log, claimStream(1), taken(1, "ann"))
	atEnd(t, pool, log)
	r.stop()
	g := readmodels.NewGenerations(pool)
	g.Serve("toy", toyGroup().Shape())
	s1, err := g.Schema(t.Context(), "toy")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := projections.Rebuild(t.Context(), pool, log, []projections.Group{reshaped()}, projections.RebuildOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := g.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	s2, err := g.Schema(t.Context(), "toy")
	if err != nil {
		t.Fatal(err)
	}
	if s1 != s2 {
		t.Errorf("the old build read %s, and reads %s after the new build's switch", s1, s2)
	}
}

// What is put aside in the live generation is put aside in the retired one too.
func TestParkingKeepsTheWayBack(t *testing.T) {
	t.Parallel()
	log, pool := history(t, 20, 903), postgrestest.New(t)
	clean(t, pool, log)
	rebuild(t, pool, log, projections.RebuildOptions{})
	r := start(t, pool, log, toyGroup(), quick())
	keep(t, pool, log, projections.KeeperOptions{})
	projectionstest.Append(t, log, claimStream(1), taken(1, poison), taken(2, "ann"))
	r.until(projections.Stopped)
	if _, err := projections.ParkStopped(t.Context(), pool, toyGroup()); err != nil {
		t.Fatal(err)
	}
	projectionstest.Append(t, log, claimStream(2), taken(2, "ann"))
	atEnd(t, pool, log)
	eventually(t, func() bool {
		all, err := projections.ReadGenerations(t.Context(), pool, nil)
		return err == nil && (all[0].Stopped != nil || all[0].Checkpoint == all[1].Checkpoint)
	}, func() any { return statuses(t, pool) })
	if _, err := projections.Replay(t.Context(), pool, log, mended(), claimStream(1)); err != nil {
		t.Fatal(err)
	}
	if _, err := projections.Rollback(t.Context(), pool, log, mended(), projections.RebuildOptions{}); err != nil {
		t.Errorf("after park and replay: %v", err)
	}
}

// A build that can apply the event does not wait for one that cannot.
func TestNobodyStandsByBehindAStoppedProjector(t *testing.T) {
	t.Parallel()
	log, pool := history(t, 20, 904), postgrestest.New(t)
	old := start(t, pool, log, toyGroup(), quick())
	atEnd(t, pool, log)
	o := quick()
	o.Standby = patience
	renewed := start(t, pool, log, mended(), o)
	eventually(t, func() bool {
		projectionstest.Append(t, log, claimStream(3), taken(1, "ann"))
		return renewed.Condition().State == projections.Standby
	}, func() any { return renewed.Condition() })
	projectionstest.Append(t, log, claimStream(1), taken(1, poison))
	old.until(projections.Stopped)
	head, err := projections.Head(t.Context(), log)
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, func() bool { return status(t, pool, log).Checkpoint.Event == head }, func() any { return renewed.Condition() })
}

// The generation an old build serves is a retired one.
func TestParkAndResumeWorkOnWhatIsServed(t *testing.T) {
	t.Parallel()
	log, pool := history(t, 20, 905), postgrestest.New(t)
	old := start(t, pool, log, toyGroup(), quick())
	atEnd(t, pool, log)
	if _, err := projections.Rebuild(t.Context(), pool, log, []projections.Group{reshaped()}, projections.RebuildOptions{}); err != nil {
		t.Fatal(err)
	}
	projectionstest.Append(t, log, claimStream(1), taken(1, poison))
	old.until(projections.Stopped)
	if was, err := projections.Resume(t.Context(), pool, toyGroup()); err != nil || !was {
		t.Errorf("Resume = %t, %v; want true", was, err)
	}
	eventually(t, func() bool {
		_, err := projections.ParkStopped(t.Context(), pool, toyGroup())
		if err != nil && !errors.Is(err, projections.ErrNotStopped) { // it is tried again just now
			t.Fatal(err)
		}
		return err == nil
	}, func() any { return old.Condition() })
	old.until(projections.Running)
	if got, err := projections.ReadParked(t.Context(), pool, toyGroup(), ""); err != nil || len(got) != 1 {
		t.Errorf("parked %v, %v; want the event", got, err)
	}
}

// The old build goes back to its own tables, although the new one has built twice.
func TestAnOldBuildRollsBackToItsOwnTables(t *testing.T) {
	t.Parallel()
	log, pool := history(t, 20, 906), postgrestest.New(t)
	clean(t, pool, log)
	for range 2 {
		if _, err := projections.Rebuild(t.Context(), pool, log, []projections.Group{reshaped()}, projections.RebuildOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := projections.Rollback(t.Context(), pool, log, toyGroup(), projections.RebuildOptions{}); err != nil {
		t.Errorf("%v; %s", err, statuses(t, pool))
	}
}
