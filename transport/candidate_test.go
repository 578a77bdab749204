package transport

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/hirelog/hirelog/internal/mail"
	"github.com/hirelog/hirelog/transport/auth"
)

// tellingMail tells a test what mail was captured.
type tellingMail struct {
	*mail.Captured
	sent chan<- mail.Mail
}

func (m tellingMail) Send(ctx context.Context, one mail.Mail) error {
	err := m.Captured.Send(ctx, one)
	if err == nil {
		m.sent <- one
	}
	return err
}

// candidate is somebody who is signed in.
type candidate struct {
	*world
	cookie string
}

// sixDigits and signInToken are what a mail proves an address by.
var (
	sixDigits   = regexp.MustCompile(`\b[0-9]{6}\b`)
	signInToken = regexp.MustCompile(`[\w-]{22}\.[\w-]{43}`)
)

// code asks for a code and waits for its mail.
func (w *world) code(email string) (id, code, token string) {
	w.t.Helper()
	asked := w.post("", "/v1/candidate/sign-ins", map[string]string{"email": email}).want(http.StatusAccepted)
	select {
	case m := <-w.codes:
		if m.ID.String() != asked.text("sign_in_id") || string(m.To[0]) != email {
			w.t.Fatalf("mail %s to %v", m.ID, m.To)
		}
		return asked.text("sign_in_id"), sixDigits.FindString(string(m.Text)), signInToken.FindString(string(m.Text))
	case <-time.After(time.Minute):
		w.t.Fatal("no code was mailed")
	}
	return "", "", ""
}

// signIn signs the person with an address in.
func (w *world) signIn(email string) candidate {
	w.t.Helper()
	id, code, _ := w.code(email)
	return candidate{w, session(w.post("", "/v1/candidate/session", map[string]string{"sign_in_id": id, "code": code}).want(http.StatusOK))}
}

// session returns the cookie an answer sets, as a request has it.
func session(r reply) string {
	r.t.Helper()
	for _, c := range (&http.Response{Header: r.header}).Cookies() {
		if c.Name == auth.Cookie && c.Value != "" {
			return c.Name + "=" + c.Value
		}
	}
	r.t.Fatalf("no session is set: %v", r.header)
	return ""
}

// ask makes a request with the session, after everything written so far.
func (c candidate) ask(method, path string, body any) reply {
	c.t.Helper()
	header := map[string]string{"Cookie": c.cookie}
	if method == http.MethodGet {
		header["Hirelog-Position"] = c.head()
	}
	return c.do(call{method: method, path: "/v1/candidate" + path, body: body, header: header})
}

func (w *world) selfTracking(on bool) {
	w.t.Helper()
	w.do(call{method: "PATCH", path: "/v1/organization/settings", token: w.admin, body: map[string]bool{"self_tracking": on}}).want(http.StatusOK)
}

// S1-06, S1-07, S1-08, S1-09, S1-53, S1-54, S1-59, H6: a candidate signs in by a
// mailed code, sees their applications and no others, writes, and signs out.
func TestACandidateSignsIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v, other := w.vacancy("Engineer"), w.vacancy("Analyst")
	first, second := w.apply(v, "Grace", "Hopper"), w.apply(other, "Grace", "Hopper")
	foreign := w.apply(v, "Ada", "Lovelace")
	w.selfTracking(true)
	grace := w.signIn("grace.hopper@mail.example")

	if me := grace.ask("GET", "", nil).want(http.StatusOK); me.text("first_name") != "Grace" || me.text("email") != "grace.hopper@mail.example" {
		t.Errorf("%s", me.body)
	}
	list := grace.ask("GET", "/applications", nil).want(http.StatusOK)
	if list.text("items.0.id") != second || list.text("items.1.id") != first || len(list.at("items").([]any)) != 2 {
		t.Errorf("%s", list.body)
	}
	note := grace.ask("POST", "/applications/"+first+"/notes", map[string]string{"text": "When do I hear from you?"}).made()
	key := map[string]string{"Cookie": grace.cookie, "Idempotency-Key": "a-second-note"}
	for range 2 { // E6
		w.do(call{method: "POST", path: "/v1/candidate/applications/" + first + "/notes", body: map[string]string{"text": "Anybody there?"}, header: key}).want(http.StatusCreated)
	}
	if n := len(w.get(v.manager, "/v1/applications/"+first+"/notes").at("items").([]any)); n != 2 {
		t.Errorf("%d notes", n)
	}
	page := grace.ask("GET", "/applications/"+first, nil).want(http.StatusOK)
	if page.text("notes.1.id") != note || page.at("notes.1.own") != true || page.text("status") != "in_progress" || page.at("preview") != false {
		t.Errorf("%s", page.body)
	}
	if seen := w.get(v.manager, "/v1/applications/"+first+"/notes"); seen.text("items.1.text") != "When do I hear from you?" || seen.text("items.1.by.kind") != "candidate" {
		t.Errorf("%s", seen.body)
	}
	if notices := w.get(v.manager, "/v1/me/inbox"); notices.text("items.1.note_id") != note {
		t.Errorf("%s", notices.body)
	}
	grace.ask("DELETE", "/applications/"+first+"/notes/"+note, nil).want(http.StatusOK)
	grace.ask("DELETE", "/applications/"+first+"/notes/"+note, nil).want(http.StatusOK)
	grace.ask("GET", "/applications/"+foreign, nil).problem(http.StatusNotFound, "not_found")
	grace.ask("POST", "/applications/"+foreign+"/notes", map[string]string{"text": "x"}).problem(http.StatusNotFound, "unknown_application")

	again := w.signIn("Grace.Hopper@Mail.Example") // somewhere else, written otherwise
	out := grace.ask("DELETE", "/session", nil).want(http.StatusOK)
	if !strings.Contains(out.header.Get("Set-Cookie"), "Max-Age=0") {
		t.Errorf("the cookie stays: %v", out.header)
	}
	grace.ask("GET", "", nil).problem(http.StatusUnauthorized, "not_signed_in")
	grace.ask("POST", "/applications/"+first+"/notes", map[string]string{"text": "x"}).problem(http.StatusUnauthorized, "not_signed_in")
	again.ask("GET", "", nil).want(http.StatusOK)
}

