package eventnode

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
)

// parkedMeta is the custom metadata of a parked event.
type parkedMeta struct {
	Added  time.Time `json:"added"`
	Reason string    `json:"reason"`
	Number int64     `json:"subscriptionEventNumber"`
}

// maxParkWrite is how many events one append parks.
const maxParkWrite = 100

// parking are the events on their way to the parked stream, in order: one append
// at a time takes all that wait.
type parking struct {
	messages []*message
	links    []proposed // of messages
	bytes    int        // of messages, those being written included
	writing  bool
}

// park puts m aside: a link to its event goes into the group's parked stream,
// and m is settled once that is durable.
func (g *group) park(m *message, why string) {
	link := fmt.Appendf(nil, "%d@%s", m.revision, m.name)
	if m.parked >= 0 { // again: what is parked is itself a link
		var err error
		if _, link, err = payload(&m.event); err != nil {
			g.n.o.Logger.Error("event node: a parked event is not parked again", "stream", g.cfg.Stream, "group", g.cfg.Group, "err", err)
			g.settle(m)
			return
		}
	}
	// Plain values, so it cannot fail.
	custom, _ := json.Marshal(parkedMeta{Added: g.n.o.Now().UTC(), Reason: why, Number: m.revision})
	g.parking.messages = append(g.parking.messages, m)
	g.parking.bytes += m.size
	g.parking.links = append(g.parking.links, proposed{id: uuid.New(), typ: typeLink, data: link, custom: custom})
	g.parkWaiting()
}

// parkWaiting begins to write what is to be parked, unless it is being written.
func (g *group) parkWaiting() {
	p := &g.parking
	n := min(len(p.messages), maxParkWrite)
	if p.writing || n == 0 {
		return
	}
	messages := p.messages[:n:n]
	r := &request{kind: kindAppend, stream: g.cfg.key().parked(), expected: expectAny, events: p.links[:n:n], done: make(chan struct{})}
	p.messages, p.links, p.writing = p.messages[n:], p.links[n:], true
	g.write(r, func(err error) {
		p.writing = false
		if err != nil {
			g.n.o.Logger.Warn("event node: events are not parked and come again", "stream", g.cfg.Stream, "group", g.cfg.Group, "err", err)
		}
		for _, m := range messages {
			p.bytes -= m.size
			if err != nil {
				g.waiting.put(m)
			} else {
				g.settle(m)
			}
		}
		g.parkWaiting()
	})
}

// replay delivers parked events again. They stay parked until they are dealt
// with, so a node that stops meanwhile loses none.
type replay struct {
	events  sequence
	next    int64 // revision in the parked stream to go on at, or being read up to
	until   int64 // up to which is asked for, not included
	running bool  // a goroutine reads them
	done    int64 // revisions before this one are dealt with
	stored  int64 // done, as the stream's metadata say
	writing bool
}

// firstParked returns the first revision in the parked stream that is visible,
// or would be if there were one.
func (n *Node) firstParked(k groupKey) int64 {
	st := n.streams.state(k.parked())
	switch {
	case st.tombstoned():
		return tombstoneRevision // which is the greatest there is
	case st.absent():
		return st.last + 1
	}
	return max(0, st.firstByNumber())
}

// parkedCount is how many events are parked and not being replayed.
func (g *group) parkedCount() int64 {
	st := g.n.streams.state(g.cfg.key().parked())
	if st.tombstoned() || st.absent() {
		return 0
	}
	return max(0, st.last+1-max(g.replay.next, st.firstByNumber()))
}

// startReplay asks for the parked events before revision until.
func (g *group) startReplay(until int64) {
	if g.n.streams.state(g.cfg.key().parked()).tombstoned() {
		return // nothing is left
	}
	g.replay.until = max(g.replay.until, min(until, g.n.lastRevision(g.cfg.key().parked())+1))
}

// forward lets parked events be read if some are asked for, and stores which are
// dealt with.
func (r *replay) forward(g *group) {
	if !r.running && r.next < r.until {
		from, until := max(r.next, g.n.firstParked(g.cfg.key())), r.until
		r.running, r.next = true, until
		g.workers.Go(func() { g.readParked(from, until) })
	}
	// Once nothing is being replayed, or from time to time.
	if r.writing || r.done == r.stored || r.done < r.next && r.done-r.stored < 100 {
		return
	}
	q, done := g.forgetReplayed(), r.done
	if q == nil {
		return
	}
	r.writing = true
	g.write(q, func(err error) {
		r.writing = false
		r.stored = done
		if err != nil {
			g.n.o.Logger.Warn("event node: replayed events stay parked", "stream", g.cfg.Stream, "group", g.cfg.Group, "err", err)
		}
	})
}

// end notes that parked events were read up to reached. What could not be read
// stays parked until it is asked for again.
func (r *replay) end(reached int64, err error) {
	r.running, r.next = false, reached
	if err != nil {
		r.until = reached
	}
	r.advance()
}

// advance notes which replayed events are dealt with.
func (r *replay) advance() {
	if last, _ := r.events.settled(); last != nil {
		r.done = last.parked + 1
	}
	if !r.running && r.events.list.Len() == 0 {
		r.done = max(r.done, r.next)
	}
}

// forgetReplayed is the request that takes the events dealt with off the parked
// ones, or nil.
func (g *group) forgetReplayed() *request {
	name := g.cfg.key().parked()
	if st := g.n.streams.state(name); st.absent() || st.tombstoned() || g.replay.done <= st.firstByNumber() {
		return nil
	}
	return internalEvent(metaStream(name), typeMetadata, map[string]int64{"$tb": g.replay.done})
}

// readParked feeds parked events to the group, and says in the end how far it
// came.
func (g *group) readParked(from, until int64) {
	reached, err := g.feedParked(from, until)
	if err != nil && g.ctx.Err() == nil && !errors.Is(err, errStopping) {
		g.n.o.Logger.Error("event node: parked events cannot be read", "stream", g.cfg.Stream, "group", g.cfg.Group, "revision", reached, "err", err)
	}
	_ = feeder{g}.put(fed{kind: fedReplayEnd, place: place(reached), err: err}) // fails if the group ends
}

// feedParked feeds the parked events from one revision up to another, not
// included. All before reached were fed, or are gone.
func (g *group) feedParked(from, until int64) (reached int64, err error) {
	out := feeder{g}
	var c chunk
	for reached = from; reached < until; {
		st := g.n.streams.state(g.cfg.key().parked())
		if st.tombstoned() || st.absent() {
			return until, nil
		}
		first, err := g.n.firstVisible(st)
		if err != nil {
			return reached, err
		}
		if reached = max(reached, first); reached >= until {
			break
		}
		before := reached
		err = g.n.readStream(&c, st, reached, until-1, false, noLimit)
		for i := range c.events {
			// In front of damage, too, there may be some.
			if err := out.put(fed{kind: fedReplayed, event: c.events[i]}); err != nil {
				return reached, err
			}
			reached = c.events[i].revision + 1
		}
		if err != nil && (!errors.Is(err, errRemoved) || reached == before) {
			return reached, err
		}
		if err := out.alive(); err != nil {
			return reached, err
		}
	}
	return reached, nil
}
