package main

import (
	"bytes"
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/job"
	"github.com/hirelog/hirelog/internal/vault"
	"github.com/hirelog/hirelog/projections"
	"github.com/hirelog/hirelog/readmodels"
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

func TestEveryTableOfTheReadModelsIsMeasured(t *testing.T) {
	t.Parallel()
	c := &corpus{installation: &installation{database: &database{}}}
	if _, err := c.tables(); err != nil {
		t.Error(err)
	}
}

func TestAHistoryHasAsManyEventsAsItSays(t *testing.T) {
	t.Parallel()
	e := employer{tags: []string{"a", "b"}, members: []string{"m"}, jobs: []posting{{id: uuid.NewString(), stages: []job.Stage{{ID: "1"}, {ID: "2"}, {ID: "3"}}}}}
	for _, talk := range []bool{false, true} {
		for _, length := range []int{historyBegins, shortHistory, 60} {
			l := newHistory(e, 0, length, talk)
			own := 0
			for _, f := range l.facts {
				if f.stream == "application-"+l.id {
					own++
				}
			}
			if own != length {
				t.Errorf("talk %v: %d events, want %d", talk, own, length)
			}
		}
	}
}

func TestTheQueriesAreSummedUpAndTheWorstIsKnownByItsMedian(t *testing.T) {
	t.Parallel()
	asked := []*compared{
		{usualQuery: usualQuery{name: "noisy"}, with: answered{p50: time.Second}, without: answered{p50: time.Second}, rounds: []figure{{value: 9}, {value: 1}, {value: 1}}},
		{usualQuery: usualQuery{name: "slow"}, with: answered{p50: 3 * time.Second}, without: answered{p50: time.Second}, rounds: []figure{{value: 3}, {value: 1}, {value: 3}}},
	}
	if got := sumOf(asked).value; got != 2 {
		t.Errorf("sum %v, want 2", got)
	}
	if got := worstOf(asked).name; got != "slow" {
		t.Errorf("the worst is %q, want slow", got)
	}
}

func TestTwoWhoAreToldDifferentThingsAreNotCompared(t *testing.T) {
	t.Parallel()
	ask := func(_ context.Context, member string) ([]string, error) { return []string{member}, nil }
	if err := sameFor(t.Context(), ask, "a", "a"); err != nil {
		t.Error(err)
	}
	if err := sameFor(t.Context(), ask, "a", "b"); err == nil {
		t.Error("they are said to be told the same")
	}
}

// All that needs an installation is tried with one, at a tiny scale.
func TestUsualQueriesAndProfilesAreMeasured(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	in, err := openInstallation(t.Context(), filepath.Join(dir, "i"), vault.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := in.Close(); err != nil {
			t.Error(err)
		}
	}()
	var out bytes.Buffer
	s := settings{printer: printer{w: &out}, rounds: 3, searches: 1, probes: 4, plan: "force_custom_plan"}
	c := &corpus{installation: in}
	if err := c.generate(t.Context(), 120); err != nil {
		t.Fatal(err)
	}
	if err := c.compareHistories(t.Context(), s, dir, 60); err != nil {
		t.Fatal(err)
	}
	if err := c.compareRights(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{
		"ratio profile_at_60_events_per_at_10_same_page", "ratio profile_at_60_events_per_at_10_with_all_that_was_said",
		"ratio queries_with_rights_per_without", "ratio worst_query_with_rights_per_without",
	} {
		if !strings.Contains(out.String(), name+" ") {
			t.Errorf("%s is not printed:\n%s", name, out.String())
		}
	}
	if n := strings.Count(out.String(), "# query "); n != 20 {
		t.Errorf("%d queries are compared, want 20", n)
	}
	core, end, err := c.reader(t.Context(), s.plan)
	if err != nil {
		t.Fatal(err)
	}
	defer end()
	c.checkPages(t, core)
	c.checkGrants(t, core)
}

// checkPages checks that a long history leaves the page of a short one behind,
// if nothing is said in it.
func (c *corpus) checkPages(t *testing.T, core *readmodels.Core) {
	t.Helper()
	e, err := c.employ(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range []struct {
		n, length, said int
		talk            bool
	}{{0, shortHistory, 1, false}, {profilesOfAKind, 60, 1, false}, {2 * profilesOfAKind, shortHistory, 2, true}, {3 * profilesOfAKind, 60, 12, true}} {
		p, err := core.Profile(t.Context(), c.recruiter, newHistory(e, h.n, h.length, h.talk).id, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		if len(p.Comments) != h.said || len(p.Notes) != h.said || len(p.Tags) != 1 || len(p.Documents) != 1 || p.Priority {
			t.Errorf("after %d events the page has %d comments, %d notes, tags %v, %d documents, priority %v; want %d of what is said, a tag and a document",
				h.length, len(p.Comments), len(p.Notes), p.Tags, len(p.Documents), p.Priority, h.said)
		}
	}
}

// checkGrants checks that without the grants the recruiter does not see what the
// admin does, so that they were asked for.
func (c *corpus) checkGrants(t *testing.T, core *readmodels.Core) {
	t.Helper()
	schema, err := readmodels.NewGenerations(c.pool).Schema(t.Context(), projections.CoreGroup)
	if err != nil {
		t.Fatal(err)
	}
	p, err := c.newPicker(t.Context(), core, schema)
	if err != nil {
		t.Fatal(err)
	}
	all := p.list(readmodels.ListQuery{})
	if err := sameFor(t.Context(), all, p.admin, c.recruiter); err != nil {
		t.Error(err)
	}
	if _, err := c.pool.Exec(t.Context(), "DELETE FROM "+schema.Table("grants")); err != nil {
		t.Fatal(err)
	}
	if err := sameFor(t.Context(), all, p.admin, c.recruiter); err == nil {
		t.Error("without grants the recruiter sees the same")
	}
}
