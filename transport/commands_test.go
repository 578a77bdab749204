package transport

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/hirelog/hirelog/commands"
	"github.com/hirelog/hirelog/domain/access"
)

// TestACommandIsReadAtItsPosition holds E5.
func TestACommandIsReadAtItsPosition(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vacancy("Engineer")
	a := w.apply(v, "Grace", "Hopper")
	moved := w.post(v.manager, "/v1/applications/"+a+"/move", map[string]string{"to": v.stages[1], "comment": "Convincing"}).want(http.StatusOK)
	if moved.header.Get("Hirelog-Position") != moved.text("position") || moved.at("revision") != 1.0 {
		t.Errorf("answer %s, header %v", moved.body, moved.header)
	}
	got := w.do(call{method: http.MethodGet, path: "/v1/applications/" + a + "?min_position=" + moved.text("position"), token: v.manager}).want(http.StatusOK)
	if got.text("stage.id") != v.stages[1] || got.text("first_name") != "Grace" || got.at("revision") != 1.0 {
		t.Errorf("profile %s", got.body)
	}
}

// Every command of the API, once, and what reads show of it.
func TestAllCommands(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vacancy("Engineer")
	job := "/v1/jobs/" + v.id
	created := w.post(v.manager, "/v1/applications", application(v, "Grace", "Hopper"))
	a := "/v1/applications/" + created.made()
	if got := created.header.Get("Location"); got != a {
		t.Errorf("Location = %q, want %q", got, a)
	}

	w.do(call{method: http.MethodPatch, path: job, token: v.manager, body: map[string]any{"title": "Senior engineer", "openings": 2}}).want(http.StatusOK)
	w.post(v.manager, job+"/hold", map[string]string{"reason": "budget"}).want(http.StatusOK)
	w.post(v.manager, "/v1/applications", application(v, "Too", "Late")).problem(http.StatusConflict, "job_not_open")
	w.post(v.manager, job+"/resume", nil).want(http.StatusOK)
	w.post(v.manager, job+"/close", map[string]string{"applications": "leave"}).want(http.StatusOK)
	w.post(v.manager, job+"/reopen", map[string]string{}).want(http.StatusOK)
	if got := w.get(v.manager, job).want(http.StatusOK); got.text("status") != "open" || got.text("title") != "Senior engineer" {
		t.Errorf("job %s", got.body)
	}

	tag := w.post(v.manager, a+"/tags", map[string]string{"label": "Navy"})
	id := tag.made()
	w.put(v.manager, a+"/priority", map[string]bool{"priority": true}).want(http.StatusOK)
	w.put(v.manager, a+"/owner", map[string]string{"owner_id": v.member}).want(http.StatusOK)
	w.post(v.manager, a+"/comments", map[string]any{"text": "Ask about COBOL", "mentions": []string{v.member}}).made()
	note := w.post(v.manager, a+"/notes", map[string]string{"text": "Wrote a compiler"}).made()
	w.put(v.manager, a+"/notes/"+note+"/visibility", map[string]bool{"candidate_can_view": true}).want(http.StatusOK)
	profile := w.get(v.manager, a).want(http.StatusOK)
	if profile.text("tags.0.label") != "Navy" || profile.at("priority") != true || profile.text("comments.0.text") != "Ask about COBOL" || profile.at("notes.0.visible") != true {
		t.Errorf("profile %s", profile.body)
	}
	w.delete(v.manager, a+"/tags/"+id).want(http.StatusOK)
	w.delete(v.manager, a+"/notes/"+note).want(http.StatusOK)
	if got := w.get(v.manager, a+"/notes").want(http.StatusOK); got.at("items.0.text") != nil || got.at("items.0.deleted") != true {
		t.Errorf("notes %s", got.body)
	}

	reason := commands.FirstReason("Position filled")
	w.post(v.manager, a+"/disqualify", map[string]string{"kind": "rejected", "reason_id": reason, "note": "Next time"}).want(http.StatusOK)
	w.put(v.manager, a+"/reason", map[string]string{"reason_id": commands.FirstReason("Other"), "note": "More of a mix"}).want(http.StatusOK)
	if got := w.get(v.manager, a).want(http.StatusOK); got.text("reason.label") != "Other" {
		t.Errorf("after another reason %s", got.body)
	}
	w.post(v.manager, a+"/move", map[string]string{"to": v.stages[1]}).problem(http.StatusConflict, "application_closed")
	w.post(v.manager, a+"/requalify", map[string]string{"reason": "A mistake"}).want(http.StatusOK)
	w.post(v.manager, a+"/disqualify", map[string]string{"kind": "rejected", "reason_id": reason}).want(http.StatusOK)
	filed := a + "/documents/" + w.post(v.manager, a+"/documents", newForm("cv").file("cv.txt", "Cobol")).made()
	file := filed + "/files/" + w.get(v.manager, a+"/documents").text("items.0.versions.0.files.0.id")
	w.get(v.manager, file).want(http.StatusOK)
	w.post(v.manager, a+"/anonymise", nil).want(http.StatusOK)
	w.get(v.manager, file).problem(http.StatusGone, "erased")
	if got := w.get(v.manager, a).want(http.StatusOK); got.at("first_name") != nil || got.at("anonymised") != true {
		t.Errorf("anonymised %s", got.body)
	}
}

