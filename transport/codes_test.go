package transport

import (
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// Every code that a problem can have is listed, with its status: those of the
// domain's rules in docs/errors.md, which is made from them, all others in
// docs/problems.md.
func TestCodes(t *testing.T) {
	t.Parallel()
	answered := codesInSource(t)
	if len(answered) < 35 {
		t.Errorf("only %d codes were found", len(answered))
	}
	rules, others := listed(t, "errors.md"), listed(t, "problems.md")
	for code, status := range answered {
		if rules[code] != status && others[code] != status {
			t.Errorf("%s is answered with %d and not listed so", code, status)
		}
	}
	for code := range others {
		if answered[code] == 0 || rules[code] != 0 {
			t.Errorf("docs/problems.md lists %s, which nothing answers or docs/errors.md lists", code)
		}
	}
}

// listed returns the status of each code of a page.
func listed(t *testing.T, page string) map[string]int {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "docs", page))
	if err != nil {
		t.Fatal(err)
	}
	codes := map[string]int{}
	for _, row := range regexp.MustCompile("(?m)^\\| `(\\w+)` \\| (\\d+) \\| .+ \\|$").FindAllStringSubmatch(string(text), -1) {
		codes[row[1]], _ = strconv.Atoi(row[2])
	}
	return codes
}

// codesInSource returns the status of each code written out anywhere but in the
// domain.
func codesInSource(t *testing.T) map[string]int {
	t.Helper()
	statuses := map[string]int{"Illegal": 409, "Invalid": 422, "Absent": 404, "Denied": 403, "away": 503, "m.Status": 500}
	for status := 400; status < 600; status++ {
		statuses["http.Status"+strings.ReplaceAll(http.StatusText(status), " ", "")] = status
	}
	forms := []*regexp.Regexp{ // status, code
		regexp.MustCompile(`newProblem\(([\w.]+), "(\w+)"`),
		regexp.MustCompile(`(away)\("(\w+)"`),
		regexp.MustCompile(`domain\.Refusal\{Kind: domain\.(\w+), Code: "(\w+)"`),
	}
	codes, refusals := map[string]int{}, 0
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case path == filepath.Join("..", "domain"):
			return filepath.SkipDir
		case d.IsDir(), !strings.HasSuffix(path, ".go"), strings.HasSuffix(path, "_test.go"):
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		refusals += strings.Count(string(text), "domain.Refusal{")
		for i, form := range forms {
			for _, found := range form.FindAllStringSubmatch(string(text), -1) {
				status, code := statuses[found[1]], found[2]
				if was := codes[code]; status == 0 || was != 0 && was != status {
					t.Errorf("%s: %s has the status %d, elsewhere %d", path, code, status, was)
				}
				codes[code] = status
				if i == 2 {
					refusals--
				}
			}
		}
		return nil
	})
	if err != nil || refusals != 0 {
		t.Fatalf("%d refusals are written otherwise: %v", refusals, err)
	}
	return codes
}
