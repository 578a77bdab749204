package transport

import (
	"encoding/json"
	"go/parser"
	"go/token"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"

	"github.com/hirelog/hirelog/transport/edge"
)

// What Echo routes, what the OpenAPI document describes and what was declared
// are the same, and every route says who may use it.
func TestEveryRouteIsDeclared(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	declared := map[string]edge.Route{}
	for _, r := range w.handler.edge.Routes() {
		declared[r.Method+" "+r.Path] = r
		if r.Who.String() == "" {
			t.Errorf("%s %s does not say who may use it", r.Method, r.Path)
		}
	}
	routed := map[string]bool{}
	for _, surface := range []http.Handler{w.handler.reading, w.handler.writing} {
		for _, r := range surface.(*edge.Surface).Routed() {
			routed[r] = true
			if _, ok := declared[r]; !ok {
				t.Errorf("%s is routed and not declared", r)
			}
		}
	}
	described := operations(w.handler.edge.OpenAPI())
	for name, r := range declared {
		if !routed[name] {
			t.Errorf("%s is declared and not routed", name)
		}
		op := described[name]
		switch {
		case r.Hidden:
		case op == nil:
			t.Errorf("%s is declared and not described", name)
		case op.Extensions["x-hirelog-who"] != r.Who.String():
			t.Errorf("%s is described for %v, declared for %s", name, op.Extensions["x-hirelog-who"], r.Who)
		case op.Summary == "" || len(op.Tags) == 0:
			t.Errorf("%s has no summary or tag", name)
		}
	}
	for name := range described {
		if _, ok := declared[name]; !ok {
			t.Errorf("%s is described and not declared", name)
		}
	}
	if len(declared) < 55 {
		t.Errorf("only %d routes", len(declared))
	}
}

// E6: whatever writes can be given again under its key, but for what records
// nothing: asking for codes, signing in and out, and looking at what would be.
func TestEveryWriteTakesAnIdempotencyKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	without := map[string]bool{
		"POST /v1/candidate/sign-ins": true, "POST /v1/candidate/session": true, "DELETE /v1/candidate/session": true,
		"POST /v1/candidate/offers/sign-ins": true, "POST /v1/candidate/offers/session": true, "DELETE /v1/candidate/offers/session": true,
		"POST /v1/candidate/email-changes": true, "POST /v1/bulk-actions/preview": true,
		"POST /v1/me/second-factor": true, "POST /v1/me/second-factor/step-up": true,
	}
	for name, op := range operations(w.handler.edge.OpenAPI()) {
		takes := slices.ContainsFunc(op.Parameters, func(p *huma.Param) bool { return p.Name == "Idempotency-Key" })
		if writes := !strings.HasPrefix(name, "GET "); takes != (writes && !without[name]) {
			t.Errorf("%s: takes a key: %v", name, takes)
		}
	}
}

func operations(doc *huma.OpenAPI) map[string]*huma.Operation {
	all := map[string]*huma.Operation{}
	for path, item := range doc.Paths {
		for method, op := range map[string]*huma.Operation{
			"GET": item.Get, "POST": item.Post, "PUT": item.Put, "PATCH": item.Patch, "DELETE": item.Delete,
		} {
			if op != nil {
				all[method+" "+path] = op
			}
		}
	}
	return all
}

