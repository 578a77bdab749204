package projections_test

import (
	"strings"
	"testing"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/internal/postgres/postgrestest"
	"github.com/hirelog/hirelog/projections"
	"github.com/hirelog/hirelog/projections/projectionstest"
	"github.com/hirelog/hirelog/readmodels"
	"github.com/hirelog/hirelog/readmodels/historytest"
)

// Whatever happened: a rebuild gives the rows that projecting event by event
// gave, also when rows do not fit into memory.
func TestRebuiltModelsAreTheLiveOnes(t *testing.T) {
	t.Parallel()
	for seed := range uint64(3) {
		c := randomHistory(t, 200+seed, 250)
		pool := postgrestest.New(t)
		projectionstest.Project(t, pool, c.Log, coreGroup(c.Vault), projectionstest.How{BatchSize: 1})
		want := projectionstest.Dump(t, pool, coreGroup(c.Vault))
		for _, memory := range []int{0, 1, 200_000} {
			r, err := projections.Rebuild(t.Context(), pool, c.Log, []projections.Group{coreGroup(c.Vault)}, projections.RebuildOptions{Memory: memory}.InChunks(7))
			if err != nil {
				t.Fatalf("seed %d, memory %d: %v: %+v", seed, memory, err, r.Groups)
			}
			if got := projectionstest.Dump(t, pool, coreGroup(c.Vault)); got != want {
				t.Fatalf("seed %d, memory %d: tables hold\n%s\nwant\n%s", seed, memory, got, want)
			}
			if g := r.Groups[0]; len(g.Comparison.Tables) < 10 || g.Comparison.Different() || g.Rows != strings.Count(want, "\n")-len(g.Comparison.Tables) {
				t.Errorf("seed %d: %+v, want every row compared", seed, g)
			}
		}
		anonymiseAll(c)
		projectionstest.Project(t, pool, c.Log, coreGroup(c.Vault), projectionstest.How{})
		if _, err := projections.Rebuild(t.Context(), pool, c.Log, []projections.Group{coreGroup(c.Vault)}, projections.RebuildOptions{Memory: 1}.InChunks(7)); err != nil {
			t.Errorf("seed %d, everybody erased: %v", seed, err)
		}
	}
}

// Whoever is erased while a generation is built is erased in it, whatever the
// step.
func TestErasureDuringARebuild(t *testing.T) {
	t.Parallel()
	for _, at := range []string{"begun", "read", "filled", "following", "verifying", "verified", "switching"} {
		t.Run(at, func(t *testing.T) {
			t.Parallel()
			c := randomHistory(t, 7, 120)
			pool := postgrestest.New(t)
			project := func() { projectionstest.Project(t, pool, c.Log, coreGroup(c.Vault), projectionstest.How{}) }
			project()
			dumpOf(t, pool).some(t, "people", "terms <> '{}'")
			once := false
			_, err := projections.Rebuild(t.Context(), pool, c.Log, []projections.Group{coreGroup(c.Vault)}, projections.RebuildOptions{}.At(func(step string) {
				if step == at && !once {
					once = true
					anonymiseAll(c)
					project()
				}
			}))
			if err != nil || !once {
				t.Fatalf("Rebuild = %v, erased: %v", err, once)
			}
			project()
			d := dumpOf(t, pool)
			if d.schema != "rm_core_2" {
				t.Fatalf("live is %s", d.schema)
			}
			d.none(t, "people", "terms <> '{}' OR first_name IS NOT NULL OR NOT anonymised")
			d.none(t, "applications", "terms <> '{}' OR candidate_id <> '"+readmodels.Nobody()+"'")
			if got := projectionstest.Dump(t, pool, coreGroup(c.Vault)); got != freshDump(t, c) {
				t.Error("the tables are not what a fresh projection gives")
			}
		})
	}
}

func freshDump(t *testing.T, c *historytest.Company) string {
	t.Helper()
	pool := postgrestest.New(t)
	projectionstest.Project(t, pool, c.Log, coreGroup(c.Vault), projectionstest.How{})
	return projectionstest.Dump(t, pool, coreGroup(c.Vault))
}

// The keys are gone before the live generation is told why: until it is, a
// rebuild knows less, and waits for the two to agree.
func TestErasureTheLiveGenerationHasNotSeenYet(t *testing.T) {
	t.Parallel()
	c := randomHistory(t, 9, 60)
	victim := c.ApplicationIDs[0]
	for _, id := range c.ApplicationIDs {
		if c.Applications[id].Live() {
			victim = id
			c.Disqualify(id, domain.Member(c.Admin), application.Rejected, c.Reject, "no")
		}
	}
	pool := postgrestest.New(t)
	project := func() { projectionstest.Project(t, pool, c.Log, coreGroup(c.Vault), projectionstest.How{}) }
	project()
	erasing, told := false, 0
	r, err := projections.Rebuild(t.Context(), pool, c.Log, []projections.Group{coreGroup(c.Vault)}, projections.RebuildOptions{}.At(func(step string) {
		switch {
		case step == "begun" && !erasing:
			erasing = true
			c.Anonymise(victim, domain.Member(c.Admin))
		case step == "verifying":
			if told++; told == 1 {
				project()
			}
		}
	}))
	if err != nil || told != 2 {
		t.Errorf("Rebuild = %v after %d comparisons, want two: %s", err, told, r.Groups[0].Comparison)
	}
}
