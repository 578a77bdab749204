package projections

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/hirelog/hirelog/internal/eventlog"
)

// AllStreams is the topic of every event that is not the log's own.
const AllStreams = "$all"

// SubscriberOptions says how a Subscriber cuts and delivers batches. Only Start
// is required.
type SubscriberOptions struct {
	// Start returns where to begin. It is called before the first delivery and
	// again after Batch.Restart and when the log ends the subscription. It may
	// wait; an error is tried again after a back-off.
	Start func(ctx context.Context) (Checkpoint, error)
	// Refused is told why the log ended a subscription by itself, such as
	// eventlog.ErrForeignPosition. Then Start is called again, which may wait
	// until there is reason to go on.
	Refused func(ctx context.Context, err error)
	// MaxEvents and MaxBytes bound a batch; a single heavier event is a batch
	// of its own. Default 1,000 and 4 MiB.
	MaxEvents int
	MaxBytes  int
	// MaxBacklog is up to how many events a batch takes when more than MaxEvents
	// wait already: rows that several of them change are written once. Default
	// 4,000 if MaxEvents is not set, else MaxEvents.
	MaxBacklog int
	// MaxDelay is how long a batch waits for more events while the subscription
	// has not caught up. When it has, no batch waits. Default 20 ms.
	MaxDelay time.Duration
	// ReadAhead is how many events are held besides the batch under way; they
	// weigh at most four batches. Default four batches, two of MaxBacklog.
	ReadAhead int
	// ProgressEvery is how often a batch without events is delivered while the
	// log is looked through without finding any. Default 3 s.
	ProgressEvery time.Duration
	// Grace is how long a message that is being handled when the subscription
	// ends keeps its context. Default 10 s.
	Grace time.Duration
	// MinBackoff and MaxBackoff bound the jittered wait after a Nack or an
	// error, which doubles each time. Default 50 ms and 10 s.
	MinBackoff, MaxBackoff time.Duration
}

// Subscriber is a Watermill subscriber over the log. Each message carries one
// ordered Batch in its context (see BatchOf); the next comes only after its Ack.
// After a Nack and a back-off a copy comes. The topic is AllStreams or the
// beginning of streams' names.
//
// A channel is closed only when the context of Subscribe ends or Close is
// called, never because of an error. It is safe for concurrent use; each
// Subscribe follows the log by itself.
type Subscriber struct {
	log     eventlog.Log
	o       SubscriberOptions
	message func(*Batch) (*message.Message, error)

	closing context.Context // ends with Close
	stop    context.CancelFunc
	again   chan struct{} // holds a token when Restart was called
	mu      sync.Mutex    // between Subscribe and Close
	running sync.WaitGroup
}

var _ message.Subscriber = (*Subscriber)(nil)

// NewSubscriber returns a subscriber. The caller closes it.
func NewSubscriber(log eventlog.Log, o SubscriberOptions) *Subscriber {
	if o.MaxEvents == 0 {
		o.MaxEvents, o.MaxBacklog = 1000, cmp.Or(o.MaxBacklog, 4000)
	}
	o.MaxBacklog = max(o.MaxBacklog, o.MaxEvents)
	o.MaxBytes = cmp.Or(o.MaxBytes, 4<<20)
	o.MaxDelay = cmp.Or(o.MaxDelay, 20*time.Millisecond)
	o.ReadAhead = cmp.Or(o.ReadAhead, max(4*o.MaxEvents, 2*o.MaxBacklog))
	o.ProgressEvery = cmp.Or(o.ProgressEvery, 3*time.Second)
	o.Grace = cmp.Or(o.Grace, 10*time.Second)
	o.MinBackoff = cmp.Or(o.MinBackoff, 50*time.Millisecond)
	o.MaxBackoff = cmp.Or(o.MaxBackoff, 10*time.Second)
	if o.Refused == nil {
		o.Refused = func(context.Context, error) {}
	}
	s := &Subscriber{log: log, o: o, message: envelope, again: make(chan struct{}, 1)}
	s.closing, s.stop = context.WithCancel(context.Background())
	return s
}

// Subscribe implements message.Subscriber.
func (s *Subscriber) Subscribe(ctx context.Context, topic string) (<-chan *message.Message, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing.Err() != nil {
		return nil, errors.New("subscriber is closed")
	}
	ctx, cancel := context.WithCancel(ctx)
	unlink := context.AfterFunc(s.closing, cancel)
	f := &following{Subscriber: s, out: make(chan *message.Message)}
	if topic != AllStreams && topic != "" {
		f.filter.StreamPrefixes = []string{topic}
	}
	s.running.Go(func() {
		defer close(f.out)
		defer cancel()
		defer unlink()
		f.run(ctx)
	})
	return f.out, nil
}

// Restart has the subscription begin again at what Start returns, after the
// message under way. With several subscriptions it is one of them.
func (s *Subscriber) Restart() { signal(s.again) }

// Close ends all subscriptions. It returns when the messages being handled are
// answered, or Grace is over, and all channels are closed.
func (s *Subscriber) Close() error {
	s.mu.Lock()
	s.stop()
	s.mu.Unlock()
	s.running.Wait()
	return nil
}

// following is one subscription.
type following struct {
	*Subscriber
	out      chan *message.Message
	filter   eventlog.Filter
	failures int // in a row
}

