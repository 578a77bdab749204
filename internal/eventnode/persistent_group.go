package eventnode

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/google/uuid"
)

// group is one persistent subscription: it follows its source, hands each event
// to one of its subscribers, delivers it again until it is acknowledged or given
// up, and remembers how far it has come. One goroutine, run, owns the state;
// others post to it. Nothing that waits for the disk or a client runs there.
type group struct {
	n      *Node
	cfg    groupConfig // as its key, never changed
	filter *filter

	inbox   chan func()
	feed    chan fed // from the source
	ctx     context.Context
	cancel  context.CancelFunc
	ended   chan struct{}  // closed when run has returned
	workers sync.WaitGroup // the feeder and those that write

	// All below belongs to run, and after it ended to stop.
	subscribers []*subscriber
	turn        int // RoundRobin's
	waiting     pending
	inFlight    map[uuid.UUID]*message
	deadlines   deadlines
	events      sequence // of the source
	orders      int64
	live        bool
	stopping    bool  // its subscribers are sent away
	failure     error // why the source is not followed any more

	place   place // how far all is settled
	saved   place // the same, as stored
	hasSave bool  // whether anything is stored
	since   int   // messages settled since
	savedAt time.Time
	saving  bool

	parking parking
	replay  replay
	total   int64     // deliveries
	asked   time.Time // when the group was last asked for its rate
	last    int64     // total then
}

// fed is what a group's source says next.
type fed struct {
	kind  fedKind
	event event
	place place
	err   error
}

type fedKind uint8

const (
	fedEvent  fedKind = iota
	fedPassed         // everything up to place was looked at
	fedCaughtUp
	fedFailed
	fedReplayed  // an event that was parked
	fedReplayEnd // parked events were read up to place, not included
)

// startGroup reads how far the group has come and lets it go on.
func startGroup(n *Node, cfg groupConfig) (*group, error) {
	f, err := cfg.Filter.filter()
	if err != nil {
		return nil, err
	}
	g := &group{
		n: n, cfg: cfg, filter: f,
		inbox: make(chan func()), feed: make(chan fed, min(max(cfg.ReadBatchSize, 1), 1000)), ended: make(chan struct{}),
		inFlight: map[uuid.UUID]*message{}, place: cfg.Behind, savedAt: time.Now(), asked: time.Now(),
	}
	if err := g.loadCheckpoint(); err != nil {
		return nil, err
	}
	g.replay.done = n.firstParked(cfg.key())
	g.replay.next = g.replay.done
	g.ctx, g.cancel = context.WithCancel(context.Background())
	g.workers.Go(g.follow)
	go g.run()
	return g, nil
}

// stop ends the group and all it has started; subscribers are told why. If save
// is set, it is stored how far it has come.
func (g *group) stop(why error, save bool) {
	g.do(func() {
		g.stopping = true
		for _, s := range g.subscribers {
			s.drop(why)
		}
	})
	g.cancel()
	<-g.ended
	g.workers.Wait()
	if !save {
		return
	}
	for _, r := range []*request{g.checkpoint(), g.forgetReplayed()} {
		if r == nil {
			continue
		}
		if err := g.n.submit(context.Background(), r); err != nil {
			g.n.o.Logger.Warn("event node: what a persistent subscription has done last is not stored and comes again",
				"stream", g.cfg.Stream, "group", g.cfg.Group, "err", err)
		}
	}
}

// post has f run by the group's goroutine; false if the group has ended.
func (g *group) post(f func()) bool {
	select {
	case g.inbox <- f:
		return true
	case <-g.ended:
		return false
	}
}

// do is post that waits until f has run.
func (g *group) do(f func()) bool {
	ran := make(chan struct{})
	if !g.post(func() { f(); close(ran) }) {
		return false
	}
	<-ran
	return true
}

func (g *group) run() {
	defer close(g.ended)
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		g.dispatch()
		now := time.Now()
		g.save(now)
		g.replay.forward(g)
		timer.Reset(g.nextWake(now))
		feed := g.feed
		if g.full() {
			feed = nil // until there is room
		}
		select {
		case f := <-g.inbox:
			f()
		case x := <-feed:
			g.take(x)
		case <-timer.C:
			g.expire(time.Now())
		case <-g.ctx.Done():
			return
		}
	}
}

