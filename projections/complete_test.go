package projections_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/bulk"
	"github.com/hirelog/hirelog/domain/candidate"
	"github.com/hirelog/hirelog/domain/claim"
	"github.com/hirelog/hirelog/domain/employee"
	"github.com/hirelog/hirelog/domain/erasure"
	"github.com/hirelog/hirelog/domain/job"
	"github.com/hirelog/hirelog/domain/member"
	"github.com/hirelog/hirelog/domain/organization"
	"github.com/hirelog/hirelog/domain/view"
)

// A switch over the events of an aggregate names each of them, also those it
// ignores, and has no default: a new event must be decided upon everywhere.
func TestEverySwitchNamesEveryEvent(t *testing.T) {
	t.Parallel()
	declared := map[string][]string{}
	for name, events := range map[string]map[string]bool{
		"application": application.Codec.Names(), "bulk": bulk.Codec.Names(), "view": view.Codec.Names(), "candidate": candidate.Codec.Names(), "claim": claim.Codec.Names(),
		"erasure": erasure.Codec.Names(), "job": job.Codec.Names(), "member": member.Codec.Names(), "organization": organization.Codec.Names(),
		"employee": employee.Codec.Names(),
	} {
		declared[name] = eventTypes(t, name)
		if len(declared[name]) != len(events) {
			t.Fatalf("%s: found %v, but its codec knows %d events", name, declared[name], len(events))
		}
	}
	files := token.NewFileSet()
	sources, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, file := range sources {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(files, file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			s, ok := n.(*ast.TypeSwitchStmt)
			if !ok {
				return true
			}
			cases, hasDefault := casesOf(s)
			if len(cases) != 1 { // over facts of several aggregates, or of none
				return true
			}
			for pkg, named := range cases {
				want, isAggregate := declared[pkg]
				if !isAggregate || slices.Contains(named, "Event") {
					continue
				}
				seen++
				if hasDefault {
					t.Errorf("%s: the switch has a default", files.Position(s.Pos()))
				}
				if missing := without(want, named); len(missing) > 0 {
					t.Errorf("%s: the switch does not name %v", files.Position(s.Pos()), missing)
				}
			}
			return true
		})
	}
	if seen < 8 {
		t.Errorf("found %d switches over events, want at least 8", seen)
	}
}

// eventTypes returns the names of the types of a domain package that have a
// method EventName.
func eventTypes(t *testing.T, pkg string) []string {
	t.Helper()
	sources, err := filepath.Glob(filepath.Join("..", "domain", pkg, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for _, file := range sources {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range parsed.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Name.Name == "EventName" && f.Recv != nil {
				if name, ok := f.Recv.List[0].Type.(*ast.Ident); ok {
					found[name.Name] = true
				}
			}
		}
	}
	return slices.Sorted(maps.Keys(found))
}

// casesOf returns the types a switch names, by package.
func casesOf(s *ast.TypeSwitchStmt) (cases map[string][]string, hasDefault bool) {
	cases = map[string][]string{}
	for _, stmt := range s.Body.List {
		clause, ok := stmt.(*ast.CaseClause)
		if !ok {
			continue
		}
		hasDefault = hasDefault || clause.List == nil
		for _, typ := range clause.List {
			if sel, ok := typ.(*ast.SelectorExpr); ok {
				if pkg, ok := sel.X.(*ast.Ident); ok {
					name := path.Base(pkg.Name)
					cases[name] = append(cases[name], sel.Sel.Name)
				}
			}
		}
	}
	return cases, hasDefault
}

func without(all, some []string) []string {
	return slices.DeleteFunc(slices.Clone(all), func(s string) bool { return slices.Contains(some, s) })
}