// What is known of a candidate changes by what is named, is found by it, and
// shows to whom may see it. It holds S2-17..20.
func TestEditCandidate(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vacancy("Engineer")
	a := "/v1/applications/" + w.apply(v, "Grace", "Hopper")
	edit := func(match string, body map[string]any) reply {
		return w.do(call{method: http.MethodPatch, path: a + "/candidate", token: v.manager, body: body, header: map[string]string{"If-Match": match}})
	}
	known := func() reply { return w.get(v.manager, a).want(http.StatusOK) }
	if got := known().at("candidate.revision"); got != 0.0 {
		t.Errorf("revision %v, want 0", got)
	}
	edit(`"0"`, map[string]any{"last_name": "Murray", "gender": "woman", "birthday": "1906-12-09", "salary_expectation": "65,000", "links": "https://example.org"}).want(http.StatusOK)
	edit(`"0"`, map[string]any{"last_name": "Hopper"}).problem(http.StatusPreconditionFailed, "stale_revision")
	p := known()
	for field, want := range map[string]any{"first_name": "Grace", "last_name": "Murray", "gender": "woman", "birthday": "1906-12-09", "salary_expectation": "65,000", "links": "https://example.org", "location": nil, "revision": 1.0} {
		if got := p.at("candidate." + field); got != want {
			t.Errorf("%s = %v, want %v", field, got, want)
		}
	}
	for word, want := range map[string]float64{"murray": 1, "hopper": 0, "grace": 1} {
		if got := w.get(v.manager, "/v1/applications?q="+word).want(http.StatusOK).at("total"); got != want {
			t.Errorf("%s is found %v times, want %v", word, got, want)
		}
	}
	edit(`"1"`, map[string]any{"birthday": ""}).want(http.StatusOK)
	if got := known(); got.at("candidate.birthday") != nil || got.at("candidate.gender") != "woman" {
		t.Errorf("after the birthday was removed %s", got.body)
	}
	edit(`"2"`, map[string]any{"first_name": "", "last_name": ""}).problem(http.StatusUnprocessableEntity, "invalid")
	edit(`"2"`, map[string]any{"candidate_id": v.id}).problem(http.StatusUnprocessableEntity, "invalid") // H3
}