// full reports whether the group holds so much that it must not be given more.
func (g *group) full() bool {
	return g.waiting.list.Len() >= g.cfg.buffer(g.live) || g.waiting.bytes >= maxBufferBytes ||
		g.parking.bytes >= maxBufferBytes || g.events.list.Len() >= maxSequence
}

// nextWake is how long nothing happens by itself.
func (g *group) nextWake(now time.Time) time.Duration {
	wake := time.Hour
	if m := g.deadlines.next(); m != nil {
		wake = min(wake, m.due.Sub(now))
	}
	if after := g.cfg.checkpointAfter(); after > 0 && !g.saving && g.worthSaving() && g.since >= int(g.cfg.MinCheckpoint) {
		wake = min(wake, g.savedAt.Add(after).Sub(now))
	}
	return max(wake, 0)
}

// take takes what comes from the source, or from the parked events.
func (g *group) take(x fed) {
	switch x.kind {
	case fedEvent:
		g.orders++
		m := &message{event: x.event, order: g.orders, place: x.place, parked: -1}
		g.events.add(m)
		g.waiting.put(m)
	case fedPassed:
		g.orders++
		m := &message{order: g.orders, place: x.place, parked: -1}
		g.events.add(m)
		g.settle(m)
	case fedCaughtUp:
		g.live = true
	case fedFailed:
		g.failure = x.err
		for _, s := range g.subscribers {
			s.drop(x.err)
		}
	case fedReplayed:
		m := &message{event: x.event, parked: x.event.revision}
		g.replay.events.add(m)
		g.waiting.put(m)
	case fedReplayEnd:
		g.replay.end(int64(x.place), x.err)
	}
}

// dispatch hands out what subscribers have room for.
func (g *group) dispatch() {
	for e := g.waiting.list.Front(); e != nil && g.anyFree(); {
		m, next := e.Value.(*message), e.Next() //nolint:errcheck // only messages are in it
		// An id that is in flight already could not be told from this one.
		if g.inFlight[m.id] == nil {
			if s := g.choose(m); s != nil {
				g.deliver(s, g.waiting.take(e))
			}
		}
		e = next
	}
}

func (g *group) anyFree() bool {
	for _, s := range g.subscribers {
		if s.free() {
			return true
		}
	}
	return false
}

func (g *group) deliver(s *subscriber, m *message) {
	m.to, m.sent = s, time.Now()
	m.attempt++
	g.inFlight[m.id] = m
	s.take(m)
	g.total++
	if timeout := g.cfg.messageTimeout(); timeout > 0 {
		g.deadlines.add(m, m.sent.Add(timeout))
	}
}

// expire delivers again what was not acknowledged in time.
func (g *group) expire(now time.Time) {
	for {
		m := g.deadlines.next()
		if m == nil || m.due.After(now) {
			return
		}
		g.giveBack(m)
		g.retry(m, "was not acknowledged in time")
	}
}

// giveBack takes m away from the subscriber that has it.
func (g *group) giveBack(m *message) {
	m.to.release(m)
	m.to = nil
	g.deadlines.remove(m)
	delete(g.inFlight, m.id)
}

// retry has m delivered again, or parks it after too many times.
func (g *group) retry(m *message, why string) {
	if m.retries >= g.cfg.MaxRetryCount {
		g.park(m, fmt.Sprintf("reached the retry count of %d: %s", g.cfg.MaxRetryCount, why))
		return
	}
	m.retries++
	g.waiting.put(m)
}

// settle notes that m is dealt with.
func (g *group) settle(m *message) {
	if m.parked < 0 {
		g.events.settle(m)
		g.advance()
	} else {
		g.replay.events.settle(m)
		g.replay.advance()
	}
}

func (g *group) advance() {
	if last, n := g.events.settled(); last != nil {
		g.place = last.place
		g.since += n
	}
}

// write appends r and then has the result dealt with by the group's goroutine.
func (g *group) write(r *request, then func(error)) {
	g.workers.Go(func() {
		err := g.n.submit(context.Background(), r)
		g.post(func() { then(err) })
	})
}

// internalEvent is the request to append one JSON event of the node's own.
func internalEvent(stream, typ string, data any) *request {
	text, _ := json.Marshal(data) // plain values, so it cannot fail
	return &request{kind: kindAppend, stream: stream, expected: expectAny, done: make(chan struct{}), events: []proposed{
		{id: uuid.New(), typ: typ, json: true, data: text},
	}}
}

