package transport

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/hirelog/hirelog/commands"
	"github.com/hirelog/hirelog/transport/edge"
)

// S2-104: a token held to some jobs gives what its member may there and nothing
// else, whatever the route: what belongs to another job does not exist, and what
// is not about one job may not be used. H2, H7
func TestATokenIsHeldToItsJobs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	mine, other := w.vacancy("Engineer"), w.vacancy("Baker")
	own, theirs := w.apply(mine, "Grace", "Hopper"), w.apply(other, "Mary", "Shelley")
	again := w.post(w.admin, "/v1/applications", map[string]any{"job_id": other.id, "source": "referral", "candidate": map[string]string{"first_name": "Grace", "last_name": "Hopper", "email": "grace.hopper@mail.example"}}).made()
	admin := w.get(w.admin, "/v1/me").text("id")
	issued := w.post(w.admin, "/v1/members/"+admin+"/tokens", map[string]any{"name": "Only engineers", "job_ids": []string{mine.id}}).want(http.StatusCreated)
	token := issued.text("secret")
	w.post(w.admin, "/v1/members/"+admin+"/tokens", map[string]any{"name": "x", "job_ids": []string{uuid.NewString()}}).problem(http.StatusNotFound, "unknown_job")
	w.settle()

	before := w.events()
	asked := 0
	for _, r := range w.handler.edge.Routes() {
		if r.Who.Rule().Public || r.Keeps || r.Hidden {
			continue
		}
		path := strings.Replace(r.Path, "/v1/jobs/{id}", "/v1/jobs/"+other.id, 1)
		path = strings.Replace(path, "/v1/applications/{id}", "/v1/applications/"+theirs, 1)
		path = parameter.ReplaceAllStringFunc(path, func(name string) string {
			if strings.Trim(name, "{}") == r.Number {
				return "1"
			}
			return uuid.NewString()
		})
		got := w.do(call{method: r.Method, path: path, token: token, body: body(r)})
		asked++
		below := strings.HasPrefix(r.Path, "/v1/jobs/{id}") || strings.HasPrefix(r.Path, "/v1/applications/{id}")
		switch {
		case strings.HasPrefix(r.Path, "/v1/candidate") && (got.status == http.StatusNotFound || got.status == http.StatusUnauthorized): // for candidates
		case below && got.status == http.StatusNotFound && got.text("code") == "not_found":
		case !below && got.status == http.StatusForbidden && got.text("code") == "token_of_some_jobs":
		default:
			t.Errorf("%s %s answered %d: %s", r.Method, r.Path, got.status, got.body)
		}
	}
	if n := w.events(); n != before || asked < 60 {
		t.Errorf("%d requests wrote %d events", asked, n-before)
	}
	w.post(token, "/v1/applications", application(other, "Jane", "Austen")).problem(http.StatusNotFound, "unknown_job")

	for _, path := range []string{"/v1/me", "/v1/jobs/" + mine.id, "/v1/jobs/" + mine.id + "/pipeline", "/v1/applications/" + own + "/timeline"} {
		w.get(token, path).want(http.StatusOK)
	}
	profile := w.get(token, "/v1/applications/"+own).want(http.StatusOK)
	if strings.Contains(string(profile.body), again) || profile.at("other_applications_hidden") != true {
		t.Errorf("the profile names another job's application: %s", profile.body)
	}
	if line := w.get(token, "/v1/applications/"+own+"/timeline?of=person").want(http.StatusOK); strings.Contains(string(line.body), again) {
		t.Errorf("the person's timeline shows another job's application: %s", line.body)
	}
	for query, want := range map[string]int{"": 1, "?job_id=" + other.id: 0, "?job_id=" + mine.id + "&job_id=" + other.id: 1, "?q=Shelley": 0} {
		if got := w.get(token, "/v1/applications"+query).want(http.StatusOK); got.number("total") != want {
			t.Errorf("%s: %s", query, got.body)
		}
	}
	if file := string(w.get(token, "/v1/applications.csv").want(http.StatusOK).body); strings.Contains(file, "Shelley") || !strings.Contains(file, "Hopper") {
		t.Errorf("exported: %s", file)
	}
	w.post(token, "/v1/applications/"+own+"/move", map[string]string{"to": mine.stages[1]}).want(http.StatusOK)
	w.apply(vacancy{id: mine.id, manager: token}, "Jane", "Austen")

	// It is so of a token for reading alone, and after it got another secret.
	reads := w.post(w.admin, "/v1/members/"+admin+"/tokens", map[string]any{"name": "Reads", "access": "read", "job_ids": []string{mine.id}}).want(http.StatusCreated)
	w.post(reads.text("secret"), "/v1/applications/"+own+"/move", map[string]string{"to": mine.stages[0]}).problem(http.StatusForbidden, "read_only_token")
	rotated := w.post(w.admin, "/v1/members/"+admin+"/tokens/"+issued.text("id")+"/rotate", nil).want(http.StatusOK).text("secret")
	w.get(rotated, "/v1/applications/"+theirs).problem(http.StatusNotFound, "not_found")
	w.get(rotated, "/v1/applications/"+own).want(http.StatusOK)
	history := w.get(w.admin, "/v1/members/"+admin+"/history").want(http.StatusOK)
	if !slices.Contains(strings.Split(string(history.body), `"`), mine.id) {
		t.Errorf("the history does not say to which job: %s", history.body)
	}
}

