package transport

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"
)

// What a client may get wrong, and the problem that says so. None of it changes
// anything.
func TestBadRequests(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vacancy("Engineer")
	id := w.apply(v, "Grace", "Hopper")
	move := "/v1/applications/" + id + "/move"
	to := map[string]string{"to": v.stages[1]}
	auditor := w.tokenOf(w.post(w.admin, "/v1/members", map[string]string{"name": "Otto", "role": "auditor"}).made())
	w.settle()
	before := w.events()
	for _, tt := range []struct {
		name   string
		call   call
		status int
		code   string
	}{
		{"no token", call{method: "POST", path: move, body: to}, 401, "unauthenticated"},
		{"bad token", call{method: "POST", path: move, token: "hl_nonsense", body: to}, 401, "invalid_token"},
		{"token of another scheme", call{method: "POST", path: move, header: map[string]string{"Authorization": "Basic " + v.manager}}, 401, "unauthenticated"},
		{"malformed JSON", call{method: "POST", path: move, token: v.manager, body: `{"to": `}, 400, "malformed_json"},
		{"two values", call{method: "POST", path: move, token: v.manager, body: `{} {}`}, 400, "malformed_json"},
		{"no body", call{method: "POST", path: move, token: v.manager}, 400, "body_required"},
		{"not an object", call{method: "POST", path: move, token: v.manager, body: `[]`}, 422, "invalid"},
		{"null", call{method: "POST", path: move, token: v.manager, body: `null`}, 422, "invalid"},
		{"unknown field", call{method: "POST", path: move, token: v.manager, body: map[string]string{"to": v.stages[1], "colour": "red"}}, 422, "invalid"},
		{"field missing", call{method: "POST", path: move, token: v.manager, body: `{}`}, 422, "invalid"},
		{"wrong type", call{method: "POST", path: move, token: v.manager, body: `{"to": 7}`}, 422, "invalid"},
		{"a flag that is missing", call{method: "PUT", path: "/v1/applications/" + id + "/priority", token: v.manager, body: `{}`}, 422, "invalid"},
		{"stage that is not", call{method: "POST", path: move, token: v.manager, body: map[string]string{"to": uuid.NewString()}}, 422, "unknown_stage"},
		{"seen elsewhere", call{method: "POST", path: move, token: v.manager, body: map[string]string{"to": v.stages[1], "from": v.stages[2]}}, 409, "stage_changed"},
		{"body for a command without", call{method: "POST", path: "/v1/jobs/" + v.id + "/resume", token: v.manager, body: `{"reason": "x"}`}, 422, "invalid"},
		{"body too large", call{method: "POST", path: move, token: v.manager, body: `{"to": "` + strings.Repeat("x", 1<<20) + `"}`}, 413, "too_large"},
		{"text too long", call{method: "POST", path: move, token: v.manager, body: map[string]string{"to": v.stages[1], "comment": strings.Repeat("x", 4001)}}, 422, "invalid"},
		{"unknown id", call{method: "POST", path: "/v1/applications/" + uuid.NewString() + "/move", token: v.manager, body: to}, 404, "unknown_application"},
		{"no id", call{method: "POST", path: "/v1/applications/1/move", token: v.manager, body: to}, 404, "not_found"},
		{"id in capitals", call{method: "POST", path: "/v1/applications/" + strings.ToUpper(id) + "/move", token: v.manager, body: to}, 404, "not_found"},
		{"path in an id", call{method: "POST", path: "/v1/applications/..%2f..%2fjobs/move", token: v.manager, body: to}, 404, "not_found"},
		{"wrong content type", call{method: "POST", path: move, token: v.manager, body: to, header: map[string]string{"Content-Type": "text/xml"}}, 415, "unsupported_media_type"},
		{"wrong charset", call{method: "POST", path: move, token: v.manager, body: to, header: map[string]string{"Content-Type": "application/json; charset=latin1"}}, 415, "unsupported_media_type"},
		{"answer in XML", call{method: "POST", path: move, token: v.manager, body: to, header: map[string]string{"Accept": "text/xml"}}, 406, "not_acceptable"},
		{"answer not in JSON", call{method: "POST", path: move, token: v.manager, body: to, header: map[string]string{"Accept": "*/*, application/json;q=0"}}, 406, "not_acceptable"},
		{"stale revision", call{method: "POST", path: move, token: v.manager, body: to, header: map[string]string{"If-Match": `"7"`}}, 412, "stale_revision"},
		{"any revision", call{method: "POST", path: move, token: v.manager, body: to, header: map[string]string{"If-Match": "*"}}, 400, "malformed"},
		{"revision without quotes", call{method: "POST", path: move, token: v.manager, body: to, header: map[string]string{"If-Match": "0"}}, 400, "malformed"},
		{"negative revision", call{method: "POST", path: move, token: v.manager, body: to, header: map[string]string{"If-Match": `"-1"`}}, 400, "malformed"},
		{"empty revision", call{method: "POST", path: move, token: v.manager, body: to, header: map[string]string{"If-Match": ""}}, 400, "malformed"},
		{"key with a space", call{method: "POST", path: move, token: v.manager, body: to, header: map[string]string{"Idempotency-Key": "a b"}}, 422, "invalid"},
		{"key too long", call{method: "POST", path: move, token: v.manager, body: to, header: map[string]string{"Idempotency-Key": strings.Repeat("k", 256)}}, 422, "invalid"},
		{"huge header", call{method: "POST", path: move, token: v.manager, body: to, header: map[string]string{"X-Large": strings.Repeat("x", 20<<10)}}, 431, "headers_too_large"},
		{"huge URL", call{method: "GET", path: "/v1/jobs?" + strings.Repeat("x", 9<<10), token: v.manager}, 414, "url_too_long"},
		{"no such path", call{method: "GET", path: "/v1/nothing", token: v.manager}, 404, "not_found"},
		{"no such path to post to", call{method: "POST", path: "/v1/nothing", token: v.manager}, 404, "not_found"},
		{"slash at the end", call{method: "GET", path: "/v1/jobs/", token: v.manager}, 404, "not_found"},
		{"unknown parameter", call{method: "GET", path: "/v1/applications?colour=red", token: v.manager}, 422, "invalid"},
		{"limit too large", call{method: "GET", path: "/v1/applications?limit=201", token: v.manager}, 422, "invalid"},
		{"limit not a number", call{method: "GET", path: "/v1/applications?limit=many", token: v.manager}, 422, "invalid"},
		{"bad cursor", call{method: "GET", path: "/v1/applications?cursor=bm9uc2Vuc2U", token: v.manager}, 422, "cursor"},
		{"sorted by hidden names", call{method: "GET", path: "/v1/applications?sort=name", token: auditor}, 422, "query"},
		{"bad time", call{method: "GET", path: "/v1/applications?received_from=yesterday", token: v.manager}, 422, "invalid"},
		{"bad position", call{method: "GET", path: "/v1/jobs?min_position=7", token: v.manager}, 400, "malformed"},
		{"a query that is none", call{method: "GET", path: "/v1/applications?q=zed%zz", token: v.manager}, 400, "malformed"},
		{"a semicolon in a query", call{method: "GET", path: "/v1/applications?outcome=rejected;priority=true", token: v.manager}, 400, "malformed"},
		{"a position in a query that is none", call{method: "GET", path: "/v1/applications?min_position=junk%zz", token: v.manager}, 400, "malformed"},
		{"a moment in a query that is none", call{method: "GET", path: "/v1/applications/" + id + "/history?as_of=0%zz", token: v.manager}, 400, "malformed"},
		{"an unknown parameter in a query that is none", call{method: "GET", path: "/v1/me?bogus;x", token: v.manager}, 400, "malformed"},
		{"a query that is none, of a command", call{method: "POST", path: move + "?x%zz", token: v.manager, body: to}, 400, "malformed"},
		{"a query that is none, of what is public", call{method: "GET", path: "/livez?x%zz"}, 400, "malformed"},
		{"unknown parameter of a command", call{method: "POST", path: move + "?to=x", token: v.manager, body: to}, 422, "invalid"},
		{"a parameter twice", call{method: "GET", path: "/v1/applications?limit=1&limit=200", token: v.manager}, 422, "invalid"},
		{"the same twice", call{method: "GET", path: "/v1/applications?q=zed&q=zed", token: v.manager}, 422, "invalid"},
		{"a position twice", call{method: "GET", path: "/v1/me?min_position=&min_position=x", token: v.manager}, 422, "invalid"},
		{"a NUL", call{method: "GET", path: "/v1/applications?source=%00", token: v.manager}, 400, "malformed"},
		{"not UTF-8", call{method: "GET", path: "/v1/applications?source=%ff", token: v.manager}, 400, "malformed"},
		{"position of another log", call{method: "GET", path: "/v1/jobs?min_position=" + uuid.NewString() + ".7.7", token: v.manager}, 410, "foreign_position"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := *w
			w.t = t
			w.do(tt.call).problem(tt.status, tt.code)
		})
	}
	if got := w.events(); got != before {
		t.Errorf("%d events were written", got-before)
	}
	if at := w.do(call{method: "GET", path: "/v1/applications?q=zed%zz", token: v.manager}).text("errors.0.location"); at != "query" {
		t.Errorf("a query that is none is located at %q", at)
	}
	// What is a list may be said twice.
	w.get(v.manager, "/v1/applications?source=a&source=b").want(http.StatusOK)
}

