package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strings"
)

// test is a test and the ids it names.
type test struct {
	name string // folder and function: "transport TestMoves"
	ids  []string
}

// testsBelow returns the tests below a folder that name a row.
func testsBelow(root string) ([]test, error) {
	var tests []test
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && strings.HasPrefix(d.Name(), ".") && path != root:
			return filepath.SkipDir
		case d.IsDir() || !strings.HasSuffix(path, "_test.go"):
			return nil
		}
		folder, err := filepath.Rel(root, filepath.Dir(path))
		if err != nil {
			return err
		}
		found, err := testsIn(path, filepath.ToSlash(folder))
		tests = append(tests, found...)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("look for tests: %w", err)
	}
	return tests, nil
}

// testsIn returns the tests of a file that name a row.
func testsIn(path, folder string) ([]test, error) {
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, path, nil, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	var tests []test
	for _, d := range f.Decls {
		fn, ok := d.(*ast.FuncDecl)
		if !ok || fn.Recv != nil || !strings.HasPrefix(fn.Name.Name, "Test") && !strings.HasPrefix(fn.Name.Name, "Fuzz") {
			continue
		}
		said := strings.TrimPrefix(strings.TrimPrefix(fn.Name.Name, "Test"), "Fuzz") + "\n" + fn.Doc.Text()
		for _, c := range f.Comments {
			if c.Pos() > fn.Pos() && c.End() < fn.End() {
				said += "\n" + c.Text()
			}
		}
		if ids := idsIn(said); len(ids) > 0 {
			tests = append(tests, test{name: folder + " " + fn.Name.Name, ids: ids})
		}
	}
	return tests, nil
}
