package main

import (
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestARangeNamesAllThatIsInIt(t *testing.T) {
	for text, want := range map[string]string{
		"S1-01, 05":           "S1-01 S1-05",
		"S2-31..33, 39":       "S2-31 S2-32 S2-33 S2-39",
		"see E18, E19 and H7": "E18 E19 H7",
		"S2_109Views":         "S2-109",
		"S2_109":              "S2-109",
		"S2-42..43, 56":       "S2-42 S2-43 S2-56",
		"AES2-1, SHA1-2":      "",
	} {
		if got := strings.Join(idsIn(text), " "); got != want {
			t.Errorf("%q names %q, want %q", text, got, want)
		}
	}
}

func TestATestNamesRowsInItsNameAndComments(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "a_test.go"), "package a\n\n// TestX holds S1-01.\nfunc TestX() {\n\t// and H2\n}\n\n// S1-03\nfunc helper() {}\n\nfunc TestE2(){}\n")
	docs := filepath.Join(dir, "features.md")
	write(t, docs, "| S1-01..02 | one |\n| S1-03 | three |\n| E2 | travel |\n| H2 | ids |\n")
	var out strings.Builder
	if err := run(&out, docs, dir); err != nil {
		t.Fatal(err)
	}
	got := strings.Fields(out.String())
	want := strings.Fields("S1-01..02 one . TestX S1-03 three - no test E2 travel . TestE2 H2 ids . TestX 4 rows, 3 with tests, 1 without")
	if !slices.Equal(got, want) {
		t.Errorf("printed\n%s", out.String())
	}
	write(t, filepath.Join(dir, "b_test.go"), "package a\n\n// TestY holds S1-09.\nfunc TestY() {}\n")
	if err := run(io.Discard, docs, dir); err == nil || !strings.Contains(err.Error(), "TestY names S1-09") {
		t.Errorf("an id of no row: %v", err)
	}
}

// TestTestsNameRowsThatThereAre holds the tests of this project to the page.
func TestTestsNameRowsThatThereAre(t *testing.T) {
	if err := run(io.Discard, "../../docs/features.md", "../.."); err != nil {
		t.Error(err)
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
