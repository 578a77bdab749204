package eventnode

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"

	pb "github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"github.com/google/uuid"
)

// follower carries one subscription from the log to the client. It reads from
// disk until the tail reaches back far enough, goes on from there, and returns
// to the disk when it falls off the tail. What it has passed it knows by
// position ($all) or revision (a stream), so nothing is lost or repeated at the
// seams.
type follower struct {
	n   *Node
	out receiver
	source

	pos uint64 // everything up to here was looked at
}

// receiver is who a follower carries events to.
type receiver interface {
	event(e *event) error // which may be kept, but for e itself
	// checkpoint is called for filtered subscriptions: everything up to pos was
	// looked at.
	checkpoint(pos uint64) error
	// caughtUp is called when everything there is was sent.
	caughtUp() error
	alive() error // why it should end, if it should
	context() context.Context
}

// source is what a subscription is to: $all or a stream.
type source interface {
	// catchUp sends what is durable and was not sent, from disk. On return
	// everything up to position bound was dealt with.
	catchUp(f *follower, bound uint64) error
	// live sends e, an event behind everything dealt with, if it belongs.
	live(f *follower, e *event) error
	// idle is called when everything was sent, before the client is told so,
	// and when the subscription falls behind.
	idle(f *follower) error
}

func (n *Node) subscribe(o *pb.ReadReq_Options, out *sender, flt *filter) error {
	if err := flt.forSubscription(); err != nil {
		return err
	}
	f := &follower{n: n, out: out}
	var err error
	if so := o.GetStream(); so != nil {
		f.source, err = n.streamSource(so)
	} else {
		f.source, f.pos, err = n.allSource(o.GetAll(), flt)
	}
	if err != nil {
		return err
	}
	n.count.subscriptions.Add(1)
	defer n.count.subscriptions.Add(-1)
	confirmation := &pb.ReadResp_SubscriptionConfirmation{SubscriptionId: uuid.NewString()}
	if err := out.send(&pb.ReadResp{Content: &pb.ReadResp_Confirmation{Confirmation: confirmation}}); err != nil {
		return err
	}
	return f.run()
}

// run goes on until the client or the node ends the call.
func (f *follower) run() error {
	for {
		// Everything up to bound is visible in the store; what comes later is in
		// the tail, or will be.
		if bound := f.n.durable.Load(); f.pos < bound {
			if err := f.catchUp(f, bound); err != nil {
				return err
			}
			f.pos = max(f.pos, bound)
		}
		batch := f.n.tail.enter(f.pos)
		if batch == nil {
			continue // the log grew past the tail meanwhile
		}
		if err := f.follow(batch); err != nil {
			return err
		}
		// Fallen behind.
		if err := f.idle(f); err != nil {
			return err
		}
	}
}

// follow sends what is in the tail from batch on. It returns nil when the
// subscription has fallen behind.
func (f *follower) follow(batch *tailBatch) error {
	caughtUp := false
	for {
		for i := range batch.events {
			e := &batch.events[i]
			if e.pos <= f.pos {
				continue
			}
			if err := f.live(f, e); err != nil {
				return err
			}
			f.pos = e.pos
		}
		next, wait, lost := batch.following()
		switch {
		case lost:
			return nil
		case next != nil:
			batch = next
			if err := f.out.alive(); err != nil {
				return err
			}
			continue
		}
		if !caughtUp {
			caughtUp = true
			if err := f.idle(f); err != nil {
				return err
			}
			if err := f.out.caughtUp(); err != nil {
				return err
			}
		}
		select {
		case <-wait:
		case <-f.out.context().Done():
			return f.out.context().Err()
		case <-f.n.closing.Done():
			return errStopping
		}
	}
}

func (s *sender) caughtUp() error {
	return s.send(&pb.ReadResp{Content: &pb.ReadResp_CaughtUp_{CaughtUp: &pb.ReadResp_CaughtUp{}}})
}

func (s *sender) checkpoint(pos uint64) error {
	return s.send(&pb.ReadResp{Content: &pb.ReadResp_Checkpoint_{
		Checkpoint: &pb.ReadResp_Checkpoint{CommitPosition: pos, PreparePosition: pos},
	}})
}

// allSource is a subscription to $all.
type allSource struct {
	filter     *filter
	looked     uint64 // events looked at since the last checkpoint
	checkpoint uint64 // the last one sent; at first, the client's own
}

