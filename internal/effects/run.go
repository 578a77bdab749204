package effects

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"github.com/hirelog/hirelog/commands"
	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/internal/clamd"
	"github.com/hirelog/hirelog/internal/eventlog"
)

// Options are what effects work with. Pool, Log, Reactors and Perform are
// required.
type Options struct {
	Pool     *pgxpool.Pool
	Log      eventlog.Log
	Reactors []Reactor
	// Perform carries an effect out, as a command with the effect's id. It is
	// called again, perhaps while an earlier call is still at work, until its
	// outcome is in the ledger. Errors: refusals, which are final; everything else
	// is tried again.
	Perform func(context.Context, Entry) (Outcome, error)
	// Workers is how many effects this process carries out at once. Default 8.
	Workers int
	// AliveEvery is how often a reactor gives a sign of life. Default 3 s.
	AliveEvery time.Duration
	// Standby is how long another process must have been silent before this one,
	// having met it, goes on. Default 10 s.
	Standby time.Duration
	// Poll is how often a stopped or waiting reactor looks whether it may go on.
	// Default 1 s.
	Poll     time.Duration
	Observer Observer
	Logger   *slog.Logger     // nil = discard
	Now      func() time.Time // nil = time.Now
}

// Outcome is how an effect ended: Done with where that was recorded, or Cancelled.
type Outcome struct {
	State    State
	Reason   string // code of a refusal, kind of a failure
	Stream   string
	Revision eventlog.Revision
	Position eventlog.Position
}

// Activity is what a reactor does.
type Activity uint8

// The activities.
const (
	Starting Activity = iota // looking for its checkpoint
	Running                  // following the log
	Retrying                 // trying again what failed for the time being
	Standby                  // waiting behind another process
	Stopped                  // waiting for an operator
)

func (a Activity) String() string {
	return [...]string{"starting", "running", "retrying", "standby", "stopped"}[a]
}

// Observer is told what happens, for metrics. A nil function is not called; the
// others are called from several goroutines and must not wait.
type Observer struct {
	Activity func(reactor string, a Activity)
	Lag      func(reactor string, lag time.Duration)
	Planned  func(Kind)
	Finished func(Kind, State)
	// Missed: an attempt failed, and there will be another.
	Missed func(Kind)
}

func (o Observer) lag(reactor string, lag time.Duration) {
	if o.Lag != nil {
		o.Lag(reactor, lag)
	}
}

func (o Observer) planned(k Kind) {
	if o.Planned != nil {
		o.Planned(k)
	}
}

func (o Observer) finished(k Kind, s State) {
	if o.Finished != nil {
		o.Finished(k, s)
	}
}

func (o Observer) missed(k Kind) {
	if o.Missed != nil {
		o.Missed(k)
	}
}

// Effects has reactors look at the log and carries out what they plan. Any number
// of processes may: of each reactor one is at work, of the effects each process
// carries out some.
type Effects struct {
	o      Options
	id     uuid.UUID // of this run, among the processes
	ledger *Ledger
	queue  *river.Client[pgx.Tx]
	step   func(name string) error // tests stop here

	mu  sync.Mutex
	now map[string]condition // by reactor; guarded by mu
}

type condition struct {
	activity Activity
	reason   string
}

// New returns effects.
func New(o Options) (*Effects, error) {
	o.Workers = cmp.Or(o.Workers, 8)
	o.AliveEvery = cmp.Or(o.AliveEvery, 3*time.Second)
	o.Standby = cmp.Or(o.Standby, 10*time.Second)
	o.Poll = cmp.Or(o.Poll, time.Second)
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	e := &Effects{o: o, id: uuid.New(), ledger: NewLedger(o.Pool), step: func(string) error { return nil }, now: map[string]condition{}}
	workers := river.NewWorkers()
	if err := river.AddWorkerSafely(workers, &worker{effects: e}); err != nil {
		return nil, fmt.Errorf("effects: %w", err)
	}
	var err error
	e.queue, err = river.NewClient(riverpgxv5.New(o.Pool), &river.Config{
		Schema: schema, Workers: workers, Queues: map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: o.Workers}},
		JobTimeout: attemptTimeout, RescueStuckJobsAfter: 2 * attemptTimeout, Logger: quiet(o.Logger),
	})
	if err != nil {
		return nil, fmt.Errorf("effects: %w", err)
	}
	return e, nil
}

