package transport

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/hirelog/hirelog/commands"
)

// member invites somebody and returns their id and token.
func (w *world) member(name, role string) (id, token string) {
	w.t.Helper()
	id = w.post(w.admin, "/v1/members", map[string]any{"name": name, "role": role}).made()
	return id, w.tokenOf(id)
}

// A grant opens one application to a member, as far as its role goes, in every
// read and command, and ends. S2-81, S2-82
func TestGrantsOnOneApplication(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vacancy("Engineer")
	a, other := "/v1/applications/"+w.apply(v, "Grace", "Hopper"), "/v1/applications/"+w.apply(v, "Ada", "Lovelace")
	helper, token := w.member("Helen Helper", "reporting")
	w.get(token, a).problem(http.StatusNotFound, "not_found")
	grant := map[string]any{"member_id": helper, "recruiting_role_id": commands.FirstRole("Interviewer")}
	id := w.post(v.manager, a+"/grants", grant).made()
	if again := w.post(v.manager, a+"/grants", grant).made(); again != id {
		t.Errorf("granted again it is %s, not %s", again, id)
	}

	for path, status := range map[string]int{
		a: 200, a + "/timeline": 200, a + "/comments": 200, a + "/documents": 200, a + "/access": 200, a + "/notes": 403, a + "/history": 403,
		other: 404, other + "/timeline": 404, other + "/history": 404,
	} {
		w.get(token, path).want(status)
	}
	if list := w.get(token, "/v1/applications").want(http.StatusOK); list.at("total") != 1.0 || !strings.HasSuffix(a, list.text("items.0.id")) {
		t.Errorf("list %s", list.body)
	}
	w.post(token, a+"/comments", map[string]string{"text": "x"}).made()
	w.post(token, a+"/move", map[string]string{"to": v.stages[1]}).problem(http.StatusForbidden, "denied")
	w.post(token, other+"/comments", map[string]string{"text": "x"}).problem(http.StatusNotFound, "unknown_application")
	timeline := w.get(v.manager, a+"/timeline").want(http.StatusOK)
	if timeline.text("items.1.kind") != "access_granted" || timeline.text("items.1.grant.member.name") != "Helen Helper" || timeline.text("items.1.grant.cause") != "by_hand" {
		t.Errorf("timeline %s", timeline.body)
	}

	for range 2 {
		w.delete(v.manager, a+"/grants/"+id).want(http.StatusOK)
	}
	w.get(token, a).problem(http.StatusNotFound, "not_found")
	w.post(token, a+"/comments", map[string]string{"text": "x"}).problem(http.StatusNotFound, "unknown_application")
	if list := w.get(token, "/v1/applications").want(http.StatusOK); list.at("total") != 0.0 {
		t.Errorf("list %s", list.body)
	}
	if timeline := w.get(v.manager, a+"/timeline").want(http.StatusOK); timeline.text("items.0.kind") != "access_ends" || timeline.at("items.0.grant.until") == nil {
		t.Errorf("timeline %s", timeline.body)
	}
}

// H7, H8: grants are no way to more than one has, nor to another's application.
func TestGrantsAreNoWayUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	mine, theirs := w.vacancy("Mine"), w.vacancy("Theirs")
	own, other := "/v1/applications/"+w.apply(mine, "Grace", "Hopper"), "/v1/applications/"+w.apply(theirs, "Ada", "Lovelace")
	helper, token := w.member("Helen Helper", "recruiting")
	role := func(name string) map[string]any {
		return map[string]any{"member_id": helper, "recruiting_role_id": commands.FirstRole(name)}
	}
	id := w.post(theirs.manager, other+"/grants", role("Interviewer")).made()
	before := w.events()
	w.post(mine.manager, other+"/grants", role("Interviewer")).problem(http.StatusNotFound, "unknown_application")
	w.delete(mine.manager, other+"/grants/"+id).problem(http.StatusNotFound, "unknown_application")
	w.delete(mine.manager, own+"/grants/"+id).problem(http.StatusNotFound, "unknown_grant")
	w.post(token, other+"/grants", role("Interviewer")).problem(http.StatusForbidden, "denied")
	w.post(token, own+"/grants", role("Interviewer")).problem(http.StatusNotFound, "unknown_application")
	w.post(theirs.manager, other+"/grants", with(role("Interviewer"), map[string]any{"until": time.Now().Add(-time.Minute)})).problem(http.StatusUnprocessableEntity, "invalid")
	if got := w.events(); got != before {
		t.Errorf("%d events were written", got-before)
	}
	// Whoever may give access gives no more than they have themselves.
	w.post(theirs.manager, other+"/grants", role("Hiring manager")).made()
	w.post(token, other+"/grants", role("Recruiter")).problem(http.StatusForbidden, "role_exceeds_own")
	w.post(token, other+"/grants", role("Interviewer")).made()
}

