package transport

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/hirelog/hirelog/commands"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/internal/eventlog"
	"github.com/hirelog/hirelog/transport/queryapi"
)

func TestTheList(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v, other := w.vacancy("Engineer"), w.vacancy("Writer")
	grace, ada := w.apply(v, "Grace", "Hopper"), w.apply(v, "Ada", "Lovelace")
	w.apply(other, "Jane", "Austen")
	w.post(v.manager, "/v1/applications/"+ada+"/move", map[string]string{"to": v.stages[1]}).want(http.StatusOK)
	w.put(v.manager, "/v1/applications/"+grace+"/priority", map[string]bool{"priority": true}).want(http.StatusOK)
	for query, want := range map[string][]string{
		"":                                 {ada, grace},
		"order=asc":                        {grace, ada},
		"stage_id=" + v.stages[1]:          {ada},
		"priority=true":                    {grace},
		"priority=false":                   {ada},
		"q=love":                           {ada},
		"q=" + url.QueryEscape("GRACE ho"): {grace},
		"q=austen":                         {},
		"sort=name&order=asc":              {grace, ada},
		"outcome=rejected":                 {},
		"job_id=" + v.id + "&outcome=in_progress&outcome=rejected": {ada, grace},
		"job_id=" + other.id:               {},
		"received_to=2020-01-01T00:00:00Z": {},
		"owner_id=" + v.member:             {ada, grace},
		"source=referral&source=x":         {ada, grace},
	} {
		got := w.get(v.manager, "/v1/applications?"+query).want(http.StatusOK)
		items, _ := got.at("items").([]any)
		var ids []string
		for _, item := range items {
			ids = append(ids, item.(map[string]any)["id"].(string))
		}
		if strings.Join(ids, " ") != strings.Join(want, " ") || got.at("total") != float64(len(want)) {
			t.Errorf("?%s: %v of %v, want %v", query, ids, got.at("total"), want)
		}
	}
	first := w.get(v.manager, "/v1/applications?limit=1").want(http.StatusOK)
	if first.at("has_more") != true {
		t.Errorf("page %s", first.body)
	}
	second := w.get(v.manager, "/v1/applications?limit=1&cursor="+first.text("next_cursor")).want(http.StatusOK)
	if second.text("items.0.id") != grace || second.at("has_more") != false || second.at("next_cursor") != nil {
		t.Errorf("page %s", second.body)
	}
	w.get(v.manager, "/v1/applications?limit=1&sort=changed&cursor="+first.text("next_cursor")).problem(http.StatusUnprocessableEntity, "cursor")
}

func TestTheTimelineAndTheHistory(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vacancy("Engineer")
	a := "/v1/applications/" + w.apply(v, "Grace", "Hopper")
	w.post(v.manager, a+"/comments", map[string]string{"text": "First"}).made()
	const request = "018f3c5e-7a1b-7c3d-8e4f-0123456789ab"
	w.do(call{method: "POST", path: a + "/move", token: v.manager, body: map[string]string{"to": v.stages[1], "comment": "Convincing"}, header: map[string]string{"X-Request-Id": request}}).want(http.StatusOK)
	page := w.get(v.manager, a+"/timeline?limit=2").want(http.StatusOK)
	if page.text("items.0.kind") != "stage_moved" || page.text("items.0.text") != "Convincing" || page.text("items.1.kind") != "comment_added" || page.at("has_more") != true {
		t.Errorf("timeline %s", page.body)
	}
	if rest := w.get(v.manager, a+"/timeline?cursor="+page.text("next_cursor")).want(http.StatusOK); rest.text("items.0.kind") != "received" {
		t.Errorf("timeline %s", rest.body)
	}
	replay := w.get(v.manager, a+"/history").want(http.StatusOK)
	if replay.text("events.2.correlation_id") != request || replay.text("events.2.by") != "member:"+v.member || replay.at("profile") != nil || replay.text("events.2.data.comment") != "Convincing" {
		t.Errorf("history %s", replay.body)
	}
	past := w.get(v.manager, a+"/history?as_of=1").want(http.StatusOK)
	if past.text("profile.stage_id") != v.stages[0] || past.at("revision") != 1.0 || strings.Contains(string(past.body), "Convincing") {
		t.Errorf("history %s", past.body)
	}
	w.get(v.manager, a+"/history?as_of=before").want(http.StatusUnprocessableEntity)
}

func TestTheSameAnswerIsNotSentAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vacancy("Engineer")
	a := "/v1/applications/" + w.apply(v, "Grace", "Hopper")
	first := w.get(v.manager, a).want(http.StatusOK)
	tag := first.header.Get("ETag")
	again := func(tag string) reply {
		return w.do(call{method: "GET", path: a, token: v.manager, header: map[string]string{"If-None-Match": tag, "Hirelog-Position": w.head()}})
	}
	for _, known := range []string{tag, "W/" + tag, `"other", ` + tag, "*"} {
		if got := again(known).want(http.StatusNotModified); len(got.body) != 0 || got.header.Get("ETag") != tag {
			t.Errorf("If-None-Match: %s: %d bytes, ETag %s", known, len(got.body), got.header.Get("ETag"))
		}
	}
	w.put(v.manager, a+"/priority", map[string]bool{"priority": true}).want(http.StatusOK)
	if got := again(tag).want(http.StatusOK); got.header.Get("ETag") == tag {
		t.Error("another representation has the same ETag")
	}
}

// TestWhoMayViewAnApplication holds S2-79.
func TestWhoMayViewAnApplication(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vacancy("Engineer")
	a := "/v1/applications/" + w.apply(v, "Grace", "Hopper")
	got := w.get(v.manager, a+"/access").want(http.StatusOK)
	if got.text("items.0.role") != "admin" || got.text("items.1.member.id") != v.member || got.text("items.1.role") != "Recruiter" || got.at("items.1.recruitment_manager") != true {
		t.Errorf("access %s", got.body)
	}
}

// A read below an area needs the right to the area, whatever else the member
// may see.
func TestReadsNeedTheRight(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vacancy("Engineer")
	a := "/v1/applications/" + w.apply(v, "Grace", "Hopper")
	role := w.role("Glance", map[access.Area]string{access.Application: "view"})
	m := w.post(w.admin, "/v1/members", map[string]string{"name": "Glancer", "role": "recruiting"}).made()
	glancer := w.tokenOf(m)
	w.put(v.manager, "/v1/jobs/"+v.id+"/hiring-team", map[string]any{"hiring_team": []map[string]any{
		{"member_id": v.member, "recruiting_role_id": commands.FirstRole("Recruiter"), "recruitment_manager": true},
		{"member_id": m, "recruiting_role_id": role},
	}}).want(http.StatusOK)
	w.get(glancer, a).want(http.StatusOK)
	for _, path := range []string{"/notes", "/comments", "/history"} {
		w.get(glancer, a+path).problem(http.StatusForbidden, "denied")
	}
	if got := w.get(glancer, a+"/documents").want(http.StatusOK); len(got.at("items").([]any)) != 0 {
		t.Errorf("documents %s", got.body)
	}
	w.post(glancer, a+"/comments", map[string]string{"text": "x"}).problem(http.StatusForbidden, "denied")
	w.post(glancer, a+"/move", map[string]string{"to": v.stages[1]}).problem(http.StatusForbidden, "denied")
	w.post(glancer, a+"/anonymise", nil).problem(http.StatusForbidden, "denied")
}

// behind is a waiter that is late by so much and never gets anywhere.
type behind struct {
	lag   time.Duration
	known bool
}

func (b behind) Wait(ctx context.Context, _ string, position eventlog.Position) error {
	if position == eventlog.Start {
		return errors.New("nobody has looked")
	}
	<-ctx.Done()
	return ctx.Err()
}

func (b behind) Lag(string) (time.Duration, bool) { return b.lag, b.known }

// TestReadsWaitForAPositionAndNotForEver holds E5.
func TestReadsWaitForAPositionAndNotForEver(t *testing.T) {
	t.Parallel()
	late := func(b behind) func(*Options) {
		return func(o *Options) { o.Queries.Waiter, o.Queries.Wait = b, 50*time.Millisecond }
	}
	w := newWorld(t, late(behind{known: true}))
	w.settle()
	got := w.get(w.admin, "/v1/jobs").problem(http.StatusServiceUnavailable, "behind")
	if got.header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	if got := w.get(w.admin, "/v1/organization/tags?stale=allow").want(http.StatusOK); got.header.Get("Hirelog-Stale") != "true" {
		t.Error("a stale answer is not marked")
	}
	w = newWorld(t, late(behind{lag: 11 * time.Second, known: true}))
	w.do(call{method: "GET", path: "/v1/jobs", token: w.admin}).problem(http.StatusServiceUnavailable, "rights_unknown")
	w = newWorld(t, late(behind{}))
	w.do(call{method: "GET", path: "/v1/jobs", token: w.admin}).problem(http.StatusServiceUnavailable, "rights_unknown")
}

var _ queryapi.Waiter = behind{}
