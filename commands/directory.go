package commands

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/erasure"
	"github.com/hirelog/hirelog/domain/job"
	"github.com/hirelog/hirelog/domain/member"
	"github.com/hirelog/hirelog/domain/organization"
	"github.com/hirelog/hirelog/internal/eventlog"
)

// MaxLag is how far the directory may be behind the log before it stops
// answering: rights taken away longer ago than this never count any more.
const MaxLag = 10 * time.Second

// probeEvery is how often the directory compares itself with the head of the
// log.
const probeEvery = 2 * time.Second

// ErrRightsUnknown means that the directory is too far behind the log to say
// who may do what.
var ErrRightsUnknown = errors.New("rights are not known: the event store is out of reach or too far ahead")

// Directory is the organisation, its jobs and its members, folded from the log
// and held in memory. It follows the log: what this process writes it knows at
// once, what others write within a second. It is safe for concurrent use.
type Directory struct {
	log    eventlog.Log
	forget func(keys ...string) // told of every erasure
	logger *slog.Logger

	mu           sync.RWMutex
	organization entry[organization.Organization]
	jobs         map[string]entry[job.Job]
	members      map[string]entry[member.Member]
	position     eventlog.Position // how far the log was followed
	current      time.Time         // when it was last known to be level with the log
	changed      chan struct{}     // closed and replaced when position or current moves
	caughtUp     bool              // once
	unreadable   error             // the event it stopped at, which this build does not know
	unreached    error             // why the head of the log could not be read last; nil if it could
}

// entry is a folded stream; revision+1 events were folded.
type entry[S any] struct {
	state  S
	events int64
}

// NewDirectory returns a directory over log. forget, if set, is called with the
// ids of keys that an erasure destroyed. It knows nothing until Run runs.
func NewDirectory(log eventlog.Log, forget func(keys ...string), logger *slog.Logger) *Directory {
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	return &Directory{
		log: log, forget: forget, logger: logger,
		jobs: map[string]entry[job.Job]{}, members: map[string]entry[member.Member]{},
		changed: make(chan struct{}),
	}
}