// items returns the list in an answer.
func (r reply) items(path string) []map[string]any {
	r.t.Helper()
	list, ok := r.at(path).([]any)
	if !ok {
		r.t.Fatalf("%s is no list in %s", path, r.body)
	}
	all := make([]map[string]any, len(list))
	for i, item := range list {
		all[i] = item.(map[string]any)
	}
	return all
}

// E10: who may see an application, and why, is answered: to those it concerns.
func TestWhyAMemberMaySeeAnApplication(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v, other := w.vacancy("Engineer"), w.vacancy("Writer")
	a := "/v1/applications/" + w.apply(v, "Grace", "Hopper")
	helper, token := w.member("Helen Helper", "reporting")
	ended := w.post(v.manager, a+"/grants", map[string]any{"member_id": helper, "recruiting_role_id": commands.FirstRole("Hiring manager")}).made()
	w.delete(v.manager, a+"/grants/"+ended).want(http.StatusOK)
	until := time.Now().Add(time.Hour).UTC().Truncate(time.Second)
	grant := w.post(v.manager, a+"/grants", map[string]any{"member_id": helper, "recruiting_role_id": commands.FirstRole("Interviewer"), "until": until}).made()

	list := w.get(token, a+"/access").want(http.StatusOK).items("items")
	var by []string
	for _, e := range list {
		by = append(by, e["by"].(string)+" "+e["role"].(string)+" "+e["member"].(map[string]any)["name"].(string))
	}
	want := "organization_role admin Ada Admin, recruiting_role Recruiter Manager of Engineer, grant Interviewer Helen Helper"
	if got := strings.Join(by, ", "); got != want {
		t.Fatalf("access: %s, want %s", got, want)
	}
	if g := list[2]["grant"].(map[string]any); g["id"] != grant || g["cause"] != "by_hand" || g["until"] != until.Format(time.RFC3339) {
		t.Errorf("grant: %v", g)
	}

	own := w.get(token, a+"/access/explain").want(http.StatusOK)
	held := own.items("held")
	if len(held) != 3 || held[1]["key"] != ended || held[1]["counts"] != false || held[2]["key"] != grant || held[2]["counts"] != true {
		t.Errorf("held: %v", held)
	}
	for _, area := range own.items("areas") {
		if area["of"] == "comments" && (area["level"] != "edit" || area["from"].([]any)[0] != grant) {
			t.Errorf("comments: %v", area)
		}
	}
	if missing := string(own.body); !strings.Contains(missing, `"missing":{"areas":["decision","sensitive",`) {
		t.Errorf("missing: %s", missing)
	}
	// Of others it is told to whoever may view access, to auditors and admins.
	_, auditor := w.member("Otto Auditor", "auditor")
	for _, who := range []string{w.admin, v.manager, auditor} {
		if of := w.get(who, a+"/access/explain?member_id="+helper).want(http.StatusOK); of.text("member.name") != "Helen Helper" {
			t.Errorf("explained %s", of.body)
		}
	}
	w.get(token, a+"/access/explain?member_id="+v.member).problem(http.StatusForbidden, "denied")
	w.get(other.manager, a+"/access/explain").problem(http.StatusNotFound, "not_found")
	w.get(w.admin, a+"/access/explain?member_id=somebody").problem(http.StatusNotFound, "not_found")
}

