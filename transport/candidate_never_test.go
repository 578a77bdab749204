package transport

import (
	"bytes"
	"image"
	"image/png"
	"maps"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/hirelog/hirelog/commands"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/transport/commandapi"
)

// What must never happen on the candidates' side, attempted.

// clock is one that a test moves.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func newClock() *clock { return &clock{at: time.Now()} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) pass(seconds int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(time.Duration(seconds) * time.Second)
}

// H1, S1-06: nobody guesses, nobody learns who is known, and asking slows down
// and goes on.
func TestH1CandidatesCannotBeGuessed(t *testing.T) {
	t.Parallel()
	clock := newClock()
	w := newWorld(t, func(o *Options) { o.Commands.SignIns = commandapi.SignInLimits{Address: 3, Now: clock.now} })
	v := w.vacancy("Engineer")
	w.apply(v, "Grace", "Hopper")
	w.selfTracking(true)
	id, code, token := w.code("grace.hopper@mail.example")
	if len(code) != 6 || len(token) != 66 {
		t.Errorf("code %q, token %q", code, token)
	}
	unknown := w.post("", "/v1/candidate/sign-ins", map[string]string{"email": "nobody@mail.example"}).want(http.StatusAccepted)
	redeem := func(body map[string]string) reply { return w.post("", "/v1/candidate/session", body) }
	for _, body := range []map[string]string{
		{"sign_in_id": unknown.text("sign_in_id"), "code": code}, {"sign_in_id": uuid.NewString(), "code": code}, {"token": token[:65]},
	} {
		redeem(body).problem(http.StatusForbidden, "sign_in")
	}
	first := redeem(map[string]string{"sign_in_id": id, "code": code}).want(http.StatusOK)
	cookie := first.header.Get("Set-Cookie")
	if !strings.Contains(cookie, "HttpOnly") || !strings.Contains(cookie, "SameSite=Lax") || strings.Contains(cookie, "Secure") {
		t.Errorf("cookie %s", cookie)
	}
	redeem(map[string]string{"sign_in_id": id, "code": code}).problem(http.StatusForbidden, "sign_in")
	redeem(map[string]string{"token": token}).problem(http.StatusForbidden, "sign_in")

	ask := func(email string) reply {
		return w.post("", "/v1/candidate/sign-ins", map[string]string{"email": email})
	}
	for _, email := range []string{"grace.hopper@mail.example", "nobody@mail.example"} { // known or not
		for range 2 {
			ask(email).want(http.StatusAccepted)
		}
		if wait := ask(strings.ToUpper(email)).problem(http.StatusTooManyRequests, "too_many_requests").header.Get("Retry-After"); wait != "120" {
			t.Errorf("Retry-After: %s", wait)
		}
	}
	clock.pass(120)
	ask("grace.hopper@mail.example").want(http.StatusAccepted)
	ask("no address").problem(http.StatusUnprocessableEntity, "invalid")
	for range 21 {
		if redeem(map[string]string{"token": token}).status == http.StatusTooManyRequests {
			return
		}
	}
	t.Error("codes may be tried without end")
}

