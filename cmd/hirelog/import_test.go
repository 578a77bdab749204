package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// imported writes a folder to import: a job and n applications, each with a past.
func imported(t *testing.T, n int) string {
	t.Helper()
	dir := t.TempDir()
	applications, stages := "id,job,received_at,last_name,email\n", "application,stage,entered_at\n"
	for i := range n {
		applications += fmt.Sprintf("A%d,J,2025-02-01,Importee,a%d@import.example\n", i, i)
		stages += fmt.Sprintf("A%d,Talk,2025-02-%02d\n", i, 2+i%20)
	}
	for name, text := range map[string]string{
		"jobs.csv": "id,title,stages,opened_at\nJ,Brought here,Applied|Talk,2025-01-01\n", "applications.csv": applications, "stages.csv": stages,
		"outcomes.ndjson": `{"application":"A0","outcome":"rejected","reason":"Other","at":"2025-03-01"}` + "\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// answersOnImport imports into a running installation: a dry run tells what is
// wrong, an import that is killed goes on when it is run again, and what it
// brought shows with its own dates (S2-105).
func answersOnImport(t *testing.T, in *installation) {
	const n = 300
	dir := imported(t, n)
	args := []string{"import", "--data", in.dir, "--name", "former"}
	wrong := filepath.Join(t.TempDir(), "applications.csv")
	if err := os.WriteFile(wrong, []byte("id,job,received_at\nA1,J1,soon\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := hirelog(t, append(args, "--dry-run", wrong)...); got.status != 1 || !strings.HasPrefix(got.stderr, "applications.csv:2: invalid: received_at is a time") || !strings.HasSuffix(got.stderr, "hirelog: 1 rows were refused\n") {
		t.Errorf("a dry run of something wrong: %+v", got)
	}
	if got := hirelog(t, append(args, "--dry-run", dir)...); got.status != 0 || !strings.Contains(got.stdout, "1 jobs and 300 applications could be imported, 0 of them were there already; 601 events would be written") {
		t.Errorf("a dry run: %+v", got)
	}
	first := launch(t, append(args, dir)...)
	eventually(t, patience, "some is imported", func() bool { return strings.Contains(first.stderr.String(), "importing: ") || !first.running() })
	first.kill()
	if got := hirelog(t, append(args, dir)...); got.status != 0 || !strings.Contains(got.stdout, "1 jobs and 300 applications imported") {
		t.Fatalf("an import that goes on: %+v", got)
	}
	if got := hirelog(t, append(args, dir)...); got.status != 0 || !strings.Contains(got.stdout, "300 of them were there already; 0 events were written") {
		t.Errorf("an import that is done: %+v", got)
	}
	c := in.as(t, in.admin)
	var list reply
	eventually(t, patience, "all of it shows", func() bool {
		list = c.get("/v1/applications?limit=1&source=import")
		return list.at("total") == float64(n)
	})
	brought := list.list("items", "id")[0]
	for _, imported := range c.get("/v1/applications/" + brought + "/timeline").at("items").([]any) {
		if e, ok := imported.(map[string]any); !ok || e["imported"] != true || !strings.HasPrefix(fmt.Sprint(e["at"]), "2025-02-") {
			t.Errorf("the timeline has %v", imported)
		}
	}
	if got := hirelog(t, "import", "--data", in.dir); got.status != 2 || !strings.Contains(got.stderr, "usage: hirelog import [flags] FOLDER | FILE...") {
		t.Errorf("import of nothing: %+v", got)
	}
	hirelog(t, append(args, "/nowhere/at/all")...).refused(t, "no such file")
}