// S2-34..41: a member's calendar program reads their interviews by an address of
// its own, which opens nothing else, shows what they may view now, and is revoked.
func TestTheCalendarFeed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v, other := w.vacancy("Engineer"), w.vacancy("Baker")
	id := w.apply(v, "Grace", "Hopper")
	w.post(v.manager, "/v1/applications/"+id+"/interviews", with(meeting(v, 5), map[string]any{"title": "First talk"})).made()
	path := "/v1/members/" + v.member + "/tokens"
	issued := w.post(v.manager, path, map[string]any{"name": "Phone", "access": "calendar"}).want(http.StatusCreated)
	secret := issued.text("secret")
	feed := func(secret string) reply {
		return w.do(call{method: http.MethodGet, path: "/v1/calendar/" + secret})
	}
	w.settle()
	got := feed(secret).want(http.StatusOK)
	if text := string(got.body); !strings.HasPrefix(got.header.Get("Content-Type"), "text/calendar") || !strings.Contains(text, "SUMMARY:First talk") ||
		strings.Contains(text, "mail.example") || strings.Contains(text, "Hopper") {
		t.Errorf("feed: %v %s", got.header, text)
	}
	if strings.Contains(w.logged.String(), secret) {
		t.Error("the secret is in the log")
	}
	// It is for the calendar alone, and nothing else is for the calendar.
	w.get(secret, "/v1/me").problem(http.StatusUnauthorized, "invalid_token")
	w.post(secret, "/v1/applications/"+id+"/notes", map[string]string{"text": "x"}).problem(http.StatusUnauthorized, "invalid_token")
	feed(v.manager).problem(http.StatusNotFound, "not_found")
	feed("hl_nothing").problem(http.StatusNotFound, "not_found")
	theirs := w.post(other.manager, "/v1/members/"+other.member+"/tokens", map[string]any{"name": "Phone", "access": "calendar"}).want(http.StatusCreated).text("secret")
	if text := string(feed(theirs).want(http.StatusOK).body); strings.Contains(text, "VEVENT") {
		t.Errorf("of another: %s", text)
	}
	w.post(v.manager, path, map[string]any{"name": "x", "access": "calendar", "job_ids": []string{v.id}}).problem(http.StatusUnprocessableEntity, "invalid")
	// Who may not view the interview any more finds it in no calendar.
	w.put(w.admin, "/v1/jobs/"+v.id+"/hiring-team", map[string]any{"hiring_team": []map[string]any{
		{"member_id": other.member, "recruiting_role_id": commands.FirstRole("Recruiter"), "recruitment_manager": true},
	}}).want(http.StatusOK)
	w.settle()
	if text := string(feed(secret).want(http.StatusOK).body); strings.Contains(text, "VEVENT") {
		t.Errorf("after the rights went: %s", text)
	}
	w.delete(v.manager, path+"/"+issued.text("id")).want(http.StatusOK)
	feed(secret).problem(http.StatusNotFound, "not_found")
}

// body is something a route can read.
func body(r edge.Route) any {
	switch r.Body {
	case edge.JSONBody:
		return "{}"
	case edge.FormBody:
		return newForm("cv").file("cv.txt", "x")
	case edge.NoBody, edge.OptionalJSONBody, edge.MailBody:
	}
	return nil
}
