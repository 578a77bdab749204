package transport

import (
	"bytes"
	"net/http"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/hirelog/hirelog/commands"
	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/internal/eventlog"
)

// kinds lists what stands at a field of all items.
func (r reply) kinds(field string) (all []any) {
	r.t.Helper()
	for _, item := range r.want(http.StatusOK).at("items").([]any) {
		all = append(all, item.(map[string]any)[field])
	}
	return all
}

// S1-50, S2-60, S2-13: uploads and mentions are told once each to whom they
// concern, and not to who did it; nobody sees in an inbox what they may not
// open (H2, H7), and nobody reads another's (H8).
func TestInbox(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v, other := w.vacancy("Engineer"), w.vacancy("Baker")
	id := w.apply(v, "Grace", "Hopper")
	colleague := w.post(w.admin, "/v1/members", map[string]any{"name": "Colleague", "role": "recruiting"}).made()
	team := func(role string) {
		w.put(v.manager, "/v1/jobs/"+v.id+"/hiring-team", map[string]any{"hiring_team": []map[string]any{
			{"member_id": v.member, "recruiting_role_id": commands.FirstRole("Recruiter"), "recruitment_manager": true},
			{"member_id": colleague, "recruiting_role_id": role},
		}}).want(http.StatusOK)
	}
	team(commands.FirstRole("Recruiter"))
	token := w.tokenOf(colleague)
	at := "/v1/applications/" + id
	comment := w.post(v.manager, at+"/comments", map[string]any{"text": "Have a look", "mentions": []string{colleague, v.member, other.member}}).made()
	document := w.do(call{method: http.MethodPost, path: at + "/documents", token: token, body: newForm("cv").file("cv.txt", "I flew ships.")}).made()

	inbox := w.get(token, "/v1/me/inbox")
	if got := inbox.kinds("kind"); len(got) != 1 || got[0] != "mentioned" || inbox.text("items.0.comment_id") != comment ||
		inbox.text("items.0.application_id") != id || inbox.text("items.0.job.title") != "Engineer" || inbox.at("unread") != 1.0 || inbox.at("items.0.unread") != true {
		t.Errorf("the mentioned: %s", inbox.body)
	}
	if bytes.Contains(inbox.body, []byte("Have a look")) || bytes.Contains(inbox.body, []byte("Hopper")) {
		t.Errorf("an inbox says what was written: %s", inbox.body)
	}
	manager := w.get(v.manager, "/v1/me/inbox")
	if got := manager.kinds("kind"); len(got) != 1 || got[0] != "document_uploaded" || manager.text("items.0.document_id") != document || manager.text("items.0.by.name") != "Colleague" {
		t.Errorf("the manager, who wrote the comment: %s", manager.body)
	}
	if got := w.get(other.manager, "/v1/me/inbox").kinds("kind"); len(got) != 0 {
		t.Errorf("mentioned without a right to comments: %v", got)
	}
	w.get("", "/v1/me/inbox").problem(http.StatusUnauthorized, "unauthenticated")

	// Reading is said, not done by looking (H12), and only for oneself.
	notice := inbox.text("items.0.id")
	w.post(v.manager, "/v1/me/inbox/read", map[string]any{"through": notice}).want(http.StatusOK)
	if got := w.get(token, "/v1/me/inbox"); got.at("unread") != 1.0 {
		t.Errorf("read by somebody else: %s", got.body)
	}
	w.post(token, "/v1/me/inbox/read", map[string]any{"through": notice}).want(http.StatusOK)
	w.post(token, "/v1/me/inbox/read", map[string]any{"through": notice}).want(http.StatusOK)
	if got := w.get(token, "/v1/me/inbox"); got.at("unread") != 0.0 || got.at("items.0.unread") != false {
		t.Errorf("read: %s", got.body)
	}
	w.post(v.manager, at+"/comments", map[string]any{"text": "And again", "mentions": []string{colleague}}).made()
	first := w.get(token, "/v1/me/inbox?limit=1")
	if first.at("unread") != 1.0 || first.at("has_more") != true || first.text("items.0.id") == notice {
		t.Errorf("a later one: %s", first.body)
	}
	if got := w.get(token, "/v1/me/inbox?limit=1&cursor="+first.text("next_cursor")); got.text("items.0.id") != notice || got.at("has_more") != false {
		t.Errorf("the second page: %s", got.body)
	}
	w.get(v.manager, "/v1/me/inbox?limit=1&cursor="+first.text("next_cursor")).problem(http.StatusUnprocessableEntity, "cursor")
	if got := w.get(token, "/v1/me/inbox?unread=true&kind=mentioned").kinds("unread"); len(got) != 1 {
		t.Errorf("only unread: %v", got)
	}
	if got := w.get(token, "/v1/me/inbox?kind=candidate_note").kinds("kind"); len(got) != 0 {
		t.Errorf("of another kind: %v", got)
	}

	// What was deleted, and what one may no longer see, is gone.
	w.delete(v.manager, at+"/comments/"+comment).want(http.StatusOK)
	if got := w.get(token, "/v1/me/inbox").kinds("id"); len(got) != 1 || got[0] == notice {
		t.Errorf("after the comment was deleted: %v", got)
	}
	team(w.role("Sees the list", map[access.Area]string{access.Application: "view"}))
	if got := w.get(token, "/v1/me/inbox"); len(got.kinds("id")) != 0 || got.at("unread") != 0.0 {
		t.Errorf("after the right was taken: %s", got.body)
	}
}