// What was made is read where its answer says. No read shows a token.
func TestWhatWasMadeIsWhereItsAnswerSays(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.do(call{method: http.MethodPatch, path: "/v1/organization/settings", token: w.admin, body: map[string]any{"self_tracking": true}}).want(http.StatusOK)
	v := w.vacancy("Engineer")
	id := w.apply(v, "Grace", "Hopper")
	document := w.post(v.manager, "/v1/applications/"+id+"/documents", newForm("cv").file("cv.txt", "x")).made()
	note := w.post(w.admin, "/v1/applications/"+id+"/notes", map[string]string{"text": "x"}).made()
	comment := w.post(w.admin, "/v1/applications/"+id+"/comments", map[string]string{"text": "x"}).made()
	grace := w.signIn("grace.hopper@mail.example")
	asked := w.post(w.admin, "/v1/applications/"+id+"/document-requests", map[string]string{"title": "Passport", "category": "certificate"}).made()
	eve := w.mailIn(w.admin, mailOf("eve@mail.example", "jobs@acme.example", "1@mail.example", "I apply")).want(http.StatusOK).text("id")
	bodies := map[string]any{
		"/v1/candidate/picture":                                         newForm("").as("picture", "me.png", portrait()),
		"/v1/applications/{id}/picture":                                 newForm("").as("picture", "me.png", portrait()),
		"/v1/candidate/data-requests":                                   map[string]string{"kind": "export"},
		"/v1/candidate/applications/{id}/notes":                         map[string]string{"text": "x"},
		"/v1/candidate/applications/{id}/documents/{document}/versions": newForm("").file("cv.txt", "z"),

		"/v1/jobs": map[string]any{"title": "Writer", "stages": []map[string]string{{"name": "New"}}, "hiring_team": []map[string]any{
			{"member_id": v.member, "recruiting_role_id": commands.FirstRole("Recruiter"), "recruitment_manager": true},
		}},
		"/v1/applications":               application(v, "Ada", "Lovelace"),
		"/v1/applications/{id}/transfer": map[string]string{"job_id": w.vacancy("Translator").id},
		"/v1/members":                    map[string]string{"name": "Rita", "role": "reporting"},
		"/v1/views":                      map[string]string{"name": "All"},
		"/v1/bulk-actions":               map[string]any{"application_ids": []string{id}, "action": map[string]any{"set_owner": map[string]string{"owner_id": v.member}}},

		"/v1/jobs/{id}/stages": map[string]string{"name": "Trial day"},

		"/v1/applications/{id}/hire":               map[string]string{"reason": "at once"},
		"/v1/applications/{id}/tags":               map[string]string{"label": "Navy"},
		"/v1/applications/{id}/comments":           map[string]string{"text": "x"},
		"/v1/applications/{id}/interviews":         meeting(v, 5),
		"/v1/applications/{id}/reviews":            map[string]string{"reviewer_id": v.member},
		"/v1/applications/{id}/grants":             map[string]string{"member_id": v.member, "recruiting_role_id": commands.FirstRole("Recruiter")},
		"/v1/applications/{id}/messages":           map[string]string{"subject": "x", "text": "x"},
		"/v1/unassigned-messages/{id}/application": map[string]string{"job_id": v.id, "first_name": "Eve"},
		"/v1/applications/{id}/openings": map[string]any{
			"member_id": w.post(w.admin, "/v1/members", map[string]string{"name": "Otto", "role": "auditor"}).made(), "reason": "A complaint", "until": time.Now().Add(time.Hour),
		},
		"/v1/applications/{id}/notes":                    map[string]string{"text": "x"},
		"/v1/applications/{id}/notes/{note}/files":       newForm("other").file("x.txt", "x"),
		"/v1/applications/{id}/comments/{comment}/files": newForm("other").file("x.txt", "x"),
		"/v1/applications/{id}/documents":                newForm("cv").file("cv.txt", "x"),
		"/v1/applications/{id}/offers":                   offerOf(),
		"/v1/applications/{id}/document-requests":        map[string]string{"title": "Diploma", "category": "certificate"},
		"/v1/members/{id}/tokens":                        map[string]string{"name": "laptop"},

		"/v1/applications/{id}/documents/{document}/versions": newForm("").file("cv.txt", "y"),
		"/v1/organization/recruiting-roles":                   map[string]any{"name": "Reader", "areas": map[access.Area]string{access.Application: "view"}},
		"/v1/organization/disqualification-reasons":           map[string]string{"label": "Moon phase", "kind": "other"},
		"/v1/organization/tags":                               map[string]string{"label": "Army"},
		"/v1/organization/document-categories":                map[string]string{"label": "Licence"},
		"/v1/organization/attributes":                         map[string]string{"label": "Height", "type": "number"},
		"/v1/organization/message-templates":                  map[string]string{"name": "Welcome", "kind": "message", "body": "Dear {{candidate.first_name}}"},
		"/v1/organization/evaluation-forms":                   map[string]any{"name": "Interview", "elements": []map[string]string{{"kind": "text", "label": "Why?"}}},
	}
	for _, r := range w.handler.edge.Routes() {
		if !r.Created {
			continue
		}
		path := strings.NewReplacer("{id}", id, "{document}", document, "{note}", note, "{comment}", comment).Replace(r.Path)
		if strings.HasSuffix(path, "/transfer") { // which ends it
			path = strings.Replace(path, id, w.apply(v, "Maria", "Mayer"), 1)
		}
		if strings.HasSuffix(path, "/hire") { // and so does this
			path = strings.Replace(path, id, w.apply(v, "Mary", "Jackson"), 1)
		}
		switch r.Tag {
		case "members":
			path = strings.Replace(path, id, v.member, 1)
		case "jobs":
			path = strings.Replace(path, id, v.id, 1)
		case "messages":
			path = strings.Replace(path, id, eve, 1)
		}
		if bodies[r.Path] == nil {
			t.Errorf("nothing is said to %s", r.Path)
			continue
		}
		if r.Tag == "candidate" {
			path = strings.NewReplacer("/v1/candidate", "", document, asked).Replace(path)
			answer := grace.ask(r.Method, path, bodies[r.Path])
			made, location := answer.made(), strings.TrimPrefix(answer.header.Get("Location"), "/v1/candidate")
			if got := grace.ask(http.MethodGet, location, nil); got.status != http.StatusOK || !strings.Contains(string(got.body), `"`+made+`"`) {
				t.Errorf("%s: %q answers %d %s", r.Path, location, got.status, got.body)
			}
			continue
		}
		answer := w.post(w.admin, path, bodies[r.Path])
		made, location := answer.made(), answer.header.Get("Location")
		if r.Path == "/v1/members/{id}/tokens" {
			if location != "" {
				t.Errorf("%s: Location = %q", r.Path, location)
			}
			continue
		}
		if got := w.get(w.admin, location); got.status != http.StatusOK || !strings.Contains(string(got.body), `"`+made+`"`) {
			t.Errorf("%s: %q answers %d %s", r.Path, location, got.status, got.body)
		}
	}
}

