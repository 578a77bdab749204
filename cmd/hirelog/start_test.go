package main

import (
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/hirelog/hirelog/internal/datafolder"
	"github.com/hirelog/hirelog/internal/postgres"
)

// The first start founds the installation and says how to begin; the second
// finds everything as it was.
func TestAnInstallationStartsStopsAndStartsAgain(t *testing.T) {
	t.Parallel()
	in := &installation{dir: filepath.Join(t.TempDir(), "data")}
	in.ready = in.dir + ".ready"

	// A file in the ready file's place, which others may read: it is replaced,
	// not written into.
	if err := os.WriteFile(in.ready, []byte("stale"), 0o644); err != nil {
		t.Fatal(err)
	}
	stale, err := os.Open(in.ready)
	if err != nil {
		t.Fatal(err)
	}
	defer stale.Close()
	in.program = launch(t, "serve", "--data", in.dir, "--listen", "127.0.0.1:0", "--ready-file", in.ready, "--no-demo")
	eventually(t, patience, "the ready file is replaced", func() bool {
		data, err := os.ReadFile(in.ready)
		return !in.running() || err == nil && string(data) != "stale"
	})
	in.awaitReady(t)
	if in.admin == "" {
		t.Fatal("no token in the ready file of a first start")
	}
	if info, err := os.Stat(in.ready); err != nil || info.Mode() != 0o600 {
		t.Errorf("ready file: %v, %v; want mode 0600", info.Mode(), err)
	}
	if old, err := io.ReadAll(stale); err != nil || string(old) != "stale" {
		t.Errorf("the file in its place became %q, %v", old, err)
	}

	greeted(t, in)

	admin := in.as(t, in.admin)
	job := admin.post("/v1/jobs", map[string]any{
		"title": "Lasting", "stages": []map[string]string{{"name": "New"}},
		"hiring_team": []map[string]any{{"member_id": admin.get("/v1/me").text("id"), "recruiting_role_id": admin.get("/v1/organization/recruiting-roles").text("items.0.id"), "recruitment_manager": true}},
	}).made()

	below := descendants(t, in.pid())
	if len(below) == 0 {
		t.Error("no database below the server: this test would not see one that is left")
	}
	in.end(t)
	for _, pid := range below {
		if _, alive := parentOf(pid); alive {
			t.Errorf("process %d was left running", pid)
		}
	}
	free(t, in.dir)

	in.start(t)
	if token, ok := in.readReady(t)["admin_token"]; ok {
		t.Errorf("the second start told the token %q", token)
	}
	if said := greetingOf(t, in); !strings.Contains(said, `"hirelog token" makes another`) {
		t.Errorf("the second start greets with %q", said)
	}
	again := in.as(t, in.admin)
	again.position = admin.position
	if got := again.get("/v1/jobs/" + job); got.text("title") != "Lasting" {
		t.Errorf("the job is %s", got.body)
	}
	in.end(t)
	free(t, in.dir)
}

// free fails unless the data folder can be taken.
func free(t *testing.T, dir string) {
	t.Helper()
	f, err := datafolder.Open(dir, false, time.Now())
	if err != nil {
		t.Fatalf("after the end: %v", err)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	if exists(filepath.Join(dir, "run.json")) {
		t.Error("run.json was left")
	}
}

// greetingOf returns the greeting, which comes after the ready file.
func greetingOf(t *testing.T, in *installation) string {
	t.Helper()
	eventually(t, patience, "the greeting", func() bool { return strings.HasSuffix(in.stdout.String(), "/v1/me'\n\n") })
	return in.stdout.String()
}

// greeted fails unless the greeting names the address and the token, and its
// calls work as they stand.
func greeted(t *testing.T, in *installation) {
	t.Helper()
	eventually(t, patience, "the greeting", func() bool {
		return strings.Contains(in.stdout.String(), "Three calls") && strings.HasSuffix(in.stdout.String(), "\n\n")
	})
	said := in.stdout.String()
	if !strings.Contains(said, "Hirelog is at "+in.url) || !strings.Contains(said, "export TOKEN="+in.admin) {
		t.Errorf("the greeting is %q", said)
	}
	calls := regexp.MustCompile(`(?m)^  (curl .*)$`).FindAllStringSubmatch(said, -1)
	if len(calls) != 3 {
		t.Fatalf("%d calls in the greeting, want 3: %s", len(calls), said)
	}
	curl, err := exec.LookPath("curl")
	for _, call := range calls {
		if err != nil {
			// Without curl: what it would send.
			parts := regexp.MustCompile(`'(http[^']*)'`).FindStringSubmatch(call[1])
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, parts[1], nil)
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Authorization", "Bearer "+in.admin)
			answer, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			_ = answer.Body.Close()
			if answer.StatusCode != http.StatusOK {
				t.Errorf("%s: %s", call[1], answer.Status)
			}
			continue
		}
		cmd := exec.CommandContext(t.Context(), "sh", "-c", strings.Replace(call[1], "curl ", curl+" -f ", 1))
		cmd.Env = append(os.Environ(), "TOKEN="+in.admin)
		out, err := cmd.CombinedOutput()
		if err != nil || !strings.HasPrefix(string(out), "{") {
			t.Errorf("%s: %v: %s", call[1], err, out)
		}
	}
}

// The read models of an installation that stood still for long, with work left
// to do, answer the first request.
func TestReadsWorkAtOnceAfterALongStop(t *testing.T) {
	t.Parallel()
	in := newInstallation(t)
	v := in.as(t, in.admin).vacancy("Engineer")
	a := v.apply("Grace", "Hopper")
	v.get(a)
	in.end(t)
	// As if that had been an hour ago.
	server, err := postgres.Start(t.Context(), postgres.ServerOptions{Dir: filepath.Join(in.dir, "postgres")})
	if err != nil {
		t.Fatal(err)
	}
	db, err := pgx.Connect(t.Context(), server.ConnString(postgres.Database))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec(t.Context(), "UPDATE rm.checkpoints SET alive_at = now() - interval '1 hour', behind_since = now() - interval '2 hours'"); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(db.Close(t.Context()), server.Stop(t.Context())); err != nil {
		t.Fatal(err)
	}
	in.start(t)
	v.url = in.url
	began := time.Now()
	v.see(a).want(http.StatusOK)
	t.Logf("the first read took %v", time.Since(began).Round(time.Millisecond))
	in.end(t)
}
