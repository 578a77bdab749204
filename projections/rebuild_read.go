package projections

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/hirelog/hirelog/internal/eventlog"
)

// chunk is consecutive events, which are decoded while those before them are
// folded.
type chunk struct {
	items []item
	done  chan struct{} // closed when all are decoded
}

// item is an event and what became of decoding it.
type item struct {
	event eventlog.Event
	decoded
}

func (c *chunk) decode() {
	for i := range c.items {
		it := &c.items[i]
		it.decoded = decode(it.event)
	}
	close(c.done)
}

const (
	chunkBytes  = 4 << 20
	chunksAhead = 4
)

// read reads the log from its start and folds it into rows in memory, for all
// builds at once: one goroutine reads, some decode, one for each build folds.
func (b *builder) read(ctx context.Context, builds []*build) (events int, err error) {
	working, ctx := errgroup.WithContext(ctx)
	undecoded := make(chan *chunk, chunksAhead)
	lanes := make([]chan *chunk, len(builds))
	for range runtime.GOMAXPROCS(0) {
		working.Go(func() error {
			for c := range undecoded {
				c.decode()
			}
			return nil
		})
	}
	for i, bd := range builds {
		lanes[i] = make(chan *chunk, chunksAhead)
		working.Go(func() error {
			for c := range lanes[i] {
				select {
				case <-c.done:
				case <-ctx.Done():
					return ctx.Err()
				}
				if err := b.fold(ctx, bd, c, b.o.Memory/len(builds)); err != nil {
					return err
				}
			}
			return nil
		})
	}
	working.Go(func() error {
		defer func() {
			close(undecoded)
			for _, lane := range lanes {
				close(lane)
			}
		}()
		return b.chunks(ctx, builds, func(c *chunk) error {
			events += len(c.items)
			for _, to := range append([]chan *chunk{undecoded}, lanes...) {
				select {
				case to <- c:
				case <-ctx.Done():
					return ctx.Err()
				}
			}
			return nil
		})
	})
	return events, working.Wait()
}

// chunks cuts the log into chunks, up to where the last build needs it.
func (b *builder) chunks(ctx context.Context, builds []*build, send func(*chunk) error) error {
	until, err := b.end(ctx, builds)
	if err != nil {
		return err
	}
	began, told, read := time.Now(), time.Time{}, 0
	c, bytes := &chunk{done: make(chan struct{})}, 0
	cut := func(at eventlog.Position) error {
		read += len(c.items)
		if time.Since(told) >= 100*time.Millisecond {
			told = time.Now()
			b.o.Progress(Progress{Phase: Reading, Events: read, At: at, Until: until, Elapsed: time.Since(began)})
		}
		err := send(c)
		c, bytes = &chunk{done: make(chan struct{}), items: make([]item, 0, b.o.chunk)}, 0
		return err
	}
	last := eventlog.Start
	if until == eventlog.Start {
		return nil
	}
	for e, err := range b.log.ReadAll(ctx, eventlog.Start, eventlog.Forwards) {
		if err != nil {
			return fmt.Errorf("read the log: %w", err)
		}
		if e.Position.After(until) {
			break
		}
		c.items = append(c.items, item{event: e})
		bytes += len(e.Data) + len(e.Metadata)
		last = e.Position
		if len(c.items) >= b.o.chunk || bytes >= chunkBytes {
			if err := cut(last); err != nil {
				return err
			}
		}
	}
	told = time.Time{}
	return cut(last)
}

// end is where reading ends: at the live generation that is furthest, or at the
// log's end if a build has none to be compared with.
func (b *builder) end(ctx context.Context, builds []*build) (eventlog.Position, error) {
	end := eventlog.Start
	for _, bd := range builds {
		if !bd.bounded {
			return Head(ctx, b.log)
		}
		if bd.until.Event.After(end) {
			end = bd.until.Event
		}
	}
	return end, nil
}

