package conformance

import (
	"encoding/json"
	"errors"
	"io"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// goTest runs "go test" in folder dir and returns how each test ended: "pass",
// "fail" or "skip", by its full name.
func goTest(t *testing.T, dir string, env []string, args ...string) map[string]string {
	t.Helper()
	c := exec.CommandContext(t.Context(), "go", append([]string{"test", "-json", "-vet=off", "-count=1", "-timeout=5m"}, args...)...)
	c.Dir, c.Env, c.Stderr = dir, append(os.Environ(), env...), os.Stderr
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	ended := map[string]string{}
	var said strings.Builder
	for d := json.NewDecoder(out); ; {
		var e struct{ Action, Test, Output string }
		if err := d.Decode(&e); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("output of go test: %v", err)
		}
		said.WriteString(e.Output)
		switch e.Action {
		case "pass", "fail", "skip":
			ended[e.Test] = e.Action // the package has the empty name
		}
	}
	if err := c.Wait(); err != nil || ended[""] != "pass" {
		t.Errorf("go test %s: %v\n%s", strings.Join(args, " "), err, said.String())
	}
	return ended
}

// wantPassed fails the test unless all of want have passed, and nothing but
// skipped has been skipped: a test that is left out silently proves nothing.
func wantPassed(t *testing.T, ended map[string]string, want, skipped []string) {
	t.Helper()
	for _, name := range want {
		if ended[name] != "pass" {
			t.Errorf("%s: %q, want pass", name, ended[name])
		}
	}
	for _, name := range slices.Sorted(maps.Keys(ended)) {
		if ended[name] == "skip" && !slices.Contains(skipped, name) {
			t.Errorf("%s was skipped", name)
		}
	}
	t.Logf("%d of %d tests have to pass", len(want), len(ended))
}

const clientPackage = "github.com/EventStore/EventStore-Client-Go/v4/esdb"

// clusterEnv has the client's tests start no container and use the node at
// localhost instead.
var clusterEnv = []string{"CLUSTER=true", "EVENTSTORE_INSECURE=false"}

// TestTheGoClientsOwnTestsOfStreams leaves out TestStreams/ClusterTests, which
// needs three nodes.
func TestTheGoClientsOwnTestsOfStreams(t *testing.T) {
	startNode(t).addUserEvent(t)
	ended := goTest(t, ".", clusterEnv, "-run=TestStreams|TestMisc", "-skip=TestStreams/ClusterTests", clientPackage)
	wantPassed(t, ended, streamTests, skippedStreamTests)
}

func TestTheGoClientsOwnTestsOfPersistentSubscriptions(t *testing.T) {
	startNode(t).addUserEvent(t)
	ended := goTest(t, ".", clusterEnv, "-run=TestPersistentSubscriptions", clientPackage)
	wantPassed(t, ended, persistentTests, skippedPersistentTests)
}

// TestOurSuiteOverTLS runs the suite every log of Hirelog has to pass.
func TestOurSuiteOverTLS(t *testing.T) {
	n := startNode(t)
	const name = "TestClientKeepsThemOnTheServerNamed"
	ended := goTest(t, "..", []string{"HIRELOG_TEST_EVENTSTORE=" + n.connection("admin")}, "-run=^"+name+"$", "./internal/eventlog")
	wantPassed(t, ended, []string{name}, nil)
	if rules := len(ended) - 2; rules < 30 {
		t.Errorf("the suite has %d rules only", rules)
	}
}