const (
	// schema holds the job queue's tables.
	schema = "ops"
	// attemptTimeout bounds one attempt. The job of a process that was killed is
	// given to another after twice that.
	attemptTimeout = time.Minute
	// mostAttempts is after how many failures an effect is given up: four days,
	// with the pauses between them.
	mostAttempts = 100
	// mostPause is the longest pause between two attempts, and mostScanPause while
	// the malware scanner does not answer.
	mostPause     = time.Hour
	mostScanPause = 5 * time.Minute
)

// quiet is a logger of River's: what it warns of is for debugging here, since
// effects say themselves what fails.
func quiet(l *slog.Logger) *slog.Logger {
	return slog.New(lowered{l.Handler()})
}

// lowered is a handler that takes everything for debugging.
type lowered struct{ slog.Handler }

// Enabled implements slog.Handler.
func (h lowered) Enabled(ctx context.Context, _ slog.Level) bool {
	return h.Handler.Enabled(ctx, slog.LevelDebug)
}

// Handle implements slog.Handler.
func (h lowered) Handle(ctx context.Context, r slog.Record) error {
	r.Level = slog.LevelDebug
	return h.Handler.Handle(ctx, r)
}

// WithAttrs implements slog.Handler.
func (h lowered) WithAttrs(attrs []slog.Attr) slog.Handler {
	return lowered{h.Handler.WithAttrs(attrs)}
}

// WithGroup implements slog.Handler.
func (h lowered) WithGroup(name string) slog.Handler { return lowered{h.Handler.WithGroup(name)} }

// Run works until ctx ends; then what is being carried out may finish within ten
// seconds. Nothing else ends it: failures are waited out. It is called once.
func (e *Effects) Run(ctx context.Context) error {
	var running sync.WaitGroup
	for _, r := range e.o.Reactors {
		f := &follower{Effects: e, reactor: r}
		running.Go(func() { f.run(ctx) })
	}
	e.work(ctx)
	running.Wait()
	return ctx.Err()
}

// work has the job queue carry effects out until ctx ends.
func (e *Effects) work(ctx context.Context) {
	for {
		err := e.queue.Start(context.WithoutCancel(ctx))
		if err == nil {
			break
		}
		e.o.Logger.Warn("effects are not carried out yet", "error", err)
		select {
		case <-ctx.Done():
			return
		case <-time.After(e.o.Poll):
		}
	}
	<-ctx.Done()
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	if e.queue.Stop(stopping) == nil {
		return
	}
	// What is cut off is tried again by who comes next.
	hard, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	if err := e.queue.StopAndCancel(hard); err != nil {
		e.o.Logger.Warn("effects under way did not stop", "error", err)
	}
}

// turn sets what a reactor does, and says so if it is something else.
func (e *Effects) turn(reactor string, a Activity, reason string) {
	e.mu.Lock()
	before, known := e.now[reactor]
	e.now[reactor] = condition{a, reason}
	e.mu.Unlock()
	if known && before.activity == a && before.reason == reason {
		return
	}
	logger := e.o.Logger.With("reactor", reactor)
	switch a {
	case Stopped:
		logger.Error("effects are stopped", "reason", reason)
	case Retrying:
		logger.Warn("effects wait", "reason", reason)
	case Starting, Running, Standby:
		logger.Info("effects", "state", a.String())
	}
	if e.o.Observer.Activity != nil {
		e.o.Observer.Activity(reactor, a)
	}
}

// job is what the queue knows of an effect.
type job struct {
	Effect uuid.UUID `json:"effect"`
	// For is the time the effect was planned for; zero = this is not known. Once
	// it is planned for another time it has another job, and this one does nothing.
	For time.Time `json:"for,omitzero"`
}

// Kind implements river.JobArgs.
func (job) Kind() string { return "effect" }

