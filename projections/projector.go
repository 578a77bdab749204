package projections

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/hirelog/hirelog/internal/eventlog"
	"github.com/hirelog/hirelog/internal/tracing"
)

// Options says how a Projector works. The zero value is usable.
type Options struct {
	// Subscriber says how batches are cut; its Start and Refused are the
	// projector's own.
	Subscriber SubscriberOptions
	// AliveEvery is how often the projector gives a sign of life and compares
	// its checkpoint with the log's end. Default 3 s.
	AliveEvery time.Duration
	// Standby is how long another projector of the group must have been silent
	// before this one, having met it, goes on. Default 10 s.
	Standby time.Duration
	// Idle is how long the projector may do nothing in the middle of a
	// transaction, in whole milliseconds, before the database ends it: a process
	// that was paused keeps others from the checkpoint no longer than that.
	// Default 10 s.
	Idle time.Duration
	// Poll is how often a stopped or waiting projector looks whether it may go
	// on. Default 1 s.
	Poll time.Duration
	// Middleware is around the handling of each batch, the first outermost. It
	// does not answer messages itself.
	Middleware []message.HandlerMiddleware
	// Observer is told what happens.
	Observer Observer
	// Tracing records batches, and in the traces of commands when their events
	// became visible. Nil records nothing.
	Tracing *tracing.Provider
	// Logger is told of changes of state. Default: nobody.
	Logger *slog.Logger
}

// Observer is told what projectors do, for metrics. A nil function is not
// called; the others are called from several goroutines and must not wait.
type Observer struct {
	// Batch: a batch was committed, with so many events, in that time.
	Batch func(group string, events int, took time.Duration)
	// Lag: how long the log has been seen to hold events behind the checkpoint,
	// and how many, counted up to MaxLagEvents.
	Lag func(group string, lag time.Duration, events int)
	// State: the projector's state changed.
	State func(group string, state State)
}

// State is what a projector does.
type State uint8

// The states.
const (
	Starting State = iota // looking for its checkpoint
	Running               // following the log
	Retrying              // trying again what failed for the time being
	Standby               // waiting behind another projector of the group
	Stopped               // waiting for an operator, see Failure
)

func (s State) String() string {
	return [...]string{"starting", "running", "retrying", "standby", "stopped"}[s]
}

// Condition is a projector's state and why.
type Condition struct {
	State State
	// Reason is empty when the projector runs. It holds no personal data.
	Reason string
	Since  time.Time
}

// Projector keeps the live generation of one group of read models up with the
// log, or, if that has another shape, the newest retired one of this build's: it handles the messages of a Subscriber in a Watermill router, one
// transaction for each batch, which moves the checkpoint only from where it
// found it. So each event has its effect on the rows exactly once, however
// often it is delivered and however many projectors there are; more than one
// gives no speed, only a quick successor.
type Projector struct {
	pool  *pgxpool.Pool
	log   eventlog.Log
	group Group
	o     Options
	id    uuid.UUID // of this run, among the projectors of the group

	// Used by the subscription's goroutine in start and by the handler's, never
	// at once: a message is between them.
	here   place
	led    map[string]bool // streams put aside in the generation that is followed; nil: none is
	met    bool            // another projector moved the checkpoint
	halted int             // generation that is stopped, 0 if none
	why    Failure

	// Used by watch.
	seen  eventlog.Position // the log's end, as seen last
	knows bool              // whether it was ever seen

	mu        sync.Mutex
	condition Condition // guarded by mu
}

// NewProjector returns a projector of a group. The pool needs two connections
// for it.
// Errors: those of Group.Check.
func NewProjector(pool *pgxpool.Pool, log eventlog.Log, g Group, o Options) (*Projector, error) {
	if err := g.Check(); err != nil {
		return nil, err
	}
	o.AliveEvery = cmp.Or(o.AliveEvery, 3*time.Second)
	o.Standby = cmp.Or(o.Standby, 10*time.Second)
	o.Idle = cmp.Or(o.Idle, 10*time.Second)
	o.Poll = cmp.Or(o.Poll, time.Second)
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	o.Logger = o.Logger.With("projection", g.Name)
	return &Projector{pool: pool, log: log, group: g, o: o, id: uuid.New(), condition: Condition{Since: time.Now()}}, nil
}