// fold folds a chunk into a build's rows, and sends rows to the file if they
// have become too many.
func (b *builder) fold(ctx context.Context, bd *build, c *chunk, memory int) error {
	facts, aside, clean := bd.facts(c)
	tables := bd.group.tables()
	if clean {
		for _, t := range tables {
			t.mark()
		}
		err := bd.group.prepare(ctx, facts)
		if err == nil {
			err = bd.group.apply(ctx, facts)
		}
		if err == nil {
			err = stage(tables)
		}
		var bad *inapplicable
		switch {
		case errors.As(err, &bad):
			for _, t := range tables {
				t.undo()
			}
			clean = false
		case err != nil:
			return err
		default:
			for _, t := range tables {
				t.pack()
			}
			bd.aside = append(bd.aside, aside...)
		}
	}
	if !clean {
		if err := bd.oneByOne(ctx, c); err != nil {
			return err
		}
	}
	for i := range c.items {
		if e := &c.items[i].event; bd.wants(e) {
			bd.at = bd.at.after(e, c.items[i].decoded)
		}
	}
	return spill(tables, memory)
}

// wants reports whether an event is not beyond where the build ends.
func (bd *build) wants(e *eventlog.Event) bool {
	return !bd.bounded || !e.Position.After(bd.until.Event)
}

// facts returns the facts of a chunk and the events of parked streams. clean is
// false if an event of another stream cannot be decoded.
func (bd *build) facts(c *chunk) (facts []Fact, aside []parkedEvent, clean bool) {
	facts = make([]Fact, 0, len(c.items))
	for i := range c.items {
		it := &c.items[i]
		switch {
		case !bd.wants(&it.event):
		case bd.parked[it.event.Stream]:
			aside = append(aside, parkedEvent{Event: it.event})
		case it.err != nil:
			return nil, nil, false
		case it.ours:
			facts = append(facts, it.fact)
		}
	}
	return facts, aside, true
}

// oneByOne folds a chunk event by event and puts aside what cannot be applied,
// as far as that is allowed.
// Errors: *InapplicableError.
func (bd *build) oneByOne(ctx context.Context, c *chunk) error {
	tables := bd.group.tables()
	for i := range c.items {
		it := &c.items[i]
		if !bd.wants(&it.event) {
			continue
		}
		if bd.parked[it.event.Stream] {
			bd.aside = append(bd.aside, parkedEvent{Event: it.event})
			continue
		}
		for _, t := range tables {
			t.mark()
		}
		err := it.err
		switch {
		case err != nil:
			err = undecodable(err)
		case it.ours:
			facts := []Fact{it.fact}
			if err = bd.group.prepare(ctx, facts); err == nil {
				err = bd.group.apply(ctx, facts)
			}
			if err == nil {
				err = stage(tables)
			}
		}
		var bad *inapplicable
		if errors.As(err, &bad) {
			for _, t := range tables {
				t.undo()
			}
			err = bd.put(it.event, bad)
		}
		if err != nil {
			return err
		}
		for _, t := range tables {
			t.pack()
		}
	}
	return nil
}

// stage packs what was put in tables, so that it can still be undone.
// Errors: *inapplicable, a value that does not fit its column.
func stage(tables []AnyTable) error {
	for _, t := range tables {
		if err := t.stage(); err != nil {
			return inModel(t.Name(), "pack", err)
		}
	}
	return nil
}

// put puts an event aside, if its stream may be.
func (bd *build) put(e eventlog.Event, bad *inapplicable) error {
	if bd.group.keeps(e.Stream) || bd.group.OnFailure != Park && !bd.live.parked[e.Stream] {
		return &InapplicableError{Group: bd.group.Name, Failure: failureOf(e, bad)}
	}
	bd.parked[e.Stream] = true
	bd.aside = append(bd.aside, parkedEvent{e, bad.Error()})
	return nil
}

// InapplicableError says which event ended a build. It matches ErrInapplicable.
type InapplicableError struct {
	Group   string
	Failure Failure
}

func (e *InapplicableError) Error() string {
	return fmt.Sprintf("group %s cannot be built: %s", e.Group, e.Failure)
}

// Is reports whether target is ErrInapplicable.
func (*InapplicableError) Is(target error) bool { return target == ErrInapplicable }

// spill sends rows to files when they take more than so many bytes.
func spill(tables []AnyTable, most int) error {
	weight := 0
	for _, t := range tables {
		weight += t.weight()
	}
	if weight <= most {
		return nil
	}
	for _, t := range tables {
		if err := t.spill(); err != nil {
			return err
		}
	}
	return nil
}
