package projections

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/hirelog/hirelog/internal/eventlog"
)

// RebuildOptions says how generations are built. The zero value is usable.
type RebuildOptions struct {
	// Force switches to the new generation even if it differs from the live
	// one: it may be the cure.
	Force bool
	// Memory is what rows may take in memory, in bytes and roughly, before some
	// of them go to a file. Default 64 MiB: with what knows where the rows in the
	// file are, a million events take less than 1 GiB.
	Memory int
	// Dir is where that file is; it has no name there. Default the system's
	// folder for temporary files.
	Dir string
	// Samples is how many rows that differ are named for each table. Default 10.
	Samples int
	// Progress is told what is being done, at each step and ten times a second
	// while events are read. It is called by one goroutine at a time and must
	// not wait.
	Progress func(Progress)
	// Logger is told what is unusual. Default: nobody.
	Logger *slog.Logger

	// step is called before each step, and ends the build as a crash would if it
	// returns an error.
	step func(name string) error
	// chunk is how many events are folded at once at most. Default 2,000.
	chunk int
}

func (o RebuildOptions) withDefaults() RebuildOptions {
	o.Memory = cmp.Or(o.Memory, 64<<20)
	o.Samples = cmp.Or(o.Samples, 10)
	o.chunk = cmp.Or(o.chunk, 2000)
	if o.Progress == nil {
		o.Progress = func(Progress) {}
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.step == nil {
		o.step = func(string) error { return nil }
	}
	return o
}

// Phase is what a build is doing.
type Phase string

// The phases, in their order.
const (
	Reading   Phase = "reading"   // the log, from its start, for all groups at once
	Copying   Phase = "copying"   // rows into the tables, and indexes over them
	Following Phase = "following" // the log, up to where the live generation is
	Verifying Phase = "verifying" // both generations at one position
	Switching Phase = "switching" // queries to the new generation
)

// Progress says how far a build is.
type Progress struct {
	Phase Phase
	Group string // empty while reading
	// Events read so far.
	Events int
	// At is the last of them, Until where reading ends.
	At, Until eventlog.Position
	// Rows of all Tables that are being copied, and how many are done.
	Rows, RowsDone int
	Elapsed        time.Duration // since the phase began
}

// Report says what Rebuild did.
type Report struct {
	// Events were read from the log, once for all groups.
	Events int
	// Reading and Copying are how long that took, Took the whole.
	Reading, Copying, Took time.Duration
	Groups                 []GroupReport
}

// GroupReport says what became of a group.
type GroupReport struct {
	Group      string
	Generation int  // the new one
	Replaced   int  // the one that was live, 0 if there was none
	Resumed    bool // it was filled by a rebuild that was interrupted
	Switched   bool // the new generation is live
	Rows       int  // copied
	Parked     int  // events put aside
	Position   eventlog.Position
	Comparison Comparison
}

// The reasons why a generation is not built or not switched to.
var (
	// ErrBuilding means that somebody else builds a generation of the group.
	ErrBuilding = errors.New("a generation of this group is being built by another process")
	// ErrDiffers means that the rows of two generations differ at the same
	// position.
	ErrDiffers = errors.New("the rows differ from those of the live generation")
	// ErrNotCompared means that there is no live generation to compare with, or
	// one that cannot be brought to the same position.
	ErrNotCompared = errors.New("nothing was compared")
	// ErrInapplicable means that an event cannot be applied; see Failure.
	ErrInapplicable = errors.New("an event cannot be applied")
)

// Rebuild builds a new generation of each group beside the live one, which goes
// on serving and being followed: it reads the log once for all groups, folds it
// in memory, copies the rows, follows the log to where the live generation is,
// compares the two at one position, and switches. What was live is retired: a
// Keeper follows it on, so that Rollback can switch back.
//
// A live generation that is stopped, has another shape, is of another log or is
// missing is replaced without comparison, which Report says.
//
// It may be cut off at any moment: the live generation is not touched before the
// switch, which is one transaction, and the next Rebuild goes on with what is
// filled and drops the rest.
// Errors: ErrBuilding; ErrDiffers, then nothing is switched for this group and
// the new generation is dropped; ErrInapplicable; those of the log and of the
// database.
func Rebuild(ctx context.Context, pool *pgxpool.Pool, log eventlog.Log, groups []Group, o RebuildOptions) (Report, error) {
	began := time.Now()
	b := newBuilder(pool, log, o)
	report, err := b.rebuild(ctx, groups)
	report.Took = time.Since(began)
	return report, b.ended(ctx, err)
}

func (b *builder) rebuild(ctx context.Context, groups []Group) (r Report, err error) {
	builds, err := b.begin(ctx, groups, "building")
	defer func() { b.abandon(ctx, builds, err) }()
	if err != nil {
		return r, err
	}
	if err := b.fill(ctx, builds, &r); err != nil {
		return r, err
	}
	var differs []error
	for _, bd := range builds {
		err := b.finish(ctx, bd)
		r.Groups = append(r.Groups, bd.report())
		switch {
		case errors.Is(err, ErrDiffers):
			differs = append(differs, err)
		case err != nil:
			return r, err
		}
	}
	return r, errors.Join(differs...)
}

// finish compares a filled generation with the live one and switches to it.
func (b *builder) finish(ctx context.Context, bd *build) error {
	if err := b.compareWithLive(ctx, bd); err != nil {
		return err
	}
	if bd.comparison.Different() && !b.o.Force {
		return fmt.Errorf("group %s: %w", bd.group.Name, ErrDiffers)
	}
	if err := b.o.step("verified"); err != nil {
		return err
	}
	if err := bd.mark(ctx, b.pool, "verified", b.id); err != nil {
		return err
	}
	return b.switchTo(ctx, bd)
}

// builder builds generations. It holds the groups' locks.
type builder struct {
	pool *pgxpool.Pool
	log  eventlog.Log
	o    RebuildOptions
	id   uuid.UUID
	lock *pgx.Conn // with it, the locks are gone
}

func newBuilder(pool *pgxpool.Pool, log eventlog.Log, o RebuildOptions) *builder {
	return &builder{pool: pool, log: log, o: o.withDefaults(), id: uuid.New()}
}

// ended closes the builder. That the locks could not be given back is of no
// interest where the build has failed, and is over with the connection anyway.
func (b *builder) ended(ctx context.Context, err error) error {
	if closed := b.close(ctx); closed != nil {
		b.o.Logger.Warn("the lock of a build was lost", "reason", reason(closed))
	}
	return err
}

// close gives the locks back.
func (b *builder) close(ctx context.Context) error {
	if b.lock == nil || b.lock.IsClosed() {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	// The server would notice only a little later that the connection is gone.
	_, err := b.lock.Exec(ctx, "SELECT pg_advisory_unlock_all()")
	return errors.Join(err, b.lock.Close(ctx))
}

// build is a generation under construction.
type build struct {
	group   Group
	next    generation
	live    reference
	resumed bool
	filled  bool // the rows are copied, others could go on
	done    bool // it is live, or dropped

	bounded    bool            // reading ends at until
	until      Checkpoint      // of the live generation when the build began
	at         Checkpoint      // how far the rows in memory are
	aside      []parkedEvent   // in the order of the log
	parked     map[string]bool // their streams
	projector  *Projector      // follows the log once the rows are copied
	rows       int             // copied
	comparison Comparison
	switched   bool
}

func (bd *build) report() GroupReport {
	r := GroupReport{
		Group: bd.group.Name, Generation: bd.next.number, Resumed: bd.resumed, Switched: bd.switched,
		Rows: bd.rows, Parked: len(bd.aside), Comparison: bd.comparison,
	}
	if bd.live.exists {
		r.Replaced = bd.live.number
	}
	if bd.projector != nil {
		r.Position = bd.projector.here.at.Position
	}
	return r
}
