package imports

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"github.com/hirelog/hirelog/commands"
	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/job"
)

// Import says what to import and how.
type Import struct {
	// Name tells this import from others: ids of rows mean something within it.
	Name  string
	Paths []string // a folder, or files of one
	DryRun,
	Stop bool // at the first row that is refused
	By      domain.Actor // an admin
	Manager string       // member who manages jobs that name nobody
	Now     time.Time    // nothing happened later
	Workers int          // batches at once; 0 = 4
	// Progress, if set, hears how many applications are done; by several
	// goroutines, one at a time.
	Progress func(done, of int)
}

// Summary says what an import did, or would do.
type Summary struct {
	Jobs, Applications int // looked at
	Events             int // of applications, that were written
	Already            int // applications of which nothing was left to write
	Refused            []Problem
}

// ErrStopped ends an import at a row that was refused.
var ErrStopped = errors.New("a row was refused, and the import stopped there")

func (s *source) opener(path string) func() (io.ReadCloser, error) {
	return func() (io.ReadCloser, error) { return s.root.Open(path) }
}

// running is an import under way.
type running struct {
	Import
	to   *commands.Importer
	all  *rowsRead
	ids  map[string]string // of jobs
	mu   sync.Mutex
	sum  Summary
	done int
}

// Run imports. Rows that cannot be read, and those the rules refuse, are in the
// summary, in the order of files and lines; the others are imported, unless Stop
// is set. An error is a fault, or ErrStopped: run it again to go on.
func (in Import) Run(ctx context.Context, to *commands.Commands) (_ Summary, err error) {
	src, err := open(in.Paths)
	if err != nil {
		return Summary{}, err
	}
	defer func() { err = errors.Join(err, src.root.Close()) }()
	importer, err := to.Importer(commands.Caller{Actor: in.By, CorrelationID: "import:" + in.Name}, in.DryRun)
	if err != nil {
		return Summary{}, err
	}
	r := &running{Import: in, to: importer, ids: map[string]string{}}
	if r.all, err = read(src, in.Now, r.tell); err != nil {
		return Summary{}, err
	}
	err = r.run(ctx)
	slices.SortStableFunc(r.sum.Refused, func(a, b Problem) int {
		if c := strings.Compare(a.File, b.File); c != 0 {
			return c
		}
		return a.Line - b.Line
	})
	return r.sum, err
}

func (r *running) run(ctx context.Context) error {
	if r.Stop && len(r.sum.Refused) > 0 {
		return ErrStopped
	}
	if err := r.open(ctx); err != nil {
		return err
	}
	if err := r.applications(ctx); err != nil {
		return err
	}
	return r.close(ctx)
}

// command returns the id of the command that a row is.
func (r *running) command(key string) uuid.UUID {
	return commands.CommandID("import:"+r.Name, key)
}

// tell notes a problem.
func (r *running) tell(p Problem) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sum.Refused = append(r.sum.Refused, p)
}

// refuse notes what a rule refused; other errors it returns.
func (r *running) refuse(at place, err error) error {
	var refusal *domain.Refusal
	if !errors.As(err, &refusal) {
		return err
	}
	r.tell(at.problem(refusal.Code, "%s", refusal.Message))
	if r.Stop {
		return ErrStopped
	}
	return nil
}

// open opens the jobs.
func (r *running) open(ctx context.Context) error {
	for _, j := range r.all.jobs {
		manager := j.manager
		if manager == "" {
			manager = r.Manager
		}
		open := commands.OpenJob{Details: j.details, Team: []job.TeamMember{{Member: manager, Role: commands.FirstRole("Recruiter"), Manager: true}}}
		for _, s := range j.stages {
			open.Stages = append(open.Stages, commands.StagePlan{Name: s})
		}
		answer, err := r.to.OpenJob(ctx, r.command("job/"+j.id), j.openedAt, open)
		if err != nil {
			if err := r.refuse(j.place, err); err != nil {
				return err
			}
			continue
		}
		r.ids[j.id] = answer.ID
		r.sum.Jobs++
	}
	return nil
}

