package imports

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/hirelog/hirelog/commands"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/candidate"
	"github.com/hirelog/hirelog/domain/job"
	"github.com/hirelog/hirelog/domain/personal"
)

// place is where a row stands.
type place struct {
	file string
	line int
}

func (p place) problem(code, format string, args ...any) Problem {
	return Problem{p.file, p.line, code, fmt.Sprintf(format, args...)}
}

type jobRow struct {
	place
	id       string
	details  job.Details
	stages   []string
	manager  string
	openedAt time.Time
	closedAt time.Time // zero = it is open
	reason   string
}

type candidateRow struct {
	place
	details candidate.Details
	known   candidate.Edits
}

type applicationRow struct {
	place
	id, job, candidate, source string
	own                        candidate.Details // when it names no candidate
	at                         time.Time
	steps                      []stepRow
}

// stepRow is a row of the past of an application.
type stepRow struct {
	place
	key  string // what it is known by
	at   time.Time
	rank int // of what happened at one time
	past commands.Past
}

// rowsRead are all the rows of an import.
type rowsRead struct {
	src          *source
	jobs         []*jobRow
	jobByID      map[string]*jobRow
	candidates   map[string]*candidateRow
	applications []*applicationRow
	byID         map[string]*applicationRow
	steps        map[string][]stepRow // by application
}

// read reads everything there is to import, and tells what is wrong with it.
func read(src *source, now time.Time, tell func(Problem)) (*rowsRead, error) {
	all := &rowsRead{
		src: src, jobByID: map[string]*jobRow{}, candidates: map[string]*candidateRow{}, byID: map[string]*applicationRow{}, steps: map[string][]stepRow{},
	}
	for _, name := range src.names {
		err := src.rows(name, func(r row) {
			if f := fieldsOf(r, now, tell); !f.bad {
				all.take(f)
			}
		}, tell)
		if err != nil {
			return nil, err
		}
	}
	all.join(tell)
	return all, nil
}

func (all *rowsRead) take(f *fields) {
	at := place{f.file, f.line}
	switch f.kind {
	case Jobs:
		j := &jobRow{
			place: at, id: f.text("id"), stages: f.list("stages"), manager: f.text("manager_id"), openedAt: f.time("opened_at"), closedAt: f.time("closed_at"), reason: f.text("close_reason"),
			details: job.Details{
				Title: f.text("title"), Position: f.text("position"), Location: f.text("location"), Description: f.text("description"),
				Openings: f.number("openings"), Confidential: f.bool("confidential"),
			},
		}
		if !j.closedAt.IsZero() && j.closedAt.Before(j.openedAt) {
			f.wrong("closed_at is before opened_at")
		}
		if !once(f, all.jobByID, j.id, j) {
			all.jobs = append(all.jobs, j)
		}
	case Candidates:
		c := &candidateRow{place: at, details: detailsOf(f), known: knownOf(f)}
		once(f, all.candidates, f.text("id"), c)
	case Applications:
		a := &applicationRow{
			place: at, id: f.text("id"), job: f.text("job"), candidate: f.text("candidate"), source: f.text("source"), at: f.time("received_at"), own: detailsOf(f),
		}
		if a.source == "" {
			a.source = "import"
		}
		for _, label := range f.list("tags") {
			a.steps = append(a.steps, stepRow{at, "tag/" + a.id + "/" + strings.ToLower(label), a.at, 0, commands.PastTag{Label: label}})
		}
		if !once(f, all.byID, a.id, a) {
			all.applications = append(all.applications, a)
		}
	case Stages, Outcomes, Notes, Files:
		all.step(f, at)
	}
}

// once notes a row under its id, and tells if there is one already.
func once[R interface{ where() place }](f *fields, rows map[string]R, id string, r R) (again bool) {
	if first, ok := rows[id]; ok {
		f.wrong("id %q stands twice, first in %s:%d", id, first.where().file, first.where().line)
	}
	if !f.bad {
		rows[id] = r
	}
	return f.bad
}

func (p place) where() place { return p }

func detailsOf(f *fields) candidate.Details {
	return candidate.Details{
		FirstName: personal.Plain(f.text("first_name")), LastName: personal.Plain(f.text("last_name")),
		Email: personal.Plain(f.text("email")), Phone: personal.Plain(f.text("phone")),
	}
}

