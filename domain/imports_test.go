package domain_test

import (
	"go/ast"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/candidate"
	"github.com/hirelog/hirelog/domain/claim"
	"github.com/hirelog/hirelog/domain/employee"
	"github.com/hirelog/hirelog/domain/erasure"
	"github.com/hirelog/hirelog/domain/job"
	"github.com/hirelog/hirelog/domain/member"
	"github.com/hirelog/hirelog/domain/message"
	"github.com/hirelog/hirelog/domain/notice"
	"github.com/hirelog/hirelog/domain/organization"
)

// pure is what of the standard library the domain may import: nothing that does
// I/O, waits, or chooses for itself.
var pure = []string{
	"cmp", "encoding/base64", "encoding/json", "errors", "fmt", "iter", "maps", "reflect", "slices", "strconv", "strings", "time", "time/tzdata", "unicode", "unicode/utf8",
}

// The domain depends on nothing but itself and the pure part of the standard
// library, and never looks at a clock.
func TestImports(t *testing.T) {
	packages := map[string]bool{}
	eachSource(t, func(path string, f *ast.File) {
		packages[filepath.Dir(path)] = true
		for _, spec := range f.Imports {
			name, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			switch {
			case slices.Contains(pure, name):
			case name == "github.com/hirelog/hirelog/domain", strings.HasPrefix(name, "github.com/hirelog/hirelog/domain/"):
			case name == "log/slog" && filepath.Dir(path) == "personal": // says how it is logged, logs nothing
			default:
				t.Errorf("%s imports %s", path, name)
			}
		}
		ast.Inspect(f, func(n ast.Node) bool {
			if sel, ok := n.(*ast.SelectorExpr); ok && nameOf(sel.X) == "time" {
				switch sel.Sel.Name {
				case "Now", "Since", "Until", "After", "Sleep", "Tick", "NewTimer", "NewTicker", "AfterFunc", "Local":
					t.Errorf("%s uses time.%s: every instant is an argument", path, sel.Sel.Name)
				}
			}
			return true
		})
	})
	if len(packages) < 10 {
		t.Errorf("only %d packages were looked at", len(packages))
	}
}

// A stored name belongs to one aggregate, and says which.
func TestEventNamesAreUnique(t *testing.T) {
	owner := map[string]string{}
	for category, names := range map[string]map[string]bool{
		"application":  application.Codec.Names(),
		"candidate":    candidate.Codec.Names(),
		"claim":        claim.Codec.Names(),
		"employee":     employee.Codec.Names(),
		"erasure":      erasure.Codec.Names(),
		"job":          job.Codec.Names(),
		"message":      message.Codec.Names(),
		"notice":       notice.Codec.Names(),
		"member":       member.Codec.Names(),
		"organization": organization.Codec.Names(),
	} {
		if len(names) == 0 {
			t.Errorf("%s has no events", category)
		}
		for name := range names {
			if other := owner[name]; other != "" {
				t.Errorf("%s is an event of %s and of %s", name, category, other)
			}
			owner[name] = category
			if !strings.HasPrefix(name, category+".") {
				t.Errorf("%s is an event of %s", name, category)
			}
		}
	}
}
