package history_test

import (
	"context"
	"iter"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hirelog/hirelog/internal/eventlog"
	"github.com/hirelog/hirelog/internal/history"
)

// meeting is a log in which who reads mails waits until two do.
type meeting struct {
	eventlog.Log
	come atomic.Int32
	met  chan struct{}
}

func (l *meeting) ReadStream(ctx context.Context, stream string, from eventlog.Revision, dir eventlog.Direction) iter.Seq2[eventlog.Event, error] {
	if strings.HasPrefix(stream, "notice-") {
		if l.come.Add(1) == 2 {
			close(l.met)
		}
		select {
		case <-l.met:
		case <-ctx.Done():
			return func(yield func(eventlog.Event, error) bool) { yield(eventlog.Event{}, ctx.Err()) }
		}
	}
	return l.Log.ReadStream(ctx, stream, from, dir)
}

// The mails of the many who may have been told are not read one after the other.
func TestMailsAreReadTogether(t *testing.T) {
	t.Parallel()
	s := told(t)
	s.Replayer.Log = &meeting{Log: s.Memory, met: make(chan struct{})}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if _, err := s.Replay(ctx, s.Admin, s.app, history.AsOf{}); err != nil {
		t.Fatal(err)
	}
}
