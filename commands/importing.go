package commands

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/candidate"
	"github.com/hirelog/hirelog/domain/job"
	"github.com/hirelog/hirelog/internal/eventlog"
	"github.com/hirelog/hirelog/internal/ops"
	"github.com/hirelog/hirelog/internal/vault"
)

// Importer takes in jobs and applications from elsewhere, with what happened to
// them and when. The rules decide as always; what they refuse is told, row by
// row. All is known by the command ids the caller gives it: given again, nothing
// is written that is there already. It is safe for concurrent use.
//
// A whole application is appended at once, and what Postgres has to note for
// many of them is noted at once: that is what makes an import fast.
type Importer struct {
	c    *Commands
	by   Caller
	dry  bool
	jobs map[string]job.Job // that a dry run has opened
}

// Importer returns an importer for an admin. A dry one writes nothing, and says
// of each row what would be said. One of the two may use OpenJob at a time.
// Errors: ErrDenied, ErrRightsUnknown.
func (c *Commands) Importer(by Caller, dry bool) (*Importer, error) {
	if err := c.allow(by, access.Admin); err != nil {
		return nil, err
	}
	by.Origin, by.MayBeRepeated, by.IfMatch = eventlog.Import, true, nil
	return &Importer{c: c, by: by, dry: dry, jobs: map[string]job.Job{}}, nil
}

// caller is who gives the command that a row is.
func (i *Importer) caller(command uuid.UUID, at time.Time) Caller {
	by := i.by
	by.CommandID, by.At = command, at
	return by
}

func (i *Importer) job(id string) job.Job {
	if j, ok := i.jobs[id]; ok {
		return j
	}
	return i.c.directory.Job(id)
}

// OpenJob opens a job as it was opened then. Errors: those of Commands.OpenJob.
func (i *Importer) OpenJob(ctx context.Context, command uuid.UUID, at time.Time, cmd OpenJob) (Answer, error) {
	caller := i.caller(command, at)
	id := caller.newID("job")
	if !i.dry {
		return i.c.OpenJob(ctx, caller, cmd)
	}
	if i.c.directory.Job(id).Status != "" {
		return Answer{ID: id, Repeated: true}, nil
	}
	if err := i.c.checkTeam(cmd.Team); err != nil {
		return Answer{}, err
	}
	stages := make([]job.Stage, len(cmd.Stages))
	for k, s := range cmd.Stages {
		stages[k] = s.stage(caller.newID("stage/" + strconv.Itoa(k)))
	}
	events, err := job.Job{}.Opens(cmd.Details, stages, cmd.Team, i.c.stamp(caller, time.Time{}))
	i.jobs[id] = job.Job{}.Fold(events...)
	return Answer{ID: id}, err
}

// CloseJob closes a job as it was closed then, and leaves its applications as
// they are. Errors: those of Commands.CloseJob.
func (i *Importer) CloseJob(ctx context.Context, command uuid.UUID, at time.Time, id, reason string) (Answer, error) {
	if i.dry {
		_, err := i.job(id).Close(reason, job.Ending{Applications: job.LeaveApplications}, i.c.stamp(i.caller(command, at), time.Time{}))
		return Answer{}, err
	}
	return i.c.CloseJob(ctx, i.caller(command, at), CloseJob{Job: id, Reason: reason, Applications: job.LeaveApplications})
}

// ImportedApplication is one application with its past.
type ImportedApplication struct {
	// Command is what it is known by.
	Command   uuid.UUID
	At        time.Time
	Job       string // id
	Candidate candidate.Details
	// Known is what else is known of the person. It is noted for a person who
	// comes with this application, and never changes what is known of others.
	Known  candidate.Edits
	Source string
	Steps  []PastStep // in the order in which they happened
}

// ErrLaterIsThere refuses a step of the past of an application behind which
// others were brought here already: time does not go back in a history.
var ErrLaterIsThere = &domain.Refusal{Kind: domain.Illegal, Code: "later_history", Message: "What happened later to the application is there already, and nothing can be put before it."}

// ImportResult is what became of an application.
type ImportResult struct {
	ID      string
	Refused error   // the application itself was; then its steps were not looked at
	Steps   []error // refusals, by step
	Written int     // events; in a dry run those that would be
	Live    bool    // it is in progress after all of them
}

// importing is one application on its way.
type importing struct {
	ImportedApplication
	result ImportResult

	id       string
	unheard  bool        // nothing was ever sealed for it, so it has no stream yet
	past     []pastEvent // what its stream holds
	revision eventlog.Revision
	newcomer string // id of the person it brings, if nobody known is recognised
	person   string
	stored   map[int]application.File // by step
	unkept   map[int]error            // files that were refused when they were looked at
	claimed  bool
	undone   bool                    // begin anew
	decided  []decided               // when it was looked at, and neither kept nor written since
	state    application.Application // after all of it
}

