package transport

import (
	"encoding/csv"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/hirelog/hirelog/commands"
	"github.com/hirelog/hirelog/domain/access"
)

// S2-109: a view is saved for oneself or shared; others see what is shared, and
// change nothing of it.
func TestSavedViews(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v, other := w.vacancy("Engineer"), w.vacancy("Baker")
	reporter := w.tokenOf(w.post(w.admin, "/v1/members", map[string]any{"name": "Reporter", "role": "reporting"}).made())
	mine := map[string]any{"name": "Flagged", "filter": map[string]any{"job_ids": []string{v.id}, "priority": true}, "columns": []string{"last_name", "stage"}, "sort": "name", "order": "asc"}
	own := w.post(v.manager, "/v1/views", mine).made()
	shared := w.post(v.manager, "/v1/views", map[string]any{"name": "Everybody's", "shared": true, "filter": map[string]any{"unread": true}}).made()

	got := w.get(v.manager, "/v1/views/"+own).want(http.StatusOK)
	if got.text("name") != "Flagged" || got.text("columns.1") != "stage" || got.at("filter.priority") != true || got.text("sort") != "name" || got.at("own") != true || got.text("by.member_id") != v.member {
		t.Errorf("own: %s", got.body)
	}
	if list := w.get(other.manager, "/v1/views").want(http.StatusOK); len(list.at("items").([]any)) != 1 || list.text("items.0.id") != shared || list.at("items.0.own") != false {
		t.Errorf("of another: %s", list.body)
	}
	w.get(other.manager, "/v1/views/"+own).problem(http.StatusNotFound, "not_found")
	before := w.events()
	w.put(other.manager, "/v1/views/"+own, mine).problem(http.StatusNotFound, "unknown_view")
	w.delete(other.manager, "/v1/views/"+own).problem(http.StatusNotFound, "unknown_view")
	w.put(other.manager, "/v1/views/"+shared, mine).problem(http.StatusForbidden, "denied")
	w.delete(other.manager, "/v1/views/"+shared).problem(http.StatusForbidden, "denied")
	w.post(reporter, "/v1/views", map[string]any{"name": "For all", "shared": true}).problem(http.StatusForbidden, "denied")
	w.put(v.manager, "/v1/views/018f0000-0000-7000-8000-000000000000", mine).problem(http.StatusNotFound, "unknown_view")
	w.post(v.manager, "/v1/views", map[string]any{"name": "x", "filter": map[string]any{"q": "Hopper"}}).problem(http.StatusUnprocessableEntity, "invalid")
	w.put(v.manager, "/v1/views/"+own, mine).want(http.StatusOK)
	if n := w.events(); n != before {
		t.Errorf("%d events were written", n-before)
	}
	w.post(reporter, "/v1/views", map[string]any{"name": "For me"}).made()
	w.put(w.admin, "/v1/views/"+shared, map[string]any{"name": "Renamed", "shared": true}).want(http.StatusOK)
	if got := w.get(v.manager, "/v1/views/"+shared).want(http.StatusOK); got.text("name") != "Renamed" || got.at("own") != true {
		t.Errorf("renamed: %s", got.body)
	}
	w.delete(v.manager, "/v1/views/"+own).want(http.StatusOK)
	w.get(v.manager, "/v1/views/"+own).problem(http.StatusNotFound, "not_found")
}

