package conformance

import (
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// TestTheClientForNode runs npm/rules.mjs against the node.
func TestTheClientForNode(t *testing.T) {
	if os.Getenv("CONFORMANCE_SKIP_NPM") == "1" {
		t.Skip("CONFORMANCE_SKIP_NPM=1")
	}
	for _, program := range []string{"node", "npm"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Fatalf("%s is needed to run EventStoreDB's client for Node.js; without it set CONFORMANCE_SKIP_NPM=1 (%v)", program, err)
		}
	}
	install := exec.CommandContext(t.Context(), "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
	install.Dir = "npm"
	if out, err := install.CombinedOutput(); err != nil {
		t.Fatalf("npm ci: %v\n%s", err, out)
	}
	rules := ruleNames(t)
	n := startNode(t)
	c := exec.CommandContext(t.Context(), "node", "rules.mjs", n.connection("admin"), n.connection("alice"))
	c.Dir, c.Stderr = "npm", os.Stderr
	out, err := c.Output()
	if err != nil {
		t.Errorf("node rules.mjs: %v", err)
	}
	said := "\n" + string(out)
	for _, rule := range rules {
		if !strings.Contains(said, "\nok "+rule+"\n") {
			t.Errorf("did not hold: %s", rule)
		}
	}
	t.Logf("of %d rules:%s", len(rules), said)
}

// ruleNames are the rules the script has, so that one it leaves out is missed.
func ruleNames(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile("npm/rules.mjs")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, m := range regexp.MustCompile(`(?m)^  async "([^"]+)"\(\)`).FindAllSubmatch(text, -1) {
		names = append(names, string(m[1]))
	}
	if len(names) < 17 {
		t.Fatalf("%d rules only", len(names))
	}
	return names
}
