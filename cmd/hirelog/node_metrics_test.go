package main

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/hirelog/hirelog/internal/eventlog"
)

// A node that runs alone has the metrics its alerts are made of.
func TestANodeAloneIsMeasured(t *testing.T) {
	t.Parallel()
	p := launch(t, "node", "--data", filepath.Join(t.TempDir(), "node"), "--listen", "127.0.0.1:0", "--metrics", "127.0.0.1:0")
	said := regexp.MustCompile(`(?s)metrics on (http://\S+)/metrics\n.*(esdb://\S+)`)
	eventually(t, 30*time.Second, "the node says its addresses", func() bool { return said.MatchString(p.stdout.String()) })
	at := said.FindStringSubmatch(p.stdout.String())
	log, err := eventlog.Connect(eventlog.ClientOptions{ConnectionString: at[2]})
	if err != nil {
		t.Fatal(err)
	}
	_, err = log.Append(t.Context(), "s", eventlog.NoStream, []eventlog.NewEvent{{ID: uuid.New(), Type: "test.v1", Data: []byte(`{}`)}})
	if err := errors.Join(err, log.Close()); err != nil {
		t.Fatal(err)
	}
	get := func(path string) string {
		t.Helper()
		resp, err := http.Get(at[1] + path)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(resp.Body)
		if err := errors.Join(err, resp.Body.Close()); err != nil || resp.StatusCode != http.StatusOK {
			t.Errorf("%s: %s, %v", path, resp.Status, err)
		}
		return string(text)
	}
	metrics := get("/metrics")
	for _, name := range regexp.MustCompile(`hirelog_node_[a-z_]+`).FindAllString(read(t, "alerts.yaml")+read(t, "README.md"), -1) {
		if !strings.Contains(metrics, "\n"+name) {
			t.Errorf("%s is watched, and the node alone does not have it", name)
		}
	}
	for _, line := range []string{"hirelog_node_fault 0", "hirelog_node_events_total 1", "hirelog_node_commit_seconds_count 1", "process_start_time_seconds "} {
		if !strings.Contains(metrics, "\n"+line) {
			t.Errorf("no %q in\n%s", line, metrics)
		}
	}
	if got := get("/healthz"); got != "ok\n" {
		t.Errorf("/healthz says %q", got)
	}
	if status := p.stop(); status != 0 {
		t.Errorf("the node ended with status %d", status)
	}
}

func TestANodeWithAFaultIsNotHealthy(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	healthz(func() error { return errors.New("no space left") })(w, httptest.NewRequest(http.MethodGet, "/healthz", nil))
	if got := w.Body.String(); w.Code != http.StatusServiceUnavailable || got != "writes nothing: no space left\n" {
		t.Errorf("%d: %q", w.Code, got)
	}
}

func TestWhereANodeShowsItsMetricsIsSaid(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "node")
	for _, metrics := range []string{"2114", ":2114"} {
		hirelog(t, "node", "--data", dir, "--listen", "127.0.0.1:0", "--metrics", metrics).refused(t, "--metrics "+metrics, "host:port")
	}
	hirelog(t, "node", "--data", dir, "--listen", "127.0.0.1:0", "--metrics", "192.0.2.1:2114").refused(t, "192.0.2.1:2114", "--metrics")
}
