package commandstest

import (
	"context"
	"fmt"
	"iter"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/hirelog/hirelog/commands"
	"github.com/hirelog/hirelog/internal/eventlog"
	"github.com/hirelog/hirelog/internal/files"
	"github.com/hirelog/hirelog/internal/mail"
	"github.com/hirelog/hirelog/internal/ops"
	"github.com/hirelog/hirelog/internal/vault"
)

// Process is another process of the company's: it shares the log, the database,
// the keyset and the files with it, and no memory.
type Process struct {
	*commands.Commands
	Vault     *vault.Vault
	Directory *commands.Directory
	crash     *crash
}

// Start starts another process, which ends with the test.
func (c *Company) Start(t *testing.T) *Process {
	t.Helper()
	p := &Process{crash: new(crash)}
	config := c.Pool.Config()
	config.ConnConfig.Tracer = p.crash
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	if p.Vault, err = vault.Open(t.Context(), pool, c.keyset, vault.Options{}); err != nil {
		t.Fatal(err)
	}
	store, err := files.New(c.FilesDir, p.Vault)
	if err != nil {
		t.Fatal(err)
	}
	p.Directory = Follow(t, c.Memory, p.Vault.Forget)
	p.Commands = commands.New(commands.Options{
		Log: crashingLog{c.Log, p.crash}, Vault: p.Vault, Directory: p.Directory, Files: store, Logger: slog.New(slog.DiscardHandler),
		Tokens: ops.NewTokens(pool, nil), Arrivals: ops.NewArrivals(pool, nil), Mail: mail.NewCaptured(pool, p.Vault, nil),
	})
	return p
}

// Knows waits until the process knows every job that the company opened.
func (p *Process) Knows(t *testing.T, c *Company) {
	t.Helper()
	c.mu.Lock()
	opened := slices.Clone(c.opened)
	c.mu.Unlock()
	for _, id := range opened {
		for until := time.Now().Add(10 * time.Second); p.Directory.Job(id).Status == ""; time.Sleep(time.Millisecond) {
			if time.Now().After(until) {
				t.Fatalf("a process does not hear of job %s", id)
			}
		}
	}
}

// Follow runs a directory of log until the test ends, and waits until it is
// level with the log.
func Follow(t *testing.T, log eventlog.Log, forget func(...string)) *commands.Directory {
	t.Helper()
	d := commands.NewDirectory(log, forget, nil)
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = d.Run(ctx) }()
	t.Cleanup(func() { stop(); <-done })
	if err := d.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	return d
}

// Crash runs one command that ends at its step-th step (from 1) as if the
// process were gone: a step is an append, before and after it is done, or a
// statement to Postgres, before it is done. crashed is false when the command
// was complete before; at is the step.
func (p *Process) Crash(t *testing.T, step int, run func(context.Context) error) (crashed bool, at string, err error) {
	t.Helper()
	return p.crash.in(t, func(n int, _ string) bool { return n == step }, run)
}

// CrashAt does what Crash does at the first step called at: "before append of "
// or "after append of " and the type of an event, or a statement.
func (p *Process) CrashAt(t *testing.T, at string, run func(context.Context) error) {
	t.Helper()
	crashed, _, err := p.crash.in(t, func(_ int, name string) bool { return name == at }, run)
	if !crashed {
		t.Fatalf("never came to %q: %v", at, err)
	}
}

// crash ends a context at one of the steps that are counted in it.
type crash struct {
	mu     sync.Mutex
	when   func(n int, name string) bool
	cancel context.CancelFunc // nil = not counting
	steps  int
	at     string // where it crashed
}

type crashKey struct{}

func (c *crash) in(t *testing.T, when func(n int, name string) bool, run func(context.Context) error) (crashed bool, at string, err error) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.WithValue(t.Context(), crashKey{}, c))
	defer cancel()
	c.mu.Lock()
	c.when, c.cancel, c.steps, c.at = when, cancel, 0, ""
	c.mu.Unlock()
	err = run(ctx)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cancel = nil
	return c.at != "", c.at, err
}