// H2, H3, H8, H17, S1-08: a candidate reaches what is theirs, and sends nothing
// that is the server's.
func TestH2H3H8H17ACandidateReachesWhatIsTheirs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vacancy("Engineer")
	mine, theirs := w.apply(v, "Grace", "Hopper"), w.apply(v, "Ada", "Lovelace")
	w.selfTracking(true)
	grace := w.signIn("grace.hopper@mail.example")
	asked := w.post(v.manager, "/v1/applications/"+theirs+"/document-requests", map[string]string{"title": "Diploma", "category": "certificate"}).made()
	filed := w.post(v.manager, "/v1/applications/"+mine+"/documents", newForm("cv").file("cv.txt", "internal")).made()
	internal := w.post(v.manager, "/v1/applications/"+mine+"/notes", map[string]any{"text": "Internal"}).made()
	shown := w.post(v.manager, "/v1/applications/"+mine+"/notes", map[string]any{"text": "Welcome", "candidate_can_view": true}).made()
	hidden := w.post(v.manager, "/v1/applications/"+mine+"/interviews", with(meeting(v, 5), map[string]any{"candidate_visible": false})).made()
	file := w.get(v.manager, "/v1/applications/"+mine+"/documents").text("items.0.versions.0.files.0.id")
	wanted := w.post(v.manager, "/v1/applications/"+mine+"/document-requests", map[string]string{"title": "Diploma", "category": "certificate"}).made()
	grace.ask("POST", "/applications/"+mine+"/documents/"+wanted+"/versions", newForm("").file("diploma.txt", "mine")).want(http.StatusCreated)
	sent, sentFile := wanted, ""
	for _, d := range grace.ask("GET", "/applications/"+mine, nil).at("documents").([]any) {
		if uploads := d.(map[string]any)["uploads"].([]any); len(uploads) > 0 {
			sentFile = uploads[0].(map[string]any)["files"].([]any)[0].(map[string]any)["id"].(string)
		}
	}
	grace.ask("GET", "/applications/"+mine+"/documents/"+sent+"/files/"+sentFile, nil).want(http.StatusOK)
	before := w.events()
	for _, c := range []call{
		{method: "GET", path: "/applications/" + theirs},
		{method: "GET", path: "/applications/" + theirs + "/timeline"},
		{method: "POST", path: "/applications/" + theirs + "/withdraw", body: map[string]string{}},
		{method: "POST", path: "/applications/" + theirs + "/documents/" + asked + "/versions", body: newForm("").file("x.txt", "x")},
		{method: "POST", path: "/applications/" + mine + "/documents/" + asked + "/versions", body: newForm("").file("x.txt", "x")},
		{method: "POST", path: "/applications/" + mine + "/documents/" + filed + "/versions", body: newForm("").file("x.txt", "x")},
		{method: "GET", path: "/applications/" + mine + "/documents/" + filed + "/files/" + file},
		{method: "GET", path: "/applications/" + theirs + "/documents/" + sent + "/files/" + sentFile},
		{method: "DELETE", path: "/applications/" + mine + "/notes/" + internal},
		{method: "POST", path: "/applications/" + mine + "/interviews/" + hidden + "/answer", body: map[string]string{"answer": "declined"}},
	} {
		grace.ask(c.method, c.path, c.body).want(http.StatusNotFound)
	}
	grace.ask("DELETE", "/applications/"+mine+"/notes/"+shown, nil).problem(http.StatusForbidden, "not_your_note")
	for field, value := range map[string]any{
		"status": "hired", "owner_id": uuid.NewString(), "candidate_id": uuid.NewString(), "application_id": theirs, "by": "system", "at": "2020-01-01T00:00:00Z",
		"candidate_can_view": false, "email": "other@mail.example", "reason_id": uuid.NewString(),
	} {
		for _, c := range []call{
			{method: "POST", path: "/applications/" + mine + "/notes", body: map[string]any{"text": "x"}},
			{method: "POST", path: "/applications/" + mine + "/withdraw", body: map[string]any{}},
			{method: "PATCH", path: "", body: map[string]any{"phone": "1"}},
		} {
			grace.ask(c.method, c.path, with(c.body.(map[string]any), map[string]any{field: value})).problem(http.StatusUnprocessableEntity, "invalid")
		}
	}
	// The session is no token, and a token no session.
	for _, path := range []string{"/v1/me", "/v1/applications", "/v1/applications/" + mine, "/v1/jobs"} {
		w.do(call{method: "GET", path: path, header: map[string]string{"Cookie": grace.cookie}}).problem(http.StatusUnauthorized, "unauthenticated")
	}
	w.do(call{method: "POST", path: "/v1/applications/" + mine + "/documents/" + filed + "/approve", body: map[string]int{"version": 1}, header: map[string]string{"Cookie": grace.cookie}}).problem(http.StatusUnauthorized, "unauthenticated")
	w.get(w.admin, "/v1/candidate/applications").problem(http.StatusUnauthorized, "not_signed_in")
	if got := w.events(); got != before {
		t.Errorf("%d events were written", got-before)
	}
}