func TestCommandsOnTheOrganisation(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.do(call{method: http.MethodPatch, path: "/v1/organization/settings", token: w.admin, body: map[string]any{"self_tracking": true, "disclose_after_hours": 48}}).want(http.StatusOK)
	if got := w.get(w.admin, "/v1/organization").want(http.StatusOK); got.at("settings.self_tracking") != true || got.at("settings.disclose_after_hours") != 48.0 {
		t.Errorf("organisation %s", got.body)
	}
	more := map[string]any{
		"rating_min_raters": 3, "interview_expires_at_end": true, "interview_mail_participants": true, "read_only_days": 30, "access_after_days": 7,
		"unassign_after_days": 10, "sign_hires": true, "read_log_days": 400, "member_metrics": true, "upload_mail_members": true,
	}
	w.do(call{method: http.MethodPatch, path: "/v1/organization/settings", token: w.admin, body: more}).want(http.StatusOK)
	got := w.get(w.admin, "/v1/organization").want(http.StatusOK)
	for name, value := range more {
		if n, ok := value.(int); ok {
			value = float64(n)
		}
		if got.at("settings."+name) != value {
			t.Errorf("%s is %v, want %v", name, got.at("settings."+name), value)
		}
	}
	w.do(call{method: http.MethodPatch, path: "/v1/organization/settings", token: w.admin, body: map[string]any{"read_log_days": 29}}).want(http.StatusUnprocessableEntity)
	role := w.role("Reader", map[access.Area]string{access.Application: "view"})
	w.put(w.admin, "/v1/organization/recruiting-roles/"+role, map[string]any{"name": "Watcher", "areas": map[string]string{"application": "view", "notes": "edit"}}).want(http.StatusOK)
	if got := w.get(w.admin, "/v1/organization/recruiting-roles"); !strings.Contains(string(got.body), `"name":"Watcher"`) {
		t.Errorf("roles %s", got.body)
	}
	reason := w.post(w.admin, "/v1/organization/disqualification-reasons", map[string]string{"label": "Moon phase", "kind": "other"}).made()
	w.put(w.admin, "/v1/organization/disqualification-reasons/"+reason, map[string]string{"label": "Phase of the moon", "kind": "other"}).want(http.StatusOK)
	if got := w.get(w.admin, "/v1/organization/disqualification-reasons"); !strings.Contains(string(got.body), "Phase of the moon") {
		t.Errorf("reasons %s", got.body)
	}

	m := w.post(w.admin, "/v1/members", map[string]string{"name": "Rita Recruiter", "email": "rita@company.example", "role": "reporting"}).made()
	w.put(w.admin, "/v1/members/"+m+"/role", map[string]string{"role": "recruiting"}).want(http.StatusOK)
	issued := w.post(w.admin, "/v1/members/"+m+"/tokens", map[string]string{"name": "laptop"})
	token, secret := issued.made(), issued.text("secret")
	me := w.get(secret, "/v1/me").want(http.StatusOK)
	if me.text("id") != m || me.text("name") != "Rita Recruiter" || me.text("token_id") != token || me.text("role") != "recruiting" {
		t.Errorf("me %s", me.body)
	}
	own := w.post(secret, "/v1/members/"+m+"/tokens", map[string]string{"name": "phone"})
	w.delete(secret, "/v1/members/"+m+"/tokens/"+own.made()).want(http.StatusOK)
	w.get(own.text("secret"), "/v1/me").problem(http.StatusUnauthorized, "invalid_token")
	w.post(w.admin, "/v1/members/"+m+"/deactivate", nil).want(http.StatusOK)
	w.get(secret, "/v1/me").problem(http.StatusUnauthorized, "invalid_token")
	w.post(w.admin, "/v1/members/"+m+"/reactivate", nil).want(http.StatusOK)
	w.get(secret, "/v1/me").problem(http.StatusUnauthorized, "invalid_token") // tokens do not come back
}

