package main

import (
	"bytes"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/job"
)

func TestTheMedianIsReportedAndAMissedGoalSaysSo(t *testing.T) {
	t.Parallel()
	rounds := []figure{{3, "a3", "b3"}, {1, "a1", "b1"}, {2, "a2", "b2"}}
	for _, c := range []struct {
		goal goal
		want string
	}{
		{atLeast(2), "ratio x 2.00 goal >=2 (a = a2, b = b2)\n"},
		{atMost(2), "ratio x 2.00 goal <=2 (a = a2, b = b2)\n"},
		{atLeast(2.5), "ratio x 2.00 goal >=2.5 (a = a2, b = b2) missed\n"},
		{atMost(1.5), "ratio x 2.00 goal <=1.5 (a = a2, b = b2) missed\n"},
	} {
		var out bytes.Buffer
		printer{w: &out}.report("x", rounds, c.goal)
		if got := out.String(); got != c.want {
			t.Errorf("goal %v: printed %q, want %q", c.goal, got, c.want)
		}
	}
}

// What stores nothing is asked the same and answers the same, so that nothing
// but storing is the difference.
func TestAnAppendThatIsNotStoredIsAnsweredAsOneThatIs(t *testing.T) {
	t.Parallel()
	// A socket's address has little room.
	node, err := openNode(filepath.Join(t.TempDir(), "n"))
	if err != nil {
		t.Fatal(err)
	}
	none, err := openHollow(filepath.Join(t.TempDir(), "h"), messages{})
	if err != nil {
		t.Fatal(err)
	}
	sample, err := sampleEvent()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range []*peer{node, none} {
		w := newWriters(p.client, sample, 1)
		for i := range uint64(3) {
			if err := w.write(t.Context(), 0); err != nil {
				t.Fatal(err)
			}
			if w.next[0] != i {
				t.Errorf("append %d is answered with revision %d", i, w.next[0])
			}
		}
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	}
}

// Commands move an application to where it is not: the fold of a history agrees
// with who made it.
func TestHistoriesEndWhereTheFirstCommandMovesAwayFrom(t *testing.T) {
	t.Parallel()
	m := cycleMover{job: uuid.NewString(), by: "member:8a3c0e4e-5c62-4a39-9f7a-0a4a52a4f0a1"}
	for range 2 {
		m.stages = append(m.stages, job.Stage{ID: uuid.NewString()})
	}
	events, err := m.history(eventsToBegin)
	if err != nil {
		t.Fatal(err)
	}
	var a application.Application
	for _, e := range events {
		f, err := application.Codec.Decode(e.Type, e.Data)
		if err != nil {
			t.Fatal(err)
		}
		a = a.Fold(f)
	}
	for k := range cyclesAStream {
		e, err := m.decide(t.Context(), a, m.stages[(eventsToBegin+k)%2].ID)
		if err != nil {
			t.Fatalf("cycle %d: %v", k, err)
		}
		f, err := application.Codec.Decode(e.Type, e.Data)
		if err != nil {
			t.Fatal(err)
		}
		a = a.Fold(f)
	}
}

func TestTheSideThatIsFirstAlternates(t *testing.T) {
	t.Parallel()
	var order string
	for n := range 3 {
		err := inTurns(n, func() error { order += "a"; return nil }, func() error { order += "b"; return nil })
		if err != nil {
			t.Fatal(err)
		}
	}
	if want := "abbaab"; order != want {
		t.Errorf("order %q, want %q", order, want)
	}
}

func TestQuantileOfSortedDurations(t *testing.T) {
	t.Parallel()
	var took []time.Duration
	for i := range 100 {
		took = append(took, time.Duration(i))
	}
	for q, want := range map[float64]time.Duration{0: 0, 0.5: 50, 0.99: 99, 1: 99} {
		if got := quantile(took, q); got != want {
			t.Errorf("quantile %v is %v, want %v", q, got, want)
		}
	}
	if got := quantile(nil, 0.5); got != 0 {
		t.Errorf("quantile of nothing is %v", got)
	}
}