// H12: reading an address neither signs in nor changes anything; another site has
// a browser do nothing.
func TestH12NothingChangesByReadingOrFromAnotherSite(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vacancy("Engineer")
	mine := w.apply(v, "Grace", "Hopper")
	w.selfTracking(true)
	_, _, token := w.code("grace.hopper@mail.example")
	for _, path := range []string{"/v1/candidate/session?token=" + token, "/v1/candidate/session", "/v1/candidate/sign-ins?token=" + token} {
		for _, method := range []string{"GET", "HEAD"} { // as scanners of mail do
			if got := w.do(call{method: method, path: path}); got.status < 400 || got.header.Get("Set-Cookie") != "" {
				t.Errorf("%s %s: %d", method, path, got.status)
			}
		}
	}
	grace := candidate{w, session(w.post("", "/v1/candidate/session", map[string]string{"token": token}).want(http.StatusOK))}
	before := w.events()
	for _, header := range []map[string]string{
		{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "https://evil.example"}, {"Origin": "null"},
	} {
		for _, c := range []call{
			{method: "POST", path: "/v1/candidate/applications/" + mine + "/notes", body: map[string]string{"text": "x"}},
			{method: "POST", path: "/v1/candidate/applications/" + mine + "/withdraw", body: map[string]string{}},
			{method: "DELETE", path: "/v1/candidate/session"},
			{method: "POST", path: "/v1/candidate/session", body: map[string]string{"token": token}},
		} {
			c.header = maps.Clone(header)
			c.header["Cookie"] = grace.cookie
			w.do(c).problem(http.StatusForbidden, "cross_site")
		}
	}
	// What a form of another site could send is no JSON.
	for _, typ := range []string{"text/plain", "application/x-www-form-urlencoded"} {
		w.do(call{method: "POST", path: "/v1/candidate/applications/" + mine + "/notes", body: `{"text":"x"}`, header: map[string]string{"Cookie": grace.cookie, "Content-Type": typ}}).
			problem(http.StatusUnsupportedMediaType, "unsupported_media_type")
	}
	if got := w.events(); got != before {
		t.Errorf("%d events were written", got-before)
	}
	grace.ask("GET", "", nil).want(http.StatusOK)
}

// H16, S1-01, S1-02, S1-05: while self-tracking is off there is nothing, by any
// way; when it is on again nothing was lost.
func TestH16TheSwitchGuardsEveryWay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vacancy("Engineer")
	mine := w.apply(v, "Grace", "Hopper")
	w.selfTracking(true)
	grace := w.signIn("grace.hopper@mail.example")
	note := grace.ask("POST", "/applications/"+mine+"/notes", map[string]string{"text": "x"}).made()
	w.selfTracking(false)
	before := w.events()
	for _, r := range w.handler.edge.Routes() {
		if r.Tag != "candidate" {
			continue
		}
		path := strings.NewReplacer("/v1/candidate", "", "{id}", mine, "{note}", note).Replace(r.Path)
		path = parameter.ReplaceAllString(path, uuid.NewString())
		grace.ask(r.Method, path, nil).problem(http.StatusNotFound, "not_found")
	}
	if got := w.events(); got != before {
		t.Errorf("%d events were written", got-before)
	}
	w.selfTracking(true)
	if page := grace.ask("GET", "/applications/"+mine, nil).want(http.StatusOK); page.text("notes.0.id") != note {
		t.Errorf("%s", page.body)
	}
}