func (n *Node) allSource(o *pb.ReadReq_Options_AllOptions, flt *filter) (*allSource, uint64, error) {
	end := n.durable.Load()
	switch v := o.GetAllOption().(type) {
	case *pb.ReadReq_Options_AllOptions_Position:
		at := v.Position.GetCommitPosition()
		if at > end {
			return nil, 0, invalid(fmt.Sprintf("position %d is behind the end of the log, which is at %d", at, end))
		}
		return &allSource{filter: flt, checkpoint: at}, at, nil
	case *pb.ReadReq_Options_AllOptions_Start:
		return &allSource{filter: flt}, 0, nil
	case *pb.ReadReq_Options_AllOptions_End:
		return &allSource{filter: flt}, end, nil
	}
	return nil, 0, invalid("subscription to $all does not say where to begin")
}

func (s *allSource) catchUp(f *follower, bound uint64) error {
	var c chunk
	for f.pos < bound {
		if err := f.n.readLog(&c, f.pos+1, bound, false, noLimit); err != nil {
			return err
		}
		if len(c.events) == 0 {
			return nil
		}
		for i := range c.events {
			if err := s.live(f, &c.events[i]); err != nil {
				return err
			}
			f.pos = c.events[i].pos
		}
		if err := f.out.alive(); err != nil {
			return err
		}
	}
	return nil
}

func (s *allSource) live(f *follower, e *event) error {
	if e.flags&flagNotInAll != 0 {
		return nil
	}
	if s.filter.matches(e) {
		if err := f.out.event(e); err != nil {
			return err
		}
	}
	if s.filter == nil {
		return nil
	}
	if s.looked++; s.looked >= s.filter.interval {
		return s.sendCheckpoint(f, e.pos)
	}
	return nil
}

func (s *allSource) idle(f *follower) error {
	if s.filter == nil {
		return nil
	}
	return s.sendCheckpoint(f, f.pos)
}

// sendCheckpoint tells the client how far the log was looked through, unless it
// knows. Only clients that filter need it.
func (s *allSource) sendCheckpoint(f *follower, pos uint64) error {
	s.looked = 0
	if pos <= s.checkpoint {
		return nil
	}
	s.checkpoint = pos
	return f.out.checkpoint(pos)
}

// streamSource is a subscription to one stream, which need not exist yet.
type streamSource struct {
	name []byte
	rev  int64 // of the last event sent, or skipped
}

func (n *Node) streamSource(o *pb.ReadReq_Options_StreamOptions) (*streamSource, error) {
	s := &streamSource{name: o.GetStreamIdentifier().GetStreamName(), rev: -1}
	st := n.streams.state(string(s.name))
	if st.tombstoned() {
		return nil, deletedStream(string(s.name))
	}
	switch v := o.GetRevisionOption().(type) {
	case *pb.ReadReq_Options_StreamOptions_Revision:
		s.rev = int64(min(v.Revision, math.MaxInt64-1))
	case *pb.ReadReq_Options_StreamOptions_Start:
	case *pb.ReadReq_Options_StreamOptions_End:
		s.rev = st.last
	}
	return s, nil
}

func (s *streamSource) catchUp(f *follower, _ uint64) error {
	for {
		st := f.n.streams.state(string(s.name))
		if st.tombstoned() {
			return s.sendRest(f, st)
		}
		first, err := f.n.firstVisible(st)
		if err != nil {
			return err
		}
		first = max(first, s.rev+1)
		if first > st.last {
			return nil
		}
		sent, err := f.n.sendStream(f.out, st, first, st.last, false, noLimit)
		if !errors.Is(err, errRemoved) {
			s.rev = st.last
			return err
		}
		s.rev = first + sent - 1 // and on behind the gap
	}
}

// sendRest sends what a stream that was ended since still shows of the time
// before, and the tombstone.
func (s *streamSource) sendRest(f *follower, st streamState) error {
	before := st
	var err error
	if before.last, err = f.n.lastBeforeTombstone(st); err != nil {
		return err
	}
	first, err := f.n.firstVisible(before)
	if err != nil {
		return err
	}
	// A scavenge removes all there is, so there is nothing behind its gap.
	if _, err = f.n.sendStream(f.out, before, max(first, s.rev+1), before.last, false, noLimit); err != nil && !errors.Is(err, errRemoved) {
		return err
	}
	e, err := f.n.readEvent(st, tombstoneRevision)
	if err != nil {
		return err
	}
	return s.live(f, &e)
}

func (s *streamSource) live(f *follower, e *event) error {
	if e.revision <= s.rev || !bytes.Equal(e.name, s.name) {
		return nil
	}
	s.rev = e.revision
	if err := f.out.event(e); err != nil {
		return err
	}
	if e.revision == tombstoneRevision {
		return deletedStream(string(s.name))
	}
	return nil
}

func (s *streamSource) idle(*follower) error { return nil }
