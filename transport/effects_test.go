package transport

import (
	"context"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/hirelog/hirelog/commands"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/internal/effects"
	"github.com/hirelog/hirelog/internal/eventlog"
)

// carryOut has what follows from events carried out until the test ends.
func (w *world) carryOut() {
	w.t.Helper()
	if err := effects.StartAt(w.t.Context(), w.pool, w.log, effects.Recruiting(), eventlog.Start); err != nil {
		w.t.Fatal(err)
	}
	e, err := effects.New(effects.Options{
		Pool: w.pool, Log: w.log, Reactors: []effects.Reactor{effects.Recruiting()}, Perform: effects.ByCommands(w.commands), AliveEvery: 50 * time.Millisecond,
	})
	if err != nil {
		w.t.Fatal(err)
	}
	ctx, end := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = e.Run(ctx) })
	w.t.Cleanup(func() { end(); running.Wait() })
}

// until asks until the answer is yes.
func (w *world) until(what string, ask func() bool) {
	w.t.Helper()
	for giveUp := time.Now().Add(time.Minute); !ask(); {
		if time.Now().After(giveUp) {
			w.t.Fatalf("never: %s", what)
		}
		select {
		case <-w.t.Context().Done():
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// E4, S1-16, S1-37: what follows from events happens once, and one can ask what
// was planned and done. Who may not view the history may not (H2, H7).
func TestEffectsCanBeAskedFor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.carryOut()
	on, hours := true, 0
	w.do(call{method: http.MethodPatch, path: "/v1/organization/settings", token: w.admin, body: map[string]any{"self_tracking": on, "disclose_after_hours": hours}}).want(http.StatusOK)
	v, other := w.vacancy("Engineer"), w.vacancy("Baker")
	id := w.apply(v, "Grace", "Hopper")
	due := time.Now().Add(96 * time.Hour).UTC().Truncate(time.Second)
	document := w.post(v.manager, "/v1/applications/"+id+"/document-requests", map[string]any{"title": "Diploma", "category": "certificate", "due_at": due}).made()
	w.post(v.manager, "/v1/applications/"+id+"/disqualify", map[string]any{"kind": "rejected", "reason_id": commands.FirstReason("Not enough experience")}).want(http.StatusOK)
	path := "/v1/applications/" + id + "/effects"
	w.until("the outcome is disclosed", func() bool {
		got := w.get(v.manager, path).want(http.StatusOK)
		return len(got.at("items").([]any)) == 2 && got.text("items.0.state") == "done"
	})
	got := w.get(v.manager, path)
	if got.text("items.0.kind") != "disclose_outcome" || got.text("items.0.position") == "" || got.at("items.0.document_id") != nil || got.text("through") == "0/0" {
		t.Errorf("disclosed: %s", got.body)
	}
	if got.text("items.1.kind") != "remind_of_document" || got.text("items.1.document_id") != document || got.text("items.1.state") != "planned" ||
		got.text("items.1.planned_for") != due.Add(-48*time.Hour).Format(time.RFC3339) {
		t.Errorf("planned: %s", got.body)
	}
	timeline := w.get(v.manager, "/v1/applications/"+id+"/timeline").want(http.StatusOK)
	if timeline.text("items.0.kind") != "outcome_disclosed" || timeline.text("items.0.outcome") != "rejected" {
		t.Errorf("timeline: %s", timeline.body)
	}
	history := w.get(v.manager, "/v1/applications/"+id+"/history").want(http.StatusOK)
	events := history.at("events").([]any)
	last := events[len(events)-1].(map[string]any)
	if last["type"] != "application.outcome_disclosed.v1" || last["by"] != "system" || last["causation_id"] != got.text("items.0.event_id") || last["command_id"] != got.text("items.0.id") {
		t.Errorf("history: %v", last)
	}
	w.get(other.manager, path).problem(http.StatusNotFound, "not_found")
	w.get("", path).problem(http.StatusUnauthorized, "unauthenticated")
	viewer := w.post(w.admin, "/v1/members", map[string]any{"name": "Viewer", "role": "recruiting"}).made()
	w.put(v.manager, "/v1/jobs/"+v.id+"/hiring-team", map[string]any{"hiring_team": []map[string]any{
		{"member_id": v.member, "recruiting_role_id": commands.FirstRole("Recruiter"), "recruitment_manager": true},
		{"member_id": viewer, "recruiting_role_id": w.role("Looks on", map[access.Area]string{access.Application: "view"})},
	}}).want(http.StatusOK)
	w.get(w.tokenOf(viewer), path).problem(http.StatusForbidden, "denied")
}