// H14, H5, S1-40, S1-41, S1-42, S1-45, S1-49, S1-64, S2-107: uploading again loses
// no version and no reason; what candidates answer and withdraw, members see.
func TestH14UploadingAgainLosesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vacancy("Engineer")
	mine := w.apply(v, "Grace", "Hopper")
	w.selfTracking(true)
	grace := w.signIn("grace.hopper@mail.example")
	a, own := "/v1/applications/"+mine, "/applications/"+mine
	document := w.post(v.manager, a+"/document-requests", map[string]any{"title": "Diploma", "category": "certificate", "max_files": 2}).made()
	upload := func(f *form) reply { return grace.ask("POST", own+"/documents/"+document+"/versions", f) }
	upload(newForm("").file("1.txt", "one").file("2.txt", "two")).made()
	w.post(v.manager, a+"/documents/"+document+"/reject", map[string]any{"version": 1, "reason": "Not signed"}).want(http.StatusOK)
	page := grace.ask("GET", own, nil).want(http.StatusOK)
	if page.text("documents.0.status") != "rejected" || page.text("documents.0.rejection_reason") != "Not signed" || page.at("documents.0.accepts_upload") != true {
		t.Errorf("%s", page.body)
	}
	upload(newForm("").file("1.txt", "signed")).made()
	page = grace.ask("GET", own, nil).want(http.StatusOK)
	if page.at("documents.0.uploads.0.version") != 2.0 || page.at("documents.0.uploads.1.version") != 1.0 {
		t.Errorf("%s", page.body)
	}
	file := page.text("documents.0.uploads.1.files.1.id")
	if got := grace.ask("GET", own+"/documents/"+document+"/files/"+file, nil).want(http.StatusOK); string(got.body) != "two" {
		t.Errorf("%s", got.body)
	}
	if seen := w.get(v.manager, a+"/documents").want(http.StatusOK); !bytes.Contains(seen.body, []byte("Not signed")) {
		t.Errorf("%s", seen.body)
	}
	w.post(v.manager, a+"/documents/"+document+"/approve", map[string]any{"version": 2}).want(http.StatusOK)
	upload(newForm("").file("1.txt", "again")).problem(http.StatusConflict, "document_approved")

	interview := w.post(v.manager, a+"/interviews", with(meeting(v, 5), map[string]any{"slots": []string{meeting(v, 6)["start"].(string)}})).made()
	grace.ask("POST", own+"/interviews/"+interview+"/answer", map[string]any{"answer": "accepted", "slot": meeting(v, 6)["start"]}).want(http.StatusOK)
	page = grace.ask("GET", own, nil).want(http.StatusOK)
	if page.text("interviews.0.answer") != "accepted" || page.text("interviews.0.start") != meeting(v, 6)["start"] {
		t.Errorf("%s", page.body)
	}
	grace.ask("POST", own+"/withdraw", map[string]string{"note": "I move away"}).want(http.StatusOK)
	grace.ask("POST", own+"/withdraw", map[string]string{}).want(http.StatusOK)
	if seen := w.get(v.manager, a); seen.text("outcome") != "withdrawn" || seen.text("reason.label") != "Withdrawn by the candidate" {
		t.Errorf("%s", seen.body)
	}
	page = grace.ask("GET", own, nil).want(http.StatusOK)
	if page.text("status") != "withdrawn" || page.at("read_only") != true || page.at("readable_until") == nil {
		t.Errorf("%s", page.body)
	}
	grace.ask("POST", own+"/notes", map[string]string{"text": "x"}).problem(http.StatusConflict, "application_closed")
	timeline := grace.ask("GET", own+"/timeline", nil).want(http.StatusOK)
	for i, kind := range []string{"disqualified", "interview_answered", "interview_scheduled", "document_approved", "document_uploaded", "document_rejected"} {
		if got := timeline.text("items." + string(rune('0'+i)) + ".kind"); got != kind {
			t.Errorf("%d is %s, want %s", i, got, kind)
		}
	}
	if timeline.text("items.0.outcome") != "withdrawn" || timeline.at("items.0.yours") != true || timeline.text("items.5.text") != "Not signed" || bytes.Contains(timeline.body, []byte("I move away")) {
		t.Errorf("%s", timeline.body)
	}
	w.do(call{method: "PATCH", path: "/v1/organization/settings", token: w.admin, body: map[string]int{"read_only_days": 0}}).want(http.StatusOK)
	grace.ask("GET", own, nil).problem(http.StatusNotFound, "not_found")
	grace.ask("POST", own+"/notes", map[string]string{"text": "x"}).problem(http.StatusNotFound, "unknown_application")
	if list := grace.ask("GET", "/applications", nil).want(http.StatusOK); len(list.at("items").([]any)) != 0 {
		t.Errorf("%s", list.body)
	}
}

