package transport

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/hirelog/hirelog/commands"
)

// The same request under the same key answers the same, and writes nothing.
// It holds E6.
func TestRepeatedUnderAKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vacancy("Engineer")
	a := "/v1/applications/" + w.apply(v, "Grace", "Hopper")
	note := w.post(v.manager, a+"/notes", map[string]string{"text": "To be deleted"}).made()
	for i, c := range []call{
		{method: "POST", path: "/v1/jobs", token: w.admin, body: map[string]any{
			"title": "Twice", "stages": []map[string]string{{"name": "New"}},
			"hiring_team": []map[string]any{{"member_id": v.member, "recruiting_role_id": commands.FirstRole("Recruiter"), "recruitment_manager": true}},
		}},
		{method: "POST", path: "/v1/applications", token: v.manager, body: application(v, "Ada", "Lovelace")},
		{method: "POST", path: a + "/move", token: v.manager, body: map[string]string{"to": v.stages[1], "comment": "Once"}},
		{method: "POST", path: a + "/comments", token: v.manager, body: map[string]string{"text": "Once"}},
		{method: "POST", path: a + "/notes", token: v.manager, body: map[string]string{"text": "Once"}},
		{method: "POST", path: a + "/tags", token: v.manager, body: map[string]string{"label": "Once"}},
		{method: "PUT", path: a + "/priority", token: v.manager, body: map[string]bool{"priority": true}},
		{method: "DELETE", path: a + "/notes/" + note, token: v.manager},
		{method: "POST", path: a + "/disqualify", token: v.manager, body: map[string]string{"kind": "withdrawn", "reason_id": commands.FirstReason("Lost interest")}},
		{method: "POST", path: a + "/requalify", token: v.manager, body: map[string]string{"reason": "Found it again"}},
		{method: "POST", path: "/v1/members", token: w.admin, body: map[string]string{"name": "Once", "role": "auditor"}},
		{method: "PATCH", path: "/v1/organization/settings", token: w.admin, body: map[string]any{"self_tracking": true}},
	} {
		c.header = map[string]string{"Idempotency-Key": fmt.Sprintf("key-%d", i)}
		first := w.do(c)
		if first.status >= 300 {
			t.Fatalf("%s %s: %d %s", c.method, c.path, first.status, first.body)
		}
		before := w.events()
		again := w.do(c)
		if again.status != first.status || string(again.body) != string(first.body) || again.header.Get("Location") != first.header.Get("Location") {
			t.Errorf("%s %s: %d %s, then %d %s", c.method, c.path, first.status, first.body, again.status, again.body)
		}
		if got := w.events(); got != before {
			t.Errorf("%s %s again: %d events were written", c.method, c.path, got-before)
		}
		if c.body != nil {
			other := c
			other.body = `{"colour": "red"}`
			w.do(other).problem(http.StatusUnprocessableEntity, "invalid")
		}
	}
}

// TestRepeatedAfterAChange gives commands again after others have undone them:
// some changed something at first, some nothing. None writes anything any more.
func TestRepeatedAfterAChange(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vacancy("Engineer")
	a := "/v1/applications/" + w.apply(v, "Grace", "Hopper")
	move := func(to int) call {
		return call{method: "POST", path: a + "/move", token: v.manager, body: map[string]string{"to": v.stages[to]}}
	}
	priority := func(high bool) call {
		return call{method: "PUT", path: a + "/priority", token: v.manager, body: map[string]bool{"priority": high}}
	}
	settings := func(on bool) call {
		return call{method: "PATCH", path: "/v1/organization/settings", token: w.admin, body: map[string]any{"self_tracking": on}}
	}
	tag := call{method: "POST", path: a + "/tags", token: v.manager, body: map[string]string{"label": "Twice"}}
	id := w.do(tag).made()
	untag := call{method: "DELETE", path: a + "/tags/" + id, token: v.manager}
	for i, c := range []struct {
		name           string
		before, change call
		back           call
	}{
		{"move", move(0), move(1), move(2)},
		{"priority", priority(false), priority(true), priority(false)},
		{"settings", settings(false), settings(true), settings(false)},
		{"tag", untag, tag, untag},
	} {
		for _, unchanged := range []bool{false, true} {
			w.do(c.before).want(http.StatusOK)
			if unchanged {
				w.do(c.change)
			}
			keyed := c.change
			keyed.header = map[string]string{"Idempotency-Key": fmt.Sprintf("%d-%t", i, unchanged)}
			before := w.events()
			first := w.do(keyed)
			if wrote := w.events() != before; first.status >= 300 || wrote == unchanged {
				t.Fatalf("%s: %d %s, wrote %t", c.name, first.status, first.body, wrote)
			}
			w.do(c.back).want(http.StatusOK)
			before = w.events()
			again := w.do(keyed)
			if again.status != first.status || string(again.body) != string(first.body) || again.header.Get("Location") != first.header.Get("Location") {
				t.Errorf("%s, unchanged %t: %d %s, then %d %s", c.name, unchanged, first.status, first.body, again.status, again.body)
			}
			if wrote := w.events() - before; wrote != 0 {
				t.Errorf("%s, unchanged %t: given again it wrote %d events", c.name, unchanged, wrote)
			}
		}
	}
}