// Who was deactivated is nobody, even where a token of theirs was not revoked.
func TestFormerMembersAreNobody(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.post(w.admin, "/v1/members", map[string]string{"name": "Former", "role": "admin"}).made()
	token := w.tokenOf(m)
	w.get(token, "/v1/me").want(http.StatusOK)
	w.post(w.admin, "/v1/members/"+m+"/deactivate", nil).want(http.StatusOK)
	if _, err := w.pool.Exec(t.Context(), "UPDATE ops.tokens SET revoked_at = NULL WHERE member_id = $1", m); err != nil {
		t.Fatal(err)
	}
	w.get(token, "/v1/me").problem(http.StatusUnauthorized, "invalid_token")
	w.post(token, "/v1/members", map[string]string{"name": "x", "role": "admin"}).problem(http.StatusUnauthorized, "invalid_token")
}

func TestDocuments(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vacancy("Engineer")
	a := "/v1/applications/" + w.apply(v, "Grace", "Hopper")
	w.post(v.manager, a+"/document-requests", map[string]any{"title": "Diploma", "category": "certificate", "formats": []string{"pdf"}}).problem(http.StatusConflict, "self_tracking_off")
	w.do(call{method: http.MethodPatch, path: "/v1/organization/settings", token: w.admin, body: map[string]any{"self_tracking": true}}).want(http.StatusOK)
	requested := w.post(v.manager, a+"/document-requests", map[string]any{"title": "Diploma", "category": "certificate", "formats": []string{"pdf"}}).made()

	pdf := "%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"
	w.post(v.manager, a+"/documents/"+requested+"/versions", newForm("").file("diploma.pdf", "GIF89a, not a PDF")).problem(http.StatusUnprocessableEntity, "file_format")
	w.post(v.manager, a+"/documents/"+requested+"/versions", newForm("").file("diploma.pdf", pdf)).made()
	w.post(v.manager, a+"/documents/"+requested+"/reject", map[string]any{"version": 1}).problem(http.StatusUnprocessableEntity, "reason_required")
	w.post(v.manager, a+"/documents/"+requested+"/reject", map[string]any{"version": 1, "reason": "Not readable"}).want(http.StatusOK)
	w.post(v.manager, a+"/documents/"+requested+"/versions", newForm("").file("diploma.pdf", pdf+"%")).made()
	w.post(v.manager, a+"/documents/"+requested+"/approve", map[string]any{"version": 2}).want(http.StatusOK)

	document := a + "/documents/" + requested
	w.post(v.manager, document+"/reopen", map[string]any{"version": 2, "reason": "The wrong year"}).want(http.StatusOK)
	w.delete(v.manager, document+"/versions/02").problem(http.StatusNotFound, "not_found")
	w.delete(v.manager, document+"/versions/3").problem(http.StatusNotFound, "unknown_version")
	w.delete(v.manager, document+"/versions/2").want(http.StatusOK) // H5: it answers, and again
	w.delete(v.manager, document+"/versions/2").want(http.StatusOK)
	w.put(v.manager, document+"/category", map[string]string{"category": "uncategorised"}).problem(http.StatusUnprocessableEntity, "document_category")
	w.put(v.manager, document+"/category", map[string]string{"category": "other"}).want(http.StatusOK)
	open := w.get(v.manager, a+"/documents").want(http.StatusOK)
	if open.text("items.0.status") != "requested" || open.text("items.0.category") != "other" || open.at("items.0.versions.0.deleted_at") == nil ||
		len(open.at("items.0.versions.0.files").([]any)) != 0 || open.at("items.0.reviewed_at") != nil || open.at("items.0.versions.1.files.0.name") == nil || open.text("items.0.versions.1.reviews.0.reason") != "Not readable" {
		t.Errorf("without its newest version %s", open.body)
	}
	w.post(v.manager, document+"/cancel", nil).want(http.StatusOK)
	w.post(v.manager, document+"/versions", newForm("").file("diploma.pdf", pdf)).problem(http.StatusConflict, "document_cancelled")

	// Larger than what stays in memory, with a name that is not ASCII.
	cv := pdf + strings.Repeat("x", 700<<10)
	filed := w.post(v.manager, a+"/documents", newForm("cv").file("Lebenslauf Ü.pdf", cv).file("letter.txt", "Dear all")).made()
	list := w.get(v.manager, a+"/documents").want(http.StatusOK)
	if list.text("items.0.id") != filed || list.text("items.0.versions.0.files.0.name") != "Lebenslauf Ü.pdf" {
		t.Fatalf("documents %s", list.body)
	}
	path := a + "/documents/" + filed + "/files/" + list.text("items.0.versions.0.files.0.id")
	got := w.get(v.manager, path).want(http.StatusOK)
	if !bytes.Equal(got.body, []byte(cv)) {
		t.Errorf("downloaded %d bytes, want the %d filed", len(got.body), len(cv))
	}
	for name, want := range map[string]string{
		"Content-Disposition": "attachment; filename*=utf-8''Lebenslauf%20%C3%9C.pdf", "X-Content-Type-Options": "nosniff",
		"Content-Security-Policy": "default-src 'none'; sandbox", "Content-Type": "application/pdf", "Content-Length": fmt.Sprint(len(cv)),
	} {
		if got.header.Get(name) != want {
			t.Errorf("%s = %q, want %q", name, got.header.Get(name), want)
		}
	}
	head := w.do(call{method: http.MethodHead, path: path, token: v.manager}).want(http.StatusOK)
	if len(head.body) != 0 || head.header.Get("Content-Length") != fmt.Sprint(len(cv)) {
		t.Errorf("HEAD: %d bytes, Content-Length %s", len(head.body), head.header.Get("Content-Length"))
	}
	part := func(ranges, known string) reply {
		return w.do(call{method: http.MethodGet, path: path, token: v.manager, header: map[string]string{"Range": ranges, "If-None-Match": known}})
	}
	if got := part("bytes=9-16", ""); got.status != http.StatusPartialContent || string(got.body) != cv[9:17] {
		t.Errorf("a range: %d, %q", got.status, got.body)
	}
	part("bytes=99999999-", "").want(http.StatusRequestedRangeNotSatisfiable)
	part("", got.header.Get("ETag")).want(http.StatusNotModified)
	// S2-24..26: shown, if it is of a type that does nothing.
	shown := w.get(v.manager, path+"?inline=true").want(http.StatusOK)
	if d := shown.header.Get("Content-Disposition"); !strings.HasPrefix(d, "inline;") || strings.Contains(shown.header.Get("Content-Security-Policy"), "sandbox") {
		t.Errorf("inline: %v", shown.header)
	}
	page := a + "/documents/" + w.post(v.manager, a+"/documents", newForm("cv").file("cv.txt", "<!DOCTYPE html><script>alert(1)</script>")).made() + "/files/"
	page += w.get(v.manager, a+"/documents").text("items.0.versions.0.files.0.id")
	w.get(v.manager, page).want(http.StatusOK)
	w.get(v.manager, page+"?inline=true").problem(http.StatusUnprocessableEntity, "no_preview")
	w.get(v.manager, a+"/documents/"+requested+"/files/"+list.text("items.0.versions.0.files.0.id")).problem(http.StatusNotFound, "not_found")

	view := w.get(v.manager, a+"/candidate-view").want(http.StatusOK)
	if view.at("preview") != true {
		t.Errorf("candidate view %s", view.body)
	}
	w.do(call{method: http.MethodPatch, path: "/v1/organization/settings", token: w.admin, body: map[string]any{"self_tracking": false}}).want(http.StatusOK)
	w.get(v.manager, a+"/candidate-view").problem(http.StatusNotFound, "not_found")
}