// S1-16, S1-21, E12: until a rejection is disclosed nothing tells of it, and the
// candidate may still withdraw; then they never were rejected.
func TestNothingTellsOfARejectionBeforeItIsDisclosed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vacancy("Engineer")
	mine := w.apply(v, "Grace", "Hopper")
	w.selfTracking(true)
	grace := w.signIn("grace.hopper@mail.example")
	a, own := "/v1/applications/"+mine, "/applications/"+mine
	before := grace.ask("GET", own, nil).want(http.StatusOK)
	told := grace.ask("GET", own+"/timeline", nil).want(http.StatusOK)
	w.post(v.manager, a+"/disqualify", map[string]string{"kind": "rejected", "reason_id": commands.FirstReason("Position filled")}).want(http.StatusOK)
	if after := grace.ask("GET", own, nil); !bytes.Equal(after.body, before.body) || after.header.Get("ETag") != before.header.Get("ETag") {
		t.Errorf("%s\nwas\n%s", after.body, before.body)
	}
	if after := grace.ask("GET", own+"/timeline", nil); !bytes.Equal(after.body, told.body) {
		t.Errorf("%s\nwas\n%s", after.body, told.body)
	}
	answer := grace.ask("POST", own+"/notes", map[string]string{"text": "Any news?"})
	if answer.made(); answer.json()["revision"] != nil {
		t.Errorf("%s", answer.body)
	}
	grace.ask("POST", own+"/withdraw", map[string]string{}).want(http.StatusOK)
	if page := grace.ask("GET", own, nil); page.text("status") != "withdrawn" {
		t.Errorf("%s", page.body)
	}
	if told := grace.ask("GET", own+"/timeline", nil); bytes.Contains(told.body, []byte(`"rejected"`)) {
		t.Errorf("%s", told.body)
	}
}

// H11, S1-07, S1-64, S2-18: who changes their address proves the new one; an
// address that is another's gives nothing of theirs, and one that was corrected
// is a way in no more.
func TestH11AnAddressIsProved(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vacancy("Engineer")
	mine := w.apply(v, "Grace", "Hopper")
	w.apply(v, "Ada", "Lovelace")
	w.selfTracking(true)
	grace := w.signIn("grace.hopper@mail.example")
	elsewhere := w.signIn("grace.hopper@mail.example")
	grace.ask("PATCH", "", map[string]string{"last_name": "Murray", "phone": "+1 555 100"}).want(http.StatusOK)
	change := func(email string) (reply, map[string]string) {
		asked := grace.ask("POST", "/email-changes", map[string]string{"email": email}).want(http.StatusAccepted)
		m := <-w.codes
		if string(m.To[0]) != email {
			t.Fatalf("mail to %v", m.To)
		}
		body := map[string]string{"sign_in_id": asked.text("sign_in_id"), "email": email, "code": sixDigits.FindString(string(m.Text))}
		return grace.ask("POST", "/email", body), body
	}
	taken, _ := change("ada.lovelace@mail.example")
	taken.problem(http.StatusConflict, "address_taken")
	changed, body := change("grace@murray.example")
	changed.want(http.StatusOK)
	body["email"] = "other@mail.example"
	grace.ask("POST", "/email", body).problem(http.StatusForbidden, "sign_in")
	if me := grace.ask("GET", "", nil).want(http.StatusOK); me.text("email") != "grace@murray.example" || me.text("last_name") != "Murray" || me.text("phone") != "+1 555 100" {
		t.Errorf("%s", me.body)
	}
	elsewhere.ask("GET", "", nil).problem(http.StatusUnauthorized, "not_signed_in")
	// Whoever applies with the old address is somebody else.
	other := w.post(v.manager, "/v1/applications", application(v, "Grace", "Hopper")).made()
	if list := w.signIn("grace.hopper@mail.example").ask("GET", "/applications", nil); list.text("items.0.id") != other || len(list.at("items").([]any)) != 1 {
		t.Errorf("%s", list.body)
	}
	if list := grace.ask("GET", "/applications", nil); list.text("items.0.id") != mine || len(list.at("items").([]any)) != 1 {
		t.Errorf("%s", list.body)
	}
	// A member corrects it: the address before is a way in no more.
	w.do(call{method: "PATCH", path: "/v1/applications/" + mine + "/candidate", token: v.manager, body: map[string]string{"email": "grace@navy.example"}}).want(http.StatusOK)
	grace.ask("GET", "", nil).problem(http.StatusUnauthorized, "not_signed_in")
}