// S1-54, S1-55: notes and comments come in pages, for members and for the candidate
// alike, who sees only what is for them and never another's page.
func TestRemarksInPages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vacancy("Engineer")
	id, foreign := w.apply(v, "Grace", "Hopper"), w.apply(v, "Ada", "Lovelace")
	w.selfTracking(true)
	grace := w.signIn("grace.hopper@mail.example")
	a := "/v1/applications/" + id
	for i := range 3 {
		text := fmt.Sprint("said ", i)
		w.post(v.manager, a+"/comments", map[string]string{"text": text}).made()
		w.post(v.manager, a+"/notes", map[string]any{"text": text, "candidate_can_view": i != 1}).made()
	}
	for _, list := range []string{"/notes", "/comments"} {
		first := w.get(v.manager, a+list+"?limit=2").want(http.StatusOK)
		if first.at("has_more") != true || first.at("total") != 3.0 || first.text("items.0.text") != "said 2" || first.text("items.1.text") != "said 1" {
			t.Errorf("%s: %s", list, first.body)
		}
		next := w.get(v.manager, a+list+"?limit=2&cursor="+first.text("next_cursor")).want(http.StatusOK)
		if next.at("has_more") != false || next.at("next_cursor") != nil || len(next.at("items").([]any)) != 1 || next.text("items.0.text") != "said 0" {
			t.Errorf("%s: %s", list, next.body)
		}
		w.get(v.manager, "/v1/applications/"+foreign+list+"?cursor="+first.text("next_cursor")).problem(http.StatusUnprocessableEntity, "cursor")
		w.get(v.manager, a+list+"?limit=201").want(http.StatusUnprocessableEntity)
	}
	if p := w.get(v.manager, a).want(http.StatusOK); p.at("notes_total") != 3.0 || p.at("comments_total") != 3.0 || p.at("notes_next_cursor") != nil || p.at("comments_next_cursor") != nil {
		t.Errorf("%s", p.body)
	}
	first := grace.ask("GET", "/applications/"+id+"/notes?limit=1", nil).want(http.StatusOK)
	if first.at("total") != 2.0 || first.text("items.0.text") != "said 2" {
		t.Errorf("%s", first.body)
	}
	next := grace.ask("GET", "/applications/"+id+"/notes?limit=1&cursor="+first.text("next_cursor"), nil).want(http.StatusOK)
	if next.text("items.0.text") != "said 0" || next.at("has_more") != false {
		t.Errorf("%s", next.body)
	}
	grace.ask("GET", "/applications/"+foreign+"/notes", nil).problem(http.StatusNotFound, "not_found")
	w.get(v.manager, a+"/notes?cursor="+first.text("next_cursor")).problem(http.StatusUnprocessableEntity, "cursor")
	if page := grace.ask("GET", "/applications/"+id, nil).want(http.StatusOK); page.at("notes_total") != 2.0 || page.at("notes_next_cursor") != nil {
		t.Errorf("%s", page.body)
	}
	w.selfTracking(false)
	grace.ask("GET", "/applications/"+id+"/notes", nil).problem(http.StatusNotFound, "not_found")
}