func TestUploadsThatMakeNoSense(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vacancy("Engineer")
	docs := "/v1/applications/" + w.apply(v, "Grace", "Hopper") + "/documents"
	before := w.events()
	many := newForm("cv")
	for i := range 11 {
		many.file(fmt.Sprint(i), "x")
	}
	stray := newForm("cv")
	_ = stray.w.WriteField("reviewer", v.member)
	for _, tt := range []struct {
		name   string
		form   any
		status int
		code   string
	}{
		{"no file", newForm("cv"), 422, "invalid"},
		{"no category", newForm("").file("a", "x"), 422, "invalid"},
		{"category of the system's own", newForm("uncategorised").file("a", "x"), 422, "document_category"},
		{"empty file", newForm("cv").file("a", ""), 422, "invalid"},
		{"too many files", many, 422, "too_many_files"},
		{"file too large", newForm("cv").file("a", strings.Repeat("x", 20<<20+1)), 422, "file_too_large"},
		{"field that is not known", stray.file("a", "x"), 422, "invalid"},
		{"not a form", map[string]string{"category": "cv"}, 415, "unsupported_media_type"},
	} {
		w.post(v.manager, docs, tt.form).problem(tt.status, tt.code)
	}
	if got := w.events(); got != before {
		t.Errorf("%d events were written", got-before)
	}
}