// step counts one step, if ctx is of the command that is to crash.
func (c *crash) step(ctx context.Context, name string) {
	if ctx.Value(crashKey{}) != c {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cancel == nil || c.at != "" {
		return
	}
	if c.steps++; c.when(c.steps, name) {
		c.at = name
		c.cancel()
	}
}

// TraceQueryStart implements pgx.QueryTracer.
func (c *crash) TraceQueryStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	c.step(ctx, strings.Join(strings.Fields(data.SQL), " "))
	return ctx
}

// TraceQueryEnd implements pgx.QueryTracer.
func (*crash) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// crashingLog counts appends.
type crashingLog struct {
	eventlog.Log
	crash *crash
}

func (l crashingLog) Append(ctx context.Context, stream string, expected eventlog.Revision, events []eventlog.NewEvent) (eventlog.Appended, error) {
	l.crash.step(ctx, "before append of "+events[0].Type)
	a, err := l.Log.Append(ctx, stream, expected, events)
	if err != nil {
		return a, err
	}
	l.crash.step(ctx, "after append of "+events[0].Type)
	if ctx.Err() != nil {
		return eventlog.Appended{}, fmt.Errorf("append to %s: %w", stream, eventlog.ErrUnavailable)
	}
	return a, nil
}

// Tapped is a log whose calls a test steps into. The fields are set before
// anybody uses it, and may be nil.
type Tapped struct {
	eventlog.Log
	// OnAppend is called instead of Append; call appends to the log behind.
	OnAppend func(ctx context.Context, stream string, events []eventlog.NewEvent, call func() (eventlog.Appended, error)) (eventlog.Appended, error)
	// OnReadStream and OnReadAll are called before the call, OnSubscribe before
	// each delivery; an error is the call's.
	OnReadStream func(ctx context.Context, stream string) error
	OnReadAll    func(ctx context.Context) error
	OnSubscribe  func(ctx context.Context) error
}

// Append implements eventlog.Log.
func (l *Tapped) Append(ctx context.Context, stream string, expected eventlog.Revision, events []eventlog.NewEvent) (eventlog.Appended, error) {
	call := func() (eventlog.Appended, error) { return l.Log.Append(ctx, stream, expected, events) }
	if l.OnAppend == nil {
		return call()
	}
	return l.OnAppend(ctx, stream, events, call)
}

// ReadStream implements eventlog.Log.
func (l *Tapped) ReadStream(ctx context.Context, stream string, from eventlog.Revision, dir eventlog.Direction) iter.Seq2[eventlog.Event, error] {
	return func(yield func(eventlog.Event, error) bool) {
		if l.OnReadStream != nil {
			if err := l.OnReadStream(ctx, stream); err != nil {
				yield(eventlog.Event{}, err)
				return
			}
		}
		l.Log.ReadStream(ctx, stream, from, dir)(yield)
	}
}

// ReadAll implements eventlog.Log.
func (l *Tapped) ReadAll(ctx context.Context, from eventlog.Position, dir eventlog.Direction) iter.Seq2[eventlog.Event, error] {
	return func(yield func(eventlog.Event, error) bool) {
		if l.OnReadAll != nil {
			if err := l.OnReadAll(ctx); err != nil {
				yield(eventlog.Event{}, err)
				return
			}
		}
		l.Log.ReadAll(ctx, from, dir)(yield)
	}
}

// Subscribe implements eventlog.Log.
func (l *Tapped) Subscribe(ctx context.Context, o eventlog.SubscribeOptions) iter.Seq2[eventlog.Delivery, error] {
	return func(yield func(eventlog.Delivery, error) bool) {
		for d, err := range l.Log.Subscribe(ctx, o) {
			if l.OnSubscribe != nil && err == nil {
				err = l.OnSubscribe(ctx)
			}
			if !yield(d, err) || err != nil {
				return
			}
		}
	}
}
