package imports_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/hirelog/hirelog/commands"
	"github.com/hirelog/hirelog/commands/commandstest"
	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/internal/eventlog"
	"github.com/hirelog/hirelog/internal/imports"
	"github.com/hirelog/hirelog/internal/postgres/postgrestest"
)

func TestMain(m *testing.M) { os.Exit(postgrestest.Main(m)) }

var now = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

// sample is an import of every kind of row.
var sample = map[string]string{
	"jobs.csv": "id,title,stages,opened_at,closed_at,location\n" +
		"J1,Engineer,Applied|Screening|Interview,2025-01-02,2025-06-30,Berlin\n" +
		"J2,Nurse,Applied|Ward,2025-02-01T08:00:00Z,,\n",
	"candidates.ndjson": `{"id":"C1","first_name":"Cleo","last_name":"Candidate","email":"cleo@people.example","location":"Utrecht","links":["https://cleo.example"]}` + "\n" +
		`{"id":"C2","last_name":"Nobody"}` + "\n",
	"applications.csv": "id;job;candidate;received_at;source;tags;email;last_name\n" +
		"A1;J1;C1;2025-01-10T10:00:00+01:00;referral;remote|senior;;\n" +
		"A2;J1;C1;2025-04-01;;;;\n" +
		"A3;J2;C2;2025-02-03;fair;;;\n" +
		"A4;J2;;2025-02-04;board;;dora@people.example;Doe\n",
	"stages.csv": "application,stage,entered_at,comment\n" +
		"A1,screening,2025-01-12,\"looks\ngood\"\n" +
		"A1,Interview,2025-01-20,\n" +
		"A3,Applied,2025-02-03T12:00:00Z,\n" +
		"A3,Ward,2025-02-04,\n",
	"more.ndjson": `{"kind":"outcomess"}` + "\n" + "not json\n" + `{"kind":"note","id":"N2","application":"A9","text":"x","at":"2025-01-01"}` + "\n",
	"outcomes.csv": "application,outcome,reason,at,note\n" +
		"A1,rejected,position FILLED,2025-02-01,\n" +
		"A2,withdrawn,Lost interest,2025-05-01,wrote us\n",
	"notes.ndjson": `{"id":1,"application":"A1","text":"Knows our market.","at":"2025-01-15T09:00:00Z","candidate_can_view":true}` + "\n",
	"files.csv":    "application,path,category,at\nA1,cv/cleo.txt,cv,2025-01-10T10:00:00Z\n",
	"cv/cleo.txt":  "Worked somewhere, learned something.",
}

