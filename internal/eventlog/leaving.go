package eventlog

import (
	"context"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// hear is the library's logger. What the library says is for debugging, except
// one thing: just before it lets go of a broken connection it reports the error
// that shows it broken. The next call on it would then connect anew and forget
// the old connection without closing it; so the generation is retired first and
// the calls that are about to ask for the connection are let through.
func (g *generation) hear(level esdb.LogLevel, format string, args ...any) {
	if format == "unexpected exception: %v" && len(args) == 1 {
		if err, ok := args[0].(error); ok && status.Code(err) == codes.Unavailable {
			g.lane.retire(g, "it broke", err)
			select {
			case <-g.settled:
			case <-time.After(grace):
			}
		}
	}
	if g.lane.log.Enabled(context.Background(), slog.LevelDebug) {
		g.lane.log.Debug("event store client", "says", fmt.Sprintf(format, args...), "level", level)
	}
}

// entry is the context a call gives to the library. The library first looks at
// it, asking for its deadline, when it has got hold of the connection.
type entry struct {
	context.Context
	g  *generation
	in atomic.Bool
}

// Deadline implements context.Context.
func (e *entry) Deadline() (time.Time, bool) {
	e.entered()
	return e.Context.Deadline()
}

func (e *entry) entered() {
	if e.in.CompareAndSwap(false, true) {
		e.g.entered()
	}
}

// entered notes that a call has its connection.
func (g *generation) entered() {
	g.lane.mu.Lock()
	defer g.lane.mu.Unlock()
	g.entering--
	g.settle()
}

// settle says so when nobody can ask a retired generation for its connection any
// more; mu is held.
func (g *generation) settle() {
	if g.retired && g.entering == 0 {
		select {
		case <-g.settled:
		default:
			close(g.settled)
		}
	}
}