// S2-109, S2-102: the list is exported with the rights of who asks, no cell is a
// formula, and the read log has each application. H2, H8
func TestTheListIsExported(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v, other := w.vacancy("Engineer"), w.vacancy("Baker")
	id := w.post(v.manager, "/v1/applications", map[string]any{"job_id": v.id, "source": "referral", "candidate": map[string]string{
		"first_name": "=HYPERLINK(1)", "last_name": "Hopper", "email": "grace@mail.example",
	}}).made()
	w.apply(v, "Ada", "Lovelace")
	w.apply(other, "Mary", "Shelley")
	w.post(v.manager, "/v1/applications/"+id+"/tags", map[string]string{"label": "Go"}).made()
	rows := func(token, query string) [][]string {
		t.Helper()
		got := w.get(token, "/v1/applications.csv"+query).want(http.StatusOK)
		if typ := got.header.Get("Content-Type"); !strings.HasPrefix(typ, "text/csv") || !strings.HasPrefix(got.header.Get("Content-Disposition"), "attachment") {
			t.Errorf("answered as %s", typ)
		}
		all, err := csv.NewReader(strings.NewReader(string(got.body))).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
	got := rows(v.manager, "?sort=name&order=asc&column=last_name&column=first_name&column=tags")
	want := [][]string{{"id", "last_name", "first_name", "tags"}, {id, "Hopper", "'=HYPERLINK(1)", "Go"}}
	if len(got) != 3 || !slices.EqualFunc(got[:2], want, slices.Equal[[]string]) {
		t.Errorf("exported %q, want %q first", got, want)
	}
	if got := rows(w.admin, ""); len(got) != 4 || len(got[0]) != 18 {
		t.Errorf("everything: %q", got)
	}
	auditor := w.tokenOf(w.post(w.admin, "/v1/members", map[string]any{"name": "Auditor", "role": "auditor"}).made())
	if text := string(w.get(auditor, "/v1/applications.csv").want(http.StatusOK).body); strings.Contains(text, "Hopper") || strings.Contains(text, "grace@") || strings.Contains(text, "Go") {
		t.Errorf("the auditor got %s", text)
	}
	log := w.get(auditor, "/v1/read-log?application_id="+id+"&member_id="+v.member).want(http.StatusOK)
	if log.text("items.0.kind") != "export" || log.text("items.0.rights.0") != "recruiting_role" {
		t.Errorf("read log: %s", log.body)
	}
	w.get(v.manager, "/v1/applications.csv?column=salary").problem(http.StatusUnprocessableEntity, "invalid")
	w.get("", "/v1/applications.csv").problem(http.StatusUnauthorized, "unauthenticated")
}

// S2-09, S2-10, S2-100: unread comments choose applications and stand on cards,
// as ratings do, for who may view them.
func TestUnreadAndRatings(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vacancy("Engineer")
	a, b := w.apply(v, "Grace", "Hopper"), w.apply(v, "Ada", "Lovelace")
	looker := w.post(w.admin, "/v1/members", map[string]any{"name": "Looker", "role": "recruiting"}).made()
	w.put(v.manager, "/v1/jobs/"+v.id+"/hiring-team", map[string]any{"hiring_team": []map[string]any{
		{"member_id": v.member, "recruiting_role_id": commands.FirstRole("Recruiter"), "recruitment_manager": true},
		{"member_id": looker, "recruiting_role_id": w.role("Looks on", map[access.Area]string{access.Application: "view"})},
	}}).want(http.StatusOK)
	comment := w.post(w.admin, "/v1/applications/"+a+"/comments", map[string]string{"text": "What do you think?"}).made()
	w.put(v.manager, "/v1/applications/"+a+"/rating", map[string]int{"rating": 4}).want(http.StatusOK)
	list := func(token, query string) reply { return w.get(token, "/v1/applications"+query).want(http.StatusOK) }
	if got := list(v.manager, "?unread=true"); got.number("total") != 1 || got.text("items.0.id") != a || got.number("items.0.unread_comments") != 1 {
		t.Errorf("unread: %s", got.body)
	}
	if got := list(v.manager, "?unread=false&job_id="+v.id); got.number("total") != 1 || got.text("items.0.id") != b {
		t.Errorf("not unread: %s", got.body)
	}
	if got := list(w.admin, "?unread=true"); got.number("total") != 0 {
		t.Errorf("of who wrote it: %s", got.body)
	}
	token := w.tokenOf(looker)
	for _, query := range []string{"?unread=true", "?unread=false"} {
		if got := list(token, query); got.number("total") != 0 {
			t.Errorf("without the right, %s: %s", query, got.body)
		}
	}
	if got := list(token, ""); got.number("total") != 2 || got.at("items.0.unread_comments") != nil {
		t.Errorf("without the right: %s", got.body)
	}
	pipeline := w.get(v.manager, "/v1/jobs/"+v.id+"/pipeline?unread=true").want(http.StatusOK)
	card := "columns.0.items.0."
	if pipeline.text(card+"id") != a || pipeline.number(card+"unread_comments") != 1 || pipeline.number(card+"rating.mean") != 4 || pipeline.number(card+"rating.own") != 4 {
		t.Errorf("card: %s", pipeline.body)
	}
	hidden := w.get(token, "/v1/jobs/"+v.id+"/pipeline").want(http.StatusOK)
	if hidden.at(card+"unread_comments") != nil || hidden.at(card+"rating") != nil {
		t.Errorf("card without the rights: %s", hidden.body)
	}
	w.post(v.manager, "/v1/applications/"+a+"/comments/read", map[string]string{"through": comment}).want(http.StatusOK)
	if got := list(v.manager, "?unread=true"); got.number("total") != 0 {
		t.Errorf("read: %s", got.body)
	}
}