// Run follows the log until ctx ends, whose error it returns, or until the log
// refuses to be followed. At an event it cannot read it stops and stays: it does
// not go on without, so it is soon too far behind to answer, until a build that
// knows the event takes over.
func (d *Directory) Run(ctx context.Context) error {
	probing, end := context.WithCancel(ctx)
	probed := make(chan struct{})
	go func() {
		defer close(probed)
		d.probe(probing)
	}()
	defer func() { end(); <-probed }()
	filter := eventlog.Filter{StreamPrefixes: []string{"organization-", "job-", "member-", "erasure-"}}
	for {
		for got, err := range d.log.Subscribe(ctx, eventlog.SubscribeOptions{After: d.at(), Filter: filter}) {
			if err == nil {
				if err = d.deliver(got); err != nil {
					d.logger.Error("the directory of rights stops before an event it cannot read; another build is needed", "error", err)
					d.stay(err)
					<-ctx.Done()
					break
				}
			}
			if err != nil && ctx.Err() == nil {
				d.logger.Error("directory stopped following the log", "error", err)
				return err
			}
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
}

func (d *Directory) at() eventlog.Position {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.position
}

// deliver takes one delivery of the subscription.
func (d *Directory) deliver(got eventlog.Delivery) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if got.Event != nil {
		if err := d.apply(*got.Event); err != nil {
			return err
		}
	}
	if got.Position.After(d.position) {
		d.position = got.Position
	}
	if got.CaughtUp {
		d.caughtUp = true
	}
	d.signal()
	return nil
}

// stay notes why the log is not followed any further.
func (d *Directory) stay(why error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.unreadable = why
	d.signal()
}

func (d *Directory) signal() {
	close(d.changed)
	d.changed = make(chan struct{})
}

// apply folds a stored event. d.mu is held.
func (d *Directory) apply(rec eventlog.Event) error {
	category, id := eventlog.SplitStream(rec.Stream)
	var fact domain.Fact
	var err error
	switch category {
	case "organization":
		fact, err = organization.Codec.Decode(rec.Type, rec.Data)
	case "job":
		fact, err = job.Codec.Decode(rec.Type, rec.Data)
	case "member":
		fact, err = member.Codec.Decode(rec.Type, rec.Data)
	case "erasure":
		fact, err = erasure.Codec.Decode(rec.Type, rec.Data)
	default:
		return nil
	}
	if err != nil {
		return fmt.Errorf("%s at %d: %w", rec.Stream, rec.Revision, err)
	}
	d.fold(id, fact, rec.Revision)
	return nil
}

// fold takes a fact that stands at rev of its stream, if it is the next one:
// what this process wrote comes twice, once at once and once by the log.
func (d *Directory) fold(id string, fact domain.Fact, rev eventlog.Revision) {
	switch e := fact.(type) {
	case organization.Event:
		if id == organization.ID {
			d.organization = next(d.organization, rev, func(o organization.Organization) organization.Organization { return o.Fold(e) })
		}
	case job.Event:
		d.jobs[id] = next(d.jobs[id], rev, func(j job.Job) job.Job { return j.Fold(e) })
	case member.Event:
		d.members[id] = next(d.members[id], rev, func(m member.Member) member.Member { return m.Fold(e) })
	case erasure.Recorded:
		if d.forget != nil {
			d.forget(e.Keys...)
		}
	}
}

func next[S any](have entry[S], rev eventlog.Revision, fold func(S) S) entry[S] {
	if int64(rev) != have.events {
		return have
	}
	return entry[S]{state: fold(have.state), events: have.events + 1}
}

// wrote tells the directory what a stream of its own folds to, up to and with
// revision rev, which this process just appended. So it knows at once, also when
// the log has not yet told it of what others wrote before.
func (d *Directory) wrote(stream string, state any, rev eventlog.Revision) {
	_, id := eventlog.SplitStream(stream)
	d.mu.Lock()
	defer d.mu.Unlock()
	switch state := state.(type) {
	case organization.Organization:
		if id == organization.ID {
			d.organization = newer(d.organization, state, rev)
		}
	case job.Job:
		d.jobs[id] = newer(d.jobs[id], state, rev)
		d.signal()
	case member.Member:
		d.members[id] = newer(d.members[id], state, rev)
	}
}

func newer[S any](have entry[S], state S, rev eventlog.Revision) entry[S] {
	if int64(rev) < have.events {
		return have
	}
	return entry[S]{state: state, events: int64(rev) + 1}
}

// probe compares the directory with the head of the log until ctx ends.
func (d *Directory) probe(ctx context.Context) {
	tick := time.NewTicker(probeEvery)
	defer tick.Stop()
	for {
		d.compare(ctx)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// compare notes the time if the directory has followed the log to its head.
func (d *Directory) compare(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, probeEvery)
	defer cancel()
	asked := time.Now()
	head, err := head(ctx, d.log)
	d.mu.Lock()
	d.unreached = err
	d.mu.Unlock()
	if err != nil {
		return
	}
	soon := time.NewTimer(probeEvery / 8)
	defer soon.Stop()
	for {
		d.mu.RLock()
		at, changed, ready := d.position, d.changed, d.caughtUp
		d.mu.RUnlock()
		if ready && !head.After(at) {
			d.level(asked)
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-changed:
		case <-soon.C:
			if ready && d.nothingBetween(ctx, at, head) {
				d.level(asked)
			}
			return
		}
	}
}

// level notes that the directory held everything the log held at that time.
func (d *Directory) level(at time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.current = at
	d.signal()
}

// head returns the position of the last event of the log.
func head(ctx context.Context, log eventlog.Log) (eventlog.Position, error) {
	for e, err := range log.ReadAll(ctx, eventlog.Start, eventlog.Backwards) {
		return e.Position, err
	}
	return eventlog.Start, nil
}

// nothingBetween reports whether the few events between the position the
// subscription last reported and the head are none of the directory's. A quiet
// log reports progress only now and then.
func (d *Directory) nothingBetween(ctx context.Context, at, head eventlog.Position) bool {
	const few = 128
	seen := 0
	for e, err := range d.log.ReadAll(ctx, at, eventlog.Forwards) {
		if err != nil || seen == few {
			return false
		}
		switch e.Category() {
		case "organization", "job", "member", "erasure":
			return false
		}
		if !head.After(e.Position) {
			return true
		}
		seen++
	}
	return true
}

// Ready waits until the directory is level with the log once.
// Errors: ErrRightsUnknown, with ctx's error or the event it cannot read.
func (d *Directory) Ready(ctx context.Context) error {
	for {
		d.mu.RLock()
		current, changed, unreadable := d.current, d.changed, d.unreadable
		d.mu.RUnlock()
		if !current.IsZero() {
			return nil
		}
		if unreadable != nil {
			return fmt.Errorf("%w: %w", ErrRightsUnknown, unreadable)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", ErrRightsUnknown, ctx.Err())
		case <-changed:
		}
	}
}

// Lag returns how long ago the directory was last known to be level with the
// log.
func (d *Directory) Lag() time.Duration {
	d.mu.RLock()
	defer d.mu.RUnlock()
	if d.current.IsZero() {
		return time.Duration(1<<63 - 1)
	}
	return time.Since(d.current)
}

// Check returns ErrRightsUnknown when the directory is more than MaxLag behind,
// with the log's error if that is because the log is out of reach.
func (d *Directory) Check() error {
	if d.Lag() <= MaxLag {
		return nil
	}
	d.mu.RLock()
	defer d.mu.RUnlock()
	if d.unreached != nil {
		return fmt.Errorf("%w: %w", ErrRightsUnknown, d.unreached)
	}
	return ErrRightsUnknown
}

// changes is closed when the directory next learns something.
func (d *Directory) changes() <-chan struct{} {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.changed
}

// pending returns what changes of jobs have left to be done.
func (d *Directory) pending() []pending {
	d.mu.RLock()
	defer d.mu.RUnlock()
	var all []pending
	for id, j := range d.jobs {
		if j.state.Ending != nil {
			all = append(all, pending{job: id})
		}
		for _, r := range j.state.Removed {
			if !r.Cleared {
				all = append(all, pending{job: id, stage: r.ID})
			}
		}
	}
	return all
}

// Organization returns the organisation.
func (d *Directory) Organization() organization.Organization {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.organization.state
}

// Job returns a job, the zero job if there is none.
func (d *Directory) Job(id string) job.Job {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.jobs[id].state
}

// jobsWith returns the jobs whose hiring team a member is on, sorted.
func (d *Directory) jobsWith(memberID string) []string {
	d.mu.RLock()
	defer d.mu.RUnlock()
	var ids []string
	for id, j := range d.jobs {
		if slices.ContainsFunc(j.state.Team, func(m job.TeamMember) bool { return m.Member == memberID }) {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

// Member returns a member, the zero member if there is none.
func (d *Directory) Member(id string) member.Member {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.members[id].state
}

// Rights returns what a member may do with the applications of a job, apart from
// grants on single ones.
func (d *Directory) Rights(memberID, jobID string) access.Rights {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return access.Of(d.members[memberID].state.OrganizationRole(), d.places(memberID, jobID)...)
}

// RightsOn returns what a member may do with an application at an instant.
func (d *Directory) RightsOn(memberID string, a application.Application, at time.Time) access.Rights {
	d.mu.RLock()
	defer d.mu.RUnlock()
	held := d.places(memberID, a.Job)
	for _, role := range a.Granted(memberID, at) {
		held = append(held, access.Membership{Role: d.organization.state.Roles[role].Access})
	}
	if a.OpenTo(memberID, at) {
		held = append(held, access.Membership{Opening: true})
	}
	return access.Of(d.members[memberID].state.OrganizationRole(), held...)
}

// places returns what a member holds in the team of a job. d.mu is held.
func (d *Directory) places(memberID, jobID string) []access.Membership {
	var held []access.Membership
	for _, m := range d.jobs[jobID].state.Team {
		if m.Member == memberID {
			held = append(held, access.Membership{Role: d.organization.state.Roles[m.Role].Access, Manager: m.Manager})
		}
	}
	return held
}
