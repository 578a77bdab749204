package main

import (
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// row is one capability, which may have several ids.
type row struct {
	label string // the ids as they are written: "S1-29..32"
	ids   []string
	says  string
}

var line = regexp.MustCompile(`^\| ((?:S1-|S2-|E|H)\d[^|]*) \| ([^|]+) \|$`)

// rowsOf reads the tables of a page.
func rowsOf(page string) ([]row, error) {
	var rows []row
	seen := map[string]bool{}
	for _, l := range strings.Split(page, "\n") {
		m := line.FindStringSubmatch(l)
		if m == nil {
			continue
		}
		r := row{label: m[1], ids: idsIn(m[1]), says: m[2]}
		for _, id := range r.ids {
			if seen[id] {
				return nil, fmt.Errorf("row %s is there twice", id)
			}
			seen[id] = true
		}
		rows = append(rows, r)
	}
	if len(rows) == 0 {
		return nil, fmt.Errorf("the page has no rows")
	}
	return rows, nil
}

var mention = regexp.MustCompile(`\b(S1[-_]|S2[-_]|[EH])(\d{1,3})((?:\.\.\d{1,3}|, \d{1,3}\b)*)`)

// idsIn returns the ids that a text names, with what stands between the ends of
// a range: "S2-31..33, 39" is four.
func idsIn(text string) []string {
	var ids []string
	for _, m := range mention.FindAllStringSubmatch(text, -1) {
		series := strings.Replace(m[1], "_", "-", 1)
		from := number(m[2])
		ids = append(ids, idOf(series, from))
		for rest := m[3]; rest != ""; {
			separator := rest[:2]
			digits := rest[2:]
			if end := strings.IndexAny(digits, ".,"); end >= 0 {
				digits = digits[:end]
			}
			rest = rest[2+len(digits):]
			to := number(digits)
			first := to
			if separator == ".." {
				first = from + 1
			}
			for n := first; n <= to; n++ {
				ids = append(ids, idOf(series, n))
			}
			from = to
		}
	}
	return ids
}

// idOf writes an id as the page does: those of S1 and S2 have two digits at least.
func idOf(series string, n int) string {
	if strings.HasPrefix(series, "S") {
		return fmt.Sprintf("%s%02d", series, n)
	}
	return series + strconv.Itoa(n)
}

func number(digits string) int {
	n, err := strconv.Atoi(digits)
	if err != nil {
		panic(err) // the expression lets at most three digits through
	}
	return n
}

// report prints the rows with their tests, then what is missing.
// Errors: when tests name ids that no row has.
func report(w io.Writer, rows []row, tests []test) error {
	known, by := map[string]bool{}, map[string][]string{}
	for _, t := range tests {
		for _, id := range t.ids {
			if !slices.Contains(by[id], t.name) {
				by[id] = append(by[id], t.name)
			}
		}
	}
	without := 0
	var page strings.Builder
	for _, r := range rows {
		var names []string
		for _, id := range r.ids {
			known[id] = true
			names = append(names, by[id]...)
		}
		slices.Sort(names)
		names = slices.Compact(names)
		page.WriteString(fmt.Sprintf("%-14s %s\n", r.label, r.says))
		if len(names) == 0 {
			without++
			page.WriteString("               - no test\n")
		}
		for _, n := range names {
			page.WriteString("               " + n + "\n")
		}
	}
	page.WriteString(fmt.Sprintf("\n%d rows, %d with tests, %d without\n", len(rows), len(rows)-without, without))
	if _, err := io.WriteString(w, page.String()); err != nil {
		return fmt.Errorf("print: %w", err)
	}
	var unknown []string
	for _, t := range tests {
		for _, id := range t.ids {
			if !known[id] {
				unknown = append(unknown, t.name+" names "+id)
			}
		}
	}
	if len(unknown) > 0 {
		return fmt.Errorf("there is no such row: %s", strings.Join(unknown, ", "))
	}
	return nil
}