// Routes come into being in one function: huma and Echo register elsewhere
// nothing that it would not see.
func TestRoutesAreDeclaredInOnePlace(t *testing.T) {
	t.Parallel()
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, text, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, i := range file.Imports {
			if strings.Contains(i.Path.Value, "labstack/echo") && filepath.Dir(path) != "edge" {
				t.Errorf("%s imports Echo; only edge does", path)
			}
		}
		if n := strings.Count(string(text), "huma.Register("); n > 0 && path != filepath.Join("edge", "route.go") {
			t.Errorf("%s registers %d routes past edge.Handle", path, n)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

var parameter = regexp.MustCompile(`\{[^}]*\}`)

// Without a token there is nothing but what is public, and all of it is listed
// here.
func TestOnlyTheseRoutesArePublic(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.selfTracking(true) // else candidates' routes are not there at all
	var public []string
	for _, r := range w.handler.edge.Routes() {
		path := parameter.ReplaceAllString(r.Path, "018f0000-0000-7000-8000-000000000000")
		if w.do(call{method: r.Method, path: path, body: "{}"}).status != http.StatusUnauthorized {
			public = append(public, r.Path)
		}
	}
	want := []string{"/docs", "/docs/{file}", "/livez", "/metrics", "/openapi.json", "/readyz", "/v1/applications/{id}/documents/{document}/files/{file}/open", "/v1/calendar/{secret}", "/v1/candidate/offers/session", "/v1/candidate/offers/sign-ins", "/v1/candidate/session", "/v1/candidate/sign-ins", "/v1/public/jobs", "/v1/public/jobs/{id}", "/v1/public/jobs/{id}/applications"}
	if !slices.Equal(public, want) {
		t.Errorf("public: %v, want %v", public, want)
	}
}

func TestTheDocumentIsServed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	got := w.do(call{method: http.MethodGet, path: "/openapi.json"}).want(http.StatusOK)
	var doc struct {
		OpenAPI    string
		Components struct{ Schemas map[string]json.RawMessage }
	}
	if err := json.Unmarshal(got.body, &doc); err != nil {
		t.Fatal(err)
	}
	if doc.OpenAPI != "3.1.0" {
		t.Errorf("openapi = %q", doc.OpenAPI)
	}
	for _, name := range []string{"MoveStage", "Receive", "Problem", "Profile", "ApplicationPage"} {
		if doc.Components.Schemas[name] == nil {
			t.Errorf("schema %s is missing", name)
		}
	}
	if _, there := doc.Components.Schemas["ErrorModel"]; there {
		t.Error("the document describes errors that nobody answers with")
	}
	for _, path := range []string{"/docs", "/docs/start.js", "/docs/swagger-ui-bundle.js", "/docs/swagger-ui.css"} {
		if got := w.do(call{method: http.MethodGet, path: path}).want(http.StatusOK); len(got.body) == 0 {
			t.Errorf("%s is empty", path)
		}
	}
	page := w.do(call{method: http.MethodGet, path: "/docs"})
	if strings.Contains(string(page.body), "//") || strings.Contains(string(page.body), "<script>") {
		t.Errorf("the page loads from elsewhere or has a script of its own, which its policy forbids: %s", page.body)
	}
	if got := page.header.Get("Content-Security-Policy"); !strings.Contains(got, "script-src 'self';") {
		t.Errorf("Content-Security-Policy = %q", got)
	}
	w.do(call{method: http.MethodGet, path: "/docs/nothing.js"}).problem(http.StatusNotFound, "not_found")
}

// Each half can be served alone and answers for its own routes only.
func TestServedApart(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) { o.Queries = nil })
	v := w.vacancy("Engineer")
	w.apply(v, "Grace", "Hopper")
	w.get(w.admin, "/v1/me").problem(http.StatusNotFound, "not_found")
	w.do(call{method: http.MethodGet, path: "/livez"}).want(http.StatusOK)

	w = newWorld(t, func(o *Options) { o.Commands = nil })
	w.get(w.admin, "/v1/me").want(http.StatusOK)
	w.post(w.admin, "/v1/members", map[string]string{"name": "x", "role": "admin"}).problem(http.StatusMethodNotAllowed, "method_not_allowed")
	w.post(w.admin, "/v1/jobs/018f0000-0000-7000-8000-000000000000/close", nil).problem(http.StatusNotFound, "not_found")
	w.do(call{method: http.MethodGet, path: "/openapi.json"}).want(http.StatusOK)
}