// portrait is a small picture.
func portrait() string {
	var b bytes.Buffer
	_ = png.Encode(&b, image.NewGray(image.Rect(0, 0, 8, 4)))
	return b.String()
}

// S1-11, S1-12, S1-13, S1-14, S1-15, H4: a picture is a picture, of whoever may
// edit the profile or of the candidate; it goes with them.
func TestPictures(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vacancy("Engineer")
	mine, theirs := w.apply(v, "Grace", "Hopper"), w.apply(w.vacancy("Analyst"), "Ada", "Lovelace")
	w.selfTracking(true)
	grace := w.signIn("grace.hopper@mail.example")
	upload := func(content string) *form { return newForm("").as("picture", "me.png", content) }
	a := "/v1/applications/" + mine
	grace.ask("GET", "/picture", nil).problem(http.StatusNotFound, "not_found")
	w.post(v.manager, a+"/picture", upload("<svg onload='alert(1)'/>")).problem(http.StatusUnprocessableEntity, "picture_format")
	w.post(v.manager, a+"/picture", upload(strings.Repeat("x", 5<<20+1))).problem(http.StatusUnprocessableEntity, "picture_too_large")
	w.post(v.manager, "/v1/applications/"+theirs+"/picture", upload(portrait())).problem(http.StatusNotFound, "unknown_application")
	first := w.post(v.manager, a+"/picture", upload(portrait())).made()
	second := grace.ask("POST", "/picture", upload(portrait())).made()
	if profile := w.get(v.manager, a); profile.text("candidate.picture_id") != second || first == second {
		t.Errorf("%s", profile.body)
	}
	// S2-100: cards and the list say that there is one.
	if cards := w.get(v.manager, "/v1/jobs/"+v.id+"/pipeline").want(http.StatusOK); !bytes.Contains(cards.body, []byte(`"picture_id":"`+second+`"`)) || bytes.Count(cards.body, []byte(`"picture_id":"`)) != 1 {
		t.Errorf("%s", cards.body)
	}
	if list := w.get(v.manager, "/v1/applications").want(http.StatusOK); !bytes.Contains(list.body, []byte(`"picture_id":"`+second+`"`)) {
		t.Errorf("%s", list.body)
	}
	blind := w.role("Names only", map[access.Area]string{access.Application: "view"})
	who, looks := w.member("Ina", "recruiting")
	w.put(w.admin, "/v1/jobs/"+v.id+"/hiring-team", map[string]any{"hiring_team": []map[string]any{
		{"member_id": v.member, "recruiting_role_id": commands.FirstRole("Recruiter"), "recruitment_manager": true}, {"member_id": who, "recruiting_role_id": blind},
	}}).want(http.StatusOK)
	if cards := w.get(looks, "/v1/jobs/"+v.id+"/pipeline").want(http.StatusOK); bytes.Contains(cards.body, []byte(second)) {
		t.Errorf("without the right to view profiles: %s", cards.body)
	}
	w.get(looks, a+"/picture").problem(http.StatusForbidden, "denied")
	if page := grace.ask("GET", "/applications/"+mine, nil); page.text("picture_id") != second {
		t.Errorf("%s", page.body)
	}
	for _, got := range []reply{w.get(v.manager, a+"/picture"), grace.ask("GET", "/picture", nil)} {
		got.want(http.StatusOK)
		if _, format, err := image.Decode(bytes.NewReader(got.body)); err != nil || format != "jpeg" || got.header.Get("Content-Type") != "image/jpeg" {
			t.Errorf("%s, %v, %v", format, err, got.header)
		}
	}
	_, stranger := w.member("Rita", "recruiting")
	w.get(stranger, a+"/picture").problem(http.StatusNotFound, "not_found")
	grace.ask("DELETE", "/picture", nil).want(http.StatusOK)
	grace.ask("DELETE", "/picture", nil).want(http.StatusOK)
	w.get(v.manager, a+"/picture").problem(http.StatusNotFound, "not_found")

	w.post(v.manager, a+"/picture", upload(portrait())).made()
	grace.ask("POST", "/applications/"+mine+"/withdraw", map[string]string{}).want(http.StatusOK)
	w.post(w.admin, a+"/anonymise", nil).want(http.StatusOK)
	w.get(w.admin, a+"/picture").problem(http.StatusNotFound, "not_found")
	grace.ask("GET", "/picture", nil).problem(http.StatusUnauthorized, "not_signed_in")
}