// close closes the jobs that were closed.
func (r *running) close(ctx context.Context) error {
	for _, j := range r.all.jobs {
		id, opened := r.ids[j.id]
		if !opened || j.closedAt.IsZero() {
			continue
		}
		if _, err := r.to.CloseJob(ctx, r.command("close/"+j.id), j.closedAt, id, j.reason); err != nil {
			if err := r.refuse(j.place, err); err != nil {
				return err
			}
		}
	}
	return nil
}

// candidacy is an application with the row it stands in.
type candidacy struct {
	row *applicationRow
	in  commands.ImportedApplication
}

// batchSize is how many applications are written together.
const batchSize = 96

// applications imports all applications: those of one person one after the
// other, in the order they were received.
func (r *running) applications(ctx context.Context) error {
	people, err := r.people()
	if err != nil {
		return err
	}
	workers := r.Workers
	if workers == 0 {
		workers = 4
	}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(workers)
	for batch := range slices.Chunk(people, batchSize) {
		if ctx.Err() != nil {
			break
		}
		g.Go(func() error { return r.batch(ctx, batch) })
	}
	return g.Wait()
}

// people returns the applications of each person, in a stable order.
func (r *running) people() ([][]candidacy, error) {
	of := map[string][]candidacy{}
	for _, a := range r.all.applications {
		details, known, key, err := r.all.person(a)
		if err != nil {
			r.tell(a.problem("unknown_candidate", "%s", err))
			continue
		}
		id, ok := r.ids[a.job]
		if !ok {
			if _, there := r.all.jobByID[a.job]; there {
				r.tell(a.problem("job_refused", "its job was not imported"))
				continue
			}
			if _, err := uuid.Parse(a.job); err != nil {
				r.tell(a.problem("unknown_job", "there is no job %q in the import; a job that is here already is named by its id", a.job))
				continue
			}
			id = a.job
		}
		in := commands.ImportedApplication{Command: r.command("application/" + a.id), At: a.at, Job: id, Candidate: details, Known: known, Source: a.source}
		for _, s := range a.steps {
			in.Steps = append(in.Steps, commands.PastStep{Command: r.command(s.key), At: s.at, Past: s.past})
		}
		of[key] = append(of[key], candidacy{a, in})
	}
	people := make([][]candidacy, 0, len(of))
	for _, key := range slices.Sorted(maps.Keys(of)) {
		own := of[key]
		slices.SortStableFunc(own, func(a, b candidacy) int { return a.in.At.Compare(b.in.At) })
		people = append(people, own)
	}
	if r.Stop && len(r.sum.Refused) > 0 {
		return nil, ErrStopped
	}
	return people, nil
}

// liveOne is a live application of a person of a batch for a job.
type liveOne struct {
	person int
	job    string
}

// batch imports the applications of some people: the first of each, then the
// second of those who have one.
func (r *running) batch(ctx context.Context, people [][]candidacy) error {
	live := map[liveOne]bool{}
	for n := 0; ; n++ {
		var rows []*applicationRow
		var who []int
		var round []commands.ImportedApplication
		for k, own := range people {
			if n < len(own) {
				rows, who, round = append(rows, own[n].row), append(who, k), append(round, own[n].in)
			}
		}
		if len(round) == 0 {
			return nil
		}
		results, err := r.to.Applications(ctx, round)
		if err != nil {
			return fmt.Errorf("import applications: %w", err)
		}
		for k, result := range results {
			one := liveOne{who[k], round[k].Job}
			if r.DryRun && result.Live && live[one] { // which a claim would tell otherwise
				result.Refused = application.ErrDuplicate
			}
			live[one] = live[one] || result.Live
			if err := r.result(rows[k], result); err != nil {
				return err
			}
		}
	}
}

// result notes what became of an application.
func (r *running) result(a *applicationRow, result commands.ImportResult) error {
	r.mu.Lock()
	r.done++
	if result.Refused == nil {
		r.sum.Applications++
	}
	r.sum.Events += result.Written
	if result.Refused == nil && result.Written == 0 {
		r.sum.Already++
	}
	if r.Progress != nil {
		r.Progress(r.done, len(r.all.applications))
	}
	r.mu.Unlock()
	if result.Refused != nil {
		return r.refuse(a.place, result.Refused)
	}
	for k, err := range result.Steps {
		if err == nil {
			continue
		}
		if err := r.refuse(a.steps[k].place, err); err != nil {
			return err
		}
	}
	return nil
}
