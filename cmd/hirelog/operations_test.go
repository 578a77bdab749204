package main

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const operations = "../../docs/operations"

func read(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(operations, path))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// What is watched must be there: a dashboard or an alert that names a metric
// nobody keeps stays silent for ever.
func TestWhatIsWatchedIsMeasured(t *testing.T) {
	in := newInstallation(t)
	v := in.as(t, in.admin).vacancy("Navigator")
	v.get(v.apply("Grace", "Hopper"))
	v.put("/v1/applications/none/priority", map[string]bool{"priority": true})
	kept := map[string]bool{}
	help := regexp.MustCompile(`(?m)^# TYPE (\S+) (\S+)$`)
	var metrics reply
	eventually(t, patience, "the lag is measured", func() bool {
		metrics = v.see("/metrics").want(http.StatusOK)
		return metrics.has("hirelog_projection_lag_seconds")
	})
	for _, m := range help.FindAllStringSubmatch(string(metrics.body), -1) {
		kept[m[1]] = true
		if m[2] == "histogram" {
			kept[m[1]+"_bucket"] = true
		}
	}
	name := regexp.MustCompile(`\b(hirelog|go|process)_[a-z_]+\b`)
	for _, file := range []string{"alerts.yaml", "grafana.json", "README.md"} {
		for _, m := range name.FindAllString(read(t, file), -1) {
			if !kept[m] {
				t.Errorf("%s names %s, which is not measured", file, m)
			}
		}
	}
	table := read(t, "README.md")
	for m := range kept {
		if strings.HasPrefix(m, "hirelog_") && !strings.HasSuffix(m, "_bucket") && !strings.Contains(table, m) {
			t.Errorf("%s is measured and README.md does not say what it is", m)
		}
	}
}

func TestEachAlertHasAPage(t *testing.T) {
	alerts := read(t, "alerts.yaml")
	var names []string
	for _, m := range regexp.MustCompile(`(?m)^ +- alert: (\w+)$`).FindAllStringSubmatch(alerts, -1) {
		names = append(names, m[1])
		if !strings.Contains(alerts, "runbook: docs/operations/runbook/"+m[1]+".md") {
			t.Errorf("%s does not name its page", m[1])
		}
		if page := read(t, "runbook/"+m[1]+".md"); !strings.HasPrefix(page, "# "+m[1]+"\n") || !strings.Contains(page, "1. ") {
			t.Errorf("the page of %s does not say what to do", m[1])
		}
	}
	pages, err := os.ReadDir(filepath.Join(operations, "runbook"))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range pages {
		if !slices.Contains(names, strings.TrimSuffix(p.Name(), ".md")) {
			t.Errorf("%s is the page of no alert", p.Name())
		}
	}
}

func TestTheDashboardIsWhole(t *testing.T) {
	var d struct {
		Panels []struct {
			ID      int
			Type    string
			Title   string
			GridPos struct{ X, Y, W, H int }
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal([]byte(read(t, "grafana.json")), &d); err != nil {
		t.Fatal(err)
	}
	seen := map[int]bool{}
	for _, p := range d.Panels {
		if seen[p.ID] || p.Title == "" || p.GridPos.X+p.GridPos.W > 24 || p.Type != "row" && len(p.Targets) == 0 {
			t.Errorf("panel %+v", p)
		}
		seen[p.ID] = true
		for _, target := range p.Targets {
			if strings.Count(target.Expr, "(") != strings.Count(target.Expr, ")") || strings.Count(target.Expr, "{") != strings.Count(target.Expr, "}") {
				t.Errorf("%s: %s", p.Title, target.Expr)
			}
		}
	}
}