// Condition returns the projector's state. It is safe for concurrent use.
func (p *Projector) Condition() Condition {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.condition
}

// Run projects until ctx ends; then a transaction under way may finish within
// the subscriber's grace. Nothing else ends it: failures are waited out, and an
// event that cannot be applied is for an operator. It is called once.
func (p *Projector) Run(ctx context.Context) error {
	so := p.o.Subscriber
	so.Start, so.Refused = p.start, p.refused
	sub := NewSubscriber(p.log, so)
	// The router's own words are for debugging: each Nack is an error to it.
	logger := watermill.NewSlogLoggerWithLevelMapping(p.o.Logger, map[slog.Level]slog.Level{
		slog.LevelInfo: slog.LevelDebug, slog.LevelWarn: slog.LevelDebug, slog.LevelError: slog.LevelDebug,
	})
	router, err := message.NewRouter(message.RouterConfig{CloseTimeout: sub.o.Grace + 5*time.Second}, logger)
	if err != nil {
		return fmt.Errorf("projection %s: %w", p.group.Name, err)
	}
	// Without Recoverer: models' panics are caught where they can be told apart.
	router.AddConsumerHandler(p.group.Name, AllStreams, sub, p.handle).AddMiddleware(p.o.Middleware...)

	var watching sync.WaitGroup
	watchCtx, stopWatching := context.WithCancel(ctx)
	watching.Go(func() { p.watch(watchCtx, sub) })
	err = router.Run(ctx)
	err = errors.Join(err, sub.Close())
	stopWatching()
	watching.Wait()
	p.leave()
	switch {
	case err != nil:
		return fmt.Errorf("projection %s: %w", p.group.Name, err)
	case ctx.Err() == nil:
		return fmt.Errorf("projection %s: the router ended by itself", p.group.Name)
	}
	return nil
}

// errRepeated means that a batch does not begin at the checkpoint.
var errRepeated = errors.New("batch is not the next one")

// handle projects the batch of a message.
func (p *Projector) handle(msg *message.Message) error {
	ctx := msg.Context()
	b := BatchOf(ctx)
	if b.From != p.here.at {
		// Delivered again after it was committed, or after a part of it was: the
		// database is asked where to go on.
		b.Restart()
		return errRepeated
	}
	began := time.Now()
	err := p.bulk(ctx, b)
	var bad *inapplicable
	switch {
	case err == nil:
		p.here.at = b.To
	case errors.As(err, &bad):
		if err = p.isolate(ctx, b); err == nil && p.group.OnFailure == Stop {
			// The rows are right, but some model does not see in a batch what it
			// sees event by event.
			p.o.Logger.Warn("batch was only applied event by event", "reason", bad.Error(), "to", b.To.Position.String())
		}
	}
	switch {
	case err == nil:
		p.turn(Running, "")
		if p.o.Observer.Batch != nil {
			p.o.Observer.Batch(p.group.Name, len(b.Events), time.Since(began))
		}
		p.trace(b, began)
		return nil
	case errors.Is(err, errMoved):
		p.met = true
		b.Restart()
	case errors.Is(err, errStopped), errors.Is(err, errUnsure), gone(err):
		b.Restart()
	}
	if !errors.Is(err, errStopped) && !errors.Is(err, errMoved) && ctx.Err() == nil {
		p.turn(Retrying, reason(err))
	}
	return err
}

// turn sets the state, and says so if it is another one.
func (p *Projector) turn(s State, reason string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.condition.State == s && p.condition.Reason == reason {
		return
	}
	changed := p.condition.State != s
	p.condition = Condition{State: s, Reason: reason, Since: time.Now()}
	if !changed {
		return
	}
	switch s {
	case Stopped:
		p.o.Logger.Error("projection stopped", "reason", reason)
	case Retrying:
		p.o.Logger.Warn("projection waits", "reason", reason)
	default:
		p.o.Logger.Info("projection", "state", s.String())
	}
	if p.o.Observer.State != nil {
		p.o.Observer.State(p.group.Name, s)
	}
}

// reason is the text of an error without the values it may quote.
func reason(err error) string {
	if d := describe(err); d != unknown {
		return d
	}
	return err.Error()
}