// loadCheckpoint reads how far the group had come.
func (g *group) loadCheckpoint() error {
	name := g.cfg.key().checkpoints()
	data, found, err := g.n.lastData(name)
	if err != nil || !found {
		return err
	}
	var text string
	if err := json.Unmarshal(data, &text); err != nil {
		return corrupt("checkpoint in %s: %v", name, err)
	}
	if g.place, err = parsePlace(g.cfg.Stream, text); err != nil {
		return err
	}
	g.saved, g.hasSave = g.place, true
	return nil
}

// lastData returns the data of the last event of a stream.
func (n *Node) lastData(stream string) (data []byte, found bool, err error) {
	st := n.streams.state(stream)
	if st.tombstoned() || st.absent() {
		return nil, false, nil
	}
	e, err := n.readEvent(st, st.last)
	if err != nil {
		return nil, false, err
	}
	_, data, err = payload(&e)
	return data, true, err
}

func (g *group) worthSaving() bool {
	return g.place != g.saved && g.hasSave || !g.hasSave && g.place != g.cfg.Behind
}

// checkpoint is the request that stores how far the group has come, or nil.
func (g *group) checkpoint() *request {
	if !g.worthSaving() {
		return nil
	}
	return internalEvent(g.cfg.key().checkpoints(), typeCheckpoint, g.place.text(g.cfg.Stream))
}

// save stores a checkpoint if one is due: after so many events at once, after
// so much time if they are at least so many.
func (g *group) save(now time.Time) {
	if g.saving || !g.worthSaving() {
		return
	}
	full := g.cfg.MaxCheckpoint > 0 && g.since >= int(g.cfg.MaxCheckpoint)
	after := g.cfg.checkpointAfter()
	due := after > 0 && g.since >= int(g.cfg.MinCheckpoint) && now.Sub(g.savedAt) >= after
	if !full && !due {
		return
	}
	r, place := g.checkpoint(), g.place
	g.saving, g.since, g.savedAt = true, 0, now
	g.write(r, func(err error) {
		g.saving = false
		if err != nil {
			g.n.o.Logger.Warn("event node: checkpoint of a persistent subscription is not stored", "stream", g.cfg.Stream, "group", g.cfg.Group, "err", err)
			return
		}
		g.saved, g.hasSave = place, true
		g.keepLastTwo()
	})
}

// keepLastTwo lets old checkpoints go when the log is scavenged.
func (g *group) keepLastTwo() {
	if name := g.cfg.key().checkpoints(); g.n.streams.state(name).meta.maxCount != 2 {
		g.write(internalEvent(metaStream(name), typeMetadata, map[string]int64{"$maxCount": 2}), func(error) {})
	}
}

// follow feeds the group from its source.
func (g *group) follow() {
	f := &follower{n: g.n, out: feeder{g}}
	if g.cfg.Stream == allName {
		f.pos = uint64(g.place)
		f.source = &allSource{filter: g.filter, checkpoint: f.pos}
	} else {
		f.source = &streamSource{name: []byte(g.cfg.Stream), rev: int64(g.place)}
	}
	err := f.run()
	var refused *refusal
	switch {
	case g.ctx.Err() != nil, errors.Is(err, errStopping):
	case errors.As(err, &refused): // the stream is deleted for good: nothing comes any more
	default:
		g.n.o.Logger.Error("event node: a persistent subscription stops: its source cannot be read", "stream", g.cfg.Stream, "group", g.cfg.Group, "err", err)
		_ = feeder{g}.put(fed{kind: fedFailed, err: g.n.answerable("persistent subscription", err)})
	}
}

// feeder is the receiver of what a group's source has.
type feeder struct{ g *group }

func (f feeder) put(x fed) error {
	select {
	case f.g.feed <- x:
		return nil
	case <-f.g.ctx.Done():
		return f.g.ctx.Err()
	}
}

func (f feeder) event(e *event) error {
	if e.revision == tombstoneRevision {
		return nil
	}
	at := place(e.revision)
	if f.g.cfg.Stream == allName {
		at = place(e.pos)
	}
	return f.put(fed{kind: fedEvent, event: *e, place: at})
}

func (f feeder) checkpoint(pos uint64) error { return f.put(fed{kind: fedPassed, place: place(pos)}) }

func (f feeder) caughtUp() error { return f.put(fed{kind: fedCaughtUp}) }

func (f feeder) alive() error {
	if f.g.n.closing.Err() != nil {
		return errStopping
	}
	return f.g.ctx.Err()
}

func (f feeder) context() context.Context { return f.g.ctx }
