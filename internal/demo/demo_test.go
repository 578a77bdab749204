package demo_test

import (
	"os"
	"testing"
	"time"

	"github.com/hirelog/hirelog/commands/commandstest"
	"github.com/hirelog/hirelog/internal/demo"
	"github.com/hirelog/hirelog/internal/eventlog"
	"github.com/hirelog/hirelog/internal/postgres/postgrestest"
)

func TestMain(m *testing.M) { os.Exit(postgrestest.Main(m)) }

var company = demo.Company{Seed: 7, Anchor: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC), Applications: 60}

// fact is what a seed determines of an event: sealed bytes are always new.
type fact struct{ stream, typ, id string }

func load(t *testing.T, c *commandstest.Company) map[fact]eventlog.Revision {
	t.Helper()
	if _, err := company.Load(t.Context(), c.Commands, c.Directory); err != nil {
		t.Fatal(err)
	}
	facts := map[fact]eventlog.Revision{}
	for e, err := range c.Memory.ReadAll(t.Context(), eventlog.Start, eventlog.Forwards) {
		if err != nil {
			t.Fatal(err)
		}
		meta, err := e.Meta()
		if err != nil {
			t.Fatal(err)
		}
		// Claims and people are named by a key of the installation.
		if meta.CorrelationID == "demo" && e.Category() != "claim" && e.Category() != "candidate" {
			facts[fact{e.Stream, e.Type, e.ID.String()}] = e.Revision
		}
	}
	return facts
}

func TestLoadIsDeterministicAndRepeatable(t *testing.T) {
	t.Parallel()
	c := commandstest.Found(t, nil)
	first := load(t, c)
	if len(first) < 300 {
		t.Fatalf("%d facts; want a company", len(first))
	}
	written := c.All(t)
	again := load(t, c)
	if n := c.All(t); n != written {
		t.Errorf("loading again wrote %d events", n-written)
	}
	other := load(t, commandstest.Found(t, nil))
	for f, rev := range first {
		if got, ok := other[f]; !ok || got != rev {
			t.Errorf("%+v at %d is at %d (%v) in another installation", f, rev, got, ok)
		}
	}
	if len(other) != len(first) || len(again) != len(first) {
		t.Errorf("%d facts, %d again, %d in another installation", len(first), len(again), len(other))
	}
}