func knownOf(f *fields) candidate.Edits {
	known := candidate.Edits{}
	for _, a := range []candidate.Attribute{candidate.Gender, candidate.Birthday, candidate.Location, candidate.SalaryExpectation, candidate.AvailableFrom} {
		if text := f.text(string(a)); text != "" {
			known[a] = personal.Plain(text)
		}
	}
	if links := f.list("links"); len(links) > 0 {
		known[candidate.Links] = personal.Plain(strings.Join(links, "\n"))
	}
	return known
}

func (all *rowsRead) step(f *fields, at place) {
	of := f.text("application")
	s := stepRow{place: at}
	switch f.kind { //nolint:exhaustive // the others are no steps
	case Stages:
		s.at, s.rank, s.past = f.time("entered_at"), 3, commands.PastMove{Stage: f.text("stage"), Comment: personal.Plain(f.text("comment"))}
		s.key = "stage/" + of + "/" + s.at.Format(time.RFC3339Nano) + "/" + strings.ToLower(f.text("stage"))
	case Outcomes:
		kind := application.Outcome(strings.ToLower(f.text("outcome")))
		s.at, s.rank, s.past = f.time("at"), 4, commands.PastOutcome{Kind: kind, Reason: f.text("reason"), Note: personal.Plain(f.text("note"))}
		s.key = "outcome/" + of
	case Notes:
		s.at, s.rank, s.past = f.time("at"), 2, commands.PastNote{Text: personal.Plain(f.text("text")), Visible: f.bool("candidate_can_view")}
		s.key = "note/" + f.text("id")
	case Files:
		s.at, s.rank = f.time("at"), 1
		s.key = "file/" + of + "/" + f.text("path")
		s.past = all.file(f)
	}
	if !f.bad {
		all.steps[of] = append(all.steps[of], s)
	}
}

// file finds a file in the folder.
func (all *rowsRead) file(f *fields) commands.Past {
	path := f.text("path")
	if !fs.ValidPath(path) {
		f.wrong("path %q is none within the folder: it is written with /, without .. and not from the root", path)
		return nil
	}
	info, err := all.src.root.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		f.wrong("there is no file %q in the folder", path)
		return nil
	case err != nil:
		f.wrong("file %q cannot be read, or does not lie in the folder", path)
		return nil
	case !info.Mode().IsRegular():
		f.wrong("%q is no file", path)
		return nil
	case info.Size() == 0 || info.Size() > application.MaxFileBytes:
		f.wrong("file %q has %d bytes; a file has 1 byte to %d MiB", path, info.Size(), application.MaxFileBytes>>20)
		return nil
	}
	name := f.text("name")
	if name == "" {
		name = path
	}
	return commands.PastFile{
		Name: personal.Plain(name), Category: access.Category(f.text("category")), Size: info.Size(), Open: all.src.opener(path),
	}
}

// join puts the steps to their applications, in the order in which they happened.
func (all *rowsRead) join(tell func(Problem)) {
	for id, steps := range all.steps {
		a, ok := all.byID[id]
		for _, s := range steps {
			switch {
			case !ok:
				tell(s.problem("unknown_application", "there is no application %q in the import", id))
			case s.at.Before(a.at):
				tell(s.problem("invalid", "it happened before the application was received"))
			case slices.ContainsFunc(a.steps, func(other stepRow) bool { return other.key == s.key }):
				tell(s.problem("invalid", "the row stands twice"))
			default:
				a.steps = append(a.steps, s)
			}
		}
	}
	all.steps = nil
	for _, a := range all.applications {
		slices.SortStableFunc(a.steps, func(x, y stepRow) int {
			if c := x.at.Compare(y.at); c != 0 {
				return c
			}
			return x.rank - y.rank
		})
	}
}

// person returns who applied: what is known of them, and what they are told by.
func (all *rowsRead) person(a *applicationRow) (details candidate.Details, known candidate.Edits, key string, err error) {
	details, key = a.own, "application/"+a.id
	if a.candidate != "" {
		c, ok := all.candidates[a.candidate]
		switch {
		case !ok:
			return details, nil, key, fmt.Errorf("there is no candidate %q in the import", a.candidate)
		case a.own != (candidate.Details{}):
			return details, nil, key, errors.New("it names a candidate, and a person too")
		}
		details, known, key = c.details, c.known, "candidate/"+a.candidate
	}
	if details.Email != "" {
		key = "email/" + strings.ToLower(string(details.Email))
	}
	return details, known, key, nil
}
