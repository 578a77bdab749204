package imports

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Kind is what a row describes.
type Kind string

// The kinds of rows.
const (
	Jobs         Kind = "jobs"
	Candidates   Kind = "candidates"
	Applications Kind = "applications"
	Stages       Kind = "stages"
	Outcomes     Kind = "outcomes"
	Notes        Kind = "notes"
	Files        Kind = "files"
)

func kinds() []Kind {
	return []Kind{Jobs, Candidates, Applications, Stages, Outcomes, Notes, Files}
}

func kindNames() string {
	names := make([]string, len(kinds()))
	for i, k := range kinds() {
		names[i] = string(k)
	}
	return strings.Join(names, ", ")
}

// plural returns the kind a row names itself by: "job", or "jobs".
func plural(name string) Kind {
	for _, k := range kinds() {
		if name == string(k) || name+"s" == string(k) {
			return k
		}
	}
	return ""
}

// listSeparator stands between the items of a list in CSV.
const listSeparator = "|"

// columns are the columns of each kind; those with * must have a value.
var columns = map[Kind][]string{
	Jobs:         {"id*", "title*", "stages*", "opened_at*", "position", "location", "description", "openings", "confidential", "closed_at", "close_reason", "manager_id"},
	Candidates:   {"id*", "first_name", "last_name", "email", "phone", "gender", "birthday", "location", "salary_expectation", "available_from", "links"},
	Applications: {"id*", "job*", "received_at*", "candidate", "first_name", "last_name", "email", "phone", "source", "tags"},
	Stages:       {"application*", "stage*", "entered_at*", "comment"},
	Outcomes:     {"application*", "outcome*", "reason*", "at*", "note"},
	Notes:        {"id*", "application*", "text*", "at*", "candidate_can_view"},
	Files:        {"application*", "path*", "category*", "at*", "name"},
}

func known(k Kind, column string) bool {
	return slices.Contains(columns[k], column) || slices.Contains(columns[k], column+"*")
}

func columnNames(k Kind) string {
	return strings.ReplaceAll(strings.Join(columns[k], ", "), "*", "")
}

// fields reads the values of one row, and notes what is wrong with them.
type fields struct {
	row
	tell func(Problem)
	now  time.Time
	bad  bool
}

// fieldsOf checks that a row has the columns it must have, and no others.
func fieldsOf(r row, now time.Time, tell func(Problem)) *fields {
	f := &fields{row: r, tell: tell, now: now}
	for _, name := range slices.Sorted(maps.Keys(r.values)) {
		if !known(r.kind, name) {
			f.wrong("there is no column %q; %s has %s", name, r.kind, columnNames(r.kind))
		}
	}
	for _, c := range columns[r.kind] {
		if name, must := strings.CutSuffix(c, "*"); must && f.text(name) == "" {
			f.wrong("%s is missing", name)
		}
	}
	return f
}

func (f *fields) wrong(format string, args ...any) {
	f.bad = true
	f.tell(Problem{f.file, f.line, "invalid", fmt.Sprintf(format, args...)})
}

func (f *fields) text(name string) string { return strings.TrimSpace(f.values[name]) }

// time reads an instant in the past; a day alone is its beginning in UTC.
func (f *fields) time(name string) time.Time {
	text := f.text(name)
	if text == "" {
		return time.Time{}
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		at, err = time.Parse(time.DateOnly, text)
	}
	switch {
	case err != nil, at.Year() < 1970:
		f.wrong("%s is a time such as 2024-03-31T09:00:00Z, or a day such as 2024-03-31", name)
	case at.After(f.now):
		f.wrong("%s lies in the future", name)
	}
	return at.UTC()
}

func (f *fields) bool(name string) bool {
	switch strings.ToLower(f.text(name)) {
	case "", "false", "no", "0":
		return false
	case "true", "yes", "1":
		return true
	}
	f.wrong("%s is true or false", name)
	return false
}

func (f *fields) number(name string) int {
	text := f.text(name)
	if text == "" {
		return 0
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		f.wrong("%s is a number", name)
	}
	return n
}

func (f *fields) list(name string) []string {
	var items []string
	for _, item := range strings.Split(f.text(name), listSeparator) {
		if item = strings.TrimSpace(item); item != "" {
			items = append(items, item)
		}
	}
	return items
}
