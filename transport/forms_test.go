package transport

import (
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hirelog/hirelog/commands"
	"github.com/hirelog/hirelog/internal/eventlog"
	"github.com/hirelog/hirelog/transport/commandapi"
)

// letter is a form that somebody sends.
func letter(first, last, email string, more map[string]string) *form {
	f := newForm("")
	fields := map[string]string{"first_name": first, "last_name": last, "email": email}
	for name, value := range more {
		fields[name] = value
	}
	for name, value := range fields {
		_ = f.w.WriteField(name, value)
	}
	return f
}

func (f *form) cv(name, content string) *form {
	p, _ := f.w.CreateFormFile("cv", name)
	_, _ = io.WriteString(p, content)
	return f
}

// sent is the path forms of a job are sent to.
func sent(v vacancy) string { return "/v1/public/jobs/" + v.id + "/applications" }

func answers(t *testing.T, given map[string]any) map[string]string {
	t.Helper()
	text, err := json.Marshal(given)
	if err != nil {
		t.Fatal(err)
	}
	return map[string]string{"answers": string(text), "consent_version": "2026-01", "consent_at": "2026-03-01T10:00:00Z", "phone": "+1 555 0100"}
}

// S2-01, S2-103: an application arrives by the public form, with typed answers
// and a CV, in the first stage; a knock-out answer only flags it.
func TestAnApplicationByTheForm(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vacancy("Engineer")
	w.put(v.manager, "/v1/jobs/"+v.id+"/form", map[string]any{"questions": []map[string]any{
		{"label": "Years of experience", "kind": "number", "required": true, "knock_out": map[string]any{"below": 3}},
		{"label": "Where?", "kind": "multi_choice", "options": []string{"Lisbon", "Remote"}},
	}}).want(http.StatusOK)
	job := w.get("", "/v1/public/jobs/"+v.id).want(http.StatusOK)
	if strings.Contains(string(job.body), "knock") || job.text("questions.0.kind") != "number" || job.at("questions.0.required") != true {
		t.Errorf("public job %s", job.body)
	}
	years, where := job.text("questions.0.id"), job.text("questions.1.id")
	before := w.events()
	w.post("", sent(v), letter("Grace", "Hopper", "grace@mail.example", nil)).problem(http.StatusUnprocessableEntity, "answer")
	w.post("", sent(v), letter("Grace", "Hopper", "grace@mail.example", answers(t, map[string]any{years: "many"}))).problem(http.StatusUnprocessableEntity, "answer")
	w.post("", sent(v), letter("", "", "grace@mail.example", answers(t, map[string]any{years: 1}))).problem(http.StatusUnprocessableEntity, "invalid")
	w.post("", sent(v), letter("Grace", "Hopper", "nobody", answers(t, map[string]any{years: 1}))).problem(http.StatusUnprocessableEntity, "invalid")
	if got := w.events(); got != before {
		t.Errorf("%d events were written", got-before)
	}
	given := answers(t, map[string]any{years: 2, where: []string{"Remote"}})
	// H4: what a file is, its content decides.
	w.post("", sent(v), letter("Grace", "Hopper", "grace@mail.example", given).cv("cv.pdf", "Wrote a compiler")).want(http.StatusAccepted)
	list := w.get(v.manager, "/v1/applications?knocked_out=true").want(http.StatusOK)
	a := "/v1/applications/" + list.text("items.0.id")
	profile := w.get(v.manager, a).want(http.StatusOK)
	if profile.text("stage.id") != v.stages[0] || profile.text("source") != "form" || profile.text("outcome") != "in_progress" || profile.at("knocked_out") != true {
		t.Errorf("profile %s", profile.body)
	}
	if profile.at("submissions.0.answers.0.value") != 2.0 || profile.at("submissions.0.answers.0.knock_out") != true || profile.text("submissions.0.answers.1.value.0") != "Remote" ||
		profile.text("submissions.0.consent_version") != "2026-01" || profile.text("submissions.0.phone") != "+1 555 0100" {
		t.Errorf("submissions %s", profile.body)
	}
	if profile.text("documents.0.category") != "cv" || profile.text("documents.0.versions.0.files.0.type") != "text/plain" || profile.text("documents.0.versions.0.files.0.name") != "cv.pdf" {
		t.Errorf("documents %s", profile.body)
	}
	timeline := w.get(v.manager, a+"/timeline")
	if timeline.text("items.1.kind") != "submitted" || timeline.text("items.1.by.kind") != "candidate" || timeline.text("items.1.submission_id") != profile.text("submissions.0.id") {
		t.Errorf("timeline %s", timeline.body)
	}
	// An answer keeps the question it answered.
	w.put(v.manager, "/v1/jobs/"+v.id+"/form", map[string]any{"questions": []any{}}).want(http.StatusOK)
	if got := w.get(v.manager, a); got.text("submissions.0.answers.0.question") != "Years of experience" {
		t.Errorf("submissions %s", got.body)
	}
	if got := w.get(v.manager, "/v1/applications?knocked_out=false"); got.at("total") != 0.0 {
		t.Errorf("not flagged: %s", got.body)
	}
}