// mostRuns is so many that the queue never gives up by itself: when it is enough,
// Work decides.
const mostRuns = 30_000

// enqueue gives the queue the job of an effect, in a transaction.
func enqueue(ctx context.Context, queue *river.Client[pgx.Tx], tx pgx.Tx, id uuid.UUID, at, now time.Time) error {
	opts := &river.InsertOpts{MaxAttempts: mostRuns}
	if at.After(now) {
		opts.ScheduledAt = at
	}
	if _, err := queue.InsertTx(ctx, tx, job{id, stored(at)}, opts); err != nil {
		return fmt.Errorf("enqueue effect %s: %w", id, err)
	}
	return nil
}

// stored is a time as the ledger gives it back.
func stored(at time.Time) time.Time { return at.UTC().Truncate(time.Microsecond) }

// worker carries effects out.
type worker struct {
	river.WorkerDefaults[job]
	effects *Effects
}

// Work implements river.Worker.
func (w *worker) Work(ctx context.Context, j *river.Job[job]) error {
	return w.effects.carryOut(ctx, j.Args)
}

// NextRetry implements river.Worker: after 1 s, 2 s, 4 s and so on, at most an hour.
func (w *worker) NextRetry(j *river.Job[job]) time.Time {
	return w.effects.o.Now().Add(pause(j.Attempt, mostPause))
}

// pause is how long it is until the next attempt behind one.
func pause(attempt int, most time.Duration) time.Duration {
	return min(time.Second<<min(max(attempt-1, 0), 20), most)
}

// carryOut makes one attempt at an effect.
func (e *Effects) carryOut(ctx context.Context, j job) error {
	id := j.Effect
	entry, err := e.ledger.get(ctx, id)
	switch {
	case errors.Is(err, errNoEffect):
		return river.JobCancel(err)
	case err != nil:
		return err
	case entry.State != Planned:
		return nil
	case !j.For.IsZero() && !j.For.Equal(entry.PlannedFor):
		return nil // it is planned for another time by now, and has a job for then
	}
	if early := entry.PlannedFor.Sub(e.o.Now()); early > 0 { // the queue goes by another clock, however far apart they are
		return river.JobSnooze(early + time.Millisecond)
	}
	if err := e.step("begun"); err != nil {
		return err
	}
	outcome, err := e.o.Perform(ctx, entry)
	var refusal *domain.Refusal
	var later *commands.LaterError
	switch {
	case err == nil:
	case errors.As(err, &later):
		return e.putOff(ctx, entry, later.At)
	case errors.As(err, &refusal):
		outcome = Outcome{State: Refused, Reason: refusal.Code}
	default:
		return e.missed(ctx, entry, err)
	}
	if err := e.step("recorded"); err != nil {
		return err
	}
	if err := e.ledger.finish(ctx, id, outcome); err != nil {
		return err
	}
	e.o.Observer.finished(entry.Kind, outcome.State)
	return e.step("finished")
}

// putOff has an effect looked at again at a time, with a job for then, unless
// somebody woke it in between: then there is a job already.
func (e *Effects) putOff(ctx context.Context, entry Entry, to time.Time) error {
	return pgx.BeginFunc(ctx, e.o.Pool, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `UPDATE ops.effects SET planned_for = $3 WHERE effect_id = $1 AND planned_for = $2 AND state = 'planned'`, entry.ID, entry.PlannedFor, to)
		switch {
		case err != nil:
			return fmt.Errorf("put effect %s off: %w", entry.ID, err)
		case tag.RowsAffected() == 0:
			return nil
		}
		return enqueue(ctx, e.queue, tx, entry.ID, to, e.o.Now())
	})
}