// S2-13..16, S2-89: tasks are there as long as they are to be done, for who may
// do them.
func TestTasks(t *testing.T) {
	t.Parallel()
	now := time.Now()
	w := newWorld(t, func(o *Options) { o.Queries.Now = func() time.Time { return now } })
	w.do(call{method: http.MethodPatch, path: "/v1/organization/settings", token: w.admin, body: map[string]any{"self_tracking": true}}).want(http.StatusOK)
	v, other := w.vacancy("Engineer"), w.vacancy("Baker")
	id := w.apply(v, "Grace", "Hopper")
	at := "/v1/applications/" + id
	tasks := func(token, path string) []any { t.Helper(); return w.get(token, path).kinds("kind") }
	want := func(what string, got []any, kinds ...string) {
		t.Helper()
		if len(got) != len(kinds) {
			t.Errorf("%s: %v, want %v", what, got, kinds)
			return
		}
		for i, k := range kinds {
			if got[i] != k {
				t.Errorf("%s: %v, want %v", what, got, kinds)
			}
		}
	}
	want("nothing to do", tasks(v.manager, at+"/tasks"))

	document := w.do(call{method: http.MethodPost, path: at + "/documents", token: w.admin, body: newForm("cv").file("cv.txt", "I flew ships.")}).made()
	w.post(w.admin, at+"/comments", map[string]any{"text": "One"}).made()
	w.post(w.admin, at+"/comments", map[string]any{"text": "Two"}).made()
	got := w.get(v.manager, at+"/tasks")
	want("a review and comments", got.kinds("kind"), "document_to_review", "comments_unread")
	if got.text("items.0.document_id") != document || got.at("items.0.yours") != true || got.at("items.1.comments") != 2.0 {
		t.Errorf("tasks: %s", got.body)
	}
	want("of the one who wrote them", tasks(w.admin, at+"/tasks"), "document_to_review")
	want("own tasks", tasks(v.manager, "/v1/me/tasks"), "document_to_review")
	want("who manages nothing here", tasks(w.admin, "/v1/me/tasks"))
	w.post(v.manager, at+"/documents/"+document+"/approve", map[string]any{"version": 1}).want(http.StatusOK)
	want("after the review", tasks(v.manager, "/v1/me/tasks"))

	due := now.Add(72 * time.Hour).UTC()
	w.post(w.admin, at+"/document-requests", map[string]any{"title": "Diploma", "category": "certificate", "due_at": due}).made()
	want("before the due date", tasks(w.admin, "/v1/me/tasks"))
	now = due.Add(time.Minute)
	want("of who asked, when it is overdue", tasks(w.admin, "/v1/me/tasks"), "document_overdue")
	want("of the manager, too", tasks(v.manager, "/v1/me/tasks"), "document_overdue")

	w.do(call{method: http.MethodPatch, path: "/v1/jobs/" + v.id + "/stages/" + v.stages[0], token: v.manager, body: map[string]any{"limit_days": 2}}).want(http.StatusOK)
	overdue := w.get(v.manager, "/v1/me/tasks")
	want("over the stage's limit", overdue.kinds("kind"), "stage_overdue", "document_overdue")
	if overdue.text("items.0.stage.id") != v.stages[0] || overdue.text("items.0.stage.name") != "New" {
		t.Errorf("stage: %s", overdue.body)
	}
	// S2-89: whoever manages the stage is told, when time has passed.
	late := commands.New(commands.Options{Log: w.log, Directory: w.directory, Now: func() time.Time { return now }})
	if _, err := late.WatchStage(t.Context(), commands.Caller{Actor: domain.System, CommandID: uuid.New(), Origin: eventlog.Live}, id, v.stages[0]); err != nil {
		t.Fatal(err)
	}
	told := w.get(v.manager, "/v1/me/inbox?kind=stage_overdue").want(http.StatusOK)
	if len(told.items("items")) != 1 || told.text("items.0.stage_id") != v.stages[0] || told.text("items.0.application_id") != id || told.text("items.0.by.kind") != "system" {
		t.Errorf("told: %s", told.body)
	}
	if got := w.get(v.manager, at+"/timeline").want(http.StatusOK); got.text("items.0.kind") != "stage_overdue" || got.text("items.0.to_stage.id") != v.stages[0] {
		t.Errorf("timeline: %s", got.body)
	}
	if got := w.get(w.admin, "/v1/me/inbox?kind=stage_overdue").want(http.StatusOK); len(got.items("items")) != 0 {
		t.Errorf("who manages nothing here is told: %s", got.body)
	}
	w.post(v.manager, at+"/move", map[string]any{"to": v.stages[1]}).want(http.StatusOK)
	want("in the next stage", tasks(v.manager, "/v1/me/tasks"), "document_overdue")

	want("of another job's manager", tasks(other.manager, "/v1/me/tasks"))
	w.get(other.manager, at+"/tasks").problem(http.StatusNotFound, "not_found")
	w.post(v.manager, at+"/disqualify", map[string]any{"kind": "rejected", "reason_id": commands.FirstReason("Not enough experience")}).want(http.StatusOK)
	want("after it was closed", tasks(v.manager, "/v1/me/tasks"))
}