// errRestart means that the handler wants to begin again at its checkpoint.
var errRestart = errors.New("start again")

// run follows the log from checkpoint to checkpoint until ctx ends.
func (f *following) run(ctx context.Context) {
	for ctx.Err() == nil {
		at, err := f.o.Start(ctx)
		if err == nil {
			err = f.follow(ctx, at)
			if ctx.Err() == nil && !errors.Is(err, errRestart) {
				f.o.Refused(ctx, err)
			}
		}
		f.pause(ctx)
	}
}

// pause waits before what failed is tried again.
func (f *following) pause(ctx context.Context) {
	f.failures++
	wait := f.o.MaxBackoff
	if doublings := f.failures - 1; doublings < 30 && f.o.MinBackoff<<doublings < wait {
		wait = f.o.MinBackoff << doublings
	}
	t := time.NewTimer(wait/2 + rand.N(wait/2+1))
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// follow delivers batches behind a checkpoint. It returns why it cannot go on.
func (f *following) follow(ctx context.Context, at Checkpoint) error {
	ctx, cancel := context.WithCancel(ctx)
	c := cutter{ring: newRing(f.o.ReadAhead, 4*f.o.MaxBytes), o: f.o, at: at, progressed: time.Now()}
	var reader sync.WaitGroup
	defer reader.Wait()
	defer cancel()
	reader.Go(func() { c.ring.end(f.read(ctx, at, c.ring)) })
	for {
		b, err := c.cut(ctx, f.again)
		if err != nil {
			return err
		}
		if err := f.deliver(ctx, b); err != nil {
			return err
		}
		c.at = b.To
	}
}

// read fills the ring until the log ends the subscription.
func (f *following) read(ctx context.Context, at Checkpoint, r *ring) error {
	o := eventlog.SubscribeOptions{After: at.Event, AfterID: at.EventID, Filter: f.filter}
	for d, err := range f.log.Subscribe(ctx, o) {
		if err == nil {
			err = r.push(ctx, arrivalOf(d))
		}
		if err != nil {
			return err
		}
	}
	return errors.New("the log ended the subscription without saying why")
}

// deliver hands out a batch until it is acked.
func (f *following) deliver(ctx context.Context, b *Batch) error {
	for {
		acked, err := f.try(ctx, b)
		switch {
		case err != nil:
			return err
		case acked:
			f.failures = 0
			return nil
		case b.restart.Load():
			return errRestart
		}
		f.pause(ctx)
	}
}

// try hands out one copy of a batch's message and waits for the answer.
func (f *following) try(ctx context.Context, b *Batch) (acked bool, err error) {
	msg, err := f.message(b)
	if err != nil {
		return false, fmt.Errorf("message of batch: %w", err)
	}
	msgCtx, cancel := outlive(ctx, f.o.Grace)
	defer cancel()
	msg.SetContext(context.WithValue(msgCtx, batchKey{}, b))
	select {
	case f.out <- msg:
	case <-ctx.Done():
		return false, ctx.Err()
	}
	select {
	case <-msg.Acked():
		return true, nil
	case <-msg.Nacked():
		return false, nil
	case <-msgCtx.Done():
		return false, ctx.Err()
	}
}

// outlive returns a context with the values of ctx that ends a while after it,
// so that a transaction under way is not cut when a subscription is closed.
func outlive(ctx context.Context, grace time.Duration) (context.Context, context.CancelFunc) {
	longer, cancel := context.WithCancel(context.WithoutCancel(ctx))
	unlink := context.AfterFunc(ctx, func() {
		t := time.NewTimer(grace)
		defer t.Stop()
		select {
		case <-t.C:
			cancel()
		case <-longer.Done():
		}
	})
	return longer, func() { unlink(); cancel() }
}

// cutter cuts what is in the ring into batches.
type cutter struct {
	ring       *ring
	o          SubscriberOptions
	at         Checkpoint // after the last batch
	live       bool       // the subscription has caught up once: events come one by one as they happen
	progressed time.Time  // when the last batch was cut
}

// cut waits for the next batch: at once when live, else as soon as it is full,
// the log has nothing more, or MaxDelay is over. A token in again ends the
// waiting with errRestart.
func (c *cutter) cut(ctx context.Context, again <-chan struct{}) (*Batch, error) {
	b := &Batch{From: c.at, To: c.at}
	due := time.NewTimer(time.Until(c.progressed.Add(c.o.ProgressEvery)))
	defer due.Stop()
	var late <-chan time.Time // set with the first event
	waited, overdue := false, false
	for {
		full, err := c.ring.take(b, c.o.MaxBacklog, c.o.MaxBytes)
		c.live = c.live || b.reachedEnd
		ripe := full || len(b.Events) >= c.o.MaxEvents || waited || c.live || err != nil
		if len(b.Events) == 0 {
			ripe = (overdue || b.CaughtUp) && b.To.Position.After(b.From.Position)
		}
		if ripe {
			c.progressed = time.Now()
			return b, nil
		}
		if err != nil {
			return nil, err
		}
		if late == nil && len(b.Events) > 0 {
			t := time.NewTimer(c.o.MaxDelay)
			defer t.Stop()
			late = t.C
		}
		select {
		case <-c.ring.more:
		case <-late:
			waited = true
		case <-due.C:
			overdue = true
		case <-again:
			return nil, errRestart
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}
