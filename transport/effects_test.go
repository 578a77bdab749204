package transport

import (
	"context"
	"net/http"
	"slices"
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

// effect returns the effect of a kind that is planned last of those of an
// application.
func (w *world) effect(token, id, kind string) (found map[string]any, ok bool) {
	w.t.Helper()
	for _, e := range w.get(token, "/v1/applications/"+id+"/effects").want(http.StatusOK).items("items") {
		if e["kind"] == kind {
			found, ok = e, true
		}
	}
	return found, ok
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
		e, ok := w.effect(v.manager, id, "disclose_outcome")
		return ok && e["state"] == "done"
	})
	got := w.get(v.manager, path)
	disclosed, _ := w.effect(v.manager, id, "disclose_outcome")
	if disclosed["position"] == nil || disclosed["document_id"] != nil || got.text("through") == "0/0" {
		t.Errorf("disclosed: %s", got.body)
	}
	planned, _ := w.effect(v.manager, id, "remind_of_document")
	if planned["document_id"] != document || planned["state"] != "planned" || planned["planned_for"] != due.Add(-48*time.Hour).Format(time.RFC3339) {
		t.Errorf("planned: %s", got.body)
	}
	timeline := w.get(v.manager, "/v1/applications/"+id+"/timeline").want(http.StatusOK)
	if timeline.text("items.0.kind") != "outcome_disclosed" || timeline.text("items.0.outcome") != "rejected" {
		t.Errorf("timeline: %s", timeline.body)
	}
	history := w.get(v.manager, "/v1/applications/"+id+"/history").want(http.StatusOK)
	events := history.at("events").([]any)
	last := events[len(events)-1].(map[string]any)
	if last["type"] != "application.outcome_disclosed.v1" || last["by"] != "system" || last["causation_id"] != disclosed["event_id"] || last["command_id"] != disclosed["id"] {
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

// S2-104, E4: the applications a member who leaves is responsible for go over to
// who was named, once, where they may view them; the others stay.
func TestWhoLeavesHandsOver(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.carryOut()
	v, other := w.vacancy("Engineer"), w.vacancy("Baker")
	heirs, heir := w.colleague(v, "Hanna Heir", "Recruiter")
	leaver, gone := w.colleague(v, "Leo Leaver", "Recruiter")
	owned := func(of vacancy, first string) string {
		id := w.apply(of, first, "Hopper")
		w.put(of.manager, "/v1/applications/"+id+"/owner", map[string]any{"owner_id": gone}).want(http.StatusOK)
		return id
	}
	first, second := owned(v, "Grace"), owned(v, "Ada")
	w.put(w.admin, "/v1/jobs/"+other.id+"/hiring-team", map[string]any{"hiring_team": []map[string]any{
		{"member_id": other.member, "recruiting_role_id": commands.FirstRole("Recruiter"), "recruitment_manager": true},
		{"member_id": gone, "recruiting_role_id": commands.FirstRole("Recruiter")},
	}}).want(http.StatusOK)
	elsewhere, others := owned(other, "Edsger"), w.apply(v, "Alan", "Turing")
	asked := "/v1/applications/" + others
	w.post(v.manager, asked+"/reviews", map[string]any{"reviewer_id": gone}).want(http.StatusCreated)
	meets := w.post(leaver, asked+"/interviews", map[string]any{
		"title": "Talk", "participant_ids": []string{heir}, "start": time.Now().AddDate(0, 0, 7).Format("2006-01-02T15:04"), "zone": "UTC", "minutes": 30,
	}).made()
	alone := w.vacancy("Pilot")
	w.put(w.admin, "/v1/jobs/"+alone.id+"/hiring-team", map[string]any{"hiring_team": []map[string]any{
		{"member_id": gone, "recruiting_role_id": commands.FirstRole("Recruiter"), "recruitment_manager": true, "stage_ids": alone.stages[:1]},
	}}).want(http.StatusOK)
	w.post(w.admin, "/v1/members/"+gone+"/deactivate", map[string]any{"successor_id": heir}).want(http.StatusOK)
	w.get(leaver, "/v1/me").problem(http.StatusUnauthorized, "invalid_token")
	history := "/v1/members/" + gone + "/history"
	last := func() map[string]any {
		events := w.get(w.admin, history).want(http.StatusOK).at("events").([]any)
		return events[len(events)-1].(map[string]any)
	}
	w.until("it is handed over", func() bool { return last()["type"] == "member.handed_over.v1" })
	if data := last()["data"].(map[string]any); data["to"] != heir || data["applications"] != 2.0 || data["kept"] != 1.0 || data["work"] != 1.0 || data["jobs"] != 1.0 {
		t.Errorf("handed over: %v", data)
	}
	for id, owner := range map[string]string{first: heir, second: heir, elsewhere: gone, others: v.member} {
		if got := w.get(w.admin, "/v1/applications/"+id).want(http.StatusOK); got.text("owner.id") != owner {
			t.Errorf("application of %s is with %s, want %s", got.text("first_name"), got.text("owner.id"), owner)
		}
	}
	// What they were asked for and organise, and jobs that nobody else manages.
	if got := w.get(heirs, "/v1/me/reviews").want(http.StatusOK); got.text("items.0.application_id") != others || got.text("items.0.state") != "open" {
		t.Errorf("reviews: %s", got.body)
	}
	if got := w.get(v.manager, asked+"/interviews").want(http.StatusOK); got.text("items.0.id") != meets || got.text("items.0.organiser.id") != heir {
		t.Errorf("interviews: %s", got.body)
	}
	if got := w.get(v.manager, asked+"/timeline").want(http.StatusOK); got.text("items.0.kind") != "work_handed_over" || got.text("items.0.handed_over.to.id") != heir {
		t.Errorf("timeline: %s", got.body)
	}
	if !slices.Contains(w.get(heirs, "/v1/me/inbox").kinds("kind"), any("work_handed_over")) {
		t.Error("who takes over is not told")
	}
	if team := w.directory.Job(alone.id).Team; len(team) != 2 || team[0].Manager || !team[1].Manager || team[1].Member != heir || !slices.Equal(team[1].Stages, alone.stages[:1]) {
		t.Errorf("team: %+v", team)
	}
	if got := w.get(v.manager, "/v1/applications/"+first+"/timeline").want(http.StatusOK); got.text("items.0.kind") != "owner_set" || got.text("items.0.by.kind") != "system" {
		t.Errorf("timeline: %s", got.body)
	}
}

// S2-63..67: a reviewer is reminded at the time that was named, once, and one can
// ask whether it was planned and done.
func TestReviewersAreReminded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.carryOut()
	v := w.vacancy("Engineer")
	a := "/v1/applications/" + w.apply(v, "Grace", "Hopper")
	token, reviewer := w.colleague(v, "Ina Interviewer", "Interviewer")
	soon := time.Now().Add(400 * time.Millisecond)
	review := w.post(v.manager, a+"/reviews", map[string]any{"reviewer_id": reviewer, "remind_at": soon}).made()
	later := w.post(v.manager, a+"/reviews", map[string]any{"reviewer_id": reviewer, "remind_at": time.Now().Add(time.Hour)}).made()
	w.until("the reviewer is reminded", func() bool {
		return slices.Contains(w.get(token, "/v1/me/inbox").kinds("kind"), any("review_reminder"))
	})
	if got := w.get(token, "/v1/me/inbox"); got.text("items.0.review_id") != review || len(got.kinds("kind")) != 3 {
		t.Errorf("inbox: %s", got.body)
	}
	got := w.get(v.manager, a+"/effects").want(http.StatusOK)
	if got.text("items.0.kind") != "remind_of_review" || got.text("items.0.review_id") != review || got.text("items.1.review_id") != later || got.text("items.1.state") != "planned" {
		t.Errorf("effects: %s", got.body)
	}
	if got := w.get(v.manager, a+"/timeline").want(http.StatusOK); got.text("items.0.kind") != "review_reminder_due" {
		t.Errorf("timeline: %s", got.body)
	}
}
