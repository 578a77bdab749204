package demo_test

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/hirelog/hirelog/commands/commandstest"
	"github.com/hirelog/hirelog/domain/candidate"
	"github.com/hirelog/hirelog/domain/message"
	"github.com/hirelog/hirelog/internal/demo"
	"github.com/hirelog/hirelog/internal/eventlog"
	"github.com/hirelog/hirelog/internal/postgres/postgrestest"
)

func TestMain(m *testing.M) { os.Exit(postgrestest.Main(m)) }

var company = demo.Company{Seed: 7, Anchor: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC), Applications: 60}

// found returns an organisation that a company can be loaded into.
func found(t *testing.T) *commandstest.Company {
	t.Helper()
	c := commandstest.Found(t, nil)
	c.Scanner = demo.Scanner{}
	c.Commands = c.Process(c.Log)
	return c
}

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
		// Claims, people and mails that come in are named by a key of the installation.
		if meta.CorrelationID == "demo" && e.Category() != "claim" && e.Category() != "candidate" && !(e.Category() == "message" && e.Type != (message.Written{}).EventName()) {
			facts[fact{e.Stream, e.Type, e.ID.String()}] = e.Revision
		}
	}
	return facts
}

func TestLoadIsDeterministicAndRepeatable(t *testing.T) {
	t.Parallel()
	c := found(t)
	first := load(t, c)
	if len(first) < 300 {
		t.Fatalf("%d facts; want a company", len(first))
	}
	written := c.All(t)
	again := load(t, c)
	if n := c.All(t); n != written {
		t.Errorf("loading again wrote %d events", n-written)
	}
	other := load(t, found(t))
	for f, rev := range first {
		if got, ok := other[f]; !ok || got != rev {
			t.Errorf("%+v at %d is at %d (%v) in another installation", f, rev, got, ok)
		}
	}
	if len(other) != len(first) || len(again) != len(first) {
		t.Errorf("%d facts, %d again, %d in another installation", len(first), len(again), len(other))
	}
}

// ofCandidates are events of people that commands are given for: the others go with
// some of their applications.
var ofCandidates = map[string]bool{
	(candidate.AttributesChanged{}).EventName(): true, (candidate.Merged{}).EventName(): true, (candidate.Unmerged{}).EventName(): true,
	(candidate.DataRequested{}).EventName(): true, (candidate.DataRequestAnswered{}).EventName(): true, (candidate.AddressShared{}).EventName(): true,
	(candidate.PictureSet{}).EventName(): true, (candidate.PictureRemoved{}).EventName(): true,
}

// written returns the types of what each command wrote, but for claims and people.
func written(t *testing.T, c *commandstest.Company) map[uuid.UUID]string {
	t.Helper()
	types := map[uuid.UUID]string{}
	for e, err := range c.Memory.ReadAll(t.Context(), eventlog.Start, eventlog.Forwards) {
		if err != nil {
			t.Fatal(err)
		}
		meta, err := e.Meta()
		if err != nil {
			t.Fatal(err)
		}
		if e.Category() != "claim" && e.Category() != "candidate" || ofCandidates[e.Type] {
			types[meta.CommandID] += e.Type + " "
		}
	}
	return types
}

// Every command of the company that the program loads writes something, so that
// it is recognised: interrupted again and again, and begun again as the program
// does, a load ends where one does that was not.
func TestAnInterruptedLoadGoesOn(t *testing.T) {
	t.Parallel()
	company := demo.Company{Seed: 1, Anchor: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)}
	whole := found(t)
	before := written(t, whole)
	given, err := company.Load(t.Context(), whole.Commands, whole.Directory)
	if err != nil {
		t.Fatal(err)
	}
	want := written(t, whole)
	for id, types := range want {
		// An application is fenced off by a command that its erasure gives.
		// Steps of making an employee profile are given by the one that links it.
		if _, ok := before[id]; ok || types == "application.claim_lost.v1 " || strings.HasPrefix(types, "employee.created") || strings.HasPrefix(types, "employee.document_taken") {
			delete(want, id)
		}
	}
	if len(want) != given {
		t.Errorf("%d of %d commands wrote something", len(want), given)
	}

	cut := found(t)
	for _, at := range []int{40, 120, 200, 280, 319, 320, 0} {
		again := cut.Process(cut.Log)
		if _, err := again.FinishErasures(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := again.FinishArrivals(t.Context(), 0); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		company.Progress = func(done, _ int) {
			if done == at {
				cancel()
			}
		}
		n, err := company.Load(ctx, again, cut.Directory)
		cancel()
		switch {
		case at > 0 && err == nil:
			t.Errorf("the load was not interrupted at %d", at)
		case at == 0 && (err != nil || n != given):
			t.Fatalf("in the end %d commands were given, not %d: %v", n, given, err)
		}
	}
	got := written(t, cut)
	// What is done to many is a command for each, whose id is made of that of the
	// application; and an arrival that is undone and begun anew has another one.
	tagged := map[string]int{"application.tag_added.v1 ": 0, "application.tag_removed.v1 ": 0}
	for _, types := range got {
		if _, ok := tagged[types]; ok {
			tagged[types]++
		}
	}
	for id, types := range want {
		if _, ok := tagged[types]; ok {
			tagged[types]--
		} else if got[id] != types {
			t.Errorf("command %s wrote %q, want %q", id, got[id], types)
		}
	}
	for types, n := range tagged {
		if n != 0 {
			t.Errorf("%d more commands wrote %q", n, types)
		}
	}
	cut.CheckFinished(t)
}