func TestWrongMethodsNameTheRightOnes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, tt := range []struct{ method, path, allow string }{
		{"GET", "/v1/applications/" + uuid.NewString() + "/move", "POST"},
		{"PUT", "/v1/applications", "GET, HEAD, POST"},
		{"POST", "/v1/me", "GET, HEAD"},
		{"DELETE", "/v1/jobs/" + uuid.NewString(), "GET, HEAD, PATCH"},
		{"OPTIONS", "/v1/jobs", "GET, HEAD, POST"},
		{"BREW", "/v1/jobs", "GET, HEAD, POST"},
		{"POST", "/livez", "GET, HEAD"},
	} {
		got := w.do(call{method: tt.method, path: tt.path, token: w.admin}).problem(http.StatusMethodNotAllowed, "method_not_allowed")
		if allow := got.header.Get("Allow"); allow != tt.allow {
			t.Errorf("%s %s: Allow = %q, want %q", tt.method, tt.path, allow, tt.allow)
		}
	}
}

// A problem never repeats what was sent.
func TestProblemsRepeatNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vacancy("Engineer")
	const secret = "Canary Wharf"
	for _, body := range []any{
		map[string]any{"job_id": v.id, "source": strings.Repeat(secret, 20), "candidate": map[string]any{"first_name": strings.Repeat(secret, 20)}},
		map[string]any{"job_id": secret, "source": "x", "candidate": map[string]any{"first_name": secret, "last_name": 7}},
		map[string]any{"job_id": v.id, "source": "x", "candidate": secret},
		`{"job_id": "` + secret,
		`"` + secret + `"`,
	} {
		if got := w.post(v.manager, "/v1/applications", body); got.status < 400 || strings.Contains(string(got.body), secret) {
			t.Errorf("%d %s", got.status, got.body)
		}
	}
}