// wake has the effects of a kind on an object that wait looked at now.
func wake(ctx context.Context, queue *river.Client[pgx.Tx], tx pgx.Tx, kind Kind, object string) error {
	rows, err := tx.Query(ctx, `UPDATE ops.effects SET planned_for = clock_timestamp() WHERE kind = $1 AND object_id = $2 AND state = 'planned' RETURNING effect_id, planned_for`, kind, object)
	if err != nil {
		return fmt.Errorf("wake effects on %s: %w", object, err)
	}
	var jobs []river.InsertManyParams
	var woken job
	if _, err := pgx.ForEachRow(rows, []any{&woken.Effect, &woken.For}, func() error {
		jobs = append(jobs, river.InsertManyParams{Args: job{woken.Effect, stored(woken.For)}, InsertOpts: &river.InsertOpts{MaxAttempts: mostRuns}})
		return nil
	}); err != nil {
		return fmt.Errorf("wake effects on %s: %w", object, err)
	}
	if len(jobs) == 0 {
		return nil
	}
	if _, err := queue.InsertManyFastTx(ctx, tx, jobs); err != nil {
		return fmt.Errorf("wake effects on %s: %w", object, err)
	}
	return nil
}

// missed writes down that an attempt failed, and gives up after many,
// but on what only waits for the malware scanner.
func (e *Effects) missed(ctx context.Context, entry Entry, why error) error {
	if ctx.Err() != nil && !errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return why // the process stops
	}
	writing, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	reason := cause(why)
	attempts, err := e.ledger.missed(writing, entry.ID, reason)
	if err != nil {
		return errors.Join(why, err)
	}
	e.o.Logger.Warn("an effect failed and is tried again", "effect", entry.ID, "kind", entry.Kind, "attempts", attempts, "error", why)
	e.o.Observer.missed(entry.Kind)
	if errors.Is(why, clamd.ErrUnavailable) { // however long: nobody gets the file before
		return river.JobSnooze(pause(attempts, mostScanPause))
	}
	if attempts < mostAttempts {
		return why
	}
	if err := e.ledger.finish(writing, entry.ID, Outcome{State: Failed, Reason: reason}); err != nil {
		return err
	}
	e.o.Observer.finished(entry.Kind, Failed)
	return river.JobCancel(why)
}

// cause is a code for why something failed for the time being.
func cause(err error) string {
	switch {
	case errors.Is(err, eventlog.ErrUnavailable):
		return "log_unavailable"
	case errors.Is(err, eventlog.ErrConflict):
		return "conflict"
	case errors.Is(err, context.DeadlineExceeded):
		return "timeout"
	case errors.Is(err, commands.ErrNotYet):
		return "not_yet"
	case errors.Is(err, clamd.ErrUnavailable):
		return "scanner_unavailable"
	case errors.Is(err, ErrUnknownKind):
		return "unknown_kind"
	}
	return "fault"
}

// ErrUnknownKind means that this build does not know what to do: a newer one
// planned it.
var ErrUnknownKind = errors.New("unknown kind of effect")

// Retry has an effect tried again that failed, or whose job was lost.
// Errors: errors that say so when there is no such effect or it is over.
func Retry(ctx context.Context, pool *pgxpool.Pool, id uuid.UUID) error {
	queue, err := river.NewClient(riverpgxv5.New(pool), &river.Config{Schema: schema, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return fmt.Errorf("retry effect: %w", err)
	}
	return pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
		var at time.Time
		err := tx.QueryRow(ctx, `
UPDATE ops.effects SET state = 'planned', attempts = 0, reason = NULL, finished_at = NULL
WHERE effect_id = $1 AND state IN ('planned', 'failed') RETURNING planned_for`, id).Scan(&at)
		switch {
		case errors.Is(err, pgx.ErrNoRows):
			return fmt.Errorf("there is no effect %s that failed or waits", id)
		case err != nil:
			return fmt.Errorf("retry effect %s: %w", id, err)
		}
		return enqueue(ctx, queue, tx, id, at, time.Now())
	})
}

// Resume has a stopped reactor try again at the event that stopped it.
func Resume(ctx context.Context, pool *pgxpool.Pool, r Reactor) error {
	tag, err := pool.Exec(ctx, `UPDATE ops.reactors SET failure = NULL WHERE name = $1`, r.Name)
	switch {
	case err != nil:
		return fmt.Errorf("resume %s: %w", r.Name, err)
	case tag.RowsAffected() == 0:
		return ErrNoStart
	}
	return nil
}