// S1-64: what is known of a candidate they correct while something goes on, read
// while they can look at an application, and neither after that.
func TestOwnDataAfterTheEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vacancy("Engineer")
	mine := w.apply(v, "Grace", "Hopper")
	w.selfTracking(true)
	grace := w.signIn("grace.hopper@mail.example")
	correct := func(phone string) reply { return grace.ask("PATCH", "", map[string]string{"phone": phone}) }
	correct("+1 555 100").want(http.StatusOK)
	grace.ask("POST", "/applications/"+mine+"/withdraw", map[string]string{}).want(http.StatusOK)
	w.settle()
	correct("+1 555 200").problem(http.StatusConflict, "application_closed")
	grace.ask("POST", "/picture", newForm("").as("picture", "me.png", "x")).want(http.StatusConflict)
	if me := grace.ask("GET", "", nil).want(http.StatusOK); me.text("phone") != "+1 555 100" {
		t.Errorf("%s", me.body)
	}
	w.do(call{method: http.MethodPatch, path: "/v1/organization/settings", token: w.admin, body: map[string]any{"read_only_days": 0}}).want(http.StatusOK)
	w.settle()
	grace.ask("GET", "", nil).want(http.StatusNotFound)
	grace.ask("GET", "/picture", nil).want(http.StatusNotFound)
	correct("+1 555 300").want(http.StatusNotFound)
	// Who has another that goes on has both again.
	w.apply(w.vacancy("Baker"), "Grace", "Hopper")
	w.settle()
	grace.ask("GET", "", nil).want(http.StatusOK)
	correct("+1 555 400").want(http.StatusOK)
}

// S1-02: while self-tracking is off there is no such path, whatever the method.
func TestS102OffMeansAbsentForEveryMethod(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, path := range []string{"/v1/candidate/session", "/v1/candidate", "/v1/candidate/applications/" + uuid.NewString()} {
		for _, method := range []string{http.MethodPut, http.MethodOptions, http.MethodTrace} {
			w.do(call{method: method, path: path}).problem(http.StatusNotFound, "not_found")
		}
	}
	w.selfTracking(true)
	w.do(call{method: http.MethodPut, path: "/v1/candidate/session"}).problem(http.StatusMethodNotAllowed, "method_not_allowed")
}

// H1: an admin who reads captured mail cannot sign in as a candidate by it.
func TestH1CapturedMailShowsNoCodes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.apply(w.vacancy("Engineer"), "Grace", "Hopper")
	w.selfTracking(true)
	id, code, token := w.code("grace.hopper@mail.example")
	got := w.get(w.admin, "/v1/mails/"+id).want(http.StatusOK)
	if got.text("content.to.0") != "grace.hopper@mail.example" || bytes.Contains(got.body, []byte(code)) || bytes.Contains(got.body, []byte(token)) {
		t.Errorf("%s", got.body)
	}
	shown, err := w.mails.ShowCodes(true).Get(t.Context(), id)
	if err != nil || !strings.Contains(string(shown.Content.Text), code) {
		t.Errorf("shown: %v", err)
	}
}
