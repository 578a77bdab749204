package eventnode

import (
	"context"
	"errors"
	"math"
	"strconv"
	"strings"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	pb "github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
)

// Read implements the Streams service: reads and subscriptions.
func (s *streamsServer) Read(q *pb.ReadReq, call pb.Streams_ReadServer) error {
	err := s.n.serveRead(q.GetOptions(), call)
	call.SetTrailer(trailer(err))
	return s.n.answerable("read", err)
}

func (n *Node) serveRead(o *pb.ReadReq_Options, call pb.Streams_ReadServer) error {
	out := &sender{n: n, call: call, resolve: o.GetResolveLinks()}
	switch o.GetUuidOption().GetContent().(type) {
	case *pb.ReadReq_Options_UUIDOption_Structured:
	case *pb.ReadReq_Options_UUIDOption_String_:
		out.spellIDs = true
	default:
		return invalid("read does not say how ids are to be encoded")
	}
	var flt *filter
	if o.GetFilter() != nil {
		var err error
		if flt, err = newFilter(o.GetFilter()); err != nil {
			return err
		}
	}
	if so := o.GetStream(); so != nil {
		if err := checkName(string(so.GetStreamIdentifier().GetStreamName())); err != nil {
			return err
		}
		if flt != nil {
			return invalid("only $all can be filtered")
		}
		if so.GetRevisionOption() == nil {
			return invalid("read of a stream does not say where to begin")
		}
	} else if o.GetAll() == nil {
		return invalid("read names neither a stream nor $all")
	}
	name := "$all"
	if so := o.GetStream(); so != nil {
		name = string(so.GetStreamIdentifier().GetStreamName())
	}
	if err := n.authorize(call.Context(), name, rightRead); err != nil {
		return err
	}
	back := o.GetReadDirection() == pb.ReadReq_Options_Backwards
	switch o.GetCountOption().(type) {
	case *pb.ReadReq_Options_Count:
	case *pb.ReadReq_Options_Subscription:
		if back {
			return invalid("a subscription cannot go backwards")
		}
		return n.subscribe(o, out, flt)
	default:
		return invalid("read has neither a count nor is it a subscription")
	}
	if o.GetStream() != nil {
		return n.serveStream(o, out, back)
	}
	return n.serveAll(o, out, flt, back)
}

// serveAll reads $all. A position is where to begin, and need not be one of an
// event; backwards, the event at it is not included.
func (n *Node) serveAll(o *pb.ReadReq_Options, out *sender, flt *filter, back bool) error {
	lower, upper := uint64(0), n.durable.Load()
	switch v := o.GetAll().GetAllOption().(type) {
	case *pb.ReadReq_Options_AllOptions_Position:
		at := v.Position.GetCommitPosition()
		switch {
		case !back:
			lower = at
		case at == 0:
			return nil
		default:
			upper = min(upper, at-1)
		}
	case *pb.ReadReq_Options_AllOptions_Start:
		if back {
			return nil
		}
	case *pb.ReadReq_Options_AllOptions_End:
		if !back {
			return nil
		}
	default:
		return invalid("read of $all does not say where to begin")
	}
	var c chunk
	for left := o.GetCount(); left > 0 && lower <= upper; {
		limit := left
		if flt != nil {
			limit = noLimit
		}
		if err := n.readLog(&c, lower, upper, back, limit); err != nil {
			return err
		}
		for i := range c.events {
			e := &c.events[i]
			if e.flags&flagNotInAll != 0 || !flt.matches(e) {
				continue
			}
			if err := out.event(e); err != nil {
				return err
			}
			if left--; left == 0 {
				return nil
			}
		}
		if len(c.events) == 0 {
			return nil
		}
		last := c.events[len(c.events)-1].pos
		if back {
			upper = last - 1
		} else {
			lower = last + 1
		}
		if err := out.alive(); err != nil {
			return err
		}
	}
	return nil
}

// serveStream reads one stream.
func (n *Node) serveStream(o *pb.ReadReq_Options, out *sender, back bool) error {
	so := o.GetStream()
	name := string(so.GetStreamIdentifier().GetStreamName())
	for {
		st := n.streams.state(name)
		if st.tombstoned() {
			return deletedStream(name)
		}
		if st.absent() {
			return out.send(&pb.ReadResp{Content: &pb.ReadResp_StreamNotFound_{StreamNotFound: &pb.ReadResp_StreamNotFound{
				StreamIdentifier: &shared.StreamIdentifier{StreamName: []byte(name)},
			}}})
		}
		lower, upper, err := n.visibleRange(st, so, back)
		if err != nil {
			return err
		}
		sent, err := n.sendStream(out, st, lower, upper, back, o.GetCount())
		if errors.Is(err, errRemoved) {
			if sent == 0 {
				continue // it begins elsewhere now
			}
			err = nil // what was sent is how the stream began, or its end
		}
		if err != nil {
			return err
		}
		if o.GetControlOption().GetCompatibility() >= 1 {
			return out.send(&pb.ReadResp{Content: &pb.ReadResp_LastStreamPosition{LastStreamPosition: uint64(st.last)}})
		}
		return nil
	}
}