// An admin opens one application to one auditor, with a reason and an end; until
// then they see who it is, and change nothing. S2-101
func TestOpeningAnApplicationToAnAuditor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vacancy("Engineer")
	a, other := "/v1/applications/"+w.apply(v, "Grace", "Hopper"), "/v1/applications/"+w.apply(v, "Ada", "Lovelace")
	w.post(v.manager, a+"/notes", map[string]string{"text": "Between us"}).made()
	auditor, token := w.member("Otto Auditor", "auditor")
	body := map[string]any{"member_id": auditor, "reason": "A complaint about Grace", "until": time.Now().Add(29 * 24 * time.Hour)}
	masked := func(path string, want bool) {
		t.Helper()
		got := w.get(token, path).want(http.StatusOK)
		if got.at("masked") != want || (got.at("first_name") == nil) != want {
			t.Errorf("%s: %s", path, got.body)
		}
	}
	masked(a, true)

	for _, who := range []string{v.manager, token} {
		w.post(who, a+"/openings", body).problem(http.StatusForbidden, "denied")
	}
	w.post(w.admin, a+"/openings", with(body, map[string]any{"until": time.Now().Add(31 * 24 * time.Hour)})).problem(http.StatusUnprocessableEntity, "invalid")
	w.post(w.admin, a+"/openings", with(body, map[string]any{"member_id": v.member})).problem(http.StatusConflict, "not_an_auditor")
	id := w.post(w.admin, a+"/openings", body).made()

	masked(a, false)
	masked(other, true)
	if notes := w.get(token, a+"/notes").want(http.StatusOK); notes.text("items.0.text") != "Between us" {
		t.Errorf("notes %s", notes.body)
	}
	if replay := w.get(token, a+"/history").want(http.StatusOK); replay.at("masked") != false || !strings.Contains(string(replay.body), "Between us") {
		t.Errorf("history %s", replay.body)
	}
	if found := w.get(token, "/v1/applications?q=grace").want(http.StatusOK); found.at("total") != 1.0 || found.text("items.0.last_name") != "Hopper" {
		t.Errorf("list %s", found.body)
	}
	w.post(token, a+"/notes", map[string]string{"text": "x"}).problem(http.StatusForbidden, "denied")
	w.post(token, a+"/grants", map[string]any{"member_id": auditor, "recruiting_role_id": commands.FirstRole("Recruiter")}).problem(http.StatusForbidden, "denied")
	if entry := w.get(v.manager, a+"/timeline").want(http.StatusOK); entry.text("items.0.kind") != "audit_opened" || entry.text("items.0.text") != body["reason"] || entry.text("items.0.grant.member.name") != "Otto Auditor" {
		t.Errorf("timeline %s", entry.body)
	}
	why := w.get(token, a+"/access/explain").want(http.StatusOK).items("held")
	if len(why) != 2 || why[1]["by"] != "opening" || why[1]["grant"].(map[string]any)["reason"] != body["reason"] {
		t.Errorf("held: %v", why)
	}

	for range 2 {
		w.delete(w.admin, a+"/openings/"+id).want(http.StatusOK)
	}
	w.delete(w.admin, other+"/openings/"+id).problem(http.StatusNotFound, "unknown_opening")
	masked(a, true)
	if entry := w.get(w.admin, a+"/timeline").want(http.StatusOK); entry.text("items.0.kind") != "audit_closed" {
		t.Errorf("timeline %s", entry.body)
	}
}

// Who opened what is noted before it is answered, with the right it was by, and
// read by auditors alone. S2-102
func TestTheReadLog(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vacancy("Engineer")
	app := w.apply(v, "Grace", "Hopper")
	a := "/v1/applications/" + app
	document := w.post(v.manager, a+"/documents", newForm("cv").file("cv.txt", "Grace")).made()
	helper, token := w.member("Helen Helper", "reporting")
	grant := w.post(v.manager, a+"/grants", map[string]any{"member_id": helper, "recruiting_role_id": commands.FirstRole("Interviewer")}).made()
	_, auditor := w.member("Otto Auditor", "auditor")

	file := w.get(token, a+"/documents").want(http.StatusOK).text("items.0.versions.0.files.0.id")
	w.get(token, a+"/documents/"+document+"/files/"+file).want(http.StatusOK)
	w.get(v.manager, a).want(http.StatusOK)
	w.get(v.manager, a+"/history").want(http.StatusOK)
	// What shows nothing of the person, or was refused, is not in it.
	w.get(v.manager, "/v1/applications").want(http.StatusOK)
	w.get(v.manager, a+"/access").want(http.StatusOK)
	w.get(token, a+"/notes").want(http.StatusForbidden)

	var got []string
	for _, r := range w.get(auditor, "/v1/read-log?application_id="+app).want(http.StatusOK).items("items") {
		got = append(got, r["kind"].(string)+" by "+r["rights"].([]any)[0].(string))
	}
	want := "history by recruiting_role, profile by recruiting_role, file by " + grant + ", documents by " + grant
	if strings.Join(got, ", ") != want {
		t.Errorf("noted %s, want %s", strings.Join(got, ", "), want)
	}
	first := w.get(auditor, "/v1/read-log?limit=1&member_id="+helper).want(http.StatusOK)
	if first.text("items.0.object_id") != file || first.at("has_more") != true {
		t.Errorf("page %s", first.body)
	}
	if rest := w.get(auditor, "/v1/read-log?limit=1&member_id="+helper+"&cursor="+first.text("next_cursor")).want(http.StatusOK); rest.text("items.0.kind") != "documents" || rest.at("has_more") != false {
		t.Errorf("page %s", rest.body)
	}
	w.get(auditor, "/v1/read-log?cursor=x").problem(http.StatusUnprocessableEntity, "cursor")
	for _, who := range []string{w.admin, v.manager, token} {
		w.get(who, "/v1/read-log").problem(http.StatusForbidden, "denied")
	}
	if log := string(w.get(auditor, "/v1/read-log").body); strings.Contains(log, "Grace") {
		t.Errorf("the log holds a name: %s", log)
	}

	// A read that cannot be noted is not answered.
	if _, err := w.pool.Exec(t.Context(), "ALTER TABLE ops.reads RENAME TO gone"); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{a, a + "/history", a + "/documents/" + document + "/files/" + file} {
		if got := w.get(v.manager, path).want(http.StatusServiceUnavailable); strings.Contains(string(got.body), "Grace") {
			t.Errorf("%s was answered: %s", path, got.body)
		}
	}
}