// S2-06, S2-07: whether somebody is known, the answer does not say; a form for an
// application that is going on joins it, and changes nothing that is known.
func TestTheFormSaysNothingOfWhoIsKnown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vacancy("Engineer")
	a := "/v1/applications/" + w.apply(v, "Grace", "Hopper")
	first := w.post("", sent(v), letter("Ada", "Lovelace", "ada@mail.example", nil).cv("a.txt", "a"))
	again := w.post("", sent(v), letter("Gracie", "Impostor", " GRACE.HOPPER@mail.example", map[string]string{"phone": "+1 555 0199"}).cv("b.txt", "b"))
	for _, r := range []reply{first, again} {
		r.want(http.StatusAccepted)
		if len(r.json()) != 1 || r.text("submission_id") == "" {
			t.Errorf("answer %s", r.body)
		}
	}
	names := func(r reply) []string {
		var all []string
		for name := range r.header {
			if name != "Date" && name != "Content-Length" {
				all = append(all, name)
			}
		}
		slices.Sort(all)
		return all
	}
	if !slices.Equal(names(first), names(again)) {
		t.Errorf("headers %v, then %v", names(first), names(again))
	}
	if got := w.get(v.manager, "/v1/applications"); got.at("total") != 2.0 {
		t.Errorf("list %s", got.body)
	}
	profile := w.get(v.manager, a)
	if profile.text("first_name") != "Grace" || profile.at("candidate.phone") != nil || profile.text("source") != "referral" {
		t.Errorf("the form changed what was known: %s", profile.body)
	}
	if profile.text("submissions.0.first_name") != "Gracie" || profile.text("submissions.0.phone") != "+1 555 0199" || profile.text("documents.0.versions.0.files.0.name") != "b.txt" {
		t.Errorf("the submission did not join: %s", profile.body)
	}
	// After a closed one there is a new one.
	w.post(v.manager, a+"/disqualify", map[string]string{"kind": "withdrawn", "reason_id": commands.FirstReason("Lost interest")}).want(http.StatusOK)
	w.post("", sent(v), letter("Grace", "Hopper", "grace.hopper@mail.example", nil)).want(http.StatusAccepted)
	if got := w.get(v.manager, "/v1/applications?outcome=in_progress"); got.at("total") != 2.0 {
		t.Errorf("list %s", got.body)
	}
}