// visibleRange returns the first and last revision a read of a stream is to
// deliver; nothing if the last is before the first.
func (n *Node) visibleRange(st streamState, so *pb.ReadReq_Options_StreamOptions, back bool) (lower, upper int64, err error) {
	if lower, err = n.firstVisible(st); err != nil {
		return 0, 0, err
	}
	upper = st.last
	switch v := so.GetRevisionOption().(type) {
	case *pb.ReadReq_Options_StreamOptions_Revision:
		at := int64(min(v.Revision, math.MaxInt64))
		if back {
			upper = min(upper, at)
		} else {
			lower = max(lower, at)
		}
	case *pb.ReadReq_Options_StreamOptions_Start:
		if back {
			upper = 0
		}
	case *pb.ReadReq_Options_StreamOptions_End:
		if !back {
			lower = upper + 1
		}
	}
	return lower, upper, nil
}

// sendStream sends at most left events of a stream and returns how many. If a
// scavenge removes them meanwhile it ends before the gap, with errRemoved.
func (n *Node) sendStream(out receiver, st streamState, lower, upper int64, back bool, left uint64) (sent int64, err error) {
	var c chunk
	for left > 0 && lower <= upper {
		removed := n.readStream(&c, st, lower, upper, back, left)
		if removed != nil && !errors.Is(removed, errRemoved) {
			return sent, removed
		}
		for i := range c.events {
			if err := out.event(&c.events[i]); err != nil {
				return sent, err
			}
		}
		sent += int64(len(c.events))
		if removed != nil {
			return sent, removed
		}
		left -= uint64(len(c.events))
		if back {
			upper -= int64(len(c.events))
		} else {
			lower += int64(len(c.events))
		}
		if err := out.alive(); err != nil {
			return sent, err
		}
	}
	return sent, nil
}

// sender sends events to one client the way it asked for.
type sender struct {
	n        *Node
	call     pb.Streams_ReadServer
	resolve  bool
	spellIDs bool
	wire     wire
}

// alive returns why sending should end, if it should.
func (s *sender) alive() error {
	if err := s.call.Context().Err(); err != nil {
		return err
	}
	if s.n.closing.Err() != nil {
		return errStopping
	}
	return nil
}

func (s *sender) context() context.Context { return s.call.Context() }

func (s *sender) send(r *pb.ReadResp) error { return s.call.Send(r) }

// event sends e; nearly always the bytes as they are stored.
func (s *sender) event(e *event) error {
	if !s.spellIDs && (!s.resolve || e.flags&flagLink == 0) {
		s.wire.bytes = e.wire
		return s.call.SendMsg(&s.wire)
	}
	resp, err := unpack(e)
	if err != nil {
		return err
	}
	read := resp.GetEvent()
	if s.spellIDs {
		spellID(read.Event, e)
	}
	if s.resolve && e.flags&flagLink != 0 {
		read.Link = read.Event
		if read.Event, err = s.n.resolve(read.Link.GetData(), s.spellIDs, caller(s.call.Context())); err != nil {
			return err
		}
	}
	return s.send(resp)
}

// resolve returns the event a link points at, or nil if it is gone or u may not
// read it.
func (n *Node) resolve(link []byte, spellIDs bool, u *user) (*pb.ReadResp_ReadEvent_RecordedEvent, error) {
	number, name, ok := strings.Cut(string(link), "@")
	rev, err := strconv.ParseInt(number, 10, 64)
	if !ok || err != nil || rev < 0 {
		return nil, nil //nolint:nilerr // a link that points nowhere has no target
	}
	if !n.allowed(u, name, rightRead) {
		return nil, nil
	}
	st := n.streams.state(name)
	if st.tombstoned() || st.absent() || rev > st.last {
		return nil, nil
	}
	first, err := n.firstVisible(st)
	if err != nil || rev < first {
		return nil, err
	}
	e, err := n.readEvent(st, rev)
	if errors.Is(err, errRemoved) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	resp, err := unpack(&e)
	if err != nil {
		return nil, err
	}
	if spellIDs {
		spellID(resp.GetEvent().GetEvent(), &e)
	}
	return resp.GetEvent().GetEvent(), nil
}