func TestAKeyIsForOneRequest(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vacancy("Engineer")
	a := "/v1/applications/" + w.apply(v, "Grace", "Hopper")
	key := map[string]string{"Idempotency-Key": "k"}
	move := func(to string) call {
		return call{method: "POST", path: a + "/move", token: v.manager, body: map[string]string{"to": to}, header: key}
	}
	w.do(move(v.stages[1])).want(http.StatusOK)
	w.do(move(v.stages[2])).problem(http.StatusUnprocessableEntity, "key_reused")
	// Another member's key is another key.
	other := w.tokenOf(commands.FirstAdmin())
	c := move(v.stages[2])
	c.token = other
	w.do(c).want(http.StatusOK)
}

// A retried upload has another boundary and is the same request all the same.
func TestUploadsUnderAKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vacancy("Engineer")
	docs := "/v1/applications/" + w.apply(v, "Grace", "Hopper") + "/documents"
	up := func(content string) call {
		return call{method: "POST", path: docs, token: v.manager, body: newForm("cv").file("cv.txt", content), header: map[string]string{"Idempotency-Key": "u"}}
	}
	first := w.do(up("mine")).want(http.StatusCreated)
	before := w.events()
	if again := w.do(up("mine")).want(http.StatusCreated); string(again.body) != string(first.body) {
		t.Errorf("%s, then %s", first.body, again.body)
	}
	w.do(up("other")).problem(http.StatusUnprocessableEntity, "key_reused")
	if got := w.events(); got != before {
		t.Errorf("%d events were written", got-before)
	}
}

// Without the store of fingerprints a repeated command is still recognised by
// what the log holds.
func TestKeysWithoutPostgres(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vacancy("Engineer")
	a := "/v1/applications/" + w.apply(v, "Grace", "Hopper")
	c := call{method: "POST", path: a + "/move", token: v.manager, body: map[string]string{"to": v.stages[1]}, header: map[string]string{"Idempotency-Key": "k"}}
	first := w.do(c).want(http.StatusOK)
	if _, err := w.pool.Exec(t.Context(), "ALTER TABLE ops.fingerprints RENAME TO away"); err != nil {
		t.Fatal(err)
	}
	before := w.events()
	if again := w.do(c).want(http.StatusOK); string(again.body) != string(first.body) || w.events() != before {
		t.Errorf("%s, then %s", first.body, again.body)
	}
	if !strings.Contains(w.logged.String(), "without comparing its fingerprint") {
		t.Error("nobody was told")
	}
}

// TestStaleRevisionSaysWhatHappened holds E7.
func TestStaleRevisionSaysWhatHappened(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vacancy("Engineer")
	a := "/v1/applications/" + w.apply(v, "Grace", "Hopper")
	at := func(revision string, to int) reply {
		return w.do(call{method: "POST", path: a + "/move", token: v.manager, body: map[string]string{"to": v.stages[to]}, header: map[string]string{"If-Match": revision}})
	}
	at(`"0"`, 1).want(http.StatusOK)
	got := at(`"0"`, 2).problem(http.StatusPreconditionFailed, "stale_revision")
	if got.at("revision") != 1.0 || got.text("between.0.type") != "application.stage_moved.v1" || got.text("between.0.by") != "member:"+v.member {
		t.Errorf("problem %s", got.body)
	}
	at(`"1"`, 2).want(http.StatusOK)
}