// Only open jobs that are not confidential are public: in lists, alone, and for
// forms; and nothing of them but what the advertisement says (S2-99).
func TestOnlyOpenJobsArePublic(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	open, held, secret, closed := w.vacancy("Open"), w.vacancy("Held"), w.vacancy("Secret"), w.vacancy("Closed")
	w.post(held.manager, "/v1/jobs/"+held.id+"/hold", map[string]string{}).want(http.StatusOK)
	w.post(closed.manager, "/v1/jobs/"+closed.id+"/close", map[string]string{"applications": "leave"}).want(http.StatusOK)
	w.do(call{method: http.MethodPatch, path: "/v1/jobs/" + secret.id, token: secret.manager, body: map[string]bool{"confidential": true}}).want(http.StatusOK)
	draft := w.post(w.admin, "/v1/jobs", map[string]any{
		"title": "Draft", "draft": true, "stages": []map[string]string{{"name": "New"}},
		"hiring_team": []map[string]any{{"member_id": open.member, "recruiting_role_id": commands.FirstRole("Recruiter"), "recruitment_manager": true}},
	}).made()
	before := w.events()
	for _, id := range []string{held.id, secret.id, closed.id, draft, "018f0000-0000-7000-8000-000000000000"} {
		one := w.get("", "/v1/public/jobs/"+id).problem(http.StatusNotFound, "not_found")
		form := w.post("", "/v1/public/jobs/"+id+"/applications", letter("Ada", "Lovelace", "ada@mail.example", nil)).problem(http.StatusNotFound, "unknown_job")
		if strings.Contains(string(one.body)+string(form.body), "Secret") {
			t.Errorf("%s %s", one.body, form.body)
		}
	}
	if got := w.events(); got != before {
		t.Errorf("%d events were written", got-before)
	}
	second := w.vacancy("Second")
	page := w.get("", "/v1/public/jobs?limit=1").want(http.StatusOK)
	if page.text("items.0.id") != second.id || page.at("has_more") != true {
		t.Errorf("page %s", page.body)
	}
	rest := w.get("", "/v1/public/jobs?limit=1&cursor="+page.text("next_cursor")).want(http.StatusOK)
	if rest.text("items.0.id") != open.id || rest.at("has_more") != false {
		t.Errorf("rest %s", rest.body)
	}
	w.get("", "/v1/public/jobs?cursor=x").problem(http.StatusUnprocessableEntity, "cursor")
	for _, word := range []string{"stage", "team", "confidential", "revision", "member"} {
		if strings.Contains(string(w.get("", "/v1/public/jobs/"+open.id).body), word) {
			t.Errorf("a public job tells of its %s", word)
		}
	}
}

// H3: a form has no field of the server's.
func TestAFormTakesNoOtherFields(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vacancy("Engineer")
	before := w.events()
	for _, field := range []string{"status", "stage", "source", "owner", "candidate_id", "id", "files", "confidential"} {
		w.post("", sent(v), letter("Ada", "Lovelace", "ada@mail.example", map[string]string{field: v.stages[1]})).problem(http.StatusUnprocessableEntity, "invalid")
	}
	w.post("", sent(v), map[string]string{"email": "ada@mail.example"}).problem(http.StatusUnsupportedMediaType, "unsupported_media_type")
	twice := letter("Ada", "Lovelace", "ada@mail.example", nil)
	_ = twice.w.WriteField("email", "other@mail.example")
	w.post("", sent(v), twice).problem(http.StatusUnprocessableEntity, "invalid")
	if got := w.events(); got != before {
		t.Errorf("%d events were written", got-before)
	}
}

// A form sent again under its key is one submission, also when the person's
// application has changed since; another form under the key is refused.
func TestAFormIsSentOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vacancy("Engineer")
	key := map[string]string{"Idempotency-Key": "drawn-at-random-0123456789"}
	send := func(last string) reply {
		return w.do(call{method: http.MethodPost, path: sent(v), body: letter("Ada", last, "ada@mail.example", nil).cv("cv.txt", "x"), header: key})
	}
	first := send("Lovelace").want(http.StatusAccepted)
	before := w.events()
	if again := send("Lovelace").want(http.StatusAccepted); string(again.body) != string(first.body) || w.events() != before {
		t.Errorf("%s, then %s, %d events", first.body, again.body, w.events()-before)
	}
	send("Byron").problem(http.StatusUnprocessableEntity, "key_reused")
	id := w.get(v.manager, "/v1/applications").text("items.0.id")
	w.post(v.manager, "/v1/applications/"+id+"/disqualify", map[string]string{"kind": "withdrawn", "reason_id": commands.FirstReason("Lost interest")}).want(http.StatusOK)
	before = w.events()
	if again := send("Lovelace").want(http.StatusAccepted); string(again.body) != string(first.body) || w.events() != before {
		t.Errorf("after it was closed: %s, %d events", again.body, w.events()-before)
	}
	key["Idempotency-Key"] = "short"
	send("Lovelace").problem(http.StatusUnprocessableEntity, "invalid")
}

