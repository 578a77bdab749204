// Command features prints the rows of docs/features.md, each with the tests that
// name it, and the rows no test names.
//
//	features [-docs docs/features.md] [folder]
//
// A test names a row by its id, in its own name (TestS2_31…) or in a comment of
// it or in it: "S2-31", "S2-31..33", "H7". It exits with 1 when a test names a row
// there is none of.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
)

func main() {
	docs := flag.String("docs", "docs/features.md", "the page of the rows")
	flag.Parse()
	root := "."
	if flag.NArg() > 0 {
		root = flag.Arg(0)
	}
	if err := run(os.Stdout, *docs, root); err != nil {
		fmt.Fprintln(os.Stderr, "features:", err)
		os.Exit(1)
	}
}

// run prints the rows of the page at docs with the tests below root.
func run(w io.Writer, docs, root string) error {
	page, err := os.ReadFile(docs)
	if err != nil {
		return fmt.Errorf("read the rows: %w", err)
	}
	rows, err := rowsOf(string(page))
	if err != nil {
		return err
	}
	tests, err := testsBelow(root)
	if err != nil {
		return err
	}
	return report(w, rows, tests)
}