// folder writes files.
func folder(t *testing.T, files ...map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for _, set := range files {
		for name, text := range set {
			path := filepath.Join(dir, name)
			if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	return dir
}

func of(dir string) imports.Import {
	return imports.Import{Name: "old", Paths: []string{dir}, By: domain.Member(commands.FirstAdmin()), Manager: commands.FirstAdmin(), Now: now}
}

func run(t *testing.T, c *commands.Commands, in imports.Import) imports.Summary {
	t.Helper()
	sum, err := in.Run(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	return sum
}

// lines are the problems of a summary.
func lines(sum imports.Summary) []string {
	var all []string
	for _, p := range sum.Refused {
		all = append(all, p.String())
	}
	return all
}

// written are the events of a log that are of an import, in the order of
// streams: category, type, and when it happened.
func written(t *testing.T, c *commandstest.Company) []string {
	t.Helper()
	var all []string
	for rec, err := range c.Memory.ReadAll(t.Context(), eventlog.Start, eventlog.Forwards) {
		if err != nil {
			t.Fatal(err)
		}
		meta, err := rec.Meta()
		var said struct {
			At       time.Time `json:"at"`
			Imported bool      `json:"imported"`
		}
		if err == nil {
			err = json.Unmarshal(rec.Data, &said)
		}
		if err != nil {
			t.Fatal(err)
		}
		if (meta.Origin == eventlog.Import) != said.Imported {
			t.Errorf("%s of origin %s says imported: %t", rec.Type, meta.Origin, said.Imported)
		}
		if said.Imported {
			all = append(all, rec.Type+" "+said.At.Format(time.DateOnly)+" "+rec.ID.String())
		}
	}
	slices.Sort(all)
	return all
}

// S2-105: what happened elsewhere is here as it happened then; the second run,
// and a dry one, write nothing.
func TestAnImport(t *testing.T) {
	t.Parallel()
	c := commandstest.Found(t, nil)
	dir := folder(t, sample)
	before := c.All(t)
	dry := of(dir)
	dry.DryRun = true
	would := run(t, c.Commands, dry)
	if c.All(t) != before {
		t.Fatalf("a dry run wrote %d events", c.All(t)-before)
	}
	sum := run(t, c.Commands, of(dir))
	wrong := []string{
		`more.ndjson:1: unreadable: there is no kind "outcomess"`, `more.ndjson:2: unreadable: the line is no JSON object`,
		`more.ndjson:3: unknown_application: there is no application "A9" in the import`,
	}
	if !slices.Equal(lines(sum), wrong) {
		t.Errorf("told %q, want %q", lines(sum), wrong)
	}
	if slices.Compare(lines(would), lines(sum)) != 0 || would.Events != sum.Events {
		t.Errorf("a dry run told %v and %d events, the import %v and %d", lines(would), would.Events, lines(sum), sum.Events)
	}
	if sum.Jobs != 2 || sum.Applications != 4 || sum.Already != 0 || sum.Events != 8+2+2+1 {
		t.Errorf("the import says %+v", sum)
	}
	got := written(t, c)
	for _, want := range []string{
		"job.opened.v1 2025-01-02", "job.closed.v1 2025-06-30", "application.received.v1 2025-01-10", "application.stage_moved.v1 2025-01-12",
		"application.disqualified.v1 2025-02-01", "application.note_added.v1 2025-01-15", "application.document_uploaded.v1 2025-01-10",
		"application.tag_added.v1 2025-01-10", "candidate.registered.v1 2025-01-10", "candidate.attributes_changed.v1 2025-01-10", "claim.taken.v1 2025-02-03",
	} {
		if !slices.ContainsFunc(got, func(e string) bool { return strings.HasPrefix(e, want) }) {
			t.Errorf("there is no %s in %v", want, got)
		}
	}
	if n := strings.Count(strings.Join(got, "\n"), "candidate.registered"); n != 3 {
		t.Errorf("%d people were registered; Cleo applied twice", n)
	}
	after := c.All(t)
	again := run(t, c.Process(c.Log), of(dir))
	if c.All(t) != after || again.Already != 4 || again.Events != 0 {
		t.Errorf("the second run wrote %d events and says %+v", c.All(t)-after, again)
	}
}

// An import that is cut off anywhere goes on when it is run again: nothing twice,
// nothing lost. What was cut off may have been undone meanwhile.
func TestAnImportThatIsCutOff(t *testing.T) {
	t.Parallel()
	histories := func(c *commandstest.Company) []string {
		var all []string
		for _, e := range written(t, c) {
			if what, _, _ := strings.Cut(e, "."); what == "application" || what == "job" {
				all = append(all, e[:strings.LastIndex(e, " ")])
			}
		}
		return all
	}
	whole := commandstest.Found(t, nil)
	run(t, whole.Commands, of(folder(t, sample)))
	c := commandstest.Found(t, nil)
	dir := folder(t, sample)
	cut := 0
	for step := 1; ; step++ {
		p := c.Start(t)
		var err error
		crashed, at, _ := p.Crash(t, step, func(ctx context.Context) error {
			in := of(dir)
			in.Workers = 1
			_, err = in.Run(ctx, p.Commands)
			return err
		})
		if !crashed {
			if err != nil {
				t.Fatal(err)
			}
			break
		}
		cut++
		if step%3 == 0 {
			if _, err := c.FinishArrivals(t.Context(), -time.Hour); err != nil {
				t.Fatalf("after %s: %v", at, err)
			}
		}
	}
	if cut < 15 {
		t.Errorf("it was cut off only %d times", cut)
	}
	if got, want := histories(c), histories(whole); !slices.Equal(got, want) {
		t.Errorf("cut off %d times there is\n%v, want\n%v", cut, got, want)
	}
	c.Check(t)
}

// Two imports, of processes that know nothing of each other, bring the same people
// for one job at once: each has one application there, and the other import is told.
// S2-105
func TestTwoImportsOfTheSamePeopleAtOnce(t *testing.T) {
	t.Parallel()
	c := commandstest.Found(t, nil)
	const people = 12
	applications, notes := "id,job,received_at,last_name,email\n", "id,application,text,at\n"
	for k := range people {
		applications += fmt.Sprintf("A%d,%s,2025-01-02,Person %d,p%d@people.example\n", k, c.Job, k, k)
		notes += fmt.Sprintf("N%d,A%d,Knows our market.,2025-01-03\n", k, k)
	}
	dir := folder(t, map[string]string{"applications.csv": applications, "notes.csv": notes})
	var sums [2]imports.Summary
	var g errgroup.Group
	for k := range sums {
		p := c.Start(t)
		g.Go(func() (err error) {
			in := of(dir)
			in.Name = fmt.Sprintf("import %d", k)
			sums[k], err = in.Run(t.Context(), p.Commands)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	if n := sums[0].Applications + sums[1].Applications; n != people {
		t.Errorf("%d applications of %d people were imported", n, people)
	}
	for _, p := range slices.Concat(sums[0].Refused, sums[1].Refused) {
		if p.Code != application.ErrDuplicate.Code {
			t.Errorf("told %s", p)
		}
	}
	c.CheckFinished(t)
}

// Rules decide about what is imported: what they refuse is told with its line
// and code, and left out, or ends the import.
func TestWhatAnImportIsRefused(t *testing.T) {
	t.Parallel()
	c := commandstest.Found(t, nil)
	known := c.ReceiveOne(t, "known@people.example")
	dir := folder(t, map[string]string{
		"jobs.csv": "id,title,stages,opened_at,closed_at\nJ1,One,Applied|Ended,2025-01-01,\nJ2,No stages,|,2025-01-01,\nJ3,Later,Applied,2027-01-01,\nJ4,Late,Applied,2025-02-01,2025-01-01\n",
		"applications.csv": "id,job,received_at,last_name,email,candidate\n" +
			"A1,J1,2025-01-02,Doe,doe@people.example,\nA2,J1,2025-01-03,Doe,doe@people.example,\nA3,J2,2025-01-02,Doe,,\nA4,J9,2025-01-02,Doe,,\nA5,J1,2025-01-02,,,C9\n" +
			"A6," + c.Job + ",2025-01-02,Known,known@people.example,\nA1,J1,2025-01-02,Doe,,\nA7,J1,2025-01-02,,,\nA8,J1,01/02/2025,Doe,,\nA9,J1,2025-01-02\n",
		"stages.csv":   "application,stage,entered_at\nA1,Nowhere,2025-01-03\nA1,Ended,2025-01-01\n",
		"outcomes.csv": "application,outcome,reason,at\nA1,withdrawn,Position filled,2025-01-04\nA1,hired,Other,2025-01-04\n",
		"files.csv":    "application,path,category,at\nA1,../secret,cv,2025-01-03\nA1,link,cv,2025-01-03\nA1,/etc/passwd,cv,2025-01-03\nA1,empty,cv,2025-01-03\nA1,text,nothing,2025-01-03\nA1,missing,cv,2025-01-03\n",
		"notes.csv":    "id,applicant,text,at\n", "other.csv": "a\n", "empty.ndjson": "", "text": "x", "empty": "",
	})
	if err := os.Symlink(filepath.Join(t.TempDir(), "secret"), filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"applications.csv:3: duplicate_application", "applications.csv:4: job_refused", "applications.csv:5: unknown_job", "applications.csv:6: unknown_candidate",
		"applications.csv:7: duplicate_application", "applications.csv:8: invalid", "applications.csv:9: invalid", "applications.csv:10: invalid", "applications.csv:11: unreadable",
		"files.csv:2: invalid", "files.csv:3: invalid", "files.csv:4: invalid", "files.csv:5: invalid", "files.csv:6: document_category", "files.csv:7: invalid",
		"jobs.csv:3: invalid", "jobs.csv:4: invalid", "jobs.csv:5: invalid",
		"notes.csv:1: unreadable", "other.csv:1: unreadable",
		"outcomes.csv:2: reason_kind", "outcomes.csv:3: invalid", "stages.csv:2: unknown_stage", "stages.csv:3: invalid",
	}
	told := func(sum imports.Summary) []string {
		var all []string
		for _, p := range lines(sum) {
			at, rest, _ := strings.Cut(p, ": ")
			code, _, _ := strings.Cut(rest, ":")
			all = append(all, at+": "+code)
		}
		return all
	}
	dry := of(dir)
	dry.DryRun = true
	if got := told(run(t, c.Commands, dry)); !slices.Equal(got, want) {
		t.Errorf("a dry run tells\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	stop := of(dir)
	stop.Stop = true
	before := c.All(t)
	if _, err := stop.Run(t.Context(), c.Commands); err == nil || c.All(t) != before {
		t.Errorf("told to stop at a row that is refused: %v, and %d events", err, c.All(t)-before)
	}
	sum := run(t, c.Commands, of(dir))
	if got := told(sum); !slices.Equal(got, want) {
		t.Errorf("the import tells\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if sum.Applications != 1 {
		t.Errorf("%d applications were imported, want 1 beside %s", sum.Applications, known)
	}
	c.Check(t)
}

// A row that comes later joins the application it belongs to, unless something
// that happened after it is there already.
func TestRowsThatComeLater(t *testing.T) {
	t.Parallel()
	c := commandstest.Found(t, nil)
	run(t, c.Commands, of(folder(t, sample)))
	more := map[string]string{"notes.ndjson": sample["notes.ndjson"] +
		`{"id":"N3","application":"A3","text":"Later.","at":"2025-03-01"}` + "\n" + `{"id":"N4","application":"A1","text":"Too early.","at":"2025-01-11"}` + "\n"}
	before := c.All(t)
	sum := run(t, c.Commands, of(folder(t, sample, more)))
	if got := c.All(t) - before; got != 1 || sum.Events != 1 || sum.Already != 3 {
		t.Errorf("%d events were written, and the import says %+v", got, sum)
	}
	if got := lines(sum); !slices.ContainsFunc(got, func(p string) bool { return strings.HasPrefix(p, "notes.ndjson:3: later_history:") }) {
		t.Errorf("told %q", got)
	}
}

// Only an admin imports.
func TestWhoImports(t *testing.T) {
	t.Parallel()
	c := commandstest.Found(t, nil)
	in := of(folder(t, sample))
	in.By = domain.Member(c.Recruiter)
	if _, err := in.Run(t.Context(), c.Commands); !errors.Is(err, commands.ErrDenied) {
		t.Errorf("a recruiter imports: %v", err)
	}
}
