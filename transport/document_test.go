package transport

import (
	"bytes"
	"encoding/json"
	"flag"
	"net/http"
	"os"
	"testing"
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