// pastEvent is an event of the stream of an application that is imported.
type pastEvent struct {
	command uuid.UUID
	fact    application.Event
}

// importAtOnce is how many applications of a batch are worked on at once.
const importAtOnce = 16

// Applications imports a batch of at most 100 applications, no two of one
// person. Rows that are refused are in the results; an error is a fault, after
// which any part of the batch may be there or not, and giving it again completes
// it.
func (i *Importer) Applications(ctx context.Context, batch []ImportedApplication) ([]ImportResult, error) {
	all := make([]*importing, len(batch))
	for k, in := range batch {
		all[k] = &importing{ImportedApplication: in}
	}
	if err := i.tags(ctx, batch); err != nil {
		return nil, err
	}
	left := all
	for attempt := 1; len(left) > 0; attempt++ {
		if err := i.attempt(ctx, left); err != nil {
			return nil, err
		}
		left = slices.DeleteFunc(slices.Clone(left), func(in *importing) bool { return !in.undone })
		if attempt == maxArrivals {
			for _, in := range left {
				in.result.Refused = application.ErrDuplicate
			}
			break
		}
	}
	results := make([]ImportResult, len(all))
	for k, in := range all {
		results[k] = in.result
	}
	return results, nil
}

// tags puts the labels of a batch on the shared list.
func (i *Importer) tags(ctx context.Context, batch []ImportedApplication) error {
	for _, in := range batch {
		for _, s := range in.Steps {
			t, ok := s.Past.(PastTag)
			if !ok || i.dry {
				continue
			}
			if _, known := i.c.directory.Organization().TagLabelled(t.Label); known {
				continue
			}
			// A refusal shows where the tag is put on.
			if _, err := i.c.defineTag(ctx, i.caller(uuid.NewSHA1(s.Command, []byte("label")), s.At), t.Label); err != nil && !refused(err) {
				return err
			}
		}
	}
	return nil
}

// attempt imports applications once; those that somebody undid on their way are
// marked.
func (i *Importer) attempt(ctx context.Context, all []*importing) error {
	if err := i.lookFor(ctx, all); err != nil {
		return err
	}
	err := each(ctx, all, func(ctx context.Context, in *importing) error {
		in.result, in.undone = ImportResult{}, false
		if !in.unheard {
			if err := i.read(ctx, in); err != nil {
				return err
			}
		}
		// All that the rules refuse is known before anything is written.
		in.decided = i.decide(in)
		if !i.dry || in.result.Refused != nil || len(in.past) > 0 || !in.state.Live() || in.Candidate.Email == "" {
			return nil //nolint:nilerr // a refusal is a result of the row
		}
		live, err := i.c.liveOf(ctx, in.Job, in.Candidate.Email)
		if live != "" {
			in.result.Refused = application.ErrDuplicate
		}
		return err
	})
	if err != nil || i.dry {
		return err
	}
	writing := slices.DeleteFunc(slices.Clone(all), func(in *importing) bool { return in.result.Refused != nil || in.result.Written == 0 })
	if len(writing) == 0 {
		return nil
	}
	if err := i.prepare(ctx, writing); err != nil {
		return err
	}
	err = each(ctx, writing, func(ctx context.Context, in *importing) error {
		err := i.write(ctx, in)
		if err == nil || !refused(err) && !errors.Is(err, vault.ErrErased) {
			return err
		}
		in.result.Refused, in.result.Written = err, 0
		in.undone = errors.Is(err, vault.ErrErased) || errors.Is(err, errFenced)
		if len(in.past) > 0 {
			return nil
		}
		return i.c.undoArrival(ctx, ops.Arrival{Application: in.id, Job: in.Job})
	})
	if err != nil {
		return err
	}
	return i.c.arrivals.EndAll(ctx, arrivalIDs(writing))
}

func arrivalIDs(all []*importing) []string {
	ids := make([]string, len(all))
	for k, in := range all {
		ids[k] = in.id
	}
	return ids
}

// each does something to all of a batch at once, as far as that is sensible. Who
// works on one goes on with the next: a call's stack need not grow anew.
func each(ctx context.Context, all []*importing, do func(context.Context, *importing) error) error {
	g, ctx := errgroup.WithContext(ctx)
	var taken atomic.Int64
	for range min(importAtOnce, len(all)) {
		g.Go(func() error {
			for k := taken.Add(1); k <= int64(len(all)); k = taken.Add(1) {
				if err := do(ctx, all[k-1]); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return g.Wait()
}
