package domain_test

import (
	"bytes"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/domaintest"
)

func TestBecauseIsStillTheSameRule(t *testing.T) {
	rule := &domain.Refusal{Kind: domain.Absent, Code: "gone", Message: "It is gone."}
	said := rule.Because("It is gone since %d.", 2026)
	if !errors.Is(fmt.Errorf("thing 7: %w", said), rule) {
		t.Error("it does not match the rule it comes from")
	}
	if said.Kind != domain.Absent || said.Error() != "It is gone since 2026." {
		t.Errorf("got %+v", said)
	}
	if rule.Message != "It is gone." {
		t.Error("the rule itself was changed")
	}
	if errors.Is(said, domain.ErrInvalid) || errors.Is(rule, errors.New("gone")) {
		t.Error("it matches something else")
	}
}

// refusal is a rule that refuses, as it is written in the source.
type refusal struct{ kind, code, message, where string }

// Every refusal is complete, its code is used once, and docs/errors.md lists
// it: programs compare codes for ever.
func TestRefusals(t *testing.T) {
	refusals := declaredRefusals(t)
	if len(refusals) < 30 {
		t.Errorf("only %d refusals were found", len(refusals))
	}
	where := map[string]string{}
	for _, r := range refusals {
		if other, dup := where[r.code]; dup {
			t.Errorf("%s: code %q is used by %s too", r.where, r.code, other)
		}
		where[r.code] = r.where
		if problem := domaintest.Refused[domain.Fact](nil, &domain.Refusal{Code: r.code, Message: r.message}); problem != "" {
			t.Errorf("%s: %s", r.where, problem)
		}
	}
	slices.SortFunc(refusals, func(a, b refusal) int { return strings.Compare(a.code, b.code) })
	var page bytes.Buffer
	page.WriteString(`# Refusals

What a rule answers when it says no. ` + "`code`" + ` is stable and for programs; the message is for people and may say more than here.
Written by ` + "`go test ./domain -run TestRefusals -update`" + `.

| code | status | message |
| --- | --- | --- |
`)
	status := map[string]int{"Illegal": 409, "Invalid": 422, "Absent": 404, "Denied": 403}
	for _, r := range refusals {
		if status[r.kind] == 0 {
			t.Errorf("%s: kind %q has no status", r.where, r.kind)
		}
		fmt.Fprintf(&page, "| `%s` | %d | %s |\n", r.code, status[r.kind], r.message)
	}
	domaintest.Pinned(t, filepath.Join("..", "docs", "errors.md"), page.Bytes())
}

// declaredRefusals returns every refusal written out in the domain's source.
func declaredRefusals(t *testing.T) []refusal {
	t.Helper()
	var found []refusal
	eachSource(t, func(path string, f *ast.File) {
		ast.Inspect(f, func(n ast.Node) bool {
			lit, ok := n.(*ast.CompositeLit)
			if !ok || nameOf(lit.Type) != "Refusal" {
				return true
			}
			r := refusal{where: path}
			for _, el := range lit.Elts {
				kv, ok := el.(*ast.KeyValueExpr)
				if !ok {
					t.Fatalf("%s: a refusal without field names", path)
				}
				switch nameOf(kv.Key) {
				case "Kind":
					r.kind = nameOf(kv.Value)
				case "Code":
					r.code = textOf(kv.Value)
				case "Message":
					r.message = textOf(kv.Value)
				}
			}
			if path == "refusal.go" && r.code == "" {
				return true // Because copies its rule
			}
			found = append(found, r)
			return true
		})
	})
	return found
}

// eachSource calls visit for every source file of the domain that is not a
// test's.
func eachSource(t *testing.T, visit func(path string, f *ast.File)) {
	t.Helper()
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "testdata" || d.Name() == "domaintest"):
			return filepath.SkipDir
		case d.IsDir(), !strings.HasSuffix(path, ".go"), strings.HasSuffix(path, "_test.go"):
			return nil
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			return err
		}
		visit(path, f)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// nameOf returns the last part of a name: "Illegal" of domain.Illegal.
func nameOf(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return e.Sel.Name
	default:
		return ""
	}
}

func textOf(e ast.Expr) string {
	lit, ok := e.(*ast.BasicLit)
	if !ok {
		return ""
	}
	text, err := strconv.Unquote(lit.Value)
	if err != nil {
		return ""
	}
	return text
}
