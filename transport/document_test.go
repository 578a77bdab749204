package transport

import (
	"bytes"
	"encoding/json"
	"flag"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"
)

var update = flag.Bool("update", false, "write docs/openapi.json")

// docs/openapi.json is the contract with clients: a change of it is a change
// that somebody wanted.
func TestTheDocumentIsTheOneInDocs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var now bytes.Buffer
	if err := json.Indent(&now, w.do(call{method: http.MethodGet, path: "/openapi.json"}).want(http.StatusOK).body, "", " "); err != nil {
		t.Fatal(err)
	}
	now.WriteByte('\n')
	const path = "../docs/openapi.json"
	if *update {
		if err := os.WriteFile(path, now.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	written, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(now.Bytes(), written) {
		t.Error("docs/openapi.json is not what is served; after a wanted change: go test ./transport -run TestTheDocumentIsTheOneInDocs -update")
	}
}

// Every operation has an example of what it takes and answers, which is as its
// schema says; what a text is like, edge/examples.json says.
func TestTheDocumentHasExamples(t *testing.T) {
	t.Parallel()
	doc := newWorld(t).handler.edge.OpenAPI()
	data, err := os.ReadFile("edge/examples.json")
	if err != nil {
		t.Fatal(err)
	}
	texts, used := map[string]string{}, map[string]bool{}
	if err := json.Unmarshal(data, &texts); err != nil {
		t.Fatal(err)
	}
	examples := 0
	holds := func(what string, m *huma.MediaType) {
		if m == nil || m.Schema == nil {
			return
		}
		examples++
		var found huma.ValidateResult
		data, err := json.Marshal(m.Example)
		if err != nil {
			t.Fatal(err)
		}
		var example any
		if err := json.Unmarshal(data, &example); err != nil {
			t.Fatal(err)
		}
		huma.Validate(doc.Components.Schemas, m.Schema, huma.NewPathBuffer(nil, 0), huma.ModeReadFromServer, example, &found)
		if len(found.Errors) > 0 {
			t.Errorf("%s: %v in %s", what, found.Errors, data)
		}
	}
	for name, op := range operations(doc) {
		if op.RequestBody != nil {
			holds(name+" body", op.RequestBody.Content["application/json"])
		}
		for status, answer := range op.Responses {
			holds(name+" "+status, answer.Content["application/json"])
		}
	}
	if examples < len(operations(doc)) {
		t.Errorf("%d examples of %d operations", examples, len(operations(doc)))
	}
	var walk func(name string, s *huma.Schema)
	walk = func(name string, s *huma.Schema) {
		if s == nil {
			return
		}
		if s.Type == huma.TypeString && len(s.Enum) == 0 && s.Format == "" && !strings.HasSuffix(name, "id") && !strings.HasSuffix(name, "ids[]") {
			if used[name] = true; texts[name] == "" {
				t.Errorf("edge/examples.json does not say what %s is like", name)
			}
		}
		for key, property := range s.Properties {
			walk(key, property)
		}
		walk(name+"[]", s.Items)
	}
	for _, schema := range doc.Components.Schemas.Map() {
		walk("", schema)
	}
	for name := range texts {
		if !used[name] {
			t.Errorf("edge/examples.json says what %s is like, which is nowhere", name)
		}
	}
}