// Several forms of one person at once become one application with all of them.
func TestFormsOfOnePersonAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) { o.Commands.Public = commandapi.PublicLimits{Arriving: 100} })
	v := w.vacancy("Engineer")
	var all sync.WaitGroup
	for range 5 {
		all.Go(func() {
			w.post("", sent(v), letter("Ada", "Lovelace", "ada@mail.example", nil).cv("cv.txt", "x")).want(http.StatusAccepted)
		})
	}
	all.Wait()
	list := w.get(v.manager, "/v1/applications").want(http.StatusOK)
	if list.at("total") != 1.0 {
		t.Fatalf("list %s", list.body)
	}
	profile := w.get(v.manager, "/v1/applications/"+list.text("items.0.id"))
	if n, m := len(profile.at("submissions").([]any)), len(profile.at("documents").([]any)); n != 5 || m != 5 {
		t.Errorf("%d submissions, %d documents: %s", n, m, profile.body)
	}
}

// Too many forms are told to come again, and are not half taken: an address by
// itself, and everybody together. Who pretends to be another address is not
// believed.
func TestFormsAreThrottled(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	w := newWorld(t, func(o *Options) {
		o.Commands.Public = commandapi.PublicLimits{Client: 2, ClientEvery: time.Minute, All: 3, AllEvery: time.Minute, Now: func() time.Time { return now }}
	})
	v := w.vacancy("Engineer")
	send := func(address string) reply {
		return w.do(call{method: http.MethodPost, path: sent(v), body: letter("Ada", "Lovelace", "ada@mail.example", nil), header: map[string]string{"X-Forwarded-For": address}})
	}
	send("192.0.2.1").want(http.StatusAccepted)
	send("192.0.2.2").want(http.StatusAccepted)
	before := w.events()
	limited := send("192.0.2.3").problem(http.StatusTooManyRequests, "too_many_requests")
	if limited.header.Get("Retry-After") != "60" || w.events() != before {
		t.Errorf("Retry-After %q, %d events", limited.header.Get("Retry-After"), w.events()-before)
	}
	now = now.Add(time.Minute)
	send("192.0.2.1").want(http.StatusAccepted)
	send("192.0.2.1").problem(http.StatusTooManyRequests, "too_many_requests")
}

// What is accepted is in the log: with the log away nothing is; behind read
// models keep nobody from applying (S2-01).
func TestAFormIsAcceptedWhenItIsRecorded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vacancy("Engineer")
	if _, err := w.pool.Exec(t.Context(), `DO $$ DECLARE s text; BEGIN FOR s IN SELECT nspname FROM pg_namespace WHERE nspname LIKE 'rm_core%' LOOP EXECUTE format('DROP SCHEMA %I CASCADE', s); END LOOP; END $$`); err != nil {
		t.Fatal(err)
	}
	if got := w.do(call{method: http.MethodGet, path: "/v1/public/jobs"}); got.status == http.StatusOK {
		t.Fatal("the read models are there")
	}
	before := w.events()
	w.post("", sent(v), letter("Ada", "Lovelace", "ada@mail.example", nil).cv("cv.txt", "x")).want(http.StatusAccepted)
	if got := w.events(); got <= before {
		t.Error("it was accepted and not recorded")
	}
	before = w.events()
	w.log.fail(eventlog.ErrUnavailable)
	w.post("", sent(v), letter("Jane", "Austen", "jane@mail.example", nil).cv("cv.txt", "x")).problem(http.StatusServiceUnavailable, "log_unavailable")
	w.log.fail(nil)
	if got := w.events(); got != before {
		t.Errorf("%d events of a form that was refused", got-before)
	}
}
