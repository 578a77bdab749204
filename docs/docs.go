// Package docs has the pages that the program reads itself.
package docs

import (
	"embed"
	"regexp"
	"strconv"
)

//go:embed errors.md problems.md
var pages embed.FS

// Code is a kind of problem.
type Code struct {
	Code   string // for programs
	Status int    // of HTTP
	Means  string // for people
}

// Codes returns every code that a problem can have: those of the domain's rules
// first, each page in its order.
func Codes() []Code {
	row := regexp.MustCompile("(?m)^\\| `(\\w+)` \\| (\\d{3}) \\| (.+) \\|$")
	var all []Code
	for _, page := range []string{"errors.md", "problems.md"} {
		text, err := pages.ReadFile(page)
		if err != nil {
			panic(err) // it is in the binary
		}
		for _, found := range row.FindAllSubmatch(text, -1) {
			status, _ := strconv.Atoi(string(found[2])) // three digits
			all = append(all, Code{Code: string(found[1]), Status: status, Means: string(found[3])})
		}
	}
	return all
}
